"""The track of a panel: its return of each day under the conventions asked for, and what a window of it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import Panel, annualise, hedged_return, link_returns, local_returns, money_weighted_return, panel_returns, year_fractions
from engine.types import Finding
from services.performance_views import PerformanceQuestion

Floats = NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True)
class Track:
    """Everything of one panel that windows are cut from."""

    panel: Panel
    question: PerformanceQuestion

    @cached_property
    def totals(self) -> pd.DataFrame:
        """Sums of the rows by day."""
        return self.panel.totals()

    @cached_property
    def days(self) -> NDArray[np.datetime64]:
        """Closes."""
        return self.panel.days

    @cached_property
    def returns(self) -> Floats:
        """Return of each day but the first, as asked for."""
        return self.returns_in(self.question.currency_mode, self.question.costs)

    def returns_in(self, mode: str, costs: str) -> Floats:
        """Return of each day but the first, shape (n_days - 1,)."""
        timing = self.question.flow_timing
        if mode == "base":
            return panel_returns(self.panel, flow_timing=timing, costs=costs).to_numpy()
        local = local_returns(self.panel, flow_timing=timing, costs=costs).to_numpy()
        return np.asarray(hedged_return(local) if mode == "hedged" else local)

    def place(self, day: date) -> int:
        """Place of the last close on or before a day, the first where there is none."""
        return max(int(np.searchsorted(self.days, np.datetime64(day, "ns"), side="right")) - 1, 0)

    def twr(self, first: int, last: int, returns: Floats | None = None) -> float:
        """Time-weighted return between two closes."""
        cells = (self.returns if returns is None else returns)[first:last]
        return float(link_returns(cells)) if len(cells) else float("nan")

    @cached_property
    def flow(self) -> Floats:
        """External flow of each day, costs that are not counted taken out as if paid from outside."""
        totals = self.totals
        back = {"net": 0.0 * totals["fee"], "gross_of_fees": totals["fee"], "gross": totals["fee"] + totals["tax"]}[self.question.costs]
        return (totals["flow"] - back).to_numpy(dtype=np.float64)

    def window(self, first: int, last: int) -> tuple[list[float], pd.Series]:
        """Values at two closes, and the flows between them by date."""
        values = self.totals["value"].to_numpy()
        moved = self.flow[first + 1:last + 1]
        places = np.flatnonzero(moved)
        index = pd.DatetimeIndex(self.days[first + 1:last + 1][places], name="date")
        return [float(values[first]), float(values[last])], pd.Series(moved[places], index=index, dtype=np.float64)

    def between(self, first: int, last: int) -> tuple[pd.Series, pd.Series]:
        """Values and flows at every close between two, by date."""
        index = pd.DatetimeIndex(self.days[first:last + 1], name="date")
        return pd.Series(self.totals["value"].to_numpy()[first:last + 1], index=index), pd.Series(self.flow[first:last + 1], index=index)

    def dated(self, first: int, last: int) -> pd.Series:
        """Daily returns between two closes, by date."""
        return pd.Series(self.returns[first:last], index=pd.DatetimeIndex(self.days[first + 1:last + 1], name="date"))

    def ends(self, first: int, last: int) -> tuple[date, date]:
        """Days of two closes, as window functions take them."""
        return pd.Timestamp(self.days[first]).date(), pd.Timestamp(self.days[last]).date()

    def money_weighted(self, first: int, last: int) -> Rates:
        """Money-weighted return between two closes, a year's and the window's."""
        values, flows = self.window(first, last)
        (start, end), day_count = self.ends(first, last), self.question.day_count
        if first >= last:
            return Rates(NAN, NAN, 0.0, None)
        rate = money_weighted_return(values, flows if len(flows) else None, start=start, end=end, day_count=day_count, annualised=True)
        years = float(year_fractions([start, end], day_count)[1])
        period = float(np.expm1(years * np.log1p(rate))) if rate > -1 else float(rate)
        return Rates(float(rate), period, years, rate.finding)

    def growth(self, first: int, last: int) -> Floats:
        """Wealth from 1.0 at the first of two closes; NaN after a break."""
        return np.concatenate([[1.0], np.cumprod(1.0 + self.returns[first:last])])


@dataclass(frozen=True, slots=True)
class Rates:
    """One money-weighted return, told in two ways."""

    annual: float
    period: float
    years: float
    finding: Finding | None  # why there is none, or more than one

    @property
    def told(self) -> float:
        """A year's for windows of a year or more, else the window's."""
        return self.annual if self.years >= 1.0 else self.period


def a_year(total: float, days: int) -> float:
    """Return a year; NaN for less than a year."""
    return float(annualise(total, days))
