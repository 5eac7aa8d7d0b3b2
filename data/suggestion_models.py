"""Tables of advice: what portfolios are meant to be, rules of one's own, and what was suggested."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import NOW, Base, Edited


class PortfolioPolicy(Edited, Base):
    """What a portfolio is meant to be, as `services.advice.policy_reading` reads it; at most one each."""

    __tablename__ = "portfolio_policy"
    __table_args__ = (UniqueConstraint("portfolio_id"),)

    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id"))
    told: Mapped[Any] = mapped_column(JSONB)


class CustomRule(Edited, Base):
    """A rule of one's own; without a portfolio it is of all of them."""

    __tablename__ = "custom_rule"
    __table_args__ = (CheckConstraint("severity IN ('info', 'warning', 'error')", "severity"), Index(None, "workspace_id", "id"))

    portfolio_id: Mapped[UUID | None] = mapped_column(ForeignKey("portfolio.id"))
    name: Mapped[str]
    expression: Mapped[str]
    severity: Mapped[str]
    fix: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default="false")
    removed_at: Mapped[datetime | None]


class Suggestion(Edited, Base):
    """Something that was suggested for a portfolio, and what somebody decided about it. `told` is what it said, `times` what happened when."""

    __tablename__ = "suggestion"
    __table_args__ = (UniqueConstraint("portfolio_id", "key"), Index(None, "workspace_id", "portfolio_id"),
                      CheckConstraint("state IN ('open', 'dismissed', 'done', 'gone')", "state"))

    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id"))
    key: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    until: Mapped[date | None]
    told: Mapped[Any] = mapped_column(JSONB)
    done: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    times: Mapped[Any] = mapped_column(JSONB)
    decided_at: Mapped[datetime | None]
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)
