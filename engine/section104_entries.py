"""The words of section 104: amounts, entries of a ledger, and the days on which a share was bought or sold."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

DUST = 1e-9


@dataclass(frozen=True, slots=True)
class Amounts:
    """Money in base and in local currency, with the fee and the tax (base) that are in it."""

    base: float
    local: float
    fee: float = 0.0
    tax: float = 0.0

    def times(self, share: float) -> Amounts:
        """Give a share of it."""
        return Amounts(self.base * share, self.local * share, self.fee * share, self.tax * share)

    def plus(self, other: Amounts) -> Amounts:
        """Add another amount."""
        return Amounts(self.base + other.base, self.local + other.local, self.fee + other.fee, self.tax + other.tax)


NOTHING = Amounts(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction seen from one symbol; `day` counts from 1970.

    `role` is ``buy``, ``sell``, ``arrive``, ``leave``, ``carry`` (to `child`), or ``repay`` (cash, perhaps none). `units` is comparable across
    splits, `factor` turns it into shares of the day; `amounts` is net of fees and taxes where it was sold and includes them where it was bought.
    `share` is the part of the pool that a carry moves, `child_units` what comes of it.
    """

    order: int
    day: int
    date: pd.Timestamp
    kind: str
    symbol: str
    account: str | None
    role: str
    units: float
    factor: float
    amounts: Amounts
    transaction_id: str
    share: float = 0.0
    child: str | None = None
    child_units: float = 0.0

    @property
    def trades(self) -> bool:
        """Whether it is an acquisition or a disposal."""
        return self.role in {"buy", "sell"}


@dataclass(slots=True, eq=False)
class Day:
    """All acquisitions, or all disposals, of one share on one day, which count as one."""

    symbol: str
    day: int
    date: pd.Timestamp
    acquires: bool
    rows: list[Entry] = field(default_factory=list)
    units: float = 0.0
    left: float = 0.0
    amounts: Amounts = NOTHING
