"""Records of what funds hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredConstituents:
    """What an instrument holds, in a version. `parts` is as JSON keeps it; empty: nothing is told any more."""

    instrument_id: UUID
    version: int
    as_of: date | None
    source: str | None
    parts: list[dict[str, Any]]
    recorded_at: datetime
