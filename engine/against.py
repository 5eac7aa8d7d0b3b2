"""Returns beside a benchmark's: how far they stray from it, what that pays, and how much of its ups and downs they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like
from engine.dispersion import periods_of, spread
from engine.errors import MisalignedSeries
from engine.returns import known_counts, one_of

CAPTURES = ("compounded", "annualised", "mean")
ZEROS = ("neither", "up", "down")


def tracking_error(returns: Table, benchmark_returns: Table, *, ddof: int = 1, periods_per_year: float = 252) -> Figure:
    """Yearly standard deviation of returns less the benchmark's.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    ddof
        1 (default) for a sample, 0 for a population.
    periods_per_year
        252 (default) for trading days, 12 for months.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: periods that both have; labelled ones are matched by their labels, which must be the same.

    Raises
    ------
    InvalidInput
        A cell is not a number, or periods a year not above zero.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4 "Tracking error".

    Examples
    --------
    >>> round(tracking_error([0.02, 0.01, 0.03], [0.01, 0.02, 0.0], periods_per_year=1), 6)
    0.02
    """
    active = _active(returns, benchmark_returns)
    return figure_like(returns, spread(active, ddof) * np.sqrt(periods_of(periods_per_year)), "tracking_error")


def information_ratio(returns: Table, benchmark_returns: Table, *, ddof: int = 1, periods_per_year: float = 252) -> Figure:
    """Mean return above the benchmark's over the tracking error, both a year.

    Parameters
    ----------
    returns, benchmark_returns, ddof, periods_per_year
        As in `tracking_error`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a tracking error.

    Notes
    -----
    Convention: arithmetic excess, its mean times the periods of a year.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `tracking_error`.

    References
    ----------
    Goodwin, The Information Ratio (1998), Financial Analysts Journal 54(4); Bacon, 2nd ed., ch. 4.

    Examples
    --------
    >>> round(information_ratio([0.02, 0.01, 0.03], [0.01, 0.02, 0.0], periods_per_year=1), 6)
    0.5
    """
    active = _active(returns, benchmark_returns)
    counts = known_counts(active)
    error = spread(active, ddof) * np.sqrt(periods_of(periods_per_year))
    mean = np.nansum(active, axis=0) / np.maximum(counts, 1.0)
    return figure_like(returns, mean * periods_per_year / np.where(error > 0, error, np.nan), "information_ratio")


def up_capture(
    returns: Table, benchmark_returns: Table, *, method: str = "compounded", zero: str = "neither", periods_per_year: float = 12
) -> Figure:
    """Return in periods in which the benchmark rose, over the benchmark's.

    Parameters
    ----------
    returns, benchmark_returns
        Simple returns of periods, as a rule months, as in `tracking_error`.
    method
        ``compounded`` (default): geometric mean returns of a period; ``annualised``: the same, of a year; ``mean``: arithmetic means.
    zero
        A period in which the benchmark stood still is ``neither`` (default), ``up`` or ``down``.
    periods_per_year
        12 (default) for months; for ``annualised``.

    Returns
    -------
    float, Series or ndarray
        Ratio, 1 is all of it; NaN without such a period.

    Notes
    -----
    Convention: periods that both have. NaN where a period lost everything, which has no geometric mean.

    Raises
    ------
    InvalidInput
        An unknown choice, or periods a year not above zero.
    MisalignedSeries
        As in `tracking_error`.

    References
    ----------
    Morningstar, Upside and Downside Capture Ratios methodology; Bacon, 2nd ed., ch. 4 "Up capture".

    Examples
    --------
    >>> round(up_capture([0.02, -0.01, 0.02], [0.01, -0.02, 0.01]), 6)
    2.0
    """
    return _capture(returns, benchmark_returns, "up", method, zero, periods_per_year)


def down_capture(
    returns: Table, benchmark_returns: Table, *, method: str = "compounded", zero: str = "neither", periods_per_year: float = 12
) -> Figure:
    """Return in periods in which the benchmark fell, over the benchmark's.

    Parameters
    ----------
    returns, benchmark_returns, method, zero, periods_per_year
        As in `up_capture`.

    Returns
    -------
    float, Series or ndarray
        Ratio: below 1 less was lost than by the benchmark.

    Notes
    -----
    Convention: as in `up_capture`.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `up_capture`.

    References
    ----------
    As in `up_capture`.

    Examples
    --------
    >>> round(down_capture([0.02, -0.01, 0.02], [0.01, -0.02, 0.01]), 6)
    0.5
    """
    return _capture(returns, benchmark_returns, "down", method, zero, periods_per_year)


def _pair(returns: Table, benchmark_returns: Table) -> tuple[Floats, Floats]:
    """Both as matrices of one shape, NaN where either has none."""
    mine, theirs = cells_of(returns), cells_of(benchmark_returns, "benchmark_returns")
    if len(mine) != len(theirs) or theirs.shape[1] not in {1, mine.shape[1]}:
        raise MisalignedSeries("returns", "benchmark_returns", reason=f"{mine.shape} against {theirs.shape}")
    sides: list[Any] = [returns, benchmark_returns]
    if all(isinstance(side, pd.Series | pd.DataFrame) for side in sides) and not sides[0].index.equals(sides[1].index):
        raise MisalignedSeries("returns", "benchmark_returns", reason="their labels differ")
    theirs = np.broadcast_to(theirs, mine.shape)
    unknown = np.isnan(mine) | np.isnan(theirs)
    return np.where(unknown, np.nan, mine), np.where(unknown, np.nan, theirs)


def _active(returns: Table, benchmark_returns: Table) -> Floats:
    mine, theirs = _pair(returns, benchmark_returns)
    active: Floats = mine - theirs
    return active


def _capture(returns: Table, benchmark_returns: Table, way: str, method: str, zero: str, periods_per_year: float) -> Figure:
    one_of("method", method, CAPTURES)
    one_of("zero", zero, ZEROS)
    mine, theirs = _pair(returns, benchmark_returns)
    chosen = theirs > 0 if way == "up" else theirs < 0
    chosen |= (theirs == 0) & (zero == way)
    periods = periods_of(periods_per_year) if method == "annualised" else 1.0
    means = [_mean(np.where(chosen, cells, np.nan), method, periods) for cells in (mine, theirs)]
    return figure_like(returns, means[0] / np.where(means[1] == 0, np.nan, means[1]), f"{way}_capture")


def _mean(cells: Floats, method: str, periods: float) -> Floats:
    """Mean of what is known of columns, geometric or arithmetic; NaN where nothing is, or where everything was lost."""
    counts = known_counts(cells)
    if method == "mean":
        arithmetic: Floats = np.nansum(cells, axis=0) / np.where(counts > 0, counts, np.nan)
        return arithmetic
    lost = (cells <= -1).any(axis=0)
    logs = np.log1p(np.where(np.isnan(cells) | (cells <= -1), 0.0, cells)).sum(axis=0)
    geometric: Floats = np.expm1(periods * logs / np.where((counts > 0) & ~lost, counts, np.nan))
    return geometric
