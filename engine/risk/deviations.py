"""How far returns fall short of a target, or rise above it: roots of mean squares on one side."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like, product_sums
from engine.dispersion import periods_of
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, above_acceptable, sample

DENOMINATORS = ("all", "below")
SIDE_DENOMINATORS = ("all", "below", "all_less_one")
ROOM = "Dispersion"


def below_count(at: Sample) -> Floats:
    """How many known returns are below 0."""
    with np.errstate(invalid="ignore"):
        found: Floats = np.count_nonzero(at.cells < 0, axis=0).astype(np.float64)
    return found


def above_count(at: Sample) -> Floats:
    """How many known returns are above 0."""
    with np.errstate(invalid="ignore"):
        found: Floats = np.count_nonzero(at.cells > 0, axis=0).astype(np.float64)
    return found


def share_of(sums: Floats, at: Sample, denominator: str, subset: Floats) -> Floats:
    """Divide a sum over one side by all known, by those of that side (0 where there are none), or by all less one."""
    if denominator == "all":
        return sums / at.atleast(1)
    if denominator == "all_less_one":
        return sums / at.atleast(2, less=1)
    return np.where(at.counts > 0, sums / np.maximum(subset, 1.0), np.nan)


def downside_deviation_of(at: Sample, periods_per_year: float = 252, denominator: str = "all") -> Floats:
    """Kernel of `downside_deviation`, on returns less what is acceptable."""
    subset = below_count(at) if denominator == "below" else at.counts
    return np.sqrt(share_of(at.below(0.0, 2), at, denominator, subset) * periods_per_year)


def upside_deviation_of(at: Sample, periods_per_year: float = 252, denominator: str = "all") -> Floats:
    """Kernel of `upside_deviation`, on returns less what is acceptable."""
    subset = above_count(at) if denominator == "below" else at.counts
    return np.sqrt(share_of(at.above(0.0, 2), at, denominator, subset) * periods_per_year)


def semivariance_of(at: Sample, denominator: str = "all") -> Floats:
    """Kernel of `semivariance`."""
    short = np.minimum(at.centred, 0.0)
    subset = np.count_nonzero(short, axis=0).astype(np.float64) if denominator == "below" else at.counts
    sums = np.where(at.lowest == at.highest, 0.0, product_sums(short, short))
    return share_of(sums, at, denominator, subset)


def semideviation_of(at: Sample, periods_per_year: float = 252, denominator: str = "all") -> Floats:
    """Kernel of `semideviation`."""
    return np.sqrt(semivariance_of(at, denominator) * periods_per_year)


def downside_deviation(returns: Table, *, minimum_acceptable_return: float | Table = 0.0, denominator: str = "all",
                       periods_per_year: float = 252) -> Figure:
    """Yearly deviation of the returns below what is acceptable.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.
    denominator
        Squares are divided by ``all`` periods (default), or by those ``below`` only.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; 0 where nothing fell short.

    Notes
    -----
    Convention: the root of the sum of min(r - MAR, 0) squared over all T periods, times the root of the periods of a year. Missing
    returns are left out; NaN without any.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown denominator, or periods a year not above zero.
    MisalignedSeries
        Acceptable returns of another length or with other labels.

    References
    ----------
    Sortino and van der Meer 1991, "Downside risk"; Bacon, 2nd ed., ch. 4 "Downside risk".

    Examples
    --------
    >>> round(downside_deviation([0.01, -0.01, 0.03, -0.02], periods_per_year=1), 6)
    0.01118
    """
    one_of("denominator", denominator, DENOMINATORS)
    found = downside_deviation_of(above_acceptable(returns, minimum_acceptable_return), periods_of(periods_per_year), denominator)
    return figure_like(returns, found, "downside_deviation")


def upside_deviation(returns: Table, *, minimum_acceptable_return: float | Table = 0.0, denominator: str = "all",
                     periods_per_year: float = 252) -> Figure:
    """Yearly deviation of the returns above what is acceptable.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.
    denominator
        Squares are divided by ``all`` periods (default), or ``below``: by those of this side only.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; 0 where nothing rose above it.

    Notes
    -----
    Convention: as `downside_deviation`, with max(r - MAR, 0). Bacon calls it upside risk.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown denominator, or periods a year not above zero.
    MisalignedSeries
        Acceptable returns of another length or with other labels.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Upside risk".

    Examples
    --------
    >>> round(upside_deviation([0.01, -0.01, 0.03, -0.02], periods_per_year=1), 6)
    0.015811
    """
    one_of("denominator", denominator, DENOMINATORS)
    found = upside_deviation_of(above_acceptable(returns, minimum_acceptable_return), periods_of(periods_per_year), denominator)
    return figure_like(returns, found, "upside_deviation")


def semivariance(returns: Table, *, denominator: str = "all") -> Figure:
    """Mean square of returns below their mean, of a period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    denominator
        Squares are divided by ``all`` periods (default), by those ``below`` the mean, or by ``all_less_one`` as in a sample's variance.

    Returns
    -------
    float, Series or ndarray
        Fraction squared, of a period.

    Notes
    -----
    Convention: about the series' own mean, not annualised; NaN without any return.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown denominator.

    References
    ----------
    Markowitz 1959, Portfolio Selection, ch. 9.

    Examples
    --------
    >>> round(semivariance([0.01, -0.01, 0.03, -0.03]), 6)
    0.00025
    """
    one_of("denominator", denominator, SIDE_DENOMINATORS)
    return figure_like(returns, semivariance_of(sample(returns), denominator), "semivariance")


def semideviation(returns: Table, *, denominator: str = "all", periods_per_year: float = 252) -> Figure:
    """Yearly deviation of the returns below their mean.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    denominator
        As in `semivariance`.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: the root of `semivariance` times the root of the periods of a year.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown denominator, or periods a year not above zero.

    References
    ----------
    As in `semivariance`.

    Examples
    --------
    >>> round(semideviation([0.01, -0.01, 0.03, -0.03], periods_per_year=1), 6)
    0.015811
    """
    one_of("denominator", denominator, SIDE_DENOMINATORS)
    return figure_like(returns, semideviation_of(sample(returns), periods_of(periods_per_year), denominator), "semideviation")


TERMS: tuple[Term, ...] = (
    Term("downside_deviation", "Downside deviation", ROOM, "fraction", "Volatility of the falls alone: how far returns below 0 lie from it, a year.",
         "Sortino and van der Meer 1991", minimum=20, better="low"),
    Term("upside_deviation", "Upside deviation", ROOM, "fraction", "Volatility of the rises alone: how far returns above 0 lie from it, a year.",
         "Bacon, 2nd ed., ch. 4", minimum=20, better="high"),
    Term("semivariance", "Semivariance", ROOM, "number", "Mean square of the distance below the mean, of a period.", "Markowitz 1959",
         minimum=20, better="low"),
    Term("semideviation", "Semideviation", ROOM, "fraction", "How far returns below their mean lie from it, as a yearly figure.", "Markowitz 1959",
         minimum=20, better="low"),
)  # fmt: skip
