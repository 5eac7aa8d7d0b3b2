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


class HoldingRiskPublic(BaseModel):
    """A holding in the volatility of the whole; contributions add up to it, shares to 1."""

    key: str
    label: str
    weight: float | None
    volatility: float | None = Field(description="Its own, a year")
    marginal: float | None = Field(description="Change of the volatility for one more unit of weight")
    contribution: float | None
    share: float | None
    diversification: float | None = Field(description="Part of its own risk that the others take away")
    beta: float | None = Field(description="To the portfolio")
    observations: int


class ExposurePublic(BaseModel):
    """A group: its part of the value, and of the risk."""

    key: str
    label: str
    weight: float | None
    risk_share: float | None
    through: float | None = Field(description="The part of the weight that is held in funds; their risk is split as their weight is")


class ViaPublic(BaseModel):
    """A fund through which something is held."""

    symbol: str
    weight: float | None = Field(description="Of the value")


class NamePublic(BaseModel):
    """Something that is held, directly and through funds."""

    key: str = Field(description="Symbol, or what an issuer calls it")
    label: str
    weight: float | None
    direct: float | None
    through: float | None
    via: list[ViaPublic]


class HeldFundPublic(BaseModel):
    """A fund that is held, with what is known of it."""

    symbol: str
    name: str
    weight: float | None
    date: dt.date | None = Field(description="Of its constituents")
    source: str | None
    version: int | None
    constituents: int
    known: float | None = Field(description="Share known by name, fund in fund down to the last")


class LookThroughPublic(BaseModel):
    """What is held through funds."""

    is_on: bool
    weight: float | None = Field(description="In funds, by size, fraction of the value")
    coverage: dict[str, float | None] = Field(description="By sector, asset_class, country, region, currency and symbol: share of what is held in "
                                                          "funds of which this is known; null: no fund is held")
    figures: dict[str, float | None] = Field(description="Of names: hhi effective_number_of_assets top_1 top_5 top_10; empty where nothing is known")
    names: list[NamePublic] = Field(description="The hundred largest")
    funds: list[HeldFundPublic]


class ConcentrationPublic(BaseModel):
    """What value and risk of today's holdings hang on; volatilities a year."""

    scope: str
    label: str
    base_currency: str
    value: float | None
    hhi: float | None
    effective_number_of_assets: float | None
    effective_number_of_bets: float | None
    effective_number_of_bets_pca: float | None
    diversification_ratio: float | None
    average_pairwise_correlation: float | None
    weighted_average_correlation: float | None
    absorption_ratio: float | None
    top_1: float | None
    top_5: float | None
    top_10: float | None
    largest_share: float | None
    volatility: float | None
    gross_exposure: float | None
    net_exposure: float | None
    long_exposure: float | None
    short_exposure: float | None
    leverage: float | None
    cash_weight: float | None
    observations: int
    risk: list[HoldingRiskPublic]
    exposures: dict[str, list[ExposurePublic]] = Field(description="By sector, asset_class, country, region and currency; cash included")
    look_through: LookThroughPublic
    simulated: bool
    revisions: dict[str, int]
    gaps: dict[str, str]
    findings: list[FindingPublic]


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
