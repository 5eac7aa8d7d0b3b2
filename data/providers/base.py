"""What the feed knows of a source of market data, and which sources a setting names."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol, runtime_checkable

from data.providers.simulated import SimulatedMarket
from data.records import Rate
from data.settings import Settings
from engine.types import Bar, Instrument, Quote

_log = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """A provider that was asked for and cannot run, with the reason."""

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

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the newest quote of each instrument, or all after `since` where the provider can tell, oldest first."""

    def fetch_intraday(self, instruments: Sequence[Instrument], start: datetime, end: datetime, *, every_seconds: int) -> list[Quote]:
        """Return what the prices were from `start` to `end`, about one quote of each instrument a step, oldest first."""

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the daily bars from `start` to `end`, both included."""

    def fetch_rates(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the daily rates of each pair from `start` to `end`, both included."""


def create(settings: Settings) -> list[Provider]:
    """Return the providers that `MARKET_DATA` names and that can run, most preferred first."""
    for refusal in refusals(settings):
        _log.warning("%s: %s", refusal.name, refusal.reason)
    wanted = dict.fromkeys(settings.market_data)
    return [_simulated(settings) for name in wanted if name == SimulatedMarket.name]


def refusals(settings: Settings) -> list[Refusal]:
    """Return the providers that `MARKET_DATA` names and that cannot run."""
    others = [name for name in dict.fromkeys(settings.market_data) if name != SimulatedMarket.name]
    return [Refusal(name, "not available in this version") for name in others]


def _simulated(settings: Settings) -> SimulatedMarket:
    return SimulatedMarket(seed=settings.simulated_seed, ticks_per_second=settings.simulated_ticks_per_second)
