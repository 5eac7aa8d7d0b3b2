"""What rebalancing and proposals answer, and what is sent to them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import ConfigDict, Field, JsonValue

from api.requests import Described, Input
from api.schemas import FindingPublic, Public

EXAMPLE: JsonValue = {"targets": {"AAPL": 0.4, "MSFT": 0.4, "cash": 0.2}, "new_money": 0,
                      "constraints": {"max_weight": 0.4, "lot": 1, "min_trade": 250},
                      "costs": {"fee": 1, "spread": 0.001}, "taxes": {"short_rate": 0.37, "long_rate": 0.2}}
ORDERS: JsonValue = {"orders": [{"draft": {"date": "2026-03-02", "kind": "SELL", "symbol": "AAPL", "quantity": "10", "price": "180.5"},
                                 "reason": "Over its target"}]}


class LotTakenPublic(Public):
    """What a sale takes of one lot, base currency."""

    lot_id: str
    opened: dt.date | None
    quantity: float
    cost: float
    proceeds: float
    gain: float
    term: Literal["short", "long"]
    tax: float


class TradePublic(Public):
    """One purchase or sale with its reason; money in base currency unless a name says local."""

    side: Literal["BUY", "SELL"]
    symbol: str
    quantity: float
    price_local: float
    currency: str
    fx_rate: float
    amount: float
    fee: float
    spread: float
    tax: float
    account: str | None
    weight_before: float
    weight_after: float
    target: float | None
    reason: str
    lots: list[LotTakenPublic]


class ConversionPublic(Public):
    """Cash of one currency into another."""

    currency: str
    amount: float
    to_currency: str
    to_amount: float
    cost: float
    account: str | None
    reason: str


class TradeListPublic(Public):
    """Trades in the order they are to be done."""

    trades: list[TradePublic]
    conversions: list[ConversionPublic]
    new_money: float
    cost: float = Field(description="Fees, spreads and conversions")
    tax: float = Field(description="After losses and gains are set off; negative: saved")
    gain_short: float
    gain_long: float
    turnover: float
    notes: list[str]


class SidePublic(Public):
    """A portfolio before or after; losses positive, null where there is no answer."""

    value: float
    cash: float
    cash_weight: float
    weights: dict[str, float]
    drift: float | None
    volatility: float | None
    value_at_risk: float | None
    expected_shortfall: float | None
    tracking_error: float | None
    benchmark_tracking_error: float | None
    beta: float | None
    largest: float | None
    effective_number: float | None


class BeforeAfterPublic(Public):
    """Side by side."""

    before: SidePublic
    after: SidePublic
    groups: dict[str, dict[str, tuple[float, float]]]
    days: int
    level: float


class OrderLinePublic(Public):
    """A transaction as the ledger takes it, with its reason."""

    number: int
    draft: dict[str, Any]
    reason: str


class ConflictPublic(Public):
    """A constraint that cannot hold together with the others named, and how far it alone would have to give way."""

    name: str
    what: str
    limit: float
    relaxed: float | None
    subject: str | None
    jointly: bool = Field(False, description="The relaxed limits mend only all together")


class RebalancePublic(Public):
    """Trades towards targets and what they change. Nothing is booked."""

    scope: str
    base_currency: str
    targets: dict[str, float]
    bands: dict[str, tuple[float, float]]
    trade_list: TradeListPublic
    effect: BeforeAfterPublic
    orders: list[OrderLinePublic]
    names: dict[str, str]
    conflicts: list[ConflictPublic]
    conventions: dict[str, Any]
    revision: int
    simulated: bool
    findings: list[FindingPublic]


class HouseholdPartPublic(Public):
    """What one of all portfolios has to do, or why nothing could be worked out for it."""

    portfolio_id: UUID
    name: str
    view: RebalancePublic | None
    reason: str | None


class HouseholdPublic(Public):
    """All portfolios, each towards its own targets, and what that changes together; money in `base_currency`. Nothing is booked."""

    base_currency: str
    parts: list[HouseholdPartPublic]
    effect: BeforeAfterPublic
    cost: float
    tax: float = Field(description="Of each portfolio by itself, summed")
    gain_short: float
    gain_long: float
    turnover: float | None
    orders: int
    simulated: bool
    findings: list[FindingPublic]


class ProposalLinePublic(Public):
    """One draft of a proposal."""

    number: int
    draft: dict[str, Any]
    reason: str
    state: Literal["open", "confirmed", "skipped"]
    transaction_id: UUID | None


class ProposalPublic(Public):
    """Drafts that wait for a person."""

    id: UUID
    portfolio_id: UUID
    status: Literal["open", "confirmed", "rejected"]
    source: str
    note: str | None
    lines: list[ProposalLinePublic]
    effect: dict[str, Any]
    revision: int
    is_outdated: bool = Field(description="The ledger has another revision by now")
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime


class RebalanceBody(Input):
    """What differs from the portfolio's policy; an empty object asks for the policy as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    targets: dict[str, float] | None = Field(None, description="Name to weight; they sum to 1 at most, the rest is cash")
    by: str | None = Field(None, description="symbol, asset_class, sector, region, country or currency")
    symbols: list[str] | None = Field(None, description="May be bought besides what is held, where targets are of groups")
    bring: Literal["targets", "breached", "edge"] | None = Field(
        None, description="All to the target, only what left its band, or only to the band's edge")
    new_money: float | None = Field(None, description="Comes in before the trades, or is taken out (negative)")
    buy_only: bool | None = None
    cost_aversion: float | None = Field(None, description="How much a unit of cost and tax weighs against one of distance")
    account: str | None = None
    constraints: dict[str, JsonValue] | None = None
    costs: dict[str, JsonValue] | None = None
    taxes: dict[str, JsonValue] | None = None
    conversion_rate: float | None = None
    level: float | None = None


class OrderBody(Input):
    """A draft with its reason."""

    draft: dict[str, JsonValue]
    reason: str | None = None


class AcceptBody(Input):
    """Orders of a preview, as they are or edited; without them the question of a preview is worked out anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [ORDERS]})

    orders: list[OrderBody] | None = None
    question: RebalanceBody | None = None
    effect: dict[str, JsonValue] | None = None
    source: str | None = None
    note: str | None = None
    revision: int | None = Field(None, description="Of the ledger that was looked at: refused where it has changed")


class AcceptAllBody(Input):
    """The question of a preview of all portfolios, and the revisions that were looked at, by id."""

    question: RebalanceBody | None = None
    revisions: dict[str, int] | None = None


class ConfirmBody(Input):
    """Which lines were done, and what came out otherwise."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lines": [1, 2], "changes": {"2": {"price": "101.30", "fee": "4.95"}}}]})

    lines: list[int] | None = None
    changes: dict[str, dict[str, JsonValue]] | None = None
    version: int | None = None


Question = Annotated[Any, Body(), Described(RebalanceBody)]
Accepted = Annotated[Any, Body(), Described(AcceptBody)]
Confirmed = Annotated[Any, Body(), Described(ConfirmBody)]
AcceptedOfAll = Annotated[Any, Body(), Described(AcceptAllBody)]
