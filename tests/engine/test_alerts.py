"""Rules by hand: every case says at which step it fires, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import AlertRule, AlertStates, Direction, Measure, alert_conditions, alert_crossings, alert_firings, drawdown_series, simple_returns
from engine.alert_measures import ages, falls_from_peak, moves, split_adjusted
from engine.alerts import default_margin
from engine.errors import InvalidInput

ABOVE = AlertRule(Measure.PRICE, Direction.ABOVE, 100.0, margin=1.0)


def fired(rule: AlertRule, values: list[float], *, every: float = 1.0) -> list[int]:
    """Places at which a rule fires, one value `every` so many seconds."""
    conditions, states, found = alert_conditions([rule]), AlertStates.fresh(1), []
    for place, value in enumerate(values):
        states, now = alert_crossings(conditions, states, np.array([value]), 1_000.0 + place * every)
        if now[0]:
            found.append(place)
    return found


def test_it_fires_as_the_threshold_is_reached_and_not_while_it_stays_beyond() -> None:
    assert fired(ABOVE, [99.0, 100.0, 101.0, 150.0]) == [1]


def test_below_looks_the_other_way() -> None:
    assert fired(AlertRule(Measure.PRICE, Direction.BELOW, 100.0, margin=1.0), [101.0, 100.0, 99.0, 102.0, 99.9]) == [1, 4]


def test_a_value_that_trembles_on_the_line_fires_once() -> None:
    """99.5 has not come back by the margin of 1; 98.9 has."""
    assert fired(ABOVE, [98.0, 100.1, 99.5, 100.2, 99.0, 100.3, 98.9, 100.4]) == [1, 7]


def test_without_a_margin_every_return_arms_it() -> None:
    assert fired(AlertRule(Measure.PRICE, Direction.ABOVE, 100.0), [99.0, 100.0, 99.999, 100.0]) == [1, 3]


def test_what_is_beyond_at_first_sight_has_not_crossed() -> None:
    assert fired(ABOVE, [101.0, 102.0, 98.0, 100.0]) == [3]
    assert fired(AlertRule(Measure.PRICE, Direction.ABOVE, 100.0, cool_down_seconds=2), [101.0, 102.0, 103.0, 104.0]) == []


def test_what_is_first_seen_between_threshold_and_margin_is_armed() -> None:
    assert fired(ABOVE, [99.5, 100.0]) == [1]


def test_a_cool_down_repeats_while_it_stays_beyond() -> None:
    rule = AlertRule(Measure.PRICE, Direction.ABOVE, 100.0, margin=1.0, cool_down_seconds=3)
    assert fired(rule, [99.0, 100.0, 101.0, 101.0, 101.0, 101.0, 101.0, 101.0]) == [1, 4, 7]


def test_a_crossing_within_the_cool_down_waits_for_its_end() -> None:
    """Fires at 1; crosses again at 3, 2 s later; 4 is 3 s after the first."""
    rule = AlertRule(Measure.PRICE, Direction.ABOVE, 100.0, margin=1.0, cool_down_seconds=3)
    assert fired(rule, [98.0, 100.0, 98.0, 100.0, 101.0, 101.0]) == [1, 4]
    assert fired(rule, [98.0, 100.0, 98.0, 100.0, 98.0, 98.0]) == [1]  # it has come back before the end: nothing to tell


def test_what_is_not_known_changes_nothing() -> None:
    assert fired(ABOVE, [99.0, np.nan, 101.0, np.nan, 101.0, np.inf]) == [2]


def test_the_size_of_a_move() -> None:
    rule = AlertRule(Measure.MOVE, Direction.EITHER, 0.05, margin=0.01)
    assert fired(rule, [0.0, -0.05, 0.0, 0.06, 0.045, 0.051]) == [1, 3]


def test_noise_of_floats_is_no_distance() -> None:
    assert 113 / 100 - 1 < 0.13
    assert fired(AlertRule(Measure.MOVE, Direction.ABOVE, 0.13), [0.0, 113 / 100 - 1]) == [1]


def test_one_more_finding_is_news() -> None:
    rule = AlertRule(Measure.FINDING, Direction.ABOVE, 1.0)
    assert fired(rule, [0, 1, 1, 2, 1, 2, 0, 1]) == [1, 3, 5, 7]
    assert fired(AlertRule(Measure.FINDING, Direction.ABOVE, 1.0), [1, 1, 2]) == [2]


def test_a_thousand_rules_are_what_each_is_alone() -> None:
    rng = np.random.default_rng(11)
    rules = [AlertRule(Measure.PRICE, rng.choice([Direction.ABOVE, Direction.BELOW, Direction.EITHER]), float(rng.uniform(95, 105)),
                       float(rng.choice([0.0, 0.5, 2.0])), float(rng.choice([0, 5, 20]))) for _ in range(1000)]
    paths = 100 + np.cumsum(rng.normal(0, 1, (60, 1000)), axis=0)
    paths[rng.random(paths.shape) < 0.05] = np.nan
    conditions, states, together = alert_conditions(rules), AlertStates.fresh(1000), []
    for step, values in enumerate(paths):
        states, now = alert_crossings(conditions, states, values, 1_000.0 + step)
        together.append(now)
    assert np.sum(together) > 1000
    for place in range(0, 1000, 37):
        assert fired(rules[place], paths[:, place].tolist()) == np.flatnonzero(np.array(together)[:, place]).tolist()


def test_history_is_the_same_evaluation() -> None:
    days = pd.to_datetime(["2022-01-03", "2022-01-04", "2022-01-05", "2022-01-06", "2022-01-07", "2022-01-10"])
    closes = pd.Series([101.0, 99.0, 98.0, 103.0, 99.5, np.nan], index=days)
    rule = AlertRule(Measure.PRICE, Direction.BELOW, 100.0, margin=1.0)
    found = alert_firings(rule, closes)
    assert found.to_dict() == {days[1]: 99.0, days[4]: 99.5}
    week = AlertRule(Measure.PRICE, Direction.BELOW, 100.0, margin=1.0, cool_down_seconds=7 * 86400)
    assert list(alert_firings(week, closes).index) == [days[1]]
    assert alert_firings(rule, closes.iloc[:0]).empty
    with pytest.raises(InvalidInput):
        alert_firings(rule, closes[::-1])


@pytest.mark.parametrize("wrong", [{"threshold": np.nan}, {"margin": -1.0}, {"cool_down_seconds": -1.0}, {"cool_down_seconds": np.inf}])
def test_rules_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        alert_conditions([AlertRule(**{"measure": Measure.PRICE, "direction": Direction.ABOVE, "threshold": 1.0, **wrong})])


def test_default_margins() -> None:
    assert default_margin(Measure.VALUE, -1000.0) == pytest.approx(1.0)
    assert default_margin(Measure.DRAWDOWN, -0.1) == pytest.approx(0.005)
    assert default_margin(Measure.FINDING, 3.0) == 0.0


# ------------------------------------------------------------------------------------------------------------------------- measures

DAYS = pd.bdate_range("2024-01-01", periods=6)


def test_moves_over_several_days() -> None:
    levels = pd.Series([100.0, 102.0, 99.0, np.nan, 110.0, 0.0], index=DAYS)
    found = moves(levels, 2)
    assert found.iloc[2] == pytest.approx(-0.01)
    assert found.iloc[4] == pytest.approx(110 / 99 - 1)
    assert found.iloc[[0, 1, 3, 5]].isna().all()


def test_falls_are_the_drawdowns_of_the_same_levels() -> None:
    levels = pd.Series([100.0, 120.0, 90.0, 95.0, 130.0, 117.0], index=DAYS)
    assert falls_from_peak(levels).tolist() == pytest.approx([0.0, 0.0, -0.25, 95 / 120 - 1, 0.0, -0.1])
    assert falls_from_peak(levels).iloc[1:].to_numpy() == pytest.approx(drawdown_series(simple_returns(levels)).to_numpy())
    assert falls_from_peak(levels, 2).iloc[3] == 0.0  # of 90 and 95 the peak is 95


def test_a_split_is_no_fall() -> None:
    """Apple's 7:1 of 2014-06-09: 645.57 on the Friday, 93.70 on the Monday, up 1.6 %."""
    days = pd.to_datetime(["2014-06-05", "2014-06-06", "2014-06-09"])
    closes = pd.Series([647.35, 645.57, 93.70], index=days)
    adjusted = split_adjusted(closes, {"2014-06-09": 7.0})
    assert moves(adjusted).iloc[-1] == pytest.approx(93.70 / (645.57 / 7) - 1)
    assert closes.iloc[0] == 647.35
    assert split_adjusted(closes, {"2014-06-09": 0.0}).tolist() == closes.tolist()


def test_ages_count_working_days() -> None:
    closes = pd.Series([1.0, np.nan, 1.0], index=pd.to_datetime(["2024-01-04", "2024-01-05", "2024-01-09"]))
    found = ages(closes, "2024-01-10")
    assert found.to_dict() == {pd.Timestamp("2024-01-04"): 0.0, pd.Timestamp("2024-01-05"): 1440.0, pd.Timestamp("2024-01-08"): 2880.0,
                               pd.Timestamp("2024-01-09"): 0.0, pd.Timestamp("2024-01-10"): 1440.0}
    assert ages(closes.iloc[:0], "2024-01-10").empty
