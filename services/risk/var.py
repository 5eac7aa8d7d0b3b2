"""Value at risk of today's holdings by every method, by part, and held against what came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine import (
    entropic_value_at_risk,
    liquidity_adjusted_value_at_risk,
    rachev_ratio,
    relativistic_value_at_risk,
    risk_decomposition,
    tail_ratio,
    worst_realisation,
)
from engine.errors import InsufficientHistory, InvalidInput
from engine.risk.sample import Sample, level_of
from engine.risk.var.backtest import Backtest
from engine.risk.var.measures import method_of, portfolio_tail
from engine.risk.var.methods import METHODS, minimum_of
from engine.risk.var.ways import Ways
from engine.types import Actor, Finding, Severity
from services import fields
from services.books.service import Kept
from services.fields import Place
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.risk.held import Held, held_of
from services.risk.liquidity import liquidity
from services.risk.losses import DAYS, DEFAULT, HISTORY, LEAST_FORECASTS, QUICK, SLOW, WINDOW, backtested
from services.risk.var_views import BY, BacktestView, VarQuestion, VarView
from services.views import ALL

KEPT: Final = 64
MOST_DAYS: Final = 5_000
PARTS: Final = ["weight", "standalone", "marginal", "component", "share", "incremental", "shortfall_component"]
CONVENTIONS: Final = {
    "returns": "Today's weights on the daily total returns of what is held, in base currency; cash stays as it is",
    "gaps": "On a day on which a holding has no history it is taken to have returned what the rest did; a day with less than 90 % known is left out",
    "horizon": "One day times the root of the days; GARCH the variances that it expects, simulations compound so many days",
    "default": "The method whose forecasts of one day fail the fewest tests and then lose the least; GARCH counts where it is asked for by name",
    "parts": "Euler's: weight times the change for a unit of weight more; they add up to the whole",
    "liquidity": "Mean volume of the last twenty bars; spread from their highs and lows (Corwin and Schultz), half of it paid",
}


class ValueAtRisk:
    """Value at risk of the actor's portfolios."""

    def __init__(self, database: Database, exposures: Exposures) -> None:
        self._database, self._exposures = database, exposures
        self._tests: Kept[Backtest] = Kept(KEPT)

    def value_at_risk(self, actor: Actor, scope: str | UUID = ALL, question: VarQuestion | None = None) -> VarView:
        """Tell what today's holdings could lose.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : VarQuestion, optional

        Raises
        ------
        NotFound
            No such portfolio or group.
        InvalidInput
            A level, horizon, window, participation, method or grouping that is none.
        """
        asked = _checked(question or VarQuestion())
        exposure = self._exposures.exposure(actor, scope, _exposure_question(asked))
        held = held_of(exposure).last(asked.window or HISTORY)
        names = _names(asked)
        gaps: dict[str, str] = {}
        best = self._best(held_of(exposure), asked)
        chosen = method_of(asked.method) if asked.method else best or DEFAULT
        ways = Ways(asked.level, horizon=asked.horizon_days)
        methods = _told(held, dict.fromkeys([*names, chosen]), ways, gaps)
        parts = _parts(exposure, held, chosen, asked, gaps)
        selling = liquidity(self._database, exposure, asked.participation)
        return VarView(
            scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, value=exposure.value, question=asked,
            observations=len(held.returns), start=_day(held, 0), end=_day(held, -1), method=chosen, best=best, methods=methods,
            figures=_figures(held, asked.level, gaps), parts=parts, benefit=_benefit(parts), liquidity=selling,
            days_to_liquidate=float(selling["days"].max(skipna=False)) if len(selling) else np.nan,
            liquidity_adjusted_value_at_risk=_with_spread(exposure, selling, float(methods["value_at_risk"].get(chosen, np.nan)), gaps),
            gaps=gaps, conventions=CONVENTIONS, simulated=exposure.simulated, revisions=exposure.revisions,
            findings=(*exposure.findings, *_findings(exposure, held, names)),
        )

    def backtest(self, actor: Actor, scope: str | UUID = ALL, question: VarQuestion | None = None) -> BacktestView:
        """Hold the forecasts of every method for each past day against what today's holdings would have returned.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : VarQuestion, optional
            Its window is that of each forecast.

        Raises
        ------
        InsufficientHistory
            Fewer days than the window and one, or a window too short for every method.
        NotFound
            No such portfolio or group.
        InvalidInput
            A level, window, number of days or method that is none.
        """
        asked = _checked(question or VarQuestion())
        exposure = self._exposures.exposure(actor, scope, _exposure_question(asked))
        window, ways = asked.window or WINDOW, Ways(asked.level)
        gaps = {name: reason for name in _names(asked) if (reason := _unable(name, ways, window))}
        names = tuple(name for name in _names(asked) if name not in gaps)
        if not names:
            raise InsufficientHistory("A window of a backtest", needed=min(minimum_of(name, ways) for name in gaps), found=window)
        test = self._test(held_of(exposure), names, asked.level, window, asked.days)
        return BacktestView(
            scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, value=exposure.value, question=asked, test=test,
            gaps=gaps, conventions=CONVENTIONS, simulated=exposure.simulated, revisions=exposure.revisions,
            findings=(*exposure.findings, *_findings(exposure, held_of(exposure), names)),
        )

    def _best(self, held: Held, asked: VarQuestion) -> str | None:
        """Name the method that passes and loses the least; None where none passes, or too few days are known. GARCH counts where it is named."""
        if len(held.returns) < WINDOW + LEAST_FORECASTS:
            return None
        counted = (*QUICK, *(name for name in SLOW if name in {method_of(each) for each in asked.methods or ()}))
        names = [name for name in counted if not _unable(name, Ways(asked.level), WINDOW)]
        return self._test(held, names, asked.level, WINDOW, DAYS).best

    def _test(self, held: Held, names: Iterable[str], level: float, window: int, days: int) -> Backtest:
        """Run a backtest, or give the one that was run before weights moved by a thousandth."""
        key = held.state, tuple(held.weights.round(3)), tuple(names), level, window, days
        return self._tests.get_or_compute(key, lambda: backtested(held, names, level, window, days))


def _checked(asked: VarQuestion) -> VarQuestion:
    """Refuse numbers that are none before anything is read."""
    for field, number, most in (("horizon_days", asked.horizon_days, 252), ("window", asked.window, MOST_DAYS), ("days", asked.days, MOST_DAYS)):
        if number is not None and not 1 <= number <= most:
            raise InvalidInput(field, number, f"is not between 1 and {most}", hint="Count trading days", rule="out_of_range")
    level_of(asked.level)
    if not 0.0 < asked.participation <= 1.0:
        raise InvalidInput("participation", asked.participation, "is not between 0 and 1", hint="Send 0.2 for a fifth", rule="out_of_range")
    fields.choice(Place("by"), asked.by, BY)
    return asked


def _names(asked: VarQuestion) -> tuple[str, ...]:
    if asked.methods == ():
        raise InvalidInput("methods", "", "names none", hint=f"Use some of {', '.join(METHODS)}, or leave it out", rule="required")
    return tuple(METHODS) if asked.methods is None else tuple(dict.fromkeys(method_of(name) for name in asked.methods))


def _unable(name: str, ways: Ways, window: int) -> str:
    """Say why a method cannot forecast from such a window, if it cannot."""
    label, needed = METHODS[name].label, minimum_of(name, ways)
    if name in {"evt", "conditional_evt"} and ways.share > 1.0 - ways.threshold + 1e-12:
        return f"{label} fits the worst {1.0 - ways.threshold:.0%}: ask for a level of {ways.threshold:g} or more"
    return f"{label} needs a window of {needed} days, {window} were asked for" if window < needed else ""


def _exposure_question(asked: VarQuestion) -> ExposureQuestion:
    return ExposureQuestion(start=asked.start, end=asked.end, base_currency=asked.base_currency, group_by=asked.group_by, group=asked.group)


def _told(held: Held, names: Iterable[str], ways: Ways, gaps: dict[str, str]) -> pd.DataFrame:
    """Give the loss of each method, with what it needs; what it lacks into `gaps`."""
    at, weights, count = Sample(held.returns.to_numpy()), held.weights.to_numpy(), len(held.returns)
    rows = {}
    for name in names:
        method, needed = METHODS[name], minimum_of(name, ways)
        loss, shortfall = _answer(at, weights, name, ways, gaps) if len(weights) else (np.nan, np.nan)
        if np.isnan(loss):
            short = f"{method.label} needs {needed} days, {count} are there"
            gaps.setdefault(name, short if count < needed else f"{method.label} has no answer on these returns: {_reason(name)}")
        rows[name] = (method.label, method.source, needed, loss, shortfall)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["label", "source", "minimum", "value_at_risk", "expected_shortfall"])


def _answer(at: Sample, weights: np.ndarray[Any, np.dtype[np.float64]], name: str, ways: Ways, gaps: dict[str, str]) -> tuple[float, float]:
    try:
        tail = portfolio_tail(at, weights, name, ways)
    except InvalidInput as error:
        gaps[name] = error.message
        return np.nan, np.nan
    return float(tail.loss[0]), float(tail.shortfall[0])


def _reason(name: str) -> str:
    return {"cornish_fisher": "skew and kurtosis are out of its domain", "garch": "nothing varies, or no fit converged"}.get(name, "nothing varies")


def _figures(held: Held, level: float, gaps: dict[str, str]) -> dict[str, float]:
    whole = held.returns.to_numpy() @ held.weights.to_numpy()
    found = {"entropic_value_at_risk": entropic_value_at_risk(whole, level=level),
             "relativistic_value_at_risk": relativistic_value_at_risk(whole, level=level), "worst_realisation": worst_realisation(whole),
             "tail_ratio": tail_ratio(whole, level=level), "rachev_ratio": rachev_ratio(whole, level=level)}
    gaps.update({name: f"{len(whole)} daily returns are there, and they say nothing of it" for name, value in found.items() if np.isnan(value)})
    return found


def _parts(exposure: Exposure, held: Held, method: str, asked: VarQuestion, gaps: dict[str, str]) -> pd.DataFrame:
    """Take value at risk and shortfall apart by holding or group, the largest part first."""
    groups = None if asked.by == "symbol" else exposure.holdings.loc[held.weights.index, asked.by].fillna(f"no {asked.by}").astype(str)
    asked_for: dict[str, Any] = {"level": asked.level, "method": method, "horizon": asked.horizon_days, "groups": groups}
    try:
        parts = risk_decomposition(held.returns, held.weights, **asked_for)
        deep = risk_decomposition(held.returns, held.weights, measure="expected_shortfall", **asked_for)
    except InvalidInput as error:
        gaps["parts"] = error.message
        return pd.DataFrame(columns=PARTS, dtype=np.float64)
    if parts["component"].isna().any() or not len(parts):
        gaps["parts"] = gaps.get(method, "nothing that is held has a history")
    return parts.assign(shortfall_component=deep["component"]).sort_values("component", ascending=False)[PARTS]


def _benefit(parts: pd.DataFrame) -> float:
    return float(parts["standalone"].sum(skipna=False) - parts["component"].sum(skipna=False)) if len(parts) else np.nan


def _with_spread(exposure: Exposure, selling: pd.DataFrame, loss: float, gaps: dict[str, str]) -> float:
    """Add half the spread of what is held; a fraction of the value like the loss itself."""
    values = exposure.holdings["value"].fillna(0.0)
    unknown = [str(symbol) for symbol in values.index if values[symbol] != 0 and np.isnan(selling.loc[symbol, "spread"])]
    if unknown:
        gaps["liquidity_adjusted_value_at_risk"] = f"No highs and lows of the last days for {', '.join(unknown)}"
    slow = [str(symbol) for symbol in selling.index if selling.loc[symbol, "quantity"] != 0 and np.isnan(selling.loc[symbol, "days"])]
    if slow:
        gaps["days_to_liquidate"] = f"No volume of the last days for {', '.join(slow)}"
    if not exposure.value:
        return np.nan
    return liquidity_adjusted_value_at_risk(loss * exposure.value, values, selling["spread"]) / exposure.value


def _findings(exposure: Exposure, held: Held, names: Iterable[str]) -> list[Finding]:
    """Tell what the figures rest on less firmly than it looks."""
    found = []
    if not len(held.returns):
        found.append(Finding("no_history", "Nothing that is held has a history: there is no value at risk", context={"needed": 1, "found": 0}))
    unknown = exposure.returns.reindex(index=held.returns.index, columns=held.weights.index).isna().sum()
    proxied = {str(symbol): int(count) for symbol, count in unknown[unknown > 0].items()}
    if proxied:
        told = ", ".join(f"{symbol} ({count})" for symbol, count in proxied.items())
        found.append(Finding("filled_history", f"Days without a return of a holding, taken to be that of the rest: {told}", Severity.INFO, proxied))
    rank_needed = len(held.weights) + 1
    if len(held.returns) < rank_needed and any(METHODS[name].simulated for name in names):
        short = f"The covariance of {len(held.weights)} holdings needs {rank_needed} days, {len(held.returns)} are there"
        found.append(Finding("singular_covariance", short, context={"needed": rank_needed, "found": len(held.returns)}))
    return found


def _day(held: Held, place: int) -> Any:  # noqa: ANN401 - a date, or None
    return held.returns.index[place].date() if len(held.returns) else None
