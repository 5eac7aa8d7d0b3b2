"""Recommendations: what one could do about a portfolio, with reason, numbers, trades and what came of it."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import advice_evidence, advice_optimise, advice_plan, advice_policy, advice_rebalance, advice_rules, advice_what_if, cards, controls
from components.ids import AdviceIds as Ids

dash.register_page(__name__, path="/recommendations", name="Recommendations", title="Recommendations · Portolan")

STORES = (Ids.QUERY, Ids.CARDS, Ids.TRIED_ASKED, Ids.TRIED, Ids.RETRY, Ids.ACTION, Ids.RESULT)
TABS = (("suggestions", "Suggestions"), ("policy", "Targets and limits"), ("rules", "Your rules"), ("rebalance", "Rebalance"),
        ("optimise", "Optimise"), ("what-if", "What-if"), ("plan", "Plan"), ("evidence", "Evidence"), ("drafted", "Drafted"), ("history", "History"))


def layout(**_query: object) -> html.Div:
    """Skeleton of the page; callbacks and assets/advice.js fill it."""
    return html.Div(
        [
            *[dcc.Store(id=store) for store in STORES],
            html.Div([html.Div([html.H1("Recommendations"), html.Span("", id=Ids.NOTE, className="note")], className="words"),
                      html.Span(className="grow"), controls.segments(TABS, attribute="tab", label="View", current="suggestions")], className="title"),
            html.Div(id=Ids.DONE, className="done", role="status"),
            _suggestions(), _drafted(), _history(), advice_what_if.pane(), advice_plan.pane(), advice_evidence.pane(),
            advice_policy.pane(), advice_rules.pane(), advice_optimise.pane(), advice_rebalance.pane(),
            html.P("Calculated from past prices; not a forecast and not personal advice.", className="dim small-print"),
        ],
        id=Ids.PAGE, className="page advice-page", **{"data-retry": Ids.RETRY, "data-tab": "suggestions"},
    )


def _suggestions() -> html.Div:
    order = html.P("By expected benefit over effort: what a suggestion is expected to bring in a year, less what its trades cost and their tax, "
                   "over the steps it takes. What is urgent, or worth doing, is worth something by itself.")
    beside = [
        cards.panel("Rules", html.Div(_bones(), id=Ids.RULES), note="what came of each"),
        cards.panel("Put aside", html.Div(id=Ids.DISMISSED), note="asked again in time"),
        cards.panel("How these are ordered", order),
    ]
    state = html.Div(html.Section(_bones(), className="panel padded"), id=Ids.STATE)
    cols = html.Div([html.Div([state, html.Div(id=Ids.BODY, className="stacked")], className="c8"),
                     html.Div(beside, className="c4 stacked beside")], className="cols")
    return html.Div([cols, _keys()], className="pane", **{"data-pane": "suggestions"})


def _drafted() -> html.Div:
    return html.Div(html.Div(html.Section(_bones(), className="panel padded"), id=Ids.DRAFTED, className="stacked"), className="pane",
                    **{"data-pane": "drafted"})


def _history() -> html.Div:
    return html.Div(cards.panel("History", html.Div(_bones(), id=Ids.HISTORY), note="what was suggested, decided, and what came of it"),
                    className="pane", **{"data-pane": "history"})


def _bones() -> html.Div:
    return cards.bones("title", "row", "row", "row")


def _keys() -> html.P:
    keys = (("j", "next"), ("k", "previous"), ("a", "draft its orders"), ("d", "dismiss"), ("u", "undo"))
    return html.P([part for key, meaning in keys for part in (html.Kbd(key), html.Span(meaning))], className="keys-line dim hide-s")
