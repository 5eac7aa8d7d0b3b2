"""What the feed knows of a source of market data, and which sources a setting names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

from engine.types import Bar, Instrument, Quote


@dataclass(frozen=True, slots=True)
class Rate:
    """Exchange rate of a pair on a date; EURUSD is US dollars for one euro."""

    date: dt.date
    rate: Decimal
    source: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A provider that was asked for and cannot run, with the reason a person can act on."""

    name: str
    reason: str


@runtime_checkable
class Provider(Protocol):
    """A source of quotes, bars and exchange rates.

    Methods answer what they have and leave out what they do not; they raise `ProviderError` where no answer was to be had.
    """

    @property
    def name(self) -> str:
        """Slug under which quotes and bars are stored."""

    @property
    def simulated(self) -> bool:
        """Whether what it tells is made up."""

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked for this instrument."""

    def fetch_quotes(self, instruments: Sequence[Instrument], now: dt.datetime, *, since: dt.datetime | None = None) -> list[Quote]:
        """Return the newest quote of each instrument, or all after `since` where the provider can tell, oldest first."""

    def fetch_intraday(self, instruments: Sequence[Instrument], start: dt.datetime, end: dt.datetime, *, every_seconds: int) -> list[Quote]:
        """Return what the prices were from `start` to `end`, about one quote of each instrument a step, oldest first."""

    def fetch_bars(self, instrument: Instrument, start: dt.date, end: dt.date) -> list[Bar]:
        """Return the daily bars from `start` to `end`, both included."""

    def fetch_rates(self, pairs: Sequence[str], start: dt.date, end: dt.date) -> dict[str, list[Rate]]:
        """Return the daily rates of each pair from `start` to `end`, both included."""
