"""Keys of providers are told to nobody: not in a log line, a row, a value of Redis, an answer or a message, though the providers repeat them."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import redis
import websockets

from data.database import Database
from data.providers.registry import maker
from data.settings import Settings, known_providers
from engine.types import AssetClass
from tests.data.replay import Asked, Replay, Told
from tests.faults.conftest import Start
from tests.ui.conftest import free_port, wait_for

MARKER = "marker-Key"  # the part of every key that no way of writing it changes
REMAINS_AT_HOME = {"simulated", "replay", "folder", "endpoint"}  # no provider with a base URL and a key
PATIENCE_SECONDS = 120
INSTRUMENTS = {"AAPL": ("equity", "USD"), "SAP.DE": ("equity", "EUR"), "BTC-USD": ("crypto", "USD"), "BTC": ("crypto", "USD"),
               "EURUSD": ("fx", "USD"),
               "VOD.L": ("equity", "GBP")}
PATHS = ("/api/v1/providers", "/api/v1/market/status", "/api/v1/quotes", "/api/v1/quotes/quarantine", "/api/v1/instruments", "/api/v1/audit",
         "/api/v1/feed/log", "/api/v1/search?q=AAPL", "/api/v1/search?q=Apple", "/api/v1/checks", "/metrics", "/healthz", "/readyz", "/", "/markets",
         "/_dash-layout", "/api/v1/openapi.json", "/api/v1/portfolios/none/holdings", "/api/v1/instruments/AAPL/history",
         "/api/v1/instruments/AAPL/panel", "/api/v1/instruments/AAPL/candles", "/api/v1/watchlists", "/api/v1/endpoints", "/api/v1/alerts",
         "/api/v1/alerts/events", "/api/v1/alerts/channels")
pytestmark = pytest.mark.slow


class Echo:
    """Repeats whatever it is sent, keys and all, each time in another shape."""

    def __init__(self) -> None:
        self.turns = cycle(range(6))

    def __call__(self, asked: Asked) -> Told:
        told = f"{asked} {dict(asked.headers)} {asked.body.decode(errors='replace')}"
        shapes = (
            Told(json.dumps({"Note": told, "error": told, "message": told, "Information": told, "name": told}).encode()),
            Told(told.encode(), 429, "text/plain"),
            Told(json.dumps({"error": told}).encode(), 401),
            Told(f"<html><title>{told}</title></html>".encode(), 200, "text/html"),
            Told(told.encode(), 500, "text/plain"),
            Told(b"", 302, headers={"Location": f"http://elsewhere.example/?{asked}".replace(" ", "%20")[:2000]}),
        )
        return shapes[next(self.turns)]


def key_of(name: str) -> str:
    return f"{MARKER}+{name}/7Q="


def sent(server: Replay, name: str) -> bool:
    """Whether a provider was really sent its key."""
    key = key_of(name)
    return any(key in str(asked) or key in " ".join(asked.headers.values()) for asked in list(server.requests))


def rows(base: Database) -> str:
    """Everything in the database as text."""
    with base.read() as unit:
        tables = unit.system.fetch("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        return "\n".join(str(unit.connection.exec_driver_sql(f"SELECT to_jsonb(t)::text FROM {table} t").fetchall()) for (table,) in tables)  # noqa: S608


def values(store: redis.Redis) -> str:
    """Everything in Redis as text."""
    read = {b"string": store.get, b"hash": store.hgetall, b"set": store.smembers, b"list": lambda key: store.lrange(key, 0, -1),
            b"zset": lambda key: store.zrange(key, 0, -1), b"stream": store.xrange}
    return "\n".join(f"{key} {read[store.type(key)](key)}" for key in store.scan_iter() if store.type(key) in read)  # type: ignore[operator,index]


@pytest.fixture
def heard(own: Settings) -> Iterator[list[str]]:
    """Every message on the bus while a test runs."""
    messages: list[str] = []
    ending = Event()
    store = redis.Redis.from_url(str(own.redis_url))

    def listen() -> None:
        with store.pubsub() as line:
            line.psubscribe("*")
            while not ending.is_set():
                if (message := line.get_message(timeout=0.2)) is not None:
                    messages.append(str(message))

    thread = Thread(target=listen, daemon=True)
    thread.start()
    yield messages
    ending.set()
    thread.join(10)
    store.close()


async def streamed(port: int, seconds: float = 6.0) -> str:
    """What the stream says for a while."""
    told: list[str] = []
    async with websockets.connect(f"ws://127.0.0.1:{port}/api/v1/stream", origin=f"http://127.0.0.1:{port}") as line:  # type: ignore[arg-type]
        await line.send(json.dumps({"type": "subscribe", "symbols": list(INSTRUMENTS), "portfolios": ["all"]}))
        try:
            async with asyncio.timeout(seconds):
                told.extend([str(message) async for message in line])
        except TimeoutError:
            pass
    return "\n".join(told)


def answers(port: int) -> str:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        return "\n".join(f"{path} {answer.status_code} {answer.headers} {answer.text}" for path in PATHS if (answer := client.get(path)) is not None)


def test_no_key_is_told_to_anybody(own: Settings, base: Database, run: Start, heard: list[str], tmp_path: Path) -> None:
    names = [name for name in known_providers() if name not in REMAINS_AT_HOME]
    with base.begin() as unit:
        actor = unit.system.local_actor()
        for symbol, (kind, currency) in INSTRUMENTS.items():
            unit.instruments.put(actor.workspace_id, actor.user_id, symbol, name=symbol, asset_class=AssetClass(kind), currency=currency)
    with Replay(Echo()) as server:
        environment = {"MARKET_DATA": ",".join(names), "POLL_SECONDS": "0.5", "LOG_LEVEL": "debug", "ENDPOINT_API_KEY": key_of("endpoint"),
                       "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9", "SMTP_USER": "somebody", "SMTP_PASSWORD": key_of("smtp"),
                       "SMTP_FROM": "portolan@example.com",
                       **{f"{name.upper()}_BASE_URL": server.url for name in names}, **{f"{name.upper()}_API_KEY": key_of(name) for name in names}}
        port = free_port()
        process = run("serve", "--port", str(port), **environment)
        keyed = [name for name in names if keyed_quotes(name)]
        assert len(keyed) >= 5
        wait_for(lambda: ended(process) or all(sent(server, name) for name in keyed), PATIENCE_SECONDS,
                 f"every one of {', '.join(keyed)} to be asked with its key")
        assert process.poll() is None, (tmp_path / "log").read_text()[-4000:]
        wait_for(lambda: listening(port), PATIENCE_SECONDS, "the server")
        places = {"the stream": asyncio.run(streamed(port)), "an answer": answers(port), "the bus": "\n".join(heard), "the database": rows(base),
                  "Redis": values(redis.Redis.from_url(str(own.redis_url))), "the log": (tmp_path / "log").read_text(encoding="utf-8")}
    assert "provider_state" in places["the database"] or "alphavantage" in places["the database"]
    assert "alphavantage" in places["the log"]
    assert "alphavantage" in places["an answer"]
    for place, text in places.items():
        assert MARKER not in text, f"a key is in {place}: …{around(text)}…"


def keyed_quotes(name: str) -> bool:
    """Whether a provider sends its key when it is asked for quotes."""
    made: Any = maker(name)
    return bool(made.needs_key) and "quotes" in made.offers


def ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def listening(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def around(text: str) -> str:
    place = text.index(MARKER)
    return text[max(place - 300, 0) : place + 60]
