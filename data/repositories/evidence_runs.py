"""Runs that collect evidence: what was asked, how far they are, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.evidence_records import StoredEvidence
from data.repositories.base import Repository
from engine.errors import NotFound

FIELDS: Final = ("id", "workspace_id", "owner_id", "portfolio_id", "kind", "status", "question", "progress", "result", "problem", "version",
                 "created_at", "changed_at", "finished_at")
SELECTED: Final = ", ".join(FIELDS)
BRIEF: Final = SELECTED.replace("result", "NULL")
DOCUMENTS: Final = frozenset({"question", "progress", "result", "problem"})
CHANGEABLE: Final = frozenset({"status", "progress", "result", "problem", "finished_at"})


class EvidenceRuns(Repository):
    """Runs of every workspace; each call says whose."""

    def add(self, run: StoredEvidence) -> None:
        """Write down that a run has begun."""
        marks = ", ".join(["%s"] * len(FIELDS))
        self.affected(f"INSERT INTO evidence_run ({SELECTED}) VALUES ({marks})", [_stored(name, getattr(run, name)) for name in FIELDS])  # noqa: S608

    def get(self, workspace_id: UUID, id: UUID) -> StoredEvidence:  # noqa: A002
        """Give a run; `NotFound` where the workspace has none under this id."""
        rows = self.fetch(f"SELECT {SELECTED} FROM evidence_run WHERE workspace_id = %s AND id = %s", [workspace_id, id])  # noqa: S608
        if not rows:
            raise NotFound("evidence run", id)
        return StoredEvidence(*rows[0])

    def find(self, workspace_id: UUID, *, limit: int = 100, after: UUID | None = None) -> list[StoredEvidence]:
        """List the runs without their results, newest first, behind the run `after`; those of suggestions are told with these."""
        query = (f"SELECT {BRIEF} FROM evidence_run WHERE workspace_id = %(workspace)s AND (%(after)s::uuid IS NULL OR id < %(after)s)"  # noqa: S608
                 " AND kind <> 'suggestions' ORDER BY id DESC LIMIT %(limit)s")
        return [StoredEvidence(*row) for row in self.fetch(query, {"workspace": workspace_id, "after": after, "limit": limit})]

    def replays(self, workspace_id: UUID, portfolio_id: UUID, state: str) -> list[StoredEvidence]:
        """List the runs of a portfolio's suggestions in a state of ledger, prices and policy, newest first."""
        query = (f"SELECT {SELECTED} FROM evidence_run WHERE workspace_id = %s AND portfolio_id = %s AND kind = 'suggestions'"  # noqa: S608
                 " AND question->>'state' = %s ORDER BY id DESC")
        return [StoredEvidence(*row) for row in self.fetch(query, [workspace_id, portfolio_id, state])]

    def forget_replays(self, portfolio_id: UUID, state: str) -> int:
        """Delete what suggestions of a portfolio came to in other states; gives how many."""
        query = "DELETE FROM evidence_run WHERE portfolio_id = %s AND kind = 'suggestions' AND status <> 'running' AND question->>'state' <> %s"
        return self.affected(query, [portfolio_id, state])

    def change(self, id: UUID, *, expected: Sequence[str], **values: object) -> bool:  # noqa: A002
        """Change a run that is in one of the expected states; tells whether it was."""
        unknown = values.keys() - CHANGEABLE
        if unknown:
            raise TypeError(f"not fields of an evidence run: {sorted(unknown)}")
        news = ", ".join(f"{name} = %s" for name in values)
        query = f"UPDATE evidence_run SET {news}, version = version + 1, changed_at = clock_timestamp() WHERE id = %s AND status = ANY(%s)"  # noqa: S608
        return self.affected(query, [*(_stored(name, value) for name, value in values.items()), id, list(expected)]) == 1

    def forget(self, workspace_id: UUID, before: datetime) -> int:
        """Delete runs that are older than an instant; gives how many."""
        return self.affected("DELETE FROM evidence_run WHERE workspace_id = %s AND created_at < %s AND status <> 'running'", [workspace_id, before])


def _stored(name: str, value: object) -> object:
    return Jsonb(value) if name in DOCUMENTS and value is not None else value
