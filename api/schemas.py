"""What goes over the wire: the documented shape of requests, and the shape of answers.

Requests are read by the services, which know every rule and say row, field and hint; here they are only described (`Described`).
Ledger amounts go out as decimal strings, analytics as JSON numbers; what has no answer is null, and a finding says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, PlainSerializer
from pydantic_core import CoreSchema, core_schema

from engine.types import AssetClass, CostMethod, Kind, PriceState, Severity

Amount = Annotated[Decimal, PlainSerializer(lambda number: format(number, "f"), return_type=str, when_used="json")]
Given = Annotated[str | float, Field(union_mode="left_to_right")]  # a number or its text
ID = "0190c0de-0000-7000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Described:
    """Marks a body that anything may be sent as, and that the documentation shows as `model`."""

    model: Any

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Take the value as it is, under the schema of the model."""
        return core_schema.no_info_wrap_validator_function(lambda value, _: value, handler.generate_schema(self.model))


class Input(BaseModel):
    """Root of what is sent."""

    model_config = ConfigDict(extra="forbid")


class Public(BaseModel):
    """Root of what is answered."""

    model_config = ConfigDict(from_attributes=True)


# --------------------------------------------------------------------------------------------------------------------------- requests


class PortfolioCreate(Input):
    """A new portfolio."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"name": "Retirement", "base_currency": "EUR", "cost_method": "fifo", "benchmark": "SPY"}]})

    name: str
    base_currency: str = "USD"
    cost_method: CostMethod = CostMethod.FIFO
    benchmark: str | None = None
    id: UUID | None = Field(None, description="An id of your own; made here where absent")


class PortfolioUpdate(Input):
    """Fields of a portfolio to change; the version that was read comes in If-Match or here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Retirement fund", "cost_method": "average", "version": 1}]})

    name: str | None = None
    base_currency: str | None = Field(None, description="Only while there are no transactions")
    cost_method: CostMethod | None = None
    benchmark: str | None = None
    version: int | None = None


class InstrumentPut(Input):
    """An instrument, or the fields of it that change."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"name": "Apple", "asset_class": "equity", "currency": "USD", "sector": "Technology", "country": "US", "exchange": "XNAS"}]})

    name: str | None = None
    asset_class: AssetClass = AssetClass.EQUITY
    currency: str = "USD"
    sector: str | None = None
    country: str | None = None
    exchange: str | None = None
    isin: str | None = None
    multiplier: Given = "1"
    version: int | None = None


class BarPut(Input):
    """Prices of one trading date."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"date": "2024-03-28", "close": "171.48", "volume": 65672700}]})

    date: dt.date
    close: Given
    open: Given | None = None
    high: Given | None = None
    low: Given | None = None
    volume: Given | None = None
    adjusted_close: Given | None = None
    source: str = "manual"


class ActionPut(Input):
    """What a company did to its shares."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"date": "2020-08-31", "kind": "split", "ratio": 4}]})

    date: dt.date
    kind: str
    ratio: Given | None = None
    amount: Given | None = None
    currency: str | None = None
    source: str = "manual"


class RatePut(Input):
    """Rate of a pair on a date: EURUSD is USD for one EUR."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"date": "2024-03-28", "rate": "1.0811"}]})

    date: dt.date
    rate: Given
    source: str = "manual"


class LotTaken(Input):
    """How much of which purchase a sale takes."""

    id: UUID
    quantity: Given


class TransactionCreate(Input):
    """One ledger fact. What a kind needs is in the description of the route."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "184.25", "fee": "1.00"}]})

    date: dt.date
    kind: Kind
    symbol: str | None = None
    quantity: Given | None = None
    price: Given | None = None
    fee: Given | None = None
    tax: Given | None = None
    amount: Given | None = None
    currency: str | None = Field(None, description="That of the instrument, or of the portfolio, where absent")
    fx_rate: Given | None = Field(None, description="Base currency units for one unit of `currency`; beats the market's rate")
    account: str | None = None
    note: str | None = None
    external_id: str | None = Field(None, description="Your own id; unique within the portfolio")
    lots: list[LotTaken] | None = None
    ratio: Given | None = None
    to_symbol: str | None = None
    to_currency: str | None = None
    to_amount: Given | None = None
    id: UUID | None = None


class TransactionUpdate(TransactionCreate):
    """Fields of a transaction to change; null empties one. The version that was read comes in If-Match or here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quantity": "12", "version": 1}]})

    date: dt.date | None = None  # type: ignore[assignment]
    kind: Kind | None = None  # type: ignore[assignment]
    version: int | None = None


class TransactionFilter(BaseModel):
    """Which transactions are listed."""

    symbol: str | None = None
    kind: list[str] = Field([], description="One or several")
    start: str | None = Field(None, description="YYYY-MM-DD, included")
    end: str | None = Field(None, description="YYYY-MM-DD, included")
    account: str | None = None
    known_at: str | None = Field(None, description="The ledger as it was known at an instant, RFC 3339")
    include_voided: bool = False
    newest_first: bool = False
    limit: int = Field(1000, ge=1, le=1000)
    after: str | None = Field(None, description="What X-Next-After of the page before said")


class QuotePush(Input):
    """A price of your own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"symbol": "AAPL", "price": 171.48, "ts": "2024-03-28T20:00:00Z", "source": "desk"}]})

    symbol: str
    price: Given
    ts: dt.datetime | None = Field(None, description="RFC 3339, or milliseconds since 1970; now where absent")
    volume: Given | None = None
    source: str = "push"
    currency: str | None = None


PortfolioBody = Annotated[Any, Body(), Described(PortfolioCreate)]
PortfolioChange = Annotated[Any, Body(), Described(PortfolioUpdate)]
InstrumentBody = Annotated[Any, Body(), Described(InstrumentPut)]
BarsBody = Annotated[Any, Body(), Described(list[BarPut])]
ActionsBody = Annotated[Any, Body(), Described(list[ActionPut])]
RatesBody = Annotated[Any, Body(), Described(list[RatePut])]
TransactionsBody = Annotated[Any, Body(), Described(TransactionCreate | list[TransactionCreate])]
TransactionChange = Annotated[Any, Body(), Described(TransactionUpdate)]
QuotesBody = Annotated[Any, Body(), Described(list[QuotePush] | QuotePush)]


class VersionRead(Input):
    """The version that was read, where If-Match is not sent."""

    version: int


VersionBody = Annotated[Any, Body(), Described(VersionRead)]


# ---------------------------------------------------------------------------------------------------------------------------- answers


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
    version: int
    revision: int
    created_at: dt.datetime
    demo: bool


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
    price_source: str | None
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


class ValuePoint(BaseModel):
    """Value at the close of a day."""

    date: dt.date
    value: float | None
    market_value: float | None
    cash: float | None
    flow: float | None
    net_contributions: float | None
    missing: int = Field(description="Rows left out for want of a price or rate")


class PerformancePublic(BaseModel):
    """A window of a portfolio."""

    start: dt.date
    end: dt.date
    base_currency: str
    pnl_bridge: dict[str, float | None]
    series: list[ValuePoint]
    findings: list[FindingPublic]


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


class PushPublic(Public):
    """What became of pushed quotes."""

    accepted: int
    quarantined: list[dict[str, Any]]
    ignored: int


class QuarantinedPublic(Public):
    """A quote that waits for a decision."""

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
