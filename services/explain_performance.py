"""Figures of a window, and the numbers that their formulas name."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from services.explain_formula import number
from services.explain_parts import of_bridge, of_currency, of_day, of_month, of_part
from services.explain_table import window_column
from services.explain_views import Inputs
from services.explain_window import measured, of_window
from services.performance_figures import Basis


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
