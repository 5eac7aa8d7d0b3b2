"""Time-weighted returns and Dietz: by hand, at the edges, and unchanged by what must not matter."""

from __future__ import annotations

import math
import warnings
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import (
    book,
    modified_dietz,
    panel,
    panel_returns,
    period_returns,
    return_on_average_investment,
    return_on_investment,
    simple_dietz,
    simple_return,
    time_weighted_return,
)
from engine.errors import InvalidInput, MisalignedSeries

DAYS = pd.date_range("2024-01-01", periods=4)
VALUES = pd.Series([100.0, 120.0, 90.0, 99.0], index=DAYS)
TIMINGS = ["start", "end", "mid"]


@pytest.fixture(autouse=True)
def no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_flow_timings_by_hand() -> None:
    flows = [0.0, 20.0, -30.0, 0.0]
    assert period_returns(VALUES, flows).tolist() == pytest.approx([120 / 120 - 1, 90 / 90 - 1, 0.1])
    assert period_returns(VALUES, flows, flow_timing="end").tolist() == pytest.approx([0.0, 0.0, 0.1])
    assert period_returns(VALUES, [0.0, 10.0, 0.0, 0.0], flow_timing="mid").iloc[0] == pytest.approx(10 / 105)
    assert time_weighted_return(VALUES, flows) == pytest.approx(0.1)


def test_a_flow_in_the_opening_value_is_no_flow() -> None:
    assert time_weighted_return(VALUES, [100.0, 0, 0, 0]) == time_weighted_return(VALUES)


def test_exact_timing_needs_the_value_before() -> None:
    before = [np.nan, 110.0, np.nan, np.nan]
    assert time_weighted_return(VALUES, [0, 20.0, 0, 0], flow_timing="exact", before_flow=before) == pytest.approx(1.1 * 120 / 130 * 0.75 * 1.1 - 1)
    with pytest.raises(InvalidInput):
        time_weighted_return(VALUES, flow_timing="exact")
    with pytest.raises(MisalignedSeries):
        time_weighted_return(VALUES, flow_timing="exact", before_flow=[1.0])


def test_flows_by_date_go_to_the_next_value() -> None:
    sparse = VALUES.iloc[[0, 3]]
    assert time_weighted_return(sparse, {"2024-01-02": 10.0}) == pytest.approx(99 / 110 - 1)
    assert time_weighted_return(sparse, pd.Series([10.0], index=[date(2024, 1, 4)])) == pytest.approx(99 / 110 - 1)
    with pytest.raises(MisalignedSeries, match="after the last value"):
        time_weighted_return(VALUES, {"2024-01-05": 10.0})


def test_frames_have_a_result_a_column() -> None:
    frame = pd.DataFrame({"A": VALUES, "B": [1.0, np.nan, 1.0, 2.0]})
    flows = pd.DataFrame({"B": 0.0, "A": [0.0, 20.0, 0.0, 0.0]}, index=DAYS)
    found = time_weighted_return(frame, flows)
    assert found["A"] == time_weighted_return(VALUES, flows["A"])
    assert math.isnan(found["B"])
    with pytest.raises(MisalignedSeries):
        time_weighted_return(frame, flows[["A"]])
    with pytest.raises(MisalignedSeries):
        time_weighted_return(VALUES, [1.0])
    with pytest.raises(MisalignedSeries):
        time_weighted_return(VALUES, 5.0)


@pytest.mark.parametrize("timing", TIMINGS)
def test_everything_taken_out_counts_at_the_end_and_first_money_at_the_start(timing: str) -> None:
    # 100 grow to 103 and leave; nothing for a day; 50 come and grow to 51
    values, flows = [100.0, 0.0, 0.0, 51.0], [0.0, -103.0, 0.0, 50.0]
    expected = {"start": 1.03 * 1.02 - 1, "end": 1.03 * 1.02 - 1, "mid": (1 + 3 / 48.5) * (1 + 1 / 25) - 1}[timing]
    assert time_weighted_return(values, flows, flow_timing=timing) == pytest.approx(expected)


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize(
    ("values", "flows", "expected"),
    [
        ([100.0, 0.0, 0.0], [0, 0, 0], -1.0),  # a total loss stays one
        ([0.0, 0.0, 0.0], [0, 0, 0], 0.0),  # never anything
        ([0.0, 5.0], [0, 0], math.nan),  # a gain on nothing
        ([-10.0, -12.0], [0, 0], math.nan),  # a short alone
        ([100.0, -20.0, -10.0], [0, 0, 0], math.nan),  # a debt grows smaller: the chain is broken
        ([100.0, math.nan, 120.0], [0, 0, 0], math.nan),
        ([100.0], [0], math.nan),
        ([], [], math.nan),
    ],
)
def test_edges(timing: str, values: list[float], flows: list[float], expected: float) -> None:
    assert time_weighted_return(values, flows, flow_timing=timing) == pytest.approx(expected, nan_ok=True)


def test_unknown_timing_is_refused() -> None:
    for call in (time_weighted_return, modified_dietz):
        with pytest.raises(InvalidInput, match="flow_timing"):
            call(VALUES, flow_timing="noon")


@pytest.mark.parametrize(("timing", "weight"), [("end", 20 / 30), ("start", 21 / 30), ("mid", 20.5 / 30)])
def test_weights_of_modified_dietz(timing: str, weight: float) -> None:
    values = pd.Series([100.0, 160.0], index=pd.to_datetime(["2024-05-31", "2024-06-30"]))
    assert modified_dietz(values, {"2024-06-10": 50.0}, flow_timing=timing) == pytest.approx(10 / (100 + 50 * weight))
    # the same month, with its first day's beginning as the opening
    opened = modified_dietz([100.0, 160.0], {"2024-06-10": 50.0}, start="2024-06-01", end="2024-06-30", opening="open", flow_timing=timing)
    assert opened == pytest.approx(10 / (100 + 50 * weight))


def test_dietz_without_capital_has_no_answer() -> None:
    days = pd.to_datetime(["2024-01-01", "2024-01-31"])
    assert math.isnan(modified_dietz(pd.Series([0.0, 5.0], index=days)))
    assert math.isnan(modified_dietz(pd.Series([100.0, 5.0], index=days), {"2024-01-02": -200.0}))
    assert math.isnan(modified_dietz([5.0, 5.0], start="2024-01-01", end="2024-01-01"))
    assert math.isnan(simple_dietz([5.0]))
    assert math.isnan(simple_return([-5.0, 1.0]))
    assert math.isnan(return_on_investment([0.0, 0.0]))


def test_flows_outside_of_the_window_are_refused() -> None:
    for day in ("2023-12-31", "2024-01-05"):
        with pytest.raises(MisalignedSeries, match="outside"):
            modified_dietz(VALUES, {day: 1.0})
    with pytest.raises(InvalidInput):
        modified_dietz([1.0, 2.0], start="2024-01-01")
    with pytest.raises(InvalidInput):
        modified_dietz([1.0, 2.0], start="2024-01-02", end="2024-01-01")
    with pytest.raises(InvalidInput):
        modified_dietz(VALUES, opening="noon")
    with pytest.raises(MisalignedSeries):
        modified_dietz([1.0, 2.0], [1.0, 2.0], flow_dates=["2024-01-02"], start="2024-01-01", end="2024-01-03")


def test_returns_on_what_was_put_in() -> None:
    assert simple_return(VALUES, [0, 20.0, 0, 0]) == pytest.approx(-0.21)
    assert simple_return([100.0, 104.0], income=3) == pytest.approx(0.07)
    assert return_on_investment([100.0, 130.0], [50.0, -30.0]) == pytest.approx(10 / 150)
    assert return_on_average_investment(5.0, {"2024-01-01": 100.0, "2024-01-01T12:00": 0.0}) == pytest.approx(0.05)
    assert math.isnan(return_on_average_investment(5.0, {"2024-01-01": 0.0, "2024-02-01": 0.0}))


AMOUNTS = st.floats(-20, 50).map(lambda amount: round(amount, 2))
PATHS = st.lists(st.tuples(st.floats(0.8, 1.25), AMOUNTS), min_size=1, max_size=12)


def history(path: list[tuple[float, float]]) -> tuple[pd.Series, pd.Series]:
    values, flows = [100.0], [0.0]
    for factor, flow in path:
        kept = flow if values[-1] + flow > 1 else 0.0
        values.append((values[-1] + kept) * factor)
        flows.append(kept)
    days = pd.date_range("2024-01-01", periods=len(values))
    return pd.Series(values, index=days), pd.Series(flows, index=days)


@given(PATHS, st.floats(0.001, 1000), st.sampled_from(TIMINGS))
@settings(max_examples=80, deadline=None)
def test_scale_days_without_trade_and_split_flows_change_nothing(path: list[tuple[float, float]], scale: float, timing: str) -> None:
    values, flows = history(path)
    found = time_weighted_return(values, flows, flow_timing=timing)
    again = pytest.approx(found, rel=1e-9, abs=1e-9, nan_ok=True)
    assert time_weighted_return(values * scale, flows * scale, flow_timing=timing) == again
    doubled = values.set_axis(pd.date_range("2024-01-01", periods=len(values), freq="2D"))
    spread = doubled.reindex(pd.date_range("2024-01-01", periods=2 * len(values) - 1)).ffill()
    moved = flows.set_axis(doubled.index).reindex(spread.index).fillna(0.0)
    assert time_weighted_return(spread, moved, flow_timing=timing) == again
    halves = pd.concat([flows / 2, flows / 2])
    assert time_weighted_return(values, halves, flow_timing=timing) == again


@given(PATHS)
@settings(max_examples=40, deadline=None)
def test_flows_at_the_start_leave_the_market_alone(path: list[tuple[float, float]]) -> None:
    values, flows = history(path)
    assert time_weighted_return(values, flows) == pytest.approx(np.prod([factor for factor, _ in path]) - 1, rel=1e-9, abs=1e-9)


def test_costs_are_added_back() -> None:
    ledger = [
        {"date": "2024-01-01", "kind": "DEPOSIT", "amount": 1000},
        {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "fee": 10},
        {"date": "2024-01-03", "kind": "DIVIDEND", "symbol": "A", "amount": 20, "tax": 5},
    ]
    prices = pd.DataFrame({"A": [10.0, 10.0, 10.0]}, index=DAYS[:3])
    laid = panel(book(ledger, base_currency="EUR"), prices, start="2024-01-01", end="2024-01-03")
    found = {costs: panel_returns(laid, costs=costs).tolist() for costs in ("net", "gross_of_fees", "gross")}
    assert found["net"] == pytest.approx([-0.01, 15 / 990])
    assert found["gross_of_fees"] == pytest.approx([0.0, 15 / 990])
    assert found["gross"] == pytest.approx([0.0, 20 / 990])
    with pytest.raises(InvalidInput):
        panel_returns(laid, costs="before")


def test_an_exit_with_a_gain_is_its_gain() -> None:
    ledger = [
        {"date": "2024-01-01", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10},
        {"date": "2024-01-03", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 12},
    ]
    prices = pd.DataFrame({"A": [10.0, 11.0, 11.5]}, index=DAYS[:3])
    row = panel(book(ledger, base_currency="EUR"), prices, start="2024-01-01", end="2024-01-03").select(["A"])
    assert panel_returns(row).tolist() == pytest.approx([0.1, 12 / 11 - 1])
