"""A trace of every request that is answered by our own code. Pure ASGI, outermost, so that the line of a request in the log is in its trace."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from api.context import name_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OF_MACHINES = ("/healthz", "/readyz", "/metrics")
FILES = ("/assets/", "/vendor/", "/_dash-component-suites/", "/_favicon", "/favicon")


class Traced:
    """Opens a span for each request, under the trace that the caller is in where it says one (`traceparent`)."""

    def __init__(self, app: ASGIApp, *, span: Callable[..., AbstractContextManager[Any]]) -> None:
        self.app, self.span = app, span

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, traced unless it is for a file or a machine's question."""
        if scope["type"] != "http" or scope["path"].startswith((*OF_MACHINES, *FILES)):
            await self.app(scope, receive, send)
            return
        caller = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        with self.span(scope["method"], kind="server", parent=caller or None, http__request__method=scope["method"],
                       url__path=scope["path"]) as told:
            await self.app(scope, receive, answering(send, told))
            told.update_name(f"{scope['method']} {name_of(scope)}")


def answering(send: Send, told: Any) -> Send:  # noqa: ANN401  # a span
    """Give a `send` that tells the span how the request was answered, and under which id."""

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.set_attribute("http.response.status_code", message["status"])
            named = dict(message.get("headers", ())).get(b"x-request-id", b"").decode("latin-1")
            told.set_attribute("portolan.request_id", named)
        await send(message)

    return sender
