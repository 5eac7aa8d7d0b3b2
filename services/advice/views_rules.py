"""What is asked of policies, rules and suggestions, and what is answered: plain frozen records that screens and routes read.

Weights, risk and rates are fractions; money is in `base_currency` of the scope. NaN means "no answer".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from engine.advice import rules
from engine.advice.policy import Policy
from engine.advice.trades import Trade
from engine.types import Finding, Severity

NOTHING_HELD = rules.NOTHING_HELD  # why a rule could not be asked
STATES = ("open", "dismissed", "done", "gone")  # gone: it was suggested once, and its reason is no more


@dataclass(frozen=True, slots=True)
class PolicyView:
    """The policy of a portfolio; version 0 where nothing was ever set and every field is as the house has it."""

    portfolio_id: UUID
    portfolio: str  # its name
    base_currency: str
    policy: Policy
    version: int
    changed_at: datetime | None
    resolved: Mapping[str, float]  # targets by key as they are now: those of a model portfolio are looked up
    findings: tuple[Finding, ...] = ()  # a model that is gone, a target nobody can buy


@dataclass(frozen=True, slots=True)
class ThresholdView:
    """A threshold of the rules, as an editor shows it."""

    name: str
    label: str
    meaning: str
    unit: str  # fraction number days money
    default: float
    lowest: float
    highest: float
    value: float  # of this policy
    own: bool  # whether the policy sets it


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One number behind a suggestion."""

    name: str
    label: str
    value: float
    limit: float  # NaN: nothing to hold it against
    unit: str  # fraction number days money date
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class EffectView:
    """One figure before the fix and after it, worked out from the ledger."""

    name: str  # weight:AAPL cash volatility value_at_risk effective_number_of_assets ...
    label: str
    unit: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class ReplayAgainst:
    """The fix of a suggestion against doing nothing, or against 1/N: differences of the return over windows of a year, after costs and tax."""

    against: str  # still or equal
    label: str
    share: float  # of windows in which the fix was better
    median: float
    worst: float
    best: float
    quantiles: tuple[float, ...]  # 0, 5, 10 ... 100 % of the windows were below
    p_value: float  # that the mean daily difference is nought (Diebold and Mariano)
    sharpe_difference: float
    sharpe_lower: float  # 90 % interval by block bootstrap
    sharpe_upper: float
    deflated: float  # probability that the ratio of the difference is above what luck gives the best of all fixes tried together
    sentence: str  # "Would have helped in 61 % of windows, median +0.4 % a year, worst -2.1 %"


@dataclass(frozen=True, slots=True)
class ReplayView:
    """What the fix of a suggestion would have done: today's portfolio in windows of the past, the rule asked with what was known at each.

    `state`: ready; short (too little history); none (it has no trades to try); working, waiting, failed or stopped (its run).
    """

    state: str
    sentence: str
    run: UUID | None = None  # of the job, while it works and after it failed: `GET /evidence/{run}`
    done: int = 0  # windows
    total: int = 0
    windows: int = 0
    spoke: int = 0  # windows in which the rule had a fix to offer; the figures are of these
    first: date | None = None  # day on which the first of them begins
    last: date | None = None
    against: tuple[ReplayAgainst, ...] = ()
    turnover: float = math.nan  # of the fix, over the value, bought and sold each counted
    cost: float = math.nan
    tax: float = math.nan
    volatility: tuple[float, float] = (math.nan, math.nan)  # with the fix, and without
    worst_year: tuple[float, float] = (math.nan, math.nan)
    purged: tuple[float, float, float] | None = None  # lowest, median, highest difference of the Sharpe ratio along combinatorial purged paths


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """One piece of advice. `key` stays the same as long as the rule and what it is about do."""

    key: str
    rule: str
    label: str  # the rule in words
    group: str  # concentration cash costs target risk liquidity data tax income benchmark policy own
    subject: str  # symbol, sector, currency ... that it is about; "" the whole scope
    severity: Severity
    title: str
    reason: str
    fix: str  # what to do, in a sentence
    wrong_if: str  # what would make it wrong
    evidence: tuple[EvidenceView, ...]
    trades: tuple[Trade, ...]  # not rounded to lots; rebalancing rounds them
    effect: tuple[EffectView, ...]
    cost: float  # of the trades, base currency
    tax: float
    benefit: float  # expected, base currency a year: how, is told in engine/advice/rules_score.py
    effort: float  # steps that a person has to do
    score: float  # what the list is ordered by
    state: str  # of STATES
    reason_dismissed: str | None = None
    until: date | None = None  # dismissed until this day; None: for good
    decided_at: datetime | None = None
    first_seen: datetime | None = None
    portfolio_id: UUID | None = None
    portfolio: str | None = None
    base_currency: str = ""  # of its money: that of the portfolio
    link: str | None = None  # page of this house where it can be mended: transactions, markets, rebalance ...
    replay: ReplayView | None = None  # its evidence; None where it was not asked for


@dataclass(frozen=True, slots=True)
class RuleRun:
    """What came of one rule: fired, quiet, off, or why it could not be asked."""

    key: str
    label: str
    group: str
    meaning: str
    thresholds: tuple[str, ...]
    state: str  # fired quiet off unknown
    why: str | None  # of unknown
    count: int  # suggestions of it
    own: bool = False


@dataclass(frozen=True, slots=True)
class SuggestionsView:
    """What one could do about a scope: what the Recommendations page and `GET /portfolios/{id}/suggestions` show."""

    scope: str
    label: str
    base_currency: str
    value: float
    as_of: datetime
    suggestions: tuple[SuggestionView, ...]  # open ones, the highest score first
    dismissed: tuple[SuggestionView, ...]  # those that still hold; the one that ends first on top
    rules: tuple[RuleRun, ...]  # every rule with what came of it
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """What came of something that was done."""

    done_at: datetime
    held: bool | None  # whether the rule is quiet about it since; None: not asked
    measure_then: float
    measure_now: float
    unit: str
    gain: float  # what the trades have made since against leaving everything as it was, base currency, costs taken off; NaN without trades
    sentence: str


@dataclass(frozen=True, slots=True)
class HistoryView:
    """One suggestion of the past."""

    key: str
    rule: str
    label: str
    subject: str
    title: str
    reason: str
    state: str  # of STATES
    first_seen: datetime
    last_seen: datetime
    times: tuple[tuple[str, datetime, str | None], ...]  # (what, when, reason): suggested gone back dismissed done undone, oldest first
    outcome: OutcomeView | None  # of what was done
    version: int = 1
    portfolio_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A rule of one's own: an expression that is true where something should be said."""

    id: UUID
    version: int
    name: str
    expression: str
    scope: str  # portfolio id, or "all"
    severity: Severity
    fix: str | None  # what to do, in one's own words
    active: bool
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Fired:
    """A day on which a rule of one's own would have spoken, with the numbers it saw."""

    date: date
    values: Mapping[str, float]
    subjects: tuple[str, ...] = ()  # holdings that it would have spoken of


@dataclass(frozen=True, slots=True)
class TrialChart:
    """What a rule compares, day by day: at most some hundred points; of several subjects the one that is furthest into it."""

    label: str  # the left side, written out
    against: str  # the right side
    sign: str  # < <= > >= = !=
    unit: str  # fraction number days money price
    days: tuple[date, ...]
    numbers: tuple[float, ...]  # of the left side
    limits: tuple[float, ...]
    subjects: tuple[str, ...] = ()  # of each point; empty where the rule is about the whole


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """A rule of one's own on history, once a trading day."""

    expression: str
    meaning: str  # as it was understood, with brackets
    start: date | None
    end: date | None
    days: int  # on which every number in it was known
    count: int  # days on which it became true
    days_true: int
    fired: tuple[Fired, ...]  # the newest, ascending
    years: Mapping[str, int]
    now: bool | None
    values: Mapping[str, float]  # of the last day
    sentence: str
    reason: str | None  # why it cannot be told
    cost: int = 0  # steps that it takes, of those that are allowed
    first: date | None = None  # day on which it became true for the first time
    last: date | None = None
    spans: tuple[tuple[date, date], ...] = ()  # of days on which it was true, the newest, ascending
    chart: TrialChart | None = None
    findings: tuple[Finding, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the language of rules: a metric, a scope or a function."""

    name: str
    kind: str  # metric scope function
    unit: str
    meaning: str
    example: str
    history: bool = True  # whether it can be tried on the past
