"""Forecasts of the covariance of what is held, for the month that comes."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.advice.learning.scores import Score, scored
from engine.columns import Floats
from engine.errors import InsufficientHistory
from engine.risk.shrinkage import shrunk_covariance

NAIVE: Final = "sample"
NAMES: Final = ("ewma", "constant_correlation", "identity")
WINDOW, EVERY, DAYS = 252, 21, 1260
LEAST_BLOCKS: Final = 8
DECAY: Final = 0.97


def covariance_of(name: str, past: Floats) -> Floats:
    """Estimate a covariance by one of the models, around zero but for those that are shrunk.

    Parameters
    ----------
    name
        ``sample``, ``ewma``, ``constant_correlation`` or ``identity``.
    past
        ndarray of shape (n_periods, n_series).

    Returns
    -------
    ndarray of shape (n_series, n_series)
    """
    if name in {"constant_correlation", "identity"}:
        return np.asarray(shrunk_covariance(past, target=name))
    weights = DECAY ** np.arange(len(past) - 1, -1, -1.0) if name == "ewma" else np.ones(len(past))
    weighted = past * (weights / weights.sum())[:, None]
    return np.asarray(weighted.T @ past)


def covariance_losses(returns: Floats, *, window: int = WINDOW, every: int = EVERY, days: int = DAYS) -> dict[str, Floats]:
    """Quasi-likelihood of every model, day by day.

    Parameters
    ----------
    returns
        ndarray of shape (n_periods, n_series), no NaN, fewer series than half the window.
    window, every, days
        Periods looked back on, between two estimates, and forecast at most.

    Returns
    -------
    dict
        Model -> ndarray of shape (n_forecast,): (log det S + r' inv(S) r) over the series; NaN where S cannot be inverted.

    Raises
    ------
    InsufficientHistory
        Fewer than the window and eight estimates.

    References
    ----------
    Patton and Sheppard 2009, "Evaluating volatility and correlation forecasts", eq. 19.
    """
    if len(returns) < window + LEAST_BLOCKS * every:
        raise InsufficientHistory("covariance forecasts", needed=window + LEAST_BLOCKS * every, found=len(returns))
    first = max(window, len(returns) - days)
    told = {name: np.full(len(returns) - first, np.nan) for name in (NAIVE, *NAMES)}
    for place in range(first, len(returns), every):
        past, ahead = returns[place - window : place], returns[place : place + every]
        if (past.max(axis=0) == past.min(axis=0)).any():
            continue  # a series that never moved has no covariance
        for name, losses in told.items():
            losses[place - first : place - first + len(ahead)] = _losses(covariance_of(name, past), ahead)
    return told


def covariance_scores(losses: dict[str, Floats]) -> list[Score]:
    """Score every model against the sample covariance."""
    return [scored("covariance", name, "qlike", losses[name], losses[NAIVE]) for name in NAMES]


def _losses(covariance: Floats, ahead: Floats) -> Floats:
    sign, size = np.linalg.slogdet(covariance)
    if not sign > 0 or np.linalg.cond(covariance) > 1e12:
        return np.full(len(ahead), np.nan)
    return np.asarray((size + np.einsum("ti,ti->t", ahead, np.linalg.solve(covariance, ahead.T).T)) / len(covariance))
