"""Relativistic value at risk: the entropic one with a deformed logarithm, which weighs the far tail more."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, level_of, sample
from engine.risk.var.entropic import exponential_slope

_ROUNDS = 80
_HALVINGS = 30
_DONE = 1e-14  # of the figure: what the next step would still gain
_CELLS = 150_000  # cells that are worked on at once: they stay in the processor's cache


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
    share = 1.0 - level_of(level)
    slope = exponential_slope(at, share)
    inner = np.isfinite(slope)
    found = -at.lowest
    for columns in np.array_split(np.flatnonzero(inner), max(1, int(inner.sum()) * len(at.cells) // _CELLS)):
        losses = np.where(at.known[:, columns], -at.filled[:, columns], -np.inf)
        found[columns] = _Dual(losses, at.counts[columns], slope[columns], share, deformation).least()
    return found


class _Dual:
    """The dual t + z c + z sum h((loss - t) / z), convex in t and z; `place` holds both."""

    def __init__(self, losses: Floats, counts: Floats, slope: Floats, share: float, kappa: float) -> None:
        self.kappa = kappa
        self.unit = 1.0 / slope
        self.losses = losses * slope  # so that z is near 1
        size = share * counts
        self.bound = (size**-kappa - size**kappa) / (2.0 * kappa)
        worst = self.losses.max(axis=0, initial=-np.inf)
        total = np.exp(self.losses - worst).sum(axis=0)
        self.place = np.stack([worst + np.log(total) - 1.0, np.ones_like(slope)])

    def least(self) -> Floats:
        """Newton's method, a step halved until it helps."""
        value = self._value(self.place)
        for _ in range(_ROUNDS):
            step, decrement = self._step()
            if (decrement <= _DONE * np.abs(value)).all():
                break
            self.place, value = self._moved(step, value)
        return value * self.unit

    def _moved(self, step: Floats, value: Floats) -> tuple[Floats, Floats]:
        place, height, factor = self.place, value, np.ones_like(value)
        for _ in range(_HALVINGS):
            ahead = self.place + factor * step
            found = self._value(ahead)
            good = found <= value
            place, height = np.where(good, ahead, place), np.where(good, found, height)
            if good.all():
                break
            factor = np.where(good, 0.0, factor / 2.0)
        return place, height

    def _probabilities(self, place: Floats) -> tuple[Floats, Floats, Floats]:
        """Distance of each loss, the deformed exponential y of it and its root of kappa, the weight q; 0 of what is not known."""
        with np.errstate(invalid="ignore", divide="ignore"):
            distance = (self.losses - place[0]) / place[1]
            root = np.sqrt((self.kappa * distance) ** 2 + 1.0 - self.kappa**2)
            # For a loss far below t the sum cancels: the other form of the same root of the quadratic.
            raised = np.where(distance >= 0, (self.kappa * distance + root) / (1.0 + self.kappa), (1.0 - self.kappa) / (root - self.kappa * distance))
            weights = np.exp(np.log(raised) / self.kappa)
        known = np.isfinite(self.losses)
        return np.where(known, distance, 0.0), np.where(known, raised, 1.0), np.where(known, weights, 0.0)

    def _value(self, place: Floats) -> Floats:
        good = place[1] > 0
        safe = np.where(good, place, 1.0)
        _, raised, weights = self._probabilities(safe)
        gain = (weights * (raised + 1.0 / raised)).sum(axis=0) / 2.0
        return np.where(good, safe[0] + safe[1] * (self.bound + gain), np.inf)

    def _step(self) -> tuple[Floats, Floats]:
        """Newton's step, and twice what it promises to gain."""
        distance, raised, weights = self._probabilities(self.place)
        cost = (weights * (raised - 1.0 / raised)).sum(axis=0) / (2.0 * self.kappa)
        slope = np.stack([1.0 - weights.sum(axis=0), self.bound - cost])
        rate = 2.0 * weights / ((1.0 + self.kappa) * raised + (1.0 - self.kappa) / raised) / self.place[1]
        bends = [(rate * distance**power).sum(axis=0) for power in (0, 1, 2)]
        # Kept from zero, where all weight is on one loss and the two directions are one.
        determinant = np.maximum(bends[0] * bends[2] - bends[1] ** 2, 1e-300)
        step = -np.stack([bends[2] * slope[0] - bends[1] * slope[1], bends[0] * slope[1] - bends[1] * slope[0]]) / determinant
        return step, -(slope * step).sum(axis=0)


TERMS: tuple[Term, ...] = (
    Term("relativistic_value_at_risk", "Relativistic VaR", "Tail risk", "fraction", "As the entropic one, the far tail weighing more.",
         "Cajas 2023", 60, "low"),
)
