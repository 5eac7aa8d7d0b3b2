"""The tables of alerts: rules, what each remembers, what fired, where it is told, and the messages on their way.

A message is written into the outbox in the transaction of its event, and leaves it only as sent or dead: nothing is lost between the two.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Float, ForeignKey, Index, SmallInteger, UniqueConstraint, Uuid, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import NOW, ONE, ZERO, Base, Edited, Identified, finite

MEASURES = ("price", "move", "value", "weight", "drawdown", "var", "stale", "finding")
CHANNEL_KINDS = ("email", "webhook")
STATUSES = ("pending", "sent", "dead")


def among(column: str, words: tuple[str, ...]) -> str:
    """Rule that a column holds one of some words."""
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


class AlertRule(Edited, Base):
    """What somebody wants to be told of. Without a portfolio it is about all of the workspace; without an instrument about the whole scope."""

    __tablename__ = "alert_rule"
    __table_args__ = (
        CheckConstraint(among("measure", MEASURES), name="measure"),
        CheckConstraint(among("direction", ("above", "below", "either")), name="direction"),
        CheckConstraint(f"{finite('threshold')} AND (margin IS NULL OR (margin >= 0 AND {finite('margin')}))", name="threshold"),
        CheckConstraint("cool_down_seconds >= 0", name="cool_down"),
        Index(None, "workspace_id", "id"),
    )

    measure: Mapped[str]
    direction: Mapped[str]
    portfolio_id: Mapped[UUID | None] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    instrument_id: Mapped[UUID | None] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"))
    threshold: Mapped[Decimal]
    margin: Mapped[Decimal | None]
    cool_down_seconds: Mapped[int] = mapped_column(server_default=ZERO)
    active: Mapped[bool] = mapped_column(server_default=true())
    note: Mapped[str | None]
    options: Mapped[dict[str, Any]]
    channels: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    removed_at: Mapped[datetime | None]


class AlertState(Base):
    """What a rule remembers from one evaluation to the next, over restarts too. Of another version of the rule it counts for nothing."""

    __tablename__ = "alert_state"

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("alert_rule.id", ondelete="CASCADE"), primary_key=True)
    rule_version: Mapped[int]
    side: Mapped[int] = mapped_column(SmallInteger)
    last: Mapped[float | None] = mapped_column(Float)
    fired_at: Mapped[datetime | None]
    firings: Mapped[int] = mapped_column(BigInteger, server_default=ZERO)
    changed_at: Mapped[datetime] = mapped_column(server_default=NOW)


class AlertEvent(Identified, Base):
    """A rule fired."""

    __tablename__ = "alert_event"
    __table_args__ = (Index(None, "workspace_id", "id"), Index(None, "rule_id", "id"),
                      Index("alert_event_unread_idx", "workspace_id", postgresql_where=text("acknowledged_at IS NULL")))

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("alert_rule.id", ondelete="CASCADE"))
    value: Mapped[float] = mapped_column(Float)
    title: Mapped[str]
    message: Mapped[str]
    context: Mapped[dict[str, Any]]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))


class AlertChannel(Edited, Base):
    """Where alerts are told beside the screen. A webhook's secret is derived from its id and generation: it stands nowhere."""

    __tablename__ = "alert_channel"
    __table_args__ = (CheckConstraint(among("kind", CHANNEL_KINDS), name="kind"), Index(None, "workspace_id", "id"))

    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[str]
    generation: Mapped[int] = mapped_column(server_default=ONE)
    active: Mapped[bool] = mapped_column(server_default=true())
    removed_at: Mapped[datetime | None]


class Outbox(Identified, Base):
    """One message to one channel. `next_at` is when it is due; while somebody sends it, when another may try."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("event_id", "channel_id"),
        CheckConstraint(among("status", STATUSES), name="status"),
        Index("outbox_due_idx", "next_at", postgresql_where=text("status = 'pending'")),
        Index(None, "workspace_id", "id"),
    )

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("alert_event.id", ondelete="CASCADE"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("alert_channel.id", ondelete="CASCADE"))
    body: Mapped[Any] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default=ZERO)
    next_at: Mapped[datetime] = mapped_column(server_default=NOW)
    last_error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
