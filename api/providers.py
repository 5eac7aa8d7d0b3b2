"""How the providers of market data fare."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter

from api.dependencies import Asks, ExactRoute
from api.schemas import Public
from services.market.providers import ProviderView

routes = APIRouter(tags=["market"], route_class=ExactRoute)


class LinePublic(Public):
    """The socket over which a provider tells its ticks: connected, down, or unknown where the leader has not told for three minutes."""

    state: str
    since: dt.datetime | None
    symbols: int
    ticks: int
    error: str | None


class ProviderPublic(Public):
    """A provider of `MARKET_DATA`: its budget, its breaker, its last answer and its last error, as all processes have seen it."""

    name: str
    place: int
    state: str
    simulated: bool
    offers: list[str]
    breaker: str
    failures: int
    retry_at: dt.datetime | None
    per_minute: float | None
    per_day: int | None
    used_today: int
    left_today: int | None
    latency_ms: float | None
    last_ok_at: dt.datetime | None
    last_error: str | None
    last_error_code: str | None
    last_error_at: dt.datetime | None
    reason: str | None
    line: LinePublic | None


@routes.get("/providers", response_model=list[ProviderPublic])
def providers(call: Asks) -> list[ProviderView]:
    """Tell how each provider fares, most preferred first."""
    return call.services.providers.health(call.actor)
