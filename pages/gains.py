"""Realised gains: what was sold, which lots it took, and what that made, by a cost method or by the rules of a country."""

from __future__ import annotations

import dash
from dash import html

from components import gains
from components.ids import GainsIds

dash.register_page(__name__, path="/gains", name="Realised gains", title="Realised gains · Portolan")


def layout(**_query: str) -> html.Div:
    """Build the page without any number; rows and figures come through `GainsIds.ROWS`."""
    return html.Div(
        [
            *gains.stores(),
            html.Div([html.H1("Realised gains"), html.Span("", className="note", **{"data-part": "when"})], className="title"),
            gains.toolbar(),
            gains.figures(),
            html.Div(html.Span([html.B("", **{"data-part": "finding"}), html.Span("", **{"data-part": "finding-more"})]), className="notice warn",
                     hidden=True, **{"data-part": "findings"}),
            html.Div(html.Span([html.B("", **{"data-part": "washed"}),
                                " The replacement's cost grows by it; its tag names the purchase. Only what these portfolios hold is looked at."]),
                     className="notice info", hidden=True, **{"data-part": "wash"}),
            gains.chart(),
            html.Section([gains.lots_grid(), *gains.states()], className="panel grid-panel", **{"aria-label": "Matched lots by instrument"}),
            html.P("", className="dim convention", **{"data-part": "convention"}),
        ],
        id=GainsIds.PAGE, className="page gains-page", **{"data-state": "waiting", "data-retry": GainsIds.RETRY, "data-looks-back": ""},
    )
