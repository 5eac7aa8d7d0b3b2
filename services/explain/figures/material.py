"""What figures of returns are worked out on: columns of returns and the choices they were asked under."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.risk.sample import Sample

Floats = NDArray[np.float64]
Cells = float | pd.Series
NONE: Final = pd.Series(dtype=np.float64)


@dataclass(frozen=True)
class Material:
    """Returns of a window, those of a benchmark beside them, and what they were measured under."""

    own: pd.Series  # of the window, without gaps
    beside: pd.Series | None = None  # a benchmark's on the same days, NaN where it has none
    periods_per_year: float = 252.0
    level: float = 0.95
    rate: float = 0.0  # a year
    figures: Mapping[str, float] = field(default_factory=dict)  # of the same answer: inputs of others
    months: pd.DataFrame | None = None  # own and theirs by month, where figures of months are not those of `own`
    zero: str = "up"  # what a month is in which the benchmark stood still
    horizon: int = 12  # months of windows ahead
    errors: str = "newey_west"
    excess: str = "arithmetic"  # how a return is above another
    alone: pd.Series | None = None  # every return of the benchmark within the window
    active_weights: pd.Series | None = None

    @cached_property
    def rate_of_period(self) -> float:
        """The risk-free rate of a period."""
        return float(np.expm1(np.log1p(self.rate) / self.periods_per_year))

    @cached_property
    def both(self) -> pd.DataFrame:
        """Returns of the periods that both have."""
        theirs = self.own * np.nan if self.beside is None else self.beside.reindex(self.own.index)
        return pd.DataFrame({"own": self.own, "theirs": theirs}).dropna()

    @cached_property
    def of_months(self) -> pd.DataFrame:
        """Returns of months that both have."""
        if self.months is not None:
            return self.months.dropna()
        days = pd.DataFrame({"own": self.own, "theirs": self.own * np.nan if self.beside is None else self.beside.reindex(self.own.index)})
        index = pd.DatetimeIndex(days.index)
        return ((1.0 + days).groupby(index.to_period("M")).prod(skipna=False) - 1.0).dropna() if len(days) else days

    @cached_property
    def sample(self) -> Sample:
        """The returns as the engine takes them, for what is fitted to them."""
        return Sample(self.own.to_numpy(dtype=np.float64)[:, None])

    @cached_property
    def drawdowns(self) -> pd.Series:
        """How far wealth was below its peak, by period."""
        return falls_of(self.own)

    def side(self, way: str) -> pd.DataFrame:
        """Months in which the benchmark rose, or fell."""
        return _sided(self.of_months, self.of_months["theirs"], way, self.zero)

    def sided(self, way: str) -> pd.DataFrame:
        """Periods in which the benchmark did better than the rate, or worse, both above the rate."""
        over = self.both - self.rate_of_period
        return _sided(over, over["theirs"], way, self.zero)


def _sided(rows: pd.DataFrame, market: pd.Series, way: str, zero: str) -> pd.DataFrame:
    chosen = market > 0 if way == "up" else market < 0
    return rows[chosen | (market == 0) if zero == way else chosen]


def falls_of(returns: pd.Series) -> pd.Series:
    """Tell how far wealth was below its peak after each return; it starts at its first peak."""
    wealth = (1.0 + returns).cumprod()
    return wealth / wealth.cummax().clip(lower=1.0) - 1.0


Compute = Callable[[Material], Cells]
Input = tuple[str, str, Compute]  # title, unit, and how it comes
