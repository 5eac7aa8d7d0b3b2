"""Losses of forecasts, and whether a model lost less than the naive one by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr

from engine.columns import Floats
from engine.risk.var.losses import diebold_mariano_test

ALPHA: Final = 0.05
SMALL: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Score:
    """A model against the naive one, out of sample; a loss is smaller the better.

    Attributes
    ----------
    task, name
        What it is for, and which.
    loss
        Name of the loss.
    score, baseline
        Mean losses of both.
    statistic, p_value
        Diebold and Mariano; below 0 the model lost less. NaN where the losses never differ.
    observations
        Periods that were forecast.
    """

    task: str
    name: str
    loss: str
    score: float
    baseline: float
    statistic: float
    p_value: float
    observations: int

    @property
    def beats(self) -> bool:
        """Whether it lost less by more than chance, at 5 %."""
        return bool(self.statistic < 0 and self.p_value < ALPHA)


def scored(task: str, name: str, loss: str, losses: Floats, naive: Floats, *, horizon: int = 1) -> Score:
    """Hold the losses of a model against those of the naive one on the same periods."""
    both = np.isfinite(losses) & np.isfinite(naive)
    mine, other = losses[both], naive[both]
    test = diebold_mariano_test(mine, other, horizon=horizon) if len(mine) > 2 else {"statistic": np.nan, "p_value": np.nan}
    return Score(task, name, loss, float(mine.mean()) if len(mine) else np.nan, float(other.mean()) if len(mine) else np.nan,
                 float(test["statistic"]), float(test["p_value"]), len(mine))


def best_of(scores: list[Score]) -> str | None:
    """Name the model with the least loss of those that beat the naive one; None where none does."""
    winners = [each for each in scores if each.beats]
    return min(winners, key=lambda each: each.score).name if winners else None


def qlike(variance: Floats, squares: Floats) -> Floats:
    """Quasi-likelihood loss of a forecast of variance.

    Parameters
    ----------
    variance
        Forecast, above 0.
    squares
        What came: squared returns of the same shape.

    Returns
    -------
    ndarray
        log h + r² / h: least in the mean for the true variance, and robust to the noise of r² (Patton 2011, eq. 24).

    Examples
    --------
    >>> qlike(np.array([0.04]), np.array([0.04])).round(4).tolist()
    [-2.2189]
    """
    held = np.maximum(variance, SMALL)
    return np.asarray(np.log(held) + squares / held)


def crps_of_mixture(weights: Floats, means: Floats, deviations: Floats, observed: Floats) -> Floats:
    """Continuous ranked probability score of mixtures of normals.

    Parameters
    ----------
    weights, means, deviations
        ndarrays of shape (n_periods, n_parts).
    observed
        ndarray of shape (n_periods,).

    Returns
    -------
    ndarray of shape (n_periods,)

    References
    ----------
    Grimit, Gneiting, Berrocal and Johnson 2006, "The continuous ranked probability score for circular variables", eq. 5.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> crps_of_mixture(one, 0 * one, one, np.array([0.0])).round(4).tolist()
    [0.2337]
    """
    near = (weights * _spread(observed[:, None] - means, deviations**2)).sum(axis=1)
    apart = _spread(means[:, :, None] - means[:, None, :], deviations[:, :, None] ** 2 + deviations[:, None, :] ** 2)
    return np.asarray(near - 0.5 * (weights[:, :, None] * weights[:, None, :] * apart).sum(axis=(1, 2)))


def _spread(mean: Floats, variance: Floats) -> Floats:
    """Mean of the absolute value of a normal."""
    deviation = np.sqrt(np.maximum(variance, SMALL))
    ratio = mean / deviation
    return np.asarray(2.0 * deviation * np.exp(-0.5 * ratio**2) / np.sqrt(2.0 * np.pi) + mean * (2.0 * ndtr(ratio) - 1.0))
