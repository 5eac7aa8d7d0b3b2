"""The table of watchlists: instruments somebody looks at, in their order."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from data.tables import Base, Edited


class Watchlist(Edited, Base):
    """A named list of instruments. The order is that of the array."""

    __tablename__ = "watchlist"
    __table_args__ = (Index(None, "workspace_id", "id"),)

    name: Mapped[str]
    instruments: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    removed_at: Mapped[datetime | None]
