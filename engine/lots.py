"""Lots: what each acquisition left, and which of them a disposal takes.

`LotBook` walks the pools of every symbol and account through trades and corporate actions and keeps the identity of every step:
what leaves the cost is either realised, carried to another lot, or returned to the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.pools import Lot, Pool, pool_of
from engine.types import CostMethod

# Float sums of quantities differ from their decimals by far less than this share of the largest quantity a pool held.
DUST = 1e-13


@dataclass(slots=True)
class Trade:
    """Units that come (positive) or go with what was paid or received for them, net where fees are in cost."""

    row: int
    day: int
    units: float
    local: float
    base: float
    fee: float = 0.0
    tax: float = 0.0


@dataclass(slots=True)
class Gain:
    """One lot, or part of one, matched by a disposal. `quantity` is negative where a short was covered."""

    symbol: int
    account: int
    opened: int
    row: int
    lot_row: int
    quantity: float
    proceeds_local: float
    cost_local: float
    proceeds: float
    cost: float
    fee: float
    tax: float


@dataclass(slots=True)
class LotBook:
    """Pools of every symbol and account, and the gains realised so far."""

    method: CostMethod
    pools: dict[tuple[int, int], Pool] = field(default_factory=dict)
    of_symbol: dict[int, list[Pool]] = field(default_factory=dict)
    gains: list[Gain] = field(default_factory=list)

    def pool(self, symbol: int, account: int) -> Pool:
        """Pool of a symbol in an account, made when first asked for."""
        found = self.pools.get((symbol, account))
        if found is None:
            found = self.pools[symbol, account] = pool_of(self.method, symbol, account)
            self.of_symbol.setdefault(symbol, []).append(found)
        return found

    def targets(self, symbol: int, account: int | None) -> list[Pool]:
        """Pools with open lots that a corporate action is about: one account's, or all."""
        pools = self.of_symbol.get(symbol, [])
        return [pool for pool in pools if pool.sign and (account is None or pool.account == account)]

    def trade(self, pool: Pool, trade: Trade, wanted: list[tuple[int, float]] | None = None) -> None:
        """Close lots of the other sign, in the pool's order or as wanted, and open a lot with what is left."""
        left = trade.units
        held = pool.held + trade.units
        if pool.sign * trade.units < 0:
            left = self._close(pool, trade, wanted)
        if left:
            share = left / trade.units
            sign = 1.0 if left > 0 else -1.0
            pool.add(Lot(left, sign * trade.local * share, sign * trade.base * share, trade.fee * share, trade.tax * share, trade.day, trade.row))
        pool.held = held if pool.sign else 0.0

    def release(self, pool: Pool, units: float, wanted: list[tuple[int, float]] | None = None) -> tuple[list[Lot], float]:
        """Take units out without a gain, the wanted lots first: the lots that leave, and the units (same sign) that were not there."""
        gone: list[Lot] = []
        left = abs(units)
        dust = DUST * max(left, pool.scale)
        for row, quantity in wanted or ():
            named = list(_named(pool, row, min(quantity, left), dust))
            gone += named
            left -= sum(abs(part.quantity) for part in named)
        while left > dust and pool.sign:
            part = _part(pool, left, dust)
            gone.append(part)
            left -= abs(part.quantity)
        pool.held = pool.held - sum(part.quantity for part in gone) if pool.sign else 0.0
        return gone, 0.0 if left <= dust else left

    def place(self, pool: Pool, lot: Lot, row: int) -> None:
        """Put a carried lot into a pool; against lots of the other sign it counts as a trade at its cost, in the transaction `row`."""
        if pool.sign * lot.quantity < 0:
            sign = 1.0 if lot.quantity > 0 else -1.0
            self.trade(pool, Trade(row, lot.opened, lot.quantity, sign * lot.local, sign * lot.base, lot.fee, lot.tax))
        else:
            pool.add(lot)
            pool.held += lot.quantity

    def repay(self, pools: list[Pool], row: int, local: float, base: float) -> None:
        """Reduce the cost of long lots by cash received, evenly a unit; what exceeds a lot's cost is realised."""
        self.repay_lots([(pool, lot) for pool in pools for lot in pool], row, local, base)
        for pool in pools:
            pool.reorder()

    def repay_lots(self, lots: list[tuple[Pool, Lot]], row: int, local: float, base: float) -> None:
        """Reduce the cost of some lots only, in their pools or on the way there."""
        held = sum(abs(lot.quantity) for _, lot in lots)
        for pool, lot in lots:
            share = abs(lot.quantity) / held
            self._repay(pool, lot, row, local * share, base * share)

    def realise(self, symbol: int, account: int, row: int, day: int, *, local: float, base: float) -> None:
        """Record a gain that no lot stands against."""
        self.gains.append(Gain(symbol, account, day, row, row, 0.0, local, 0.0, base, 0.0, 0.0, 0.0))

    def _repay(self, pool: Pool, lot: Lot, row: int, local: float, base: float) -> None:
        kept_local, kept_base = _remaining(lot, lot.local, local), _remaining(lot, lot.base, base)
        over_local, over_base = local - (lot.local - kept_local), base - (lot.base - kept_base)
        lot.local, lot.base = kept_local, kept_base
        if over_local or over_base:
            self.gains.append(Gain(pool.symbol, pool.account, lot.opened, row, lot.row, 0.0, over_local, 0.0, over_base, 0.0, 0.0, 0.0))

    def _close(self, pool: Pool, trade: Trade, wanted: list[tuple[int, float]] | None) -> float:
        left = abs(trade.units)
        dust = DUST * max(left, pool.scale)
        for row, quantity in wanted or ():
            for part in _named(pool, row, min(quantity, left), dust):
                self._match(pool, part, trade)
                left -= abs(part.quantity)
        while left > dust and pool.sign:
            part = _part(pool, left, dust)
            self._match(pool, part, trade)
            left -= abs(part.quantity)
        return 0.0 if left <= dust else left if trade.units > 0 else -left

    def _match(self, pool: Pool, part: Lot, trade: Trade) -> None:
        share = abs(part.quantity / trade.units)
        fee, tax = part.fee + trade.fee * share, part.tax + trade.tax * share
        local, base = trade.local * share, trade.base * share
        amounts = (local, part.local, base, part.base) if part.quantity > 0 else (-part.local, local, -part.base, base)
        self.gains.append(Gain(pool.symbol, pool.account, part.opened, trade.row, part.row, part.quantity, *amounts, fee, tax))


def _remaining(lot: Lot, cost: float, repaid: float) -> float:
    """Cost after a repayment: not below 0; that of a short is left alone."""
    return cost if lot.quantity < 0 else 0.0 if repaid > cost else cost - repaid


def _part(pool: Pool, needed: float, dust: float) -> Lot:
    """Take the first lot, or as much of it as is needed."""
    lot = pool.first()
    if abs(lot.quantity) <= needed + dust:
        pool.drop_first()
        return lot
    return lot.take(needed / abs(lot.quantity))


def _named(pool: Pool, row: int, needed: float, dust: float) -> Iterator[Lot]:
    """Take lots that one transaction opened, up to what is needed."""
    for lot in [lot for lot in pool if lot.row == row]:
        if needed <= dust:
            return
        if abs(lot.quantity) <= needed + dust:
            pool.discard(lot)
            part = lot
        else:
            part = lot.take(needed / abs(lot.quantity))
        needed -= abs(part.quantity)
        yield part
