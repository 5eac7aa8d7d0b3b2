"""Records of this room that are not words of the house: what repositories give besides `engine.types`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from engine.types import Severity


class Rate(NamedTuple):
    """Units of a pair's second currency for one of its first, on a date."""

    date: dt.date
    rate: Decimal
    source: str = "manual"
    simulated: bool = False


class LastClose(NamedTuple):
    """One of the newest bars of an instrument."""

    date: dt.date
    close: float
    source: str
    simulated: bool


class LastRate(NamedTuple):
    """The newest rate of a pair."""

    date: dt.date
    rate: float
    source: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a key was answered when it came first."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding that somebody may settle. `status` is open, released or rejected."""

    id: UUID
    workspace_id: UUID
    code: str
    message: str
    severity: Severity
    context: dict[str, Any]
    status: str
    created_at: dt.datetime
    settled_at: dt.datetime | None = None
    settled_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class StoredDays:
    """What a portfolio's rows were worth day by day, as its writer packed it. `seen` marks what it knows of (see `Valuations.mark`)."""

    seen: int
    last_day: dt.date
    layout: dict[str, Any]
    content: bytes


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a scheduled job. `status` is running, done or failed."""

    id: UUID
    job: str
    status: str
    created_at: dt.datetime
    finished_at: dt.datetime | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which thing."""

    id: UUID
    workspace_id: UUID
    actor_id: UUID
    action: str
    entity: str
    entity_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Workspace:
    """Whose data something is."""

    id: UUID
    name: str
    local: bool


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One file that was read into a portfolio. `status` is running, done, refused, failed or taken_back; of a dry run checked."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    portfolio_id: UUID
    file_name: str
    sha256: str
    format: str
    dry_run: bool
    status: str
    rows: dict[str, Any]  # how many: total accepted duplicate refused ignored
    mapping: dict[str, Any] | None
    reading: dict[str, Any] | None  # how the file was read: header, encoding, delimiter, guesses
    problem: dict[str, Any] | None  # why it was refused or failed
    progress: dict[str, Any] | None  # phase done total
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    finished_at: dt.datetime | None = None
    taken_back_at: dt.datetime | None = None


class ImportRow(NamedTuple):
    """One row of a file as it stood there, and what became of it: accepted, duplicate, refused or ignored."""

    number: int
    status: str
    cells: list[str]
    told: dict[str, Any]
    transaction_id: UUID | None = None


class Fingerprint(NamedTuple):
    """What a version of a transaction says, to find the same fact again."""

    id: UUID
    external_id: str | None
    version: int  # its newest
    sequence: int
    free: bool  # voided because its import was taken back: it may be recorded again
    key: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A finding that somebody said is no problem."""

    id: str
    portfolio_id: UUID
    code: str
    message: str
    owner_id: UUID
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class StoredReconciliation:
    """A statement, how many breaks it had when it was last compared, and which of them were settled by which transactions."""

    id: UUID
    portfolio_id: UUID
    account: str | None
    date: dt.date
    statement: dict[str, Any]
    breaks: int
    settled: dict[str, Any]
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    owner_id: UUID


class BarRevision(NamedTuple):
    """A field of a bar that was told otherwise later."""

    date: dt.date
    field: str
    was: Decimal | None
    became: Decimal | None
    source: str
    recorded_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryRun:
    """How far the history of an instrument is fetched. `state` is waiting, running, done, failed, or nobody: no provider has it."""

    instrument_id: UUID
    state: str
    first: dt.date | None = None
    last: dt.date | None = None
    done: int = 0
    of: int = 0
    provider: str | None = None
    error: str | None = None
    failures: int = 0
    retry_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    changed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredWatchlist:
    """A list of instruments, in its order."""

    id: UUID
    name: str
    instruments: list[UUID]
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    removed: bool


@dataclass(frozen=True, slots=True)
class StoredScenario:
    """Named shocks of a stress test: objects of `target`, `name`, `size`."""

    id: UUID
    name: str
    note: str | None
    shocks: list[dict[str, Any]]
    overlap: str
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    removed: bool


@dataclass(frozen=True, slots=True)
class StoredComponent:
    """One part of a blend; `plus` is a spread a year, of cash its rate."""

    kind: str
    instrument_id: UUID | None
    weight: Decimal
    plus: Decimal = Decimal(0)
    hedged: bool = False


@dataclass(frozen=True, slots=True)
class StoredBlend:
    """A benchmark made of several things, in their order."""

    id: UUID
    name: str
    rebalancing: str
    components: tuple[StoredComponent, ...]
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    removed: bool
