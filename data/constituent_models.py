"""The table of what funds hold: every list that was told, one version after the other."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import NOW, Base


class ConstituentList(Base):
    """What an instrument holds, in a version; an empty list: nothing is told any more. The newest counts, none is ever changed."""

    __tablename__ = "constituent_list"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"), CheckConstraint("jsonb_typeof(parts) = 'array'", name="parts"),
        Index("constituent_list_workspace_id_instrument_id_idx", "workspace_id", "instrument_id", text("version DESC")),
    )

    instrument_id: Mapped[UUID] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"))
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=NOW)
    as_of: Mapped[date | None]
    source: Mapped[str | None]
    parts: Mapped[Any] = mapped_column(JSONB)
