"""Means over the episodes of drawdown: how deep, how long, how fast made good."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.risk.catalogue import Term
from engine.risk.falls import clock_of, episodes_of, levels_of, valleys_of
from engine.risk.sample import Sample, quotient, sample


def average_drawdown(returns: Table, *, episodes: str = "peak", compounded: bool = True, peak_start: str = "one") -> Figure:
    """Mean depth of the episodes of drawdown.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    episodes
        ``peak`` (default): from a peak until wealth is back at it, as PerformanceAnalytics and pyfolio count; ``losing``: each run of periods
        with a return below zero, as Bacon counts.
    compounded, peak_start
        As in `drawdown_series`.

    Returns
    -------
    float, Series or ndarray
        Fraction < 0; NaN where there is no episode.

    Notes
    -----
    Convention: the mean of episodes, not of days; that of days is `pain_index`. An episode that lasts counts as deep as it is by now.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown choice.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 88; PerformanceAnalytics, `AverageDrawdown`.

    Examples
    --------
    >>> round(average_drawdown([0.1, -0.2, 0.5, -0.1]), 6)
    -0.15
    """
    found = average_drawdown_of(sample(returns), episodes=episodes, compounded=compounded, peak_start=peak_start)
    return figure_like(returns, found, "average_drawdown")


def average_drawdown_length(
    returns: Table, *, lengths: str = "periods", episodes: str = "peak", compounded: bool = True, peak_start: str = "one"
) -> Figure:
    """Mean time from a peak until wealth is back at it.

    Parameters
    ----------
    returns, episodes, compounded, peak_start
        As in `average_drawdown`.
    lengths
        In ``periods`` (default) or in calendar ``days``.

    Returns
    -------
    float, Series or ndarray
        Periods or days; NaN where there is no episode.

    Notes
    -----
    Convention: an episode that lasts counts to the last return.

    Raises
    ------
    InvalidInput
        As in `average_drawdown`, or days of returns without dates.

    References
    ----------
    PerformanceAnalytics, `AverageLength`.

    Examples
    --------
    >>> average_drawdown_length([0.1, -0.2, 0.5, -0.1])
    1.5
    """
    clock = clock_of(returns, lengths)
    found = average_drawdown_length_of(sample(returns), clock, episodes=episodes, compounded=compounded, peak_start=peak_start)
    return figure_like(returns, found, "average_drawdown_length")


def average_recovery(returns: Table, *, lengths: str = "periods", compounded: bool = True, peak_start: str = "one") -> Figure:
    """Mean time from the valley of a drawdown until its peak is back.

    Parameters
    ----------
    returns, compounded, peak_start
        As in `average_drawdown`.
    lengths
        In ``periods`` (default) or in calendar ``days``.

    Returns
    -------
    float, Series or ndarray
        Periods or days; NaN where nothing was made good yet.

    Notes
    -----
    Convention: only episodes that have a recovery; PerformanceAnalytics adds one that lasts, to the period after the last.

    Raises
    ------
    InvalidInput
        As in `average_drawdown`, or days of returns without dates.

    References
    ----------
    PerformanceAnalytics, `AverageRecovery`.

    Examples
    --------
    >>> average_recovery([0.1, -0.2, 0.1, 0.5, -0.1])
    2.0
    """
    found = average_recovery_of(sample(returns), clock_of(returns, lengths), compounded=compounded, peak_start=peak_start)
    return figure_like(returns, found, "average_recovery")


def drawdown_deviation(returns: Table, *, episodes: str = "peak", compounded: bool = True, peak_start: str = "one") -> Figure:
    """Root of the sum of squared depths of the episodes over the periods.

    Parameters
    ----------
    returns, episodes, compounded, peak_start
        As in `average_drawdown`.

    Returns
    -------
    float, Series or ndarray
        Fraction; 0 where wealth never fell, NaN without any return.

    Notes
    -----
    Convention: divided by the periods that have a return, not by the episodes.

    Raises
    ------
    InvalidInput
        As in `average_drawdown`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 88 "Drawdown deviation".

    Examples
    --------
    >>> round(drawdown_deviation([0.1, -0.2, 0.5, -0.1]), 6)
    0.111803
    """
    found = drawdown_deviation_of(sample(returns), episodes=episodes, compounded=compounded, peak_start=peak_start)
    return figure_like(returns, found, "drawdown_deviation")


def drawdown_count(returns: Table, *, episodes: str = "peak", compounded: bool = True, peak_start: str = "one") -> Figure:
    """Count the episodes of drawdown.

    Parameters
    ----------
    returns, episodes, compounded, peak_start
        As in `average_drawdown`.

    Returns
    -------
    float, Series or ndarray
        A number; NaN without any return.

    Notes
    -----
    Convention: one that lasts counts.

    Raises
    ------
    InvalidInput
        As in `average_drawdown`.

    References
    ----------
    PerformanceAnalytics, `findDrawdowns`.

    Examples
    --------
    >>> drawdown_count([0.1, -0.2, 0.5, -0.1])
    2.0
    """
    found = drawdown_count_of(sample(returns), episodes=episodes, compounded=compounded, peak_start=peak_start)
    return figure_like(returns, found, "drawdown_count")


def average_drawdown_of(at: Sample, *, episodes: str = "peak", compounded: bool = True, peak_start: str = "one") -> Floats:
    """Average the depths of a sample's episodes; see `average_drawdown`."""
    found = episodes_of(at, kind=episodes, compounded=compounded, peak_start=peak_start)
    return found.mean(found.depth)


def average_drawdown_length_of(
    at: Sample, clock: Floats | None = None, *, episodes: str = "peak", compounded: bool = True, peak_start: str = "one"
) -> Floats:
    """Average the lengths of a sample's episodes; see `average_drawdown_length`."""
    found = episodes_of(at, kind=episodes, compounded=compounded, peak_start=peak_start)
    return found.mean(found.lasted(clock))


def average_recovery_of(at: Sample, clock: Floats | None = None, *, compounded: bool = True, peak_start: str = "one") -> Floats:
    """Average the recoveries of a sample's episodes; see `average_recovery`."""
    found = episodes_of(at, compounded=compounded, peak_start=peak_start)
    clock = np.arange(len(at.cells) + 1, dtype=np.float64) if clock is None else clock
    valley = valleys_of(found, levels_of(at, compounded=compounded, peak_start=peak_start))
    return found.mean(clock[found.end + 1] - clock[valley + 1], found.recovered)


def drawdown_squares_of(at: Sample, *, episodes: str = "peak", compounded: bool = True, peak_start: str = "one") -> Floats:
    """Sum the squared depths of a sample's episodes."""
    found = episodes_of(at, kind=episodes, compounded=compounded, peak_start=peak_start)
    return found.total(found.depth**2)


def drawdown_deviation_of(at: Sample, *, episodes: str = "peak", compounded: bool = True, peak_start: str = "one") -> Floats:
    """Spread of the depths of a sample's episodes; see `drawdown_deviation`."""
    return np.sqrt(quotient(drawdown_squares_of(at, episodes=episodes, compounded=compounded, peak_start=peak_start), at.atleast(1)))


def drawdown_count_of(at: Sample, *, episodes: str = "peak", compounded: bool = True, peak_start: str = "one") -> Floats:
    """Count a sample's episodes; see `drawdown_count`."""
    found = episodes_of(at, kind=episodes, compounded=compounded, peak_start=peak_start)
    return np.where(at.counts > 0, found.total(np.ones(found.series.size)), np.nan)


_BACON = "Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 88"

TERMS: tuple[Term, ...] = (
    Term("drawdown_count", "Drawdowns", "Drawdown", "number", "How many times wealth fell below a peak.", "PerformanceAnalytics, findDrawdowns", 2),
    Term("average_drawdown", "Average drawdown", "Drawdown", "fraction", "Mean depth of the falls from a peak.", _BACON, 20, "high"),
    Term("average_drawdown_length", "Average drawdown length", "Drawdown", "periods", "Mean periods from a peak until wealth was back at it.",
         "PerformanceAnalytics, AverageLength", 20, "low"),
    Term("average_recovery", "Average recovery", "Drawdown", "periods", "Mean periods from the valley until wealth was back at its peak.",
         "PerformanceAnalytics, AverageRecovery", 20, "low"),
    Term("drawdown_deviation", "Drawdown deviation", "Drawdown", "fraction", "Root of the squared depths of the falls over the periods.", _BACON,
         20, "low"),
)
