"""The words of the house as types: closed sets and plain records, no behaviour.

Amounts are `Decimal` here, because these records are what the ledger holds and what programs send; the engine turns them into
float64 columns in `engine.frames`. Instants are aware UTC datetimes, `date` a trading date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812 - `date` is a field of these records
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from engine.kinds import EFFECTS, ENTRIES, Effect, Entry, Field, Kind

__all__ = [
    "EFFECTS", "ENTRIES", "Actor", "AssetClass", "Bar", "CorporateAction", "CostMethod", "Effect", "Entry", "Field", "Finding", "Instrument", "Kind",
    "Portfolio", "PriceState", "Quote", "Severity", "Source", "Transaction",
]  # fmt: skip


class CostMethod(StrEnum):
    """Which lot a sale takes."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    LOFO = "lofo"
    AVERAGE = "average"
    SPECIFIC = "specific"


class AssetClass(StrEnum):
    """Coarse class of an instrument."""

    EQUITY = "equity"
    FUND = "fund"
    BOND = "bond"
    CASH = "cash"
    COMMODITY = "commodity"
    CRYPTO = "crypto"
    INDEX = "index"
    FX = "fx"
    OPTION = "option"
    OTHER = "other"


class PriceState(StrEnum):
    """How fresh a price is."""

    LIVE = "live"
    DELAYED = "delayed"
    STALE = "stale"
    CLOSED = "closed"
    MISSING = "missing"


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd about the data, told instead of hidden."""

    code: str
    message: str
    severity: Severity = Severity.WARNING
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: every service call takes one."""

    user_id: UUID
    workspace_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Transactions with a base currency. `revision` counts ledger changes, `version` changes of these fields."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    name: str
    base_currency: str
    cost_method: CostMethod
    benchmark: str | None
    version: int
    revision: int
    created_at: datetime
    demo: bool = False
    oversell: str = "short"  # "short": a sale beyond the held opens one; "error": it is refused
    negative_cash: str = "allow"  # "refuse": what would take a balance below zero is refused
    providers: tuple[str, ...] = ()  # of market data, most preferred first, before those of MARKET_DATA


@dataclass(frozen=True, slots=True)
class Source:
    """Where an instrument's prices come from: a provider, and the symbol it knows the instrument by."""

    provider: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """What can be held or quoted. For `fx`, the symbol is the pair: EURUSD is USD for one EUR."""

    id: UUID
    workspace_id: UUID
    symbol: str
    name: str
    asset_class: AssetClass
    currency: str
    sector: str | None = None
    country: str | None = None
    exchange: str | None = None
    isin: str | None = None
    multiplier: Decimal = Decimal(1)
    version: int = 1
    demo: bool = False
    tags: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()  # most preferred first; a provider that is not named goes by its own rule


@dataclass(frozen=True, slots=True)
class Transaction:
    """One ledger fact in one version. The newest version of an `id` counts; a voided one counts for nothing.

    `sequence` orders the facts of one day: the order given is the order booked. Signs are in the kind, amounts are not negative
    (only ADJUSTMENT takes a sign).
    """

    id: UUID
    portfolio_id: UUID
    date: Date
    kind: Kind
    symbol: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    fee: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    amount: Decimal | None = None
    currency: str | None = None
    fx_rate: Decimal | None = None
    account: str | None = None
    note: str | None = None
    external_id: str | None = None
    lots: list[dict[str, Any]] | None = None
    ratio: Decimal | None = None
    to_symbol: str | None = None
    to_currency: str | None = None
    to_amount: Decimal | None = None
    version: int = 1
    sequence: int = 0
    voided: bool = False
    recorded_at: datetime | None = None
    recorded_by: UUID | None = None
    import_run_id: UUID | None = None
    transfer_id: UUID | None = None  # shared by the two legs of one transfer


@dataclass(frozen=True, slots=True)
class Bar:
    """Prices of one instrument over one trading date, unadjusted. `mark` says how it was repaired or who released it."""

    date: Date
    close: Decimal
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    volume: Decimal | None = None
    adjusted_close: Decimal | None = None
    source: str = "manual"
    simulated: bool = False
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """What a company did to its shares on a date: a split's `ratio` (new per old) or an `amount` a share."""

    date: Date
    kind: str
    ratio: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    source: str = "manual"


@dataclass(frozen=True, slots=True)
class Quote:
    """Last price of an instrument at an instant. `received` is our clock when the feed took it; `price` is in `currency`.

    `sequence` numbers the trades of a source that tells every one: two of one instant and price are two. `mark` says how the price was
    repaired.
    """

    instrument_id: UUID
    symbol: str
    price: float
    ts: datetime
    received: datetime
    source: str
    currency: str = ""
    volume: float | None = None
    simulated: bool = False
    bid: float | None = None
    ask: float | None = None
    sequence: int | None = None
    mark: str | None = None
