"""One connection as the hub sees it: what it follows, what it has been sent, and nothing that can grow."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Protocol

from engine.types import Actor
from services.live.limits import Cut, Limits
from services.live.topic import NEVER, Topic


class Source(Protocol):
    """What a client asks of the hub."""

    number: int
    flush_ms: int

    def clock(self) -> float:
        """Give seconds that only go forward."""

    def now_ms(self) -> int:
        """Give milliseconds since 1970."""

    def condition(self) -> str:
        """Give the member that says whether the bus is heard."""

    def news(self, topic: Topic, since: int) -> bool:
        """Tell whether anything a topic shows changed after flush `since`."""

    def body(self, topic: Topic, since: int) -> str:
        """Give the encoded changes of a topic after flush `since`."""

    def packed(self, topic: Topic, since: int, stamp: str) -> bytes:
        """Give them as bytes that end a message."""


class Outlet(Protocol):
    """A socket that can be written to without waiting."""

    def ready(self) -> bool:
        """Tell whether it takes a message now: it is open, and what was written before is not piling up."""

    def put(self, head: bytes, tail: bytes) -> None:
        """Write one text message that comes in two parts."""


class Allowance:
    """A bucket of operations that fills again with time."""

    def __init__(self, rate: float, burst: float, at: float) -> None:
        self.rate, self.burst, self.left, self.at = rate, burst, burst, at

    def take(self, at: float) -> bool:
        """Take one operation out, if there is one."""
        self.left, self.at = min(self.burst, self.left + (at - self.at) * self.rate), at
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Client:
    """A mailbox: `receive()` gives the next message, made from the newest state at that moment."""

    def __init__(self, hub: Source, actor: Actor, limits: Limits, at: float) -> None:
        self.actor = actor
        self.portfolios: frozenset[str] = frozenset()
        self.symbols: frozenset[str] = frozenset()
        self.risk = False  # its portfolios are followed with their risk
        self.topic: Topic | None = None
        self.sent = NEVER  # the flush whose state it has
        self.seq = 0
        self.paused = False
        self.cut: Cut | None = None
        self.ended = asyncio.Event()
        self.handed_at = at
        self.waiting = False
        self.outlet: Outlet | None = None
        self._hub = hub
        self._limits = limits
        self._wake = asyncio.Event()
        self._replies: deque[str] = deque()
        self._notices: deque[str] = deque(maxlen=limits.notices_waiting)
        self._allowance = Allowance(limits.operations_a_second, limits.operations_at_once, at)
        self._heartbeat = False
        self._told_at = 0.0

    # ------------------------------------------------------------------------------------------------ what the hub and the socket call

    def wake(self) -> None:
        """Look again whether there is something to send."""
        self._wake.set()

    def push(self, at: float, stamp: str) -> bool:
        """Put the changes of a flush straight into the socket where it waits for them; else whoever writes to it is woken.

        So a flush costs a client no task and no turn of the event loop; one that is behind, paused or new goes the long way.
        """
        topic, outlet = self.topic, self.outlet
        if topic is None or outlet is None or not self.waiting or self.paused or self.sent == NEVER or self._replies or self._notices \
                or at < self._told_at + self._limits.spacing_seconds or not outlet.ready():
            self._wake.set()
            return False
        tail = self._hub.packed(topic, self.sent, stamp)
        self.seq += 1
        self.sent, self._told_at, self._heartbeat = self._hub.number, at, False
        outlet.put(b'{"type":"tick","seq":%d,' % self.seq, tail)
        return True

    def beat(self) -> None:
        """Say at the next occasion that the line is alive."""
        self._heartbeat = True
        self._wake.set()

    def end(self, reason: Cut) -> None:
        """Close the mailbox; `receive` gives None from now on."""
        if self.cut is None:
            self.cut = reason
        self.ended.set()
        self._wake.set()

    def reply(self, **message: object) -> None:
        """Put an answer in front of the stream; a client that lets them pile up is cut."""
        if len(self._replies) >= self._limits.replies_waiting:
            self.end(Cut.TOO_MANY_REQUESTS)
            return
        self._replies.append(json.dumps(message, separators=(",", ":")))
        self._wake.set()

    def notice(self, message: str) -> None:
        """Put an encoded message of its own beside the stream; of those that wait only the newest are kept, the list has all."""
        self._notices.append(message)
        self._wake.set()

    def allowed(self) -> bool:
        """Tell whether the client may ask for something now."""
        return self._allowance.take(self._hub.clock())

    def follow(self, topic: Topic | None) -> None:
        """Move to another subscription: the next message is its whole state."""
        if self.topic is not None:
            self.topic.clients.discard(self)
        self.topic = topic
        self.sent = NEVER
        if topic is not None:
            topic.clients.add(self)
        self._wake.set()

    def resync(self) -> None:
        """Send the whole state again."""
        self.sent = NEVER
        self._wake.set()

    def overdue(self, at: float) -> bool:
        """Tell whether the last message was handed out long ago and the next is still not asked for."""
        return not self.waiting and at - self.handed_at > self._limits.unread_seconds

    async def receive(self) -> str | None:
        """Wait for the next message; None once the connection has ended."""
        self.waiting = True
        try:
            while not self.ended.is_set():
                await self._space()
                message = self._next()
                if message is not None:
                    return message
                self._wake.clear()
                await self._wake.wait()
            return None
        finally:
            self.waiting = False
            self.handed_at = self._hub.clock()

    # ------------------------------------------------------------------------------------------------------------------------ inside

    async def _space(self) -> None:
        pause = self._told_at + self._limits.spacing_seconds - self._hub.clock()
        if pause > 0 and not self._replies:
            await asyncio.sleep(pause)

    def _next(self) -> str | None:
        if self._replies:
            return self._replies.popleft()
        if self._notices:
            return self._notices.popleft()
        message = self._state()
        if message is None and self._heartbeat:
            message = f'{{"type":"heartbeat",{self._stamp()}}}'
        if message is not None:
            self._heartbeat = False
        return message

    def _state(self) -> str | None:
        """Give what changed since the last message, if anything did and the client wants it."""
        topic, number = self.topic, self._hub.number
        if topic is None or (self.sent != NEVER and (self.paused or not self._hub.news(topic, self.sent))):
            return None
        body, fresh = self._hub.body(topic, self.sent), self.sent == NEVER
        self.sent, self._told_at = number, self._hub.clock()
        if fresh:
            return f'{{"type":"snapshot","seq":{self.seq},"flush_ms":{self._hub.flush_ms},{self._stamp()},{body}}}'
        self.seq += 1
        return f'{{"type":"tick","seq":{self.seq},{self._stamp()},{body}}}'

    def _stamp(self) -> str:
        return f'"ts":{self._hub.now_ms()},{self._hub.condition()}'
