"""What a poll asks for: instruments that some provider covers, whose venue is open or whose last price may still come.

What tells prices by itself, on a line that it keeps open, is tended here too: only for what it is the first choice for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol, runtime_checkable
from uuid import UUID

from data import calendar, venues
from data.database import Database
from data.failover import Failover
from data.feed import Feed
from engine.types import Instrument, Quote

REFRESH: Final = timedelta(seconds=10)
TOLD_LATELY: Final = timedelta(seconds=60)
CLOSED_PAUSE: Final = timedelta(minutes=30)  # between two looks at what is closed: late closes, corrections


class Line(Protocol):
    """A provider's line on which prices come by themselves."""

    def tend(self) -> dict[str, Any] | None:
        """Say that this process still leads."""

    def stop(self) -> None:
        """End it."""


@runtime_checkable
class Streaming(Protocol):
    """A provider that can keep a line open."""

    name: str

    def stream(self, ingest: Callable[..., object], instruments: Callable[[], Sequence[Instrument]]) -> Line:
        """Give the line."""


class Rounds:
    """Chooses the instruments of each poll.

    Parameters
    ----------
    database : Database
    failover : Failover
        Knows who covers what.
    trades : callable, optional
        Answers whether the venue of an instrument is open at an instant, or before or after its hours; default by the exchange calendars.
    """

    def __init__(self, database: Database, failover: Failover, trades: Callable[[Instrument, datetime], bool] | None = None) -> None:
        self._database = database
        self._failover = failover
        self._trades = trades or _trades
        self._read_at: datetime | None = None
        self._covered: list[Instrument] = []
        self._looked: dict[UUID, datetime] = {}
        self._told: dict[UUID, datetime] = {}
        self.preferred: Mapping[UUID, Sequence[str]] = {}

    def covered(self, now: datetime) -> list[Instrument]:
        """List the instruments that some provider covers, read again every few seconds."""
        if self._read_at is None or now - self._read_at > REFRESH:
            with self._database.read() as unit:
                every, self.preferred = unit.instruments.find_all(), unit.portfolios.provider_orders()
            self._covered = [one for one in every if any(provider.covers(one) for provider in self._failover.providers)]
            self._read_at = now
        return self._covered

    def due(self, now: datetime) -> list[Instrument]:
        """List what is asked for now."""
        due = [one for one in self.covered(now) if self._is_due(one, now)]
        self._looked.update(dict.fromkeys((one.id for one in due), now))
        return due

    def told(self, quotes: Sequence[Quote]) -> None:
        """Note what a line told: a poll need not ask for it."""
        now = calendar.now()
        self._told.update((quote.instrument_id, now) for quote in quotes)

    def forget(self) -> None:
        """Read everything anew, and ask for everything once."""
        self._read_at = None
        self._looked.clear()
        self._told.clear()

    def _is_due(self, instrument: Instrument, now: datetime) -> bool:
        """Whether a venue trades, what is made up trades at any hour, or it is long since the last look."""
        last, told = self._looked.get(instrument.id), self._told.get(instrument.id)
        if told is not None and now - told < TOLD_LATELY:
            return False
        if last is None or now - last >= CLOSED_PAUSE or any(one.simulated for one in self._failover.providers if one.covers(instrument)):
            return True
        return self._trades(instrument, now)


def _trades(instrument: Instrument, now: datetime) -> bool:
    """Tell whether a venue trades; while its calendar is being loaded, it may."""
    return venues.known_session(instrument, now) is not venues.Session.CLOSED


class Streams:
    """The lines of the providers that have one.

    Parameters
    ----------
    feed : Feed
        Takes what they tell.
    rounds : Rounds
        Knows what is wanted.
    """

    def __init__(self, feed: Feed, rounds: Rounds) -> None:
        self._rounds = rounds
        self._failover = feed.failover
        streaming = [provider for provider in feed.providers if isinstance(provider, Streaming)]
        self._ingest = feed.ingest
        self._lines = {one.name: one.stream(self._take, partial(self._wanted, one.name)) for one in streaming}

    def jobs(self) -> Iterator[tuple[str, Callable[[], dict[str, Any] | None]]]:
        """Give the name and the tending of each line."""
        return ((f"stream_{name}", line.tend) for name, line in self._lines.items())

    def stop(self) -> None:
        """End every line."""
        for line in self._lines.values():
            line.stop()

    def _take(self, quotes: Sequence[Quote], *, source: str) -> None:
        self._ingest(quotes, source=source)
        self._rounds.told(quotes)

    def _wanted(self, provider: str) -> list[Instrument]:
        """List what a provider's line is to tell: the instruments for which it is the first choice."""
        return self._failover.first(provider, self._rounds.covered(calendar.now()), self._rounds.preferred)
