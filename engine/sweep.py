"""Instruments that are only bought, sold and split, booked at once by arrays: what the walk would do with them, a hundred times faster.

What needs the state of other lots (spin-offs, mergers, returned capital, transfers) stays with the walk of `engine.booking`, with
every transaction of the instruments it is about; so do sales beyond the held where they are not shorts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.events import Columns, Conventions, Fields, Mask, Swept, day_numbers, named_lot
from engine.matching import matches
from engine.postings import CODE
from engine.trades import Matches, Trades, held_after
from engine.types import CostMethod, Kind

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_TRADED = tuple(CODE[kind] for kind in (Kind.BUY, Kind.SELL, Kind.STOCK_DIVIDEND))
_GIVEN, _SPLIT = CODE[Kind.STOCK_DIVIDEND], CODE[Kind.SPLIT]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Trades in the order of pools: their places among the columns, and what one share of then is today after splits."""

    places: Codes
    grown: Floats
    trades: Trades


def sweep(columns: Columns, conventions: Conventions, *, nothing: bool = False) -> Swept:
    """Book every instrument that has only plain transactions.

    Parameters
    ----------
    columns
        Transactions that touch lots.
    conventions
        Cost method and the like.
    nothing
        Leave everything to the walk.

    Returns
    -------
    Swept
        Moves, gains and lots, and which events they cover.

    Examples
    --------
    >>> from engine.events import columns_of
    >>> from engine.frames import fx_frame, ledger_frame
    >>> from engine.postings import postings
    >>> ledger = ledger_frame([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}])
    >>> posted = postings(ledger, "EUR", fx_frame(None), multipliers=None, currencies=None)
    >>> conventions = Conventions(CostMethod.FIFO, True, "short", "account")
    >>> sweep(columns_of(ledger, posted, conventions), conventions).lots["quantity"].tolist()
    [2.0]
    """
    rows_of_lots = _named_rows(columns, conventions)
    plain = _plain_symbols(columns, rows_of_lots) & (not nothing)
    layout = _laid_out(columns, plain)
    held = _held(columns, layout, conventions)
    if held is not None and (refused := _beyond(columns, layout, held, conventions)).size:
        plain[refused] = False
        layout = _laid_out(columns, plain)
        held = _held(columns, layout, conventions)
    found = matches(layout.trades, conventions.cost_method, _named_places(columns, layout, rows_of_lots))
    return Swept(plain[columns.symbol], _moves(columns, layout, held, plain), _gains(columns, layout, found), _lots(columns, layout, found))


def _named_rows(columns: Columns, conventions: Conventions) -> dict[int, list[tuple[int, float]]]:
    """Lots that trades name, as (row of the ledger, quantity) by the place of the trade; row -1 for a lot that is not there."""
    if conventions.cost_method is not CostMethod.SPECIFIC:
        return {}
    given = {place: lots for place, lots in enumerate(columns.lots.tolist()) if lots}
    row_of_id = {name: row for row, name in enumerate(columns.ledger["id"].tolist())} if given else {}
    return {place: [_named_row(lot, row_of_id, abs(float(columns.units[place]))) for lot in lots] for place, lots in given.items()}


def _named_row(lot: Mapping[str, Any], row_of_id: Mapping[str, int], units: float) -> tuple[int, float]:
    name, quantity = named_lot(lot, units)
    return row_of_id.get(name, -1), quantity


def _plain_symbols(columns: Columns, named: Mapping[int, list[tuple[int, float]]]) -> Mask:
    """Symbols that nothing but trades, splits and, in one account, stock dividends are about, shape (n_symbols,)."""
    size = int(max(columns.symbol.max(initial=-1), columns.child.max(initial=-1))) + 1
    plain = np.ones(size, dtype=np.bool_)
    split = columns.kind == _SPLIT
    known = np.isin(columns.kind, _TRADED) | (split & (columns.local == 0))
    plain[columns.symbol[~known]] = False
    plain[columns.child[columns.child >= 0]] = False
    plain[[columns.symbol[place] for place, rows in named.items() if any(row < 0 for row, _ in rows)]] = False
    given = np.unique(columns.symbol[columns.kind == _GIVEN])
    if given.size:
        places = np.unique(columns.symbol * (columns.account.max() + 1) + columns.account) // (columns.account.max() + 1)
        plain[given[np.bincount(places, minlength=size)[given] > 1]] = False
    return plain


def _laid_out(columns: Columns, plain: Mask) -> _Layout:
    chosen = np.flatnonzero(plain[columns.symbol] & (columns.kind != _SPLIT))
    key = columns.symbol[chosen] * (columns.account.max(initial=0) + 1) + columns.account[chosen]
    small = key.max(initial=0) < 2**16  # sorting is ten times as fast then
    order = np.argsort(key.astype(np.uint16) if small else key, kind="stable")
    places, key = chosen[order], key[order]
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: key.size])
    grown = np.ones(places.size)
    for pool, splits, growth in _splits(columns, plain, places, starts):
        grown[pool] = growth[np.searchsorted(splits, places[pool])]
    charged = np.where(columns.kind[places] == _GIVEN, 0.0, 1.0)
    fee, tax = columns.fee[places] * charged, columns.tax[places] * charged
    trades = Trades(columns.units[places] * grown, columns.net_local[places], columns.net_base[places], fee, tax, starts)
    return _Layout(places, grown, trades)


def _splits(columns: Columns, plain: Mask, places: Codes, starts: Codes) -> Iterator[tuple[slice, Codes, Floats]]:
    """Pools that were split: their stretch, the places of the splits, and what one share before each of them, and after all, is today."""
    splits = np.flatnonzero(plain[columns.symbol] & (columns.kind == _SPLIT))
    if not splits.size:
        return
    ratio, named_account = columns.ratio, columns.named_account
    ends = np.append(starts[1:], places.size)
    symbols, accounts = columns.symbol[places[starts]], columns.account[places[starts]]
    for pool in np.flatnonzero(np.isin(symbols, columns.symbol[splits])).tolist():
        its = splits[columns.symbol[splits] == symbols[pool]]
        its = its[~named_account[its] | (columns.account[its] == accounts[pool])]
        yield slice(starts[pool], ends[pool]), its, np.append(np.cumprod(ratio[its][::-1])[::-1], 1.0)


def _held(columns: Columns, layout: _Layout, conventions: Conventions) -> Floats | None:
    """Today's shares held after each trade, where somebody asks."""
    asked = conventions.oversell != "short" or np.isin(columns.kind, (_GIVEN, _SPLIT)).any()
    return held_after(layout.trades) if asked and layout.places.size else None


def _beyond(columns: Columns, layout: _Layout, held: Floats, conventions: Conventions) -> Codes:
    """Symbols that went below zero where that is more than a short, or were short when shares were given."""
    before = np.append(0.0, held[:-1])
    before[layout.trades.starts] = 0.0
    wrong = (columns.kind[layout.places] == _GIVEN) & (before < 0)
    if conventions.oversell != "short":
        wrong |= held < 0
    return np.unique(columns.symbol[layout.places[wrong]])


def _named_places(columns: Columns, layout: _Layout, named: Mapping[int, list[tuple[int, float]]]) -> dict[int, list[tuple[int, float]]]:
    """Lots that trades name, by places in the layout; those of another symbol or account are none of the pool's."""
    if not named:
        return {}
    place_of_row = dict(zip(columns.row[layout.places].tolist(), range(layout.places.size), strict=True))
    pools = layout.trades.pool
    found = {}
    for event, wanted in named.items():
        sale = place_of_row.get(int(columns.row[event]))
        if sale is not None:
            lots = [(place_of_row[row], quantity * layout.grown[sale]) for row, quantity in wanted if row in place_of_row]
            found[sale] = [(lot, float(quantity)) for lot, quantity in lots if pools[lot] == pools[sale]]
    return found


def _moves(columns: Columns, layout: _Layout, held: Floats | None, plain: Mask) -> Fields:
    traded = np.flatnonzero(plain[columns.symbol] & (columns.kind != _SPLIT))
    splits = np.flatnonzero(plain[columns.symbol] & (columns.kind == _SPLIT))
    sign, none = np.sign(columns.units[traded]), np.zeros(splits.size)
    every = np.concatenate([traded, splits])
    return {
        "row": columns.row[every],
        "symbol": columns.symbol[every],
        "units": np.concatenate([columns.units[traded], _split_units(columns, layout, held, plain)[splits] if splits.size else none]),
        "local": np.concatenate([sign * columns.local[traded], none]),
        "base": np.concatenate([sign * columns.base[traded], none]),
    }


def _split_units(columns: Columns, layout: _Layout, held: Floats | None, plain: Mask) -> Floats:
    """Shares that each split brought, in all pools, shape (n_events,)."""
    units, ratio = np.zeros(columns.row.size), columns.ratio
    for pool, splits, growth in _splits(columns, plain, layout.places, layout.trades.starts):
        before = np.searchsorted(layout.places[pool], splits)
        owned = np.append(0.0, np.zeros(0) if held is None else held[pool])[before] / growth[:-1]
        units[splits] += owned * (ratio[splits] - 1.0)
    return units


def _gains(columns: Columns, layout: _Layout, found: Matches) -> Fields:
    order = _by_row(layout.places[found.sale], columns.row.size)
    closed, sale = found.closed.at(order), found.sale[order]
    event, opener = layout.places[sale], layout.places[closed.lot]
    long = columns.units[opener] > 0
    share = closed.quantity / np.abs(layout.trades.units[sale])
    local, base = layout.trades.local[sale] * share, layout.trades.base[sale] * share
    return {
        "symbol": columns.symbol[event],
        "account": columns.account[event],
        "opened": day_numbers(columns.posted.day[columns.row[opener]]),
        "row": columns.row[event],
        "lot_row": columns.row[opener],
        "quantity": np.where(long, closed.quantity, -closed.quantity) / layout.grown[sale],
        "proceeds_local": np.where(long, local, closed.local),
        "cost_local": np.where(long, closed.local, local),
        "proceeds": np.where(long, base, closed.base),
        "cost": np.where(long, closed.base, base),
        "fee": closed.fee + layout.trades.fee[sale] * share,
        "tax": closed.tax + layout.trades.tax[sale] * share,
    }


def _by_row(events: Codes, size: int) -> Codes:
    """Order that sorts matches by their event, those of one event as they are: counting, because a million are slow to sort."""
    counts = np.bincount(events, minlength=size)
    within = np.arange(events.size)
    first = np.append(True, events[1:] != events[:-1])[: events.size]
    within -= np.maximum.accumulate(np.where(first, within, 0))
    order = np.empty(events.size, dtype=np.int64)
    order[(np.cumsum(counts) - counts)[events] + within] = np.arange(events.size)
    return order


def _lots(columns: Columns, layout: _Layout, found: Matches) -> Fields:
    left = found.left
    event = layout.places[left.lot]
    sign = np.sign(columns.units[event])
    return {
        "symbol": columns.symbol[event],
        "account": columns.account[event],
        "quantity": sign * left.quantity,
        "local": sign * left.local,
        "base": sign * left.base,
        "opened": day_numbers(columns.posted.day[columns.row[event]]),
        "row": columns.row[event],
    }
