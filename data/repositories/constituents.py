"""What funds hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.constituent_records import StoredConstituents
from data.repositories.base import Repository, stale
from engine.errors import NotFound

FIELDS: Final = "instrument_id, version, as_of, source, parts, recorded_at"


class Constituents(Repository):
    """Lists of what instruments hold, in all their versions; each call says whose."""

    def versions(self, workspace_id: UUID) -> dict[UUID, int]:
        """Tell of which instruments it is told what they hold, and in which version."""
        newest = ("SELECT DISTINCT ON (instrument_id) instrument_id, version, jsonb_array_length(parts) FROM constituent_list"
                  " WHERE workspace_id = %s ORDER BY instrument_id, version DESC")
        return {key: version for key, version, count in self.fetch(newest, [workspace_id]) if count}

    def get(self, workspace_id: UUID, instrument_id: UUID) -> StoredConstituents:
        """Give the newest list of an instrument; `NotFound` where nothing is told, or nothing any more."""
        found = self.newest(workspace_id, instrument_id)
        if found is None or not found.parts:
            raise NotFound("constituents", instrument_id)
        return found

    def newest(self, workspace_id: UUID, instrument_id: UUID) -> StoredConstituents | None:
        """Give the newest version, be it empty; None where there never was one."""
        query = f"SELECT {FIELDS} FROM constituent_list WHERE workspace_id = %s AND instrument_id = %s ORDER BY version DESC LIMIT 1"  # noqa: S608
        return next((StoredConstituents(*row) for row in self.fetch(query, [workspace_id, instrument_id])), None)

    def at(self, workspace_id: UUID, instrument_id: UUID, version: int) -> StoredConstituents:
        """Give one version; `NotFound` where there is none."""
        query = f"SELECT {FIELDS} FROM constituent_list WHERE workspace_id = %s AND instrument_id = %s AND version = %s"  # noqa: S608
        found = self.fetch(query, [workspace_id, instrument_id, version])
        if not found:
            raise NotFound("constituents", f"{instrument_id} version {version}")
        return StoredConstituents(*found[0])

    def read(self, keys: Collection[tuple[UUID, int]]) -> list[StoredConstituents]:
        """Give lists by instrument and version."""
        query = (f"SELECT {FIELDS} FROM constituent_list JOIN unnest(%s::uuid[], %s::int[]) wanted(key, number)"  # noqa: S608
                 " ON instrument_id = key AND version = number")
        return [StoredConstituents(*row) for row in self.fetch(query, [[key for key, _ in keys], [number for _, number in keys]])]

    def put(self, workspace_id: UUID, recorded_by: UUID, instrument_id: UUID, parts: Sequence[dict[str, Any]], *,
            as_of: date | None = None, source: str | None = None, version: int | None = None) -> StoredConstituents:
        """Add a version; `Conflict` where `version` is given and is not the newest.

        Nobody else puts a list of this workspace until the transaction ends: two at once could each close half of a ring.
        """
        self.fetch("SELECT 1 FROM workspace WHERE id = %s FOR NO KEY UPDATE", [workspace_id])
        before = self.newest(workspace_id, instrument_id)
        number = before.version if before else 0
        if version not in {None, number}:
            raise stale("list of constituents", expected=version, found=number)
        self.affected("INSERT INTO constituent_list (instrument_id, version, workspace_id, recorded_by, as_of, source, parts)"
                      " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                      [instrument_id, number + 1, workspace_id, recorded_by, as_of, source, Jsonb(list(parts))])
        return self.at(workspace_id, instrument_id, number + 1)
