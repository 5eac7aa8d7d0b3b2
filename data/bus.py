"""Redis as the bus: what one process tells all others, and the latest quotes for whoever starts late.

Nothing here is the truth: PostgreSQL has it. A message that is lost is made good by whoever listens, because a listener is told when
it was deaf (`Lost`) and when it hears again (`Regained`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

import redis
import redis.asyncio
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.errors import BusError
from engine.types import Quote

log = logging.getLogger("portolan.bus")
QUOTES: Final = "portolan:quotes"
LEDGER: Final = "portolan:ledger"
MARKET: Final = "portolan:market"
ALERTS: Final = "portolan:alerts"  # to the screens of a workspace: a rule fired, events were seen
RULES: Final = "portolan:rules"  # rules are others: whoever evaluates them reads them again
LATEST: Final = "portolan:latest"
ALIVE: Final = "portolan:alive"
TIMEOUT_SECONDS: Final = 2.0
SILENCE_SECONDS: Final = 5.0
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 5.0
PUT_LATEST: Final = """
    local written = 0
    for place = 1, #ARGV, 2 do
        local stored = redis.call('HGET', KEYS[1], ARGV[place])
        local old, new = stored and cjson.decode(stored), cjson.decode(ARGV[place + 1])
        if not old or (new.ts > old.ts and (old.simulated or not new.simulated)) then
            redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 1])
            written = written + 1
        end
    end
    return written
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody published."""

    channel: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """The bus is not heard any more: whatever is published from here on is missed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Regained:
    """The bus is heard again: what was published in between is gone, read the state anew."""


Event = Message | Lost | Regained


class Bus:
    """Publishes, subscribes, and holds the latest quotes.

    Parameters
    ----------
    url : str
        `redis://...`, `rediss://...` or `unix://...`
    """

    def __init__(self, url: str | None) -> None:
        if not url:
            raise BusError("No Redis is given.", hint="Set REDIS_URL, or start the embedded one")
        self._url = url
        with _translated():
            self._client = redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, protocol=2,
                                                retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)), decode_responses=True)
        self._put_latest = self._client.register_script(PUT_LATEST)

    def publish(self, channel: str, message: Mapping[str, Any]) -> int:
        """Tell everybody who listens; gives how many did.

        Raises
        ------
        BusError
            Where Redis does not answer. The truth is stored by then, so that a caller may go on.
        """
        with _translated():
            return self._client.publish(channel, encode(message))

    def put_latest(self, quotes: Iterable[Quote]) -> int:
        """Keep quotes for whoever starts late, by the rule of the database: newer ones, and never simulated over real. Gives how many."""
        members = [part for quote in quotes for part in (str(quote.instrument_id), encode(_members(quote)))]
        with _translated():
            return int(cast("int", self._put_latest(keys=[LATEST], args=members))) if members else 0

    def latest(self) -> dict[UUID, Quote]:
        """Give the latest quote of every instrument that Redis knows one of."""
        with _translated():
            stored = cast("dict[str, str]", self._client.hgetall(LATEST))
        return {UUID(key): _quote(json.loads(text)) for key, text in stored.items()}

    def ping(self) -> None:
        """Ask for a sign of life, and whether it takes what is to be kept; `BusError` where it does not."""
        with _translated():
            self._client.set(ALIVE, 1, ex=60)

    async def subscribe(self, *channels: str) -> AsyncGenerator[Event]:
        """Listen for ever: messages as they come, `Lost` when the bus is not heard any more, `Regained` when it is again.

        Reconnects by itself, after pauses that double up to five seconds. A connection that is silent is asked whether it lives.
        """
        pause, deaf = FIRST_PAUSE_SECONDS, False
        while True:
            try:
                async with self._subscription(channels) as heard:
                    if deaf:
                        yield Regained()
                    pause, deaf = FIRST_PAUSE_SECONDS, False
                    async with aclosing(_messages(heard)) as messages:
                        async for message in messages:
                            yield message
            except (redis.RedisError, OSError) as error:
                if not deaf:
                    yield Lost(str(error))
                deaf = True
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # spreads reconnects, guards nothing
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def _subscription(self, channels: Iterable[str]) -> _Subscription:
        return _Subscription(self._url, tuple(channels))


class _Subscription:
    """One connection that has heard the confirmation of each of its channels."""

    def __init__(self, url: str, channels: tuple[str, ...]) -> None:
        self._client = redis.asyncio.Redis.from_url(url, socket_timeout=None, socket_connect_timeout=TIMEOUT_SECONDS, protocol=2,
                                                    retry=AsyncRetry(NoBackoff(), 0), decode_responses=True)
        self._pubsub = self._client.pubsub()
        self._channels = channels

    async def __aenter__(self) -> PubSub:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS * 2):
                await self._pubsub.subscribe(*self._channels)
                for _ in self._channels:
                    await self._pubsub.get_message(timeout=TIMEOUT_SECONDS)
        except BaseException:
            await self.__aexit__()
            raise
        return self._pubsub

    async def __aexit__(self, *_error: object) -> None:
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._client.aclose()


async def _messages(pubsub: PubSub) -> AsyncGenerator[Message]:
    """Give what is published; two silences without an answer to the question in between end it."""
    asked = False
    while True:
        raw = await pubsub.get_message(timeout=SILENCE_SECONDS)
        if raw is None:
            if asked:
                raise redis.ConnectionError("the connection is silent")
            await pubsub.ping()
        asked = raw is None
        if raw is not None and raw["type"] == "message" and (message := _message(raw)):
            yield message


def _message(raw: Mapping[str, str]) -> Message | None:
    """Read a message; what is not ours on a shared server is passed over."""
    try:
        body = json.loads(raw["data"])
    except ValueError:
        body = None
    if not isinstance(body, dict):
        log.warning("unreadable message on %s", raw["channel"])
        return None
    return Message(raw["channel"], body)


def encode(message: Mapping[str, Any]) -> str:
    """Write a message as JSON; ids as text, instants as RFC 3339 in UTC to the microsecond, which sort as they read."""
    return _ENCODER.encode(message)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"cannot tell a {type(value).__name__} on the bus")


_ENCODER: Final = json.JSONEncoder(default=_plain, separators=(",", ":"), allow_nan=False)  # one for all: each batch has thousands of quotes


def _members(quote: Quote) -> dict[str, Any]:
    return {"id": quote.instrument_id, "symbol": quote.symbol, "price": quote.price, "ts": quote.ts, "received": quote.received,
            "source": quote.source, "currency": quote.currency, "volume": quote.volume, "simulated": quote.simulated}


def _quote(members: Mapping[str, Any]) -> Quote:
    return Quote(instrument_id=UUID(members["id"]), symbol=members["symbol"], price=members["price"], ts=datetime.fromisoformat(members["ts"]),
                 received=datetime.fromisoformat(members["received"]), source=members["source"], currency=members["currency"],
                 volume=members["volume"], simulated=members["simulated"])


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what redis raises inside the block into the error of the house; addresses and passwords stay inside."""
    try:
        yield
    except (redis.exceptions.OutOfMemoryError, redis.exceptions.ReadOnlyError) as error:
        raise BusError("Redis keeps nothing more.", reason=type(error).__name__) from error
    except (redis.RedisError, OSError) as error:
        raise BusError("Redis does not answer.", reason=type(error).__name__) from error
    except ValueError as error:
        raise BusError("The address of Redis cannot be read.", hint="REDIS_URL starts with redis://, rediss:// or unix://") from error
