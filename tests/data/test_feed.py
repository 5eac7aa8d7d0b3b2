"""The feed on the real PostgreSQL and Redis: what passes, what is held back, what is told, and what holds when parts are away."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from data import calendar
from data.budgets import Limits
from data.bus import Bus, Message
from data.database import Database
from data.feed import CHANNEL, Feed, arrived
from data.gate import Outcome, Reference, judge
from engine.errors import Conflict, InvalidInput, NotFound, ProviderTimeout, StorageError
from engine.types import Actor, AssetClass, Bar, CorporateAction, Instrument, Quote

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "now", lambda: NOW)


@pytest.fixture
def feed(database: Database, bus: Bus) -> Feed:
    return Feed(database, bus, [])


@pytest.fixture
def apple(database: Database, actor: Actor) -> Instrument:
    return put(database, actor, "AAPL")


def put(database: Database, actor: Actor, symbol: str) -> Instrument:
    with database.begin() as unit:
        return unit.instruments.put(actor.workspace_id, actor.user_id, symbol, name=symbol, asset_class=AssetClass.EQUITY, currency="USD")[0]


def quote(instrument: Instrument, price: float, seconds: float = 0.0, **changes: Any) -> Quote:
    """A quote, so many seconds after noon."""
    ts = NOW + timedelta(seconds=seconds)
    return replace(Quote(instrument.id, instrument.symbol, price, ts, ts, "mine", "USD"), **changes)


def latest(database: Database, instrument: Instrument) -> Quote | None:
    with database.read() as unit:
        return unit.market.latest([instrument.id]).get(instrument.id)


def ticks(database: Database, instrument: Instrument) -> list[float]:
    with database.read() as unit:
        rows = unit.market.fetch("SELECT price::float8 FROM quote_tick WHERE instrument_id = %s ORDER BY ts, received, price", [instrument.id])
    return [price for (price,) in rows]


def waiting(feed: Feed, actor: Actor) -> list[str]:
    return [finding.context["reason_code"] for finding in feed.quarantine(actor.workspace_id)]


def test_nothing_of_a_quote_is_lost_on_arrival(apple: Instrument) -> None:
    whole = quote(apple, 100.0, volume=5.0, simulated=True, bid=99.0, ask=101.0, sequence=7, mark="GBp/100", source="mine")
    assert all(value not in (None, "") for value in asdict(whole).values()), "every field is given"
    assert arrived(whole, NOW, "other") == replace(whole, received=NOW)
    assert arrived(replace(whole, source=""), NOW, "other") == replace(whole, received=NOW, source="other")


def test_a_quote_is_stored_and_told(feed: Feed, database: Database, bus: Bus, apple: Instrument) -> None:
    done = feed.ingest([quote(apple, 268.47, -1, volume=100.0, source="", currency="")], source="push")
    [accepted] = done.accepted
    assert (accepted.received, accepted.source, accepted.currency) == (NOW, "push", "USD")
    assert latest(database, apple) == accepted
    assert bus.latest()[apple.id] == accepted
    assert ticks(database, apple) == [268.47]


async def test_a_batch_is_one_message_with_the_newest_of_each(feed: Feed, bus: Bus, database: Database, actor: Actor) -> None:
    first, second = put(database, actor, "AAA"), put(database, actor, "BBB")
    async with aclosing(bus.subscribe(CHANNEL)) as events:
        heard = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.3)
        batch = [quote(first, 10, -3), quote(second, 20, -2), quote(first, 11, -1)]
        await asyncio.to_thread(feed.ingest, batch, source="push")
        message = await asyncio.wait_for(heard, 5)
    assert isinstance(message, Message)
    told = {one["symbol"]: one for one in message.body["quotes"]}
    assert {symbol: one["price"] for symbol, one in told.items()} == {"AAA": 11, "BBB": 20}
    assert told["AAA"] == {
        "id": str(first.id), "symbol": "AAA", "price": 11, "ts": calendar.milliseconds(NOW) - 1000, "received": calendar.milliseconds(NOW),
        "source": "mine", "currency": "USD", "simulated": False,
    }


@pytest.mark.parametrize(("price", "seconds", "code"), [
    (math.nan, 0, "not_finite"),
    (math.inf, 0, "not_finite"),
    (0.0, 0, "not_positive"),
    (-3.0, 0, "not_positive"),
    (101.0, 6, "from_future"),
    (101.0, -61, "older_than_last"),
    (2000.0, 0, "twenty_times_off"),
    (5.0, 0, "twenty_times_off"),
])
def test_what_is_held_back_and_why(feed: Feed, database: Database, actor: Actor, apple: Instrument, price: float, seconds: float, code: str) -> None:
    feed.ingest([quote(apple, 100.0, -60)], source="push")
    done = feed.ingest([quote(apple, price, seconds)], source="push")
    assert [(held.code, bool(held.reason)) for held in done.quarantined] == [(code, True)]
    assert waiting(feed, actor) == [code]
    assert ticks(database, apple) == [100.0]
    assert latest(database, apple).price == 100.0


@pytest.mark.parametrize(("price", "seconds"), [(1999.0, 0), (5.01, 0), (101.0, 5), (101.0, -60)])
def test_what_just_passes(feed: Feed, apple: Instrument, price: float, seconds: float) -> None:
    feed.ingest([quote(apple, 100.0, -60)], source="push")
    assert len(feed.ingest([quote(apple, price, seconds)], source="push").accepted) == 1


def test_a_finding_tells_all_about_the_quote(feed: Feed, actor: Actor, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100.0, -60)], source="push")
    feed.ingest([quote(apple, 4000.0, volume=7.0)], source="push")
    [finding] = feed.quarantine(actor.workspace_id)
    assert finding.code == "quote_quarantined"
    assert "40 times off" in finding.message
    assert finding.context == finding.context | {
        "symbol": "AAPL", "price": 4000.0, "ts": NOW.isoformat(), "source": "mine", "last_price": 100.0, "volume": 7.0,
        "reason_code": "twenty_times_off", "instrument_id": str(apple.id),
    }


def test_the_first_quote_is_compared_with_the_last_close(feed: Feed, database: Database, actor: Actor, apple: Instrument) -> None:
    with database.begin() as unit:
        unit.instruments.put_bars(apple.id, [Bar(date(2026, 11, 20), Decimal(100))])
    feed.ingest([quote(apple, 2500.0)], source="push")
    assert waiting(feed, actor) == ["twenty_times_off"]
    assert len(feed.ingest([quote(apple, 120.0)], source="push").accepted) == 1


def test_a_known_split_explains_the_jump(feed: Feed, database: Database, apple: Instrument) -> None:
    feed.ingest([quote(apple, 3000.0, -86400)], source="push")
    assert [held.code for held in feed.ingest([quote(apple, 120.0)], source="push").quarantined] == ["twenty_times_off"]
    with database.begin() as unit:
        unit.instruments.put_actions(apple.id, [CorporateAction(date(2026, 11, 23), "split", ratio=Decimal(25))])
    assert len(feed.ingest([quote(apple, 121.0, 1)], source="push").accepted) == 1
    assert [held.code for held in feed.ingest([quote(apple, 4000.0, 2)], source="push").quarantined] == ["twenty_times_off"]


def test_order_and_duplicates(feed: Feed, database: Database, apple: Instrument) -> None:
    batch = [quote(apple, 100, -9), quote(apple, 101, -8), quote(apple, 101, -8), quote(apple, 102, -8), quote(apple, 99, -8.5)]
    done = feed.ingest(batch, source="push")
    assert [one.price for one in done.accepted] == [100, 101, 102]
    assert [one.price for one in done.ignored] == [101]
    assert [held.code for held in done.quarantined] == ["older_than_last"]
    assert sorted(ticks(database, apple)) == [100, 101, 102]
    assert latest(database, apple).price == 102
    again = feed.ingest(batch[3:4], source="push")
    assert (again.accepted, len(again.ignored)) == ([], 1)


def test_a_later_quote_of_the_same_instant_is_the_latest(feed: Feed, database: Database, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100)], source="push")
    feed.ingest([quote(apple, 100.5)], source="push")
    assert latest(database, apple).price == 100.5


def test_simulated_never_replaces_real(feed: Feed, database: Database, bus: Bus, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100, -60)], source="push")
    done = feed.ingest([quote(apple, 400, 0, simulated=True, source="simulated")], source="simulated")
    assert (done.accepted, done.quarantined, len(done.ignored)) == ([], [], 1)
    assert (latest(database, apple).price, bus.latest()[apple.id].price) == (100, 100)
    assert ticks(database, apple) == [100]


def test_real_replaces_simulated_whatever_its_age(feed: Feed, database: Database, apple: Instrument) -> None:
    feed.ingest([quote(apple, 400, 0, simulated=True, source="simulated")], source="simulated")
    feed.ingest([quote(apple, 100, -60)], source="push")
    assert (latest(database, apple).price, latest(database, apple).simulated) == (100, False)
    assert feed.ingest([quote(apple, 401, 1, simulated=True, source="simulated")], source="simulated").accepted == []


def test_another_process_knows_what_this_one_took(feed: Feed, database: Database, bus: Bus, apple: Instrument) -> None:
    other = Feed(database, bus, [])
    other.ingest([quote(apple, 400, -90, simulated=True, source="simulated")], source="simulated")
    feed.ingest([quote(apple, 100, -60)], source="push")
    assert other.ingest([quote(apple, 401, 0, simulated=True, source="simulated")], source="simulated").accepted == []
    assert [held.code for held in other.ingest([quote(apple, 90, -70)], source="push").quarantined] == ["older_than_last"]


def test_release_lets_a_quote_pass(feed: Feed, database: Database, actor: Actor, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100.0, -60)], source="push")
    feed.ingest([quote(apple, 4000.0, -30)], source="push")
    [finding] = feed.quarantine(actor.workspace_id)
    released = feed.release(finding.id, actor)
    assert (released.price, released.ts, latest(database, apple)) == (4000.0, NOW - timedelta(seconds=30), released)
    assert feed.quarantine(actor.workspace_id) == []
    assert len(feed.ingest([quote(apple, 4001.0, -20)], source="push").accepted) == 1
    with pytest.raises(Conflict):
        feed.release(finding.id, actor)
    with database.read() as unit:
        assert [entry.action for entry in unit.system.audit_trail(actor.workspace_id)] == ["quote_released"]


def test_a_released_quote_that_is_older_is_a_tick_only(feed: Feed, database: Database, actor: Actor, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100.0, -60), quote(apple, 99.0, -90)], source="push")
    feed.release(feed.quarantine(actor.workspace_id)[0].id, actor)
    assert latest(database, apple).price == 100.0
    assert ticks(database, apple) == [99.0, 100.0]


def test_a_released_quote_from_the_future_is_of_now(feed: Feed, database: Database, actor: Actor, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100.0, 3600)], source="push")
    assert feed.release(feed.quarantine(actor.workspace_id)[0].id, actor).ts == NOW
    assert latest(database, apple).ts == NOW


def test_reject_keeps_it_out(feed: Feed, database: Database, actor: Actor, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100.0, -60), quote(apple, 4000.0)], source="push")
    [finding] = feed.quarantine(actor.workspace_id)
    feed.reject(finding.id, actor)
    assert feed.quarantine(actor.workspace_id) == []
    assert latest(database, apple).price == 100.0
    with pytest.raises(Conflict):
        feed.release(finding.id, actor)


def test_what_is_no_price_cannot_be_released(feed: Feed, actor: Actor, apple: Instrument) -> None:
    feed.ingest([quote(apple, math.nan)], source="push")
    with pytest.raises(InvalidInput):
        feed.release(feed.quarantine(actor.workspace_id)[0].id, actor)
    assert waiting(feed, actor) == ["not_finite"]


def test_nobody_decides_in_another_workspace(feed: Feed, database: Database, actor: Actor, apple: Instrument) -> None:
    feed.ingest([quote(apple, -1.0)], source="push")
    [finding] = feed.quarantine(actor.workspace_id)
    with database.begin() as unit:
        stranger = unit.system.add_user(unit.system.add_workspace(f"test {uuid4()}").id, "stranger")
    with pytest.raises(NotFound):
        feed.reject(finding.id, stranger)


def test_redis_away_still_stores_and_says_so(database: Database, bus: Bus, apple: Instrument) -> None:
    registry = CollectorRegistry()
    lost = Bus("unix:///nowhere/redis.sock")
    feed = Feed(database, lost, [], registry=registry)
    assert len(feed.ingest([quote(apple, 100.0)], source="push").accepted) == 1
    assert feed.status()["degraded"]
    assert latest(database, apple).price == 100.0
    assert registry.get_sample_value("portolan_batches_unpublished_total") == 1
    feed._bus = bus
    feed.ingest([quote(apple, 101.0, 1)], source="push")
    assert not feed.status()["degraded"]
    assert bus.latest()[apple.id].price == 101.0


def test_when_redis_returns_it_learns_what_it_missed(database: Database, bus: Bus, actor: Actor, apple: Instrument) -> None:
    other = put(database, actor, "MSFT")
    feed = Feed(database, Bus("unix:///nowhere/redis.sock"), [])
    feed.ingest([quote(apple, 100.0)], source="push")
    feed._bus = bus
    feed.ingest([quote(other, 50.0)], source="push")
    assert bus.latest()[apple.id].price == 100.0


def test_without_a_database_nothing_is_told(bus: Bus, apple: Instrument) -> None:
    feed = Feed(Database("postgresql:///portolan?host=/nowhere"), bus, [])
    with pytest.raises(StorageError):
        feed.ingest([quote(apple, 100.0)], source="push")
    assert apple.id not in bus.latest()


def test_a_quote_of_nothing_known_is_ignored(feed: Feed, apple: Instrument) -> None:
    done = feed.ingest([replace(quote(apple, 1.0), instrument_id=uuid4()), quote(apple, 100.0)], source="push")
    assert (len(done.ignored), len(done.accepted)) == (1, 1)


def test_an_empty_batch_is_nothing(feed: Feed) -> None:
    done = feed.ingest([], source="push")
    assert (done.accepted, done.quarantined, done.ignored) == ([], [], [])


def test_two_thousand_quotes_a_batch(feed: Feed, database: Database, actor: Actor) -> None:
    instruments = [put(database, actor, f"S{number:04}") for number in range(2000)]
    for step in range(2):
        batch = [quote(one, 100.0 + step, step - 50) for one in instruments]
        assert len(feed.ingest(batch, source="push").accepted) == 2000


class Source:
    limits = Limits(batch=100)
    offers = frozenset({"quotes"})
    """A provider that answers from a list."""

    simulated = False

    def __init__(self, name: str, quotes: Sequence[Quote] = (), *, broken: bool = False) -> None:
        self.name, self.quotes, self.broken, self.asked = name, list(quotes), broken, 0

    def covers(self, instrument: Instrument) -> bool:
        return self.broken or any(one.instrument_id == instrument.id for one in self.quotes)

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        del now, since
        self.asked += 1
        if self.broken:
            raise ProviderTimeout(self.name, seconds=1)
        wanted = {instrument.id for instrument in instruments}
        return [one for one in self.quotes if one.instrument_id in wanted]


def test_polling_goes_on_to_the_next_provider(database: Database, bus: Bus, actor: Actor, apple: Instrument) -> None:
    other = put(database, actor, "MSFT")
    broken, first = Source("broken", broken=True), Source("first", [quote(apple, 100.0, source="")])
    second = Source("second", [quote(apple, 90.0, source=""), quote(other, 50.0, source="")])
    feed = Feed(database, bus, [broken, first, second])
    done = feed.poll([apple, other])
    assert {one.symbol: (one.price, one.source) for one in done.accepted} == {"AAPL": (100.0, "first"), "MSFT": (50.0, "second")}
    status = {source.name: source for source in feed.status()["sources"]}
    assert status["broken"].error
    assert status["first"].received == NOW


def test_a_provider_that_repeats_itself_fills_no_quarantine(database: Database, bus: Bus, actor: Actor, apple: Instrument,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("loud", [quote(apple, 100.0, -200)])
    source.quotes[0] = replace(source.quotes[0], source="loud")
    feed = Feed(database, bus, [source])
    feed.poll([apple])
    for second in range(130):
        monkeypatch.setattr(calendar, "now", lambda second=second: NOW + timedelta(seconds=second))
        source.quotes[0] = quote(apple, 9000.0, second, source="loud")
        assert len(feed.poll([apple]).quarantined) == 1
    assert len(feed.quarantine(actor.workspace_id)) == 3


def test_every_pushed_quote_that_is_held_back_can_be_decided_on(feed: Feed, actor: Actor, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100.0, -9, source="push")], source="push")
    for second in range(3):
        feed.ingest([quote(apple, 3000.0 + second, second - 5, source="push")], source="push")
    assert waiting(feed, actor) == ["twenty_times_off"] * 3


def test_backfilled_ticks_leave_the_latest_alone(feed: Feed, database: Database, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100.0)], source="push")
    assert feed.backfill([quote(apple, 90.0, -600), quote(apple, 91.0, -300), quote(apple, math.nan, -200)]) == 2
    assert latest(database, apple).price == 100.0
    assert ticks(database, apple) == [90.0, 91.0, 100.0]


def test_forget_opens_the_way_for_a_simulated_quote(feed: Feed, database: Database, apple: Instrument) -> None:
    feed.ingest([quote(apple, 100.0)], source="push")
    feed.forget([apple.id])
    feed.ingest([quote(apple, 400.0, -5, simulated=True, source="simulated")], source="simulated")
    assert latest(database, apple).simulated


def test_the_counters_count(database: Database, bus: Bus, apple: Instrument) -> None:
    registry = CollectorRegistry()
    feed = Feed(database, bus, [], registry=registry)
    feed.ingest([quote(apple, 100.0, -2), quote(apple, 100.0, -2), quote(apple, -1.0)], source="push")
    value = registry.get_sample_value
    assert value("portolan_quotes_accepted_total", {"source": "push"}) == 1
    assert value("portolan_quotes_ignored_total", {"source": "push"}) == 1
    assert value("portolan_quotes_quarantined_total", {"source": "push", "reason": "not_positive"}) == 1
    assert value("portolan_last_quote_timestamp_seconds") == NOW.timestamp()


def test_the_gate_asks_for_splits_only_when_it_must() -> None:
    def splits() -> Iterator[CorporateAction]:
        raise AssertionError("nobody should ask")

    one = Quote(UUID(int=1), "X", 100.0, NOW, NOW, "mine")
    assert judge(one, Reference(90.0, NOW, "mine"), now=NOW, splits=splits).outcome is Outcome.ACCEPTED
    assert judge(one, None, now=NOW, splits=splits).outcome is Outcome.ACCEPTED
