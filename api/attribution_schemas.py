"""How attribution and factors are answered: figures at the top, tables beside them. null has its reason in `gaps` or in a finding."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, Field

from api.schemas import FindingPublic


class EffectsPublic(BaseModel):
    """What made the difference, fractions."""

    allocation: float | None
    selection: float | None
    interaction: float | None
    currency: float | None
    total: float | None


class AttributedPublic(EffectsPublic):
    """One group, or one holding; the effects of holdings add up to their group's."""

    key: str
    label: str
    weight: float | None = Field(description="Mean of the days")
    benchmark_weight: float | None
    active_weight: float | None
    return_: float | None = Field(alias="return")
    benchmark_return: float | None
    contribution: float | None
    benchmark_contribution: float | None


class AttributedGroupPublic(AttributedPublic):
    """A group."""

    has_parts: bool = Field(description="Whether more than one holding is in it")


class AttributedHoldingPublic(AttributedPublic):
    """A holding, or a part of the benchmark."""

    group: str
    in_portfolio: bool
    in_benchmark: bool


class CurrencyEffectPublic(BaseModel):
    """A currency: effect of the rate alone, and on what was gained in it."""

    currency: str
    weight: float | None
    benchmark_weight: float | None
    active_weight: float | None
    currency_return: float | None
    effect: float | None
    cross: float | None
    total: float | None


class AttributionPointPublic(BaseModel):
    """Since the start: both returns, and the effects that explain their difference whole."""

    date: dt.date
    portfolio: float | None
    benchmark: float | None
    active: float | None
    allocation: float | None
    selection: float | None
    interaction: float | None
    currency: float | None


class AttributionPeriodPublic(EffectsPublic):
    """A calendar month by itself."""

    start: dt.date
    end: dt.date
    portfolio: float | None
    benchmark: float | None
    active: float | None


class StepPublic(BaseModel):
    """A bar of the waterfall."""

    key: str
    label: str
    kind: str
    value: float | None
    foot: float | None
    top: float | None


class ComparedPublic(BaseModel):
    """What is compared with."""

    key: str
    name: str
    kind: str


class AttributionPublic(EffectsPublic):
    """Why a portfolio did better or worse than its benchmark. The effects add up to `active_return`; geometric ones multiply to it."""

    scope: str
    label: str
    base_currency: str
    start: dt.date = Field(description="Opening weights are at its close")
    end: dt.date
    days: int
    conventions: dict[str, str]
    benchmark: ComparedPublic | None
    is_divided: bool = Field(description="Whether the benchmark's own groups are known; false: all of the difference is selection")
    combine: str = Field(description="add or multiply")
    portfolio_return: float | None
    benchmark_return: float | None
    active_return: float | None
    residual: float | None = Field(description="active_return less total: rounding")
    active_share: float | None
    groups: list[AttributedGroupPublic]
    holdings: list[AttributedHoldingPublic]
    currencies: list[CurrencyEffectPublic]
    series: list[AttributionPointPublic]
    by_group: list[dict[str, float | str | None]] = Field(description="date, and the total effect of each group since the start")
    periods: list[AttributionPeriodPublic]
    waterfall: list[StepPublic]
    simulated: bool
    revisions: dict[str, int]
    gaps: dict[str, str]
    findings: list[FindingPublic]
