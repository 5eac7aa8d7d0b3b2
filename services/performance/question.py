"""Reading what is asked of performance: conventions that exist, a window that has two ends, a group that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from engine import windows
from engine.errors import InvalidInput
from engine.types import CostMethod
from services import fields
from services.fields import Place
from services.performance.views import CASHES, COSTS, CURRENCY_MODES, DAY_COUNTS, FLOW_TIMINGS, GROUPINGS, PERIODS, TRANSFERS_AT, PerformanceQuestion
from services.references import key_of

CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "group_by": GROUPINGS, "flow_timing": FLOW_TIMINGS, "day_count": DAY_COUNTS, "costs": COSTS, "currency_mode": CURRENCY_MODES,
    "transfers_at": TRANSFERS_AT, "cash": CASHES, "cost_method": [method.value for method in CostMethod],
}


def checked(question: PerformanceQuestion, today: date) -> PerformanceQuestion:
    """Give the question in the words of the house.

    Raises
    ------
    InvalidInput
        A convention, period, currency or symbol that does not exist, a window without two ends, a group without `group_by`.
    """
    told: dict[str, Any] = {name: fields.choice(Place(name), value, options) for name, options in CHOICES.items()
                            if (value := getattr(question, name)) is not None}
    if question.period is not None:
        told["period"] = fields.choice(Place("period"), question.period, PERIODS, upper=True)
    if question.base_currency is not None:
        told["base_currency"] = fields.currency(Place("base_currency"), question.base_currency)
    for name, reader in (("benchmark", key_of), ("inflation", fields.symbol)):
        if getattr(question, name):
            told[name] = reader(Place(name), getattr(question, name))
    _check_window(question, today)
    if question.group is not None and question.group_by is None:
        raise InvalidInput("group", question.group, "needs to know what it is a group of", hint=f"Send group_by: one of {', '.join(GROUPINGS)}",
                           rule="required")
    return replace(question, **told)


def _check_window(question: PerformanceQuestion, today: date) -> None:
    if question.start is not None and question.period is not None:
        raise InvalidInput("period", question.period, "contradicts start", hint="Send start or period, not both", rule="contradiction")
    last = min(question.end or today, today)
    if question.start is not None and question.start >= last:
        raise InvalidInput("start", question.start, "is not before end", hint=f"Choose a date before {last.isoformat()}", rule="order")


def window(question: PerformanceQuestion, today: date, first: date | None) -> tuple[date, date]:
    """Tell the closes that a question opens and ends with; `first` is the day before the first transaction."""
    last = min(question.end or today, today)
    if question.start is not None:
        return question.start, last
    begin = min(first or last - timedelta(days=1), last - timedelta(days=1))
    if question.period in {None, "ITD"}:
        return begin, last
    start = windows(last)["start"].dt.date.to_dict()[str(question.period)]
    return max(begin, start), last
