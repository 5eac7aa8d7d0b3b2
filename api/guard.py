"""What every request passes first: pure ASGI, so that sockets and screens are covered like REST.

Without a login the machine itself is the border, so a page of another site must not reach the server through the reader's browser:
writes and sockets whose Origin is not our own Host are refused, and hosts are listed (see `server.py`). Dash's own callback socket is refused,
because nothing uses it and its outbound queue has no limit.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT_BYTES = 4 * 1024 * 1024
FILE_LIMIT_BYTES = 10 * 1024 * 1024 + 64 * 1024  # a file of 10 MB, and the form around it
FILE_PATH = re.compile(r"/api/v1/portfolios/[^/]+/imports")
PROXY_HEADER = b"x-portolan-proxy"
OF_MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Refuse foreign origins, oversized bodies and unused sockets; add security headers to what goes out."""

    def __init__(self, app: ASGIApp, *, headers: Callable[[], Mapping[str, str]],
                 refused_sockets: Sequence[str] = ("/_dash-ws-callback",), secret: str | None = None) -> None:
        self.app = app
        self.secret = secret
        self.headers = headers
        self.refused_sockets = tuple(refused_sockets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, or answer here."""
        if scope["type"] == "websocket" and (scope["path"].endswith(self.refused_sockets) or foreign_origin(scope)):
            await send({"type": "websocket.close", "code": 4403, "reason": "refused"})
        elif scope["type"] in {"http", "websocket"} and not self.knows(scope):
            await turn_away(scope, send)
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["method"] not in SAFE_METHODS and foreign_origin(scope):
            await refuse(send, 403, "foreign_origin", "The request comes from a page of another site.")
        elif declared_length(scope) > limit_of(scope):
            await refuse(send, 413, "body_too_large", f"A body holds at most {limit_of(scope)} bytes.")
        else:
            await self.app(scope, limited(receive, limit_of(scope)), self.with_headers(send))

    def knows(self, scope: Scope) -> bool:
        """Tell whether a request came through the proxy that asks for the login, where one has to; machines ask without."""
        if self.secret is None or scope["path"] in OF_MACHINES:
            return True
        given: bytes = dict(scope["headers"]).get(PROXY_HEADER, b"")
        return hmac.compare_digest(given, self.secret.encode())

    def with_headers(self, send: Send) -> Send:
        """Give a `send` that adds the headers to the start of each answer."""

        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in self.headers().items()]
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        return sender


async def turn_away(scope: Scope, send: Send) -> None:
    """Answer what did not come through the proxy."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4401, "reason": "not through the proxy"})
    else:
        await refuse(send, 401, "not_through_the_proxy", "This server answers only what comes through its proxy, which asks for a login.")


def foreign_origin(scope: Scope) -> bool:
    """Tell whether a browser says that the request comes from a page of another host."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    return bool(origin) and urlsplit(origin).netloc != headers.get(b"host", b"").decode("latin-1")


def limit_of(scope: Scope) -> int:
    """Tell how many bytes a body may have: files may have more than all else."""
    return FILE_LIMIT_BYTES if scope["method"] == "POST" and FILE_PATH.fullmatch(scope["path"]) else BODY_LIMIT_BYTES


def declared_length(scope: Scope) -> int:
    """Read the body's length as declared, 0 where it is not said."""
    text = dict(scope["headers"]).get(b"content-length", b"0").decode("latin-1")
    return int(text) if text.isdecimal() else 0


def limited(receive: Receive, limit: int = BODY_LIMIT_BYTES) -> Receive:
    """Give a `receive` that ends the connection once an undeclared body passes the limit."""
    seen = 0

    async def receiver() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > limit else message

    return receiver


async def refuse(send: Send, status: int, code: str, detail: str) -> None:
    """Answer with problem+json."""
    body = json.dumps({"type": f"urn:portolan:{code}", "title": detail, "status": status, "detail": detail, "code": code, "context": {}}).encode()
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
