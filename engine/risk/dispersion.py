"""How far returns are spread around their mean."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.dispersion import periods_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, sample, sample_of_kind

ROOM = "Dispersion"


def variance_of(at: Sample, ddof: int = 1) -> Floats:
    """Kernel of `variance`."""
    return at.variance(ddof)


def volatility_of(at: Sample, ddof: int = 1, periods_per_year: float = 252) -> Floats:
    """Kernel of `volatility`."""
    found: Floats = at.deviation(ddof) * np.sqrt(periods_per_year)
    return found


def mean_absolute_deviation_of(at: Sample) -> Floats:
    """Kernel of `mean_absolute_deviation`."""
    found: Floats = np.abs(at.centred).sum(axis=0) / at.atleast(1)
    return np.where(at.lowest == at.highest, 0.0, found)


def variance(returns: Table, *, ddof: int = 1, kind: str = "simple") -> Figure:
    """Mean square of returns around their mean, of a period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    ddof
        1 (default) for a sample, 0 for a population.
    kind
        Of the returns, ``simple`` as they are given (default), or ``log``: ln(1 + r) is taken first.

    Returns
    -------
    float, Series or ndarray
        Fraction squared, of a period.

    Notes
    -----
    Convention: sum of squares over the periods less `ddof`, not annualised. Missing returns are left out; NaN where not more than `ddof`
    are known.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown kind.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4 "Variance".

    Examples
    --------
    >>> round(variance([0.01, -0.01, 0.03]), 6)
    0.0004
    """
    return figure_like(returns, variance_of(sample_of_kind(returns, kind), ddof), "variance")


def volatility(returns: Table, *, ddof: int = 1, periods_per_year: float = 252, kind: str = "simple") -> Figure:
    """Yearly standard deviation of returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    ddof
        1 (default) for a sample, 0 for a population.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives that of a period.
    kind
        Of the returns, ``simple`` as they are given (default), or ``log``: ln(1 + r) is taken first.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: sample standard deviation times the root of the periods of a year. NaN periods are left out; NaN where not more than
    `ddof` are known.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown kind, or periods a year not above zero.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4 "Annualised risk".

    Examples
    --------
    >>> round(volatility([0.01, -0.01, 0.03], periods_per_year=1), 6)
    0.02
    """
    return figure_like(returns, volatility_of(sample_of_kind(returns, kind), ddof, periods_of(periods_per_year)), "volatility")


def mean_absolute_deviation(returns: Table) -> Figure:
    """Mean distance of returns from their mean, of a period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period.

    Notes
    -----
    Convention: divided by all periods that have a return; NaN without any.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Konno and Yamazaki 1991, "Mean-absolute deviation portfolio optimization model", Management Science 37, eq. 8; Bacon, 2nd ed., ch. 4.

    Examples
    --------
    >>> round(mean_absolute_deviation([0.01, -0.01, 0.03]), 6)
    0.013333
    """
    return figure_like(returns, mean_absolute_deviation_of(sample(returns)), "mean_absolute_deviation")


TERMS: tuple[Term, ...] = (
    Term("volatility", "Volatility", ROOM, "fraction", "How far returns usually lie from their mean, as a yearly figure.", "Bacon, 2nd ed., ch. 4",
         minimum=20, better="low"),
    Term("variance", "Variance", ROOM, "number", "Mean square of the distance of returns from their mean, of a period.", "Bacon, 2nd ed., ch. 4",
         minimum=20, better="low"),
    Term("mean_absolute_deviation", "Mean absolute deviation", ROOM, "fraction", "Mean distance of a period's return from the mean.",
         "Konno and Yamazaki 1991", minimum=20, better="low"),
)  # fmt: skip
