"""Two web processes and a poller on one database behind the real nginx: nothing sticks to a process, and each can be replaced under load."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import websockets
from websockets.sync.client import connect

import server
from data.database import Database
from data.settings import Settings
from tests.faults.conftest import Start
from tests.faults.invariants import Checker
from tests.receivers.nginx import KNOWN, LOGIN, program, proxying
from tests.ui.conftest import free_port, wait_for

PATIENCE_SECONDS = 300.0
CLIENTS = 12
BASIC = {"Authorization": "Basic " + b64encode(":".join(LOGIN).encode()).decode()}
THROUGH = {"X-Portolan-Proxy": KNOWN}
pytestmark = [pytest.mark.slow, pytest.mark.skipif(program() is None, reason="nginx is not installed")]


@pytest.fixture
def portfolio(own: Settings) -> UUID:
    services = server.build_services(own)
    try:
        actor = services.accounts.local()
        services.instruments.put(actor, "AAPL", {"name": "Apple", "currency": "USD"})
        return services.portfolios.create(actor, {"name": "W", "base_currency": "USD"}).id
    finally:
        services.close()


class Web:
    """A process that can be replaced on its port."""

    def __init__(self, run: Start, home: Path, port: int) -> None:
        self.run, self.home, self.port = run, home, port
        self.process = self.begin()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begin(self) -> subprocess.Popen[bytes]:
        return self.run("serve", "--no-poll", "--no-demo", "--port", str(self.port), AUTH="proxy", PROXY_SECRET=KNOWN, MARKET_DATA="simulated",
                        PORTOLAN_HOME=str(self.home), log=f"web{self.port}", LOG_FORMAT="json")

    def is_ready(self) -> None:
        wait_for(lambda: answers(f"{self.url}/readyz"), PATIENCE_SECONDS, f"{self.url} to be ready")

    def replace(self) -> None:
        """Do what a rolling restart does."""
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        self.process = self.begin()
        self.is_ready()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


class Writer:
    """Writes deposits through the proxy, each under its key until it is acknowledged."""

    def __init__(self, url: str, portfolio: UUID) -> None:
        self.url = f"{url}/api/v1/portfolios/{portfolio}/transactions"
        self.acked, self.refused, self.ending = list[str](), list[object](), threading.Event()

    def write(self) -> None:
        while not self.ending.is_set():
            name = uuid4().hex
            while not self.sent(name):
                time.sleep(0.05)
            self.acked.append(name)

    def goes_on(self) -> None:
        count = len(self.acked)
        wait_for(lambda: len(self.acked) > count + 5, PATIENCE_SECONDS, "writes to go on")

    def sent(self, name: str) -> bool:
        body = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1", "external_id": name}
        try:
            answer = httpx.post(self.url, json=body, headers={"Idempotency-Key": name}, auth=LOGIN, timeout=20)
        except httpx.HTTPError as error:
            self.refused.append(type(error).__name__)
            return False
        if answer.status_code != 201:
            self.refused.append(answer.status_code)
        assert answer.status_code in {201, 409, 502, 503, 504}, answer.text
        return answer.status_code == 201


@contextmanager
def writing(writer: Writer) -> Iterator[None]:
    thread = threading.Thread(target=writer.write)
    thread.start()
    try:
        yield
    finally:
        writer.ending.set()
        thread.join()


class Screen:
    """A client of the stream that comes back as `assets/live.js` does: after a pause that grows, with chance in it."""

    def __init__(self, url: str) -> None:
        self.url, self.snapshots, self.away, self.failures, self.lost = f"{url.replace('http', 'ws')}/api/v1/stream", 0, list[float](), 0, 0.0

    async def live(self) -> None:
        while True:
            try:
                await self.listen()
            except (OSError, websockets.WebSocketException):
                self.lost = self.lost or time.monotonic()
            self.failures += 1
            await asyncio.sleep(min(10, 0.5 * 2 ** (self.failures - 1)) * (0.5 + random.random() / 2))  # noqa: S311

    async def listen(self) -> None:
        async with websockets.connect(self.url, additional_headers=BASIC) as line:
            await line.send('{"op": "subscribe", "portfolios": ["all"], "symbols": ["AAPL"]}')
            async for message in line:
                if json.loads(message)["type"] == "snapshot":
                    self.came()
        self.lost = time.monotonic()

    def came(self) -> None:
        if self.lost:
            self.away.append(time.monotonic() - self.lost)
        self.snapshots, self.failures, self.lost = self.snapshots + 1, 0, 0.0


@contextmanager
def watching(url: str, count: int) -> Iterator[list[Screen]]:
    screens, loop = [Screen(url) for _ in range(count)], asyncio.new_event_loop()

    async def all_of_them() -> None:
        await asyncio.gather(*(screen.live() for screen in screens))

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = asyncio.run_coroutine_threadsafe(all_of_them(), loop)
    try:
        wait_for(lambda: all(screen.snapshots for screen in screens), PATIENCE_SECONDS, "every screen to be told")
        yield screens
    finally:
        running.cancel()
        time.sleep(0.2)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_processes_behind_nginx_share_everything_and_are_replaced_under_load(run: Start, portfolio: UUID, base: Database, tmp_path: Path) -> None:
    poller_port = free_port()
    run("poll", "--port", str(poller_port), PORTOLAN_HOME=str(tmp_path / "poller"), MARKET_DATA="simulated", log="poller")
    webs = [Web(run, tmp_path / str(number), free_port()) for number in (1, 2)]
    for web in webs:
        web.is_ready()
    wait_for(lambda: "portolan_poller_leads 1.0" in httpx.get(f"http://127.0.0.1:{poller_port}/metrics").text, PATIENCE_SECONDS, "the poller to lead")
    with proxying(tmp_path, free_port(), [web.port for web in webs]) as url:
        with httpx.Client(timeout=PATIENCE_SECONDS) as asked:
            the_door_is_shut(asked, url, webs[0])
        one_tells_the_other(webs, portfolio)
        writer = Writer(url, portfolio)
        with watching(url, CLIENTS) as screens, writing(writer):
            for web in webs:
                web.replace()
                writer.goes_on()
            wait_for(lambda: all(not screen.lost for screen in screens), PATIENCE_SECONDS, "every screen to be back")
        away = sorted(seconds for screen in screens for seconds in screen.away)
        print(f"away {len(away)} times, at the longest {away[-1]:.2f} s; refused {writer.refused}")  # noqa: T201  # for whoever measures
    assert away, "the restarts cut sockets"
    with base.session() as session:
        found = [row[0] for row in session.execute("SELECT external_id FROM ledger_entry WHERE external_id <> 'seen'").fetchall()]
        assert Checker(session).check(acked={portfolio: writer.acked}) == []
    assert sorted(found) == sorted(writer.acked), "each once, none lost"


def the_door_is_shut(asked: httpx.Client, url: str, web: Web) -> None:
    """Nobody comes in without the login, and nobody comes around the proxy; machines inside may ask."""
    assert asked.get(f"{url}/api/v1/portfolios").status_code == 401
    assert asked.get(f"{web.url}/api/v1/portfolios").json()["code"] == "not_through_the_proxy"
    assert asked.get(f"{web.url}/", headers={"X-Portolan-Proxy": "guessed"}).status_code == 401
    with pytest.raises(websockets.InvalidStatus):
        connect(f"{web.url.replace('http', 'ws')}/api/v1/stream")
    assert {asked.get(f"{web.url}{path}").status_code for path in ("/healthz", "/readyz", "/metrics")} == {200}
    assert {asked.get(f"{url}{path}", auth=LOGIN).status_code for path in ("/healthz", "/readyz", "/metrics")} == {404}
    whole = asked.get(f"{url}/api/v1/openapi.json", auth=LOGIN, headers={"X-Request-Id": "mine-1"})
    assert (whole.status_code, whole.headers["content-encoding"], whole.headers["x-request-id"]) == (200, "gzip", "mine-1")
    assert asked.get(f"{url}/", auth=LOGIN).status_code == 200
    moved = asked.post(f"{url}/api/v1/portfolios", auth=LOGIN, json={}, headers={"Origin": "https://elsewhere.example"})
    assert moved.json()["code"] == "foreign_origin"


def one_tells_the_other(webs: list[Web], portfolio: UUID) -> None:
    """What is posted to one process is in the stream of the other, beside the prices of the poller."""
    with connect(f"{webs[1].url.replace('http', 'ws')}/api/v1/stream", additional_headers=THROUGH) as stream:
        stream.send(json.dumps({"op": "subscribe", "portfolios": [str(portfolio)], "symbols": ["AAPL"]}))
        told: list[dict[str, Any]] = [json.loads(stream.recv(timeout=PATIENCE_SECONDS))]
        body = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1", "external_id": "seen"}
        path, began = f"/api/v1/portfolios/{portfolio}/transactions", time.monotonic()
        assert httpx.post(f"{webs[0].url}{path}", json=body, headers=THROUGH, timeout=PATIENCE_SECONDS).status_code == 201
        while not any(message.get("ledger") for message in told[1:]):
            told.append(json.loads(stream.recv(timeout=PATIENCE_SECONDS)))
        print(f"told after {time.monotonic() - began:.2f} s")  # noqa: T201  # likewise
        while not any(message.get("quotes") for message in told[1:]):
            told.append(json.loads(stream.recv(timeout=PATIENCE_SECONDS)))
    listed = httpx.get(f"{webs[1].url}{path}", headers=THROUGH, timeout=PATIENCE_SECONDS).text
    assert "seen" in listed
