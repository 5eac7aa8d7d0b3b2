"""How the history of an instrument is answered."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from api.schemas import Amount, Public


class HistoryPublic(Public):
    """How far the history of an instrument is fetched."""

    symbol: str
    state: str = Field(description="waiting, running, done, failed, nobody (no provider has it) or none (never asked for)")
    first: dt.date | None
    last: dt.date | None
    done: int = Field(description="Bars of this run that are stored")
    of: int
    fraction: float | None
    provider: str | None
    error: str | None
    retry_at: dt.datetime | None
    bars: int
    actions: int
    revisions: int
    quarantined: int
    gaps: int | None = Field(description="Trading days between the first and the last bar without one; null while the calendar is being loaded")


class RevisionPublic(Public):
    """A field of a bar that a provider told otherwise later."""

    date: dt.date
    field: str
    was: Amount | None
    became: Amount | None
    source: str
    recorded_at: dt.datetime


class AdjustedPublic(Public):
    """Prices of a day adjusted for what followed, beside the close as it was traded."""

    date: dt.date
    close: float
    open: float | None
    high: float | None
    low: float | None
    volume: float | None
    raw_close: float
    factor: float = Field(description="Adjusted close over traded close")
    split: float | None = Field(description="New shares per old one, on the day of a split")
    dividend: float | None = Field(description="Paid a share on this day, as it was then")
    mark: str | None = Field(description="How the bar was repaired, or that a person released it")
