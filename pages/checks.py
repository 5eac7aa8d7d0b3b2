"""Checks: what is probably wrong in the ledgers and how to mend it; and reconciling with a broker's statement."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html

from components import cards, controls
from components.ids import ChecksIds

dash.register_page(__name__, path="/checks", name="Checks", title="Checks · Portolan")

STORES = (ChecksIds.QUERY, ChecksIds.RETRY, ChecksIds.ACTION, ChecksIds.RESULT, ChecksIds.ASKED, ChecksIds.ANSWER)


def layout(**_query: str) -> html.Div:
    """Build the page without a finding; findings come through `ChecksIds.BODY`."""
    tabs = controls.segments([("findings", "Findings"), ("reconcile", "Reconcile")], attribute="tab", label="View", current="findings")
    return html.Div(
        [
            *[dcc.Store(id=store) for store in STORES],
            html.Div([html.H1("Checks"), html.Span("", id=ChecksIds.NOTE, className="note"), html.Span(className="grow"), tabs], className="title"),
            html.Div(id=ChecksIds.DONE, className="done", role="status"),
            html.Div([html.Div(_bones(), id=ChecksIds.BODY, className="stacked"), _keys()], className="view-of", **{"data-of": "findings"}),
            html.Div(_reconcile(), className="view-of", hidden=True, **{"data-of": "reconcile"}),
        ],
        id=ChecksIds.PAGE, className="page checks-page", **{"data-retry": ChecksIds.RETRY},
    )


def _bones() -> html.Section:
    return html.Section(cards.bones("title", "row", "row", "row"), className="panel padded")


def _keys() -> html.P:
    keys = (("j", "next"), ("k", "previous"), ("a", "apply the first fix"), ("d", "not a problem"), ("u", "undo"))
    return html.P([part for key, meaning in keys for part in (html.Kbd(key), html.Span(meaning))], className="keys-line dim hide-s")


def _reconcile() -> list[Any]:
    form = html.Form(
        [
            html.Div([
                controls.field("Portfolio", html.Select([], name="portfolio", className="input")),
                controls.field("At the close of", dcc.Input(type="date", name="date", className="text-input")),
                controls.field("Account", dcc.Input(type="text", name="account", className="text-input", placeholder="All of them",
                                                    autoComplete="off", list=f"{ChecksIds.STATEMENT}-accounts")),
            ], className="heads"),
            html.Datalist(id=f"{ChecksIds.STATEMENT}-accounts"),
            html.P("Type the broker's positions and cash, paste them from a spreadsheet, or choose a file. A currency code is cash.",
                   className="hint"),
            html.Div(id=f"{ChecksIds.STATEMENT}-rows", className="typed"),
            html.P("", id=ChecksIds.REFUSED, className="hint bad", role="alert"),
            html.Div([
                html.Span(**{"data-part": "file"}),
                controls.button("Add rows", look="quiet", **{"data-review": "rows"}),
                controls.button("Clear", look="quiet", **{"data-review": "clear"}),
                html.Span(className="grow"),
                html.Span(**{"data-part": "partial"}),
                html.Button("Compare", type="submit", className="ctl primary"),
            ], className="acts"),
        ],
        id=ChecksIds.STATEMENT, className="form statement-form", **{"data-form": "statement"},
    )
    result = html.Div(id=ChecksIds.COMPARISON, className="stacked", **{"aria-live": "polite"})
    return [
        html.Div([
            cards.panel("Statement", form, note="what the broker says", span="c8"),
            cards.panel("Compared before", html.Div(id=ChecksIds.STATEMENTS), note="latest first", span="c4"),
        ], className="cols"),
        html.Section(result, className="panel comparison", **{"aria-label": "What differs"}),
    ]
