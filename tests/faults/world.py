"""A server in this process, on lines of our own to a database and a Redis that nobody else uses."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

import data.bus
import data.database
import server
from api.stream import StreamProtocol
from data.database import migrate
from data.servers import RedisServer
from data.settings import Settings
from services import Services
from tests.faults.invariants import Checker, heard
from tests.faults.line import Line, socket_of
from tests.services.live_world import World, furnished
from tests.ui.conftest import wait_for

PATIENCE = 30.0
DEPOSIT = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1", "currency": "USD"}


@dataclass
class Place:
    """What a fault is injected into."""

    app: FastAPI
    url: str
    direct: str  # the database, past the line
    to_database: Line
    to_redis: Line
    redis: RedisServer
    world: World
    portfolio: str
    acked: list[str]

    @property
    def services(self) -> Services:
        found: Services = self.app.state.services
        return found

    def api(self, seconds: float = 40.0) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=seconds)

    def write(self, name: str | None = None, seconds: float = 40.0) -> httpx.Response:
        """Write one deposit under an id of its own, and note it where it was acknowledged."""
        name = name or uuid4().hex
        answer = httpx.post(f"{self.url}/api/v1/portfolios/{self.portfolio}/transactions", json={**DEPOSIT, "external_id": name},
                            headers={"Idempotency-Key": name}, timeout=seconds)
        if answer.status_code == 201:
            self.acked.append(name)
        return answer

    def heals(self) -> None:
        """Wait until everything answers again, write, and have every invariant looked at."""
        wait_for(lambda: self.write().status_code == 201, PATIENCE, "writes to go on")
        wait_for(lambda: self.status()["bus"]["ok"] and not self.status()["stream"]["degraded"], PATIENCE, "the bus to be heard")
        with psycopg.connect(self.direct, autocommit=True) as connection, self.api() as api:
            checker = Checker(connection)
            assert checker.check(acked={self.portfolio: self.acked}) == []
            assert heard(api, {key: book for key, book in checker.books().items() if str(key) == self.portfolio}) == []

    def status(self) -> Any:
        with self.api() as api:
            return api.get("/api/v1/status").json()

    def sql(self, statement: str) -> list[Any]:
        with psycopg.connect(self.direct, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []


def is_503(answer: httpx.Response) -> bool:
    """Tell whether an answer is a refusal as the house gives it: a problem that says when to come again."""
    return (answer.status_code == 503 and answer.headers.get("Retry-After") == "2" and answer.json()["code"] == "storage_unavailable"
            and bool(answer.json()["context"]["hint"]))


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """Make a migrated database on a running server."""
    name = f"faults_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    own = sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    migrate(own)
    yield own
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def own_redis() -> Iterator[RedisServer]:
    folder = Path(tempfile.mkdtemp(prefix="q-"))
    redis = RedisServer(folder / "redis.sock", folder)
    redis.start(lambda _line: None)
    yield redis
    redis.stop()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(settings: Settings) -> Iterator[tuple[FastAPI, str]]:
    """Run the server on a port, in a thread."""
    app = server.create_server(settings)
    web = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws=StreamProtocol, ws_max_size=65_536, ws_per_message_deflate=False,
                                        timeout_graceful_shutdown=1))
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    wait_for(lambda: web.started, 60, "the server")
    yield app, f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}"
    web.should_exit = True
    thread.join(30)
    assert not thread.is_alive(), "the server does not stop"


@contextmanager
def place(settings: Settings) -> Iterator[Place]:
    """Start everything; waits are shorter than in earnest, so that the tests are."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(data.database, "SESSION", data.database.SESSION.replace("lock_timeout = '5s'", "lock_timeout = '500ms'"))
        patch.setattr(data.bus, "SILENCE_SECONDS", 0.5)
        patch.setattr(data.bus, "TIMEOUT_SECONDS", 0.5)
        direct, redis = stack.enter_context(own_database(settings.database_url or "")), stack.enter_context(own_redis())
        to_database, to_redis = stack.enter_context(Line(socket_of(direct))), stack.enter_context(Line(socket_of(redis.url)))
        lined = sa.make_url(direct).set(host="127.0.0.1", port=to_database.port, query={}).render_as_string(hide_password=False)
        app, url = stack.enter_context(running(replace(settings, database_url=lined, redis_url=f"redis://127.0.0.1:{to_redis.port}/0")))
        world = furnished(app.state.services, app.state.services.accounts.local())
        app.state.services.database._writer.pool._timeout = 1.0  # type: ignore[attr-defined]
        yield Place(app, url, direct, to_database, to_redis, redis, world, world.portfolio(AAA=10), [])
