"""The ledger: transactions in all their versions. Rows are added, never changed; the newest version of an id counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, LiteralString, cast
from uuid import UUID

import numpy as np
import pandas as pd
from psycopg.types.json import Jsonb

from data.repositories.base import Repository, stale
from engine.errors import NotFound
from engine.frames import LEDGER_COLUMNS, NUMBERS, frame_of, ledger_frame
from engine.types import Kind, Transaction

FIELDS: Final = (
    "id", "portfolio_id", "date", "kind", "symbol", "quantity", "price", "fee", "tax", "amount", "currency", "fx_rate", "account", "note",
    "external_id", "lots", "ratio", "to_symbol", "to_currency", "to_amount", "version", "sequence", "voided", "recorded_at", "recorded_by",
    "import_run_id", "transfer_id",
)  # fmt: skip
SELECTED: Final = ", ".join(FIELDS)
NEWEST: Final = ("(SELECT DISTINCT ON (id) * FROM ledger_entry WHERE portfolio_id = %(portfolio)s"
                 " AND recorded_at <= coalesce(%(known_at)s, 'infinity'::timestamptz) ORDER BY id, version DESC) newest")
FILTERS: Final = ("(%(include_voided)s OR NOT voided) AND (%(symbol)s::text IS NULL OR %(symbol)s IN (symbol, to_symbol))"
                  " AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s)) AND (%(account)s::text IS NULL OR account = %(account)s)"
                  " AND date BETWEEN coalesce(%(start)s, '-infinity'::date) AND coalesce(%(end)s, 'infinity'::date)")
NUMERIC: Final = frozenset(NUMBERS)
KEYS: Final = frozenset({"id", "transfer_id"})


def _packed(name: str) -> str:
    """Give the SQL that packs a column into one value: ten thousand rows of twenty cells are slow to read cell by cell."""
    if name in NUMERIC:
        return f"string_agg(float8send(coalesce({name}::float8, 'NaN')), ''::bytea)"
    if name == "date":
        return "string_agg(int4send(date - '1970-01-01'), ''::bytea)"
    return f"array_agg({name}::text)" if name in KEYS else f"array_agg({name})"


FRAME_FIELDS: Final = ", ".join(map(_packed, LEDGER_COLUMNS))


class Ledger(Repository):
    """The transactions of every portfolio."""

    def next_sequence(self, count: int = 1) -> tuple[datetime, list[int]]:
        """Tell the database's time and take places in the order of booking."""
        rows = self.fetch("SELECT clock_timestamp(), nextval('ledger_sequence') FROM generate_series(1, %s)", [count])
        return rows[0][0], [place for _, place in rows]

    def add(self, entries: Sequence[Transaction], workspace_id: UUID, owner_id: UUID) -> list[Transaction]:
        """Append transactions, all or none.

        Returns
        -------
        list of Transaction
            As stored: with `sequence` in the order given, `recorded_at`, and `recorded_by` (the owner, where it was not set).

        Raises
        ------
        Conflict
            Where an id, or an `external_id` within its portfolio, is there already.
        """
        if not entries:
            return []
        recorded_at, places = self.next_sequence(len(entries))
        stored = [replace(entry, sequence=entry.sequence or place, recorded_at=recorded_at, recorded_by=entry.recorded_by or owner_id)
                  for entry, place in zip(entries, places, strict=True)]
        self._note_accounts(stored, workspace_id, owner_id)
        with self.cursor() as cursor, cursor.copy(f"COPY ledger_entry (workspace_id, owner_id, {SELECTED}) FROM STDIN") as copy:
            for entry in stored:
                copy.write_row((workspace_id, owner_id, *_row(entry)))
        return stored

    def supersede(self, entry: Transaction, *, place: int | None = None) -> Transaction:
        """Append the next version of a transaction; `entry.version` is the one that was read plus one.

        The place in the order of booking stays, unless another is given; the `external_id` stays that of the first version.

        Raises
        ------
        Conflict
            Where somebody else appended that version meanwhile; its context holds both versions.
        NotFound
            Where the portfolio has no such transaction.
        """
        rows = self.fetch("SELECT version, workspace_id, owner_id, sequence, external_id FROM ledger_entry"
                          " WHERE portfolio_id = %s AND id = %s ORDER BY version DESC LIMIT 1", [entry.portfolio_id, entry.id])
        if not rows:
            raise NotFound("transaction", entry.id)
        version, workspace_id, owner_id, sequence, external_id = rows[0]
        if entry.version != version + 1:
            raise stale("transaction", expected=entry.version - 1, found=version)
        return self.add([replace(entry, sequence=place or sequence, external_id=external_id)], workspace_id, owner_id)[0]

    def get(self, portfolio_id: UUID, id: UUID) -> Transaction:  # noqa: A002
        """Give the newest version of a transaction, voided or not; `NotFound` where there is none."""
        return self.versions(portfolio_id, id)[-1]

    def versions(self, portfolio_id: UUID, id: UUID) -> list[Transaction]:  # noqa: A002
        """Give every version of a transaction, oldest first; `NotFound` where there is none."""
        rows = self.fetch(f"SELECT {SELECTED} FROM ledger_entry WHERE portfolio_id = %s AND id = %s ORDER BY version", [portfolio_id, id])  # noqa: S608
        if not rows:
            raise NotFound("transaction", id)
        return [_transaction(row) for row in rows]

    def find(self, portfolio_id: UUID, *, symbol: str | None = None, kind: Kind | Sequence[Kind] | None = None, start: date | None = None,  # noqa: PLR0913
             end: date | None = None, account: str | None = None, known_at: datetime | None = None, include_voided: bool = False,
             limit: int | None = None, after: UUID | None = None, newest_first: bool = False) -> list[Transaction]:
        """List transactions in the order they are booked, or the other way round, each in its newest version.

        Parameters
        ----------
        portfolio_id : UUID
            Whose.
        symbol, kind, start, end, account
            Only those of a symbol (as source or target), of some kinds, within dates (both included), of an account.
        known_at : datetime, optional
            As the ledger was known at an instant.
        include_voided : bool
            Also those that were taken back.
        limit, after
            A page: at most `limit`, beginning behind the transaction `after`.
        newest_first : bool
            Last booked first.
        """
        kinds = None if kind is None else [str(kind)] if isinstance(kind, str) else [str(each) for each in kind]
        asked = {"portfolio": portfolio_id, "known_at": known_at, "include_voided": include_voided, "symbol": symbol, "kinds": kinds,
                 "account": account, "start": start, "end": end, "limit": limit, "after": after}
        direction, sign = ("DESC", "<") if newest_first else ("ASC", ">")
        page = (f" AND (date, sequence, id) {sign} (SELECT date, sequence, id FROM ledger_entry WHERE portfolio_id = %(portfolio)s"  # noqa: S608
                " AND id = %(after)s AND recorded_at <= coalesce(%(known_at)s, 'infinity'::timestamptz) ORDER BY version DESC LIMIT 1)")
        query = (f"SELECT {SELECTED} FROM {NEWEST} WHERE {FILTERS}{page if after else ''}"  # noqa: S608
                 f" ORDER BY date {direction}, sequence {direction}, id {direction} LIMIT %(limit)s")
        return [_transaction(row) for row in self.fetch(query, asked)]

    def frame(self, portfolio_id: UUID, *, known_at: datetime | None = None, end: date | None = None) -> pd.DataFrame:
        """Give the ledger as the engine books it (`engine.frames.ledger_frame`), without records in between.

        Parameters
        ----------
        portfolio_id : UUID
            Whose.
        known_at : datetime, optional
            As the ledger was known at an instant.
        end : date, optional
            Up to and including this date.
        """
        query = f"SELECT * FROM {NEWEST} WHERE NOT voided AND date <= coalesce(%(end)s, 'infinity'::date) ORDER BY date, sequence, id"  # noqa: S608
        return self._framed(query, {"portfolio": portfolio_id, "known_at": known_at, "end": end})

    def tail(self, portfolio_id: UUID, start: date) -> pd.DataFrame:
        """Give the ledger as `frame` does, from a date on, without reading what is before it."""
        query = ("SELECT * FROM ledger_entry WHERE portfolio_id = %(portfolio)s AND date >= %(start)s AND NOT voided"
                 " AND NOT EXISTS (SELECT FROM ledger_entry later WHERE later.id = ledger_entry.id AND later.version > ledger_entry.version)"
                 " ORDER BY date, sequence, id")
        return self._framed(query, {"portfolio": portfolio_id, "start": start})

    def _framed(self, query: LiteralString, asked: dict[str, Any]) -> pd.DataFrame:
        packed = self.fetch(f"SELECT {FRAME_FIELDS} FROM ({query}) booked", asked)[0]  # noqa: S608
        return ledger_frame(frame_of({name: _unpacked(name, cells) for name, cells in zip(LEDGER_COLUMNS, packed, strict=True)}))

    def by_external_ids(self, portfolio_id: UUID, external_ids: Sequence[str]) -> dict[str, Transaction]:
        """Give the newest versions of transactions by the ids that another program knows them by."""
        query = (f"SELECT DISTINCT ON (id) {SELECTED} FROM ledger_entry WHERE portfolio_id = %(portfolio)s AND id IN"  # noqa: S608
                 " (SELECT id FROM ledger_entry WHERE portfolio_id = %(portfolio)s AND external_id = ANY(%(external)s) AND version = 1)"
                 " ORDER BY id, version DESC")
        rows = self.fetch(query, {"portfolio": portfolio_id, "external": list(external_ids)})
        return {cast("str", found.external_id): found for found in map(_transaction, rows)}

    def legs(self, workspace_id: UUID, transfer_id: UUID) -> list[Transaction]:
        """Give the newest versions of the legs of a transfer, in the order they are booked."""
        query = (f"SELECT {SELECTED} FROM (SELECT DISTINCT ON (id) * FROM ledger_entry WHERE id IN"  # noqa: S608
                 " (SELECT id FROM ledger_entry WHERE transfer_id = %s AND workspace_id = %s) ORDER BY id, version DESC) newest"
                 " ORDER BY sequence, id")
        return [_transaction(row) for row in self.fetch(query, [transfer_id, workspace_id])]

    def portfolios_of(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Tell which portfolio each transaction is of; ids that are not there are left out."""
        return dict(self.fetch("SELECT DISTINCT id, portfolio_id FROM ledger_entry WHERE id = ANY(%s)", [list(ids)]))

    def by_ids(self, ids: Sequence[UUID]) -> dict[UUID, list[Transaction]]:
        """Give every version of some transactions, oldest first, by id; ids that are not there are left out."""
        found: dict[UUID, list[Transaction]] = {}
        for row in self.fetch(f"SELECT {SELECTED} FROM ledger_entry WHERE id = ANY(%s) ORDER BY id, version", [list(ids)]):  # noqa: S608
            entry = _transaction(row)
            found.setdefault(entry.id, []).append(entry)
        return found

    def _note_accounts(self, entries: Sequence[Transaction], workspace_id: UUID, owner_id: UUID) -> None:
        """Keep the accounts that transactions name."""
        named = sorted({(entry.portfolio_id, entry.account) for entry in entries if entry.account})
        if named:
            portfolios, names = zip(*named, strict=True)
            self.affected("INSERT INTO account (id, workspace_id, owner_id, portfolio_id, name) SELECT gen_random_uuid(), %s, %s, portfolio, name"
                          " FROM unnest(%s::uuid[], %s::text[]) named(portfolio, name) ON CONFLICT (portfolio_id, name) DO NOTHING",
                          [workspace_id, owner_id, list(portfolios), list(names)])


def _row(entry: Transaction) -> list[Any]:
    values = [getattr(entry, name) for name in FIELDS]
    return [Jsonb(value) if isinstance(value, list) else value.value if isinstance(value, Kind) else value for value in values]


def _transaction(row: Sequence[Any]) -> Transaction:
    values: list[Any] = [*row[:3], Kind(row[3]), *row[4:]]
    return Transaction(*values)


def _unpacked(name: str, cells: bytes | list[Any] | None) -> np.ndarray[Any, Any]:
    """Make a column in the shape that the engine takes without another look; of no rows there is nothing."""
    if name in NUMERIC:
        return np.frombuffer(cast("bytes", cells or b""), dtype=">f8").astype(np.float64)
    if name == "date":
        days = np.frombuffer(cast("bytes", cells or b""), dtype=">i4")
        return days.astype(np.int64).astype("datetime64[D]").astype("datetime64[ns]")
    values = np.empty(len(cells or ()), dtype=object)
    values[:] = cells or []
    return values
