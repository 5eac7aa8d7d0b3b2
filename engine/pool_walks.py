"""Matching pool by pool and event by event, for the methods that need the order of what is held or its average.

A million events pass here, so these are loops over plain lists: one heap of ranks a pool, or one running lot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from engine.lots import DUST
from engine.trades import Codes, Lot, Mask, Matches, Trades, parts_of, priced

Named = Mapping[int, list[tuple[int, float]]]


def by_rank(trades: Trades, ranks: Codes, named: Named, only: Mask | None = None) -> Matches:
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
    return Matches(sale, priced(trades, lot, np.array(found.quantities)), priced(trades, left, rest[left]))


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


def by_average(trades: Trades) -> Matches:
    """Let acquisitions join the one lot of a pool, dated by the first: the moving average."""
    columns = [amounts.tolist() for amounts in (trades.units, trades.local, trades.base, trades.fee, trades.tax)]
    ends = [*trades.starts[1:].tolist(), trades.units.size]
    sales: list[int] = []
    closed: list[Lot] = []
    left: list[Lot] = []
    for start, end in zip(trades.starts.tolist(), ends, strict=True):
        last = _average_pool(zip(range(start, end), *(values[start:end] for values in columns), strict=True), sales, closed)
        if last[1]:
            left.append(last)
    return Matches(np.array(sales, dtype=np.int64), parts_of(closed), parts_of(left))


def _average_pool(events: Iterable[tuple[int, float, float, float, float, float]], sales: list[int], closed: list[Lot]) -> Lot:
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
