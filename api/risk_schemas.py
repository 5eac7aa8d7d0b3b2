"""How risk is answered: every figure at the top by its name, tables beside them. null has its reason in `gaps` or in a finding."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.attribution_schemas import ExposurePublic, LookThroughPublic
from api.performance_schemas import SymbolPublic, YearPublic
from api.schemas import FindingPublic


class TermPublic(BaseModel):
    """What a figure is."""

    name: str = Field(description="Field of GET /portfolios/{id}/risk, and function of the engine")
    label: str
    group: str
    unit: str = Field(description="fraction ratio number periods days statistic p_value")
    meaning: str
    source: str
    minimum: int = Field(description="Observations below which it says little")
    better: str = Field(description="high or low; empty where neither is good")
    relative: bool = Field(description="Whether it needs a benchmark")


class TermsPublic(BaseModel):
    """The catalogue."""

    figures: list[TermPublic]


class TodayPublic(BaseModel):
    """Today's weights on the last two years of what is held; losses positive."""

    days: int
    method: str = Field(description="Of the losses: the one asked for, else the first by its backtest that passes, else historical")
    horizon_days: int
    value_at_risk: float | None
    value_at_risk_amount: float | None
    expected_shortfall: float | None
    expected_shortfall_amount: float | None
    volatility: float | None = Field(description="A year")
    beta: float | None


class ChangePublic(BaseModel):
    """What would move the score by one, all else the same."""

    component: str
    by: int
    now: float | None
    needed: float | None


class ScorePublic(BaseModel):
    """Risk of 1 to 7."""

    score: int | None
    position: float | None = Field(description="Without rounding down")
    scale: str
    components: dict[str, float | None]
    measures: dict[str, float | None]
    changes: list[ChangePublic]


class DrawdownPublic(BaseModel):
    """From a peak to a valley and back; lengths in calendar days."""

    model_config = ConfigDict(extra="allow")

    peak: dt.date
    valley: dt.date
    recovery: dt.date | None = Field(description="null while it lasts")
    drawdown: float
    length: float | None


class DayPublic(BaseModel):
    """A trading day."""

    model_config = ConfigDict(populate_by_name=True)

    date: dt.date
    return_: float | None = Field(alias="return")
    growth: float | None
    drawdown: float | None
    benchmark_return: float | None
    benchmark_growth: float | None
    benchmark_drawdown: float | None


class RiskPublic(BaseModel):
    """Every figure of the catalogue (GET /risk/figures) by its name beside these. Losses are positive, drawdowns 0 or less."""

    model_config = ConfigDict(extra="allow")

    scope: str
    label: str
    base_currency: str
    start: dt.date | None = Field(description="Of the first return")
    end: dt.date | None
    observations: int
    periods_per_year: float
    value: float | None
    conventions: dict[str, str]
    today: TodayPublic
    risk_score: ScorePublic
    exposures: dict[str, list[ExposurePublic]] = Field(description="By sector, asset_class, country, region and currency; cash included")
    look_through: LookThroughPublic
    missing: dict[str, int] = Field(description="A figure, and how many more observations it takes to say something")
    gaps: dict[str, str] = Field(description="A figure that is null, and why")
    drawdowns: list[DrawdownPublic]
    calendar: list[YearPublic]
    series: list[DayPublic]
    benchmark: SymbolPublic | None
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]


class IntervalPublic(BaseModel):
    """A figure with the interval it lies in."""

    estimate: float | None
    lower: float | None
    upper: float | None
    standard_error: float | None


class UncertaintyPublic(BaseModel):
    """How sure the headline figures are."""

    scope: str
    label: str
    base_currency: str
    observations: int
    confidence: float
    draws: int
    block: float = Field(description="Mean length of the blocks that are drawn, periods")
    figures: dict[str, IntervalPublic] = Field(description="Of the window")
    today: dict[str, IntervalPublic] = Field(description="Of today's weights on their last two years, one day")
    missing: dict[str, int] = Field(description="A figure, and how many more observations it takes to say something")
    trials: int
    sharpe: dict[str, float | None] = Field(description="standard_error standard_error_autocorrelated probabilistic deflated minimum_track_record")


EXAMPLE: dict[str, Any] = {
    "scope": "all", "label": "All portfolios", "base_currency": "USD", "start": "2024-01-03", "end": "2024-12-31", "observations": 251,
    "periods_per_year": 252.0, "value": 124300.5, "conventions": {"level": "0.95", "horizon_days": "1", "method": "historical", "risk_free": "0"},
    "volatility": 0.1412, "value_at_risk": 0.0131, "expected_shortfall": 0.0189, "max_drawdown": -0.0821, "sharpe_ratio": 0.94, "beta": 0.87,
    "today": {"days": 504, "method": "filtered_historical", "horizon_days": 1, "value_at_risk": 0.0128,
              "value_at_risk_amount": 1591.0, "expected_shortfall": 0.0181,
              "expected_shortfall_amount": 2249.8, "volatility": 0.1387, "beta": 0.85},
    "risk_score": {"score": 4, "position": 4.31, "scale": "priips", "components": {"volatility": 4.1, "tail": 0.21}, "measures": {}, "changes": []},
    "missing": {}, "gaps": {}, "findings": [],
}
