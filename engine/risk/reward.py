"""Reward for risk: Sharpe, Sortino and what was made of them."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.dispersion import periods_of
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, above_rate, quotient
from engine.risk.yearly import annual_of

DENOMINATORS = ("all", "below")


def sharpe_ratio(
    returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    ddof: int = 1,
    periods_per_year: float = 252,
    method: str = "arithmetic",
) -> Figure:
    """Mean return above the risk-free rate over its deviation, a year.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``, then compounded down to the period.
    ddof
        1 (default) for a sample, 0 for a population.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives the ratio of a period.
    method
        The mean times the periods (``arithmetic``, default), what the excess returns compound to in a year (``compounded``), or one plus the
        mean to the power of the periods, less one (``mean_first``).

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN for fewer than two returns, or where none differs.

    Notes
    -----
    Convention: the deviation of the excess returns, times the root of the periods of a year.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown choice, or periods a year not above zero.
    MisalignedSeries
        Risk-free rates of other periods.

    References
    ----------
    Sharpe 1966, "Mutual fund performance"; Sharpe 1994, "The Sharpe ratio", eq. 5.

    Examples
    --------
    >>> round(sharpe_ratio([0.02, -0.01, 0.03], periods_per_year=1), 6)
    0.640513
    """
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, sharpe_ratio_of(over, periods_per_year, ddof=ddof, method=method), "sharpe_ratio")


def adjusted_sharpe_ratio(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", ddof: int = 1, periods_per_year: float = 252,
    method: str = "arithmetic",
) -> Figure:
    """Sharpe ratio less what skewness and fat tails take from it.

    Parameters
    ----------
    returns, risk_free, risk_free_basis, ddof, periods_per_year, method
        As in `sharpe_ratio`.

    Returns
    -------
    float, Series or ndarray
        Ratio a year; NaN as for `sharpe_ratio`.

    Notes
    -----
    Convention: SR (1 + S/6 SR - K/24 SR^2) with the yearly ratio, and skewness S and excess kurtosis K of the population.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `sharpe_ratio`.

    References
    ----------
    Pezier and White 2006, "The relative merits of investable hedge fund indices", eq. 6; Bacon, 2nd ed., p. 99.

    Examples
    --------
    >>> round(adjusted_sharpe_ratio([0.02, -0.01, 0.03, 0.0], periods_per_year=12), 6)
    2.364119
    """
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, adjusted_sharpe_ratio_of(over, periods_per_year, ddof=ddof, method=method), "adjusted_sharpe_ratio")


def sortino_ratio(
    returns: Table,
    *,
    minimum_acceptable_return: float | Table = 0.0,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    denominator: str = "all",
    periods_per_year: float = 252,
    method: str = "arithmetic",
) -> Figure:
    """Mean return above what is acceptable over the downside, a year.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.
    risk_free, risk_free_basis
        Taken off the returns before, as in `sharpe_ratio`; default 0.
    denominator
        Squares are divided by ``all`` periods (default), or by those ``below`` only.
    periods_per_year, method
        As in `sharpe_ratio`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where no return is below what is acceptable.

    Notes
    -----
    Convention: the downside deviation about the same target, times the root of the periods of a year.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `sharpe_ratio`.

    References
    ----------
    Sortino and van der Meer 1991, "Downside risk"; Bacon, 2nd ed., p. 95.

    Examples
    --------
    >>> round(sortino_ratio([0.02, -0.01, 0.03], periods_per_year=1), 6)
    2.309401
    """
    one_of("denominator", denominator, DENOMINATORS)
    over = beyond(returns, minimum_acceptable_return, risk_free, risk_free_basis, periods_per_year)
    return figure_like(returns, sortino_ratio_of(over, periods_per_year, denominator=denominator, method=method), "sortino_ratio")


def adjusted_sortino_ratio(
    returns: Table, *, minimum_acceptable_return: float | Table = 0.0, risk_free: float | Table = 0.0, risk_free_basis: str = "period",
    denominator: str = "all", periods_per_year: float = 252, method: str = "arithmetic",
) -> Figure:
    """Sortino ratio over the root of two, to be held beside a Sharpe ratio.

    Parameters
    ----------
    returns, minimum_acceptable_return, risk_free, risk_free_basis, denominator, periods_per_year, method
        As in `sortino_ratio`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN as for `sortino_ratio`.

    Notes
    -----
    Convention: of returns spread alike to both sides of zero it is the Sharpe ratio.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `sharpe_ratio`.

    References
    ----------
    Schwager, "The Sharpe ratio's kissing cousin", Futures Magazine 2017.

    Examples
    --------
    >>> round(adjusted_sortino_ratio([0.02, -0.01, 0.03], periods_per_year=1), 6)
    1.632993
    """
    one_of("denominator", denominator, DENOMINATORS)
    over = beyond(returns, minimum_acceptable_return, risk_free, risk_free_basis, periods_per_year)
    ratio = adjusted_sortino_ratio_of(over, periods_per_year, denominator=denominator, method=method)
    return figure_like(returns, ratio, "adjusted_sortino_ratio")


def sharpe_ratio_of(over: Sample, periods_per_year: float = 252, *, ddof: int = 1, method: str = "arithmetic") -> Floats:
    """Kernel of `sharpe_ratio`, on returns above the risk-free rate."""
    return quotient(annual_of(over, periods_per_year, method), over.deviation(ddof) * np.sqrt(periods_of(periods_per_year)))


def adjusted_sharpe_ratio_of(over: Sample, periods_per_year: float = 252, *, ddof: int = 1, method: str = "arithmetic") -> Floats:
    """Kernel of `adjusted_sharpe_ratio`, on returns above the risk-free rate."""
    ratio, second = sharpe_ratio_of(over, periods_per_year, ddof=ddof, method=method), over.variance(0)
    skewness, kurtosis = quotient(over.moment(3), second**1.5), quotient(over.moment(4), second**2) - 3.0
    found: Floats = ratio * (1.0 + skewness / 6.0 * ratio - kurtosis / 24.0 * ratio**2)
    return found


def sortino_ratio_of(over: Sample, periods_per_year: float = 252, *, denominator: str = "all", method: str = "arithmetic") -> Floats:
    """Kernel of `sortino_ratio`, on returns less what is acceptable."""
    return quotient(annual_of(over, periods_per_year, method), shortfall_of(over, denominator) * np.sqrt(periods_of(periods_per_year)))


def adjusted_sortino_ratio_of(over: Sample, periods_per_year: float = 252, *, denominator: str = "all", method: str = "arithmetic") -> Floats:
    """Kernel of `adjusted_sortino_ratio`, on returns less what is acceptable."""
    found: Floats = sortino_ratio_of(over, periods_per_year, denominator=denominator, method=method) / np.sqrt(2.0)
    return found


def shortfall_of(over: Sample, denominator: str = "all") -> Floats:
    """Downside deviation of a period, of returns less what is acceptable."""
    divisor = over.atleast(1) if denominator == "all" else over.below(0.0, 0)
    return np.sqrt(quotient(over.below(0.0, 2), divisor))


def beyond(
    returns: Table, minimum_acceptable_return: float | Table = 0.0, risk_free: float | Table = 0.0, basis: str = "period",
    periods_per_year: float = 252,
) -> Sample:
    """Read returns less the risk-free rate and less what is acceptable."""
    over = above_rate(returns, risk_free, basis=basis, periods_per_year=periods_per_year)
    if isinstance(minimum_acceptable_return, int | float):
        return Sample(over.cells - minimum_acceptable_return) if minimum_acceptable_return else over
    return Sample(over.cells - (above_rate(returns).cells - above_rate(returns, minimum_acceptable_return).cells))


TERMS: tuple[Term, ...] = (
    Term("sharpe_ratio", "Sharpe ratio", "Reward for risk", "ratio", "Return above the risk-free rate for each unit of volatility.",
         "Sharpe 1966, 1994", 30, "high"),
    Term("adjusted_sharpe_ratio", "Adjusted Sharpe ratio", "Reward for risk", "ratio", "Sharpe ratio less what skewness and fat tails take from it.",
         "Pezier and White 2006", 60, "high"),
    Term("sortino_ratio", "Sortino ratio", "Reward for risk", "ratio", "Return above what is acceptable for each unit of downside deviation.",
         "Sortino and van der Meer 1991", 30, "high"),
    Term("adjusted_sortino_ratio", "Sortino over root 2", "Reward for risk", "ratio", "Sortino ratio on the scale of a Sharpe ratio.",
         "Schwager 2017", 30, "high"),
)
