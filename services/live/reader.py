"""What the hub asks of the services and the database, always in threads of its own: never on the event loop."""

from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from engine.types import Actor, Quote
from services.books.answers import holdings_view, terms_for_hub
from services.live.board import Price, price_of_view
from services.live.risk import LoadedRisk, read_risk
from services.market.marks import Marked
from services.views import HoldingsView, LiveTerms, QuoteView

if TYPE_CHECKING:
    from services import Services

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Loaded:
    """One scope as read at one moment: what is revalued, and the figures that stay until the ledger changes."""

    live: LiveTerms
    view: HoldingsView
    silent_pairs: dict[str, Price]  # pairs whose quotes would move a rate, though a stored rate counts for now


class Reader:
    """A few threads between the event loop and everything that waits."""

    def __init__(self, services: Services, threads: int) -> None:
        self._services, self._count = services, threads
        self.open()

    def open(self) -> None:
        """Take the threads; again after `close`."""
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="hub")

    async def _ask(self, question: Callable[..., Answer], *given: object) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, functools.partial(copy_context().run, question, *given))

    async def scope(self, actor: Actor, scope: str) -> Loaded:
        """Read a scope; raises NotFound where the actor has no such portfolio."""
        return await self._ask(self.read, actor, scope)

    def read(self, actor: Actor, scope: str) -> Loaded:
        """Read a scope at once, terms and figures of one reading."""
        answer = self._services.valuation.answered(actor, scope)
        view = holdings_view(scope, answer)
        live = terms_for_hub(scope, answer, view.figures)
        return Loaded(live, view, _silent_pairs(answer.marked, live))

    async def risk(self, actor: Actor, scope: str) -> LoadedRisk:
        """Read the past of a scope for its risk; raises NotFound where the actor has no such portfolio."""
        return await self._ask(read_risk, self._services, actor, scope)

    async def quotes(self, actor: Actor, symbols: Iterable[str]) -> dict[str, QuoteView]:
        """Read the last prices of instruments by symbol; unknown symbols are left out."""
        return await self._ask(self._quotes, actor, sorted(symbols))

    def _quotes(self, actor: Actor, symbols: list[str]) -> dict[str, QuoteView]:
        return {view.symbol: view for view in self._services.market.quotes(actor, symbols)}

    async def revisions(self, workspaces: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
        """Read the ledger revision of every portfolio of some workspaces."""
        return await self._ask(self._revisions, tuple(workspaces))

    def _revisions(self, workspaces: tuple[UUID, ...]) -> dict[UUID, dict[str, int]]:
        with self._services.database.read() as unit:
            return {workspace: {str(portfolio): revision for portfolio, revision in unit.portfolios.revisions(workspace).items()}
                    for workspace in workspaces}

    async def latest(self, instrument_ids: Iterable[str]) -> list[Quote]:
        """Read the newest stored quotes, for when the bus could not be heard."""
        return await self._ask(self._latest, [UUID(key) for key in instrument_ids])

    def _latest(self, instrument_ids: list[UUID]) -> list[Quote]:
        with self._services.database.read() as unit:
            return list(unit.market.latest(instrument_ids).values())

    def close(self) -> None:
        """Let the threads go; what they still read is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _silent_pairs(marked: Marked, live: LiveTerms) -> dict[str, Price]:
    """Find the pairs that nobody quotes yet, or whose simulated quotes a stored rate of today beats."""
    return {pair: silent(view, live.pairs.get(pair)) for pair, view in marked.silent.items()}


def silent(view: QuoteView, stored: float | None) -> Price:
    """Give a pair as the board holds it until the first quote that counts: any, unless a stored rate was preferred to simulated ones."""
    price = price_of_view(view)
    beaten = not view.is_bar and view.simulated
    return replace(price, price=math.nan if stored is None else stored, simulated=not beaten, received=None)
