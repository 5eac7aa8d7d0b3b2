"""How this installation fares, for people and their tools."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter

from api.dependencies import Asks, ExactRoute
from api.schemas import Public
from services.status import StatusView

routes = APIRouter(tags=["system"], route_class=ExactRoute)


class PartPublic(Public):
    """Whether a part answers, and in how many milliseconds."""

    ok: bool
    milliseconds: float | None
    problem: str | None


class DatabasePublic(Public):
    """The database, and this process's connections to it; `connections` are those of everybody."""

    answer: PartPublic
    bytes: int | None
    connections: int | None
    in_use: int
    idle: int
    limit: int
    revision: str | None


class FeedPublic(Public):
    """The feed: `live delayed stale closed down`."""

    state: str
    last_tick_at: dt.datetime | None
    age_seconds: float | None
    simulated: bool
    quarantined: int
    poller: bool


class JobPublic(Public):
    """The newest run of a job, and its failures within 24 hours."""

    name: str
    status: str
    at: dt.datetime
    failures: int
    detail: dict[str, str]


class StreamPublic(Public):
    """The stream of this process; lag is how late its event loop was in the last minute, seconds."""

    clients: int
    scopes: int
    instruments: int
    behind: int
    cut: int
    degraded: bool
    lag_median: float
    lag_p99: float


class TroublePublic(Public):
    """A warning or an error in the log of this process."""

    at: dt.datetime
    level: str
    logger: str
    message: str
    request_id: str


class StatusPublic(Public):
    """Everything at one instant: `ok`, `degraded` or `down`, and why."""

    at: dt.datetime
    state: str
    reasons: list[str]
    pid: int
    running_since: dt.datetime
    feed: FeedPublic
    database: DatabasePublic
    bus: PartPublic
    stream: StreamPublic | None
    jobs: list[JobPublic]
    troubles: list[TroublePublic]


@routes.get("/status", response_model=StatusPublic)
def status(call: Asks) -> StatusView:
    """Tell how feed, jobs, database, bus and stream fare, and what was logged lately; of the process that answers."""
    return call.services.status.look(call.actor)
