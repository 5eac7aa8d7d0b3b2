"""Every figure of every portfolio: a job with progress, worked out here, in processes beside this one, or on a Dask cluster.

A run is written down before it begins, so that its progress can be asked for from any process, and each block of portfolios is written as soon
as it is there. Portfolios are read here, by the same path as the Risk page; only arrays of returns travel.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.ids import uuid7
from data.risk_records import RiskRun
from engine.errors import Conflict, InvalidInput, LimitExceeded, PortfolioError
from engine.risk.sample import level_of
from engine.risk.var.methods import METHODS
from engine.types import Actor, Portfolio
from services import fields
from services.fields import Place
from services.performance.views import PERIODS
from services.risk.exposures import Exposures
from services.risk.firm_file import as_csv
from services.risk.firm_job import Job
from services.risk.firm_views import FirmQuestion, FirmRow, RunView, row_view, view_of
from services.views import Page
from services.writes import Request, Told, Writes, audit

log = logging.getLogger("portolan.firm")

RUN: TypeAdapter[UUID] = TypeAdapter(UUID)
QUESTION: TypeAdapter[FirmQuestion] = TypeAdapter(FirmQuestion)
MOST_ROWS = 20_000  # portfolios of a file
WAITING = 4  # runs that may wait in one process
KEPT = timedelta(days=30)


class FirmRuns:
    """Runs over the actor's portfolios.

    Parameters
    ----------
    writes, exposures
        Where portfolios are read and runs are written.
    where
        `ENGINE_CLUSTER`: the address of a Dask scheduler, ``local`` or ``none``; None: where it pays.
    """

    def __init__(self, writes: Writes, exposures: Exposures, where: str | None) -> None:
        self._writes, self._database, self._exposures, self._where = writes, writes.database, exposures, where
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="portolan-firm")
        self._jobs: dict[UUID, Job] = {}

    def begin(self, actor: Actor, question: FirmQuestion | None = None, *, idempotency_key: str | None = None) -> RunView:
        """Begin a run in a thread of its own; `get` tells how far it is.

        Raises
        ------
        InvalidInput
            A level outside (0, 1), an unknown period or method, no portfolio.
        NotFound
            A portfolio that is not there.
        LimitExceeded
            Too many wait already.
        """
        if len(self._jobs) >= WAITING:
            raise LimitExceeded("firm-wide runs at once", limit=WAITING)
        job, run_id = self._opened(actor, _checked(question or FirmQuestion()), idempotency_key)
        if job is not None:
            self._jobs[run_id] = job
            self._threads.submit(copy_context().run, self._in_thread, job)
        return self.get(actor, run_id)

    def get(self, actor: Actor, run_id: UUID) -> RunView:
        """Tell how far a run is; `NotFound` where there is none."""
        with self._database.read() as unit:
            return view_of(unit.risk_runs.get(actor.workspace_id, run_id), unit.risk_runs.count(run_id))

    def find(self, actor: Actor, *, limit: int = 100, after: UUID | None = None) -> Page[RunView]:
        """List runs, newest first."""
        with self._database.read() as unit:
            found = unit.risk_runs.find(actor.workspace_id, limit=limit + 1, after=after)
            told = tuple(view_of(run, unit.risk_runs.count(run.id)) for run in found[:limit])
        return Page(told, str(found[limit - 1].id) if len(found) > limit else None)

    def rows(self, actor: Actor, run_id: UUID, *, limit: int = 1000, after: int | None = None) -> Page[FirmRow]:
        """List portfolios with their figures, as far as they are there, behind a number."""
        with self._database.read() as unit:
            unit.risk_runs.get(actor.workspace_id, run_id)
            found = unit.risk_runs.rows(run_id, limit=limit + 1, after=after)
        return Page(tuple(map(row_view, found[:limit])), str(found[limit - 1].number) if len(found) > limit else None)

    def file(self, actor: Actor, run_id: UUID) -> bytes:
        """Write all portfolios of a run with all of their figures as CSV, as far as they are there."""
        with self._database.read() as unit:
            unit.risk_runs.get(actor.workspace_id, run_id)
            return as_csv([row_view(row) for row in unit.risk_runs.rows(run_id, limit=MOST_ROWS, after=None)])

    def cancel(self, actor: Actor, run_id: UUID) -> RunView:
        """Stop a run, whichever process is at it; what is there stays. A second time changes nothing.

        Raises
        ------
        Conflict
            It has ended already.
        """

        def work(unit: Unit) -> None:
            run = unit.risk_runs.get(actor.workspace_id, run_id)
            if not unit.risk_runs.change(run_id, expected=("running",), status="cancelled", finished_at=calendar.now()):
                if run.status != "cancelled":
                    raise Conflict(f"This run is {run.status}: there is nothing to stop.", field="id", hint="Begin another")
                return
            audit(unit, actor, "cancel", "risk_run", run_id, before={"status": run.status}, after={"status": "cancelled"})

        self._database.run(work)
        if run_id in self._jobs:
            self._jobs[run_id].stop.set()
        return self.get(actor, run_id)

    def close(self) -> None:
        """Stop what is at work; it says that it was interrupted, once it has not moved for long."""
        for job in [*self._jobs.values()]:
            job.stop.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    # ---------------------------------------------------------------------------------------------------------------------- opening one

    def _opened(self, actor: Actor, question: FirmQuestion, key: str | None) -> tuple[Job | None, UUID]:
        """Write a run down, or find the one that the key began."""
        job: Job | None = None

        def effect(unit: Unit, _told: list[Told]) -> UUID:
            nonlocal job
            portfolios = _chosen(unit, actor, question)
            unit.risk_runs.forget(actor.workspace_id, calendar.now() - KEPT)
            now, run_id = calendar.now(), uuid7()
            progress = {"phase": "waiting", "done": 0, "total": len(portfolios)}
            unit.risk_runs.add(RiskRun(run_id, actor.workspace_id, actor.user_id, "running", QUESTION.dump_python(question, mode="json"), progress,
                                       None, None, 1, now, now))
            audit(unit, actor, "start", "risk_run", run_id, after={"portfolios": len(portfolios), "methods": list(question.methods)})
            job = Job(self._writes, self._exposures, actor, question, portfolios, run_id, self._where)
            return run_id

        run_id = self._writes.once(actor, Request("risk_runs.start", (asdict(question),), RUN, key), effect)
        return job, run_id

    def _in_thread(self, job: Job) -> None:
        try:
            job.work()
        except PortfolioError as error:
            log.info("firm-wide run ended: %s", error.message, extra={"run": str(job.run_id)})
        finally:
            self._jobs.pop(job.run_id, None)


def _checked(question: FirmQuestion) -> FirmQuestion:
    """Refuse what cannot be worked out, before anything is written."""
    level_of(question.level)
    if question.period is not None:
        fields.choice(Place("period"), question.period, PERIODS, upper=True)
    for name in question.methods:
        fields.choice(Place("methods"), name, METHODS)
    if question.portfolios is not None and not question.portfolios:
        raise InvalidInput("portfolios", [], "names no portfolio", hint="Leave it out for all of them", rule="required")
    return question


def _chosen(unit: Unit, actor: Actor, question: FirmQuestion) -> list[Portfolio]:
    """List the portfolios that are asked for, all of them in the order they were made."""
    if question.portfolios is not None:
        return [unit.portfolios.get(actor.workspace_id, each) for each in dict.fromkeys(question.portfolios)]
    every = unit.portfolios.find(actor.workspace_id)
    if not every:
        raise InvalidInput("portfolios", None, "there is no portfolio", hint="Make one first", rule="required")
    return every
