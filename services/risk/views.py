"""What is asked of risk, and what is answered: plain frozen records that screens and routes read.

Returns are simple, fractions, of trading days, unless a name says otherwise; losses are positive, drawdowns 0 or less; money is float64 in
`base_currency`. NaN means "no answer", and `gaps` says why. What a figure is called, its unit, meaning and source stand in `terms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from engine.risk.catalogue import Term
from engine.types import Finding

ROLLING_WINDOWS: Final = (21, 63, 126, 252)  # trading days
ROLLING: Final = ("volatility", "sharpe_ratio", "beta", "correlation", "max_drawdown", "value_at_risk")
SHRINKAGES: Final = ("none", "constant_correlation", "identity")
CORRELATIONS: Final = ("pearson", "spearman", "kendall")


@dataclass(frozen=True, slots=True)
class RiskQuestion:
    """What is asked of a scope; every field has a default."""

    start: date | None = None  # returns after its close; None: by `period`
    end: date | None = None  # returns up to its close; None: the last day that is over
    period: str | None = None  # as in a question of performance; None without a start: everything
    level: float = 0.95  # confidence of value at risk and expected shortfall
    horizon_days: int = 1  # trading days that a loss is told for
    method: str | None = None  # of value at risk; None: historical for the sheet, for today's holdings the one that its backtest ranks first
    benchmark: str | None = None  # symbol, or a blend's id or name; None: the portfolio's own; "": none
    risk_free: float = 0.0  # a year, fraction
    window: int = 63  # trading days of a rolling figure
    base_currency: str | None = None
    group_by: str | None = None  # symbol sector asset_class currency: the answer is of one group
    group: str | None = None


@dataclass(frozen=True, slots=True)
class RiskView:
    """Every figure of a window of a scope's own returns: what the Risk page and `GET /portfolios/{id}/risk` show."""

    scope: str
    label: str
    base_currency: str
    start: date | None  # of the first return; None: there is none
    end: date | None
    observations: int  # returns that are known
    periods_per_year: float
    value: float  # now, base currency
    conventions: Mapping[str, str]
    terms: tuple[Term, ...]  # in the order of the sheet
    figures: Mapping[str, float]  # name of a term -> value
    missing: Mapping[str, int]  # name -> how many more observations it takes to say something: grey it
    gaps: Mapping[str, str]  # name of a figure that is NaN -> why, in a sentence
    drawdowns: pd.DataFrame  # as engine.drawdown_table tells, deepest first
    months: pd.DataFrame  # year x 1 .. 12 and "total"
    series: pd.DataFrame  # date x return growth drawdown benchmark_return benchmark_growth benchmark_drawdown; growth from 1.0 before the first
    benchmark: tuple[str, str] | None  # symbol and name
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class RollingView:
    """Figures over a window that moves along the returns."""

    window: int  # trading days
    series: pd.DataFrame  # date x ROLLING, NaN until the window is full
    cone: pd.DataFrame  # horizon in trading days x least lower median upper most last: volatilities of a year
    findings: tuple[Finding, ...]
