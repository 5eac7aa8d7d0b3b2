"""The tab of value at risk: the backtest of the model on a chart, every model beside its tests, and what each holding adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from dash import html

from callbacks.risk_page import Page
from components import cards, figures_risk, theme
from components import risk_panels as panels
from components import risk_var as parts
from components.figures_risk import Line
from components.risk import METHOD_NAMES

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services import Services
    from services.risk.exposures import Exposure
    from services.risk.losses import Losses
    from services.risk.views import RiskQuestion

COUNTED = "Ranked by how many tests reject them, then by pinball loss. The first that passes all is the default. "
GARCH_IN, GARCH_COMING = "GARCH is counted.", "GARCH is being tried on every window; the ranking and the default count it as soon as it is in."
TESTS = (("kupiec", "Kupiec p"), ("independence", "Independence p"), ("conditional_coverage", "Coverage p"), ("duration", "Duration p"),
         ("shortfall", "ES p"))
ZONES = {"green": "Basel: as many hits as expected", "yellow": "Basel: more hits than expected", "red": "Basel: far too many hits"}
PARTS_FOOT = ("Components add up to the loss of the portfolio. Marginal: of one more unit of money in it. Incremental: what is lost with it less "
              "what is lost without it, its money in cash.")
SENTENCES = ("A p below 0.05 says that forecasts and losses disagree. ", "Light: Basel's traffic light on these days.")


def tab(page: Page) -> list[Component]:
    """Lay the tab out."""
    exposure, told = read(page)
    notes = [cards.notice(finding.message, kind="info") for finding in told.findings]
    return [*([html.Div(notes, className="notices c12")] if notes else []), backtest_panel(page, exposure, told, span="c8"),
            models_panel(exposure, told, span="c4"), tests_panel(page, told), parts_panel(page, exposure, told)]


def read(page: Page) -> tuple[Exposure, Losses]:
    """Read the losses, with GARCH where it has been tried."""
    return page.services.risk.losses(page.actor, page.scope, page.question, every=page.asked.get("models") == "all")


def try_garch(services: Services, asked: dict[str, Any], question: RiskQuestion) -> bool:
    """Work out the losses with GARCH, after those without; whether there is anything new to show."""
    page = Page(services, asked, question)
    _, before = read(page)
    if before.test is None or "garch" in before.test.forecasts:
        return False
    services.risk.losses(page.actor, page.scope, question, every=True)
    return True


def backtest_panel(page: Page, exposure: Exposure, told: Losses, *, span: str) -> Component:
    """Show each past day against the loss that the model had foretold for it."""
    name = METHOD_NAMES.get(told.method, told.method)
    if told.test is None or told.method not in told.test.forecasts:
        return panels.empty_panel("Backtest", "No backtest of this model yet", _why_none(told), span=span)
    forecasts = told.test.forecasts[told.method].dropna().tail(figures_risk.MOST_BARS)
    days = [day.date() for day in forecasts.index]
    pnl = (told.test.returns.reindex(forecasts.index) * exposure.value).tolist()
    loss = (forecasts * exposure.value).tolist()
    hits = sum(made < -foretold for made, foretold in zip(pnl, loss, strict=True))
    share = theme.number(told.level * 100, decimals=1, least=0)
    expected = theme.number(len(days) * (1 - told.level), decimals=1)
    lines = [Line("P/L", pnl), Line(f"VaR {share}", [-value for value in loss], "other1")]
    legend = [html.Span([html.I(className="box bench"), "Daily P/L"]), html.Span([html.I(), f"VaR {share}"]),
              html.Span([html.I(className="box loss"), "Hit"])]
    return panels.chart_panel(
        "VaR backtest", figures_risk.backtest_figure(days, pnl, loss, page.screen("backtest", columns=8)),
        panels.days_table("VaR backtest by day", days, lines, form="money"), look="risk-hits", span=f"{span} tall",
        note=f"{name}, {len(days)} days, {hits} hits, {expected} expected", legend=legend,
        label=f"Daily profit and loss of today's holdings against value at risk by {name}: {hits} hits in {len(days)} days, {expected} expected")


def _why_none(told: Losses) -> str:
    if told.test is not None:
        return GARCH_COMING if told.method == "garch" else "This model was not tried."
    return f"Forecasts from 250 days each, for 60 days at least, need 310 trading days of what is held; {told.observations} are there."


def models_panel(exposure: Exposure, told: Losses, *, span: str) -> Component:
    """List the models, the best first."""
    share, days = theme.number(told.level * 100, decimals=1, least=0), "1 day" if told.horizon == 1 else f"{told.horizon} days"
    table = parts.models_table(models(exposure, told), chosen=told.method)
    return panels.plain_panel("Models", table, note=f"{share} %, {days}, {exposure.base_currency}", span=f"{span} models-panel",
                              foot="".join(SENTENCES) + " Press a model to measure by it.")


def models(exposure: Exposure, told: Losses) -> list[parts.Model]:
    """Give every model with its loss now and what became of its forecasts, in the order of the ranking."""
    ranking = told.test.ranking if told.test is not None else pd.DataFrame()
    order = [*(name for name in ranking.index if name in told.now.index), *(name for name in told.now.index if name not in ranking.index)]
    return [_model(str(name), exposure, told, ranking) for name in order]


def _model(name: str, exposure: Exposure, told: Losses, ranking: pd.DataFrame) -> parts.Model:
    now = told.now.loc[name] * exposure.value
    if name not in ranking.index:
        return parts.Model(name, float(now["value_at_risk"]), float(now["expected_shortfall"]), None, None, (), "", "no backtest", None, None,
                           passes=False, gap=told.gaps.get(name, "not backtested yet"))
    row = ranking.loc[name]
    p_values = [(label, float(row[f"{test}_p_value"])) for test, label in TESTS]
    zone = str(row["zone"]) if isinstance(row["zone"], str) else ""
    return parts.Model(name, float(now["value_at_risk"]), float(now["expected_shortfall"]), int(row["violations"]), float(row["expected"]),
                       p_values, zone, ZONES.get(zone, "unknown"), float(row["loss"]), int(row["rank"]), passes=bool(row["passed"]),
                       gap=told.gaps.get(name, ""))


def tests_panel(page: Page, told: Losses) -> Component:
    """List every test of every model."""
    exposure, _ = read(page)
    days = len(told.test.returns) if told.test is not None else 0
    note = f"one day ahead, {days} days, each forecast from the 250 before it" if days else "too few days"
    return panels.plain_panel("How the models did", parts.tests_table(models(exposure, told)), note=note, span="c12",
                              foot=COUNTED + _garch_words(told))


def _garch_words(told: Losses) -> str:
    if told.test is None:
        return ""
    return GARCH_IN if "garch" in told.test.forecasts else GARCH_COMING


def _selling_foot(selling: pd.DataFrame) -> str:
    """Say what the days to sell rest on, and that volumes are simulated where they are."""
    if not selling["days"].notna().any():
        return " Days to sell are not known: no bar tells a volume."
    simulated = " These volumes are simulated." if (selling["simulated"] > 0).any() else ""
    return f" Days to sell: at a fifth of the mean volume of 20 days.{simulated}"


def parts_panel(page: Page, exposure: Exposure, told: Losses) -> Component:
    """List what each holding adds to the loss, in money."""
    if not len(told.parts):
        return panels.empty_panel("What each holding adds", "Nothing to take apart", "Holdings need 60 trading days in common.", span="c12")
    selling = page.services.risk.selling(exposure)
    value, days = exposure.value, selling["days"]
    rows = [parts.Part(str(symbol), str(exposure.holdings.loc[symbol, "name"]), float(row["weight"]), float(row["standalone"]) * value,
                       float(row["component"]) * value, float(row["marginal"]), float(row["incremental"]) * value,
                       float(days.get(symbol, float("nan"))) if days.notna().any() else None)
            for symbol, row in told.parts.iterrows()]
    total = float(told.parts["component"].sum()) * value
    table = parts.parts_table(rows, total=total, currency=exposure.base_currency, benefit=told.benefit * value)
    return panels.plain_panel("What each holding adds", table, span="c12", foot=PARTS_FOOT + _selling_foot(selling),
                              note=f"value at risk by {METHOD_NAMES.get(told.method, told.method)}, {len(rows)} holdings")
