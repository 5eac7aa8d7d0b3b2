"""Columns of returns as the kernels of a sheet take them: plain, above the risk-free rate, beyond what is acceptable, by month, in a pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.calendar_returns import linked_by
from engine.columns import Floats
from engine.risk.pair import Pair
from engine.risk.sample import Sample
from engine.risk.var.ways import Ways


@dataclass(frozen=True)
class Conventions:
    """What a sheet is worked out under.

    Attributes
    ----------
    periods
        Of a year.
    level
        Confidence of the figures of the tail.
    target
        Acceptable return of a period.
    """

    periods: float = 252.0
    level: float = 0.95
    target: float = 0.0

    @cached_property
    def ways(self) -> Ways:
        """Conventions of the values at risk."""
        return Ways(self.level)


@dataclass
class Columns:
    """Some columns of returns, each view of them worked out once.

    Attributes
    ----------
    at
        Returns.
    asked
        Conventions.
    rates
        Risk-free rate of each period, shape (n_periods or 1, 1 or n_series).
    codes
        Month of each period, shape (n_periods,); None where the returns have no dates.
    market
        Benchmark's returns, of one column or of as many; None without one.
    """

    at: Sample
    asked: Conventions
    rates: Floats
    codes: NDArray[np.int64] | None = None
    market: Sample | None = None
    yearly_rate: Floats = field(default_factory=lambda: np.zeros(1))

    @cached_property
    def over(self) -> Sample:
        """Returns above the risk-free rate."""
        return Sample(self.at.cells - self.rates) if self.rates.any() else self.at

    @cached_property
    def beyond(self) -> Sample:
        """Returns above the risk-free rate, less what is acceptable."""
        return Sample(self.over.cells - self.asked.target) if self.asked.target else self.over

    @cached_property
    def acceptable(self) -> Sample:
        """Returns less what is acceptable, whatever the rate."""
        return Sample(self.at.cells - self.asked.target) if self.asked.target else self.at

    @cached_property
    def months(self) -> Sample:
        """Returns of months; none where the returns have no dates."""
        if self.codes is None or not len(self.codes):
            return Sample(np.zeros((0, self.at.cells.shape[1])))
        return Sample(linked_by(self.at.cells, self.codes)[0])

    @cached_property
    def pair(self) -> Pair:
        """Returns beside the benchmark's."""
        return Pair(self.at, self.market if self.market is not None else Sample(np.full_like(self.at.cells, np.nan)), self.rates)
