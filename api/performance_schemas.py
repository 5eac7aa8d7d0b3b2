"""How performance is answered: figures at the top, tables beside them. null has its reason in `gaps` or in a finding."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import FindingPublic


class PeriodPublic(BaseModel):
    """One window to the same end."""

    window: str
    start: dt.date
    end: dt.date
    twr: float | None
    benchmark: float | None
    active: float | None
    mwr: float | None
    annualised: float | None = Field(description="twr a year; null for a year or less")


class PointPublic(BaseModel):
    """The close of a day."""

    date: dt.date
    value: float | None
    market_value: float | None
    cash: float | None
    flow: float | None
    net_contributions: float | None
    missing: int = Field(description="Rows left out for want of a price or rate")
    growth: float | None = Field(description="From 1 at the start")
    benchmark_growth: float | None


class FlowPublic(BaseModel):
    """What crossed the boundary, positive in."""

    date: dt.date
    kind: str
    amount: float | None


class YearPublic(BaseModel):
    """Returns of a year's months, January first."""

    year: int
    months: list[float | None]
    total: float | None


class ContributionPublic(BaseModel):
    """Part of the return that a holding, a balance or a group brought; together they are `twr`."""

    name: str
    label: str
    contribution: float | None
    return_: float | None = Field(alias="return")
    weight: float | None
    pnl: float | None


class GroupPublic(ContributionPublic):
    """The same of a group; `key` asks for it as `group`."""

    key: str


class CurrencyPublic(BaseModel):
    """Contributions of a currency: local + fx + cross = base, after Karnosky and Singer."""

    currency: str
    weight: float | None
    local: float | None
    fx: float | None
    cross: float | None
    base: float | None


class SymbolPublic(BaseModel):
    """What is compared with."""

    symbol: str
    name: str


class PerformancePublic(BaseModel):
    """A window of a scope in every way that it can be measured. Fractions of the window, money in `base_currency`."""

    model_config = ConfigDict(extra="allow")

    scope: str
    label: str
    base_currency: str
    start: dt.date = Field(description="The opening value is at its close")
    end: dt.date
    days: int
    conventions: dict[str, str]
    twr: float | None = Field(description="Time-weighted, daily, by the conventions asked for")
    twr_annualised: float | None
    mwr: float | None = Field(description="Money-weighted over the window; null where there is no rate, or more than one")
    mwr_annualised: float | None
    simple_dietz: float | None
    modified_dietz: float | None
    roi: float | None
    simple_return: float | None
    twr_gross: float | None = Field(description="Before fees and taxes")
    twr_gross_of_fees: float | None
    twr_net: float | None
    real_twr: float | None
    local_twr: float | None
    hedged_twr: float | None
    benchmark_twr: float | None
    active_return: float | None
    tracking_error: float | None
    volatility: float | None
    max_drawdown: float | None
    pnl: float | None
    why: str = Field(description="Why the time- and the money-weighted return differ")
    pnl_bridge: dict[str, float | None]
    periods: list[PeriodPublic]
    series: list[PointPublic]
    flows: list[FlowPublic]
    calendar: list[YearPublic]
    contributions: list[ContributionPublic]
    groups: list[GroupPublic]
    currency: list[CurrencyPublic]
    benchmark: SymbolPublic | None
    simulated: bool
    revisions: dict[str, int]
    known_at: dt.datetime | None
    gaps: dict[str, str] = Field(description="A figure that is null, and why")
    explain: str = Field(description="Address that explains a number of this answer; put {figure} and {symbol} in")
    quality: list[FindingPublic] = Field(description="What weakens the figures")
    findings: list[FindingPublic]


EXAMPLE: dict[str, Any] = {
    "scope": "all", "label": "All portfolios", "base_currency": "USD", "start": "2023-12-29", "end": "2024-03-28", "days": 90,
    "conventions": {"flow_timing": "start", "day_count": "act/365", "costs": "net", "currency_mode": "base"},
    "twr": 0.0412, "twr_annualised": None, "mwr": 0.0389, "modified_dietz": 0.0391, "simple_return": 0.0622,
    "why": "Money came in before the rise of March.",
    "pnl_bridge": {"opening_value": 10000.0, "flows": 2000.0, "price": 431.1, "fx": -12.3, "income": 20.0, "fees": 5.0, "taxes": 3.0,
                   "corporate_actions": 0.0, "closing_value": 12430.8, "residual": 0.0},
    "periods": [{"window": "3M", "start": "2023-12-28", "end": "2024-03-28", "twr": 0.0412, "benchmark": 0.0371, "active": 0.0041, "mwr": 0.0389,
                 "annualised": None}],
    "series": [{"date": "2024-03-28", "value": 12430.8, "market_value": 11430.8, "cash": 1000.0, "flow": 0.0, "net_contributions": 12000.0,
                "missing": 0, "growth": 1.0412, "benchmark_growth": 1.0371}],
    "gaps": {"twr_annualised": "the window is not longer than a year"}, "findings": [],
}
