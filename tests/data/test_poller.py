"""The poller on the real parts: one leads, another takes over, days are rolled, and it stops at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from data import calendar
from data.budgets import Limits
from data.bus import Bus
from data.database import Database, migrate
from data.feed import Feed
from data.leadership import Leadership
from data.market_days import MarketDays
from data.poller import OFFICE, Job, Poller
from data.providers.simulated import SimulatedMarket
from data.settings import Settings
from engine.errors import ProviderError, ProviderTimeout, StorageError, UnknownSymbol
from engine.types import Actor, AssetClass, Bar, Instrument, Quote

SYMBOLS = ("AAPL", "KO", "SP500", "EURUSD", "EURCHF")


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return SimulatedMarket(seed=7, ticks_per_second=200)


def url_of(settings: Settings, name: str) -> str:
    return sa.make_url(str(settings.database_url)).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def template(settings: Settings, database: Database) -> Iterator[str]:
    """A migrated database that nobody is connected to, to copy."""
    name = f"poller_{uuid4().hex[:12]}"
    with database.session() as session:
        session.execute(f'CREATE DATABASE "{name}"')
        migrate(url_of(settings, name))
        yield name
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def own(settings: Settings, database: Database, template: str) -> Iterator[Settings]:
    """Settings of a database that no other test fills with instruments."""
    name = f"poller_{uuid4().hex[:12]}"
    with database.session() as session:
        session.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield replace(settings.with_urls(url_of(settings, name), settings.redis_url), market_data=("simulated",), poll_seconds=0.2)
    with database.session() as session:
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def base(own: Settings) -> Iterator[Database]:
    opened = Database(own.database_url)
    yield opened
    opened.close()


@pytest.fixture
def actor(base: Database) -> Actor:
    with base.begin() as unit:
        return unit.system.local_actor()


@pytest.fixture
def instruments(base: Database, actor: Actor, market: SimulatedMarket) -> dict[str, Instrument]:
    with base.begin() as unit:
        return {symbol: put(unit, actor, symbol, market.currency(symbol)) for symbol in SYMBOLS}


@pytest.fixture
def start(own: Settings, bus: Bus, market: SimulatedMarket) -> Iterator[Callable[[], tuple[Poller, Database]]]:
    """Start pollers, each with a database pool of its own as in a process of its own."""
    running: list[tuple[Poller, Database]] = []

    def one() -> tuple[Poller, Database]:
        opened = Database(own.database_url)
        poller = Poller(own, opened, bus, Feed(opened, bus, [market]))
        running.append((poller, opened))
        poller.start()
        return poller, opened

    yield one
    for poller, opened in running:
        poller.stop()
        opened.close()


def put(unit: Any, actor: Actor, symbol: str, currency: str) -> Instrument:
    kind = AssetClass.FX if symbol.startswith("EUR") else AssetClass.EQUITY
    made: Instrument = unit.instruments.put(actor.workspace_id, actor.user_id, symbol, name=symbol, asset_class=kind, currency=currency)[0]
    return made


def until(holds: Callable[[], bool], seconds: float = 10.0) -> float:
    """Wait for something; gives how long it took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - started


def backends(base: Database) -> list[int]:
    """Processes of the server that hold the office."""
    with base.read() as unit:
        return [pid for (pid,) in unit.market.fetch("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
                                                    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", [OFFICE])]


def count_ticks(base: Database) -> int:
    with base.read() as unit:
        return int(unit.market.fetch("SELECT count(*) FROM quote_tick WHERE ts > now() - interval '1 minute'")[0][0])


def test_quotes_begin_to_flow(start: Callable[[], tuple[Poller, Database]], base: Database, instruments: dict[str, Instrument]) -> None:
    poller, _ = start()
    until(lambda: poller.status().polls >= 3)
    with base.read() as unit:
        latest = unit.market.latest([one.id for one in instruments.values()])
    assert {quote.symbol for quote in latest.values()} == set(SYMBOLS)
    assert all(quote.simulated and quote.source == "simulated" for quote in latest.values())
    assert poller.status().leads
    assert poller.status().last_error is None


def test_of_two_exactly_one_leads(start: Callable[[], tuple[Poller, Database]], base: Database, instruments: dict[str, Instrument]) -> None:
    assert instruments
    first, second = start()[0], start()[0]
    until(lambda: first.status().leads or second.status().leads)
    for _ in range(20):
        time.sleep(0.05)
        assert [first.status().leads, second.status().leads].count(True) == 1
    assert min(first.status().polls, second.status().polls) == 0
    assert len(backends(base)) == 1


def test_no_tick_is_stored_twice_by_two_pollers(start: Callable[[], tuple[Poller, Database]], base: Database,
                                               instruments: dict[str, Instrument]) -> None:
    assert instruments
    start(), start()
    until(lambda: count_ticks(base) > 40)
    with base.read() as unit:
        assert unit.market.fetch("SELECT instrument_id, ts FROM quote_tick GROUP BY 1, 2 HAVING count(*) > 1") == []


def test_the_other_takes_over_when_the_leaders_connection_is_cut(start: Callable[[], tuple[Poller, Database]], base: Database,
                                                                instruments: dict[str, Instrument]) -> None:
    assert instruments
    first, _ = start()
    until(lambda: first.status().leads)
    second, _ = start()
    time.sleep(0.5)
    assert not second.status().leads
    [leader] = backends(base)
    with base.begin() as unit:
        unit.market.fetch("SELECT pg_terminate_backend(%s)", [leader])
    until(lambda: backends(base) not in ([], [leader]), 5)
    until(lambda: [first.status().leads, second.status().leads].count(True) == 1, 1)
    [heir] = [poller for poller in (first, second) if poller.status().leads]
    polls = heir.status().polls
    until(lambda: heir.status().polls > polls + 2)


def test_the_other_takes_over_when_the_leader_stops(start: Callable[[], tuple[Poller, Database]], instruments: dict[str, Instrument]) -> None:
    assert instruments
    first, _ = start()
    until(lambda: first.status().leads)
    second, _ = start()
    time.sleep(0.3)
    first.stop()
    assert until(lambda: second.status().leads) < 5
    until(lambda: second.status().polls > 0)
    assert not first.status().leads


def test_it_stops_at_once_and_starts_again(start: Callable[[], tuple[Poller, Database]], base: Database, instruments: dict[str, Instrument]) -> None:
    assert instruments
    poller, _ = start()
    until(lambda: poller.status().polls > 1)
    began = time.monotonic()
    poller.stop()
    assert time.monotonic() - began < 15  # it waits for nothing that takes longer
    assert backends(base) == []
    polls = poller.status().polls
    time.sleep(0.5)
    assert poller.status().polls == polls
    poller.stop()
    poller.start()
    until(lambda: poller.status().polls > polls)


def test_stopping_while_it_catches_up_is_quick(own: Settings, base: Database, bus: Bus, actor: Actor, market: SimulatedMarket) -> None:
    with base.begin() as unit:
        for symbol in (*market.shares, *market.pairs):
            put(unit, actor, symbol, market.currency(symbol))
    poller = Poller(own, base, bus, Feed(base, bus, [market]))
    poller.start()
    until(lambda: poller.status().leads)
    time.sleep(0.1)
    began = time.monotonic()
    poller.stop()
    assert time.monotonic() - began < 15  # it waits for nothing that takes longer


def test_todays_line_is_not_empty_at_start(start: Callable[[], tuple[Poller, Database]], base: Database, instruments: dict[str, Instrument]) -> None:
    start()
    midnight = calendar.start_of(calendar.today())
    buckets = int((calendar.now() - midnight).total_seconds() // 300)
    ids = [one.id for one in instruments.values()]

    def line() -> Any:
        with base.read() as unit:
            return unit.market.ticks_by_bucket(ids, midnight, midnight + timedelta(seconds=300 * buckets), 300)

    if buckets:
        until(lambda: len(line()) == buckets and not line().isna().any().any())


def test_missed_days_are_stored_at_start(start: Callable[[], tuple[Poller, Database]], base: Database, actor: Actor,
                                        instruments: dict[str, Instrument], market: SimulatedMarket) -> None:
    yesterday = calendar.today() - timedelta(days=1)
    last_week = yesterday - timedelta(days=7)
    known = market.fetch_bars(instruments["AAPL"], date(2026, 1, 1), last_week)
    with base.begin() as unit:
        unit.instruments.put_bars(instruments["AAPL"].id, known)
    start()

    def stored() -> list[Bar]:
        with base.read() as unit:
            return unit.instruments.bars(instruments["AAPL"].id, date(2026, 1, 1))

    whole = market.fetch_bars(instruments["AAPL"], date(2026, 1, 1), yesterday)
    until(lambda: stored() == whole)
    newest = calendar.newest_business_day(yesterday)

    def rates() -> dict[str, date]:
        with base.read() as unit:
            dates: dict[str, date] = unit.instruments.last_rates(actor.workspace_id)["date"].to_dict()
            return dates

    until(lambda: rates() == {"EURUSD": newest, "EURCHF": newest})


def days_of(base: Database, bus: Bus, market: SimulatedMarket) -> MarketDays:
    return MarketDays(base, bus, Feed(base, bus, [market]))


def test_rolling_again_stores_nothing(base: Database, bus: Bus, market: SimulatedMarket, instruments: dict[str, Instrument]) -> None:
    assert instruments
    days = days_of(base, bus, market)
    assert days.roll(lambda: True) > 30_000
    assert days.roll(lambda: True) == 0


def test_rolling_at_midnight_adds_yesterday(base: Database, bus: Bus, market: SimulatedMarket, instruments: dict[str, Instrument],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    days = days_of(base, bus, market)
    days.roll(lambda: True)
    friday = next(day for ahead in range(1, 9) if (day := calendar.today() + timedelta(days=ahead)).weekday() == 4)
    for clock in (friday, friday + timedelta(days=1), friday + timedelta(days=2), friday + timedelta(days=3)):
        monkeypatch.setattr(calendar, "now", lambda clock=clock: calendar.start_of(clock) + timedelta(seconds=1))
        days.roll(lambda: True)
    with base.read() as unit:
        tail = [bar.date for bar in unit.instruments.bars(instruments["KO"].id)][-2:]
    assert tail == [friday - timedelta(days=1), friday]


def test_a_manual_close_is_not_rolled_over(base: Database, bus: Bus, market: SimulatedMarket, instruments: dict[str, Instrument]) -> None:
    day = calendar.newest_business_day(calendar.today() - timedelta(days=1))
    with base.begin() as unit:
        unit.instruments.put_bars(instruments["KO"].id, [Bar(day, Decimal(123))])
    days_of(base, bus, market).roll(lambda: True)
    with base.read() as unit:
        assert [bar.close for bar in unit.instruments.bars(instruments["KO"].id)] == [Decimal(123)]


def test_filling_today_leaves_what_is_there(base: Database, bus: Bus, market: SimulatedMarket, instruments: dict[str, Instrument],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    noon = calendar.start_of(calendar.today()) + timedelta(hours=12)
    monkeypatch.setattr(calendar, "now", lambda: noon)
    days, feed = days_of(base, bus, market), Feed(base, bus, [market])
    real = Quote(instruments["KO"].id, "KO", 70.0, noon - timedelta(hours=3), noon, "mine", "USD")
    feed.ingest([real], source="push")
    assert days.fill_today(lambda: True) == 144 * 4
    assert days.fill_today(lambda: True) == 0
    with base.read() as unit:
        assert unit.market.latest() == {real.instrument_id: replace(real, received=noon)}


def test_tidying_keeps_a_week_of_ticks(base: Database, bus: Bus, market: SimulatedMarket, instruments: dict[str, Instrument]) -> None:
    assert instruments
    today = calendar.today()
    with base.begin() as unit:
        unit.market.ensure_partitions(today - timedelta(days=9), days_ahead=9)
    assert len(days_of(base, bus, market).tidy()) == 2
    with base.read() as unit:
        names = unit.market.partitions()
    assert names[0] == f"quote_tick_{today - timedelta(days=7):%Y%m%d}"
    assert f"quote_tick_{today + timedelta(days=1):%Y%m%d}" in names


def test_tidying_forgets_old_runs_and_keys(own: Settings, base: Database, bus: Bus) -> None:
    with base.begin() as unit:
        actor = unit.system.local_actor()
        for name, days in (("old job", 31), ("recent job", 29)):
            run = unit.system.start_job(name)
            unit.system.finish_job(run, failed=False)
            unit.system.affected("UPDATE job_run SET created_at = %s WHERE id = %s", [calendar.now() - timedelta(days=days), run])
        unit.system.remember(actor.workspace_id, "fresh", "hash", 200, {})
        unit.system.remember(actor.workspace_id, "stale", "hash", 200, {})
        unit.system.affected("UPDATE idempotency_key SET created_at = %s WHERE key = 'stale'", [calendar.now() - timedelta(days=31)])
    detail = Poller(own, base, bus, Feed(base, bus, []))._tidy()
    assert detail is not None
    assert (detail["keys"], detail["runs"]) == (1, 1)
    with base.read() as unit:
        assert not unit.system.jobs(job="old job")
        assert unit.system.jobs(job="recent job")


def test_runs_and_failures_are_written_down(own: Settings, base: Database, bus: Bus, instruments: dict[str, Instrument]) -> None:
    assert instruments

    class Broken(SimulatedMarket):
        def fetch_quotes(self, *_args: object, **_kwargs: object) -> list[Quote]:
            raise ZeroDivisionError("this provider has a bug")

    poller = Poller(own, base, bus, Feed(base, bus, [Broken()]))
    poller.start()
    try:
        until(lambda: poller.status().last_error is not None)
        time.sleep(0.7)
    finally:
        poller.stop()
    with base.read() as unit:
        failed = [run.detail["reason"] for run in unit.system.jobs(job="poll_quotes") if run.status == "failed"]  # a round with nothing due is done
        assert failed == ["ZeroDivisionError: this provider has a bug"], "one a minute"
        assert [run.status for run in unit.system.jobs(job="roll_day")] == ["done"]


def test_a_heartbeat_a_minute_and_no_more(start: Callable[[], tuple[Poller, Database]], base: Database, instruments: dict[str, Instrument]) -> None:
    assert instruments
    poller, _ = start()
    until(lambda: poller.status().polls > 5)
    with base.read() as unit:
        [beat] = unit.system.jobs(job="poll_quotes")
    assert (beat.status, beat.detail["accepted"]) == ("done", len(SYMBOLS))


def test_leadership_without_a_database_is_none() -> None:
    leadership = Leadership(Database("postgresql:///portolan?host=/nowhere"), OFFICE)
    assert not leadership.take()
    assert not leadership.held()
    leadership.release()


def test_a_poller_survives_a_database_that_is_away(own: Settings, bus: Bus, market: SimulatedMarket) -> None:
    away = Database("postgresql:///portolan?host=/nowhere")
    poller = Poller(own, away, bus, Feed(away, bus, [market]))
    poller.start()
    time.sleep(0.5)
    assert not poller.status().leads
    poller.stop()
    with pytest.raises(StorageError):
        away.ping()


class Lines:
    """A provider that keeps a line open, and counts who tends it."""

    name = "lines"
    simulated = False
    limits = Limits(batch=100)
    offers = frozenset({"quotes"})

    def __init__(self) -> None:
        self.open = 0
        self.wanted: list[str] = []

    def covers(self, instrument: Instrument) -> bool:
        return instrument.symbol == "KO"

    def fetch_quotes(self, _instruments: object, _now: object, *, since: object = None) -> list[Quote]:
        del since
        return []

    def stream(self, _ingest: object, instruments: Callable[[], list[Instrument]]) -> Lines:
        self.instruments = instruments
        return self

    def tend(self) -> None:
        self.open, self.wanted = 1, [one.symbol for one in self.instruments()]

    def stop(self) -> None:
        self.open = 0


def test_a_line_is_held_by_the_leader_alone(own: Settings, bus: Bus, base: Database, instruments: dict[str, Instrument]) -> None:
    assert instruments
    providers, opened = [Lines(), Lines()], [Database(own.database_url), Database(own.database_url)]
    pollers = [Poller(own, database, bus, Feed(database, bus, [provider])) for database, provider in zip(opened, providers, strict=True)]
    try:
        pollers[0].start()
        until(lambda: providers[0].open == 1)
        pollers[1].start()
        until(lambda: len(backends(base)) == 1 and providers[0].wanted == ["KO"])
        assert providers[1].open == 0
        pollers[0].stop()
        assert providers[0].open == 0
        until(lambda: providers[1].open == 1)
    finally:
        for poller, database in zip(pollers, opened, strict=True):
            poller.stop()
            database.close()


class Sparing(Lines):
    """A real provider that counts what it is asked, and has nothing."""

    offers = frozenset({"quotes", "bars", "fx", "intraday"})

    def __init__(self, limits: Limits, error: ProviderError | None = None) -> None:
        super().__init__()
        self.limits, self.error = limits, error
        self.asked: list[str] = []

    def covers(self, instrument: Instrument) -> bool:
        return bool(instrument)

    def fetch_bars(self, *_about: object) -> list[Bar]:
        self.asked.append("bars")
        return []

    def fetch_fx(self, *_about: object) -> dict[str, list[Any]]:
        return self.answer("fx", {})

    def fetch_intraday(self, *_about: object, every_seconds: int) -> list[Quote]:
        assert every_seconds
        return self.answer("intraday", [])

    def answer(self, what: str, nothing: Any) -> Any:
        self.asked.append(what)
        if self.error is not None:
            raise self.error
        return nothing


@pytest.mark.parametrize(("provider", "asked"), [
    (Sparing(Limits()), ["fx", "intraday"]),
    (Sparing(Limits(per_day=25)), ["fx"]),
    (Sparing(Limits(), ProviderTimeout("lines", seconds=1)), ["fx", "intraday", "fx", "intraday"]),
    (Sparing(Limits(), UnknownSymbol("lines", "EURUSD")), ["fx", "intraday"]),
])
def test_real_providers_are_spared(base: Database, bus: Bus, instruments: dict[str, Instrument], monkeypatch: pytest.MonkeyPatch,
                                   provider: Sparing, asked: list[str]) -> None:
    """Their bars are the history's matter; for what is nice to have they are asked once an hour, or again where they could not be reached."""
    assert instruments
    noon = calendar.start_of(calendar.today()) + timedelta(hours=12)
    monkeypatch.setattr(calendar, "now", lambda: noon)
    days = MarketDays(base, bus, Feed(base, bus, [provider]))
    for _ in range(2):
        days.roll(lambda: True)
        days.fill_today(lambda: True)
    assert provider.asked == asked
    monkeypatch.setattr(calendar, "now", lambda: noon + timedelta(hours=1))
    days.fill_today(lambda: True)
    assert len(provider.asked) == len(asked) + ("intraday" in asked)


def test_other_jobs_are_the_leaders_too(own: Settings, base: Database, bus: Bus, market: SimulatedMarket) -> None:
    ran: list[str] = []

    def fails() -> None:
        ran.append("fails")
        raise StorageError("the database is away")

    pollers = [Poller(own, base, bus, Feed(base, bus, [market]), jobs=[Job("counts", 0.1, lambda name=name: {"who": ran.append(name) or name}),
                                                                       Job("fails", 0.1, fails)]) for name in ("one", "two")]
    for poller in pollers:
        poller.start()
    try:
        until(lambda: len(ran) > 6 and "fails" in ran, 60)
    finally:
        for poller in pollers:
            poller.stop()
    assert len({name for name in ran if name != "fails"}) == 1
    with base.read() as unit:
        rows = unit.system.fetch("SELECT job, status, detail->>'reason' FROM job_run WHERE job IN ('counts', 'fails') ORDER BY created_at")
    assert ("counts", "done", None) in rows
    assert ("fails", "failed", "the database is away") in rows
