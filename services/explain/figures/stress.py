"""Explanations of stress tests: what an episode, a scenario or the most likely way to a loss makes of the whole and of each holding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import pandas as pd

from services.explain.figures.told import Said, explanation, plain, unknown
from services.explain.formula import number
from services.explain.views import Explanation
from services.stress.views import EpisodeLoss, ScenarioLoss, StressView

HINT: Final = "GET /api/v1/figures lists them"
OF_TESTS: Final[Mapping[str, tuple[str, str, str, str]]] = {  # of the whole: title, unit, formula, what it says
    "pnl": ("P/L", "money", "sum(parts)", "What today's holdings would make or lose, in money: the parts of all holdings."),
    "return": ("P/L of the value", "fraction", "sum(parts)", "The same as a fraction of the value: weight times move of each holding."),
}
OF_HOLDINGS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "holding_pnl": ("P/L of a holding", "money", "weight * move * value", "Its weight times its move, of the whole value."),
    "move": ("Move of a holding", "fraction", "", "What its price would do, in base currency."),
}
OF_REVERSE: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "reverse_move": ("Move on the likeliest way", "fraction", "", "Its part of the likeliest of all moves with such a loss."),
    "reverse_deviations": ("The same in deviations", "ratio", "", "The move over the standard deviation of its own moves within that time."),
    "reverse_adds": ("What it adds to the loss", "fraction", "weight * move", "Its weight times its move; all of them add up to the loss."),
}
SOURCES: Final[Mapping[str, str]] = {
    "own": "its own history", "sector": "the mean of its sector", "asset_class": "the mean of its class",
    "benchmark": "its beta times the benchmark", "market": "its beta times the S&P 500", "": "nothing: it is not known",
}
BREUER: Final = "Breuer, Jandacka, Rheinberger and Summer, How to Find Plausible, Severe and Useful Stress Scenarios (2009)"
Told = EpisodeLoss | ScenarioLoss


def of_stress(view: StressView, name: str, key: str) -> Explanation:
    """Tell how a loss comes about; `key` is `e.` and the name of an episode or `s.` and the key of a scenario, then `/` and a symbol for a part.

    Raises
    ------
    InvalidInput
        No such figure, episode, scenario or holding.
    """
    test, _, symbol = key.partition("/")
    if name in OF_REVERSE:
        return _of_reverse(view, name, key)
    told = _named(view, test)
    if told is None or name not in {*OF_TESTS, *OF_HOLDINGS} or (name in OF_HOLDINGS and symbol not in told.holdings.index):
        raise unknown(f"{name}:{key}", HINT)
    return _of_whole(view, told, name, test) if name in OF_TESTS else _of_holding(view, told, name, test, symbol)


def _named(view: StressView, test: str) -> Told | None:
    every: list[tuple[str, Told]] = [*((f"e.{each.episode.name}", each) for each in view.episodes),
                                     *((f"s.{each.scenario.key}", each) for each in view.scenarios)]
    return dict(every).get(test)


def _words(told: Told) -> tuple[str, str, list[str], str]:
    """Give label, path in the answer, conventions and source."""
    if isinstance(told, EpisodeLoss):
        each = told.episode
        words = [f"{each.start} to {each.end}: {each.meaning}", f"{told.own:.1%} of the weight by its own history, {told.proxied:.1%} stood in for"]
        return each.label, f"episodes[name={each.name}]", words, each.source
    shocks = "; ".join(f"{shock.target} {shock.name} {shock.size:+.1%}".replace("  ", " ") for shock in told.scenario.shocks)
    return told.scenario.name, f"scenarios[key={told.scenario.key}]", [f"Shocks: {shocks}", *(each.message for each in told.findings)], "The scenario"


def _call(view: StressView, told: Told | None = None) -> str:
    asked = {"episodes": told.episode.name if isinstance(told, EpisodeLoss) else "",
             "scenarios": told.scenario.key if isinstance(told, ScenarioLoss) else ""}
    if told is None:
        asked |= {"loss": f"{view.question.loss:g}", "horizon_days": str(view.question.horizon_days)}
    return f"/api/v1/portfolios/{view.scope}/stress?{urlencode(asked)}"


def _of_whole(view: StressView, told: Told, name: str, test: str) -> Explanation:
    title, unit, formula, meaning = OF_TESTS[name]
    label, path, words, source = _words(told)
    column, field = ("contribution_money", "loss_money") if name == "pnl" else ("contribution", "loss")
    said = Said(f"stress.{name}", view.scope, f"{title}, {label}", -number(getattr(told, field)), unit, view.base_currency, meaning,
                [*words, "Today's weights throughout"], source, _call(view, told), f"{path}.{field} (a loss is positive there)", symbol=test,
                findings=view.findings)
    parts = pd.Series(told.holdings[column].to_numpy(dtype=float), index=told.holdings.index.astype(str))
    return explanation(said, formula, plain({"parts": ("Of each holding", unit, parts.sort_values(kind="stable"))}))


def _of_holding(view: StressView, told: Told, name: str, test: str, symbol: str) -> Explanation:
    title, unit, formula, meaning = OF_HOLDINGS[name]
    label, path, words, source = _words(told)
    row = told.holdings.loc[symbol]
    because = SOURCES.get(str(row["source"]), "") if "source" in row else str(row["because"]).replace("asset_class", "class") or "no shock"
    column = "contribution_money" if name == "holding_pnl" else "move"
    said = Said(f"stress.{name}", view.scope, f"{title.replace('a holding', symbol)}, {label}", number(row[column]), unit, view.base_currency,
                meaning, [f"Its move is from {because}", *words], source, _call(view, told), f"{path}.holdings[symbol={symbol}].{column}",
                symbol=f"{test}/{symbol}", findings=view.findings)
    return explanation(said, formula, plain({
        "weight": ("Weight", "fraction", number(row["weight"])), "move": ("Move", "fraction", number(row["move"])),
        "value": ("Value of the portfolio", "money", view.value)}))


def _of_reverse(view: StressView, name: str, symbol: str) -> Explanation:
    title, unit, formula, meaning = OF_REVERSE[name]
    found = view.reverse
    if found is None or symbol not in found.table.index:
        raise unknown(f"{name}:{symbol}", view.gaps.get("reverse", HINT))
    row, column = found.table.loc[symbol], {"reverse_move": "move", "reverse_deviations": "deviations", "reverse_adds": "contribution"}[name]
    words = [f"A loss of {found.loss:.0%} within {found.horizon} trading days, {found.distance:.2f} standard deviations away",
             view.conventions.get("reverse", "")]
    said = Said(f"stress.{name}", view.scope, f"{title}, {symbol}", number(row[column]), unit, view.base_currency, meaning, words, BREUER,
                _call(view), f"reverse.holdings[symbol={symbol}].{column}", symbol=symbol, findings=view.findings)
    return explanation(said, formula, plain({
        "weight": ("Weight", "fraction", number(row["weight"])), "move": ("Move", "fraction", number(row["move"]))}))
