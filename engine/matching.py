"""Which lot each disposal takes, for pools in which units only come and go: arrays in, arrays out.

The events of every pool stand behind each other, in the order of the ledger. A unit that comes to an empty pool or to units of its
own sign opens a lot; one that meets units of the other sign closes them; what is beyond zero opens again. First in, first out has a
closed form, because over a pool the opened and the closed units each fill one line from its beginning, and a sale matches the lots
that lie over its stretch of that line. The other methods need the order of what is held, which is a heap of ranks; the moving
average one running lot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.lots import DUST
from engine.types import CostMethod

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]
Named = Mapping[int, list[tuple[int, float]]]
_Lot = tuple[int, float, float, float, float, float]

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


def matches(trades: Trades, method: CostMethod, named: Named | None = None) -> Matches:
    """Match disposals with lots.

    Parameters
    ----------
    trades
        Events of all pools.
    method
        Which lot goes first.
    named
        Place of an event to the lots it names, as (place, quantity), for the method `specific`.

    Returns
    -------
    Matches
        In the order of the events; within an event in the order the lots are taken.

    Examples
    --------
    >>> amounts = np.array([10.0, 30.0, 60.0])
    >>> trades = Trades(np.array([1.0, 2.0, -2.0]), amounts, amounts, np.zeros(3), np.zeros(3), np.array([0]))
    >>> found = matches(trades, CostMethod.FIFO)
    >>> found.closed.local.tolist(), found.left.quantity.tolist()
    ([10.0, 15.0], [1.0])
    """
    if not trades.units.size:
        return Matches(np.zeros(0, dtype=np.int64), _parts([]), _parts([]))
    if method is CostMethod.AVERAGE:
        return _by_average(trades)
    if method is CostMethod.FIFO or (method is CostMethod.SPECIFIC and not named):
        return _oldest_first(trades)
    return _by_rank(trades, _ranks(trades, method), named or {})


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
    counted, scale, exact = _whole_units(trades)
    held = _running(counted, trades.starts) / scale
    if exact.all():
        return held
    total, moved = (_running(values, trades.starts) for values in (trades.units, np.abs(trades.units)))
    return np.where(exact[trades.pool], held, np.where(np.abs(total) <= DUST * moved, 0.0, total))


def _running(values: NDArray[Any], starts: Codes) -> NDArray[Any]:
    """Cumulative sum that begins again with every pool."""
    total = np.cumsum(values)
    before = total[starts] - values[starts]
    running: NDArray[Any] = total - np.repeat(before, np.diff(np.append(starts, values.size)))
    return running


def _whole_units(trades: Trades) -> tuple[Codes, Floats, Mask]:
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


def _oldest_first(trades: Trades) -> Matches:
    """First in, first out: by the closed form where a pool's units are whole numbers of a decimal place, else lot by lot."""
    counted, scale, exact = _whole_units(trades)
    found = _closed_form(trades, counted, scale)
    if exact.all():
        return found
    return _joined(found, _by_rank(trades, np.arange(trades.units.size), {}, only=~exact))


def _closed_form(trades: Trades, counted: Codes, scale: Floats) -> Matches:
    size, pool = np.abs(counted), trades.pool
    after = _running(counted, trades.starts)
    before = after - counted
    closing = np.where(np.sign(before) * np.sign(counted) < 0, np.minimum(size, np.abs(before)), 0)
    opening = size - closing
    opened = np.cumsum(opening)
    origin = opened[trades.starts] - opening[trades.starts]
    closed = origin[pool] + _running(closing, trades.starts)
    lots, sales = np.flatnonzero(opening), np.flatnonzero(closing)
    ends, starts = opened[lots], opened[lots] - opening[lots]
    until = closed[sales]
    since = until - closing[sales]
    first, last = np.searchsorted(ends, since, side="right"), np.searchsorted(ends, until, side="left")
    count = last - first + 1
    which = np.repeat(np.arange(sales.size), count)
    taken = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count) + first[which]
    quantity = np.minimum(ends[taken], until[which]) - np.maximum(starts[taken], since[which])
    gone = closed[np.append(trades.starts[1:], counted.size) - 1][pool[lots]]
    rest = ends - np.clip(gone, starts, ends)
    open_lots = np.flatnonzero(rest)
    sale, lot, left = sales[which], lots[taken], lots[open_lots]
    return Matches(sale, _priced(trades, lot, quantity / scale[sale]), _priced(trades, left, rest[open_lots] / scale[left]))


def _priced(trades: Trades, lot: Codes, quantity: Floats) -> Parts:
    """Parts of lots with their share of what each lot cost."""
    share = quantity / np.abs(trades.units[lot])
    return Parts(lot, quantity, *(amounts[lot] * share for amounts in (trades.local, trades.base, trades.fee, trades.tax)))


def _joined(one: Matches, other: Matches) -> Matches:
    """Put matches of different pools in the order of events."""
    closed, left = (_side_by_side(*pair) for pair in ((one.closed, other.closed), (one.left, other.left)))
    sale = np.concatenate([one.sale, other.sale])
    order = np.argsort(sale, kind="stable")
    return Matches(sale[order], closed.at(order), left.at(np.argsort(left.lot, kind="stable")))


def _side_by_side(*parts: Parts) -> Parts:
    return Parts(*(np.concatenate(values) for values in zip(*map(_fields, parts), strict=True)))


def _ranks(trades: Trades, method: CostMethod) -> Codes:
    """Place of each event in the order in which its lot would be taken: the lowest goes first."""
    size = trades.units.size
    if method is CostMethod.LIFO:
        return np.arange(size)[::-1]
    if method is CostMethod.SPECIFIC:
        return np.arange(size)
    cost = np.where(np.isnan(trades.base), trades.local, trades.base)
    unit = _significant(np.where(np.isnan(cost), 0.0, cost / np.abs(trades.units)))
    ranks = np.empty(size, dtype=np.int64)
    ranks[np.argsort(-unit if method is CostMethod.HIFO else unit, kind="stable")] = np.arange(size)
    return ranks


def _significant(values: Floats) -> Floats:
    """Round to twelve digits, so that costs that differ by the noise of floats are equal and the older lot goes first."""
    sizes = np.abs(values)
    weight = 10.0 ** (11.0 - np.floor(np.log10(np.where(sizes > 0, sizes, 1.0))))
    return np.rint(values * weight) / weight


def _by_rank(trades: Trades, ranks: Codes, named: Named, only: Mask | None = None) -> Matches:
    """Close the open lot of the lowest rank, pool by pool."""
    units, rank = trades.units.tolist(), ranks.tolist()
    place = np.argsort(ranks).tolist()
    ends = np.append(trades.starts[1:], trades.units.size)
    chosen = np.ones(trades.starts.size, dtype=np.bool_) if only is None else only
    found = _Found([0.0] * len(units))
    for start, end in zip(trades.starts[chosen].tolist(), ends[chosen].tolist(), strict=True):
        _match_pool(range(start, end), units, rank, place, named, found)
    rest = np.array(found.rest)
    left = np.flatnonzero(rest)
    sale, lot = np.array(found.sales, dtype=np.int64), np.array(found.lots, dtype=np.int64)
    return Matches(sale, _priced(trades, lot, np.array(found.quantities)), _priced(trades, left, rest[left]))


@dataclass(slots=True)
class _Found:
    """Matches as they are found, and what is left of the lot that each event opened."""

    rest: list[float]
    sales: list[int] = field(default_factory=list)
    lots: list[int] = field(default_factory=list)
    quantities: list[float] = field(default_factory=list)

    def add(self, sale: int, lot: int, quantity: float) -> None:
        self.sales.append(sale)
        self.lots.append(lot)
        self.quantities.append(quantity)


def _match_pool(events: range, units: list[float], rank: list[int], place: list[int], named: Named, found: _Found) -> None:  # noqa: C901 - see below
    """Walk one pool. A million events pass here, so it is one loop over plain lists."""
    heap: list[int] = []
    rest, add = found.rest, found.add
    long, scale = True, 0.0
    for event in events:
        need = units[event]
        buys = need > 0
        if not buys:
            need = -need
        if heap and buys is not long:
            dust = DUST * max(scale, need)
            if event in named:
                need = _close_named(event, need, dust, heap, place, named[event], found)
            while need > dust and heap:
                lot = place[heap[0]]
                held = rest[lot]
                if held <= need + dust:
                    heappop(heap)
                    rest[lot] = 0.0
                    need -= held
                    if held:
                        add(event, lot, held)
                else:
                    rest[lot] = held - need
                    add(event, lot, need)
                    need = 0.0
            if need <= dust:
                continue
        if not heap:
            long, scale = buys, need
        elif need > scale:
            scale = need
        rest[event] = need
        heappush(heap, rank[event])


def _close_named(event: int, need: float, dust: float, heap: list[int], place: list[int], wanted: list[tuple[int, float]], found: _Found) -> float:
    """Close the lots that a sale names; what it still needs."""
    rest = found.rest
    for lot, quantity in wanted:
        asked, held = min(quantity, need), rest[lot]
        if held and asked > dust:
            taken = held if held <= asked + dust else asked
            rest[lot] = held - taken
            found.add(event, lot, taken)
            need -= taken
    while heap and not rest[place[heap[0]]]:
        heappop(heap)
    return need


def _by_average(trades: Trades) -> Matches:
    """Let acquisitions join the one lot of a pool, dated by the first: the moving average."""
    columns = [amounts.tolist() for amounts in (trades.units, trades.local, trades.base, trades.fee, trades.tax)]
    ends = [*trades.starts[1:].tolist(), trades.units.size]
    sales: list[int] = []
    closed: list[_Lot] = []
    left: list[_Lot] = []
    for start, end in zip(trades.starts.tolist(), ends, strict=True):
        last = _average_pool(zip(range(start, end), *(values[start:end] for values in columns), strict=True), sales, closed)
        if last[1]:
            left.append(last)
    return Matches(np.array(sales, dtype=np.int64), _parts(closed), _parts(left))


def _parts(lots: list[_Lot]) -> Parts:
    lot, *amounts = zip(*lots, strict=True) if lots else [()] * 6
    return Parts(np.array(lot, dtype=np.int64), *(np.array(values, dtype=np.float64) for values in amounts))


def _average_pool(events: Iterable[tuple[int, float, float, float, float, float]], sales: list[int], closed: list[_Lot]) -> _Lot:
    """Walk one pool; what it holds in the end."""
    first, held, local, base, fee, tax = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    long, scale = True, 0.0
    for event, units, its_local, its_base, its_fee, its_tax in events:
        need, share = abs(units), 1.0
        if held and (units > 0) is not long:
            dust = DUST * max(need, scale)
            sales.append(event)
            if held > need + dust:
                part = need / held
                gone = (first, need, local * part, base * part, fee * part, tax * part)
                closed.append(gone)
                held, local, base, fee, tax = held - need, local - gone[2], base - gone[3], fee - gone[4], tax - gone[5]
                continue
            closed.append((first, held, local, base, fee, tax))
            need, share = need - held, (need - held) / need
            held = 0.0
            if need <= dust:
                continue
        if held:
            held, local, base, fee, tax = held + need, local + its_local, base + its_base, fee + its_fee, tax + its_tax
            scale = max(scale, held)
        else:
            first, held, long, scale = event, need, units > 0, need
            local, base, fee, tax = its_local * share, its_base * share, its_fee * share, its_tax * share
    return first, held, local, base, fee, tax
