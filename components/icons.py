"""Icons by name. Each is a mask of `assets/icons.css`, drawn in the colour of the text around it."""

from __future__ import annotations

from enum import StrEnum

from dash import html


class Icon(StrEnum):
    """Every drawing of `assets/icons.css`."""

    OVERVIEW = "overview"
    HOLDINGS = "holdings"
    PERFORMANCE = "performance"
    TRANSACTIONS = "transactions"
    FOLD = "fold"
    CHEVRON = "chevron"
    SEARCH = "search"
    THEME = "theme"
    TABLE = "table"
    CHART = "chart"
    PLUS = "plus"
    FILTER = "filter"
    COLUMNS = "columns"
    EXPORT = "export"
    MORE = "more"
    CLOSE = "close"
    CHECK = "check"
    EDIT = "edit"
    UNDO = "undo"
    KEYBOARD = "keyboard"
    PORTFOLIO = "portfolio"
    WARNING = "warning"
    CLOCK = "clock"
    COMPASS = "compass"
    GAINS = "gains"
    HISTORY = "history"
    MARKETS = "markets"
    BELL = "bell"
    BENCHMARK = "benchmark"
    RISK = "risk"
    STATUS = "status"
    ADVICE = "advice"


def icon(name: Icon | str, *, small: bool = False) -> html.I:
    """Icon of 18 px, or 14 px when small; silent for screen readers."""
    return html.I(className="ico s" if small else "ico", **{"data-icon": Icon(name), "aria-hidden": "true"})
