"""Which provider is asked for what: each only for what none before it answered, by order of preference and by kind of error.

An instrument's own sources come first, then the order of the portfolios that hold it, then that of `MARKET_DATA`. A provider that
fails as a whole is left for this round and what it owed goes to the next; one that does not know a symbol is not asked for it again
for hours. Where our own budget is what ends, an instrument with a fresh price waits for its turn instead of wearing out the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from data import calendar, tracing
from data.providers.base import Provider
from engine.errors import InvalidInput, PortfolioError, ProviderError, ProviderRefused, ProvidersExhausted, RateLimited, Retry, UnknownSymbol
from engine.types import Instrument, Quote

UNKNOWN_SECONDS: Final = 6 * 3600.0  # a symbol that a provider does not know is asked for again after this
PATIENCE_SECONDS: Final = 900.0  # how old a price may be while its instrument waits for a budget of ours
FAILURES_IN_A_ROW: Final = 3
MOST_KEPT: Final = 100_000
Orders = Mapping[UUID, Sequence[str]]


class Chunk(NamedTuple):
    """What one question brought: of whom, for what, the quotes, and the error where there was one."""

    provider: Provider
    instruments: list[Instrument]
    quotes: list[Quote]
    error: PortfolioError | None = None


@runtime_checkable
class Abortable(Protocol):
    """A provider whose questions can be ended before they are answered."""

    def abort(self) -> None:
        """End them."""


class Failover:
    """Asks providers.

    Parameters
    ----------
    providers : sequence of Provider
        Most preferred first.
    failed : callable
        Told of every failure.
    """

    def __init__(self, providers: Sequence[Provider], failed: Callable[[Provider, PortfolioError], None]) -> None:
        self.providers = tuple(providers)
        self._by_name = {provider.name: provider for provider in providers}
        self._failed = failed
        self._asked: dict[tuple[str, UUID], float] = {}
        self._heard: dict[UUID, float] = {}
        self._unknown: dict[tuple[str, UUID], float] = {}
        self.silent: dict[UUID, ProvidersExhausted] = {}  # instruments of which nobody had a price when they were last asked for

    def order(self, instrument: Instrument, preferred: Sequence[str] = ()) -> list[Provider]:
        """List who may be asked for an instrument, most preferred first."""
        names = dict.fromkeys([*(source.provider for source in instrument.sources), *preferred, *self._by_name])
        return [provider for name in names if (provider := self._by_name.get(name)) and self._may(provider, instrument)]

    def quotes(self, instruments: Iterable[Instrument], *, since: datetime | None = None, preferred: Orders | None = None,
               go_on: Callable[[], bool] = lambda: True) -> Iterator[Chunk]:
        """Ask for the newest quotes, one round after the other, while `go_on` says so; gives what comes as it comes."""
        orders = {one.id: self.order(one, (preferred or {}).get(one.id, ())) for one in instruments}
        rest = {one.id: one for one in instruments if orders[one.id]}
        left = set[str]()
        while rest and go_on():
            groups = _groups(rest, orders, left)
            if not groups:
                return
            for chunk in self._round(groups, since, go_on):
                yield chunk
                self._settle(chunk, rest, orders, left)

    def first(self, provider: str, instruments: Iterable[Instrument], preferred: Orders | None = None) -> list[Instrument]:
        """List the instruments for which a provider is the first choice."""
        told = preferred or {}
        return [one for one in instruments if [each.name for each in self.order(one, told.get(one.id, ()))[:1]] == [provider]]

    def opinion(self, quote: Quote, instrument: Instrument, preferred: Sequence[str] = ()) -> Quote | None:
        """Ask another provider than a quote's own for the same price; None where none has one."""
        for provider in self.order(instrument, preferred):
            if provider.name == quote.source or provider.simulated:
                continue
            quotes = [one for one in self._chunk(provider, [instrument], None).quotes if one.instrument_id == instrument.id]
            if quotes:
                return replace(quotes[-1], source=provider.name)
        return None

    def _may(self, provider: Provider, instrument: Instrument) -> bool:
        until = self._unknown.get((provider.name, instrument.id), 0.0)
        return until <= time.monotonic() and provider.covers(instrument)

    def abort(self) -> None:
        """End what is being asked now."""
        for provider in self.providers:
            if isinstance(provider, Abortable):
                provider.abort()

    def _round(self, groups: Mapping[str, list[Instrument]], since: datetime | None, go_on: Callable[[], bool]) -> Iterator[Chunk]:
        """Ask every provider of a round, at the same time where there are several."""
        if len(groups) == 1:
            for name, instruments in groups.items():
                yield from self._ask(self._by_name[name], instruments, since, go_on)
            return
        with ThreadPoolExecutor(len(groups), thread_name_prefix="ask") as pool:
            asked = [pool.submit(copy_context().run, self._answers, self._by_name[name], instruments, since, go_on)
                     for name, instruments in groups.items()]
            for future in as_completed(asked):
                yield from future.result()

    def _answers(self, provider: Provider, instruments: list[Instrument], since: datetime | None, go_on: Callable[[], bool]) -> list[Chunk]:
        return list(self._ask(provider, instruments, since, go_on))

    def _ask(self, provider: Provider, instruments: list[Instrument], since: datetime | None, go_on: Callable[[], bool]) -> Iterator[Chunk]:
        """Ask one provider in portions, those first whose turn was longest ago; ends where it fails as a whole."""
        waiting = self._in_turn(provider, instruments)
        if len(waiting) < len(instruments):
            due = {one.id for one in waiting}
            yield Chunk(provider, [one for one in instruments if one.id not in due], [])
        size, failures = max(provider.limits.batch, 1), 0
        for place in range(0, len(waiting), size):
            if not go_on():
                return
            chunk = self._chunk(provider, waiting[place : place + size], since)
            failures = failures + 1 if chunk.error else 0
            if chunk.error is not None and (_ends(chunk.error) or failures >= FAILURES_IN_A_ROW):
                yield chunk._replace(instruments=waiting[place:])
                return
            yield chunk

    def _in_turn(self, provider: Provider, instruments: list[Instrument]) -> list[Instrument]:
        """Sort by who was asked for longest ago; a budget of the day is spread over the day."""
        last = {one.id: self._asked.get((provider.name, one.id)) for one in instruments}
        per_day = provider.limits.per_day
        pause = 86400 / per_day * len(instruments) / max(provider.limits.batch, 1) if per_day else 0.0
        due = [one for one in instruments if (told := last[one.id]) is None or time.monotonic() - told >= pause]
        return sorted(due, key=lambda one: last[one.id] or 0.0)

    def _chunk(self, provider: Provider, instruments: list[Instrument], since: datetime | None) -> Chunk:
        if len(self._asked) > MOST_KEPT:
            self._asked.clear()
        self._asked.update(dict.fromkeys(((provider.name, one.id) for one in instruments), time.monotonic()))
        try:
            with tracing.within(f"ask {provider.name}", portolan__instruments=len(instruments)):
                return Chunk(provider, instruments, provider.fetch_quotes(instruments, calendar.now(), since=since))
        except (ProviderError, InvalidInput) as error:
            if isinstance(error, UnknownSymbol | InvalidInput) and len(instruments) == 1:
                self._unknown[provider.name, instruments[0].id] = time.monotonic() + UNKNOWN_SECONDS
            self._failed(provider, error)
            return Chunk(provider, instruments, [], error)

    def _settle(self, chunk: Chunk, rest: dict[UUID, Instrument], orders: dict[UUID, list[Provider]], left: set[str]) -> None:
        """Take what was answered off the list, and the provider off what it did not answer."""
        now, answered = time.monotonic(), {quote.instrument_id for quote in chunk.quotes}
        self._heard.update(dict.fromkeys(answered, now))
        for key in answered & self.silent.keys():
            del self.silent[key]
        if chunk.error is not None and _ends(chunk.error):
            left.add(chunk.provider.name)
        for one in chunk.instruments:
            orders[one.id] = [provider for provider in orders[one.id] if provider.name != chunk.provider.name]
            if one.id in answered or self._waits(chunk, one, now):
                rest.pop(one.id, None)
            elif not any(provider.name not in left for provider in orders[one.id]):
                self._give_up(one, chunk, rest)

    def _give_up(self, instrument: Instrument, chunk: Chunk, rest: dict[UUID, Instrument]) -> None:
        """Have it seen that nobody had a price; one that had its turn lately is only not due yet."""
        rest.pop(instrument.id, None)
        heard = self._heard.get(instrument.id)
        if chunk.error is not None or heard is None:
            tried = [provider.name for provider in self.providers if (provider.name, instrument.id) in self._asked]
            self.silent[instrument.id] = ProvidersExhausted(instrument.symbol, tried=tried)

    def _waits(self, chunk: Chunk, instrument: Instrument, now: float) -> bool:
        """Whether an instrument without answer stays with this provider: it tells every change, or its turn has not come yet."""
        if chunk.provider.simulated:
            return chunk.error is None
        fresh = now - self._heard.get(instrument.id, now - PATIENCE_SECONDS) < PATIENCE_SECONDS
        return fresh and getattr(chunk.provider, "waits", False) is True


def _groups(rest: Mapping[UUID, Instrument], orders: Mapping[UUID, Sequence[Provider]], left: set[str]) -> dict[str, list[Instrument]]:
    """Sort what is asked for by the first provider that is not left for this poll."""
    found: dict[str, list[Instrument]] = {}
    for key, one in rest.items():
        first = next((provider.name for provider in orders[key] if provider.name not in left), None)
        if first is not None:
            found.setdefault(first, []).append(one)
    return found


def _ends(error: PortfolioError) -> bool:
    """Whether a failure is of the provider as a whole, so that asking for the next symbol is in vain."""
    whole = isinstance(error, ProviderRefused | RateLimited)
    return whole or (isinstance(error, ProviderError) and error.retry in {Retry.BACKOFF, Retry.SKIP})
