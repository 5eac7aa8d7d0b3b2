"""The evidence of suggestions: each fix tried on the past in a job, kept for as long as ledger, prices and policy stay what they are."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta
from typing import Final

from data import calendar
from data.database import Unit
from data.evidence_records import StoredEvidence
from data.ids import uuid7
from engine.advice.replay import replayed, why_not
from engine.advice.rules_words import Advice
from engine.errors import PortfolioError, StorageError
from engine.types import Actor
from services.advice.evidence_job import Job, Say
from services.advice.replay_views import read, short, state_of, written
from services.advice.suggestion_views import Asked, key_of
from services.advice.views_rules import ReplayView
from services.books.service import Kept
from services.writes import Writes

log = logging.getLogger("portolan.evidence")
KIND: Final = "suggestions"
METHOD: Final = 1  # another one where the same inputs give another answer
KEPT: Final = 128
WAITING: Final = 32
PATIENCE: Final = timedelta(minutes=3)  # a run of another process that has not moved for so long was interrupted
BREATH_SECONDS: Final = 0.002  # between two windows, for whoever is served meanwhile
Told = dict[str, ReplayView]


class Replays:
    """Evidence of the suggestions of portfolios."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="portolan-replay")
        self._jobs: dict[str, Job] = {}  # by state
        self._known: Kept[Told] = Kept(KEPT)

    def attached(self, actor: Actor, asked: Asked, *, begin: bool) -> Asked:
        """Put its evidence beside every suggestion; what there is none of yet is begun, where that is asked for.

        Where evidence cannot be read or begun now, the suggestions stand without it.
        """
        if not asked.views:
            return asked
        try:
            told = self._told(actor, asked, begin=begin)
        except StorageError:
            log.info("evidence of suggestions not read", extra={"portfolio": str(asked.portfolio.id)})
            return asked
        return replace(asked, views=tuple(replace(view, replay=told.get(view.key)) for view in asked.views))

    def close(self) -> None:
        """Stop what is at work."""
        for job in [*self._jobs.values()]:
            job.stop.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    # ---------------------------------------------------------------------------------------------------------------------------- knowing

    def _told(self, actor: Actor, asked: Asked, *, begin: bool) -> Told:
        state = _state(asked)
        advices = {key_of(each.advice.rule, each.advice.subject): each.advice for run in asked.ran for each in run.found}
        known = self._known.get_or_compute(state, dict)
        fresh = {key: advice for key, advice in advices.items() if key not in known}
        if fresh:
            known |= _at_once(asked, fresh)
        missing = {key: advice for key, advice in fresh.items() if key not in known}
        if not missing:
            return known
        stored = self._stored(actor, asked, state)
        known |= {key: each for run in stored if run.status == "done" for key, each in read(run.result).items()}
        missing = {key: advice for key, advice in missing.items() if key not in known}
        return {**known, **self._at_work(actor, asked, state, missing, stored, begin=begin)} if missing else known

    def _stored(self, actor: Actor, asked: Asked, state: str) -> list[StoredEvidence]:
        with self._database.read() as unit:
            return unit.evidence_runs.replays(actor.workspace_id, asked.portfolio.id, state)

    def _at_work(self, actor: Actor, asked: Asked, state: str, missing: Mapping[str, Advice], stored: Sequence[StoredEvidence], *,
                 begin: bool) -> Told:
        """Tell how far the runs of what is missing are; begin one for what has none."""
        alive = [run for run in stored if run.status != "done" and (run.status != "running" or self._is_alive(state, run))]
        found = {key: state_of(run) for run in reversed(alive) for key in run.question["keys"] if key in missing}
        rest = {key: advice for key, advice in missing.items() if key not in found}
        if not (rest and begin) or state in self._jobs or len(self._jobs) >= WAITING:
            return {**found, **dict.fromkeys(rest, short("waiting", "Not tried on the past yet"))}
        run = self._begun(actor, asked, state, rest)
        return {**found, **dict.fromkeys(rest, state_of(run))}

    def _is_alive(self, state: str, run: StoredEvidence) -> bool:
        return state in self._jobs or calendar.now() - run.changed_at < PATIENCE

    # ---------------------------------------------------------------------------------------------------------------------------- trying

    def _begun(self, actor: Actor, asked: Asked, state: str, advices: Mapping[str, Advice]) -> StoredEvidence:
        now, facts, policy = calendar.now(), asked.read.facts, asked.policy
        run = StoredEvidence(uuid7(), actor.workspace_id, actor.user_id, asked.portfolio.id, KIND, "running",
                             {"state": state, "keys": sorted(advices)}, {"phase": "waiting", "done": 0, "total": 0}, None, None, 1, now, now)

        def work(say: Say) -> object | None:
            def tell(done: int, total: int) -> bool:
                time.sleep(BREATH_SECONDS)
                return say("windows", done, total)

            found = replayed(facts, policy, [*advices.values()], say=tell)
            return None if found is None else dict(zip(advices, map(written, found), strict=True))

        def write_down(unit: Unit) -> None:
            unit.evidence_runs.forget_replays(asked.portfolio.id, state)
            unit.evidence_runs.add(run)

        self._database.run(write_down)
        job = self._jobs[state] = Job(self._writes, run.id, work)
        self._threads.submit(copy_context().run, self._in_thread, state, job)
        return run

    def _in_thread(self, state: str, job: Job) -> None:
        try:
            job.work()
        except PortfolioError as error:
            log.info("evidence of suggestions ended: %s", error.message, extra={"run": str(job.run_id)})
        except Exception:
            log.exception("evidence of suggestions failed", extra={"run": str(job.run_id)})
            raise
        finally:
            self._jobs.pop(state, None)


def _state(asked: Asked) -> str:
    """Name what the evidence was made of: ledger, prices, policy, targets."""
    parts: Hashable = (METHOD, asked.read.exposure.state, repr(asked.policy), tuple(asked.read.facts.targets.items()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _at_once(asked: Asked, advices: Mapping[str, Advice]) -> Told:
    """Tell what cannot be tried, without a job."""
    reasons = why_not(asked.read.facts, asked.policy, [*advices.values()])
    return {key: read({key: written(reason)})[key] for key, reason in zip(advices, reasons, strict=True) if reason is not None}


