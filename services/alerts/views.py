"""What the services of alerts hand out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule, with what it saw last. `threshold` and `margin` are in `unit`: a currency, fraction, minutes or findings."""

    id: UUID
    version: int
    title: str
    measure: str
    direction: str
    scope: str  # portfolio id, or "all"
    portfolio: str | None  # its name
    symbol: str | None
    threshold: Decimal
    unit: str
    margin: Decimal | None  # None: the usual one of its measure
    cool_down_seconds: int
    active: bool
    note: str | None
    days: int | None
    lookback: int | None
    level: float | None
    code: str | None
    channels: tuple[UUID, ...]
    state: str  # off new armed beyond
    last: float | None
    seen_at: datetime | None
    fired_at: datetime | None
    firings: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Firing:
    """One day on which a rule would have fired."""

    date: date
    value: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would have done on history, one evaluation a day."""

    title: str
    unit: str
    start: date | None
    end: date | None
    days: int  # on which the measure was known
    count: int
    firings: tuple[Firing, ...]  # the newest, ascending
    years: dict[str, int]
    last: float | None  # the measure on its last day
    beyond: bool | None  # whether that is beyond the threshold
    sentence: str
    reason: str | None  # why it cannot be told


@dataclass(frozen=True, slots=True)
class EventView:
    """A rule fired."""

    id: UUID
    rule_id: UUID
    title: str
    message: str
    value: float
    at: datetime
    acknowledged_at: datetime | None
    context: dict[str, Any]  # measure direction threshold unit symbol scope portfolio note simulated


@dataclass(frozen=True, slots=True)
class ChannelView:
    """Where alerts are told. `secret` is there once, in the answer to what made it."""

    id: UUID
    version: int
    kind: str
    name: str
    address: str
    active: bool
    pending: int
    sent: int
    dead: int
    created_at: datetime
    changed_at: datetime
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A message on its way, or at its end."""

    id: UUID
    event_id: UUID | None  # None: a test
    channel_id: UUID
    channel: str
    kind: str
    title: str
    status: str  # pending sent dead
    attempts: int
    next_at: datetime | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None
