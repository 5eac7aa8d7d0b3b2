"""Answers about endpoints of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from data.endpoint_records import Reading, StoredEndpoint

__all__ = ["EndpointTrial", "Reading", "StoredEndpoint"]


@dataclass(frozen=True, slots=True)
class EndpointTrial:
    """What one call brought: the price that would be taken, or the problem, and the beginning of the answer."""

    symbol: str
    ok: bool
    status: int | None
    content_type: str | None
    size: int | None
    excerpt: str | None
    price: Decimal | None = None
    ts: datetime | None = None
    currency: str | None = None
    volume: Decimal | None = None
    problem: str | None = None
    code: str | None = None
