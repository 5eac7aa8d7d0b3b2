"""Watchlists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from data.ids import uuid7
from data.records import StoredWatchlist
from data.repositories.base import Repository, stale
from engine.errors import NotFound

FIELDS: Final = "id, name, instruments, version, created_at, changed_at, removed_at IS NOT NULL"


class Watchlists(Repository):
    """Lists of instruments; each call says whose."""

    def add(self, workspace_id: UUID, owner_id: UUID, name: str, instruments: Sequence[UUID]) -> StoredWatchlist:
        """Add a list."""
        key = uuid7()
        self.affected("INSERT INTO watchlist (id, workspace_id, owner_id, name, instruments) VALUES (%s, %s, %s, %s, %s)",
                      [key, workspace_id, owner_id, name, list(instruments)])
        return self.get(workspace_id, key)

    def get(self, workspace_id: UUID, id: UUID, *, removed: bool = False) -> StoredWatchlist:  # noqa: A002
        """Give a list; `NotFound` where the workspace has none under this id."""
        query = f"SELECT {FIELDS} FROM watchlist WHERE workspace_id = %s AND id = %s AND (removed_at IS NOT NULL) = %s"  # noqa: S608
        rows = self.fetch(query, [workspace_id, id, removed])
        if not rows:
            raise NotFound("watchlist", id)
        return StoredWatchlist(*rows[0])

    def find(self, workspace_id: UUID) -> list[StoredWatchlist]:
        """List them, oldest first."""
        rows = self.fetch(f"SELECT {FIELDS} FROM watchlist WHERE workspace_id = %s AND removed_at IS NULL ORDER BY id", [workspace_id])  # noqa: S608
        return [StoredWatchlist(*row) for row in rows]

    def change(self, workspace_id: UUID, id: UUID, version: int, values: Mapping[str, Any]) -> StoredWatchlist:  # noqa: A002
        """Change name or instruments of the version that was read; `Conflict` where it is not the newest."""
        before = self._newest(workspace_id, id, version)
        told = {"name": before.name, "instruments": before.instruments, **values}
        self.affected("UPDATE watchlist SET name = %(name)s, instruments = %(instruments)s, version = version + 1, changed_at = clock_timestamp()"
                      " WHERE id = %(id)s", {"id": id, "name": told["name"], "instruments": list(told["instruments"])})
        return self.get(workspace_id, id)

    def remove(self, workspace_id: UUID, id: UUID, version: int) -> StoredWatchlist:  # noqa: A002
        """Take a list out of sight."""
        self._newest(workspace_id, id, version)
        self.affected("UPDATE watchlist SET removed_at = clock_timestamp(), version = version + 1 WHERE id = %s", [id])
        return self.get(workspace_id, id, removed=True)

    def restore(self, workspace_id: UUID, id: UUID) -> StoredWatchlist:  # noqa: A002
        """Bring a list back that was taken out of sight."""
        self.get(workspace_id, id, removed=True)
        self.affected("UPDATE watchlist SET removed_at = NULL, version = version + 1, changed_at = clock_timestamp() WHERE id = %s", [id])
        return self.get(workspace_id, id)

    def _newest(self, workspace_id: UUID, id: UUID, version: int) -> StoredWatchlist:  # noqa: A002
        self.fetch("SELECT 1 FROM watchlist WHERE workspace_id = %s AND id = %s FOR UPDATE", [workspace_id, id])
        found = self.get(workspace_id, id)
        if found.version != version:
            raise stale("watchlist", expected=version, found=found.version)
        return found
