"""`WS /api/v1/stream`: live prices and portfolios for browsers and programs.

The client sends `{"op": "subscribe", "portfolios": [...], "symbols": [...], "replace": true}`, `unsubscribe`, `pause`, `resume`, `resync`, `ping`.
With `"risk": true` every portfolio is told with `risk`: what `services.live.risk.encoded` gives, or how many days of history it lacks.
The server answers with `snapshot`, `tick`, `heartbeat`, `pong` and `error` (see `services.live`). Close codes: 1008 refused, 1009 a message is
too large, 1012 the server stops, 1013 too many connections, 4408 the reader was too slow, 4429 too many requests.
"""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from asyncio.transports import BaseTransport
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from engine.errors import InvalidInput, LimitExceeded
from services.live import Client, Cut, Hub

if TYPE_CHECKING:
    from starlette.websockets import WebSocket as Socket

Operation = Callable[[Hub, Client, dict[str, Any]], Awaitable[None]]

LARGEST_MESSAGE: Final = 65_536
UNSENT_BYTES: Final = 16_384  # buffered for a reader that is behind; what comes later is merged in its mailbox instead
KERNEL_BYTES: Final = 65_536  # and in the system's own buffer, which else grows to megabytes for each peer that does not read
CLOSE_SECONDS: Final = 1.0
TEXT: Final = b"\x81"  # opens a frame that is a whole text message
SHORT: Final = 126  # bytes of a frame whose length stands in one byte
CODES: Final = {Cut.SLOW_READER: 4408, Cut.TOO_MANY_REQUESTS: 4429, Cut.GOING_AWAY: 1012}


class StreamProtocol(WebSocketsSansIOProtocol):
    """uvicorn's socket, with a way to drop a peer that does not read: an orderly close would wait for it without end."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Give the application, in its scope's state, a way to drop the connection without sending what is still buffered."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=UNSENT_BYTES)
        if (line := self.transport.get_extra_info("socket")) is not None:
            line.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, KERNEL_BYTES)
        self.app_state = {**self.app_state, "drop": self.transport.abort, "outlet": self}

    def ready(self) -> bool:
        """Tell whether a message may be written now, past the application's own `send`."""
        return self.writable.is_set() and self.handshake_complete and not (self.close_sent or self.disconnected or self.transport.is_closing())

    def put(self, head: bytes, tail: bytes) -> None:
        """Write a text message as one frame: what a flush makes once is not copied, checked and framed anew for each reader."""
        self.transport.write(b"".join((TEXT, length_of(len(head) + len(tail)), head, tail)))


def length_of(size: int) -> bytes:
    """Write the length of a frame's content (RFC 6455, 5.2)."""
    if size < SHORT:
        return bytes((size,))
    return b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")


def router() -> APIRouter:
    """Give the route of the stream; the hub is taken from the server's services when a client comes."""
    routes = APIRouter()
    routes.add_api_websocket_route("/api/v1/stream", stream)
    return routes


async def stream(socket: WebSocket) -> None:
    """Serve one connection until either side ends it."""
    if foreign(socket):
        await socket.close(1008, "foreign_origin")
        return
    services = socket.app.state.services
    actor = await asyncio.to_thread(services.accounts.local)
    await socket.accept()
    try:
        client = services.hub.connect(actor)
    except LimitExceeded as error:
        await refuse(socket, error)
        return
    client.outlet = socket.scope.get("state", {}).get("outlet")
    try:
        await serve(socket, services.hub, client)
    finally:
        services.hub.disconnect(client)


def foreign(socket: Socket) -> bool:
    """Tell whether a browser says that a page of another host asks; a program sends no Origin."""
    origin = socket.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != socket.headers.get("host", "").lower()


async def refuse(socket: WebSocket, error: LimitExceeded) -> None:
    """Say why there is no place, and close."""
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_json({"type": "error", "code": error.code, "message": error.message})
        await socket.close(1013, error.code)


async def serve(socket: WebSocket, hub: Hub, client: Client) -> None:
    """Read and write until the first of reader, writer and hub is done."""
    work = [asyncio.create_task(part) for part in (read(socket, hub, client), write(socket, client), client.ended.wait())]
    try:
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in work:
            task.cancel()
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        await close(socket, client)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, (WebSocketDisconnect, RuntimeError)):
            raise outcome


async def write(socket: WebSocket, client: Client) -> None:
    """Send whatever is next; the transport's back-pressure is what makes a slow reader slow."""
    while (message := await client.receive()) is not None:
        await socket.send_text(message)


async def read(socket: WebSocket, hub: Hub, client: Client) -> None:
    """Do what the client asks, one thing after the other."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        await answer(hub, client, message.get("text") or message.get("bytes") or "")
        await asyncio.sleep(0)  # a burst of questions must not keep the answers from going out


async def answer(hub: Hub, client: Client, raw: str | bytes) -> None:
    """Answer one message; what cannot be read is an error message, never the end of the connection."""
    if not client.allowed():
        client.reply(type="error", code="too_many_requests")
        return
    try:
        message = parsed(raw)
        await operation(message)(hub, client, message)
    except InvalidInput as error:
        client.reply(type="error", code=error.code, message=error.message)


def parsed(raw: str | bytes) -> dict[str, Any]:
    """Read a message of the client."""
    if len(raw) > LARGEST_MESSAGE:
        raise InvalidInput("message", len(raw), f"it is larger than {LARGEST_MESSAGE} bytes")
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("message", raw, "it is not JSON") from error
    if not isinstance(message, dict):
        raise InvalidInput("message", raw, "it is not an object")
    return message


def operation(message: dict[str, Any]) -> Operation:
    """Find what a message asks for."""
    found = OPERATIONS.get(str(message.get("op")))
    if found is None:
        raise InvalidInput("op", message.get("op"), f"it is none of {', '.join(sorted(OPERATIONS))}")
    return found


def names(message: dict[str, Any], key: str) -> list[str]:
    """Read a list of texts."""
    found = message.get(key) or []
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise InvalidInput(key, found, "it is not a list of texts")
    return found


async def subscribe(hub: Hub, client: Client, message: dict[str, Any]) -> None:
    """Follow portfolios and symbols; the answer is a snapshot."""
    asked = message.get("risk")
    if not isinstance(asked, bool | None):
        raise InvalidInput("risk", asked, "it is neither true nor false")
    await hub.subscribe(client, names(message, "portfolios"), names(message, "symbols"), replace=message.get("replace") is True, risk=asked)


async def unsubscribe(hub: Hub, client: Client, message: dict[str, Any]) -> None:
    """Follow less."""
    await hub.unsubscribe(client, names(message, "portfolios"), names(message, "symbols"))


async def pause(_hub: Hub, client: Client, _message: dict[str, Any]) -> None:
    """Send nothing but heartbeats for now."""
    client.paused = True


async def resume(_hub: Hub, client: Client, _message: dict[str, Any]) -> None:
    """Go on: the next tick holds all that changed meanwhile."""
    client.paused = False
    client.wake()


async def resync(_hub: Hub, client: Client, _message: dict[str, Any]) -> None:
    """Send the whole state again."""
    client.resync()


async def ping(hub: Hub, client: Client, message: dict[str, Any]) -> None:
    """Answer with the clock, and with the `id` of the question if it has one."""
    identity = message.get("id")
    client.reply(type="pong", ts=hub.now_ms(), **({"id": identity} if isinstance(identity, int | str) and len(str(identity)) <= 64 else {}))


OPERATIONS: Final[dict[str, Operation]] = {
    "subscribe": subscribe, "unsubscribe": unsubscribe, "pause": pause, "resume": resume, "resync": resync, "ping": ping,
}


async def close(socket: WebSocket, client: Client) -> None:
    """End the connection; a peer that does not read is dropped, because it would not read the close either."""
    reason = client.cut
    if reason is None:
        return
    if reason is not Cut.SLOW_READER:
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            await asyncio.wait_for(socket.close(CODES[reason], reason.value), CLOSE_SECONDS)
            return
    drop = socket.scope.get("state", {}).get("drop")
    if drop is not None:
        drop()
