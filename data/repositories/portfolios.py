"""Portfolios: transactions with a base currency, and the accounts within."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from data import models
from data.ids import uuid7
from data.repositories.base import Repository, stale
from engine.errors import NotFound
from engine.types import CostMethod, Portfolio

TABLE: Final = models.Portfolio.metadata.tables[models.Portfolio.__tablename__]
FIELDS: Final = ("id", "workspace_id", "owner_id", "name", "base_currency", "cost_method", "benchmark", "version", "revision", "created_at", "demo",
                 "oversell", "negative_cash", "providers")
COLUMNS: Final = [TABLE.c[name] for name in FIELDS]
SELECTED: Final = ", ".join(FIELDS)
CHANGEABLE: Final = frozenset({"name", "base_currency", "cost_method", "benchmark", "oversell", "negative_cash", "providers"})


class Portfolios(Repository):
    """The portfolios of every workspace; each call says whose."""

    def add(self, workspace_id: UUID, owner_id: UUID, *, name: str, base_currency: str, cost_method: CostMethod | str = CostMethod.FIFO,  # noqa: PLR0913
            benchmark: str | None = None, id: UUID | None = None, demo: bool = False, oversell: str = "short",  # noqa: A002
            negative_cash: str = "allow", providers: Sequence[str] = ()) -> Portfolio:
        """Add a portfolio, under an id of the caller's where given."""
        values: dict[str, object] = {
            "id": id or uuid7(), "workspace_id": workspace_id, "owner_id": owner_id, "name": name, "base_currency": base_currency,
            "cost_method": str(CostMethod(cost_method)), "benchmark": benchmark, "demo": demo, "oversell": oversell, "negative_cash": negative_cash,
            "providers": list(providers),
        }
        return _portfolio(self.execute(sa.insert(TABLE).values(values).returning(*COLUMNS)).one())

    def get(self, workspace_id: UUID, id: UUID) -> Portfolio:  # noqa: A002
        """Give a portfolio; `NotFound` where the workspace has none under this id."""
        rows = self.fetch(f"SELECT {SELECTED} FROM portfolio WHERE id = %s AND workspace_id = %s AND removed_at IS NULL", [id, workspace_id])  # noqa: S608
        if not rows:
            raise NotFound("portfolio", id)
        return _read(rows[0])

    def find(self, workspace_id: UUID) -> list[Portfolio]:
        """List the portfolios of a workspace, oldest first."""
        rows = self.execute(self._there(sa.select(*COLUMNS), workspace_id).order_by(TABLE.c.created_at, TABLE.c.id))
        return [_portfolio(row) for row in rows]

    def change(self, workspace_id: UUID, id: UUID, version: int | None, **fields: object) -> Portfolio:  # noqa: A002
        """Change name, base currency, cost method or benchmark; `Conflict` where `version` is not the newest."""
        unknown = fields.keys() - CHANGEABLE
        if unknown:
            raise TypeError(f"not fields of a portfolio: {sorted(unknown)}")
        told: dict[str, Callable[[Any], object]] = {"cost_method": str, "providers": list}
        values = {key: told[key](value) if key in told else value for key, value in fields.items()}
        return self._edited(workspace_id, id, version, values)

    def remove(self, workspace_id: UUID, id: UUID, version: int | None = None) -> Portfolio:  # noqa: A002
        """Take a portfolio out of sight; its ledger stays."""
        return self._edited(workspace_id, id, version, {"removed_at": sa.func.clock_timestamp()})

    def restore(self, workspace_id: UUID, id: UUID, version: int | None = None) -> Portfolio:  # noqa: A002
        """Bring a portfolio back that was taken out of sight, in this version where one is given."""
        found = [TABLE.c.id == id, TABLE.c.workspace_id == workspace_id, TABLE.c.removed_at.is_not(None)]
        found += [] if version is None else [TABLE.c.version == version]
        values = {"removed_at": None, "version": TABLE.c.version + 1, "changed_at": sa.func.clock_timestamp(), "revision": TABLE.c.revision + 1}
        row = self.execute(sa.update(TABLE).where(*found).values(values).returning(*COLUMNS)).one_or_none()
        if row is None:
            raise NotFound("removed portfolio", id)
        return _portfolio(row)

    def bump(self, id: UUID) -> int:  # noqa: A002
        """Count a write of the ledger and give the new revision. Holds the portfolio's row: writes of one portfolio queue here."""
        rows = self.fetch("UPDATE portfolio SET revision = revision + 1 WHERE id = %s AND removed_at IS NULL RETURNING revision", [id])
        if not rows:
            raise NotFound("portfolio", id)
        return int(rows[0][0])

    def hold(self, id: UUID) -> None:  # noqa: A002
        """Hold a portfolio's row until the transaction ends: writes of its ledger queue here, though nothing is counted yet."""
        if not self.fetch("SELECT id FROM portfolio WHERE id = %s AND removed_at IS NULL FOR UPDATE", [id]):
            raise NotFound("portfolio", id)

    def revisions(self, workspace_id: UUID | None = None) -> dict[UUID, int]:
        """Give the revision of every portfolio, of one workspace or of all."""
        statement = sa.select(TABLE.c.id, TABLE.c.revision).where(TABLE.c.removed_at.is_(None))
        if workspace_id is not None:
            statement = statement.where(TABLE.c.workspace_id == workspace_id)
        return {row.id: row.revision for row in self.execute(statement)}

    def provider_orders(self) -> dict[UUID, tuple[str, ...]]:
        """Give the order of providers that portfolios ask for, by the instruments in their ledgers; of several the oldest portfolio decides."""
        rows = self.fetch("SELECT i.id, p.providers FROM portfolio p"
                          " CROSS JOIN LATERAL (SELECT DISTINCT e.symbol FROM ledger_entry e WHERE e.portfolio_id = p.id) held"
                          " JOIN instrument i ON i.workspace_id = p.workspace_id AND i.symbol = held.symbol"
                          " WHERE p.removed_at IS NULL AND p.providers <> '{}' ORDER BY p.created_at DESC, p.id DESC")
        return {key: tuple(names) for key, names in rows}

    def accounts(self, portfolio_id: UUID) -> list[str]:
        """List the names of the accounts that transactions of a portfolio have used."""
        return [name for (name,) in self.fetch("SELECT name FROM account WHERE portfolio_id = %s ORDER BY name", [portfolio_id])]

    def purge(self, ids: Sequence[UUID]) -> int:
        """Delete portfolios with their ledgers for good: for demo data, never for what a person recorded.

        The trigger that keeps the ledger append-only lets a transaction delete that says so; the permission ends with this call.
        """
        self.fetch("SELECT set_config('portolan.purge', 'on', true)")
        for table in ("ledger_entry", "account", "import_run"):
            self.execute(sa.delete(models.Portfolio.metadata.tables[table]).where(sa.column("portfolio_id").in_(ids)))
        gone = self.execute(sa.delete(TABLE).where(TABLE.c.id.in_(ids))).rowcount
        self.fetch("SELECT set_config('portolan.purge', 'off', true)")
        return gone

    def _there(self, statement: sa.Select[Any], workspace_id: UUID) -> sa.Select[Any]:
        return statement.where(TABLE.c.workspace_id == workspace_id, TABLE.c.removed_at.is_(None))

    def _edited(self, workspace_id: UUID, id: UUID, version: int | None, values: dict[str, object]) -> Portfolio:  # noqa: A002
        statement = sa.update(TABLE).where(TABLE.c.id == id, TABLE.c.workspace_id == workspace_id, TABLE.c.removed_at.is_(None))
        if version is not None:
            statement = statement.where(TABLE.c.version == version)
        stamped = {**values, "version": TABLE.c.version + 1, "changed_at": sa.func.clock_timestamp()}
        row = self.execute(statement.values(stamped).returning(*COLUMNS)).one_or_none()
        if row is None:
            raise stale("portfolio", expected=version, found=self.get(workspace_id, id).version)
        return _portfolio(row)


def _portfolio(row: sa.Row[Any]) -> Portfolio:
    return _read([row._mapping[name] for name in FIELDS])  # noqa: SLF001  # the documented way to a row's names


def _read(row: Sequence[Any]) -> Portfolio:
    """Read a row of `FIELDS`."""
    values = dict(zip(FIELDS, row, strict=True))
    return Portfolio(**{**values, "cost_method": CostMethod(values["cost_method"]), "providers": tuple(values["providers"])})
