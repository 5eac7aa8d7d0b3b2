"""Overview: how much, what today made of it, where it comes from, where it lies."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import cards, controls, figures
from components.ids import OverviewIds as Ids

dash.register_page(__name__, path="/", name="Overview", title="Overview · Portolan", order=0)


def layout(**_query: object) -> html.Div:
    """Skeleton of the page; callbacks/overview.py and assets/overview.js fill it."""
    return html.Div(
        [
            dcc.Store(id=Ids.ASKED),
            dcc.Store(id=Ids.HISTORY_ASKED),
            dcc.Store(id=Ids.SUMMARY),
            dcc.Store(id=Ids.TODAY),
            dcc.Store(id=Ids.GROWTH_DATA),
            dcc.Store(id=Ids.RETRY),
            html.H1("Overview", className="sr"),
            _welcome(),
            html.Div(
                [html.Div(cards.bones("title", "figure", "line"), id=Ids.HERO), html.Div(id=Ids.TODAY_CHART, className="chart today")],
                className="hero",
                role="group",
                **{"aria-label": "Total value"},
            ),
            html.Div(controls.period_control(), className="only-s periods"),
            html.Div(id=Ids.IDENTITY, className="identity", role="group", **{"aria-label": "Where the value comes from"}),
            html.Div(id=Ids.NOTICES, className="notices"),
            html.Dl(
                [html.Div([html.Dt(cards.bones("label")), html.Dd(cards.bones("number"))], className="kpi") for _ in range(7)],
                id=Ids.KPIS,
                className="kpis",
            ),
            html.Div([_growth(), _allocation(), _portfolios(), _movers(), _holdings()], className="cols"),
        ],
        id=Ids.PAGE,
        className="page overview",
        **{"data-scope": "", "data-retry": Ids.RETRY, "data-looks-back": ""},
    )


def _welcome() -> html.Section:
    """Greet a workspace without a portfolio, instead of empty panels."""
    return html.Section(
        cards.blank(
            "No portfolio yet",
            "A portfolio holds your transactions and tells its value live. Start your own, or look around with three demo portfolios of real prices.",
            controls.button("New portfolio", look="primary", do="new-portfolio"),
            controls.button("Load the demo", do="demo"),
        ),
        className="panel welcome",
        **{"aria-label": "Welcome"},
    )


def _growth() -> html.Section:
    legend = html.Div(
        [
            html.Span([html.I(), "Value"]),
            html.Span([html.I(className="paid"), "Net contributions"]),
            html.Span([html.I(className="tri"), "Deposit, withdrawal"]),
        ],
        className="legend",
    )
    graph = dcc.Graph(id=Ids.GROWTH, figure=figures.empty_growth(), config=figures.CONFIG, className="plot growth")
    body = html.Div(
        [
            html.Div(cards.bones(), id=Ids.GROWTH_STATE, className="state-of"),
            html.Div(graph, className="chart fill as-chart", role="img", id=Ids.GROWTH_BODY),
            html.Div(id=Ids.GROWTH_TABLE, className="scroll as-rows"),
        ],
        className="stack",
    )
    return cards.panel(
        "Growth", body, note=html.Span(id=Ids.GROWTH_NOTE, className="note"), tools=[legend, cards.table_tool()], span="c8 growth-panel"
    )


def _allocation() -> html.Section:
    body = html.Div(
        [
            html.Div(cards.bones(), id=Ids.ALLOCATION_STATE, className="state-of"),
            html.Div(id=Ids.TREEMAP, className="chart fill as-chart tree"),
            html.Div(id=Ids.TREEMAP_TABLE, className="scroll as-rows"),
        ],
        className="stack",
    )
    return cards.panel("Allocation", body, note="by sector, tinted by day up to ±2 %", tools=[cards.stale_tag(), cards.table_tool()], span="c4")


def _portfolios() -> html.Section:
    return cards.panel(
        "Portfolios",
        html.Div(cards.bones("row", "row", "row", "row", "row"), id=Ids.COMPARE, className="scroll"),
        note=html.Span(id=Ids.COMPARE_NOTE, className="note"),
        span="c7",
        flush=True,
    )


def _movers() -> html.Section:
    body = html.Div(
        [
            html.Div(cards.bones("row", "row", "row", "row", "row"), id=Ids.MOVERS_STATE, className="state-of"),
            html.Div(id=Ids.MOVERS, className="as-chart", role="img"),
            html.Div(id=Ids.MOVERS_TABLE, className="scroll as-rows"),
        ]
    )
    return cards.panel(
        "Movers", body, note=html.Span("by day P/L", id=Ids.MOVERS_NOTE, className="note"), tools=[cards.stale_tag(), cards.table_tool()], span="c5"
    )


def _holdings() -> html.Section:
    return cards.panel(
        "Holdings",
        html.Div(cards.bones("row", "row", "row", "row", "row"), id=Ids.HOLDINGS, className="scroll"),
        note=html.Span(id=Ids.HOLDINGS_NOTE, className="note"),
        tools=[cards.stale_tag(), controls.link("All holdings", "/holdings")],
        flush=True,
    )
