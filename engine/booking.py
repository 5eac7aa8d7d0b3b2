"""The walk through the ledger that books every transaction on its lots, in the order of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import floor, isnan
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import InvalidTransaction, OversoldPosition
from engine.lots import Lot, LotBook, Pool, Trade
from engine.postings import KINDS, Postings, times
from engine.types import CostMethod, Finding, Kind

_LOT_KINDS = (
    Kind.BUY, Kind.SELL, Kind.TRANSFER_IN, Kind.TRANSFER_OUT, Kind.ADJUSTMENT, Kind.SPLIT, Kind.SPIN_OFF, Kind.MERGER, Kind.RETURN_OF_CAPITAL,
    Kind.STOCK_DIVIDEND,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conventions:
    """How a ledger is booked where users disagree."""

    cost_method: CostMethod
    fees_in_cost: bool
    oversell: str
    lots_by: str


@dataclass(slots=True)
class Move:
    """What one transaction did to one symbol.

    `local` and `base` are the consideration for the units, `flow` what crossed the boundary, `carried` cost that came from another
    symbol (base), `share` the part of this symbol that went to a successor.
    """

    row: int
    symbol: int
    units: float = 0.0
    local: float = 0.0
    base: float = 0.0
    flow: float = 0.0
    carried: float = 0.0
    share: float = 0.0


@dataclass(slots=True)
class Walk:
    """State of the walk: lots, what each transaction moved, transfers on their way, findings."""

    posted: Postings
    ledger: pd.DataFrame
    conventions: Conventions
    book: LotBook
    moves: list[Move] = field(default_factory=list)
    row_of_id: dict[str, int] = field(default_factory=dict)
    in_transit: list[tuple[int, float, list[Lot]]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class Event:
    """One transaction as plain numbers: reading arrays cell by cell in a loop costs ten times as much."""

    row: int
    day: int
    kind: int
    symbol: int
    child: int
    account: int
    named_account: bool
    units: float
    ratio: float
    local: float
    base: float
    net_local: float
    net_base: float
    fee: float
    tax: float
    rate: float
    to_child: float
    lots: Any


def walk(ledger: pd.DataFrame, posted: Postings, conventions: Conventions) -> Walk:
    """Book every transaction that touches lots.

    Parameters
    ----------
    ledger
        Normalised ledger.
    posted
        Its amounts.
    conventions
        Cost method and the like.

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
    >>> [(lot.quantity, lot.base) for pool in state.book.pools.values() for lot in pool]
    [(2.0, 10.0)]
    """
    state = Walk(posted, ledger, conventions, LotBook(conventions.cost_method))
    for event in _events(ledger, posted, conventions):
        _HANDLERS[KINDS[event.kind]](state, event)
    return state


def _events(ledger: pd.DataFrame, posted: Postings, conventions: Conventions) -> list[Event]:
    rows = np.flatnonzero(posted.of(*_LOT_KINDS) & ~posted.cash_like)
    names = posted.names
    pooled = conventions.lots_by == "pooled"
    nowhere = names.accounts.index(None) if None in names.accounts else -1
    charged = np.where(posted.of(Kind.BUY), 1.0, np.where(posted.of(Kind.SELL), -1.0, 0.0)) * conventions.fees_in_cost
    columns: list[NDArray[Any]] = [
        rows,
        posted.day[rows].astype("datetime64[D]").astype(np.int64),
        posted.kind[rows],
        names.symbol[rows],
        names.child[rows],
        np.zeros(rows.size, dtype=np.int64) if pooled else names.account[rows],
        np.zeros(rows.size, dtype=np.bool_) if pooled else names.account[rows] != nowhere,
        posted.units[rows],
        posted.ratio[rows],
        posted.gross_local[rows],
        posted.gross_base[rows],
        (posted.gross_local + times(charged, posted.charge_local))[rows],
        (posted.gross_base + times(charged, posted.fee_base + posted.tax_base))[rows],
        posted.fee_base[rows],
        posted.tax_base[rows],
        posted.local_rate[rows],
        posted.to_child[rows],
        ledger["lots"].to_numpy()[rows],
    ]
    return [Event(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


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
    carried = _given_lots(event) if event.lots else _arrived(state, event) if isnan(event.local) else []
    if not carried:
        if isnan(event.local):
            _tell(state, event, "missing_cost", f"{_symbol(state, event)} came in without a cost: give its price, 0 if nothing was paid")
        state.book.trade(pool, Trade(event.row, event.day, event.units, event.local, event.base))
        state.moves.append(Move(event.row, event.symbol, event.units, event.local, event.base, flow=event.base))
        return
    local, base = sum(lot.local for lot in carried), sum(lot.base for lot in carried)
    for lot in carried:
        state.book.place(pool, lot, event.row)
    state.moves.append(Move(event.row, event.symbol, event.units, local, base, flow=base))


def _send_at_cost(state: Walk, event: Event, pool: Pool) -> None:
    gone, missing = state.book.release(pool, -event.units) if pool.sign > 0 else ([], -event.units)
    local, base = sum(lot.local for lot in gone), sum(lot.base for lot in gone)
    if missing:
        _tell(state, event, "missing_cost", f"{missing:g} more {_symbol(state, event)} left than were held: give a price")
        state.book.trade(pool, Trade(event.row, event.day, -missing, event.local, event.base))
        local, base = local + event.local, base + event.base
    else:
        state.in_transit.append((event.symbol, -event.units, gone))
    state.moves.append(Move(event.row, event.symbol, event.units, -local, -base, flow=-base))


def _arrived(state: Walk, event: Event) -> list[Lot]:
    """Lots of the first transfer on its way with this symbol and quantity: moved between accounts, they keep cost and date."""
    for place, (symbol, units, lots) in enumerate(state.in_transit):
        if symbol == event.symbol and abs(units - event.units) <= 1e-9 * units:
            del state.in_transit[place]
            return lots
    return []


def _given_lots(event: Event) -> list[Lot]:
    """Lots that a transfer brings with it: `opened`, `quantity`, and `price` or the transfer's own cost a unit."""
    lots = []
    for given in event.lots:
        quantity = float(given["quantity"])
        local = float(given["price"]) * quantity if given.get("price") is not None else event.local * quantity / event.units
        opened = np.datetime64(str(given.get("opened") or np.datetime64(event.day, "D"))[:10], "D")
        lots.append(Lot(quantity, local, local * event.rate, 0.0, 0.0, int(opened.astype(np.int64)), event.row))
    brought = sum(lot.quantity for lot in lots)
    if abs(brought - event.units) > 1e-9 * event.units:
        raise InvalidTransaction("lots", event.lots, f"the lots hold {brought:g}, the transfer {event.units:g}", hint="Let them add up")
    return lots


def _settle_shortfall(state: Walk, event: Event, pool: Pool) -> None:
    """Refuse to go below zero, or assume that what is missing came in at the sale's own price."""
    held = max(pool.held, 0.0)
    missing = -event.units - held
    if missing <= 1e-12 * max(held, -event.units):
        return
    symbol, day = _symbol(state, event), str(np.datetime64(event.day, "D"))
    if state.conventions.oversell == "error":
        raise OversoldPosition(symbol, quantity=-event.units, held=held, date=day)
    share = missing / -event.units
    _tell(state, event, "oversold", f"{day}: {-event.units:g} {symbol} left, {held:g} were held; the rest is assumed bought at that price")
    local, base = event.local * share, event.base * share
    state.book.trade(pool, Trade(event.row, event.day, missing, local, base))
    state.moves.append(Move(event.row, event.symbol, missing, local, base, flow=base))


def _wanted(state: Walk, event: Event) -> list[tuple[int, float]]:
    """Rows and quantities of the lots that a sale names."""
    if not state.row_of_id:
        state.row_of_id.update({name: row for row, name in enumerate(state.ledger["id"].tolist())})
    wanted = []
    for given in event.lots:
        name = str(next((given[key] for key in ("id", "transaction_id", "lot_id") if key in given), ""))
        row = state.row_of_id.get(name)
        if row is None:
            _tell(state, event, "unknown_lot", f"A sale of {_symbol(state, event)} names the lot {name}, which is not there; the oldest was taken")
        else:
            wanted.append((row, float(given.get("quantity") or abs(event.units))))
    return wanted


def _split(state: Walk, event: Event) -> None:
    pools = state.book.targets(event.symbol, _account(event))
    grown = sum(pool.held * (event.ratio - 1.0) for pool in pools)
    for pool in pools:
        pool.split(event.ratio)
    state.moves.append(Move(event.row, event.symbol, grown))
    if event.local:
        _pay_fractions(state, event, pools)


def _pay_fractions(state: Walk, event: Event, pools: list[Pool]) -> None:
    """Sell what is beyond whole shares for the cash in lieu."""
    fractions = [abs(pool.held) - floor(abs(pool.held) + 1e-9) for pool in pools]
    total = sum(part for part in fractions if part > 1e-9)
    if not total:
        state.book.realise(event.symbol, event.account, event.row, event.day, local=event.local, base=event.base)
        return
    for pool, part in zip(pools, fractions, strict=True):
        if part > 1e-9:
            _pay_out(state, event, pool, part * pool.sign, part / total)


def _pay_out(state: Walk, event: Event, pool: Pool, units: float, share: float) -> None:
    """Close units of a pool for a share of the cash."""
    sign = pool.sign
    local, base = event.local * share, event.base * share
    state.book.trade(pool, Trade(event.row, event.day, -units, sign * local, sign * base))
    state.moves.append(Move(event.row, event.symbol, -units, -local, -base))


def _stock_dividend(state: Walk, event: Event) -> None:
    pools = state.book.targets(event.symbol, _account(event)) or [state.book.pool(event.symbol, event.account)]
    held = sum(abs(pool.held) for pool in pools)
    for pool in pools:
        units = event.units * (pool.held / held if held else 1.0)
        state.book.place(pool, Lot(units, 0.0, 0.0, 0.0, 0.0, event.day, event.row), event.row)
        state.moves.append(Move(event.row, event.symbol, units))


def _return_capital(state: Walk, event: Event) -> None:
    state.moves.append(Move(event.row, event.symbol))
    _repay(state, event, state.book.targets(event.symbol, _account(event)), event.symbol, 1.0)


def _repay(state: Walk, event: Event, pools: list[Pool], symbol: int, to_local: float) -> None:
    if pools:
        state.book.repay(pools, event.row, event.local * to_local, event.base)
    elif event.local or event.base:
        state.book.realise(symbol, event.account, event.row, event.day, local=event.local * to_local, base=event.base)


def _spin_off(state: Walk, event: Event) -> None:
    if isnan(event.ratio):
        _tell(state, event, "cost_not_allocated", f"The spin-off of {_symbol(state, event)} says no share of its cost: none was moved")
    share = 0.0 if isnan(event.ratio) else event.ratio
    pools = state.book.targets(event.symbol, _account(event))
    held = sum(abs(pool.held) for pool in pools)
    lots = [(pool.account, _child_of(lot, share, event.units * lot.quantity / held)) for pool in pools for lot in pool]
    if not lots:
        lots = [(event.account, Lot(event.units, 0.0, 0.0, 0.0, 0.0, event.day, event.row))]
    _carry(state, event, Move(event.row, event.symbol, share=share), lots)
    if event.local:
        children = [state.book.pool(event.child, account) for account in dict(lots)]
        _repay(state, event, [pool for pool in children if pool.sign], event.child, event.to_child)


def _child_of(lot: Lot, share: float, units: float) -> Lot:
    """Lot of the child: its share of the parent's cost, with the parent's date."""
    part = Lot(units, lot.local * share, lot.base * share, lot.fee * share, lot.tax * share, lot.opened, lot.row)
    lot.local, lot.base, lot.fee, lot.tax = lot.local - part.local, lot.base - part.base, lot.fee - part.fee, lot.tax - part.tax
    return part


def _merger(state: Walk, event: Event) -> None:
    pools = state.book.targets(event.symbol, _account(event))
    if event.child < 0:
        _cash_merger(state, event, pools)
        return
    if event.local:
        _repay(state, event, pools, event.symbol, 1.0)
    units = sum(pool.held for pool in pools)
    lots = [(pool.account, lot) for pool in pools for lot in pool.clear()]
    for _, lot in lots:
        lot.quantity *= event.ratio
    _carry(state, event, Move(event.row, event.symbol, -units, share=1.0), lots)


def _cash_merger(state: Walk, event: Event, pools: list[Pool]) -> None:
    held = sum(abs(pool.held) for pool in pools)
    if not pools:
        state.book.realise(event.symbol, event.account, event.row, event.day, local=event.local, base=event.base)
    for pool in pools:
        _pay_out(state, event, pool, pool.held, abs(pool.held) / held)


def _carry(state: Walk, event: Event, parent: Move, lots: list[tuple[int, Lot]]) -> None:
    """Put lots (by account) of the parent into the successor's pools."""
    carried = sum(lot.base for _, lot in lots)
    parent.carried = -carried
    state.moves.append(parent)
    state.moves.append(Move(event.row, event.child, sum(lot.quantity for _, lot in lots), carried=carried))
    for account, lot in lots:
        lot.local *= event.to_child
        state.book.place(state.book.pool(event.child, account), lot, event.row)


def _account(event: Event) -> int | None:
    """Account that a corporate action is about; without one it is about all."""
    return event.account if event.named_account else None


def _symbol(state: Walk, event: Event) -> str:
    return state.posted.names.symbols[event.symbol]


def _tell(state: Walk, event: Event, code: str, message: str) -> None:
    context = {"symbol": _symbol(state, event), "date": str(np.datetime64(event.day, "D")), "transaction_id": state.ledger["id"].iloc[event.row]}
    state.findings.append(Finding(code, message, context=context))


_HANDLERS: Mapping[Kind, Callable[[Walk, Event], None]] = MappingProxyType({
    Kind.BUY: _trade,
    Kind.SELL: _trade,
    Kind.TRANSFER_IN: _transfer,
    Kind.TRANSFER_OUT: _transfer,
    Kind.ADJUSTMENT: _transfer,
    Kind.SPLIT: _split,
    Kind.SPIN_OFF: _spin_off,
    Kind.MERGER: _merger,
    Kind.RETURN_OF_CAPITAL: _return_capital,
    Kind.STOCK_DIVIDEND: _stock_dividend,
})
