"""What the tables are made of: names of constraints, types, the columns that many share, and the rules that they are written in."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, MetaData, Numeric, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from data.ids import uuid7

ONE = text("1")
ZERO = text("0")
NOW = func.clock_timestamp()


def one_of(column: str, values: type[StrEnum]) -> str:
    """Rule that a column holds a word of a closed set."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def finite(*columns: str) -> str:
    """Rule that numbers have at most 20 digits before the point; refuses NaN and infinity, which PostgreSQL sorts above all."""
    return " AND ".join(f"abs({column}) < 1e20" for column in columns)


def positive(*columns: str) -> str:
    """Rule that numbers are above zero, and finite."""
    return " AND ".join(f"{column} > 0 AND {column} < 1e20" for column in columns)


class Base(DeclarativeBase):
    """Root of the tables, with names for every constraint so that migrations can speak of them."""

    metadata = MetaData(naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    })
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text, Decimal: Numeric, datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[dict[str, Any]]: JSONB,
    }


class Identified:
    """A row with an id of its own."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Edited(Identified):
    """A row of a workspace that a person put there and may edit: `version` counts, so that nobody overwrites what they have not seen."""

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    version: Mapped[int] = mapped_column(server_default=ONE)
    changed_at: Mapped[datetime] = mapped_column(server_default=NOW)
