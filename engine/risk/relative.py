"""The line through returns and a benchmark's: beta, alpha, and how much of the returns lies on it."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.dispersion import periods_of
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.pair import ALPHAS, Pair, a_year_of, beside, grown_a_year
from engine.risk.sample import quotient


def beta(
    returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", periods_per_year: float = 252
) -> Figure:
    """Slope of returns on the benchmark's, both above the risk-free rate.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    risk_free
        One rate, default 0, or a series of one a period. One rate changes no beta.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``, then compounded down to the period.
    periods_per_year
        252 (default) for trading days, 12 for months; for a rate of a year.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where the benchmark stood still, or with fewer than two periods.

    Notes
    -----
    Convention: covariance over variance, periods that both have; labelled ones are matched by their labels, which must be the same.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown choice, or periods a year not above zero.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Sharpe, Capital Asset Prices (1964), Journal of Finance 19; Bacon, Practical Portfolio Performance Measurement and Attribution,
    2nd ed., p. 71.

    Examples
    --------
    >>> round(beta([0.02, -0.01, 0.05], [0.01, 0.0, 0.02]), 6)
    3.0
    """
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods_of(periods_per_year))
    return figure_like(returns, pair.beta, "beta")


def alpha(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    periods_per_year: float = 252,
    method: str = "compounded",
) -> Figure:
    """Return a year that the benchmark does not explain.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis
        As in `beta`.
    periods_per_year
        252 (default) for trading days, 12 for months.
    method
        ``compounded`` (default): that of a period, (1 + a)**periods - 1; ``arithmetic``: a times the periods; ``annualised``: from the
        compounded returns a year of both, r - rf - beta (b - rf).

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: a = mean(e) - beta mean(e_b) of periods that both have, e above the risk-free rate.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    Jensen, The Performance of Mutual Funds (1968), Journal of Finance 23, eq. 8; Bacon, 2nd ed., p. 72 for ``annualised``.

    Examples
    --------
    >>> round(alpha([0.02, 0.01, 0.03], [0.01, 0.0, 0.02], periods_per_year=2), 6)
    0.0201
    """
    one_of("method", method, ALPHAS)
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, alpha_of(pair, periods, method), "alpha")


def alpha_of(pair: Pair, periods: float, method: str = "compounded") -> Floats:
    """Kernel of `alpha`."""
    if method != "annualised":
        return a_year_of(pair.alpha, periods, method)
    found: Floats = excess_a_year(pair, periods) - pair.beta * market_a_year(pair, periods)
    return found


def excess_a_year(pair: Pair, periods: float) -> Floats:
    """Compounded return a year above the compounded risk-free rate."""
    found: Floats = grown_a_year(pair.own, periods) - free_a_year(pair, periods)
    return found


def market_a_year(pair: Pair, periods: float) -> Floats:
    """Give the same of the benchmark."""
    found: Floats = grown_a_year(pair.theirs, periods) - free_a_year(pair, periods)
    return found


def free_a_year(pair: Pair, periods: float) -> Floats:
    """Risk-free rate, compounded to a year over the periods that both have."""
    if pair.rates is None:
        return np.zeros(1)
    rates = np.where(pair.own.known, pair.rates, np.nan)
    logs = np.nansum(np.log1p(np.where(rates > -1.0, rates, np.nan)), axis=0)
    found: Floats = np.expm1(periods * logs / pair.own.atleast(1))
    return found


def jensen_alpha(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    periods_per_year: float = 252,
    method: str = "arithmetic",
) -> Figure:
    """Jensen's alpha a year: `alpha` times the periods.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year
        As in `alpha`.
    method
        ``arithmetic`` (default), ``compounded`` or ``annualised``, as in `alpha`.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: as in `alpha`, but for the default, which is Jensen's own.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    Jensen, The Performance of Mutual Funds (1968), Journal of Finance 23; Bacon, 2nd ed., p. 72 for ``annualised``.

    Examples
    --------
    >>> round(jensen_alpha([0.02, 0.01, 0.03], [0.01, 0.0, 0.02], periods_per_year=2), 6)
    0.02
    """
    return _named(
        alpha(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods_per_year, method=method),
        "jensen_alpha",
    )


def r_squared(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0) -> Figure:
    """Share of the variance of returns that the benchmark explains.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `beta`; a rate is one of a period.

    Returns
    -------
    float, Series or ndarray
        0 to 1; NaN where either stood still.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    CFA curriculum, linear regression: coefficient of determination; Bacon, 2nd ed., p. 73.

    Examples
    --------
    >>> round(r_squared([0.02, 0.01, 0.03], [0.01, 0.02, 0.03]), 6)
    0.25
    """
    return figure_like(returns, r_squared_of(beside(returns, benchmark_returns, risk_free=risk_free)), "r_squared")


def r_squared_of(pair: Pair) -> Floats:
    """Kernel of `r_squared`."""
    return np.minimum(quotient(pair.products**2, pair.market.squares * pair.excess.squares), 1.0)


def regression_epsilon(
    returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", periods_per_year: float = 252
) -> Figure:
    """Year's return above what the line through the periods predicts.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year
        As in `alpha`.

    Returns
    -------
    float, Series or ndarray
        r - rf - a - beta (b - rf), fraction: r, b and rf compounded to a year, a the intercept of a period.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    Bacon, 2nd ed., p. 71 "Regression epsilon".

    Examples
    --------
    >>> round(regression_epsilon([0.02, 0.01, 0.03], [0.01, 0.0, 0.02], periods_per_year=12), 4)
    0.1314
    """
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, epsilon_of(pair, periods), "regression_epsilon")


def epsilon_of(pair: Pair, periods: float) -> Floats:
    """Kernel of `regression_epsilon`."""
    return np.asarray(alpha_of(pair, periods, "annualised") - pair.alpha)


def _named(figure: Figure, name: str) -> Figure:
    return figure.rename(name) if hasattr(figure, "rename") else figure


JENSEN = "Jensen 1968"
TERMS: tuple[Term, ...] = (
    Term("beta", "Beta", "Benchmark", "ratio", "How far returns move for each percent that the benchmark moves.", "Sharpe 1964", 30, "",
         relative=True),
    Term("alpha", "Alpha, compounded", "Benchmark", "fraction", "Return a year that the benchmark does not explain, compounded.", JENSEN, 60,
         "high", relative=True),
    Term("jensen_alpha", "Jensen's alpha", "Benchmark", "fraction", "Return of a period that the benchmark does not explain, times the periods.",
         JENSEN, 60, "high", relative=True),
    Term("r_squared", "R²", "Benchmark", "ratio", "Share of the ups and downs that the benchmark explains.", "CFA curriculum", 30, "", relative=True),
    Term("regression_epsilon", "Regression epsilon", "Benchmark", "fraction", "Year's return above what the line through the periods predicts.",
         "Bacon 2008, p. 71", 30, "high", relative=True),
)
