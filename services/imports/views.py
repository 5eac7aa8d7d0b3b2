"""What the services tell of imports: runs, their rows, and how a file was understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from data import calendar
from data.records import ImportRow, ImportRun

SHOWN_ROWS = 500
PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is to be read, and what is to be done with it."""

    dry_run: bool = False
    format: str = "auto"  # auto, portolan or mapped
    mapping: object = None  # see services.files.mapping.read_mapping; None: as was said of such a file before, else guessed
    skip_refused: bool = False


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a file and what became of it."""

    row: int  # its place in the file, from 1, as a spreadsheet counts
    status: str  # accepted duplicate refused ignored
    column: str | None  # of the first thing that is wrong
    field: str | None
    value: str | None
    reason: str | None
    hint: str | None
    errors: tuple[dict[str, Any], ...]  # everything that is wrong with it
    transaction: dict[str, str]  # what it says, as far as it could be read
    transaction_id: UUID | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportView:
    """A run: one file read into a portfolio, or only looked at."""

    id: UUID
    portfolio_id: UUID
    file_name: str
    sha256: str
    format: str
    dry_run: bool
    status: str  # running checked done refused failed interrupted taken_back
    total: int
    accepted: int
    duplicate: int
    refused: int
    ignored: int
    mapping: dict[str, Any] | None
    reading: dict[str, Any]  # header, guesses with confidence, samples, words of kind that nobody knows
    instruments: tuple[str, ...]  # symbols that were, or would be, made
    progress: dict[str, Any] | None
    problem: dict[str, Any] | None
    rows: tuple[RowView, ...]  # the first of them
    more: bool  # there are others
    created_at: datetime
    finished_at: datetime | None
    taken_back_at: datetime | None


def row_view(row: ImportRow) -> RowView:
    """Tell a row; of one that is refused, the first thing that is wrong."""
    errors = row.told.get("errors") or []
    first = errors[0] if errors else {}
    reason = first.get("reason") or row.told.get("note")
    return RowView(row.number, row.status, first.get("column"), first.get("field"), first.get("value"), reason, first.get("hint"), tuple(errors),
                   row.told.get("transaction") or {}, row.transaction_id, tuple(row.cells))


def view_of(run: ImportRun, rows: Sequence[ImportRow]) -> ImportView:
    """Tell a run, with some of its rows."""
    counts = {name: int(run.rows.get(name, 0)) for name in ("total", "accepted", "duplicate", "refused", "ignored")}
    return ImportView(
        id=run.id, portfolio_id=run.portfolio_id, file_name=run.file_name, sha256=run.sha256, format=run.format, dry_run=run.dry_run,
        status=status_of(run), **counts, mapping=run.mapping, reading=run.reading or {}, instruments=tuple(run.rows.get("instruments", ())),
        progress=run.progress, problem=run.problem, rows=tuple(map(row_view, rows[:SHOWN_ROWS])), more=len(rows) > SHOWN_ROWS,
        created_at=run.created_at, finished_at=run.finished_at, taken_back_at=run.taken_back_at,
    )


def status_of(run: ImportRun) -> str:
    """Tell a run's state; one that has not moved for long was interrupted."""
    return "interrupted" if run.status == "running" and calendar.now() - run.changed_at > PATIENCE else run.status
