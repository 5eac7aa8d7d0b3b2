"""Open lots of one symbol in one account, in the order in which a cost method takes them.

A pool holds lots of one sign: a short is a lot of negative quantity and negative cost. Pools differ only in which lot comes first.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

from engine.types import CostMethod


@dataclass(slots=True, eq=False)
class Lot:
    """What one acquisition left. Costs are in local and base currency, fee and tax (base) what was paid to open it."""

    quantity: float
    local: float
    base: float
    fee: float
    tax: float
    opened: int
    row: int

    def take(self, share: float) -> Lot:
        """Part of the lot, taken out of it."""
        part = Lot(self.quantity * share, self.local * share, self.base * share, self.fee * share, self.tax * share, self.opened, self.row)
        self.quantity -= part.quantity
        self.local -= part.local
        self.base -= part.base
        self.fee -= part.fee
        self.tax -= part.tax
        return part


class Pool:
    """Open lots of one symbol in one account, oldest first (fifo). `held` is their quantity, `scale` the largest of them."""

    __slots__ = ("account", "held", "lots", "scale", "symbol")

    def __init__(self, symbol: int, account: int) -> None:
        self.symbol = symbol
        self.account = account
        self.lots: deque[Lot] = deque()
        self.scale = 0.0
        self.held = 0.0

    def __iter__(self) -> Iterator[Lot]:
        return iter(self.lots)

    @property
    def sign(self) -> float:
        """-1 for a short, 1 for a long, 0 for nothing."""
        if not self.lots:
            return 0.0
        return 1.0 if self.lots[0].quantity > 0 else -1.0

    def add(self, lot: Lot) -> None:
        """Take in a lot of the pool's sign."""
        self.scale = max(self.scale, abs(lot.quantity)) if self.lots else abs(lot.quantity)
        self.lots.append(lot)

    def first(self) -> Lot:
        """Lot that a disposal takes next."""
        return self.lots[0]

    def drop_first(self) -> None:
        """Forget the lot that `first` gave."""
        self.lots.popleft()

    def discard(self, lot: Lot) -> None:
        """Forget one lot."""
        self.lots.remove(lot)

    def reorder(self) -> None:
        """Restore the order after costs a unit have changed."""

    def split(self, ratio: float) -> None:
        """Turn each old unit into `ratio` new ones at the same cost."""
        for lot in self:
            lot.quantity *= ratio
        self.scale *= ratio
        self.held *= ratio

    def clear(self) -> list[Lot]:
        """Every lot, taken out."""
        gone = list(self)
        while self.sign:
            self.drop_first()
        self.held = 0.0
        return gone


class NewestFirst(Pool):
    """Pool of the lifo method."""

    __slots__ = ()

    def first(self) -> Lot:
        """Lot that a disposal takes next: the newest."""
        return self.lots[-1]

    def drop_first(self) -> None:
        """Forget the newest."""
        self.lots.pop()


class ByCost(Pool):
    """Pool of the hifo and lofo methods: a heap by base cost a unit (local where that is unknown), older first among equals."""

    __slots__ = ("_count", "_direction", "_heap")

    def __init__(self, symbol: int, account: int, direction: float) -> None:
        super().__init__(symbol, account)
        self._direction = direction
        self._heap: list[tuple[float, int, Lot]] = []
        self._count = 0

    def __iter__(self) -> Iterator[Lot]:
        return (lot for _, _, lot in sorted(self._heap, key=lambda entry: entry[1]))

    @property
    def sign(self) -> float:
        """-1 for a short, 1 for a long, 0 for nothing."""
        if not self._heap:
            return 0.0
        return 1.0 if self._heap[0][2].quantity > 0 else -1.0

    def add(self, lot: Lot) -> None:
        """Take in a lot."""
        self.scale = max(self.scale, abs(lot.quantity)) if self._heap else abs(lot.quantity)
        self._count += 1
        heapq.heappush(self._heap, (self._key(lot), self._count, lot))

    def first(self) -> Lot:
        """Lot that a disposal takes next: the dearest (hifo) or the cheapest (lofo)."""
        return self._heap[0][2]

    def drop_first(self) -> None:
        """Forget it."""
        heapq.heappop(self._heap)

    def discard(self, lot: Lot) -> None:
        """Forget one lot."""
        self._heap = [entry for entry in self._heap if entry[2] is not lot]
        heapq.heapify(self._heap)

    def split(self, ratio: float) -> None:
        """Turn each old unit into `ratio` new ones at the same cost, which changes the cost a unit."""
        super().split(ratio)
        self.reorder()

    def reorder(self) -> None:
        """Build the heap again."""
        self._heap = [(self._key(lot), count, lot) for _, count, lot in self._heap]
        heapq.heapify(self._heap)

    def _key(self, lot: Lot) -> float:
        cost = lot.local if isnan(lot.base) else lot.base
        return 0.0 if isnan(cost) else float(f"{self._direction * cost / lot.quantity:.12g}")  # equal but for the noise of floats is equal


class Average(Pool):
    """Pool of the average method: one lot that every acquisition joins, dated by the first."""

    __slots__ = ()

    def add(self, lot: Lot) -> None:
        """Join the lot to what is there: cost and quantity add up, so the cost a unit is the moving average."""
        if not self.lots:
            super().add(lot)
            return
        held = self.lots[0]
        held.quantity += lot.quantity
        held.local += lot.local
        held.base += lot.base
        held.fee += lot.fee
        held.tax += lot.tax
        self.scale = max(self.scale, abs(held.quantity))


def pool_of(method: CostMethod, symbol: int, account: int) -> Pool:
    """Empty pool of a cost method.

    Parameters
    ----------
    method
        Cost method; `specific` takes the lots a sale names and then the oldest.
    symbol, account
        Codes of the pool.

    Returns
    -------
    Pool
        With the order of the method.

    Examples
    --------
    >>> type(pool_of(CostMethod.LIFO, 0, 0)).__name__
    'NewestFirst'
    """
    if method is CostMethod.LIFO:
        return NewestFirst(symbol, account)
    if method in {CostMethod.HIFO, CostMethod.LOFO}:
        return ByCost(symbol, account, -1.0 if method is CostMethod.HIFO else 1.0)
    return (Average if method is CostMethod.AVERAGE else Pool)(symbol, account)
