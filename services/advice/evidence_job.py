"""The work of one run of evidence: what is held is read, strategies or models are tried, and what came of it is written down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from uuid import UUID
from warnings import catch_warnings

from pydantic import TypeAdapter

from data import calendar
from engine.errors import PortfolioError
from services.advice.evidence_json import plain
from services.writes import Writes

log = logging.getLogger("portolan.evidence")
PAUSE_SECONDS = 0.3
JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
Say = Callable[[str, int, int], bool]


@dataclass
class Job:
    """The work of one run; `work_out` does it and gives a record, or None where it was stopped."""

    writes: Writes
    run_id: UUID
    work_out: Callable[[Say], object | None]
    stop: Event = field(default_factory=Event)
    told_at: float = 0.0
    done: int = 0
    last: str = ""

    def work(self) -> None:
        """Work it out and write it down; how it ends is written down too."""
        try:
            self._work()
        except PortfolioError as error:
            self._fail(code=error.code, status_code=error.status, message=error.message, context=error.context)
            raise
        except Exception:
            self._fail(code="internal_error", status_code=500, message="Something went wrong on our side.", context={})
            raise

    def _work(self) -> None:
        self._tell("reading", 0, 0)
        with catch_warnings(action="ignore", category=UserWarning):  # "may be inaccurate": a walk has hundreds of fits
            found = self.work_out(self._say)
        if found is None or self.stop.is_set():
            return
        ended = {"phase": "done", "done": 1, "total": 1}
        self.writes.database.run(lambda unit: unit.evidence_runs.change(self.run_id, expected=("running",), status="done", progress=ended,
                                                                        result=plain(found), finished_at=calendar.now()))

    def _say(self, phase: str, done: int, total: int) -> bool:
        """Write down how far it is; tells whether to go on."""
        self._tell(phase, done, total)
        return not self.stop.is_set()

    def _tell(self, phase: str, done: int, total: int) -> None:
        if phase == self.last and time.monotonic() - self.told_at < PAUSE_SECONDS:
            return
        self.told_at, self.last = time.monotonic(), phase
        progress = {"phase": phase, "done": done, "total": total}
        if not self.writes.database.run(lambda unit: unit.evidence_runs.change(self.run_id, expected=("running",), progress=progress)):
            self.stop.set()

    def _fail(self, **problem: Any) -> None:  # noqa: ANN401  # what an error's context holds
        told = JSON.dump_python(problem, mode="json", fallback=str)
        self.writes.database.run(lambda unit: unit.evidence_runs.change(self.run_id, expected=("running",), status="failed", problem=told,
                                                                        finished_at=calendar.now()))
