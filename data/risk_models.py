"""The tables of firm-wide runs: which figures were asked for, how far the run is, and what came out for each portfolio."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import Base, Edited


class RiskRun(Edited, Base):
    """Every figure of many portfolios, asked for once."""

    __tablename__ = "risk_run"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'done', 'failed', 'cancelled')", name="status"),
        Index(None, "workspace_id", "id"),
    )

    status: Mapped[str]
    question: Mapped[dict[str, Any]]
    progress: Mapped[dict[str, Any]]
    place: Mapped[str | None]
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    finished_at: Mapped[datetime | None]


class RiskRunRow(Base):
    """The figures of one portfolio of a run."""

    __tablename__ = "risk_run_row"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("risk_run.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    portfolio_id: Mapped[UUID]
    name: Mapped[str]
    told: Mapped[dict[str, Any]]
    figures: Mapped[dict[str, Any]]
    findings: Mapped[list[dict[str, Any]]]
