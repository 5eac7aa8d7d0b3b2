"""Books are kept, computed once however many ask, and an error is told to all and kept by nobody."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from engine import book
from engine.frames import ledger_frame
from engine.types import Actor
from services import Services
from services.books.service import Books, Kept, in_currency


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


@pytest.mark.parametrize(("wanted", "cost"), [("GBP", 50 * 1.2 * 0.75), ("EUR", 50.0), ("USD", 50 * 1.2)])
def test_lots_brought_in_cost_what_they_cost_in_any_currency(wanted: str, cost: float) -> None:
    """A lot of 50 EUR that came with its rate to the portfolio's dollars is told at the rates of the day it was acquired."""
    days = pd.to_datetime(["2020-01-01", "2024-01-01"])
    fx = pd.DataFrame({"USDGBP": [0.75, 0.8], "EURUSD": [1.2, 1.1], "EURGBP": [0.9, 0.88]}, index=days)
    lots = [{"date": "2020-01-02", "quantity": "10", "cost": "50", "fx_rate": "1.2"}]
    brought = {"date": "2024-01-02", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 10, "currency": "EUR", "lots": lots}
    told = in_currency(ledger_frame([brought]), fx, "USD", wanted)
    assert book(told, base_currency=wanted, fx=fx).lots["cost_base"].tolist() == [pytest.approx(cost)]
    assert lots[0]["fx_rate"] == "1.2", "the ledger itself is left alone"


def test_a_result_takes_the_place_of_the_one_before_it_of_its_subject() -> None:
    kept: Kept[int] = Kept(4)
    for revision in range(3):
        assert kept.get_or_compute(("ledger", revision), lambda revision=revision: revision, subject="ledger") == revision
    assert kept.get_or_compute("other", lambda: 7) == 7
    assert [kept.has(("ledger", revision)) for revision in range(3)] == [False, False, True]
    assert kept.has("other")
    assert kept.get_or_compute(("ledger", 1), lambda: 11, subject="ledger") == 11, "asked again it is computed again"
    assert not kept.has(("ledger", 2))


def test_what_is_written_leaves_one_book_of_all_portfolios(services: Services, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books()
    monkeypatch.setattr(services.valuation, "_books", books)
    places = [services.portfolios.create(actor, {"name": name, "base_currency": "USD"}) for name in "AB"]
    for count in range(3):
        services.transactions.record(actor, places[0].id, [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": "5", "currency": "USD"}])
        assert services.valuation.holdings(actor, "all").snapshot.totals["cash"] == 5 * (count + 1)
        assert len(books._merged._values) == 1, "the one before it is nobody's any more"
