"""Evidence as jobs: strategies, or models, tried on the past of what a scope holds; with progress, and stopped when asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.evidence_records import StoredEvidence
from data.ids import uuid7
from engine.advice.strategies import STRATEGIES
from engine.errors import Conflict, LimitExceeded, NotFound, PortfolioError
from engine.types import Actor
from services.advice.evidence_job import Job, Say
from services.advice.evidence_json import question_of
from services.advice.evidence_questions import checked
from services.advice.strategy_evidence import chosen, tried, universe
from services.advice.views_evidence import EvidenceQuestion, EvidenceRun
from services.risk.exposures import ExposureQuestion, Exposures
from services.views import ALL, Page
from services.writes import Request, Told, Writes, audit

log = logging.getLogger("portolan.evidence")
RUN: TypeAdapter[UUID] = TypeAdapter(UUID)
WAITING: Final = 4  # runs that may wait in one process
KEPT: Final = timedelta(days=90)
PATIENCE: Final = timedelta(minutes=10)  # a run that has not moved for so long was interrupted
Work = Callable[[Say], object | None]


class EvidenceRuns:
    """Runs of the actor's workspace."""

    def __init__(self, writes: Writes, exposures: Exposures) -> None:
        self._writes, self._database, self._exposures = writes, writes.database, exposures
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="portolan-evidence")
        self._jobs: dict[UUID, Job] = {}

    def begin(self, actor: Actor, scope: str | UUID = ALL, question: EvidenceQuestion | None = None, *,
              idempotency_key: str | None = None) -> EvidenceRun:
        """Begin to try strategies in a thread of its own; `get` tells how far it is.

        Raises
        ------
        NotFound
            No such portfolio.
        InvalidInput
            A strategy that there is not, numbers out of bounds.
        InsufficientHistory
            Nothing that is held has a past long enough.
        LimitExceeded
            Too many wait already.
        """
        asked = checked(question or EvidenceQuestion())
        chosen(asked)
        exposure_asked = ExposureQuestion(start=asked.start, end=asked.end, benchmark=asked.benchmark, base_currency=asked.base_currency)
        universe(self._exposures.exposure(actor, scope, exposure_asked), asked)  # told at once where it cannot be

        def work(say: Say) -> object | None:
            return tried(self._exposures.exposure(actor, scope, exposure_asked), asked, say)

        return self.begun(actor, str(scope), "strategies", question_of(asked), work, idempotency_key=idempotency_key)

    def begun(self, actor: Actor, scope: str, kind: str, question: dict[str, Any], work: Work, *, idempotency_key: str | None = None) -> EvidenceRun:
        """Write a run down and begin its work."""
        if len(self._jobs) >= WAITING:
            raise LimitExceeded("runs of evidence at once", limit=WAITING)
        job: Job | None = None

        def effect(unit: Unit, _told: list[Told]) -> UUID:
            nonlocal job
            run_id = self._opened(unit, actor, scope, kind, question)
            job = Job(self._writes, run_id, work)
            return run_id

        run_id = self._writes.once(actor, Request(f"evidence.{kind}", (scope, question), RUN, idempotency_key), effect)
        if job is not None:
            self._jobs[run_id] = job
            self._threads.submit(copy_context().run, self._in_thread, job)
        return self.get(actor, run_id)

    def get(self, actor: Actor, run_id: UUID) -> EvidenceRun:
        """Tell how far a run is, and what came of it; `NotFound` where there is none."""
        with self._database.read() as unit:
            return run_of(unit.evidence_runs.get(actor.workspace_id, run_id))

    def find(self, actor: Actor, *, limit: int = 100, after: UUID | None = None) -> Page[EvidenceRun]:
        """List runs, newest first, without what came of them."""
        with self._database.read() as unit:
            found = unit.evidence_runs.find(actor.workspace_id, limit=limit + 1, after=after)
        return Page(tuple(map(run_of, found[:limit])), str(found[limit - 1].id) if len(found) > limit else None)

    def cancel(self, actor: Actor, run_id: UUID) -> EvidenceRun:
        """Stop a run, whichever process is at it. A second time changes nothing.

        Raises
        ------
        Conflict
            It has ended already.
        """

        def work(unit: Unit) -> None:
            run = unit.evidence_runs.get(actor.workspace_id, run_id)
            if not unit.evidence_runs.change(run_id, expected=("running",), status="cancelled", finished_at=calendar.now()):
                if run.status != "cancelled":
                    raise Conflict(f"This run is {run.status}: there is nothing to stop.", field="id", hint="Begin another")
                return
            audit(unit, actor, "cancel", "evidence_run", run_id, before={"status": run.status}, after={"status": "cancelled"})

        self._database.run(work)
        if run_id in self._jobs:
            self._jobs[run_id].stop.set()
        return self.get(actor, run_id)

    @staticmethod
    def strategies() -> list[dict[str, Any]]:
        """List what can be tried."""
        return [{"name": each.name, "label": each.label, "meaning": each.meaning, "baseline": each.baseline, "fitted": each.fitted}
                for each in STRATEGIES]

    def close(self) -> None:
        """Stop what is at work; it says that it was interrupted, once it has not moved for long."""
        for job in [*self._jobs.values()]:
            job.stop.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _opened(self, unit: Unit, actor: Actor, scope: str, kind: str, question: dict[str, Any]) -> UUID:
        portfolio = None if scope == ALL else unit.portfolios.get(actor.workspace_id, _id(scope)).id
        unit.evidence_runs.forget(actor.workspace_id, calendar.now() - KEPT)
        now, run_id = calendar.now(), uuid7()
        unit.evidence_runs.add(StoredEvidence(run_id, actor.workspace_id, actor.user_id, portfolio, kind, "running", question,
                                              {"phase": "waiting", "done": 0, "total": 0}, None, None, 1, now, now))
        audit(unit, actor, "start", "evidence_run", run_id, after={"kind": kind, "scope": scope})
        return run_id

    def _in_thread(self, job: Job) -> None:
        try:
            job.work()
        except PortfolioError as error:
            log.info("run of evidence ended: %s", error.message, extra={"run": str(job.run_id)})
        finally:
            self._jobs.pop(job.run_id, None)


def run_of(stored: StoredEvidence) -> EvidenceRun:
    """Tell a run; one that has not moved for long was interrupted."""
    late = stored.status == "running" and calendar.now() - stored.changed_at > PATIENCE
    told = stored.progress
    return EvidenceRun(stored.id, ALL if stored.portfolio_id is None else str(stored.portfolio_id), stored.kind,
                       "interrupted" if late else stored.status, str(told["phase"]), int(told["done"]), int(told["total"]), stored.question,
                       stored.result, stored.problem, stored.created_at, stored.finished_at, stored.version)


def _id(scope: str) -> UUID:
    try:
        return UUID(scope)
    except ValueError:
        raise NotFound("portfolio", scope) from None
