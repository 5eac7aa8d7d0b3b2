"""Moments of returns together with a benchmark's: what a series adds to the benchmark's own lopsidedness and tails."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like, product_sums
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, paired, quotient
from engine.risk.shape import second_moment

ROOM = "Against a benchmark"


def co_moment_of(at: Sample, against: Sample, power: int) -> Floats:
    """Mean of the centred returns times a power of the benchmark's."""
    raised = against.centred if power == 1 else against.centred_squares if power == 2 else against.centred_squares * against.centred
    found: Floats = product_sums(at.centred, raised) / at.atleast(1)
    return found


def co_skewness_of(at: Sample, against: Sample, *, standardised: bool = True) -> Floats:
    """Kernel of `co_skewness`."""
    plain = co_moment_of(at, against, 2)
    return quotient(plain, np.sqrt(second_moment(at)) * second_moment(against)) if standardised else plain


def co_kurtosis_of(at: Sample, against: Sample, *, standardised: bool = True) -> Floats:
    """Kernel of `co_kurtosis`."""
    plain = co_moment_of(at, against, 3)
    return quotient(plain, np.sqrt(second_moment(at)) * second_moment(against) ** 1.5) if standardised else plain


def beta_co_variance_of(at: Sample, against: Sample) -> Floats:
    """Kernel of `beta_co_variance`."""
    return quotient(co_moment_of(at, against, 1), second_moment(against))


def beta_co_skewness_of(at: Sample, against: Sample) -> Floats:
    """Kernel of `beta_co_skewness`."""
    return quotient(co_moment_of(at, against, 2), against.moment(3))


def beta_co_kurtosis_of(at: Sample, against: Sample) -> Floats:
    """Kernel of `beta_co_kurtosis`."""
    return quotient(co_moment_of(at, against, 3), against.moment(4))


def co_skewness(returns: Table, benchmark_returns: Table, *, standardised: bool = True) -> Figure:
    """How returns move when the benchmark moves far, either way.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    standardised
        Whether it is divided by the deviations, default True; else fraction to the third.

    Returns
    -------
    float, Series or ndarray
        Negative where returns are poor when the benchmark swings; NaN where either is flat.

    Notes
    -----
    Convention: mean of (r - mean)(b - mean)^2 over the periods that both have, divided by the population's deviation of r and variance
    of b.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        The two do not line up.

    References
    ----------
    Harvey and Siddique 2000, "Conditional skewness in asset pricing tests", Journal of Finance 55, eq. 11.

    Examples
    --------
    >>> round(co_skewness([0.01, -0.01, 0.03, -0.05], [0.02, -0.01, 0.01, -0.04]), 6)
    -0.611731
    """
    at, against = paired(returns, benchmark_returns)
    return figure_like(returns, co_skewness_of(at, against, standardised=standardised), "co_skewness")


def co_kurtosis(returns: Table, benchmark_returns: Table, *, standardised: bool = True) -> Figure:
    """How returns go along with the benchmark's extremes.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    standardised
        Whether it is divided by the deviations, default True; else fraction to the fourth.

    Returns
    -------
    float, Series or ndarray
        High where returns share the benchmark's extremes; NaN where either is flat.

    Notes
    -----
    Convention: mean of (r - mean)(b - mean)^3 over the periods that both have, divided by the population's deviation of r and the cube
    of that of b.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        The two do not line up.

    References
    ----------
    Martellini and Ziemann 2010, "Improved estimates of higher-order comoments and implications for portfolio selection".

    Examples
    --------
    >>> round(co_kurtosis([0.01, -0.01, 0.03, -0.05], [0.02, -0.01, 0.01, -0.04]), 6)
    1.603643
    """
    at, against = paired(returns, benchmark_returns)
    return figure_like(returns, co_kurtosis_of(at, against, standardised=standardised), "co_kurtosis")


def beta_co_variance(returns: Table, benchmark_returns: Table) -> Figure:
    """Part of the benchmark's variance that a holding of it carries.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.

    Returns
    -------
    float, Series or ndarray
        Ratio, the benchmark's own 1; NaN where it is flat.

    Notes
    -----
    Convention: covariance over variance: beta without a risk-free rate.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        The two do not line up.

    References
    ----------
    Martellini and Ziemann 2010, eq. 8.

    Examples
    --------
    >>> round(beta_co_variance([0.01, -0.01, 0.03, -0.05], [0.02, -0.01, 0.01, -0.04]), 6)
    1.190476
    """
    return figure_like(returns, beta_co_variance_of(*paired(returns, benchmark_returns)), "beta_co_variance")


def beta_co_skewness(returns: Table, benchmark_returns: Table) -> Figure:
    """Part of the benchmark's skewness that a holding of it carries.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.

    Returns
    -------
    float, Series or ndarray
        Ratio, the benchmark's own 1; NaN where its third moment is 0.

    Notes
    -----
    Convention: mean of (r - mean)(b - mean)^2 over the third moment of b.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        The two do not line up.

    References
    ----------
    Martellini and Ziemann 2010, eq. 9.

    Examples
    --------
    >>> round(beta_co_skewness([0.01, -0.01, 0.03, -0.05], [0.02, -0.01, 0.01, -0.04]), 6)
    1.583333
    """
    return figure_like(returns, beta_co_skewness_of(*paired(returns, benchmark_returns)), "beta_co_skewness")


def beta_co_kurtosis(returns: Table, benchmark_returns: Table) -> Figure:
    """Part of the benchmark's kurtosis that a holding of it carries.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.

    Returns
    -------
    float, Series or ndarray
        Ratio, the benchmark's own 1; NaN where it is flat.

    Notes
    -----
    Convention: mean of (r - mean)(b - mean)^3 over the fourth moment of b.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        The two do not line up.

    References
    ----------
    Martellini and Ziemann 2010, eq. 10.

    Examples
    --------
    >>> round(beta_co_kurtosis([0.01, -0.01, 0.03, -0.05], [0.02, -0.01, 0.01, -0.04]), 6)
    1.175032
    """
    return figure_like(returns, beta_co_kurtosis_of(*paired(returns, benchmark_returns)), "beta_co_kurtosis")


TERMS: tuple[Term, ...] = (
    Term("co_skewness", "Co-skewness", ROOM, "number", "Negative where returns are poor when the benchmark swings far, either way.",
         "Harvey and Siddique 2000", minimum=30, better="high", relative=True),
    Term("co_kurtosis", "Co-kurtosis", ROOM, "number", "High where returns share the benchmark's extremes.", "Martellini and Ziemann 2010",
         minimum=30, better="low", relative=True),
    Term("beta_co_variance", "Beta co-variance", ROOM, "ratio", "Part of the benchmark's variance that one unit of the series carries.",
         "Martellini and Ziemann 2010", minimum=30, relative=True),
    Term("beta_co_skewness", "Beta co-skewness", ROOM, "ratio", "Part of the benchmark's lopsidedness that one unit of the series carries.",
         "Martellini and Ziemann 2010", minimum=30, relative=True),
    Term("beta_co_kurtosis", "Beta co-kurtosis", ROOM, "ratio", "Part of the benchmark's tails that one unit of the series carries.",
         "Martellini and Ziemann 2010", minimum=30, relative=True),
)  # fmt: skip
