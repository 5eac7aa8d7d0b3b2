"""Reward for risk beside a benchmark: Treynor, M squared, omega excess return."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like, product_sums
from engine.dispersion import periods_of
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.reward import shortfall_of
from engine.risk.sample import Sample, above_rate, paired, quotient
from engine.risk.yearly import annual_of, annual_rate

EXCESSES = ("arithmetic", "geometric")
NO_RATE = np.zeros(1)


def treynor_ratio(
    returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", modified: bool = False,
    ddof: int = 0, periods_per_year: float = 252, method: str = "compounded",
) -> Figure:
    """Return a year above the risk-free rate for each unit of beta.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    risk_free, risk_free_basis
        One rate, default 0, or a series of one a period; of a ``period`` (default) or of a ``year``.
    modified
        For each unit of systematic risk, beta times the benchmark's volatility, instead of beta; default not.
    ddof
        Of that volatility: 0 (default), as Bacon and PerformanceAnalytics, or 1.
    periods_per_year
        252 (default) for trading days, 12 for months.
    method
        Of the return: ``compounded`` (default), ``arithmetic`` or ``mean_first``.

    Returns
    -------
    float, Series or ndarray
        Fraction a year, or ratio; NaN where beta is 0 or unknown.

    Notes
    -----
    Convention: periods that both have; beta of the returns above the rate.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown choice, or periods a year not above zero.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Treynor 1965, "How to rate management of investment funds"; Bacon, 2nd ed., p. 77.

    Examples
    --------
    >>> round(treynor_ratio([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12), 6)
    0.125471
    """
    own, theirs, rate = _both(returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year)
    over, market = (_above(side, risk_free, risk_free_basis, periods_per_year) for side in (own, theirs))
    found = treynor_ratio_of(own, slope_of(over, market), periods_per_year, rate, method=method)
    risk = theirs.deviation(ddof) * np.sqrt(periods_of(periods_per_year))
    return figure_like(returns, quotient(found, risk) if modified else found, "treynor_ratio")


def m_squared(
    returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", periods_per_year: float = 252,
    method: str = "compounded",
) -> Figure:
    """Return a year that the series would have at the benchmark's volatility.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year, method
        As in `treynor_ratio`.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN where no return differs.

    Notes
    -----
    Convention: the rate plus the return above it times the benchmark's deviation over the own; which `ddof` they have cancels out.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `treynor_ratio`.

    References
    ----------
    Modigliani and Modigliani 1997, "Risk-adjusted performance"; Bacon, 2nd ed., p. 67.

    Examples
    --------
    >>> round(m_squared([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12), 6)
    0.124953
    """
    own, theirs, rate = _both(returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year)
    return figure_like(returns, m_squared_of(own, theirs, periods_per_year, rate, method=method), "m_squared")


def m_squared_excess(
    returns: Table, benchmark_returns: Table, *, excess: str = "arithmetic", risk_free: float | Table = 0.0, risk_free_basis: str = "period",
    periods_per_year: float = 252, method: str = "compounded",
) -> Figure:
    """M squared above the return of the benchmark.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year, method
        As in `treynor_ratio`.
    excess
        The difference (``arithmetic``, default), or that of wealth over wealth (``geometric``).

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN where no return differs.

    Notes
    -----
    Convention: both returns by the same method.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `treynor_ratio`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 68.

    Examples
    --------
    >>> round(m_squared_excess([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12), 6)
    0.042953
    """
    own, theirs, rate = _both(returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year)
    found = m_squared_excess_of(own, theirs, periods_per_year, rate, excess=excess, method=method)
    return figure_like(returns, found, "m_squared_excess")


def m_squared_sortino(
    returns: Table, benchmark_returns: Table, *, minimum_acceptable_return: float = 0.0, periods_per_year: float = 252,
    method: str = "compounded",
) -> Figure:
    """Return a year at the benchmark's downside deviation.

    Parameters
    ----------
    returns, benchmark_returns, periods_per_year, method
        As in `treynor_ratio`.
    minimum_acceptable_return
        Of a period, default 0.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN where no return is below what is acceptable.

    Notes
    -----
    Convention: return, Sortino ratio and deviations are of a year; PerformanceAnalytics multiplies the ratio of a period.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `treynor_ratio`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 102.

    Examples
    --------
    >>> round(m_squared_sortino([0.02, -0.01, 0.03], [0.01, -0.02, 0.02], periods_per_year=12), 6)
    0.340563
    """
    own, theirs = paired(returns, benchmark_returns)
    found = m_squared_sortino_of(own, theirs, minimum_acceptable_return, periods_per_year, method=method)
    return figure_like(returns, found, "m_squared_sortino")


def omega_excess_return(
    returns: Table, benchmark_returns: Table, *, minimum_acceptable_return: float = 0.0, periods_per_year: float = 252
) -> Figure:
    """Return a year less what its downside deserves in the market.

    Parameters
    ----------
    returns, benchmark_returns, periods_per_year
        As in `treynor_ratio`.
    minimum_acceptable_return
        Of a period, default 0.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN without any return.

    Notes
    -----
    Convention: the return less three times the product of both yearly downside deviations.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `treynor_ratio`.

    References
    ----------
    Sortino et al. 1997, "The style of the manager"; Bacon, 2nd ed., p. 103.

    Examples
    --------
    >>> round(omega_excess_return([0.02, -0.01, 0.03], [0.01, -0.02, 0.02], periods_per_year=12), 6)
    0.167882
    """
    own, theirs = paired(returns, benchmark_returns)
    return figure_like(returns, omega_excess_return_of(own, theirs, minimum_acceptable_return, periods_per_year), "omega_excess_return")


def slope_of(over: Sample, market: Sample) -> Floats:
    """Beta of returns on a benchmark's over the same periods; NaN where the benchmark stood still."""
    return quotient(product_sums(*np.broadcast_arrays(over.centred, market.centred)), market.squares)


def treynor_ratio_of(own: Sample, beta: Floats, periods_per_year: float = 252, rate: Floats = NO_RATE, *, method: str = "compounded") -> Floats:
    """Kernel of `treynor_ratio`; `rate` is the risk-free one of a year."""
    return quotient(annual_of(own, periods_per_year, method) - rate, beta)


def m_squared_of(own: Sample, theirs: Sample, periods_per_year: float = 252, rate: Floats = NO_RATE, *, method: str = "compounded") -> Floats:
    """Kernel of `m_squared`; `rate` is the risk-free one of a year."""
    found: Floats = rate + (annual_of(own, periods_per_year, method) - rate) * quotient(theirs.deviation(), own.deviation())
    return found


def m_squared_excess_of(
    own: Sample, theirs: Sample, periods_per_year: float = 252, rate: Floats = NO_RATE, *, excess: str = "arithmetic", method: str = "compounded"
) -> Floats:
    """Kernel of `m_squared_excess`; `rate` is the risk-free one of a year."""
    one_of("excess", excess, EXCESSES)
    mine = m_squared_of(own, theirs, periods_per_year, rate, method=method)
    other = annual_of(theirs, periods_per_year, method)
    return mine - other if excess == "arithmetic" else quotient(1.0 + mine, 1.0 + other) - 1.0


def m_squared_sortino_of(own: Sample, theirs: Sample, target: float = 0.0, periods_per_year: float = 252, *, method: str = "compounded") -> Floats:
    """Kernel of `m_squared_sortino`; the target is one of a period."""
    over, market = (Sample(side.cells - target) if target else side for side in (own, theirs))
    least = annual_rate(target, periods_per_year=periods_per_year)
    found: Floats = least + (annual_of(own, periods_per_year, method) - least) * quotient(shortfall_of(market), shortfall_of(over))
    return found


def omega_excess_return_of(own: Sample, theirs: Sample, target: float = 0.0, periods_per_year: float = 252) -> Floats:
    """Kernel of `omega_excess_return`; the target is one of a period."""
    over, market = (Sample(side.cells - target) if target else side for side in (own, theirs))
    return annual_of(own, periods_per_year) - 3.0 * shortfall_of(over) * shortfall_of(market) * periods_of(periods_per_year)


def _both(
    returns: Table, benchmark_returns: Table, risk_free: float | Table, basis: str, periods_per_year: float
) -> tuple[Sample, Sample, Floats]:
    own, theirs = paired(returns, benchmark_returns)
    return own, theirs, annual_rate(risk_free, basis=basis, periods_per_year=periods_per_year)


def _above(side: Sample, risk_free: float | Table, basis: str, periods_per_year: float) -> Sample:

    rates = risk_free if isinstance(risk_free, int | float) else np.asarray(risk_free, dtype=np.float64)
    return above_rate(side.cells, rates, basis=basis, periods_per_year=periods_per_year)


_ROOM = "Reward for risk"

TERMS: tuple[Term, ...] = (
    Term("treynor_ratio", "Treynor ratio", _ROOM, "ratio", "Return above the risk-free rate for each unit of beta.", "Treynor 1965", 60,
         "high", True),
    Term("m_squared", "M squared", _ROOM, "fraction", "Return at the volatility of the benchmark.", "Modigliani 1997", 60, "high", True),
    Term("m_squared_excess", "M squared excess", _ROOM, "fraction", "M squared less the benchmark's return.", "Bacon 2008, p. 68", 60,
         "high", True),
    Term("m_squared_sortino", "M squared, Sortino", _ROOM, "fraction", "Return at the downside deviation of the benchmark.", "Bacon 2008, p. 102",
         60, "high", True),
    Term("omega_excess_return", "Omega excess return", _ROOM, "fraction", "Return less what its downside deserves at the market's price of it.",
         "Sortino 1997; Bacon 2008, p. 103", 60, "high", True),
)
