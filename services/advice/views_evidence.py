"""What is asked of evidence, what-ifs, plans and models, and what is answered: plain frozen records that screens and routes read.

Fractions unless a name ends in `_money`, which is in `base_currency`; losses and costs are positive; returns and volatilities are those of a year
unless said otherwise. NaN means "no answer", and `gaps` or a finding says why.

Asked of: `services.what_if.tried(actor, scope, draft)`, `services.what_ifs` (saved ones: `find get create change remove undo compared`),
`services.plans.plan(actor, scope, question)`, `services.evidence` (runs: `begin get find cancel strategies`), `services.models.begin(actor, scope)`
(a run of the kind "models").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pandas as pd

from engine.types import Finding

# ------------------------------------------------------------------------------------------------------------------------ walk-forward


@dataclass(frozen=True, slots=True)
class EvidenceQuestion:
    """Which strategies are tried on the past of what is held; every field has a default."""

    strategies: tuple[str, ...] = ()  # names of `engine.advice.strategies.STRATEGIES`; empty: all of them
    window: int = 504  # trading days that each decision looks back on
    every: int = 21  # trading days between two decisions
    cost_bps: float = 10.0  # of what is traded, bought and sold each counted
    most_weight: float = 1.0  # of one holding, where a strategy can heed it
    band: float = 0.05  # of the strategy that trades only outside of it, in weight
    judged_days: int = 252  # trading days of a window that a strategy is judged over
    start: date | None = None
    end: date | None = None
    risk_free: float = 0.0  # a year
    benchmark: str | None = None  # None: the portfolio's own
    base_currency: str | None = None
    targets: Mapping[str, float] | None = None  # weights of a strategy of one's own, named "targets"
    combinatorial: bool = True  # whether the combinatorial purged splits are worked out too
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Helped:
    """A strategy against doing nothing, or against 1/N: differences of the yearly return over every window of `judged_days`."""

    against: str  # still or equal
    label: str
    share: float  # of windows in which it was better
    median: float  # difference of the yearly return
    worst: float
    best: float
    lower: float  # 5 % of windows were below
    upper: float  # 5 % were above
    windows: int
    p_value: float  # that the mean daily difference is nought (Diebold and Mariano on minus the returns)
    sharpe_difference: float
    sharpe_lower: float  # 90 % interval of it by block bootstrap
    sharpe_upper: float
    deflated: float  # probability that the ratio of the difference to its deviation is above what luck gives the best of all that were tried
    sentence: str  # "Would have helped in 61 % of windows, median +0.4 % a year, worst -2.1 %"


@dataclass(frozen=True, slots=True)
class StrategyScore:
    """One strategy on the past, after costs."""

    name: str
    label: str
    meaning: str
    growth: pd.Series  # trading day -> wealth, 1.0 on the day before the first
    annualised_return: float
    volatility: float
    sharpe: float
    max_drawdown: float
    value_at_risk: float  # 95 %, a day
    turnover: float  # a year, bought and sold each counted
    cost: float  # a year
    deflated_sharpe: float  # probability that the Sharpe ratio is above what luck gives the best of all that were tried
    helped: tuple[Helped, ...]  # against each baseline; empty for the baselines themselves
    weights: pd.DataFrame  # decision day x symbol
    baseline: bool
    purged_sharpe: tuple[float, float, float] | None = None  # lowest, median, highest Sharpe ratio of the combinatorial paths; None: not fitted
    gap: str | None = None  # why it could not be tried; figures NaN then


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """Strategies on the past of what is held now, each decided on what was known then."""

    scope: str
    label: str
    base_currency: str
    question: EvidenceQuestion
    start: date  # first day after the first decision
    end: date
    days: int
    decisions: int
    symbols: tuple[str, ...]  # in the trial
    left_out: Mapping[str, str]  # symbol -> why
    scores: tuple[StrategyScore, ...]  # best deflated Sharpe first, baselines last
    overfitting: float  # probability that the best in sample is below the median out of sample (combinatorially symmetric splits)
    trials: int
    conventions: Mapping[str, str]
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceRun:
    """A run that collects evidence: how far it is, and what came of it."""

    id: UUID
    scope: str
    kind: str  # strategies, models, or suggestions: their results are told with the suggestions
    status: str  # running done failed cancelled interrupted
    phase: str  # waiting reading <name of the strategy or model> done
    done: int
    total: int
    question: Mapping[str, Any]
    result: Mapping[str, Any] | None  # an EvidenceView or ModelsView as JSON: a series is {"dates", "values"}; None until it is done, and in lists
    problem: Mapping[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    version: int


# ----------------------------------------------------------------------------------------------------------------------------- what-if


@dataclass(frozen=True, slots=True)
class WhatIfTrade:
    """One trade that is tried: a quantity, or money in base currency; one of both."""

    symbol: str
    quantity: float | None = None  # signed, positive buys
    money: float | None = None  # signed


@dataclass(frozen=True, slots=True)
class WhatIfDraft:
    """What is tried: weights that are wanted, then trades. Cash is what remains."""

    weights: Mapping[str, float] = field(default_factory=dict)  # of the whole value; symbols that are not named keep their quantity
    trades: tuple[WhatIfTrade, ...] = ()
    new_money: float = 0.0  # in base currency, positive comes in
    cost_bps: float = 10.0
    tax_short: float = 0.0  # rate on gains held up to a year
    tax_long: float = 0.0
    level: float = 0.95  # of value at risk
    benchmark: str | None = None
    base_currency: str | None = None


@dataclass(frozen=True, slots=True)
class WhatIfSide:
    """A portfolio before or after."""

    value: float  # money
    cash: float  # money
    cash_weight: float
    volatility: float
    value_at_risk: float  # of a day, by history
    expected_shortfall: float
    value_at_risk_money: float
    beta: float  # NaN without a benchmark
    tracking_error: float
    effective_holdings: float
    largest_weight: float
    score: int  # 1 to 7; 0: unknown
    position: float  # how far through it, 1.0 to 7.99
    days: int  # of history that the risk rests on


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """A portfolio as it is, and as it would be."""

    scope: str
    label: str
    base_currency: str
    draft: WhatIfDraft
    before: WhatIfSide
    after: WhatIfSide
    holdings: pd.DataFrame  # symbol: name currency price quantity_before quantity_after trade_quantity trade_money weight_before weight_after
    #                         risk_before risk_after (shares of volatility, they add up to 1) gain; new ones too
    stress: pd.DataFrame  # key: name kind (scenario episode) loss_before loss_after loss_before_money loss_after_money
    traded_money: float
    cost_money: float
    gain_money: float  # realised by what is sold, lots taken as the portfolio takes them
    tax_money: float
    address: str  # text of the draft for a URL: ?what_if=
    conventions: Mapping[str, str]
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedWhatIf:
    """A what-if under a name."""

    id: UUID
    scope: str  # portfolio id, or "all"
    name: str
    note: str | None
    draft: WhatIfDraft
    path: str  # of the page that shows it, to share
    version: int
    created_at: datetime
    changed_at: datetime


# ------------------------------------------------------------------------------------------------------------------------------- plan


@dataclass(frozen=True, slots=True)
class PlanQuestion:
    """A goal and the way to it; every field but the goal has a default. Money is of today unless `nominal`."""

    goal: float | None = None  # wanted at the end; None: no goal, only what may come
    years: float = 20.0
    value: float | None = None  # that one begins with; None: that of the scope
    contribution: float = 0.0  # a month, at its end
    contribution_growth: float = 0.0  # a year, above inflation
    contribution_years: float | None = None  # None: to the end
    withdrawal: float = 0.0  # a month, at its end, after tax
    withdrawal_from: float = 0.0  # years from now
    lump_sums: tuple[tuple[float, float], ...] = ()  # (years from now, money; positive comes in)
    inflation: float = 0.02  # a year
    inflation_volatility: float = 0.0  # of a year's inflation; 0: it is certain
    fee: float = 0.0  # a year, of the value
    tax: float = 0.0  # rate on gains when they are taken
    expected_return: float | None = None  # a year before fees: months are shifted to it; None: as the past was
    floor: float = 0.0  # value that is not to be fallen below on the way
    confidence: float = 0.9  # with which a withdrawal is to last
    weights: Mapping[str, float] | None = None  # None: those of today
    block: float = 12.0  # mean length of a block, months
    draws: int = 2000
    nominal: bool = False
    seed: int = 7
    base_currency: str | None = None


@dataclass(frozen=True, slots=True)
class PlanView:
    """What may come of a plan. Money of today unless `question.nominal`."""

    scope: str
    label: str
    base_currency: str
    question: PlanQuestion
    value: float  # begun with
    months_of_history: int
    fan: pd.DataFrame  # month (0 = now): p5 p25 p50 p75 p95, date
    final: pd.Series  # quantile (0.01 0.05 0.1 0.25 0.5 0.75 0.9 0.95 0.99) -> value at the end
    probability: float  # that the goal is reached; NaN without one
    probability_low: float  # 95 % interval of the simulation itself
    probability_high: float
    shortfall: float  # mean of what is missing where the goal is missed, money
    ruin: float  # share of draws in which the money ran out on the way
    ruin_year: float  # median year of it; NaN where none did
    below_floor: float  # share of draws that were below the floor on the way
    sustainable_withdrawal: float  # a month, from `withdrawal_from` to the end, lasting with `confidence`
    contribution_needed: float  # a month, that reaches the goal with `confidence`; NaN where none does
    median_return: float  # a year, of the money, before flows
    worst_fall: float  # median of the worst drawdown on the way, fraction <= 0
    paid_in: float  # median, money
    taken_out: float
    fees: float
    taxes: float
    sentence: str
    conventions: Mapping[str, str]
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...] = ()


# ----------------------------------------------------------------------------------------------------------------------------- models


@dataclass(frozen=True, slots=True)
class ModelScore:
    """A model against the naive baseline, out of sample, on what is held."""

    task: str  # volatility covariance regimes clusters price_anomalies transaction_anomalies
    name: str
    label: str
    meaning: str
    loss: str  # name of the loss: qlike, crps, squared error, missed
    score: float  # mean loss out of sample, lower is better
    baseline: str  # label of the naive one
    baseline_score: float
    statistic: float  # Diebold and Mariano; negative: the model is better
    p_value: float
    observations: int
    used: bool  # it beats the baseline at 5 %, and no other does so by more
    sentence: str


@dataclass(frozen=True, slots=True)
class VolatilityForecast:
    """Volatility of tomorrow, as a year's, by the model in use."""

    symbol: str  # or "portfolio"
    name: str
    model: str  # name of a ModelScore of the task volatility; naive where none beats it
    volatility: float
    naive: float
    scores: Mapping[str, float]  # model -> QLIKE out of sample


@dataclass(frozen=True, slots=True)
class RegimeState:
    """One hidden state of the market."""

    name: str  # calm, rough ...
    volatility: float
    mean: float
    probability: float  # that it is in it now
    length: float  # expected trading days that it stays
    next_probability: float  # tomorrow


@dataclass(frozen=True, slots=True)
class RegimeView:
    """Hidden states of the benchmark, or of the portfolio without one."""

    subject: str  # label of what was looked at
    states: tuple[RegimeState, ...]  # calmest first
    history: pd.DataFrame  # trading day x state name: probability given the past up to that day
    used: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """Holdings that move together."""

    number: int
    symbols: tuple[str, ...]
    weight: float
    risk: float  # share of the volatility
    correlation: float  # mean within; NaN of a single one
    nearest: float  # mean correlation with all others


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A price or a transaction that stands out."""

    kind: str  # price or transaction
    symbol: str | None
    date: date
    score: float  # 1 is the border; more stands out more
    what: str  # slug: jump reversal stale amount price fee
    sentence: str
    transaction_id: str | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class ModelsView:
    """Models of a scope, each with its score, and what those in use say."""

    scope: str
    label: str
    base_currency: str
    days: int
    scores: tuple[ModelScore, ...]
    volatilities: tuple[VolatilityForecast, ...]  # the portfolio first
    covariance: str  # name of the model in use
    regimes: RegimeView | None
    clusters: tuple[Cluster, ...]
    clusters_used: bool
    anomalies: tuple[Anomaly, ...]  # newest first
    gaps: Mapping[str, str]  # task -> why there is none
    conventions: Mapping[str, str]
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...] = ()
