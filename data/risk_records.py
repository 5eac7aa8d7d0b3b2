"""Firm-wide runs as the repository reads them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RiskRun:
    """Every figure of many portfolios, asked for once. `status` is running, done, failed or cancelled."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    status: str
    question: dict[str, Any]
    progress: dict[str, Any]  # phase done total
    place: str | None  # where it was worked out
    problem: dict[str, Any] | None  # why it came to nothing
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    finished_at: dt.datetime | None = None


class RiskRunRow(NamedTuple):
    """The figures of one portfolio of a run; one without an answer is None, and a finding says why."""

    number: int
    portfolio_id: UUID
    name: str
    told: dict[str, Any]  # start end observations base_currency benchmark simulated
    figures: dict[str, float | None]
    findings: list[dict[str, Any]]
