"""What a run of evidence is asked and answers."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import ConfigDict, Field

from api.requests import Described, Given, Input
from api.schemas import FindingPublic, Public


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
    kind: Literal["strategies", "models", "suggestions"]
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


class ModelScorePublic(Public):
    """A model against the naive one, out of sample; `used` where it beats it at 5 % and no other does so by more."""

    task: str
    name: str
    label: str
    meaning: str
    loss: str
    score: float | None
    baseline: str
    baseline_score: float | None
    statistic: float | None
    p_value: float | None
    observations: int
    used: bool
    sentence: str


class VolatilityForecastPublic(Public):
    """Volatility of tomorrow as a year's, by the model that beats the naive one for it."""

    symbol: str
    name: str
    model: str
    volatility: float | None
    naive: float | None
    scores: dict[str, float | None]


class RegimeStatePublic(Public):
    """A hidden state of the market."""

    name: str
    volatility: float
    mean: float
    probability: float
    length: float
    next_probability: float


class LinePublic(Public):
    """A line: days and numbers."""

    dates: list[str]
    values: list[float | None]


class RegimePublic(Public):
    """Hidden states, and how likely each was on the days of the past, told from what was known then."""

    subject: str
    states: list[RegimeStatePublic]
    history: dict[str, LinePublic]
    used: bool


class ClusterPublic(Public):
    """Holdings that move together."""

    number: int
    symbols: list[str]
    weight: float | None
    risk: float | None
    correlation: float | None
    nearest: float | None


class AnomalyPublic(Public):
    """A price or a transaction to look at."""

    kind: Literal["price", "transaction"]
    symbol: str | None
    date: dt.date
    score: float
    what: str
    sentence: str
    transaction_id: str | None
    model: str


class ModelsPublic(Public):
    """Models of what is held. `gaps` says which task has none, and why."""

    scope: str
    label: str
    base_currency: str
    days: int
    scores: list[ModelScorePublic]
    volatilities: list[VolatilityForecastPublic]
    covariance: str
    regimes: RegimePublic | None
    clusters: list[ClusterPublic]
    clusters_used: bool
    anomalies: list[AnomalyPublic]
    gaps: dict[str, str]
    conventions: dict[str, str]
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]


EvidenceAsked = Annotated[Any, Body(), Described(EvidenceBody)]
