"""Risk that comes with a benchmark, and risk that does not."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.dispersion import periods_of
from engine.risk.catalogue import Term
from engine.risk.pair import Pair, beside

BENCHMARK = "Benchmark"


def systematic_risk(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    ddof: int = 1,
    periods_per_year: float = 252,
) -> Figure:
    """Yearly deviation that comes with the benchmark: beta times its own.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``, then compounded down to the period.
    ddof
        1 (default) for a sample, 0 for a population.
    periods_per_year
        252 (default) for trading days, 12 for months.

    Returns
    -------
    float, Series or ndarray
        Fraction a year, with the sign of beta.

    Notes
    -----
    Convention: Bacon's; Jensen calls the product without the sign so. Periods that both have.

    Raises
    ------
    InvalidInput
        A cell is not a number, or periods a year not above zero.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 75.

    Examples
    --------
    >>> round(systematic_risk([0.02, -0.02, 0.02, -0.02], [0.01, -0.01, 0.01, -0.01], ddof=0, periods_per_year=1), 6)
    0.02
    """
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, systematic_of(pair, periods, ddof), "systematic_risk")


def systematic_of(pair: Pair, periods: float, ddof: int = 1) -> Floats:
    """Kernel of `systematic_risk`."""
    return np.asarray(pair.beta * pair.market.deviation(ddof) * np.sqrt(periods))


def specific_risk(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    ddof: int = 1,
    periods_per_year: float = 252,
) -> Figure:
    """Yearly deviation of what the line through the benchmark leaves.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, periods_per_year
        As in `systematic_risk`.
    ddof
        1 (default), 0 for a population as Bacon has it, 2 for the standard error of the regression.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; 0 where everything is on the line.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `systematic_risk`.

    References
    ----------
    Bacon, 2nd ed., p. 75.

    Examples
    --------
    >>> round(specific_risk([0.01, -0.01, -0.01, 0.01], [0.01, 0.01, -0.01, -0.01], ddof=0, periods_per_year=1), 6)
    0.01
    """
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, specific_of(pair, periods, ddof), "specific_risk")


def specific_of(pair: Pair, periods: float, ddof: int = 1) -> Floats:
    """Kernel of `specific_risk`."""
    return np.asarray(pair.specific(ddof) * np.sqrt(periods))


def total_risk(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    ddof: int = 1,
    periods_per_year: float = 252,
) -> Figure:
    """Root of the squares of systematic and specific risk.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, ddof, periods_per_year
        As in `systematic_risk`.

    Returns
    -------
    float, Series or ndarray
        Fraction a year: the volatility of the excess returns.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `systematic_risk`.

    References
    ----------
    Bacon, 2nd ed., p. 75.

    Examples
    --------
    >>> round(total_risk([0.01, -0.01, -0.01, 0.01], [0.01, 0.01, -0.01, -0.01], ddof=0, periods_per_year=1), 6)
    0.01
    """
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, total_of(pair, periods, ddof), "total_risk")


def total_of(pair: Pair, periods: float, ddof: int = 1) -> Floats:
    """Kernel of `total_risk`."""
    return np.hypot(systematic_of(pair, periods, ddof), specific_of(pair, periods, ddof))


TERMS: tuple[Term, ...] = (
    Term("systematic_risk", "Systematic risk", BENCHMARK, "fraction", "Volatility that comes with the benchmark.", "Bacon 2008, p. 75", 30, "",
         relative=True),
    Term("specific_risk", "Specific risk", BENCHMARK, "fraction", "Volatility that the benchmark does not explain.", "Bacon 2008, p. 75", 30, "low",
         relative=True),
    Term("total_risk", "Total risk", BENCHMARK, "fraction", "Systematic and specific risk together.", "Bacon 2008, p. 75", 30, "low", relative=True),
)
