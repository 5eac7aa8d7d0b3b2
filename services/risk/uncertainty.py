"""How sure the headline figures are: intervals by drawing the history anew, and what is said of the Sharpe ratio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from engine import (
    annualised_return,
    bootstrap_interval,
    calmar_ratio,
    deflated_sharpe_ratio,
    expected_shortfall,
    max_drawdown,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_ratio,
    sharpe_standard_error,
    sortino_ratio,
    value_at_risk,
    volatility,
)
from engine.errors import InvalidInput
from engine.risk.bootstrap import Rule
from engine.risk.sample import Sample
from engine.risk.sheet import CATALOGUE
from engine.risk.var.filtered import ewma_path
from services.risk.exposures import Exposure
from services.risk.losses import HISTORY
from services.risk.views import RiskQuestion

DRAWS: Final = 500
CONFIDENCE: Final = 0.95
LEAST: Final = 30  # returns below which nothing is drawn
TRIALS: Final = 10
MOST_TRIALS: Final = 1_000_000
COLUMNS: Final = ["estimate", "lower", "upper", "standard_error"]
HEADLINES: Final = ("annualised_return", "volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown", "value_at_risk", "expected_shortfall",
                    "calmar_ratio", "beta")
DRAWN_AS: Final[Mapping[str, str]] = {  # a model -> the one that its returns, or what is left of them over their expected size, are drawn by
    "historical": "historical", "normal": "normal", "student_t": "student_t", "cornish_fisher": "cornish_fisher", "evt": "evt",
    "filtered_historical": "historical", "conditional_evt": "evt"}
FILTERED: Final = frozenset({"filtered_historical", "conditional_evt"})
OF_TODAY: Final = ("value_at_risk", "expected_shortfall", "volatility", "beta")
MINIMUM: Final[Mapping[str, int]] = {term.name: term.minimum for term in CATALOGUE}


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Intervals that figures lie in. Fractions and ratios as the figures themselves; NaN means "no answer"."""

    scope: str
    label: str
    base_currency: str
    observations: int  # returns of the window
    confidence: float
    draws: int
    block: float  # mean length of a block, periods
    figures: pd.DataFrame  # HEADLINES x COLUMNS: of the window
    today: pd.DataFrame  # OF_TODAY x COLUMNS: of today's weights on their last two years, one day; losses by the model that is measured by,
    # NaN where drawing days anew says nothing of it: a volatility that is followed through time, a simulation
    missing: Mapping[str, int]  # name -> how many more returns it takes to say something: grey it
    trials: int  # that the deflated ratio takes the best of
    sharpe: Mapping[str, float]  # standard_error standard_error_autocorrelated probabilistic deflated minimum_track_record


def uncertainty(lived: Exposure, held: Exposure, asked: RiskQuestion, *, method: str = "historical", trials: int = TRIALS) -> Uncertainty:
    """Tell how sure the headline figures of a scope are.

    Parameters
    ----------
    lived
        Of the window: its realised returns.
    held
        Of all of history: today's weights on it.
    asked
        Confidence of the losses, risk-free rate.
    method
        Model that today's losses are measured by.
    trials
        Strategies among which this one is the best: what luck alone gives the best of so many is what the deflated ratio has to beat.

    Raises
    ------
    InvalidInput
        Trials that are no whole number from 1 on.
    """
    if not 1 <= trials <= MOST_TRIALS:
        raise InvalidInput("trials", trials, "is not a number of trials", hint=f"Use 1 to {MOST_TRIALS:,}", rule="out_of_range")
    returns = lived.realised.dropna()
    rules = _rules(asked, lived.periods_per_year)
    return Uncertainty(
        lived.scope, lived.label, lived.base_currency, len(returns), CONFIDENCE, DRAWS, float(max(len(returns), 1) ** (1.0 / 3.0)),
        _drawn(returns, lived.benchmark, rules, HEADLINES), today_intervals(held, asked, method),
        {name: MINIMUM[name] - len(returns) for name in HEADLINES if len(returns) < MINIMUM[name]}, trials,
        of_sharpe(returns, asked.risk_free, lived.periods_per_year, trials))


def today_intervals(exposure: Exposure, asked: RiskQuestion, method: str) -> pd.DataFrame:
    """Give the intervals of today's figures alone, losses by a model: OF_TODAY x COLUMNS."""
    past = exposure.of_today.dropna().tail(HISTORY)
    found = _drawn(past, exposure.benchmark_of_today, _rules(asked, exposure.periods_per_year), ("volatility", "beta")).reindex(list(OF_TODAY))
    if method in DRAWN_AS and len(past) >= LEAST:
        found.update(_of_losses(past, asked.level, method))
    return found


def _of_losses(past: pd.Series, level: float, method: str) -> pd.DataFrame:
    """Draw returns anew; of a filtered model what they were over their expected size, which is the same tomorrow in every draw."""
    path = np.sqrt(np.asarray(ewma_path(Sample(past.to_numpy(dtype=np.float64)[:, None])))[:, 0])
    drawn, scale = (past / path[:-1], float(path[-1])) if method in FILTERED else (past, 1.0)
    rules = {name: partial(figure, level=level, method=DRAWN_AS[method]) for name, figure in
             (("value_at_risk", value_at_risk), ("expected_shortfall", expected_shortfall))}
    return pd.DataFrame(bootstrap_interval(drawn, rules, draws=DRAWS, level=CONFIDENCE)) * scale


def _rules(asked: RiskQuestion, periods: float) -> dict[str, Rule]:
    """Give each figure as a function of columns of returns."""
    over: dict[str, Any] = {"risk_free": asked.risk_free, "risk_free_basis": "year", "periods_per_year": periods}
    return {
        "annualised_return": partial(annualised_return, periods_per_year=periods), "volatility": partial(volatility, periods_per_year=periods),
        "sharpe_ratio": partial(sharpe_ratio, **over), "sortino_ratio": partial(sortino_ratio, **over), "max_drawdown": max_drawdown,
        "value_at_risk": partial(value_at_risk, level=asked.level), "expected_shortfall": partial(expected_shortfall, level=asked.level),
        "calmar_ratio": partial(calmar_ratio, periods_per_year=periods)}


def _drawn(returns: pd.Series, benchmark: pd.Series | None, rules: Mapping[str, Rule], names: tuple[str, ...]) -> pd.DataFrame:
    """Draw the returns anew, and a benchmark on the same days."""
    found = pd.DataFrame(np.nan, index=list(names), columns=COLUMNS)
    if len(returns) >= LEAST:
        plain = bootstrap_interval(returns, {name: rules[name] for name in names if name in rules}, draws=DRAWS, level=CONFIDENCE)
        found.update(plain)
    other = None if benchmark is None else benchmark.reindex(returns.index)
    both = pd.DataFrame() if other is None else pd.concat([returns, other], axis=1, keys=["own", "other"]).dropna()
    if "beta" in names and len(both) >= LEAST and float(both["other"].var()) > 0:
        found.loc["beta"] = bootstrap_interval(both, _slopes, draws=DRAWS, level=CONFIDENCE).loc["own"]
    return found


def _slopes(cells: np.ndarray) -> np.ndarray:
    """Give the slope of each drawn history on the benchmark drawn with it: own histories stand first, the benchmark's after them."""
    own, other = np.hsplit(cells - cells.mean(axis=0), 2)
    squares = (other**2).sum(axis=0)
    slopes = (own * other).sum(axis=0) / np.where(squares > 0, squares, np.nan)
    return np.concatenate([slopes, np.ones_like(slopes)])


def of_sharpe(returns: pd.Series, risk_free: float, periods: float, trials: int) -> dict[str, float]:
    """Tell what is known of the Sharpe ratio without drawing: its errors, its chances and how long a record it needs."""
    over: dict[str, Any] = {"risk_free": risk_free, "risk_free_basis": "year", "periods_per_year": periods}
    by_luck = 1.0 / np.sqrt(max(len(returns) - 1, 1))  # deviation of the ratio of a period of who has no skill
    return {
        "standard_error": float(sharpe_standard_error(returns, **over)),
        "standard_error_autocorrelated": float(sharpe_standard_error(returns, method="autocorrelated", **over)),
        "probabilistic": float(probabilistic_sharpe_ratio(returns, **over)),
        "deflated": float(deflated_sharpe_ratio(returns, trials=float(trials), trial_deviation=float(by_luck), **over)),
        "minimum_track_record": float(minimum_track_record_length(returns, **over)),
    }
