"""What is asked of attribution, factors and concentration, and what is answered: plain frozen records that screens and routes read.

Returns, effects and weights are fractions (0.05 is 5 %) of the whole window unless a name says `annualised`; money is float64 in
`base_currency`. Tables have the columns told beside them, always, and no rows where there is nothing to tell. NaN means "no answer".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pandas as pd

from engine.types import Finding
from services.constituents.through import Through

GROUPINGS: Final = ("sector", "asset_class", "country", "currency", "tag", "symbol")
METHODS: Final = ("bf", "bhb")  # Brinson-Fachler: allocation against the benchmark's return; Brinson-Hood-Beebower: against nothing
LINKINGS: Final = ("carino", "menchero", "grap", "frongello", "geometric")
INTERACTIONS: Final = ("apart", "selection")  # a column of its own, or part of selection
OUTSIDES: Final = ("own", "benchmark", "zero")  # what the benchmark is said to have made in a group that it does not hold
CURRENCY_EFFECTS: Final = ("apart", "within")  # Karnosky-Singer: currencies as an effect of their own, or inside allocation and selection
COSTS: Final = ("net", "gross_of_fees", "gross")
EFFECTS: Final = ("allocation", "selection", "interaction", "currency")

MODELS: Final = ("capm", "ff3", "carhart", "ff5", "ff6", "own")
ESTIMATORS: Final = ("ols", "ridge")
FREQUENCIES: Final = ("daily", "weekly", "monthly")
PERIODS_PER_YEAR: Final = {"daily": 252.0, "weekly": 52.0, "monthly": 12.0}
ROLLING_WINDOWS: Final = {"daily": 126, "weekly": 52, "monthly": 36}  # where `window` is not asked for

# Columns of the tables below.
GROUP_COLUMNS: Final = ("key", "label", "weight", "benchmark_weight", "active_weight", "return", "benchmark_return", "contribution",
                        "benchmark_contribution", *EFFECTS, "total", "has_parts")
HOLDING_COLUMNS: Final = ("key", "label", "group", "in_portfolio", "in_benchmark", "weight", "benchmark_weight", "active_weight", "return",
                          "benchmark_return", "contribution", "benchmark_contribution", *EFFECTS, "total")
CURRENCY_COLUMNS: Final = ("currency", "weight", "benchmark_weight", "active_weight", "currency_return", "effect", "cross", "total")
PERIOD_COLUMNS: Final = ("start", "end", "portfolio", "benchmark", "active", *EFFECTS, "total")
LOADING_COLUMNS: Final = ("factor", "label", "loading", "standard_error", "t_statistic", "p_value", "low", "high")
FACTOR_COLUMNS: Final = ("factor", "label", "loading", "factor_return", "contribution", "volatility", "risk_share")
RISK_COLUMNS: Final = ("key", "label", "weight", "volatility", "marginal", "contribution", "share", "diversification", "beta", "observations")


# --------------------------------------------------------------------------------------------------------------------------- attribution


@dataclass(frozen=True, slots=True)
class AttributionQuestion:
    """What is asked of a scope; every field has a default."""

    start: date | None = None  # opening value at its close; None: by `period`
    end: date | None = None
    period: str | None = None  # as in a question of performance
    by: str = "sector"  # of GROUPINGS
    benchmark: str | None = None  # symbol of an instrument, id or name of a blend; None: the portfolio's own
    method: str = "bf"  # of METHODS
    linking: str = "carino"  # of LINKINGS: how effects of days become effects of the window
    interaction: str = "apart"  # of INTERACTIONS
    currency_effect: str = "apart"  # of CURRENCY_EFFECTS
    outside: str = "own"  # of OUTSIDES
    costs: str = "net"  # of COSTS
    base_currency: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall from the benchmark's return to the portfolio's."""

    key: str  # benchmark, allocation, selection, interaction, currency, portfolio
    label: str
    kind: str  # "level": stands on zero; "effect": stands on what is before it
    value: float  # height, fraction; signed
    foot: float  # where it begins, fraction: 0 for a level
    top: float  # foot + value


@dataclass(frozen=True, slots=True)
class AttributionView:
    """A window of a scope against a benchmark, explained: what the Attribution tab and `GET /portfolios/{id}/attribution` show."""

    scope: str  # portfolio id, or "all"
    label: str  # whose figures
    base_currency: str
    start: date
    end: date
    days: int  # calendar days
    conventions: dict[str, str]  # by method linking interaction currency_effect outside costs benchmark period, as they were applied
    benchmark: tuple[str, str, str] | None  # key, name, kind ("instrument" or "blend"); None: there is none, and a finding says so
    is_divided: bool  # whether the benchmark's own groups are known; False: it is one group, allocation is 0 and all is selection

    # portfolio_return benchmark_return active_return (arithmetic, or geometric where `combine` is "multiply") allocation selection interaction
    # currency total residual (active_return - total: 0 but for rounding) active_share
    figures: dict[str, float]
    combine: str  # "add": the effects add up to active_return; "multiply": (1 + allocation)(1 + selection)(1 + currency) - 1 is it
    groups: pd.DataFrame  # GROUP_COLUMNS, largest |total| first: each effect's column adds up to its figure; weights are means of the days
    holdings: pd.DataFrame  # HOLDING_COLUMNS: the same for holdings and for what the benchmark holds; of one `group` they add up to its row
    currencies: pd.DataFrame  # CURRENCY_COLUMNS: effect (of the rates alone) + cross (rates on local gains) = total; adds up to `currency`
    series: pd.DataFrame  # date x portfolio benchmark active, EFFECTS: since `start`; on each date the effects explain `active` whole
    by_group: pd.DataFrame  # date x key of each group: its `total` since `start`
    periods: pd.DataFrame  # PERIOD_COLUMNS, one row a calendar month: the same within each month alone
    waterfall: tuple[Step, ...]  # without the effects that are 0 throughout
    findings: tuple[Finding, ...]  # benchmark_undivided, benchmark_missing, benchmark_short, chain_broken, ...
    simulated: bool
    revisions: dict[str, int]
    gaps: dict[str, str] = field(default_factory=dict)  # figure that is NaN -> why, in a sentence


# ------------------------------------------------------------------------------------------------------------------------------- factors


@dataclass(frozen=True, slots=True)
class FactorQuestion:
    """What is asked of a scope's factors; every field has a default."""

    start: date | None = None
    end: date | None = None
    period: str | None = None
    model: str | None = None  # of MODELS; "own": all columns of `source`, or `factors`; None: the largest that a source has over the window,
    # else the portfolio's benchmark as the only factor
    source: str | None = None  # key of a FactorSet; None: the first that has the model's factors over the window
    factors: tuple[str, ...] | None = None  # symbols of instruments whose returns are the factors, or some columns of `source`
    frequency: str | None = None  # of FREQUENCIES; None: that of the source, for instruments daily
    estimator: str = "ols"  # of ESTIMATORS
    penalty: float = 1.0  # of ridge, on standardised factors
    lags: int | None = None  # of Newey-West; None: floor(4 (T/100)^(2/9))
    window: int | None = None  # periods of a rolling regression; None: ROLLING_WINDOWS
    level: float = 0.95  # of the confidence intervals
    risk_free: float = 0.0  # a year, where the source has no RF
    costs: str = "net"
    base_currency: str | None = None


@dataclass(frozen=True, slots=True)
class FactorSet:
    """A table of factor returns that can be asked for."""

    key: str
    name: str
    kind: str  # built_in, file (in the factors folder or uploaded)
    factors: tuple[str, ...]
    has_risk_free: bool
    frequency: str  # of FREQUENCIES
    begins: date
    ends: date
    observations: int
    models: tuple[str, ...]  # of MODELS, those whose factors are all there
    source: str  # who publishes it
    version: int = 1  # of a file that was brought: what a deletion says that it has read


@dataclass(frozen=True, slots=True)
class FactorView:
    """A scope's returns explained by factors: what the Factors tab and `GET /portfolios/{id}/factors` show."""

    scope: str
    label: str
    base_currency: str
    start: date | None  # of the periods that portfolio and factors both have; None: there are none, and a finding says so
    end: date | None
    observations: int
    needed: int  # fewer than this: nothing is estimated
    frequency: str
    periods_per_year: float
    window: int  # periods of the rolling regression
    conventions: dict[str, str]  # model source estimator penalty lags level risk_free costs, as they were applied
    source: FactorSet | None  # None: instruments are the factors

    # alpha (of a period) alpha_annualised (times the periods) r_squared adjusted_r_squared f_statistic f_p_value durbin_watson condition_number
    # portfolio_return (of the window, linked) risk_free_return excess_return explained_return specific_return volatility (a year)
    # systematic_volatility specific_volatility systematic_share (of variance)
    figures: dict[str, float]
    loadings: pd.DataFrame  # LOADING_COLUMNS: "alpha" first (a period), then each factor; HAC errors, NaN for ridge
    contributions: pd.DataFrame  # FACTOR_COLUMNS: risk_free, alpha, each factor, specific: contribution adds up to portfolio_return,
    # volatility (a year) to `volatility`, risk_share to 1
    rolling: pd.DataFrame  # date x alpha (a year), each factor's loading, r_squared; from the first full window on
    series: pd.DataFrame  # date x portfolio explained, growth from 1.0 at `start`
    correlation: pd.DataFrame  # factor x factor
    sets: tuple[FactorSet, ...]  # what can be asked for
    findings: tuple[Finding, ...]  # no_overlap, too_short, collinear, ...
    simulated: bool
    revisions: dict[str, int]
    gaps: dict[str, str] = field(default_factory=dict)


# ------------------------------------------------------------------------------------------------------------------------- concentration


@dataclass(frozen=True, slots=True)
class ConcentrationView:
    """What value and risk of today's holdings hang on: a section of the Risk page, and `GET /portfolios/{id}/concentration`."""

    # hhi effective_number_of_assets (of what is invested) effective_number_of_bets (minimum torsion) effective_number_of_bets_pca
    # diversification_ratio average_pairwise_correlation weighted_average_correlation absorption_ratio top_1 top_5 top_10
    # largest_share (of risk) volatility (a year, ex ante) gross_exposure net_exposure long_exposure short_exposure leverage cash_weight
    figures: dict[str, float]
    gaps: dict[str, str]
    risk: pd.DataFrame  # RISK_COLUMNS, one row a holding, largest |contribution| first: volatility, marginal and contribution a year;
    # contribution adds up to `volatility`, share to 1; diversification is the part of its own risk that the others take away; beta to the portfolio
    # sector asset_class country region currency -> key label weight risk_share through: cash included, weights add up to 1; `through` is the part
    # of a weight that is held in funds
    exposures: dict[str, pd.DataFrame]
    observations: int  # days of the covariance
    findings: tuple[Finding, ...]
    scope: str = ""
    label: str = ""
    base_currency: str = ""
    value: float = float("nan")  # of holdings and cash
    through: Through = field(default_factory=Through)
    simulated: bool = False
    revisions: dict[str, int] = field(default_factory=dict)
