"""Schemas of firm-wide runs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class RunCreate(BaseModel):
    """What is asked of every portfolio; an empty object asks for everything."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"period": "3Y", "methods": ["historical", "ewma"]}]})

    portfolios: list[UUID] | None = Field(None, description="Ids; all of them where absent", max_length=20_000)
    start: date | None = Field(None, description="Returns after its close")
    end: date | None = None
    period: str | None = Field(None, description="Instead of start: 1M 3M 6M MTD QTD YTD 1Y 3Y 5Y 10Y ITD")
    benchmark: str | None = Field(None, description="Symbol; each portfolio's own where absent, none where empty")
    risk_free: float = Field(0.0, description="A year, fraction", gt=-1, lt=10)
    level: float = Field(0.95, description="Of value at risk, between 0 and 1")
    methods: list[str] = Field([], description="Ways of value at risk that are backtested too; none where absent", max_length=20)


class RunPublic(BaseModel):
    """A run: how far it is, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: str = Field(description="running, done, failed, cancelled, interrupted")
    phase: str = Field(description="waiting, reading, computing, done")
    done: int = Field(description="Portfolios of this phase that are done")
    total: int
    portfolios: int = Field(description="How many can be read at /risk/runs/{id}/portfolios")
    place: str | None = Field(None, description="Where it was worked out: this process, processes beside it, or the address of a cluster")
    question: dict[str, Any]
    problem: dict[str, Any] | None = None
    created_at: datetime
    finished_at: datetime | None = None


class FirmRowPublic(BaseModel):
    """One portfolio of a run; a figure without an answer is null, and a finding or too few observations say why."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    portfolio_id: UUID
    name: str
    base_currency: str | None
    start: date | None
    end: date | None
    observations: int
    benchmark: str | None
    simulated: bool
    figures: dict[str, float | None]
    findings: list[dict[str, Any]]
