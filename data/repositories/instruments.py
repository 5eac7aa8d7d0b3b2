"""Instruments: what can be held or quoted, and what companies did to their shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from data import market_models, models
from data.ids import uuid7
from data.repositories.base import stale
from data.repositories.prices import Prices
from engine.errors import NotFound
from engine.types import AssetClass, CorporateAction, Instrument, Source

TABLE: Final = models.Instrument.metadata.tables[models.Instrument.__tablename__]
FIELDS: Final = ("id", "workspace_id", "symbol", "name", "asset_class", "currency", "sector", "country", "exchange", "isin", "multiplier",
                 "version", "demo", "tags", "sources")
COLUMNS: Final = [TABLE.c[name] for name in FIELDS]
SELECTED: Final = ", ".join(FIELDS)
SYMBOL: Final = FIELDS.index("symbol")
CLASS: Final = FIELDS.index("asset_class")
CHANGEABLE: Final = frozenset({"name", "asset_class", "currency", "sector", "country", "exchange", "isin", "multiplier", "demo", "tags", "sources"})


class Instruments(Prices):
    """The instruments of every workspace with their prices (see `Prices`).

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    is_snapshot : bool
        Whether the transaction sees one state and writes nothing: what was read once is not read again then.
    """

    def __init__(self, connection: sa.Connection, *, is_snapshot: bool = False) -> None:
        super().__init__(connection)
        self._seen: dict[UUID, dict[str, Instrument | None]] | None = {} if is_snapshot else None

    def put(self, workspace_id: UUID, owner_id: UUID, symbol: str, *, version: int | None = None, **fields: object) -> tuple[Instrument, bool]:
        """Add an instrument, or change the given fields of the one that is there.

        Returns
        -------
        Instrument, bool
            As it is now, and whether it is new.

        Raises
        ------
        Conflict
            Where `version` is given and is not the newest.
        """
        unknown = fields.keys() - CHANGEABLE
        if unknown:
            raise TypeError(f"not fields of an instrument: {sorted(unknown)}")
        told: dict[str, Callable[[Any], object]] = {"asset_class": str, "tags": list, "sources": _source_rows}
        values = {key: told[key](value) if key in told else value for key, value in fields.items()}
        fresh = None if version is not None else self._added(workspace_id, owner_id, symbol, values)
        return (fresh, True) if fresh else (self._changed(workspace_id, symbol, version, values), False)

    def get(self, workspace_id: UUID, symbol: str) -> Instrument:
        """Give the instrument of a symbol; `NotFound` where the workspace has none."""
        found = self.by_symbols(workspace_id, [symbol])
        if symbol not in found:
            raise NotFound("instrument", symbol)
        return found[symbol]

    def by_symbols(self, workspace_id: UUID, symbols: Iterable[str]) -> dict[str, Instrument]:
        """Give instruments by symbol; unknown symbols are left out. One that was renamed answers to its former symbols too."""
        wanted = sorted(set(symbols))
        if self._seen is None:
            return self._by_symbols(workspace_id, wanted)
        seen = self._seen.setdefault(workspace_id, {})
        news = [symbol for symbol in wanted if symbol not in seen]
        if news:
            seen |= dict.fromkeys(news) | self._by_symbols(workspace_id, news)
        return {symbol: found for symbol in wanted if (found := seen[symbol])}

    def _by_symbols(self, workspace_id: UUID, wanted: Sequence[str]) -> dict[str, Instrument]:
        rows = self.fetch(f"SELECT {SELECTED} FROM instrument WHERE workspace_id = %s AND symbol = ANY(%s)", [workspace_id, list(wanted)])  # noqa: S608
        found = {row[SYMBOL]: _read(row) for row in rows}
        missing = [symbol for symbol in wanted if symbol not in found]
        return found | self._by_former_symbols(workspace_id, missing) if missing else found

    def rename(self, workspace_id: UUID, symbol: str, new: str, version: int | None = None) -> Instrument:
        """Give an instrument another symbol; prices and rates of it stay, the former symbol still finds it.

        Raises
        ------
        Conflict
            The new symbol is taken, or `version` is given and is not the newest.
        """
        before = self._changed(workspace_id, symbol, version, {})
        values = {"symbol": new, "former_symbols": sa.func.array_append(TABLE.c.former_symbols, symbol), "version": TABLE.c.version + 1,
                  "changed_at": sa.func.clock_timestamp()}
        return _instrument(self.execute(sa.update(TABLE).where(TABLE.c.id == before.id).values(values).returning(*COLUMNS)).one())

    def _by_former_symbols(self, workspace_id: UUID, symbols: Sequence[str]) -> dict[str, Instrument]:
        query = f"SELECT former_symbols, {SELECTED} FROM instrument WHERE workspace_id = %s AND former_symbols && %s::text[]"  # noqa: S608
        rows = self.fetch(query, [workspace_id, list(symbols)])
        return {symbol: replace(_read(row), symbol=symbol) for former, *row in rows for symbol in former if symbol in symbols}

    def find(self, workspace_id: UUID, query: str | None = None, limit: int = 100, after: str | None = None) -> list[Instrument]:
        """List instruments whose symbol, name or ISIN holds a text, by symbol, after a symbol."""
        statement = sa.select(*COLUMNS).where(TABLE.c.workspace_id == workspace_id).order_by(TABLE.c.symbol).limit(limit)
        if query:
            statement = statement.where(sa.or_(*(TABLE.c[name].icontains(query, autoescape=True) for name in ("symbol", "name", "isin"))))
        if after:
            statement = statement.where(TABLE.c.symbol > after)
        return [_instrument(row) for row in self.execute(statement)]

    def find_all(self, workspace_id: UUID | None = None) -> list[Instrument]:
        """List every instrument, of one workspace or of all."""
        query = f"SELECT {SELECTED} FROM instrument WHERE %(id)s::uuid IS NULL OR workspace_id = %(id)s ORDER BY workspace_id, symbol"  # noqa: S608
        return [_read(row) for row in self.fetch(query, {"id": workspace_id})]

    def put_actions(self, instrument_id: UUID, actions: Sequence[CorporateAction]) -> int:
        """Store corporate actions; one of the same date and kind is replaced. Gives their number."""
        rows = {(action.date, action.kind): _action_row(instrument_id, action) for action in actions}
        if not rows:
            return 0
        statement = insert(market_models.CorporateAction).values(list(rows.values()))
        news = {name: statement.excluded[name] for name in ("ratio", "amount", "currency", "source")}
        self.execute(statement.on_conflict_do_update(index_elements=["instrument_id", "date", "kind"], set_=news))
        return len(rows)

    def actions(self, instrument_id: UUID, start: date | None = None, end: date | None = None) -> list[CorporateAction]:
        """List the corporate actions of an instrument by date."""
        rows = self.fetch("SELECT date, kind, ratio, amount, currency, source FROM corporate_action WHERE instrument_id = %s"
                          " AND date BETWEEN coalesce(%s, '-infinity'::date) AND coalesce(%s, 'infinity'::date) ORDER BY date, kind",
                          [instrument_id, start, end])
        return [CorporateAction(*row) for row in rows]

    def actions_of(self, instrument_ids: Sequence[UUID]) -> dict[UUID, list[CorporateAction]]:
        """List the corporate actions of several instruments by date, by instrument; those without any are left out."""
        found: dict[UUID, list[CorporateAction]] = {}
        for key, *row in self.fetch("SELECT instrument_id, date, kind, ratio, amount, currency, source FROM corporate_action"
                                    " WHERE instrument_id = ANY(%s) ORDER BY date, kind", [list(instrument_ids)]):
            found.setdefault(key, []).append(CorporateAction(*row))
        return found

    def remove_actions(self, instrument_id: UUID, keys: Sequence[tuple[date, str]]) -> int:
        """Delete corporate actions by date and kind; gives how many there were."""
        days, kinds = [day for day, _ in keys], [kind for _, kind in keys]
        return self.affected("DELETE FROM corporate_action USING unnest(%s::date[], %s::text[]) gone(day, what)"
                             " WHERE instrument_id = %s AND date = day AND kind = what", [days, kinds, instrument_id])

    def used(self, instrument_id: UUID, symbol: str, workspace_id: UUID) -> dict[str, int]:
        """Tell how many transactions and days of prices an instrument has, and in how many benchmarks it is."""
        facts = self.fetch("SELECT count(DISTINCT id) FROM ledger_entry WHERE workspace_id = %s AND %s IN (symbol, to_symbol)",
                           [workspace_id, symbol])
        bars = self.fetch("SELECT count(*) FROM bar WHERE instrument_id = %s", [instrument_id])
        blends = self.fetch("SELECT count(DISTINCT benchmark_id) FROM benchmark_component WHERE instrument_id = %s", [instrument_id])
        return {"transactions": facts[0][0], "prices": bars[0][0], "benchmarks": blends[0][0]}

    def remove(self, instrument_id: UUID) -> None:
        """Delete an instrument that nothing uses; its actions and quotes go with it."""
        self.affected("DELETE FROM instrument WHERE id = %s", [instrument_id])

    def _added(self, workspace_id: UUID, owner_id: UUID, symbol: str, values: dict[str, object]) -> Instrument | None:
        """Add it, unless the symbol is taken."""
        row = {"name": symbol, "currency": "USD", **values, "id": uuid7(), "workspace_id": workspace_id, "owner_id": owner_id, "symbol": symbol}
        statement = insert(TABLE).values(row).on_conflict_do_nothing(index_elements=["workspace_id", "symbol"])
        added = self.execute(statement.returning(*COLUMNS)).one_or_none()
        return added and _instrument(added)

    def _changed(self, workspace_id: UUID, symbol: str, version: int | None, values: dict[str, object]) -> Instrument:
        """Change what differs; where nothing does, the version stays."""
        statement = sa.select(*COLUMNS).where(TABLE.c.workspace_id == workspace_id, TABLE.c.symbol == symbol)
        row = self.execute(statement.with_for_update()).one_or_none()
        if row is None:
            raise NotFound("instrument", symbol)
        if version not in {None, row.version}:
            raise stale("instrument", expected=version, found=row.version)
        news = {key: value for key, value in values.items() if value != row._mapping[key]}  # noqa: SLF001
        if not news:
            return _instrument(row)
        stamped = {**news, "version": TABLE.c.version + 1, "changed_at": sa.func.clock_timestamp()}
        return _instrument(self.execute(sa.update(TABLE).where(TABLE.c.id == row.id).values(stamped).returning(*COLUMNS)).one())


def _instrument(row: sa.Row[Any]) -> Instrument:
    return _read(row[:len(FIELDS)])  # they are selected first, in this order


def _read(row: Sequence[Any]) -> Instrument:
    """Read a row of `FIELDS`."""
    *facts, tags, sources = row
    facts[CLASS] = AssetClass(facts[CLASS])
    return Instrument(**dict(zip(FIELDS, facts, strict=False)), tags=tuple(tags), sources=tuple(Source(**one) for one in sources))


def _source_rows(sources: Iterable[Source | dict[str, str]]) -> list[dict[str, str]]:
    return [asdict(one) if isinstance(one, Source) else one for one in sources]


def _action_row(instrument_id: UUID, action: CorporateAction) -> dict[str, Any]:
    return {"id": uuid7(), "instrument_id": instrument_id, "date": action.date, "kind": action.kind, "ratio": action.ratio,
            "amount": action.amount, "currency": action.currency, "source": action.source}
