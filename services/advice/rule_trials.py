"""What a rule of one's own would have done, told before it is switched on."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.advice.expressions import Metric, Rule, told
from engine.advice.expressions_history import Timeline
from engine.advice.expressions_values import Told, cost, evaluate
from engine.advice.expressions_words import METRICS
from services.advice.rule_charts import chart_of, spans_of
from services.advice.views_rules import Fired, RuleTrial

MOST_FIRED: Final = 100
MOST_SUBJECTS: Final = 10


def tried(rule: Rule, line: Timeline, start: date | None = None, end: date | None = None) -> RuleTrial:
    """Ask a rule on each day of a timeline.

    It fires on the days on which it becomes true, or true of something that it was not true of the day before. Each day is looked at with what
    was known on it, except the words of instruments (sector, tags), which are today's.

    Parameters
    ----------
    rule : Rule
        Understood.
    line : Timeline
        The portfolio day by day.
    start, end : date, optional
        Days that count, both included.
    """
    found = evaluate(rule, line)
    inside = _within(found.days, start, end)
    known = inside & ~np.isnan(found.truth).all(axis=1) if found.truth.shape[1] else np.zeros(len(inside), dtype=np.bool_)
    truth = np.nan_to_num(found.truth)
    begun = _becomes(truth)
    days = pd.DatetimeIndex(found.days)
    hits = np.flatnonzero(begun.any(axis=1) & inside)
    years = {str(year): int(count) for year, count in days[hits].year.value_counts().sort_index().items()}
    first, last = (days[known][0].date(), days[known][-1].date()) if known.any() else (None, None)
    reason, true = _why_not(rule, known, found), (truth == 1).any(axis=1) & inside
    begins = (days[hits[0]].date(), days[hits[-1]].date()) if len(hits) else None
    return RuleTrial(
        expression=rule.text, meaning=told(rule.tree), start=first, end=last, days=int(known.sum()), count=len(hits),
        days_true=int(true.sum()), fired=tuple(_fired(rule, found, begun, int(place)) for place in hits[-MOST_FIRED:]),
        years=years, now=_now(found), values=_values(found, -1, 0) if len(days) else {},
        sentence=f"{reason}." if reason else _sentence(begins, len(hits), int(true.sum()), int(known.sum())), reason=reason, cost=cost(rule, line),
        first=begins and begins[0], last=begins and begins[1], spans=spans_of(found.days, true), chart=chart_of(rule, line, found, inside))


def _sentence(begins: tuple[date, date] | None, count: int, true: int, known: int) -> str:
    """Say how often a rule would have fired: on how many of how many days, when first and when last."""
    if begins is None:
        return f"Would have fired on none of {known:,} days."
    first, last = (f"{day.day} {day:%b %Y}" for day in begins)
    when = f"on {first}" if count == 1 else f"first on {first}, last on {last}"
    return f"Would have fired on {count:,} of {known:,} days, {when}; it was true on {true:,} of them."


def _within(days: NDArray[np.datetime64], start: date | None, end: date | None) -> NDArray[np.bool_]:
    inside = np.ones(len(days), dtype=np.bool_)
    if start is not None:
        inside &= days >= np.datetime64(start)
    if end is not None:
        inside &= days <= np.datetime64(end)
    return inside


def _becomes(truth: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell when something becomes true of a subject; the first day counts."""
    before = np.vstack([np.zeros((1, truth.shape[1])), truth[:-1]]) if len(truth) else truth
    begun: NDArray[np.bool_] = (truth == 1) & (before != 1)
    return begun


def _why_not(rule: Rule, known: NDArray[np.bool_], found: Told) -> str | None:
    """Tell why nothing can be said of the past; None where it can."""
    present = [metric.word for metric in rule.metrics if not METRICS[metric.word].history]
    if present:
        return f"{present[0]} is only known now: the rule cannot be tried on the past"
    if not len(found.days):
        return "The portfolio has no history yet"
    if not known.any():
        word = next((metric for metric in rule.metrics if np.isnan(found.numbers[told(metric)]).all()), rule.metrics[0] if rule.metrics else None)
        return f"{told(word)} is known on no day of this history" if isinstance(word, Metric) else None
    return None


def _fired(rule: Rule, found: Told, begun: NDArray[np.bool_], place: int) -> Fired:
    hit = np.flatnonzero(begun[place])
    names = tuple(found.subjects[each] for each in hit[:MOST_SUBJECTS]) if rule.any_of else ()
    return Fired(pd.Timestamp(found.days[place]).date(), _values(found, place, int(hit[0])), names)


def _values(found: Told, day: int, subject: int) -> dict[str, float]:
    """Give each number of a rule on a day; of several subjects that of one."""
    return {name: float(cells[day, subject if cells.shape[1] > 1 else 0]) for name, cells in found.numbers.items() if cells.shape[1]}


def _now(found: Told) -> bool | None:
    if not len(found.days) or not found.truth.shape[1] or np.isnan(found.truth[-1]).all():
        return None
    return bool((found.truth[-1] == 1).any())
