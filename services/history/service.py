"""The history of instruments: backfilled at first use, continued day by day, and kept with what providers told otherwise later.

The leader's job asks. It can be killed at any moment: what is stored is stored, and the run says how far it came. Raw closes and
actions are what is kept; a provider's adjusted closes are kept beside them to be compared, and used for nothing.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pandas as pd

from data import calendar, venues
from data.bus import MARKET
from data.providers.base import History as ToldHistory
from data.providers.base import Provider
from data.records import BarRevision, HistoryRun
from engine import action_columns, adjustment_factors, carried_prices
from engine.errors import BusError, InvalidInput, ProviderError, RateLimited, UnknownSymbol
from engine.types import Actor, AssetClass, Bar, CorporateAction, Finding, Instrument
from services.history.confirming import confirmed, in_doubt
from services.history.judging import Held, Judged, judge, told_action, told_bar
from services.views import Page

if TYPE_CHECKING:
    from data.bus import Bus
    from data.database import Database, Unit
    from data.feed import Feed

BAR_QUARANTINED: Final = "bar_quarantined"
BEGINNING: Final = date(1990, 1, 1)
OVERLAP: Final = timedelta(days=30)  # asked again with each day: that is how a revision is seen
CONTEXT: Final = timedelta(days=120)
PORTION: Final = 1000  # bars a transaction: what a kill can cost
SLICE_SECONDS: Final = 20.0  # of one run of the job
PAUSE: Final = timedelta(hours=1)  # until a day that should have a bar is asked for again
FIRST_PAUSE: Final = timedelta(minutes=5)
LONGEST_PAUSE: Final = timedelta(hours=12)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HistoryView:
    """How far the history of an instrument is, and what is remarkable about it."""

    symbol: str
    state: str  # waiting running done failed nobody none
    first: date | None
    last: date | None
    done: int  # bars of this run that are stored
    of: int
    provider: str | None
    error: str | None
    retry_at: datetime | None
    bars: int
    actions: int
    revisions: int
    quarantined: int  # what waits for a person
    gaps: int | None  # trading days between the first and the last bar that have none; None while the venue's calendar is not loaded

    @property
    def fraction(self) -> float | None:
        """Part of the run that is done; None where there is nothing to do."""
        return self.done / self.of if self.of else None


class History:
    """Fetches histories, and tells about them.

    Parameters
    ----------
    database, bus, feed
        The feed's providers are asked, in its order.
    """

    def __init__(self, database: Database, bus: Bus, feed: Feed) -> None:
        self._database, self._bus, self._feed = database, bus, feed

    # ---------------------------------------------------------------------------------------------------------------------- the job

    def work(self) -> dict[str, Any] | None:
        """Fetch what is due, for some seconds; the next run goes on."""
        begun, done = time.monotonic(), Counter[str]()
        for instrument in self._due(calendar.now()):
            if time.monotonic() - begun > SLICE_SECONDS:
                break
            done[self.fetch(instrument)] += 1
        packed = self._database.run(lambda unit: unit.prices.pack_closes())
        return {**done, "packed": packed} if done or packed else None

    def fetch(self, instrument: Instrument) -> str:
        """Fetch the history of one instrument, or what was added to it; gives the state of its run."""
        now = calendar.now()
        with self._database.read() as unit:
            run, span = unit.history.run(instrument.id), unit.history.span(instrument.id)
            preferred = unit.portfolios.provider_orders().get(instrument.id, ())
        start = BEGINNING if run is None or span is None or not _is_whole(run) else span[1] - OVERLAP
        until = self._last_day(instrument, now)
        self._note(instrument, state="running", error=None)
        told, provider, error = self._asked(instrument, preferred, start, until)
        if told is None or provider is None:
            return self._failed(instrument, run, error, now)
        others = [each for each in self._providers(instrument, preferred) if each is not provider]
        return self._take(instrument, told, provider, others, until, now)

    def ask_again(self, actor: Actor, symbol: str) -> HistoryView:
        """Have the whole history of an instrument asked for again; bars stay until they are told otherwise."""
        with self._database.begin() as unit:
            instrument = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            unit.history.put_run(instrument.id, state="waiting", first=None, last=None, done=0, of=0, error=None, retry_at=None, failures=0)
        return self.get(actor, symbol)

    # ------------------------------------------------------------------------------------------------------------------ what is told

    def get(self, actor: Actor, symbol: str) -> HistoryView:
        """Tell how far the history of an instrument is."""
        with self._database.read() as unit:
            instrument = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            run = unit.history.run(instrument.id) or HistoryRun(instrument.id, "waiting" if self._may_ask(instrument) else "none")
            counts, span = unit.history.counts(instrument.id), unit.history.span(instrument.id)
            waiting = sum(status == "open" for status, _ in unit.history.findings_of(instrument.id, BAR_QUARANTINED))
            gaps = _gaps(unit, instrument, span)
        first, last = span or (None, None)
        return HistoryView(instrument.symbol, run.state, first, last, run.done, run.of, run.provider, run.error, run.retry_at, *counts, waiting, gaps)

    def revisions(self, actor: Actor, symbol: str, *, limit: int = 100, after: int | None = None) -> Page[BarRevision]:
        """List what providers told otherwise later, newest first, behind a number."""
        with self._database.read() as unit:
            instrument = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            found = unit.history.revisions(instrument.id, limit=limit + 1, before=after)
        more = str(found[limit - 1][0]) if len(found) > limit else None
        return Page(tuple(revision for _, revision in found[:limit]), more)

    def adjusted(self, actor: Actor, symbol: str, start: date | None = None, end: date | None = None, *,
                 payments: bool = True, carried: bool = False) -> list[dict[str, Any]]:
        """Tell daily prices adjusted for what followed, by date, derived from raw closes and actions.

        With `carried` trading days between two bars that have none get the close before, marked so; days after the last bar do not.
        """
        with self._database.read() as unit:
            instrument = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            bars, actions = unit.instruments.bars(instrument.id, start), unit.instruments.actions(instrument.id)
        rows = adjusted_rows([bar for bar in bars if end is None or bar.date <= end], bars, actions, payments=payments)
        return with_carried(rows, instrument) if carried else rows

    # ------------------------------------------------------------------------------------------------------------------- who is asked

    def _due(self, now: datetime) -> Iterator[Instrument]:
        """List the instruments whose history is asked for, those first that have none."""
        with self._database.read() as unit:
            every, runs = unit.instruments.find_all(), unit.history.runs()
        days: dict[str, date] = {}
        waiting = sorted((one for one in every if self._may_ask(one)), key=lambda one: one.id in runs)
        return (one for one in waiting if self._is_due(one, runs.get(one.id), now, days))

    def _may_ask(self, instrument: Instrument) -> bool:
        return instrument.asset_class not in {AssetClass.FX, AssetClass.CASH} and bool(self._providers(instrument, ()))

    def _providers(self, instrument: Instrument, preferred: Sequence[str]) -> list[Provider]:
        """List who has bars of an instrument, up to the first that makes them up: whoever stands behind that one is not asked."""
        found: list[Provider] = []
        for provider in self._feed.failover.order(instrument, preferred):
            if provider.simulated:
                break
            found += [provider] if "bars" in provider.offers else []
        return found

    def _is_due(self, instrument: Instrument, run: HistoryRun | None, now: datetime, days: dict[str, date]) -> bool:
        if run is None or (run.retry_at is not None and run.retry_at <= now):
            return True
        if run.retry_at is not None:
            return False
        venue = venues.venue_of(instrument)
        if venue not in days:
            days[venue] = self._last_day(instrument, now)
        return not _is_whole(run) or (run.last or BEGINNING) < days[venue]

    @staticmethod
    def _last_day(instrument: Instrument, now: datetime) -> date:
        return venues.last_full_day(instrument, now)

    def _asked(self, instrument: Instrument, preferred: Sequence[str], start: date, until: date
               ) -> tuple[ToldHistory | None, Provider | None, ProviderError | None]:
        """Ask one provider after the other; gives the first history that has bars in the instrument's currency, else the last error."""
        last: ProviderError | None = None
        for provider in self._providers(instrument, preferred):
            try:
                told = provider.fetch_history(instrument, start, until)
            except InvalidInput:
                continue
            except ProviderError as error:
                last = error if last is None or isinstance(last, UnknownSymbol) else last
                continue
            if told.bars and told.currency in {None, instrument.currency}:
                return told, provider, None
            if told.bars:
                _log.warning("%s has %s in %s, not in %s", provider.name, instrument.symbol, told.currency, instrument.currency)
        return None, None, last

    def _failed(self, instrument: Instrument, run: HistoryRun | None, error: ProviderError | None, now: datetime) -> str:
        """Write down that nobody told, and when to ask again."""
        failures = (run.failures if run else 0) + 1
        pause = min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
        state = "failed"
        if error is None or isinstance(error, UnknownSymbol):
            state, pause = ("done" if run is not None and _is_whole(run) else "nobody"), LONGEST_PAUSE
        elif isinstance(error, RateLimited):
            state, failures = "waiting", failures - 1
            pause = timedelta(seconds=min(float(error.context.get("retry_after_seconds") or 60.0), 86400.0))
        self._note(instrument, state=state, error=error.message if error else None, failures=failures, retry_at=now + pause)
        return state

    # ------------------------------------------------------------------------------------------------------------------ what is taken

    def _take(self, instrument: Instrument, told: ToldHistory, provider: Provider,
              others: Sequence[Provider], until: date, now: datetime) -> str:
        """Judge and store, portion by portion; what is there already is only looked at."""
        judged = self._judged(instrument, told, now)
        bars = sorted(judged.bars, key=lambda bar: bar.date)
        self._database.run(lambda unit: unit.instruments.put_actions(instrument.id, judged.actions))
        for place in range(0, max(len(bars), 1), PORTION):
            portion = bars[place:place + PORTION]
            self._database.run(lambda unit, portion=portion: self._store(unit, instrument, portion, judged))  # type: ignore[misc]
            self._note(instrument, state="running", done=min(place + PORTION, len(bars)), of=len(bars), provider=provider.name)
        agreed = self._confirmed(instrument, judged, others)
        self._database.run(lambda unit: unit.instruments.put_bars(instrument.id, agreed))
        newest = max((bar.date for bar in (*bars, *agreed)), default=None)
        self._database.run(lambda unit: self._hold(unit, instrument, judged))
        self._note(instrument, state="done", first=bars[0].date if bars else None, last=newest, done=len(bars), of=len(bars), provider=provider.name,
                   error=None, failures=0, retry_at=now + PAUSE if newest is None or newest < until else None)
        self._tell(instrument)
        return "done"

    def _confirmed(self, instrument: Instrument, judged: Judged, others: Sequence[Provider]) -> list[Bar]:
        """Ask the others, the first that has them, for the days that are held back; gives what both tell."""
        span = in_doubt(judged.held)
        for other in others if span else ():
            try:
                told = other.fetch_history(instrument, *span)  # type: ignore[misc]
            except (InvalidInput, ProviderError):
                continue
            if told.bars and told.currency in {None, instrument.currency}:
                judged.held, agreed = confirmed(judged.held, told.bars, other.name)
                return agreed
        return []

    def _judged(self, instrument: Instrument, told: ToldHistory, now: datetime) -> Judged:
        first = min(bar.date for bar in told.bars)
        with self._database.read() as unit:
            before = unit.instruments.bars(instrument.id, first - CONTEXT, first - timedelta(days=1))
            known, latest = unit.instruments.actions(instrument.id), unit.market.latest([instrument.id]).get(instrument.id)
            decided = {(context["reason_code"], day) for status, context in unit.history.findings_of(instrument.id, BAR_QUARANTINED)
                       if status == "released" for day in [context["date"], *(bar["date"] for bar in context["bars"])]}
        real = float(latest.price) if latest is not None and not latest.simulated else None
        return judge(told, before=before, known=known, reference=float(before[-1].close) if before else real, now=now, decided=decided)

    def _store(self, unit: Unit, instrument: Instrument, bars: list[Bar], judged: Judged) -> None:
        """Write bars that are new, and what they revise; a close that moved far is held back."""
        found = unit.history.compare(instrument.id, bars)
        unit.instruments.put_bars(instrument.id, found.write)
        unit.history.add_revisions(instrument.id, found.revisions)
        for old, bar in found.moved:
            reason = f"the close of {bar.date.isoformat()} was {old.close:f} and is told as {bar.close:f} now"
            judged.held.append(Held("revised_far", reason, bar.date, (bar,)))

    @staticmethod
    def _hold(unit: Unit, instrument: Instrument, judged: Judged) -> None:
        """Keep what waits for a person, each once: what was rejected stays out without a word."""
        there = {(context["reason_code"], context["date"]) for _, context in unit.history.findings_of(instrument.id, BAR_QUARANTINED)}
        for held in judged.held:
            if (held.kind, held.first.isoformat()) not in there:
                there.add((held.kind, held.first.isoformat()))
                unit.market.add_finding(instrument.workspace_id, finding_of(instrument, held))

    def _note(self, instrument: Instrument, **fields: object) -> None:
        self._database.run(lambda unit: unit.history.put_run(instrument.id, **fields))

    def _tell(self, instrument: Instrument) -> None:
        """Let every process read prices of the past anew."""
        try:
            self._bus.publish(MARKET, {"workspace": str(instrument.workspace_id), "history": instrument.symbol})
        except BusError as error:
            _log.warning("New bars are stored, but not told: %s", error.message)


def adjusted_rows(shown: Sequence[Bar], every: Sequence[Bar], actions: Sequence[CorporateAction], *, payments: bool) -> list[dict[str, Any]]:
    """Multiply bars by the factors of what followed them, of later days too."""
    if not every:
        return []
    closes = pd.Series([float(bar.close) for bar in every], index=pd.DatetimeIndex([pd.Timestamp(bar.date) for bar in every]))
    factors = adjustment_factors(closes, actions)
    laid = action_columns(pd.DatetimeIndex(closes.index), actions)
    names = ("open", "high", "low", "close")
    columns = zip(shown, factors["total" if payments else "split"].tolist(), factors["split"].tolist(), laid["split"].tolist(),
                  laid["dividend"].tolist(), strict=False)
    return [{"date": bar.date, **{name: _times(getattr(bar, name), factor) for name in names}, "volume": _times(bar.volume, 1 / of_splits),
             "raw_close": float(bar.close), "factor": factor, "split": split or None, "dividend": paid or None, "mark": bar.mark}
            for bar, factor, of_splits, split, paid in columns]


def with_carried(rows: Sequence[dict[str, Any]], instrument: Instrument) -> list[dict[str, Any]]:
    """Put the close before into trading days that have none, between the first row and the last."""
    if not rows:
        return []
    told = {row["date"]: row for row in rows}
    days = pd.DatetimeIndex(sorted({*told, *venues.trading_days(instrument, rows[0]["date"], rows[-1]["date"])}))
    columns = pd.DataFrame({name: [told.get(day.date(), {}).get(name) for day in days] for name in ("close", "raw_close", "factor")}, index=days)
    filled, marks = carried_prices(columns.astype("float64"))
    empty = dict.fromkeys(("open", "high", "low", "volume", "split", "dividend"))
    values: list[dict[str, Any]] = [{str(name): value for name, value in row.items()} for row in filled.to_dict("records")]
    return [{**empty, **value, "date": day.date(), "mark": "carried"} if mark else told[day.date()]
            for day, value, mark in zip(days, values, marks["close"].tolist(), strict=True)]


def _times(value: Decimal | None, factor: float) -> float | None:
    return None if value is None else float(value) * factor


def finding_of(instrument: Instrument, held: Held) -> Finding:
    """Record of bars or actions that were held back, with all that is needed to release them."""
    context = {
        "reason_code": held.kind, "reason": held.reason, "instrument_id": str(instrument.id), "symbol": instrument.symbol,
        "date": held.first.isoformat(), "bars": [told_bar(bar) for bar in held.bars], "actions": [told_action(one) for one in held.actions],
        "proposed": held.proposed,
        "source": next(iter([*(bar.source for bar in held.bars), *(action.source for action in held.actions)]), None),
        "currency": instrument.currency,
        "price": float(held.bars[0].close) if held.bars else None,
    }
    what = f"{len(held.bars)} bars" if len(held.bars) > 1 else "A bar" if held.bars else "A payment" if held.actions else "The history"
    done = "were held back" if len(held.bars) > 1 else "was held back" if held.bars or held.actions else "is odd"
    return Finding(BAR_QUARANTINED, f"{what} of {instrument.symbol} {done}: {held.reason}.", context=context)


def _is_whole(run: HistoryRun) -> bool:
    """Tell whether a backfill came to its end once."""
    return run.last is not None and run.done >= run.of


def _gaps(unit: Unit, instrument: Instrument, span: tuple[date, date] | None) -> int | None:
    """Count the trading days without a bar between the first and the last."""
    if span is None:
        return 0
    if not venues.is_loaded(instrument):
        return None
    have: Mapping[UUID, Any] | set[date] = {bar.date for bar in unit.instruments.bars(instrument.id)}
    return sum(day not in have for day in venues.trading_days(instrument, *span))
