"""Trades of plain pools as arrays, what matching them gives, and the sums that both ways of matching need.

The events of every pool stand behind each other, in the order of the ledger. Quantities are counted as whole numbers of a pool's last
decimal place wherever they can be: decimals then add up to exactly zero, which they do not in floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.lots import DUST

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]
Lot = tuple[int, float, float, float, float, float]

_PLACES = (0, 2, 4, 6, 8)
_LARGEST_WHOLE = 1e12  # beyond it a unit of the last place is less than the dust that the lots forgive
_LARGEST_SUM = 2.0**62


@dataclass(frozen=True, slots=True)
class Trades:
    """Events of plain pools, ndarrays of shape (n_events,) in the order of pools and within them of the ledger.

    `units` are signed and count today's shares, the amounts are those of the whole event and not negative.
    `starts` are the places at which the pools begin, shape (n_pools,).
    """

    units: Floats
    local: Floats
    base: Floats
    fee: Floats
    tax: Floats
    starts: Codes

    @property
    def pool(self) -> Codes:
        """Number of each event's pool, shape (n_events,)."""
        return np.repeat(np.arange(self.starts.size), np.diff(np.append(self.starts, self.units.size)))


@dataclass(frozen=True, slots=True)
class Parts:
    """Lots, or parts of them: the place of the event that opened each, how much of it, and what that cost; all not negative."""

    lot: Codes
    quantity: Floats
    local: Floats
    base: Floats
    fee: Floats
    tax: Floats

    def at(self, places: Codes | Mask) -> Parts:
        """Only those at some places."""
        return Parts(*(values[places] for values in _fields(self)))


@dataclass(frozen=True, slots=True)
class Matches:
    """What was closed, by `sale` (place of the closing event), and what is left open."""

    sale: Codes
    closed: Parts
    left: Parts


def _fields(parts: Parts) -> tuple[NDArray[Any], ...]:
    return parts.lot, parts.quantity, parts.local, parts.base, parts.fee, parts.tax


def held_after(trades: Trades) -> Floats:
    """Quantity of the pool after each event.

    Parameters
    ----------
    trades
        Events of all pools.

    Returns
    -------
    ndarray of shape (n_events,)
        Units; 0 where what is left is less than a sum of floats can tell.

    Examples
    --------
    >>> none = np.zeros(3)
    >>> held_after(Trades(np.array([0.1, 0.2, -0.3]), none, none, none, none, np.array([0]))).tolist()
    [0.1, 0.3, 0.0]
    """
    counted, scale, exact = whole_units(trades)
    held = running_sum(counted, trades.starts) / scale
    if exact.all():
        return held
    total, moved = (running_sum(values, trades.starts) for values in (trades.units, np.abs(trades.units)))
    return np.where(exact[trades.pool], held, np.where(np.abs(total) <= DUST * moved, 0.0, total))


def running_sum(values: NDArray[Any], starts: Codes) -> NDArray[Any]:
    """Cumulative sum that begins again with every pool."""
    total = np.cumsum(values)
    before = total[starts] - values[starts]
    running: NDArray[Any] = total - np.repeat(before, np.diff(np.append(starts, values.size)))
    return running


def whole_units(trades: Trades) -> tuple[Codes, Floats, Mask]:
    """Units as whole numbers of each pool's last decimal place, that place's weight, and which pools can be told so.

    Decimal quantities add up to exactly zero in whole numbers, which they do not in floats.
    """
    scale = np.ones(trades.starts.size)
    exact = np.zeros(trades.starts.size, dtype=np.bool_)
    largest = np.maximum.reduceat(np.abs(trades.units), trades.starts)
    for weight in (10.0**places for places in _PLACES):
        told = np.rint(trades.units * weight) / weight == trades.units
        fits = np.logical_and.reduceat(told, trades.starts) & ~exact & (largest * weight < _LARGEST_WHOLE)
        scale[fits] = weight
        exact |= fits
        if exact.all():
            break
    of_event = scale[trades.pool]
    whole = np.rint(trades.units * of_event)
    whole = np.where(exact[trades.pool], whole, 0.0)
    if np.abs(whole).sum() >= _LARGEST_SUM:
        return np.zeros(whole.size, dtype=np.int64), of_event, np.zeros_like(exact)
    return whole.astype(np.int64), of_event, exact


def priced(trades: Trades, lot: Codes, quantity: Floats) -> Parts:
    """Parts of lots with their share of what each lot cost."""
    share = quantity / np.abs(trades.units[lot])
    return Parts(lot, quantity, *(amounts[lot] * share for amounts in (trades.local, trades.base, trades.fee, trades.tax)))


def parts_of(lots: list[Lot]) -> Parts:
    """Lay lots out as arrays."""
    lot, *amounts = zip(*lots, strict=True) if lots else [()] * 6
    return Parts(np.array(lot, dtype=np.int64), *(np.array(values, dtype=np.float64) for values in amounts))


def joined(one: Matches, other: Matches) -> Matches:
    """Put matches of different pools in the order of events."""
    closed, left = (_side_by_side(*pair) for pair in ((one.closed, other.closed), (one.left, other.left)))
    sale = np.concatenate([one.sale, other.sale])
    order = np.argsort(sale, kind="stable")
    return Matches(sale[order], closed.at(order), left.at(np.argsort(left.lot, kind="stable")))


def _side_by_side(*parts: Parts) -> Parts:
    return Parts(*(np.concatenate(values) for values in zip(*map(_fields, parts), strict=True)))
