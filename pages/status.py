"""Status: feed, jobs, database, bus and streams, and what went wrong lately."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import cards
from components.ids import StatusIds as Ids

dash.register_page(__name__, path="/status", name="Status", title="Status · Portolan")

EVERY_MS = 5000


def layout(**_query: str) -> html.Div:
    """Build the page without a figure; it is asked again every five seconds while it is open."""
    bone = [html.Div([html.Dt(cards.bones("label")), html.Dd(cards.bones("number"))], className="kpi") for _ in range(6)]
    log = html.Div(cards.bones("row", "row"), id=Ids.TROUBLES)
    return html.Div(
        [
            dcc.Interval(id=Ids.CLOCK, interval=EVERY_MS),
            html.Div([html.H1("Status"), html.Span(id=Ids.NOTE, className="note")], className="title"),
            html.Div(id=Ids.STATE, className="notices", role="status"),
            html.Dl(bone, id=Ids.FIGURES, className="kpis six"),
            html.Div([cards.panel("Jobs", html.Div(cards.bones("row", "row", "row"), id=Ids.JOBS), note="of the process that leads"),
                      cards.panel("Log", log, note="warnings and errors of this process")],
                     className="cols"),
        ],
        id=Ids.PAGE, className="page",
    )
