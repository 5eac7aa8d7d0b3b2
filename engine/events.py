"""Transactions as the walk over lots sees them, and the state that it carries from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.lots import LotBook
from engine.pools import Lot
from engine.postings import Postings, times
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


def events_of(ledger: pd.DataFrame, posted: Postings, conventions: Conventions) -> list[Event]:
    """Give the transactions that touch lots, in the order of the ledger."""
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
