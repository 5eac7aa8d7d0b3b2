"""What a walk says against another one: in how many windows it would have helped, by how much, and how much of it is luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InsufficientHistory, InvalidInput
from engine.risk.bootstrap import drawn_periods
from engine.risk.var.losses import diebold_mariano_test

LEAST_WINDOWS: Final = 2
MOST_PARTS: Final = 16  # 12,870 ways to halve them


@dataclass(frozen=True, slots=True)
class Comparison:
    """One series of returns against another one on the same periods.

    Attributes
    ----------
    differences
        Last period of each window -> yearly return of the first less that of the other, fraction.
    share
        Of windows in which the first was better.
    median, worst, best, lower, upper
        Of `differences`; lower and upper are their 5th and 95th percentile.
    p_value
        Two-sided, that the mean return a period is the same.
    statistic
        Of that test; positive where the first returned more.
    sharpe_difference, sharpe_lower, sharpe_upper
        Of the yearly Sharpe ratios, with a 90 % interval by block bootstrap.
    """

    differences: pd.Series
    share: float
    median: float
    worst: float
    best: float
    lower: float
    upper: float
    statistic: float
    p_value: float
    sharpe_difference: float
    sharpe_lower: float
    sharpe_upper: float

    @property
    def sentence(self) -> str:
        """What it says, in words."""
        return f"Would have helped in {100 * self.share:.0f} % of windows, median {100 * self.median:+.1f} % a year, worst {100 * self.worst:+.1f} %"


def compared(
    returns: pd.Series, other: pd.Series, *, window: int = 252, step: int = 21, periods_per_year: float = 252, draws: int = 500, seed: int = 7,
) -> Comparison:  # fmt: skip
    """Tell how often and by how much one series of returns beat another.

    Parameters
    ----------
    returns, other
        Simple returns by period, fraction; periods that only one has are left out.
    window
        Periods that each difference is over, default 252.
    step
        Periods between the beginnings of two windows, default 21.
    periods_per_year
        252 (default) for trading days.
    draws, seed
        Of the bootstrap of the Sharpe ratios.

    Returns
    -------
    Comparison

    Notes
    -----
    Convention: windows overlap where the step is below the window, so that their share is an estimate of fewer independent ones; the test of
    the means (Diebold and Mariano on minus the returns) counts every period once. Sharpe ratios without a risk-free rate, drawn in
    stationary blocks of mean length cube root of the periods, both series on the same ones.

    Raises
    ------
    InsufficientHistory
        Fewer than two windows.

    References
    ----------
    Ledoit and Wolf 2008, "Robust performance hypothesis testing with the Sharpe ratio", Journal of Empirical Finance 15; Diebold and Mariano
    1995.

    Examples
    --------
    >>> days = pd.RangeIndex(600)
    >>> found = compared(pd.Series(0.001, days) + np.sin(days) / 100, pd.Series(0.0005, days) + np.sin(days) / 100)
    >>> found.share, round(found.median, 3)
    (1.0, 0.152)
    """
    both = pd.concat([returns, other], axis=1, keys=["own", "other"]).dropna()
    if len(both) < window + step * (LEAST_WINDOWS - 1):
        raise InsufficientHistory("compared", needed=window + step * (LEAST_WINDOWS - 1), found=len(both))
    yearly = _yearly(both.to_numpy(), window, step, periods_per_year)
    apart = pd.Series(yearly[:, 0] - yearly[:, 1], index=both.index[window - 1 :: step])
    return comparison(apart, both["own"], both["other"], periods_per_year=periods_per_year, draws=draws, seed=seed)


def comparison(apart: pd.Series, own: pd.Series, other: pd.Series, *, periods_per_year: float = 252, draws: int = 500, seed: int = 7) -> Comparison:
    """Sum differences of windows up, and what the returns of every period say of them.

    Parameters
    ----------
    apart
        Window -> yearly return of the first less that of the other, fraction.
    own, other
        Simple returns on the same periods, fraction, no NaN.
    periods_per_year, draws, seed
        As in `compared`.

    Returns
    -------
    Comparison
    """
    both = np.column_stack([own.to_numpy(dtype=np.float64), other.to_numpy(dtype=np.float64)])
    test = diebold_mariano_test(-own, -other)
    low, high = _interval(both, draws, seed, periods_per_year)
    ratios = sharpe(both, periods_per_year)
    lower, median, upper = np.quantile(apart, [0.05, 0.5, 0.95])
    return Comparison(apart, float((apart > 0).mean()), float(median), float(apart.min()), float(apart.max()), float(lower), float(upper),
                      -float(test["statistic"]), float(test["p_value"]), float(ratios[0] - ratios[1]), low, high)


def sharpe(cells: Floats, periods_per_year: float = 252) -> Floats:
    """Yearly Sharpe ratio of each column, nothing taken off; NaN where nothing varies."""
    spread = cells.std(axis=0, ddof=1)
    return np.asarray(cells.mean(axis=0) / np.where(spread > 1e-15, spread, np.nan) * np.sqrt(periods_per_year))


def probability_of_overfitting(returns: pd.DataFrame, *, parts: int = 10) -> float:
    """Chance that the best of several strategies in sample is below the median out of sample.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods, n_strategies), fraction, on the same periods.
    parts
        Blocks that time is cut into, an even number from 4 to 16, default 10: every half of them is the sample once.

    Returns
    -------
    float
        Probability; 0.5 is what choosing at random gives. NaN with fewer than two strategies.

    Notes
    -----
    Convention: ranked by the Sharpe ratio; a rank on the median counts half.

    Raises
    ------
    InvalidInput
        An odd number of parts, or one out of bounds.
    InsufficientHistory
        Fewer than two periods a part.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu 2017, "The probability of backtest overfitting", Journal of Computational Finance 20, sec. 2.

    Examples
    --------
    >>> rows = np.random.default_rng(1).normal(0.0, 0.01, (1000, 1)) + np.array([[0.002, 0.0, -0.002]])
    >>> probability_of_overfitting(pd.DataFrame(rows))
    0.0
    """
    if parts % 2 or not 4 <= parts <= MOST_PARTS:
        raise InvalidInput("parts", parts, f"is not an even number from 4 to {MOST_PARTS}", hint="Use 10")
    known = returns.dropna().to_numpy(dtype=np.float64)
    if len(known) < 2 * parts:
        raise InsufficientHistory("probability_of_overfitting", needed=2 * parts, found=len(known))
    if known.shape[1] < 2:
        return float("nan")
    return float(np.mean([_below(known, chosen) for chosen in _halves(known, parts)]))


def _halves(known: Floats, parts: int) -> Sequence[np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    block = np.minimum(np.arange(len(known)) * parts // len(known), parts - 1)
    return [np.isin(block, half) for half in combinations(range(parts), parts // 2)]


def _below(known: Floats, sample: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """Whether the best of the sample is in the lower half of the rest; a tie with the median counts half."""
    inside, outside = sharpe(known[sample]), sharpe(known[~sample])
    best = outside[int(np.nanargmax(inside))]
    middle = float(np.nanmedian(outside))
    return 0.5 if best == middle else float(best < middle)


def _yearly(cells: Floats, window: int, step: int, periods_per_year: float) -> Floats:
    """Yearly return over each window, shape (n_windows, n_columns)."""
    total = np.concatenate([np.zeros((1, cells.shape[1])), np.cumsum(np.log1p(np.maximum(cells, -1.0 + 1e-12)), axis=0)])
    starts = np.arange(0, len(cells) - window + 1, step)
    return np.asarray(np.expm1((total[starts + window] - total[starts]) * (periods_per_year / window)))


def _interval(cells: Floats, draws: int, seed: int, periods_per_year: float) -> tuple[float, float]:
    """Middle 90 % of the difference of the Sharpe ratios."""
    places = drawn_periods(len(cells), draws, len(cells) ** (1.0 / 3.0), "stationary", seed)
    first, second = (sharpe(cells[:, column][places], periods_per_year) for column in (0, 1))
    apart = (first - second)[np.isfinite(first - second)]
    if not len(apart):
        return float("nan"), float("nan")
    low, high = np.quantile(apart, [0.05, 0.95])
    return float(low), float(high)
