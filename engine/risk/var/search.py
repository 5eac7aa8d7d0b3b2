"""The least value of a function of one number, for all series at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.columns import Floats

_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_STEPS = 36  # 0.618 ** 36 of the first bracket, 3e-8: a function is flat to rounding nearer than that


def least(function: Callable[[Floats], Floats], grid: Floats, n_series: int) -> Floats:
    """Where a function is least, by a grid and golden sections between its neighbours.

    Parameters
    ----------
    function
        Of an ndarray of shape (n_series,), one trial a series, to their values.
    grid
        Trials that are common to all, ascending; the least lies between the first and the last.
    n_series
        How many series there are.

    Returns
    -------
    ndarray of shape (n_series,)
        NaN where the function is NaN everywhere.

    References
    ----------
    Kiefer, Sequential minimax search for a maximum, 1953.
    """
    values = np.stack([function(np.full(n_series, trial)) for trial in grid])
    values = np.where(np.isnan(values), np.inf, values)
    best = values.argmin(axis=0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
    found = _narrowed(function, low, high)
    return np.where(np.isfinite(values.min(axis=0)), found, np.nan)


def _narrowed(function: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(_STEPS):
        down = at_left < at_right
        low, high = np.where(down, low, left), np.where(down, right, high)
        trial = np.where(down, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        at_trial = function(trial)
        left, right = np.where(down, trial, right), np.where(down, left, trial)
        at_left, at_right = np.where(down, at_trial, at_right), np.where(down, at_left, at_trial)
    return (low + high) / 2.0
