"""Ten years of bars of 500 instruments: stored by COPY, laid into pieces, read back as one matrix of prices; and one history judged."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from uuid import UUID

import numpy as np

from data import calendar, embedded
from data.database import Database, migrate
from data.providers.base import History
from data.settings import Settings
from engine.types import Bar
from services.history.judging import judge
from tests.bench.table import Row

INSTRUMENTS, DAYS, PORTION = 500, 2520, 25


def run() -> list[Row]:
    """Measure on an embedded database of its own."""
    with tempfile.TemporaryDirectory(prefix="bars-") as folder:
        running = embedded.start(Settings.from_env({"PORTOLAN_HOME": folder}), say=lambda _line: None)
        try:
            migrate(running.database_url)
            database = Database(running.database_url)
            try:
                return measured(database)
            finally:
                database.close()
        finally:
            running.stop()


def measured(database: Database) -> list[Row]:
    """Store, lay in pieces, read."""
    days = calendar.business_days(date(2014, 1, 1), date(2024, 12, 31))[:DAYS]
    closes = np.round(100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.01, (DAYS, INSTRUMENTS)), axis=0)), 2)
    ids = instruments(database)
    stored = sum(portion(database, ids, place, days, closes) for place in range(0, INSTRUMENTS, PORTION))
    first = seconds(lambda: matrix(database, ids))
    packed = seconds(lambda: pack(database))
    again = [seconds(lambda: matrix(database, ids)) for _ in range(7)]
    if not np.array_equal(matrix(database, ids), closes):
        raise ValueError("what is read is not what was stored")
    judged = seconds(lambda: judge(History(series(days, closes[:, 0]), [], "USD")))
    return [
        Row(f"{INSTRUMENTS * DAYS / 1e6:.2f} million bars stored, {PORTION} instruments a transaction", stored * 1e3, 10_000.0, "ms"),
        Row("  laid into pieces, once, by the leader", packed * 1e3, None, "ms"),
        Row("  read back as one matrix (median)", statistics.median(again) * 1e3, 500.0, "ms"),
        Row("  read back before they are laid into pieces", first * 1e3, None, "ms"),
        Row(f"one history of {DAYS:,} bars judged", judged * 1e3, None, "ms"),
    ]


def instruments(database: Database) -> list[UUID]:
    with database.begin() as unit:
        workspace = unit.system.add_workspace("bench")
        actor = unit.system.add_user(workspace.id, "bench")
        return [unit.instruments.put(workspace.id, actor.user_id, f"S{place:03d}", currency="USD")[0].id for place in range(INSTRUMENTS)]


def series(days: list[date], closes: np.ndarray) -> list[Bar]:
    """Make bars with every field; making them is not measured."""
    prices = [Decimal(repr(close)) for close in closes.tolist()]
    return [Bar(day, price, price, price, price, Decimal(1000), price, "bench") for day, price in zip(days, prices, strict=True)]


def portion(database: Database, ids: list[UUID], first: int, days: list[date], closes: np.ndarray) -> float:
    """Store some instruments in a transaction; gives the time, without that of making the bars."""
    made = {ids[place]: series(days, closes[:, place]) for place in range(first, first + PORTION)}
    return seconds(lambda: store(database, made))


def store(database: Database, made: dict[UUID, list[Bar]]) -> None:
    with database.begin() as unit:
        unit.instruments.put_series(made)


def matrix(database: Database, ids: list[UUID]) -> np.ndarray:
    with database.read() as unit:
        return unit.instruments.closes(ids).to_numpy()


def pack(database: Database) -> None:
    while database.run(lambda unit: unit.prices.pack_closes()):
        pass


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    from tests.bench.table import table

    print(table(run()))
