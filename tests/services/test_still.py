"""A scope of the past is told as the stream would have told it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from data import calendar
from engine.errors import NotFound
from services.live import Hub
from services.live.still import still
from tests.services.live_world import World, furnished

if TYPE_CHECKING:
    from engine.types import Actor
    from services import Services


@pytest.fixture
def world(services: Services, actor: Actor) -> World:
    return furnished(services, actor)


async def test_of_now_it_says_what_the_stream_says(world: World) -> None:
    place = world.portfolio(AAA=10, BBB=20)
    world.push(AAA=101.5, BBB=49.25)
    hub = Hub(world.services, flush_ms=40)
    await hub.start()
    try:
        told: dict[str, Any] = json.loads(await hub.state(world.actor, [place]))["portfolios"][place]
    finally:
        await hub.stop()
    told.pop("received")  # nothing was received for a still
    view, state = still(world.services.valuation, world.actor, place)
    assert state == told
    assert view.scope == place


def test_of_a_day_it_is_the_closes_of_that_day(world: World) -> None:
    place, valuation = world.portfolio(AAA=10, BBB=20), world.services.valuation
    day = calendar.now().date() - timedelta(days=1)
    world.push(AAA=170.0)
    view, state = still(valuation, world.actor, place, as_of=day)
    assert view.as_of.date() == day
    assert state["value"] == pytest.approx(round(float(view.snapshot.totals["value"]), 2))
    assert state["value"] == pytest.approx(sum(row["market_value"] for row in state["holdings"].values()))
    assert state["holdings"].get("AAA", {}).get("price") != 170.0


def test_who_has_no_such_portfolio_is_told(world: World) -> None:
    with pytest.raises(NotFound):
        still(world.services.valuation, world.actor, "01890000-0000-7000-8000-000000000000")
