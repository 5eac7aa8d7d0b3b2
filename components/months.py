"""Returns of every month, a year a row, tinted by their size: the calendar of the Performance page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from components import theme
from components.cards import live

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LEVELS = 12  # steps of a tint on either side, as the stylesheet has them
LEAST_CAP = 0.03  # a calm year is not painted like a storm


def heat_cap(calendar: Mapping[int, Sequence[float | None]]) -> float:
    """Give the return of the strongest tint: a round figure that nine of ten months stay under."""
    sizes = sorted(abs(value) for months in calendar.values() for value in months[:12] if value is not None and theme.known(value))
    usual = sizes[int(len(sizes) * 0.9)] if sizes else 0.0
    return max(LEAST_CAP, round(usual, 2))


def calendar_table(calendar: Mapping[int, Sequence[float | None]], *, figure: str = "calendar") -> html.Table:
    """Months of every year, tinted by their return, and the year's own.

    Parameters
    ----------
    calendar : mapping
        Year to thirteen fractions, the last of the whole year; None where there is no history.
    figure : str
        What a press explains: the figure of a month or a year; empty: nothing.
    """
    cap = heat_cap(calendar)
    year = html.Th("Year", scope="col", className="sum")
    head = html.Tr([html.Th(html.Span("Year", className="sr")), *(html.Th(month, scope="col") for month in MONTHS), year])
    rows = [html.Tr([html.Th(str(year), scope="row"),
                     *(_month(value, cap, figure and f"{figure}:{year}-{place:02}") for place, value in enumerate(months[:12], start=1)),
                     html.Td(_tenth(months[12], figure and f"{figure}:{year}"), className="sum")])
            for year, months in sorted(calendar.items(), reverse=True)]
    return html.Table([html.Caption("Returns by month, in percent", className="sr"), html.Thead(head), html.Tbody(rows)], className="heat")


def _month(value: float | None, cap: float, figure: str) -> html.Td:
    if value is None or not theme.known(value):
        return html.Td("")
    return html.Td(_tenth(value, figure), className="cell", **{"data-level": str(heat_level(value, cap))})


def heat_level(value: float, cap: float) -> int:
    """Step of the tint, negative for a loss, 0 for none."""
    size = round(LEVELS * min(1.0, abs(value) / cap))
    return -size if value < 0 else size


def _tenth(value: float | None, figure: str) -> html.Span:
    return live(None if value is None else value * 100, form="signed1", **({"explain": figure} if figure else {}))
