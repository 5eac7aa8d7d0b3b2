"""What search, watchlists, charts and the log of the feed answer, and what is sent to them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import BeforeValidator, ConfigDict, Field

from api.requests import Described, Input
from api.schemas import ActionPublic, InstrumentPublic, Public, QuotePublic
from engine.types import AssetClass


def _told(at: dt.date) -> str:
    return at.isoformat().replace("+00:00", "Z")


Moment = Annotated[str, BeforeValidator(_told)]


class ListingPublic(Public):
    """What a provider calls by this symbol."""

    provider: str
    symbol: str
    name: str
    asset_class: AssetClass
    currency: str | None
    exchange: str | None
    isin: str | None


class MissedPublic(Public):
    """A provider that gave no answer."""

    provider: str
    reason: str


class FoundPublic(Public):
    """What a text may mean."""

    text: str
    known: list[InstrumentPublic]
    listings: list[ListingPublic]
    missed: list[MissedPublic]


class WatchlistPublic(Public):
    """A list of instruments, in its order."""

    id: UUID
    name: str
    symbols: list[str]
    version: int


class WatchlistBody(Input):
    """A list of instruments."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Semiconductors", "symbols": ["AMD", "MSFT"]}]})

    name: str
    symbols: list[str] = Field(default_factory=list)


class WatchlistChangeBody(Input):
    """What is to change; `symbols` is the whole list in its new order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"symbols": ["MSFT", "AMD", "AAPL"], "version": 1}]})

    name: str | None = None
    symbols: list[str] | None = None
    version: int | None = None


class CandlePublic(Public):
    """What a price did within an interval; local currency."""

    at: Moment = Field(description="First instant, RFC 3339 UTC; beyond a week the day; of a week or month that of its first bar")
    open: float | None
    high: float | None
    low: float | None
    close: float
    volume: float | None
    mark: str | None = Field(description="What was repaired, or simulated")


class CandlesPublic(Public):
    """The candles of a range, oldest first."""

    symbol: str
    currency: str
    range: str
    every: str
    adjusted: bool = Field(description="Splits are taken out of the prices before them")
    candles: list[CandlePublic]
    actions: list[ActionPublic]


class PanelPublic(Public):
    """The price of an instrument and what it is seen against."""

    instrument: InstrumentPublic
    quote: QuotePublic
    session: Literal["open", "closed", "pre", "post"]
    next_change: dt.datetime
    day: CandlePublic | None
    high_52w: float | None
    low_52w: float | None
    first_bar: dt.date | None
    last_bar: dt.date | None


class LogPublic(Public):
    """One line of the feed's log."""

    at: dt.datetime
    kind: str
    status: str
    message: str
    detail: dict[str, Any]


NewWatchlist = Annotated[Any, Body(), Described(WatchlistBody)]
WatchlistChange = Annotated[Any, Body(), Described(WatchlistChangeBody)]
