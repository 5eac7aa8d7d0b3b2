"""What the checks, the reconciliation and the audit log answer, and what is sent to them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

from api.requests import Described, Given, Input
from api.schemas import Public, TransactionPublic
from engine.types import Severity


class ShiftPublic(Public):
    """One figure before and after."""

    name: str
    before: float
    after: float


class EffectPublic(Public):
    """What a fix would do; with `errors` it cannot be done."""

    positions: list[ShiftPublic]
    cash: list[ShiftPublic]
    realised: ShiftPublic | None
    base_currency: str
    errors: list[str]


class FixPublic(Public):
    """One way to mend something: operations that are done together, and their effect."""

    label: str
    operations: list[dict[str, Any]]
    effect: EffectPublic


class CheckPublic(Public):
    """A finding: what is probably wrong, the rows it is about, and how it could be mended."""

    id: str
    portfolio_id: UUID
    portfolio: str
    code: str
    title: str
    message: str
    severity: Severity
    symbol: str | None
    date: dt.date | None
    hint: str | None
    rows: list[TransactionPublic]
    fixes: list[FixPublic]
    context: dict[str, Any]
    dismissed: bool


class ChecksPublic(Public):
    """What the checks of a scope found."""

    scope: str
    at: dt.datetime
    transactions: int = Field(description="How many were checked")
    findings: list[CheckPublic]
    dismissed: list[CheckPublic]
    revisions: dict[str, int]


class MendedPublic(Public):
    """What was done. The audit entry can be undone."""

    audit_id: UUID
    message: str
    transactions: list[TransactionPublic]


class FieldChangePublic(Public):
    """One field from, to."""

    field: str
    before: str | None
    after: str | None


class RowChangePublic(Public):
    """What an entry did to one transaction."""

    transaction_id: UUID
    title: str
    action: str
    changes: list[FieldChangePublic]


class AuditPublic(Public):
    """Who did what to which thing, field by field."""

    id: UUID
    at: dt.datetime
    actor_id: UUID
    actor: str
    action: str
    entity: str
    entity_id: str
    title: str
    portfolio_id: UUID | None
    portfolio: str | None
    request_id: str | None
    changes: list[FieldChangePublic]
    rows: list[RowChangePublic] = Field(description="The first 20 in a list, all where one entry is read")
    row_count: int
    can_undo: bool
    why_not: str | None
    undone_by: UUID | None
    undoes: UUID | None


class BreakPublic(Public):
    """One difference between statement and ledger."""

    key: str
    kind: str
    name: str
    ours: float | None
    theirs: float | None
    difference: float | None
    cause: str | None
    fixes: list[FixPublic]
    fix_ids: list[str] = Field(description="Hand one to `accept`")


class MatchedPublic(Public):
    """A line that agrees."""

    key: str
    name: str
    ours: float
    theirs: float


class ReconciliationPublic(Public):
    """A statement beside the ledger. `id` is null where it was not kept."""

    id: UUID | None
    portfolio_id: UUID
    portfolio: str
    account: str | None
    date: dt.date
    reconciled: bool
    breaks: list[BreakPublic]
    matched: list[MatchedPublic]
    statement: dict[str, Any]
    settled: dict[str, Any]
    created_at: dt.datetime | None
    version: int | None


class ReconciliationRow(Public):
    """A statement that was kept, as a list shows it."""

    id: UUID
    portfolio_id: UUID
    account: str | None
    date: dt.date
    breaks: int = Field(description="When it was last compared")
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime


class ApplyBody(Input):
    """Which fix of a finding to apply, from 0."""

    fix: int = 0


class AcceptBody(Input):
    """Which fix of which break to accept."""

    fix_id: str


class StatementPosition(Input):
    """One line of a statement; name the instrument by symbol or by ISIN."""

    symbol: str | None = None
    isin: str | None = None
    quantity: Given
    cost: Given | None = Field(None, description="Cost basis in all, in the instrument's currency")
    price: Given | None = None


class StatementBody(Input):
    """What a broker says was held and what cash there was at the end of a day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "date": "2025-12-31", "account": "Broker A", "positions": [{"symbol": "AAPL", "quantity": "40", "price": "250.12"}],
        "cash": {"USD": "1204.55"}}]})

    date: dt.date
    account: str | None = None
    positions: list[StatementPosition] | None = None
    cash: dict[str, Given] | None = None
    text: str | None = Field(None, description="Instead of positions and cash: a table of symbol, quantity (and cost, price); cash as a currency")
    complete: bool = Field(True, description="What is not named is not there; false: only what is named is compared")


ApplyFix = Annotated[Any, Body(), Described(ApplyBody)]
AcceptFix = Annotated[Any, Body(), Described(AcceptBody)]
Statement = Annotated[Any, Body(), Described(StatementBody)]


class AuditFilter(BaseModel):
    """Which entries are listed."""

    entity: str | None = Field(None, description="transaction portfolio instrument bars actions fx check reconciliation import_run")
    entity_id: str | None = None
    actor: str | None = Field(None, description="Id of who did it")
    action: str | None = Field(None, description="record correct void undo create change remove put apply dismiss restore accept transfer import ...")
    portfolio: str | None = None
    start: str | None = Field(None, description="A date or an instant, included")
    end: str | None = Field(None, description="A date (all of it) or an instant (not included)")
    limit: int = Field(50, ge=1, le=500)
    after: str | None = Field(None, description="What X-Next-After of the page before said")
