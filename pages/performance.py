"""Performance: what was earned, measured in every way, against what, by whom, and what moved the value."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import cards, controls, figures, figures_performance
from components.icons import Icon, icon
from components.ids import PerformanceIds as Ids

dash.register_page(__name__, path="/performance", name="Performance", title="Performance · Portolan")

STORES = (Ids.ASKED, Ids.READ, Ids.RETRY, Ids.GROWTH_DATA, Ids.BRIDGE_DATA, Ids.GROUPS_ASKED, Ids.SEARCH)
GROUPINGS = (("symbol", "Holding"), ("sector", "Sector"), ("asset_class", "Class"), ("currency", "Currency"), ("account", "Account"),
             ("tag", "Tag"), ("portfolio", "Portfolio"))
CONVENTIONS = (
    ("flow", "Flows count", (("", "at the start of their day"), ("mid", "at midday"), ("end", "at the end of their day"),
                               ("in_out", "in at the start, out at the end"))),
    ("costs", "Returns are", (("", "net of fees and taxes"), ("gross_of_fees", "before fees"), ("gross", "before fees and taxes"))),
    ("currency", "Currency", (("", "as it moved"), ("local", "held constant (local returns)"), ("hedged", "hedged"))),
    ("days", "Years of the money-weighted return", (("", "actual / 365"), ("act/360", "actual / 360"), ("30/360", "30 / 360"),
                                                    ("30e/360", "30E / 360"), ("act/act", "actual / actual"))),
)


def layout(**_query: object) -> html.Div:
    """Skeleton of the page; callbacks/performance.py and assets/performance.js fill it."""
    return html.Div(
        [
            *[dcc.Store(id=store) for store in STORES],
            _title(),
            html.Div(controls.period_control(), className="only-s periods"),
            html.Div(id=Ids.STATE, className="panel when-lost"),
            html.Div(id=Ids.NOTICES, className="notices"),
            html.Dl([html.Div([html.Dt(cards.bones("label")), html.Dd(cards.bones("number"))], className="kpi") for _ in range(7)],
                    id=Ids.KPIS, className="kpis"),
            html.Div([_growth(), _windows(), _bridge(), _bars(), _methods(), _currency(), _calendar()], className="cols"),
            html.Div([html.Span(id=Ids.FOOT), html.Span("", **{"data-part": "printed"})], className="only-print"),
        ],
        id=Ids.PAGE, className="page performance", **{"data-scope": "", "data-retry": Ids.RETRY, "data-looks-back": ""},
    )


# --------------------------------------------------------------------------------------------------------------------------- controls


def _title() -> html.Div:
    return html.Div(
        [
            html.Div([html.H1("Performance"), html.Span(id=Ids.WHEN, className="note")], className="words"),
            html.Span(className="grow"),
            html.Div([_range(), _benchmark(), _filter(), _conventions()], className="toolbar", role="group", **{"aria-label": "What is measured"}),
        ],
        className="title",
    )


def _range() -> html.Span:
    """Two dates of one's own, in place of the period in the bar."""
    dates = [html.Label([html.Span(word, className="dim"), dcc.Input(type="date", name=name, className="text-input")]) for name, word in
             (("from", "From"), ("to", "to"))]
    clear = controls.tool(Icon.CLOSE, "Back to the period in the bar", do="performance-range", hidden=True)
    return html.Span([*dates, clear], className="range", **{"data-part": "range"})


def _benchmark() -> html.Span:
    button = html.Button([html.Span("vs", className="dim"), html.Span("–", id=Ids.BENCHMARK), icon(Icon.CHEVRON, small=True)],
                         type="button", className="ctl quiet", title="Compare with another instrument",
                         **{"data-menu": f"{Ids.BENCHMARK}-sheet", "aria-haspopup": "dialog", "aria-expanded": "false"})
    search = dcc.Input(type="search", name="benchmark-search", placeholder="Search instruments", className="text-input", autoComplete="off")
    sheet = controls.popover([html.Div(search, className="ask-for"), html.Div(id=Ids.FOUND, className="in")],
                             id=f"{Ids.BENCHMARK}-sheet", label="Benchmark", className="at-end")
    return html.Span([button, sheet])


def _filter() -> html.Label:
    select = html.Select(html.Option("All holdings", value=""), id=Ids.GROUPS, name="group", className="input", **{"data-convention": "group"})
    return html.Label([html.Span("Measure", className="sr"), select])


def _conventions() -> html.Span:
    """Choose what tools disagree about; what is not the default is counted on the button."""
    button = html.Button([html.Span("Conventions"), html.Span(className="count", **{"data-part": "conventions"}),
                          icon(Icon.CHEVRON, small=True)], type="button", className="ctl quiet",
                         **{"data-menu": Ids.CONVENTIONS, "aria-haspopup": "dialog", "aria-expanded": "false"})
    fields = [controls.field(label, html.Select([html.Option(word, value=value) for value, word in options], name=name, className="input",
                                                **{"data-convention": name})) for name, label, options in CONVENTIONS]
    index = dcc.Input(type="text", name="inflation", className="text-input", autoComplete="off", placeholder="Symbol of a price index")
    inflation = controls.field("Inflation index", index, hint="For the real return; its closes are consumer prices.")
    reset = html.Div([controls.button("Back to the defaults", look="quiet", do="performance-conventions")], className="acts end")
    return html.Span([button, controls.popover(html.Div([*fields, inflation, reset], className="in form"), id=Ids.CONVENTIONS, label="Conventions",
                                               className="at-end")])


# ----------------------------------------------------------------------------------------------------------------------------- panels


def _chart(graph: dcc.Graph, *, body: str, state: str, table: str) -> html.Div:
    """Build a chart with what may stand in its place: bones, a reason, or its table."""
    return html.Div(
        [
            html.Div(cards.bones(), id=state, className="state-of"),
            html.Div(graph, className="chart fill as-chart", role="img", id=body),
            html.Div(id=table, className="scroll as-rows"),
        ],
        className="stack",
    )


def _growth() -> html.Section:
    graph = dcc.Graph(id=Ids.GROWTH, figure=figures_performance.empty_growth_index(), config=figures.CONFIG, className="plot growth-index")
    panel = cards.panel(
        "Growth", _chart(graph, body=Ids.GROWTH_BODY, state=Ids.GROWTH_STATE, table=Ids.GROWTH_TABLE), note="time-weighted",
        tools=[cards.stale_tag(), html.Div(id=Ids.GROWTH_LEGEND, className="legend"), cards.table_tool()],
        span="c8 growth-panel",
    )
    panel.children.append(html.Footer(id=Ids.GROWTH_NOTE))
    return panel


def _windows() -> html.Section:
    panel = cards.panel("Returns by window", html.Div(cards.bones(*["row"] * 8), id=Ids.WINDOWS, className="scroll"),
                        note=html.Span(id=Ids.WINDOWS_NOTE, className="note"), span="c4", flush=True)
    panel.children.append(html.Footer("Windows of a year or less are not annualised.", className="end"))
    return panel


def _bridge() -> html.Section:
    still = figures.CONFIG | {"staticPlot": True}
    graph = dcc.Graph(id=Ids.BRIDGE, figure=figures_performance.empty_bridge(), config=still, className="plot bridge")
    return cards.panel("What moved the value", _chart(graph, body=Ids.BRIDGE_BODY, state=Ids.BRIDGE_STATE, table=Ids.BRIDGE_TABLE),
                       note=html.Span(id=Ids.BRIDGE_NOTE, className="note"), tools=[cards.stale_tag(), cards.table_tool()], span="c7")


def _bars() -> html.Section:
    body = html.Div([
        html.Div(controls.segments(GROUPINGS, attribute="by", label="Contribution by", current="symbol"), className="by"),
        html.Div(cards.bones(*["row"] * 8), id=Ids.BARS, className="as-chart"),
        html.Div(id=Ids.BARS_TABLE, className="scroll as-rows"),
    ])
    return cards.panel("Contribution to return", body, note=html.Span(id=Ids.BARS_NOTE, className="note"), tools=[cards.table_tool()], span="c5")


def _methods() -> html.Section:
    panel = cards.panel("Ways to measure", html.Div(cards.bones(*["row"] * 6), id=Ids.METHODS, className="scroll"),
                        note="the same window, each by its own question", span="c7 methods-panel", flush=True)
    panel.children.append(html.Footer(id=Ids.WHY))
    return panel


def _currency() -> html.Section:
    panel = cards.panel("Currency effects", html.Div(cards.bones(*["row"] * 4), id=Ids.CURRENCY, className="scroll"),
                        note="percentage points, linked", span="c5 currency-panel", flush=True)
    panel.children.append(html.Footer("Local: what the holdings earned in their own currency. Currency: what the rate did. "
                                      "Cross: the rate's effect on what was earned meanwhile."))
    return panel


def _calendar() -> html.Section:
    return cards.panel("Monthly returns", html.Div(cards.bones(*["row"] * 3), id=Ids.CALENDAR, className="scroll"),
                       note=html.Span(id=Ids.CALENDAR_NOTE, className="note"))
