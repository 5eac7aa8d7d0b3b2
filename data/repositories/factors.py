"""Files of factor returns that people brought."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from data.factor_models import FactorFile
from data.factor_records import StoredFactors
from data.ids import uuid7
from data.repositories.base import Repository, stale
from engine.errors import Conflict, NotFound

TABLE: Final = FactorFile.metadata.tables[FactorFile.__tablename__]
COLUMNS: Final = [TABLE.c[name] for name in ("id", "workspace_id", "name", "unit", "content", "version", "created_at")]
SEEN: Final = TABLE.c.removed_at.is_(None)


class Factors(Repository):
    """The factor files of every workspace; each call says whose."""

    def find(self, workspace_id: UUID) -> list[StoredFactors]:
        """List those of a workspace by name."""
        return [_stored(row) for row in self.execute(sa.select(*COLUMNS).where(TABLE.c.workspace_id == workspace_id, SEEN).order_by(TABLE.c.name))]

    def versions(self, workspace_id: UUID) -> dict[UUID, int]:
        """Tell which version of each is in sight."""
        return {row.id: row.version for row in self.execute(sa.select(TABLE.c.id, TABLE.c.version).where(TABLE.c.workspace_id == workspace_id, SEEN))}

    def get(self, workspace_id: UUID, id: UUID) -> StoredFactors:  # noqa: A002
        """Give one; `NotFound` where the workspace has none under this id."""
        row = self.execute(sa.select(*COLUMNS).where(TABLE.c.workspace_id == workspace_id, TABLE.c.id == id, SEEN)).one_or_none()
        if row is None:
            raise NotFound("factor set", id)
        return _stored(row)

    def add(self, workspace_id: UUID, owner_id: UUID, *, name: str, unit: str | None, content: str) -> StoredFactors:
        """Add one; `Conflict` where the name is taken."""
        self._check_free(workspace_id, name)
        values = {"id": uuid7(), "workspace_id": workspace_id, "owner_id": owner_id, "name": name, "unit": unit, "content": content}
        return _stored(self.execute(sa.insert(TABLE).values(values).returning(*COLUMNS)).one())

    def remove(self, workspace_id: UUID, id: UUID, version: int | None = None) -> StoredFactors:  # noqa: A002
        """Take one out of sight, in this version where one is given; gives what it was."""
        was = self.get(workspace_id, id)
        if version is not None and version != was.version:
            raise stale("factor set", expected=version, found=was.version)
        self._sight(workspace_id, id, sa.func.clock_timestamp())
        return was

    def restore(self, workspace_id: UUID, id: UUID) -> StoredFactors:  # noqa: A002
        """Bring one back into sight; `Conflict` where its name was taken since."""
        row = self.execute(sa.select(*COLUMNS).where(TABLE.c.workspace_id == workspace_id, TABLE.c.id == id)).one_or_none()
        if row is None:
            raise NotFound("factor set", id)
        self._check_free(workspace_id, row.name)
        self._sight(workspace_id, id, None)
        return self.get(workspace_id, id)

    def _sight(self, workspace_id: UUID, id: UUID, moment: Any) -> None:  # noqa: A002, ANN401
        newer = {"removed_at": moment, "version": TABLE.c.version + 1, "changed_at": sa.func.clock_timestamp()}
        self.execute(sa.update(TABLE).where(TABLE.c.workspace_id == workspace_id, TABLE.c.id == id).values(newer))

    def _check_free(self, workspace_id: UUID, name: str) -> None:
        taken = self.execute(sa.select(TABLE.c.id).where(TABLE.c.workspace_id == workspace_id, TABLE.c.name == name, SEEN)).one_or_none()
        if taken is not None:
            raise Conflict(f"There is a factor set {name} already.", field="name", value=name, hint="Choose another name, or delete that one")


def _stored(row: sa.Row[Any]) -> StoredFactors:
    return StoredFactors(**row._asdict())
