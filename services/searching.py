"""Search: what a text may mean, among the instruments that are known and, beside each other, at every provider that can be asked."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from threading import Lock

from data.database import Database
from data.feed import Feed
from data.providers.base import Listing, Provider
from engine.errors import InvalidInput, ProviderError
from engine.types import Actor, Instrument

PATIENCE_SECONDS = 4.0
KEPT_SECONDS, KEPT = 300.0, 512
SHORTEST, LONGEST = 1, 64


@dataclass(frozen=True, slots=True)
class Missed:
    """A provider that gave no answer, and why."""

    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a text may mean."""

    text: str
    known: tuple[Instrument, ...]
    listings: tuple[Listing, ...]  # at providers, best first, each symbol of a provider once; without those that are known by it
    missed: tuple[Missed, ...]


class Searching:
    """Searches for the actor; what a provider answered is kept for minutes, because people type letter by letter."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self._database, self._feed = database, feed
        self._kept: OrderedDict[tuple[str, str], tuple[float, list[Listing]]] = OrderedDict()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="search")

    def search(self, actor: Actor, text: str, *, limit: int = 20, patience_seconds: float = PATIENCE_SECONDS) -> Found:
        """Look for a text in symbols, names and ISINs.

        Parameters
        ----------
        actor : Actor
        text : str
            1 to 64 characters.
        limit : int
            Of known instruments, and of listings.
        patience_seconds : float
            How long providers are waited for; who is slower is told as missed, and its answer is kept for the next letter.

        Raises
        ------
        InvalidInput
            Empty, too long, or with control characters: nobody is asked.
        """
        asked = _checked(text)
        waiting = {provider.name: self._ask(provider, asked) for provider in self._feed.providers if "search" in provider.offers}
        with self._database.read() as unit:
            known = unit.instruments.find(actor.workspace_id, asked, limit, None)
        wait(waiting.values(), timeout=patience_seconds)
        answers = {name: _answer(name, future) for name, future in waiting.items()}
        listings = [each for answer in answers.values() if not isinstance(answer, Missed) for each in answer]
        missed = tuple(answer for answer in answers.values() if isinstance(answer, Missed))
        return Found(asked, tuple(known), tuple(_news(listings, known)[:limit]), missed)

    def close(self) -> None:
        """Let the threads go; what they still wait for is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, provider: Provider, text: str) -> Future[list[Listing]]:
        key = (provider.name, text.casefold())
        with self._lock:
            at, listings = self._kept.get(key, (0.0, []))
        if at and time.monotonic() - at < KEPT_SECONDS:
            done: Future[list[Listing]] = Future()
            done.set_result(listings)
            return done
        return self._threads.submit(copy_context().run, self._fetched, provider, key, text)

    def _fetched(self, provider: Provider, key: tuple[str, str], text: str) -> list[Listing]:
        listings = provider.search(text)
        with self._lock:
            self._kept[key] = (time.monotonic(), listings)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return listings


def _checked(text: str) -> str:
    asked = text.strip()
    if not SHORTEST <= len(asked) <= LONGEST or not asked.isprintable():
        hint = f"Send {SHORTEST} to {LONGEST} characters: a symbol, a name or an ISIN"
        raise InvalidInput("query", text[:80], "is not a text to search for", hint=hint, rule="bad_text")
    return asked


def _answer(name: str, future: Future[list[Listing]]) -> list[Listing] | Missed:
    if not future.done():
        return Missed(name, "It has not answered yet.")
    try:
        return future.result()
    except ProviderError as error:
        return Missed(name, error.message)


def _news(listings: Sequence[Listing], known: Sequence[Instrument]) -> list[Listing]:
    """Leave out what is known by the same symbol and currency, and what is there twice."""
    there = {(each.symbol, each.currency) for each in known}
    unique = {(each.provider, each.symbol): each for each in listings if (each.symbol, each.currency) not in there}
    return list(unique.values())
