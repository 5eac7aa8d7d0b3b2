"""Continues real daily series past their last close, by blocks of their own returns.

A stationary block bootstrap whose blocks are dealt like cards: a cycle cuts the last ten real years into blocks of random length
(geometric, a month on average), shuffles them and plays every real day once. All series of a panel take the same day at the same
time. So over a cycle the mean, the volatility and the cross-correlation are those of the real returns, runs of wild and calm
days survive, and a price can neither explode nor vanish faster than it did in reality.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

POOL_DAYS = 2520
MEAN_BLOCK_DAYS = 21

Floats = NDArray[np.float64]
Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Panel:
    """Daily closes of several series, real up to `last_real`, continued after it.

    Attributes
    ----------
    days : ndarray of shape (n_days,), days since 1970-01-01, rising
    closes : ndarray of shape (n_days, n_series), NaN before a series begins
    last_real : int, day of the last real row
    sigma : ndarray of shape (n_series,), standard deviation of real daily log returns
    root : ndarray of shape (n_series, n_series), symmetric square root of their correlation matrix
    """

    name: str
    symbols: tuple[str, ...]
    days: Days
    closes: Floats
    last_real: int
    sigma: Floats
    root: Floats

    def row_on_or_before(self, day: int) -> int:
        """Position of the newest close on or before a day, -1 if there is none."""
        return int(np.searchsorted(self.days, day, side="right")) - 1

    def between(self, start: date, end: date) -> slice:
        """Rows from `start` to `end`, both included."""
        first, last = np.searchsorted(self.days, [day_number(start), day_number(end) + 1])
        return slice(int(first), int(last))


def continued(name: str, real: pd.DataFrame, *, seed: int, days_ahead: int = POOL_DAYS) -> Panel:
    """Continue a frame of real closes on every weekday after its end.

    Parameters
    ----------
    name : str
        Part of the seed: panels of different names are continued independently.
    real : DataFrame of shape (n_days, n_series), price
        Positive closes on a rising DatetimeIndex; NaN where a series has none. The last row is complete.
    seed : int
    days_ahead : int
        How many days to add. A longer continuation begins with the shorter one.
    """
    pool = _real_returns(real)
    order = np.concatenate([_cycle(len(pool), (seed, _key(name), cycle)) for cycle in range(-(-days_ahead // len(pool)))])[:days_ahead]
    ahead = real.to_numpy()[-1] * np.exp(np.cumsum(pool[order], axis=0))
    days = np.concatenate([_numbers(real.index), _numbers(pd.bdate_range(real.index[-1] + pd.Timedelta(days=1), periods=days_ahead))])
    closes = np.vstack([real.to_numpy(), ahead])
    return Panel(name, tuple(real.columns), days, closes, int(days[len(real) - 1]), pool.std(axis=0, ddof=1), _root(pool))


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """Date of a day number."""
    return date.fromordinal(int(number) + _EPOCH)


_EPOCH = date(1970, 1, 1).toordinal()


def _real_returns(real: pd.DataFrame) -> Floats:
    """Log returns of the last ten years, days on which every series has one."""
    logs = np.log(real.tail(POOL_DAYS + 1).to_numpy(dtype="float64"))
    returns = np.diff(logs, axis=0)
    complete: Floats = returns[np.isfinite(returns).all(axis=1)]
    return complete


def _cycle(length: int, key: tuple[int, ...]) -> NDArray[np.intp]:
    """Every position once: cut a circle at random places, shuffle the pieces."""
    random = np.random.default_rng(key)
    turned = np.roll(np.arange(length), -int(random.integers(length)))
    cuts = np.flatnonzero(random.random(length - 1) < 1 / MEAN_BLOCK_DAYS) + 1
    blocks = np.split(turned, cuts)
    return np.concatenate([blocks[place] for place in random.permutation(len(blocks))])


def _root(returns: Floats) -> Floats:
    """Symmetric square root of a correlation matrix; a pegged pair may make it singular."""
    values, vectors = np.linalg.eigh(np.corrcoef(returns, rowvar=False))
    root: Floats = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    return root


def _numbers(index: pd.Index) -> Days:
    """Day numbers of a DatetimeIndex."""
    return index.to_numpy().astype("datetime64[D]").astype("int64")


def _key(name: str) -> int:
    """Turn a name into the same number in every process."""
    return int.from_bytes(name.encode(), "big")
