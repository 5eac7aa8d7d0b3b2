"""Corporate actions on lots: splits, stock dividends, returned capital, spin-offs and mergers."""

from __future__ import annotations

from math import floor, isnan

from engine.events import Event, Move, Walk, account_of, symbol_of, tell
from engine.lots import Trade
from engine.pools import Lot, Pool


def split(state: Walk, event: Event) -> None:
    """Multiply every lot, and pay out the fraction where there is cash in lieu."""
    pools = state.book.targets(event.symbol, account_of(event))
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


def stock_dividend(state: Walk, event: Event) -> None:
    """Add shares without cost, in proportion to what each account holds."""
    pools = state.book.targets(event.symbol, account_of(event)) or [state.book.pool(event.symbol, event.account)]
    held = sum(abs(pool.held) for pool in pools)
    for pool in pools:
        units = event.units * (pool.held / held if held else 1.0)
        state.book.place(pool, Lot(units, 0.0, 0.0, 0.0, 0.0, event.day, event.row), event.row)
        state.moves.append(Move(event.row, event.symbol, units))


def return_capital(state: Walk, event: Event) -> None:
    """Take the cash off the cost of every lot; what exceeds it is realised."""
    state.moves.append(Move(event.row, event.symbol))
    _repay(state, event, state.book.targets(event.symbol, account_of(event)))


def _repay(state: Walk, event: Event, pools: list[Pool]) -> None:
    if pools:
        state.book.repay(pools, event.row, event.local, event.base)
    elif event.local or event.base:
        state.book.realise(event.symbol, event.account, event.row, event.day, local=event.local, base=event.base)


def spin_off(state: Walk, event: Event) -> None:
    """Give each lot's share of cost to a lot of the child; cash in lieu comes off the cost that moved, whatever was held of the child."""
    if isnan(event.ratio):
        tell(state, event, "cost_not_allocated", f"The spin-off of {symbol_of(state, event)} says no share of its cost: none was moved")
    share = 0.0 if isnan(event.ratio) else event.ratio
    pools = state.book.targets(event.symbol, account_of(event))
    held = sum(abs(pool.held) for pool in pools)
    lots = [(pool.account, _child_of(lot, share, event.units * lot.quantity / held)) for pool in pools for lot in pool]
    for pool in pools:
        pool.reorder()
    if not lots:
        lots = [(event.account, Lot(event.units, 0.0, 0.0, 0.0, 0.0, event.day, event.row))]
    _carry(state, event, Move(event.row, event.symbol, share=share), lots, in_lieu=True)


def _child_of(lot: Lot, share: float, units: float) -> Lot:
    """Lot of the child: its share of the parent's cost, with the parent's date."""
    part = Lot(units, lot.local * share, lot.base * share, lot.fee * share, lot.tax * share, lot.opened, lot.row)
    lot.local, lot.base, lot.fee, lot.tax = lot.local - part.local, lot.base - part.base, lot.fee - part.fee, lot.tax - part.tax
    return part


def merger(state: Walk, event: Event) -> None:
    """Turn every lot into one of the successor, less the cash; without a successor sell all for the cash."""
    pools = state.book.targets(event.symbol, account_of(event))
    if event.child < 0:
        _cash_merger(state, event, pools)
        return
    if event.local:
        _repay(state, event, pools)
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


def _carry(state: Walk, event: Event, parent: Move, lots: list[tuple[int, Lot]], *, in_lieu: bool = False) -> None:
    """Put lots (by account) of the parent into the successor's pools, less the cash in lieu of a fraction of them."""
    carried = sum(lot.base for _, lot in lots)
    parent.carried = -carried
    state.moves.append(parent)
    state.moves.append(Move(event.row, event.child, sum(lot.quantity for _, lot in lots), carried=carried))
    coming = [(state.book.pool(event.child, account), lot) for account, lot in lots]
    for _, lot in coming:
        lot.local *= event.to_child
    if in_lieu and event.local:
        state.book.repay_lots(coming, event.row, event.local * event.to_child, event.base)
    for pool, lot in coming:
        state.book.place(pool, lot, event.row)
