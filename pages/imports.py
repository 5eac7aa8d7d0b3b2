"""Import: a file becomes transactions, after it was looked at; what was imported can be taken back."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html

from components import controls
from components.icons import Icon
from components.ids import ImportIds

OFFER = "Portolan's own format comes in as it went out; of any other file the columns are guessed, and you correct them."
STATUSES = (("", "All"), ("accepted", "New"), ("duplicate", "There already"), ("refused", "Refused"), ("ignored", "Left out"))

dash.register_page(__name__, path="/import", name="Import", title="Import · Portolan")


def layout(**_query: str) -> html.Div:
    """Build the page without a file; `assets/imports.js` sends it, and paints what comes back."""
    return html.Div(
        [
            dcc.Store(id=ImportIds.SEEN),
            html.Div([html.H1("Import"), html.Span("CSV, XLSX or JSON, at most 10 MB and 100,000 rows", className="note"),
                      html.Span(className="grow"), controls.link("Transactions", "/transactions")], className="title"),
            html.Div("", className="notice crit", role="alert", hidden=True, **{"data-part": "failed"}),
            html.Div([], className="done", role="status", **{"data-part": "result"}),
            _file(),
            _columns(),
            _rows(),
            _past(),
        ],
        id=ImportIds.PAGE, className="page import-page", **{"data-step": "choose"},
    )


def _panel(name: str, title: str, children: list[Any], *, tools: list[Any] | None = None, hidden: bool = False) -> html.Section:
    head = html.Header([html.H2(title), html.Span("", className="note", **{"data-part": f"{name}-note"}), html.Div(tools or [], className="tools")])
    return html.Section([head, *children], className="panel", hidden=hidden, **{"data-part": name, "aria-label": title})


def _file() -> html.Section:
    drop = html.Label(
        [html.I(className="ico", **{"data-icon": Icon.EXPORT, "aria-hidden": "true"}),
         html.B("Drop a file here, or choose one", **{"data-part": "drop-title"}), html.Span(OFFER, className="soft", **{"data-part": "drop-note"})],
        className="drop", tabIndex="-1", **{"data-part": "drop"})
    into = html.Div([], className="into", **{"data-part": "into"})
    progress = html.Div([html.Progress(max="1", value="0"), html.Span("", className="soft")], className="import-progress", hidden=True, role="status",
                        **{"data-part": "progress"})
    return _panel("file", "File", [html.Div([drop, into, progress], className="body file-body")])


def _columns() -> html.Section:
    again = controls.button("Guess again", look="quiet", do="import-forget", title="Forget your corrections")
    body = html.Div([html.Div([], className="style-fields", **{"data-part": "styles"}), html.Div([], className="scroll", **{"data-part": "mapping"}),
                     html.Div([], **{"data-part": "kinds"})], className="flush")
    return _panel("columns", "Columns", [body], tools=[again], hidden=True)


def _rows() -> html.Section:
    filters = controls.segments(STATUSES, attribute="import-status", label="Rows shown", current="")
    foot = html.Footer(
        [html.Span("", className="soft", **{"data-part": "verdict"}), html.Span(className="grow"), html.Span([], **{"data-part": "skip"}),
         controls.button("Another file", look="quiet", do="import-drop"), controls.button("Import", look="primary", do="import-book")],
        className="import-acts")
    more = html.Div(controls.button("More rows", look="quiet", do="import-more"), className="more", hidden=True, **{"data-part": "more"})
    body = html.Div([html.Div([], className="scroll", **{"data-part": "table"}), more], className="flush")
    return _panel("rows", "Rows", [body, foot], tools=[filters], hidden=True)


def _past() -> html.Section:
    return _panel("past", "Past imports", [html.Div([], className="flush scroll", **{"data-part": "runs"})])
