"""Files into ledgers: look at one, book it all or nothing, take it back.

A run is written down before its file is read, so that its progress can be asked for from any process; its rows, the transactions and the
end of the run are one transaction. A run that says it is at it but has not moved for two minutes was interrupted: nothing of it is there.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePath
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.ids import uuid7
from data.records import ImportRun
from engine.errors import LimitExceeded, PortfolioError
from engine.types import Actor
from services import fields
from services.fields import Place
from services.files.drafting import STATUSES
from services.files.mapping import FORMATS, read_mapping
from services.imports.jobs import Job, taken_back
from services.imports.views import SHOWN_ROWS, ImportOptions, ImportView, RowView, Upload, row_view, status_of, view_of
from services.views import Page
from services.writes import NOTHING, Request, Told, Writes

log = logging.getLogger("portolan.imports")

RUN: TypeAdapter[UUID] = TypeAdapter(UUID)
WAITING = 8  # imports that may wait in one process
KEPT = timedelta(days=1)  # what booked nothing can be read so long


class Imports:
    """Imports into the actor's portfolios."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="portolan-import")
        self._waiting = 0

    def run(self, actor: Actor, portfolio_id: UUID, upload: Upload, options: ImportOptions | None = None, *, idempotency_key: str | None = None,
            on_start: Callable[[UUID], None] | None = None) -> ImportView:
        """Read a file into a ledger, all or nothing, and wait for it.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        upload : Upload
        options : ImportOptions, optional
            A dry run tells what would be done and writes no transaction.
        idempotency_key : str, optional
            The same file under the same key is booked once and gives the same run.
        on_start : callable, optional
            Told the run's id before the file is read, for who shows its progress.

        Raises
        ------
        RowsRefused
            Rows that cannot be booked: row, column, value, reason and hint of each, at most 100, in `errors`. Nothing was booked.
        UnreadableFile, FileTooLarge
            Not a table, or too much of one.
        """
        job = self._opened(actor, portfolio_id, upload, options or ImportOptions(), idempotency_key)
        if on_start:
            on_start(job.run_id)
        if job.fresh:
            job.work()
        return self.get(actor, job.run_id)

    def begin(self, actor: Actor, portfolio_id: UUID, upload: Upload, options: ImportOptions | None = None, *,
              idempotency_key: str | None = None) -> ImportView:
        """Start to read a file in a thread of its own; `get` tells how far it is, and what became of it."""
        if self._waiting >= WAITING:
            raise LimitExceeded("imports at once", limit=WAITING)
        job = self._opened(actor, portfolio_id, upload, options or ImportOptions(), idempotency_key)
        if job.fresh:
            self._waiting += 1
            self._threads.submit(copy_context().run, self._in_thread, job)
        return self.get(actor, job.run_id)

    def get(self, actor: Actor, run_id: UUID) -> ImportView:
        """Tell a run with its first rows; `NotFound` where there is none."""
        with self._database.read() as unit:
            run = unit.imports.get(actor.workspace_id, run_id)
            rows = unit.imports.rows(run_id, limit=SHOWN_ROWS + 1)
        return view_of(run, rows)

    def find(self, actor: Actor, portfolio_id: UUID | None = None, *, limit: int = 100, after: UUID | None = None) -> Page[ImportView]:
        """List the runs that booked something or are at it, newest first, without their rows."""
        with self._database.read() as unit:
            if portfolio_id is not None:
                unit.portfolios.get(actor.workspace_id, portfolio_id)
            found = unit.imports.find(actor.workspace_id, portfolio_id=portfolio_id, limit=limit + 1, after=after)
        return Page(tuple(view_of(run, ()) for run in found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)

    def rows(self, actor: Actor, run_id: UUID, *, status: str | None = None, limit: int = 1000, after: int | None = None) -> Page[RowView]:
        """List rows of a run in the order of the file, of one status or of all."""
        wanted = None if status is None else fields.choice(Place("status"), status, STATUSES)
        with self._database.read() as unit:
            unit.imports.get(actor.workspace_id, run_id)
            found = unit.imports.rows(run_id, status=wanted, limit=limit + 1, after=after)
        return Page(tuple(map(row_view, found[:limit])), str(found[limit - 1].number) if len(found) > limit else None)

    def take_back(self, actor: Actor, run_id: UUID, *, idempotency_key: str | None = None) -> ImportView:
        """Void every transaction of a run that still counts; a second time changes nothing. Instruments that it made stay.

        Raises
        ------
        Conflict
            The run booked nothing, or is still at it.
        OversoldPosition, NegativeCash
            Where the portfolio refuses shorts or negative cash: a later transaction needs what the run brought. It is named.
        """

        def effect(unit: Unit, told: list[Told]) -> None:
            taken_back(unit, actor, run_id, told)

        self._writes.once(actor, Request("imports.take_back", (run_id,), NOTHING, idempotency_key), effect)
        return self.get(actor, run_id)

    def close(self) -> None:
        """Wait for the import that is at work; those that wait are dropped, and say that they were interrupted."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _opened(self, actor: Actor, portfolio_id: UUID, upload: Upload, options: ImportOptions, key: str | None) -> Job:
        """Write down that a file is being read, or find the run that the key began."""
        wanted = fields.choice(Place("format"), options.format, FORMATS)
        said = None if options.mapping is None else read_mapping(options.mapping)
        digest, fresh = hashlib.sha256(upload.content).hexdigest(), False
        name = PurePath(upload.name.replace("\\", "/")).name[:200] or "file"

        def effect(unit: Unit, _told: list[Told]) -> UUID:
            nonlocal fresh
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            unit.imports.forget(actor.workspace_id, calendar.now() - KEPT)
            run = ImportRun(uuid7(), actor.workspace_id, actor.user_id, portfolio_id, name, digest, wanted, options.dry_run, "running", {},
                            said or None, None, None, {"phase": "waiting", "done": 0, "total": 0}, 1, calendar.now(), calendar.now())
            unit.imports.add(run)
            fresh = True
            return run.id

        arguments = (portfolio_id, digest, wanted, said, options.dry_run, options.skip_refused)
        run_id = self._writes.once(actor, Request("imports.start", arguments, RUN, key), effect)
        fresh = fresh or self._reopened(actor, run_id)
        return Job(self._writes, actor, portfolio_id, Upload(name, upload.content), replace(options, format=wanted), said, run_id, fresh=fresh)

    def _reopened(self, actor: Actor, run_id: UUID) -> bool:
        """Begin again what came to nothing, when its key comes again."""

        def work(unit: Unit) -> bool:
            run = unit.imports.get(actor.workspace_id, run_id)
            if status_of(run) not in {"refused", "failed", "interrupted"}:
                return False
            unit.imports.drop_rows(run_id)
            return unit.imports.change(run_id, expected=(run.status,), status="running", problem=None, finished_at=None)

        return self._database.run(work)

    def _in_thread(self, job: Job) -> None:
        try:
            job.work()
        except PortfolioError as error:
            log.info("import ended: %s", error.message, extra={"run": str(job.run_id)})
        finally:
            self._waiting -= 1
