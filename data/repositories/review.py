"""What people decided about their ledgers: findings that are no problem, and statements that a ledger was compared with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.ids import uuid7
from data.records import Dismissal, StoredReconciliation
from data.repositories.base import Repository, stale
from engine.errors import NotFound

FIELDS: Final = ("id, portfolio_id, account, date, statement, breaks, settled, version, created_at, changed_at, owner_id")
OWN: Final = "workspace_id = %(workspace)s AND portfolio_id = %(portfolio)s"


class Reviews(Repository):
    """Dismissed findings and reconciliations; each call says whose."""

    def dismissed(self, workspace_id: UUID, portfolio_ids: Sequence[UUID]) -> dict[str, Dismissal]:
        """Give the findings of portfolios that were dismissed, by their ids."""
        rows = self.fetch("SELECT id, portfolio_id, code, message, owner_id, created_at FROM dismissed_check"
                          " WHERE workspace_id = %s AND portfolio_id = ANY(%s)", [workspace_id, list(portfolio_ids)])
        return {row[0]: Dismissal(*row) for row in rows}

    def dismiss(self, workspace_id: UUID, owner_id: UUID, portfolio_id: UUID, id: str, code: str, message: str) -> bool:  # noqa: A002
        """Keep that a finding is no problem; tells whether that is new."""
        values = [workspace_id, id, portfolio_id, owner_id, code, message]
        return bool(self.affected("INSERT INTO dismissed_check (workspace_id, id, portfolio_id, owner_id, code, message)"
                                  " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", values))

    def restore(self, workspace_id: UUID, id: str) -> bool:  # noqa: A002
        """Forget that a finding was dismissed; tells whether it was."""
        return bool(self.affected("DELETE FROM dismissed_check WHERE workspace_id = %s AND id = %s", [workspace_id, id]))

    def add_reconciliation(self, workspace_id: UUID, owner_id: UUID, portfolio_id: UUID, *, account: str | None, day: date,
                           statement: dict[str, Any], breaks: int) -> StoredReconciliation:
        """Keep a statement and how many breaks it has."""
        key = uuid7()
        self.affected("INSERT INTO reconciliation (id, workspace_id, owner_id, portfolio_id, account, date, statement, breaks, settled)"
                      " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '{}')",
                      [key, workspace_id, owner_id, portfolio_id, account, day, Jsonb(statement), breaks])
        return self.reconciliation(workspace_id, portfolio_id, key)

    def reconciliation(self, workspace_id: UUID, portfolio_id: UUID, id: UUID) -> StoredReconciliation:  # noqa: A002
        """Give a statement; `NotFound` where the portfolio has none under this id."""
        rows = self.fetch(f"SELECT {FIELDS} FROM reconciliation WHERE {OWN} AND id = %(id)s",  # noqa: S608
                          {"workspace": workspace_id, "portfolio": portfolio_id, "id": id})
        if not rows:
            raise NotFound("reconciliation", id)
        return StoredReconciliation(*rows[0])

    def reconciliations(self, workspace_id: UUID, portfolio_id: UUID, limit: int = 100) -> list[StoredReconciliation]:
        """List the statements of a portfolio, those of the latest dates first."""
        rows = self.fetch(f"SELECT {FIELDS} FROM reconciliation WHERE {OWN} ORDER BY date DESC, created_at DESC LIMIT %(limit)s",  # noqa: S608
                          {"workspace": workspace_id, "portfolio": portfolio_id, "limit": limit})
        return [StoredReconciliation(*row) for row in rows]

    def settle(self, stored: StoredReconciliation, *, breaks: int, settled: dict[str, Any]) -> StoredReconciliation:
        """Keep what a comparison came to; `Conflict` where another was faster."""
        touched = self.affected("UPDATE reconciliation SET breaks = %s, settled = %s, version = version + 1, changed_at = clock_timestamp()"
                                " WHERE id = %s AND version = %s", [breaks, Jsonb(settled), stored.id, stored.version])
        rows = self.fetch(f"SELECT {FIELDS} FROM reconciliation WHERE id = %s", [stored.id])  # noqa: S608
        if not touched:
            raise stale("reconciliation", expected=stored.version, found=StoredReconciliation(*rows[0]).version)
        return StoredReconciliation(*rows[0])

    def forget_reconciliation(self, workspace_id: UUID, portfolio_id: UUID, id: UUID) -> None:  # noqa: A002
        """Delete a statement; the transactions that came of it stay."""
        self.affected(f"DELETE FROM reconciliation WHERE {OWN} AND id = %(id)s",  # noqa: S608
                      {"workspace": workspace_id, "portfolio": portfolio_id, "id": id})
