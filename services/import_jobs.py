"""The work on one file: read it, judge its rows, book them or leave all as it was, and write down how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.records import ImportRow
from engine.errors import Conflict, PortfolioError, RowsRefused
from engine.types import Actor, Instrument, Portfolio
from services.files.drafting import REFUSED, Line, draft_rows
from services.files.joining import NOT_YET, Joined, join
from services.files.mapping import Understood, read_mapping, signature_of, understand
from services.files.tables import Layout, Table, read_table
from services.import_views import ImportOptions, Upload
from services.writes import Told, Writes, audit, ledger_changed, market_changed

CHUNK = 5000  # transactions a statement
PAUSE_SECONDS = 0.3
JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
SHOWN_FIELDS = ("date", "kind", "symbol", "quantity", "price", "amount", "fee", "tax", "currency", "account", "to_symbol", "to_currency", "to_amount",
                "ratio")


@dataclass
class Job:
    """The work on one file."""

    writes: Writes
    actor: Actor
    portfolio_id: UUID
    upload: Upload
    options: ImportOptions
    said: dict[str, Any] | None  # the mapping, as read; None: nothing was said
    run_id: UUID
    fresh: bool  # False: the run of this key is there already
    told_at: float = 0.0
    reading: dict[str, Any] = field(default_factory=dict)

    def work(self) -> None:
        """Read, judge, and book or leave; how it ends is written down."""
        try:
            self._work()
        except PortfolioError as error:
            state = "refused" if error.status < 500 else "failed"
            self._fail(state, code=error.code, status_code=error.status, message=error.message, context=error.context)
            raise
        except Exception:
            self._fail("failed", code="internal_error", status_code=500, message="Something went wrong on our side.", context={})
            raise

    def _work(self) -> None:
        self._tell("reading", 0, 0, at_once=True)
        table = read_table(self.upload.name, self.upload.content, _layout(self.said or {}))
        understood = self._understood(table)
        lines = draft_rows(table, understood, today=calendar.today(), progress=lambda done, total: self._tell("checking", done, total))
        self._tell("comparing", 0, len(lines), at_once=True)
        if self.options.dry_run:
            with self.writes.database.read() as unit:
                joined = join(unit, self.actor, unit.portfolios.get(self.actor.workspace_id, self.portfolio_id), lines, understood, self.run_id)
            self._keep("checked", joined, understood)
        else:
            self._book(lines, understood)

    def _understood(self, table: Table) -> Understood:
        """Understand the table as was said, else as was said of such a file before."""
        signature = signature_of(table.header)
        remembered = None
        if self.said is None:
            with self.writes.database.read() as unit:
                remembered = unit.imports.mapping(self.actor.workspace_id, signature)
        understood = understand(table, wanted=self.options.format, said=read_mapping(remembered or {}) if self.said is None else self.said)
        guesses = [{"field": each.field, "column": each.column, "confidence": each.confidence, "why": each.why} for each in understood.guesses]
        self.reading = {
            "source": table.source, "encoding": table.encoding, "delimiter": table.delimiter, "sheet": table.sheet, "header_row": table.header_row,
            "header": table.header, "signature": signature, "remembered": remembered is not None, "guesses": guesses,
            "unknown_kinds": list(understood.unknown_kinds), "samples": understood.samples,
        }
        return understood

    # -------------------------------------------------------------------------------------------------------------------------- booking

    def _book(self, lines: Sequence[Line], understood: Understood) -> None:
        told: list[Told] = []
        with self._refusing(lines, understood), self.writes.database.begin() as unit:
            unit.portfolios.hold(self.portfolio_id)
            portfolio = unit.portfolios.get(self.actor.workspace_id, self.portfolio_id)
            joined = join(unit, self.actor, portfolio, lines, understood, self.run_id)
            counts = joined.count()
            if counts["refused"] and not self.options.skip_refused:
                raise _rows_refused(self.upload.name, joined, self.run_id)
            self._write(unit, portfolio, joined, told)
            self._store(unit, "done", joined, understood)
            if self.said is not None:
                unit.imports.keep_mapping(self.actor.workspace_id, self.actor.user_id, self.reading["signature"], self.said)
            after = {"portfolio": str(self.portfolio_id), "file": self.upload.name, **counts}
            audit(unit, self.actor, "import", "import_run", self.run_id, after=after)
        self.writes.tell(told)

    def _write(self, unit: Unit, portfolio: Portfolio, joined: Joined, told: list[Told]) -> None:
        if joined.instruments:
            self._make(unit, joined.instruments)
            told.append(market_changed(self.actor))
        if not joined.entries:
            return
        revision = unit.portfolios.bump(portfolio.id)
        for start in range(0, len(joined.entries), CHUNK):
            self._tell("booking", start, len(joined.entries))
            unit.ledger.add(joined.entries[start : start + CHUNK], self.actor.workspace_id, self.actor.user_id)
        told.append(ledger_changed(self.actor, portfolio.id, revision))

    def _make(self, unit: Unit, instruments: Sequence[Instrument]) -> None:
        names = ("name", "asset_class", "currency", "sector", "country", "exchange", "isin", "multiplier")
        for each in instruments:
            made, _ = unit.instruments.put(self.actor.workspace_id, self.actor.user_id, each.symbol, **{name: getattr(each, name) for name in names})
            audit(unit, self.actor, "put", "instrument", made.id, after={"symbol": made.symbol, "name": made.name, "import_run": str(self.run_id)})

    @contextmanager
    def _refusing(self, lines: Sequence[Line], understood: Understood) -> Iterator[None]:
        """Keep the rows of a file that is refused, so that they can be looked at, after all else was rolled back."""
        try:
            yield
        except RowsRefused:
            self._keep("running", Joined(list(lines)), understood)
            raise

    # ----------------------------------------------------------------------------------------------------------------- how far, and the end

    def _tell(self, phase: str, done: int, total: int, *, at_once: bool = False) -> None:
        if not at_once and time.monotonic() - self.told_at < PAUSE_SECONDS:
            return
        self.told_at = time.monotonic()
        progress = {"phase": phase, "done": done, "total": total}
        self.writes.database.run(lambda unit: unit.imports.change(self.run_id, expected=("running",), progress=progress))

    def _keep(self, status: str, joined: Joined, understood: Understood) -> None:
        """Keep rows in a transaction of their own."""
        self.writes.database.run(lambda unit: self._store(unit, status, joined, understood))

    def _fail(self, status: str, **problem: Any) -> None:  # noqa: ANN401  # what an error's context holds
        """Write down why it came to nothing."""
        read = {"reading": self.reading} if self.reading else {}
        self.writes.database.run(lambda unit: unit.imports.change(self.run_id, expected=("running",), status=status, problem=JSON.dump_python(
            problem, mode="json", fallback=str), progress=None, finished_at=calendar.now(), **read))

    def _store(self, unit: Unit, status: str, joined: Joined, understood: Understood) -> None:
        """Keep the rows and what is to be told of the run; nobody else may have ended it."""
        rows = [_stored(line) for line in joined.lines]
        for start in range(0, len(rows), CHUNK):
            unit.imports.add_rows(self.run_id, rows[start : start + CHUNK])
        made = [each.symbol for each in joined.instruments if each.id == NOT_YET]
        ended = None if status == "running" else calendar.now()
        counts = {**joined.count(), "instruments": made}
        if not unit.imports.change(self.run_id, expected=("running",), status=status, format=understood.format, rows=counts,
                                   mapping=understood.mapping.as_json(), reading=self.reading, progress=None, finished_at=ended):
            raise Conflict("This import was ended elsewhere.", field="id", hint="Read the run")


def _layout(said: dict[str, Any]) -> Layout:
    return Layout(said.get("encoding"), said.get("delimiter"), said.get("header_row"))


def _rows_refused(name: str, joined: Joined, run_id: UUID) -> RowsRefused:
    refused = [line for line in joined.lines if line.status == REFUSED]
    errors = [error for line in refused for error in line.errors]
    return RowsRefused(name, refused=len(refused), total=len(joined.lines), errors=errors[:100], run=run_id)


def _stored(line: Line) -> ImportRow:
    given = line.draft.fields if line.draft else {}
    shown = {name: f"{given[name]:f}" if name not in {"date", "kind"} and hasattr(given[name], "scaleb") else str(given[name])
             for name in SHOWN_FIELDS if given.get(name) is not None}
    told = {"transaction": shown, "errors": line.errors, "note": line.note}
    return ImportRow(line.number, line.status, line.cells, told, line.transaction_id)
