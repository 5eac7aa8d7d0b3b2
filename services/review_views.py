"""What the checks, the reconciliation and the audit log hand out: plain frozen records that screens and routes read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812 - `date` is a field of these records
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.types import Severity, Transaction


@dataclass(frozen=True, slots=True)
class Shift:
    """One figure before and after a change: the quantity of a symbol, or the cash of a currency."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class FixEffect:
    """What a fix would do. With `errors` it cannot be done."""

    positions: tuple[Shift, ...] = ()
    cash: tuple[Shift, ...] = ()
    realised: Shift | None = None  # of the whole portfolio, base currency; None where it stays
    base_currency: str = ""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FixView:
    """One way to mend something, with its effect."""

    label: str
    operations: tuple[dict[str, Any], ...]
    effect: FixEffect


@dataclass(frozen=True, slots=True)
class CheckView:
    """A finding of the ledger's checks. Its id holds the versions of its rows: another version is another finding."""

    id: str
    portfolio_id: UUID
    portfolio: str
    code: str
    title: str  # the code in words
    message: str
    severity: Severity
    symbol: str | None
    date: Date | None
    hint: str | None
    rows: tuple[Transaction, ...]
    fixes: tuple[FixView, ...]
    context: dict[str, Any]
    dismissed: bool = False


@dataclass(frozen=True, slots=True)
class ChecksView:
    """What the checks of a scope found."""

    scope: str
    at: datetime
    transactions: int  # that were checked
    findings: tuple[CheckView, ...]  # open ones, the gravest first
    dismissed: tuple[CheckView, ...]
    revisions: dict[str, int]


@dataclass(frozen=True, slots=True)
class Mended:
    """What applying a fix did; the audit entry can be undone."""

    audit_id: UUID
    message: str
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field from, to; texts as the ledger writes them, None for nothing."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """What an entry did to one transaction."""

    transaction_id: UUID
    title: str
    action: str  # record correct void restore
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class AuditView:
    """One entry of the audit log: who did what to which thing, field by field."""

    id: UUID
    at: datetime
    actor_id: UUID
    actor: str
    action: str
    entity: str
    entity_id: str
    title: str
    portfolio_id: UUID | None
    portfolio: str | None
    request_id: str | None
    changes: tuple[FieldChange, ...] = ()
    rows: tuple[RowChange, ...] = ()  # the first of them
    row_count: int = 0
    can_undo: bool = False
    why_not: str | None = None  # why it cannot be undone
    undone_by: UUID | None = None
    undoes: UUID | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """One difference between a statement and the ledger, with a guess of its cause."""

    key: str  # symbol, or cash:EUR
    kind: str  # missing_here missing_there quantity cash cost unknown_instrument
    name: str
    ours: float | None
    theirs: float | None
    difference: float | None
    cause: str | None
    fixes: tuple[FixView, ...] = ()
    fix_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """A line of a statement that agrees with the ledger."""

    key: str
    name: str
    ours: float
    theirs: float


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """A statement beside the ledger."""

    id: UUID | None  # None: a dry run, not kept
    portfolio_id: UUID
    portfolio: str
    account: str | None
    date: Date
    breaks: tuple[Break, ...]
    matched: tuple[Matched, ...]
    statement: dict[str, Any]
    reconciled: bool
    created_at: datetime | None = None
    version: int | None = None
    settled: dict[str, Any] = field(default_factory=dict)
