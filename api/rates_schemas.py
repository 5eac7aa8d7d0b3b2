"""What bonds and options hang on, as it is answered."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from api.schemas import FindingPublic, Public


class BondPublic(Public):
    """A bond that is held."""

    symbol: str
    coupon: float = Field(description="A year, fraction")
    maturity: dt.date
    years: float | None
    price: float | None
    value: float | None = Field(description="Base currency")
    yield_to_maturity: float | None = Field(description="A year, fraction")
    duration: float | None = Field(description="Modified, years")
    convexity: float | None
    dv01: float | None = Field(description="Loss for a basis point more, base currency")


class OptionPublic(Public):
    """An option that is held."""

    symbol: str
    underlying: str
    strike: float
    expiry: dt.date
    right: str
    years: float | None
    spot: float | None
    volatility: float | None = Field(description="A year, fraction")
    implied: bool = Field(description="Whether the price implies the volatility; else it is that of the underlying's last 63 days")
    delta: float | None
    gamma: float | None
    vega: float | None = Field(description="For a whole 1.00 of volatility")
    theta: float | None = Field(description="A year")
    rho: float | None = Field(description="For a whole 1.00 of the rate")
    value: float | None
    delta_exposure: float | None = Field(description="Base currency")


class RatesPublic(Public):
    """What bonds and options of a scope hang on."""

    scope: str
    label: str
    base_currency: str
    value: float | None
    bonds: list[BondPublic]
    options: list[OptionPublic]
    figures: dict[str, float | None]
    conventions: dict[str, str]
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]
