"""What is answered about realised gains and about a sale that is thought through."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

from api.requests import Described, Given, Input, LotTaken
from api.schemas import FindingPublic

Number = float | None


class GainPublic(BaseModel):
    """One lot, or part of one, matched by a disposal. Money is in base currency; `_local` is in the instrument's."""

    id: str = Field(description="Of the row in this answer: what GET /explain takes for realised_lots figures")
    symbol: str
    name: str
    portfolio: str
    account: str | None
    kind: str
    opened: dt.date | None = Field(description="null where a pool was matched")
    closed: dt.date
    days_held: int | None
    term: str = Field(description="short, long (more than one year), or pooled")
    rule: str | None = Field(description="same_day, thirty_day, section_104, later or capital_distribution, with rules=uk")
    quantity: float = Field(description="Negative where a short was covered, 0 where only cost was repaid")
    currency: str | None
    proceeds: Number
    cost: Number
    fee: Number
    tax: Number
    gain: Number
    proceeds_local: Number
    cost_local: Number
    gain_local: Number
    price_gain: Number = Field(description="Local gain at the closing rate")
    fx_gain: Number = Field(description="The rest: what the currency made of what was paid")
    disallowed: Number = Field(description="Loss that is disallowed as a wash sale, with rules=us")
    carried_cost: Number = Field(description="Loss disallowed before, now in this lot's cost")
    adjusted_gain: Number = Field(description="gain - carried_cost + disallowed")
    washed: bool
    transaction_id: str
    lot_id: str | None


class WashPublic(BaseModel):
    """A loss and a purchase that replaces what was sold."""

    symbol: str
    closed: dt.date
    transaction_id: str
    lot_id: str
    replacement_id: str = Field(description="Purchase whose cost the disallowed loss goes to")
    replaced_on: dt.date
    quantity: float
    disallowed: float
    days_added: int = Field(description="Days that the replacement's holding period grows by")


class RealisedGainsPublic(BaseModel):
    """Realised gains of a window."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "base_currency": "GBP", "cost_method": "section_104", "rules": "uk", "tax_year": "uk", "start": "2023-04-06", "end": "2024-04-05",
        "gains": [{"symbol": "LOB", "opened": None, "closed": "2023-05-01", "rule": "section_104", "quantity": 700, "proceeds": 3260, "cost": 2930.67,
                   "gain": 329.33}],
        "totals": {"gains": 329.33, "losses": 0, "net": 329.33}, "by_year": [{"year": "2023/24", "net": 329.33}]}]})

    base_currency: str
    cost_method: str
    rules: str | None
    tax_year: str
    start: dt.date | None
    end: dt.date | None
    known_at: dt.datetime | None
    gains: list[GainPublic]
    totals: dict[str, Number] = Field(description="count gains losses net short long price_gain fx_gain disallowed adjusted proceeds cost fee tax; "
                                                  "income, fees and taxes of the window")
    by_year: list[dict[str, Any]]
    by_term: list[dict[str, Any]]
    by_symbol: list[dict[str, Any]]
    groups: list[dict[str, Any]] | None = Field(description="By what `group` asked for")
    wash_sales: list[WashPublic]
    years: list[str] = Field(description="Every tax year in which something was realised")
    portfolios: dict[str, str]
    revisions: dict[str, int]
    findings: list[FindingPublic]
    explain: str = Field(description="Address that explains a number of this answer; put {figure} and {symbol} in")


class SaleSimulation(Input):
    """A sale to think through."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"symbol": "AAPL", "quantity": 10, "price": "230.10", "fee": "1", "tax_rate_short": 0.37, "tax_rate_long": 0.2}]})

    symbol: str
    quantity: Given
    price: Given | None = Field(None, description="Of one unit; the last one where absent")
    date: dt.date | None = Field(None, description="Today where absent")
    account: str | None = Field(None, description="All accounts together where absent")
    fee: Given | None = None
    tax: Given | None = None
    tax_rate_short: Given | None = Field(None, description="Fraction, for an estimate of the tax")
    tax_rate_long: Given | None = None
    lots: list[LotTaken] | None = Field(None, description="Lots to sell; adds the method specific")
    history: str | None = Field(None, description="own: earlier sales took lots by the portfolio's own method (default); each: every method "
                                                  "books the whole ledger, as cost_method does elsewhere")
    base_currency: str | None = None
    known_at: dt.datetime | None = None


SaleBody = Annotated[Any, Body(), Described(SaleSimulation)]


class LotSoldPublic(BaseModel):
    """One lot that a method would take."""

    account: str | None
    opened: dt.date | None
    days_held: int | None
    term: str
    rule: str | None
    quantity: float
    proceeds: Number
    cost: Number
    gain: Number
    proceeds_local: Number
    cost_local: Number
    gain_local: Number
    price_gain: Number
    fx_gain: Number
    lot_id: str | None


class MethodPublic(BaseModel):
    """What the sale would realise under one cost method."""

    method: str
    proceeds: Number
    cost: Number
    gain: Number
    proceeds_local: Number
    cost_local: Number
    gain_local: Number
    price_gain: Number
    fx_gain: Number
    gain_short: Number
    gain_long: Number
    estimated_tax: Number
    after_tax: Number
    lots: list[LotSoldPublic]


class SalePublic(BaseModel):
    """A sale that was thought through; nothing is recorded."""

    symbol: str
    name: str
    quantity: float
    price: float
    price_given: bool
    price_ts: dt.datetime | None
    price_source: str | None
    simulated: bool
    date: dt.date
    account: str | None
    held: float
    currency: str
    base_currency: str
    fx_rate: float
    fee: float
    tax: float
    cost_method: str = Field(description="The portfolio's own")
    methods: list[MethodPublic]
    open_lots: list[dict[str, Any]] = Field(description="Lots that `lots` can name")
    findings: list[FindingPublic]
    explain: str = Field(description="Address that explains a number of this answer; put {figure} and {symbol} in")
