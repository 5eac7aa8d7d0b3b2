"""A headless Chromium, the real server in a home of its own, and a stream under the test's control."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI, WebSocket
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("PORTOLAN_CHROMIUM") or next(filter(None, map(shutil.which, (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), None)  # the shell draws no windows: a quarter less work
START_SECONDS = 180


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], seconds: float = 20.0, what: str = "") -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what or condition}"
        time.sleep(0.02)
    return found


def until(page: Page, expression: str, arg: Any = None, *, seconds: float = 20.0) -> Any:
    """Wait for a JavaScript expression; unlike Playwright's own wait it needs no eval, which the page's security policy forbids."""
    end = time.monotonic() + seconds
    while not (found := page.evaluate(expression, arg)):
        assert time.monotonic() < end, f"waited {seconds} s for {expression}"
        page.wait_for_timeout(30)
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of the screens that asks for a browser or a running server is a browser test, whoever forgets to say so."""
    for item in items:
        if item.path.parent == Path(__file__).parent and {"browser", "server", "line"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def profile() -> Iterator[BrowserContext]:
    """One browser of a worker with a profile on disk: what was read and compiled for one test is not read and compiled for the next."""
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "no Chromium on this machine"
        pytest.skip("no Chromium on this machine")
    expect.set_options(timeout=20_000)  # machines are shared: what is waited for may take its time, what is asserted is that it comes
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="portolan-profile-", ignore_cleanup_errors=True) as folder:
        opened = playwright.chromium.launch_persistent_context(
            folder, executable_path=CHROMIUM, viewport={"width": 1440, "height": 900}, locale="en-US",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def browser(profile: BrowserContext) -> Browser:
    """The same browser, for contexts of other devices."""
    assert profile.browser is not None
    return profile.browser


def forget(profile: BrowserContext) -> None:
    """Close what a test opened, and clear what its pages kept in the browser."""
    profile.set_offline(False)
    first, *others = profile.pages
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in (urlsplit(page.url) for page in others)}
    for page in others:
        page.close()
    session = profile.new_cdp_session(first)
    for origin in origins:
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage,indexeddb,cookies"})
    session.detach()


@dataclass
class Watch:
    """What a page did that it should not."""

    host: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def on(self, page: Page) -> Page:
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda line: self._asked(line.url))
        return page

    def _asked(self, url: str) -> None:
        if not re.match(rf"(https?|wss?)://{re.escape(self.host)}/|data:|blob:", url):
            self.strangers.append(url)


@pytest.fixture
def context(profile: BrowserContext) -> Iterator[BrowserContext]:
    """The profile as if nobody had used it."""
    yield profile
    forget(profile)


# ---------------------------------------------------------------------------------------------------------------- the real server


@dataclass
class Server:
    """A running `python app.py serve`."""

    home: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.home.parent / "serve.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> Server:
        with (self.home.parent / "serve.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "app.py", "serve", "--port", str(self.port)], cwd=ROOT, env=self.environment,
                                            stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(self.answers, START_SECONDS, "the server")
        except BaseException:
            self.stop()  # what does not start must not stay
            raise
        return self

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended:\n{self.log[-4000:]}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(f"GET /healthz HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
                return b" 200 " in probe.recv(200)
        except OSError:  # not listening yet, or listening but still preparing its data
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None


def server_in(folder: Path, **environment: str) -> Server:
    home = folder / "home"
    inherited = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL", "MARKET_DATA", "AUTH"}}
    return Server(home, free_port(), {**inherited, "PORTOLAN_HOME": str(home), "PYTHONUNBUFFERED": "1", **environment})


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Serve from a folder of its own: pytest closes the parent of its own ones to others, PostgreSQL's user among them, whenever a run begins."""
    with tempfile.TemporaryDirectory(prefix="portolan-serve-", ignore_cleanup_errors=True) as folder:
        running = server_in(Path(folder)).start()
        yield running
        running.stop()


@pytest.fixture(scope="module", autouse=True)
def leaves_no_portfolio(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a module's tests made on the shared server goes with them: "all portfolios" is the demo's again."""
    uses = {name for item in request.session.items if item.path == request.path for name in getattr(item, "fixturenames", ())}
    running: Server | None = request.getfixturevalue("server") if "server" in uses else None
    yield
    if running is None:
        return
    with httpx.Client(base_url=f"{running.url}/api/v1", timeout=30) as api:
        for each in api.get("/portfolios").json():
            if not each["demo"]:
                api.delete(f"/portfolios/{each['id']}", headers={"If-Match": str(each["version"])}).raise_for_status()


@pytest.fixture
def watch(server: Server) -> Iterator[Watch]:
    """What pages do wrong is for the test to look at; that the server failed nowhere is looked at here."""
    before = len(server.log)
    yield Watch(server.host)
    assert "Traceback" not in server.log[before:], server.log[before:][-4000:]


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    return watch.on(context.new_page())


Look = Callable[[Callable[[Page], Page]], Page]


@pytest.fixture(scope="module")
def left_open() -> list[Page]:
    return []


@pytest.fixture
def look(profile: BrowserContext, watch: Watch, left_open: list[Page]) -> Look:
    """Open a page for several tests of a module that touch nothing; it stays until a test asks for a page of its own."""
    def at(opened: Callable[[Page], Page]) -> Page:
        if not left_open or left_open[-1].is_closed():
            left_open.append(opened(watch.on(profile.new_page())))
        return left_open[-1]

    return at


# ------------------------------------------------------------------------------------------------------ a stream under our control


class Line:
    """A stream whose every message a test writes; the page is the real `assets/live.js` in a small Dash application."""

    def __init__(self) -> None:
        self.port = free_port()
        self.opened: list[str] = []  # the address of every socket that came
        self.said: list[dict[str, Any]] = []  # what the browser sent
        self.polls = 0
        self.slow = 0  # callbacks that are being answered
        self.patience = threading.Event()
        self.refusing = False
        self.whole: Callable[[], dict[str, Any]] | None = None  # what a resync is answered with
        self.sockets: set[WebSocket] = set()
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, socket: WebSocket) -> None:
        self.loop = asyncio.get_running_loop()
        self.opened.append(str(socket.url))
        if self.refusing:
            await socket.close(1013)
            return
        await socket.accept()
        self.sockets.add(socket)
        try:
            while (message := await socket.receive())["type"] != "websocket.disconnect":
                self.said.append(json.loads(message["text"]))
                if self.whole and self.said[-1]["op"] == "resync":
                    await socket.send_text(json.dumps(self.whole()))
        finally:
            self.sockets.discard(socket)

    def _run(self, work: Any) -> None:
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(work, self.loop).result(5)

    def send(self, *messages: dict[str, Any]) -> None:
        async def all_of_them() -> None:
            for each in tuple(self.sockets):
                for message in messages:
                    await each.send_text(json.dumps(message))

        self._run(all_of_them())

    def break_off(self, code: int = 1012) -> None:
        async def all_of_them() -> None:
            for each in tuple(self.sockets):
                await each.close(code)

        self._run(all_of_them())

    def heard(self, op: str) -> list[dict[str, Any]]:
        return [message for message in self.said if message["op"] == op]

    async def state(self, _actor: object, portfolios: list[str], _symbols: list[str], *, risk: bool = False) -> str:
        del risk
        self.polls += 1
        figures = {name: {"full": True, "value": float(self.polls), "holdings": {}} for name in portfolios}
        return json.dumps({"type": "snapshot", "seq": 0, "ts": int(time.time() * 1000), "quotes": {}, "portfolios": figures})


def slowly(line: Line) -> Callable[[int], Awaitable[str]]:
    async def answer(_clicks: int) -> str:
        line.slow += 1
        await asyncio.to_thread(line.patience.wait, 10)
        return "done"

    return answer


def small_application(line: Line) -> FastAPI:
    from callbacks import live  # noqa: PLC0415 (the page's own wiring, without the other rooms)
    from components.live import live_components  # noqa: PLC0415

    @dataclass
    class House:
        hub: Line
        accounts: Any

    class Accounts:
        local = staticmethod(lambda: None)

    server = FastAPI()
    server.add_api_websocket_route("/api/v1/stream", line.serve)
    others = r"^(?!format\.js$|live\.js$|live_figures\.js$|tokens\.css$|look\.css$)"
    screens = Dash("line", server=server, assets_folder=str(ROOT / "assets"), assets_ignore=others, update_title=None)
    screens.layout = html.Div([
        live_components(), dcc.Store(id="ledger"),
        html.Button([html.I(), html.B(id="status-word"), html.Span(id="status-age")], id="status", className="status"),
        html.Button("slow", id="slow"), *[html.Span(id=f"slow-{number}") for number in range(14)],
        html.Div([html.Span(id="value", **{"data-live": "value"}),
                  html.Span(id="day", **{"data-live": "day_pnl", "data-format": "signed", "data-tone": ""}),
                  html.Span(id="price", **{"data-live": "quotes.BRK.B.price", "data-format": "price", "data-flash": ""}),
                  html.Span(id="row", **{"data-live": "holdings.BRK.B.market_value"})], **{"data-scope": "all"}),
    ])
    live.register(screens, House(line, Accounts()))  # type: ignore[arg-type]
    for number in range(14):
        screens.callback(Output(f"slow-{number}", "children"), Input("slow", "n_clicks"), prevent_initial_call=True)(slowly(line))
    return server


@contextmanager
def background(application: FastAPI, port: int) -> Iterator[None]:
    config = uvicorn.Config(application, port=port, log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    wait_for(lambda: running.started)
    yield
    running.should_exit = True
    thread.join(5)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    with background(small_application(made), made.port):
        yield made
