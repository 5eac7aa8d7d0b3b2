"""The track of a panel: its return of each day under the conventions asked for, and what a window of it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import Panel, annualise, hedged_return, link_returns, local_returns, year_fractions
from engine.money_weighted import is_year, window_rate
from engine.time_weighted import capital, over_capital
from engine.types import Finding
from services.performance.views import PerformanceQuestion

Floats = NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Span:
    """A window: the places of its closes, and its own ends, which may be days without a close, such as a Sunday."""

    first: int
    last: int
    start: np.datetime64
    end: np.datetime64

    @property
    def days(self) -> int:
        """Calendar days."""
        return int((self.end - self.start) / np.timedelta64(1, "D"))


@dataclass(frozen=True)
class Track:
    """Everything of one panel that windows are cut from."""

    panel: Panel
    question: PerformanceQuestion
    known: dict[tuple[str, str], Floats] = field(default_factory=dict)
    rates: dict[Span, Rates] = field(default_factory=dict)

    @cached_property
    def sums(self) -> dict[str, NDArray[Any]]:
        """Sums of the rows by day, each of shape (n_days,)."""
        return self.panel.sums()

    @cached_property
    def index(self) -> pd.DatetimeIndex:
        """Closes as an index."""
        return pd.DatetimeIndex(self.days, name="date")

    @cached_property
    def days(self) -> NDArray[np.datetime64]:
        """Closes."""
        return self.panel.days

    @cached_property
    def returns(self) -> Floats:
        """Return of each day but the first, as asked for."""
        return self.returns_in(self.question.currency_mode, self.question.costs)

    def returns_in(self, mode: str, costs: str) -> Floats:
        """Return of each day but the first, shape (n_days - 1,), computed once for each way."""
        if (mode, costs) not in self.known:
            self.known[mode, costs] = self._returns_in(mode, costs)
        return self.known[mode, costs]

    def _returns_in(self, mode: str, costs: str) -> Floats:
        timing = self.question.timing
        if mode == "base":
            return self._of_totals(costs)
        if mode == "hedged":
            return np.asarray(hedged_return(self.returns_in("local", costs)))
        if {*self.panel.currencies} <= {self.panel.base_currency}:
            return self.returns_in("base", costs)
        return local_returns(self.panel, flow_timing=timing, costs=costs).to_numpy()

    def _of_totals(self, costs: str) -> Floats:
        """Do what `panel_returns` does, from the sums of the rows."""
        value, flow = self.sums["value"][:, None], self.sums["flow"][:, None]
        back = {"net": (), "gross_of_fees": ("fee",), "gross": ("fee", "tax")}[costs]
        charged = sum((np.nan_to_num(self.sums[name][1:, None]) for name in back), np.zeros((len(value) - 1, 1)))
        return over_capital(np.diff(value, axis=0) - flow[1:] + charged, capital(value, flow, self.question.timing))[:, 0]

    def place(self, day: date) -> int:
        """Place of the last close on or before a day, the first where there is none."""
        return max(int(np.searchsorted(self.days, np.datetime64(day, "ns"), side="right")) - 1, 0)

    def span(self, start: date, end: date) -> Span:
        """Lay a window over the closes; what lies before the first of them is no part of it."""
        first, last = self.place(start), self.place(end)
        opened = max(np.datetime64(start, "ns"), self.days[first])
        return Span(first, last, opened, max(np.datetime64(end, "ns"), opened))

    def twr(self, span: Span, returns: Floats | None = None) -> float:
        """Time-weighted return of a window; 0 where it has days but no close."""
        cells = (self.returns if returns is None else returns)[span.first:span.last]
        return float(link_returns(cells)) if len(cells) else 0.0 if span.days else NAN

    @cached_property
    def flow(self) -> Floats:
        """External flow of each day, costs that are not counted taken out as if paid from outside."""
        sums = self.sums
        back = {"net": 0.0, "gross_of_fees": sums["fee"], "gross": sums["fee"] + sums["tax"]}[self.question.costs]
        flow: Floats = sums["flow"] - back
        return flow

    def moves(self, first: int, last: int) -> tuple[Floats, NDArray[np.int64]]:
        """Values at two closes, and the places of the flows between them."""
        return self.sums["value"][[first, last]], first + 1 + np.flatnonzero(self.flow[first + 1:last + 1])

    def window(self, span: Span) -> tuple[pd.Series, pd.Series]:
        """Values at both ends of a window, and the flows between them by date."""
        values, places = self.moves(span.first, span.last)
        ends = pd.DatetimeIndex(np.array([span.start, span.end]), name="date")
        return pd.Series(values, index=ends), pd.Series(self.flow[places], index=self.index[places], dtype=np.float64)

    def between(self, span: Span) -> tuple[pd.Series, pd.Series]:
        """Values and flows at both ends of a window and at every close between them, by date."""
        days, value, flow = self.days[span.first:span.last + 1].copy(), *(each[span.first:span.last + 1] for each in (self.sums["value"], self.flow))
        days[0] = span.start
        if span.end > days[-1]:
            days, value, flow = np.append(days, span.end), np.append(value, value[-1]), np.append(flow, 0.0)
        index = pd.DatetimeIndex(days, name="date")
        return pd.Series(value, index=index), pd.Series(flow, index=index)

    def dated(self, first: int, last: int) -> pd.Series:
        """Daily returns between two closes, by date."""
        return pd.Series(self.returns[first:last], index=self.index[first + 1:last + 1])

    def money_weighted(self, span: Span) -> Rates:
        """Money-weighted return of a window, a year's and that of the time that money was at work."""
        if not span.days:
            return Rates(NAN, NAN, 0.0, None)
        if span not in self.rates:
            self.rates[span] = self._rates(span)
        return self.rates[span]

    def _rates(self, span: Span) -> Rates:
        """Do what `money_weighted_return` does, from the days on which something moved."""
        ends, places = self.moves(span.first, span.last)
        days = np.concatenate([[span.start], self.days[places], [span.end]]).astype("datetime64[D]")
        values, flows = np.zeros(len(days)), np.concatenate([[0.0], self.flow[places], [0.0]])
        values[[0, -1]] = ends
        rate = window_rate(days, values, flows, day_count=self.question.day_count, annualised=True)
        worked = days[np.flatnonzero(values + flows)[[0, -1]]] if (values + flows).any() else days[[0, 0]]
        years = float(year_fractions(worked, self.question.day_count)[1])
        return Rates(float(rate), grown(float(rate), years), years, rate.finding, is_year=is_year(worked))

    def growth(self, first: int, last: int) -> Floats:
        """Wealth from 1.0 at the first of two closes; NaN after a break."""
        return np.concatenate([[1.0], np.cumprod(1.0 + self.returns[first:last])])


def grown(rate: float, years: float) -> float:
    """Give the return of some years at a year's rate; NaN where it is beyond all numbers."""
    with np.errstate(over="ignore"):
        period = float(np.expm1(years * np.log1p(rate))) if rate > -1 else rate
    return period if np.isfinite(period) else NAN


@dataclass(frozen=True, slots=True)
class Rates:
    """One money-weighted return, told in two ways."""

    annual: float
    period: float
    years: float  # that money was at work, by the day count
    finding: Finding | None  # why there is none, or more than one
    is_year: bool = False  # whether it was at work for 365 days, whatever the day count makes of them

    @property
    def told(self) -> float:
        """A year's where money was at work for a year or more, else that of its time."""
        return self.annual if self.is_year else self.period

    @property
    def yearly(self) -> float:
        """A year's; NaN for less."""
        return self.annual if self.is_year else NAN


def a_year(total: float, days: int) -> float:
    """Return a year; NaN for less than a year."""
    return float(annualise(total, days))
