"""Portfolios beside each other on the Overview, each in its base currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dash import html

from components import quick
from components.cards import live, spark, unit
from components.summary import ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MANY = 4  # columns from which the comparison is set in data size


class Column(NamedTuple):
    """One portfolio beside the others, in its own base currency."""

    scope: str
    name: str
    currency: str
    value: float | None
    day_pnl: float | None
    day_return: float | None
    total_pnl: float | None
    net_contributions: float | None
    cash: float | None
    share: float | None
    holdings: int
    line: Sequence[float]


def compare_table(columns: Sequence[Column], whole: Column | None) -> html.Table:
    """Portfolios beside each other, each in its base currency; the last column is all of them together."""
    shown = [*columns, *([whole] if whole else [])]
    head = html.Tr([html.Th(html.Span("Figure", className="sr")), *(_head(column, last=column is whole) for column in shown)])
    lines = [
        _compare_row("Day P/L", shown, whole, lambda c: live(c.day_pnl, "day_pnl", "signed", toned=True)),
        _compare_row("Day", shown, whole, lambda c: live(c.day_return, "day_return", "percent")),
        _compare_row("P/L, 1 year", shown, whole, lambda c: spark(c.line)),
        _compare_row("Total P/L", shown, whole, lambda c: live(c.total_pnl, "total_pnl", "signed", toned=True)),
        _compare_row(
            "On contributed",
            shown,
            whole,
            lambda c: live(
                ratio(c.total_pnl, c.net_contributions), None, "percent1", ratio="total_pnl/net_contributions", explain="on_contributed"
            ),
        ),
        _compare_row("Cash", shown, whole, lambda c: live(ratio(c.cash, c.value), None, "share", ratio="cash/value", explain="cash_share")),
        _compare_row("Holdings", shown, whole, lambda c: live(c.holdings, None, "count", explain="holdings_count")),
        _compare_row("Share of total", shown, whole, lambda c: live(c.share, None, "share", **_share(c, whole))),
    ]
    kind = "compare many" if len(shown) > MANY else "compare"
    return html.Table([html.Caption("Portfolios side by side", className="sr"), html.Thead(head), html.Tbody(lines)], className=kind)


def _share(column: Column, whole: Column | None) -> dict[str, str]:
    return {} if column is whole else {"explain": f"share_of_total:{column.scope}"}


def _head(column: Column, *, last: bool) -> html.Td:
    name = html.B(column.name) if last else html.Button(column.name, type="button", className="name", **{"data-portfolio": column.scope})
    figure = html.Span([live(column.value, "value"), unit(column.currency)], className="v")
    return html.Td([name, figure], className="all" if last else "", **{"data-scope": column.scope})


def _compare_row(label: str, columns: Sequence[Column], whole: Column | None, cell: Callable[[Column], object]) -> html.Tr:
    return quick.Tr(
        [
            html.Th(label, scope="row"),
            *(quick.Td(cell(column), className="all" if column is whole else "", **{"data-scope": column.scope}) for column in columns),
        ]
    )
