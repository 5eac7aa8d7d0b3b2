"""Records of the factor returns that people brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredFactors:
    """A file of factor returns of a workspace. `content` is the text as it came; `unit` percent, fraction, or None: as its dates tell."""

    id: UUID
    workspace_id: UUID
    name: str
    unit: str | None
    content: str
    version: int
    created_at: datetime
