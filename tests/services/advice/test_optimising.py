"""Runs of optimisers: begun, told how far, stopped, and what comes of them taken on to trades."""

from __future__ import annotations

import time
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from engine.errors import Conflict, InvalidInput, NotFound
from engine.types import Actor
from services import Services
from services.advice.optimise_tasks import optimise_question
from services.advice.views_trades import OptimiseView
from tests.services.advice.test_rebalancing import ask, world


@pytest.fixture
def place(services: Services, actor: Actor) -> UUID:
    return world(services, actor)


def ended(services: Services, actor: Actor, key: UUID, raw: dict[str, Any]) -> OptimiseView:
    view = services.optimising.begin(actor, key, optimise_question(raw))
    until = time.monotonic() + 120
    while view.status == "running" and time.monotonic() < until:
        time.sleep(0.05)
        view = services.optimising.get(actor, key, view.id)
    return view


def test_from_weights_to_trades(services: Services, actor: Actor, place: UUID) -> None:
    view = ended(services, actor, place, {"symbols": ["NEW"], "max_weight": 0.4, "frontier": 6, "groups": {"sector": {"Technology": [0, 0.5]}}})
    assert (view.status, view.phase, view.problem) == ("done", "done", None)
    result = view.result
    assert result
    assert result.frontier
    assert sum(result.weights.values()) == pytest.approx(1)
    assert max(result.weights.values()) <= 0.4 + 1e-6
    assert result.weights.get("TEC", 0) + result.weights.get("NEW", 0) <= 0.5 + 1e-6
    assert result.present_point.risk > result.risk
    assert len(result.frontier.points) == 6
    trades = ask(services, actor, place, targets=result.targets)
    assert dict(trades.effect.after.weights) == pytest.approx({name: weight for name, weight in result.targets.items() if weight}, abs=2e-3)
    assert [each.id for each in services.optimising.find(actor, place).items] == [view.id]


def test_contradictions_and_failures_are_told(services: Services, actor: Actor, place: UUID) -> None:
    tight = ended(services, actor, place, {"max_weight": 0.2})
    assert tight.result
    assert [(each.name, each.relaxed) for each in tight.result.conflicts] == [("max_weight", pytest.approx(1 / 3))]
    assert tight.result.weights == {}
    views = ended(services, actor, place, {"model": "black_litterman", "views": ["TEC outperforms NEW by 2 %"]})
    assert (views.status, (views.problem or {})["context"]["field"]) == ("failed", "views")
    good = ended(services, actor, place, {"model": "black_litterman", "views": ["TEC outperforms BNK by 2 % (70 %)"]})
    assert (good.result or tight.result).views == ("TEC outperforms BNK by 2.00% a year, confidence 70%",)
    short = ended(services, actor, place, {"start": "2001-01-01", "end": "2001-03-01"})
    assert (short.problem or {})["code"] in {"insufficient_history", "invalid_input"}
    services.policies.put(actor, place, None, {"constraints": {"max_weight": 0.35, "excluded": ["OIL"]}})
    obeyed = ended(services, actor, place, {"symbols": ["NEW"]})
    assert obeyed.result
    assert max(obeyed.result.weights.values()) <= 0.35 + 1e-6
    assert "OIL" not in obeyed.result.weights


def test_a_run_is_stopped_and_begun_once(services: Services, actor: Actor, place: UUID) -> None:
    gate = Event()
    services.optimising._threads.submit(gate.wait)  # whatever else is asked for waits behind this
    asked = optimise_question({"frontier": 50})
    first = services.optimising.begin(actor, place, asked, idempotency_key="k")
    assert services.optimising.begin(actor, place, asked, idempotency_key="k").id == first.id
    assert services.optimising.cancel(actor, place, first.id).status == "cancelled"
    assert services.optimising.cancel(actor, place, first.id).status == "cancelled"
    gate.set()
    quick = ended(services, actor, place, {"model": "equal_weight"})
    assert quick.status == "done"
    assert services.optimising.get(actor, place, first.id).result is None
    with pytest.raises(Conflict, match="nothing to stop"):
        services.optimising.cancel(actor, place, quick.id)
    with pytest.raises(NotFound):
        services.optimising.get(actor, place, UUID(int=1))


def test_bad_questions_are_told_where_they_are_wrong(services: Services, actor: Actor, place: UUID) -> None:
    for raw, field in (({"model": "best"}, "model"), ({"measure": "vol"}, "measure"), ({"frontier": 1}, "frontier"),
                       ({"max_weight": 2}, "max_weight"), ({"groups": {"colour": {}}}, "groups.colour"), ({"views": "x"}, "views"),
                       ({"groups": {"sector": {"A": [1]}}}, "groups.sector.A"),
                       ({"min_weight": 0.5, "max_weight": 0.1}, "max_weight"), ({"start": "2024-02-01", "end": "2024-01-01"}, "start"),
                       ({"model": "hrp", "max_turnover": 0.1}, "max_turnover"),
                       ({"model": "hrp", "groups": {"sector": {"Energy": [0, 0.5]}}}, "groups"), ({"modell": "hrp"}, "modell")):
        with pytest.raises(InvalidInput) as caught:
            services.optimising.begin(actor, place, optimise_question(raw))
        assert caught.value.context["field"] == field
        assert caught.value.context["hint"]


def test_over_rest(client: TestClient, services: Services) -> None:
    key = world(services, services.accounts.local())
    path = f"/api/v1/portfolios/{key}/optimise"
    assert {each["name"] for each in client.get("/api/v1/optimisers").json()} >= {"mean_risk", "hrp", "herc", "nco", "black_litterman"}
    begun = client.post(path, json={"model": "inverse_volatility"})
    assert begun.status_code == 202, begun.text
    place = begun.headers["Location"]
    until = time.monotonic() + 120
    while (told := client.get(place).json())["status"] == "running" and time.monotonic() < until:
        time.sleep(0.05)
    assert told["status"] == "done"
    assert sum(told["result"]["weights"].values()) == pytest.approx(1)
    assert client.get(path).json()[0]["id"] == told["id"]
    assert client.post(f"{place}/cancel").status_code == 409
    assert client.post(path, json={"model": 3}).json()["context"]["field"] == "model"
