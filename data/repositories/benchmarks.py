"""Blends that portfolios are measured against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from data.ids import uuid7
from data.records import StoredBlend, StoredComponent
from data.repositories.base import Repository, stale
from engine.errors import Conflict, NotFound

FIELDS: Final = "id, name, rebalancing, version, created_at, changed_at, removed_at IS NOT NULL"


class Benchmarks(Repository):
    """Blends with their components; each call says whose."""

    def add(self, workspace_id: UUID, owner_id: UUID, name: str, rebalancing: str, components: Sequence[StoredComponent]) -> StoredBlend:
        """Add a blend; `Conflict` where the name is taken."""
        self._check_name(workspace_id, name, None)
        key = uuid7()
        self.affected("INSERT INTO benchmark (id, workspace_id, owner_id, name, rebalancing) VALUES (%s, %s, %s, %s, %s)",
                      [key, workspace_id, owner_id, name, rebalancing])
        self._put(key, components)
        return self.get(workspace_id, key)

    def get(self, workspace_id: UUID, id: UUID, *, removed: bool = False) -> StoredBlend:  # noqa: A002
        """Give a blend; `NotFound` where the workspace has none under this id."""
        query = f"SELECT {FIELDS} FROM benchmark WHERE workspace_id = %s AND id = %s AND (removed_at IS NOT NULL) = %s"  # noqa: S608
        found = self._read(query, [workspace_id, id, removed])
        if not found:
            raise NotFound("benchmark", id)
        return found[0]

    def find(self, workspace_id: UUID) -> list[StoredBlend]:
        """List them by name."""
        return self._read(f"SELECT {FIELDS} FROM benchmark WHERE workspace_id = %s AND removed_at IS NULL ORDER BY lower(name)", [workspace_id])  # noqa: S608

    def named(self, workspace_id: UUID, name: str) -> StoredBlend | None:
        """Give the blend of a name, in capitals or not."""
        query = f"SELECT {FIELDS} FROM benchmark WHERE workspace_id = %s AND lower(name) = lower(%s) AND removed_at IS NULL"  # noqa: S608
        return next(iter(self._read(query, [workspace_id, name])), None)

    def change(self, workspace_id: UUID, id: UUID, version: int, name: str, rebalancing: str,  # noqa: A002
               components: Sequence[StoredComponent]) -> StoredBlend:
        """Replace the version that was read; `Conflict` where it is not the newest, or the name is taken."""
        self._newest(workspace_id, id, version)
        self._check_name(workspace_id, name, id)
        self.affected("UPDATE benchmark SET name = %s, rebalancing = %s, version = version + 1, changed_at = clock_timestamp() WHERE id = %s",
                      [name, rebalancing, id])
        self.affected("DELETE FROM benchmark_component WHERE benchmark_id = %s", [id])
        self._put(id, components)
        return self.get(workspace_id, id)

    def remove(self, workspace_id: UUID, id: UUID, version: int) -> StoredBlend:  # noqa: A002
        """Take a blend out of sight."""
        self._newest(workspace_id, id, version)
        self.affected("UPDATE benchmark SET removed_at = clock_timestamp(), version = version + 1 WHERE id = %s", [id])
        return self.get(workspace_id, id, removed=True)

    def restore(self, workspace_id: UUID, id: UUID) -> StoredBlend:  # noqa: A002
        """Bring a blend back that was taken out of sight; `Conflict` where its name is taken since."""
        found = self.get(workspace_id, id, removed=True)
        self._check_name(workspace_id, found.name, id)
        self.affected("UPDATE benchmark SET removed_at = NULL, version = version + 1, changed_at = clock_timestamp() WHERE id = %s", [id])
        return self.get(workspace_id, id)

    def _put(self, key: UUID, components: Sequence[StoredComponent]) -> None:
        for place, each in enumerate(components):
            self.affected("INSERT INTO benchmark_component (benchmark_id, place, kind, instrument_id, weight, plus, hedged)"
                          " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                          [key, place, each.kind, each.instrument_id, each.weight, each.plus, each.hedged])

    def _read(self, query: str, arguments: list[object]) -> list[StoredBlend]:
        rows = self.fetch(query, arguments)
        parts: dict[UUID, list[StoredComponent]] = {row[0]: [] for row in rows}
        for key, *row in self.fetch("SELECT benchmark_id, kind, instrument_id, weight, plus, hedged FROM benchmark_component"
                                    " WHERE benchmark_id = ANY(%s) ORDER BY benchmark_id, place", [list(parts)]):
            parts[key].append(StoredComponent(*row))
        return [StoredBlend(key, name, rule, tuple(parts[key]), *rest) for key, name, rule, *rest in rows]

    def _check_name(self, workspace_id: UUID, name: str, id: UUID | None) -> None:  # noqa: A002
        found = self.named(workspace_id, name)
        if found is not None and found.id != id:
            raise Conflict(f"There is a benchmark {found.name} already.", name=found.name, id=str(found.id), hint="Choose another name",
                           rule="name_taken")

    def _newest(self, workspace_id: UUID, id: UUID, version: int) -> None:  # noqa: A002
        self.fetch("SELECT 1 FROM benchmark WHERE workspace_id = %s AND id = %s FOR UPDATE", [workspace_id, id])
        found = self.get(workspace_id, id)
        if found.version != version:
            raise stale("benchmark", expected=version, found=found.version)
