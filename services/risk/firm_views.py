"""What is asked of a firm-wide run and what is told of it: plain frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from data import calendar
from data.risk_records import RiskRun, RiskRunRow

PATIENCE: Final = timedelta(minutes=5)  # a run that has not moved for so long was interrupted


@dataclass(frozen=True, slots=True)
class FirmQuestion:
    """What is asked of every portfolio; every field has a default."""

    portfolios: tuple[UUID, ...] | None = None  # None: all
    start: date | None = None  # returns after its close; None: by `period`
    end: date | None = None
    period: str | None = None  # as in a question of performance; None without a start: everything
    benchmark: str | None = None  # symbol; None: each portfolio's own; "": none
    risk_free: float = 0.0  # a year, fraction
    level: float = 0.95  # of value at risk
    methods: tuple[str, ...] = ()  # of value at risk, to be backtested too; empty: none


@dataclass(frozen=True, slots=True)
class RunView:
    """A run: how far it is, and what became of it."""

    id: UUID
    status: str  # running done failed cancelled interrupted
    phase: str  # waiting reading computing done
    done: int
    total: int
    portfolios: int  # whose figures can be read
    place: str | None  # where it was worked out
    question: dict[str, Any]
    problem: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class FirmRow:
    """One portfolio of a run."""

    number: int
    portfolio_id: UUID
    name: str
    base_currency: str | None
    start: date | None
    end: date | None
    observations: int
    benchmark: str | None
    simulated: bool
    figures: dict[str, float | None]
    findings: tuple[dict[str, Any], ...]


def view_of(run: RiskRun, portfolios: int) -> RunView:
    """Tell a run; one that has not moved for long was interrupted."""
    late = run.status == "running" and calendar.now() - run.changed_at > PATIENCE
    told = run.progress
    return RunView(run.id, "interrupted" if late else run.status, str(told["phase"]), int(told["done"]), int(told["total"]), portfolios, run.place,
                   run.question, run.problem, run.created_at, run.finished_at, run.version)


def row_view(row: RiskRunRow) -> FirmRow:
    """Tell a portfolio of a run."""
    told = row.told
    first, last = (date.fromisoformat(told[name]) if told.get(name) else None for name in ("start", "end"))
    return FirmRow(row.number, row.portfolio_id, row.name, told.get("base_currency"), first, last, int(told.get("observations", 0)),
                   told.get("benchmark"), bool(told.get("simulated")), row.figures, tuple(row.findings))
