"""What the alerts answer, and what is sent to them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from api.requests import Described, Given, Input
from api.schemas import Public

Exact = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]


class RulePublic(Public):
    """A rule, with what it saw last."""

    id: UUID
    version: int
    title: str
    measure: str
    direction: str
    scope: str
    portfolio: str | None
    symbol: str | None
    threshold: Exact
    unit: str = Field(description="Of threshold, margin and last: a currency, fraction, minutes or findings")
    margin: Exact | None
    cool_down_seconds: int
    active: bool
    note: str | None
    days: int | None
    lookback: int | None
    level: float | None
    code: str | None
    channels: list[UUID]
    state: str = Field(description="off, new, armed or beyond")
    last: float | None
    seen_at: dt.datetime | None
    fired_at: dt.datetime | None
    firings: int
    created_at: dt.datetime
    changed_at: dt.datetime


class FiringPublic(Public):
    """One day on which a rule would have fired."""

    date: dt.date
    value: float


class TrialPublic(Public):
    """What a rule would have done on history."""

    title: str
    unit: str
    start: dt.date | None
    end: dt.date | None
    days: int
    count: int
    firings: list[FiringPublic] = Field(description="The newest 500, ascending")
    years: dict[str, int]
    last: float | None
    beyond: bool | None
    sentence: str
    reason: str | None


class AlertEventPublic(Public):
    """A rule fired."""

    id: UUID
    rule_id: UUID
    title: str
    message: str
    value: float
    at: dt.datetime
    acknowledged_at: dt.datetime | None
    context: dict[str, Any]


class UnreadPublic(Public):
    """How many events nobody has seen."""

    unread: int


class ChannelPublic(Public):
    """Where alerts are told. `secret` is in the answer that made it, and in no other."""

    id: UUID
    version: int
    kind: str
    name: str
    address: str
    active: bool
    pending: int
    sent: int
    dead: int
    created_at: dt.datetime
    changed_at: dt.datetime
    secret: str | None = None


class DeliveryPublic(Public):
    """A message on its way, or at its end."""

    id: UUID
    event_id: UUID | None
    channel_id: UUID
    channel: str
    kind: str
    title: str
    status: str
    attempts: int
    next_at: dt.datetime | None
    last_error: str | None
    created_at: dt.datetime
    finished_at: dt.datetime | None


class RuleCreate(Input):
    """A rule. Fractions for moves, weights, drawdowns and VaR; a price in the instrument's currency, a value in the scope's."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"measure": "price", "symbol": "AAPL", "direction": "below", "threshold": "150", "note": "Buy more"},
        {"measure": "drawdown", "scope": "all", "threshold": "-0.10", "cool_down_seconds": 86400}]})

    measure: str = Field(description="price move value weight drawdown var stale finding")
    threshold: Given
    direction: str | None = Field(None, description="above, below, or for moves either")
    scope: str | None = Field(None, description="Id of a portfolio, or all")
    symbol: str | None = None
    margin: Given | None = Field(None, description="How far it must come back before the rule can fire again; usual one of the measure where absent")
    cool_down_seconds: int | None = Field(None, description="Fires at most once in so long, and again after it while beyond; 0: crossings alone")
    active: bool | None = None
    note: str | None = None
    days: int | None = Field(None, description="Of a move: trading days, default 1")
    lookback: int | None = Field(None, description="Trading days: of a drawdown, default all; of VaR, default 250")
    level: float | None = Field(None, description="Of VaR, default 0.95")
    code: str | None = Field(None, description="Of a finding: only this kind")
    channels: list[UUID] | None = None


class RuleUpdate(RuleCreate):
    """Fields of a rule to change; the version that was read comes in If-Match or here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"threshold": "145", "version": 1}, {"active": False, "version": 2}]})

    measure: str | None = None  # type: ignore[assignment]
    threshold: Given | None = None  # type: ignore[assignment]
    version: int | None = None


class ChannelCreate(Input):
    """Where alerts are to be told."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "webhook", "name": "Desk", "address": "https://hooks.example.com/portolan"}]})

    kind: str = Field(description="email or webhook")
    address: str
    name: str | None = None


class ChannelUpdate(Input):
    """Fields of a channel to change."""

    name: str | None = None
    active: bool | None = None
    version: int | None = None


class Acknowledge(Input):
    """Events that were seen."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": ["0190c0de-0000-7000-8000-000000000001"]}, {}]})

    ids: list[UUID] | None = Field(None, description="All of them where absent")


class EventFilter(BaseModel):
    """Which events are listed."""

    rule: str | None = Field(None, description="Id of a rule")
    unread: bool = False
    limit: int = Field(100, ge=1, le=1000)
    after: str | None = Field(None, description="What X-Next-After of the page before said")


RuleBody = Annotated[Any, Body(), Described(RuleCreate)]
RuleChange = Annotated[Any, Body(), Described(RuleUpdate)]
ChannelBody = Annotated[Any, Body(), Described(ChannelCreate)]
ChannelChange = Annotated[Any, Body(), Described(ChannelUpdate)]
AcknowledgeBody = Annotated[Any, Body(), Described(Acknowledge | None)]
