"""Spread by rank: Gini's mean difference, its tail, and moments of ordered returns."""

from __future__ import annotations

from math import comb

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, level_of, quotient, sample

ROOM = "Dispersion"


def gini_mean_difference_of(at: Sample) -> Floats:
    """Kernel of `gini_mean_difference`."""
    ranks = np.arange(1.0, len(at.cells) + 1.0)
    found = (4.0 * (ranks @ at.ranked) - 2.0 * (at.counts + 1.0) * at.ranked.sum(axis=0)) / (at.atleast(2) * at.atleast(2, less=1))
    return np.where(at.lowest == at.highest, 0.0 * at.atleast(2), found)


def tail_gini_of(at: Sample, level: float = 0.95, points: int = 100) -> Floats:
    """Kernel of `tail_gini`: a weighted sum of the mean losses of ever smaller tails."""
    shares = np.linspace(1.0 - level, 0.0001, points)[::-1]
    return tail_losses(at, shares) @ _tail_weights(shares)


def tail_losses(at: Sample, shares: Floats) -> Floats:
    """Mean loss of the worst share of each column, with the fractional weight of the return at its edge.

    Parameters
    ----------
    at
        Returns.
    shares
        ndarray of shape (n_shares,), each between 0 and 1.

    Returns
    -------
    ndarray of shape (n_series, n_shares)
        Positive for a loss; NaN where no return is known.
    """
    wanted = at.atleast(1)[:, None] * shares
    reached = max(int(np.ceil(np.nanmax(wanted, initial=1.0) - 1e-9)), 1)
    low = at.ordered[:reached]
    sums = np.cumsum(np.where(np.isnan(low), 0.0, low), axis=0)
    if not len(low):
        return np.full(wanted.shape, np.nan)
    places = np.maximum(np.ceil(np.where(np.isnan(wanted), 1.0, wanted) - 1e-9).astype(np.intp) - 1, 0).T
    columns = np.arange(places.shape[1])
    edge, whole = low[places, columns], sums[places, columns]
    found: Floats = -((whole - edge * (places + 1.0 - wanted.T)) / wanted.T).T
    return found


def l_moment_of(at: Sample, order: int = 2) -> Floats:
    """Kernel of `l_moment`."""
    weights = [(-1.0) ** (order - 1 - power) * comb(order - 1, power) * comb(order - 1 + power, power) for power in range(order)]
    found = sum((weight * _weighted_mean(at, power) for power, weight in enumerate(weights)), np.zeros(at.cells.shape[1]))
    return np.where((at.lowest == at.highest) & (order > 1), 0.0 * at.atleast(order), found / np.where(at.counts >= order, 1.0, np.nan))


def l_skewness_of(at: Sample) -> Floats:
    """Kernel of `l_skewness`."""
    return quotient(l_moment_of(at, 3), l_moment_of(at, 2))


def l_kurtosis_of(at: Sample) -> Floats:
    """Kernel of `l_kurtosis`."""
    return quotient(l_moment_of(at, 4), l_moment_of(at, 2))


def gini_mean_difference(returns: Table) -> Figure:
    """Mean distance between two returns picked at random.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period; NaN for fewer than two returns.

    Notes
    -----
    Convention: the mean of all T (T - 1) distances between different periods, by ranks.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Yitzhaki 1982, "Stochastic dominance, mean variance, and Gini's mean difference", American Economic Review 72.

    Examples
    --------
    >>> round(gini_mean_difference([0.01, -0.01, 0.03]), 6)
    0.026667
    """
    return figure_like(returns, gini_mean_difference_of(sample(returns)), "gini_mean_difference")


def tail_gini(returns: Table, *, level: float = 0.95, points: int = 100) -> Figure:
    """Spread of the worst returns: mean losses of ever smaller tails.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        The tail is the worst 1 - level, default 0.95.
    points
        Tails that the integral is summed over, default 100, at least 3.

    Returns
    -------
    float, Series or ndarray
        Positive for a loss, fraction of a period.

    Notes
    -----
    Convention: mean losses of tails of 0.01 % to 1 - level, evenly spaced, weighted by 2 alpha d(alpha) / (1 - level)^2 by the trapezoid
    rule; the return at the edge of a tail counts by its fraction.

    Raises
    ------
    InvalidInput
        A cell is not a number, a level outside of 0 to 1, or too few points.

    References
    ----------
    Ogryczak and Ruszczynski 2002, "Dual stochastic dominance and related mean-risk models"; Cajas 2021, "OWA portfolio optimization", eq. 21.

    Examples
    --------
    >>> round(tail_gini([0.01, -0.01, 0.03, -0.05], level=0.5), 6)
    0.039999
    """
    if points < 3:
        raise InvalidInput("points", points, "is below 3", hint="Use 100")
    return figure_like(returns, tail_gini_of(sample(returns), level_of(level), points), "tail_gini")


def l_moment(returns: Table, *, order: int = 2) -> Figure:
    """Moment of ordered returns: robust against a few extremes.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    order
        1 is the mean, 2 (default) half of Gini's mean difference, 3 and 4 speak of lopsidedness and tails.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period; NaN for fewer returns than the order.

    Notes
    -----
    Convention: unbiased, from probability weighted moments.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an order below 1.

    References
    ----------
    Hosking 1990, "L-moments", Journal of the Royal Statistical Society B 52, eq. 2.1 and 3.1.

    Examples
    --------
    >>> round(l_moment([0.01, -0.01, 0.03]), 6)
    0.013333
    """
    if order < 1:
        raise InvalidInput("order", order, "is below 1", hint="Use 2, 3 or 4")
    return figure_like(returns, l_moment_of(sample(returns), order), "l_moment")


def l_skewness(returns: Table) -> Figure:
    """Lopsidedness of ordered returns, between -1 and 1.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN for fewer than three returns and where all are the same.

    Notes
    -----
    Convention: `l_moment` of order 3 over that of order 2.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Hosking 1990, section 2.3.

    Examples
    --------
    >>> round(l_skewness([0.01, -0.01, 0.03, -0.05]), 6)
    -0.230769
    """
    return figure_like(returns, l_skewness_of(sample(returns)), "l_skewness")


def l_kurtosis(returns: Table) -> Figure:
    """Weight of the tails of ordered returns; a normal's is 0.1226.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN for fewer than four returns and where all are the same.

    Notes
    -----
    Convention: `l_moment` of order 4 over that of order 2.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Hosking 1990, section 2.3.

    Examples
    --------
    >>> round(l_kurtosis([0.01, -0.01, 0.03, -0.05]), 6)
    0.230769
    """
    return figure_like(returns, l_kurtosis_of(sample(returns)), "l_kurtosis")


def _tail_weights(shares: Floats) -> Floats:
    weights = np.empty_like(shares)
    weights[0] = shares[1] * shares[0]
    weights[1:-1] = (shares[2:] - shares[:-2]) * shares[1:-1]
    weights[-1] = (shares[-1] - shares[-2]) * shares[-1]
    found: Floats = weights / shares[-1] ** 2
    return found


def _weighted_mean(at: Sample, power: int) -> Floats:
    """Mean of ordered returns weighted by C(i - 1, power) / C(n - 1, power), once a sample for the moments of several orders."""
    found: Floats = at.once(("weighted_mean", power), lambda: _mean_by_rank(at, power))
    return found


def _mean_by_rank(at: Sample, power: int) -> Floats:
    ranks, most = np.arange(len(at.cells), dtype=np.float64), np.ones_like(at.counts)
    weights = np.ones_like(ranks)
    for step in range(power):
        weights, most = weights * (ranks - step), most * (at.counts - 1.0 - step)
    return (weights @ at.ranked) / np.where(most > 0, most, np.nan) / at.atleast(1)


TERMS: tuple[Term, ...] = (
    Term("gini_mean_difference", "Gini mean difference", ROOM, "fraction", "Mean distance between the returns of two periods picked at random.",
         "Yitzhaki 1982", minimum=20, better="low"),
    Term("tail_gini", "Tail Gini", ROOM, "fraction", "Mean losses of ever smaller tails, the worst 5 % and beyond.", "Cajas 2021",
         minimum=100, better="low"),
    Term("l_moment", "L-scale", ROOM, "fraction", "Half of Gini's mean difference: a spread that a few extremes move little.", "Hosking 1990",
         minimum=20, better="low"),
    Term("l_skewness", "L-skewness", "Shape", "ratio", "Lopsidedness by ranks, between -1 and 1.", "Hosking 1990", minimum=30, better="high"),
    Term("l_kurtosis", "L-kurtosis", "Shape", "ratio", "Weight of the tails by ranks; 0.12 for a normal distribution.", "Hosking 1990",
         minimum=30, better="low"),
)  # fmt: skip
