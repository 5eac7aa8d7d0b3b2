"""What stress tests answer, and what is sent to them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import ConfigDict, Field, JsonValue

from api.requests import Described, Input
from api.schemas import FindingPublic, Public

Target = Literal["instrument", "sector", "country", "asset_class", "factor", "benchmark", "all", "currency", "rate"]


class ShockPublic(Public):
    """One line of a scenario: what is shocked, and by which fraction."""

    target: Target
    name: str
    size: float


class ScenarioPublic(Public):
    """Shocks under a name; without `id` it came with the house and cannot be changed."""

    id: UUID | None
    key: str
    name: str
    note: str | None
    shocks: list[ShockPublic]
    overlap: Literal["specific", "compound"]
    version: int


class EpisodeHoldingPublic(Public):
    """What a holding does in an episode; null where nothing stands in for its history."""

    symbol: str
    weight: float
    move: float | None
    source: Literal["own", "sector", "asset_class", "benchmark", "market", ""]
    contribution: float
    contribution_money: float


class EpisodePublic(Public):
    """An episode on today's holdings; losses positive, null where nothing is known."""

    name: str
    label: str
    start: dt.date
    end: dt.date
    kind: Literal["crash", "event", "regime"]
    meaning: str
    source: str
    loss: float | None
    loss_money: float | None
    own: float
    proxied: float
    missing: float
    market: float
    holdings: list[EpisodeHoldingPublic]


class ScenarioHoldingPublic(Public):
    """What a holding, or cash of a currency, does in a scenario."""

    symbol: str
    weight: float
    price: float
    currency: float
    rate: float
    move: float
    contribution: float
    contribution_money: float
    because: str


class ScenarioLossPublic(Public):
    """A scenario on today's holdings; a loss is positive."""

    scenario: ScenarioPublic
    loss: float
    loss_money: float
    holdings: list[ScenarioHoldingPublic]
    findings: list[FindingPublic]


class ReverseHoldingPublic(Public):
    """The most likely move of a holding under which the whole loses what was asked."""

    symbol: str
    weight: float
    move: float
    contribution: float
    deviations: float | None
    alone: float | None


class ReversePublic(Public):
    """The stress the other way round."""

    loss: float
    horizon_days: int
    distance: float
    probability: float
    holdings: list[ReverseHoldingPublic]


class StressPublic(Public):
    """Everything a scope would lose. `gaps` says what has no answer, and why."""

    scope: str
    label: str
    base_currency: str
    value: float
    benchmark: str | None
    episodes: list[EpisodePublic]
    scenarios: list[ScenarioLossPublic]
    reverse: ReversePublic | None
    gaps: dict[str, str]
    conventions: dict[str, str]
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]


SHOCKS: list[JsonValue] = [{"target": "sector", "name": "Technology", "size": -0.3}, {"target": "currency", "name": "USD", "size": -0.1}]


class ShockBody(Input):
    """One line of a scenario."""

    target: Target
    name: str | None = None
    size: float


class ScenarioBody(Input):
    """Shocks under a name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Chips and the dollar", "shocks": SHOCKS}]})

    name: str
    shocks: list[ShockBody]
    note: str | None = None
    overlap: Literal["specific", "compound"] = "specific"


class ScenarioChangeBody(Input):
    """What is to change; `shocks` is the whole list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Chips", "version": 1}]})

    name: str | None = None
    shocks: list[ShockBody] | None = None
    note: str | None = None
    overlap: Literal["specific", "compound"] | None = None
    version: int | None = None


class TrialBody(Input):
    """Shocks that are tried without being kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"shocks": SHOCKS}]})

    shocks: list[ShockBody] = Field(min_length=1)
    name: str | None = None
    note: str | None = None
    overlap: Literal["specific", "compound"] = "specific"


NewScenario = Annotated[Any, Body(), Described(ScenarioBody)]
ScenarioChange = Annotated[Any, Body(), Described(ScenarioChangeBody)]
Trial = Annotated[Any, Body(), Described(TrialBody)]
