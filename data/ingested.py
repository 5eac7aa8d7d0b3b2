"""What becomes of a batch of quotes, and what a second provider says of the doubtful ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from data.quarantine import Quarantined
from engine.types import Quote

Key = tuple[UUID, datetime, float]


class Opinion(NamedTuple):
    """What a second provider says of a doubtful quote."""

    source: str
    price: float
    agrees: bool


Opinions = Mapping[Key, Opinion | None]


class Doubts(NamedTuple):
    """What is done about doubtful quotes: given back to ask a second provider, or settled by what it said."""

    ask: bool
    opinions: Opinions


@dataclass(slots=True)
class Ingested:
    """What became of a batch, each part in the order of arrival."""

    accepted: list[Quote] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    ignored: list[Quote] = field(default_factory=list)
    doubtful: list[Quarantined] = field(default_factory=list)  # while a second provider is being asked

    def add(self, other: Ingested) -> None:
        """Take in what became of another batch."""
        self.accepted += other.accepted
        self.quarantined += other.quarantined
        self.ignored += other.ignored


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """When a source was last heard, and what it failed with since."""

    name: str
    simulated: bool
    received: datetime | None = None
    error: str | None = None


def key_of(quote: Quote) -> Key:
    """Tell one quote of a batch from the others."""
    return quote.instrument_id, quote.ts, quote.price
