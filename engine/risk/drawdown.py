"""Falls from a running peak: day by day, now, the deepest, and how much of the time."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like, series_like
from engine.risk.catalogue import Term
from engine.risk.falls import clock_of, deepest_of, episodes_of, falls_of, levels_of
from engine.risk.sample import Sample, quotient, sample


def drawdown_series(returns: Table, *, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Figure:
    """Fall of wealth from its running peak, after each period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    compounded
        Wealth is the product of 1 + r (default), or 1 + the sum of r.
    peak_start
        The first peak is ``one``, the wealth before the first return (default), or ``first``, the wealth after it.
    relative
        As a fraction of the peak (default), or as the difference from it: with `compounded` off the absolute drawdown of Chekhlov, which
        skfolio and Riskfolio take by default.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index, fraction <= 0.

    Notes
    -----
    Convention: 0 at a peak, -0.2 a fifth below it. A missing return is NaN in its place and leaves wealth as it was.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown `peak_start`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4; Magdon-Ismail and Atiya 2004, "Maximum drawdown";
    Chekhlov, Uryasev and Zabarankin 2005, "Drawdown measure in portfolio optimization", eq. 2.1.

    Examples
    --------
    >>> drawdown_series([0.1, -0.2, 0.25]).round(6).tolist()
    [0.0, -0.2, 0.0]
    """
    falls = falls_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative)
    return series_like(returns, falls.astype(np.float64))


def max_drawdown(returns: Table, *, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Figure:
    """Deepest fall of wealth from a running peak.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    compounded, peak_start, relative
        As in `drawdown_series`.

    Returns
    -------
    float, Series or ndarray
        Fraction <= 0; NaN without any return.

    Notes
    -----
    Convention: the smallest of `drawdown_series`.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`.

    References
    ----------
    As in `drawdown_series`.

    Examples
    --------
    >>> round(max_drawdown([0.1, -0.2, 0.1, -0.1]), 6)
    -0.208
    """
    deepest = deepest_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative)
    return figure_like(returns, deepest, "max_drawdown")


def current_drawdown(returns: Table, *, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Figure:
    """Fall of wealth from its running peak after the last return.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    compounded, peak_start, relative
        As in `drawdown_series`.

    Returns
    -------
    float, Series or ndarray
        Fraction <= 0; NaN without any return.

    Notes
    -----
    Convention: the last of `drawdown_series` that is known.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`.

    References
    ----------
    As in `drawdown_series`.

    Examples
    --------
    >>> round(current_drawdown([0.1, -0.2, 0.1]), 6)
    -0.12
    """
    found = current_drawdown_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative)
    return figure_like(returns, found, "current_drawdown")


def longest_drawdown(returns: Table, *, lengths: str = "periods", compounded: bool = True, peak_start: str = "one") -> Figure:
    """Longest time from a peak until wealth was back at it.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    lengths
        In ``periods`` (default) or in calendar ``days``.
    compounded, peak_start
        As in `drawdown_series`.

    Returns
    -------
    float, Series or ndarray
        Periods or days, 0 where wealth never fell; NaN without any return.

    Notes
    -----
    Convention: from the peak to the recovery; one that lasts counts to the last return.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`, or days of returns without dates.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4 "Drawdown duration"; pyfolio, `gen_drawdown_table`.

    Examples
    --------
    >>> longest_drawdown([0.1, -0.2, 0.1, 0.3])
    3.0
    """
    clock = clock_of(returns, lengths)
    found = longest_drawdown_of(sample(returns), clock, compounded=compounded, peak_start=peak_start)
    return figure_like(returns, found, "longest_drawdown")


def under_water(returns: Table, *, compounded: bool = True, peak_start: str = "one") -> Figure:
    """Share of the periods that ended below a peak.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    compounded, peak_start
        As in `drawdown_series`.

    Returns
    -------
    float, Series or ndarray
        Fraction of the periods that have a return; NaN without any.

    Notes
    -----
    Convention: a period counts that ends more than a trillionth below the peak, so that the last bits of compounding are no fall.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> under_water([0.1, -0.2, 0.1, 0.3])
    0.5
    """
    return figure_like(returns, under_water_of(sample(returns), compounded=compounded, peak_start=peak_start), "under_water")


def current_drawdown_of(at: Sample, *, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Floats:
    """Read the last fall of a sample; see `current_drawdown`."""
    levels = levels_of(at, compounded=compounded, peak_start=peak_start, relative=relative)
    return np.where(at.counts > 0, np.minimum(levels[-1], 0.0), np.nan) if len(levels) else np.full(levels.shape[1], np.nan)


def longest_drawdown_of(at: Sample, clock: Floats | None = None, *, compounded: bool = True, peak_start: str = "one") -> Floats:
    """Take the longest episode of a sample; see `longest_drawdown`."""
    found = episodes_of(at, compounded=compounded, peak_start=peak_start)
    lasted = found.lasted(clock)
    longest = np.zeros(found.width)
    np.maximum.at(longest, found.series, lasted)
    return np.where(at.counts > 0, longest, np.nan)


def under_water_of(at: Sample, *, compounded: bool = True, peak_start: str = "one") -> Floats:
    """Count the periods of a sample below a peak; see `under_water`."""
    found = episodes_of(at, compounded=compounded, peak_start=peak_start)
    if at.complete:
        return quotient(found.total((found.last - found.first + 1).astype(np.float64)), at.atleast(1))
    below = falls_of(at, compounded=compounded, peak_start=peak_start) < -1e-12
    return quotient(np.count_nonzero(below, axis=0).astype(np.float64), at.atleast(1))


_BACON = "Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4"

TERMS: tuple[Term, ...] = (
    Term("max_drawdown", "Maximum drawdown", "Drawdown", "fraction", "Deepest fall from a peak of wealth.", "Magdon-Ismail 2004; Bacon 2008",
         2, "high"),
    Term("current_drawdown", "Current drawdown", "Drawdown", "fraction", "How far wealth is below its peak now.", _BACON, 1, "high"),
    Term("longest_drawdown", "Longest drawdown", "Drawdown", "periods", "Most periods from a peak until wealth was back at it.", _BACON, 20, "low"),
    Term("under_water", "Time under water", "Drawdown", "fraction", "Share of the periods that ended below a peak.", _BACON, 20, "low"),
)
