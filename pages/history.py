"""History: who changed what, from, to, when; and the way back."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import cards, controls
from components.ids import HistoryIds

dash.register_page(__name__, path="/history", name="History", title="History · Portolan")

ENTITIES = (("", "Everything"), ("transaction", "Transactions"), ("check", "Checks"), ("reconciliation", "Statements"), ("alert", "Alerts"),
            ("import_run", "Imports"), ("portfolio", "Portfolios"), ("instrument", "Instruments"),
            ("bars", "Prices"), ("actions", "Corporate actions"), ("fx", "Rates"))
ACTIONS = (("", "Any change"), ("record", "Recorded"), ("correct", "Corrected"), ("void", "Voided"), ("undo", "Taken back"), ("apply", "Mended"),
           ("create", "Added"), ("change", "Changed"), ("remove", "Removed"), ("put", "Put"), ("transfer", "Transferred"), ("import", "Imported"))


def layout(**_query: str) -> html.Div:
    """Build the page without an entry; entries come through `HistoryIds.BODY`, filters from the address."""
    return html.Div(
        [
            *[dcc.Store(id=store) for store in (HistoryIds.QUERY, HistoryIds.RETRY, HistoryIds.ACTION, HistoryIds.RESULT)],
            html.Div([html.H1("History"), html.Span("who changed what, from, to", id=HistoryIds.NOTE, className="note")], className="title"),
            html.Div(
                [
                    _filter("entity", "About", controls.select("entity", ENTITIES)),
                    _filter("action", "Change", controls.select("action", ACTIONS)),
                    _filter("start", "From", dcc.Input(type="date", name="start", className="text-input", autoComplete="off")),
                    _filter("end", "To", dcc.Input(type="date", name="end", className="text-input", autoComplete="off")),
                    controls.button("Clear", look="quiet", **{"data-audit": "clear"}),
                ],
                className="toolbar filters", id=HistoryIds.FILTERS,
            ),
            html.Div(id=HistoryIds.DONE, className="done", role="status"),
            html.Div(html.Section(cards.bones("title", "row", "row", "row"), className="panel padded"), id=HistoryIds.BODY, className="stacked"),
        ],
        id=HistoryIds.PAGE, className="page history-page", **{"data-retry": HistoryIds.RETRY},
    )


def _filter(name: str, label: str, control: object) -> html.Label:
    return html.Label([html.Span(label, className="soft"), control], className="field", **{"data-filter": name})
