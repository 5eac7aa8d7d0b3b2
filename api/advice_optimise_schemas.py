"""What optimisers answer, and what is sent to them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import ConfigDict, Field, JsonValue

from api.advice_trades_schemas import ConflictPublic
from api.requests import Described, Input
from api.schemas import Public

EXAMPLE: JsonValue = {"model": "mean_risk", "measure": "cvar", "objective": "maximise_ratio", "covariance": "ledoit_wolf", "max_weight": 0.2,
                      "groups": {"sector": {"Technology": [0, 0.4]}}, "frontier": 20}


class ModelPublic(Public):
    """One optimiser."""

    name: str
    label: str
    meaning: str
    measures: list[str]
    objectives: list[str]
    constraints: list[str]


class FrontierPointPublic(Public):
    """One portfolio by the estimates: a year's figures."""

    expected_return: float | None
    risk: float | None
    ratio: float | None
    weights: dict[str, float]


class FrontierPublic(Public):
    """The efficient frontier, with the present portfolio on the same estimates."""

    measure: str
    points: list[FrontierPointPublic]
    present: FrontierPointPublic
    best: int = Field(description="Place of the best ratio")


class OptimiseResultPublic(Public):
    """Weights that were found; empty where constraints contradict each other."""

    model: str
    weights: dict[str, float] = Field(description="Of what is invested; they sum to one")
    targets: dict[str, float] = Field(description="The same as weights of the whole value: what POST .../rebalance takes")
    present: dict[str, float]
    expected_return: float | None
    risk: float | None
    ratio: float | None
    present_point: FrontierPointPublic
    turnover: float | None
    contributions: dict[str, float | None]
    frontier: FrontierPublic | None
    conflicts: list[ConflictPublic]
    observations: int
    views: list[str] = Field(description="How each view was understood")
    notes: list[str]


class OptimisePublic(Public):
    """A run: how far it is, and what came out."""

    id: UUID
    portfolio_id: UUID
    status: Literal["running", "done", "failed", "cancelled", "interrupted"]
    phase: str
    done: int
    total: int
    question: dict[str, Any]
    result: OptimiseResultPublic | None
    problem: dict[str, Any] | None
    created_at: dt.datetime
    finished_at: dt.datetime | None
    version: int


class OptimiseBody(Input):
    """What is asked of an optimiser; an empty object asks for the least variance under the portfolio's policy."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    model: str | None = Field(None, description="Of GET /optimisers")
    measure: str | None = None
    objective: str | None = Field(None, description="minimise_risk, maximise_return, maximise_utility or maximise_ratio")
    expected: str | None = Field(None, description="Estimator of returns: empirical, ew, shrunk or equilibrium")
    covariance: str | None = Field(None, description="ledoit_wolf, empirical, oas, shrunk, denoise, ew, gerber, graphical_lasso or factor")
    views: list[str] | None = Field(None, description="In plain words: AAPL outperforms MSFT by 2 % (60 %)")
    confidence: float | None = None
    risk_aversion: float | None = None
    risk_free: float | None = None
    budgets: dict[str, float] | None = None
    symbols: list[str] | None = Field(None, description="To choose from besides what is held")
    only: list[str] | None = Field(None, description="To choose from alone")
    period: str | None = None
    start: str | None = None
    end: str | None = None
    min_weight: float | None = None
    max_weight: float | None = None
    excluded: list[str] | None = Field(None, description="Not to be held")
    groups: dict[str, dict[str, tuple[float, float]]] | None = Field(None, description="Dimension to group to its least and most")
    max_turnover: float | None = None
    transaction_cost: float | None = None
    management_fee: float | None = None
    max_tracking_error: float | None = None
    min_return: float | None = None
    use_policy: bool | None = None
    frontier: int | None = Field(None, description="Points of the efficient frontier: 0, or 2 to 100")


Optimise = Annotated[Any, Body(), Described(OptimiseBody)]
