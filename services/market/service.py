"""The market as the actor sees it: last prices, prices pushed in, quotes held back, and the state of the feed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.feed import PUSHED, Feed
from data.ingested import Ingested
from data.settings import Settings
from engine.errors import BusError, InvalidInput, StorageError, UnknownInstrument
from engine.types import Actor, Instrument, PriceState, Quote
from services import fields
from services.fields import Place, Reader
from services.market.marks import ALWAYS_OPEN, Freshness, Sight, read_quotes
from services.market.quarantine import CODES, Quarantine
from services.views import MarketStatus, PushResult, QuarantinedQuote, QuoteView, SourceStatus
from services.writes import Request, Writes

MAX_PUSHED = 5000
RESULT: TypeAdapter[PushResult] = TypeAdapter(PushResult)
LATEST_MS = 1e14  # milliseconds of the year 5138; larger numbers are microseconds by mistake


class Told(Protocol):
    """A price as the hub keeps it; instants are milliseconds since 1970."""

    @property
    def instrument_id(self) -> str:
        """Text of its id."""

    @property
    def price(self) -> float:
        """Local; NaN: none."""

    @property
    def ts(self) -> int | None:
        """Of the price."""

    @property
    def received(self) -> int | None:
        """None for a bar."""

    @property
    def simulated(self) -> bool:
        """Whether it is made up."""


def _price(place: Place, value: object) -> float:
    """Read a number that the feed will judge: text that says NaN is a quote that is not believed, not a mistake of form."""
    if isinstance(value, str) and fields.NOT_FINITE.fullmatch(value.strip()):
        return math.nan if "n" in value.lower().replace("inf", "").replace("inity", "") else math.inf
    return float(fields.number(place, value, signed=True))


def _ts(place: Place, value: object) -> datetime:
    """Read an instant: RFC 3339, or milliseconds since 1970."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 < value < LATEST_MS:
            raise place.refusal(value, "not_an_instant", "is not milliseconds since 1970", "Send 1711639800000 or 2024-03-28T15:30:00Z")
        return datetime.fromtimestamp(value / 1000, UTC)
    return fields.instant(place, value)


READERS: dict[str, Reader] = {
    "symbol": fields.symbol, "price": _price, "ts": _ts, "volume": fields.number, "currency": fields.currency,
    "source": lambda place, value: fields.text(place, value, limit=40),
}


class Market:
    """Prices of the actor's workspace."""

    def __init__(self, settings: Settings, writes: Writes, feed: Feed) -> None:
        self._writes, self._database, self._bus, self._feed = writes, writes.database, writes.bus, feed
        self.freshness = Freshness(settings.poll_seconds)
        self._quarantine = Quarantine(writes, feed)
        self._always_open: set[str] = set()
        self._known: dict[str, Instrument] = {}

    def sight(self) -> Sight:
        """Look from this moment."""
        now = calendar.now()
        return Sight(now.date(), now, live=True)

    def quotes(self, actor: Actor, symbols: Sequence[str] | None = None) -> list[QuoteView]:
        """Tell the last price of instruments by symbol, of all without a list; unknown symbols are left out."""
        with self._database.read() as unit:
            found = self.known(unit, actor, symbols)
            return list(read_quotes(unit, self.sight(), self.freshness, found).values())

    def known(self, unit: Unit, actor: Actor, symbols: Iterable[str] | None) -> dict[str, Instrument]:
        """Find instruments by symbol, and remember which trade at any hour."""
        if symbols is None:
            found = {instrument.symbol: instrument for instrument in unit.instruments.find_all(actor.workspace_id)}
        else:
            found = unit.instruments.by_symbols(actor.workspace_id, [symbol.strip().upper() for symbol in symbols])
        self.remember(found.values())
        return found

    def remember(self, instruments: Iterable[Instrument]) -> None:
        """Remember instruments for `judge`, and which of them trade at any hour."""
        found = {str(instrument.id): instrument for instrument in instruments}
        self._known |= found
        self._always_open |= {key for key, instrument in found.items() if instrument.asset_class in ALWAYS_OPEN}

    def judge(self, price: Told, now: datetime) -> tuple[PriceState, float]:
        """Tell the state of a price that the hub keeps, and for how many seconds it stays so if nothing comes."""
        if price.ts is None or not math.isfinite(price.price):
            return PriceState.MISSING, math.inf
        if price.received is not None and 0.0 <= (age := now.timestamp() - price.ts / 1000) < self.freshness.live_seconds:
            return PriceState.LIVE, self.freshness.live_seconds - age  # as `of_tick` would tell, for nearly every quote that comes
        ts = datetime.fromtimestamp(price.ts / 1000, UTC)
        instrument = None if price.simulated else self._known.get(price.instrument_id)
        if price.received is None:
            return self.freshness.of_bar(ts.date(), now, instrument)
        always_open = price.simulated or price.instrument_id in self._always_open
        return self.freshness.of_tick(calendar.age_seconds(ts, at=now), now, always_open=always_open, instrument=instrument)

    def push(self, actor: Actor, raw: object, *, idempotency_key: str | None = None) -> PushResult:
        """Take in a user's own quotes by the way of every quote.

        Parameters
        ----------
        actor : Actor
        raw : object
            One object or a list: `symbol price ts volume source currency`; `ts` RFC 3339 or milliseconds, default now.
        idempotency_key : str, optional
            The same key gives the same result again. The feed stores by itself: where we die between its commit and ours, the
            repetition is met by the rule that a quote told before is ignored.

        Raises
        ------
        InvalidInput
            What cannot be read, with row, field and hint; nothing is stored then. A price that is not believable is no
            error: it is quarantined.
        UnknownInstrument
            A symbol that the workspace does not know.
        """
        rows = [self._row(each, place) for place, each in enumerate(fields.rows(raw, limit=MAX_PUSHED), start=1)]
        with self._database.read() as unit:
            known = self.known(unit, actor, sorted({row["symbol"] for row in rows}))
            self._refuse_unknown(unit, actor, rows, known)
        quotes = [_quote(row, known[row["symbol"]]) for row in rows]
        request = Request("market.push", (raw,), RESULT, idempotency_key)
        return self._writes.once(actor, request, lambda _unit, _told: _result(self._feed.ingest(quotes, source=PUSHED), quotes))

    def quarantine(self, actor: Actor) -> list[QuarantinedQuote]:
        """List what waits for a decision, newest first: quotes, and bars and payments of histories."""
        return self._quarantine.find(actor)

    def release(self, actor: Actor, finding_id: UUID, *, idempotency_key: str | None = None) -> None:
        """Let what was held back pass after all."""
        self._quarantine.release(actor, finding_id, idempotency_key=idempotency_key)

    def reject(self, actor: Actor, finding_id: UUID, *, idempotency_key: str | None = None) -> None:
        """Settle that it stays out."""
        self._quarantine.reject(actor, finding_id, idempotency_key=idempotency_key)

    def status(self, actor: Actor) -> MarketStatus:
        """Tell the state of the feed: how fresh prices are, from whom, and which parts answer."""
        bus = self._answers(self._bus.ping)
        try:
            with self._database.read() as unit:
                quotes = list(read_quotes(unit, self.sight(), self.freshness, self.known(unit, actor, None)).values())
                held = sum(len(unit.market.findings(actor.workspace_id, code=code, status="open")) for code in CODES)
                poller = self._has_leader(unit)
        except StorageError:
            return MarketStatus("down", None, None, False, (), 0, poller=False, database=False, bus=bus)
        ticks = [quote for quote in quotes if not quote.is_bar and quote.ts is not None]
        newest = max(ticks, key=lambda quote: quote.ts or datetime.min.replace(tzinfo=UTC), default=None)
        counts = Counter(quote.state.value for quote in quotes)
        return MarketStatus(_overall(counts), newest.ts if newest else None, newest.age_seconds if newest else None,
                            bool(newest and newest.simulated) or (not ticks and any(quote.simulated for quote in quotes)),
                            self._sources(quotes), held, poller=poller, database=True, bus=bus, counts=dict(counts))

    @staticmethod
    def _row(raw: object, place: int) -> dict[str, Any]:
        found = fields.record(raw, READERS, required=("symbol", "price"), row=place)
        return {**found, "row": place}

    @staticmethod
    def _refuse_unknown(unit: Unit, actor: Actor, rows: Sequence[Mapping[str, Any]], known: Mapping[str, Instrument]) -> None:
        wrong = [row for row in rows if row["symbol"] not in known]
        if wrong:
            every = [instrument.symbol for instrument in unit.instruments.find_all(actor.workspace_id)]
            fields.raise_all([UnknownInstrument(row["symbol"], row=row["row"], near=fields.near(row["symbol"], every)) for row in wrong])
        for row in rows:
            expected = known[row["symbol"]].currency
            if row.get("currency") not in {None, expected}:
                raise InvalidInput("currency", row["currency"], f"{row['symbol']} is quoted in {expected}", hint=f"Convert the price to {expected}",
                                   row=row["row"], rule="currency_mismatch")

    @staticmethod
    def _answers(ping: Any) -> bool:  # noqa: ANN401
        try:
            ping()
        except BusError:
            return False
        return True

    @staticmethod
    def _has_leader(unit: Unit) -> bool:
        """Tell whether some process has done a job of the poller lately."""
        runs = unit.system.jobs(limit=1)
        return bool(runs) and calendar.age_seconds(runs[0].finished_at or runs[0].created_at) < 150

    def _sources(self, quotes: Sequence[QuoteView]) -> tuple[SourceStatus, ...]:
        """Tell each source of the last prices, then those that were asked and have none."""
        names = sorted({quote.source for quote in quotes if quote.source})
        told = [_source(name, [quote for quote in quotes if quote.source == name]) for name in names]
        silent = [SourceStatus(source.name, "down" if source.error else "stale", source.received, None, source.simulated, 0, source.error)
                  for source in self._feed.status()["sources"] if source.name not in names]
        return (*told, *silent)


def _overall(counts: Mapping[str, int]) -> str:
    """Name the state of the feed by its freshest prices."""
    order = (PriceState.LIVE, PriceState.DELAYED, PriceState.CLOSED)
    return next((state.value for state in order if counts.get(state.value)), PriceState.STALE.value)


def _source(name: str, quotes: Sequence[QuoteView]) -> SourceStatus:
    newest = max((quote for quote in quotes if quote.ts), key=lambda quote: quote.ts or datetime.min.replace(tzinfo=UTC), default=None)
    state = _overall(Counter(quote.state.value for quote in quotes))
    return SourceStatus(name, state, newest.ts if newest else None, newest.age_seconds if newest else None, quotes[0].simulated, len(quotes))


def _quote(row: Mapping[str, Any], instrument: Instrument) -> Quote:
    now = calendar.now()
    volume = row.get("volume")
    return Quote(instrument.id, instrument.symbol, row["price"], row.get("ts") or now, now, row.get("source") or PUSHED, instrument.currency,
                 None if volume is None else float(volume))


def _result(done: Ingested, quotes: Sequence[Quote]) -> PushResult:
    rows = {(quote.symbol, quote.ts, repr(quote.price)): place for place, quote in enumerate(quotes, start=1)}
    held = [{"row": rows.get((each.quote.symbol, each.quote.ts, repr(each.quote.price))), "symbol": each.quote.symbol,
             "price": each.quote.price if math.isfinite(each.quote.price) else None, "reason": each.code, "message": each.reason}
            for each in done.quarantined]
    return PushResult(len(done.accepted), tuple(dict[str, object](row) for row in held), len(done.ignored))
