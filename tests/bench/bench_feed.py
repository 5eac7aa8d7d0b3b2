"""How many quotes a second come from a provider's socket into PostgreSQL and Redis: 5,000 instruments, asked over HTTP, on one core."""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from data import calendar, embedded
from data.budgets import Limits, ProviderState
from data.bus import Bus
from data.database import Database, migrate
from data.feed import Feed
from data.providers.base import HttpProvider
from data.providers.wire import Wire
from data.settings import Settings
from engine.types import AssetClass, Instrument, Quote
from tests.bench.table import Row
from tests.data.replay import Asked, Replay, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTRUMENTS = 5_000
SECONDS = 20.0


class Local(HttpProvider):
    """A provider that answers many symbols at once."""

    name: ClassVar[str] = "local"
    home: ClassVar[str] = "http://127.0.0.1"
    limits: ClassVar[Limits] = Limits(batch=250)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes"})

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Ask for all in one request."""
        del since
        by_symbol = {self.symbol(one): one for one in instruments}
        with self.reading("quotes"):
            told = self.wire.get("/quotes", {"symbols": ",".join(by_symbol)}).json()
            return [Quote(one.id, symbol, float(told[symbol]), now, now, self.name, "USD") for symbol, one in by_symbol.items()]


def serve(line: Connection, core: int) -> None:
    """Answer prices that move with every question, in a process and on a core of its own."""
    keep_to({core})
    count = 0

    def prices(asked: Asked) -> Told:
        nonlocal count
        count += 1
        return Told(json.dumps(dict.fromkeys(asked.query["symbols"].split(","), 100 + count % 500 / 100)).encode())

    with Replay(prices) as server:
        line.send(server.url)
        line.recv()


def keep_to(cores: set[int]) -> None:
    """Stay on some cores, where the system can be told so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores & os.sched_getaffinity(0) or os.sched_getaffinity(0))


@contextmanager
def answering() -> Iterator[str]:
    """Run the server."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, max(range(os.cpu_count() or 1))), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(5)


def put(database: Database) -> list[Instrument]:
    """Have the instruments."""
    with database.begin() as unit:
        actor = unit.system.local_actor()
        named = [(f"S{number:04d}", number) for number in range(INSTRUMENTS)]
        return [unit.instruments.put(actor.workspace_id, actor.user_id, symbol, name=symbol, asset_class=AssetClass.EQUITY, currency="USD")[0]
                for symbol, _ in named]


def polled(feed: Feed, instruments: Sequence[Instrument]) -> tuple[int, float, float]:
    """Poll without a pause for a while: quotes, seconds, and seconds of this process's processor."""
    accepted, began, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < SECONDS:
        accepted += len(feed.poll(instruments).accepted)
    return accepted, time.perf_counter() - began, time.process_time() - used


def run() -> list[Row]:
    """Measure; the poller, PostgreSQL and Redis share one core, the server that answers has another."""
    with tempfile.TemporaryDirectory() as folder, answering() as url:
        settings = replace(Settings.from_env({"PORTOLAN_HOME": folder, "MARKET_DATA": ""}), home=Path(folder))
        before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        keep_to({0})  # and with it whatever it starts
        parts = embedded.start(settings, say=lambda _line: None)
        try:
            migrate(parts.database_url)
            database, bus = Database(parts.database_url), Bus(parts.redis_url)
            instruments = put(database)
            feed = Feed(database, bus, [Local(Wire("local", url, state=ProviderState(database, "local", Local.limits)))])
            feed.poll(instruments)
            count, seconds, processor = polled(feed, instruments)
            with database.read() as unit:
                stored = unit.system.fetch("SELECT count(*) FROM quote_tick")[0][0]
            database.close()
            bus.close()
        finally:
            if before:
                keep_to(before)
            parts.stop()
    assert stored == count + INSTRUMENTS, "what was taken is not what was stored"
    return [Row("quotes a second from a socket to PostgreSQL and Redis, 5,000 instruments", count / seconds, 2_000, "/s", at_least=True),
            Row("the same for each second of the poller's processor", count / processor, None, "/s"),
            Row("a poll of 5,000 instruments in 20 requests", 1000 * seconds / max(count / INSTRUMENTS, 1), None, "ms")]


if __name__ == "__main__":
    from tests.bench.table import table

    print(calendar.now(), table(run()), sep="\n")
