"""What what-ifs answer, and what is sent to them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import ConfigDict, Field, JsonValue

from api.requests import Described, Given, Input
from api.schemas import FindingPublic, Public

DRAFT: dict[str, JsonValue] = {"weights": {"AAPL": 0.25, "MSFT": 0.0}, "trades": [{"symbol": "SAP", "quantity": 10}], "new_money": 1000}


class WhatIfTradeBody(Input):
    """One trade: shares, or money in base currency; negative sells."""

    symbol: str
    quantity: Given | None = None
    money: Given | None = None


class WhatIfDraftBody(Input):
    """What is tried: weights that are wanted, then trades. Cash is what remains."""

    model_config = ConfigDict(json_schema_extra={"examples": [DRAFT]})

    weights: dict[str, Given] = Field({}, description="Of the whole value, new money in it; what is not named keeps its quantity")
    trades: list[WhatIfTradeBody] = Field([])
    new_money: Given = Field(0, description="In base currency; positive comes in")
    cost_bps: Given = Field(10, description="Of what is traded, basis points")
    tax_short: Given = Field(0, description="Rate on gains of lots held up to a year, fraction")
    tax_long: Given = 0
    level: Given = Field(0.95, description="Of value at risk")
    benchmark: str | None = None
    base_currency: str | None = None


class WhatIfSidePublic(Public):
    """A portfolio before or after; risk is of its weights on the last two years. Null: no answer."""

    value: float
    cash: float
    cash_weight: float | None
    volatility: float | None
    value_at_risk: float | None
    expected_shortfall: float | None
    value_at_risk_money: float | None
    beta: float | None
    tracking_error: float | None
    effective_holdings: float | None
    largest_weight: float | None
    score: int = Field(description="1 to 7; 0: unknown")
    position: float | None
    days: int


class WhatIfHoldingPublic(Public):
    """One holding before and after; money in base currency, a price is of one unit."""

    symbol: str
    name: str
    currency: str
    price: float | None
    quantity_before: float
    quantity_after: float | None
    trade_quantity: float
    trade_money: float | None
    weight_before: float | None
    weight_after: float | None
    risk_before: float | None
    risk_after: float | None
    gain: float


class WhatIfStressPublic(Public):
    """A scenario or an episode on both sides; a loss is positive, a fraction of the value of its side."""

    key: str
    name: str
    kind: Literal["scenario", "episode"]
    loss_before: float
    loss_after: float
    loss_before_money: float
    loss_after_money: float


class WhatIfPublic(Public):
    """A portfolio as it is, and as it would be. Nothing is booked."""

    scope: str
    label: str
    base_currency: str
    draft: dict[str, Any]
    address: str = Field(description="Text of the draft for a URL: ?what_if=")
    before: WhatIfSidePublic
    after: WhatIfSidePublic
    holdings: list[WhatIfHoldingPublic]
    stress: list[WhatIfStressPublic]
    traded_money: float
    cost_money: float
    gain_money: float
    tax_money: float
    conventions: dict[str, str]
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]


class SavedWhatIfPublic(Public):
    """A draft under a name; `path` is that of the page that shows it."""

    id: UUID
    scope: str
    name: str
    note: str | None
    draft: dict[str, Any]
    path: str
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime


class ComparedPublic(Public):
    """One of several what-ifs beside each other."""

    saved: SavedWhatIfPublic
    result: WhatIfPublic


class WhatIfBody(Input):
    """A draft under a name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"scope": "all", "name": "Half the apples", "draft": DRAFT}]})

    scope: str = Field(description="Portfolio id, or all")
    name: str
    draft: WhatIfDraftBody
    note: str | None = None


class WhatIfChangeBody(Input):
    """What is to change; `draft` is the whole of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Fewer apples", "version": 1}]})

    name: str | None = None
    draft: WhatIfDraftBody | None = None
    note: str | None = None
    version: int | None = None


Draft = Annotated[Any, Body(), Described(WhatIfDraftBody)]
NewWhatIf = Annotated[Any, Body(), Described(WhatIfBody)]
WhatIfChange = Annotated[Any, Body(), Described(WhatIfChangeBody)]
