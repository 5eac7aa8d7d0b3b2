"""The tables of the market: what prices, rates and actions an instrument has, how far its history is fetched, and what providers may be asked.

Bars, actions, ticks and latest quotes are parts of their instrument and reached only through it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import NOW, ZERO, Base, Identified, positive


class CorporateAction(Identified, Base):
    """What a company did to its shares on a date."""

    __tablename__ = "corporate_action"
    __table_args__ = (
        UniqueConstraint("instrument_id", "date", "kind"),
        CheckConstraint(positive("ratio", "amount"), name="amounts"),
    )

    instrument_id: Mapped[UUID] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"))
    date: Mapped[date]
    kind: Mapped[str]
    ratio: Mapped[Decimal | None]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    source: Mapped[str]


class Bar(Base):
    """Prices of an instrument over a trading date, unadjusted. That the instrument is there is checked by a trigger, once a statement."""

    __tablename__ = "bar"
    __table_args__ = (
        CheckConstraint(f"{positive('close', 'open', 'high', 'low', 'adjusted_close')} AND volume >= 0 AND volume < 1e20", name="prices"),
    )

    instrument_id: Mapped[UUID] = mapped_column(primary_key=True)
    date: Mapped[date] = mapped_column(primary_key=True)
    close: Mapped[Decimal]
    open: Mapped[Decimal | None]
    high: Mapped[Decimal | None]
    low: Mapped[Decimal | None]
    volume: Mapped[Decimal | None]
    adjusted_close: Mapped[Decimal | None]
    source: Mapped[str]
    simulated: Mapped[bool] = mapped_column(server_default=false())
    mark: Mapped[str | None]


class ClosePack(Base):
    """The closes of an instrument in one piece: int32 days since 1970 and float64 prices. Triggers take it away when a bar changes."""

    __tablename__ = "close_pack"

    instrument_id: Mapped[UUID] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    days: Mapped[bytes]
    closes: Mapped[bytes]
    packed_at: Mapped[datetime] = mapped_column(server_default=NOW)


class BarRevision(Base):
    """A field of a bar that a provider told otherwise later, with both values. `was` is empty where there was no bar or no such field."""

    __tablename__ = "bar_revision"
    __table_args__ = (Index(None, "instrument_id", "recorded_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    instrument_id: Mapped[UUID] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"))
    date: Mapped[date]
    field: Mapped[str]
    was: Mapped[Decimal | None]
    became: Mapped[Decimal | None]
    source: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=NOW)


class HistoryRun(Base):
    """How far the history of an instrument is fetched: `first` to `last`, `done` of `of` portions."""

    __tablename__ = "history_run"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'nobody')", name="state"),)

    instrument_id: Mapped[UUID] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    first: Mapped[date | None]
    last: Mapped[date | None]
    done: Mapped[int] = mapped_column(server_default=ZERO)
    of: Mapped[int] = mapped_column(server_default=ZERO)
    provider: Mapped[str | None]
    error: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default=ZERO)
    retry_at: Mapped[datetime | None]
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    changed_at: Mapped[datetime] = mapped_column(server_default=NOW)


class FxRate(Base):
    """Units of the pair's second currency for one of its first, on a date. Without an owner it came from the market."""

    __tablename__ = "fx_rate"
    __table_args__ = (CheckConstraint("pair ~ '^[A-Z]{6}$'", name="pair"), CheckConstraint(positive("rate"), name="rate"))

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    pair: Mapped[str] = mapped_column(primary_key=True)
    date: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal]
    source: Mapped[str]
    simulated: Mapped[bool] = mapped_column(server_default=false())
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))


class QuoteTick(Base):
    """Every quote the feed took. A partition a day (UTC, of `received`); the first migration says PARTITION BY."""

    __tablename__ = "quote_tick"
    __table_args__ = (
        Index("quote_tick_instrument_id_ts_idx", "instrument_id", "ts"),
        CheckConstraint(positive("price"), name="price"),
        {"postgresql_partition_by": "RANGE (received)"},
    )

    instrument_id: Mapped[UUID] = mapped_column()
    price: Mapped[Decimal]
    volume: Mapped[Decimal | None]
    ts: Mapped[datetime] = mapped_column()
    received: Mapped[datetime] = mapped_column()
    source: Mapped[str]
    simulated: Mapped[bool]
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    mark: Mapped[str | None]
    __mapper_args__ = {"primary_key": [instrument_id, ts, received]}  # noqa: RUF012  # the mapper wants columns; the table has no key


class QuoteLatest(Base):
    """The newest quote of an instrument."""

    __tablename__ = "quote_latest"
    __table_args__ = (CheckConstraint(positive("price"), name="price"),)

    instrument_id: Mapped[UUID] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    price: Mapped[Decimal]
    volume: Mapped[Decimal | None]
    ts: Mapped[datetime]
    received: Mapped[datetime]
    source: Mapped[str]
    currency: Mapped[str]
    simulated: Mapped[bool]
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    mark: Mapped[str | None]


class ProviderState(Base):
    """What a provider of market data may still be asked, and how it fares: one row for all processes, changed by single statements."""

    __tablename__ = "provider_state"
    __table_args__ = (CheckConstraint("breaker IN ('closed', 'open', 'half_open')", name="breaker"),)

    provider: Mapped[str] = mapped_column(primary_key=True)
    per_second: Mapped[Decimal | None]
    burst: Mapped[Decimal]
    per_day: Mapped[int | None]
    tokens: Mapped[Decimal]
    refilled_at: Mapped[datetime] = mapped_column(server_default=NOW)
    day: Mapped[date]
    used_today: Mapped[int] = mapped_column(server_default=ZERO)
    breaker: Mapped[str] = mapped_column(server_default="closed")
    failures: Mapped[int] = mapped_column(server_default=ZERO)
    failures_before: Mapped[int] = mapped_column(server_default=ZERO)
    opened_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    last_error_code: Mapped[str | None]
    last_error_at: Mapped[datetime | None]
    latency_ms: Mapped[Decimal | None]
