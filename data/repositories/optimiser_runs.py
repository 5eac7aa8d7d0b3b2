"""Runs of optimisers: what was asked, how far they are, and what came out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.advice_records import OptimiserRun
from data.repositories.base import Repository
from engine.errors import NotFound

FIELDS: Final = "id, portfolio_id, status, question, progress, result, problem, version, created_at, changed_at, finished_at"
CHANGEABLE: Final = frozenset({"status", "progress", "result", "problem", "finished_at"})
DOCUMENTS: Final = frozenset({"progress", "result", "problem"})


class OptimiserRuns(Repository):
    """Runs of every workspace; each call says whose."""

    def add(self, workspace_id: UUID, owner_id: UUID, id: UUID, portfolio_id: UUID, *, question: dict[str, Any],  # noqa: A002
            progress: dict[str, Any]) -> None:
        """Write down that a run has begun."""
        self.affected("INSERT INTO optimiser_run (id, workspace_id, owner_id, portfolio_id, status, question, progress)"
                      " VALUES (%s, %s, %s, %s, 'running', %s, %s)", [id, workspace_id, owner_id, portfolio_id, Jsonb(question), Jsonb(progress)])

    def get(self, workspace_id: UUID, portfolio_id: UUID, id: UUID) -> OptimiserRun:  # noqa: A002
        """Give a run; `NotFound` where the portfolio has none under this id."""
        query = f"SELECT {FIELDS} FROM optimiser_run WHERE workspace_id = %s AND portfolio_id = %s AND id = %s"  # noqa: S608
        rows = self.fetch(query, [workspace_id, portfolio_id, id])
        if not rows:
            raise NotFound("optimiser run", id)
        return OptimiserRun(*rows[0])

    def find(self, workspace_id: UUID, portfolio_id: UUID, *, limit: int = 100, after: UUID | None = None) -> list[OptimiserRun]:
        """List the runs, newest first, behind the run `after`."""
        asked = {"workspace": workspace_id, "portfolio": portfolio_id, "after": after, "limit": limit}
        query = (f"SELECT {FIELDS} FROM optimiser_run WHERE workspace_id = %(workspace)s AND portfolio_id = %(portfolio)s"  # noqa: S608
                 " AND (%(after)s::uuid IS NULL OR id < %(after)s) ORDER BY id DESC LIMIT %(limit)s")
        return [OptimiserRun(*row) for row in self.fetch(query, asked)]

    def change(self, id: UUID, **values: object) -> bool:  # noqa: A002
        """Change a run that is at work; tells whether it was."""
        unknown = values.keys() - CHANGEABLE
        if unknown:
            raise TypeError(f"not fields of a run: {sorted(unknown)}")
        news = ", ".join(f"{name} = %s" for name in values)
        query = f"UPDATE optimiser_run SET {news}, version = version + 1, changed_at = clock_timestamp() WHERE id = %s AND status = 'running'"  # noqa: S608
        sent = [Jsonb(value) if name in DOCUMENTS and value is not None else value for name, value in values.items()]
        return self.affected(query, [*sent, id]) == 1

    def forget(self, workspace_id: UUID, before: datetime) -> int:
        """Delete runs that are older than an instant; gives how many."""
        return self.affected("DELETE FROM optimiser_run WHERE workspace_id = %s AND created_at < %s AND status <> 'running'", [workspace_id, before])
