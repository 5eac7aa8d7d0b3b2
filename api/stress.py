"""`/portfolios/{id}/stress` and `/scenarios`: what a scope would lose."""

from __future__ import annotations

import math
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query, Response

from api.analytics import Scope
from api.dependencies import Asks, Changes, ExactRoute, Id, Writes, etag, found_id, parsed
from api.portfolios import without_version
from api.requests import VersionBody
from api.stress_schemas import NewScenario, ScenarioChange, ScenarioLossPublic, ScenarioPublic, StressPublic, Trial
from engine.errors import InvalidInput
from services.stress.views import EpisodeLoss, Scenario, ScenarioLoss, StressQuestion, StressView

routes = APIRouter(tags=["risk"], route_class=ExactRoute)
TOLD = ("scope", "label", "base_currency", "value", "gaps", "conventions", "simulated", "revisions", "findings")
Names = Annotated[str | None, Query(description="Comma-separated; everything where absent, nothing where empty")]
Text = Annotated[str | None, Query()]
Loss = Annotated[str, Query(description="The loss that the reverse stress explains, a fraction of value")]
Days = Annotated[str, Query(description="Trading days within which it happens")]


def question(
    episodes: Names = None, scenarios: Names = None, loss: Loss = "0.2", horizon_days: Days = "21", benchmark: Text = None,
    base_currency: Text = None, group_by: Text = None, group: Text = None,
) -> StressQuestion:
    """Read the query."""
    return StressQuestion(_names(episodes), _names(scenarios), _number("loss", loss), _whole("horizon_days", horizon_days), benchmark,
                          base_currency, group_by, group)


@routes.get("/portfolios/{portfolio_id}/stress", response_model=StressPublic)
def stress(  # noqa: PLR0913, PLR0917 - one parameter a query parameter
    call: Asks, portfolio_id: Scope, episodes: Names = None, scenarios: Names = None, loss: Loss = "0.2", horizon_days: Days = "21",
    benchmark: Text = None, base_currency: Text = None, group_by: Text = None, group: Text = None,
) -> dict[str, Any]:
    """Tell what today's holdings would lose in episodes of the past and in every scenario, and what it takes to lose so much."""
    asked = question(episodes, scenarios, loss, horizon_days, benchmark, base_currency, group_by, group)
    return _view(call.services.stress.stress(call.actor, portfolio_id, asked))


@routes.post("/portfolios/{portfolio_id}/stress", response_model=ScenarioLossPublic)
def try_shocks(call: Asks, portfolio_id: Scope, body: Trial, benchmark: Text = None, base_currency: Text = None) -> dict[str, Any]:
    """Try shocks on today's holdings; nothing is kept."""
    asked = StressQuestion(benchmark=benchmark, base_currency=base_currency)
    return _scenario_loss(call.services.stress.tried(call.actor, portfolio_id, parsed(body), asked))


@routes.get("/scenarios", response_model=list[ScenarioPublic])
def find(call: Asks) -> list[Scenario]:
    """List scenarios: one's own, oldest first, then those that come with the house."""
    return call.services.scenarios.everything(call.actor)


@routes.post("/scenarios", response_model=ScenarioPublic, status_code=201)
def create(call: Writes, body: NewScenario, response: Response) -> Scenario:
    """Add a scenario."""
    made = call.services.scenarios.create(call.actor, parsed(body), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/scenarios/{made.id}"
    etag(response, made.version)
    return made


@routes.get("/scenarios/{scenario_id}", response_model=ScenarioPublic)
def get(call: Asks, scenario_id: Id, response: Response) -> Scenario:
    """Read a scenario of one's own."""
    found = call.services.scenarios.get(call.actor, found_id("scenario", scenario_id))
    etag(response, found.version)
    return found


@routes.patch("/scenarios/{scenario_id}", response_model=ScenarioPublic)
def change(call: Changes, scenario_id: Id, body: ScenarioChange, response: Response) -> Scenario:
    """Change fields of the version that was read; null empties the note."""
    version, found = call.version(parsed(body)), found_id("scenario", scenario_id)
    changed = call.services.scenarios.change(call.actor, found, version, without_version(body), idempotency_key=call.key)
    etag(response, changed.version)
    return changed


@routes.delete("/scenarios/{scenario_id}", status_code=204)
def remove(call: Changes, scenario_id: Id, body: VersionBody = None) -> None:
    """Take a scenario out of sight; `undo` brings it back."""
    call.services.scenarios.remove(call.actor, found_id("scenario", scenario_id), call.version(parsed(body)), idempotency_key=call.key)


@routes.post("/scenarios/{scenario_id}/undo", response_model=ScenarioPublic | None)
def undo(call: Writes, scenario_id: Id) -> Scenario | None:
    """Take the last change of a scenario back; null where it is gone by that. An undo is undone by the next."""
    return call.services.scenarios.undo(call.actor, found_id("scenario", scenario_id), idempotency_key=call.key)


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _number(field: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(field, text, "is not a number", hint="Send 0.2 for 20 %", rule="not_a_number") from None


def _whole(field: str, text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 6:
        raise InvalidInput(field, text, "is not a whole number", hint="Send 21 for a month", rule="not_a_number")
    return int(text)


def _view(view: StressView) -> dict[str, Any]:
    told = {name: getattr(view, name) for name in TOLD}
    reverse = view.reverse and {"loss": view.reverse.loss, "horizon_days": view.reverse.horizon, "distance": view.reverse.distance,
                                "probability": view.reverse.probability, "holdings": _rows(view.reverse.table)}
    return {**told, "benchmark": view.benchmark[0] if view.benchmark else None, "episodes": [_episode(each) for each in view.episodes],
            "scenarios": [_scenario_loss(each) for each in view.scenarios], "reverse": reverse}


def _episode(each: EpisodeLoss) -> dict[str, Any]:
    named = {name: getattr(each.episode, name) for name in ("name", "label", "start", "end", "kind", "meaning", "source")}
    return {**named, **{name: _known(getattr(each, name)) for name in ("loss", "loss_money", "own", "proxied", "missing", "market")},
            "holdings": _rows(each.holdings)}


def _scenario_loss(each: ScenarioLoss) -> dict[str, Any]:
    return {"scenario": each.scenario, "loss": each.loss, "loss_money": each.loss_money, "holdings": _rows(each.holdings), "findings": each.findings}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{"symbol": str(symbol), **{str(name): _known(value) for name, value in row.items()}}
            for symbol, row in zip(table.index, table.to_dict("records"), strict=True)]


def _known(value: Any) -> Any:  # noqa: ANN401 - a number or a word
    return None if isinstance(value, float) and not math.isfinite(value) else value
