"""Every method forecasting every day from the days before it, held against what came, and ranked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Unpack

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of
from engine.errors import InsufficientHistory, InvalidInput
from engine.risk.sample import Sample
from engine.risk.var.coverage import basel_traffic_light, christoffersen_test, kupiec_test, violations
from engine.risk.var.durations import duration_test
from engine.risk.var.losses import quantile_loss
from engine.risk.var.measures import Weights, complete_rows, method_of, portfolio_tail, rolled, weights_of
from engine.risk.var.methods import METHODS, minimum_of
from engine.risk.var.shortfall_test import acerbi_szekely_test
from engine.risk.var.ways import Conventions, Tail, Ways, whole

SIGNIFICANCE = 0.05
REFIT = 20
_SIMULATED = 499  # right models that a spell between violations is held against
_DRAWS = 2_000
TESTS = MappingProxyType({"kupiec": "Proportion of failures", "independence": "Independence", "conditional_coverage": "Conditional coverage",
                          "duration": "Durations", "shortfall": "Expected shortfall"})


@dataclass(frozen=True)
class Backtest:
    """Forecasts of value at risk for each day, made from the days before it, and what became of them.

    Attributes
    ----------
    level, window
        Confidence, and days each forecast was made from.
    returns
        What came, Series by period.
    forecasts, shortfalls
        Value at risk and expected shortfall by period x method, positive for a loss; NaN where a method had no answer.
    violations
        1.0 where the loss exceeded the forecast, 0.0 where not, NaN without forecast, by period x method.
    ranking
        A row a method, the best first: rank, passed, failed (how many tests), loss (mean pinball loss), violations, expected,
        observations, zone, and statistic and p-value of each test.
    best
        The method at the top if it passed every test, else None.
    """

    level: float
    window: int
    returns: pd.Series
    forecasts: pd.DataFrame
    shortfalls: pd.DataFrame
    violations: pd.DataFrame
    ranking: pd.DataFrame
    best: str | None


def backtest(returns: Table, methods: Iterable[str] | None = None, *, level: float = 0.95, window: int = 250, days: int | None = None,
             weights: Weights | None = None, refit: int | Mapping[str, int] = REFIT, **choices: Unpack[Conventions]) -> Backtest:
    """Forecast every day by every method from the days before, and rank.

    Parameters
    ----------
    returns
        Simple returns of one series, or of holdings with `weights`, fraction; periods with a gap are left out.
    methods
        Names as in `value_at_risk`; default all of them.
    level
        Confidence, default 0.95.
    window
        Periods that each forecast is made from, default 250.
    days
        Periods that are forecast, the latest; default all that have a whole window before them.
    weights
        Of the holdings, the same in every period.
    refit
        Periods between two simulations, default 20, or those of some by name; their forecast stands in between. Every other method looks anew
        every period.
    **choices
        As in `value_at_risk`, and `interpolation`, `ddof`; `simulations` is 2,000 here.

    Returns
    -------
    Backtest

    Notes
    -----
    Convention: a forecast for a period knows nothing of it. A method passes where no test rejects it at 5 % (proportion of failures,
    independence, conditional coverage, durations, expected shortfall by Acerbi and Szekely's Z2) and it is not in the red zone. First
    come those that fail the fewest tests, among them the one with the least mean pinball loss.

    Raises
    ------
    InsufficientHistory
        No period has a whole window before it, or a window is shorter than a method needs.
    InvalidInput
        As in `value_at_risk`; a frame without weights.
    MisalignedSeries
        Weights of other columns.

    References
    ----------
    Kupiec 1995; Christoffersen 1998; Christoffersen and Pelletier 2004; Acerbi and Szekely 2014; Basel Committee 1996; Lopez,
    Evaluating the predictive accuracy of volatility models, 2001.

    Examples
    --------
    >>> quiet = [0.01, -0.01, 0.02, -0.02] * 20
    >>> backtest(quiet, ["historical", "normal"], level=0.9, window=40, days=30).forecasts.shape
    (30, 2)
    """
    names = _names(methods)
    ways, window = Ways(level, **({"simulations": _DRAWS} | choices)), whole("window", window)
    cells, index, portions = _portfolio(returns, weights)
    for name in names:
        if window < minimum_of(name, ways):
            raise InsufficientHistory(f"A window for {name}", needed=minimum_of(name, ways), found=window)
    if len(cells) <= window:
        raise InsufficientHistory("A backtest", needed=window + 1, found=len(cells))
    count = min(whole("days", days), len(cells) - window) if days is not None else len(cells) - window
    cells, index = cells[-window - count:], index[-count:]
    tails = [_forecasts(name, cells, portions, ways, window, _refit(name, refit)) for name in names]
    frames = [pd.DataFrame(np.stack(parts, axis=1), index=index, columns=names) for parts in zip(*tails, strict=True)]
    came = pd.Series((cells @ portions)[window:], index=index, name="return")
    return judged(came, frames[0], frames[1], level=level, window=window)


def judged(returns: pd.Series, forecasts: pd.DataFrame, shortfalls: pd.DataFrame, *, level: float, window: int) -> Backtest:
    """Hold forecasts against what came, from wherever they are.

    Parameters
    ----------
    returns
        What came, by period.
    forecasts, shortfalls
        Value at risk and expected shortfall for the same periods, a column a method.
    level
        Of both.
    window
        Periods that each was made from.

    Returns
    -------
    Backtest
    """
    hits = violations(returns, forecasts)
    ranking = _ranked(_tested(returns, forecasts, shortfalls, hits, level))
    best = str(ranking.index[0]) if len(ranking) and bool(ranking["passed"].iloc[0]) else None
    return Backtest(level, window, returns, forecasts, shortfalls, hits, ranking, best)


def _refit(name: str, refit: int | Mapping[str, int]) -> int:
    return whole("refit", refit.get(name, REFIT) if isinstance(refit, Mapping) else refit)


def _names(methods: Iterable[str] | None) -> list[str]:
    if methods is None:
        return list(METHODS)
    if isinstance(methods, str):
        methods = [methods]
    names = list(dict.fromkeys(method_of(name) for name in methods))
    if not names:
        raise InvalidInput("methods", names, "is empty", hint=f"Name some of {', '.join(METHODS)}, or leave it out for all")
    return names


def _portfolio(returns: Table, weights: Weights | None) -> tuple[Floats, pd.Index, Floats]:
    """Give returns without gaps, their labels, and what each column weighs."""
    cells = cells_of(returns)
    if weights is None and cells.shape[1] != 1:
        raise InvalidInput("weights", None, f"{cells.shape[1]} columns have none", hint="Give weights, or one series")
    index = returns.index if isinstance(returns, pd.Series | pd.DataFrame) else pd.RangeIndex(len(cells))
    portions = np.ones(1) if weights is None else weights_of(returns, weights)
    gaps = np.asarray(np.isnan(cells).any(axis=1))
    return complete_rows(cells), index[np.flatnonzero(~gaps)], portions


def _forecasts(name: str, cells: Floats, portions: Floats, ways: Ways, window: int, refit: int) -> Tail:
    """Tail forecast for each period after the first window, shape (n_forecasts,) each."""
    if METHODS[name].simulated:
        return _simulated(name, cells, portions, ways, window, refit)
    tail = rolled((cells[:-1] @ portions)[:, None], name, ways, window)
    return Tail(tail.loss[:, 0], tail.shortfall[:, 0])


def _simulated(name: str, cells: Floats, portions: Floats, ways: Ways, window: int, refit: int) -> Tail:
    count = len(cells) - window
    tails = [portfolio_tail(Sample(cells[start:start + window]), portions, name, ways) for start in range(0, count, refit)]
    return Tail(*(np.repeat(np.concatenate(parts), refit)[:count] for parts in zip(*tails, strict=True)))


def _tested(returns: pd.Series, forecasts: pd.DataFrame, shortfalls: pd.DataFrame, hits: pd.DataFrame, level: float) -> pd.DataFrame:
    """Every number of every test, a row a method."""
    coverage, chain = kupiec_test(hits, level=level), christoffersen_test(hits, level=level)
    durations, deep = duration_test(hits, simulations=_SIMULATED, level=level), acerbi_szekely_test(returns, forecasts, shortfalls, level=level)
    light = basel_traffic_light(hits, level=level)
    columns = {
        "loss": quantile_loss(returns, forecasts, level=level), "violations": coverage["violations"], "expected": coverage["expected"],
        "observations": coverage["observations"], "zone": light["zone"],
        "kupiec_statistic": coverage["statistic"], "kupiec_p_value": coverage["p_value"],
        "independence_statistic": chain["independence_statistic"], "independence_p_value": chain["independence_p_value"],
        "conditional_coverage_statistic": chain["statistic"], "conditional_coverage_p_value": chain["p_value"],
        "duration_statistic": durations["statistic"], "duration_p_value": durations["p_value"],
        "shortfall_statistic": deep["z2"], "shortfall_p_value": deep["z2_p_value"],
    }
    return pd.DataFrame(columns)


def _ranked(tested: pd.DataFrame) -> pd.DataFrame:
    rejected = [tested[f"{test}_p_value"] < SIGNIFICANCE for test in TESTS]
    failed = np.sum(rejected, axis=0) + (tested["zone"] == "red").to_numpy()
    asked = tested["observations"] > 0
    ranked = tested.assign(failed=np.where(asked, failed, len(TESTS) + 1), passed=asked & (failed == 0))
    ranked = ranked.sort_values(["failed", "loss"], kind="stable", na_position="last")
    return ranked.assign(rank=np.arange(1, len(ranked) + 1))[["rank", "passed", "failed", *tested.columns]]
