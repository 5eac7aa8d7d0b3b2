"""What funds hold, as it is sent and told."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

from api.requests import Described, Given, Input
from api.schemas import FindingPublic
from engine.types import AssetClass


class ConstituentPut(Input):
    """Something a fund holds, with what is known of it; or a group alone: all that is held of a sector, country, region, currency or class."""

    weight: Given = Field(description="Fraction of the fund; shorts below zero")
    symbol: str | None = None
    name: str | None = None
    isin: str | None = None
    sector: str | None = None
    country: str | None = None
    region: str | None = None
    currency: str | None = None
    asset_class: AssetClass | None = None


class ConstituentsPut(Input):
    """What a fund holds, whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "date": "2026-03-31", "source": "issuer", "constituents": [
            {"symbol": "AAPL", "weight": "0.062"}, {"name": "Toyota Motor", "country": "JP", "currency": "JPY", "sector": "Consumer", "weight": 0.01},
            {"country": "US", "weight": 0.62}]}]})

    date: dt.date | None = Field(None, description="Of the weights; today where absent")
    source: str | None = Field(None, description="Who says so")
    constituents: list[ConstituentPut]


ConstituentsBody = Annotated[Any, Body(), Described(ConstituentsPut | list[ConstituentPut])]


class ConstituentPublic(BaseModel):
    """A part of a fund."""

    weight: float
    symbol: str | None
    name: str | None
    isin: str | None
    sector: str | None
    country: str | None
    region: str | None
    currency: str | None
    asset_class: str | None


class ConstituentsPublic(BaseModel):
    """What a fund holds. Weights that do not add up to 1 are told by a finding: what is lacking stays under the fund's own name."""

    symbol: str
    name: str
    date: dt.date | None
    source: str | None
    version: int
    recorded_at: dt.datetime
    constituents: list[ConstituentPublic]
    sums: dict[str, float] = Field(description="holdings, sector, country, region, currency or asset_class: what its weights add up to")
    findings: list[FindingPublic]
