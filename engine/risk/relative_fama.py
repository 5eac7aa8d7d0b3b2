"""Fama's parts of a return above the risk-free rate: what beta, what choice, and what risk away from the benchmark pays."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.dispersion import periods_of
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.pair import ALPHAS, Pair, a_year_of, beside
from engine.risk.relative import alpha_of, market_a_year
from engine.risk.sample import quotient

BENCHMARK = "Benchmark"


def fama_beta(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, ddof: int = 1) -> Figure:
    """Deviation of returns over the benchmark's: the beta of as much risk.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, ddof
        As in `systematic_risk`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where the benchmark stood still.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `systematic_risk`.

    References
    ----------
    Fama, Components of Investment Performance (1972), Journal of Finance 27; Bacon, 2nd ed., p. 78.

    Examples
    --------
    >>> round(fama_beta([0.03, -0.03, 0.03], [0.01, 0.01, -0.01]), 6)
    3.0
    """
    return figure_like(returns, fama_beta_of(beside(returns, benchmark_returns, risk_free=risk_free), ddof), "fama_beta")


def fama_beta_of(pair: Pair, ddof: int = 1) -> Floats:
    """Kernel of `fama_beta`."""
    return quotient(pair.excess.deviation(ddof), pair.market.deviation(ddof))


def selectivity(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    periods_per_year: float = 252,
    method: str = "arithmetic",
) -> Figure:
    """Return a year above that of the benchmark at the same beta.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year
        As in `systematic_risk`.
    method
        ``arithmetic`` (default): mean of a period times the periods; ``compounded``: compounded from it; ``annualised``: from the
        compounded returns a year of both, as Bacon has it.

    Returns
    -------
    float, Series or ndarray
        Fraction a year: Jensen's alpha.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `systematic_risk`.

    References
    ----------
    Fama, Components of Investment Performance (1972), Journal of Finance 27, eq. 5; Bacon, 2nd ed., p. 78.

    Examples
    --------
    >>> round(selectivity([0.02, 0.01, 0.03], [0.01, 0.0, 0.02], periods_per_year=2), 6)
    0.02
    """
    one_of("method", method, ALPHAS)
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, alpha_of(pair, periods, method), "selectivity")


def diversification(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    periods_per_year: float = 252,
    method: str = "arithmetic",
) -> Figure:
    """Return a year that risk away from the benchmark ought to have paid.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year, method
        As in `selectivity`.

    Returns
    -------
    float, Series or ndarray
        (Fama beta - beta) x (b - rf), fraction a year.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `systematic_risk`.

    References
    ----------
    Fama (1972), eq. 8; Bacon, 2nd ed., p. 78.

    Examples
    --------
    >>> round(diversification([0.04, 0.0, 0.04, 0.0], [0.02, 0.01, 0.01, 0.0], periods_per_year=1), 6)
    0.008284
    """
    one_of("method", method, ALPHAS)
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, diversification_of(pair, periods, method), "diversification")


def diversification_of(pair: Pair, periods: float, method: str = "arithmetic") -> Floats:
    """Kernel of `diversification`."""
    market = market_a_year(pair, periods) if method == "annualised" else a_year_of(pair.market.mean, periods, method)
    return np.asarray((fama_beta_of(pair) - pair.beta) * market)


def net_selectivity(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    periods_per_year: float = 252,
    method: str = "arithmetic",
) -> Figure:
    """Tell selectivity less what the risk off the benchmark ought to pay.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year, method
        As in `selectivity`.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; below 0 the choice of securities did not pay for the risk.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `systematic_risk`.

    References
    ----------
    Fama (1972), eq. 9; Bacon, 2nd ed., p. 78.

    Examples
    --------
    >>> round(net_selectivity([0.02, 0.01, 0.03], [0.01, 0.0, 0.02], periods_per_year=2), 6)
    0.02
    """
    one_of("method", method, ALPHAS)
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, net_selectivity_of(pair, periods, method), "net_selectivity")


def net_selectivity_of(pair: Pair, periods: float, method: str = "arithmetic") -> Floats:
    """Kernel of `net_selectivity`."""
    return np.asarray(alpha_of(pair, periods, method) - diversification_of(pair, periods, method))


TERMS: tuple[Term, ...] = (
    Term("fama_beta", "Fama beta", BENCHMARK, "ratio", "Volatility over the benchmark's.", "Fama 1972", 30, "", relative=True),
    Term("selectivity", "Selectivity", BENCHMARK, "fraction", "Return a year above the benchmark's at the same beta.", "Fama 1972", 60, "high",
         relative=True),
    Term("diversification", "Diversification", BENCHMARK, "fraction", "Return a year that risk away from the benchmark ought to have paid.",
         "Fama 1972", 60, "low", relative=True),
    Term("net_selectivity", "Net selectivity", BENCHMARK, "fraction", "Selectivity less what its risk ought to have paid.", "Fama 1972", 60, "high",
         relative=True),
)
