"""How much of the benchmark's rises and falls was taken, and how often."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.dispersion import periods_of
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.pair import Mask, Pair, beside, dots
from engine.risk.sample import Sample, quotient

CAPTURES = ("compounded", "annualised", "mean", "cumulative")


def up_capture(
    returns: Table, benchmark_returns: Table, *, method: str = "compounded", zero: str = "up", periods_per_year: float = 12
) -> Figure:
    """Return in periods in which the benchmark rose, over the benchmark's.

    Parameters
    ----------
    returns, benchmark_returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction, as a rule of months.
    method
        ``compounded`` (default): geometric mean returns of a period; ``annualised``: the same, of a year; ``mean``: arithmetic means;
        ``cumulative``: returns over all such periods.
    zero
        A period in which the benchmark stood still is ``up`` (default), ``down`` or ``neither``.
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
        A cell is not a number, an unknown choice, or periods a year not above zero.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Morningstar, Upside and Downside Capture Ratios methodology, where a month of 0 is an up month; Bacon, Practical Portfolio
    Performance Measurement and Attribution, 2nd ed., ch. 4 "Up capture".

    Examples
    --------
    >>> round(up_capture([0.02, -0.01, 0.02], [0.01, -0.02, 0.01]), 6)
    2.0
    """
    pair, periods = beside(returns, benchmark_returns), periods_of(periods_per_year)
    return figure_like(returns, capture_of(pair, "up", method, zero, periods), "up_capture")


def down_capture(
    returns: Table, benchmark_returns: Table, *, method: str = "compounded", zero: str = "up", periods_per_year: float = 12
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
    pair, periods = beside(returns, benchmark_returns), periods_of(periods_per_year)
    return figure_like(returns, capture_of(pair, "down", method, zero, periods), "down_capture")


def capture_ratio(
    returns: Table, benchmark_returns: Table, *, method: str = "compounded", zero: str = "up", periods_per_year: float = 12
) -> Figure:
    """Up capture over down capture.

    Parameters
    ----------
    returns, benchmark_returns, method, zero, periods_per_year
        As in `up_capture`.

    Returns
    -------
    float, Series or ndarray
        Above 1 more was taken of the rises than of the falls.

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
    >>> round(capture_ratio([0.02, -0.01, 0.02], [0.01, -0.02, 0.01]), 6)
    4.0
    """
    pair, periods = beside(returns, benchmark_returns), periods_of(periods_per_year)
    return figure_like(returns, capture_ratio_of(pair, method, zero, periods), "capture_ratio")


def capture_of(pair: Pair, way: str, method: str = "compounded", zero: str = "up", periods: float = 12.0) -> Floats:
    """Kernel of `up_capture` and `down_capture`."""
    one_of("method", method, CAPTURES)
    chosen = pair.up(zero) if way == "up" else pair.down(zero)
    count = dots(chosen, pair.own.known)
    held = np.where(count > 0, count, np.nan)
    if method == "mean":
        return quotient(dots(chosen, pair.own.filled) / held, dots(chosen, pair.theirs.filled) / held)
    spans = {"compounded": 1.0 / held, "annualised": periods / held, "cumulative": 0.0 * held + 1.0}[method]
    mine, theirs = (np.expm1(spans * _summed(side, logs, chosen)) for side, logs in zip((pair.own, pair.theirs), pair.logs, strict=True))
    return quotient(mine, theirs)


def capture_ratio_of(pair: Pair, method: str = "compounded", zero: str = "up", periods: float = 12.0) -> Floats:
    """Kernel of `capture_ratio`."""
    return quotient(capture_of(pair, "up", method, zero, periods), capture_of(pair, "down", method, zero, periods))


def _summed(side: Sample, logs: Floats, chosen: Mask) -> Floats:
    """Sum of ln(1 + r) over chosen periods; NaN where everything was lost in one of them."""
    total = dots(chosen, logs)
    return total if not side.losses_everything.any() else np.where(dots(chosen, side.filled <= -1.0) > 0, np.nan, total)


def up_number_ratio(returns: Table, benchmark_returns: Table, *, zero: str = "up") -> Figure:
    """Share of the benchmark's rises in which the returns rose too.

    Parameters
    ----------
    returns, benchmark_returns, zero
        As in `up_capture`.

    Returns
    -------
    float, Series or ndarray
        0 to 1; NaN without such a period.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `up_capture`.

    References
    ----------
    Bacon, 2nd ed., p. 47 "Up number ratio".

    Examples
    --------
    >>> up_number_ratio([0.02, -0.01, 0.02, -0.01], [0.01, 0.02, -0.01, 0.0])
    0.3333333333333333
    """
    return figure_like(returns, number_of(beside(returns, benchmark_returns), "up", zero), "up_number_ratio")


def down_number_ratio(returns: Table, benchmark_returns: Table, *, zero: str = "up") -> Figure:
    """Share of the benchmark's falls in which the returns fell too.

    Parameters
    ----------
    returns, benchmark_returns, zero
        As in `up_capture`.

    Returns
    -------
    float, Series or ndarray
        0 to 1, the lower the better; NaN without such a period.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `up_capture`.

    References
    ----------
    Bacon, 2nd ed., p. 47 "Down number ratio".

    Examples
    --------
    >>> down_number_ratio([0.02, -0.01, 0.02, -0.01], [0.01, -0.02, -0.01, 0.0])
    0.5
    """
    return figure_like(returns, number_of(beside(returns, benchmark_returns), "down", zero), "down_number_ratio")


def number_of(pair: Pair, way: str, zero: str = "up") -> Floats:
    """Kernel of `up_number_ratio` and `down_number_ratio`."""
    cells = pair.own.cells
    return _share(pair, way, zero, cells > 0 if way == "up" else cells < 0)


def up_percentage_ratio(returns: Table, benchmark_returns: Table, *, zero: str = "up") -> Figure:
    """Share of the benchmark's rises in which it was beaten.

    Parameters
    ----------
    returns, benchmark_returns, zero
        As in `up_capture`.

    Returns
    -------
    float, Series or ndarray
        0 to 1; NaN without such a period.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `up_capture`.

    References
    ----------
    Bacon, 2nd ed., p. 48 "Up percentage ratio".

    Examples
    --------
    >>> up_percentage_ratio([0.02, 0.01, 0.02], [0.01, 0.02, -0.01])
    0.5
    """
    return figure_like(returns, percentage_of(beside(returns, benchmark_returns), "up", zero), "up_percentage_ratio")


def down_percentage_ratio(returns: Table, benchmark_returns: Table, *, zero: str = "up") -> Figure:
    """Share of the benchmark's falls in which it was beaten.

    Parameters
    ----------
    returns, benchmark_returns, zero
        As in `up_capture`.

    Returns
    -------
    float, Series or ndarray
        0 to 1; NaN without such a period.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `up_capture`.

    References
    ----------
    Bacon, 2nd ed., p. 48 "Down percentage ratio".

    Examples
    --------
    >>> down_percentage_ratio([-0.02, 0.01, 0.02], [-0.01, 0.02, -0.01])
    0.5
    """
    return figure_like(returns, percentage_of(beside(returns, benchmark_returns), "down", zero), "down_percentage_ratio")


def percentage_of(pair: Pair, way: str, zero: str = "up") -> Floats:
    """Kernel of `up_percentage_ratio` and `down_percentage_ratio`."""
    return _share(pair, way, zero, pair.own.cells > pair.theirs.cells)


def _share(pair: Pair, way: str, zero: str, those: Mask) -> Floats:
    """Share of those periods among the benchmark's rises or falls."""
    chosen = pair.up(zero) if way == "up" else pair.down(zero)
    return quotient(dots(chosen, those), dots(chosen, pair.own.known))


BENCHMARK, MORNINGSTAR, PAGES = "Benchmark", "Morningstar; Bacon 2008, ch. 4", "Bacon 2008, p. 47"
TERMS: tuple[Term, ...] = (
    Term("up_capture", "Up capture", BENCHMARK, "ratio", "Mean return while the benchmark rose, over its own.", MORNINGSTAR, 12, "high",
         relative=True),
    Term("down_capture", "Down capture", BENCHMARK, "ratio", "Mean return while the benchmark fell, over its own.", MORNINGSTAR, 12, "low",
         relative=True),
    Term("capture_ratio", "Capture ratio", BENCHMARK, "ratio", "Up capture over down capture.", MORNINGSTAR, 12, "high", relative=True),
    Term("up_number_ratio", "Rises shared", BENCHMARK, "fraction", "Share of the benchmark's rises in which the returns rose too.", PAGES, 12, "high",
         relative=True),
    Term("down_number_ratio", "Falls shared", BENCHMARK, "fraction", "Share of the benchmark's falls in which the returns fell.", PAGES, 12, "low",
         relative=True),
    Term("up_percentage_ratio", "Rises beaten", BENCHMARK, "fraction", "Share of the benchmark's rises in which it was beaten.", PAGES, 12, "high",
         relative=True),
    Term("down_percentage_ratio", "Falls beaten", BENCHMARK, "fraction", "Share of the benchmark's falls in which it was beaten.", PAGES, 12, "high",
         relative=True),
)
