"""Who is asked for what: orders of preference, each only for what none before it answered, and every fault of a server goes to the next provider."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from data import calendar
from data.budgets import OPENS_AFTER, Limits, ProviderState, health
from data.bus import Bus
from data.database import Database
from data.failover import FAILURES_IN_A_ROW, Failover
from data.feed import Feed
from data.providers.base import HttpProvider
from data.providers.wire import Wire
from data.rounds import Rounds
from engine.errors import (
    CircuitOpen,
    InvalidInput,
    MalformedResponse,
    PortfolioError,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    UnknownSymbol,
)  # fmt: skip
from engine.types import Actor, AssetClass, Instrument, Kind, Quote, Source, Transaction
from tests.data.replay import FAULTS, Asked, Replay, Told, bomb

WORKSPACE = uuid4()
SYMBOLS = ("AAPL", "KO", "MSFT", "XOM")


class Fake:
    """A provider that answers from a table, or fails."""

    offers = frozenset({"quotes"})

    def __init__(self, name: str, prices: dict[str, float] | None = None, *, error: PortfolioError | Callable[[], PortfolioError] | None = None,
                 limits: Limits | None = None, simulated: bool = False, covers: Iterable[str] | None = None) -> None:
        self.name, self.prices, self.error, self.simulated = name, prices or {}, error, simulated
        self.limits = limits or Limits(batch=100)
        self.waits = False
        self.covered = None if covers is None else set(covers)
        self.asked: list[list[str]] = []

    def covers(self, instrument: Instrument) -> bool:
        return self.covered is None or instrument.symbol in self.covered

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        del since
        self.asked.append([one.symbol for one in instruments])
        if self.error is not None:
            raise self.error() if callable(self.error) else self.error
        return [Quote(one.id, one.symbol, self.prices[one.symbol], now, now, "", "USD") for one in instruments if one.symbol in self.prices]


def instrument(symbol: str, *sources: tuple[str, str]) -> Instrument:
    return Instrument(uuid4(), WORKSPACE, symbol, symbol, AssetClass.EQUITY, "USD", sources=tuple(Source(*each) for each in sources))


def failover(*providers: Fake) -> tuple[Failover, list[tuple[str, str]]]:
    failures: list[tuple[str, str]] = []
    return Failover(providers, lambda provider, error: failures.append((provider.name, error.code))), failures  # type: ignore[arg-type]


def answers(asking: Failover, instruments: Sequence[Instrument], **options: Any) -> dict[str, str]:
    """Whose quote each symbol got."""
    return {quote.symbol: chunk.provider.name for chunk in asking.quotes(instruments, **options) for quote in chunk.quotes}


def test_each_is_asked_only_for_what_none_before_it_answered() -> None:
    first, second, third = Fake("first", {"AAPL": 1}), Fake("second", {"AAPL": 2, "KO": 2}), Fake("third", dict.fromkeys(SYMBOLS, 3.0))
    asking, _ = failover(first, second, third)
    assert answers(asking, [instrument(symbol) for symbol in SYMBOLS]) == {"AAPL": "first", "KO": "second", "MSFT": "third", "XOM": "third"}
    assert first.asked == [["AAPL", "KO", "MSFT", "XOM"]]
    assert second.asked == [["KO", "MSFT", "XOM"]]
    assert third.asked == [["MSFT", "XOM"]]


def test_what_a_provider_does_not_cover_is_never_asked_of_it() -> None:
    first, second = Fake("first", {"KO": 1}, covers=["KO"]), Fake("second", {"AAPL": 2, "KO": 2})
    asking, _ = failover(first, second)
    assert answers(asking, [instrument("AAPL"), instrument("KO")]) == {"AAPL": "second", "KO": "first"}
    assert (first.asked, second.asked) == ([["KO"]], [["AAPL"]])


def test_sources_of_the_instrument_come_first_then_the_portfolios_order_then_the_settings() -> None:
    providers = [Fake(name, dict.fromkeys(SYMBOLS, 1.0)) for name in ("one", "two", "three")]
    asking, _ = failover(*providers)
    apple, coke, plain = instrument("AAPL", ("three", "AAPL.US")), instrument("KO"), instrument("MSFT")
    assert [each.name for each in asking.order(apple, ["two"])] == ["three", "two", "one"]
    assert [each.name for each in asking.order(coke, ["two", "gone"])] == ["two", "one", "three"]
    assert [each.name for each in asking.order(plain)] == ["one", "two", "three"]
    assert answers(asking, [apple, coke, plain], preferred={apple.id: ["two"], coke.id: ["two"]}) == {"AAPL": "three", "KO": "two", "MSFT": "one"}
    assert [one.symbol for one in asking.first("two", [apple, coke, plain], {coke.id: ["two"]})] == ["KO"]


@pytest.mark.parametrize("error", [
    ProviderTimeout("first", seconds=1), ProviderUnavailable("first", reason="cut"), RateLimited("first", retry_after_seconds=60),
    ProviderRefused("first", reason="no key"), CircuitOpen("first", seconds=9),
])
def test_who_fails_as_a_whole_is_asked_once_and_the_rest_goes_on(error: PortfolioError) -> None:
    first, second = Fake("first", error=error, limits=Limits(batch=1)), Fake("second", dict.fromkeys(SYMBOLS, 2.0))
    asking, failures = failover(first, second)
    assert set(answers(asking, [instrument(symbol) for symbol in SYMBOLS]).values()) == {"second"}
    assert len(first.asked) == 1
    assert len(second.asked) == 1
    assert failures == [("first", error.code)]


def test_what_was_answered_before_the_failure_is_kept() -> None:
    first = Fake("first", dict.fromkeys(SYMBOLS, 1.0), limits=Limits(batch=2))
    told = [None, ProviderTimeout("first", seconds=1)]
    ask = first.fetch_quotes

    def failing(*args: Any, **options: Any) -> list[Quote]:
        first.error = told[min(len(first.asked), 1)]
        return ask(*args, **options)

    first.fetch_quotes = failing  # type: ignore[method-assign]
    asking, _ = failover(first, Fake("second", dict.fromkeys(SYMBOLS, 2.0)))
    assert sorted(answers(asking, [instrument(symbol) for symbol in SYMBOLS]).values()) == ["first", "first", "second", "second"]


def test_one_unreadable_answer_is_of_its_symbol_several_in_a_row_are_of_the_provider() -> None:
    instruments = [instrument(f"S{number}") for number in range(10)]
    first, second = Fake("first", error=MalformedResponse("first", reason="text"), limits=Limits(batch=1)), Fake("second")
    asking, failures = failover(first, second)
    answers(asking, instruments)
    assert len(first.asked) == FAILURES_IN_A_ROW == len(failures)
    assert sum(len(each) for each in second.asked) == 10


@pytest.mark.parametrize("error", [UnknownSymbol("first", "AAPL"), InvalidInput("symbol", "A A", "is not a symbol")])
def test_an_unknown_symbol_goes_to_the_next_and_is_not_asked_again_for_hours(error: PortfolioError, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    apple = instrument("AAPL")
    first, second = Fake("first", error=error, limits=Limits(batch=1)), Fake("second", {"AAPL": 2})
    asking, _ = failover(first, second)
    for _ in range(3):
        assert answers(asking, [apple]) == {"AAPL": "second"}
    assert len(first.asked) == 1
    first.error, first.prices = None, {"AAPL": 1.0}
    clock[0] += 6 * 3600 - 1
    assert answers(asking, [apple]) == {"AAPL": "second"}
    clock[0] += 1
    assert answers(asking, [apple]) == {"AAPL": "first"}


def test_what_nobody_has_is_told_until_somebody_has_it() -> None:
    apple, coke = instrument("AAPL"), instrument("KO")
    first, second = Fake("first", {"KO": 1.0}), Fake("second", error=ProviderUnavailable("second", reason="cut"))
    asking, _ = failover(first, second)
    assert answers(asking, [apple, coke]) == {"KO": "first"}
    assert {key: error.message for key, error in asking.silent.items()} == {apple.id: "No provider has AAPL (asked: first, second)."}
    second.error, second.prices = None, {"AAPL": 2.0}
    assert answers(asking, [apple, coke]) == {"KO": "first", "AAPL": "second"}
    assert asking.silent == {}


def test_a_made_up_market_tells_every_change_so_its_silence_is_an_answer() -> None:
    first, second = Fake("first", {}, simulated=True), Fake("second", {"AAPL": 2})
    asking, _ = failover(first, second)
    assert answers(asking, [instrument("AAPL")]) == {}
    assert second.asked == []


def test_where_our_own_budget_ends_who_has_a_fresh_price_waits_and_the_others_go_on() -> None:
    apple, coke = instrument("AAPL"), instrument("KO")
    first, second = Fake("first", {"AAPL": 1.0}), Fake("second", {"AAPL": 2.0, "KO": 2.0})
    asking, _ = failover(first, second)
    assert answers(asking, [apple]) == {"AAPL": "first"}
    first.error, first.waits = RateLimited("first", until="burst"), True
    assert answers(asking, [apple, coke]) == {"KO": "second"}
    first.error, first.waits = RateLimited("first", retry_after_seconds=60), False
    assert answers(asking, [apple, coke]) == {"AAPL": "second", "KO": "second"}


def test_those_whose_turn_was_longest_ago_are_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1, 10_000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    instruments = [instrument(symbol) for symbol in SYMBOLS]
    first = Fake("first", dict.fromkeys(SYMBOLS, 1.0), limits=Limits(batch=1))
    asking, _ = failover(first)
    answers(asking, instruments[:2])
    first.asked.clear()
    answers(asking, instruments)
    assert [symbol for (symbol,) in first.asked] == ["MSFT", "XOM", "AAPL", "KO"]


def test_a_budget_of_the_day_is_spread_over_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    instruments = [instrument(symbol) for symbol in SYMBOLS]
    first, second = Fake("first", dict.fromkeys(SYMBOLS, 1.0), limits=Limits(per_day=24, batch=1)), Fake("second", dict.fromkeys(SYMBOLS, 2.0))
    asking, _ = failover(first, second)
    whose = []
    for hour in range(1, 10):
        clock[0] = hour * 3600.0
        whose.append(set(answers(asking, instruments).values()))
    assert whose == [{"first"}, {"second"}, {"second"}, {"second"}, {"first"}, {"second"}, {"second"}, {"second"}, {"first"}]


def test_a_second_opinion_is_never_of_the_same_nor_of_a_made_up_one() -> None:
    apple = instrument("AAPL")
    first, made_up, other = Fake("first", {"AAPL": 100.0}), Fake("sim", {"AAPL": 5.0}, simulated=True), Fake("other", {"AAPL": 101.0})
    asking, _ = failover(first, made_up, other)
    now = calendar.now()
    found = asking.opinion(Quote(apple.id, "AAPL", 100.0, now, now, "first", "USD"), apple)
    assert found is not None
    assert found.price == 101.0
    assert (first.asked, made_up.asked) == ([], [])
    alone, _ = failover(first)
    assert alone.opinion(Quote(apple.id, "AAPL", 100.0, now, now, "first", "USD"), apple) is None


class Plain(HttpProvider):
    """A provider over HTTP of the least kind."""

    name: ClassVar[str] = "plain"
    home: ClassVar[str] = "http://127.0.0.1:1"
    limits: ClassVar[Limits] = Limits(batch=50)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes"})

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        del since
        with self.reading("quotes"):
            told = self.wire.get("/quotes", {"symbols": ",".join(self.symbol(one) for one in instruments), "apikey": self.key}).json()
            return [Quote(one.id, one.symbol, float(told[self.symbol(one)]), now, now, self.wire.provider, "USD") for one in instruments]


def plain(database: Database, name: str, url: str, **options: Any) -> Plain:
    made = Plain(Wire(name, url, state=ProviderState(database, name, Plain.limits), secrets=["marker-Key"], **{"deadline_seconds": 1.0, **options}),
                 "marker-Key")
    made.name = name  # type: ignore[misc]  # one of many
    return made


def prices(asked: Asked) -> Told:
    return Told(json.dumps(dict.fromkeys(asked.query["symbols"].split(","), 100.0)).encode())


def put(database: Database, actor: Actor, symbol: str) -> Instrument:
    with database.begin() as unit:
        return unit.instruments.put(actor.workspace_id, actor.user_id, symbol, name=symbol, asset_class=AssetClass.EQUITY, currency="USD")[0]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_goes_to_the_next_provider_opens_the_breaker_and_the_way_back_is_found(
        fault: str, database: Database, bus: Bus, actor: Actor) -> None:
    bomb()
    apple = put(database, actor, "AAPL")
    first, second = f"a{uuid4().hex[:10]}", f"b{uuid4().hex[:10]}"
    with Replay.fault(fault) as broken, Replay(prices) as sound:
        feed = Feed(database, bus, [plain(database, first, broken.url), plain(database, second, sound.url)])
        for _ in range(OPENS_AFTER + 2):
            done = feed.poll([apple])
            assert [(quote.source, quote.price) for quote in done.accepted + done.ignored] == [(second, 100.0)]
        state = next(each for each in health(database) if each.provider == first)
        assert state.breaker == "open"
        assert state.last_error is not None
        assert "marker-Key" not in state.last_error
        assert len(broken.asked) <= OPENS_AFTER, "left alone once the breaker is open"
        status = {source.name: source for source in feed.status()["sources"]}
        assert status[first].error
        broken.fault_name, broken.rule = None, prices
        with database.begin() as unit:
            unit.connection.exec_driver_sql(f"UPDATE provider_state SET retry_at = clock_timestamp() WHERE provider = '{first}'")  # noqa: S608
        assert {quote.source for quote in feed.poll([apple]).accepted} == {first}
        assert next(each for each in health(database) if each.provider == first).breaker == "closed"


def test_who_stops_hangs_up_and_that_is_no_fault_of_the_provider(database: Database) -> None:
    name, ending = f"e{uuid4().hex[:10]}", Event()

    def slow(_asked: Asked) -> Told:
        ending.wait(120)
        return Told(b"{}")

    with Replay(slow) as server:
        provider = plain(database, name, server.url, deadline_seconds=100.0)
        asking = Failover([provider], lambda _provider, _error: None)
        chunks: list[Any] = []
        go_on = [True]
        thread = Thread(target=lambda: chunks.extend(asking.quotes([instrument("AAPL")], go_on=lambda: go_on[0])), daemon=True)
        thread.start()
        while not server.asked:
            ending.wait(0.01)
        go_on[0] = False
        asking.abort()
        thread.join(60)
        ending.set()
        assert not thread.is_alive()
    assert [chunk.error.code for chunk in chunks] == ["provider_timeout"]
    state = next(each for each in health(database) if each.provider == name)
    assert (state.failures, state.last_error) == (0, None)


def test_nobody_is_asked_once_the_lead_is_lost() -> None:
    first = Fake("first", dict.fromkeys(SYMBOLS, 1.0), limits=Limits(batch=1))
    asking, _ = failover(first)
    leads = iter([True, True, True, False])
    assert len(answers(asking, [instrument(symbol) for symbol in SYMBOLS], go_on=lambda: next(leads, False))) == 2
    assert len(first.asked) == 2


def test_what_a_provider_fails_with_stays_told_while_it_is_left_alone(database: Database, bus: Bus, actor: Actor,
                                                                       caplog: pytest.LogCaptureFixture) -> None:
    apple, first = put(database, actor, "AAPL"), Fake("first", error=ProviderUnavailable("first", reason="cut"))
    feed = Feed(database, bus, [first])  # type: ignore[list-item]
    feed.poll([apple])
    for seconds in (14, 13):
        first.error = CircuitOpen("first", seconds=seconds)
        feed.poll([apple])
    (status,) = feed.status()["sources"]
    assert status.error == "first is not available: cut."
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == ["first is not available: cut."]
    first.error, first.waits = RateLimited("first", until="burst"), True
    feed.poll([apple])
    first.error, first.waits, first.prices = None, False, {"AAPL": 1.0}
    feed.poll([apple])
    (status,) = feed.status()["sources"]
    assert status.error is None


def test_an_unreadable_body_counts_against_the_provider(database: Database) -> None:
    name = f"c{uuid4().hex[:10]}"
    with Replay.serving(b'{"price": "about 12"}') as server:
        provider = plain(database, name, server.url)
        with pytest.raises(MalformedResponse, match="quotes: KeyError"):
            provider.fetch_quotes([instrument("AAPL")], calendar.now())
    assert next(each for each in health(database) if each.provider == name).failures == 1


def test_a_symbol_that_climbs_is_refused_before_any_request(database: Database) -> None:
    with Replay(prices) as server:
        provider = plain(database, f"d{uuid4().hex[:10]}", server.url)
        for symbol in ("../AAPL", "A" * 2000, "AAPL\r\nX: y"):
            with pytest.raises(InvalidInput):
                provider.fetch_quotes([instrument(symbol)], calendar.now())
        assert server.asked == []


def test_a_doubtful_price_that_another_confirms_is_taken_and_one_that_it_does_not_is_held(database: Database, bus: Bus, actor: Actor) -> None:
    apple = put(database, actor, "AAPL")
    first, second = Fake("first", {"AAPL": 100.0}), Fake("second", {"AAPL": 100.0})
    feed = Feed(database, bus, [first, second])  # type: ignore[list-item]
    feed.poll([apple])
    first.prices["AAPL"] = 3.0
    done = feed.poll([apple])
    assert [(held.code, held.quote.price) for held in done.quarantined] == [("twenty_times_off", 3.0)]
    assert "second says 100" in done.quarantined[0].reason
    feed._confirmed_last.clear()
    second.prices["AAPL"] = 3.03
    assert [quote.price for quote in feed.poll([apple]).accepted] == [3.0]


def test_of_one_instrument_a_second_provider_is_asked_once_a_minute(database: Database, bus: Bus, actor: Actor) -> None:
    apple = put(database, actor, "AAPL")
    first, second = Fake("first", {"AAPL": 100.0}), Fake("second", {"AAPL": 100.0})
    feed = Feed(database, bus, [first, second])  # type: ignore[list-item]
    feed.poll([apple])
    first.prices["AAPL"] = 1.0
    for _ in range(5):
        feed.poll([apple])
    assert len(second.asked) == 1


def test_a_person_who_pushes_does_not_wait_for_a_second_opinion(database: Database, bus: Bus, actor: Actor) -> None:
    apple = put(database, actor, "AAPL")
    second = Fake("second", {"AAPL": 1.0})
    feed = Feed(database, bus, [Fake("first"), second])  # type: ignore[list-item]
    now = calendar.now() - timedelta(seconds=5)
    feed.ingest([Quote(apple.id, "AAPL", 100.0, now, now, "push", "USD")], source="push")
    feed.ingest([Quote(apple.id, "AAPL", 1.0, now + timedelta(seconds=1), now, "push", "USD")], source="push")
    assert second.asked == []


def test_the_order_of_a_portfolio_counts_for_what_it_holds(database: Database, actor: Actor) -> None:
    apple, coke, other = (put(database, actor, symbol) for symbol in ("AAPL", "KO", "MSFT"))
    with database.begin() as unit:
        older = unit.portfolios.add(actor.workspace_id, actor.user_id, name="Older", base_currency="USD", providers=["two", "one"])
        newer = unit.portfolios.add(actor.workspace_id, actor.user_id, name="Newer", base_currency="USD", providers=["one"])
    with database.begin() as unit:
        for portfolio, symbol in ((older, "AAPL"), (newer, "AAPL"), (newer, "KO")):
            unit.ledger.add([transaction(portfolio.id, symbol)], actor.workspace_id, actor.user_id)
    with database.read() as unit:
        orders = unit.portfolios.provider_orders()
    assert (orders[apple.id], orders[coke.id]) == (("two", "one"), ("one",))
    assert other.id not in orders


def transaction(portfolio_id: UUID, symbol: str) -> Transaction:
    return Transaction(uuid4(), portfolio_id, calendar.today(), Kind.BUY, symbol, Decimal(1), Decimal(10), currency="USD")


def test_what_is_closed_is_asked_for_at_the_start_and_now_and_then(database: Database, actor: Actor) -> None:
    apple, coke = put(database, actor, "AAPL"), put(database, actor, "KO")
    asking, _ = failover(Fake("one", covers=["AAPL", "KO"]))
    rounds = Rounds(database, asking, lambda one, _now: one.symbol == "KO")
    start = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    ours = {apple.id, coke.id}

    def due(minutes: float) -> set[str]:
        return {one.symbol for one in rounds.due(start + timedelta(minutes=minutes)) if one.id in ours}

    assert due(0) == {"AAPL", "KO"}
    assert due(1) == {"KO"}
    assert due(29) == {"KO"}
    assert due(31) == {"AAPL", "KO"}
    rounds.forget()
    assert due(32) == {"AAPL", "KO"}


def test_sources_and_orders_come_back_as_they_were_put(database: Database, actor: Actor) -> None:
    apple = put(database, actor, "AAPL")
    sources = (Source("stooq", "aapl.us"), Source("yahoo", "AAPL"))
    with database.begin() as unit:
        unit.instruments.put(actor.workspace_id, actor.user_id, "AAPL", sources=sources)
    with database.read() as unit:
        assert unit.instruments.get(actor.workspace_id, "AAPL") == replace(apple, sources=sources, version=2)
