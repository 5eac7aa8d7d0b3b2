"""The walk through the ledger that books every transaction on its lots, in the order of the ledger.

It defines what booking is. Most instruments are only bought, sold and split: those `engine.sweep` books at once, by arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan
from types import MappingProxyType

import numpy as np
import pandas as pd

from engine import actions
from engine.errors import OversoldPosition
from engine.events import Conventions, Event, Move, Walk, columns_of, named_lot, symbol_of, tell
from engine.lots import LotBook, Trade
from engine.pools import Lot, Pool
from engine.postings import KINDS, Postings
from engine.sweep import sweep
from engine.transfers import lots_brought
from engine.types import CostMethod, Kind


def walk(ledger: pd.DataFrame, posted: Postings, conventions: Conventions, *, one_by_one: bool = False) -> Walk:
    """Book every transaction that touches lots.

    Parameters
    ----------
    ledger
        Normalised ledger.
    posted
        Its amounts.
    conventions
        Cost method and the like.
    one_by_one
        Whether also the instruments that are only bought, sold and split are walked; by default `engine.sweep` books them at once,
        with the same figures.

    Returns
    -------
    Walk
        Lots left, gains, moves of each symbol and findings.

    Raises
    ------
    OversoldPosition
        A sale of more than is held, where `oversell` is ``error``.

    Examples
    --------
    >>> from engine.frames import fx_frame, ledger_frame
    >>> from engine.postings import postings
    >>> ledger = ledger_frame([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}])
    >>> posted = postings(ledger, "EUR", fx_frame(None), multipliers=None, currencies=None)
    >>> state = walk(ledger, posted, Conventions(CostMethod.FIFO, True, "short", "account"))
    >>> state.swept.lots["base"].tolist()
    [10.0]
    """
    columns = columns_of(ledger, posted, conventions)
    swept = sweep(columns, conventions, nothing=one_by_one)
    state = Walk(posted, ledger, conventions, LotBook(conventions.cost_method), swept)
    for event in columns.events(~swept.done):
        _HANDLERS[KINDS[event.kind]](state, event)
    return state


def _trade(state: Walk, event: Event) -> None:
    pool = state.book.pool(event.symbol, event.account)
    if event.units < 0 and state.conventions.oversell != "short":
        _settle_shortfall(state, event, pool)
    wanted = _wanted(state, event) if event.lots and state.conventions.cost_method is CostMethod.SPECIFIC else None
    state.book.trade(pool, Trade(event.row, event.day, event.units, event.net_local, event.net_base, event.fee, event.tax), wanted)
    sign = 1.0 if event.units > 0 else -1.0
    state.moves.append(Move(event.row, event.symbol, event.units, sign * event.local, sign * event.base))


def _transfer(state: Walk, event: Event) -> None:
    """Transfers and adjustments: units cross the boundary with a value, which is the external flow."""
    pool = state.book.pool(event.symbol, event.account)
    if event.units > 0:
        _receive(state, event, pool)
        return
    if state.conventions.oversell != "short":
        _settle_shortfall(state, event, pool)
    if isnan(event.local):
        _send_at_cost(state, event, pool)
        return
    state.book.trade(pool, Trade(event.row, event.day, event.units, event.local, event.base))
    state.moves.append(Move(event.row, event.symbol, event.units, -event.local, -event.base, flow=-event.base))


def _receive(state: Walk, event: Event, pool: Pool) -> None:
    carried = _given_lots(state, event) if event.lots else _arrived(state, event) if isnan(event.local) else []
    if not carried:
        if isnan(event.local):
            tell(state, event, "missing_cost", f"{symbol_of(state, event)} came in without a cost: give its price, 0 if nothing was paid")
        state.book.trade(pool, Trade(event.row, event.day, event.units, event.local, event.base))
        state.moves.append(Move(event.row, event.symbol, event.units, event.local, event.base, flow=event.base))
        return
    local, base = sum(lot.local for lot in carried), sum(lot.base for lot in carried)
    for lot in carried:
        state.book.place(pool, lot, event.row)
    state.moves.append(Move(event.row, event.symbol, event.units, local, base, flow=base))


def _send_at_cost(state: Walk, event: Event, pool: Pool) -> None:
    wanted = _wanted(state, event) if event.lots else None
    gone, missing = state.book.release(pool, -event.units, wanted) if pool.sign > 0 else ([], -event.units)
    local, base = sum(lot.local for lot in gone), sum(lot.base for lot in gone)
    if missing:
        tell(state, event, "missing_cost", f"{missing:g} more {symbol_of(state, event)} left than were held: give a price")
        state.book.trade(pool, Trade(event.row, event.day, -missing, event.local, event.base))
        local, base = local + event.local, base + event.base
    else:
        state.in_transit.append((_transfer_of(state, event), event.symbol, -event.units, gone))
    state.moves.append(Move(event.row, event.symbol, event.units, -local, -base, flow=-base))


def _arrived(state: Walk, event: Event) -> list[Lot]:
    """Lots of the first transfer on its way with this id, symbol and quantity: moved between accounts, they keep cost and date."""
    wanted = _transfer_of(state, event)
    for place, (transfer, symbol, units, lots) in enumerate(state.in_transit):
        if transfer == wanted and symbol == event.symbol and abs(units - event.units) <= 1e-9 * units:
            del state.in_transit[place]
            return lots
    return []


def _transfer_of(state: Walk, event: Event) -> str | None:
    found: str | None = state.ledger["transfer_id"].iloc[event.row]
    return found


def _given_lots(state: Walk, event: Event) -> list[Lot]:
    multiplier = float(state.posted.names.multiplier[event.symbol])
    return lots_brought(event.lots, units=event.units, multiplier=multiplier, cost=event.local, rate=event.rate, day=event.day, row=event.row)


def _settle_shortfall(state: Walk, event: Event, pool: Pool) -> None:
    """Refuse to go below zero, or assume that what is missing came in at the sale's own price."""
    held = max(pool.held, 0.0)
    missing = -event.units - held
    if missing <= 1e-12 * max(held, -event.units):
        return
    symbol, day = symbol_of(state, event), str(np.datetime64(event.day, "D"))
    if state.conventions.oversell == "error":
        raise OversoldPosition(symbol, quantity=-event.units, held=held, date=day)
    share = missing / -event.units
    tell(state, event, "oversold", f"{day}: {-event.units:g} {symbol} left, {held:g} were held; the rest is assumed bought at that price")
    local, base = event.local * share, event.base * share
    state.book.trade(pool, Trade(event.row, event.day, missing, local, base))
    state.moves.append(Move(event.row, event.symbol, missing, local, base, flow=base))


def _wanted(state: Walk, event: Event) -> list[tuple[int, float]]:
    """Rows and quantities of the lots that a sale names."""
    if not state.row_of_id:
        state.row_of_id.update({name: row for row, name in enumerate(state.ledger["id"].tolist())})
    wanted = []
    for given in event.lots:
        name, quantity = named_lot(given, abs(event.units))
        row = state.row_of_id.get(name)
        if row is None:
            tell(state, event, "unknown_lot", f"A sale of {symbol_of(state, event)} names the lot {name}, which is not there; the oldest was taken")
        else:
            wanted.append((row, quantity))
    return wanted


_HANDLERS: Mapping[Kind, Callable[[Walk, Event], None]] = MappingProxyType({
    Kind.BUY: _trade,
    Kind.SELL: _trade,
    Kind.TRANSFER_IN: _transfer,
    Kind.TRANSFER_OUT: _transfer,
    Kind.ADJUSTMENT: _transfer,
    Kind.SPLIT: actions.split,
    Kind.SPIN_OFF: actions.spin_off,
    Kind.MERGER: actions.merger,
    Kind.RETURN_OF_CAPITAL: actions.return_capital,
    Kind.STOCK_DIVIDEND: actions.stock_dividend,
})
