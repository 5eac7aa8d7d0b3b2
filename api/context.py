"""An id for every request, in the log and in the answer, and the time each took. Pure ASGI: nothing is buffered."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from services.writes import REQUESTS, request_id

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.system import Metrics

log = logging.getLogger("portolan.http")
GONE = 499  # the caller left before there was an answer
GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContext:
    """Gives each request its id, `X-Request-Id` of the caller where it is sound, and counts it."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request under its id."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http":
            with REQUESTS.request():
                await self._answered(scope, receive, send)
        else:
            await self._answered(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        name, started, status = _id_of(scope), time.perf_counter(), GONE
        token = request_id.set(name)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", name.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            status = 500
            raise
        finally:
            if scope["type"] == "http":
                self._note(scope, status, time.perf_counter() - started)
            request_id.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        self.metrics.seen(scope["method"], name_of(scope), status, seconds)
        level = logging.INFO if scope["path"].startswith("/api/") else logging.DEBUG
        log.log(level, "%s %s", scope["method"], scope["path"], extra={"status": status, "ms": round(seconds * 1000, 1)})


def name_of(scope: Scope) -> str:
    """Name what answered, by the function: paths hold ids, of which there is no end."""
    answering = scope.get("endpoint")
    module = str(getattr(answering, "__module__", ""))
    return f"{module.removeprefix('api.')}.{answering.__name__}" if answering and module.startswith("api.") else "screens"


def _id_of(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if GIVEN.fullmatch(given) else uuid4().hex
