"""What is sent, as the documentation shows it: the services read it, know every rule, and say row, field and hint."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from engine.types import AssetClass, CostMethod, Kind

Given = Annotated[str | float, Field(union_mode="left_to_right")]  # a number or its text


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


class PortfolioCreate(Input):
    """A new portfolio."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"name": "Retirement", "base_currency": "EUR", "cost_method": "fifo", "benchmark": "SPY"}]})

    name: str
    base_currency: str = "USD"
    cost_method: CostMethod = CostMethod.FIFO
    benchmark: str | None = None
    oversell: str = Field("short", description="A sale beyond the held: short (it opens one) or error (it is refused)")
    negative_cash: str = Field("allow", description="allow or refuse")
    providers: list[str] = Field([], description="Of market data, most preferred first")
    id: UUID | None = Field(None, description="An id of your own; made here where absent")


class PortfolioUpdate(Input):
    """Fields of a portfolio to change; the version that was read comes in If-Match or here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Retirement fund", "cost_method": "average", "version": 1}]})

    name: str | None = None
    base_currency: str | None = Field(None, description="Only while there are no transactions")
    cost_method: CostMethod | None = None
    benchmark: str | None = None
    oversell: str | None = Field(None, description="short or error")
    negative_cash: str | None = Field(None, description="allow or refuse")
    providers: list[str] | None = Field(None, description="Of market data, most preferred first")
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
    tags: list[str] = []
    sources: list[dict[str, str]] = Field([], description="Provider and the symbol it knows the instrument by, most preferred first")
    version: int | None = None


class InstrumentRename(Input):
    """Another symbol for an instrument."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"symbol": "META"}]})

    symbol: str
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
    """How much of which purchase a sale or a transfer out takes."""

    id: UUID
    quantity: Given


class LotBrought(Input):
    """What a transfer in brings: acquired when, how many, for what, at which rate (base currency units for one of the instrument's)."""

    date: dt.date
    quantity: Given
    price: Given | None = Field(None, description="Of one unit; or `cost`")
    cost: Given | None = Field(None, description="Of the whole lot; or `price`")
    fx_rate: Given | None = None


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
    lots: list[LotTaken] | list[LotBrought] | None = None
    ratio: Given | None = None
    to_symbol: str | None = None
    to_currency: str | None = None
    to_amount: Given | None = None
    transfer_id: UUID | None = Field(None, description="Shared by the two legs of one transfer: no flow where both are looked at")
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
RenameBody = Annotated[Any, Body(), Described(InstrumentRename)]
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
