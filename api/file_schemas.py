"""What imports answer, as the documentation shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class RowPublic(BaseModel):
    """One row of a file and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    row: int = Field(description="Its place in the file, from 1, as a spreadsheet counts")
    status: str = Field(description="accepted, duplicate, refused or ignored")
    column: str | None = Field(None, description="Header of the first cell that is wrong")
    field: str | None = None
    value: str | None = Field(None, description="The cell as it stands in the file")
    reason: str | None = None
    hint: str | None = None
    errors: list[dict[str, Any]] = Field([], description="Everything that is wrong with the row")
    transaction: dict[str, str] = Field({}, description="What it says, as far as it could be read")
    transaction_id: UUID | None = None
    cells: list[str] = Field([], description="The row as it stands in the file")


class ImportPublic(BaseModel):
    """A run: one file read into a portfolio, or only looked at."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    portfolio_id: UUID
    file_name: str
    sha256: str
    format: str = Field(description="portolan: our own; mapped: any other")
    dry_run: bool
    status: str = Field(description="running, checked (a dry run), done, refused, failed, interrupted, taken_back")
    total: int
    accepted: int
    duplicate: int
    refused: int
    ignored: int
    mapping: dict[str, Any] | None = Field(None, description="How the file was read; correct it and send it again as `mapping`")
    reading: dict[str, Any] = Field({}, description="Header, delimiter, encoding, guesses with their confidence, samples, unknown words of kind")
    instruments: list[str] = Field([], description="Symbols that were, or would be, made")
    progress: dict[str, Any] | None = Field(None, description="phase, done, total while it runs")
    problem: dict[str, Any] | None = Field(None, description="Why it was refused or failed")
    rows: list[RowPublic] = Field([], description="The first rows; the others at /imports/{id}/rows")
    more: bool = False
    created_at: datetime
    finished_at: datetime | None = None
    taken_back_at: datetime | None = None
