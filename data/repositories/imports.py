"""Files that were read into ledgers: runs, their rows as they stood in the file, and how a person said a file is to be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.records import Fingerprint, ImportRow, ImportRun
from data.repositories.base import Repository
from engine.errors import NotFound

FIELDS: Final = ("id", "workspace_id", "owner_id", "portfolio_id", "file_name", "sha256", "format", "dry_run", "status", "rows", "mapping", "reading",
                 "problem", "progress", "version", "created_at", "changed_at", "finished_at", "taken_back_at")
SELECTED: Final = ", ".join(FIELDS)
DOCUMENTS: Final = frozenset({"rows", "mapping", "reading", "problem", "progress"})
CHANGEABLE: Final = frozenset({"format", "status", *DOCUMENTS, "finished_at", "taken_back_at"})
KEY_FIELDS: Final = ("date", "kind", "account", "symbol", "quantity", "price", "amount", "fee", "tax", "currency", "to_symbol", "to_currency",
                     "to_amount", "ratio")
KEPT: Final = ("running", "done", "taken_back")


class Imports(Repository):
    """Import runs of every workspace; each call says whose."""

    def add(self, run: ImportRun) -> None:
        """Write down that a file is being read."""
        values = [_stored(name, getattr(run, name)) for name in FIELDS]
        marks = ", ".join(["%s"] * len(FIELDS))
        self.affected(f"INSERT INTO import_run ({SELECTED}) VALUES ({marks})", values)  # noqa: S608

    def get(self, workspace_id: UUID, id: UUID) -> ImportRun:  # noqa: A002
        """Give a run; `NotFound` where the workspace has none under this id."""
        rows = self.fetch(f"SELECT {SELECTED} FROM import_run WHERE workspace_id = %s AND id = %s", [workspace_id, id])  # noqa: S608
        if not rows:
            raise NotFound("import run", id)
        return ImportRun(*rows[0])

    def find(self, workspace_id: UUID, *, portfolio_id: UUID | None = None, limit: int = 100, after: UUID | None = None) -> list[ImportRun]:
        """List the runs that booked something or are at it, newest first, behind the run `after`."""
        query = (f"SELECT {SELECTED} FROM import_run WHERE workspace_id = %(workspace)s AND NOT dry_run AND status = ANY(%(kept)s)"  # noqa: S608
                 " AND (%(portfolio)s::uuid IS NULL OR portfolio_id = %(portfolio)s) AND (%(after)s::uuid IS NULL OR id < %(after)s)"
                 " ORDER BY id DESC LIMIT %(limit)s")
        asked = {"workspace": workspace_id, "kept": list(KEPT), "portfolio": portfolio_id, "after": after, "limit": limit}
        return [ImportRun(*row) for row in self.fetch(query, asked)]

    def change(self, id: UUID, *, expected: Sequence[str], **values: object) -> bool:  # noqa: A002
        """Change a run that is in one of the expected states; tells whether it was."""
        unknown = values.keys() - CHANGEABLE
        if unknown:
            raise TypeError(f"not fields of an import run: {sorted(unknown)}")
        news = ", ".join(f"{name} = %s" for name in values)
        query = f"UPDATE import_run SET {news}, version = version + 1, changed_at = clock_timestamp() WHERE id = %s AND status = ANY(%s)"  # noqa: S608
        return self.affected(query, [*(_stored(name, value) for name, value in values.items()), id, list(expected)]) == 1

    def forget(self, workspace_id: UUID, before: datetime) -> int:
        """Delete runs that booked nothing and are older than an instant; gives how many."""
        query = ("DELETE FROM import_run WHERE workspace_id = %s AND created_at < %s AND (dry_run OR status IN ('refused', 'failed'))"
                 " AND NOT EXISTS (SELECT FROM ledger_entry WHERE import_run_id = import_run.id)")
        return self.affected(query, [workspace_id, before])

    def add_rows(self, run_id: UUID, rows: Iterable[ImportRow]) -> None:
        """Keep rows as they stood in the file, with what became of them."""
        with self.cursor() as cursor, cursor.copy("COPY import_row (run_id, number, status, cells, told, transaction_id) FROM STDIN") as copy:
            for row in rows:
                copy.write_row((run_id, row.number, row.status, _document(row.cells), _document(row.told), row.transaction_id))

    def drop_rows(self, run_id: UUID) -> None:
        """Delete what is kept of a run that is to be read again."""
        self.affected("DELETE FROM import_row WHERE run_id = %s", [run_id])

    def rows(self, run_id: UUID, *, status: str | None = None, limit: int = 1000, after: int | None = None) -> list[ImportRow]:
        """List rows of a run in the order of the file, of one status or of all, behind the row `after`."""
        query = ("SELECT number, status, cells, told, transaction_id FROM import_row WHERE run_id = %(run)s"
                 " AND (%(status)s::text IS NULL OR status = %(status)s) AND number > %(after)s ORDER BY number LIMIT %(limit)s")
        asked = {"run": run_id, "status": status, "after": -1 if after is None else after, "limit": limit}
        return [ImportRow(*row) for row in self.fetch(query, asked)]

    def mapping(self, workspace_id: UUID, signature: str) -> dict[str, Any] | None:
        """Give how files with these headers are to be read, if somebody said so."""
        rows = self.fetch("SELECT mapping FROM import_mapping WHERE workspace_id = %s AND signature = %s", [workspace_id, signature])
        return rows[0][0] if rows else None

    def keep_mapping(self, workspace_id: UUID, owner_id: UUID, signature: str, mapping: dict[str, Any]) -> None:
        """Remember how files with these headers are to be read."""
        self.affected("INSERT INTO import_mapping (workspace_id, signature, owner_id, mapping) VALUES (%s, %s, %s, %s) ON CONFLICT"
                      " (workspace_id, signature) DO UPDATE SET mapping = excluded.mapping, owner_id = excluded.owner_id,"
                      " changed_at = clock_timestamp()", [workspace_id, signature, owner_id, Jsonb(mapping)])

    def fingerprints(self, portfolio_id: UUID, start: date, end: date, ids: Sequence[UUID] = (),
                     external_ids: Sequence[str] = ()) -> list[Fingerprint]:
        """Give what every version says of the transactions between two dates, or under given ids: a corrected one is found by what it was, too."""
        told = f"SELECT id, external_id, version, sequence, voided, import_run_id, {', '.join(KEY_FIELDS)} FROM ledger_entry"  # noqa: S608
        chosen = "portfolio_id = %(portfolio)s AND (date BETWEEN %(start)s AND %(end)s OR id = ANY(%(ids)s) OR external_id = ANY(%(external)s))"
        asked = {"portfolio": portfolio_id, "start": start, "end": end, "ids": list(ids), "external": list(external_ids)}
        changed = "SELECT id, version, voided, import_run_id FROM ledger_entry WHERE portfolio_id = %s AND version > 1 ORDER BY version"
        newest = {row[0]: row[1:] for row in self.fetch(changed, [portfolio_id])}  # no join: after a large import the planner knows nothing
        undone = {key for (key,) in self.fetch("SELECT id FROM import_run WHERE portfolio_id = %s AND taken_back_at IS NOT NULL", [portfolio_id])}
        with self.cursor() as cursor:
            rows = cursor.execute(f"{told} WHERE {chosen} ORDER BY date, sequence, id, version", asked)
            return _fingerprints(rows, newest, undone)

    def taken_ids(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Tell which ids of transactions are taken, and in which portfolio, whoever's that is."""
        rows = self.fetch("SELECT DISTINCT id, portfolio_id FROM ledger_entry WHERE id = ANY(%s)", [list(ids)])
        return dict(rows)

    def live_ids(self, portfolio_id: UUID, run_id: UUID) -> list[UUID]:
        """List the transactions of a run that still count."""
        query = ("SELECT id FROM (SELECT DISTINCT ON (id) id, voided, import_run_id FROM ledger_entry WHERE portfolio_id = %s"
                 " ORDER BY id, version DESC) newest WHERE import_run_id = %s AND NOT voided")
        return [key for (key,) in self.fetch(query, [portfolio_id, run_id])]

    def void(self, portfolio_id: UUID, run_id: UUID, actor_id: UUID) -> int:
        """Append a voided version to every transaction of a run that still counts; gives how many."""
        columns = [name for (name,) in self.fetch("SELECT column_name::text FROM information_schema.columns WHERE table_name = 'ledger_entry'"
                                                  " AND table_schema = current_schema() ORDER BY ordinal_position")]
        copied = [name for name in columns if name not in {"version", "voided", "recorded_at", "recorded_by"}]
        named = ", ".join(copied)
        query = (f"INSERT INTO ledger_entry ({named}, version, voided, recorded_by) SELECT {named}, version + 1, true, %s FROM"  # noqa: S608
                 " (SELECT DISTINCT ON (id) * FROM ledger_entry WHERE portfolio_id = %s ORDER BY id, version DESC) newest"
                 " WHERE import_run_id = %s AND NOT voided")
        return self.affected(query, [actor_id, portfolio_id, run_id])


def _fingerprints(rows: Iterable[tuple[Any, ...]], newest: Mapping[UUID, tuple[Any, ...]], undone: set[UUID]) -> list[Fingerprint]:
    """Give every version the state of the newest one of its transaction; values alike are one object in memory."""
    seen: dict[Any, Any] = {}
    found = []
    for key, external_id, version, sequence, voided, run, *said in rows:
        last, gone, by = newest.get(key, (version, voided, run))
        found.append(Fingerprint(key, external_id, last, sequence, bool(gone) and by in undone, tuple(seen.setdefault(each, each) for each in said)))
    return found


def _document(value: object) -> str:
    """Write JSON as text, which COPY takes without a look at its type."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _stored(name: str, value: object) -> object:
    return Jsonb(value) if name in DOCUMENTS and value is not None else value
