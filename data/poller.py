"""Asks the providers again and again, and has the market's days kept. Of all processes one leads, the others stand by.

Every job begins with the question whether this process leads, put to the connection that holds the lock. So a second poller
never doubles the load, and takes over within seconds when the first one is gone.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, Final, NamedTuple

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from data import calendar, tracing, venues
from data.bus import Bus
from data.database import Database
from data.feed import Feed
from data.ingested import Ingested
from data.leadership import Leadership
from data.market_days import MarketDays
from data.rounds import Rounds, Streams
from data.settings import Settings
from engine.errors import PortfolioError
from engine.types import Instrument

OFFICE: Final = 0x706F6C6C  # "poll": the advisory lock of whoever leads
STANDBY_SECONDS: Final = 2.0
TEND_SECONDS: Final = 5.0
HEARTBEAT: Final = timedelta(seconds=60)
KEPT: Final = timedelta(days=30)  # answers to idempotency keys, and runs of jobs
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PollerStatus:
    """What a poller of this process does. The other processes' leader shows in the job runs named `poll_quotes`, one a minute."""

    leads: bool = False
    polls: int = 0
    quotes: int = 0
    last_poll: datetime | None = None
    last_error: str | None = None


class Job(NamedTuple):
    """Work that whoever leads does every so many seconds; what it gives is written down as a run."""

    name: str
    seconds: float
    work: Callable[[], dict[str, Any] | None]


class Poller:
    """Stands for election, and polls while it leads.

    Parameters
    ----------
    settings : Settings
        `poll_seconds` is the pause between two polls.
    database, bus, feed
        The feed's providers are asked.
    jobs : sequence of Job
        What else the leader does.
    """

    def __init__(self, settings: Settings, database: Database, bus: Bus, feed: Feed, *, jobs: Sequence[Job] = ()) -> None:
        self._pause = settings.poll_seconds
        self._database = database
        self._feed = feed
        self._rounds = Rounds(database, feed.failover, _trades)
        self._streams = Streams(feed, self._rounds)
        self._jobs = (*jobs, *(Job(name, TEND_SECONDS, tend) for name, tend in self._streams.jobs()))
        self._days = MarketDays(database, bus, feed)
        self._leadership = Leadership(database, OFFICE)
        self._stopping = Event()
        self._scheduler: BackgroundScheduler | None = None
        self._status = PollerStatus()
        self._since: datetime | None = None
        self._noted: dict[str, datetime] = {}

    def start(self) -> None:
        """Begin to stand for election; returns at once."""
        if self._scheduler is not None:
            return
        self._stopping.clear()
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a poll that is skipped because the last one is still at work is no news
        scheduler = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(8)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 30},
        )
        soon = calendar.now()
        scheduler.add_job(self._stand, "interval", seconds=STANDBY_SECONDS, id="stand", next_run_time=soon)
        scheduler.add_job(self._job, "interval", ("poll_quotes", self._poll), seconds=self._pause, id="poll_quotes")
        scheduler.add_job(self._job, "cron", ("roll_day", self._roll), second=1, id="roll_day")
        scheduler.add_job(self._job, "cron", ("fill_today", self._fill_today), minute="*/10", second=20, id="fill_today")
        scheduler.add_job(self._job, "cron", ("tidy_ticks", self._tidy), minute=30, second=40, id="tidy_ticks")
        for job in self._jobs:
            scheduler.add_job(self._job, "interval", (job.name, job.work), seconds=job.seconds, id=job.name)
        self._scheduler = scheduler
        scheduler.start()

    def stop(self) -> None:
        """End what runs, and let another one lead."""
        self._stopping.set()
        self._feed.failover.abort()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None
        self._streams.stop()
        self._leadership.release()
        self._tell(leads=False)

    def status(self) -> PollerStatus:
        """Tell whether this process leads, and how it fares."""
        return self._status

    def _stand(self) -> None:
        """Try to lead; whoever has just begun to catches up with what was missed."""
        led = self._status.leads
        leads = not self._stopping.is_set() and self._leadership.take()
        self._tell(leads=leads)
        if leads and not led:
            _log.info("This process polls the market now")
            self._since = None
            self._rounds.forget()
            self._hurry()

    def _hurry(self) -> None:
        """Let every job run at once, each still only once at a time."""
        if self._scheduler is not None:
            for job in self._scheduler.get_jobs():
                if job.id != "stand":
                    job.modify(next_run_time=calendar.now())

    def _job(self, name: str, work: Callable[[], dict[str, Any] | None]) -> None:
        """Run a job while leading; whatever goes wrong is written down, and the next run tries again."""
        if not self._goes_on():
            return
        metrics, began = self._feed.metrics, time.perf_counter()
        try:
            with tracing.span(f"job {name}"):
                detail = work()
        except PortfolioError as error:
            _log.warning("%s failed: %s", name, error.message)
            self._failed(name, error.message)
        except Exception as error:  # noqa: BLE001  # the outermost place of a job: the scheduler must live on
            _log.exception("%s failed", name)
            self._failed(name, f"{type(error).__name__}: {error}")
        else:
            self._done(name, detail)
            metrics.jobs.labels(name, "done").inc()
        metrics.job_seconds.labels(name).observe(time.perf_counter() - began)

    def _goes_on(self) -> bool:
        """Whether this process leads and is not told to stop."""
        leads = not self._stopping.is_set() and self._leadership.held()
        self._tell(leads=leads)
        return leads

    def _tell(self, *, leads: bool) -> None:
        self._status = replace(self._status, leads=leads)
        self._feed.metrics.leads.set(leads)

    def _poll(self) -> dict[str, Any] | None:
        now = calendar.now()
        done = self._feed.poll(self._rounds.due(now), since=self._since, preferred=self._rounds.preferred, go_on=self._goes_on)
        self._since = now
        before = self._status
        self._status = replace(before, polls=before.polls + 1, quotes=before.quotes + len(done.accepted), last_poll=now, last_error=None)
        return self._heartbeat(now, done)

    def _heartbeat(self, now: datetime, done: Ingested) -> dict[str, Any] | None:
        """Detail of a job run, once a minute; the polls in between leave no row."""
        if now - self._noted.get("poll_quotes", now - HEARTBEAT) < HEARTBEAT:
            return None
        self._noted["poll_quotes"] = now
        return {"polls": self._status.polls, "quotes": self._status.quotes, "accepted": len(done.accepted), "quarantined": len(done.quarantined),
                "silent": len(self._feed.failover.silent)}

    def _roll(self) -> dict[str, Any] | None:
        count = self._days.roll(self._goes_on)
        return {"stored": count} if count else None

    def _fill_today(self) -> dict[str, Any] | None:
        count = self._days.fill_today(self._goes_on)
        return {"ticks": count} if count else None

    def _tidy(self) -> dict[str, Any] | None:
        dropped, before = self._days.tidy(), calendar.now() - KEPT
        with self._database.begin() as unit:
            keys, runs = unit.system.forget_keys(before), unit.system.forget_jobs(before)
        return {"dropped": dropped, "keys": keys, "runs": runs} if dropped or keys or runs else None

    def _done(self, name: str, detail: dict[str, Any] | None) -> None:
        """Write a run down where it has something to tell."""
        if detail is not None:
            self._note(name, failed=False, detail=detail)

    def _failed(self, name: str, reason: str) -> None:
        """Write a failure down, of each job one a minute."""
        self._feed.metrics.jobs.labels(name, "failed").inc()
        self._status = replace(self._status, last_error=f"{name}: {reason}")
        now, key = calendar.now(), f"{name} failed"
        if now - self._noted.get(key, now - HEARTBEAT) >= HEARTBEAT:
            self._noted[key] = now
            self._note(name, failed=True, detail={"reason": reason})

    def _note(self, name: str, *, failed: bool, detail: dict[str, Any]) -> None:
        try:
            with self._database.begin() as unit:
                run = unit.system.start_job(name, host=socket.gethostname(), pid=os.getpid())
                unit.system.finish_job(run, failed=failed, **detail)
        except PortfolioError as error:
            _log.warning("A run of %s could not be written down: %s", name, error.message)


def _trades(instrument: Instrument, now: datetime) -> bool:
    """Tell whether the venue of an instrument is open, or before or after its hours; in doubt it is."""
    return venues.known_session(instrument, now) is not venues.Session.CLOSED
