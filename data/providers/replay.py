"""Recorded ticks played again: `MARKET_DATA=replay:<folder>`, at `REPLAY_SPEED` times the speed at which they happened.

A tick is told at the instant at which it is played, not at that of its day, so that prices are live; all are marked as not real. Every
tick has a number. Where the last one came from is read from the database, so a restart or another leader goes on behind it, and a
batch that could not be stored is told again. What has been played to its end begins again at the next start.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

import numpy as np

from data.budgets import Limits
from data.providers.base import History, Listing
from data.providers.replay_tapes import Tape, tapes
from data.records import Rate
from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote

if TYPE_CHECKING:
    from data.database import Database
    from data.settings import Settings

MOST_AT_ONCE: Final = 5000  # ticks of an instrument in one answer; the rest comes with the next


@dataclass(slots=True)
class _Head:
    """Where the tape of an instrument is: the tick that is next, what was played before, and which instant the tape's beginning is."""

    begun: datetime
    place: int
    before: int  # number of the tape's first tick
    told: int | None = None  # first tick of the last answer
    again: bool = False


class Replay:
    """Provider of recorded ticks.

    Parameters
    ----------
    folder : Path
    speed : float
        1 to 1000 times.
    database : Database, optional
        Tells what is stored already.
    """

    name: str = "replay"
    simulated: bool = True
    limits: Limits = Limits(batch=100_000)
    offers: frozenset[str] = frozenset({"quotes"})

    def __init__(self, folder: Path, *, speed: float = 1.0, database: Database | None = None) -> None:
        self._folder, self._speed, self._database = folder, speed, database
        self._heads: dict[UUID, _Head] = {}

    @classmethod
    def refusal(cls, settings: Settings) -> str | None:
        """Tell why it cannot run: its folder is not there."""
        told = next((entry.partition(":")[2] for entry in settings.market_data if entry.partition(":")[0] == cls.name), "")
        return None if told and Path(told).expanduser().is_dir() else f"needs a folder of recorded ticks: MARKET_DATA=replay:<folder>, not {told!r}"

    @classmethod
    def from_settings(cls, settings: Settings, database: Database | None = None, argument: str = "") -> Self:
        """Build it; `argument` is the folder."""
        return cls(Path(argument).expanduser(), speed=settings.replay_speed, database=database)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols that have a tape."""
        return tuple(sorted(self._tapes))

    def covers(self, instrument: Instrument) -> bool:
        """Whether there is a tape of it."""
        return self._symbol(instrument) in self._tapes

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return every tick that is due and was not told yet, oldest first; `since` says nothing: the tape knows."""
        del since
        mine = [one for one in instruments if self.covers(one)]
        stored = self._stored([one.id for one in mine])
        quotes = [quote for one in mine for quote in self._due(one, stored.get(one.id), now)]
        return sorted(quotes, key=lambda quote: quote.ts)

    def fetch_intraday(self, instruments: Sequence[Instrument], start: datetime, end: datetime, *, every_seconds: int) -> list[Quote]:
        """Return nothing: the past is not played."""
        del instruments, start, end, every_seconds
        return []

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return nothing: a tape has no days."""
        del instrument, start, end
        return []

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return nothing."""
        del instrument, start, end
        return []

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> History:
        """Return nothing."""
        del instrument, start, end
        return History()

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return nothing: rates of a day are not played."""
        del pairs, start, end
        return {}

    def search(self, text: str) -> list[Listing]:
        """Return the tapes whose symbol begins with a text."""
        wanted = text.strip().upper()
        return [Listing(symbol, f"{symbol}, replayed", AssetClass.OTHER, None, None, None, self.name)
                for symbol in self.symbols if wanted and symbol.startswith(wanted)]

    @cached_property
    def _tapes(self) -> dict[str, Tape]:
        return {symbol: tape for symbol, tape in tapes(self._folder).items() if len(tape)}

    def _symbol(self, instrument: Instrument) -> str:
        given = next((source.symbol for source in instrument.sources if source.provider == self.name), instrument.symbol)
        return given.upper().replace("-", "")

    def _stored(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """Read the number of the last tick of each instrument that was stored."""
        if self._database is None or not ids:
            return {}
        with self._database.read() as unit:
            latest = unit.market.latest(ids)
        return {key: quote.sequence for key, quote in latest.items() if quote.source == self.name and quote.sequence is not None}

    def _due(self, instrument: Instrument, stored: int | None, now: datetime) -> list[Quote]:
        """Play the tape of an instrument up to now."""
        tape = self._tapes[self._symbol(instrument)]
        head = self._heads.get(instrument.id) or self._heads.setdefault(instrument.id, self._begin(tape, stored, now))
        self._check(head, stored)
        played = (now - head.begun) / timedelta(milliseconds=1) * self._speed
        last = min(int(np.searchsorted(tape.at, played, side="right")), head.place + MOST_AT_ONCE)
        quotes = [self._quote(instrument, tape, head, place, now) for place in range(head.place, last)]
        head.told = head.place if quotes else None
        head.place = max(last, head.place)
        return quotes

    def _begin(self, tape: Tape, stored: int | None, now: datetime) -> _Head:
        """Go on behind what is stored; what was played to its end begins again."""
        done = 0 if stored is None else stored + 1
        rounds, place = divmod(done, len(tape))
        return _Head(now - timedelta(milliseconds=float(tape.at[place]) / self._speed), place, rounds * len(tape))

    def _check(self, head: _Head, stored: int | None) -> None:
        """Tell the last answer once more where nothing of it was stored; the second time it was refused, not lost."""
        lost = self._database is not None and head.told is not None and (stored is None or stored < head.before + head.told)
        if lost and not head.again and head.told is not None:
            head.place, head.again = head.told, True
        else:
            head.again = False

    def _quote(self, instrument: Instrument, tape: Tape, head: _Head, place: int, now: datetime) -> Quote:
        ts = min(head.begun + timedelta(milliseconds=float(tape.at[place]) / self._speed), now)
        volume, bid, ask = (None if math.isnan(value) else float(value) for value in (tape.volume[place], tape.bid[place], tape.ask[place]))
        return Quote(instrument.id, instrument.symbol, float(tape.price[place]), ts, now, self.name, instrument.currency, volume, simulated=True,
                     bid=bid, ask=ask, sequence=head.before + place)


PROVIDER = Replay
