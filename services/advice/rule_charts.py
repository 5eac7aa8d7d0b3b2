"""A rule of one's own as a chart: what it compares on each day, the limit, and when it was true."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.advice.expressions import Apply, Metric, Node, Rule, told
from engine.advice.expressions_history import Timeline
from engine.advice.expressions_values import Told, held_on, worked_out
from engine.advice.expressions_words import METRICS
from engine.columns import Floats
from services.advice.views_rules import TrialChart

MOST_POINTS: Final = 360  # about one a pixel and a half
MOST_SPANS: Final = 400
COMPARING: Final = frozenset({"<", "<=", ">", ">=", "=", "!="})
BELOW: Final = frozenset({"<", "<="})


def chart_of(rule: Rule, line: Timeline, found: Told, inside: NDArray[np.bool_]) -> TrialChart | None:
    """Draw the first comparison of a rule that has a metric in it.

    Of several subjects each day shows the one that was nearest to the truth, or furthest into it; of several days that share a point, so does
    the point: a day on which it was true is never smoothed away.

    Parameters
    ----------
    rule : Rule
    line : Timeline
    found : Told
        What the rule comes to on each day of the timeline.
    inside : ndarray of shape (n_days,)
        Days that count.

    Returns
    -------
    TrialChart or None
        None where nothing was ever known of it.
    """
    compared = next(_comparisons(rule.tree), None)
    if compared is None:
        return None
    left, right = (np.broadcast_to(worked_out(part, found.numbers), found.truth.shape) for part in compared.parts)
    far = _beyond(compared.sign, left, right)
    if rule.any_of:
        far = np.where(held_on(rule.any_of, line), far, np.nan)
    nearest = np.nanargmax(np.where(np.isnan(far), -np.inf, far), axis=1) if far.shape[1] else np.zeros(len(far), dtype=np.intp)
    rows = np.flatnonzero(inside & ~np.isnan(far).all(axis=1)) if far.shape[1] else np.zeros(0, dtype=np.intp)
    if not len(rows):
        return None
    rows = _thinned(rows, far[rows, nearest[rows]])
    columns = nearest[rows]
    names = tuple(found.subjects[column] for column in columns) if rule.any_of else ()
    days = tuple(pd.Timestamp(day).date() for day in found.days[rows])
    return TrialChart(told(compared.parts[0]), told(compared.parts[1]), compared.sign, _unit(compared), days, _floats(left[rows, columns]),
                      _floats(right[rows, columns]), names)


def spans_of(days: NDArray[np.datetime64], truth: NDArray[np.bool_]) -> tuple[tuple[date, date], ...]:
    """List the newest spans of days on which a rule was true, both ends included, ascending.

    Examples
    --------
    >>> spans_of(np.array(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], "datetime64[D]"), np.array([True, True, False, True]))
    ((datetime.date(2024, 1, 2), datetime.date(2024, 1, 3)), (datetime.date(2024, 1, 5), datetime.date(2024, 1, 5)))
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], truth, [False]]).astype(np.int8)))
    told_ = [(pd.Timestamp(days[first]).date(), pd.Timestamp(days[end - 1]).date()) for first, end in edges.reshape(-1, 2)]
    return tuple(told_[-MOST_SPANS:])


def _comparisons(node: Node) -> Iterator[Apply]:
    """Walk the comparisons of numbers with a metric in them, from left to right."""
    if not isinstance(node, Apply):
        return
    if node.sign in COMPARING:
        if any(_metrics(part) for part in node.parts):
            yield node
        return
    for part in node.parts:
        yield from _comparisons(part)


def _metrics(node: Node) -> list[Metric]:
    if isinstance(node, Metric):
        return [node]
    return [metric for part in node.parts for metric in _metrics(part)] if isinstance(node, Apply) else []


def _beyond(sign: str, left: Floats, right: Floats) -> Floats:
    """Tell how far each number is into what would be true; below 0 where it is not."""
    far = right - left if sign in BELOW else left - right
    return -np.abs(far) if sign == "=" else np.abs(far) if sign == "!=" else far


def _thinned(rows: NDArray[np.intp], far: Floats) -> NDArray[np.intp]:
    """Keep the furthest day of each stretch, and the last day."""
    if len(rows) <= MOST_POINTS:
        return rows
    parts = np.array_split(np.arange(len(rows)), MOST_POINTS - 1)
    kept = sorted({*(int(part[np.argmax(far[part])]) for part in parts), len(rows) - 1})
    return rows[kept]


def _unit(compared: Apply) -> str:
    """Name the unit of both sides; a number where they are of several, or divided by one another."""
    units = {METRICS[metric.word].unit for part in compared.parts for metric in _metrics(part)}
    return units.pop() if len(units) == 1 and not any(_divides(part) for part in compared.parts) else "number"


def _divides(node: Node) -> bool:
    """Tell whether a metric is divided by one or multiplied with one: then its unit is no more that of the metric."""
    if not isinstance(node, Apply):
        return False
    if node.sign in {"*", "/"} and sum(bool(_metrics(part)) for part in node.parts) > 1:
        return True
    return any(_divides(part) for part in node.parts)


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) if math.isfinite(value) else math.nan for value in values)
