"""What value at risk and its backtest answer."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from api.schemas import FindingPublic, Public


class MethodPublic(Public):
    """What a method says of today's holdings; a loss is positive, null where `gaps` says why."""

    name: str
    label: str
    source: str = Field(description="Who described it")
    minimum: int = Field(description="Trading days that it needs")
    value_at_risk: float | None
    value_at_risk_amount: float | None
    expected_shortfall: float | None
    expected_shortfall_amount: float | None


class PartPublic(Public):
    """What a holding or a group adds; components sum to the whole. Fractions of the scope's value."""

    name: str
    weight: float | None
    standalone: float | None = Field(description="Of it alone, at its weight")
    marginal: float | None = Field(description="Change for a unit of weight more")
    component: float | None
    component_amount: float | None
    share: float | None
    incremental: float | None = Field(description="With it less without it, its money in cash")
    shortfall_component: float | None = Field(description="Its part of the expected shortfall")


class SellingPublic(Public):
    """How fast a holding could be sold."""

    symbol: str
    quantity: float | None
    volume: float | None = Field(description="Mean units traded a day, last twenty bars")
    days: float | None
    share_in_a_day: float | None
    spread: float | None = Field(description="Fraction of the price")


class LiquidityPublic(Public):
    """How fast everything could be sold."""

    days_to_liquidate: float | None
    liquidity_adjusted_value_at_risk: float | None
    liquidity_adjusted_value_at_risk_amount: float | None
    holdings: list[SellingPublic]


class ValueAtRiskPublic(Public):
    """Value at risk of today's holdings."""

    scope: str
    label: str
    base_currency: str
    value: float
    level: float
    horizon_days: int
    days: int = Field(description="Trading days that the figures rest on")
    start: dt.date | None
    end: dt.date | None
    method: str = Field(description="That the figures at the top and the parts are told by: the one asked for, else the best")
    best: str | None = Field(description="The method that its backtest ranks first, if it passes")
    value_at_risk: float | None
    value_at_risk_amount: float | None
    expected_shortfall: float | None
    expected_shortfall_amount: float | None
    methods: list[MethodPublic]
    figures: dict[str, float | None]
    by: str
    parts: list[PartPublic]
    diversification_benefit: float | None
    liquidity: LiquidityPublic
    gaps: dict[str, str]
    conventions: dict[str, str]
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]


class TestPublic(Public):
    """One test of a method."""

    statistic: float | None
    p_value: float | None


class RankPublic(Public):
    """How the forecasts of a method did."""

    name: str
    label: str
    rank: int
    passed: bool
    failed: int = Field(description="Tests that reject it at 5 %, and the red zone")
    loss: float | None = Field(description="Mean pinball loss")
    violations: int
    expected: float
    observations: int
    zone: str | None = Field(description="Of the last 250 days: green yellow red")
    tests: dict[str, TestPublic] = Field(description="kupiec independence conditional_coverage duration shortfall")


class DaysPublic(Public):
    """A column a method, a row a day."""

    dates: list[dt.date]
    returns: list[float]
    forecasts: dict[str, list[float | None]]
    shortfalls: dict[str, list[float | None]]
    violations: dict[str, list[dt.date]]


class BacktestPublic(Public):
    """Forecasts of each day from the days before it, on today's holdings."""

    scope: str
    label: str
    base_currency: str
    value: float
    level: float
    window: int
    days: int
    best: str | None
    ranking: list[RankPublic]
    series: DaysPublic
    gaps: dict[str, str]
    conventions: dict[str, str]
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]
