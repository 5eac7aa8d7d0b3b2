"""Histories: backfilled at first use, continued, resumed after a kill, revised with both values; what is odd waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from data import calendar
from data.budgets import Limits
from data.bus import Bus
from data.database import Database
from data.feed import Feed
from data.providers.base import History as Told
from data.providers.wire import Wire
from data.providers.yahoo import Yahoo
from data.repositories.history import compared
from engine.errors import ProviderUnavailable, RateLimited, StorageError, UnknownSymbol
from engine.types import Actor, AssetClass, Bar, CorporateAction, Instrument, Quote
from services import Services
from services.history.service import BAR_QUARANTINED, History
from services.market.quarantine import Quarantine
from services.writes import Writes
from tests.data.replay import RECORDED, Replay

NOW = datetime(2024, 7, 2, 21, tzinfo=UTC)  # a Tuesday, New York has closed
TODAY = NOW.date()


class Wires:
    """A provider that tells what it is given, and writes down what it was asked."""

    simulated, limits, offers = False, Limits(), frozenset({"quotes", "bars", "actions"})

    def __init__(self, told: Callable[[date, date], Told] | Exception, name: str = "wires") -> None:
        self.told, self.name, self.asked = told, name, list[tuple[str, date, date]]()

    def covers(self, instrument: Instrument) -> bool:
        return instrument.asset_class is not AssetClass.FX

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> Told:
        self.asked.append((instrument.symbol, start, end))
        if isinstance(self.told, Exception):
            raise self.told
        return self.told(start, end)


def bar(day: date, close: str = "100", **changes: Any) -> Bar:
    return replace(Bar(day, Decimal(close), source="wires"), **changes)


def days(count: int, until: date = TODAY) -> list[date]:
    return calendar.business_days(until - timedelta(days=count * 2), until)[-count:]


def steady(count: int, until: date = TODAY) -> list[Bar]:
    return [bar(day, f"{100 + place % 7 * 0.5:.2f}") for place, day in enumerate(days(count, until))]


def telling(bars: list[Bar], *actions: CorporateAction, currency: str = "USD") -> Callable[[date, date], Told]:
    return lambda start, end: Told([one for one in bars if start <= one.date <= end], list(actions), currency)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "now", lambda: NOW)


@pytest.fixture
def instrument(database: Database, actor: Actor) -> Instrument:
    with database.begin() as unit:
        return unit.instruments.put(actor.workspace_id, actor.user_id, "ABC", currency="USD", exchange="NYSE")[0]


@pytest.fixture
def history(database: Database, bus: Bus) -> Callable[..., History]:
    return lambda *providers: History(database, bus, Feed(database, bus, providers))


@pytest.fixture
def quarantine(database: Database, bus: Bus) -> Quarantine:
    return Quarantine(Writes(database, bus), Feed(database, bus, []))


def stored(database: Database, instrument: Instrument) -> list[Bar]:
    with database.read() as unit:
        return unit.instruments.bars(instrument.id)


def test_the_first_use_fetches_everything_and_later_days_are_added(history: Any, database: Database, actor: Actor, instrument: Instrument,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    bars = steady(1300)
    split = CorporateAction(days(1300)[0], "dividend", amount=Decimal("0.5"), source="wires")
    wires = Wires(telling(bars, split))
    service = history(wires)
    assert service.get(actor, "ABC").state == "waiting"
    assert service.fetch(instrument) == "done"
    view = service.get(actor, "abc")
    assert (view.state, view.done, view.of, view.fraction, view.bars, view.actions, view.provider) == ("done", 1300, 1300, 1.0, 1300, 1, "wires")
    assert (view.first, view.last, view.revisions, view.quarantined) == (bars[0].date, TODAY, 0, 0)
    tomorrow = NOW + timedelta(days=1)
    monkeypatch.setattr(calendar, "now", lambda: tomorrow)
    wires.told = telling([*bars, bar(tomorrow.date(), "101")])
    assert service.fetch(instrument) == "done"
    assert wires.asked[1] == ("ABC", TODAY - timedelta(days=30), tomorrow.date())
    assert stored(database, instrument)[-1].close == Decimal(101)


def test_only_what_is_due_is_asked_for(history: Any, instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    wires = Wires(telling(steady(300)))
    service = history(wires)

    def mine() -> list[str]:
        return [one.symbol for one in service._due(calendar.now()) if one.id == instrument.id]

    assert mine() == ["ABC"]
    service.fetch(instrument)
    assert mine() == []
    monkeypatch.setattr(calendar, "now", lambda: NOW + timedelta(hours=12))  # the next morning: no new close yet
    assert mine() == []
    monkeypatch.setattr(calendar, "now", lambda: NOW + timedelta(days=1))
    assert mine() == ["ABC"]
    service.fetch(instrument)  # the provider has nothing new
    assert mine() == []
    monkeypatch.setattr(calendar, "now", lambda: NOW + timedelta(days=1, hours=2))
    assert mine() == ["ABC"]


def test_a_backfill_that_is_killed_goes_on_and_loses_nothing(history: Any, database: Database, actor: Actor, instrument: Instrument,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    service = history(Wires(telling(steady(2600))))
    store, killed = service._store, [False]

    def dies(unit: Any, of: Instrument, bars: list[Bar], judged: Any) -> None:
        store(unit, of, bars, judged)
        if bars[0].date > days(2600)[1500] and not killed[0]:
            killed[0] = True
            raise StorageError("The power is gone.")

    monkeypatch.setattr(service, "_store", dies)
    with pytest.raises(StorageError):
        service.fetch(instrument)
    view = service.get(actor, "ABC")
    assert (view.state, view.done, view.of, view.bars) == ("running", 2000, 2600, 2000)
    again = history(Wires(telling(steady(2600))))
    assert instrument.id in {one.id for one in again._due(NOW)}
    assert again.fetch(instrument) == "done"
    view = again.get(actor, "ABC")
    assert (view.done, view.of, view.bars, view.revisions) == (2600, 2600, 2600, 0)
    assert len({one.date for one in stored(database, instrument)}) == 2600


def test_the_next_provider_is_asked_and_failures_are_waited_out(history: Any, actor: Actor, instrument: Instrument) -> None:
    first, second = Wires(ProviderUnavailable("first", reason="gone"), "first"), Wires(telling(steady(300)), "second")
    assert history(first, second).fetch(instrument) == "done"
    assert history(first).get(actor, "ABC").provider == "second"
    service = history(Wires(RateLimited("first", retry_after_seconds=90.0), "first"))
    service.ask_again(actor, "ABC")
    assert service.fetch(instrument) == "waiting"
    view = service.get(actor, "ABC")
    assert view.retry_at == NOW + timedelta(seconds=90)
    assert view.error is not None
    assert "first" in view.error
    broken = history(first)
    assert [broken.fetch(instrument), broken.get(actor, "ABC").retry_at] == ["failed", NOW + timedelta(minutes=5)]
    assert [broken.fetch(instrument), broken.get(actor, "ABC").retry_at] == ["failed", NOW + timedelta(minutes=10)]
    nobody = history(Wires(UnknownSymbol("first", "ABC"), "first"))
    assert nobody.fetch(instrument) == "nobody"
    assert nobody.get(actor, "ABC").bars == 300


def test_prices_in_another_currency_are_not_taken(history: Any, actor: Actor, instrument: Instrument) -> None:
    service = history(Wires(telling(steady(300), currency="EUR")))
    assert service.fetch(instrument) == "nobody"
    assert service.get(actor, "ABC").bars == 0


def test_what_a_person_put_in_and_another_provider_told_stays(history: Any, database: Database, instrument: Instrument) -> None:
    some = days(10)
    with database.begin() as unit:
        unit.instruments.put_bars(instrument.id, [Bar(some[3], Decimal("99.5"), source="manual"),
                                                  Bar(some[4], Decimal(1), source="simulated", simulated=True)])
    history(Wires(telling(steady(10)))).fetch(instrument)
    told = {one.date: (str(one.close), one.source) for one in stored(database, instrument)}
    assert told[some[3]] == ("99.5", "manual")
    assert told[some[4]][1] == "wires"


def test_revisions_are_kept_with_both_values(history: Any, actor: Actor, instrument: Instrument) -> None:
    bars = [replace(one, adjusted_close=one.close) for one in steady(40)]
    gap = bars.pop(20)
    service = history(Wires(telling(bars)))
    service.fetch(instrument)
    later = [*bars[:20], gap, *bars[20:]]
    later[30] = replace(later[30], close=later[30].close * Decimal("1.01"))
    later[31] = replace(later[31], close=later[31].close * Decimal("1.000001"))  # the noise of 32 bits
    service = history(Wires(telling(later)))
    service.ask_again(actor, "ABC")
    service.fetch(instrument)
    told = service.revisions(actor, "ABC").items
    assert [(one.date, one.field, one.was, one.became) for one in told] == [
        (later[30].date, "close", bars[29].close, later[30].close), (gap.date, "close", None, gap.close)]
    page = service.revisions(actor, "ABC", limit=1)
    assert len(page.items) == 1
    assert service.revisions(actor, "ABC", limit=1, after=int(page.next_after)).items == told[1:]


def test_a_close_that_moved_far_waits_for_a_person(history: Any, database: Database, actor: Actor, instrument: Instrument) -> None:
    bars = steady(300)
    history(Wires(telling(bars))).fetch(instrument)
    moved = [*bars[:-3], replace(bars[-3], close=Decimal(117)), *bars[-2:]]
    service = history(Wires(telling(moved)))
    service.ask_again(actor, "ABC")
    service.fetch(instrument)
    assert stored(database, instrument)[-3].close == bars[-3].close
    assert service.get(actor, "ABC").quarantined == 1


@pytest.mark.parametrize("factor", ["100", "0.01"])
def test_days_in_another_unit_are_repaired_with_a_mark(history: Any, database: Database, instrument: Instrument, factor: str) -> None:
    bars = steady(200)
    wrong = [replace(one, close=one.close * Decimal(factor)) if 50 <= place < 60 else one for place, one in enumerate(bars)]
    history(Wires(telling(wrong))).fetch(instrument)
    found = stored(database, instrument)
    assert [one.close for one in found] == [one.close for one in bars]
    assert [place for place, one in enumerate(found) if one.mark] == list(range(50, 60))


def test_a_split_that_is_not_known_is_held_back_until_it_is(history: Any, database: Database, actor: Actor, instrument: Instrument,
                                                           quarantine: Quarantine) -> None:
    bars = steady(200)
    halved = [*bars[:-2], *(replace(one, close=one.close / 2) for one in bars[-2:])]
    service = history(Wires(telling(halved)))
    service.fetch(instrument)
    assert [one.date for one in stored(database, instrument)] == [one.date for one in bars[:-2]]
    (held,) = quarantine.find(actor)
    assert (held.kind, held.reason, held.symbol, len(held.bars)) == ("bar", "unrecorded_split", "ABC", 2)
    assert "looks like an unrecorded split, 2 for 1" in held.message
    service.fetch(instrument)
    assert len(quarantine.find(actor)) == 1
    with database.begin() as unit:
        unit.instruments.put_actions(instrument.id, [CorporateAction(bars[-2].date, "split", ratio=Decimal(2))])
    service.fetch(instrument)
    assert len(stored(database, instrument)) == 200


def test_a_decision_is_in_the_audit_log_and_is_taken_back(history: Any, services: Services, database: Database, actor: Actor,
                                                          instrument: Instrument) -> None:
    bars = steady(200)
    odd = [*bars[:-1], replace(bars[-1], close=bars[-1].close * 30)]
    service = history(Wires(telling(odd)))
    service.fetch(instrument)
    (held,) = services.market.quarantine(actor)
    services.market.release(actor, held.id)
    assert stored(database, instrument)[-1].mark == "released"
    service.fetch(instrument)
    assert services.market.quarantine(actor) == []
    entry = services.audit.find(actor).items[0]
    assert (entry.action, entry.can_undo) == ("bar_released", True)
    services.audit.undo(actor, entry.id)
    assert [one.date for one in stored(database, instrument)] == [one.date for one in bars[:-1]]
    assert [one.id for one in services.market.quarantine(actor)] == [held.id]
    services.market.reject(actor, held.id)
    services.audit.undo(actor, services.audit.find(actor).items[0].id)
    assert [one.id for one in services.market.quarantine(actor)] == [held.id]
    services.market.reject(actor, held.id)
    service.fetch(instrument)
    assert services.market.quarantine(actor) == []
    assert len(stored(database, instrument)) == 199


def test_a_quote_that_was_let_in_is_taken_out_again(services: Services, actor: Actor, instrument: Instrument) -> None:
    def quote(price: float, seconds: float) -> Quote:
        return Quote(instrument.id, "ABC", price, NOW + timedelta(seconds=seconds), NOW, "mine", "USD")

    services.feed.ingest([quote(100.0, -9)], source="mine")
    services.feed.ingest([quote(50.0, -5)], source="mine")
    (held,) = services.market.quarantine(actor)
    assert held.reason == "looks_like_split"
    services.market.release(actor, held.id)
    assert services.market.quotes(actor, ["ABC"])[0].price == 50.0
    services.audit.undo(actor, services.audit.find(actor).items[0].id)
    assert services.market.quotes(actor, ["ABC"])[0].price == 100.0
    assert [one.id for one in services.market.quarantine(actor)] == [held.id]


def test_a_payment_a_hundred_times_too_large_is_held_back(history: Any, database: Database, actor: Actor, instrument: Instrument,
                                                         quarantine: Quarantine) -> None:
    bars = steady(200)
    payment = CorporateAction(bars[100].date, "dividend", amount=Decimal(42), source="wires")
    history(Wires(telling(bars, payment))).fetch(instrument)
    (held,) = quarantine.find(actor)
    assert (held.reason, held.proposed) == ("dividend_hundred_times", {bars[100].date.isoformat(): 0.42})
    with database.read() as unit:
        assert unit.instruments.actions(instrument.id) == []
    quarantine.release(actor, held.id)
    with database.read() as unit:
        assert [one.amount for one in unit.instruments.actions(instrument.id)] == [Decimal(42)]


def test_a_gap_between_bars_is_carried_with_a_mark_and_one_at_the_end_is_not(history: Any, actor: Actor, instrument: Instrument) -> None:
    """The 19th of June and the 4th of July are holidays; two trading days are missing between bars, one at the end."""
    bars = [one for one in steady(20) if one.date not in {date(2024, 6, 19), date(2024, 6, 25), date(2024, 6, 26), TODAY}]
    service = history(Wires(telling(bars)))
    service.fetch(instrument)
    rows = service.adjusted(actor, "ABC", carried=True)
    told = {row["date"]: (row["close"], row["mark"]) for row in rows}
    before = next(float(one.close) for one in bars if one.date == date(2024, 6, 24))
    assert [told[day] for day in (date(2024, 6, 25), date(2024, 6, 26))] == [(before, "carried")] * 2
    assert date(2024, 6, 19) not in told
    assert rows[-1]["date"] == date(2024, 7, 1)
    assert sum(row["mark"] == "carried" for row in rows) == service.get(actor, "ABC").gaps == 2
    assert len(service.adjusted(actor, "ABC")) == len(bars)


def test_comparing_bars_field_by_field() -> None:
    day = date(2024, 1, 2)
    old = bar(day, "100", high=Decimal(101), adjusted_close=Decimal(99))
    found = compared({day: old}, [bar(day, "100", high=Decimal(102), adjusted_close=Decimal("98.5"), low=Decimal(97))])
    assert [(one.field, one.was, one.became) for one in found.revisions] == [
        ("high", 101, 102), ("low", None, 97), ("adjusted_close", 99, Decimal("98.5"))]
    assert found.write[0].low == 97
    assert compared({day: replace(old, mark="released")}, [bar(day, "120")]).kept == 1


@pytest.mark.skipif(not RECORDED.is_dir(), reason="../shared/recorded is not there")
def test_munich_re_as_it_was_told_in_2020_and_in_2025(history: Any, database: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """All 124 adjusted closes were rewritten, by -21.7 %; no stored close moved, and one day that was null was filled."""
    monkeypatch.setattr(calendar, "now", lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))
    with database.begin() as unit:
        munich = unit.instruments.put(actor.workspace_id, actor.user_id, "MUV2.DE", currency="EUR", exchange="XETR")[0]
    for name in ("dst-and-null", "umlaut-revised"):
        with Replay.of_file(f"yahoo/chart-MUV2.DE-1d-{name}.json") as server:
            service = history(Yahoo(Wire("yahoo", server.url)))
            service.ask_again(actor, "MUV2.DE")
            assert service.fetch(munich) == "done"
        if name == "dst-and-null":
            before = {one.date: one for one in stored(database, munich)}
    after = {one.date: one for one in stored(database, munich)}
    told = service.revisions(actor, "MUV2.DE", limit=1000).items
    assert len(before) == 123
    assert len(after) == 124
    filled = [one for one in told if one.field == "close"]
    assert [one.was for one in filled] == [None]
    assert {one.date for one in filled} == after.keys() - before.keys()
    assert all(after[day].close == one.close for day, one in before.items())
    moved = [float(one.became / one.was - 1) for one in told if one.field == "adjusted_close" and one.was and one.became]
    assert len(moved) == 123
    assert min(moved) == pytest.approx(-0.217, abs=2e-3)
    assert max(moved) == pytest.approx(-0.217, abs=2e-3)


SPIKE = {"open": None, "high": None, "low": None, "close": Decimal(731)}


def test_a_second_provider_settles_what_is_held_back(history: Any, database: Database, actor: Actor, instrument: Instrument) -> None:
    """One wild close: held back where nobody else knows it, let in where another tells it too, and told beside the other's where they differ."""
    right = steady(200)
    wild = [replace(one, **SPIKE) if place == 120 else one for place, one in enumerate(right)]
    alone = history(Wires(telling(wild)))
    alone.fetch(instrument)
    assert right[120].date not in {one.date for one in stored(database, instrument)}
    assert alone.get(actor, "ABC").quarantined == 1
    with database.begin() as unit:
        other, third = (unit.instruments.put(actor.workspace_id, actor.user_id, name, currency="USD", exchange="NYSE")[0] for name in ("DEF", "GHI"))
    same = Wires(telling([replace(wild[120], close=Decimal("731.9"))]), name="second")
    agreeing = history(Wires(telling(wild)), same)
    agreeing.fetch(other)
    assert [(one.close, one.mark) for one in stored(database, other) if one.date == right[120].date] == [(Decimal(731), "confirmed by second")]
    assert agreeing.get(actor, "DEF").quarantined == 0
    assert same.asked == [("DEF", right[120].date, right[120].date)]
    history(Wires(telling(wild)), Wires(RateLimited("cut"), name="cut"), Wires(telling(right), name="second")).fetch(third)
    assert right[120].date not in {one.date for one in stored(database, third)}
    with database.read() as unit:
        (_, told), = unit.history.findings_of(third.id, BAR_QUARANTINED)
    assert told["proposed"] == {right[120].date.isoformat(): float(right[120].close)}
    assert f"second says {right[120].close:f}" in told["reason"]


def test_a_split_that_nobody_told_is_not_settled_by_a_second_price(history: Any, database: Database, instrument: Instrument) -> None:
    bars = steady(200)
    halved = [replace(one, close=one.close / 2) if place >= 197 else one for place, one in enumerate(bars)]
    second = Wires(telling(halved), name="second")
    history(Wires(telling(halved)), second).fetch(instrument)
    assert len(stored(database, instrument)) == 197
    assert second.asked == []
