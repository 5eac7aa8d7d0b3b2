"""Optimisers as a job: a question is written down, worked out in a thread of its own, and can be stopped from any process."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.advice_records import OptimiserRun
from data.database import Unit
from data.ids import uuid7
from engine.advice.optimise import check, frontier, optimise
from engine.advice.optimise_models import MODELS
from engine.errors import Conflict, LimitExceeded, PortfolioError
from engine.types import Actor
from services.advice.optimise_results import result_of, stored_result
from services.advice.optimise_tasks import Prepared, prepared, task_of
from services.advice.plain import plain
from services.advice.rebalancing import PolicyOf
from services.advice.views_trades import ModelInfo, OptimiseQuestion, OptimiseView
from services.risk.exposures import Exposures
from services.views import Page
from services.writes import Request, Told, Writes, audit

log = logging.getLogger("portolan.advice")
RUN: TypeAdapter[UUID] = TypeAdapter(UUID)
WAITING: Final = 4  # runs that may wait in one process
KEPT: Final = timedelta(days=30)
PATIENCE: Final = timedelta(minutes=5)  # a run that has not moved for so long was interrupted
ENTITY: Final = "optimiser_run"


class StoppedError(Exception):
    """Somebody does not want the run any more."""


class Optimising:
    """Runs of optimisers on the actor's portfolios."""

    def __init__(self, writes: Writes, exposures: Exposures, policy_of: PolicyOf) -> None:
        self._writes, self._database, self._exposures, self._policy_of = writes, writes.database, exposures, policy_of
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="portolan-optimiser")
        self._jobs: dict[UUID, Job] = {}

    @staticmethod
    def models() -> tuple[ModelInfo, ...]:
        """List what can be asked for."""
        return tuple(ModelInfo(each.name, each.label, each.meaning, each.measures, each.objectives, each.constraints) for each in MODELS.values())

    def begin(self, actor: Actor, portfolio_id: UUID, question: OptimiseQuestion | None = None, *,
              idempotency_key: str | None = None) -> OptimiseView:
        """Begin a run; `get` tells how far it is.

        Raises
        ------
        NotFound
            No such portfolio.
        InvalidInput
            A word that is no model, measure or estimator, a constraint that is none or that the model has no place for.
        LimitExceeded
            Too many wait already.
        """
        asked = question or OptimiseQuestion()
        check(task_of(asked))
        if len(self._jobs) >= WAITING:
            raise LimitExceeded("optimisers at once", limit=WAITING)
        job: Job | None = None

        def effect(unit: Unit, _told: list[Told]) -> UUID:
            nonlocal job
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            unit.optimiser_runs.forget(actor.workspace_id, calendar.now() - KEPT)
            run_id = uuid7()
            unit.optimiser_runs.add(actor.workspace_id, actor.user_id, run_id, portfolio_id, question=plain(asked),
                                    progress={"phase": "waiting", "done": 0, "total": max(asked.frontier, 1)})
            audit(unit, actor, "start", ENTITY, run_id, after={"portfolio_id": str(portfolio_id), "model": asked.model})
            job = Job(self, actor, portfolio_id, run_id, asked)
            return run_id

        run_id = self._writes.once(actor, Request("optimiser_runs.start", (portfolio_id, plain(asked)), RUN, idempotency_key), effect)
        if job is not None:
            self._jobs[run_id] = job
            self._threads.submit(copy_context().run, self._in_thread, job)
        return self.get(actor, portfolio_id, run_id)

    def get(self, actor: Actor, portfolio_id: UUID, run_id: UUID) -> OptimiseView:
        """Tell how far a run is, and what came of it; `NotFound` where there is none."""
        with self._database.read() as unit:
            return view_of(unit.optimiser_runs.get(actor.workspace_id, portfolio_id, run_id))

    def find(self, actor: Actor, portfolio_id: UUID, *, limit: int = 100, after: UUID | None = None) -> Page[OptimiseView]:
        """List the runs of a portfolio, newest first."""
        with self._database.read() as unit:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            found = unit.optimiser_runs.find(actor.workspace_id, portfolio_id, limit=limit + 1, after=after)
        return Page(tuple(map(view_of, found[:limit])), str(found[limit - 1].id) if len(found) > limit else None)

    def cancel(self, actor: Actor, portfolio_id: UUID, run_id: UUID) -> OptimiseView:
        """Stop a run, whichever process is at it. A second time changes nothing.

        Raises
        ------
        Conflict
            It has ended already.
        """

        def work(unit: Unit) -> None:
            run = unit.optimiser_runs.get(actor.workspace_id, portfolio_id, run_id)
            if not unit.optimiser_runs.change(run_id, status="cancelled", finished_at=calendar.now()):
                if run.status != "cancelled":
                    raise Conflict(f"This run is {run.status}: there is nothing to stop.", field="id", hint="Begin another")
                return
            audit(unit, actor, "cancel", ENTITY, run_id, before={"status": run.status}, after={"status": "cancelled"})

        self._database.run(work)
        if run_id in self._jobs:
            self._jobs[run_id].stop.set()
        return self.get(actor, portfolio_id, run_id)

    def close(self) -> None:
        """Stop what is at work; it says that it was interrupted, once it has not moved for long."""
        for job in [*self._jobs.values()]:
            job.stop.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def prepare(self, job: Job) -> Prepared:
        """Read what a run works on."""
        return prepared(self._exposures, job.actor, job.portfolio_id, job.question, self._policy_of(job.actor, job.portfolio_id))

    def change(self, run_id: UUID, **values: object) -> bool:
        """Write down how far a run is; tells whether it is still wanted."""
        return self._database.run(lambda unit: unit.optimiser_runs.change(run_id, **values))

    def _in_thread(self, job: Job) -> None:
        try:
            job.work()
        except StoppedError:
            log.info("optimiser stopped", extra={"run": str(job.run_id)})
        except PortfolioError as error:
            job.fail(error.code, error.status, error.message, error.context)
            log.info("optimiser ended: %s", error.message, extra={"run": str(job.run_id)})
        except Exception:
            job.fail("internal_error", 500, "Something went wrong on our side.", {})
            raise
        finally:
            self._jobs.pop(job.run_id, None)


@dataclass
class Job:
    """The work of one run."""

    place: Optimising
    actor: Actor
    portfolio_id: UUID
    run_id: UUID
    question: OptimiseQuestion
    stop: Event = field(default_factory=Event)

    def work(self) -> None:
        """Read, optimise, trace the frontier; how it ends is written down."""
        total = max(self.question.frontier, 1)
        self.tell("reading", 0, total)
        ready = self.place.prepare(self)
        self.tell("optimising", 0, total)
        ways: dict[str, Any] = {"benchmark": ready.benchmark, "periods_per_year": ready.periods}
        with warnings.catch_warnings():  # the solver's remarks on accuracy; what it found is held against the constraints
            warnings.simplefilter("ignore")
            found = optimise(ready.returns, ready.task, ready.present, **ways)
            line = None
            if self.question.frontier and found.point is not None:
                line = frontier(ready.returns, ready.task, ready.present, size=self.question.frontier, tell=self.tell, **ways)
        self.tell("optimising", total, total)
        result = result_of(ready, found, line)
        self.place.change(self.run_id, status="done", progress={"phase": "done", "done": total, "total": total}, result=plain(result),
                          finished_at=calendar.now())

    def tell(self, phase: str, done: int, total: int) -> None:
        """Write down how far it is; one that was cancelled is stopped by it."""
        if self.stop.is_set() or not self.place.change(self.run_id, progress={"phase": phase, "done": done, "total": total}):
            raise StoppedError

    def fail(self, code: str, status: int, message: str, context: Mapping[str, Any]) -> None:
        """Write down why it came to nothing."""
        told = {"code": code, "status_code": status, "message": message, "context": plain(dict(context))}
        self.place.change(self.run_id, status="failed", problem=told, finished_at=calendar.now())


def view_of(run: OptimiserRun) -> OptimiseView:
    """Tell a run; one that has not moved for long was interrupted."""
    late = run.status == "running" and calendar.now() - run.changed_at > PATIENCE
    told = run.progress
    return OptimiseView(run.id, run.portfolio_id, "interrupted" if late else run.status, str(told["phase"]), int(told["done"]), int(told["total"]),
                        run.question, stored_result(run.result), run.problem, run.created_at, run.finished_at, run.version)
