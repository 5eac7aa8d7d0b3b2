"""What a rule of one's own comes to on each day of a timeline: true, false, or unknown where a number in it is."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.expressions import Metric, Node, Number, Rule, refusal, told
from engine.advice.expressions_history import Timeline
from engine.advice.expressions_metrics import column, group_returns, of_prices, of_returns, of_whole
from engine.advice.expressions_words import METRICS
from engine.columns import Floats
from engine.errors import InvalidInput

STEPS: Final = 30_000_000  # that a rule may take: about a second
PRICES: Final = frozenset({"price", "average", "highest", "lowest"})
OF_WHOLE: Final = frozenset({"cash", "holdings", "largest", "effective_holdings"})


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule comes to.

    Attributes
    ----------
    truth
        1 true, 0 false, NaN unknown: shape (n_days, n_subjects), one column where the rule is about the whole.
    subjects
        Names of the columns; empty where it is about the whole.
    numbers
        Each metric of the rule, written out, with its values: (n_days, 1) or (n_days, n_subjects).
    """

    days: NDArray[np.datetime64]
    truth: Floats
    subjects: tuple[str, ...]
    numbers: Mapping[str, Floats]


def cost(rule: Rule, line: Timeline) -> int:
    """Count the steps that a rule takes on a timeline: cells times what a cell of each metric costs."""
    return sum(_cost(metric, line) for metric in rule.metrics)


def _cost(metric: Metric, line: Timeline) -> int:
    columns = len(line.names(metric.scope.kind)) if metric.scope.is_any else 1
    return METRICS[metric.word].steps * max(columns, 1) * len(line.days)


def longest(rule: Rule) -> int:
    """Tell how many days a rule looks back."""
    return max([metric.days or 1 for metric in rule.metrics], default=1) + 1


def evaluate(rule: Rule, line: Timeline, *, steps: int = STEPS) -> Told:
    """Work a rule out on every day.

    Parameters
    ----------
    rule
        Understood by `parse`.
    line
        The portfolio day by day. A day looks at itself and the days before, never at later ones.
    steps
        That it may take.

    Raises
    ------
    InvalidInput
        It would take too long, with the place of the metric that costs most; a name that the portfolio never held.
    """
    _affordable(rule, line, steps)
    subjects = line.names(rule.any_of) if rule.any_of else ()
    numbers = {told(metric): _values(rule, metric, line) for metric in rule.metrics}
    truth = np.broadcast_to(worked_out(rule.tree, numbers), (len(line.days), len(subjects) if rule.any_of else 1))
    return Told(line.days, np.where(held_on(rule.any_of, line), truth, 0.0) if rule.any_of else truth, subjects, numbers)


def held_on(kind: str, line: Timeline) -> NDArray[np.bool_]:
    """Tell on which days each subject was held: a rule on any of them says nothing of those that were not."""
    there: NDArray[np.bool_] = line.value != 0
    if kind == "holding":
        return there
    parts = [there[:, line.members(kind, name)].any(axis=1) for name in line.names(kind)]
    return np.column_stack(parts) if parts else np.empty((len(line.days), 0), dtype=np.bool_)


def _affordable(rule: Rule, line: Timeline, steps: int) -> None:
    whole = cost(rule, line)
    if whole > steps:
        dear = max(rule.metrics, key=lambda metric: _cost(metric, line))
        raise refusal(rule.text, dear.at, f"would take {whole / steps:.1f} times as long as a rule may on {len(line.days):,} days",
                      "Ask fewer subjects, or a metric that costs less: volatility instead of expected_shortfall", "too_costly")


def _values(rule: Rule, metric: Metric, line: Timeline) -> Floats:
    word = METRICS[metric.word]
    if not word.history:
        return _now(rule, metric, line)
    if metric.word in OF_WHOLE:
        return of_whole(metric.word, line)
    if metric.word in PRICES:
        return of_prices(metric.word, line.price[:, _columns(rule, metric, line)], metric.days)
    if metric.word in {"weight", "value"}:
        return _amounts(rule, metric, line)
    if metric.days is None:
        return np.full((len(line.days), 1), np.nan)
    return of_returns(metric.word, _returns(rule, metric, line), metric.days, line)


def _columns(rule: Rule, metric: Metric, line: Timeline) -> NDArray[np.bool_]:
    """Choose the columns of a scope; a name that was never held is refused at its place."""
    if metric.scope.is_any or metric.scope.name is None:
        return np.ones(len(line.symbols), dtype=np.bool_)
    inside = line.members(metric.scope.kind, metric.scope.name)
    if not inside.any():
        raise _never_held(rule, metric, line.names(metric.scope.kind))
    return inside


def _never_held(rule: Rule, metric: Metric, names: tuple[str, ...]) -> InvalidInput:
    """Refuse a name at the place where it stands in the text, with those that are like it."""
    name = str(metric.scope.name)
    place = re.compile(rf"""["']\s*{re.escape(name)}\s*["']""", re.IGNORECASE).search(rule.text, metric.at)
    like = {each.lower(): each for each in names}
    near = [f'"{like[each]}"' for each in difflib.get_close_matches(name.lower(), list(like), n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    return refusal(rule.text, place.start() if place else metric.at, f'no {metric.scope.kind} "{name}" was ever held',
                   f"{hint}Held: {', '.join(names[:8]) or 'nothing'}", "unknown_name", near)


def _amounts(rule: Rule, metric: Metric, line: Timeline) -> Floats:
    total = line.total
    amounts = column(total) if metric.scope.kind == "portfolio" else column(line.cash) if metric.scope.kind == "cash" else _summed(rule, metric, line)
    if metric.word == "value":
        return amounts
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(column(total) > 0, amounts / column(total), np.nan)


def _summed(rule: Rule, metric: Metric, line: Timeline) -> Floats:
    kind = metric.scope.kind
    if kind == "holding":
        return line.value[:, _columns(rule, metric, line)]
    if not metric.scope.is_any:
        return column(np.nansum(line.value[:, _columns(rule, metric, line)], axis=1))
    parts = [np.nansum(line.value[:, line.members(kind, name)], axis=1) for name in line.names(kind)]
    return np.column_stack(parts) if parts else np.empty((len(line.days), 0))


def _returns(rule: Rule, metric: Metric, line: Timeline) -> Floats:
    kind = metric.scope.kind
    if kind == "portfolio":
        return column(line.portfolio)
    if kind == "benchmark":
        return column(line.benchmark) if line.benchmark is not None else np.full((len(line.days), 1), np.nan)
    if kind == "holding":
        return line.returns[:, _columns(rule, metric, line)]
    if not metric.scope.is_any:
        return group_returns(line, _columns(rule, metric, line))
    parts = [group_returns(line, line.members(kind, name)) for name in line.names(kind)]
    return np.hstack(parts) if parts else np.empty((len(line.days), 0))


def _now(rule: Rule, metric: Metric, line: Timeline) -> Floats:
    """Give what is known now alone: unknown on every day but the last."""
    inside = _columns(rule, metric, line)
    known = line.now.get(metric.word, {})
    found = np.full((len(line.days), int(inside.sum())), np.nan)
    if len(found):
        found[-1] = [known.get(symbol, math.nan) for symbol, chosen in zip(line.symbols, inside, strict=True) if chosen]
    return found


def worked_out(node: Node, numbers: Mapping[str, Floats]) -> Floats:
    """Work a part of a rule out from its metrics: (n_days or 1, n_subjects or 1)."""
    if isinstance(node, Number):
        return np.full((1, 1), node.value)
    if isinstance(node, Metric):
        return numbers[told(node)]
    parts = [worked_out(part, numbers) for part in node.parts]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = -parts[0] if node.sign == "-" and len(parts) == 1 else SIGNS[node.sign](*parts)
    return np.where(np.isinf(found), np.nan, found)


def _compared(compare: Callable[[Floats, Floats], NDArray[np.bool_]]) -> Callable[..., Floats]:
    """Make a comparison that is unknown where one side is."""

    def compared(left: Floats, right: Floats) -> Floats:
        return np.where(np.isnan(left) | np.isnan(right), np.nan, compare(left, right).astype(np.float64))

    return compared


def _and(left: Floats, right: Floats) -> Floats:
    """Both are true; one that is false is enough to know that it is not."""
    return np.where((left == 0) | (right == 0), 0.0, left * right)


def _or(left: Floats, right: Floats) -> Floats:
    """One is true; that is enough to know it."""
    return np.where((left == 1) | (right == 1), 1.0, np.maximum(left, right))


def _least(*parts: Floats) -> Floats:
    found = parts[0]
    for part in parts[1:]:
        found = np.minimum(found, part)
    return found


def _largest(*parts: Floats) -> Floats:
    return -_least(*(-part for part in parts))


SIGNS: Final[Mapping[str, Callable[..., Floats]]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "abs": np.abs, "min": _least, "max": _largest,
    "<": _compared(np.less), "<=": _compared(np.less_equal), ">": _compared(np.greater), ">=": _compared(np.greater_equal),
    "=": _compared(np.equal), "!=": _compared(np.not_equal), "and": _and, "or": _or, "not": lambda part: 1.0 - part,
}
