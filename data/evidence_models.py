"""The tables of what-ifs under a name, and of runs that collect evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import Base, Edited


class WhatIf(Edited, Base):
    """Weights and trades that are tried, under a name; without a portfolio they are of all of them."""

    __tablename__ = "what_if"
    __table_args__ = (Index(None, "workspace_id", "id"),)

    portfolio_id: Mapped[UUID | None] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    name: Mapped[str]
    note: Mapped[str | None]
    draft: Mapped[dict[str, Any]]
    removed_at: Mapped[datetime | None]


class EvidenceRun(Edited, Base):
    """Strategies, models, or the fixes of suggestions, tried on the past of what a scope holds."""

    __tablename__ = "evidence_run"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'done', 'failed', 'cancelled')", name="status"),
        CheckConstraint("kind IN ('strategies', 'models', 'suggestions')", name="kind"),
        Index(None, "workspace_id", "id"),
    )

    portfolio_id: Mapped[UUID | None] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    kind: Mapped[str]
    status: Mapped[str]
    question: Mapped[dict[str, Any]]
    progress: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    finished_at: Mapped[datetime | None]
