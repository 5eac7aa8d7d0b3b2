"""The stream over real sockets: a uvicorn with our protocol, clients of the websockets library, and one that never reads."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from fastapi import FastAPI
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect
from websockets.uri import parse_uri

from api import stream
from services.live import Hub, Limits
from tests.services.live_world import World, furnished

if TYPE_CHECKING:
    from engine.types import Actor
    from services import Services

LIMITS = Limits(clients_a_user=6, unread_seconds=1.5, heartbeat_seconds=2.0)


@dataclass
class Running:
    """The stream on a port, with its hub."""

    port: int
    hub: Hub
    world: World

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def open(self, **options: Any) -> ClientConnection:
        return connect(f"ws://{self.host}/api/v1/stream", **options)


def eventually(condition: Callable[[], Any], seconds: float = 5.0, what: str = "") -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)


def application(services: Services, actor: Actor) -> FastAPI:
    @asynccontextmanager
    async def life(server: FastAPI) -> AsyncIterator[None]:
        await server.state.services.hub.start()
        yield
        await server.state.services.hub.stop()

    house = replace(services, accounts=SimpleNamespace(local=lambda: actor))
    server = FastAPI(lifespan=life)
    server.state.services = replace(house, hub=Hub(house, flush_ms=40, limits=LIMITS))
    server.include_router(stream.router())
    return server


@pytest.fixture
def running(services: Services, actor: Actor) -> Iterator[Running]:
    server = application(services, actor)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # so that a reader who sleeps is noticed at once
    listener.bind(("127.0.0.1", 0))
    web = uvicorn.Server(uvicorn.Config(server, log_level="warning", ws=stream.StreamProtocol, ws_max_size=65_536, ws_per_message_deflate=False,
                                        timeout_graceful_shutdown=1))
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    eventually(lambda: web.started, 10, "the server")
    yield Running(listener.getsockname()[1], server.state.services.hub, furnished(services, actor))
    web.should_exit = True
    thread.join(10)
    assert not thread.is_alive(), "the server does not stop"


def ask(line: ClientConnection, **message: Any) -> None:
    line.send(json.dumps(message))


def hear(line: ClientConnection, kind: str | None = None, seconds: float = 5.0) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while True:
        told: dict[str, Any] = json.loads(line.recv(timeout=max(0.01, end - time.monotonic())))
        if kind is None or told["type"] == kind:
            return told


def end_of(line: ClientConnection) -> int | None:
    """Read to the end and give the code of the close."""
    try:
        while True:
            line.recv(timeout=5)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def broken(line: socket.socket, message: dict[str, Any]) -> bool:
    """Tell whether the other side has dropped the connection."""
    try:
        line.sendall(frame(message))
    except OSError:
        return True
    return False


def test_a_program_follows_a_portfolio(running: Running) -> None:
    place = running.world.portfolio(AAA=10)
    with running.open() as line:
        ask(line, op="subscribe", portfolios=[place], symbols=["BBB"])
        whole = hear(line)
        assert whole["type"] == "snapshot"
        assert set(whole["quotes"]) == {"AAA", "BBB"}
        for step in (1, 2, 3):
            running.world.push(AAA=100.0 + step)
            told = hear(line, "tick")
            assert told["seq"] == step
            assert told["quotes"]["AAA"]["price"] == 100.0 + step
            assert told["portfolios"][place]["holdings"]["AAA"]["market_value"] == 1000.0 + 10 * step
            assert told["quotes"]["AAA"]["received"] <= time.time() * 1000
        ask(line, op="unsubscribe")
        ask(line, op="ping", id="x")
        assert hear(line, "pong")["id"] == "x"
        assert hear(line, "heartbeat", 4)["ts"] > 0
    eventually(lambda: not running.hub.clients, what="the client to be forgotten")


def test_who_may_connect(running: Running) -> None:
    for origin in (None, f"http://{running.host}"):
        with running.open(origin=origin) as line:
            ask(line, op="ping")
            assert hear(line)["type"] == "pong"
    for origin in ("http://evil.example", f"http://127.0.0.1:{running.port + 1}", "null", "", f"http://{running.host}.evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            running.open(origin=origin)
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(("raw", "code"), [
    ("not json", "invalid_input"), ("[]", "invalid_input"), ("1", "invalid_input"), ("{}", "invalid_input"), ('{"op": "drop"}', "invalid_input"),
    ('{"op": ["subscribe"]}', "invalid_input"), ('{"op": "subscribe", "portfolios": "all"}', "invalid_input"),
    ('{"op": "subscribe", "portfolios": [1]}', "invalid_input"), ('{"op": "subscribe", "portfolios": ["nonsense"]}', "not_found"),
    ('{"op": "subscribe", "symbols": ["NOBODY"]}', "unknown_symbol"), ("[" * 20_000, "invalid_input"), (b"\xff\xfe", "invalid_input"),
])
def test_what_cannot_be_read_is_answered_and_the_line_lives(running: Running, raw: str | bytes, code: str) -> None:
    with running.open() as line:
        line.send(raw)
        told = hear(line)
        assert (told["type"], told["code"]) == ("error", code)
        assert len(json.dumps(told)) < 600
        ask(line, op="ping")
        assert hear(line, "pong")


def test_a_message_that_is_too_large_ends_the_line(running: Running) -> None:
    with running.open() as line:
        line.send("x" * 70_000)
        assert end_of(line) == 1009


def test_too_many_connections_are_refused_with_a_reason(running: Running) -> None:
    lines = [running.open() for _ in range(LIMITS.clients_a_user)]
    eventually(lambda: len(running.hub.clients) == len(lines), what="the lines")
    with running.open() as late:
        assert hear(late)["code"] == "limit_exceeded"
        assert end_of(late) == 1013
    for line in lines:
        line.close()
    eventually(lambda: not running.hub.clients, what="the lines to be forgotten")


def test_too_many_requests_are_refused(running: Running) -> None:
    with running.open() as line:
        for _ in range(60):
            ask(line, op="ping")
        told = [hear(line) for _ in range(60)]
        assert sum(each["type"] == "pong" for each in told) >= LIMITS.operations_at_once
        assert {each.get("code") for each in told} == {None, "too_many_requests"}
        time.sleep(0.5)
        ask(line, op="ping")
        assert hear(line)["type"] == "pong", "the allowance fills again"


def sleeper(running: Running) -> socket.socket:
    """A WebSocket that asks for much and never reads."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    raw.connect(("127.0.0.1", running.port))
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: {running.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    assert b" 101 " in raw.recv(1024)
    return raw


def nag(line: socket.socket) -> None:
    """Ask for the whole state again and again."""
    while not broken(line, {"op": "resync"}):
        time.sleep(0.06)


def frame(message: dict[str, Any]) -> bytes:
    payload = json.dumps(message).encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def test_who_never_reads_is_dropped_and_the_others_do_not_notice(running: Running) -> None:
    place = running.world.portfolio(AAA=10, BBB=20, CCC=30, DDD=40)
    with running.open() as line:
        ask(line, op="subscribe", portfolios=[place])
        assert hear(line)["type"] == "snapshot"
        dead = sleeper(running)
        dead.sendall(frame({"op": "subscribe", "portfolios": [place]}))
        eventually(lambda: len(running.hub.clients) == 2, what="the sleeper")
        threading.Thread(target=nag, args=(dead,), daemon=True).start()
        step, end = 0, time.monotonic() + 90
        while running.hub.counts["cut"] == 0:
            assert time.monotonic() < end, "the sleeper is not cut"
            step += 1
            running.world.push(AAA=100.0 + step)
            while hear(line, "tick")["quotes"].get("AAA", {}).get("price") != 100.0 + step:
                pass
        assert len(running.hub.clients) == 1
        eventually(lambda: broken(dead, {"op": "ping"}), what="the end of the sleeper's connection")
        dead.close()


def test_a_stop_of_the_server_says_so(services: Services, actor: Actor) -> None:
    server = application(services, actor)
    web = uvicorn.Server(uvicorn.Config(server, port=0, log_level="warning", ws=stream.StreamProtocol, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    eventually(lambda: web.started, 10, "the server")
    port = web.servers[0].sockets[0].getsockname()[1]
    with connect(f"ws://127.0.0.1:{port}/api/v1/stream") as line:
        ask(line, op="ping")
        hear(line, "pong")
        web.should_exit = True
        assert end_of(line) == 1012
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 200_000])
def test_a_flush_is_framed_as_the_protocol_wants(size: int) -> None:
    head, tail = "é".encode(), b"x" * size
    reader = ClientProtocol(parse_uri("ws://host/"), state=State.OPEN, max_size=None)
    reader.receive_data(b"".join((stream.TEXT, stream.length_of(len(head) + size), head, tail)))
    (told,) = reader.events_received()
    assert isinstance(told, Frame)
    assert (told.fin, told.opcode, bytes(told.data)) == (True, Opcode.TEXT, head + tail)
