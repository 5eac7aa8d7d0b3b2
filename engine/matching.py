"""Which lot each disposal takes, for pools in which units only come and go: arrays in, arrays out.

A unit that comes to an empty pool or to units of its own sign opens a lot; one that meets units of the other sign closes them; what
is beyond zero opens again. First in, first out has a closed form, because over a pool the opened and the closed units each fill one
line from its beginning, and a sale matches the lots that lie over its stretch of that line. The other methods need the order of what
is held, which is a heap of ranks, or the moving average, which is one running lot: `pool_walks`.
"""

from __future__ import annotations

import numpy as np

from engine.pool_walks import Named, by_average, by_rank
from engine.trades import Codes, Floats, Matches, Trades, joined, parts_of, priced, running_sum, whole_units
from engine.types import CostMethod


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
        return Matches(np.zeros(0, dtype=np.int64), parts_of([]), parts_of([]))
    if method is CostMethod.AVERAGE:
        return by_average(trades)
    if method is CostMethod.FIFO or (method is CostMethod.SPECIFIC and not named):
        return _oldest_first(trades)
    return by_rank(trades, _ranks(trades, method), named or {})


def _oldest_first(trades: Trades) -> Matches:
    """First in, first out: by the closed form where a pool's units are whole numbers of a decimal place, else lot by lot."""
    counted, scale, exact = whole_units(trades)
    found = _closed_form(trades, counted, scale)
    if exact.all():
        return found
    return joined(found, by_rank(trades, np.arange(trades.units.size), {}, only=~exact))


def _closed_form(trades: Trades, counted: Codes, scale: Floats) -> Matches:
    size, pool = np.abs(counted), trades.pool
    after = running_sum(counted, trades.starts)
    before = after - counted
    closing = np.where(np.sign(before) * np.sign(counted) < 0, np.minimum(size, np.abs(before)), 0)
    opening = size - closing
    opened = np.cumsum(opening)
    origin = opened[trades.starts] - opening[trades.starts]
    closed = origin[pool] + running_sum(closing, trades.starts)
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
    return Matches(sale, priced(trades, lot, quantity / scale[sale]), priced(trades, left, rest[open_lots] / scale[left]))


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
