"""Risk by entropy: the exponential mean of losses, and the largest mean that distributions near the sample's can have."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.entropic import entropic_of
from engine.risk.sample import Sample, level_of, sample


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
    return entropic_of(at, level_of(level))


TERMS: tuple[Term, ...] = (
    Term("entropic_value_at_risk", "Entropic VaR", "Tail risk", "fraction", "Mean loss of the worst distribution near the history.",
         "Ahmadi-Javid 2012", 60, "low"),
    Term("entropic_risk", "Entropic risk", "Tail risk", "fraction", "Sure loss that somebody cautious would take instead.",
         "Föllmer and Schied 2002", 60, "low"),
)
