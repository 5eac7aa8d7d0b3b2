"""One side of a target against the other: how often, and how far."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.risk.catalogue import Term
from engine.risk.deviations import above_count, below_count
from engine.risk.partial_moments import side_of
from engine.risk.sample import Sample, above_acceptable, quotient

ROOM = "Dispersion"


def downside_frequency_of(at: Sample) -> Floats:
    """Kernel of `downside_frequency`."""
    return below_count(at) / at.atleast(1)


def upside_frequency_of(at: Sample) -> Floats:
    """Kernel of `upside_frequency`."""
    return above_count(at) / at.atleast(1)


def volatility_skewness_of(at: Sample) -> Floats:
    """Kernel of `volatility_skewness`."""
    return quotient(side_of(at, 2, below=False), side_of(at, 2, below=True))


def variability_skewness_of(at: Sample) -> Floats:
    """Kernel of `variability_skewness`."""
    return np.sqrt(volatility_skewness_of(at))


def downside_frequency(returns: Table, *, minimum_acceptable_return: float | Table = 0.0) -> Figure:
    """Share of periods with a return below what is acceptable.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.

    Returns
    -------
    float, Series or ndarray
        Fraction of the periods that have a return.

    Notes
    -----
    Convention: a return equal to it counts neither as below nor as above.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Downside frequency".

    Examples
    --------
    >>> downside_frequency([0.01, -0.01, 0.03, 0.0])
    0.25
    """
    return figure_like(returns, downside_frequency_of(above_acceptable(returns, minimum_acceptable_return)), "downside_frequency")


def upside_frequency(returns: Table, *, minimum_acceptable_return: float | Table = 0.0) -> Figure:
    """Share of periods with a return above what is acceptable.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.

    Returns
    -------
    float, Series or ndarray
        Fraction of the periods that have a return.

    Notes
    -----
    Convention: as in `downside_frequency`.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Upside frequency".

    Examples
    --------
    >>> upside_frequency([0.01, -0.01, 0.03, 0.0])
    0.5
    """
    return figure_like(returns, upside_frequency_of(above_acceptable(returns, minimum_acceptable_return)), "upside_frequency")


def volatility_skewness(returns: Table, *, minimum_acceptable_return: float | Table = 0.0) -> Figure:
    """Variance above what is acceptable over the variance below it.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.

    Returns
    -------
    float, Series or ndarray
        Ratio, above 1 where rises are larger than falls; NaN where nothing fell.

    Notes
    -----
    Convention: higher over lower partial moment of order 2, both over all periods.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Volatility skewness".

    Examples
    --------
    >>> round(volatility_skewness([0.01, -0.01, 0.03, -0.02]), 6)
    2.0
    """
    return figure_like(returns, volatility_skewness_of(above_acceptable(returns, minimum_acceptable_return)), "volatility_skewness")


def variability_skewness(returns: Table, *, minimum_acceptable_return: float | Table = 0.0) -> Figure:
    """Deviation above what is acceptable over the deviation below it.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where nothing fell.

    Notes
    -----
    Convention: the root of `volatility_skewness`.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Variability skewness".

    Examples
    --------
    >>> round(variability_skewness([0.01, -0.01, 0.03, -0.02]), 6)
    1.414214
    """
    return figure_like(returns, variability_skewness_of(above_acceptable(returns, minimum_acceptable_return)), "variability_skewness")


TERMS: tuple[Term, ...] = (
    Term("downside_frequency", "Downside frequency", ROOM, "fraction", "Share of periods that lost.", "Bacon, 2nd ed., ch. 4", better="low"),
    Term("upside_frequency", "Upside frequency", ROOM, "fraction", "Share of periods that gained.", "Bacon, 2nd ed., ch. 4", better="high"),
    Term("volatility_skewness", "Volatility skewness", "Shape", "ratio", "Variance of the rises over the variance of the falls.",
         "Bacon, 2nd ed., ch. 4", minimum=20, better="high"),
    Term("variability_skewness", "Variability skewness", "Shape", "ratio", "Deviation of the rises over the deviation of the falls.",
         "Bacon, 2nd ed., ch. 4", minimum=20, better="high"),
)  # fmt: skip
