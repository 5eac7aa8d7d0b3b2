"""Relativistic value at risk: the entropic one with a deformed logarithm, which weighs the far tail more."""

from __future__ import annotations

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.entropic import relativistic_of
from engine.risk.sample import Sample, level_of, sample


def relativistic_value_at_risk(returns: Table, *, level: float = 0.95, deformation: float = 0.3) -> Figure:
    """Largest mean loss of distributions near by a deformed entropy.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Confidence, default 0.95.
    deformation
        Kappa between 0 (the entropic value at risk) and 1 (the worst loss), default 0.3.

    Returns
    -------
    float, Series or ndarray
        Positive for a loss, fraction; between the entropic value at risk and the worst loss; NaN without returns.

    Notes
    -----
    Convention: the most of sum q * loss over q with sum q = 1 and sum q ln_k(q) <= ln_k(1 / ((1 - level) T)), where
    ln_k(x) = (x^k - x^-k) / 2k. Solved through its dual of two numbers by Newton's method.

    Raises
    ------
    InvalidInput
        A level or deformation outside of 0 to 1.

    References
    ----------
    Cajas, Portfolio Optimization of Relativistic Value at Risk, 2023, eq. 9 and 14.

    Examples
    --------
    >>> round(relativistic_value_at_risk([-0.05, -0.02, 0.0, 0.01, 0.03], level=0.75), 4)
    0.0488
    """
    return figure_like(returns, relativistic_value_at_risk_of(sample(returns), level, deformation), "relativistic_value_at_risk")


def relativistic_value_at_risk_of(at: Sample, level: float = 0.95, deformation: float = 0.3) -> Floats:
    """Relativistic value at risk of each column, shape (n_series,)."""
    if not 0.0 < deformation < 1.0:
        raise InvalidInput("deformation", deformation, "is not between 0 and 1", hint="Use 0.3")
    return relativistic_of(at, level_of(level), deformation)


TERMS: tuple[Term, ...] = (
    Term("relativistic_value_at_risk", "Relativistic VaR", "Tail risk", "fraction", "As the entropic one, the far tail weighing more.",
         "Cajas 2023", 60, "low"),
)
