"""The tables. Rows are read as the plain records of `engine.types`; these classes hold the schema and nothing else.

Every row that belongs to somebody carries its workspace and, where a person put it there, its owner. Money and quantities are
NUMERIC without a scale, so that what was given comes back digit by digit. The ledger and the audit trail are append-only: a trigger
of the first migration refuses UPDATE, and DELETE outside of a purge.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Sequence, Text, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.advice_models import OptimiserRun, Proposal  # noqa: F401
from data.alert_models import AlertRule  # noqa: F401  # brings its tables into the schema
from data.constituent_models import ConstituentList  # noqa: F401
from data.evidence_models import WhatIf  # noqa: F401
from data.factor_models import FactorFile  # noqa: F401
from data.import_models import ImportRun  # noqa: F401
from data.market_models import Bar  # noqa: F401
from data.risk_models import RiskRun  # noqa: F401
from data.scenario_models import Scenario  # noqa: F401
from data.suggestion_models import CustomRule, PortfolioPolicy, Suggestion  # noqa: F401
from data.tables import NOW, ONE, ZERO, Base, Edited, Identified, finite, one_of, positive
from data.watch_models import Watchlist  # noqa: F401
from engine.types import EFFECTS, AssetClass, CostMethod, Kind, Severity


class Workspace(Identified, Base):
    """Whose data this is. The `local` one is there once, for the person at this machine."""

    __tablename__ = "workspace"
    __table_args__ = (Index("workspace_local_key", "local", unique=True, postgresql_where=text("local")),)

    name: Mapped[str]
    local: Mapped[bool] = mapped_column(server_default=false())


class User(Identified, Base):
    """Who may act in a workspace."""

    __tablename__ = "app_user"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"))
    name: Mapped[str]
    disabled_at: Mapped[datetime | None]


class Portfolio(Edited, Base):
    """Transactions with a base currency. `revision` counts the writes to its ledger."""

    __tablename__ = "portfolio"
    __table_args__ = (
        CheckConstraint("base_currency ~ '^[A-Z]{3}$'", name="base_currency"),
        CheckConstraint(one_of("cost_method", CostMethod), name="cost_method"),
        CheckConstraint("oversell IN ('short', 'error')", name="oversell"),
        CheckConstraint("negative_cash IN ('allow', 'refuse')", name="negative_cash"),
        Index(None, "workspace_id", "id"),
    )

    name: Mapped[str]
    base_currency: Mapped[str]
    cost_method: Mapped[str] = mapped_column(server_default=CostMethod.FIFO.value)
    benchmark: Mapped[str | None]
    oversell: Mapped[str] = mapped_column(server_default="short")
    negative_cash: Mapped[str] = mapped_column(server_default="allow")
    providers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    demo: Mapped[bool] = mapped_column(server_default=false())
    revision: Mapped[int] = mapped_column(BigInteger, server_default=ZERO)
    removed_at: Mapped[datetime | None]


class Account(Edited, Base):
    """Where within a portfolio: a broker, a bank."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("portfolio_id", "name"),)

    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id"))
    name: Mapped[str]


class Instrument(Edited, Base):
    """What can be held or quoted."""

    __tablename__ = "instrument"
    __table_args__ = (
        UniqueConstraint("workspace_id", "symbol"),
        CheckConstraint(one_of("asset_class", AssetClass), name="asset_class"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint(positive("multiplier"), name="multiplier"),
    )

    symbol: Mapped[str]
    name: Mapped[str]
    asset_class: Mapped[str] = mapped_column(server_default=AssetClass.EQUITY.value)
    currency: Mapped[str]
    sector: Mapped[str | None]
    country: Mapped[str | None]
    exchange: Mapped[str | None]
    isin: Mapped[str | None]
    multiplier: Mapped[Decimal] = mapped_column(server_default=ONE)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    sources: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    former_symbols: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    demo: Mapped[bool] = mapped_column(server_default=false())


def signed(field: str) -> str:
    """Rule that a kind takes a field with a minus."""
    return f"kind IN ({', '.join(repr(kind.value) for kind, effect in EFFECTS.items() if field in effect.signed)})"


class LedgerEntry(Base):
    """One version of one transaction. Never changed, never gone: a correction is the next version of the same id."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint(one_of("kind", Kind), name="kind"),
        CheckConstraint("date >= DATE '1900-01-01'", name="date"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("currency ~ '^[A-Z]{3}$' AND to_currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint(f"price >= 0 AND {finite('price')}", name="price"),
        CheckConstraint(f"fee >= 0 AND tax >= 0 AND {finite('fee', 'tax')}", name="costs"),
        CheckConstraint(f"{finite('quantity', 'amount', 'to_amount')} AND (quantity >= 0 OR {signed('quantity')})"
                        f" AND (amount >= 0 OR {signed('amount')})", name="amounts"),
        CheckConstraint(positive("fx_rate", "ratio"), name="rates"),
        Index("ledger_entry_portfolio_id_date_idx", "portfolio_id", "date", "sequence"),
        Index("ledger_entry_transfer_id_idx", "transfer_id", postgresql_where=text("transfer_id IS NOT NULL")),
        Index("ledger_entry_external_id_key", "portfolio_id", "external_id", unique=True, postgresql_where=text("version = 1")),
        Index(None, "import_run_id", postgresql_where=text("import_run_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id"))
    sequence: Mapped[int] = mapped_column(BigInteger, Sequence("ledger_sequence", metadata=Base.metadata))
    recorded_at: Mapped[datetime] = mapped_column(server_default=NOW)
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    import_run_id: Mapped[UUID | None] = mapped_column(ForeignKey("import_run.id"))
    voided: Mapped[bool] = mapped_column(server_default=false())
    date: Mapped[date]
    kind: Mapped[str]
    symbol: Mapped[str | None]
    quantity: Mapped[Decimal | None]
    price: Mapped[Decimal | None]
    fee: Mapped[Decimal] = mapped_column(server_default=ZERO)
    tax: Mapped[Decimal] = mapped_column(server_default=ZERO)
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    fx_rate: Mapped[Decimal | None]
    account: Mapped[str | None]
    note: Mapped[str | None]
    external_id: Mapped[str | None]
    lots: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    ratio: Mapped[Decimal | None]
    to_symbol: Mapped[str | None]
    to_currency: Mapped[str | None]
    to_amount: Mapped[Decimal | None]
    transfer_id: Mapped[UUID | None]


class Recalculation(Base):
    """A note that a ledger, the bars of an instrument or the rates of a pair changed from a date on. Triggers write it, whoever changes them.

    `xid` is the transaction that did it: a reader that keeps the oldest one still running when it read finds all that came later.
    """

    __tablename__ = "recalculation"
    __table_args__ = (Index(None, "subject", "xid"), Index(None, "created_at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    subject: Mapped[str]
    since: Mapped[date]
    xid: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class DailyValuation(Base):
    """What a portfolio's rows were worth day by day, under one convention: derived, and computed again from the first day that changed."""

    __tablename__ = "daily_valuation"

    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"), primary_key=True)
    convention: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[int] = mapped_column(BigInteger)
    last_day: Mapped[date]
    layout: Mapped[dict[str, Any]]
    content: Mapped[bytes]
    stored_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Benchmark(Edited, Base):
    """What a portfolio is measured against: a blend of instruments, rates, prices and cash. Its name is one of a kind while it is in sight."""

    __tablename__ = "benchmark"
    __table_args__ = (
        Index("benchmark_workspace_id_name_key", "workspace_id", text("lower(name)"), unique=True, postgresql_where=text("removed_at IS NULL")),
        CheckConstraint("rebalancing IN ('monthly', 'daily', 'quarterly', 'yearly', 'never')", name="rebalancing"),
    )

    name: Mapped[str]
    rebalancing: Mapped[str] = mapped_column(server_default="monthly")
    removed_at: Mapped[datetime | None]


class BenchmarkComponent(Base):
    """One part of a blend and its share; `plus` is a spread a year, of cash its rate."""

    __tablename__ = "benchmark_component"
    __table_args__ = (
        CheckConstraint("weight > 0 AND weight <= 1", name="weight"),
        CheckConstraint("kind IN ('instrument', 'inflation', 'rate', 'cash') AND (kind = 'cash') = (instrument_id IS NULL)", name="kind"),
        CheckConstraint("plus > -1 AND plus < 10", name="plus"),
    )

    benchmark_id: Mapped[UUID] = mapped_column(ForeignKey("benchmark.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(server_default="instrument")
    instrument_id: Mapped[UUID | None] = mapped_column(ForeignKey("instrument.id"))
    weight: Mapped[Decimal]
    plus: Mapped[Decimal] = mapped_column(server_default="0")
    hedged: Mapped[bool] = mapped_column(server_default=false())


class Endpoint(Edited, Base):
    """Where somebody's own prices are read from."""

    __tablename__ = "endpoint"
    __table_args__ = (UniqueConstraint("workspace_id", "name"), CheckConstraint("name ~ '^[a-z0-9][a-z0-9_-]{0,39}$'", name="name"))

    name: Mapped[str]
    url: Mapped[str]
    reading: Mapped[dict[str, Any]]


class AuditEntry(Identified, Base):
    """Who did what to which thing, before and after. Append-only."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "workspace_id", "created_at"), Index(None, "entity_id"))

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"))
    actor_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    request_id: Mapped[str | None]


class JobRun(Identified, Base):
    """One run of a scheduled job."""

    __tablename__ = "job_run"
    __table_args__ = (Index(None, "job", "created_at"), CheckConstraint("status IN ('running', 'done', 'failed')", name="status"))

    job: Mapped[str]
    status: Mapped[str]
    finished_at: Mapped[datetime | None]
    detail: Mapped[dict[str, Any]]


class Finding(Identified, Base):
    """Something odd about the data that somebody may settle, as a quarantined quote."""

    __tablename__ = "finding"
    __table_args__ = (Index(None, "workspace_id", "status", "code"), CheckConstraint(one_of("severity", Severity), name="severity"))

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    code: Mapped[str]
    message: Mapped[str]
    severity: Mapped[str]
    context: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default="open")
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))


class IdempotencyKey(Base):
    """The answer that a key was given, stored in the transaction that did the write."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "created_at"),)

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int]
    body: Mapped[Any] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class DismissedCheck(Base):
    """A finding of the ledger's checks that somebody said is no problem. Its id holds the versions of its rows, so that a change asks again."""

    __tablename__ = "dismissed_check"
    __table_args__ = (Index(None, "portfolio_id"),)

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    code: Mapped[str]
    message: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Reconciliation(Edited, Base):
    """What a broker's statement says of a portfolio or one of its accounts on a date, and what it came to when it was last compared."""

    __tablename__ = "reconciliation"
    __table_args__ = (Index(None, "portfolio_id", "date"),)

    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    account: Mapped[str | None]
    date: Mapped[date]
    statement: Mapped[dict[str, Any]]
    breaks: Mapped[int]
    settled: Mapped[dict[str, Any]]
