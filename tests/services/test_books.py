"""Books are kept, computed once however many ask, and an error is told to all and kept by nobody."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.books import Kept


def test_what_several_ask_for_at_once_is_computed_once() -> None:
    kept: Kept[int] = Kept(4)
    asked, gate, runs = threading.Barrier(8), threading.Event(), []

    def compute() -> int:
        runs.append(1)
        gate.wait(5)
        return 42

    def ask() -> int:
        asked.wait(5)
        return kept.get_or_compute("key", compute)

    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(ask) for _ in range(8)]
        while not runs:
            pass
        gate.set()
        assert [answer.result(5) for answer in answers] == [42] * 8
    assert len(runs) == 1


def test_an_error_is_told_and_not_kept() -> None:
    kept: Kept[int] = Kept(4)

    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.get_or_compute("key", fail)
    assert kept.get_or_compute("key", lambda: 7) == 7


def test_only_so_many_are_kept_and_the_last_used_stay() -> None:
    kept: Kept[str] = Kept(2)
    for key in ("a", "b", "a", "c"):
        kept.get_or_compute(key, lambda: "first")
    assert [kept.get_or_compute(key, lambda: "anew") for key in ("a", "c", "b")] == ["first", "first", "anew"]
