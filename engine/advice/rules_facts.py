"""What the rules look at: a portfolio as it is now, as plain frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from engine.advice.rules_past import LEAST, Past
from engine.columns import Floats
from engine.risk.var.measures import expected_shortfall

FUNDS: Final = frozenset({"fund", "index"})
TAIL_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Held:
    """One holding as it is now. Money is base currency, `price` a unit in its own; NaN where a figure is not known.

    `ter` is what a fund charges a year, `days_to_sell` at a fifth of its daily volume, `dividends` are of a share in its own currency, of the
    last year and of the year before, `account` is the one that holds most of it, `region` that of its country.
    """

    symbol: str
    name: str
    asset_class: str
    currency: str
    quantity: float
    price: float
    value: float
    cost: float = 0.0
    sector: str | None = None
    country: str | None = None
    region: str | None = None
    issuer: str | None = None
    tags: tuple[str, ...] = ()
    account: str | None = None
    price_age_days: float = 0.0
    ter: float = math.nan
    days_to_sell: float = math.nan
    dividends: float = 0.0
    dividends_before: float = 0.0
    multiplier: float = 1.0

    @property
    def fx_rate(self) -> float:
        """Base currency for one unit of its own."""
        local = self.price * self.multiplier
        return self.unit_value / local if local else math.nan

    @property
    def unit_value(self) -> float:
        """Base currency that one unit is worth."""
        return self.value / self.quantity if self.quantity else math.nan

    @property
    def is_fund(self) -> bool:
        """Whether it is many holdings in one."""
        return self.asset_class in FUNDS


class OpenLot(NamedTuple):
    """What one acquisition left: the base currency that it cost, the day, and the transaction."""

    account: str | None
    quantity: float
    cost: float
    opened: date
    id: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss that was realised lately: what purchases have spoilt of it, when the last of them was, and the last day on which one would."""

    symbol: str
    closed: date
    loss: float  # above 0
    disallowed: float
    bought_back: date | None
    last_day: date


@dataclass(frozen=True)
class Facts:
    """A portfolio as it is now. Money is base currency.

    Attributes
    ----------
    as_of, base_currency, value
        Now, and what holdings and cash are worth.
    held
        Symbol to holding, those without a price too.
    cash
        Currency to value.
    idle_cash
        Currency to the least that was there on any of the last `idle_days`.
    past
        What has no today in it.
    lots
        Symbol to its open lots, in the order in which a sale takes them.
    losses
        That were realised lately.
    fees_year, value_year
        Fees of the last year, and the mean value in it.
    targets
        Symbol or group to weight, of the policy, models looked up.
    benchmark_countries
        Country to its weight in the benchmark, where that is known.
    drawdown
        Of the scope as it was lived through, fraction <= 0; NaN without history.
    """

    as_of: date
    base_currency: str
    value: float
    held: Mapping[str, Held]
    cash: Mapping[str, float]
    past: Past
    idle_cash: Mapping[str, float] = field(default_factory=dict)
    lots: Mapping[str, Sequence[OpenLot]] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()
    fees_year: float = 0.0
    value_year: float = float("nan")
    targets: Mapping[str, float] = field(default_factory=dict)
    benchmark_countries: Mapping[str, float] = field(default_factory=dict)
    benchmark: str | None = None  # its name

    @cached_property
    def weights(self) -> pd.Series:
        """Fraction of the value by symbol, those without a price left out."""
        known = {symbol: each.value / self.value for symbol, each in self.held.items() if self.value > 0 and math.isfinite(each.value)}
        return pd.Series(known, dtype=np.float64)

    @cached_property
    def _weights(self) -> dict[str, float]:
        return {str(symbol): float(weight) for symbol, weight in self.weights.items()}

    @property
    def priced(self) -> list[str]:
        """Holdings that have a price."""
        return list(self._weights)

    def weight(self, symbol: str) -> float:
        """Weigh a holding; 0 where it is not held or has no price."""
        return self._weights.get(symbol, 0.0)

    def together(self, symbols: Iterable[str]) -> float:
        """Weigh some holdings together."""
        return math.fsum(self.weight(symbol) for symbol in symbols)

    @property
    def cash_weight(self) -> float:
        """Fraction of the value in cash."""
        return math.fsum(self.cash.values()) / self.value if self.value > 0 else float("nan")

    def grouped(self, by: str) -> dict[str, float]:
        """Add weights up by a word of the holdings, the largest first; what has no word is left out."""
        found: dict[str, float] = {}
        for symbol, weight in self._weights.items():
            word = getattr(self.held[symbol], by)
            if word is not None:
                found[word] = found.get(word, 0.0) + weight
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def members(self, by: str, key: str) -> list[str]:
        """Name the holdings of a group that have a price."""
        return [symbol for symbol in self._weights if getattr(self.held[symbol], by) == key]

    @cached_property
    def at_risk(self) -> Floats:
        """Weights of those that have a history, in the order of `past.symbols`."""
        return np.array([self.weight(symbol) for symbol in self.past.symbols], dtype=np.float64)

    @cached_property
    def marginal(self) -> dict[str, float]:
        """Covariance of each with the whole: how much more variance a little more of it adds."""
        return dict(zip(self.past.symbols, (self.past.covariance @ self.at_risk).tolist(), strict=True))

    @cached_property
    def of_now(self) -> tuple[float, float]:
        """Volatility a year and expected shortfall of a day, as it is now."""
        return self.volatility(self.at_risk), self.shortfall(self.at_risk)

    @cached_property
    def enough_history(self) -> bool:
        """Whether most of what is held has enough of a past."""
        held = float(self.weights.abs().sum())
        return len(self.past.recent) >= LEAST and held > 0 and float(np.abs(self.at_risk).sum()) >= 0.5 * held

    @property
    def too_short(self) -> str:
        """Why nothing is said of risk."""
        return f"Risk needs {LEAST} days that most of what is held has in common; there are {len(self.past.recent)}"

    def volatility(self, weights: Floats) -> float:
        """Volatility a year of weights in the order of `past.symbols`."""
        return float(np.sqrt(max(float(weights @ self.past.covariance @ weights), 0.0)))

    def shortfall(self, weights: Floats) -> float:
        """Mean loss of the worst twentieth of days, fraction."""
        return float(expected_shortfall(self.past.cells @ weights, level=TAIL_LEVEL))

    def risk_shares(self, weights: Floats) -> Floats:
        """Share of each in the variance; they add up to 1, NaN where nothing moves."""
        parts = weights * (self.past.covariance @ weights)
        whole = float(parts.sum())
        found: Floats = parts / whole if whole > 0 else parts * np.nan
        return found

    @cached_property
    def drawdown(self) -> float:
        """How far the scope is below its peak, fraction <= 0."""
        growth = np.cumprod(1.0 + self.past.realised.dropna().to_numpy(dtype=np.float64))
        return float(growth[-1] / max(growth.max(), 1.0) - 1.0) if len(growth) else float("nan")
