"""Prices out of dropped files, by the way of all prices."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from data import calendar
from engine.types import Actor
from services import Services
from services.imports.dropped import DroppedFiles


@dataclass
class Place:
    """A folder, the service that takes from it, and two symbols that its person knows."""

    path: Path
    files: DroppedFiles
    one: str
    two: str

    def drop(self, name: str, content: str) -> None:
        path = self.path / name
        self.path.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
        written = (calendar.now() - timedelta(seconds=60)).timestamp()
        os.utime(path, (written, written))

    def reason(self, name: str) -> str:
        return (self.path / "failed" / f"{name}.reason.txt").read_text(encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path, services: Services, actor: Actor) -> Place:
    one, two = (f"F{uuid4().hex[:8].upper()}" for _ in range(2))
    for symbol in (one, two):
        services.instruments.put(actor, symbol, {"currency": "USD"})
    return Place(tmp_path / "prices", DroppedFiles(tmp_path / "prices", lambda: actor, services.market, services.instruments), one, two)


def test_quotes_are_taken_in(place: Place, services: Services, actor: Actor) -> None:
    ts = (calendar.now() - timedelta(minutes=1)).replace(microsecond=0)
    place.drop("q.csv", f"symbol,price,ts\n{place.one},101.5,{ts.isoformat()}\n{place.two},7,{int(ts.timestamp() * 1000)}\n")
    assert place.files.take() == {"files": {"q.csv": "2 quotes, 0 held back"}}
    found = {quote.symbol: quote for quote in services.market.quotes(actor, [place.one, place.two])}
    assert [(found[each].price, found[each].ts, found[each].source) for each in (place.one, place.two)] == [
        (101.5, ts, "folder"), (7.0, ts, "folder")]
    assert (place.path / "done" / "q.csv").exists()
    assert place.files.take() is None


def test_bars_are_taken_in_by_column_or_by_the_name_of_the_file(place: Place, services: Services, actor: Actor) -> None:
    place.drop("many.csv", f"symbol,date,open,high,low,close,volume\n{place.one},2026-01-02,1,3,0.5,2,10\n{place.two},2026-01-02,,,,5,\n")
    place.drop(f"{place.one}.csv", "date;close\n2026-01-05;2.5\n")
    told = place.files.take()
    assert told is not None
    assert set(told["files"]) == {"many.csv", f"{place.one}.csv"}
    bars = services.instruments.bars(actor, place.one).items
    assert [(bar.date, str(bar.close), bar.source) for bar in bars] == [(date(2026, 1, 2), "2", "folder"), (date(2026, 1, 5), "2.5", "folder")]
    assert str(services.instruments.bars(actor, place.two).items[0].close) == "5"


BAD: dict[str, tuple[Callable[[Place], str], str]] = {
    "unknown": (lambda place: f"symbol,price\n{place.one},1\nNOSUCH,2\n", "NOSUCH"),
    "no-price": (lambda place: f"symbol,price\n{place.one},1\n{place.two},N/D\n", "row 2"),
    "bad-bar": (lambda place: f"symbol,date,close\n{place.one},2026-01-02,1\n{place.two},2026-01-02,0\n", "close"),
    "future": (lambda place: f"symbol,date,close\n{place.one},2999-01-02,1\n", "future"),
    "columns": (lambda place: f"symbol,value\n{place.one},1\n", "symbol, price, ts"),
    "currency": (lambda place: f"symbol,price,currency\n{place.one},1,EUR\n", "USD"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_with_a_fault_is_not_taken_at_all(place: Place, services: Services, actor: Actor, name: str) -> None:
    content, said = BAD[name]
    place.drop(f"{name}.csv", content(place))
    told = place.files.take()
    assert told is not None
    assert told["files"][f"{name}.csv"].startswith("failed: ")
    assert said in place.reason(f"{name}.csv")
    assert services.instruments.bars(actor, place.one).items == ()
    assert [quote for quote in services.market.quotes(actor, [place.one]) if quote.price is not None] == []


def test_a_file_that_was_taken_in_before_its_process_died_has_one_effect(place: Place, services: Services, actor: Actor) -> None:
    place.drop("q.csv", f"symbol,price\n{place.one},101.5\n")
    taken = next(place.files._folder.take())
    place.files._taken(taken)  # and here the process dies
    first = services.market.quotes(actor, [place.one])[0]
    assert place.files.take() == {"files": {"q.csv": "1 quotes, 0 held back"}}
    assert services.market.quotes(actor, [place.one])[0].ts == first.ts


def test_a_price_that_is_not_believed_is_held_back_and_told(place: Place, services: Services, actor: Actor) -> None:
    place.drop("a.csv", f"symbol,price\n{place.one},100\n")
    place.files.take()
    place.drop("b.csv", f"symbol,price\n{place.one},-5\n")
    assert place.files.take() == {"files": {"b.csv": "0 quotes, 1 held back"}}
    assert services.market.quotes(actor, [place.one])[0].price == 100.0
    assert [held.symbol for held in services.market.quarantine(actor)] == [place.one]
