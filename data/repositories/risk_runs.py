"""Firm-wide runs: what was asked, how far they are, and the figures of each portfolio."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.repositories.base import Repository
from data.risk_records import RiskRun, RiskRunRow
from engine.errors import NotFound

FIELDS: Final = ("id", "workspace_id", "owner_id", "status", "question", "progress", "place", "problem", "version", "created_at", "changed_at",
                 "finished_at")
SELECTED: Final = ", ".join(FIELDS)
DOCUMENTS: Final = frozenset({"question", "progress", "problem"})
CHANGEABLE: Final = frozenset({"status", "progress", "place", "problem", "finished_at"})


class RiskRuns(Repository):
    """Firm-wide runs of every workspace; each call says whose."""

    def add(self, run: RiskRun) -> None:
        """Write down that a run has begun."""
        marks = ", ".join(["%s"] * len(FIELDS))
        self.affected(f"INSERT INTO risk_run ({SELECTED}) VALUES ({marks})", [_stored(name, getattr(run, name)) for name in FIELDS])  # noqa: S608

    def get(self, workspace_id: UUID, id: UUID) -> RiskRun:  # noqa: A002
        """Give a run; `NotFound` where the workspace has none under this id."""
        rows = self.fetch(f"SELECT {SELECTED} FROM risk_run WHERE workspace_id = %s AND id = %s", [workspace_id, id])  # noqa: S608
        if not rows:
            raise NotFound("risk run", id)
        return RiskRun(*rows[0])

    def find(self, workspace_id: UUID, *, limit: int = 100, after: UUID | None = None) -> list[RiskRun]:
        """List the runs, newest first, behind the run `after`."""
        query = (f"SELECT {SELECTED} FROM risk_run WHERE workspace_id = %(workspace)s AND (%(after)s::uuid IS NULL OR id < %(after)s)"  # noqa: S608
                 " ORDER BY id DESC LIMIT %(limit)s")
        return [RiskRun(*row) for row in self.fetch(query, {"workspace": workspace_id, "after": after, "limit": limit})]

    def change(self, id: UUID, *, expected: Sequence[str], **values: object) -> bool:  # noqa: A002
        """Change a run that is in one of the expected states; tells whether it was."""
        unknown = values.keys() - CHANGEABLE
        if unknown:
            raise TypeError(f"not fields of a risk run: {sorted(unknown)}")
        news = ", ".join(f"{name} = %s" for name in values)
        query = f"UPDATE risk_run SET {news}, version = version + 1, changed_at = clock_timestamp() WHERE id = %s AND status = ANY(%s)"  # noqa: S608
        return self.affected(query, [*(_stored(name, value) for name, value in values.items()), id, list(expected)]) == 1

    def forget(self, workspace_id: UUID, before: datetime) -> int:
        """Delete runs that are older than an instant, with their rows; gives how many."""
        return self.affected("DELETE FROM risk_run WHERE workspace_id = %s AND created_at < %s AND status <> 'running'", [workspace_id, before])

    def add_rows(self, run_id: UUID, rows: Iterable[RiskRunRow]) -> None:
        """Keep the figures of some portfolios."""
        query = "COPY risk_run_row (run_id, number, portfolio_id, name, told, figures, findings) FROM STDIN"
        with self.cursor() as cursor, cursor.copy(query) as copy:
            for row in rows:
                copy.write_row((run_id, row.number, row.portfolio_id, row.name, *map(_document, (row.told, row.figures, row.findings))))

    def count(self, run_id: UUID) -> int:
        """Tell of how many portfolios a run has figures."""
        return int(self.fetch("SELECT count(*) FROM risk_run_row WHERE run_id = %s", [run_id])[0][0])

    def rows(self, run_id: UUID, *, limit: int = 1000, after: int | None = None) -> list[RiskRunRow]:
        """List the portfolios of a run with their figures, in the run's order, behind the row `after`."""
        query = ("SELECT number, portfolio_id, name, told, figures, findings FROM risk_run_row WHERE run_id = %(run)s AND number > %(after)s"
                 " ORDER BY number LIMIT %(limit)s")
        return [RiskRunRow(*row) for row in self.fetch(query, {"run": run_id, "after": -1 if after is None else after, "limit": limit})]


def _stored(name: str, value: object) -> object:
    return Jsonb(value) if name in DOCUMENTS and value is not None else value


def _document(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
