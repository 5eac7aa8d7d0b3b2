"""The one path of a quote: judged, stored, then told.

Polled quotes and those pushed by a person come through `Feed.ingest`. What passes the gate is appended to the ticks and becomes
the latest quote in one transaction; only then Redis hears of it, one publish a batch. Where Redis is away the truth is stored all
the same, and `status` says so. What does not pass is kept as a finding that a person releases or rejects.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from data import calendar, market_models, tracing
from data.bus import Bus
from data.database import Database, Unit
from data.failover import Failover, Orders
from data.feed_metrics import FeedMetrics
from data.gate import DOUBTFUL, PASSING, Outcome, Reference, is_price, judge
from data.ingested import Doubts, Ingested, Opinion, Opinions, SourceStatus, key_of
from data.providers.base import Provider
from data.quarantine import QUARANTINED, Quarantined, finding_of, quote_of
from data.records import StoredFinding
from engine.errors import BusError, CircuitOpen, Conflict, PortfolioError
from engine.types import Actor, Instrument, Quote

PUSHED: Final = "push"  # the source of what a person sends
CHANNEL: Final = "portolan:quotes"
REPEAT_AFTER: Final = timedelta(seconds=60)
PORTION: Final = 1000  # quotes that are stored together
TOLERANCE: Final = 0.02  # how far two providers may differ and still agree
_log = logging.getLogger(__name__)


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
        self.failover = Failover(providers, self._provider_failed)
        self.metrics = FeedMetrics(registry)
        self.degraded = False
        self._polled = frozenset(provider.name for provider in providers)
        self._database = database
        self._bus = bus
        self._instruments: dict[UUID, Instrument] = {}
        self._sources: dict[str, SourceStatus] = {provider.name: SourceStatus(provider.name, provider.simulated) for provider in providers}
        self._told_last: dict[tuple[UUID, str], datetime] = {}
        self._confirmed_last: dict[UUID, datetime] = {}

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
        batch = [arrived(quote, now, source) for quote in quotes]
        done = self._taken(batch, source, now, ask=source in self._polled and len(self.providers) > 1)
        if done.doubtful:
            opinions = {key_of(held.quote): self.confirm(held.quote) for held in done.doubtful}
            done.add(self._taken([held.quote for held in done.doubtful], source, now, opinions=opinions))
            done.doubtful = []
        return done

    def poll(self, instruments: Sequence[Instrument], *, since: datetime | None = None, preferred: Orders | None = None,
             go_on: Callable[[], bool] = lambda: True) -> Ingested:
        """Ask the providers, each for what none before it answered, and ingest the answers as they come.

        Parameters
        ----------
        instruments : sequence of Instrument
        since : datetime, optional
            When the last poll was: a provider that can tell every change tells those after it.
        preferred : Mapping, optional
            Of an instrument's id: names of providers to ask before the others.
        go_on : callable
            Asked before every question; false ends the poll.
        """
        total = Ingested()
        waiting: dict[str, list[Quote]] = {}
        for chunk in self.failover.quotes(instruments, since=since, preferred=preferred, go_on=go_on):
            quotes = waiting.setdefault(chunk.provider.name, [])
            quotes += chunk.quotes
            if len(quotes) >= PORTION:
                total.add(self.ingest(waiting.pop(chunk.provider.name), source=chunk.provider.name))
        for name, quotes in waiting.items():
            total.add(self.ingest(quotes, source=name))
        return total

    def confirm(self, quote: Quote) -> Opinion | None:
        """Ask a second provider about a doubtful quote, of one instrument at most once a minute.

        Returns
        -------
        Opinion or None
            What it says, and whether that agrees; None where there is nobody to ask.
        """
        instrument, now = self._instruments.get(quote.instrument_id), calendar.now()
        last = self._confirmed_last.get(quote.instrument_id)
        if instrument is None or (last is not None and now - last < REPEAT_AFTER):
            return None
        self._confirmed_last[quote.instrument_id] = now
        other = self.failover.opinion(quote, instrument)
        if other is None:
            return None
        same = quote.currency in {"", other.currency} and abs(other.price - quote.price) <= TOLERANCE * quote.price
        return Opinion(other.source, other.price, agrees=same)

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
            quote = quote_of(finding, now)
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
        """Tell whether Redis hears us, per source when it was last heard in this process and what it failed with, and of what nobody has a price."""
        silent = sorted(error.message for error in self.failover.silent.values())
        return {"degraded": self.degraded, "sources": list(self._sources.values()), "silent": silent}

    def _provider_failed(self, provider: Provider, error: PortfolioError) -> None:
        """Have a failure seen: counted, told in the status, and in the log where it is news."""
        self.metrics.provider_errors.labels(provider.name, error.code).inc()
        before = self._sources[provider.name]
        known = before.error == error.message or (isinstance(error, CircuitOpen) and before.error is not None)
        waits = getattr(provider, "waits", False) is True  # for its turn: nothing failed
        _log.log(logging.DEBUG if known or waits else logging.WARNING, "%s", error.message)
        if not (known or waits):
            self._sources[provider.name] = replace(before, error=error.message)

    def _taken(self, batch: list[Quote], source: str, now: datetime, *, ask: bool = False, opinions: Opinions | None = None) -> Ingested:
        """Judge, store and tell. With `ask` doubtful quotes are given back, with `opinions` they are settled by them."""
        if not batch:
            return Ingested()
        with self.metrics.seconds.time(), tracing.span("ingest", portolan__source=source, portolan__quotes=len(batch)):
            self._know({quote.instrument_id for quote in batch})
            done, news = self._database.run(lambda unit: self._store(unit, batch, source, now, Doubts(ask, opinions or {})))
            self._publish(news)
        self._count(done, source, now)
        return done

    def _know(self, ids: set[UUID]) -> None:
        """Keep the instruments of a batch at hand."""
        if not ids <= self._instruments.keys():
            with self._database.read() as unit:
                self._instruments = {instrument.id: instrument for instrument in unit.instruments.find_all()}

    def _store(self, unit: Unit, batch: list[Quote], source: str, now: datetime, doubts: Doubts) -> tuple[Ingested, list[Quote]]:
        """Judge and store in one transaction; gives also the quotes that are the latest now."""
        done, newest = Ingested(), dict[UUID, Quote]()
        last = _references(unit, {quote.instrument_id for quote in batch})
        before = dict(last)
        for quote in batch:
            self._sort(unit, quote, last, now, done, doubts, own=source == PUSHED)
        for quote in done.accepted:
            newest[quote.instrument_id] = quote
        unit.market.append_ticks(done.accepted)
        _make_way(unit, newest.values(), before)
        changed = unit.market.put_latest(newest.values())
        for held in done.quarantined:
            key = held.quote.instrument_id
            if self._is_news(held, source, now):
                unit.market.add_finding(self._instruments[key].workspace_id, finding_of(held, before.get(key)))
        return done, [quote for quote in newest.values() if quote.instrument_id in changed]

    def _sort(self, unit: Unit, quote: Quote, last: dict[UUID, Reference], now: datetime, done: Ingested, doubts: Doubts, *,
              own: bool) -> None:
        """Put a quote where the gate says; an accepted one is what the next of its instrument is compared with."""
        key, instrument = quote.instrument_id, self._instruments.get(quote.instrument_id)
        if instrument is None:
            done.ignored.append(quote)
            return
        verdict = judge(quote, last.get(key), now=now, splits=partial(unit.instruments.actions, key), currency=instrument.currency,
                        own=own)
        quote = verdict.repaired or quote
        doubtful = verdict.outcome in DOUBTFUL
        opinion = doubts.opinions.get(key_of(quote)) if doubtful else None
        if verdict.outcome is Outcome.ACCEPTED or (opinion is not None and opinion.agrees):
            done.accepted.append(quote if quote.currency else replace(quote, currency=instrument.currency))
            last[key] = _reference(quote)
        elif verdict.outcome in PASSING or (verdict.outcome is Outcome.OLDER and quote.source in self._polled):
            done.ignored.append(quote)  # providers are not equally fast: what a slower one says after a faster one is no news
        elif doubtful and doubts.ask:
            done.doubtful.append(Quarantined(quote, verdict.outcome.value, verdict.reason))
        else:
            second = f"; {opinion.source} says {opinion.price:g}" if opinion is not None else ""
            done.quarantined.append(Quarantined(quote, verdict.outcome.value, verdict.reason + second))

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
            with tracing.span("publish", kind="producer", portolan__quotes=len(news)):
                way = {"trace": told} if (told := tracing.carrier()) else {}
                self._bus.publish(CHANNEL, {"quotes": [_message(quote) for quote in news], **way})
            self._bus.put_latest(self._all_latest() if self.degraded else news)  # afterwards: a Redis that is full still passes on what it is told
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
        if done.ignored and source in self._sources:
            self._sources[source] = replace(self._sources[source], error=None)
        if done.accepted:
            self.metrics.last_received.set(now.timestamp())
            self._sources[source] = SourceStatus(source, done.accepted[-1].simulated, now)


def arrived(quote: Quote, now: datetime, source: str) -> Quote:
    """Say of a quote when it came and from whom; written out, because `replace` takes three times as long and every quote passes here."""
    return Quote(quote.instrument_id, quote.symbol, quote.price, quote.ts, now, quote.source or source, quote.currency, quote.volume,
                 quote.simulated, quote.bid, quote.ask, quote.sequence, quote.mark)


def _reference(quote: Quote) -> Reference:
    return Reference(quote.price, quote.ts, quote.source, quote.simulated, sequence=quote.sequence)


def _references(unit: Unit, ids: set[UUID]) -> dict[UUID, Reference]:
    """Find what the quotes of instruments are compared with: the latest quote, else the last close."""
    found = {key: Reference(price, ts, source, simulated, sequence=sequence)
             for key, price, ts, source, simulated, sequence in unit.market.references(ids)}
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
    unit.connection.execute(sa.delete(market_models.QuoteLatest).where(market_models.QuoteLatest.instrument_id.in_(sorted(instrument_ids))))


def _message(quote: Quote) -> dict[str, Any]:
    """Say a quote on the bus."""
    return {
        "id": str(quote.instrument_id), "symbol": quote.symbol, "price": quote.price, "ts": calendar.milliseconds(quote.ts),
        "received": calendar.milliseconds(quote.received), "source": quote.source, "currency": quote.currency, "simulated": quote.simulated,
        **({"mark": quote.mark} if quote.mark else {}),
    }
