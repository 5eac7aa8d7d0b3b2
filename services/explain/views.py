"""What is told about one number: plain frozen records that the sheet and `GET /explain` show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from engine.types import Finding
from services.attribution.views import AttributionQuestion, FactorQuestion
from services.benchmark.views import BenchmarkQuestion
from services.gains.views import GainsQuestion
from services.performance.views import PerformanceQuestion
from services.risk.views import RiskQuestion
from services.stress.views import StressQuestion

MOST: Final = 60  # prices, flows and transactions that are listed; how many there are is told beside


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table of figures: how a number is computed, in general."""

    figure: str  # "twr", "bridge.price", "gains.net"
    title: str
    unit: str  # money local price units fraction count growth ratio
    formula: str  # of names, which are inputs; the functions of `services.explain.formula`
    convention: str
    source: str
    of: str = ""  # what `symbol` names: "holding", "window", "month", ...; empty: the figure needs none
    answer: str = "holdings"  # the service answer that has it: holdings performance gains sale portfolios


@dataclass(frozen=True, slots=True)
class Part:
    """One of several amounts that go into an input."""

    name: str
    value: float
    figure: str | None = None  # what explains it: "market_value:AAPL"


@dataclass(frozen=True, slots=True)
class Term:
    """An input of a formula: a number, or the numbers in `parts`."""

    name: str  # as the formula says it
    title: str
    value: float | None
    unit: str
    figure: str | None = None
    parts: tuple[Part, ...] = ()
    is_table: bool = False


@dataclass(frozen=True, slots=True)
class PriceUsed:
    """A price or a rate that the number rests on."""

    symbol: str
    value: float | None
    currency: str
    source: str | None
    ts: datetime | None
    state: str
    simulated: bool = False
    filled_from: date | None = None  # the day it is of, where that lies before the day it stands for


@dataclass(frozen=True, slots=True)
class FlowUsed:
    """Money that crossed the boundary; `weight` is the part of the window for which it counted, where the figure weighs."""

    date: date
    kind: str
    amount: float
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class FactUsed:
    """A transaction that the number rests on; amount in base currency."""

    id: str
    date: date
    kind: str
    symbol: str | None
    quantity: float
    amount: float
    rate: float | None = None  # base units for one unit of its currency, where that is another


Inputs = dict[str, float | list[Part]]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What one number rests on, as the answer that has it knows."""

    value: float
    inputs: Inputs
    currency: str
    conventions: Sequence[str]
    call: str
    path: str
    formula: str
    prices: Sequence[PriceUsed] = ()
    flows: Sequence[FlowUsed] = ()
    transactions: Sequence[FactUsed] = ()  # newest first
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one number comes about."""

    figure: str
    symbol: str | None
    scope: str
    title: str
    value: float | None
    unit: str
    currency: str
    formula: str  # in words
    expression: str  # in the names of `inputs`, as it is evaluated
    with_numbers: str
    reproduced: float | None  # what the expression gives with the inputs; equals `value`
    conventions: tuple[str, ...]
    inputs: tuple[Term, ...]
    prices: tuple[PriceUsed, ...]
    price_count: int
    flows: tuple[FlowUsed, ...]
    flow_count: int
    transactions: tuple[FactUsed, ...]
    transaction_count: int
    findings: tuple[Finding, ...]
    source: str
    call: str  # the REST call that answers this number
    path: str  # where in its answer


@dataclass(frozen=True, slots=True)
class AnalyticsQuestion:
    """Under what question a figure was shown; that of its own page counts."""

    risk: RiskQuestion = field(default_factory=RiskQuestion)
    benchmark: BenchmarkQuestion = field(default_factory=BenchmarkQuestion)
    attribution: AttributionQuestion = field(default_factory=AttributionQuestion)
    factors: FactorQuestion = field(default_factory=FactorQuestion)
    stress: StressQuestion = field(default_factory=StressQuestion)


@dataclass(frozen=True, slots=True)
class ExplainQuestion:
    """Under what question the number was shown: that of holdings, of performance, or of realised gains."""

    as_of: date | datetime | None = None
    cost_method: str | None = None
    known_at: datetime | None = None
    base_currency: str | None = None
    performance: PerformanceQuestion = field(default_factory=PerformanceQuestion)
    gains: GainsQuestion = field(default_factory=GainsQuestion)
    sale: Mapping[str, Any] = field(default_factory=dict)  # quantity price date ..., as `Gains.simulate` takes them
    fees_in_cost: bool = True
    lots_by: str = "account"
    analytics: AnalyticsQuestion | None = None  # of risk, benchmark, attribution, factors and stress
