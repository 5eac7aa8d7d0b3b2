"""The table of factor returns that people brought: the file as it came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import Base, Edited


class FactorFile(Edited, Base):
    """A file of factor returns under a name. `removed_at` keeps what was taken out of sight, so that it can come back."""

    __tablename__ = "factor_file"
    __table_args__ = (
        Index("factor_file_workspace_id_name_key", "workspace_id", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
        CheckConstraint("length(content) <= 8388608", name="content"),
    )

    name: Mapped[str]
    unit: Mapped[str | None]
    content: Mapped[str]
    removed_at: Mapped[datetime | None] = mapped_column()
