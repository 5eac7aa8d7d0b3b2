"""Proposals: drafts of transactions that wait for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.advice_records import StoredProposal
from data.ids import uuid7
from data.repositories.base import Repository, stale
from engine.errors import NotFound

FIELDS: Final = "id, portfolio_id, status, source, note, lines, effect, revision, version, created_at, changed_at"


class Proposals(Repository):
    """Proposals for portfolios; each call says whose."""

    def add(self, workspace_id: UUID, owner_id: UUID, portfolio_id: UUID, values: Mapping[str, Any]) -> StoredProposal:
        """Add a proposal: `source note lines effect revision`."""
        key = uuid7()
        self.affected("INSERT INTO proposal (id, workspace_id, owner_id, portfolio_id, status, source, note, lines, effect, revision)"
                      " VALUES (%(id)s, %(workspace_id)s, %(owner_id)s, %(portfolio_id)s, 'open', %(source)s, %(note)s, %(lines)s,"
                      " %(effect)s, %(revision)s)",
                      {**values, "lines": Jsonb(values["lines"]), "effect": Jsonb(values["effect"]), "id": key, "workspace_id": workspace_id,
                       "owner_id": owner_id, "portfolio_id": portfolio_id})
        return self.get(workspace_id, portfolio_id, key)

    def get(self, workspace_id: UUID, portfolio_id: UUID, id: UUID) -> StoredProposal:  # noqa: A002
        """Give a proposal; `NotFound` where the portfolio has none under this id."""
        query = f"SELECT {FIELDS} FROM proposal WHERE workspace_id = %s AND portfolio_id = %s AND id = %s"  # noqa: S608
        rows = self.fetch(query, [workspace_id, portfolio_id, id])
        if not rows:
            raise NotFound("proposal", id)
        return StoredProposal(*rows[0])

    def find(self, workspace_id: UUID, portfolio_id: UUID, *, limit: int = 100, after: UUID | None = None) -> list[StoredProposal]:
        """List them, newest first, behind the proposal `after`."""
        asked = {"workspace": workspace_id, "portfolio": portfolio_id, "after": after, "limit": limit}
        query = (f"SELECT {FIELDS} FROM proposal WHERE workspace_id = %(workspace)s AND portfolio_id = %(portfolio)s"  # noqa: S608
                 " AND (%(after)s::uuid IS NULL OR id < %(after)s) ORDER BY id DESC LIMIT %(limit)s")
        return [StoredProposal(*row) for row in self.fetch(query, asked)]

    def change(self, workspace_id: UUID, portfolio_id: UUID, id: UUID, version: int, *, status: str,  # noqa: A002
               lines: list[dict[str, Any]]) -> StoredProposal:
        """Change the version that was read; `Conflict` where it is not the newest."""
        self.fetch("SELECT 1 FROM proposal WHERE workspace_id = %s AND id = %s FOR UPDATE", [workspace_id, id])
        found = self.get(workspace_id, portfolio_id, id)
        if found.version != version:
            raise stale("proposal", expected=version, found=found.version)
        self.affected("UPDATE proposal SET status = %s, lines = %s, version = version + 1, changed_at = clock_timestamp() WHERE id = %s",
                      [status, Jsonb(lines), id])
        return self.get(workspace_id, portfolio_id, id)
