"""The tables of advice: proposals that wait for a person, and runs of optimisers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import Base, Edited


class Proposal(Edited, Base):
    """Drafts of transactions; nothing of it is in the ledger until somebody confirms it."""

    __tablename__ = "proposal"
    __table_args__ = (CheckConstraint("status IN ('open', 'confirmed', 'rejected')", name="status"), Index(None, "portfolio_id", "id"))

    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    status: Mapped[str]
    source: Mapped[str]
    note: Mapped[str | None]
    lines: Mapped[list[dict[str, Any]]]
    effect: Mapped[dict[str, Any]]
    revision: Mapped[int]


class OptimiserRun(Edited, Base):
    """An optimiser asked for once: the question, how far it is, and what came out."""

    __tablename__ = "optimiser_run"
    __table_args__ = (CheckConstraint("status IN ('running', 'done', 'failed', 'cancelled')", name="status"), Index(None, "portfolio_id", "id"))

    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    status: Mapped[str]
    question: Mapped[dict[str, Any]]
    progress: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    finished_at: Mapped[datetime | None]
