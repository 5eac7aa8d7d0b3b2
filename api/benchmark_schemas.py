"""How a portfolio beside benchmarks is answered, and how blends are sent and told."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

from api.requests import Described, Input
from api.schemas import FindingPublic, Public

Kind = Literal["instrument", "inflation", "rate", "cash"]
Rebalancing = Literal["monthly", "daily", "quarterly", "yearly", "never"]
PARTS: list[Any] = [{"symbol": "SPY", "weight": 0.6}, {"symbol": "AGG", "weight": 0.3}, {"kind": "cash", "weight": 0.1, "plus": 0.02}]


class ComponentPublic(Public):
    """One part of a blend."""

    kind: Kind
    symbol: str | None
    weight: float
    plus: float
    hedged: bool


class BlendPublic(Public):
    """A benchmark made of several things; `key` asks for it wherever a benchmark is asked for."""

    id: UUID
    key: str
    name: str
    rebalancing: Rebalancing
    components: list[ComponentPublic]
    version: int


class ComponentBody(Input):
    """One part of a blend: what it is, and its share."""

    kind: Kind = Field("instrument", description="An instrument with its payments, consumer prices, a rate in % a year, or cash at a fixed rate")
    symbol: str | None = Field(None, description="Of everything but cash")
    weight: float | str = Field(description="Fraction; those of a blend add up to 1")
    plus: float | str = Field(0, description="A year, fraction: the 0.03 of prices + 3 %; of cash its rate")
    hedged: bool = Field(default=False, description="Its return in its own currency")


class BlendBody(Input):
    """A benchmark made of several things."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Sixty forty", "rebalancing": "quarterly", "components": PARTS}]})

    name: str
    components: list[ComponentBody]
    rebalancing: Rebalancing = Field("monthly", description="When weights go back to what they should be: at the last close of each such period")


class BlendChangeBody(Input):
    """What is to change; `components` are all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rebalancing": "yearly", "version": 1}]})

    name: str | None = None
    components: list[ComponentBody] | None = None
    rebalancing: Rebalancing | None = None
    version: int | None = None


class ChoicePublic(Public):
    """Something that can be compared with."""

    key: str
    name: str
    kind: Literal["instrument", "blend"]
    detail: str


class SameFlowsPublic(BaseModel):
    """The same cash flows put into the benchmark; money in base currency, rates a year's where `is_annual`."""

    portfolio_value: float | None
    benchmark_value: float | None = Field(description="What every deposit would be worth, had it bought the benchmark (Long and Nickels)")
    excess_value: float | None
    net_contributions: float | None
    portfolio_gain: float | None
    benchmark_gain: float | None
    portfolio_mwr: float | None
    benchmark_mwr: float | None
    excess_mwr: float | None
    is_annual: bool
    ks_pme: float | None = Field(description="Kaplan and Schoar; above 1 beats the benchmark")
    direct_alpha: float | None
    exhausted: dt.date | None = Field(description="First day on which withdrawals had used the benchmark up")


class ConstituentPublic(BaseModel):
    """One part of a benchmark at the end of the window."""

    key: str
    name: str
    weight: float | None
    target: float
    portfolio_weight: float | None
    active_weight: float | None
    total_return: float | None
    payments: int


class AgainstPublic(BaseModel):
    """A portfolio beside one benchmark."""

    key: str
    kind: str
    name: str
    currency: str
    begins: dt.date | None
    ends: dt.date | None
    observations: int
    months: int
    is_total_return: bool
    simulated: bool
    figures: dict[str, float | None] = Field(description="beta alpha r_squared tracking_error information_ratio up_capture active_share ...")
    missing: dict[str, int] = Field(description="How many more observations a figure wants before it says something")
    gaps: dict[str, str]
    flows: SameFlowsPublic
    constituents: list[ConstituentPublic]
    findings: list[FindingPublic]


class BenchmarkPublic(BaseModel):
    """A window of a portfolio beside its benchmarks. The figures of the first one stand at the top too, each by its name."""

    model_config = ConfigDict(extra="allow")

    scope: str
    label: str
    base_currency: str
    start: dt.date
    end: dt.date
    days: int
    periods_per_year: float
    window: int = Field(description="Periods of a rolling figure")
    conventions: dict[str, str]
    own: dict[str, float | None]
    benchmarks: list[AgainstPublic]
    series: dict[str, list[dict[str, Any]]] = Field(description="growth excess returns months same_flows flows, and rolling ones as rolling_beta ...")
    findings: list[FindingPublic]
    simulated: bool
    revisions: dict[str, int]
    sources: dict[str, dt.date]


NewBlend = Annotated[Any, Body(), Described(BlendBody)]
BlendChange = Annotated[Any, Body(), Described(BlendChangeBody)]
