"""What the feed did, newest first: jobs that ran or failed, prices held back and what was decided of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.database import Database
from data.records import JobRun, StoredFinding
from engine.types import Actor

SENTENCES = {"poll_quotes": "Prices were polled", "roll_day": "Closes of the day were stored", "fill_today": "The day was filled in",
             "tidy_ticks": "Old ticks were dropped", "history": "Histories were continued"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    at: datetime
    kind: str  # job, quarantine
    status: str  # of a job: running done failed; of a price held back: open released rejected
    message: str
    detail: dict[str, Any]


def read_log(database: Database, actor: Actor, *, limit: int = 100) -> list[Entry]:
    """List the newest entries of the actor's workspace, and of the process that polls for all."""
    with database.read() as unit:
        jobs, findings = unit.system.jobs(limit=limit), unit.market.findings(actor.workspace_id, status=None, limit=limit)
    entries = [*map(_of_job, jobs), *map(_of_finding, findings)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]


def _of_job(run: JobRun) -> Entry:
    sentence = SENTENCES.get(run.job, run.job.replace("_", " ").capitalize())
    reason = run.detail.get("reason")
    message = f"{sentence} in vain: {reason}" if run.status == "failed" else sentence
    return Entry(run.finished_at or run.created_at, "job", run.status, message, run.detail)


def _of_finding(found: StoredFinding) -> Entry:
    return Entry(found.settled_at or found.created_at, "quarantine", found.status, found.message, found.context)
