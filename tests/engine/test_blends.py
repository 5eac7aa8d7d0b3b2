"""Blends against a walk day by day; cash, prices and spreads; the same flows day by day."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import (
    accrued_growth,
    blend_growth,
    blend_weights,
    cash_growth,
    interpolated_levels,
    same_flow_excess,
    same_flow_series,
    same_flow_value,
    with_spread,
)
from engine.errors import InvalidInput, MisalignedSeries

pytestmark = pytest.mark.filterwarnings("error")

DAYS = pd.bdate_range("2022-11-15", periods=400)
WEIGHTS = {"A": 0.5, "B": 0.3, "C": 0.2}
TURNS: dict[str, Any] = {
    "daily": lambda _day, _next: True,
    "monthly": lambda day, following: day.month != following.month,
    "quarterly": lambda day, following: day.quarter != following.quarter,
    "yearly": lambda day, following: day.year != following.year,
    "never": lambda _day, _next: False,
}


def levels() -> pd.DataFrame:
    steps = np.random.default_rng(0).normal(0.0003, [0.01, 0.02, 0.005], (len(DAYS), 3))
    return pd.DataFrame(50 * np.exp(np.cumsum(steps, axis=0)), index=DAYS, columns=["A", "B", "C"])


@pytest.mark.parametrize("rule", sorted(TURNS))
def test_a_blend_is_a_walk_with_units(rule: str) -> None:
    known = levels()
    wealth, units, held = [1.0], pd.Series(WEIGHTS) / known.iloc[0], []
    for place, day in enumerate(DAYS):
        value = float((units * known.loc[day]).sum())
        if place:
            wealth.append(value)
        if place < len(DAYS) - 1 and TURNS[rule](day, DAYS[place + 1]):
            units = value * pd.Series(WEIGHTS) / known.loc[day]
        held.append(units * known.loc[day] / value)
    assert blend_growth(known, WEIGHTS, rebalancing=rule).tolist() == pytest.approx(wealth, rel=1e-12)
    drifted = blend_weights(known, WEIGHTS, rebalancing=rule)
    last = len(DAYS) - (2 if rule == "daily" else 1)
    np.testing.assert_allclose(drifted.iloc[:last], pd.DataFrame(held).iloc[:last], rtol=1e-12)
    assert drifted.sum(axis=1).tolist() == pytest.approx([1.0] * len(DAYS))


def test_a_blend_begins_when_all_of_it_is_there_and_carries_over_gaps() -> None:
    known = levels()
    known.iloc[:5, 1] = np.nan
    known.iloc[20:23, 0] = np.nan
    grown = blend_growth(known, WEIGHTS)
    assert grown.iloc[:5].isna().all()
    assert grown.iloc[5] == 1.0
    assert grown.iloc[5:].notna().all()
    assert blend_growth(known.iloc[5:].ffill(), WEIGHTS).tolist() == pytest.approx(grown.iloc[5:].tolist())


def test_one_component_is_itself() -> None:
    known = levels()
    assert blend_growth(known, {"B": 1.0}, rebalancing="daily").tolist() == pytest.approx((known["B"] / known["B"].iloc[0]).tolist())


@pytest.mark.parametrize("known", [levels().iloc[:0], levels() * np.nan, levels().iloc[:1]])
def test_a_blend_of_little(known: pd.DataFrame) -> None:
    for rule in TURNS:
        assert blend_growth(known, WEIGHTS, rebalancing=rule).dropna().tolist() in ([], [1.0])
        assert len(blend_weights(known, WEIGHTS, rebalancing=rule)) == len(known)


def test_a_component_that_lost_everything_ends_the_blend_at_the_next_rebalancing() -> None:
    known = levels()
    known.iloc[10:, 2] = 0.0
    assert blend_growth(known, WEIGHTS, rebalancing="never").notna().all()
    assert blend_growth(known, WEIGHTS).iloc[:12].notna().all()
    assert blend_growth(known, WEIGHTS).iloc[60:].isna().all()


def test_cash_at_a_rate_that_changes() -> None:
    assert cash_growth(DAYS, 0.05).iloc[-1] == pytest.approx(1.05 ** ((DAYS[-1] - DAYS[0]).days / 365))
    rates = pd.Series([0.05], index=[DAYS[0]])
    assert accrued_growth(rates, DAYS).tolist() == pytest.approx(cash_growth(DAYS, 0.05).tolist())
    late = accrued_growth(pd.Series([0.05, 0.01], index=[DAYS[10], DAYS[20]]), DAYS)
    assert late.iloc[:10].isna().all()
    assert late.iloc[10] == 1.0
    assert late.iloc[21] / late.iloc[20] == pytest.approx(1.01 ** ((DAYS[21] - DAYS[20]).days / 365))


def test_prices_of_months_and_a_spread() -> None:
    told = pd.Series([100.0, 102.0, 103.0], index=pd.to_datetime(["2022-12-01", "2023-01-01", "2023-02-01"]))
    daily = interpolated_levels(told, DAYS)
    assert daily.iloc[:12].isna().all()
    assert daily["2022-12-16"] == pytest.approx(100 * 1.02 ** (15 / 31))
    assert daily.iloc[-1] == pytest.approx(103.0)
    assert with_spread(told, 0.03).tolist() == pytest.approx([100.0, 102.0 * 1.03 ** (31 / 365), 103.0 * 1.03 ** (62 / 365)])
    assert interpolated_levels(told.iloc[:0], DAYS).isna().all()


def test_the_same_flows_day_by_day_end_where_they_do_at_once() -> None:
    index = levels()["A"]
    flows = {DAYS[0]: 1000.0, DAYS[50]: 500.0, DAYS[100]: -300.0, DAYS[200] + pd.Timedelta(days=5 - DAYS[200].day_of_week): 70.0}
    series = same_flow_series(flows, index)
    assert series.iloc[-1] == pytest.approx(same_flow_value(flows, index))
    assert series.iloc[49] == pytest.approx(1000 * index.iloc[49] / index.iloc[0])
    assert series.iloc[50] == pytest.approx(1000 * index.iloc[50] / index.iloc[0] + 500)
    assert same_flow_excess(flows, 2000.0, index) == pytest.approx(2000 - series.iloc[-1])
    assert same_flow_series({DAYS[3]: 1.0}, index.where(index.index > DAYS[5])).iloc[-1:].isna().all()


@pytest.mark.parametrize(("call", "error", "told"), [
    (lambda: blend_growth(levels(), {"A": 0.5, "B": 0.4}), InvalidInput, "add up to 0.9, not"),
    (lambda: blend_growth(levels(), {"A": 0.5, "X": 0.5}), InvalidInput, "X"),
    (lambda: blend_growth(levels(), {}), InvalidInput, "weights"),
    (lambda: blend_growth(levels(), WEIGHTS, rebalancing="weekly"), InvalidInput, "not a choice"),
    (lambda: blend_growth(levels().reset_index(drop=True), WEIGHTS), InvalidInput, "by date"),
    (lambda: cash_growth(DAYS, -1.0), InvalidInput, "above -1"),
    (lambda: accrued_growth(pd.Series([3.0, -2.0], index=DAYS[:2]), DAYS), InvalidInput, "-1 or less"),
    (lambda: interpolated_levels(pd.Series([0.0], index=DAYS[:1]), DAYS), InvalidInput, "above 0"),
    (lambda: with_spread(pd.Series([1.0]), 0.1), InvalidInput, "by date"),
    (lambda: same_flow_series({"2030-01-01": 1.0}, levels()["A"]), MisalignedSeries, "2030-01-01"),
    (lambda: same_flow_series({"2023-01-01": 1.0}, pd.Series([1.0])), InvalidInput, "by date"),
])
def test_bad_calls_are_named(call: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        call()
