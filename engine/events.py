"""Transactions as the walk over lots sees them, and the state that it carries from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.lots import LotBook
from engine.pools import Lot
from engine.postings import KINDS, Postings, times
from engine.types import CostMethod, Finding, Kind

Mask = NDArray[np.bool_]
Fields = Mapping[str, NDArray[Any]]
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


@dataclass(frozen=True, slots=True)
class Swept:
    """What was booked at once.

    Attributes
    ----------
    done
        ndarray of shape (n_events,): which events of `Columns` are in here.
    moves, gains, lots
        Fields of `Move` (those that are not 0), `Gain` and `Lot` (with its symbol and account) as arrays; gains in the order of the
        ledger, lots of each symbol and account in the order held.
    """

    done: Mask
    moves: Fields
    gains: Fields
    lots: Fields


@dataclass(slots=True)
class Walk:
    """State of the walk: lots, what each transaction moved, transfers on their way, findings."""

    posted: Postings
    ledger: pd.DataFrame
    conventions: Conventions
    book: LotBook
    swept: Swept
    moves: list[Move] = field(default_factory=list)
    row_of_id: dict[str, int] = field(default_factory=dict)
    in_transit: list[tuple[str | None, int, float, list[Lot]]] = field(default_factory=list)
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


@dataclass(frozen=True, slots=True)
class Columns:
    """Every transaction that touches lots, in the order of the ledger: ndarrays of shape (n_events,), named as the fields of `Event`."""

    posted: Postings
    ledger: pd.DataFrame
    pooled: bool
    row: NDArray[np.int64]
    kind: NDArray[np.int64]
    symbol: NDArray[np.int64]
    child: NDArray[np.int64]
    account: NDArray[np.int64]
    units: NDArray[np.float64]
    local: NDArray[np.float64]
    base: NDArray[np.float64]
    net_local: NDArray[np.float64]
    net_base: NDArray[np.float64]
    fee: NDArray[np.float64]
    tax: NDArray[np.float64]

    @property
    def ratio(self) -> NDArray[np.float64]:
        """New shares per old one."""
        return self.posted.ratio[self.row]

    @property
    def lots(self) -> NDArray[np.object_]:
        """Lots that a transaction brings or names."""
        return self.ledger["lots"].to_numpy()[self.row]

    @property
    def named_account(self) -> NDArray[np.bool_]:
        """Whether a corporate action is about one account only."""
        accounts = self.posted.names.accounts
        nowhere = accounts.index(None) if None in accounts else -1
        return np.zeros(self.row.size, dtype=np.bool_) if self.pooled else self.posted.names.account[self.row] != nowhere

    def events(self, chosen: NDArray[np.bool_]) -> list[Event]:
        """Give some of them one by one."""
        places = np.flatnonzero(chosen)
        rows, posted = self.row[places], self.posted
        own = {name: getattr(self, name)[places] for name in _OF_EVENTS} if places.size else {}
        told = own | {"day": day_numbers(posted.day[rows]), "rate": posted.local_rate[rows], "to_child": posted.to_child[rows]}
        return [Event(*values) for values in zip(*(told[name].tolist() for name in Event.__slots__), strict=True)] if places.size else []


_OF_EVENTS = (
    "row", "kind", "symbol", "child", "account", "named_account", "units", "ratio", "local", "base", "net_local", "net_base", "fee", "tax", "lots",
)  # fmt: skip


def columns_of(ledger: pd.DataFrame, posted: Postings, conventions: Conventions) -> Columns:
    """Give the transactions that touch lots, in the order of the ledger."""
    rows = np.flatnonzero(posted.of(*_LOT_KINDS) & ~posted.cash_like)
    names = posted.names
    pooled = conventions.lots_by == "pooled"
    kind = posted.kind[rows]
    charged = np.array([1.0 if name is Kind.BUY else -1.0 if name is Kind.SELL else 0.0 for name in KINDS])[kind] * conventions.fees_in_cost
    local, base, fee, tax = (amounts[rows] for amounts in (posted.gross_local, posted.gross_base, posted.fee_base, posted.tax_base))
    return Columns(
        posted=posted,
        ledger=ledger,
        pooled=pooled,
        row=rows,
        kind=kind,
        symbol=names.symbol[rows],
        child=names.child[rows],
        account=np.zeros(rows.size, dtype=np.int64) if pooled else names.account[rows],
        units=posted.units[rows],
        local=local,
        base=base,
        net_local=local + times(charged, posted.charge_local[rows]),
        net_base=base + times(charged, fee + tax),
        fee=fee,
        tax=tax,
    )


def day_numbers(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Give days since 1970."""
    return days.astype("datetime64[D]").astype(np.int64)


def named_lot(given: Mapping[str, Any], units: float) -> tuple[str, float]:
    """Transaction and quantity of a lot that a sale of `units` names."""
    return str(next((given[key] for key in ("id", "transaction_id", "lot_id") if key in given), "")), float(given.get("quantity") or units)


def account_of(event: Event) -> int | None:
    """Account that a corporate action is about; without one it is about all."""
    return event.account if event.named_account else None


def symbol_of(state: Walk, event: Event) -> str:
    """Name of the instrument."""
    return state.posted.names.symbols[event.symbol]


def tell(state: Walk, event: Event, code: str, message: str) -> None:
    """Record a finding about one transaction."""
    context = {"symbol": symbol_of(state, event), "date": str(np.datetime64(event.day, "D")), "transaction_id": state.ledger["id"].iloc[event.row]}
    state.findings.append(Finding(code, message, context=context))
