"""Records of alerts as the repositories give them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule, with what it remembers if that is of this version."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    version: int
    measure: str
    direction: str
    portfolio_id: UUID | None
    instrument_id: UUID | None
    threshold: Decimal
    margin: Decimal | None
    cool_down_seconds: int
    active: bool
    note: str | None
    options: dict[str, Any]
    channels: tuple[UUID, ...]
    created_at: dt.datetime
    changed_at: dt.datetime
    removed_at: dt.datetime | None
    symbol: str | None
    currency: str | None  # of the instrument
    scope_currency: str | None  # base currency of the portfolio
    portfolio: str | None  # its name
    side: int
    last: float | None
    fired_at: dt.datetime | None  # of any version: when it was last told
    firings: int
    seen_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class StoredState:
    """What a rule is to remember. `fired_before` is what it remembered: where that is another by now, somebody else has told it."""

    rule_id: UUID
    rule_version: int
    side: int
    last: float | None
    fired_at: dt.datetime | None
    fired_before: dt.datetime | None
    fired: bool = False


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A rule fired."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    rule_id: UUID
    value: float
    title: str
    message: str
    context: dict[str, Any]
    created_at: dt.datetime
    acknowledged_at: dt.datetime | None = None
    acknowledged_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class StoredChannel:
    """Where alerts are told."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    version: int
    kind: str
    name: str
    address: str
    generation: int
    active: bool
    created_at: dt.datetime
    changed_at: dt.datetime
    removed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message to a channel, with the channel as it is now."""

    id: UUID
    workspace_id: UUID
    event_id: UUID | None
    channel: StoredChannel
    body: dict[str, Any]
    status: str
    attempts: int
    next_at: dt.datetime
    last_error: str | None
    created_at: dt.datetime
    finished_at: dt.datetime | None


class Posted(NamedTuple):
    """A message to be put into the outbox."""

    workspace_id: UUID
    owner_id: UUID
    event_id: UUID | None
    channel_id: UUID
    body: dict[str, Any]
