"""Evaluates alerts while this process leads: hears the bus as the hub does, compares all rules at once, keeps what fired, and has it delivered.

Everything runs in a thread with an event loop of its own, so that screens never wait for it. Of all processes one leads, by an advisory lock.
What a rule remembers, the event and its messages are one transaction: after a crash the next leader goes on from there, and what crossed in
between is told then.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

from data import calendar
from data.bus import LEDGER, MARKET, QUOTES, RULES, Message, Regained
from data.leadership import Leadership
from engine.errors import PortfolioError
from services.alerts.delivery import Courier
from services.alerts.posting import kept_outcome
from services.alerts.reading import BasisReader
from services.alerts.sheet import Outcome, Sheet
from services.live.board import Board, raw_quote

if TYPE_CHECKING:
    from services import Services

log = logging.getLogger("portolan.alerts")

OFFICE: Final = 0x616C6572  # "aler": the advisory lock of whoever evaluates
STANDBY_SECONDS: Final = 2.0
SPACING_SECONDS: Final = 0.2  # between two evaluations
CLOCK_SECONDS: Final = 1.0  # ages and cool-downs run without a quote too
REREAD_SECONDS: Final = 1.0  # between two readings of everything
LOOK_SECONDS: Final = 10.0  # how often the database is asked whether rules or findings are others, for what the bus may have missed
NOTE_SECONDS: Final = 30.0  # how often the last values are kept for the screens
DELIVER_SECONDS: Final = 2.0
DEAF_SECONDS: Final = 5.0  # how often the newest quotes are read while the bus is not heard
TIDY_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class WatcherStatus:
    """What the evaluation of this process does."""

    leads: bool = False
    rules: int = 0
    evaluations: int = 0
    fired: int = 0
    last_error: str | None = None


class Watcher:
    """Stands for election, and evaluates while it leads.

    Parameters
    ----------
    services : Services
    courier : Courier, optional
        Delivers; default the one of the services.
    """

    def __init__(self, services: Services, *, courier: Courier | None = None) -> None:
        self._services, self._courier = services, courier or services.alerts.courier
        self._leadership = Leadership(services.database, OFFICE)
        self._status = WatcherStatus()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    # ---------------------------------------------------------------------------------------------------------------- start and stop

    def start(self) -> None:
        """Begin to stand for election; returns at once."""
        if self._thread is None:
            ready = threading.Event()
            self._thread = threading.Thread(target=lambda: asyncio.run(self._main(ready)), name="alerts", daemon=True)
            self._thread.start()
            ready.wait(10)

    def stop(self) -> None:
        """End what runs, and let another one lead."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        with suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(20)
        self._thread = None

    def status(self) -> WatcherStatus:
        """Tell whether this process leads, and how it fares."""
        return self._status

    async def _main(self, ready: threading.Event) -> None:
        """Stand, lead, and stand again, until told to stop; a session that ends for whatever reason is followed by the next."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        stopped = asyncio.create_task(self._stopping.wait())
        while not stopped.done():
            session = asyncio.create_task(self._stand())
            await asyncio.wait([session, stopped], return_when=asyncio.FIRST_COMPLETED)
            session.cancel()
            (outcome,) = await asyncio.gather(session, return_exceptions=True)
            self._status = replace(self._status, leads=False)
            if isinstance(outcome, Exception):
                log.error("the evaluation of alerts ended, and begins again", exc_info=outcome)
            await asyncio.wait([stopped], timeout=0 if outcome is None else CLOCK_SECONDS)
        await asyncio.to_thread(self._leadership.release)

    async def _stand(self) -> None:
        """Wait for the office, then lead until it is lost."""
        while not await asyncio.to_thread(self._leadership.take):  # noqa: ASYNC110 - the lock of a database wakes nobody
            await asyncio.sleep(STANDBY_SECONDS)
        log.info("This process evaluates the alerts now")
        self._status = replace(self._status, leads=True, last_error=None)
        session = Session(self._services, self._courier, self._note)
        lead = asyncio.create_task(session.run())
        try:
            while not lead.done():
                await asyncio.wait([lead], timeout=STANDBY_SECONDS)
                if not await asyncio.to_thread(self._leadership.held):
                    return
            lead.result()
        finally:
            lead.cancel()
            await asyncio.gather(lead, return_exceptions=True)

    def _note(self, **told: Any) -> None:  # noqa: ANN401 - fields of the status
        counts = {name: getattr(self._status, name) + number for name, number in told.items() if name in {"evaluations", "fired"}}
        self._status = replace(self._status, **{**told, **counts})


class Session:
    """One time of leading: from reading the rules to the loss of the office."""

    def __init__(self, services: Services, courier: Courier, note: Callable[..., None]) -> None:
        self._services, self._courier, self._note = services, courier, note
        self._reader = BasisReader(services)
        self._board = Board(services.market.judge)
        self._sheet: Sheet | None = None
        self._deaf = False
        self._keeping = asyncio.Lock()  # one after the other: what is kept later is newer
        self._news, self._stale, self._posted = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Listen, read, evaluate, deliver, until cancelled or one of them fails."""
        self._stale.set()
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self._listen, self._keep_read, self._keep_evaluating, self._keep_noting, self._keep_delivering, self._keep_tidy):
                    group.create_task(work())
        finally:
            self._reader.close()

    # ------------------------------------------------------------------------------------------------------------------------ hearing

    async def _listen(self) -> None:
        async with aclosing(self._services.bus.subscribe(QUOTES, LEDGER, MARKET, RULES)) as events:
            async for event in events:
                if isinstance(event, Message):
                    self._hear(event.channel, event.body)
                else:
                    self._deaf = not isinstance(event, Regained)
                    self._stale.set()

    def _hear(self, channel: str, body: Mapping[str, Any]) -> None:
        if channel != QUOTES:
            self._stale.set()
            return
        try:
            self.take(body["quotes"])
        except (KeyError, TypeError, ValueError) as error:
            log.warning("a batch of quotes cannot be read: %r", error)

    def take(self, quotes: Iterable[Mapping[str, Any]]) -> None:
        """Put quotes on the board; those of no rule are passed over."""
        now = calendar.now()
        for quote in quotes:
            self._board.take(quote, now)
        if self._board.dirty:
            self._news.set()

    # ------------------------------------------------------------------------------------------------------------------------ reading

    async def _keep_read(self) -> None:
        """Read rules and what is behind them again when something says they are others, and every few seconds look whether they are."""
        while True:
            told = await until_set(self._stale, DEAF_SECONDS if self._deaf else LOOK_SECONDS)
            self._stale.clear()
            await self._trying(self._read_again if told else self._look)
            await asyncio.sleep(REREAD_SECONDS)

    async def _look(self) -> None:
        sheet = self._sheet
        if sheet is None or sheet.basis.day != calendar.today() or await asyncio.to_thread(self._reader.stamp) != sheet.basis.stamp:
            await self._read_again()
            return
        sheet.findings = np.array(await asyncio.to_thread(self._reader.findings, sheet.rules), dtype=np.float64)
        if self._deaf:
            self.take(await asyncio.to_thread(self._latest))
        self._news.set()

    async def _read_again(self) -> None:
        basis = await asyncio.to_thread(self._reader.read)
        fresh = Sheet(basis, self._board, calendar.now())
        if self._sheet is not None:
            fresh.adopt(self._sheet)
        self._sheet = fresh
        self._note(rules=len(basis.rules))
        self._news.set()

    def _latest(self) -> list[dict[str, Any]]:
        with self._services.database.read() as unit:
            return [raw_quote(quote) for quote in unit.market.latest([UUID(key) for key in tuple(self._board.slots)]).values()]

    # --------------------------------------------------------------------------------------------------------------------- evaluating

    async def _keep_evaluating(self) -> None:
        while True:
            await until_set(self._news, CLOCK_SECONDS)
            self._news.clear()
            await self._trying(self.evaluate)
            await asyncio.sleep(SPACING_SECONDS)

    async def evaluate(self) -> None:
        """Compare all rules once; what came of it counts only when it is kept."""
        sheet, now = self._sheet, calendar.now()
        if sheet is None:
            return
        self._board.age(now)
        moved = tuple(self._board.dirty)
        self._board.dirty.clear()
        sheet.revalue(moved)
        outcome = sheet.evaluate(now)
        self._note(evaluations=1)
        if not outcome.is_news or await self._keep(sheet, outcome):
            sheet.accept(outcome)

    async def _keep(self, sheet: Sheet, outcome: Outcome) -> bool:
        """Keep an outcome; false where rules were changed meanwhile, and are to be read again."""
        async with self._keeping:
            whole, told = await asyncio.to_thread(kept_outcome, self._services.database, self._services.alerts.writes, sheet, outcome)
        self._note(fired=told)
        if told:
            self._posted.set()
        if not whole:
            self._sheet = None  # what it remembers is not what is kept
            self._stale.set()
        return whole

    async def _keep_noting(self) -> None:
        """Keep the last values now and then, for whoever looks at the list."""
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            await self._trying(self._note_values)

    async def _note_values(self) -> None:
        sheet = self._sheet
        if sheet is not None:
            known = np.isfinite(sheet.states.last)
            outcome = Outcome(calendar.now(), sheet.states.last, sheet.states, np.zeros(len(known), dtype=np.bool_), known)
            await self._keep(sheet, outcome)

    # --------------------------------------------------------------------------------------------------------------------- delivering

    async def _keep_delivering(self) -> None:
        while True:
            await until_set(self._posted, DELIVER_SECONDS)
            self._posted.clear()
            await self._trying(lambda: asyncio.to_thread(self._courier.deliver))

    async def _keep_tidy(self) -> None:
        while True:
            await self._trying(lambda: asyncio.to_thread(self._courier.tidy))
            await asyncio.sleep(TIDY_SECONDS)

    async def _trying(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do something that waits for others; where they do not answer it is told, and done again later."""
        try:
            await work()
        except PortfolioError as error:
            log.warning("alerts: %s", error.message)
            self._note(last_error=error.message)
            await asyncio.sleep(CLOCK_SECONDS)


async def until_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so long; tells whether it came."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()

