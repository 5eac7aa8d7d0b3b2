"""Returns less the benchmark's: how much more, how steadily, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like
from engine.dispersion import periods_of
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.pair import Pair, a_year_of, beside, grown_a_year
from engine.risk.sample import Sample, quotient

EXCESSES = ("arithmetic", "geometric")
MEANS = ("arithmetic", "compounded", "annualised")


def active_return(
    returns: Table, benchmark_returns: Table, *, excess: str = "arithmetic", method: str = "arithmetic", periods_per_year: float = 252
) -> Figure:
    """Return a year above the benchmark's.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    excess
        ``arithmetic`` (default): r - b; ``geometric``: (1 + r) / (1 + b) - 1.
    method
        ``arithmetic`` (default): mean of a period times the periods; ``compounded``: compounded from that mean; ``annualised``: from the
        compounded returns a year of both.
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
        A cell is not a number, an unknown choice, or periods a year not above zero.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Grinold and Kahn, Active Portfolio Management, 2nd ed., ch. 5; Bacon, Practical Portfolio Performance Measurement and Attribution,
    2nd ed., ch. 2 for the geometric excess.

    Examples
    --------
    >>> round(active_return([0.02, 0.01, 0.03], [0.01, 0.02, 0.0], periods_per_year=1), 6)
    0.01
    """
    periods = periods_of(periods_per_year)
    return figure_like(returns, active_of(beside(returns, benchmark_returns), periods, excess, method), "active_return")


def active_of(pair: Pair, periods: float, excess: str = "arithmetic", method: str = "arithmetic") -> Floats:
    """Kernel of `active_return`."""
    one_of("method", method, MEANS)
    if method != "annualised":
        return a_year_of(excess_of(pair, excess).mean, periods, method)
    mine, theirs = grown_a_year(pair.own, periods), grown_a_year(pair.theirs, periods)
    one_of("excess", excess, EXCESSES)
    return np.asarray(mine - theirs if excess == "arithmetic" else quotient(1.0 + mine, 1.0 + theirs) - 1.0)


def excess_of(pair: Pair, excess: str) -> Sample:
    """Give the returns above the benchmark's in one of both ways."""
    one_of("excess", excess, EXCESSES)
    return pair.active if excess == "arithmetic" else pair.relative


def tracking_error(
    returns: Table, benchmark_returns: Table, *, ddof: int = 1, periods_per_year: float = 252, excess: str = "arithmetic"
) -> Figure:
    """Yearly standard deviation of returns less the benchmark's.

    Parameters
    ----------
    returns, benchmark_returns, excess, periods_per_year
        As in `active_return`.
    ddof
        1 (default) for a sample, 0 for a population.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: periods that both have; labelled ones are matched by their labels, which must be the same.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `active_return`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4 "Tracking error".

    Examples
    --------
    >>> round(tracking_error([0.02, 0.01, 0.03], [0.01, 0.02, 0.0], periods_per_year=1), 6)
    0.02
    """
    periods = periods_of(periods_per_year)
    return figure_like(returns, tracking_of(beside(returns, benchmark_returns), periods, excess, ddof), "tracking_error")


def tracking_of(pair: Pair, periods: float, excess: str = "arithmetic", ddof: int = 1) -> Floats:
    """Kernel of `tracking_error`; what only rounding makes is 0."""
    over = excess_of(pair, excess)
    spread, scale = over.deviation(ddof), np.maximum(np.abs(pair.own.highest), np.abs(pair.own.lowest))
    return np.asarray(np.where(spread <= 1e-14 * scale, 0.0 * spread, spread) * np.sqrt(periods))


def information_ratio(
    returns: Table,
    benchmark_returns: Table,
    *,
    ddof: int = 1,
    periods_per_year: float = 252,
    excess: str = "arithmetic",
    method: str = "arithmetic",
) -> Figure:
    """Mean return above the benchmark's over the tracking error, both a year.

    Parameters
    ----------
    returns, benchmark_returns, excess, method, periods_per_year
        As in `active_return`.
    ddof
        As in `tracking_error`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a tracking error.

    Notes
    -----
    Convention: arithmetic excess, its mean times the periods of a year. Without annualising: `periods_per_year` of 1.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `active_return`.

    References
    ----------
    Goodwin, The Information Ratio (1998), Financial Analysts Journal 54(4); Bacon, 2nd ed., ch. 4, the geometric one too.

    Examples
    --------
    >>> round(information_ratio([0.02, 0.01, 0.03], [0.01, 0.02, 0.0], periods_per_year=1), 6)
    0.5
    """
    pair = beside(returns, benchmark_returns)
    return figure_like(returns, information_of(pair, periods_of(periods_per_year), excess, method, ddof), "information_ratio")


def information_of(pair: Pair, periods: float, excess: str = "arithmetic", method: str = "arithmetic", ddof: int = 1) -> Floats:
    """Kernel of `information_ratio`."""
    return quotient(active_of(pair, periods, excess, method), tracking_of(pair, periods, excess, ddof))


def batting_average(returns: Table, benchmark_returns: Table) -> Figure:
    """Share of periods with more than the benchmark's return.

    Parameters
    ----------
    returns, benchmark_returns
        As in `active_return`.

    Returns
    -------
    float, Series or ndarray
        0 to 1; NaN where nothing is known of both.

    Notes
    -----
    Convention: as much is not more.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `active_return`.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Percentage gain ratio"; Amenc and Le Sourd, Portfolio Theory and Performance Analysis (2003).

    Examples
    --------
    >>> batting_average([0.02, 0.01, 0.03, 0.0], [0.01, 0.02, 0.0, 0.0])
    0.5
    """
    return figure_like(returns, batting_of(beside(returns, benchmark_returns)), "batting_average")


def batting_of(pair: Pair) -> Floats:
    """Kernel of `batting_average`."""
    beaten = pair.own.cells > pair.theirs.cells
    return np.asarray(beaten.sum(axis=0) / pair.own.atleast(1))


def probability_of_outperformance(returns: Table, benchmark_returns: Table, *, horizon: int = 12) -> Figure:
    """Share of all windows of some periods in which the benchmark was beaten.

    Parameters
    ----------
    returns, benchmark_returns
        As in `active_return`, as a rule of months.
    horizon
        Periods of a window, default 12.

    Returns
    -------
    float, Series or ndarray
        0 to 1: how often an investor of any start was ahead after the horizon; NaN where no window is full.

    Notes
    -----
    Convention: compounded over each window of known periods; windows overlap; as much is not more.

    Raises
    ------
    InvalidInput
        As in `active_return`, or a horizon below 1.
    MisalignedSeries
        As in `active_return`.

    References
    ----------
    Carl and Peterson, PerformanceAnalytics, table.ProbOutPerformance.

    Examples
    --------
    >>> probability_of_outperformance([0.02, 0.01, 0.03, 0.0], [0.01, 0.03, 0.0, 0.0], horizon=2)
    0.6666666666666666
    """
    if not (isinstance(horizon, int | np.integer) and horizon >= 1):
        raise InvalidInput("horizon", horizon, "is not a number of periods", hint="Use 12 for a year of months")
    return figure_like(returns, outperformance_of(beside(returns, benchmark_returns), int(horizon)), "probability_of_outperformance")


def outperformance_of(pair: Pair, horizon: int = 12) -> Floats:
    """Kernel of `probability_of_outperformance`."""
    led = _led(pair)
    if len(led) < horizon:
        return np.full(led.shape[1], np.nan)
    ahead = led[horizon - 1 :].copy()
    ahead[1:] -= led[:-horizon]
    full = np.arange(horizon, len(led) + 1)[:, None] <= pair.counts
    wins = np.count_nonzero((ahead > 1e-13) & full, axis=0).astype(np.float64)
    return quotient(wins, np.maximum(pair.counts - horizon + 1.0, 0.0))


def _led(pair: Pair) -> Floats:
    """Sum the logarithms by which the returns are ahead so far, known periods first; a loss of everything is a very large one."""
    lost = pair.own.losses_everything.any() or pair.theirs.losses_everything.any()
    if pair.own.known.all() and not lost:
        return np.cumsum(pair.logs[0] - pair.logs[1], axis=0)
    mine, theirs = (np.log1p(np.maximum(side, -1.0 + 1e-16)) for side in pair.packed)
    return np.cumsum(mine - theirs, axis=0)


def active_share(weights: Any, benchmark_weights: Any) -> Figure:  # noqa: ANN401 - weights by name
    """Half of all differences of weight: the part that is not the benchmark.

    Parameters
    ----------
    weights
        Mapping or Series name -> weight, fraction; a frame has one column a portfolio.
    benchmark_weights
        Mapping or Series name -> weight of the benchmark's constituents.

    Returns
    -------
    float or Series
        0 where both hold the same, 1 where nothing is shared, for weights that add up to 1.

    Notes
    -----
    Convention: what only one of both holds has the weight 0 in the other; a weight that is not known makes the answer NaN.

    Raises
    ------
    InvalidInput
        A weight is not a number.

    References
    ----------
    Cremers and Petajisto, How Active Is Your Fund Manager? (2009), Review of Financial Studies 22, eq. 1.

    Examples
    --------
    >>> round(active_share({"A": 0.5, "B": 0.5}, {"A": 0.25, "C": 0.75}), 6)
    0.75
    """
    own, theirs = (pd.Series(dict(side)) if isinstance(side, Mapping) else side for side in (weights, benchmark_weights))
    names = own.index.union(theirs.index)
    held, held_there = (cells_of(side.reindex(names, fill_value=0.0), field, ordered=False)
                        for side, field in ((own, "weights"), (theirs, "benchmark_weights")))
    shares = 0.5 * np.abs(held - held_there).sum(axis=0) if len(names) else np.full(held.shape[1], np.nan)
    return pd.Series(shares, index=own.columns, name="active_share") if isinstance(own, pd.DataFrame) else float(shares[0])


BENCHMARK = "Benchmark"
TERMS: tuple[Term, ...] = (
    Term("active_return", "Active return", BENCHMARK, "fraction", "Return a year above the benchmark's.", "Grinold and Kahn", 30, "high",
         relative=True),
    Term("tracking_error", "Tracking error", BENCHMARK, "fraction", "How far returns stray from the benchmark's.", "Bacon 2008, ch. 4", 30, "",
         relative=True),
    Term("information_ratio", "Information ratio", BENCHMARK, "ratio", "Active return over tracking error.", "Goodwin 1998", 60, "high",
         relative=True),
    Term("batting_average", "Batting average", BENCHMARK, "fraction", "Share of periods with more than the benchmark's return.", "Bacon 2008, ch. 4",
         30, "high", relative=True),
    Term("probability_of_outperformance", "Windows ahead", BENCHMARK, "fraction", "Share of all windows of 12 periods that beat the benchmark.",
         "PerformanceAnalytics", 24, "high", relative=True),
)
