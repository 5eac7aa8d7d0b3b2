"""The tabs of the Risk page: each asks the services for what it shows and lays it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from callbacks import risk_certainty, risk_concentration, risk_firm, risk_shape, risk_var
from callbacks import risk_rows as rows
from callbacks.risk_page import Page
from components import cards, controls, figures_distribution, figures_risk, theme
from components import risk as parts
from components import risk_panels as panels
from components.figures_risk import Line
from services.risk.sheet import held_question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dash.development.base_component import Component

    from services import Services
    from services.risk.relations import Relations
    from services.risk.views import RiskQuestion, RiskView

    Tab = Callable[["Page"], list[Component]]

EDGE_PAIRS = 5


def body(services: Services, asked: dict[str, Any], question: RiskQuestion) -> Component:
    """Lay out the open tab."""
    tab = asked.get("tab") or ""
    if tab == "stress" or not services.portfolios.find(services.accounts.local()):
        return html.Div()
    page = Page(services, asked, question)
    return html.Div(TABS.get(tab, _overview)(page), className=f"cols tab-{tab or 'overview'}")


# -------------------------------------------------------------------------------------------------------------------------- overview


def _overview(page: Page) -> list[Component]:
    exposure, told = risk_var.read(page)
    return [risk_var.backtest_panel(page, exposure, told, span="c8"), risk_var.models_panel(exposure, told, span="c4"),
            under_water(page, span="c8"), score_panel(page, span="c4")]


def score_panel(page: Page, *, span: str) -> Component:
    """Show what the risk score is made of, and what would change it by one."""
    _, today = page.services.risk.today(page.actor, page.scope, page.question)
    score = today.score
    if not score.score:
        return panels.empty_panel("Risk score", "No score yet", f"It needs {rows.LEAST_DAYS} trading days of what is held; {today.days} are there.",
                                  span=span)
    made = [(rows.WORDS[name].capitalize(), parts.asked(theme.number(value, decimals=2, signed=name != "volatility"), f"risk.score:{name}"),
             rows.measure(name, measure, unit=True))
            for (name, value), measure in zip(score.components.items(), score.measures.values(), strict=True)]
    said = [html.Tr([html.Td(html.B(name), className="l"), html.Td(measure, className="soft", title="What it adds is explained at the right"),
                     html.Td(value)]) for name, value, measure in made]
    total = html.Tr([html.Td("Position", className="l"), html.Td(""),
                     html.Td(parts.asked(theme.number(score.position, decimals=2), "risk.today.risk_score"))])
    changes = [html.Li([html.B(f"{score.score + each.by}"), f" at {rows.MEASURES[each.component]} {rows.measure(each.component, each.needed)}",
                        html.Span(f" now {rows.measure(each.component, each.now)}", className="dim")]) for each in score.changes]
    shown = [parts.table("What the risk score is made of", ["Component", "Measure", "Adds"], said, foot=total),
             html.Div([html.H3("What would change it by one", className="caps"), html.Ul(changes)], className="changes")]
    return panels.plain_panel("Risk score", shown, note=f"{score.score} of 7, {rows.score_words(score)}", span=f"{span} score-panel",
                              foot="Volatility by the bands of the PRIIPs rules; tail, concentration and slow sale add to it.")


# ------------------------------------------------------------------------------------------------------------------------- drawdowns


def _drawdowns(page: Page) -> list[Component]:
    view = page.view
    return [under_water(page, span="c12"), falls_panel(view), recovery_panel(page)]


def under_water(page: Page, *, span: str) -> Component:
    """Show the falls from the running peak."""
    view = page.view
    days, lines = rows.under_water(view)
    if len(days) < 2:
        return panels.empty_panel("Drawdown", "Nothing to show yet", "Two trading days with holdings are needed.", span=span)
    deepest = min(value for value in lines[0].values if value is not None)
    return panels.chart_panel(
        "Drawdown", figures_risk.under_water_figure(days, lines, page.screen("under")),
        panels.days_table("Drawdown by day", days, lines, form="percent"), look="risk-under", span=f"{span} tall",
        label=f"Drawdown of {view.label} since {theme.day(days[0])}, deepest {theme.percent(deepest)}",
        note=f"since {theme.day(days[0])}, from the peak", legend=panels.legend_of(lines))


def falls_panel(view: RiskView) -> Component:
    """List the drawdowns."""
    found = rows.falls(view)
    if not found:
        return panels.empty_panel("Drawdowns", "No drawdown", "The value never closed below an earlier peak in this window.", span="c8")
    first = f"the {parts.MOST_FALLS} deepest of " if len(found) > parts.MOST_FALLS else ""
    return panels.plain_panel("Drawdowns", parts.drawdown_table(found), note=f"{first}{len(found)} in this window, calendar days", span="c8",
                              foot="From the close of the peak to the first close at or above it. One that lasts counts to the last close.")


def recovery_panel(page: Page) -> Component:
    """Show the figures of drawdown among those of the catalogue."""
    return parts.group_panel(rows.figure_rows(page.view), ("Drawdown",), "Drawdown figures", span="c4")


# --------------------------------------------------------------------------------------------------------------------------- rolling

ROLLING = {
    "volatility": ("Volatility", "share", (("volatility", "Portfolio", "own"), ("benchmark_volatility", "Benchmark", "bench"))),
    "sharpe_ratio": ("Sharpe ratio", "ratio", (("sharpe_ratio", "Portfolio", "own"),)),
    "beta": ("Beta and correlation", "ratio", (("beta", "Beta", "own"), ("correlation", "Correlation", "other1"))),
    "max_drawdown": ("Maximum drawdown and VaR", "percent", (("max_drawdown", "Drawdown", "own"), ("loss", "VaR, 1 day", "other1"))),
}


def _rolling(page: Page) -> list[Component]:
    return [*(rolling_panel(page, name, span="c6") for name in ROLLING), cone_panel(page, span="c12")]


def rolling_panel(page: Page, name: str, *, span: str) -> Component:
    """Show a figure over a window that moves along the returns."""
    title, form, wanted = ROLLING[name]
    told = page.services.risk.rolling(page.actor, page.scope, page.question)
    told.series["loss"] = -told.series["value_at_risk"]
    days, lines = rows.rolling_lines(told, wanted)
    if len(days) < 2 or not lines:
        short = told.findings[0].message if told.findings else "There is no benchmark to compare with."
        return panels.empty_panel(title, "Nothing to show yet", short, span=span)
    return panels.chart_panel(
        title, figures_risk.lines_figure(days, lines, page.screen(name, columns=6), form=form), panels.days_table(title, days, lines, form=form),
        look="risk-lines", span=span, note=f"{told.window} trading days", legend=panels.legend_of(lines),
        label=f"{title} over {told.window} trading days, {theme.day(days[0])} to {theme.day(days[-1])}")


def cone_panel(page: Page, *, span: str) -> Component:
    """Show how volatile each horizon was, and where the last one stands in it."""
    told = page.services.risk.rolling(page.actor, page.scope, page.question)
    found = rows.bands(told)
    if len(found) < 2:
        return panels.empty_panel("Volatility cone", "Nothing to show yet", "Ten trading days with holdings are needed.", span=span)
    lines = [html.Tr([html.Td(f"{band.horizon} days", className="l"), *(html.Td(theme.percent(value, signed=False)) for value in band[1:])])
             for band in found]
    heads = ["Horizon", "Lowest 5 %", "Lower quarter", "Median", "Upper quarter", "Highest 5 %", "Last"]
    legend = [html.Span([html.I(), "Last"]), html.Span([html.I(className="dash"), "Median"]),
              html.Span([html.I(className="box half"), "Half of all days"]), html.Span([html.I(className="box full"), "Nine of ten"])]
    return panels.chart_panel("Volatility cone", figures_distribution.cone_figure(found, page.screen("cone")),
                              parts.table("Volatility cone", heads, lines), look="risk-cone", span=span, legend=legend,
                              note="a year, by horizon, all of history", label="Range of past volatilities by horizon, and the last one")


# ----------------------------------------------------------------------------------------------------------------------- all figures


def _figures(page: Page) -> list[Component]:
    view = page.view
    now = held_question(page.question)
    found = [*rows.figure_rows(view), *rows.held_rows(page.services.concentrations.concentration(page.actor, page.scope, now),
                                                      page.services.rates.rates(page.actor, page.scope, now))]
    search = html.Div(html.Label([html.Span("Search the figures", className="sr"), html.Span(_sift())], className="sift"))
    none = html.P("No figure has these words.", className="nothing", hidden=True, **{"data-part": "no-figure"})
    return [panels.plain_panel("All figures", [parts.figures_table(found), none], span="c12", tools=[search],
                               note=f"{len(found)} figures on {view.observations} trading days")]


def _sift() -> Component:
    """Field that `assets/risk.js` listens to."""
    return dcc.Input(type="search", name="risk-figures-search", placeholder="Search figures", className="text-input", autoComplete="off")


# ----------------------------------------------------------------------------------------------------------------------- correlation

MEASURES = (("", "Pearson"), ("spearman", "Spearman"), ("kendall", "Kendall"))
SHRINKAGES = (("", "As measured"), ("constant_correlation", "Shrunk to the mean"), ("identity", "Shrunk to none"))
READABLE = 18  # holdings up to which every cell has its number


def _correlation(page: Page) -> list[Component]:
    measure, shrink = page.asked.get("corr") or "pearson", page.asked.get("shrink") or "none"
    told = page.services.risk.relations(page.actor, page.scope, page.question, method=measure,
                                        shrinkage="none" if measure != "pearson" else shrink)
    said = [cards.notice(finding.message, kind="info") for finding in told.findings]
    if len(told.matrix) < 2:
        return [*said, panels.empty_panel("Correlation", "Nothing to compare", "Two holdings with 60 daily returns are needed.", span="c12")]
    names = [str(name) for name in told.matrix.columns]
    cells = told.matrix.to_numpy().tolist()
    asked = measure if shrink == "none" or measure != "pearson" else shrink
    table = parts.matrix_table(names, cells, many=len(names) > READABLE, measure=asked)
    choices = [controls.segments(MEASURES, attribute="risk-corr", label="Measure", current=page.asked.get("corr") or ""),
               *([controls.segments(SHRINKAGES, attribute="risk-shrink", label="Shrinkage", current=page.asked.get("shrink") or "")]
                 if measure == "pearson" else [])]
    matrix = panels.plain_panel("Correlation", [html.Div(choices, className="choices"), html.Div(table, className="scroll"), parts.scale_legend()],
                                note=f"{told.observations} trading days, daily, clustered", span="c8", flush=False)
    return [*([html.Div(said, className="notices c12")] if said else []), matrix,
            html.Div([pairs_panel(names, cells, asked), over_time_panel(page, told)], className="c4 pile")]


def pairs_panel(names: Sequence[str], cells: Sequence[Sequence[float]], measure: str) -> Component:
    """List the pairs that move most and least together."""
    pairs = sorted((cells[row][column], names[row], names[column]) for row in range(len(names)) for column in range(row)
                   if theme.known(cells[row][column]))
    shown = pairs[::-1] if len(pairs) <= 2 * EDGE_PAIRS else [*pairs[:-EDGE_PAIRS - 1:-1], *pairs[EDGE_PAIRS - 1::-1]]
    lines = [html.Tr([html.Td([html.B(one), html.Span(" and ", className="dim"), html.B(other)], className="l"),
                      html.Td(parts.asked(theme.number(value, decimals=2), f"risk.correlation.{measure}:{one} {other}"))])
             for value, one, other in shown]
    return panels.plain_panel("Closest and furthest pairs", parts.table("Pairs", ["Pair", "Correlation"], lines, classes="dense"), span="")


def over_time_panel(page: Page, told: Relations) -> Component:
    """Follow the mean of all pairs."""
    series = told.over_time.dropna()
    if len(series) < 2:
        return panels.empty_panel("Mean of all pairs", "Nothing to show yet", f"Holdings need {told.window} days in common.", span="")
    days, lines = rows.days_of(series), [Line("Mean", rows.values_of(series))]
    return panels.chart_panel("Mean of all pairs", figures_risk.lines_figure(days, lines, page.screen("pairs", columns=4), form="ratio"),
                              panels.days_table("Mean of all pairs", days, lines, form="ratio"), look="risk-lines", span="",
                              note=f"{told.window} trading days", label="Mean correlation of all pairs of holdings over time")


TABS: dict[str, Tab] = {"": _overview, "drawdowns": _drawdowns, "rolling": _rolling, "figures": _figures,
                        "var": risk_var.tab, "distribution": risk_shape.tab, "correlation": _correlation, "concentration": risk_concentration.tab,
                        "certainty": risk_certainty.tab, "portfolios": risk_firm.tab}
