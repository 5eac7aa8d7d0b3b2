"""What-ifs under a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.evidence_records import StoredWhatIf
from data.ids import uuid7
from data.repositories.base import Repository, stale
from engine.errors import NotFound

FIELDS: Final = "id, portfolio_id, name, note, draft, version, created_at, changed_at, removed_at IS NOT NULL"


class WhatIfs(Repository):
    """Drafts under a name; each call says whose."""

    def add(self, workspace_id: UUID, owner_id: UUID, values: Mapping[str, Any]) -> StoredWhatIf:
        """Add one: `portfolio_id name note draft`."""
        key = uuid7()
        self.affected("INSERT INTO what_if (id, workspace_id, owner_id, portfolio_id, name, note, draft) VALUES"
                      " (%(id)s, %(workspace_id)s, %(owner_id)s, %(portfolio_id)s, %(name)s, %(note)s, %(draft)s)",
                      {**_sent(values), "id": key, "workspace_id": workspace_id, "owner_id": owner_id})
        return self.get(workspace_id, key)

    def get(self, workspace_id: UUID, id: UUID, *, removed: bool = False) -> StoredWhatIf:  # noqa: A002
        """Give one; `NotFound` where the workspace has none under this id."""
        query = f"SELECT {FIELDS} FROM what_if WHERE workspace_id = %s AND id = %s AND (removed_at IS NOT NULL) = %s"  # noqa: S608
        rows = self.fetch(query, [workspace_id, id, removed])
        if not rows:
            raise NotFound("what-if", id)
        return StoredWhatIf(*rows[0])

    def find(self, workspace_id: UUID) -> list[StoredWhatIf]:
        """List them, oldest first."""
        rows = self.fetch(f"SELECT {FIELDS} FROM what_if WHERE workspace_id = %s AND removed_at IS NULL ORDER BY id", [workspace_id])  # noqa: S608
        return [StoredWhatIf(*row) for row in rows]

    def change(self, workspace_id: UUID, id: UUID, version: int, values: Mapping[str, Any]) -> StoredWhatIf:  # noqa: A002
        """Change `name note draft` of the version that was read; `Conflict` where it is not the newest."""
        self._newest(workspace_id, id, version)
        self.affected("UPDATE what_if SET name = %(name)s, note = %(note)s, draft = %(draft)s, version = version + 1,"
                      " changed_at = clock_timestamp() WHERE id = %(id)s", {**_sent(values), "id": id})
        return self.get(workspace_id, id)

    def remove(self, workspace_id: UUID, id: UUID, version: int) -> StoredWhatIf:  # noqa: A002
        """Take one out of sight."""
        self._newest(workspace_id, id, version)
        self.affected("UPDATE what_if SET removed_at = clock_timestamp(), version = version + 1 WHERE id = %s", [id])
        return self.get(workspace_id, id, removed=True)

    def restore(self, workspace_id: UUID, id: UUID, version: int) -> StoredWhatIf:  # noqa: A002
        """Bring one back in the version in which it was taken out of sight."""
        self._newest(workspace_id, id, version, removed=True)
        self.affected("UPDATE what_if SET removed_at = NULL, version = version + 1, changed_at = clock_timestamp() WHERE id = %s", [id])
        return self.get(workspace_id, id)

    def _newest(self, workspace_id: UUID, id: UUID, version: int, *, removed: bool = False) -> StoredWhatIf:  # noqa: A002
        self.fetch("SELECT 1 FROM what_if WHERE workspace_id = %s AND id = %s FOR UPDATE", [workspace_id, id])
        found = self.get(workspace_id, id, removed=removed)
        if found.version != version:
            raise stale("what_if", expected=version, found=found.version)
        return found


def _sent(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, "draft": Jsonb(values["draft"])}
