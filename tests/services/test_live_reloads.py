"""Ledgers that change all the time: what is read again, how often, and that it does not wait for the clock of the quotes nor hurry them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from data import calendar
from tests.services.live_world import World, furnished
from tests.services.test_live import eventually, follower, heard, message, price, running, until

if TYPE_CHECKING:
    from engine.types import Actor
    from services import Services
    from services.live import Hub

LONG_MS = 600_000


@pytest.fixture
def world(services: Services, actor: Actor) -> World:
    return furnished(services, actor)


class Gate:
    """Holds readings of scopes up until it is opened."""

    def __init__(self, hub: Hub) -> None:
        self.open, self.began, self._read = asyncio.Event(), list[str](), hub._reader.scope
        hub._reader.scope = self.scope  # type: ignore[method-assign]

    async def scope(self, actor: Actor, name: str) -> Any:
        self.began.append(name)
        await self.open.wait()
        return await self._read(actor, name)


def moved(hub: Hub, world: World, *portfolios: str) -> None:
    for place in portfolios:
        hub.scopes.ledger_moved(world.actor.workspace_id, place, 0)


async def test_changes_while_a_ledger_is_read_are_one_reading_more(world: World) -> None:
    place = world.portfolio(AAA=10)
    async with running(world, reload_rest_seconds=0.02) as hub:
        await message(await follower(hub, world, place))
        gate = Gate(hub)
        moved(hub, world, *[place] * 5)
        await eventually(lambda: gate.began)
        moved(hub, world, *[place] * 5)
        gate.open.set()
        await eventually(lambda: not any(scope.reloading for scope in hub.scopes))
        assert gate.began == [place] * 2


async def test_many_ledgers_are_read_a_few_at_a_time(world: World) -> None:
    places = [world.portfolio(AAA=number) for number in range(1, 5)]
    async with running(world, reloads_at_once=1) as hub:
        for place in places:
            await message(await follower(hub, world, place))
        gate = Gate(hub)
        moved(hub, world, *places)
        await eventually(lambda: gate.began)
        await asyncio.sleep(0.05)
        assert len(gate.began) == 1
        gate.open.set()
        await eventually(lambda: not any(scope.reloading for scope in hub.scopes))
        assert sorted(gate.began) == sorted(places)


async def test_a_ledger_change_is_told_at_once_and_the_quotes_keep_their_clock(world: World) -> None:
    mine, other = world.portfolio(AAA=10), world.portfolio(BBB=5)
    async with running(world, flush_ms=LONG_MS) as hub:
        writer, reader = await follower(hub, world, mine), await follower(hub, world, other)
        for client in (writer, reader):
            await message(client)
        slots = {hub.board.prices[slot].symbol: key for key, slot in hub.board.slots.items()}
        hub.board.take(heard(slots["AAA"], 101.0), calendar.now())
        hub.tell()
        await until(writer, lambda told: price(told, "AAA") == 101.0)  # after a silence at once; from now on the clock runs
        hub.board.take(heard(slots["BBB"], 51.0, later=5), calendar.now())
        hub.tell()
        await asyncio.to_thread(world.record, mine, {"date": "2024-02-01", "kind": "BUY", "symbol": "BBB", "quantity": "2", "price": "50"})
        told = await until(writer, lambda told: told.get("ledger"))
        assert told["portfolios"][mine]["holdings"]["BBB"]["market_value"] == pytest.approx(2 * 51.0)
        assert price(told, "BBB") == 51.0
        assert hub.board.dirty == {hub.board.slots[slots["BBB"]]}
        assert reader.topic is not None
        assert not hub.news(reader.topic, reader.sent)
