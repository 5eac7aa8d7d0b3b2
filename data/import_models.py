"""The tables of imports: the files that were read, each of their rows with what became of it, and how such files are to be read again.

They are kept when an import is taken back, so that a row of the ledger can always tell the line of the file that it came from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import NOW, Base, Edited


class ImportRun(Edited, Base):
    """One file that was read into a portfolio, or only looked at (`dry_run`)."""

    __tablename__ = "import_run"
    __table_args__ = (Index(None, "portfolio_id", "created_at"),)

    portfolio_id: Mapped[UUID] = mapped_column(ForeignKey("portfolio.id"))
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(server_default="")
    format: Mapped[str]
    dry_run: Mapped[bool] = mapped_column(server_default=false())
    status: Mapped[str]
    rows: Mapped[dict[str, Any]]
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reading: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    finished_at: Mapped[datetime | None]
    taken_back_at: Mapped[datetime | None]


class ImportRow(Base):
    """One row of a file as it stood there, and what became of it."""

    __tablename__ = "import_row"
    __table_args__ = (Index(None, "transaction_id"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str]
    cells: Mapped[Any] = mapped_column(JSONB)
    told: Mapped[dict[str, Any]]
    transaction_id: Mapped[UUID | None]


class ImportMapping(Base):
    """How a person said that files with these headers are to be read."""

    __tablename__ = "import_mapping"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    signature: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    mapping: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime] = mapped_column(server_default=NOW)
