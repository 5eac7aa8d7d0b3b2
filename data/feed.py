"""The one path of a quote: judged, stored, then told.

Polled quotes and those pushed by a person come through `Feed.ingest`. What passes the gate is appended to the ticks and becomes
the latest quote in one transaction; only then Redis hears of it, one publish a batch. Where Redis is away the truth is stored all
the same, and `status` says so. What does not pass is kept as a finding that a person releases or rejects.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from data import calendar, models
from data.bus import Bus
from data.database import Database, Unit
from data.feed_metrics import FeedMetrics
from data.gate import PASSING, Outcome, Reference, is_price, judge
from data.providers.base import Provider
from data.records import StoredFinding
from engine.errors import BusError, Conflict, InvalidInput, ProviderError
from engine.types import Actor, Finding, Instrument, Quote

QUARANTINED: Final = "quote_quarantined"
CHANNEL: Final = "portolan:quotes"
REPEAT_AFTER: Final = timedelta(seconds=60)
_log = logging.getLogger(__name__)


class Quarantined(NamedTuple):
    """A quote that was held back, and why."""

    quote: Quote
    code: str
    reason: str


@dataclass(slots=True)
class Ingested:
    """What became of a batch, each part in the order of arrival."""

    accepted: list[Quote] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    ignored: list[Quote] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """When a source was last heard, and what it failed with since."""

    name: str
    simulated: bool
    received: datetime | None = None
    error: str | None = None


class Feed:
    """Takes quotes in and tells them on.

    Parameters
    ----------
    database, bus
        Where quotes are stored and told.
    providers : sequence of Provider
        Asked by `poll`, most preferred first.
    registry : CollectorRegistry, optional
        Where the counters are kept.
    """

    def __init__(self, database: Database, bus: Bus, providers: Sequence[Provider] = (), *, registry: CollectorRegistry | None = None) -> None:
        self.providers = tuple(providers)
        self.metrics = FeedMetrics(registry)
        self.degraded = False
        self._polled = frozenset(provider.name for provider in providers)
        self._database = database
        self._bus = bus
        self._instruments: dict[UUID, Instrument] = {}
        self._sources: dict[str, SourceStatus] = {provider.name: SourceStatus(provider.name, provider.simulated) for provider in providers}
        self._told_last: dict[tuple[UUID, str], datetime] = {}

    def ingest(self, quotes: Iterable[Quote], *, source: str) -> Ingested:
        """Judge, store and tell a batch.

        Parameters
        ----------
        quotes : iterable of Quote
            In the order of time; `received` is set here, and `source` where the quote names none.
        source : str
            Who delivers.

        Raises
        ------
        StorageError
            Where the database does not answer; nothing is stored or told then.
        """
        now = calendar.now()
        batch = [replace(quote, received=now, source=quote.source or source) for quote in quotes]
        if not batch:
            return Ingested()
        with self.metrics.seconds.time():
            self._know({quote.instrument_id for quote in batch})
            done, news = self._database.run(lambda unit: self._store(unit, batch, source, now))
            self._publish(news)
        self._count(done, source, now)
        return done

    def poll(self, instruments: Sequence[Instrument], *, since: datetime | None = None) -> Ingested:
        """Ask the providers, each for what none before it answers for, and ingest the answers."""
        total, missing = Ingested(), list(instruments)
        for provider in self.providers:
            covered = [instrument for instrument in missing if provider.covers(instrument)]
            quotes = self._fetched(provider, covered, since) if covered else None
            if quotes is None:
                continue
            done = self.ingest(quotes, source=provider.name)
            total.accepted += done.accepted
            total.quarantined += done.quarantined
            total.ignored += done.ignored
            missing = [instrument for instrument in missing if not provider.covers(instrument)]
        return total

    def backfill(self, quotes: Sequence[Quote]) -> int:
        """Append quotes of the past to the ticks; the latest quotes stay, and nobody is told. Gives their number."""
        sound = [quote for quote in quotes if is_price(quote) is None]
        return self._database.run(lambda unit: unit.market.append_ticks(sound))

    def forget(self, instrument_ids: Iterable[UUID]) -> None:
        """Drop the latest quotes of instruments, so that the next one is taken whatever it is; the ticks stay."""
        self._database.run(lambda unit: _drop_latest(unit, instrument_ids))

    def quarantine(self, workspace_id: UUID) -> list[StoredFinding]:
        """List the quotes of a workspace that wait for a decision, newest first."""
        with self._database.read() as unit:
            return unit.market.findings(workspace_id, code=QUARANTINED, status="open")

    def release(self, finding_id: UUID, actor: Actor) -> Quote:
        """Let a quarantined quote pass after all. It becomes the latest unless there is a newer one.

        Raises
        ------
        InvalidInput
            Where it is no price at all.
        Conflict
            Where it was settled before.
        NotFound
            Where the actor's workspace has no such finding.
        """
        now = calendar.now()

        def work(unit: Unit) -> tuple[Quote, list[Quote]]:
            finding = self._settle(unit, finding_id, "released", actor)
            quote = _released(finding, now)
            unit.market.append_ticks([quote])
            changed = unit.market.put_latest([quote])
            return quote, [quote] if quote.instrument_id in changed else []

        quote, news = self._database.run(work)
        self._publish(news)
        return quote

    def reject(self, finding_id: UUID, actor: Actor) -> None:
        """Settle that a quarantined quote stays out."""
        self._database.run(lambda unit: self._settle(unit, finding_id, "rejected", actor))

    def status(self) -> dict[str, Any]:
        """Tell whether Redis hears us, and per source when it was last heard in this process and what it failed with."""
        return {"degraded": self.degraded, "sources": list(self._sources.values())}

    def _fetched(self, provider: Provider, instruments: list[Instrument], since: datetime | None) -> list[Quote] | None:
        """Quotes of one provider; None where it failed, so that the next one is asked."""
        try:
            return provider.fetch_quotes(instruments, calendar.now(), since=since)
        except ProviderError as error:
            self.metrics.provider_errors.labels(provider.name, error.code).inc()
            self._sources[provider.name] = replace(self._sources[provider.name], error=error.message)
            _log.warning("%s", error.message)
            return None

    def _know(self, ids: set[UUID]) -> None:
        """Keep the instruments of a batch at hand."""
        if not ids <= self._instruments.keys():
            with self._database.read() as unit:
                self._instruments = {instrument.id: instrument for instrument in unit.instruments.find_all()}

    def _store(self, unit: Unit, batch: list[Quote], source: str, now: datetime) -> tuple[Ingested, list[Quote]]:
        """Judge and store in one transaction; gives also the quotes that are the latest now."""
        done, newest = Ingested(), dict[UUID, Quote]()
        last = _references(unit, {quote.instrument_id for quote in batch})
        before = dict(last)
        for quote in batch:
            self._sort(unit, quote, last, now, done)
        for quote in done.accepted:
            newest[quote.instrument_id] = quote
        unit.market.append_ticks(done.accepted)
        _make_way(unit, newest.values(), before)
        changed = unit.market.put_latest(newest.values())
        for held in done.quarantined:
            key = held.quote.instrument_id
            if self._is_news(held, source, now):
                unit.market.add_finding(self._instruments[key].workspace_id, _finding(held, before.get(key)))
        return done, [quote for quote in newest.values() if quote.instrument_id in changed]

    def _sort(self, unit: Unit, quote: Quote, last: dict[UUID, Reference], now: datetime, done: Ingested) -> None:
        """Put a quote where the gate says; an accepted one is what the next of its instrument is compared with."""
        key, instrument = quote.instrument_id, self._instruments.get(quote.instrument_id)
        if instrument is None:
            done.ignored.append(quote)
            return
        verdict = judge(quote, last.get(key), now=now, splits=partial(unit.instruments.actions, key))
        if verdict.outcome is Outcome.ACCEPTED:
            done.accepted.append(quote if quote.currency else replace(quote, currency=instrument.currency))
            last[key] = Reference(quote.price, quote.ts, quote.source, quote.simulated)
        elif verdict.outcome in PASSING:
            done.ignored.append(quote)
        else:
            done.quarantined.append(Quarantined(quote, verdict.outcome.value, verdict.reason))

    def _is_news(self, held: Quarantined, source: str, now: datetime) -> bool:
        """Whether a finding is due: of a provider that repeats itself every second, one a minute is enough."""
        if source not in self._polled:
            return True
        told = self._told_last.get((held.quote.instrument_id, held.code))
        return told is None or told == now or now - told >= REPEAT_AFTER

    def _settle(self, unit: Unit, finding_id: UUID, status: str, actor: Actor) -> StoredFinding:
        """Settle a finding of the quarantine and write down who did."""
        finding = unit.market.finding(actor.workspace_id, finding_id)
        if finding.code != QUARANTINED:
            raise Conflict("This finding is not a quarantined quote.", code=finding.code)
        settled = unit.market.settle_finding(finding_id, status, actor)
        unit.system.audit(actor.workspace_id, actor.user_id, f"quote_{status}", "finding", finding_id, after=finding.context)
        return settled

    def _publish(self, news: list[Quote]) -> None:
        """Tell what is new; without Redis it stays told in the database."""
        if not news:
            return
        try:
            self._bus.put_latest(self._all_latest() if self.degraded else news)
            self._bus.publish(CHANNEL, {"quotes": [_message(quote) for quote in news]})
        except BusError as error:
            self.metrics.unpublished.inc()
            if not self.degraded:
                _log.warning("Quotes are stored, but not told: %s", error.message)
            self.degraded = True
        else:
            self.degraded = False

    def _all_latest(self) -> list[Quote]:
        """Everything that Redis may have missed."""
        with self._database.read() as unit:
            return list(unit.market.latest().values())

    def _count(self, done: Ingested, source: str, now: datetime) -> None:
        self.metrics.accepted.labels(source).inc(len(done.accepted))
        self.metrics.ignored.labels(source).inc(len(done.ignored))
        for held in done.quarantined:
            self.metrics.quarantined.labels(source, held.code).inc()
            if self._is_news(held, source, now):
                self._told_last[held.quote.instrument_id, held.code] = now
        if done.accepted:
            self.metrics.last_received.set(now.timestamp())
            self._sources[source] = SourceStatus(source, done.accepted[-1].simulated, now)


def _references(unit: Unit, ids: set[UUID]) -> dict[UUID, Reference]:
    """Find what the quotes of instruments are compared with: the latest quote, else the last close."""
    latest = unit.market.latest(ids)
    found = {key: Reference(quote.price, quote.ts, quote.source, quote.simulated) for key, quote in latest.items()}
    without = sorted(ids - found.keys())
    if without:
        closes = unit.instruments.last_closes(without)
        for key, day, close, source in zip(closes.index, closes["date"], closes["close"], closes["source"], strict=True):
            found[key] = Reference(float(close), calendar.start_of(day), source, is_quote=False)
    return found


def _make_way(unit: Unit, newest: Iterable[Quote], before: dict[UUID, Reference]) -> None:
    """Take away latest quotes that the table would defend by their instant: a made-up one, or one of the same instant."""
    outrun = [quote.instrument_id for quote in newest if (last := before.get(quote.instrument_id)) and last.is_quote and quote.ts <= last.ts]
    if outrun:
        _drop_latest(unit, outrun)


def _drop_latest(unit: Unit, instrument_ids: Iterable[UUID]) -> None:
    unit.connection.execute(sa.delete(models.QuoteLatest).where(models.QuoteLatest.instrument_id.in_(sorted(instrument_ids))))


def _finding(held: Quarantined, last: Reference | None) -> Finding:
    """Record of a quarantined quote, with all that is needed to release it."""
    quote = held.quote
    context = {
        "reason_code": held.code, "reason": held.reason, "instrument_id": str(quote.instrument_id), "symbol": quote.symbol,
        "price": quote.price if math.isfinite(quote.price) else str(quote.price), "currency": quote.currency, "ts": quote.ts.isoformat(),
        "received": quote.received.isoformat(), "source": quote.source, "simulated": quote.simulated,
        "volume": quote.volume if quote.volume is None or math.isfinite(quote.volume) else None,
        "last_price": last.price if last else None, "last_ts": last.ts.isoformat() if last else None,
    }
    return Finding(QUARANTINED, f"A quote of {quote.symbol} was held back: {held.reason}.", context=context)


def _released(finding: StoredFinding, now: datetime) -> Quote:
    """Quote of a finding; one from the future is of now, or it would hold back all that follow."""
    told = finding.context
    quote = Quote(UUID(told["instrument_id"]), told["symbol"], float(told["price"]), min(datetime.fromisoformat(told["ts"]), now), now,
                  told["source"], told["currency"], told["volume"], told["simulated"])
    if (refused := is_price(quote)) is not None:
        raise InvalidInput("price", told["price"], refused.reason, hint="Reject it")
    return quote


def _message(quote: Quote) -> dict[str, Any]:
    """Say a quote on the bus."""
    return {
        "id": str(quote.instrument_id), "symbol": quote.symbol, "price": quote.price, "ts": calendar.milliseconds(quote.ts),
        "received": calendar.milliseconds(quote.received), "source": quote.source, "currency": quote.currency, "simulated": quote.simulated,
    }
