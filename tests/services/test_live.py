"""The hub on the real database and the real bus: a quote is pushed, goes through feed, PostgreSQL and Redis, and comes out of a client's mailbox."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from data import calendar
from data.bus import Lost, Message, Regained
from engine.errors import LimitExceeded
from services.live import Client, Cut, Hub, Limits
from tests.services.live_world import World, furnished

if TYPE_CHECKING:
    from engine.types import Actor
    from services import Services

FLUSH_MS = 40


@pytest.fixture
def world(services: Services, actor: Actor) -> World:
    return furnished(services, actor)


@asynccontextmanager
async def running(world: World, *, flush_ms: int = FLUSH_MS, **limits: Any) -> AsyncIterator[Hub]:
    hub = Hub(world.services, flush_ms=flush_ms, limits=Limits(**limits))
    await hub.start()
    await asyncio.sleep(0.1)  # the subscription to Redis
    try:
        yield hub
    finally:
        await hub.stop()


async def message(client: Client, seconds: float = 5.0) -> dict[str, Any]:
    text = await asyncio.wait_for(client.receive(), seconds)
    assert text is not None, "the connection ended"
    found: dict[str, Any] = json.loads(text)
    return found


async def until(client: Client, found: Callable[[dict[str, Any]], Any], seconds: float = 5.0) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        while True:
            told = await message(client)
            if found(told):
                return told


async def pushed(world: World, **prices: float) -> None:
    await asyncio.to_thread(lambda: world.push(**prices))


async def eventually(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)


async def follower(hub: Hub, world: World, *portfolios: str, symbols: tuple[str, ...] = ()) -> Client:
    client = hub.connect(world.actor)
    await hub.subscribe(client, portfolios, symbols)
    return client


def heard(key: str, price: float, later: int = 0) -> dict[str, Any]:
    now = calendar.milliseconds(calendar.now()) + later
    return {"id": key, "price": price, "ts": now, "received": now, "source": "test", "currency": "USD", "simulated": False}


def price(told: dict[str, Any], symbol: str) -> Any:
    return told.get("quotes", {}).get(symbol, {}).get("price")


# ------------------------------------------------------------------------------------------------------------------ what is told


async def test_first_a_snapshot_then_only_what_changed(world: World) -> None:
    place = world.portfolio(AAA=10, BBB=20)
    async with running(world) as hub:
        client = await follower(hub, world, place)
        whole = await message(client)
        assert whole["type"] == "snapshot"
        assert set(whole["quotes"]) == {"AAA", "BBB"}
        assert set(whole["portfolios"][place]["holdings"]) == {"AAA", "BBB", "cash:USD"}
        assert whole["portfolios"][place]["value"] == pytest.approx(100_000)
        await pushed(world, AAA=101.5)
        told = await until(client, lambda told: told["type"] == "tick")
        assert told["seq"] == 1
        assert set(told["quotes"]) == {"AAA"}
        assert told["quotes"]["AAA"]["received"] >= told["quotes"]["AAA"]["ts"] - 1000
        changed = told["portfolios"][place]
        assert changed["value"] == pytest.approx(100_015)
        assert changed["day_pnl"] == pytest.approx(15)
        assert changed["holdings"]["AAA"]["market_value"] == pytest.approx(1015)
        assert changed["holdings"]["AAA"]["unrealised"] == pytest.approx(15)
        assert changed["holdings"]["AAA"]["state"] == "live"


async def test_the_sequence_has_no_gap_and_the_newest_state_wins(world: World) -> None:
    place = world.portfolio(AAA=10)
    async with running(world) as hub:
        reader, sleeper = await follower(hub, world, place), await follower(hub, world, place)
        await message(reader)
        await message(sleeper)
        seen = []
        for step in range(8):
            await pushed(world, AAA=150.0 + step)
            seen.append(await until(reader, lambda told: told["type"] == "tick"))
        assert [told["seq"] for told in seen] == list(range(1, len(seen) + 1))
        late = await message(sleeper)
        assert (late["seq"], price(late, "AAA")) == (1, 157.0), "one message with the newest state, and its own sequence"
        assert sleeper.sent == hub.number


async def test_screen_figures_add_up_and_equal_the_rest_answer(world: World) -> None:
    place = world.portfolio(AAA=7, BBB=3, CCC=11)
    async with running(world) as hub:
        client = await follower(hub, world, place)
        await message(client)
        await pushed(world, AAA=103.337, BBB=49.991, CCC=21.777, EURUSD=1.23456)
        await eventually(lambda: hub.counts["quotes"] >= 4)
        await asyncio.sleep(0.2)
        client.resync()
        shown = (await until(client, lambda told: told["type"] == "snapshot"))["portfolios"][place]
        rows = shown["holdings"]
        for total, field in (("value", "market_value"), ("day_pnl", "day_pnl"), ("unrealised", "unrealised")):
            assert shown[total] == pytest.approx(sum(row[field] or 0 for row in rows.values()), abs=1e-6), total
        left = [shown[name] for name in ("net_contributions", "unrealised", "realised", "income", "fx_gain")]
        assert sum(left) - shown["fees"] - shown["taxes"] == pytest.approx(shown["value"], abs=1e-6)
        assert sum(row["weight"] for row in rows.values()) == pytest.approx(100.0, abs=1e-6)
        totals = (await asyncio.to_thread(world.services.valuation.holdings, world.actor, place)).snapshot.totals
        for name in ("value", "cash", "unrealised", "day_pnl", "total_pnl", "market_value"):
            assert shown[name] == pytest.approx(totals[name], abs=0.05), name


async def test_all_portfolios_merged(world: World) -> None:
    first, second = world.portfolio(AAA=10), world.portfolio(AAA=5, BBB=1)
    async with running(world) as hub:
        client = await follower(hub, world, "all", first, second)
        told = (await message(client))["portfolios"]
        assert set(told) == {"all", first, second}
        assert told["all"]["value"] == pytest.approx(told[first]["value"] + told[second]["value"])


async def test_a_missing_price_is_null_and_left_out(world: World) -> None:
    world.services.instruments.put(world.actor, "NEW", {"name": "New", "asset_class": "equity", "currency": "USD"})
    place = world.portfolio(AAA=10)
    world.record(place, {"date": "2024-01-04", "kind": "BUY", "symbol": "NEW", "quantity": "1", "price": "500"})
    async with running(world) as hub:
        client = await follower(hub, world, place)
        told = (await message(client))["portfolios"][place]
        assert told["holdings"]["NEW"]["market_value"] is None
        assert told["missing"] == 1
        assert told["value"] == pytest.approx(99_500)
        await pushed(world, NEW=510.0)
        told = (await until(client, lambda told: told["type"] == "tick"))["portfolios"][place]
        assert (told["missing"], told["value"]) == (0, pytest.approx(100_010))


async def test_symbols_without_a_portfolio(world: World) -> None:
    async with running(world) as hub:
        client = await follower(hub, world, symbols=("AAA", "NOBODY"))
        told = [await message(client), await message(client)]
        assert {part["type"] for part in told} == {"error", "snapshot"}
        assert next(part for part in told if part["type"] == "error")["code"] == "unknown_symbol"
        await pushed(world, AAA=99.0, BBB=51.0)
        tick = await until(client, lambda told: told["type"] == "tick")
        assert set(tick["quotes"]) == {"AAA"}


# --------------------------------------------------------------------------------------------------------------- what it costs


async def test_a_batch_revalues_only_what_it_moves(world: World) -> None:
    first, second, euro = world.portfolio(AAA=10), world.portfolio(BBB=10), world.portfolio(CCC=10)
    async with running(world) as hub:
        clients = [await follower(hub, world, place) for place in (first, second, euro)]
        for client in clients:
            await message(client)
        await asyncio.sleep(0.15)
        before = dict(hub.counts)
        await pushed(world, AAA=111.0, DDD=11.0)
        assert price(await until(clients[0], lambda told: told["type"] == "tick"), "AAA") == 111.0
        assert hub.counts["revalued"] - before["revalued"] == 1
        assert hub.counts["quotes"] - before["quotes"] == 1, "nobody holds DDD"
        before = dict(hub.counts)
        await pushed(world, EURUSD=1.25)
        told = await until(clients[2], lambda told: told["type"] == "tick")
        assert told["portfolios"][euro]["holdings"]["CCC"]["market_value"] == pytest.approx(250.0)
        assert hub.counts["revalued"] - before["revalued"] == 1


async def test_a_message_is_encoded_once_for_all_who_get_the_same(world: World) -> None:
    place = world.portfolio(AAA=10)
    async with running(world) as hub:
        clients = [await follower(hub, world, place) for _ in range(50)]
        snapshots = await asyncio.gather(*[client.receive() for client in clients])
        assert len({text.split('"degraded"')[1] for text in snapshots if text}) == 1
        assert hub.counts["encoded"] == 1
        for step in range(4):
            waiting = [asyncio.create_task(client.receive()) for client in clients]
            await pushed(world, AAA=120.0 + step)
            await asyncio.gather(*waiting)
            assert hub.counts["encoded"] == 2 + step


async def test_who_does_not_read_costs_nothing_and_is_cut(world: World) -> None:
    place = world.portfolio(AAA=10, BBB=20)
    async with running(world, unread_seconds=1.5) as hub:
        reader, dead = await follower(hub, world, place), await follower(hub, world, place)
        await message(reader)
        await message(dead)
        key = next(price.instrument_id for price in hub.board.prices if price.symbol == "AAA")
        tracemalloc.start()
        sizes = []
        for step in range(60):
            await hub.take_quotes([heard(key, 100 + step, later=step)])
            assert price(await until(reader, lambda told: told["type"] == "tick"), "AAA") == 100 + step
            sizes.append(tracemalloc.get_traced_memory()[0])
            if dead.cut:
                break
        tracemalloc.stop()
        assert sizes[-1] - sizes[5] < 200_000, "memory grows while a client does not read"
        await eventually(lambda: dead.cut is Cut.SLOW_READER)
        assert dead not in hub.clients
        assert await dead.receive() is None
        assert reader.cut is None
        assert len(hub.topics) == 1
        assert all(len(topic._bodies) <= hub.limits.bodies_a_topic for topic in hub.topics.values())


async def test_replies_that_are_not_read_end_the_connection(world: World) -> None:
    async with running(world, replies_waiting=5) as hub:
        client = hub.connect(world.actor)
        for number in range(7):
            client.reply(type="pong", ts=number)
        assert client.cut is Cut.TOO_MANY_REQUESTS
        assert len(client._replies) == 5


# -------------------------------------------------------------------------------------------------------- ledger, pause, trouble


async def test_a_ledger_change_brings_the_whole_state_and_the_revision(world: World) -> None:
    place = world.portfolio(AAA=10)
    async with running(world) as hub:
        client, other = await follower(hub, world, place), await follower(hub, world, "all")
        before = (await message(client))["ledger"][place]
        await message(other)
        await asyncio.to_thread(world.record, place, {"date": "2024-02-01", "kind": "BUY", "symbol": "BBB", "quantity": "2", "price": "50"})
        for each, scope in ((client, place), (other, "all")):
            told = await until(each, lambda told: "ledger" in told)
            assert told["type"] == "tick"
            assert told["ledger"] == {place: before + 1}
            assert told["portfolios"][scope]["full"] is True
            assert set(told["portfolios"][scope]["holdings"]) == {"AAA", "BBB", "cash:USD"}
        await pushed(world, BBB=60.0)
        told = await until(client, lambda told: price(told, "BBB") == 60.0)
        assert told["portfolios"][place]["holdings"]["BBB"]["market_value"] == pytest.approx(120)


async def test_a_removed_portfolio_is_told_as_gone(world: World) -> None:
    place = world.portfolio(AAA=10)
    async with running(world) as hub:
        client = await follower(hub, world, place)
        await message(client)
        version = (await asyncio.to_thread(world.services.portfolios.get, world.actor, UUID(place))).version
        await asyncio.to_thread(world.services.portfolios.remove, world.actor, UUID(place), version)
        told = await until(client, lambda told: place in told.get("portfolios", {}), 8)
        assert told["portfolios"][place]["gone"] is True


async def test_a_paused_client_gets_all_at_once_when_it_is_back(world: World) -> None:
    place = world.portfolio(AAA=10, BBB=1)
    async with running(world) as hub:
        client = await follower(hub, world, place)
        await message(client)
        client.paused = True
        await pushed(world, AAA=90.0)
        await pushed(world, AAA=91.0, BBB=52.0)
        await asyncio.sleep(0.3)
        with pytest.raises(TimeoutError):
            await message(client, 0.2)
        client.paused = False
        client.wake()
        told = await message(client)
        assert (told["type"], told["seq"], price(told, "AAA"), price(told, "BBB")) == ("tick", 1, 91.0, 52.0)


async def test_heartbeats_come_while_nothing_moves(world: World) -> None:
    async with running(world, heartbeat_seconds=0.5) as hub:
        client = hub.connect(world.actor)
        told = await message(client)
        assert told["type"] == "heartbeat"
        assert abs(told["ts"] - hub.now_ms()) < 2000


class DeafBus:
    """A bus whose ears a test holds."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Message | Lost | Regained] = asyncio.Queue()

    async def subscribe(self, *_channels: str) -> AsyncIterator[Message | Lost | Regained]:
        while True:
            yield await self.events.get()


async def test_without_the_bus_the_database_is_asked(world: World) -> None:
    place = world.portfolio(AAA=10)
    deaf = DeafBus()
    async with running(replace(world, services=replace(world.services, bus=deaf)), reconcile_seconds=0.2) as hub:
        client = await follower(hub, world, place)
        assert (await message(client))["degraded"] is False
        await deaf.events.put(Lost("test"))
        await until(client, lambda told: told["degraded"])
        await pushed(world, AAA=123.0)
        told = await until(client, lambda told: price(told, "AAA") == 123.0)
        assert told["degraded"] is True
        await asyncio.to_thread(world.record, place, {"date": "2024-02-01", "kind": "BUY", "symbol": "BBB", "quantity": "2", "price": "50"})
        await until(client, lambda told: "ledger" in told)
        await pushed(world, AAA=124.0)
        await deaf.events.put(Regained())
        told = await until(client, lambda told: not told["degraded"])
        if price(told, "AAA") != 124.0:
            await until(client, lambda told: price(told, "AAA") == 124.0)


async def test_the_hub_outlives_what_it_cannot_read(world: World) -> None:
    place = world.portfolio(AAA=10)
    deaf = DeafBus()
    async with running(replace(world, services=replace(world.services, bus=deaf))) as hub:
        client = await follower(hub, world, place)
        await message(client)
        await deaf.events.put(Message("portolan:quotes", {"quotes": [{"id": "nobody"}, {"no": "id"}]}))
        await deaf.events.put(Message("portolan:ledger", {"workspace": "not an id"}))
        key = next(iter(hub.board.slots))
        await deaf.events.put(Message("portolan:quotes", {"quotes": [heard(key, 131.0)]}))
        assert price(await until(client, lambda told: told["type"] == "tick"), "AAA") == 131.0


# ------------------------------------------------------------------------------------------------------------------- limits


async def test_what_is_not_ones_own_is_not_found(world: World, services: Services) -> None:
    place = world.portfolio(AAA=10)
    with services.database.begin() as unit:
        stranger = unit.system.add_user(unit.system.add_workspace("stranger").id, "stranger")
    async with running(world) as hub:
        await follower(hub, world, place)
        client = hub.connect(stranger)
        for name in (place, "0197a3c0-0000-7000-8000-000000000000", "nonsense", "x" * 5000):
            await hub.subscribe(client, [name])
            told = await message(client)
            assert (told["type"], told["code"]) == ("error", "not_found")
            assert len(json.dumps(told)) < 500
        assert client.topic is None


async def test_limits_of_subscriptions_and_connections(world: World) -> None:
    async with running(world, portfolios_a_client=2, clients_a_user=3, clients_a_process=5) as hub:
        client = hub.connect(world.actor)
        await hub.subscribe(client, ["a", "b", "c"])
        assert (await message(client))["code"] == "too_many_subscriptions"
        hub.connect(world.actor)
        hub.connect(world.actor)
        with pytest.raises(LimitExceeded, match="one user"):
            hub.connect(world.actor)
        hub.disconnect(client)
        hub.connect(world.actor)


async def test_less_and_other_subscriptions(world: World) -> None:
    first, second = world.portfolio(AAA=10), world.portfolio(BBB=10)
    async with running(world) as hub:
        client = await follower(hub, world, first, second)
        assert set((await message(client))["portfolios"]) == {first, second}
        await hub.unsubscribe(client, [first])
        assert set((await message(client))["portfolios"]) == {second}
        await hub.subscribe(client, [first], replace=True)
        assert set((await message(client))["portfolios"]) == {first}
        await hub.subscribe(client, [first], replace=True)
        with pytest.raises(TimeoutError):
            await message(client, 0.2)
        await hub.unsubscribe(client)
        assert client.topic is None
        assert not hub.topics


async def test_the_state_for_those_without_a_socket(world: World) -> None:
    place = world.portfolio(AAA=10)
    async with running(world) as hub:
        told = json.loads(await hub.state(world.actor, [place]))
        assert told["type"] == "snapshot"
        assert told["portfolios"][place]["value"] == pytest.approx(100_000)
        assert not hub.clients
        assert not hub.topics


async def test_unfollowed_scopes_are_dropped(world: World) -> None:
    place = world.portfolio(AAA=10)
    async with running(world, linger_seconds=0.5) as hub:
        client = await follower(hub, world, place)
        assert hub.scopes
        hub.disconnect(client)
        await eventually(lambda: not hub.scopes)


async def test_a_stop_ends_everything(world: World) -> None:
    place = world.portfolio(AAA=10)
    before = asyncio.all_tasks()
    async with running(world) as hub:
        client = await follower(hub, world, place)
        await message(client)
        waiting: Awaitable[str | None] = asyncio.create_task(client.receive())
        await asyncio.sleep(0.05)
    assert await waiting is None
    assert client.cut is Cut.GOING_AWAY
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}
