"""What advice answers, and what is sent to it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body
from pydantic import ConfigDict, Field

from api.requests import Described, Given, Input
from api.schemas import FindingPublic, Public
from engine.types import Severity

By = Literal["symbol", "asset_class", "sector", "region", "country", "currency", "model"]
Grouping = Literal["asset_class", "sector", "region", "country", "currency"]


class TargetPublic(Public):
    """What a holding or a group should weigh; `cash` for the cash itself."""

    key: str
    weight: float
    band: float | None


class GroupBoundPublic(Public):
    """The least and the most that a group may weigh, fractions of the value."""

    by: Grouping
    key: str
    least: float
    most: float


class ConstraintsPublic(Public):
    """What no trade may break."""

    long_only: bool
    max_weight: float | None
    max_turnover: float | None
    min_trade: float
    lot: float
    excluded: list[str]
    required_tag: str | None
    cash_buffer: float
    tax_budget: float | None
    max_tracking_error: float | None
    groups: list[GroupBoundPublic] = Field(description="The least and the most of groups, fractions of the value")


class CostsPublic(Public):
    """What a trade costs."""

    fee: float
    fee_rate: float
    spread: float
    conversion_rate: float


class TaxesPublic(Public):
    """What a realised gain costs."""

    short_rate: float
    long_rate: float
    long_days: int
    wash_days: int


class GoalsPublic(Public):
    """What it is for."""

    horizon: dt.date | None
    value: float | None
    floor: float | None


class PolicyFields(Public):
    """Every field of a policy."""

    targets_by: By | None
    targets: list[TargetPublic]
    model: str | None
    band_absolute: float
    band_relative: float
    constraints: ConstraintsPublic
    costs: CostsPublic
    taxes: TaxesPublic
    goals: GoalsPublic
    home_country: str | None
    risk_aversion: float
    off: list[str]
    thresholds: dict[str, float]


class ThresholdPublic(Public):
    """A threshold of the rules: the house's, its bounds, and what this policy takes."""

    name: str
    label: str
    meaning: str
    unit: Literal["fraction", "number", "days", "money"]
    default: float
    lowest: float
    highest: float
    value: float
    own: bool


class PolicyPublic(Public):
    """The policy of a portfolio; version 0 where none was ever set. `resolved`: targets as they are now, those of a model looked up."""

    portfolio_id: UUID
    portfolio: str
    base_currency: str
    policy: PolicyFields
    version: int
    changed_at: dt.datetime | None
    resolved: dict[str, float]
    thresholds: list[ThresholdPublic]
    findings: list[FindingPublic]


class EvidencePublic(Public):
    """One number behind a suggestion; `limit` null where it is held against nothing."""

    name: str
    label: str
    value: float | None
    limit: float | None
    unit: str
    symbol: str | None


class EffectPublic(Public):
    """One figure before the fix and after it."""

    name: str
    label: str
    unit: str
    before: float | None
    after: float | None


class LotTakenPublic(Public):
    """What a sale takes of one lot, base currency."""

    lot_id: str
    opened: dt.date | None
    quantity: float
    cost: float
    proceeds: float
    gain: float
    term: str
    tax: float


class SuggestedTradePublic(Public):
    """One trade of a fix, not rounded to lots: `POST .../rebalance` does that. Money is base currency unless its name says local."""

    side: Literal["BUY", "SELL"]
    symbol: str
    quantity: float
    price_local: float
    currency: str
    fx_rate: float
    amount: float
    fee: float
    spread: float
    tax: float
    account: str | None
    weight_before: float
    weight_after: float
    reason: str
    lots: list[LotTakenPublic]


class ReplayAgainstPublic(Public):
    """The fix against doing nothing (`still`) or 1/N (`equal`): differences of the return over windows of a year, after costs and tax."""

    against: Literal["still", "equal"]
    label: str
    share: float | None
    median: float | None
    worst: float | None
    best: float | None
    quantiles: list[float | None] = Field(description="0, 5, 10 ... 100 % of the windows were below")
    p_value: float | None
    sharpe_difference: float | None
    sharpe_lower: float | None
    sharpe_upper: float | None
    deflated: float | None = Field(description="Deflated Sharpe ratio of the difference among all fixes of the portfolio")
    sentence: str


class ReplayPublic(Public):
    """What the fix would have done in windows of the past, the rule asked with what was known at each.

    `short`: too little history; `none`: it has no trades to try; `working`, `waiting`, `failed`, `stopped`: its run.
    """

    state: Literal["ready", "short", "none", "working", "waiting", "failed", "stopped"]
    sentence: str
    run: UUID | None
    done: int
    total: int
    windows: int
    spoke: int
    first: dt.date | None
    last: dt.date | None
    against: list[ReplayAgainstPublic]
    turnover: float | None
    cost: float | None
    tax: float | None
    volatility: tuple[float | None, float | None]
    worst_year: tuple[float | None, float | None]
    purged: tuple[float | None, float | None, float | None] | None


class SuggestionPublic(Public):
    """One piece of advice: what is so, the numbers, the fix, its trades, what they change and cost, and what would make it wrong."""

    key: str
    rule: str
    label: str
    group: str
    subject: str
    severity: Severity
    title: str
    reason: str
    fix: str
    wrong_if: str
    evidence: list[EvidencePublic]
    trades: list[SuggestedTradePublic]
    effect: list[EffectPublic]
    cost: float | None
    tax: float | None
    benefit: float | None
    effort: float
    score: float | None
    state: Literal["open", "dismissed", "done", "gone"]
    reason_dismissed: str | None
    until: dt.date | None
    decided_at: dt.datetime | None
    first_seen: dt.datetime | None
    portfolio_id: UUID | None
    portfolio: str | None
    base_currency: str
    link: str | None
    replay: ReplayPublic | None


class RuleRunPublic(Public):
    """What came of one rule; `why` says why it could not be asked."""

    key: str
    label: str
    group: str
    meaning: str
    thresholds: list[str]
    state: Literal["fired", "quiet", "off", "unknown"]
    why: str | None
    count: int
    own: bool


class SuggestionsPublic(Public):
    """What one could do, the highest expected benefit over effort first."""

    scope: str
    label: str
    base_currency: str
    value: float
    as_of: dt.datetime
    suggestions: list[SuggestionPublic]
    dismissed: list[SuggestionPublic]
    rules: list[RuleRunPublic]
    simulated: bool
    revisions: dict[str, int]
    findings: list[FindingPublic]


class OutcomePublic(Public):
    """What came of something that was done."""

    done_at: dt.datetime
    held: bool | None
    measure_then: float | None
    measure_now: float | None
    unit: str
    gain: float | None
    sentence: str


class HistoryPublic(Public):
    """One suggestion of the past: `times` are what, when and why, oldest first."""

    key: str
    rule: str
    label: str
    subject: str
    title: str
    reason: str
    state: Literal["open", "dismissed", "done", "gone"]
    first_seen: dt.datetime
    last_seen: dt.datetime
    times: list[tuple[str, dt.datetime, str | None]]
    outcome: OutcomePublic | None
    portfolio_id: UUID | None


class CustomRulePublic(Public):
    """A rule of one's own."""

    id: UUID
    version: int
    name: str
    expression: str
    scope: str
    severity: Severity
    fix: str | None
    active: bool
    created_at: dt.datetime
    changed_at: dt.datetime


class FiredPublic(Public):
    """A day on which a rule would have spoken, with the numbers it saw."""

    date: dt.date
    values: dict[str, float | None]
    subjects: list[str]


class TrialChartPublic(Public):
    """What a rule compares, day by day: `numbers` is the left side, `limits` the right one; of several subjects the one furthest into it."""

    label: str
    against: str
    sign: Literal["<", "<=", ">", ">=", "=", "!="]
    unit: Literal["fraction", "number", "days", "money", "price"]
    days: list[dt.date]
    numbers: list[float | None]
    limits: list[float | None]
    subjects: list[str]


class RuleTrialPublic(Public):
    """A rule on history, once a trading day; `reason` says why nothing can be told."""

    expression: str
    meaning: str
    start: dt.date | None
    end: dt.date | None
    days: int
    count: int
    days_true: int
    fired: list[FiredPublic]
    years: dict[str, int]
    now: bool | None
    values: dict[str, float | None]
    sentence: str
    reason: str | None
    cost: int
    first: dt.date | None
    last: dt.date | None
    spans: list[tuple[dt.date, dt.date]]
    chart: TrialChartPublic | None


class WordPublic(Public):
    """A word of the language of rules."""

    name: str
    kind: Literal["metric", "scope", "function"]
    unit: str
    meaning: str
    example: str
    history: bool


# ------------------------------------------------------------------------------------------------------------------------------ sent


class TargetBody(Input):
    """A target: weights of all add up to one, that of `cash` included."""

    key: str
    weight: Given
    band: Given | None = None


class GroupBoundBody(Input):
    """The least and the most that a group may weigh; absent: nothing and all."""

    by: Grouping
    key: str
    least: Given | None = None
    most: Given | None = None


class ConstraintsBody(Input):
    """What no trade may break; absent: as the house has it."""

    long_only: bool | None = None
    max_weight: Given | None = None
    max_turnover: Given | None = None
    min_trade: Given | None = None
    lot: Given | None = None
    excluded: list[str] | None = None
    required_tag: str | None = None
    cash_buffer: Given | None = None
    tax_budget: Given | None = None
    max_tracking_error: Given | None = None
    groups: list[GroupBoundBody] | None = None


class CostsBody(Input):
    """What a trade costs: base currency, fraction, fraction."""

    fee: Given | None = None
    fee_rate: Given | None = None
    spread: Given | None = None
    conversion_rate: Given | None = None


class TaxesBody(Input):
    """What a realised gain costs: fractions and days."""

    short_rate: Given | None = None
    long_rate: Given | None = None
    long_days: Given | None = None
    wash_days: Given | None = None


class GoalsBody(Input):
    """What it is for."""

    horizon: dt.date | None = None
    value: Given | None = None
    floor: Given | None = None


class PolicySent(Input):
    """A policy as a whole; what is not sent is as the house has it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "targets_by": "asset_class", "targets": [{"key": "equity", "weight": 0.6}, {"key": "bond", "weight": 0.35}, {"key": "cash", "weight": 0.05}],
        "constraints": {"max_weight": 0.1, "cash_buffer": 0.02, "lot": 1}, "taxes": {"short_rate": 0.35, "long_rate": 0.15},
        "thresholds": {"max_drawdown": 0.15}, "home_country": "DE"}]})

    targets_by: By | None = None
    targets: list[TargetBody] | None = None
    model: str | None = None
    band_absolute: Given | None = None
    band_relative: Given | None = None
    constraints: ConstraintsBody | None = None
    costs: CostsBody | None = None
    taxes: TaxesBody | None = None
    goals: GoalsBody | None = None
    home_country: str | None = None
    risk_aversion: Given | None = None
    off: list[str] | None = None
    thresholds: dict[str, Given] | None = None
    version: int | None = None


class Dismissal(Input):
    """Why a suggestion is put aside, and until when; absent: for good."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Bought on purpose", "until": "2030-01-01"}]})

    reason: str | None = None
    until: dt.date | None = None


class Deed(Input):
    """What was done, in one's own words."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Sold half of it"}]})

    note: str | None = None


class RuleSent(Input):
    """A rule of one's own; it is off until it is told to be active."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"name": "Too much of one", "expression": "weight of any holding > 20 %", "scope": "all", "severity": "warning", "active": True}]})

    name: str | None = None
    expression: str | None = None
    scope: str | None = None
    severity: Severity | None = None
    fix: str | None = None
    active: bool | None = None


class RuleChange(RuleSent):
    """Fields to change; null empties the fix."""

    version: int | None = None


class TrialSent(Input):
    """An expression to try on the history of a portfolio."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"expression": "drawdown(250) < -10 % and cash > 5 %", "scope": "0190c0de-0000-7000-8000-000000000001", "start": "2015-01-01"}]})

    expression: str
    scope: str
    start: dt.date | None = None
    end: dt.date | None = None


PolicyBody = Annotated[Any, Body(), Described(PolicySent)]
DismissalBody = Annotated[Any, Body(), Described(Dismissal | None)]
DeedBody = Annotated[Any, Body(), Described(Deed | None)]
RuleBody = Annotated[Any, Body(), Described(RuleSent)]
RuleChangeBody = Annotated[Any, Body(), Described(RuleChange)]
TrialBody = Annotated[Any, Body(), Described(TrialSent)]
