"""Endpoints: where people have their own prices read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from data import models
from data.endpoint_records import Reading, StoredEndpoint
from data.ids import uuid7
from data.repositories.base import Repository, stale
from engine.errors import Conflict, NotFound

TABLE: Final = models.Endpoint.metadata.tables[models.Endpoint.__tablename__]
COLUMNS: Final = [TABLE.c[name] for name in ("id", "workspace_id", "owner_id", "name", "url", "reading", "version", "created_at", "changed_at")]


class Endpoints(Repository):
    """The endpoints of every workspace; each call says whose."""

    def find(self, workspace_id: UUID) -> list[StoredEndpoint]:
        """List the endpoints of a workspace by name."""
        return [_endpoint(row) for row in self.execute(sa.select(*COLUMNS).where(TABLE.c.workspace_id == workspace_id).order_by(TABLE.c.name))]

    def get(self, workspace_id: UUID, id: UUID) -> StoredEndpoint:  # noqa: A002
        """Give an endpoint; `NotFound` where the workspace has none under this id."""
        row = self.execute(sa.select(*COLUMNS).where(TABLE.c.workspace_id == workspace_id, TABLE.c.id == id)).one_or_none()
        if row is None:
            raise NotFound("endpoint", id)
        return _endpoint(row)

    def by_name(self, workspace_id: UUID, name: str) -> StoredEndpoint | None:
        """Give an endpoint by its name; None where the workspace has none."""
        row = self.execute(sa.select(*COLUMNS).where(TABLE.c.workspace_id == workspace_id, TABLE.c.name == name)).one_or_none()
        return None if row is None else _endpoint(row)

    def add(self, workspace_id: UUID, owner_id: UUID, *, name: str, url: str, reading: Reading) -> StoredEndpoint:
        """Add an endpoint; `Conflict` where the name is taken."""
        if self.by_name(workspace_id, name) is not None:
            raise _taken(name)
        values = {"id": uuid7(), "workspace_id": workspace_id, "owner_id": owner_id, "name": name, "url": url, "reading": asdict(reading)}
        return _endpoint(self.execute(sa.insert(TABLE).values(values).returning(*COLUMNS)).one())

    def change(self, workspace_id: UUID, id: UUID, version: int, values: Mapping[str, Any]) -> StoredEndpoint:  # noqa: A002
        """Change name, URL or reading; `Conflict` where `version` is not the newest or the name is taken."""
        other = self.by_name(workspace_id, values["name"]) if "name" in values else None
        if other is not None and other.id != id:
            raise _taken(values["name"])
        told = {key: asdict(value) if isinstance(value, Reading) else value for key, value in values.items()}
        newer = {**told, "version": TABLE.c.version + 1, "changed_at": sa.func.clock_timestamp()}
        row = self.execute(sa.update(TABLE).where(*_this(workspace_id, id, version)).values(newer).returning(*COLUMNS)).one_or_none()
        if row is None:
            raise stale("endpoint", expected=version, found=self.get(workspace_id, id).version)
        return _endpoint(row)

    def remove(self, workspace_id: UUID, id: UUID, version: int | None = None) -> StoredEndpoint:  # noqa: A002
        """Delete an endpoint, in this version where one is given; gives what it was."""
        was = self.get(workspace_id, id)
        if not self.execute(sa.delete(TABLE).where(*_this(workspace_id, id, was.version if version is None else version))).rowcount:
            raise stale("endpoint", expected=version, found=was.version)
        return was


def _this(workspace_id: UUID, id: UUID, version: int) -> list[sa.ColumnElement[bool]]:  # noqa: A002
    return [TABLE.c.workspace_id == workspace_id, TABLE.c.id == id, TABLE.c.version == version]


def _taken(name: str) -> Conflict:
    return Conflict(f"There is an endpoint {name} already.", field="name", value=name, hint="Choose another name, or change that one")


def _endpoint(row: sa.Row[Any]) -> StoredEndpoint:
    told = row._asdict()
    return StoredEndpoint(**{**told, "reading": Reading(**told["reading"])})
