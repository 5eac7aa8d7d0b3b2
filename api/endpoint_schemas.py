"""Endpoints of one's own as they are sent and told."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

from api.requests import Described, Input
from api.schemas import Amount


class EndpointFields(Input):
    """Where prices are read from, and what stands where in the answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"name": "desk", "url": "https://prices.example.com/last?s={symbol}", "price": "data.last", "time": "data.ts", "currency": "data.currency"}]})

    name: str = Field(description="An instrument means it by the source `endpoint` with the symbol `name`, or `name/symbol there`")
    url: str = Field(description="With {symbol} where the symbol stands, and {key} for ENDPOINT_API_KEY; its host is one of ENDPOINT_HOSTS")
    price: str = Field(description="Path such as `data.quotes[0].last` or `/data/quotes/0/last`; of a CSV the name of a column, or its number")
    format: Literal["json", "csv"] = "json"
    time: str | None = Field(None, description="Path or column; absent: the price is of the moment it is asked for")
    currency: str | None = Field(None, description="Path or column; another currency than the instrument's is refused")
    volume: str | None = None
    symbol: str | None = Field(None, description="Path or column: the answer must be of the symbol, or the row of it is read")
    time_unit: Literal["auto", "iso", "s", "ms", "us", "ns"] = "auto"
    time_zone: str = Field("UTC", description="Of times that name none")
    unit: str | None = Field(None, description="Currency or part of one where the answer tells none, such as GBp")
    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    header: bool = Field(True, description="Whether the first line of a CSV names its columns")


class EndpointUpdate(Input):
    """Fields of an endpoint to change; the version that was read comes in If-Match or here."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"price": "data.close", "version": 1}]})

    version: int | None = None


class EndpointTry(EndpointFields):
    """An endpoint to be asked once."""

    name: str = "trial"
    try_symbol: str


class ReadingPublic(BaseModel):
    """What stands where."""

    model_config = ConfigDict(from_attributes=True)

    format: str
    price: str
    time: str | None
    currency: str | None
    volume: str | None
    symbol: str | None
    time_unit: str
    time_zone: str
    unit: str | None
    delimiter: str
    decimal: str
    header: bool


class EndpointPublic(BaseModel):
    """A stored endpoint."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    url: str
    reading: ReadingPublic
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime


class TrialPublic(BaseModel):
    """What one call brought: the price that would be taken, or the problem, and the beginning of the answer."""

    model_config = ConfigDict(from_attributes=True)

    symbol: str
    ok: bool
    status: int | None
    content_type: str | None
    size: int | None
    excerpt: str | None
    price: Amount | None = None
    ts: dt.datetime | None = None
    currency: str | None = None
    volume: Amount | None = None
    problem: str | None = None
    code: str | None = None


EndpointBody = Annotated[Any, Body(), Described(EndpointFields)]
EndpointChange = Annotated[Any, Body(), Described(EndpointUpdate)]
EndpointTrialBody = Annotated[Any, Body(), Described(EndpointTry)]
