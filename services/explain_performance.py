"""Inputs of the figures of a window, out of what the window was measured from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engine import Panel, add, contributions, currency_split, year_fractions
from engine.time_weighted import capital, gain_before_costs, over_capital
from services.explain_formula import number
from services.explain_table import window_column
from services.explain_views import FlowUsed, Part
from services.performance_figures import Basis
from services.performance_groups import OF_LEDGERS
from services.performance_parts import APART
from services.performance_tables import DUST, calendar_table, months_of
from services.performance_track import Floats, Track
from services.performance_views import PerformanceQuestion

Inputs = dict[str, float | list[Part]]
DAYS_OF_LINKS, MONTHS_OF_LINKS = 45, 40  # a longer window is told by month, a still longer one by year
SHIFT = {"start": 1.0, "mid": 0.5, "end": 0.0}
MODES = {
    "twr_net": ("base", "net"),
    "twr_gross": ("base", "gross"),
    "twr_gross_of_fees": ("base", "gross_of_fees"),
    "local_twr": ("local", "net"),
    "hedged_twr": ("hedged", "net"),
}
SHEETS = {
    "flows": "moved",
    "price": "price_effect",
    "fx": "fx_effect",
    "income": "income",
    "fees": "fee",
    "taxes": "tax",
    "corporate_actions": "action",
}


@dataclass(frozen=True)
class Measured:
    """A window between two closes of a track."""

    basis: Basis
    track: Track
    first: int
    last: int
    figures: dict[str, float]

    @cached_property
    def shown(self) -> Panel:
        """Rows of the window."""
        days = self.track.days[[self.first, self.last]]
        return self.basis.brief.panel.between(pd.Timestamp(days[0]), pd.Timestamp(days[1]))

    @cached_property
    def ends(self) -> tuple[pd.Series, pd.Series]:
        """Values at both closes, and the flows between."""
        return self.track.window(self.first, self.last)

    @property
    def days(self) -> int:
        """Calendar days."""
        return int((self.track.days[self.last] - self.track.days[self.first]) / np.timedelta64(1, "D"))

    def links(self, returns: Floats | None = None) -> list[Part]:
        """Growth by day, month or year."""
        cells = (self.track.returns if returns is None else returns)[self.first : self.last]
        return links_of(cells, self.track.days[self.first + 1 : self.last + 1])

    def flows(self, *, weighted: bool) -> list[FlowUsed]:
        """External flows, with the part of the window they were there for."""
        values, flows = self.ends
        length, shift = max(self.days, 1), SHIFT[self.track.question.flow_timing]
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
    return Measured(basis, track, track.place(start), track.place(end), figures)


def value_of(basis: Basis, figure: str, key: str | None) -> float:
    """Read a figure out of the answer; KeyError where it has no such row."""
    view = basis.view
    section, _, name = figure.partition(".")
    if not name:
        return _cell(view.calendar, str(key)) if figure == "calendar" else number(view.figures[figure])
    if section == "bridge":
        return number(view.bridge[name])
    if section in {"contributions", "groups"}:
        frame = view.contributions if section == "contributions" else view.groups
        return number(frame.set_index("name" if section == "contributions" else "key")[name].loc[str(key)])
    frame = {"windows": view.windows, "currency": view.currency, "series": view.series}[section]
    return number(frame[name].loc[pd.Timestamp(str(key)) if section == "series" else str(key)])


def inputs_of(basis: Basis, figure: str, key: str | None) -> Inputs:
    """Give the numbers that the formula of a figure names."""
    section, _, name = figure.partition(".")
    told = measured(basis, figure, key)
    if section in {"contributions", "groups"}:
        return _of_part(told, section, str(key), name)
    by_section: dict[str, Callable[[], Inputs]] = {
        "bridge": lambda: _of_bridge(told, name),
        "currency": lambda: _of_currency(told, str(key), name),
        "series": lambda: _of_day(told, pd.Timestamp(str(key)), name),
        "calendar": lambda: _of_month(told, str(key)),
    }
    if section in by_section:
        return by_section[section]()
    return _of_window(told, window_column(figure) if section == "windows" else figure)


def links_of(returns: Floats, days: np.ndarray) -> list[Part]:
    """Growth by day, month or year, as many as can be read."""
    if not len(returns):
        return [Part("no day", float("nan"))]
    stamps = pd.DatetimeIndex(days)
    months = (stamps[-1] - stamps[0]).days / 30.4
    form = "%Y-%m-%d" if len(returns) <= DAYS_OF_LINKS else "%Y-%m" if months <= MONTHS_OF_LINKS else "%Y"
    grown = pd.Series(1.0 + returns).groupby(stamps.strftime(form), sort=True).apply(lambda cells: number(np.prod(cells.to_numpy())))
    return [Part(str(name), number(value)) for name, value in grown.items()]


def _cell(calendar: pd.DataFrame, key: str) -> float:
    year, _, month = key.partition("-")
    return number(calendar.loc[int(year), int(month) if month else "total"])


def _of_window(told: Measured, figure: str) -> Inputs:
    track, question = told.track, told.track.question
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
        "benchmark_twr": lambda: _of_benchmark(told, told.first, told.last),
        "max_drawdown": lambda: _of_fall(told),
        "real_twr": lambda: {"inflation": _inflation(told)},
        "volatility": lambda: _spread(track.returns[told.first : told.last]),
        "tracking_error": lambda: _spread(_active(told)),
        "information_ratio": lambda: {"mean_active": number(np.mean(_known(_active(told))))},
        "best_day": lambda: {"best_days": _extreme_days(told, best=True)},
        "worst_day": lambda: {"worst_days": _extreme_days(told, best=False)},
        **dict.fromkeys(("best_month", "worst_month", "months", "months_positive"), lambda: {"month_returns": _months(told, question)}),
        "up_capture": lambda: _capture(told, up=True),
        "down_capture": lambda: _capture(told, up=False),
    }
    return found | (special[figure]() if figure in special else {})


def _of_rate(told: Measured, figure: str) -> Inputs:
    rates = told.track.money_weighted(told.first, told.last)
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
        "years_told": min(rates.years, 1.0),
    }


def _known(cells: Floats) -> Floats:
    return cells[np.isfinite(cells)]


def _active(told: Measured) -> Floats:
    levels = told.basis.brief.levels
    return np.full(1, np.nan) if levels is None else (told.track.returns - levels.returns)[told.first : told.last]


def _spread(cells: Floats) -> Inputs:
    known = _known(cells)
    squares = number(((known - known.mean()) ** 2).sum()) if len(known) > 1 else float("nan")
    return {"squared_deviations": squares, "days_counted": number(len(known))}


def _of_benchmark(told: Measured, first: int, last: int) -> Inputs:
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


def _months(told: Measured, _question: PerformanceQuestion) -> list[Part]:
    known = _month_table(told)["portfolio"].dropna()
    return [Part(str(month), number(value), f"calendar:{month}") for month, value in known.items()]


def _capture(told: Measured, *, up: bool) -> Inputs:
    months = _month_table(told).dropna()
    chosen = months[months["benchmark"] > 0 if up else months["benchmark"] < 0]
    mine, theirs = (number(np.expm1(np.log1p(chosen[name]).mean())) if len(chosen) else float("nan") for name in ("portfolio", "benchmark"))
    return {"mean_own": mine, "mean_benchmark": theirs}


def _parts(names: Sequence[str], cells: Floats) -> list[Part]:
    """Pair rows with amounts, the largest first; those without one are left out."""
    found = [Part(name, number(value)) for name, value in zip(names, cells, strict=True) if np.isnan(value) or abs(value) > 0]
    return sorted(found, key=lambda part: -abs(part.value))


def _by_row(told: Measured, place: int) -> list[Part]:
    settled = told.basis.brief.panel.settled()
    return _parts(settled.rows, settled.value[place])


def _of_bridge(told: Measured, name: str) -> Inputs:
    bridge, shown = told.basis.view.bridge, told.shown
    if name in SHEETS:
        return {"rows": _parts(shown.rows, getattr(shown, SHEETS[name])[1:].sum(axis=0))}
    if name == "opening_value":
        return {"rows": _parts(shown.rows, shown.value[0])}
    keys = {"opening_value": "opening", "corporate_actions": "actions", "closing_value": "closing"}
    return {**{f"bridge_{keys.get(key, key)}": value for key, value in bridge.items()}, "residual": bridge["residual"]}


def _of_currency(told: Measured, code: str, name: str) -> Inputs:
    table, question = told.basis.view.currency, told.track.question
    if name == "base":
        return {
            "local_effect": number(table.loc[code, "local"]),
            "currency_effect": number(table.loc[code, "fx"]),
            "cross_effect": number(table.loc[code, "cross"]),
        }
    rows = currency_split(told.shown, flow_timing=question.flow_timing, costs=question.costs, by="row").rename(columns={"currency": "fx"})
    own = rows[np.array(told.shown.currencies) == code]
    if len(own) and {*told.shown.currencies} <= {told.shown.base_currency}:  # one currency: all of the return is local
        return (
            {
                "rows": _parts(
                    [*own.index], own[name].to_numpy() if name in {"local", "fx", "cross"} else np.array([number(table.loc[code, name])])
                )
            }
            if name != "weight"
            else {"rows": [Part(code, 1.0)]}
        )
    return {"rows": _parts([*map(str, own.index)], own[name].to_numpy())}


def _of_day(told: Measured, day: pd.Timestamp, name: str) -> Inputs:
    place = told.track.place(day.date())
    whole, panel = told.basis.brief.panel.settled(), told.basis.brief.panel
    is_cash = np.array([row.startswith("cash:") for row in whole.rows], dtype=np.bool_)
    moved = whole.external if told.basis.brief.group is None else whole.flow
    if name == "growth":
        return {
            "links": links_of(told.track.returns[told.first : place], told.track.days[told.first + 1 : place + 1])
            if place > told.first
            else [Part("start", 1.0)]
        }
    if name == "benchmark_growth":
        return _of_benchmark(told, _first_known(told), place)
    cells = {
        "value": whole.value[place],
        "cash": np.where(is_cash, whole.value[place], 0.0),
        "market_value": np.where(is_cash, 0.0, whole.value[place]),
        "flow": moved[place],
        "net_contributions": moved[: place + 1].sum(axis=0),
        "missing": panel.missing[place].astype(np.float64),
    }
    return {"rows": _parts(whole.rows, cells[name])}


def _first_known(told: Measured) -> int:
    levels = told.basis.brief.levels
    known: list[int] = [] if levels is None else np.flatnonzero(np.isfinite(levels.closes[told.first : told.last + 1])).tolist()
    return told.first + (int(known[0]) if len(known) else 0)


def _of_month(told: Measured, key: str) -> Inputs:
    days = told.track.dated(told.first, told.last)
    inside = days[pd.DatetimeIndex(days.index).strftime("%Y-%m" if "-" in key else "%Y") == key]
    return {"links": links_of(inside.to_numpy(), inside.index.to_numpy())}


def _of_part(told: Measured, section: str, key: str, name: str) -> Inputs:
    """Take a holding, or the members of a group, out of the whole that they add up to."""
    panel, members = _whole_of(told, section, key)
    question = told.track.question
    if name == "return":
        return {"links": links_of(_own_returns(panel.select(members), question), panel.days[1:])}
    if name == "contribution" and section == "contributions":
        split = currency_split(panel, flow_timing=question.flow_timing, costs=question.costs, by="row").loc[key]
        return {
            "effects": [Part(word, number(split[part])) for word, part in (("local", "local"), ("currency", "currency"), ("cross", "cross"))]
        }
    rows = contributions(panel, flow_timing=question.flow_timing, costs=question.costs).loc[members]
    column = {"contribution": ("effects", "contribution"), "pnl": ("row_gains", "pnl"), "weight": ("row_weights", "weight")}[name]
    if name == "pnl" and section == "contributions":
        return {"row_gains": _gain_parts(panel.select(members), question)}
    return {column[0]: _parts([row.rpartition(APART)[2] for row in members], rows[column[1]].to_numpy())}


def _gain_parts(own: Panel, question: PerformanceQuestion) -> list[Part]:
    whole = own.settled()
    charged = number(gain_before_costs(whole, question.costs)[1:].sum() - whole.gain[1:].sum())
    return [
        part
        for part in (
            Part("closing value", number(whole.value[-1].sum())),
            Part("opening value", -number(whole.value[0].sum())),
            Part("moved in", -number(whole.flow[1:].sum())),
            Part("costs put back", charged),
        )
        if abs(part.value) > DUST
    ]


def _whole_of(told: Measured, section: str, key: str) -> tuple[Panel, list[str]]:
    brief, view = told.basis.brief, told.basis.view
    if section == "contributions":
        return told.shown, [key]
    group = next(each for each in brief.groups if each.key == key)
    if brief.asked.question.group_by not in OF_LEDGERS:
        return told.shown, [row for row in group.panel.rows if row in told.shown.rows]
    apart = [replace(each.panel, rows=tuple(each.key + APART + row for row in each.panel.rows)) for each in brief.groups]
    whole = add(apart).between(view.start, view.end)
    return whole, [row for row in whole.rows if row.split(APART)[0] == key]


def _own_returns(own: Panel, question: PerformanceQuestion) -> Floats:
    whole = own.settled()
    value, flow, gain = (cells.sum(axis=1)[:, None] for cells in (whole.value, whole.flow, gain_before_costs(whole, question.costs)))
    return over_capital(gain[1:], capital(value, flow, question.flow_timing))[:, 0]


def days_of(basis: Basis) -> tuple[date, date]:
    """Give both ends of a window."""
    return basis.view.start, basis.view.end
