"""Proposals and runs of optimisers as the repository reads them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """Drafts that wait for a person. `lines` are objects of number draft reason state transaction_id."""

    id: UUID
    portfolio_id: UUID
    status: str
    source: str
    note: str | None
    lines: list[dict[str, Any]]
    effect: dict[str, Any]
    revision: int
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class OptimiserRun:
    """An optimiser asked for once. `status` is running, done, failed or cancelled."""

    id: UUID
    portfolio_id: UUID
    status: str
    question: dict[str, Any]
    progress: dict[str, Any]  # phase done total
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    finished_at: dt.datetime | None = None
