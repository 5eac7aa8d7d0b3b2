"""What a run of evidence is asked and answers."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import ConfigDict, Field

from api.requests import Described, Given, Input
from api.schemas import Public


class EvidenceBody(Input):
    """Which strategies are tried; an empty object tries all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"strategies": ["minimum_variance", "risk_parity"], "cost_bps": 10}]})

    strategies: list[str] = Field([], description="Names of GET /evidence/strategies; all where empty. Doing nothing and 1/N are always tried")
    window: Given = Field(504, description="Trading days that each decision looks back on")
    every: Given = Field(21, description="Trading days between two decisions")
    cost_bps: Given = 10
    most_weight: Given = 1
    band: Given = 0.05
    judged_days: Given = Field(252, description="Trading days of a window that a strategy is judged over")
    start: dt.date | None = None
    end: dt.date | None = None
    risk_free: Given = 0
    benchmark: str | None = None
    base_currency: str | None = None
    targets: dict[str, Given] | None = None
    combinatorial: bool = True
    seed: Given = 7


class EvidenceRunPublic(Public):
    """A run: how far it is, and what came of it (null until it is done, and in lists)."""

    id: UUID
    scope: str
    kind: Literal["strategies", "models"]
    status: str = Field(description="running, done, failed, cancelled, interrupted")
    phase: str
    done: int
    total: int
    question: dict[str, Any]
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    created_at: dt.datetime
    finished_at: dt.datetime | None


class StrategyPublic(Public):
    """A strategy that can be tried."""

    name: str
    label: str
    meaning: str
    baseline: bool
    fitted: bool


EvidenceAsked = Annotated[Any, Body(), Described(EvidenceBody)]
