"""Figures of a window, and the numbers that their formulas name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from services.explain.formula import number
from services.explain.parts import flow_parts, of_bridge, of_currency, of_day, of_month, of_part
from services.explain.table import window_column
from services.explain.views import Inputs, Part
from services.explain.window import measured, of_window
from services.performance.figures import Basis

SUMMED = frozenset({"contribution", "pnl", "weight", "local", "fx", "cross", "base"})
FOLLOWING: Mapping[str, Callable[[pd.Series], float]] = {  # figures of a day that follow from others of it
    "gain": lambda day: number(day["value"] - day["net_contributions"]),
    "total_return": lambda day: number(day["growth"] - 1),
    "benchmark_return": lambda day: number(day.get("benchmark_growth", float("nan")) - 1),
    "active_return": lambda day: number(day["growth"] - day.get("benchmark_growth", float("nan"))),
}
KEYS = {"contributions": "name", "groups": "key", "currency": "currency"}


def names_of(basis: Basis, figure: str, key: str | None) -> list[str]:
    """Name the holdings, groups or currencies that a key means: itself, or those with a comma between them."""
    section, _, name = figure.partition(".")
    if section not in KEYS or key is None:
        return []
    known = {*getattr(basis.view, section).reset_index()[KEYS[section]]}
    return [key] if key in known or name not in SUMMED else key.split(",")


def read(basis: Basis, figure: str, key: str | None, names: Sequence[str]) -> tuple[float, Inputs]:
    """Give a figure with the numbers that its formula names; of several parts their sum."""
    if len(names) < 2:
        return value_of(basis, figure, key), inputs_of(basis, figure, key)
    members = [Part(name, value_of(basis, figure, name), f"{figure}:{name}") for name in names]
    return math.fsum(part.value for part in members), {"members": members}


def value_of(basis: Basis, figure: str, key: str | None) -> float:
    """Read a figure out of the answer; KeyError where it has no such row."""
    view = basis.view
    section, _, name = figure.partition(".")
    if not name:
        return _cell(view.calendar, str(key)) if figure == "calendar" else number(view.figures[figure])
    if section == "bridge":
        told = {**view.bridge, "income_share": view.bridge["income"] / (view.bridge["closing_value"] or math.nan)}
        return number(told[name]) if name in told else math.fsum(part.value for part in flow_parts(basis, name))
    if section in {"contributions", "groups"}:
        frame = view.contributions if section == "contributions" else view.groups
        return number(frame.set_index("name" if section == "contributions" else "key")[name].loc[str(key)])
    if section == "series" and name in FOLLOWING:
        return FOLLOWING[name](view.series.loc[[pd.Timestamp(str(key))]].iloc[0])
    frame = {"windows": view.windows, "currency": view.currency, "series": view.series}[section]
    return number(frame[name].loc[pd.Timestamp(str(key)) if section == "series" else str(key)])


def inputs_of(basis: Basis, figure: str, key: str | None) -> Inputs:
    """Give the numbers that the formula of a figure names."""
    section, _, name = figure.partition(".")
    told = measured(basis, figure, key)
    if section in {"contributions", "groups"}:
        return of_part(told, section, str(key), name)
    by_section: dict[str, Callable[[], Inputs]] = {
        "bridge": lambda: of_bridge(told, name),
        "currency": lambda: of_currency(told, str(key), name),
        "series": lambda: of_day(told, pd.Timestamp(str(key)), name),
        "calendar": lambda: of_month(told, str(key)),
    }
    if section in by_section:
        return by_section[section]()
    return of_window(told, window_column(figure) if section == "windows" else figure)


def _cell(calendar: pd.DataFrame, key: str) -> float:
    year, _, month = key.partition("-")
    return number(calendar.loc[int(year), int(month) if month else "total"])
