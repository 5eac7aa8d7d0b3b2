"""What the tables of advice hold, as repositories give it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """The policy of a portfolio, as it was sent."""

    portfolio_id: UUID
    told: dict[str, Any]
    version: int
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class StoredCustomRule:
    """A rule of one's own."""

    id: UUID
    portfolio_id: UUID | None
    name: str
    expression: str
    severity: str
    fix: str | None
    active: bool
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class StoredSuggestion:
    """Something that was suggested: `state` open, dismissed, done or gone."""

    portfolio_id: UUID
    key: str
    state: str
    reason: str | None
    until: dt.date | None
    told: dict[str, Any]
    done: dict[str, Any] | None
    times: list[list[Any]]  # [what, when, reason], oldest first
    decided_at: dt.datetime | None
    seen_at: dt.datetime
    version: int
    created_at: dt.datetime
