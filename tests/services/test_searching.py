"""Search at several providers: beside each other, kept for the next letter, and whoever fails or is slow is told."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from data.providers.base import Listing
from engine.errors import RateLimited
from engine.types import AssetClass
from services.searching import Searching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from data.database import Database
    from engine.types import Actor


def listing(symbol: str, provider: str) -> Listing:
    return Listing(symbol, f"{symbol} Inc.", AssetClass.EQUITY, "USD", "XNAS", None, provider)


class Source:
    """A provider, as far as a search sees it."""

    offers = frozenset({"search"})

    def __init__(self, name: str, answer: Callable[[str], list[Listing]]) -> None:
        self.name, self.answer, self.asked = name, answer, 0

    def search(self, text: str) -> list[Listing]:
        self.asked += 1
        return self.answer(text)


class Feed:
    def __init__(self, *providers: Any) -> None:
        self.providers = providers


@pytest.fixture
def searching(database: Database) -> Iterator[Callable[..., Searching]]:
    made: list[Searching] = []

    def make(*providers: Source) -> Searching:
        made.append(Searching(database, Feed(*providers)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def refuse(_text: str) -> list[Listing]:
    raise RateLimited("two", retry_after_seconds=3)


def test_answers_stand_beside_each_other_and_failures_are_told(searching: Callable[..., Searching], actor: Actor) -> None:
    one, two = Source("one", lambda _: [listing("ZZA", "one"), listing("ZZB", "one"), listing("ZZA", "one")]), Source("two", refuse)
    found = searching(one, two).search(actor, " zz ")
    assert [(each.provider, each.symbol) for each in found.listings] == [("one", "ZZA"), ("one", "ZZB")]
    assert [each.provider for each in found.missed] == ["two"]
    assert found.text == "zz"


def test_an_answer_is_kept_and_a_failure_is_not(searching: Callable[..., Searching], actor: Actor) -> None:
    one, two = Source("one", lambda _: [listing("ZZA", "one")]), Source("two", refuse)
    asked = searching(one, two)
    for _ in range(3):
        asked.search(actor, "zz")
    assert (one.asked, two.asked) == (1, 3)


def test_who_is_slow_is_told_and_kept_for_the_next_letter(searching: Callable[..., Searching], actor: Actor) -> None:
    go, done = Event(), Event()

    def slowly(_text: str) -> list[Listing]:
        go.wait(20)
        done.set()
        return [listing("ZZA", "one")]

    asked = searching(Source("one", slowly))
    assert [each.reason for each in asked.search(actor, "zz", patience_seconds=0.05).missed] == ["It has not answered yet."]
    go.set()
    assert done.wait(20)
    assert [each.symbol for each in asked.search(actor, "zz").listings] == ["ZZA"]


def test_what_is_known_is_not_told_twice(searching: Callable[..., Searching], database: Database, actor: Actor) -> None:
    with database.begin() as unit:
        unit.instruments.put(actor.workspace_id, actor.user_id, "ZZA", name="ZZA Inc.", asset_class=AssetClass.EQUITY, currency="USD")
    found = searching(Source("one", lambda _: [listing("ZZA", "one")])).search(actor, "ZZA")
    assert ([each.symbol for each in found.known], found.listings) == (["ZZA"], ())
