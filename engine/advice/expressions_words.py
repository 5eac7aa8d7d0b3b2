"""The words of the language of rules: metrics, scopes and functions, each with its unit, meaning, example and what it costs to work out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GROUPS: Final = ("holding", "sector", "country", "region", "currency", "asset_class", "tag")  # what there may be several of
SCOPES: Final = ("portfolio", "benchmark", "cash")
OF_ALL: Final = ("portfolio", "benchmark", *GROUPS)
OF_MONEY: Final = (*GROUPS, "cash", "portfolio")
HOLDING: Final = ("holding",)
WHOLE: Final = ("portfolio",)


@dataclass(frozen=True, slots=True)
class MetricWord:
    """A metric: `days` of its window where none are given (None: it takes none), and steps that a cell of it costs."""

    name: str
    unit: str  # fraction number days money price
    meaning: str
    scopes: tuple[str, ...]  # the first one where none is given
    example: str
    days: int | None = None
    least: int = 1
    steps: int = 1
    history: bool = True  # False: only known now


@dataclass(frozen=True, slots=True)
class FunctionWord:
    """A function: how many numbers it takes."""

    name: str
    meaning: str
    example: str
    takes: tuple[int, int]


METRICS: Final[Mapping[str, MetricWord]] = {each.name: each for each in (
    MetricWord("weight", "fraction", "Part of the value, cash included.", OF_MONEY, "weight of any holding > 20 %"),
    MetricWord("value", "money", "What it is worth, in the base currency.", ("portfolio", "cash", *GROUPS), "value of portfolio < 100000"),
    MetricWord("cash", "fraction", "Part of the value that is cash.", WHOLE, "cash > 10 %"),
    MetricWord("holdings", "number", "How many holdings there are.", WHOLE, "holdings < 10"),
    MetricWord("largest", "fraction", "Weight of the largest holding.", WHOLE, "largest > 25 %"),
    MetricWord("effective_holdings", "number", "Holdings of the same weight that would be as concentrated.", WHOLE, "effective_holdings < 8"),
    MetricWord("price", "price", "Last price, in the instrument's own currency.", HOLDING, 'price of "AAPL" < average(200) of "AAPL"'),
    MetricWord("average", "price", "Mean of the last closes, so many days.", HOLDING, 'price of "AAPL" < average(200) of "AAPL"', 200, steps=3),
    MetricWord("highest", "price", "Highest of the last closes, so many days.", HOLDING, 'price of "AAPL" < 0.8 * highest(250) of "AAPL"', 250,
               steps=4),
    MetricWord("lowest", "price", "Lowest of the last closes, so many days.", HOLDING, 'price of "AAPL" > 1.5 * lowest(250) of "AAPL"', 250,
               steps=4),
    MetricWord("return", "fraction", "Total return in base currency over the last trading days.", OF_ALL, "return(5) of any holding < -10 %", 1,
               steps=3),
    MetricWord("volatility", "fraction", "Volatility a year over the last trading days.", OF_ALL, "volatility(60) > 2 * volatility(500)", 252, 2, 5),
    MetricWord("drawdown", "fraction", "Distance below the peak of the last trading days, never above 0.", OF_ALL, "drawdown(250) < -10 %",
               2520, steps=6),
    MetricWord("value_at_risk", "fraction", "Loss of a day that 95 of 100 days did not exceed.", OF_ALL, "value_at_risk(250) > 3 %", 250, 20, 60),
    MetricWord("expected_shortfall", "fraction", "Mean loss of the worst twentieth of days.", OF_ALL, "expected_shortfall(250) > 4 %", 250, 20, 120),
    MetricWord("beta", "number", "Slope against the benchmark over the last trading days.", ("portfolio", *GROUPS), "beta(252) > 1.3", 252, 20, 12),
    MetricWord("correlation", "number", "Correlation with the benchmark over the last trading days.", ("portfolio", *GROUPS),
               "correlation(252) of any holding < 0", 252, 20, 12),
    MetricWord("tracking_error", "fraction", "Volatility a year of the return beyond the benchmark's.", ("portfolio", *GROUPS),
               "tracking_error(252) < 2 %", 252, 20, 6),
    MetricWord("gain", "fraction", "Unrealised gain over the cost; known now alone.", HOLDING, "gain of any holding < -20 %", history=False),
    MetricWord("price_age", "days", "Days since the last price; known now alone.", HOLDING, "price_age of any holding > 5", history=False),
    MetricWord("days_to_sell", "days", "Trading days to sell it at a fifth of its volume; known now alone.", HOLDING,
               "days_to_sell of any holding > 10", history=False),
    MetricWord("ter", "fraction", "What a fund charges a year, of its tag; known now alone.", HOLDING, "ter of any holding > 0.5 %", history=False),
    MetricWord("yield", "fraction", "Dividends of the last year over the price; known now alone.", HOLDING, "yield of any holding > 8 %",
               history=False),
)}
FUNCTIONS: Final[Mapping[str, FunctionWord]] = {each.name: each for each in (
    FunctionWord("abs", "The number without its sign.", "abs(return(1)) > 3 %", (1, 1)),
    FunctionWord("min", "The least of some numbers.", "min(cash, 0.1) > 5 %", (2, 10)),
    FunctionWord("max", "The largest of some numbers.", "max(largest, cash) > 25 %", (2, 10)),
)}
