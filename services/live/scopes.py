"""The scopes that this process keeps: each read once however many ask, read again when its ledger moved, dropped when nobody follows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final, Protocol
from uuid import UUID

from data import calendar
from engine.errors import NotFound, PortfolioError
from engine.types import Actor
from services.live.board import Board
from services.live.limits import Limits
from services.live.reader import Loaded, Reader
from services.live.scope import Scope
from services.live.tasks import Tasks
from services.views import ALL

log = logging.getLogger("portolan.hub")

ScopeKey = tuple[UUID, str]
REST_SHARE: Final = 4  # a scope rests for so many times as long as reading it took


class Owner(Protocol):
    """What the scopes ask of the hub."""

    number: int
    board: Board
    limits: Limits
    counts: dict[str, float]

    def clock(self) -> float:
        """Give seconds that only go forward."""

    def tell(self) -> None:
        """Have a flush soon if anything moved on the board."""

    def hurry(self) -> None:
        """Have a flush at once."""


class Movers:
    """Which scopes a slot moves: looked up by what moved, so that what did not move costs nothing."""

    def __init__(self) -> None:
        self._by_slot: dict[int, set[Scope]] = {}
        self._known: dict[Scope, frozenset[int]] = {}

    def follow(self, scopes: Iterable[Scope]) -> None:
        """Take over what moves each scope now; one that did not change is not looked at."""
        there = {scope: scope.moved_by for scope in scopes}
        for scope, slots in tuple(self._known.items()):
            if there.get(scope) is not slots:
                for slot in slots:
                    self._by_slot[slot].discard(scope)
                del self._known[scope]
        for scope in there.keys() - self._known.keys():
            self._known[scope] = there[scope]
            for slot in there[scope]:
                self._by_slot.setdefault(slot, set()).add(scope)

    def of(self, slots: Iterable[int]) -> set[Scope]:
        """Give the scopes that any of some slots moves."""
        return set().union(*(self._by_slot.get(slot, ()) for slot in slots))


class Scopes:
    """Scopes by workspace and name; `await get(...)` reads one that is not there yet."""

    def __init__(self, hub: Owner, reader: Reader, tasks: Tasks) -> None:
        self.loading: dict[ScopeKey, asyncio.Task[Scope]] = {}
        self._hub, self._reader, self._tasks = hub, reader, tasks
        self._known: dict[ScopeKey, Scope] = {}
        self._touched: set[Scope] = set()  # read again since the last flush
        self._movers = Movers()
        self.begin()

    def begin(self) -> None:
        """Be ready for an event loop, perhaps another one than before."""
        self._turns = asyncio.Semaphore(self._hub.limits.reloads_at_once)

    def __iter__(self) -> Iterator[Scope]:
        return iter(self._known.values())

    def __len__(self) -> int:
        return len(self._known)

    async def get(self, actor: Actor, name: str) -> Scope:
        """Give a scope, read once however many ask for it at the same time."""
        key = (actor.workspace_id, name)
        if key in self._known:
            return self._known[key]
        task = self.loading.get(key)
        if task is None:
            task = self.loading[key] = asyncio.create_task(self._load(actor, name))
            task.add_done_callback(lambda _: self.loading.pop(key, None))
        return await asyncio.shield(task)

    async def _load(self, actor: Actor, name: str) -> Scope:
        if name != ALL:
            try:
                UUID(name)
            except ValueError as error:
                raise NotFound("portfolio", name) from error
        scope = Scope(actor, name, self._hub.clock())
        scope.load(await self._reader.scope(actor, name), self._hub.board, calendar.now())
        scope.revalue(self._hub.board)
        scope.commit(self._hub.number)
        self._known[(actor.workspace_id, name)] = scope
        self._hub.tell()
        return scope

    def moved(self, slots: set[int]) -> list[Scope]:
        """Take the scopes that some quotes move, and those that were read again since this was last asked; in a lasting order."""
        touched, self._touched = self._touched, set()
        self._movers.follow(self)
        touched |= self._movers.of(slots)
        return [scope for scope in self if scope in touched]

    # ---------------------------------------------------------------------------------------------------------------- reading again

    def ledger_moved(self, workspace: UUID, portfolio: str, revision: int) -> None:
        """Have the scopes read again whose ledger is behind `revision`."""
        for scope in self._of(workspace):
            if scope.concerns(portfolio) and scope.revisions.get(portfolio) != revision:
                self._want(scope)

    def market_moved(self, workspace: UUID | None) -> None:
        """Have every scope of a workspace read again: bars, rates or instruments changed."""
        for scope in self if workspace is None else self._of(workspace):
            self._want(scope, pause=self._hub.limits.reload_pause_seconds)

    def turn_the_day(self, today: date) -> None:
        """Have every scope read again that was read on another day."""
        for scope in self:
            if scope.read_on != today:
                scope.read_on = today
                self._want(scope)

    async def compare_revisions(self) -> None:
        """Ask the database for the revision of every ledger, and have those read again that are behind."""
        workspaces = {scope.actor.workspace_id for scope in self}
        for workspace, revisions in (await self._reader.revisions(workspaces)).items() if workspaces else ():
            self._catch_up(workspace, revisions)

    def _catch_up(self, workspace: UUID, revisions: Mapping[str, int]) -> None:
        for scope in self._of(workspace):
            if scope.behind(revisions):
                self._want(scope)

    def want_risk(self, scopes: Iterable[Scope]) -> None:
        """Have scopes told with their risk from now on; the past of one is read where it is not at hand."""
        for scope in scopes:
            scope.risk_left_at = self._hub.clock()
            if not scope.risk_wanted:
                scope.risk_wanted = True
                self._tasks.spawn(self._read_risk(scope))

    def leave_risk(self, followed: set[Scope], at: float) -> None:
        """Count risk no longer where nobody has followed it for long."""
        for scope in self:
            if scope in followed:
                scope.risk_left_at = at
            elif at - scope.risk_left_at > self._hub.limits.linger_seconds:
                scope.risk_wanted = False

    async def _read_risk(self, scope: Scope) -> None:
        try:
            loaded = await self._reader.risk(scope.actor, scope.name)
        except PortfolioError as error:
            log.warning("the risk of scope %s cannot be read: %s", scope.name, error.message)
            return
        scope.take_risk(loaded, self._hub.board, calendar.now())
        self._touched.add(scope)
        self._hub.hurry()

    def _of(self, workspace: UUID) -> list[Scope]:
        return [scope for scope in self if scope.actor.workspace_id == workspace]

    def _want(self, scope: Scope, *, pause: float = 0.0) -> None:
        """Have a scope read again, after `pause`; while that is on its way further wishes are merged into it."""
        scope.stale = True
        if not scope.reloading:
            scope.reloading = True
            self._tasks.spawn(self._reload(scope, pause))

    async def _reload(self, scope: Scope, pause: float) -> None:
        try:
            await asyncio.sleep(pause)
            while scope.stale:
                await asyncio.sleep(max(0.0, scope.rest_until - self._hub.clock()))
                if not await self._read_again(scope):
                    await asyncio.sleep(self._hub.limits.reload_pause_seconds)
        finally:
            scope.reloading = False

    async def _read_again(self, scope: Scope) -> bool:
        """Read a scope when its turn comes; tells whether that could be done. What moves while it waits for its turn is read with it."""
        async with self._turns:
            scope.stale, began = False, self._hub.clock()
            self._hub.counts["reloads"] += 1
            try:
                loaded = await self._reader.scope(scope.actor, scope.name)
            except NotFound:
                scope.vanish()
            except PortfolioError as error:
                log.warning("scope %s cannot be read: %s", scope.name, error.message)
                scope.stale = True
                return False
            else:
                self._put(scope, loaded, began)
        self._touched.add(scope)
        self._hub.hurry()
        return True

    def _put(self, scope: Scope, loaded: Loaded, began: float) -> None:
        """Take over what was read; the dearer that was, the longer until the next time."""
        limits, at = self._hub.limits, self._hub.clock()
        scope.load(loaded, self._hub.board, calendar.now())
        scope.rest_until = at + max(limits.reload_rest_seconds, REST_SHARE * (at - began))
        if scope.risk_wanted:
            self._tasks.spawn(self._read_risk(scope))

    def drop(self, followed: set[Scope], at: float) -> None:
        """Forget the scopes that nobody has followed for long."""
        for key, scope in tuple(self._known.items()):
            if scope in followed:
                scope.left_at = at
            elif at - scope.left_at > self._hub.limits.linger_seconds:
                del self._known[key]
