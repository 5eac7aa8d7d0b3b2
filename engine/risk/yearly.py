"""Return and risk-free rate of a year, of a sample: what stands above the line of ratios by drawdown and by wealth."""

from __future__ import annotations

import numpy as np

from engine.columns import Floats, Table, cells_of
from engine.dispersion import periods_of
from engine.returns import one_of
from engine.risk.sample import RATE_BASES, Sample, quotient

METHODS = ("compounded", "arithmetic", "mean_first")


def total_of(at: Sample) -> Floats:
    """Return over all periods, compounded.

    Parameters
    ----------
    at
        Returns.

    Returns
    -------
    ndarray of shape (n_series,)
        Fraction; NaN without any return, or where more than everything was lost.
    """
    if not len(at.cells):
        return np.full(at.cells.shape[1], np.nan)
    return np.where((at.counts > 0) & (at.lowest >= -1.0), at.wealth[-1] - 1.0, np.nan)


def annual_of(at: Sample, periods_per_year: float = 252, method: str = "compounded") -> Floats:
    """Return a year, as `annualised_return` gives it.

    Parameters
    ----------
    at
        Returns; a period without one counts as time, except to a mean.
    periods_per_year
        252 (default) for trading days, 12 for months.
    method
        ``compounded`` (default), ``arithmetic`` or ``mean_first``.

    Returns
    -------
    ndarray of shape (n_series,)
        Fraction; NaN as in `total_of`.

    Raises
    ------
    InvalidInput
        An unknown method, or periods a year not above zero.
    """
    one_of("method", method, METHODS)
    periods = periods_of(periods_per_year)
    if method == "arithmetic":
        return at.mean * periods
    base = 1.0 + at.mean if method == "mean_first" else 1.0 + total_of(at)
    years = 1.0 if method == "mean_first" else max(len(at.cells), 1)
    with np.errstate(over="ignore"):
        grown: Floats = np.power(np.where(base >= 0, base, np.nan), periods / years) - 1.0
    return np.where(np.isfinite(grown), grown, np.nan)


def annual_rate(risk_free: float | Table = 0.0, *, basis: str = "period", periods_per_year: float = 252) -> Floats:
    """Risk-free rate of a year.

    Parameters
    ----------
    risk_free
        One rate, default 0, or a series of one a period.
    basis
        The rate is one of a ``period`` (default), then compounded to the year, or of a ``year``.
    periods_per_year
        For rates of a period.

    Returns
    -------
    ndarray of shape (1,) or (n_series,)
        Fraction; of a series the constant rate that grows as much.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown basis.
    """
    one_of("risk_free_basis", basis, RATE_BASES)
    rates = np.full((1, 1), float(risk_free)) if isinstance(risk_free, int | float) else cells_of(risk_free, "risk_free")
    growth = np.log1p(rates).sum(axis=0, where=~np.isnan(rates))
    mean = quotient(growth, np.count_nonzero(~np.isnan(rates), axis=0).astype(np.float64))
    found: Floats = np.expm1(mean * (1.0 if basis == "year" else periods_of(periods_per_year)))
    return found
