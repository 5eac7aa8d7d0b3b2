"""The poller's part: quotes through the one path of every quote, judged, stored and told, at a given speed."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from data import calendar
from data.bus import Bus
from data.database import Database
from data.feed import Feed
from engine.types import Quote
from tests.load.parts import told
from tests.load.world import World

SOURCE = "load"


class Walk:
    """Prices that wander, as quotes."""

    def __init__(self, world: World, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._known = world.instruments
        self.price = np.array([price for *_, price in world.instruments])

    def batch(self, count: int) -> list[Quote]:
        """Give quotes of different instruments, as many as there are at most at once."""
        now, quotes = calendar.now(), list[Quote]()
        while count > 0:
            picked = self._random.choice(len(self._known), min(count, len(self._known)), replace=False)
            self.price[picked] = np.round(self.price[picked] * np.exp(self._random.normal(0, 0.0004, len(picked))), 4)
            quotes += [self._quote(int(place), now) for place in picked]
            count -= len(picked)
        return quotes

    def _quote(self, place: int, now: Any) -> Quote:
        key, symbol, currency, _ = self._known[place]
        return Quote(UUID(key), symbol, float(self.price[place]), now, now, SOURCE, currency)


class Feeder:
    """Feeds in batches by its own clock; where it falls behind it says so instead of hiding it."""

    def __init__(self, world: World, seed: int) -> None:
        self.database, self.bus = Database(world.database_url), Bus(world.redis_url)
        self.feed, self.walk = Feed(self.database, self.bus), Walk(world, seed)
        self.last: dict[str, float] = {}
        self.accepted, self.refused = 0, 0

    def warm(self) -> None:
        """Give every instrument a first quote."""
        self._ingest(self.walk.batch(len(self.walk.price)))

    def run(self, rate: float, pause: float, seconds: float) -> dict[str, Any]:
        """Feed for so long; gives the batches' times in milliseconds and the speed that was held."""
        began, took, sent = time.monotonic(), list[float](), 0
        for number in range(round(seconds / pause)):
            wait = began + number * pause - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            due = round((number + 1) * pause * rate) - sent
            at = time.monotonic()
            self._ingest(self.walk.batch(due))
            sent += due
            took.append(1000 * (time.monotonic() - at))
        passed = max(time.monotonic() - began, seconds)
        return {"sent": sent, "per_second": sent / passed, "batch_ms": took}

    def _ingest(self, quotes: list[Quote]) -> None:
        done = self.feed.ingest(quotes, source=SOURCE)
        self.accepted += len(done.accepted)
        self.refused += len(quotes) - len(done.accepted)
        self.last |= {quote.symbol: quote.price for quote in done.accepted}

    def stored(self) -> int:
        """Count what the store holds."""
        with self.database.read() as unit:
            return int(unit.connection.scalar(sa.text("SELECT count(*) FROM quote_tick WHERE source = :source"), {"source": SOURCE}) or 0)


def feed(line: Connection, world: World, seed: int) -> None:
    """Run as a process: `warm`, `run rate pause seconds`, `forget` what was told last, `told`."""
    feeder = Feeder(world, seed)
    before = feeder.stored()
    line.send("ready")
    while True:
        word, given = told(line)
        if word == "stop":
            return
        if word == "warm":
            line.send(feeder.warm())
        elif word == "forget":
            line.send(feeder.last.clear())
        elif word == "run":
            line.send(feeder.run(*given))
        else:
            line.send({"last": feeder.last, "accepted": feeder.accepted, "refused": feeder.refused, "stored": feeder.stored() - before})
