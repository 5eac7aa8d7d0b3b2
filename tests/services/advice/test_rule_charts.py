"""What a trial of a rule draws: the comparison, the subject that is furthest into it, and never a day smoothed away on which it was true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.advice.expressions import parse
from engine.advice.expressions_history import Timeline
from services.advice.rule_charts import MOST_POINTS
from services.advice.rule_trials import tried

COUNT = 1_000
DAYS = pd.bdate_range("2018-01-01", periods=COUNT)
VALUE = np.column_stack([np.full(COUNT, 40.0), np.full(COUNT, 30.0), np.full(COUNT, 20.0)])
VALUE[500] = [10.0, 80.0, 0.0]  # one day alone
LINE = Timeline(DAYS.to_numpy(), ("AAA", "BBB", "CCC"), VALUE, VALUE, np.zeros((COUNT, 3)), np.full(COUNT, 10.0), np.zeros(COUNT))


def test_the_chart_shows_the_subject_that_is_furthest_and_keeps_the_one_day_on_which_it_was_true() -> None:
    found = tried(parse("weight of any holding > 60 %"), LINE)
    assert (found.count, found.days_true, found.days) == (1, 1, COUNT)
    assert found.first == found.last == DAYS[500].date()
    assert found.spans == ((DAYS[500].date(), DAYS[500].date()),)
    assert found.sentence == "Would have fired on 1 of 1,000 days, on 2 Dec 2019; it was true on 1 of them."
    chart = found.chart
    assert chart is not None
    assert len(chart.days) <= MOST_POINTS
    assert chart.days[-1] == DAYS[-1].date()
    assert (chart.label, chart.against, chart.sign, chart.unit) == ("weight of any holding", "0.6", ">", "fraction")
    place = chart.days.index(DAYS[500].date())
    assert (chart.subjects[place], chart.numbers[place], chart.limits[place]) == ("BBB", pytest.approx(0.8), 0.6)
    assert {chart.subjects[at] for at in range(len(chart.days)) if at != place} == {"AAA"}


def test_what_is_not_held_is_not_drawn_and_below_turns_round() -> None:
    chart = tried(parse("weight of any holding < 5 %"), LINE).chart
    assert chart is not None
    assert {day for day, subject in zip(chart.days, chart.subjects, strict=True) if subject != "CCC"} == {DAYS[500].date()}
    assert chart.subjects[chart.days.index(DAYS[500].date())] == "AAA"  # CCC is smaller there, and not held


@pytest.mark.parametrize(("text", "unit"), [("cash > 0.1", "fraction"), ("cash / largest > 1", "number"), ("2 * cash > largest", "fraction"),
                                            ("cash > holdings", "number"), ("value of cash < 5", "money")])
def test_the_unit_is_that_of_both_sides(text: str, unit: str) -> None:
    chart = tried(parse(text), LINE).chart
    assert chart is not None
    assert chart.unit == unit


def test_nothing_is_drawn_where_nothing_is_known() -> None:
    empty = replace(LINE, days=LINE.days[:0], value=VALUE[:0], price=VALUE[:0], returns=np.zeros((0, 3)), cash=np.zeros(0), portfolio=np.zeros(0))
    assert tried(parse("cash > 0"), empty).chart is None
    assert tried(parse("beta(252) > 1"), LINE).chart is None  # no benchmark
    assert tried(parse("1 > 0"), LINE).chart is None
    assert tried(parse("gain of any holding < 0"), LINE).reason is not None
    assert tried(parse("cash > 99"), LINE).sentence == "Would have fired on none of 1,000 days."
