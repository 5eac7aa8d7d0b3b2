"""The hub: hears the bus, keeps prices and scopes, flushes on its own clock, wakes the clients whose subscription moved."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from data import calendar
from data.bus import ALERTS, LEDGER, MARKET, QUOTES, Lost, Message, encode
from engine.errors import LimitExceeded, NotFound, PortfolioError, StorageError
from engine.types import Actor
from services.live.board import NONE, Board, Slots, batched, price_of_view, raw_quote
from services.live.client import Client
from services.live.limits import Cut, Limits, limits_of
from services.live.probe import LoopProbe, flush_histogram
from services.live.reader import Reader
from services.live.risk import RiskBoard
from services.live.scope import Scope
from services.live.scopes import Scopes
from services.live.tasks import Tasks
from services.live.topic import Topic
from services.live.valuer import Valuer
from services.live.ways import Ways

if TYPE_CHECKING:
    from services import Services

log = logging.getLogger("portolan.hub")

AT_ONCE: Final = 500  # quotes put on the board before the event loop is given back
GATHER_SECONDS: Final = 0.01  # so that the parts of one batch go out together
OFFLINE: Final = ',"offline":true'
YIELD_SECONDS: Final = 0.005  # the event loop is given back after so long

class Hub:
    """One per process: `await start()`, `connect(actor)`, `await subscribe(client, ...)`, `await client.receive()`, `await stop()`."""

    def __init__(self, services: Services, *, flush_ms: int | None = None, limits: Limits | None = None) -> None:
        self.flush_ms = flush_ms or services.settings.stream_flush_ms
        self.limits = limits or limits_of(services.settings)
        self.number = 0  # of the newest published flush
        self.degraded = False
        self.offline = False  # the database did not answer when it was asked last
        self.clients: set[Client] = set()
        self.topics: dict[object, Topic] = {}
        self.board = Board(services.market.judge)
        self.risks = RiskBoard()
        self._valuer = Valuer()
        self.counts: dict[str, float] = {"batches": 0, "quotes": 0, "revalued": 0, "flushes": 0, "encoded": 0, "reloads": 0, "cut": 0,
                                              "pushed": 0, "sending": 0}
        self.probe = LoopProbe()
        self._services = services
        self._reader = Reader(services, self.limits.threads)
        self._tasks = Tasks()
        self.scopes = Scopes(self, self._reader, self._tasks)
        self.flush_seconds = flush_histogram()
        self._ways = Ways(lambda: bool(self.board.dirty))
        self._news = asyncio.Event()  # something moved since the last flush
        self._urgent = asyncio.Event()  # and should not wait for the next
        self._heartbeat_at = 0.0
        self._reconcile_at = 0.0
        self._missed = False  # the bus was lost, and what it said meanwhile is not caught up with

    # ---------------------------------------------------------------------------------------------------------------- start and stop

    async def start(self) -> None:
        """Begin to listen, flush and look after the clients."""
        if self._tasks.stopped:  # once before, perhaps in another loop
            self._tasks.stopped, self._news, self._urgent = False, asyncio.Event(), asyncio.Event()
            self._reader.open()
            self.scopes.begin()
        self._heartbeat_at = self._reconcile_at = self.clock()
        for work in (self._listen, self._flush_forever, self._keep_house, self.probe.watch):
            self._tasks.keep_up(work)

    async def stop(self) -> None:
        """End every connection and every task; waits for nothing that hangs."""
        self._tasks.stopped = True
        for client in tuple(self.clients):
            client.end(Cut.GOING_AWAY)
        await self._tasks.stop(self.scopes.loading.values())
        self._reader.close()

    # -------------------------------------------------------------------------------------------------------------------- for clients

    @staticmethod
    def clock() -> float:
        """Give seconds that only go forward."""
        return asyncio.get_running_loop().time()

    @staticmethod
    def now_ms() -> int:
        """Give milliseconds since 1970, as the stream speaks."""
        return calendar.milliseconds(calendar.now())

    def condition(self) -> str:
        """Give the members that say whether the bus is heard, and that the database does not answer where it does not."""
        return f'"degraded":{"true" if self.degraded else "false"}{OFFLINE if self.offline else ""}'

    def connect(self, actor: Actor) -> Client:
        """Take a new connection in.

        Raises
        ------
        LimitExceeded
            The process or the user has as many as allowed.
        """
        if len(self.clients) >= self.limits.clients_a_process:
            raise LimitExceeded("connections of this server", limit=self.limits.clients_a_process)
        if sum(client.actor.user_id == actor.user_id for client in self.clients) >= self.limits.clients_a_user:
            raise LimitExceeded("connections of one user", limit=self.limits.clients_a_user)
        client = Client(self, actor, self.limits, self.clock())
        self.clients.add(client)
        return client

    def disconnect(self, client: Client) -> None:
        """Forget a connection."""
        self._leave(client)
        client.end(Cut.GOING_AWAY)
        self.clients.discard(client)

    async def subscribe(self, client: Client, portfolios: Iterable[str] = (), symbols: Iterable[str] = (), *, replace: bool = False,
                        risk: bool | None = None) -> None:
        """Follow more, or with `replace` exactly this; what cannot be followed is answered with an error and left out."""
        portfolios, symbols = set(portfolios), set(symbols)
        if not replace:
            portfolios, symbols = portfolios | client.portfolios, symbols | client.symbols
        if len(portfolios) > self.limits.portfolios_a_client or len(symbols) > self.limits.symbols_a_client:
            client.reply(type="error", code="too_many_subscriptions", portfolios=self.limits.portfolios_a_client,
                         symbols=self.limits.symbols_a_client)
            return
        with_risk = (client.risk and not replace) if risk is None else risk
        if replace and client.topic and (portfolios, symbols, with_risk) == (set(client.portfolios), set(client.symbols), client.risk):
            return
        client.risk = with_risk
        await self._follow(client, portfolios, symbols)

    async def unsubscribe(self, client: Client, portfolios: Iterable[str] = (), symbols: Iterable[str] = ()) -> None:
        """Follow less; no names at all means everything."""
        portfolios, symbols = set(portfolios), set(symbols)
        if not portfolios and not symbols:
            portfolios, symbols = set(client.portfolios), set(client.symbols)
        await self._follow(client, set(client.portfolios) - portfolios, set(client.symbols) - symbols)

    async def state(self, actor: Actor, portfolios: Iterable[str], symbols: Iterable[str] = (), *, risk: bool = False) -> str:
        """Give the snapshot of a subscription as a message: for those who cannot hold a socket open."""
        client = self.connect(actor)
        try:
            await self.subscribe(client, portfolios, symbols, replace=True, risk=risk)
            client.resync()
            return await client.receive() or "{}"
        finally:
            self.disconnect(client)

    async def totals(self, actor: Actor, portfolios: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Give the totals of scopes as the stream tells them, with the names of their rows; what is not there is left out."""
        found: dict[str, dict[str, Any]] = {}
        for name in portfolios:
            with suppress(NotFound):
                told = (await self.scopes.get(actor, name)).totals()
                found |= {} if told is None else {name: told}
        return found

    def news(self, topic: Topic, since: int) -> bool:
        """Tell whether anything a topic shows changed after flush `since`."""
        return topic.changed(self.board, self.number) > since

    def packed(self, topic: Topic, since: int, stamp: str) -> bytes:
        """Give the changes of a topic as bytes that end a message of this flush; made once for all who need the same."""
        return topic.packed(since, self.number, self.board, stamp)

    def body(self, topic: Topic, since: int) -> str:
        """Give the encoded changes of a topic; encoded once for all who ask for the same."""
        before = topic.encoded
        body = topic.body(since, self.number, self.board)
        self.counts["encoded"] += topic.encoded - before
        return body

    def tell(self) -> None:
        """Have a flush soon if anything moved on the board."""
        if self.board.dirty:
            self._news.set()

    def hurry(self) -> None:
        """Have what was read again shown at once."""
        self._urgent.set()
        self._news.set()

    async def _follow(self, client: Client, portfolios: set[str], symbols: set[str]) -> None:
        scopes = [scope for name in sorted(portfolios) if (scope := await self._scope_for(client, name))]
        slots, known = await self._slots_for(client, symbols)
        if client.ended.is_set():
            return
        self._leave(client)
        client.portfolios, client.symbols = frozenset(scope.name for scope in scopes), frozenset(known)
        client.follow(self._topic(client, scopes, slots))

    def _topic(self, client: Client, scopes: list[Scope], slots: Slots) -> Topic | None:
        if not scopes and not client.symbols:
            return None
        key = (client.actor.workspace_id, client.portfolios, client.symbols, client.risk)
        if client.risk:
            self.scopes.want_risk(scopes)
        return self.topics.setdefault(key, Topic(key, scopes, slots, self.limits.bodies_a_topic, risk=client.risk))

    def _leave(self, client: Client) -> None:
        topic = client.topic
        if topic is None:
            return
        client.follow(None)
        if not topic.clients:
            self.topics.pop(topic.key, None)
            for scope in topic.scopes:
                scope.left_at = self.clock()

    # ------------------------------------------------------------------------------------------------------- what a client follows

    async def _scope_for(self, client: Client, name: str) -> Scope | None:
        try:
            return await self.scopes.get(client.actor, name)
        except PortfolioError as error:
            client.reply(type="error", code=error.code, portfolio=name[:80], message=error.message)
            return None

    async def _slots_for(self, client: Client, symbols: set[str]) -> tuple[Slots, set[str]]:
        if not symbols:
            return NONE, set()
        try:
            views = await self._reader.quotes(client.actor, symbols)
        except PortfolioError as error:
            client.reply(type="error", code=error.code, message=error.message)
            return NONE, set()
        for symbol in sorted(symbols - set(views))[:8]:
            client.reply(type="error", code="unknown_symbol", symbol=symbol[:80])
        return self.board.watch(map(price_of_view, views.values()), calendar.now()), set(views)

    # --------------------------------------------------------------------------------------------------------------------- the bus

    async def _listen(self) -> None:
        async for event in self._services.bus.subscribe(QUOTES, LEDGER, MARKET, ALERTS):
            if not isinstance(event, Message):
                self._degrade(degraded=isinstance(event, Lost))
                continue
            try:
                await self._hear(event.channel, event.body)
            except (KeyError, TypeError, ValueError) as error:
                log.warning("a message on %s cannot be read: %r", event.channel, error)

    async def _hear(self, channel: str, body: Mapping[str, Any]) -> None:
        if channel == QUOTES:
            with self._ways.taking(body):
                await self.take_quotes(body["quotes"])
        elif channel == LEDGER:
            self.scopes.ledger_moved(UUID(body["workspace"]), str(body["portfolio"]), body["revision"])
        elif channel == ALERTS:
            self.take_notice(UUID(body["workspace"]), body["message"])
        else:
            self.scopes.market_moved(UUID(body["workspace"]) if body.get("workspace") else None)

    async def take_quotes(self, quotes: Iterable[Mapping[str, Any]]) -> None:
        """Put a batch on the board; a large one in parts, so that the loop is given back in between."""
        self.counts["batches"] += 1
        for part in batched(quotes, AT_ONCE):
            now = calendar.now()
            self.counts["quotes"] += sum(self.board.take(quote, now) is not None for quote in part)
            self.tell()
            if len(part) == AT_ONCE:
                await asyncio.sleep(0)

    def take_notice(self, workspace: UUID, message: Mapping[str, Any]) -> None:
        """Hand a message about alerts to every client of a workspace; encoded once."""
        text = encode(message)
        for client in self.clients:
            if client.actor.workspace_id == workspace:
                client.notice(text)

    # ------------------------------------------------------------------------------------------------------------------------ flushes

    async def _flush_forever(self) -> None:
        """Flush when there is news, at most once in `flush_ms`: what comes after a silence goes out at once."""
        flushed = -math.inf
        while True:
            await self._news.wait()
            await self._until_due(flushed)
            self._news.clear()
            if self.clock() < flushed + self.flush_ms / 1000:
                await self._flush_once(quotes=False)
                self.tell()
                continue
            flushed = self.clock()
            with self._ways.flushing(len(self.clients)):
                await self._flush_once()

    async def _until_due(self, flushed: float) -> None:
        """Wait for the rest of the interval since the last flush; a ledger that changed does not wait."""
        due = max(flushed + self.flush_ms / 1000, self.clock() + GATHER_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._urgent.wait()
        self._urgent.clear()

    async def _flush_once(self, *, quotes: bool = True) -> None:
        """Revalue what moved, then show it all at once under the next number; without `quotes` only what was read again, out of turn."""
        began, slots = self.clock(), set[int]()
        if quotes:
            slots, self.board.dirty = self.board.dirty, slots
        touched = self.scopes.moved(slots)
        if not slots and not touched:
            return
        await self._valuer.value(touched, self.board)
        self.counts["revalued"] += len(touched)
        self.risks.tell(touched, self.scopes)
        self.number += 1
        self.counts["flushes"] += 1
        self.board.publish(slots, self.number)
        for scope in touched:
            scope.commit(self.number)
        await self._send()
        self.flush_seconds.observe(self.clock() - began)

    async def _send(self) -> None:
        """Hand what changed to every client whose socket can take it, and wake the others; the loop is given back now and then."""
        stamp, at, spent = f'"ts":{self.now_ms()},{self.condition()},', self.clock(), time.thread_time()
        for topic in tuple(self.topics.values()):
            if topic.changed(self.board, self.number) != self.number:
                continue
            before = topic.encoded
            for client in tuple(topic.clients):
                self.counts["pushed"] += client.push(at, stamp)
            self.counts["encoded"] += topic.encoded - before
            if self.clock() - at > YIELD_SECONDS:
                await asyncio.sleep(0)
                at = self.clock()
        await asyncio.sleep(0)  # what was written goes out now
        self.counts["sending"] += time.thread_time() - spent

    # ------------------------------------------------------------------------------------------------------------------- housekeeping

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(1)
            at = self.clock()
            self.board.age(calendar.now())
            self.tell()
            self._cut_the_overdue(at)
            self.scopes.turn_the_day(calendar.now().date())
            self.scopes.leave_risk({scope for topic in self.topics.values() if topic.risk for scope in topic.scopes}, at)
            self.scopes.drop({scope for topic in self.topics.values() for scope in topic.scopes}, at)
            if at >= self._heartbeat_at + self.limits.heartbeat_seconds:
                self._heartbeat_at = at
                self._beat()
            if at >= self._reconcile_at + self.limits.reconcile_seconds:
                self._reconcile_at = at
                await self._reconcile()

    def _beat(self) -> None:
        for client in self.clients:
            client.beat()

    def _cut_the_overdue(self, at: float) -> None:
        for client in [client for client in self.clients if client.overdue(at)]:
            self.counts["cut"] += 1
            self._leave(client)
            self.clients.discard(client)
            client.end(Cut.SLOW_READER)

    async def _reconcile(self) -> None:
        """Ask the database what the bus may have missed: ledger revisions always, quotes while the bus is not heard."""
        try:
            await self.scopes.compare_revisions()
            if self.degraded or self._missed:
                await self._fetch_latest()
                self._missed = self.degraded
        except StorageError as error:
            log.warning("the database does not answer the hub: %s", error.message)
            self._tell_offline(offline=True)
        else:
            self._tell_offline(offline=False)

    def _tell_offline(self, *, offline: bool) -> None:
        """Tell everybody once the database is away, and once it is back."""
        if offline != self.offline:
            self.offline = offline
            self._beat()

    async def _fetch_latest(self) -> None:
        quotes = await self._reader.latest(tuple(self.board.slots))
        await self.take_quotes(raw_quote(quote) for quote in quotes)

    def _degrade(self, *, degraded: bool) -> None:
        """Tell everybody whether the bus is heard; once it is again, catch up."""
        if degraded != self.degraded:
            log.warning("the bus is lost, the database is asked instead" if degraded else "the bus is heard again")
            self._reconcile_at, self._missed = 0.0, True
        self.degraded = degraded
        self._beat()
