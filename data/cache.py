"""Answers that are dear to compute, kept in Redis as JSON. Where Redis is away they are computed: slower, never wrong."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

import redis
from flask_caching.backends.rediscache import RedisCache
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.backoff import NoBackoff
from redis.retry import Retry

PREFIX: Final = "portolan:cache:"
PLAIN: Final = b"\0"  # before text that is kept as it is: no JSON begins so
TIMEOUT_SECONDS: Final = 1.0
REST_SECONDS: Final = 5.0
log = logging.getLogger("portolan.cache")


class JsonText:
    """How values are written: JSON, so that nothing read from Redis can run. Text that is an answer by itself stays as it is."""

    @staticmethod
    def dumps(value: Any) -> bytes:  # noqa: ANN401  # whatever JSON can say
        """Write a value."""
        return PLAIN + value.encode() if isinstance(value, str) else json.dumps(value, separators=(",", ":")).encode()

    @staticmethod
    def loads(text: bytes | None) -> Any:  # noqa: ANN401  # whatever JSON can say
        """Read a value; None where there is none, or none that can be read."""
        with suppress(ValueError):
            return None if text is None else text[1:].decode() if text.startswith(PLAIN) else json.loads(text)
        return None


class JsonRedisCache(RedisCache):
    """The Redis backend of flask-caching, without pickle."""

    serializer = JsonText()  # type: ignore[assignment]  # it asks for one that pickles


class CacheMetrics(Collector):
    """How often an answer was there, was computed, or was waited for with others, for Prometheus."""

    def __init__(self) -> None:
        self.counts = {"hit": 0, "computed": 0, "joined": 0}

    def collect(self) -> Iterator[Metric]:
        """Give every figure."""
        family = CounterMetricFamily("portolan_cache_answers", "Answers asked of the cache", labels=["how"])
        for how, count in self.counts.items():
            family.add_metric([how], count)
        yield family


class Cache:
    """Keeps answers under keys; of several threads that ask for the same one, one computes and the others wait for it.

    Parameters
    ----------
    url : str, optional
        Address of Redis; without one everything is computed.
    """

    def __init__(self, url: str | None) -> None:
        self._backend = JsonRedisCache(host=_client(url), key_prefix=PREFIX) if url else None
        self._rest_until = 0.0
        self._lock = threading.Lock()
        self._flights: dict[str, Future[Any]] = {}
        self.metrics = CacheMetrics()

    def get_or_compute(self, key: str, compute: Callable[[], Any], ttl: int = 300) -> Any:  # noqa: ANN401  # whatever JSON can say
        """Give the answer of a key, computed where it is not there.

        Parameters
        ----------
        key : str
            Names the answer and the state it belongs to (a revision, a date): a changed state has another key.
        compute : callable
            Gives what JSON can say.
        ttl : int
            Seconds to keep it.

        Returns
        -------
        Any
            The answer as JSON gives it back, also when it was just computed: tuples are lists, keys are text. Text is kept as it is,
            without being written as JSON once more.
        """
        flight, is_pilot = self._board(key)
        if is_pilot:
            self._fly(key, flight, compute, ttl)
        return flight.result()

    def forget(self, key: str) -> None:
        """Drop the answer of a key."""
        self._ask(lambda backend: backend.delete(key))

    def close(self) -> None:
        """Close every connection."""
        if self._backend is not None:
            self._backend._write_client.close()  # noqa: SLF001  # the client that we handed over

    def _board(self, key: str) -> tuple[Future[Any], bool]:
        """Join the flight of a key, or begin one."""
        with self._lock:
            if key in self._flights:
                self.metrics.counts["joined"] += 1
                return self._flights[key], False
            self._flights[key] = Future()
            return self._flights[key], True

    def _fly(self, key: str, flight: Future[Any], compute: Callable[[], Any], ttl: int) -> None:
        """Find or compute the answer; everybody on board gets it, or the error."""
        try:
            flight.set_result(self._found(key, compute, ttl))
        except BaseException as error:
            flight.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._flights[key]

    def _found(self, key: str, compute: Callable[[], Any], ttl: int) -> Any:  # noqa: ANN401
        kept = self._ask(lambda backend: backend.get(key))
        self.metrics.counts["computed" if kept is None else "hit"] += 1
        if kept is not None:
            return kept if isinstance(kept, str) else kept[0]
        computed = compute()
        answer = computed if isinstance(computed, str) else JsonText.loads(JsonText.dumps([computed]))
        self._ask(lambda backend: backend.set(key, answer, timeout=ttl))
        return answer if isinstance(answer, str) else answer[0]

    def _ask(self, question: Callable[[JsonRedisCache], Any]) -> Any:  # noqa: ANN401
        """Ask Redis; one that does not answer is left alone for a while, so that nobody waits for it again and again."""
        if self._backend is None or time.monotonic() < self._rest_until:
            return None
        try:
            return question(self._backend)
        except (redis.RedisError, OSError) as error:
            log.warning("the cache does not answer (%s): computing for %g s", type(error).__name__, REST_SECONDS)
            self._rest_until = time.monotonic() + REST_SECONDS
            return None


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, protocol=2, retry=Retry(NoBackoff(), 0))
