"""Alerts: what one wants to be told of, what fired, and where it is told."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html

from components import cards, controls
from components.icons import Icon
from components.ids import AlertsIds

dash.register_page(__name__, path="/alerts", name="Alerts", title="Alerts · Portolan")

KEYS = (("a", "new"), ("j", "next"), ("k", "previous"), ("Enter", "change"), ("s", "on or off"), ("Del", "remove"), ("u", "undo"))


def layout(**_query: str) -> html.Div:
    """Build the page without a rule; `assets/notices.js` asks for them and paints them."""
    add = controls.button("New alert", look="primary", do="alert-new", name=Icon.PLUS)
    note = html.Span("", className="note", **{"data-part": "note"})
    title = html.Div([html.H1("Alerts"), note, html.Span(className="grow"), add], className="title")
    return html.Div(
        [
            dcc.Store(id=AlertsIds.SEEN),
            title,
            html.Div([], className="done", role="status", **{"data-part": "done"}),
            _panel("rules", "Rules", ""),
            html.P([part for key, meaning in KEYS for part in (html.Kbd(key), html.Span(meaning))], className="keys-line dim hide-s"),
            html.Div([
                _panel("events", "What fired", "c7", controls.button("All seen", look="quiet", do="alerts-seen")),
                _panel("channels", "Told by", "c5", controls.button("Add", look="quiet", do="channel-new", name=Icon.PLUS)),
            ], className="cols"),
            _form(),
        ],
        id=AlertsIds.PAGE, className="page alerts-page",
    )


def _panel(name: str, title: str, span: str, *tools: Any) -> html.Section:  # noqa: ANN401 - elements
    head = html.Header([html.H2(title), html.Span("", className="note", **{"data-part": f"{name}-note"}), html.Div([*tools], className="tools")])
    body = html.Div(cards.bones("row", "row", "row"), className="flush scroll", **{"data-part": name})
    return html.Section([head, body], className=f"panel {span}".strip(), **{"aria-label": title})


def _form() -> html.Dialog:
    """Form of a rule, with what it would have done on history beside what is typed."""
    fields = html.Form([], className="form alert-form", noValidate="noValidate", **{"data-form": "alert", "data-part": "form"})
    return controls.dialog("New alert", [fields], id=AlertsIds.FORM, className="alert-sheet")
