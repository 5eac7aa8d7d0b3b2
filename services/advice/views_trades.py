"""What is asked of rebalancing, proposals and optimisers, and what is answered: plain frozen records that screens and routes read.

Money is float64 in `base_currency`, unrounded; weights and returns are fractions (0.05 is 5 %); volatilities and tracking errors are a
year's, losses positive. NaN means "no answer".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from engine.advice.trades import BeforeAfter, Conflict, Conversion, LotTaken, Side, Trade, TradeList
from engine.types import Finding

__all__ = [
    "AcceptQuestion", "BeforeAfter", "Conflict", "Conversion", "Frontier", "FrontierPoint", "HouseholdPart", "HouseholdView", "LotTaken", "ModelInfo",
    "OptimiseQuestion",
    "OptimiseResult", "OptimiseView", "OrderLine", "ProposalLine", "ProposalView", "RebalanceQuestion", "RebalanceView", "Side", "Trade",
    "TradeList",
]  # fmt: skip

SCOPES: Final = ("targets", "breached", "edge")  # everything to its target; only what left its band; only back to the band's edge
PROPOSAL_STATES: Final = ("open", "confirmed", "rejected")
LINE_STATES: Final = ("open", "confirmed", "skipped")
RUN_STATES: Final = ("running", "done", "failed", "cancelled", "interrupted")


@dataclass(frozen=True, slots=True)
class RebalanceQuestion:
    """What is asked; every field has a default, None: as the portfolio's policy has it."""

    targets: Mapping[str, float] | None = None  # by name of `by`, fractions that sum to one at most; the rest is cash
    by: str = "symbol"  # of engine.advice.policy.TARGETS_BY but model
    symbols: tuple[str, ...] = ()  # that may be bought besides what is held, where targets are of groups
    bring: str = "targets"  # of SCOPES
    new_money: float = 0.0  # comes in before the trades (positive) or is taken out after
    buy_only: bool = False  # nothing is sold
    cost_aversion: float = 1.0  # how much a unit of cost and tax weighs against a unit of distance from the target
    account: str | None = None  # trade in this account only
    constraints: Mapping[str, Any] = field(default_factory=dict)  # names of the policy's constraints that are asked for otherwise
    costs: Mapping[str, Any] = field(default_factory=dict)  # fee fee_rate spread, likewise
    taxes: Mapping[str, Any] = field(default_factory=dict)  # short_rate long_rate long_days wash_days, likewise
    conversion_rate: float | None = None  # of what is converted, lost in the rate
    level: float = 0.95  # of value at risk


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of the CSV for the broker, and of a proposal: a transaction as the ledger takes it."""

    number: int  # from 1, in the order to be done
    draft: dict[str, Any]  # kind symbol quantity price fee currency account lots note ... as POST /transactions takes it
    reason: str


@dataclass(frozen=True, slots=True)
class AcceptQuestion:
    """What is to be kept as a proposal: orders as they are, or those of a question worked out anew."""

    orders: tuple[OrderLine, ...] | None
    question: RebalanceQuestion | None
    source: str = "rebalance"
    note: str | None = None
    effect: Mapping[str, Any] = field(default_factory=dict)
    revision: int | None = None  # of the ledger that was looked at


@dataclass(frozen=True, slots=True)
class RebalanceView:
    """A list of trades towards targets, and what it does. Nothing of it is booked."""

    scope: str
    base_currency: str
    targets: dict[str, float]  # by symbol, as they come out of `by`
    bands: dict[str, tuple[float, float]]  # by symbol: lowest and highest weight that is left alone
    trade_list: TradeList
    effect: BeforeAfter
    orders: tuple[OrderLine, ...]
    names: dict[str, str]  # symbol -> name
    conflicts: tuple[Conflict, ...]  # empty: every constraint holds after the trades
    conventions: dict[str, Any]  # costs, tax rates, cost method, constraints that were applied
    revision: int
    simulated: bool
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class HouseholdPart:
    """What one of all portfolios has to do, or why nothing could be worked out for it."""

    portfolio_id: UUID
    name: str
    view: RebalanceView | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """All portfolios, each towards its own targets, and what that changes together; money in `base_currency`."""

    base_currency: str
    parts: tuple[HouseholdPart, ...]
    effect: BeforeAfter  # of everything together; those without a list stay as they are
    cost: float
    tax: float  # of each portfolio by itself, summed
    gain_short: float
    gain_long: float
    turnover: float
    orders: int
    simulated: bool
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """One draft of a proposal."""

    number: int
    draft: dict[str, Any]
    reason: str
    state: str  # of LINE_STATES
    transaction_id: UUID | None = None  # what it became


@dataclass(frozen=True, slots=True)
class ProposalView:
    """Drafts that wait for a person. Nothing is in the ledger until they are confirmed."""

    id: UUID
    portfolio_id: UUID
    status: str  # of PROPOSAL_STATES
    source: str  # rebalance, optimise, or the key of a suggestion
    note: str | None
    lines: tuple[ProposalLine, ...]
    effect: dict[str, Any]  # figures before and after, as they were told when it was made
    revision: int  # of the ledger it was made for
    is_outdated: bool  # the ledger has another revision by now
    version: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class OptimiseQuestion:
    """What is asked of an optimiser; every field has a default."""

    model: str = "mean_risk"  # `ModelInfo.name`
    measure: str = "variance"  # risk measure, of `ModelInfo.measures`
    objective: str = "minimise_risk"  # minimise_risk maximise_return maximise_utility maximise_ratio
    expected: str = "empirical"  # estimator of returns: empirical ew shrunk equilibrium
    covariance: str = "ledoit_wolf"  # empirical oas shrunk denoise ew gerber graphical_lasso factor
    views: tuple[str, ...] = ()  # Black-Litterman, in plain words: "AAPL outperforms MSFT by 2 %", "XOM returns 5 % (60 %)"
    confidence: float = 0.5  # of a view that says none
    risk_aversion: float = 1.0  # of maximise_utility
    risk_free: float = 0.0  # a year
    budgets: Mapping[str, float] | None = None  # risk budgeting: share of the risk by symbol
    symbols: tuple[str, ...] = ()  # besides what is held
    only: tuple[str, ...] | None = None  # choose among these alone
    period: str | None = None  # history, as in a question of performance
    start: date | None = None
    end: date | None = None
    min_weight: float = 0.0
    max_weight: float = 1.0
    excluded: tuple[str, ...] = ()  # that are not to be held
    groups: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)  # dimension -> group -> least and most
    max_turnover: float | None = None  # half of the sum of changes from the present weights
    transaction_cost: float = 0.0  # of what is traded, fraction
    management_fee: float = 0.0  # a year
    max_tracking_error: float | None = None  # a year, against the benchmark
    min_return: float | None = None  # a year
    use_policy: bool = True  # the policy's constraints hold too
    frontier: int = 0  # points of the efficient frontier; 0: none


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """One portfolio of the frontier; a year's figures."""

    expected_return: float
    risk: float  # by the frontier's measure; a volatility for the variance
    ratio: float  # expected return above risk free over risk
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class Frontier:
    """The efficient frontier with the present portfolio on the same estimates."""

    measure: str
    points: tuple[FrontierPoint, ...]  # from the least risk to the highest return
    present: FrontierPoint
    best: int  # place of the best ratio in `points`


@dataclass(frozen=True, slots=True)
class OptimiseResult:
    """Weights that an optimiser found, beside the present ones."""

    model: str
    weights: dict[str, float]  # sum to one: of what is invested, cash apart
    targets: dict[str, float]  # the same as weights of the whole value, its cash left as it is: what rebalancing takes
    present: dict[str, float]  # the same of now
    expected_return: float  # a year, by the estimate
    risk: float
    ratio: float
    present_point: FrontierPoint
    turnover: float  # sum of changes over two
    contributions: dict[str, float]  # share of the variance by symbol
    frontier: Frontier | None
    conflicts: tuple[Conflict, ...]  # where nothing satisfies all constraints: which, and the least relaxation
    observations: int
    views: tuple[str, ...]  # how each view was understood
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OptimiseView:
    """A run of an optimiser: how far it is, and what came of it."""

    id: UUID
    portfolio_id: UUID
    status: str  # of RUN_STATES
    phase: str  # waiting reading optimising frontier done
    done: int
    total: int
    question: dict[str, Any]
    result: OptimiseResult | None
    problem: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One optimiser that can be asked for."""

    name: str
    label: str
    meaning: str
    measures: tuple[str, ...]  # empty: it has none to choose
    objectives: tuple[str, ...]
    constraints: tuple[str, ...]  # names of the fields that it obeys
