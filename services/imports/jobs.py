"""The work on one file: read it, judge its rows, book them or leave all as it was, and write down how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.records import ImportRow
from engine.errors import Conflict, NegativeCash, OversoldPosition, PortfolioError, RowsRefused
from engine.types import Actor, Instrument, Portfolio
from services.files.drafting import REFUSED, Line, draft_rows, refusal
from services.files.joining import NOT_YET, Joined, join
from services.files.mapping import Understood, read_mapping, signature_of, understand
from services.files.tables import Layout, Table, read_table
from services.imports.views import ImportOptions, Upload, status_of
from services.ledger.guards import Rules, rules_kept
from services.writes import Told, Writes, audit, ledger_changed, market_changed

CHUNK = 5000  # transactions a statement
PAUSE_SECONDS = 0.3
JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
SHOWN_FIELDS = ("date", "kind", "symbol", "quantity", "price", "amount", "fee", "tax", "currency", "account", "to_symbol", "to_currency", "to_amount",
                "ratio")


class _OnlyLooked(Exception):  # noqa: N818  # no error: it rolls a dry run back
    """Ends the transaction of a dry run."""


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
            self._look(lines, understood)
        else:
            self._book(lines, understood)

    def _look(self, lines: Sequence[Line], understood: Understood) -> None:
        """Judge the rows; where the portfolio has rules of its own, book them and roll all back, because the rules are about the whole ledger."""
        with self.writes.database.read() as unit:
            portfolio = unit.portfolios.get(self.actor.workspace_id, self.portfolio_id)
            joined = join(unit, self.actor, portfolio, lines, understood, self.run_id)
        if joined.entries and Rules.of(portfolio).strict:
            with suppress(_OnlyLooked), self.writes.database.begin() as unit:
                unit.portfolios.hold(self.portfolio_id)
                with suppress(RowsRefused):
                    self._write(unit, portfolio, joined, understood, [])
                raise _OnlyLooked
        self._keep("checked", joined, understood)

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
            self._write(unit, portfolio, joined, understood, told)
            self._store(unit, "done", joined, understood)
            if self.said is not None:
                unit.imports.keep_mapping(self.actor.workspace_id, self.actor.user_id, self.reading["signature"], self.said)
            after = {"portfolio": str(self.portfolio_id), "file": self.upload.name, **counts}
            audit(unit, self.actor, "import", "import_run", self.run_id, after=after)
        self.writes.tell(told)

    def _write(self, unit: Unit, portfolio: Portfolio, joined: Joined, understood: Understood, told: list[Told]) -> None:
        if joined.instruments:
            self._make(unit, joined.instruments)
            told.append(market_changed(self.actor))
        if not joined.entries:
            return
        revision = unit.portfolios.bump(portfolio.id)
        with self._ruled(joined, understood), rules_kept(unit, portfolio) as news:
            news.update({str(line.transaction_id): line.number for line in joined.lines if line.entry})
            for start in range(0, len(joined.entries), CHUNK):
                self._tell("booking", start, len(joined.entries))
                unit.ledger.add(joined.entries[start : start + CHUNK], self.actor.workspace_id, self.actor.user_id)
        told.append(ledger_changed(self.actor, portfolio.id, revision))

    @contextmanager
    def _ruled(self, joined: Joined, understood: Understood) -> Iterator[None]:
        """Tell what breaks a rule of the portfolio as the row that does; of a row that is in the ledger already, the first row that was new."""
        try:
            yield
        except (OversoldPosition, NegativeCash) as error:
            fresh = [line for line in joined.lines if line.entry]
            line = next((line for line in fresh if line.number == error.context.get("row")), fresh[0])
            line.errors.append({**refusal(line, understood, error), "reason": error.message.rstrip(".")})
            line.status = REFUSED
            raise _rows_refused(self.upload.name, joined, self.run_id) from error

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
        for start in range(0, len(joined.lines), CHUNK):
            self._tell("keeping the rows", start, len(joined.lines))
            unit.imports.add_rows(self.run_id, map(_stored, joined.lines[start : start + CHUNK]))
        made = [each.symbol for each in joined.instruments if each.id == NOT_YET]
        ended = None if status == "running" else calendar.now()
        counts = {**joined.count(), "instruments": made}
        if not unit.imports.change(self.run_id, expected=("running",), status=status, format=understood.format, rows=counts,
                                   mapping=understood.mapping.as_json(), reading=self.reading, progress=None, finished_at=ended):
            raise Conflict("This import was ended elsewhere.", field="id", hint="Read the run")


def taken_back(unit: Unit, actor: Actor, run_id: UUID, told: list[Told]) -> None:
    """Void every transaction of a run that still counts, in this transaction; of a run that was taken back before, none.

    Raises
    ------
    Conflict
        The run booked nothing, or is still at it.
    OversoldPosition, NegativeCash
        Where the portfolio refuses what that would leave; the later transaction is named.
    """
    run = unit.imports.get(actor.workspace_id, run_id)
    unit.portfolios.hold(run.portfolio_id)
    run = unit.imports.get(actor.workspace_id, run_id)
    if run.status == "taken_back":
        return
    if run.status != "done":
        raise Conflict(f"This import is {status_of(run)}: there is nothing to take back.", field="id", hint="Take back one that is done")
    with rules_kept(unit, unit.portfolios.get(actor.workspace_id, run.portfolio_id)):
        voided = unit.imports.void(run.portfolio_id, run_id, actor.user_id)
    unit.imports.change(run_id, expected=("done",), status="taken_back", taken_back_at=calendar.now())
    audit(unit, actor, "take_back", "import_run", run_id, before={"status": run.status}, after={"status": "taken_back", "voided": voided})
    if voided:
        told.append(ledger_changed(actor, run.portfolio_id, unit.portfolios.bump(run.portfolio_id)))


def _layout(said: dict[str, Any]) -> Layout:
    return Layout(said.get("encoding"), said.get("delimiter"), said.get("header_row"))


def _rows_refused(name: str, joined: Joined, run_id: UUID) -> RowsRefused:
    refused = [line for line in joined.lines if line.status == REFUSED]
    errors = [error for line in refused for error in line.errors]
    return RowsRefused(name, refused=len(refused), total=len(joined.lines), errors=errors[:100], run=run_id)


def _stored(line: Line) -> ImportRow:
    given = {name: getattr(line.entry, name) for name in SHOWN_FIELDS} if line.entry else line.draft.fields if line.draft else {}
    shown = {name: f"{given[name]:f}" if name not in {"date", "kind"} and hasattr(given[name], "scaleb") else str(given[name])
             for name in SHOWN_FIELDS if given.get(name) is not None}
    told = {"transaction": shown, "errors": line.errors, "note": line.note}
    return ImportRow(line.number, line.status, line.cells, told, line.transaction_id)
