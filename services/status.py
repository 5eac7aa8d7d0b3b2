"""How this installation fares, for the people who look after it: feed, jobs, database, bus, streams, and what went wrong lately."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import psutil  # type: ignore[import-untyped]

from data import calendar
from data.logs import Trouble, recent
from engine.errors import BusError, PortfolioError, StorageError
from engine.types import Actor
from services.views import MarketStatus

if TYPE_CHECKING:
    from services import Services


LATE: Final = 0.05  # seconds of the event loop that are told
FAILED_LATELY: Final = timedelta(minutes=10)
AWAY: Final = "Answers are computed each time, and news of other processes comes from the database, later."


@dataclass(frozen=True, slots=True)
class PartView:
    """Whether a part answers, and in how many milliseconds."""

    ok: bool
    milliseconds: float | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class DatabaseView:
    """The database, and this process's connections to it."""

    answer: PartView
    bytes: int | None
    connections: int | None  # of everybody
    in_use: int
    idle: int
    limit: int
    revision: str | None


@dataclass(frozen=True, slots=True)
class JobView:
    """The newest run of a job of the leader; `failures` within 24 hours."""

    name: str
    status: str
    at: datetime
    failures: int
    detail: dict[str, str]


@dataclass(frozen=True, slots=True)
class StreamView:
    """The stream of this process."""

    clients: int
    scopes: int
    instruments: int
    behind: int  # flushes that the slowest client is behind
    cut: int
    degraded: bool
    lag_median: float  # seconds that the event loop was late in the last minute
    lag_p99: float


@dataclass(frozen=True, slots=True)
class StatusView:
    """Everything at one instant. `state` is ``ok``, ``degraded`` or ``down``; `reasons` say why it is not ok."""

    at: datetime
    state: str
    reasons: tuple[str, ...]
    pid: int
    running_since: datetime
    feed: MarketStatus
    database: DatabaseView
    bus: PartView
    stream: StreamView | None
    jobs: tuple[JobView, ...] = ()
    troubles: tuple[Trouble, ...] = field(default=())


class Status:
    """Asks every part how it fares."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._since = datetime.fromtimestamp(psutil.Process().create_time(), UTC)

    def look(self, actor: Actor) -> StatusView:
        """Look at everything; what does not answer is told, not raised."""
        services = self._services
        feed = services.market.status(actor)
        database, bus, jobs = self._database(), answered(services.bus.ping), self._jobs()
        stream = self._stream()
        reasons = tuple(_reasons(feed, database, bus, stream, jobs))
        state = "ok" if not reasons else "degraded" if database.answer.ok else "down"
        return StatusView(calendar.now(), state, reasons, os.getpid(), self._since, feed, database, bus, stream, jobs, tuple(recent()))

    def _database(self) -> DatabaseView:
        pool, answer = self._services.database.metrics.pool(), answered(self._services.database.ping)
        size, connections, revision = None, None, None
        if answer.ok:
            with self._services.database.read() as unit:
                (size, connections), revision = unit.system.size(), unit.system.revision()
        return DatabaseView(answer, size, connections, pool.in_use, pool.idle, pool.limit, revision)

    def _jobs(self) -> tuple[JobView, ...]:
        try:
            with self._services.database.read() as unit:
                runs = unit.system.newest_jobs()
        except StorageError:
            return ()
        return tuple(JobView(run.job, run.status, run.finished_at or run.created_at, failures, _words(run.detail)) for run, failures in runs)

    def _stream(self) -> StreamView | None:
        hub = self._services.hub
        if hub is None:
            return None
        behind = max((hub.number - client.sent for client in hub.clients if client.topic), default=0)
        return StreamView(len(hub.clients), len(hub.scopes), len(hub.board.prices), behind, int(hub.counts["cut"]), hub.degraded,
                          hub.probe.quantile(0.5), hub.probe.quantile(0.99))


def answered(ask: Callable[[], None]) -> PartView:
    """Ask a part for a sign of life, and time it."""
    began = time.perf_counter()
    try:
        ask()
    except (BusError, StorageError) as error:
        return PartView(ok=False, milliseconds=None, problem=_said(error))
    return PartView(ok=True, milliseconds=round((time.perf_counter() - began) * 1000, 2))


def _words(detail: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in detail.items() if value is not None}


def _said(error: PortfolioError) -> str:
    return " ".join(filter(None, [error.message, str(error.context.get("hint") or "")]))


def _reasons(feed: MarketStatus, database: DatabaseView, bus: PartView, stream: StreamView | None, jobs: tuple[JobView, ...]) -> list[str]:
    """Say what is not as it should be, the worst first."""
    now, failed = calendar.now(), [job for job in jobs if job.status == "failed"]
    lag = stream.lag_p99 if stream else 0.0
    told = [
        (not database.answer.ok, f"The database does not answer. {database.answer.problem or ''}".strip()),
        (not bus.ok, f"{bus.problem or ''} {AWAY}".strip()),
        (database.answer.ok and not feed.poller, "No process polls the market."),
        (feed.state == "stale", "Prices are stale."),
        (feed.quarantined > 0, f"{feed.quarantined} prices wait for a person on Markets."),
        (database.in_use >= database.limit, "Every connection to the database is in use."),
        (lag > LATE, f"The event loop is late: {lag * 1000:.0f} ms at the 99th percentile."),
    ]
    late = [f"The job {job.name} failed: {job.detail.get('reason', 'it did not say why')}." for job in failed if now - job.at < FAILED_LATELY]
    return [text for holds, text in told if holds] + late
