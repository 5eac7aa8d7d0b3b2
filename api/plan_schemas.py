"""What a plan is asked and answers."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import Body
from pydantic import ConfigDict, Field

from api.requests import Described, Given, Input
from api.schemas import FindingPublic, Public


class LumpBody(Input):
    """Money that is paid in once, or taken out."""

    years: Given = Field(description="From now")
    money: Given = Field(description="Positive is paid in")


class PlanBody(Input):
    """A goal and the way to it; money of today unless `nominal`. An empty object asks what may come of today's value in 20 years."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"goal": 500000, "years": 20, "contribution": 800, "inflation": 0.02, "fee": 0.002}]})

    goal: Given | None = None
    years: Given = 20
    value: Given | None = Field(None, description="Begun with; that of the portfolio where absent")
    contribution: Given = Field(0, description="A month")
    contribution_growth: Given = Field(0, description="A year, above inflation")
    contribution_years: Given | None = None
    withdrawal: Given = Field(0, description="A month, after tax")
    withdrawal_from: Given = Field(0, description="Years from now")
    lump_sums: list[LumpBody] = Field([])
    inflation: Given = 0.02
    inflation_volatility: Given = 0
    fee: Given = Field(0, description="A year, of the value")
    tax: Given = Field(0, description="On gains when they are taken")
    expected_return: Given | None = Field(None, description="A year, before fees; as the past was where absent")
    floor: Given = 0
    confidence: Given = 0.9
    weights: dict[str, Given] | None = Field(None, description="Those of today where absent")
    block: Given = Field(12, description="Mean length of a block, months")
    draws: Given = 2000
    nominal: bool = False
    seed: Given = 7
    base_currency: str | None = None


class FanPublic(Public):
    """The middle and the edges of what may be there after some months."""

    month: int
    date: dt.date
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


class PlanPublic(Public):
    """What may come of a plan; null: no answer."""

    scope: str
    label: str
    base_currency: str
    question: dict[str, Any]
    sentence: str
    value: float
    months_of_history: int
    fan: list[FanPublic]
    final: dict[str, float]
    probability: float | None
    probability_low: float | None
    probability_high: float | None
    shortfall: float | None
    ruin: float
    ruin_year: float | None
    below_floor: float
    sustainable_withdrawal: float
    contribution_needed: float | None
    median_return: float
    worst_fall: float
    paid_in: float
    taken_out: float
    fees: float
    taxes: float
    conventions: dict[str, str]
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]


PlanAsked = Annotated[Any, Body(), Described(PlanBody)]
