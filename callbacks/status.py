"""Answers the Status page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output

from components import cards, status, theme
from components.ids import StatusIds as Ids
from engine.errors import PortfolioError

if TYPE_CHECKING:
    from services import Services
    from services.status import JobView, StatusView

MB = 1_000_000


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    parts = (Ids.NOTE, Ids.STATE, Ids.FIGURES, Ids.JOBS, Ids.TROUBLES)

    @app.callback(*[Output(part, "children") for part in parts], Input(Ids.CLOCK, "n_intervals"))
    async def update_status(_count: int | None) -> tuple[Any, ...]:
        """Ask every part how it fares."""
        return await asyncio.to_thread(shown, services)


def shown(services: Services) -> tuple[Any, ...]:
    """Build note, state, figures, jobs and log; a failure is told in its place."""
    try:
        view = services.status.look(services.accounts.local())
    except PortfolioError as error:
        return "", [cards.failed("The state could not be read", error.message)], [], [], []
    note = f"process {view.pid}, running since {theme.instant(view.running_since)}"
    troubles = [status.Trouble(each.at, each.level, each.logger, each.message, each.request_id) for each in view.troubles]
    return (note, status.state(view.state, view.reasons), status.figures(figures_of(view)), status.jobs([_job(each) for each in view.jobs]),
            status.troubles(troubles))


def _job(each: JobView) -> status.Job:
    detail = ", ".join(f"{name} {value}" for name, value in each.detail.items() if name not in {"host", "pid"})
    return status.Job(each.name, each.status, each.at, each.failures, detail)


def figures_of(view: StatusView) -> list[status.Figure]:
    """Choose what stands at the top."""
    feed, database, stream = view.feed, view.database, view.stream
    age = theme.age(feed.age_seconds) if feed.age_seconds is not None else theme.UNKNOWN
    newest = f"newest price {age} old" + (", simulated" if feed.simulated else "")
    told = [
        status.Figure("Feed", feed.state, "", newest, status.FEEDS.get(feed.state, "")),
        _answer("Database", database.answer.milliseconds, f"{theme.number((database.bytes or 0) / MB, decimals=0)} MB, {database.revision or ''}"),
        status.Figure("Connections", str(database.in_use), f"of {database.limit}", f"{database.connections or 0} of everybody"),
        _answer("Redis", view.bus.milliseconds, view.bus.problem or "bus and cache"),
    ]
    if stream is None:
        return told
    slowest, median = f"slowest {stream.behind} flushes behind, {stream.cut} cut", theme.number(stream.lag_median * 1000, decimals=1)
    return [*told, status.Figure("Streams", theme.number(stream.clients, decimals=0), "clients", slowest),
            _answer("Event loop late", stream.lag_p99 * 1000, f"99th percentile; median {median} ms")]


def _answer(label: str, milliseconds: float | None, sub: str) -> status.Figure:
    if milliseconds is None:
        return status.Figure(label, "away", "", sub, "crit")
    return status.Figure(label, theme.number(milliseconds, decimals=1), "ms", sub)
