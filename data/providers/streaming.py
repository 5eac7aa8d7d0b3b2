"""A line that a provider keeps open and tells prices on: held up, read in batches, and handed to the feed.

The leader's poller tends it (`Stream.tend`, every few seconds); a line that nobody tends any more ends by itself, so a process that
lost the lead stops within seconds. What breaks off is opened again after a pause that doubles; the polls go on meanwhile.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from threading import Event, Lock, Thread
from typing import Any, Final, NamedTuple, Protocol

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from data import calendar
from data.providers.units import in_currency
from engine.errors import MalformedResponse, PortfolioError
from engine.types import Instrument, Quote

BATCH_SECONDS: Final = 0.25
BATCH: Final = 1000
MOST_WAITING: Final = 20_000
HEARTBEAT_SECONDS: Final = 15.0
UNTENDED_SECONDS: Final = 20.0
TOLD_EVERY_SECONDS: Final = 60.0
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
_log = logging.getLogger(__name__)


class Tick(NamedTuple):
    """A price that a line told. `unit` is a currency or a part of one, None where it is not known; `sequence` numbers trades that are all told."""

    symbol: str
    price: Decimal
    ts: datetime
    unit: str | None = None
    volume: float | None = None
    sequence: int | None = None


class Dialect(Protocol):
    """How a provider speaks on its line."""

    name: str

    def symbol(self, instrument: Instrument) -> str:
        """Give the symbol under which the line tells an instrument."""

    def subscribe(self, symbols: Sequence[str]) -> Iterable[str]:
        """Give the messages that ask for symbols; sent again as a heartbeat."""

    def unsubscribe(self, symbols: Sequence[str]) -> Iterable[str]:
        """Give the messages that end that."""

    def read(self, message: str | bytes) -> list[Tick]:
        """Read a message; one that is no price gives none.

        Raises
        ------
        MalformedResponse
            It cannot be read.
        """

    def opened(self, instruments: Sequence[Instrument]) -> list[Quote]:
        """Give quotes to begin with, when instruments are newly asked for."""


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How a line fares in this process."""

    connected: bool = False
    since: datetime | None = None
    messages: int = 0
    ticks: int = 0
    unreadable: int = 0
    dropped: int = 0
    symbols: int = 0
    error: str | None = None


class Stream:
    """Holds one line up.

    Parameters
    ----------
    dialect : Dialect
    url : str
        `wss://...`; may hold a key, so it is never told.
    ingest : callable
        Takes a batch of quotes and the name of their source: `Feed.ingest`.
    instruments : callable
        Answers which instruments are wanted; asked whenever the line is tended.
    headers : Mapping, optional
        Sent when the line is opened.
    """

    def __init__(self, dialect: Dialect, url: str, ingest: Callable[..., object], instruments: Callable[[], Sequence[Instrument]], *,
                 headers: Mapping[str, str] | None = None, heartbeat_seconds: float = HEARTBEAT_SECONDS,
                 untended_seconds: float = UNTENDED_SECONDS, first_pause_seconds: float = FIRST_PAUSE_SECONDS) -> None:
        self._dialect, self._url, self._ingest, self._wanted = dialect, url, ingest, instruments
        self._headers = dict(headers or {})
        self._heartbeat_seconds, self._untended_seconds, self._first_pause = heartbeat_seconds, untended_seconds, first_pause_seconds
        self._lock, self._ending = Lock(), Event()
        self._thread: Thread | None = None
        self._tended, self._told, self._told_at = 0.0, StreamStatus(), 0.0
        self._by_symbol: dict[str, list[Instrument]] = {}
        self._waiting: list[Quote] = []
        self._status = StreamStatus()

    def tend(self) -> dict[str, Any] | None:
        """Say that this process still leads: reads which instruments are wanted, and opens the line where it is not.

        Returns
        -------
        dict or None
            Something to write down: how the line fares, where that changed and once a minute.
        """
        self._by_symbol = self._sorted(self._wanted())
        self._tended = time.monotonic()
        with self._lock:
            if self._by_symbol and (self._thread is None or not self._thread.is_alive()):
                self._ending.clear()
                self._thread = Thread(target=self._hold, name=f"{self._dialect.name}-stream", daemon=True)
                self._thread.start()
        return self._news()

    def _news(self) -> dict[str, Any] | None:
        """Tell how the line fares, unless that was told within the minute."""
        now, before = self._status, self._told
        is_same = (now.connected, now.error) == (before.connected, before.error)
        if self._thread is None or (is_same and time.monotonic() - self._told_at < TOLD_EVERY_SECONDS):
            return None
        self._told, self._told_at = now, time.monotonic()
        return {"stream": self._dialect.name, "symbols": len(self._by_symbol), "connected": now.connected, "ticks": now.ticks,
                "since": now.since and now.since.isoformat(), "error": now.error}

    def stop(self) -> None:
        """End the line, and wait until it has."""
        self._ending.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=15)

    def status(self) -> StreamStatus:
        """Tell how the line fares."""
        return self._status

    def _sorted(self, instruments: Iterable[Instrument]) -> dict[str, list[Instrument]]:
        found: dict[str, list[Instrument]] = {}
        for instrument in instruments:
            found.setdefault(self._dialect.symbol(instrument), []).append(instrument)
        return found

    def _over(self) -> bool:
        return self._ending.is_set() or time.monotonic() - self._tended > self._untended_seconds

    def _hold(self) -> None:
        """Open the line again and again, with longer pauses the longer it fails."""
        pause = self._first_pause
        while not self._over():
            before = self._status.messages
            self._once()
            pause = self._first_pause if self._status.messages > before else min(pause * 2, LONGEST_PAUSE_SECONDS)
            if not self._over():
                self._ending.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret

    def _once(self) -> None:
        """Open the line, and listen until it breaks off."""
        try:
            with connect(self._url, additional_headers=self._headers, open_timeout=10, close_timeout=2, max_size=2**20, proxy=None) as line:
                self._status = replace(self._status, connected=True, since=calendar.now(), error=None)
                self._listen(line)
        except (WebSocketException, OSError, ValueError) as error:
            self._note(f"the line broke off ({type(error).__name__})")  # its own text may hold the URL
        finally:
            self._flush()
            self._status = replace(self._status, connected=False, since=None, symbols=0)

    def _listen(self, line: ClientConnection) -> None:
        asked: set[str] = set()
        beat = flushed = time.monotonic()
        while not self._over():
            due = time.monotonic() - beat >= self._heartbeat_seconds
            if due or asked != self._by_symbol.keys():
                asked, beat = self._ask(line, asked, again=due), time.monotonic()
            try:
                self._take(line.recv(timeout=BATCH_SECONDS))
            except TimeoutError:
                flushed = 0.0
            if time.monotonic() - flushed >= BATCH_SECONDS or len(self._waiting) >= BATCH:
                self._flush()
                flushed = time.monotonic()

    def _ask(self, line: ClientConnection, asked: set[str], *, again: bool) -> set[str]:
        """Subscribe to what is wanted and end what is not; `again` repeats what was asked before, as a heartbeat."""
        wanted = self._by_symbol
        fresh, gone = sorted(wanted.keys() - asked), sorted(asked - wanted.keys())
        messages = [*self._dialect.unsubscribe(gone)] if gone else []
        for message in [*messages, *self._dialect.subscribe(sorted(wanted) if again else fresh)]:
            line.send(message)
        self._begin([instrument for symbol in fresh for instrument in wanted[symbol]])
        self._status = replace(self._status, symbols=len(wanted))
        return set(wanted)

    def _begin(self, instruments: Sequence[Instrument]) -> None:
        """Take quotes to begin with; where there are none the line goes on all the same."""
        try:
            self._waiting += self._dialect.opened(instruments) if instruments else []
        except PortfolioError as error:
            self._note(error.message)

    def _take(self, message: str | bytes) -> None:
        """Read a message into quotes that wait for the next batch."""
        status = replace(self._status, messages=self._status.messages + 1)
        try:
            ticks = self._dialect.read(message)
        except MalformedResponse as error:
            self._status = replace(status, unreadable=status.unreadable + 1, error=error.message)
            return
        self._status = replace(status, ticks=status.ticks + len(ticks))
        self._waiting += [quote for tick in ticks for quote in self._quotes(tick)]

    def _quotes(self, tick: Tick) -> Iterable[Quote]:
        price, currency = in_currency(tick.price, tick.unit)
        return [
            Quote(instrument.id, instrument.symbol, float(price), tick.ts, calendar.now(), self._dialect.name, currency, tick.volume,
                  sequence=tick.sequence)
            for instrument in self._by_symbol.get(tick.symbol, ())
        ]

    def _flush(self) -> None:
        """Hand the batch on; what the feed cannot take now waits, up to a limit, the oldest goes first."""
        if not self._waiting:
            return
        try:
            self._ingest(self._waiting, source=self._dialect.name)
            self._waiting = []
        except PortfolioError as error:
            self._note(error.message)
            over = max(len(self._waiting) - MOST_WAITING, 0)
            self._waiting = self._waiting[over:]
            self._status = replace(self._status, dropped=self._status.dropped + over)

    def _note(self, message: str) -> None:
        if self._status.error != message:
            _log.warning("%s stream: %s", self._dialect.name, message)
        self._status = replace(self._status, error=message)
