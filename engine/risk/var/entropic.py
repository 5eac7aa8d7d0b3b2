"""Risk by entropy: the exponential mean of losses, and the largest mean that distributions near the sample's can have."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, level_of, sample

_ROUNDS = 60
_NEAR = 1e-8  # of Newton's last step: the next would be its square, and the figure is flat there
_CELLS = 150_000  # cells that are worked on at once: they stay in the processor's cache


def entropic_risk(returns: Table, *, risk_aversion: float = 1.0) -> Figure:
    """Sure loss that somebody of constant risk aversion would accept.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_aversion
        Of the exponential utility, default 1; theta in the formula is its inverse.

    Returns
    -------
    float, Series or ndarray
        Positive for a loss, fraction; NaN without returns.

    Notes
    -----
    Convention: theta ln mean(exp(loss / theta)). Near 0 aversion it is the mean loss, with growing aversion the worst.

    Raises
    ------
    InvalidInput
        An aversion not above 0.

    References
    ----------
    Föllmer and Schied, Convex measures of risk and trading constraints, 2002, example 12.

    Examples
    --------
    >>> round(entropic_risk([0.0, 0.0]), 6), round(entropic_risk([-0.1, 0.1], risk_aversion=10), 6)
    (0.0, 0.043378)
    """
    if not risk_aversion > 0:
        raise InvalidInput("risk_aversion", risk_aversion, "is not above zero", hint="Use 1; 10 for somebody cautious")
    return figure_like(returns, entropic_risk_of(sample(returns), risk_aversion), "entropic_risk")


def entropic_value_at_risk(returns: Table, *, level: float = 0.95) -> Figure:
    """Least bound of the shortfall that exponential moments give.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Confidence, default 0.95.

    Returns
    -------
    float, Series or ndarray
        Positive for a loss, fraction; the worst loss where it alone is more than the tail; NaN without returns.

    Notes
    -----
    Convention: the least over z > 0 of z ln(mean(exp(loss / z)) / (1 - level)), found to rounding by Newton's method.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1.

    References
    ----------
    Ahmadi-Javid, Entropic Value-at-Risk: A New Coherent Risk Measure, 2012, definition 3.1.

    Examples
    --------
    >>> round(entropic_value_at_risk([-0.05, -0.02, 0.0, 0.01, 0.03], level=0.75), 6)
    0.048341
    """
    return figure_like(returns, entropic_value_at_risk_of(sample(returns), level), "entropic_value_at_risk")


def entropic_risk_of(at: Sample, risk_aversion: float = 1.0) -> Floats:
    """Exponential certainty equivalent of each column, shape (n_series,)."""
    worst = -at.lowest
    raised = np.where(at.known, np.exp(risk_aversion * (-at.filled - worst)), 0.0)
    mean = raised.sum(axis=0) / at.atleast(1)
    return np.asarray(worst + np.log(mean) / risk_aversion)


def entropic_value_at_risk_of(at: Sample, level: float = 0.95) -> Floats:
    """Entropic value at risk of each column, shape (n_series,)."""
    share = 1.0 - level_of(level)
    slope = exponential_slope(at, share)
    inner = np.isfinite(slope)
    tilt = np.where(inner, slope, 1.0)
    mean = np.where(at.known, np.exp(tilt * (-at.filled + at.lowest)), 0.0).sum(axis=0) / at.atleast(1)
    return -at.lowest + np.where(inner, np.log(mean / share) / tilt, 0.0)


def exponential_slope(at: Sample, share: float) -> Floats:
    """Inverse of the z that is least in `entropic_value_at_risk`.

    Parameters
    ----------
    at
        Returns.
    share
        Probability of the tail.

    Returns
    -------
    ndarray of shape (n_series,)
        Infinite where the worst loss alone fills the tail.

    Notes
    -----
    Where s K'(s) - K(s) = -ln share, with K the cumulant function of the losses: its left side rises from 0 to the log of how rare
    the worst loss is.
    """
    worst_count = np.count_nonzero(at.cells == at.lowest, axis=0)
    inner = (worst_count < share * at.counts * (1.0 - 1e-12)) & (at.squares > 0)
    found = np.full(len(inner), np.inf)
    for columns in np.array_split(np.flatnonzero(inner), max(1, int(inner.sum()) * len(at.cells) // _CELLS)):
        below = np.where(at.known[:, columns], at.lowest[columns] - at.filled[:, columns], -np.inf)  # no exponential overflows
        found[columns] = _tilted_until(below, at.counts[columns], np.sqrt(at.squares[columns] / at.counts[columns]), -np.log(share))
    return found


def _tilted_until(below: Floats, counts: Floats, deviation: Floats, target: float) -> Floats:
    """Slope at which the tilted sample has an entropy of `target`, by Newton's method between bounds."""
    slope: Floats = np.sqrt(2.0 * target) / deviation  # of a normal distribution
    low, high = np.zeros_like(slope), np.full_like(slope, np.inf)
    finite = np.maximum(below, -1e300)
    for _ in range(_ROUNDS):
        cost, bend = _cumulants(below, finite, counts, slope)
        low, high = np.where(cost < target, slope, low), np.where(cost < target, high, slope)
        step = slope + (target - cost) / np.where(bend > 0, slope * bend, 1.0)
        inside = (bend > 0) & (step > low) & (step < high)
        moved = np.where(inside, step, np.where(np.isfinite(high), (low + high) / 2.0, 2.0 * slope))
        done = bool((np.abs(moved - slope) <= _NEAR * slope).all())
        slope = moved
        if done:
            break
    return slope


def _cumulants(below: Floats, finite: Floats, counts: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Entropy of the tilted sample against the plain one, s K' - K, and the variance K'' of it."""
    raised = np.exp(slope * below)
    total = raised.sum(axis=0)
    raised *= finite
    first = raised.sum(axis=0) / total
    second = np.einsum("ij,ij->j", raised, finite) / total
    return np.asarray(slope * first - np.log(total / counts)), np.asarray(second - first**2)


TERMS: tuple[Term, ...] = (
    Term("entropic_value_at_risk", "Entropic VaR", "Tail risk", "fraction", "Mean loss of the worst distribution near the history.",
         "Ahmadi-Javid 2012", 60, "low"),
    Term("entropic_risk", "Entropic risk", "Tail risk", "fraction", "Sure loss that somebody cautious would take instead.",
         "Föllmer and Schied 2002", 60, "low"),
)
