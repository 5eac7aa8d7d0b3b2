"""What is asked of value at risk, and what is answered: plain frozen records that screens and routes read.

Losses are positive, fractions of the scope's value unless a name ends in `_amount`, which is in `base_currency`. NaN means "no answer".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from engine.risk.var.backtest import TESTS, Backtest
from engine.risk.var.methods import METHODS
from engine.types import Finding
from services.risk.losses import DAYS

LABELS: Final = {name: method.label for name, method in METHODS.items()}
TEST_NAMES: Final = tuple(TESTS)
BY: Final = ("symbol", "sector", "asset_class", "currency", "country")


@dataclass(frozen=True, slots=True)
class VarQuestion:
    """What is asked of today's holdings; every field has a default."""

    level: float = 0.95
    horizon_days: int = 1  # trading days
    method: str | None = None  # that the parts are told by; None: the one that its backtest ranks first
    methods: tuple[str, ...] | None = None  # that are told; None: all of them
    window: int | None = None  # trading days that count; None: HISTORY, of a backtest WINDOW
    days: int = DAYS  # that a backtest forecasts
    by: str = "symbol"  # what the parts are of
    participation: float = 0.2  # share of a day's volume that one would sell
    start: date | None = None
    end: date | None = None
    base_currency: str | None = None
    group_by: str | None = None  # symbol sector asset_class currency: the answer is of one group
    group: str | None = None


@dataclass(frozen=True, slots=True)
class VarView:
    """What today's holdings could lose: what `GET /portfolios/{id}/risk/var` shows."""

    scope: str
    label: str
    base_currency: str
    value: float
    question: VarQuestion
    observations: int  # trading days that the figures rest on
    start: date | None  # of the first of them
    end: date | None
    method: str  # that the parts are told by
    best: str | None  # by its backtest; None: none passed, or too few days
    methods: pd.DataFrame  # method x label source minimum value_at_risk expected_shortfall
    figures: Mapping[str, float]  # entropic_value_at_risk relativistic_value_at_risk worst_realisation tail_ratio rachev_ratio
    parts: pd.DataFrame  # name x weight standalone marginal component share incremental shortfall_component: they add up to the method's figure
    benefit: float  # sum of the losses of the parts alone less that of all together
    liquidity: pd.DataFrame  # symbol x quantity volume days share_in_a_day spread
    days_to_liquidate: float  # of the slowest holding
    liquidity_adjusted_value_at_risk: float
    gaps: Mapping[str, str]  # what has no answer -> why, in a sentence
    conventions: Mapping[str, str]
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class BacktestView:
    """How forecasts of each method did on today's holdings: what `GET /portfolios/{id}/risk/backtest` shows."""

    scope: str
    label: str
    base_currency: str
    value: float
    question: VarQuestion
    test: Backtest
    gaps: Mapping[str, str]  # method that was left out -> why
    conventions: Mapping[str, str]
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...]
