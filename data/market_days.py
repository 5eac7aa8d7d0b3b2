"""Keeps the days of the market: yesterday's bars and rates are stored, today's line has no hole, old ticks go.

All of it can be done again at any time: what is there already is left alone. Real providers are spared: their bars come with the
history of an instrument, which knows when to ask again; for rates and for today's line they are asked once an hour.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from data import calendar
from data.bus import MARKET, Bus
from data.database import Database
from data.feed import Feed
from data.providers.base import Provider
from engine.errors import BusError, ProviderError, Retry
from engine.types import AssetClass, Instrument, Quote

BEGINNING: Final = date(1990, 1, 1)
BUCKET_SECONDS: Final = 300
RETENTION_DAYS: Final = 7
ASKED_AGAIN: Final = timedelta(hours=1)
GoOn = Callable[[], bool]
_log = logging.getLogger(__name__)


class MarketDays:
    """Fills what is missing, from the feed's providers.

    Parameters
    ----------
    database, bus, feed
        Where bars go, who is told of them, and who takes ticks.
    """

    def __init__(self, database: Database, bus: Bus, feed: Feed) -> None:
        self._database = database
        self._bus = bus
        self._feed = feed
        self._asked: dict[tuple[str, str, str], datetime] = {}

    def roll(self, go_on: GoOn) -> int:
        """Store the bars and rates of every day up to yesterday that are missing; gives their number."""
        until = calendar.today() - timedelta(days=1)
        count = 0
        for provider, instruments in self._covered():
            pairs = [one for one in instruments if one.asset_class is AssetClass.FX]
            # Of real providers whole histories are fetched, judged and compared, by a job of the services.
            others = [one for one in instruments if one.asset_class is not AssetClass.FX and provider.simulated]
            count += self._roll_bars(provider, others, until, go_on) if provider.simulated else 0
            count += self._roll_rates(provider, pairs, until, go_on)
        return count

    def fill_today(self, go_on: GoOn) -> int:
        """Append ticks to every five minutes of today that have none; gives their number."""
        start, now = calendar.start_of(calendar.today()), calendar.now()
        full = start + (now - start) // timedelta(seconds=BUCKET_SECONDS) * timedelta(seconds=BUCKET_SECONDS)
        asked = ((provider, mine) for provider, mine in self._covered() if full > start and go_on() and self._may_ask(provider, "intraday"))
        return sum(self._fill(provider, instruments, start, full) for provider, instruments in asked)

    def tidy(self) -> list[str]:
        """Make room for the ticks of the next days, drop those of a week ago and old notes of changes; gives the names of what was dropped."""
        today = calendar.today()
        with self._database.begin() as unit:
            unit.market.ensure_partitions(today)
            unit.valuations.tidy()
            return unit.market.drop_partitions(today - timedelta(days=RETENTION_DAYS))

    def _covered(self) -> Iterator[tuple[Provider, list[Instrument]]]:
        """Each provider with the instruments that it is the first to cover."""
        with self._database.read() as unit:
            rest = unit.instruments.find_all()
        for provider in self._feed.providers:
            mine = [instrument for instrument in rest if provider.covers(instrument)]
            rest = [instrument for instrument in rest if not provider.covers(instrument)]
            if mine:
                yield provider, mine

    def _may_ask(self, provider: Provider, what: str, whose: str = "") -> bool:
        """Whether a provider is asked: a real one once an hour, and not for today's line where its requests of a day are counted."""
        key, now = (provider.name, what, whose), calendar.now()
        if provider.simulated:
            return True
        if what not in provider.offers or (what == "intraday" and provider.limits.per_day is not None):
            return False
        if now - self._asked.get(key, now - ASKED_AGAIN) < ASKED_AGAIN:
            return False
        self._asked[key] = now
        return True

    def _forgive(self, provider: Provider, error: ProviderError, what: str, whose: str = "") -> None:
        """Let a provider be asked again soon that could not be reached; its breaker says when."""
        if error.retry is Retry.BACKOFF:
            self._asked.pop((provider.name, what, whose), None)

    def _roll_bars(self, provider: Provider, instruments: Sequence[Instrument], until: date, go_on: GoOn) -> int:
        with self._database.read() as unit:
            known = unit.instruments.last_closes([one.id for one in instruments], on_or_before=until)["date"].to_dict()
        late = [one for one in instruments if known.get(one.id, BEGINNING) < calendar.newest_business_day(until)]
        counts = {one: self._add_bars(provider, one, _next_day(known.get(one.id)), until) for one in late if go_on()}
        self._tell({one.workspace_id for one, count in counts.items() if count})
        return sum(counts.values())

    def _add_bars(self, provider: Provider, instrument: Instrument, start: date, until: date) -> int:
        try:
            bars = provider.fetch_bars(instrument, start, until)
        except ProviderError as error:
            _log.warning("No bars of %s: %s", instrument.symbol, error.message)
            return 0
        with self._database.begin() as unit:
            return unit.instruments.put_bars(instrument.id, bars)

    def _roll_rates(self, provider: Provider, instruments: Sequence[Instrument], until: date, go_on: GoOn) -> int:
        """Rates belong to a workspace: those of its own pairs."""
        count = 0
        for workspace in sorted({one.workspace_id for one in instruments}):
            pairs = [one.symbol for one in instruments if one.workspace_id == workspace]
            if go_on():
                added = self._add_rates(provider, workspace, pairs, until)
                self._tell({workspace} if added else set())
                count += added
        return count

    def _add_rates(self, provider: Provider, workspace: UUID, pairs: Sequence[str], until: date) -> int:
        with self._database.read() as unit:
            known = unit.instruments.last_rates(workspace, on_or_before=until)["date"].to_dict()
        late = [pair for pair in pairs if known.get(pair, BEGINNING) < calendar.newest_business_day(until)]
        if not late or not self._may_ask(provider, "fx", str(workspace)):
            return 0
        try:
            told = provider.fetch_fx(late, min(_next_day(known.get(pair)) for pair in late), until)
        except ProviderError as error:
            _log.warning("No rates: %s", error.message)
            self._forgive(provider, error, "fx", str(workspace))
            return 0
        with self._database.begin() as unit:
            return sum(
                unit.instruments.put_rates(workspace, pair, [rate for rate in rates if rate.date >= _next_day(known.get(pair))])
                for pair, rates in told.items()
            )

    def _fill(self, provider: Provider, instruments: Sequence[Instrument], start: datetime, end: datetime) -> int:
        with self._database.read() as unit:
            real = {key for key, quote in unit.market.latest([one.id for one in instruments]).items() if not quote.simulated}
            wanted = [one for one in instruments if not (provider.simulated and one.id in real)]
            there = unit.market.ticks_by_bucket([one.id for one in wanted], start, end, BUCKET_SECONDS)
        have: set[tuple[Any, Any]] = {(bucket, key) for key in there.columns for bucket in there.index[there[key].notna()]}
        try:
            made = provider.fetch_intraday(wanted, start, end - timedelta(seconds=1), every_seconds=BUCKET_SECONDS)
        except ProviderError as error:
            _log.warning("No prices of today: %s", error.message)
            self._forgive(provider, error, "intraday")
            return 0
        return self._feed.backfill([quote for quote in made if (_bucket(quote, start), quote.instrument_id) not in have])

    def _tell(self, workspaces: set[UUID]) -> None:
        """Let every process read prices of the past anew."""
        try:
            for workspace in workspaces:
                self._bus.publish(MARKET, {"workspace": str(workspace)})
        except BusError as error:
            _log.warning("New bars are stored, but not told: %s", error.message)


def _next_day(known: date | None) -> date:
    return BEGINNING if known is None else known + timedelta(days=1)


def _bucket(quote: Quote, start: datetime) -> datetime:
    """Begin of the five minutes that a quote falls into."""
    width = timedelta(seconds=BUCKET_SECONDS)
    return start + (quote.ts - start) // width * width
