"""Risk of what is held now: today's weights on the history of what is held, and the score that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engine import risk_score, volatility
from engine.risk.score import RiskScore
from engine.types import AssetClass
from services.risk.exposures import Exposure
from services.risk.losses import HISTORY, Losses

LEAST: Final = 60  # returns below which nothing is said of them
SPREAD: Final = frozenset({AssetClass.FUND.value, AssetClass.INDEX.value, AssetClass.CASH.value, AssetClass.FX.value})  # no single risks


@dataclass(frozen=True, slots=True)
class Today:
    """Risk of what is held now; fractions of the value, losses positive, over `horizon` trading days; volatility a year."""

    days: int  # trading days that it rests on
    method: str  # of the losses
    horizon: int
    value_at_risk: float
    expected_shortfall: float
    volatility: float  # a year
    beta: float
    score: RiskScore


def today_of(exposure: Exposure, told: Losses, *, days_to_liquidate: float = float("nan")) -> Today:
    """Measure today's weights on the last two years of what is held.

    Parameters
    ----------
    exposure
        Of all of history.
    told
        Its losses.
    days_to_liquidate
        Trading days until nine tenths could be sold; NaN: unknown, and the score counts nothing for it.
    """
    past = exposure.of_today.dropna().tail(HISTORY)
    periods = exposure.periods_per_year
    enough = len(past) >= LEAST
    return Today(
        days=len(past), method=told.method, horizon=told.horizon,
        value_at_risk=told.value_at_risk if enough else np.nan,
        expected_shortfall=told.expected_shortfall if enough else np.nan,
        volatility=float(volatility(past, periods_per_year=periods)) if enough else np.nan,
        beta=beta_of(past, exposure.benchmark_of_today) if enough else np.nan,
        score=risk_score(past, weights=single_risks(exposure), days_to_liquidate=days_to_liquidate, periods_per_year=periods),
    )


def single_risks(exposure: Exposure) -> list[float]:
    """Weights of what is one risk each: no cash, and no funds, which are spread already."""
    held = exposure.holdings
    return [float(weight) for weight, kind in zip(held["weight"], held["asset_class"], strict=True) if np.isfinite(weight) and kind not in SPREAD]


def beta_of(past: pd.Series, benchmark: pd.Series | None) -> float:
    """Give the slope of returns on those of a benchmark; NaN with too few days of both."""
    if benchmark is None:
        return float("nan")
    both = pd.concat([past, benchmark.reindex(past.index)], axis=1, keys=["own", "other"]).dropna()
    spread = float(both["other"].var())
    return float(both["own"].cov(both["other"]) / spread) if len(both) >= LEAST and spread > 0 else float("nan")
