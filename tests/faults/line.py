"""A line of our own between a server and its database or Redis: it passes bytes on, or slows, silences, cuts and refuses them."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

CHUNK = 65_536


@dataclass
class Line:
    """Listens on a port of loopback and connects to a unix socket; `with Line(path) as line:`.

    `delay` waits before each answer, `mute` keeps answers back for as long as it is set, `refusing` closes at once what comes,
    `lost` names a write: the answer to the COMMIT of the connection that carried this text is thrown away, and the connection with it.
    """

    path: str
    port: int = 0
    delay: float = 0.0
    mute: bool = False
    refusing: bool = False
    lost: bytes | None = None
    cuts: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._joined, "127.0.0.1", self.port))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.close()
        self.cut()
        self._do(asyncio.sleep(0.05))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Cut every connection there is."""
        self._loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in tuple(self._open)])

    def _do(self, work: object) -> object:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)  # type: ignore[arg-type]

    async def _joined(self, near: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """Carry one connection until either end has gone."""
        if self.refusing:
            answers.transport.abort()
            return
        try:
            far, asks = await asyncio.open_unix_connection(self.path)
        except OSError:
            answers.transport.abort()
            return
        ends = {answers, asks}
        self._open |= ends
        wire = _Wire(self)
        with suppress(OSError):
            await asyncio.wait([asyncio.ensure_future(wire.ask(near, asks)), asyncio.ensure_future(wire.answer(far, answers))],
                               return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.transport.abort()
        self._open -= ends


@dataclass
class _Wire:
    """One connection on a line."""

    line: Line
    marked: bool = False  # it carries the write whose answer is to be lost
    doomed: bool = False  # its next answer is thrown away, and it with it

    async def ask(self, near: asyncio.StreamReader, asks: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await near.read(CHUNK):
                self.marked = self.marked or (self.line.lost is not None and self.line.lost in data)
                if self.marked and b"COMMIT" in data:
                    self.line.lost, self.doomed = None, True
                asks.write(data)
                await asks.drain()

    async def answer(self, far: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await far.read(CHUNK):
                if self.doomed:
                    self.line.cuts += 1
                    return
                await asyncio.sleep(self.line.delay)
                while self.line.mute:  # noqa: ASYNC110  # it is set from another thread
                    await asyncio.sleep(0.02)
                answers.write(data)
                await answers.drain()


def socket_of(url: str) -> str:
    """Find the unix socket in an address of the embedded servers."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return unquote(parts.path)
    return f"{unquote(parts.query.removeprefix('host='))}/.s.PGSQL.5432"
