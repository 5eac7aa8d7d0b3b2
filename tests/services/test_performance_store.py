"""What is stored and extended equals what is laid from scratch, whatever changed in between; and nothing is computed twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from data import calendar
from data.cache import Cache
from engine.panel import Panel
from engine.types import Actor
from services import Services
from services.books.valuation import Valuation
from services.performance import panels as performance_panels
from services.performance.panels import Panels
from services.performance.service import Performance
from services.performance.store import CELLS, Closed, closed_days, packed, unpacked
from services.performance.views import PerformanceQuestion

SYMBOLS = {"AAA": "USD", "BBB": "EUR", "CCC": "USD"}
FIRST = date(2024, 1, 2)
DAYS = [FIRST + timedelta(days=number) for number in range(60)]


@pytest.fixture
def world(services: Services, actor: Actor) -> Services:
    """Three instruments in two currencies, one of them without a price at first."""
    for place, (symbol, currency) in enumerate(SYMBOLS.items()):
        services.instruments.put(actor, symbol, {"name": symbol, "currency": currency})
        closes = [{"date": str(day), "close": 100 + 10 * place + number % 7} for number, day in enumerate(DAYS[:40]) if number % 3 != 2]
        services.instruments.put_bars(actor, symbol, closes[10:] if symbol == "CCC" else closes)
    services.instruments.put_rates(actor, "EURUSD", [{"date": str(day), "rate": 1.1 + 0.001 * number} for number, day in enumerate(DAYS[:40:2])])
    return services


def laid(panels: Panels, services: Services, actor: Actor, key: UUID | str, *, fresh: bool = False) -> Panel:
    """Lay a portfolio out with the books that are kept, or with nothing kept at all."""
    performance = process(services) if fresh else services.performance
    with services.database.read() as unit:
        asked = performance._asked(unit, actor, str(key), PerformanceQuestion())  # what the service itself lays out
        return performance_panels.merged(panels.laid(unit, actor, asked.scene))


def process(services: Services, cache: Cache | None = None) -> Performance:
    """Measure as another process would, which has booked nothing yet."""
    return Performance(services.database, cache or services.cache, services.market, Valuation(services.database, services.market))


def forget(services: Services, key: UUID) -> None:
    with services.database.begin() as unit:
        unit.valuations.forget([key])


def same(found: Panel, expected: Panel) -> None:
    """Compare to the last bit: returns on next to no capital magnify any difference."""
    assert found.days.tolist() == expected.days.tolist()
    assert found.rows == expected.rows
    for name in CELLS:
        assert np.array_equal(getattr(found, name).astype(float), getattr(expected, name).astype(float), equal_nan=True), name


class Changes:
    """A hand that changes what is past."""

    def __init__(self, services: Services, actor: Actor, key: UUID, seed: int) -> None:
        self.services, self.actor, self.key, self.random = services, actor, key, np.random.default_rng(seed)

    def make(self) -> None:
        ways = [self.trade, self.trade, self.correct, self.void, self.bar, self.new_bar, self.rate, self.split, self.terms]
        self.pick(ways)()

    def pick(self, among: Sequence[Any]) -> Any:
        return among[int(self.random.integers(len(among)))]

    def day(self) -> str:
        return str(self.pick(DAYS))

    def trade(self) -> None:
        symbol = self.pick([*SYMBOLS])
        kind = self.pick(["BUY", "SELL", "DIVIDEND", "DEPOSIT"])
        quantity = int(self.random.integers(1, 10))
        draft: dict[str, Any] = {"date": self.day(), "kind": kind, "symbol": symbol, "quantity": quantity, "price": "101.5", "fee": "1"}
        if kind in {"DIVIDEND", "DEPOSIT"}:
            draft = {"date": self.day(), "kind": kind, "amount": "50", **({"symbol": symbol} if kind == "DIVIDEND" else {"currency": "USD"})}
        self.services.transactions.record(self.actor, self.key, [draft])

    def one(self) -> Any:
        return self.pick(self.services.transactions.find(self.actor, self.key).items)

    def correct(self) -> None:
        entry = self.one()
        self.services.transactions.correct(self.actor, self.key, entry.id, entry.version, {"date": self.day(), "fee": "2"})

    def void(self) -> None:
        entry = self.one()
        self.services.transactions.void(self.actor, self.key, entry.id, entry.version)
        self.services.transactions.record(self.actor, self.key, [{"date": self.day(), "kind": "DEPOSIT", "amount": "10"}])

    def bar(self) -> None:
        self.services.instruments.put_bars(self.actor, self.pick([*SYMBOLS]), [{"date": self.day(), "close": int(self.random.integers(90, 131))}])

    def new_bar(self) -> None:
        """As the poller does: no ledger gets a new revision."""
        with self.services.database.begin() as unit:
            found = unit.instruments.by_symbols(self.actor.workspace_id, ["AAA"])["AAA"]
            unit.instruments.put_bars(found.id, [replace(unit.instruments.bars(found.id)[-1], date=date.fromisoformat(self.day()))])

    def rate(self) -> None:
        self.services.instruments.put_rates(self.actor, "EURUSD", [{"date": self.day(), "rate": str(1 + float(self.random.random()) / 5)}])

    def split(self) -> None:
        self.services.transactions.record(self.actor, self.key, [{"date": self.day(), "kind": "SPLIT", "symbol": "AAA", "ratio": "2"}])

    def terms(self) -> None:
        self.services.instruments.put(self.actor, "BBB", {"multiplier": self.pick(["1", "10"])})


@pytest.mark.parametrize("seed", range(4))
def test_stored_and_extended_equals_from_scratch(world: Services, actor: Actor, seed: int) -> None:
    key = world.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    buys = [(FIRST, "CCC"), *zip(DAYS[3:30:5], [*SYMBOLS] * 2, strict=True)]
    drafts = [{"date": str(day), "kind": "BUY", "symbol": symbol, "quantity": 2, "price": 100, "fee": 1} for day, symbol in buys]
    world.transactions.record(actor, key, [{"date": str(FIRST), "kind": "DEPOSIT", "amount": "10000"}, *drafts])
    kept, hand = Panels(world.database), Changes(world, actor, key, seed)
    for _ in range(12):
        hand.make()
        after_restart = laid(Panels(world.database), world, actor, key)  # begins with what is stored
        from_memory = laid(kept, world, actor, key)
        forget(world, key)
        scratch = laid(Panels(world.database), world, actor, key, fresh=True)
        same(after_restart, scratch)
        same(from_memory, scratch)


def test_a_close_before_the_first_transaction_makes_no_day(world: Services, actor: Actor) -> None:
    """What is bought today gives the days before it no closes: returns of days long gone do not change with it."""
    key = world.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    world.instruments.put(actor, "LATE", {"name": "LATE", "currency": "USD"})
    world.instruments.put_bars(actor, "LATE", [{"date": str(DAYS[number]), "close": 50 + number} for number in (8, 11, 47)])  # days of no other bar
    world.transactions.record(actor, key, [{"date": str(FIRST), "kind": "BUY", "symbol": "AAA", "quantity": 2, "price": 100}])
    kept = Panels(world.database)
    before = laid(kept, world, actor, key)
    world.transactions.record(actor, key, [{"date": str(DAYS[45]), "kind": "BUY", "symbol": "LATE", "quantity": 1, "price": 60}])
    after = laid(kept, world, actor, key)
    forget(world, key)
    same(after, laid(Panels(world.database), world, actor, key, fresh=True))
    new_days = set(after.days.tolist()) - set(before.days.tolist())
    assert new_days == {np.datetime64(DAYS[number], "ns").astype(int) for number in (45, 47)}
    bought = after.days.tolist().index(np.datetime64(DAYS[45], "ns").astype(int))
    assert after.value[bought, after.rows.index("LATE")] == 61.0, "the last close before it is its price on that day"


def test_what_is_voided_makes_no_day(world: Services, actor: Actor) -> None:
    key = world.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    world.instruments.put(actor, "GONE", {"name": "GONE", "currency": "USD"})
    world.instruments.put_bars(actor, "GONE", [{"date": str(DAYS[47]), "close": 50}])
    drafts = [{"date": str(FIRST), "kind": "BUY", "symbol": symbol, "quantity": 2, "price": 100} for symbol in ("AAA", "GONE")]
    stored = world.transactions.record(actor, key, drafts)
    kept = Panels(world.database)
    assert np.datetime64(DAYS[47], "ns") in laid(kept, world, actor, key).days
    world.transactions.void(actor, key, stored[1].id, 1)
    after = laid(kept, world, actor, key)
    assert np.datetime64(DAYS[47], "ns") not in after.days
    forget(world, key)
    same(after, laid(Panels(world.database), world, actor, key, fresh=True))


def test_only_days_from_the_change_on_are_laid(world: Services, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    key = world.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    world.transactions.record(actor, key, [{"date": str(day), "kind": "BUY", "symbol": "AAA", "quantity": 1, "price": 100} for day in DAYS[:40]])
    starts: list[date] = []
    true = performance_panels.panel

    def watched(*given: Any, **named: Any) -> Panel:
        starts.append(named["start"])
        return true(*given, **named)

    monkeypatch.setattr(performance_panels, "panel", watched)
    panels = Panels(world.database)
    laid(panels, world, actor, key)
    world.transactions.record(actor, key, [{"date": str(DAYS[30]), "kind": "DEPOSIT", "amount": "5"}])
    laid(panels, world, actor, key)
    laid(Panels(world.database), world, actor, key)
    world.instruments.put_bars(actor, "AAA", [{"date": str(DAYS[20]), "close": 7}])
    laid(panels, world, actor, key)
    # all of it; from the day before the deposit; only today behind what was stored; from the last close before the changed bar
    assert starts == [FIRST - timedelta(days=1), DAYS[29], DAYS[39], DAYS[19]]


def test_a_second_question_computes_nothing(world: Services, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    key = world.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    world.transactions.record(actor, key, [{"date": str(FIRST), "kind": "DEPOSIT", "amount": "100"}])
    measured: list[str] = []
    true = Performance._view

    def counted(self: Performance, unit: Any, actor: Actor, asked: Any) -> Any:
        measured.append(asked.key)
        return true(self, unit, actor, asked)

    monkeypatch.setattr(Performance, "_view", counted)
    first = world.performance.answer(actor, key)
    other = process(world)  # what it finds is in Redis
    assert world.performance.answer(actor, key) == other.answer(actor, key) == first
    assert len(measured) == 1
    world.transactions.record(actor, key, [{"date": str(calendar.today()), "kind": "DEPOSIT", "amount": "1"}])
    assert json.loads(other.answer(actor, key)[0])["closing_value"] == 101
    assert len(measured) == 2
    with world.database.begin() as unit:
        unit.instruments.put_rates(actor.workspace_id, "EURUSD", [(DAYS[50], "1.5")])
    world.performance.answer(actor, key)
    assert len(measured) == 3


def test_packing_loses_nothing(world: Services, actor: Actor) -> None:
    key = world.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    buy = {"date": str(DAYS[2]), "kind": "BUY", "quantity": 1, "price": 100}
    world.transactions.record(actor, key, [{**buy, "symbol": symbol} for symbol in SYMBOLS])
    panel = replace(laid(Panels(world.database), world, actor, key), findings=())
    assert panel.missing.any()
    found = unpacked(packed(Closed(panel, 7)))
    assert (found.mark, found.panel.rows, found.panel.currencies) == (7, panel.rows, panel.currencies)
    same(found.panel, panel)
    assert closed_days(panel, DAYS[10]).days[-1] < np.datetime64(DAYS[10])


@pytest.mark.parametrize("start", [date(2024, 1, day) for day in range(2, 13)], ids=str)
def test_the_last_bars_lay_out_what_the_history_does(services: Services, actor: Actor, start: date) -> None:
    """Two instruments with gaps in other places: from any day on, the bars that are at hand tell what a read of the history tells."""
    for symbol, closes in {"AAA": {2: 10, 4: 11, 8: 12, 11: 13}, "BBB": {3: 20, 9: 21, 10: 22}}.items():
        services.instruments.put(actor, symbol, {"name": symbol, "currency": "USD"})
        services.instruments.put_bars(actor, symbol, [{"date": f"2024-01-{day:02d}", "close": close} for day, close in closes.items()])
    with services.database.read() as unit:
        instruments = unit.instruments.by_symbols(actor.workspace_id, ["AAA", "BBB"])
        known = unit.instruments.recent_closes([each.id for each in instruments.values()], date(2024, 1, 12), 10)
        recent = [known[each.id] for each in instruments.values()]
        laid = performance_panels._of_recent(instruments, recent, start)
        read = performance_panels._of_history(unit, instruments, start, date(2024, 1, 12))
    pd.testing.assert_frame_equal(laid.dropna(how="all"), read.dropna(how="all"), check_freq=False, check_names=False)


LONG = 600  # days: more than two stretches that are summed up apart


@pytest.fixture
def years(services: Services, actor: Actor) -> UUID:
    """A portfolio of two currencies over many days, without gaps."""
    days = [calendar.today() - timedelta(days=back) for back in range(LONG, 0, -1)]
    for symbol, currency in (("OLD", "USD"), ("FAR", "EUR"), ("NEW", "USD")):
        services.instruments.put(actor, symbol, {"name": symbol, "currency": currency})
        services.instruments.put_bars(actor, symbol, [{"date": str(day), "close": 20 + (number * 7) % 11 / 10} for number, day in enumerate(days)])
    services.instruments.put_rates(actor, "EURUSD", [{"date": str(day), "rate": 1.1 + number % 9 / 100} for number, day in enumerate(days)])
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    trades = [{"date": str(days[number]), "kind": "BUY" if number % 50 else "SELL", "symbol": "OLD" if number % 20 else "FAR", "quantity": 3.3,
               "price": 20.7, "fee": "0.35"} for number in range(10, LONG, 10)]
    services.transactions.record(actor, key, [{"date": str(days[0]), "kind": "DEPOSIT", "amount": "10000"}, *trades])
    return key


def test_after_any_change_the_answer_is_that_of_who_computes_all_of_it(services: Services, actor: Actor, years: UUID) -> None:
    """To the last bit, whether days were kept in memory, in the database, or nowhere."""
    book, now = services.transactions, calendar.today()

    def trade(back: int, kind: str = "BUY", symbol: str = "OLD", **more: Any) -> Any:
        return {"date": str(now - timedelta(days=back)), "kind": kind, "symbol": symbol, "quantity": 1.7, "price": 21.3, "fee": "0.1", **more}

    def told(performance: Performance) -> tuple[str, str]:
        return performance.answer(actor, years)

    kept, alone = process(services, Cache(None)), Cache(None)
    told(kept)
    changes: list[Any] = [
        lambda: book.record(actor, years, [trade(0)]),
        lambda: book.record(actor, years, [trade(0, "SELL"), trade(0, symbol="FAR")]),
        lambda: book.record(actor, years, [{"date": str(now), "kind": "DIVIDEND", "symbol": "OLD", "amount": "3.21", "tax": "0.48"}]),
        lambda: book.record(actor, years, [{"date": str(now), "kind": "DEPOSIT", "amount": "12.5", "currency": "EUR"}]),
        lambda: book.record(actor, years, [trade(0, symbol="NEW")]),
        lambda: book.record(actor, years, [trade(LONG // 2)]),
        lambda: book.record(actor, years, [trade(0, "SELL", symbol="NEW")]),
        lambda: book.record(actor, years, [{"date": str(now - timedelta(days=9)), "kind": "SPLIT", "symbol": "OLD", "ratio": "2"}]),
        lambda: book.void(actor, years, (first := book.find(actor, years, limit=5).items[3]).id, first.version),
        lambda: services.instruments.put_bars(actor, "FAR", [{"date": str(now - timedelta(days=LONG - 40)), "close": "19.1"}]),
    ]
    for number, change in enumerate(changes):
        change()
        found, again = told(kept), told(process(services, alone))
        assert found == again, number
        forget(services, years)
        assert found == told(process(services, alone)), number
