"""Many WebSocket clients in one process on one loop: just enough of the protocol to be fast, and a judge of everything that comes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from tests.load.parts import histogram_quantiles

LONGEST_MS = 20_000
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def frame(opcode: int, body: bytes) -> bytes:
    """Give a client's frame; the mask is of zeros, which is a mask like any other."""
    size = len(body)
    head = struct.pack("!BB", 0x80 | opcode, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    return head + bytes(4) + body


class Judge:
    """What all clients of a process saw since it was last asked."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.late = np.zeros(LONGEST_MS, dtype=np.int64)
        self.messages, self.octets, self.gaps, self.quotes = 0, 0, 0, 0
        self.arrived: list[float] = []
        self.began = time.monotonic()

    def told(self) -> dict[str, Any]:
        passed = time.monotonic() - self.began
        return {"messages": self.messages, "messages_per_second": round(self.messages / passed, 1), "megabytes": round(self.octets / 1e6, 2),
                "gaps": self.gaps, "quotes": self.quotes, "late_ms": histogram_quantiles(self.late)}


class Listener(asyncio.Protocol):
    """One client. `light` counts and looks no further, for what is measured at full speed; `reads` False never reads at all."""

    def __init__(self, judge: Judge, place: str, subscription: bytes, *, light: bool = False) -> None:
        self.judge, self.place, self.subscription, self.light = judge, place, subscription, light
        self.seq: int | None = None
        self.prices: dict[str, float] = {}
        self.heard: dict[str, int] = {}  # when the newest known quote of a symbol was received: a ledger read again brings old ones along
        self.last = b""
        self.open = asyncio.get_running_loop().create_future()
        self.whole = asyncio.get_running_loop().create_future()
        self.closed = ""
        self._buffer = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(f"GET /api/v1/stream HTTP/1.1\r\nHost: {self.place}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())

    def data_received(self, octets: bytes) -> None:
        buffer = self._buffer + octets if self._buffer else octets
        if not self._upgraded:
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._upgraded = True
            assert b" 101 " in head[:20], head[:200]
            self.open.set_result(None)
            self.transport.write(frame(TEXT, self.subscription))
        self._buffer = self._frames(buffer)

    def _frames(self, buffer: bytes) -> bytes:
        at, size = 0, len(buffer)
        while size - at >= 2:
            length, start = buffer[at + 1] & 127, at + 2
            if length == 126:
                start += 2
                if size < start:
                    break
                length = int.from_bytes(buffer[at + 2:start], "big")
            elif length == 127:
                start += 8
                if size < start:
                    break
                length = int.from_bytes(buffer[at + 2:start], "big")
            if size < start + length:
                break
            self._take(buffer[at] & 15, buffer[start:start + length])
            at = start + length
        return buffer[at:]

    def _take(self, opcode: int, body: bytes) -> None:
        if opcode == PING:
            self.transport.write(frame(PONG, body))
        elif opcode == CLOSE:
            self.closed = str(int.from_bytes(body[:2], "big"))
        elif opcode == TEXT:
            judge = self.judge
            judge.messages += 1
            judge.octets += len(body)
            if body.startswith(b'{"type":"tick"') or not self.last:
                self.last = body
            if self.light:
                judge.arrived.append(time.time())
            else:
                self._message(json.loads(body), time.time() * 1000)

    def _message(self, message: dict[str, Any], now: float) -> None:
        kind, quotes = message["type"], message.get("quotes", {})
        if kind == "tick":
            if self.seq is None or message["seq"] != self.seq + 1:
                self.judge.gaps += 1
            for quote in (quote for symbol, quote in quotes.items() if (quote["received"] or 0) > self.heard.get(symbol, 0)):
                self.judge.late[min(max(int(now - quote["received"]), 0), LONGEST_MS - 1)] += 1
            self.judge.quotes += len(quotes)
        if kind in {"tick", "snapshot"}:
            self.seq = message["seq"]
            self.prices.update((symbol, quote["price"]) for symbol, quote in quotes.items())
            self.heard.update((symbol, quote["received"] or 0) for symbol, quote in quotes.items())
        if kind == "snapshot" and not self.whole.done():
            self.whole.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = self.closed or f"lost {exc}"


class Listeners:
    """The clients of this process."""

    def __init__(self) -> None:
        self.judge, self.clients, self.dead = Judge(), list[Listener](), list[socket.socket]()

    async def connect(self, host: str, port: int, subscriptions: list[str], light: bool) -> dict[str, Any]:  # noqa: FBT001
        """Open a client for each subscription, fifty at a time, and wait for their snapshots."""
        began, loop = time.monotonic(), asyncio.get_running_loop()
        gate = asyncio.Semaphore(50)

        async def one(text: str) -> Listener:
            async with gate:
                _, client = await loop.create_connection(
                    lambda: Listener(self.judge, f"{host}:{port}", text.encode(), light=light), host, port)
                await client.open if light else await asyncio.wait_for(client.whole, 60)
                return client

        self.clients += await asyncio.gather(*map(one, subscriptions))
        return {"seconds": round(time.monotonic() - began, 2), "clients": len(self.clients)}

    async def deaf(self, host: str, port: int, subscription: str) -> None:
        """Open a client that asks for the stream and never reads a byte of it."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.connect((host, port))
        made.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        await asyncio.sleep(0.3)
        made.sendall(frame(TEXT, subscription.encode()))
        self.dead.append(made)

    async def begin(self) -> None:
        self.judge.begin()

    async def told(self) -> dict[str, Any]:
        return {**self.judge.told(), "closed": [client.closed for client in self.clients if client.closed]}

    async def arrivals(self) -> list[float]:
        return self.judge.arrived

    async def wrong(self, last: dict[str, float], held: list[list[str]], ways: int) -> dict[str, Any]:
        """Compare what each client ended on with the last price of every key; clients follow portfolios in turn."""
        wrong = [(place, symbol, client.prices.get(symbol), last[symbol]) for place, client in enumerate(self.clients)
                 for symbol in held[place % ways] if symbol in last and client.prices.get(symbol) != last[symbol]]
        checked = sum(symbol in last for place in range(len(self.clients)) for symbol in held[place % ways])
        return {"checked": checked, "wrong": len(wrong), "first": wrong[:3]}

    async def last_messages(self) -> list[bytes]:
        return [client.last for client in self.clients]

    async def close(self) -> None:
        for client in self.clients:
            client.transport.abort()
        for each in self.dead:
            each.close()
        self.clients, self.dead = [], []
        await asyncio.sleep(0.2)


def listen(line: Connection) -> None:
    """Run as a process: every public coroutine of `Listeners` is a word."""
    asyncio.run(_listen(line))


async def _listen(line: Connection) -> None:
    listeners, loop = Listeners(), asyncio.get_running_loop()
    words: asyncio.Queue[tuple[str, tuple[Any, ...]] | None] = asyncio.Queue()

    def read() -> None:
        try:
            words.put_nowait(line.recv())
        except (EOFError, OSError):
            loop.remove_reader(line.fileno())
            words.put_nowait(None)

    loop.add_reader(line.fileno(), read)
    line.send("ready")
    while (said := await words.get()) is not None:
        word, given = said
        line.send(await getattr(listeners, word)(*given))
