"""What is asked of a portfolio beside benchmarks, and what is answered: plain frozen records that screens and routes read.

A benchmark's `key` is the symbol of an instrument or the id of a blend: it asks for it again, in a URL too. Money is float64 in
`base_currency`, unrounded; returns are fractions (0.05 is 5 %) of their period. NaN means "no answer", and `gaps` says why. What a
figure is called, its unit, meaning and source stand in `engine.risk.relative_figures.TERMS` by the same name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

import pandas as pd

from engine.types import Finding

PORTFOLIO: Final = "portfolio"  # the portfolio's own column in every table of series
FREQUENCIES: Final = ("daily", "weekly", "monthly")
PERIODS_PER_YEAR: Final = {"daily": 252.0, "weekly": 52.0, "monthly": 12.0}
ALPHAS: Final = ("compounded", "arithmetic", "annualised")
EXCESSES: Final = ("arithmetic", "geometric")
CAPTURES: Final = ("compounded", "annualised", "mean")
ZEROS: Final = ("up", "down", "neither")
STANDARD_ERRORS: Final = ("newey_west", "classic")
REBALANCINGS: Final = ("monthly", "daily", "quarterly", "yearly", "never")
KINDS: Final = ("instrument", "inflation", "rate", "cash")
ROLLING: Final = ("beta", "alpha", "correlation", "tracking_error", "active_return", "information_ratio")
ROLLING_WINDOWS: Final = {"daily": 126, "weekly": 52, "monthly": 12}  # where `window` is not asked for
MOST_BENCHMARKS: Final = 6
MOST_COMPONENTS: Final = 50


@dataclass(frozen=True, slots=True)
class BenchmarkQuestion:
    """What is asked of a scope; every field has a default."""

    start: date | None = None  # opening value at its close; None: by `period`
    end: date | None = None
    period: str | None = None  # as in a question of performance
    benchmarks: tuple[str, ...] | None = None  # keys, or names of blends; None: the portfolio's own
    frequency: str = "daily"  # of FREQUENCIES: returns that figures and rolling series are made of; captures are always of months
    risk_free: float = 0.0  # a year, fraction
    window: int | None = None  # periods of a rolling figure; None: ROLLING_WINDOWS
    alpha: str = "compounded"  # of ALPHAS: how that of a period becomes one of a year
    excess: str = "arithmetic"  # of EXCESSES
    capture: str = "compounded"  # of CAPTURES
    zero: str = "up"  # of ZEROS: what a month is in which the benchmark stood still
    errors: str = "newey_west"  # of STANDARD_ERRORS
    horizon: int = 12  # months of probability_of_outperformance
    costs: str = "net"  # as in a question of performance
    base_currency: str | None = None
    group_by: str | None = None  # as in a question of performance: figures of one group of the portfolio
    group: str | None = None
    look_through: bool = True  # whether funds on both sides count for what they hold in `active_share`, where that is told


@dataclass(frozen=True, slots=True)
class SameFlows:
    """The same cash flows put into the benchmark: "had every deposit bought the index". Money in base currency."""

    portfolio_value: float  # at `end`
    benchmark_value: float  # Long and Nickels: what the flows would be worth
    excess_value: float  # portfolio_value - benchmark_value
    net_contributions: float  # opening value and all flows of the window
    portfolio_gain: float  # portfolio_value - net_contributions
    benchmark_gain: float
    portfolio_mwr: float  # a year's rate for a year or more, else the window's
    benchmark_mwr: float  # the same of the flows in the benchmark
    excess_mwr: float
    is_annual: bool  # whether the three rates above are a year's
    ks_pme: float  # Kaplan and Schoar; above 1 beats the benchmark
    direct_alpha: float  # a year, continuous, fraction
    exhausted: date | None  # first day on which withdrawals had used the benchmark up: its value is negative from there


@dataclass(frozen=True, slots=True)
class Constituent:
    """One part of a benchmark at `end`, and of what the portfolio holds of it."""

    key: str  # symbol; "cash" for a fixed rate
    name: str
    weight: float  # today's, drifted since the last rebalancing, fraction
    target: float
    portfolio_weight: float
    active_weight: float  # portfolio_weight - weight
    total_return: float  # of the window, base currency, fraction
    payments: int  # dividends put back within the window


@dataclass(frozen=True, slots=True)
class Against:
    """A portfolio beside one benchmark."""

    key: str
    kind: str  # instrument or blend
    name: str
    currency: str
    begins: date | None  # first close with returns on both sides; None where nothing overlaps
    ends: date | None
    observations: int  # returns that both have, of the asked frequency
    months: int
    is_total_return: bool  # dividends are in it
    simulated: bool
    figures: dict[str, float]  # every name of engine.risk.relative_figures.TERMS, and correlation active_share benchmark_return
    # benchmark_annualised benchmark_volatility benchmark_max_drawdown
    missing: dict[str, int]  # figure -> how many more observations it takes to say something: grey it
    gaps: dict[str, str]  # figure that is NaN -> why, in a sentence
    flows: SameFlows
    constituents: tuple[Constituent, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class BenchmarkView:
    """A window of a scope beside its benchmarks: what the Benchmark page and `GET /portfolios/{id}/benchmark` show."""

    scope: str
    label: str
    base_currency: str
    start: date
    end: date
    days: int
    periods_per_year: float
    window: int  # periods of a rolling figure
    conventions: dict[str, str]  # the question's choices, as they were applied
    own: dict[str, float]  # of the portfolio alone: total_return annualised_return volatility max_drawdown value net_contributions mwr
    benchmarks: tuple[Against, ...]  # in the order asked
    growth: pd.DataFrame  # date x PORTFOLIO and keys: from 1.0 at `start`; a benchmark's from its first close
    excess: pd.DataFrame  # date x keys: return above the benchmark's since `start`, arithmetic or geometric, fraction
    returns: pd.DataFrame  # date x PORTFOLIO and keys: of the asked frequency (scatter of up and down), fraction
    months: pd.DataFrame  # PeriodIndex x PORTFOLIO and keys: returns of calendar months, fraction
    rolling: dict[str, pd.DataFrame]  # of ROLLING -> date x keys, NaN until the window is full; fractions a year but beta and correlation
    same_flows: pd.DataFrame  # date x PORTFOLIO, keys and net_contributions: money, "had every deposit bought the index"
    flows: pd.DataFrame  # date amount: external flows of the window, positive in, the opening value first
    findings: tuple[Finding, ...]  # everything odd, the benchmarks' own included
    simulated: bool
    revisions: dict[str, int]
    sources: dict[str, date] = field(default_factory=dict)  # key -> day of its last close: the age of what is compared


# ------------------------------------------------------------------------------------------------------------------------------ blends


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a blend."""

    kind: str = "instrument"  # of KINDS: instrument (total return), inflation (closes are a price level), rate (closes are % a year), cash (fixed)
    symbol: str | None = None  # of an instrument, an inflation series or a rate
    weight: float = 1.0  # fraction; those of a blend add up to 1
    plus: float = 0.0  # a year, fraction: the x of CPI + x; of cash the rate itself
    hedged: bool = False  # its return in its own currency, without that currency's moves


@dataclass(frozen=True, slots=True)
class Blend:
    """A benchmark made of several things."""

    id: UUID
    name: str
    rebalancing: str  # of REBALANCINGS: when weights go back to what they should be
    components: tuple[Component, ...]
    version: int

    @property
    def key(self) -> str:
        """What asks for it as a benchmark."""
        return str(self.id)
