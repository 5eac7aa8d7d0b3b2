"""The section 104 holding of each share: units and what they cost, and what disposals take out of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from engine.section104_entries import DUST, NOTHING, Amounts, Day, Entry

POOL, LATER = "section_104", "later"


@dataclass(frozen=True, slots=True)
class Taken:
    """Units of a day's disposals with the cost they were matched with, by which rule, and the acquisition if it was one."""

    disposal: Day
    units: float
    amounts: Amounts
    rule: str
    acquisition: Day | None = None


@dataclass(slots=True)
class Pool:
    """Units of one share and what they cost."""

    units: float = 0.0
    amounts: Amounts = NOTHING

    def add(self, units: float, amounts: Amounts) -> None:
        """Take units in with their cost."""
        self.units += units
        self.amounts = self.amounts.plus(amounts)

    def release(self, units: float) -> tuple[float, Amounts]:
        """Take units out with their part of the cost: as many as there are."""
        taken = self.units if units >= self.units * (1 - DUST) else units
        gone = self.amounts.times(taken / self.units) if taken else NOTHING
        self.amounts = NOTHING if taken == self.units else self.amounts.plus(gone.times(-1.0))
        self.units -= taken
        return taken, gone


@dataclass(slots=True)
class Pools:
    """Pools of every share, shares on their way between accounts, disposals that wait for a purchase, and what was taken."""

    of_symbol: dict[str, Pool] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)
    on_the_way: dict[str, deque[tuple[float, Amounts]]] = field(default_factory=dict)
    arrived: list[Entry] = field(default_factory=list)
    uncovered: dict[str, deque[tuple[Day, float]]] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    distributions: list[tuple[Entry, Amounts]] = field(default_factory=list)

    def pool(self, symbol: str) -> Pool:
        """Pool of a share, made when first asked for."""
        return self.of_symbol.setdefault(symbol, Pool())

    def join(self, day: Day) -> None:
        """Let what is left of a day's acquisitions cover disposals that wait, and the rest join the pool."""
        left = day.left
        waiting = self.uncovered.get(day.symbol, deque())
        while waiting and left > DUST * day.units:
            disposal, missing = waiting.popleft()
            units = min(missing, left)
            self.taken.append(Taken(disposal, units, day.amounts.times(units / day.units), LATER, day))
            left -= units
            if missing - units > DUST * disposal.units:
                waiting.appendleft((disposal, missing - units))
        if left > DUST * day.units:
            self.pool(day.symbol).add(left, day.amounts.times(left / day.units))

    def take(self, day: Day) -> None:
        """Take what is left of a day's disposals out of the pool; what it does not hold waits."""
        if day.left <= DUST * day.units:
            return
        units, gone = self.pool(day.symbol).release(day.left)
        if units:
            self.taken.append(Taken(day, units, gone, POOL))
        if day.left - units > DUST * day.units:
            self.uncovered.setdefault(day.symbol, deque()).append((day, day.left - units))

    def apply(self, entry: Entry) -> None:
        """Let shares arrive, leave, become others, or give back a part of their cost."""
        if entry.role == "arrive":
            self._arrive(entry)
        elif entry.role == "leave":
            self._leave(entry)
        elif entry.role == "carry":
            self._carry(entry)
        else:
            self._repay(entry)

    def frame(self) -> pd.DataFrame:
        """Tell the pools in which something is left."""
        held = {symbol: pool for symbol, pool in sorted(self.of_symbol.items()) if pool.units}
        columns = {"quantity": [pool.units * self.factors.get(symbol, 1.0) for symbol, pool in held.items()],
                   "cost": [pool.amounts.base for pool in held.values()],
                   "cost_local": [pool.amounts.local for pool in held.values()]}
        return pd.DataFrame(columns, index=pd.Index(list(held), name="symbol", dtype=object), dtype="float64")

    def waiting(self) -> Iterator[tuple[Day, float]]:
        """List disposals that nothing was found for."""
        return (each for waiting in self.uncovered.values() for each in waiting)

    def _arrive(self, entry: Entry) -> None:
        coming = self.on_the_way.get(entry.symbol, deque())
        for place, (units, amounts) in enumerate(coming):
            if abs(units - entry.units) <= DUST * entry.units:
                del coming[place]
                self.pool(entry.symbol).add(units, amounts)
                return
        self.pool(entry.symbol).add(entry.units, entry.amounts)
        self.arrived.append(entry)

    def _leave(self, entry: Entry) -> None:
        """Send shares off with their share of the cost; those that the other leg has already brought in that day go nowhere."""
        for place, other in enumerate(self.arrived):
            if (other.symbol, other.day) == (entry.symbol, entry.day) and abs(other.units - entry.units) <= DUST * entry.units:
                del self.arrived[place]
                self.pool(entry.symbol).add(-other.units, other.amounts.times(-1.0))
                return
        self.on_the_way.setdefault(entry.symbol, deque()).append(self.pool(entry.symbol).release(entry.units))

    def _carry(self, entry: Entry) -> None:
        pool = self.pool(entry.symbol)
        gone = pool.amounts.times(entry.share)
        if entry.kind == "MERGER":
            _, gone = pool.release(pool.units * entry.share)
        else:
            pool.amounts = pool.amounts.plus(gone.times(-1.0))
        if entry.child:
            self.pool(entry.child).add(entry.child_units, gone)

    def _repay(self, entry: Entry) -> None:
        """Take a capital distribution off the cost; what exceeds it is a gain."""
        pool = self.pool(entry.symbol)
        part = Amounts(min(entry.amounts.base, pool.amounts.base), min(entry.amounts.local, pool.amounts.local))
        pool.amounts = pool.amounts.plus(part.times(-1.0))
        over = entry.amounts.plus(part.times(-1.0))
        if over.base > DUST:
            self.distributions.append((entry, over))
