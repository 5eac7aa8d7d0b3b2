from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from data import bus as module
from data.bus import LATEST, Bus, Event, Lost, Message, Regained, encode
from data.servers import RedisServer
from data.settings import Settings
from engine.errors import BusError
from engine.types import Quote

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)


def quote(seconds: float = 0, price: float = 10.1, **fields: object) -> Quote:
    return replace(Quote(uuid4(), "AAA", price, NOON + timedelta(seconds=seconds), NOON, "test", "EUR", None), **fields)  # type: ignore[arg-type]


@asynccontextmanager
async def heard(bus: Bus, *channels: str) -> AsyncIterator[list[Event]]:
    """Everything that a listener is told, from when it certainly listens."""
    events: list[Event] = []
    ready = Message(f"test:{uuid4()}", {})

    async def listen() -> None:
        async for event in bus.subscribe(*channels, ready.channel):
            events.extend([event] if event != ready else [])

    task = asyncio.create_task(listen())
    await until(lambda: bus.publish(ready.channel, {}) > 0)
    yield events
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def until(done: Callable[[], bool], seconds: float = 5) -> None:
    """Wait for what another process does: there is no event of ours to wait for."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def told(events: list[Event], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


async def test_what_is_published_is_heard_in_order(bus: Bus) -> None:
    channels = [f"test:{uuid4()}" for _ in range(2)]
    async with heard(bus, *channels) as events:
        for number in range(50):
            assert bus.publish(channels[number % 2], {"number": number, "text": "ü"}) == 1
        assert bus.publish(f"test:{uuid4()}", {"number": -1}) == 0
        await until(lambda: len(told(events, Message)) == 50)
    assert told(events, Message) == [Message(channels[number % 2], {"number": number, "text": "ü"}) for number in range(50)]


async def test_what_is_not_ours_is_passed_over(bus: Bus, settings: Settings) -> None:
    channel = f"test:{uuid4()}"
    async with heard(bus, channel) as events:
        with redis.Redis.from_url(settings.redis_url or "") as other:
            for text in ("no json", "[1, 2]", "null", ""):
                other.publish(channel, text)
        bus.publish(channel, {"ours": True})
        await until(lambda: bool(events))
    assert events == [Message(channel, {"ours": True})]


async def test_a_cut_connection_is_told_and_mended(bus: Bus, settings: Settings) -> None:
    channel = f"test:{uuid4()}"
    async with heard(bus, channel) as events:
        with redis.Redis.from_url(settings.redis_url or "") as admin:
            admin.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await until(lambda: bool(told(events, Regained)))
        assert bus.publish(channel, {"after": True}) == 1
        await until(lambda: bool(told(events, Message)))
    assert [type(event) for event in events] == [Lost, Regained, Message]
    assert events[-1] == Message(channel, {"after": True})


async def test_a_server_that_goes_and_comes_back(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "r.sock", tmp_path)
    server.start(print)
    bus = Bus(server.url)
    try:
        async with heard(bus, "test") as events:
            await asyncio.to_thread(server.stop)
            await until(lambda: bool(told(events, Lost)))
            with pytest.raises(BusError) as caught:
                bus.publish("test", {"missed": True})
            assert str(tmp_path) not in f"{caught.value.message}{caught.value.context}"
            await asyncio.sleep(0.5)
            await asyncio.to_thread(server.start, print)
            await until(lambda: bool(told(events, Regained)))
            bus.publish("test", {"heard": True})
            await until(lambda: bool(told(events, Message)))
        assert [event for event in events if not isinstance(event, Lost)] == [Regained(), Message("test", {"heard": True})]
        assert len(told(events, Lost)) == 1, "it is told once, not at every attempt"
    finally:
        bus.close()
        await asyncio.to_thread(server.stop)


async def test_a_server_that_is_not_there_yet(tmp_path: Path) -> None:
    server, events = RedisServer(tmp_path / "r.sock", tmp_path), []
    bus = Bus(server.url)

    async def listen() -> None:
        async for event in bus.subscribe("test"):
            events.extend([event])

    task = asyncio.create_task(listen())
    await until(lambda: bool(events))
    await asyncio.to_thread(server.start, print)
    await until(lambda: len(events) == 2)
    task.cancel()
    await asyncio.to_thread(server.stop)
    bus.close()
    assert [type(event) for event in events] == [Lost, Regained]


async def test_a_connection_that_says_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that hangs does not close its connections: silence, and no answer to the question, is how it shows."""
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    server = RedisServer(tmp_path / "r.sock", tmp_path)
    server.start(print)
    bus = Bus(server.url)
    async with heard(bus, "test") as events:
        await asyncio.sleep(1)
        assert events == [], "silence alone is no loss"
        assert server.process is not None
        server.process.send_signal(19)
        await until(lambda: bool(told(events, Lost)))
        server.process.send_signal(18)
        await until(lambda: bool(told(events, Regained)), 10)
    bus.close()
    await asyncio.to_thread(server.stop)


def test_the_latest_quotes_come_back(bus: Bus) -> None:
    first, second = quote(price=0.1 + 0.2, volume=5.5), quote(received=NOON + timedelta(microseconds=123_456), simulated=True)
    assert bus.put_latest([first, second]) == 2
    assert bus.put_latest([]) == 0
    latest = bus.latest()
    assert (latest[first.instrument_id], latest[second.instrument_id]) == (first, second)


def test_the_latest_never_goes_back_and_never_becomes_invented(bus: Bus) -> None:
    real = quote(10)
    assert bus.put_latest([real]) == 1
    for refused in (replace(real, ts=NOON), replace(real, price=1.0), replace(real, ts=NOON + timedelta(hours=1), simulated=True)):
        assert bus.put_latest([refused]) == 0
    assert bus.latest()[real.instrument_id] == real
    elsewhere = (NOON + timedelta(seconds=11)).astimezone(timezone(timedelta(hours=9)))
    assert bus.put_latest([replace(real, ts=elsewhere)]) == 1, "an instant is an instant in any zone"


def test_the_latest_is_json_by_id(bus: Bus, settings: Settings) -> None:
    given = quote()
    bus.put_latest([given])
    with redis.Redis.from_url(settings.redis_url or "") as client:
        stored = json.loads(client.hget(LATEST, str(given.instrument_id)) or "")
    assert (stored["id"], stored["symbol"], stored["ts"]) == (str(given.instrument_id), "AAA", "2026-05-05T12:00:00.000000+00:00")


def test_what_json_cannot_say_is_refused() -> None:
    for message in ({"price": float("nan")}, {"thing": object()}):
        with pytest.raises((ValueError, TypeError)):
            encode(message)


@pytest.mark.parametrize("use", [
    lambda bus: bus.ping(), lambda bus: bus.publish("x", {}), lambda bus: bus.latest(), lambda bus: bus.put_latest([quote()]),
])
def test_no_server_is_a_bus_error_that_keeps_the_password(use: Callable[[Bus], object]) -> None:
    bus = Bus("redis://:topsecret@127.0.0.1:1/0")
    with pytest.raises(BusError) as caught:
        use(bus)
    assert "topsecret" not in f"{caught.value} {caught.value.context}"


def test_an_address_that_is_none() -> None:
    for address in (None, "", "http://cache"):
        with pytest.raises(BusError):
            Bus(address)


def test_ping(bus: Bus) -> None:
    bus.ping()
