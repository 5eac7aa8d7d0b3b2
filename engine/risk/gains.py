"""What was gained, as a sheet begins: how many returns there are, what they compound to, their means, their best and worst month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.calendar_returns import linked_by, period_codes
from engine.columns import Figure, Floats, Table, figure_like
from engine.dispersion import periods_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, quotient, sample


def observations(returns: Table) -> Figure:
    """Count the returns that are known.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        A number, 0 without any.

    Notes
    -----
    Convention: a figure of the catalogue says below how many it says little.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    School arithmetic.

    Examples
    --------
    >>> observations([0.02, None, 0.03])
    2.0
    """
    return figure_like(returns, sample(returns).counts, "observations")


def arithmetic_mean_of(at: Sample, periods_per_year: float = 252) -> Floats:
    """Kernel of `arithmetic_mean`."""
    return at.mean * periods_of(periods_per_year)


def geometric_mean_of(at: Sample, periods_per_year: float = 252) -> Floats:
    """Kernel of `geometric_mean`: a missing period is no time."""
    growth = at.log_growth[-1] if len(at.cells) else np.full(at.cells.shape[1], np.nan)
    with np.errstate(over="ignore"):
        found: Floats = np.expm1(np.where(at.lowest >= -1.0, growth, np.nan) * periods_of(periods_per_year) / at.atleast(1))
    return np.where(np.isfinite(found), found, np.nan)


def share_positive_of(at: Sample) -> Floats:
    """Kernel of `share_positive`."""
    return quotient(at.above(0.0, 0), at.atleast(1))


def longest_streak_of(at: Sample, *, up: bool = True) -> Floats:
    """Kernel of `longest_streak`."""
    chosen = at.filled > 0 if up else at.filled < 0
    place = np.arange(1, len(chosen) + 1, dtype=np.int32)[:, None]
    broken = np.maximum.accumulate(np.where(chosen, np.int32(0), place), axis=0)
    return np.asarray((place - broken).max(axis=0, initial=0), dtype=np.float64)


def months_of(at: Sample, index: pd.Index) -> Sample:
    """Link the returns of a sample to those of months; nothing where its labels are no dates."""
    if not isinstance(index, pd.DatetimeIndex) or not len(index):
        return Sample(np.zeros((0, at.cells.shape[1])))
    return Sample(linked_by(at.cells, period_codes(index, "month"))[0])


_ROOM = "Return"

TERMS: tuple[Term, ...] = (
    Term("observations", "Observations", _ROOM, "number", "How many returns there are.", "School arithmetic", 1),
    Term("cumulative_return", "Cumulative return", _ROOM, "fraction", "What all returns compound to.", "CFA curriculum", 1, "high"),
    Term("annualised_return", "Annualised return", _ROOM, "fraction", "Constant return of a year that leads to the same wealth.", "GIPS 2020",
         252, "high"),
    Term("arithmetic_mean", "Mean return a year", _ROOM, "fraction", "Mean return of a period times the periods of a year.", "CFA curriculum", 20,
         "high"),
    Term("geometric_mean", "Geometric mean a year", _ROOM, "fraction", "Constant return that leads to the same wealth, over the known periods.",
         "CFA curriculum", 20, "high"),
    Term("share_positive", "Positive periods", _ROOM, "fraction", "Share of the periods with a return above zero.", "Bacon 2008", 20, "high"),
    Term("longest_streak", "Longest streak of gains", _ROOM, "periods", "Most periods in a row with a return above zero.", "Bacon 2008", 20, "high"),
    Term("best_period", "Best month", _ROOM, "fraction", "Highest return of a month.", "Bacon 2008", 20, "high"),
    Term("worst_period", "Worst month", _ROOM, "fraction", "Lowest return of a month.", "Bacon 2008", 20, "high"),
)  # fmt: skip
