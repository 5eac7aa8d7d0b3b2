"""When a simulated series ticks: irregular instants that a seed fixes for all time.

Time is cut into slots, each series has its own slot length, and in every slot it ticks once at an instant that a hash of
(seed, series, slot) chooses. So the ticks of any stretch of time can be told without those before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.providers.continuation import Floats

Whole = NDArray[np.int64]


class Schedule:
    """Instants of the ticks of several series.

    Parameters
    ----------
    weights : ndarray of shape (n_series,)
        How often a series ticks, in proportion to the others.
    seed : int
    per_second : float
        Ticks a second over all series.
    """

    def __init__(self, weights: Floats, *, seed: int, per_second: float) -> None:
        self._seed = seed
        self._slot = np.maximum(1000.0 * weights.sum() / (per_second * weights), 1.0)

    def newest(self, lanes: NDArray[np.intp], now: int) -> Whole:
        """Return the last tick of each series at or before `now`: ndarray of shape (n,), milliseconds since 1970-01-01 UTC."""
        slots = (now // self._slot[lanes]).astype("int64")
        ticks = self._ticks(lanes, slots)
        return np.where(ticks <= now, ticks, self._ticks(lanes, slots - 1))

    def between(self, lanes: NDArray[np.intp], since: int, now: int) -> tuple[NDArray[np.intp], Whole]:
        """Return the ticks in (since, now] in the order of time: positions in `lanes`, and milliseconds since 1970-01-01 UTC."""
        first = (since // self._slot[lanes]).astype("int64")
        counts = (now // self._slot[lanes]).astype("int64") - first + 1
        which = np.repeat(np.arange(len(lanes)), counts)
        slots = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        ticks = self._ticks(lanes[which], slots)
        inside = np.flatnonzero((ticks > since) & (ticks <= now))
        order = inside[np.argsort(ticks[inside], kind="stable")]
        return which[order], ticks[order]

    def _ticks(self, lanes: NDArray[np.intp], slots: Whole) -> Whole:
        share = _hashed(self._seed, lanes, slots) / 2.0**64
        ticks: Whole = ((slots + share) * self._slot[lanes]).astype("int64")
        return ticks


def coin(seed: int, lanes: NDArray[np.intp], at: Whole) -> Floats:
    """Return -1 or +1 for each series at its instant: ndarray of shape (n,)."""
    side: Floats = np.where(_hashed(~seed, lanes, at) >> np.uint64(63), 1.0, -1.0)
    return side


def _hashed(seed: int, lanes: NDArray[np.intp], numbers: Whole) -> NDArray[np.uint64]:
    """Mix three whole numbers to 64 even bits (the finaliser of splitmix64)."""
    start = np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    mixed = numbers.astype("uint64") * np.uint64(0x9E3779B97F4A7C15) + (lanes.astype("uint64") << np.uint64(48)) + start
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    hashed: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return hashed
