"""The Realised gains page: its controls, its strip of figures, its chart and its grid of matched lots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from components import cards, controls
from components.icons import Icon
from components.ids import GainsIds
from components.tables import Column, grid

if TYPE_CHECKING:
    from dash_ag_grid import AgGrid

RULES = (("none", "Cost method"), ("uk", "UK rules"), ("us", "US terms"))
TAX_YEARS = (("calendar", "Calendar year"), ("uk", "From 6 April"))
LOTS = (
    Column("lot", "Sold", "LotCell", 210, start=True, grows=True, sort="desc", order="portolanByClosed"),
    Column("opened", "Bought", "OpenedCell", 104, start=True, order="portolanByOpened", tip="Day of the first purchase, through splits and mergers"),
    Column("days_held", "Days", "DaysCell", 64, tip="Days between purchase and sale"),
    Column("term", "Term", "TermCell", 84, start=True, tip="Long: sold more than one year after the purchase"),
    Column("rule", "Matched", "RuleCell", 126, start=True, tip="Which rule matched this part of the sale"),
    Column("quantity", "Quantity", "LotUnitsCell", 92),
    Column("proceeds", "Proceeds", "ProceedsCell", 112, tip="Less fees and taxes of the sale, in the base currency"),
    Column("cost", "Cost", "LotCostCell", 112, tip="With fees and taxes of the purchase, in the base currency"),
    Column("charges", "Fees, taxes", "ChargesCell", 92, tip="Those of purchase and sale; they are in cost and proceeds"),
    Column("fx_gain", "By currency", "FxCell", 100, tip="Part of the gain that the exchange rate made"),
    Column("gain", "Gain", "GainCell", 116),
    Column("adjusted_gain", "After wash sales", "AdjustedCell", 128, tip="Gain with the loss that is deferred, and the cost that came with the lot"),
)
FIGURES = ("net", "gains", "losses", "short", "long", "income", "fees")
LABELS = {"net": "Net", "gains": "Gains", "losses": "Losses", "short": "Short term", "long": "Long term", "income": "Income",
          "fees": "Fees and taxes"}


def figures() -> html.Dl:
    """Build the strip of figures without numbers; `assets/realised.js` writes them."""
    return html.Dl([_figure(name) for name in FIGURES], className="kpis")


def _figure(name: str) -> html.Div:
    parts = [html.Dt(LABELS[name], **{"data-part": "label"}), html.Dd(html.Span("–", **{"data-part": "value"})),
             html.Dd("", className="sub", **{"data-part": "sub"})]
    return html.Div(parts, className="kpi", **{"data-figure": name})


def toolbar() -> html.Div:
    """Build the choices: rules, cost method, which year, where a tax year begins."""
    methods = [("", "The portfolio's own"), *((method.value, word) for method, word in controls.COST_METHODS.items())]
    export = controls.button("Export", do="export-gains", name=Icon.EXPORT, title="The matched lots as they stand, as a CSV file")
    return html.Div(
        [
            controls.segments(RULES, attribute="rules", label="Matched by", current="none"),
            _choice("method", "Cost method", methods),
            _choice("year", "Period", [("", "Period of the top bar"), ("all", "All years")]),
            controls.segments(TAX_YEARS, attribute="tax-year", label="A tax year begins", current="calendar"),
            html.Span(className="grow"),
            html.Span(export, className="hide-s"),
        ],
        className="toolbar gains-toolbar",
    )


def _choice(name: str, label: str, options: list[tuple[str, str]]) -> html.Label:
    return html.Label([html.Span(label, className="sr"), controls.select(name, options)], className="choice", **{"data-choice": name})


def chart() -> html.Section:
    """Build the panel of gains and losses by year or month, as picture and as table."""
    legend = html.Span([html.Span([html.I(className="box gain-box"), "Gains"]), html.Span([html.I(className="box loss-box"), "Losses"]),
                        html.Span([html.I(className="net-mark"), "Net"])], className="legend")
    body = html.Div([html.Div(id=GainsIds.CHART, className="chart as-chart gains-bars"), html.Div(id=GainsIds.CHART_TABLE, className="as-rows")],
                    className="gains-stack")
    note = html.Span("", className="note", **{"data-part": "chart-note"})
    return cards.panel("Gains and losses", body, note=note, tools=[legend, cards.table_tool()], span="gains-panel")


def lots_grid() -> AgGrid:
    """Build the empty grid of matched lots."""
    options = {
        "postSortRows": {"function": "portolanGainsOrder(params)"},
        "isExternalFilterPresent": {"function": "portolanHasFilter(params)"},
        "doesExternalFilterPass": {"function": "portolanGainsPasses(params)"},
        "getRowHeight": {"function": "portolanGainsHeight(params)"},
        "suppressModelUpdateAfterUpdateTransaction": True,
        "rowClassRules": {"group": "params.data.type === 'group'", "lot": "params.data.type === 'leaf'"},
        "tooltipShowDelay": 500,
    }
    return grid(GainsIds.GRID, LOTS, "portolanGains", options)


def states() -> list[Any]:
    """Build what stands in the grid's place while there are no rows to show."""
    empty = cards.blank("Nothing was realised here", "A sale, a cash merger or a covered short shows up with the lots it took. "
                        "Choose another period, or all years.", controls.button("All years", do="all-years"))
    failed = html.Div([html.B("The gains could not be read"), html.P("", **{"data-part": "reason"}),
                       html.Div(controls.button("Try again", do="retry"), className="acts")], className="blank failed", role="alert")
    bones = html.Div([html.Div(className="bone") for _ in range(8)], className="grid-bones", **{"aria-hidden": "true"})
    kept = html.Div([html.Span([html.B("These rows are not the newest. "), html.Span("", **{"data-part": "reason"})]), html.Span(className="grow"),
                     controls.button("Try again", do="retry")], className="notice crit when-kept", role="alert")
    return [kept, html.Div(empty, className="when-empty"), html.Div(failed, className="when-error"), bones]


def stores() -> list[dcc.Store]:
    """Build what the page keeps: what it asks, what it was answered, how often it asked again."""
    return [dcc.Store(id=store) for store in (GainsIds.QUERY, GainsIds.CHOICE, GainsIds.ROWS, GainsIds.RETRY)]


