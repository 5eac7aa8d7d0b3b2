"""What is answered: ledger amounts as decimal strings, analytics as JSON numbers, null with a finding where there is no answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from engine.types import AssetClass, CostMethod, Kind, PriceState, Severity

Amount = Annotated[Decimal, PlainSerializer(lambda number: format(number, "f"), return_type=str, when_used="json")]


class Public(BaseModel):
    """Root of what is answered."""

    model_config = ConfigDict(from_attributes=True)


class Problem(BaseModel):
    """What went wrong (RFC 9457). `context` has the field, a hint and, for lists, the row; `errors` there lists all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "type": "urn:portolan:invalid_transaction", "title": "A transaction one of whose fields cannot be booked", "status": 422,
        "detail": "price: must not be negative.", "code": "invalid_transaction",
        "context": {"field": "price", "value": "-1", "hint": "Signs are in the kind: send the amount without a sign", "rule": "negative"}}]})

    type: str
    title: str
    status: int
    detail: str
    code: str
    context: dict[str, Any]


class PortfolioPublic(Public):
    """A portfolio. `revision` counts changes of its ledger, `version` those of these fields."""

    id: UUID
    name: str
    base_currency: str
    cost_method: CostMethod
    benchmark: str | None
    oversell: str
    negative_cash: str
    providers: list[str]
    version: int
    revision: int
    created_at: dt.datetime
    demo: bool


class SymbolAtProvider(Public):
    """Where prices of an instrument come from."""

    provider: str
    symbol: str


class InstrumentPublic(Public):
    """An instrument."""

    id: UUID
    symbol: str
    name: str
    asset_class: AssetClass
    currency: str
    sector: str | None
    country: str | None
    exchange: str | None
    isin: str | None
    multiplier: Amount
    tags: list[str]
    sources: list[SymbolAtProvider]
    version: int
    demo: bool


class BarPublic(Public):
    """Prices of one trading date."""

    date: dt.date
    close: Amount
    open: Amount | None
    high: Amount | None
    low: Amount | None
    volume: Amount | None
    adjusted_close: Amount | None
    source: str
    simulated: bool


class ActionPublic(Public):
    """What a company did to its shares."""

    date: dt.date
    kind: str
    ratio: Amount | None
    amount: Amount | None
    currency: str | None
    source: str


class RatePublic(Public):
    """Rate of a pair on a date."""

    date: dt.date
    rate: Amount
    source: str
    simulated: bool


class Count(BaseModel):
    """How many rows were taken."""

    count: int


class TransactionPublic(Public):
    """One version of a ledger fact."""

    id: UUID
    portfolio_id: UUID
    date: dt.date
    kind: Kind
    symbol: str | None
    quantity: Amount | None
    price: Amount | None
    fee: Amount
    tax: Amount
    amount: Amount | None
    currency: str | None
    fx_rate: Amount | None
    account: str | None
    note: str | None
    external_id: str | None
    lots: list[dict[str, Any]] | None
    ratio: Amount | None
    to_symbol: str | None
    to_currency: str | None
    to_amount: Amount | None
    version: int
    sequence: int
    voided: bool
    recorded_at: dt.datetime | None
    transfer_id: UUID | None


class FieldErrorPublic(Public):
    """One thing wrong with a draft."""

    field: str
    code: str
    message: str
    hint: str | None


class PreviewPublic(Public):
    """What a draft would do; with `errors` nothing else is set."""

    errors: list[FieldErrorPublic]
    warnings: list[str]
    currency: str | None
    amount: Amount | None
    cash_before: Amount | None
    cash_after: Amount | None
    symbol: str | None
    position_before: Amount | None
    position_after: Amount | None
    realised: float | None
    base_currency: str | None


class FindingPublic(Public):
    """Something odd about the data."""

    code: str
    message: str
    severity: Severity
    context: dict[str, Any]


class HoldingPublic(BaseModel):
    """A position with its price. Money is in base currency; `_local` is in the instrument's."""

    symbol: str
    name: str
    asset_class: AssetClass
    sector: str | None
    country: str | None
    exchange: str | None
    quantity: float
    multiplier: float
    price: float | None
    price_ts: dt.datetime | None
    price_received: dt.datetime | None
    price_source: str | None
    price_mark: str | None
    price_state: PriceState
    price_age_seconds: float | None
    previous_close: float | None
    simulated: bool
    currency: str
    fx_rate: float | None
    average_cost: float | None
    cost_basis: float | None
    cost_basis_local: float | None
    market_value: float | None
    market_value_local: float | None
    unrealised: float | None
    unrealised_local: float | None
    realised: float | None
    realised_local: float | None
    income: float | None
    fees: float | None
    taxes: float | None
    fees_paid: float | None
    taxes_paid: float | None
    day_pnl: float | None
    day_return: float | None
    weight: float | None = Field(description="Fraction of the total value")


class CashPublic(BaseModel):
    """Cash of one currency."""

    currency: str
    balance: float | None
    fx_rate: float | None
    value: float | None
    fx_gain: float | None
    day_pnl: float | None
    weight: float | None


class HoldingsPublic(BaseModel):
    """A portfolio at an instant."""

    as_of: dt.datetime
    live: bool
    base_currency: str
    cost_method: str
    revisions: dict[str, int]
    simulated: bool
    holdings: list[HoldingPublic]
    closed: list[dict[str, Any]] = Field(description="Positions no longer held, with what they brought")
    cash: dict[str, float | None] = Field(description="Balance by currency")
    cash_details: list[CashPublic]
    totals: dict[str, float | None]
    findings: list[FindingPublic]
    explain: str = Field(description="Address that explains a number of this answer; put {figure} and {symbol} in")


class QuotePublic(Public):
    """Last price of an instrument."""

    symbol: str
    currency: str
    price: float | None
    previous_close: float | None
    change: float | None
    change_fraction: float | None
    ts: dt.datetime | None
    received: dt.datetime | None
    source: str | None
    state: PriceState
    age_seconds: float | None
    simulated: bool
    mark: str | None = Field(description="How the price was repaired, or that a person released it")
    session: str | None = Field(description="What its venue does: open, closed, pre, post; null while the calendar is being loaded")


class PushPublic(Public):
    """What became of pushed quotes."""

    accepted: int
    quarantined: list[dict[str, Any]]
    ignored: int


class QuarantinedPublic(Public):
    """A quote, or bars or a payment of a history, that waits for a decision."""

    id: UUID
    symbol: str
    price: float | None
    ts: dt.datetime | None
    source: str | None
    last_price: float | None
    reason: str
    message: str
    status: str
    created_at: dt.datetime
    kind: str
    bars: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    proposed: dict[str, float]


class SourcePublic(Public):
    """A source of prices."""

    name: str
    state: str
    last_at: dt.datetime | None
    age_seconds: float | None
    simulated: bool
    instruments: int
    message: str | None


class StatusPublic(Public):
    """State of the feed and the parts."""

    state: str
    last_tick_at: dt.datetime | None
    age_seconds: float | None
    simulated: bool
    sources: list[SourcePublic]
    quarantined: int
    poller: bool
    database: bool
    bus: bool
    counts: Mapping[str, int]
