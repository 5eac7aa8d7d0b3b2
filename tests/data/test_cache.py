from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from data import cache as module
from data.cache import PREFIX, Cache
from data.servers import RedisServer
from data.settings import Settings


class Counted:
    """A computation that counts how often it is asked."""

    def __init__(self, answer: Any, seconds: float = 0) -> None:
        self.answer, self.seconds, self.times = answer, seconds, 0

    def __call__(self) -> Any:
        self.times += 1
        time.sleep(self.seconds)
        return self.answer


@pytest.fixture
def key() -> str:
    return str(uuid4())


@pytest.mark.parametrize("answer", [{"rows": [1, 2.5, None, "ü"]}, [], 0, None, False, 0.1 + 0.2])
def test_an_answer_is_computed_once(cache: Cache, key: str, answer: Any) -> None:
    compute = Counted(answer)
    assert [cache.get_or_compute(key, compute) for _ in range(3)] == [answer] * 3
    assert compute.times == 1


def test_a_fresh_answer_is_of_the_same_types_as_a_kept_one(cache: Cache, key: str) -> None:
    assert cache.get_or_compute(key, lambda: {1: (1, 2)}) == cache.get_or_compute(key, dict) == {"1": [1, 2]}


def test_workers_share_answers_as_json(cache: Cache, settings: Settings, key: str) -> None:
    cache.get_or_compute(key, lambda: {"value": 1.5})
    other = Cache(settings.redis_url)
    assert other.get_or_compute(key, dict) == {"value": 1.5}
    other.close()
    with redis.Redis.from_url(settings.redis_url or "") as client:
        assert client.get(PREFIX + key) == b'[{"value":1.5}]'
        assert 0 < client.ttl(PREFIX + key) <= 300


def test_answers_expire_and_are_forgotten(cache: Cache, key: str) -> None:
    compute = Counted(1)
    cache.get_or_compute(key, compute, ttl=1)
    time.sleep(1.1)
    cache.get_or_compute(key, compute)
    cache.forget(key)
    cache.get_or_compute(key, compute)
    assert compute.times == 3


def test_of_many_who_ask_at_once_one_computes(cache: Cache, key: str) -> None:
    compute, together = Counted([7], seconds=0.1), threading.Barrier(8)

    def ask(_: int) -> Any:
        together.wait(5)
        return cache.get_or_compute(key, compute)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [[7]] * 8
    assert compute.times == 1


def test_an_error_reaches_all_who_wait_and_is_not_kept(cache: Cache, key: str) -> None:
    together = threading.Barrier(3)

    def fails() -> Any:
        time.sleep(0.1)
        raise ZeroDivisionError

    def ask(_: int) -> str:
        together.wait(5)
        with pytest.raises(ZeroDivisionError):
            cache.get_or_compute(key, fails)
        return "told"

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(ask, range(3))) == ["told"] * 3
    assert cache.get_or_compute(key, lambda: 1) == 1


@pytest.mark.parametrize("text", [b"not json", b"\x80\x04pickled"])
def test_what_cannot_be_read_is_computed(cache: Cache, settings: Settings, key: str, text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_rest_until", 0.0)
    with redis.Redis.from_url(settings.redis_url or "") as client:
        client.set(PREFIX + key, text)
    assert cache.get_or_compute(key, lambda: 5) == 5


@pytest.mark.parametrize("make", [lambda: Cache(None), lambda: Cache("redis://127.0.0.1:1/0")])
def test_without_redis_everything_is_computed(make: Callable[[], Cache], key: str) -> None:
    cache, compute = make(), Counted(1)
    assert [cache.get_or_compute(key, compute) for _ in range(20)] == [1] * 20
    cache.forget(key)
    assert compute.times == 20
    cache.close()


def test_redis_that_comes_back_is_used_again(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0.05)
    server, compute = RedisServer(tmp_path / "r.sock", tmp_path), Counted(1)
    cache = Cache(server.url)
    cache.get_or_compute(key, compute)
    server.start(print)
    time.sleep(0.1)
    for _ in range(3):
        cache.get_or_compute(key, compute)
    server.stop()
    assert compute.times == 2
    assert cache.get_or_compute(key, compute) == 1
    cache.close()
