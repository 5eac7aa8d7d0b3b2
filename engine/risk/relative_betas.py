"""Betas beyond the plain one: drawn towards a prior, and of rising and falling benchmarks apart."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.pair import NOISE, Pair, beside, dots
from engine.risk.sample import quotient


def blume_beta(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, weight: float = 2 / 3) -> Figure:
    """Beta drawn a third of the way towards 1.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `beta`; a rate is one of a period.
    weight
        Of the measured beta, default 2/3; Blume's rounded figures are 0.67 and 0.33.

    Returns
    -------
    float, Series or ndarray
        weight x beta + 1 - weight.

    Raises
    ------
    InvalidInput
        As in `beta`, or a weight outside 0 to 1.
    MisalignedSeries
        As in `beta`.

    References
    ----------
    Blume, Betas and Their Regression Tendencies (1975), Journal of Finance 30.

    Examples
    --------
    >>> round(blume_beta([0.02, -0.01, 0.05], [0.01, 0.0, 0.02]), 6)
    2.333333
    """
    if not 0.0 <= weight <= 1.0:
        raise InvalidInput("weight", weight, "is not between 0 and 1", hint="Use 2/3")
    return figure_like(returns, blume_of(beside(returns, benchmark_returns, risk_free=risk_free), weight), "blume_beta")


def blume_of(pair: Pair, weight: float = 2 / 3) -> Floats:
    """Kernel of `blume_beta`."""
    return np.asarray(weight * pair.beta + (1.0 - weight))


def vasicek_beta(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    prior_mean: float | None = None,
    prior_deviation: float | None = None,
) -> Figure:
    """Beta drawn towards a prior, the further the less sure it is.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `beta`; a rate is one of a period.
    prior_mean, prior_deviation
        Of betas before anything was measured; default the mean and standard deviation over the columns of `returns`.

    Returns
    -------
    float, Series or ndarray
        NaN without a prior: one series alone tells none.

    Notes
    -----
    Convention: weights are the inverse variances, that of the measured beta being its classic standard error squared.

    Raises
    ------
    InvalidInput
        As in `beta`, or a deviation that is not above zero.
    MisalignedSeries
        As in `beta`.

    References
    ----------
    Vasicek, A Note on Using Cross-Sectional Information in Bayesian Estimation of Security Betas (1973), Journal of Finance 28, eq. 4.

    Examples
    --------
    >>> round(vasicek_beta([0.02, -0.01, 0.05], [0.01, 0.0, 0.02], prior_mean=1.0, prior_deviation=0.5), 6)
    3.0
    """
    if prior_deviation is not None and not prior_deviation > 0:
        raise InvalidInput("prior_deviation", prior_deviation, "is not above zero", hint="0.5 is about that of single shares")
    pair = beside(returns, benchmark_returns, risk_free=risk_free)
    measured = pair.beta[np.isfinite(pair.beta)]
    told = len(measured) > 1
    mean = prior_mean if prior_mean is not None else measured.mean() if told else np.nan
    spread = prior_deviation if prior_deviation is not None else measured.std(ddof=1) if told else np.nan
    error = pair.specific(2) ** 2 / np.where(pair.market.squares > 0, pair.market.squares, np.nan)
    share = quotient(np.full_like(error, spread**2), spread**2 + error)
    return figure_like(returns, share * pair.beta + (1.0 - share) * mean, "vasicek_beta")


def bull_beta(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, zero: str = "up") -> Figure:
    """Beta over the periods in which the benchmark rose.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `beta`; a rate is one of a period.
    zero
        A period in which the benchmark's excess return was 0 is ``up`` (default), ``down`` or ``neither``.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN with fewer than two such periods.

    Notes
    -----
    Convention: the benchmark rose where it was above the risk-free rate; the line through those periods has its own intercept.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 73 "Bull beta".

    Examples
    --------
    >>> round(bull_beta([0.02, 0.04, 0.03], [0.01, 0.02, -0.02]), 6)
    2.0
    """
    return figure_like(returns, sided_beta_of(beside(returns, benchmark_returns, risk_free=risk_free), "up", zero), "bull_beta")


def bear_beta(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, zero: str = "up") -> Figure:
    """Beta over the periods in which the benchmark fell.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, zero
        As in `bull_beta`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN with fewer than two such periods.

    Notes
    -----
    Convention: as in `bull_beta`.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    Bacon, 2nd ed., p. 73 "Bear beta".

    Examples
    --------
    >>> round(bear_beta([-0.02, -0.01, 0.03], [-0.02, 0.0, 0.04], zero="down"), 6)
    0.5
    """
    return figure_like(returns, sided_beta_of(beside(returns, benchmark_returns, risk_free=risk_free), "down", zero), "bear_beta")


def sided_beta_of(pair: Pair, way: str, zero: str = "up") -> Floats:
    """Kernel of `bull_beta` and `bear_beta`."""
    chosen = pair.side(way, zero).astype(np.float64)
    count = dots(chosen, pair.own.known)
    held = np.where(count >= 2, count, np.nan)
    theirs, mine = chosen * pair.market.centred, pair.excess.centred
    squares = dots(theirs, theirs)
    spread = squares - dots(chosen, theirs) ** 2 / held
    products = dots(theirs, mine) - dots(chosen, theirs) * dots(chosen, mine) / held
    return quotient(products, np.where(spread > NOISE * squares, spread, np.nan))


def timing_ratio(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, zero: str = "up") -> Figure:
    """Bull beta over bear beta.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, zero
        As in `bull_beta`.

    Returns
    -------
    float, Series or ndarray
        Above 1 more of the rises was taken than of the falls.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    Bacon, 2nd ed., p. 74 "Beta timing ratio".

    Examples
    --------
    >>> round(timing_ratio([0.02, 0.04, -0.01, -0.02], [0.01, 0.02, -0.01, -0.02]), 6)
    2.0
    """
    return figure_like(returns, timing_ratio_of(beside(returns, benchmark_returns, risk_free=risk_free), zero), "timing_ratio")


def timing_ratio_of(pair: Pair, zero: str = "up") -> Floats:
    """Kernel of `timing_ratio`."""
    return quotient(sided_beta_of(pair, "up", zero), sided_beta_of(pair, "down", zero))


TERMS: tuple[Term, ...] = (
    Term("blume_beta", "Adjusted beta", "Benchmark", "ratio", "Beta drawn a third of the way towards 1, as betas tend to go.", "Blume 1975", 30,
         "", relative=True),
    Term("bull_beta", "Beta in rises", "Benchmark", "ratio", "Beta over the periods in which the benchmark rose.", "Bacon 2008, p. 73", 30, "high",
         relative=True),
    Term("bear_beta", "Beta in falls", "Benchmark", "ratio", "Beta over the periods in which the benchmark fell.", "Bacon 2008, p. 73", 30, "low",
         relative=True),
    Term("timing_ratio", "Timing ratio", "Benchmark", "ratio", "Beta in rises over beta in falls: above 1 the rises were ridden harder.",
         "Bacon 2008, p. 74", 60, "high", relative=True),
)
