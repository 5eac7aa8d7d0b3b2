"""Results that are taken from whoever worked them out last."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from services import recent
from services.recent import Recent


class Clock:
    """Time that passes where a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(recent, "time", made)
    return made


def counting(clock: Clock, seconds: float) -> Any:
    calls: list[int] = []

    def work() -> int:
        clock.now += seconds
        calls.append(1)
        return len(calls)

    return work


def test_a_cheap_result_follows_its_version_and_a_dear_one_holds_for_a_while(clock: Clock) -> None:
    kept: Recent[int] = Recent(4)
    cheap, dear = counting(clock, 0.0), counting(clock, 3.0)
    assert [kept.get_or_compute("cheap", version, cheap) for version in (1, 1, 2, 3)] == [1, 1, 2, 3]
    assert kept.get_or_compute("dear", 1, dear) == 1
    clock.now += 59
    assert kept.get_or_compute("dear", 2, dear) == 1, "three seconds of work are worth a minute"
    clock.now += 2
    assert kept.get_or_compute("dear", 2, dear) == 2
    clock.now += 10_000
    assert kept.get_or_compute("dear", 2, dear) == 2, "the same version is the same result"


def test_who_asks_meanwhile_gets_the_one_before() -> None:
    kept: Recent[str] = Recent(4)
    assert kept.get_or_compute("key", 1, lambda: "old") == "old"
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        inside.set()
        go_on.wait(20)
        return "new"

    worker = threading.Thread(target=lambda: kept.get_or_compute("key", 2, slow))
    worker.start()
    inside.wait(20)
    assert kept.get_or_compute("key", 2, lambda: "another") == "old"
    go_on.set()
    worker.join(20)
    assert kept.get_or_compute("key", 2, lambda: "another") == "new"


def test_an_error_is_told_and_not_kept_and_the_oldest_give_way() -> None:
    kept: Recent[int] = Recent(2)
    with pytest.raises(ZeroDivisionError):
        kept.get_or_compute("a", 1, lambda: 1 // 0)
    assert kept.get_or_compute("a", 1, lambda: 1) == 1
    for number, key in enumerate("bc"):
        kept.get_or_compute(key, 1, lambda number=number: number)
    assert kept.get_or_compute("a", 1, lambda: 7) == 7
