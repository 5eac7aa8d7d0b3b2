"""The audit trail as it is read: filtered, page by page, with the names of those who acted and what was taken back since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from data.records import AuditEntry
from data.repositories.base import Repository
from engine.errors import NotFound

FIELDS: Final = "id, workspace_id, actor_id, action, entity, entity_id, before, after, request_id, created_at"
FILTERS: Final = (
    "workspace_id = %(workspace)s AND (%(entity)s::text IS NULL OR entity = %(entity)s)"
    " AND (%(actor)s::uuid IS NULL OR actor_id = %(actor)s) AND (%(action)s::text IS NULL OR action = %(action)s)"
    " AND created_at >= coalesce(%(start)s, '-infinity'::timestamptz) AND created_at < coalesce(%(end)s, 'infinity'::timestamptz)"
    " AND (%(entity_id)s::text IS NULL OR entity_id = %(entity_id)s OR after->'ids' ? %(entity_id)s::text OR after->'moved' ? %(entity_id)s::text)"
    " AND (%(portfolio)s::text IS NULL OR (entity = 'portfolio' AND entity_id = %(portfolio)s) OR after->>'portfolio' = %(portfolio)s"
    " OR after->>'portfolio_id' = %(portfolio)s OR before->>'portfolio_id' = %(portfolio)s)"
)  # fmt: skip


class Trail(Repository):
    """What was done in a workspace, newest first."""

    def find(self, workspace_id: UUID, *, entity: str | None = None, entity_id: str | None = None, actor: UUID | None = None,  # noqa: PLR0913
             action: str | None = None, portfolio: str | None = None, start: datetime | None = None, end: datetime | None = None,
             after: UUID | None = None, limit: int = 50) -> list[AuditEntry]:
        """List entries that fit, at most `limit` behind the one with id `after`."""
        asked: dict[str, Any] = {"workspace": workspace_id, "entity": entity, "entity_id": entity_id, "actor": actor, "action": action,
                                 "portfolio": portfolio, "start": start, "end": end, "after": after, "limit": limit}
        behind = " AND (created_at, id) < (SELECT created_at, id FROM audit_entry WHERE id = %(after)s AND workspace_id = %(workspace)s)"
        page = behind if after else ""
        query = f"SELECT {FIELDS} FROM audit_entry WHERE {FILTERS}{page} ORDER BY created_at DESC, id DESC LIMIT %(limit)s"  # noqa: S608
        return [AuditEntry(*row) for row in self.fetch(query, asked)]

    def get(self, workspace_id: UUID, id: UUID) -> AuditEntry:  # noqa: A002
        """Give an entry; `NotFound` where the workspace has none under this id."""
        rows = self.fetch(f"SELECT {FIELDS} FROM audit_entry WHERE workspace_id = %s AND id = %s", [workspace_id, id])  # noqa: S608
        if not rows:
            raise NotFound("audit entry", id)
        return AuditEntry(*rows[0])

    def names(self, workspace_id: UUID) -> dict[UUID, str]:
        """Name everybody who may act in a workspace, by id."""
        return dict(self.fetch("SELECT id, name FROM app_user WHERE workspace_id = %s", [workspace_id]))

    def undone_by(self, workspace_id: UUID, ids: Sequence[UUID]) -> dict[str, UUID]:
        """Tell which entries were taken back by which later one."""
        rows = self.fetch("SELECT after->>'undoes', id FROM audit_entry WHERE workspace_id = %s AND after->>'undoes' = ANY(%s)"
                          " ORDER BY created_at, id", [workspace_id, [str(each) for each in ids]])
        return dict(rows)

    def versions(self, ids: Sequence[UUID]) -> dict[str, tuple[int, bool]]:
        """Tell the newest version of transactions and whether it is voided, by the text of their ids."""
        rows = self.fetch("SELECT DISTINCT ON (id) id::text, version, voided FROM ledger_entry WHERE id = ANY(%s) ORDER BY id, version DESC",
                          [list(ids)])
        return {key: (version, voided) for key, version, voided in rows}
