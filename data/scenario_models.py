"""The table of scenarios: shocks that somebody gave a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import Base, Edited


class Scenario(Edited, Base):
    """A named list of shocks, as `engine.stress.scenario` reads them."""

    __tablename__ = "scenario"
    __table_args__ = (CheckConstraint("overlap IN ('specific', 'compound')", "overlap"), Index(None, "workspace_id", "id"))

    name: Mapped[str]
    note: Mapped[str | None]
    shocks: Mapped[Any] = mapped_column(JSONB)
    overlap: Mapped[str] = mapped_column(server_default="specific")
    removed_at: Mapped[datetime | None]
