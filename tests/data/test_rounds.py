"""What a poll asks for, and who tends the lines on which prices come by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data import calendar, venues
from data.budgets import Limits
from data.bus import Bus
from data.database import Database
from data.feed import Feed
from data.rounds import TOLD_LATELY, Rounds, Streams
from engine.types import Actor, AssetClass, Instrument, Quote

NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # a Monday, noon in New York


class Talking:
    """A provider with a line."""

    simulated = False
    limits = Limits(batch=100)
    offers = frozenset({"quotes"})

    def __init__(self, name: str, *covered: str, simulated: bool = False) -> None:
        self.name, self.covered, self.simulated = name, covered, simulated
        self.line: Line | None = None

    def covers(self, instrument: Instrument) -> bool:
        return instrument.symbol in self.covered

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        del instruments, now, since
        return []

    def stream(self, ingest: Callable[..., object], instruments: Callable[[], Sequence[Instrument]]) -> Line:
        self.line = Line(ingest, instruments)
        return self.line


class Line:
    def __init__(self, ingest: Callable[..., object], instruments: Callable[[], Sequence[Instrument]]) -> None:
        self.ingest, self.instruments = ingest, instruments
        self.tended = self.stopped = 0

    def tend(self) -> dict[str, Any] | None:
        self.tended += 1
        return None

    def stop(self) -> None:
        self.stopped += 1


class Silent(Talking):
    """A provider without a line."""

    stream = None  # type: ignore[assignment]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    told = [NOON]
    monkeypatch.setattr(calendar, "now", lambda: told[0])
    return told


@pytest.fixture
def shares(database: Database, actor: Actor) -> dict[str, Instrument]:
    """Shares whose names no other test uses: a round is of all workspaces."""
    return {name: put(database, actor, f"{name}{actor.workspace_id.hex[-8:].upper()}") for name in ("A", "B", "C")}


def put(database: Database, actor: Actor, symbol: str, **fields: Any) -> Instrument:
    told = {"name": symbol, "asset_class": AssetClass.EQUITY, "currency": "USD", **fields}
    with database.begin() as unit:
        return unit.instruments.put(actor.workspace_id, actor.user_id, symbol, **told)[0]


def rounds_of(database: Database, bus: Bus, *providers: Any, trades: Callable[[Instrument, datetime], bool] | None = None) -> tuple[Feed, Rounds]:
    feed = Feed(database, bus, providers)
    return feed, Rounds(database, feed.failover, trades or (lambda _one, _now: True))


def test_what_a_line_told_lately_is_not_polled(database: Database, bus: Bus, shares: dict[str, Instrument], clock: list[datetime]) -> None:
    first = Talking("first", shares["A"].symbol, shares["B"].symbol)
    feed, rounds = rounds_of(database, bus, first)
    Streams(feed, rounds)
    assert {one.id for one in rounds.due(NOON)} == {shares["A"].id, shares["B"].id}
    assert first.line is not None
    first.line.ingest([Quote(shares["A"].id, shares["A"].symbol, 10.0, NOON, NOON, "first", "USD")], source="first")
    assert {one.id for one in rounds.due(NOON)} == {shares["B"].id}
    clock[0] = NOON + TOLD_LATELY
    assert {one.id for one in rounds.due(clock[0])} == {shares["A"].id, shares["B"].id}
    with database.read() as unit:
        assert unit.market.latest([shares["A"].id])[shares["A"].id].price == 10.0


def test_a_line_is_asked_for_what_its_provider_is_the_first_choice_for(database: Database, bus: Bus, shares: dict[str, Instrument],
                                                                        clock: list[datetime]) -> None:
    del clock
    symbols = [one.symbol for one in shares.values()]
    first, second, silent = Talking("first", symbols[0]), Talking("second", *symbols[:2]), Silent("third", *symbols)
    feed, rounds = rounds_of(database, bus, first, second, silent)
    streams = Streams(feed, rounds)
    assert [name for name, _ in streams.jobs()] == ["stream_first", "stream_second"]
    assert first.line is not None
    assert second.line is not None
    assert [one.id for one in first.line.instruments()] == [shares["A"].id]
    assert [one.id for one in second.line.instruments()] == [shares["B"].id]
    for _, tend in streams.jobs():
        tend()
    streams.stop()
    assert [(line.tended, line.stopped) for line in (first.line, second.line)] == [(1, 1), (1, 1)]


def test_what_is_made_up_trades_at_any_hour(database: Database, bus: Bus, shares: dict[str, Instrument]) -> None:
    market = Silent("sim", shares["A"].symbol, simulated=True)
    real = Silent("real", shares["B"].symbol)
    _, rounds = rounds_of(database, bus, market, real, trades=lambda _one, _now: False)
    assert {one.id for one in rounds.due(NOON)} == {shares["A"].id, shares["B"].id}
    assert {one.id for one in rounds.due(NOON + timedelta(seconds=1))} == {shares["A"].id}


def test_hours_are_those_of_the_venue(database: Database, bus: Bus, actor: Actor) -> None:
    suffix = actor.workspace_id.hex[-8:].upper()
    york = put(database, actor, f"Y{suffix}", exchange="XNYS")
    tokyo = put(database, actor, f"T{suffix}", exchange="XTKS", currency="JPY")
    coin = put(database, actor, f"C{suffix}", asset_class=AssetClass.CRYPTO)
    pair = put(database, actor, "EURUSD", asset_class=AssetClass.FX)
    venues.load(["XNYS", "XTKS"])
    ours = {one.id: one.symbol[0] for one in (york, tokyo, coin, pair)}
    feed = Feed(database, bus, [Silent("one", york.symbol, tokyo.symbol, coin.symbol, pair.symbol)])  # type: ignore[list-item]
    rounds = Rounds(database, feed.failover)

    def due(at: datetime) -> str:
        return "".join(sorted(ours[one.id] for one in rounds.due(at) if one.id in ours))

    assert due(NOON) == "CETY", "everything once"
    assert due(NOON + timedelta(minutes=1)) == "CEY", "Tokyo sleeps"
    assert due(datetime(2026, 11, 24, 2, 0, tzinfo=UTC)) == "CETY", "long since the last look at New York"
    assert due(datetime(2026, 11, 24, 2, 1, tzinfo=UTC)) == "CET"
    saturday = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    due(saturday)
    assert due(saturday + timedelta(minutes=1)) == "C"
