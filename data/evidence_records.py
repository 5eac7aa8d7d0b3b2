"""What-ifs and runs of evidence as the repositories read them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredWhatIf:
    """Weights and trades that are tried, under a name."""

    id: UUID
    portfolio_id: UUID | None  # None: of all portfolios
    name: str
    note: str | None
    draft: dict[str, Any]
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    removed: bool


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """Strategies or models tried on the past. `status` is running, done, failed or cancelled."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    portfolio_id: UUID | None
    kind: str
    status: str
    question: dict[str, Any]
    progress: dict[str, Any]  # phase done total
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    finished_at: dt.datetime | None = None
