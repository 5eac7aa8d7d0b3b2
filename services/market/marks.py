"""Prices and rates of a moment: the latest quote where it is newer than the last bar, else that bar; how fresh each is.

A manual bar or rate beats a simulated quote of the same day. What has no price stays without one.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data import calendar, venues
from data.database import Unit
from data.records import LastClose, LastRate
from engine import Marks, rates_to, stale_rates
from engine.currencies import CURRENCIES
from engine.types import AssetClass, Finding, Instrument, PriceState, Quote, Severity
from services.views import QuoteView

LIVE_SECONDS, DELAYED_SECONDS, IDLE_SECONDS, CLOSED_SECONDS = 15.0, 900.0, 3600.0, 60.0
POLLS_MISSED = 4
OLD_DAYS = 7
RATE_DAYS = 5  # after which a rate is old: they bridge Easter
ALWAYS_OPEN = frozenset({AssetClass.CRYPTO, AssetClass.FX})
PIVOTS = ("EUR", "USD")


Stored = Mapping[str, LastRate]  # by pair
Recent = Mapping[UUID, Sequence[LastClose]]  # newest first

BARS: Final = 3  # of today, of the last closed day, and of the one before


class LastRates(Mapping[str, LastRate]):
    """The last rates of a workspace, read when they are asked for: most ledgers are of one currency."""

    def __init__(self, unit: Unit, workspace_id: UUID, day: date) -> None:
        self._unit, self._workspace_id, self._day = unit, workspace_id, day

    @cached_property
    def _known(self) -> dict[str, LastRate]:
        return last_rates(self._unit, self._workspace_id, on_or_before=self._day)

    def __getitem__(self, pair: str) -> LastRate:
        return self._known[pair]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def stamp_of(stored: Stored) -> Hashable:
    """Name the state of the rates: another last rate of a pair is another state. Rates changed further back give ledgers a new revision."""
    return tuple((pair, row.date.isoformat(), row.rate) for pair, row in stored.items())


@dataclass(frozen=True, slots=True)
class Marked:
    """What a book is valued with, and where it comes from."""

    marks: Marks
    quotes: dict[str, QuoteView]  # by symbol: instruments, and pairs that are quoted
    pairs: dict[str, float]
    rate_ids: dict[UUID, str]  # instruments of quoted pairs
    simulated: bool
    findings: tuple[Finding, ...]
    day: date  # of which they are
    recent: Recent  # the last bars of every instrument up to that day, `BARS` of each where it has as many
    stored: Stored = field(default_factory=dict)  # the last rates of each pair, with their day and source
    silent: Mapping[str, QuoteView] = field(default_factory=dict)  # quoted pairs that a stored rate counts for, or that have no quote yet
    quoted: Mapping[str, Instrument] = field(default_factory=dict)  # the instruments of quoted pairs


class Freshness:
    """How fresh a price is, by its age and the pace of the polling."""

    def __init__(self, poll_seconds: float) -> None:
        self.live_seconds = max(LIVE_SECONDS, POLLS_MISSED * poll_seconds)

    def of_tick(self, age: float, now: datetime, *, always_open: bool, instrument: Instrument | None = None) -> tuple[PriceState, float]:
        """Tell the state of a quote, and for how many seconds it stays so if nothing comes.

        With an instrument its venue says whether it has closed since the quote; while its calendar is not at hand, the weekend does.
        """
        if age < self.live_seconds:
            return PriceState.LIVE, self.live_seconds - age
        if age < DELAYED_SECONDS:
            return PriceState.DELAYED, DELAYED_SECONDS - age
        by_venue = venues.is_of_last_session(instrument, now - timedelta(seconds=age), now) if instrument else None
        closed = not always_open and not calendar.is_business_day(now.date()) if by_venue is None else by_venue
        return PriceState.CLOSED if closed else PriceState.STALE, CLOSED_SECONDS if closed else IDLE_SECONDS

    @staticmethod
    def of_bar(day: date, now: datetime, instrument: Instrument | None = None) -> tuple[PriceState, float]:
        """Tell the state of a day's close: whether it is that of the newest day that is over."""
        newest = calendar.newest_business_day(now.date())
        if instrument is not None and instrument.asset_class not in ALWAYS_OPEN and venues.is_loaded(instrument):
            newest = min(newest, venues.last_full_day(instrument, now))
        return PriceState.CLOSED if day >= newest else PriceState.STALE, IDLE_SECONDS


@dataclass(frozen=True, slots=True)
class Sight:
    """From where prices are looked at: a day, its instant, and whether quotes count or only closes."""

    day: date
    at: datetime
    live: bool


def read_marks(unit: Unit, workspace_id: UUID, sight: Sight, freshness: Freshness, *, base: str, instruments: Mapping[str, Instrument],
               currencies: Iterable[str], stored: Stored) -> Marked:
    """Read prices of instruments and rates of currencies to the base, now and at the close before; `stored` are the last rates."""
    codes = sorted({base, *currencies})
    pairs = _pairs_of(unit, workspace_id, codes) if sight.live and len(codes) > 1 else {}
    recent = _recent(unit, sight, {**pairs, **instruments})
    quotes = _views(unit, sight, freshness, {**pairs, **instruments}, recent)
    known, rate_ids, invented = _rates(stored, quotes, pairs) if len(codes) > 1 else ({}, {}, False)
    before = _rates_before(unit, workspace_id, sight.day, stored) if len(codes) > 1 else {}
    marks = Marks(
        price=_series(instruments, {symbol: quotes[symbol].price for symbol in instruments}),
        previous_close=_series(instruments, {symbol: quotes[symbol].previous_close for symbol in instruments}),
        rate=rates_to(base, codes, known),
        previous_rate=rates_to(base, codes, {pair: row.rate for pair, row in before.items()}),
    )
    told = {symbol: view for symbol, view in quotes.items() if symbol in instruments or view.instrument_id in rate_ids}
    silent = {pair: quotes[pair] for pair, instrument in pairs.items() if instrument.id not in rate_ids}
    simulated = invented or any(quotes[symbol].simulated for symbol in instruments)
    old = [_old(told[symbol], sight) for symbol in instruments if _is_old(told[symbol], sight)]
    findings = (*old, *_old_rates(base, codes, stored, set(rate_ids.values()), sight))
    return Marked(marks, told, known, rate_ids, simulated, findings, sight.day, recent, stored, silent, pairs)


def read_quotes(unit: Unit, sight: Sight, freshness: Freshness, instruments: Mapping[str, Instrument]) -> dict[str, QuoteView]:
    """Read the last price of each instrument, as seen from a moment."""
    return _views(unit, sight, freshness, instruments, _recent(unit, sight, instruments))


def _recent(unit: Unit, sight: Sight, instruments: Mapping[str, Instrument]) -> Recent:
    ids = [instrument.id for instrument in instruments.values()]
    return {**dict.fromkeys(ids, ()), **unit.instruments.recent_closes(ids, sight.day, BARS)} if ids else {}


def _views(unit: Unit, sight: Sight, freshness: Freshness, instruments: Mapping[str, Instrument], recent: Recent) -> dict[str, QuoteView]:
    ids = [instrument.id for instrument in instruments.values()]
    latest = unit.market.latest(ids) if sight.live and ids else {}
    return {symbol: _view(instrument, latest.get(instrument.id), recent[instrument.id], sight, freshness)
            for symbol, instrument in instruments.items()}


def _view(instrument: Instrument, quote: Quote | None, recent: Sequence[LastClose], sight: Sight, freshness: Freshness) -> QuoteView:
    bar = recent[0] if recent else None
    previous = next((each.close for each in recent if each.date < sight.day), None)
    if quote is not None and (bar is None or _is_newer(quote, bar)):
        age = calendar.age_seconds(quote.ts, at=sight.at)
        judged_by = None if quote.simulated else instrument
        state, _ = freshness.of_tick(age, sight.at, always_open=quote.simulated or instrument.asset_class in ALWAYS_OPEN, instrument=judged_by)
        return QuoteView(instrument.symbol, instrument.id, quote.currency or instrument.currency, quote.price, previous, quote.ts, quote.received,
                         quote.source, state, age, quote.simulated, is_bar=False, mark=quote.mark, session=_session(judged_by, sight))
    if bar is None:
        return QuoteView(instrument.symbol, instrument.id, instrument.currency, None, previous, None, None, None, PriceState.MISSING, None,
                         simulated=False, is_bar=True)
    ts = min(calendar.end_of(bar.date), sight.at)
    judged_by = None if bar.simulated else instrument
    state, _ = freshness.of_bar(bar.date, sight.at, judged_by if sight.live else None)
    return QuoteView(instrument.symbol, instrument.id, instrument.currency, bar.close, previous, ts, None, bar.source, state,
                     calendar.age_seconds(ts, at=sight.at), bar.simulated, is_bar=True, session=_session(judged_by, sight))


def _session(instrument: Instrument | None, sight: Sight) -> str | None:
    """Tell what the venue does; None of what is made up, of the past, and while its calendar is not at hand."""
    told = venues.known_session(instrument, sight.at) if instrument is not None and sight.live else None
    return None if told is None else told.value


def _is_newer(quote: Quote, bar: LastClose) -> bool:
    """Tell whether a quote beats the last bar; on one day a fact beats what is simulated."""
    day = quote.ts.date()
    return day > bar.date or (day == bar.date and (bar.simulated or not quote.simulated))


def _rates(stored: Stored, quotes: Mapping[str, QuoteView], pairs: Mapping[str, Instrument]) -> tuple[dict[str, float], dict[UUID, str], bool]:
    """Tell the rate of every pair: the quote where it is newer than the last stored rate."""
    known = {pair: row.rate for pair, row in stored.items()}
    rate_ids: dict[UUID, str] = {}
    for pair, instrument in pairs.items():
        view = quotes[pair]
        held = stored.get(pair)
        if view.price is not None and (held is None or _beats(view, held)):
            known[pair] = view.price
            rate_ids[instrument.id] = pair
    used = [quotes[pair].simulated for pair in rate_ids.values()]
    return known, rate_ids, any(used) or any(row.simulated for pair, row in stored.items() if pair not in rate_ids.values() and pair in pairs)


def _beats(view: QuoteView, held: LastRate) -> bool:
    day = view.ts.date() if view.ts else date.min
    return day > held.date or (day == held.date and (held.simulated or not view.simulated))


def _pairs_of(unit: Unit, workspace_id: UUID, codes: Iterable[str]) -> dict[str, Instrument]:
    """Find the quoted pairs that lead from one of the currencies to another, or to a usual pivot."""
    known = sorted({*codes, *PIVOTS})
    wanted = [left + right for left in known for right in known if left != right]
    found = unit.instruments.by_symbols(workspace_id, wanted)
    return {symbol: instrument for symbol, instrument in found.items() if instrument.asset_class is AssetClass.FX}


def last_rates(unit: Unit, workspace_id: UUID, **bounds: date) -> dict[str, LastRate]:
    """Read the last stored rate of every pair, `on_or_before` a day or `before` one."""
    return unit.instruments.newest_rates(workspace_id, **bounds)


def _rates_before(unit: Unit, workspace_id: UUID, day: date, stored: Stored) -> Stored:
    """Give the last rate of every pair before a day: those on or before it, unless one of them is of that day itself."""
    return last_rates(unit, workspace_id, before=day) if any(row.date >= day for row in stored.values()) else stored


def _series(instruments: Mapping[str, Instrument], values: Mapping[str, float | None]) -> pd.Series:
    index = pd.Index(list(instruments), dtype=object)
    return pd.Series([math.nan if (value := values[symbol]) is None else value for symbol in instruments], index=index, dtype="float64")


def _old_rates(base: str, codes: Sequence[str], stored: Stored, quoted: set[str], sight: Sight) -> list[Finding]:
    """Tell the currencies whose last rate is older than five days."""
    if len(codes) < 2 or not stored:
        return []
    # The central bank's list still has currencies that are gone, such as TRL: nothing is held in them.
    days = {pair: sight.day if pair in quoted else row.date for pair, row in stored.items() if {pair[:3], pair[3:]} <= CURRENCIES.keys()}
    if not days or (sight.day - min(days.values())).days <= RATE_DAYS:  # nearly always: then there is nothing to look for
        return []
    index = pd.DatetimeIndex(sorted({pd.Timestamp(day) for day in days.values()}))
    seen = pd.DataFrame({pair: pd.Series(1.0, index=[pd.Timestamp(day)]) for pair, day in days.items()}, index=index)
    at = np.array([sight.day], dtype="datetime64[ns]")
    return [_old_rate(finding.context) for finding in stale_rates(base, dict.fromkeys(codes, at), seen, after_days=RATE_DAYS)]


def _old_rate(told: Mapping[str, Any]) -> Finding:
    currency, day = told["pair"][:3], told["rate_date"]
    message = f"The last rate of {currency} to {told['pair'][3:]} is of {day}, {told['age_days']} days before"
    return Finding("stale_rate", message, context={"currency": currency, "pair": told["pair"], "date": day, "days": told["age_days"]})


def _is_old(view: QuoteView, sight: Sight) -> bool:
    return view.ts is not None and view.ts < calendar.start_of(sight.day) - timedelta(days=OLD_DAYS)


def _old(view: QuoteView, sight: Sight) -> Finding:
    day = view.ts.date() if view.ts else sight.day
    message = f"The last price of {view.symbol} is of {day.isoformat()}"
    return Finding("stale_price", message, Severity.INFO, {"symbol": view.symbol, "date": day.isoformat(), "days": (sight.day - day).days})
