"""Path of a price within one day, at any instant of it, a pure function of the seed.

A Brownian bridge leads from the close before to the close of the day: knots every minute are made once a day, knots every
second when somebody asks for that minute. The noise of a panel's series is correlated as their daily returns are. On a day
without trading (a weekend) the path starts and ends at the last close.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from data.providers.continuation import Floats, Panel

MINUTES = 1440
SECONDS = 60
QUIET_DAY = 0.15


class Paths:
    """Log prices of a panel at instants.

    Parameters
    ----------
    panel : Panel
    seed : int
    remembered : int
        How many days and how many minutes are kept prepared.
    """

    def __init__(self, panel: Panel, *, seed: int, remembered: int = 16) -> None:
        self._panel = panel
        self._seed = seed
        self._days = _Memory(self._day, remembered)
        self._minutes = _Memory(self._minute, remembered)

    def prices(self, columns: NDArray[np.intp], at: Floats) -> Floats:
        """Return the price of each column at its instant.

        Parameters
        ----------
        columns : ndarray of shape (n,), positions in `panel.symbols`
        at : ndarray of shape (n,), seconds since 1970-01-01 UTC

        Returns
        -------
        ndarray of shape (n,), NaN before a series begins
        """
        minute, second = np.divmod(at, SECONDS)
        logs = np.empty(len(at))
        for number in np.unique(minute):
            here = minute == number
            logs[here] = _between(self._minutes(int(number)), second[here], columns[here])
        prices: Floats = np.exp(logs)
        return prices

    def knots(self, day: int) -> Floats:
        """Return the log prices of a day: ndarray of shape (1441, n_series), one row a minute."""
        return self._days(day)

    def _day(self, day: int) -> Floats:
        panel, row = self._panel, self._panel.row_on_or_before(day)
        if row < 1:
            return np.full((MINUTES + 1, len(panel.symbols)), math.nan)
        trading = int(panel.days[row]) == day
        ends = np.log(panel.closes[[row - 1 if trading else row, row]])
        return _bridge(ends[0], ends[1], self._noise(MINUTES, day, 0) * (1.0 if trading else QUIET_DAY))

    def _minute(self, number: int) -> Floats:
        day, minute = divmod(number, MINUTES)
        knots = self._days(day)
        trading = int(self._panel.days[self._panel.row_on_or_before(day)]) == day
        scale = math.sqrt(1 / MINUTES) * (1.0 if trading else QUIET_DAY)
        return _bridge(knots[minute], knots[minute + 1], self._noise(SECONDS, day, minute + 1) * scale)

    def _noise(self, steps: int, day: int, part: int) -> Floats:
        """Correlated steps whose sum over `steps` has the variance of a day: ndarray of shape (steps, n_series)."""
        key = (self._seed, int.from_bytes(self._panel.name.encode(), "big"), day, part)
        normal = np.random.default_rng(key).standard_normal((steps, len(self._panel.symbols)))
        noise: Floats = normal @ self._panel.root * (self._panel.sigma / math.sqrt(steps))
        return noise


def _bridge(start: Floats, end: Floats, noise: Floats) -> Floats:
    """Walk that starts and ends where it must: ndarray of shape (n_steps + 1, n_series)."""
    share = np.linspace(0.0, 1.0, len(noise) + 1)[:, None]
    walk = np.vstack([np.zeros_like(start), np.cumsum(noise, axis=0)])
    bridge: Floats = start + share * (end - start) + walk - share * walk[-1]
    return bridge


def _between(knots: Floats, place: Floats, columns: NDArray[np.intp]) -> Floats:
    """Straight line between the knots on both sides of a place."""
    left = np.floor(place).astype("intp")
    before = knots[left, columns]
    value: Floats = before + (place - left) * (knots[left + 1, columns] - before)
    return value


class _Memory:
    """The newest answers of a function of one whole number, safe between threads."""

    def __init__(self, compute: Callable[[int], Floats], size: int) -> None:
        self._compute = compute
        self._size = size
        self._kept: OrderedDict[int, Floats] = OrderedDict()
        self._lock = Lock()

    def __call__(self, key: int) -> Floats:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        answer = self._compute(key)
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return answer
