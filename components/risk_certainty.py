"""How sure the figures of the Risk page are: intervals on one scale each, and what is said of the Sharpe ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dash import html

from components import theme
from components.performance import table
from components.risk import asked, days, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

TRIALS = (("1", "1"), ("", "10"), ("100", "100"), ("1000", "1,000"))


class Interval(NamedTuple):
    """A figure with the interval it lies in."""

    name: str  # explains it: "risk.volatility"
    label: str
    unit: str
    estimate: float
    lower: float
    upper: float
    error: float
    missing: int  # days that it lacks: greyed
    why_not: str = ""  # there is no interval


def between(lower: float | None, upper: float | None, unit: str) -> str:
    r"""Write an interval; nothing where there is none.

    Examples
    --------
    >>> between(0.101, 0.152, "fraction")
    '10.10 to 15.20\u202f%'
    """
    if lower is None or upper is None or not (theme.known(lower) and theme.known(upper)):
        return ""
    low, high = value_text(lower, unit), value_text(upper, unit)
    return f"{low.removesuffix(f'{theme.NARROW}%')} to {high}"


def intervals_table(title: str, rows: Sequence[Interval]) -> html.Table:
    """List figures with their intervals and standard errors, and a bar of the interval about the figure."""
    short = any(row.missing for row in rows)
    lines = [html.Tr([
        html.Td(row.label, className="l"),
        html.Td(html.Span(value_text(row.estimate, row.unit), className="num", **{"data-explain": row.name})),
        html.Td(_bounds(row), title=row.why_not or None),
        html.Td(asked(value_text(row.error, row.unit), f"risk.certainty.standard_error:{row.name.removeprefix('risk.')}"), className="soft",
                title=row.why_not or None),
        *([html.Td(days(row.missing) if row.missing else "", className="lacking")] if short else []),
    ], className="is-thin" if row.missing else "", title=f"{days(row.missing)} missing to say something" if row.missing else None) for row in rows]
    return table(title, ["Figure", "Value", "95\u202f% interval", "Standard error", *(["Missing"] if short else [])], lines)


def _bounds(row: Interval) -> list[object] | str:
    """Write an interval, each of its ends explained."""
    told = between(row.lower, row.upper, row.unit)
    if not told:
        return theme.UNKNOWN
    low, high = told.split(" to ")
    name = row.name.removeprefix("risk.")
    return [asked(low, f"risk.certainty.lower:{name}"), " to ", asked(high, f"risk.certainty.upper:{name}")]


def sharpe_table(rows: Sequence[tuple[str, str, str, bool, str]], *, trials: int) -> html.Table:
    """List what is said of the Sharpe ratio: label, value, meaning, whether it is warned of, and what explains it."""
    lines = [html.Tr([html.Td([html.B(label), html.Span(meaning, className="meaning")], className="l wrap"),
                      html.Td(html.Span(value, className="num rejected" if warned else "num",
                                        **{"data-explain": f"risk.certainty.{figure}:sharpe@{trials}"}))])
             for label, value, meaning, warned, figure in rows]
    return table("What is known of the Sharpe ratio", ["", "Value"], lines, classes="certainty")
