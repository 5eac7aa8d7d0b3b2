"""How factors are answered, and the sets that can be asked for."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import FindingPublic


class FactorSetPublic(BaseModel):
    """A table of factor returns."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    name: str
    kind: str = Field(description="built_in, or file")
    factors: list[str]
    has_risk_free: bool
    frequency: str
    begins: dt.date
    ends: dt.date
    observations: int
    models: list[str]
    source: str
    version: int


class LoadingPublic(BaseModel):
    """A loading with its errors; alpha first, of a period."""

    factor: str
    label: str
    loading: float | None
    standard_error: float | None
    t_statistic: float | None
    p_value: float | None
    low: float | None
    high: float | None


class FactorPartPublic(BaseModel):
    """What a factor made: contributions add up to portfolio_return, volatilities to volatility, shares to 1."""

    factor: str
    label: str
    loading: float | None
    factor_return: float | None
    contribution: float | None
    volatility: float | None
    risk_share: float | None


class FactorPointPublic(BaseModel):
    """Growth from the start, and what the factors alone would have made of it."""

    date: dt.date
    portfolio: float | None
    explained: float | None


class FactorsPublic(BaseModel):
    """Returns explained by factors. Fractions; loadings of `rolling` are those of the window that ends on the date, its alpha a year's."""

    scope: str
    label: str
    base_currency: str
    start: dt.date | None
    end: dt.date | None
    observations: int
    needed: int
    frequency: str
    periods_per_year: float
    window: int
    conventions: dict[str, str]
    source: FactorSetPublic | None
    alpha: float | None
    alpha_annualised: float | None
    r_squared: float | None
    adjusted_r_squared: float | None
    f_statistic: float | None
    f_p_value: float | None
    durbin_watson: float | None
    condition_number: float | None
    portfolio_return: float | None
    risk_free_return: float | None
    excess_return: float | None
    explained_return: float | None
    specific_return: float | None
    volatility: float | None
    systematic_volatility: float | None
    specific_volatility: float | None
    systematic_share: float | None
    loadings: list[LoadingPublic]
    contributions: list[FactorPartPublic]
    rolling: list[dict[str, float | str | None]]
    series: list[FactorPointPublic]
    correlation: dict[str, dict[str, float | None]]
    sets: list[FactorSetPublic]
    simulated: bool
    revisions: dict[str, int]
    gaps: dict[str, str]
    findings: list[FindingPublic]
