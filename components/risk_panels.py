"""Panels of the Risk page: a chart with its legend and the same as a table, or a table alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from components import cards, theme
from components.figures import CONFIG
from components.performance import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from components.figures_risk import Line

MOST_ROWS = 70


def chart_panel(title: str, figure: dict[str, Any], rows: object, *, look: str, label: str, note: str = "", legend: Sequence[html.Span] = (),
                span: str = "c6") -> html.Section:
    """Panel of a chart with what it says for those who do not see it, its legend, and its table.

    Parameters
    ----------
    look
        Class name by which `assets/risk.css` paints the traces.
    label
        What the chart shows, in a sentence.
    """
    graph = dcc.Graph(figure=figure, config=CONFIG, className=f"plot {look}")
    body = html.Div([html.Div(graph, className="chart fill as-chart", role="img", **{"aria-label": label}),
                     html.Div(rows, className="scroll as-rows")], className="stack")
    return cards.panel(title, body, note=note or None, span=span,
                       tools=[cards.stale_tag(), *([html.Div([*legend], className="legend")] if legend else []), cards.table_tool()])


def plain_panel(title: str, body: object, *, note: str = "", span: str = "c6", foot: str = "", flush: bool = True,
                tools: Sequence[object] = ()) -> html.Section:
    """Panel of a table or of bars."""
    inside = html.Div(body, className="scroll") if flush else body
    shown = cards.panel(title, inside, note=note or None, span=span, flush=flush, tools=tools)
    if foot:
        shown.children.append(html.Footer(foot))
    return shown


def empty_panel(title: str, head: str, sentence: str, *, span: str = "c6") -> html.Section:
    """Panel without an answer: why, and when it will come."""
    return cards.panel(title, cards.blank(head, sentence), span=span)


def legend_of(lines: Sequence[Line]) -> list[html.Span]:
    """Name the lines of a chart in their order."""
    return [html.Span([html.I(className={"own": "", "bench": "dash"}.get(line.kind, line.kind)), line.name]) for line in lines]


def days_table(caption: str, days: Sequence[date], lines: Sequence[Line], *, form: str) -> html.Table:
    """Numbers of lines by day, newest first: every day of a short span, the last of each week or month of a longer one."""
    rows = [html.Tr([html.Td(theme.day(days[at]), className="l"), *(html.Td(written(line.values[at], form)) for line in lines)])
            for at in reversed(_sparse(days))]
    return table(caption, ["Date", *(line.name for line in lines)], rows)


def written(value: float | None, form: str) -> str:
    """Write a number in the form of a chart: percent share ratio money count."""
    if form in {"percent", "share"}:
        return theme.percent(value, signed=form == "percent")
    return theme.number(value, decimals={"ratio": 2, "money": 0, "count": 0}[form])


def _sparse(days: Sequence[date]) -> list[int]:
    for key in (lambda day: day, lambda day: day.isocalendar()[:2], lambda day: (day.year, day.month), lambda day: (day.year, (day.month - 1) // 3)):
        last = {key(day): index for index, day in enumerate(days)}
        if len(last) <= MOST_ROWS:
            break
    return sorted(last.values())
