"""Inputs of the figures that a window has as a whole: its returns, ends, flows and months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engine import Panel, year_fractions
from engine.dietz import day_shift
from services.explain.formula import number
from services.explain.table import window_column
from services.explain.views import FlowUsed, Inputs, Part
from services.performance.figures import Basis
from services.performance.tables import calendar_table, months_of
from services.performance.track import Floats, Span, Track

DAYS_OF_LINKS, MONTHS_OF_LINKS = 45, 40  # a longer window is told by month, a still longer one by year
MODES = {
    "twr_net": ("base", "net"),
    "twr_gross": ("base", "gross"),
    "twr_gross_of_fees": ("base", "gross_of_fees"),
    "local_twr": ("local", "net"),
    "hedged_twr": ("hedged", "net"),
}


@dataclass(frozen=True)
class Measured:
    """A window between two closes of a track."""

    basis: Basis
    track: Track
    span: Span
    figures: dict[str, float]

    @property
    def first(self) -> int:
        """Place of the close it opens with."""
        return self.span.first

    @property
    def last(self) -> int:
        """Place of the close it ends with."""
        return self.span.last

    @cached_property
    def shown(self) -> Panel:
        """Rows of the window."""
        days = self.track.days[[self.first, self.last]]
        return self.basis.brief.panel.between(pd.Timestamp(days[0]), pd.Timestamp(days[1]))

    @cached_property
    def ends(self) -> tuple[pd.Series, pd.Series]:
        """Values at both closes, and the flows between."""
        return self.track.window(self.span)

    @property
    def days(self) -> int:
        """Calendar days."""
        return self.span.days

    def links(self, returns: Floats | None = None) -> list[Part]:
        """Growth by day, month or year."""
        cells = (self.track.returns if returns is None else returns)[self.first : self.last]
        return links_of(cells, self.track.days[self.first + 1 : self.last + 1])

    def flows(self, *, weighted: bool) -> list[FlowUsed]:
        """External flows, with the part of the window they were there for."""
        values, flows = self.ends
        length, shift = max(self.days, 1), day_shift(flows.to_numpy(), self.track.question.timing)
        gone = ((pd.DatetimeIndex(flows.index) - values.index[0]) / np.timedelta64(1, "D")).to_numpy()
        weights = (length - gone + shift) / length
        return [
            FlowUsed(day.date(), "IN" if amount > 0 else "OUT", number(amount), number(weight) if weighted else None)
            for day, amount, weight in zip(pd.DatetimeIndex(flows.index), flows, weights, strict=True)
        ]


def measured(basis: Basis, figure: str, key: str | None) -> Measured:
    """Find the window of a figure: that of the question, or the one that a row of `windows` is."""
    track, view = Track(basis.brief.panel, basis.brief.asked.question), basis.view
    start, end, figures = view.start, view.end, view.figures
    if figure.startswith("windows."):
        row: Any = view.windows.loc[str(key)]
        start, end = pd.Timestamp(row["start"]).date(), pd.Timestamp(row["end"]).date()
        figures = {window_column(f"windows.{name}"): number(row[name]) for name in view.windows.columns if name not in {"start", "end"}}
    return Measured(basis, track, track.span(start, end), figures)


def links_of(returns: Floats, days: np.ndarray) -> list[Part]:
    """Growth by day, month or year, as many as can be read."""
    if not len(returns):
        return [Part("no day", float("nan"))]
    stamps = pd.DatetimeIndex(days)
    months = (stamps[-1] - stamps[0]).days / 30.4
    form = "%Y-%m-%d" if len(returns) <= DAYS_OF_LINKS else "%Y-%m" if months <= MONTHS_OF_LINKS else "%Y"
    grown = pd.Series(1.0 + returns).groupby(stamps.strftime(form), sort=True).apply(lambda cells: number(np.prod(cells.to_numpy())))
    return [Part(str(name), number(value)) for name, value in grown.items()]


def of_window(told: Measured, figure: str) -> Inputs:
    """Give the inputs of a figure of the whole window."""
    track = told.track
    if figure in {"twr", *MODES}:
        return {"links": told.links(track.returns_in(*MODES[figure]) if figure in MODES else None)}
    if figure in {"mwr", "mwr_annualised", "mwr_period"}:
        return _of_rate(told, figure)
    values, flows = told.ends
    opening, closing, moved = number(values.iloc[0]), number(values.iloc[1]), number(flows.sum())
    found: Inputs = dict(told.figures)
    found |= {
        "days": number(told.days),
        "opening_value": opening,
        "closing_value": closing,
        "flows": moved,
        "flows_in": number(flows.clip(lower=0.0).sum()),
        "weighted_flows": [Part(str(each.date), each.amount * number(each.weight or 0.0)) for each in told.flows(weighted=True)],
    }
    special: dict[str, Callable[[], Inputs]] = {
        "opening_value": lambda: {"opening_rows": _by_row(told, told.first)},
        "closing_value": lambda: {"closing_rows": _by_row(told, told.last)},
        "benchmark_twr": lambda: benchmark_ends(told, told.first, told.last),
        "max_drawdown": lambda: _of_fall(told),
        "real_twr": lambda: {"inflation": _inflation(told)},
        "volatility": lambda: _spread(track.returns[told.first : told.last]),
        "tracking_error": lambda: _spread(_active(told)),
        "information_ratio": lambda: {"mean_active": _mean(_known(_active(told)))},
        "best_day": lambda: {"best_days": _extreme_days(told, best=True)},
        "worst_day": lambda: {"worst_days": _extreme_days(told, best=False)},
        **dict.fromkeys(("best_month", "worst_month", "months", "months_positive"), lambda: {"month_returns": _months(told)}),
        "up_capture": lambda: _capture(told, up=True),
        "down_capture": lambda: _capture(told, up=False),
    }
    return found | (special[figure]() if figure in special else {})


def _of_rate(told: Measured, figure: str) -> Inputs:
    rates = told.track.money_weighted(told.span)
    if figure == "mwr_period":
        return {"mwr_yearly": rates.annual, "years_of_window": rates.years}
    values, flows = told.ends
    moves = pd.concat([pd.Series([-values.iloc[0]], index=values.index[:1]), -flows, pd.Series([values.iloc[1]], index=values.index[1:])])
    moves = moves.groupby(level=0).sum()
    moves = moves[moves != 0]
    if not len(moves):
        return {"amounts": [], "years": [], "years_told": 1.0}
    years = year_fractions(moves.index.to_numpy(), told.track.question.day_count)
    names = [str(day.date()) for day in pd.DatetimeIndex(moves.index)]
    return {
        "amounts": [Part(name, number(amount)) for name, amount in zip(names, moves, strict=True)],
        "years": [Part(name, number(year)) for name, year in zip(names, years, strict=True)],
        "years_told": 1.0 if rates.is_year else rates.years,
    }


def _known(cells: Floats) -> Floats:
    return cells[np.isfinite(cells)]


def _active(told: Measured) -> Floats:
    levels = told.basis.brief.levels
    return np.full(1, np.nan) if levels is None else (told.track.returns - levels.returns)[told.first : told.last]


def _mean(cells: Floats) -> float:
    """Give the mean; of nothing there is none."""
    return number(cells.mean()) if len(cells) else float("nan")


def _spread(cells: Floats) -> Inputs:
    known = _known(cells)
    squares = number(((known - known.mean()) ** 2).sum()) if len(known) > 1 else float("nan")
    return {"squared_deviations": squares, "days_counted": number(len(known))}


def benchmark_ends(told: Measured, first: int, last: int) -> Inputs:
    """Give the closes of the benchmark at both ends."""
    levels = told.basis.brief.levels
    closes = np.full(2, np.nan) if levels is None else levels.closes[[first, last]]
    return {"benchmark_open": number(closes[0]), "benchmark_close": number(closes[1])}


def _inflation(told: Measured) -> float:
    prices = told.basis.brief.prices
    return float("nan") if prices is None else prices.change(told.first, told.last)


def _of_fall(told: Measured) -> Inputs:
    growth = _known(told.track.growth(told.first, told.last))
    peaks = np.maximum.accumulate(growth)
    trough = int(np.argmin(growth / peaks))
    return {"growth_at_trough": number(growth[trough]), "growth_at_peak": number(peaks[trough])}


def _extreme_days(told: Measured, *, best: bool) -> list[Part]:
    days = told.track.dated(told.first, told.last).dropna().sort_values(ascending=not best).head(5)
    return [Part(str(day.date()), number(value)) for day, value in zip(pd.DatetimeIndex(days.index), days, strict=True)]


def _month_table(told: Measured) -> pd.DataFrame:
    calendar = calendar_table(told.track, told.first, told.last)
    return months_of(calendar, told.track, told.first, told.last, told.basis.brief.levels)


def _months(told: Measured) -> list[Part]:
    known = _month_table(told)["portfolio"].dropna()
    return [Part(str(month), number(value), f"calendar:{month}") for month, value in known.items()]


def _capture(told: Measured, *, up: bool) -> Inputs:
    months = _month_table(told).dropna()
    chosen = months[months["benchmark"] >= 0 if up else months["benchmark"] < 0]
    mine, theirs = (number(np.expm1(np.log1p(chosen[name]).mean())) if len(chosen) else float("nan") for name in ("portfolio", "benchmark"))
    return {"mean_own": mine, "mean_benchmark": theirs}


def parts_of(names: Sequence[str], cells: Floats) -> list[Part]:
    """Pair rows with amounts, the largest first; those without one are left out."""
    found = [Part(name, number(value)) for name, value in zip(names, cells, strict=True) if np.isnan(value) or abs(value) > 0]
    return sorted(found, key=lambda part: -abs(part.value))


def _by_row(told: Measured, place: int) -> list[Part]:
    settled = told.basis.brief.panel.settled()
    return parts_of(settled.rows, settled.value[place])
