"""Assembles Portolan: connections, services, REST, stream and screens become one application, and the workers that run beside it.

`create_server(settings)` builds the FastAPI application; `app.py` is its command line.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from contextlib import asynccontextmanager, suppress
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dash import Dash
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

import api
import callbacks
import services as house
from api.guard import PROXY_HEADER, Guard
from api.system import Metrics
from api.system import routes as routes_of_machines
from api.traced import Traced
from components import shell
from data import tracing
from data.bus import Bus
from data.cache import Cache
from data.database import Database
from data.feed import Feed
from data.poller import Job, Poller
from data.providers import registry
from data.quiet import REQUESTS
from engine.errors import PortfolioError
from services.alerts.watcher import Watcher
from services.imports.dropped import EVERY_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from data.settings import Settings

    Answers = Callable[..., Awaitable[Any]]

ROOT = Path(__file__).parent
STILL_SECONDS, AT_MOST_SECONDS = 0.3, 1.0
SWITCH_SECONDS = 0.001  # a thread that computes gives way to one that has its answer from the database; five times that by Python's own
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
log = logging.getLogger("portolan")


async def wake(server: FastAPI, secret: str | None = None) -> None:
    """Ask the screens once, in process: Dash registers pages and callbacks at its first request, and a socket may come before that."""
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/_dash-dependencies",
             "raw_path": b"/_dash-dependencies", "query_string": b"", "root_path": "",
             "headers": [(b"host", b"localhost"), (PROXY_HEADER, (secret or "").encode())], "server": ("localhost", 80)}
    body = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(body, {"type": "http.disconnect"})

    async def send(_message: MutableMapping[str, Any]) -> None:
        """Nobody reads this answer."""

    await server(scope, receive, send)


async def warm(services: house.Services, stopped: asyncio.Event) -> None:
    """Book the ledgers while the first browser is still loading scripts; whoever asks meanwhile waits for the same result, or goes before."""
    try:
        actor = await asyncio.to_thread(services.accounts.local)
        for told in (services.valuation.held, services.valuation.holdings, services.valuation.compare):
            if not stopped.is_set():
                await asyncio.to_thread(told, actor)
                await quiet(stopped)
    except PortfolioError as error:
        log.warning("the first figures could not be prepared: %s", error.message)
    gc.freeze()  # routes, pages and models stay: a full collection need not look through them while clients wait


async def quiet(stopped: asyncio.Event) -> None:
    """Wait until no request ran for a moment, but not for long."""
    clock = asyncio.get_running_loop().time
    end = clock() + AT_MOST_SECONDS
    while not stopped.is_set() and (left := min(REQUESTS.missing(STILL_SECONDS), end - clock())) > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), left)


def build_services(settings: Settings) -> house.Services:
    """Open the connections and put the services together."""
    database, bus = Database(settings.database_url), Bus(settings.redis_url)
    feed = Feed(database, bus, registry.create(settings, database))
    return house.build(settings, database, bus, Cache(settings.redis_url), feed)


def jobs(services: house.Services) -> list[Job]:
    """List what the leader does besides polling."""
    return [Job("history", 10.0, services.history.work), Job("take_files", EVERY_SECONDS, services.dropped_files.take)]


def create_server(settings: Settings, *, services: house.Services | None = None, poll: bool = False) -> FastAPI:
    """Build the application; with `poll` it also stands for election as the poller."""
    own = services is None
    services = services or build_services(settings)
    server = FastAPI(title="Portolan", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json",
                     lifespan=lambda server: running(server, settings, services, poll=poll, own=own))
    server.state.services = services
    api.install(server, services)
    server.mount("/vendor/bootstrap", StaticFiles(packages=[("flask_bootstrap", "static/bootstrap5")]), name="bootstrap")
    screens = create_screens(server, services)
    server.add_middleware(Guard, headers=cache(lambda: security_headers(screens)), secret=settings.proxy_secret)
    if settings.proxy_secret is None:  # else the proxy knows its names, and no page that was tricked into asking knows the secret
        server.add_middleware(TrustedHostMiddleware, allowed_hosts=sorted({*LOOPBACK, settings.host, "testserver"}))
    if tracing.is_on():
        server.add_middleware(Traced, span=tracing.span)
    return server


def create_watch(services: house.Services) -> FastAPI:
    """Build what a process without screens answers to machines: whether it lives, whether it is ready, and its metrics."""
    server = FastAPI(title="Portolan", docs_url=None, redoc_url=None, openapi_url=None)
    server.state.services = services
    server.state.metrics = Metrics(services)
    server.include_router(routes_of_machines)
    return server


class Screens(Dash):
    """Dash that does not tell the browser of its callback socket, which nothing here uses and the guard refuses, nor of our Python."""

    def _config(self) -> dict[str, Any]:
        return {name: value for name, value in super()._config().items() if name not in {"websocket", "python_version"}}

    def callback(self, *wires: Any, **how: Any) -> Callable[[Answers], Any]:  # noqa: ANN401  # as Dash types it
        """Wire a callback; while this process traces, each has a span of its own."""
        wired = super().callback(*wires, **how)
        return (lambda function: wired(traced(function))) if tracing.is_on() else wired


def traced(function: Answers) -> Answers:
    """Give a callback that opens a span under its name, such as `callback overview.update_cards`."""
    name = f"callback {function.__module__.removeprefix('callbacks.')}.{function.__name__}"

    @wraps(function)
    async def opened(*given: Any, **named: Any) -> Any:  # noqa: ANN401  # as Dash calls it
        with tracing.span(name):
            return await function(*given, **named)

    return opened


def create_screens(server: FastAPI, services: house.Services) -> Dash:
    """Put the Dash pages on the server."""
    screens = Screens(__name__, server=server, use_pages=True, pages_folder=str(ROOT / "pages"), assets_folder=str(ROOT / "assets"),
                   title="Portolan", update_title=None, serve_locally=True, websocket_callbacks=False, enable_mcp=False,
                   on_error=callbacks.on_error, add_log_handler=False, index_string=shell.INDEX)
    screens.layout = shell.layout()
    callbacks.register_all(screens, services)
    return screens


def security_headers(screens: Dash) -> dict[str, str]:
    """Let the browser talk to this host only. Ask after the first request: Dash registers its pages' script then."""
    script = " ".join(screens.csp_hashes())
    return {
        "content-security-policy": f"default-src 'self'; script-src 'self' {script}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
                                   "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }


def background(settings: Settings, services: house.Services) -> tuple[Poller | Watcher, ...]:
    """Build what one process does for all: polls prices, evaluates alerts and delivers them. Each stands for its own election."""
    return Poller(settings, services.database, services.bus, services.feed, jobs=jobs(services)), Watcher(services)


@asynccontextmanager
async def running(server: FastAPI, settings: Settings, services: house.Services, *, poll: bool, own: bool) -> AsyncIterator[None]:
    """Start hub, poller and watcher with the server, stop them with it; connections that were opened for it are closed."""
    workers = background(settings, services) if poll else ()
    sys.setswitchinterval(SWITCH_SECONDS)
    await services.hub.start()
    await wake(server, settings.proxy_secret)
    gc.freeze()  # what was made so far stays as well
    REQUESTS.touch()
    stopped = asyncio.Event()
    warmth = asyncio.create_task(warm(services, stopped))
    for each in workers:
        await asyncio.to_thread(each.start)
    try:
        yield
    finally:
        stopped.set()
        await warmth
        await services.hub.stop()
        for each in workers:
            await asyncio.to_thread(each.stop)
        if own:
            await asyncio.to_thread(services.close)
        await asyncio.to_thread(tracing.flush)
