"""Money-weighted returns: against other finders of roots, at the edges, and unchanged by what must not matter."""

from __future__ import annotations

import math
import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pyxirr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from engine import (
    Rate,
    direct_alpha,
    dpi,
    ks_pme,
    money_weighted_return,
    return_gap,
    rvpi,
    same_flow_return,
    same_flow_value,
    tvpi,
    xirr,
    year_fractions,
)
from engine.errors import InvalidInput, MisalignedSeries

START = pd.Timestamp("2020-01-01")
AMOUNTS = st.floats(-1000, 1000).map(lambda amount: round(amount, 2))
FLOWS = st.lists(st.tuples(st.integers(1, 3000), AMOUNTS), min_size=1, max_size=12)
YEARS = pd.to_datetime(["2021-01-01", "2022-01-01", "2023-01-01"])


@pytest.fixture(autouse=True)
def no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def left(flows: dict[pd.Timestamp, float], rate: float) -> float:
    first = min(flows)
    return sum(amount * (1 + rate) ** (-(day - first).days / 365) for day, amount in flows.items())


def dated(flows: list[tuple[int, float]], opening: float = -1000.0) -> dict[pd.Timestamp, float]:
    found = {START: opening}
    for after, amount in flows:
        day = START + pd.Timedelta(days=after)
        found[day] = found.get(day, 0.0) + amount
    return found


@given(st.lists(st.tuples(st.integers(1, 3000), st.floats(1, 1000).map(lambda amount: round(amount, 2))), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None)
def test_one_change_of_sign_agrees_with_other_finders(flows: list[tuple[int, float]]) -> None:
    given_flows = dated(flows)
    rate = xirr(given_flows)
    assert rate.roots == (float(rate),)
    assert rate.finding is None
    if -0.9 < rate < 50:
        assert rate == pytest.approx(brentq(lambda guess: left(given_flows, guess), -0.999, 100), rel=1e-7, abs=1e-9)
        assert rate == pytest.approx(pyxirr.xirr({day.date(): amount for day, amount in given_flows.items()}), rel=1e-7, abs=1e-9)


@given(FLOWS)
@settings(max_examples=80, deadline=None)
def test_every_root_is_one_and_none_is_missed(flows: list[tuple[int, float]]) -> None:
    given_flows = dated(flows)
    rate = xirr(given_flows)
    scale = sum(map(abs, given_flows.values()))
    for root in rate.roots:
        if -0.9 < root < 5:
            assert left(given_flows, root) == pytest.approx(0.0, abs=1e-5 * scale)
    grid = np.expm1(np.linspace(-1.5, 1.5, 400))
    heights = np.array([left(given_flows, guess) for guess in grid])
    crossings = int((np.sign(heights[1:]) * np.sign(heights[:-1]) < 0).sum())
    assert len([root for root in rate.roots if grid[0] <= root <= grid[-1]]) >= crossings
    assert math.isnan(rate) == (len(rate.roots) != 1)


@given(FLOWS, st.floats(0.01, 1000), st.randoms())
@settings(max_examples=60, deadline=None)
def test_scale_order_and_split_flows_change_nothing(flows: list[tuple[int, float]], scale: float, random: Any) -> None:
    given_flows = list(dated(flows).items())
    rate = xirr(given_flows)
    assume(not math.isnan(rate) and -0.9 < rate < 10)
    shuffled = [(day, scale * amount / 2) for day, amount in given_flows * 2]
    random.shuffle(shuffled)
    assert xirr(shuffled) == pytest.approx(float(rate), rel=1e-7, abs=1e-8)
    moved = [(day + pd.Timedelta(days=3650), amount) for day, amount in given_flows]
    assert xirr(moved) == pytest.approx(float(rate), rel=1e-7, abs=1e-8)


def test_several_rates_are_told_and_a_guess_chooses() -> None:
    flows = {"2021-01-01": -1000, "2022-01-01": 2500, "2023-01-01": -1540}
    rate = xirr(flows)
    assert math.isnan(rate)
    assert rate.roots == pytest.approx((0.1, 0.4))
    assert rate.finding is not None
    assert rate.finding.code == "several_rates"
    assert rate.finding.context["roots"] == pytest.approx([0.1, 0.4])
    assert xirr(flows, guess=0.5) == pytest.approx(0.4)
    assert pickle.loads(pickle.dumps(rate)).roots == rate.roots  # noqa: S301 - our own


def test_two_roots_in_one_are_found() -> None:
    rate = xirr({"2021-01-01": -1000, "2022-01-01": 2200, "2023-01-01": -1210})
    assert rate.roots == pytest.approx((0.1,), abs=1e-6)


@pytest.mark.parametrize(
    ("flows", "reason"),
    [
        ({}, "no flows"),
        ({"2021-01-01": 0.0}, "no flows"),
        ({"2021-01-01": -1.0, "2022-01-01": -1.0}, "one way"),
        ({"2021-01-01": -1.0, "2022-01-01": math.nan}, "not known"),
        ({"2021-01-01": 1000, "2022-01-01": -2000, "2023-01-01": 1100}, "no rate"),
    ],
)
def test_no_rate_says_why(flows: dict[str, float], reason: str) -> None:
    rate = xirr(flows)
    assert math.isnan(rate)
    assert rate.roots == ()
    assert rate.finding is not None
    assert rate.finding.code == "no_rate"
    assert reason in rate.finding.message


def test_flows_of_one_day_have_no_rate() -> None:
    assert math.isnan(xirr(["2021-01-01", "2021-01-01"], [-1, 2]))


@pytest.mark.parametrize("days", [1, 7, 30])
def test_rates_of_days_are_large_and_right(days: int) -> None:
    rate = xirr([START, START + pd.Timedelta(days=days)], [-100, 110])
    assert math.log1p(rate) == pytest.approx(math.log(1.1) * 365 / days, rel=1e-9)


def test_a_rate_beyond_a_float_is_none_and_that_of_the_window_stays() -> None:
    pair = pd.Series([1.0, 100.0], index=[START, START + pd.Timedelta(days=1)])
    assert money_weighted_return(pair) == pytest.approx(99)
    ledger = pd.Series([1.0, 100.0], index=[START, START + pd.Timedelta(days=3650)])
    assert money_weighted_return(ledger) == pytest.approx(100 ** (365 / 3650) - 1)


@pytest.mark.parametrize(
    ("day_count", "years"),
    [("act/365", 366 / 365), ("act/360", 366 / 360), ("30/360", 1.0), ("30e/360", 1.0), ("act/act", 1.0), ("act/365.25", 366 / 365.25)],
)
def test_day_counts(day_count: str, years: float) -> None:
    days = ["2020-01-01", "2021-01-01"]
    assert year_fractions(days, day_count)[1] == pytest.approx(years)
    assert xirr(days, [-100, 110], day_count=day_count) == pytest.approx(1.1 ** (1 / years) - 1)
    with pytest.raises(InvalidInput, match="day_count"):
        xirr(days, [-100, 110], day_count="act/366")


def test_bad_calls_are_named() -> None:
    with pytest.raises(MisalignedSeries):
        xirr(["2021-01-01"], [1.0, 2.0])
    with pytest.raises(InvalidInput):
        xirr(["yesterday", "today"], [1.0, 2.0])
    with pytest.raises(InvalidInput):
        xirr([None, "2021-01-01"], [1.0, 2.0])
    with pytest.raises(InvalidInput):
        money_weighted_return([1.0, 2.0])
    with pytest.raises(MisalignedSeries):
        money_weighted_return(pd.Series([1.0, 2.0], index=YEARS[:2]), {"2022-01-02": 1.0})


def test_under_a_year_it_is_the_windows_rate() -> None:
    half = pd.Series([100.0, 104.0], index=pd.to_datetime(["2021-01-01", "2021-07-01"]))
    assert money_weighted_return(half) == pytest.approx(0.04)
    assert money_weighted_return(half, annualised=True) == pytest.approx(1.04 ** (365 / 181) - 1)
    long = pd.Series([100.0, 104.0, 121.0], index=YEARS)
    assert money_weighted_return(long) == pytest.approx(0.1)
    assert money_weighted_return(long, annualised=False) == pytest.approx(0.21)


def test_flows_beside_or_by_date_and_frames() -> None:
    values = pd.Series([100.0, 160.0, 200.0], index=YEARS)
    beside = money_weighted_return(values, [100.0, 50.0, 0.0])
    assert beside == money_weighted_return(values, {"2022-01-01": 50.0, "2020-01-01": 7.0})
    assert 100 * (1 + beside) ** 2 + 50 * (1 + beside) == pytest.approx(200)
    pair = money_weighted_return([100.0, 200.0], {"2022-01-01": 50.0}, start="2021-01-01", end="2023-01-01")
    assert pair == pytest.approx(float(beside))
    frame = pd.DataFrame({"A": values, "B": [100.0, 100.0, 100.0]})
    flows = pd.DataFrame({"A": [0, 50.0, 0], "B": 0.0}, index=YEARS)
    assert money_weighted_return(frame, flows).tolist() == pytest.approx([float(beside), 0.0])


def test_flows_between_the_values_keep_their_days() -> None:
    values = pd.Series([100.0, 200.0], index=YEARS[[0, 2]])
    assert money_weighted_return(values, {"2022-01-01": 50.0}) == pytest.approx(float(money_weighted_return(values, pd.Series([50.0], YEARS[1:2]))))


def test_total_loss_debt_and_nothing() -> None:
    assert money_weighted_return(pd.Series([100.0, 0.0], index=YEARS[:2])) == -1.0
    assert math.isnan(money_weighted_return(pd.Series([100.0, -5.0], index=YEARS[:2])))
    assert math.isnan(money_weighted_return(pd.Series([0.0, 0.0], index=YEARS[:2])))
    assert math.isnan(money_weighted_return(pd.Series([100.0, math.nan], index=YEARS[:2])))
    alone = money_weighted_return(pd.Series([100.0], index=YEARS[:1]))
    assert isinstance(alone, Rate)
    assert "no days" in str(alone.finding)


LEVELS = pd.Series([100.0, 80.0, 120.0, 150.0], index=pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01"]))
PRIVATE = {"2020-01-01": 100.0, "2021-01-01": 50.0, "2022-01-01": -90.0}


def test_multiples() -> None:
    assert (dpi(PRIVATE), rvpi(PRIVATE, 120.0), tvpi(PRIVATE, 120.0)) == pytest.approx((0.6, 0.8, 1.4))
    assert math.isnan(dpi({}))
    assert math.isnan(tvpi([-5.0], 3.0))
    assert return_gap(0.05, 0.08) == pytest.approx(-0.03)


def test_same_flows_in_an_index_agree_with_the_library() -> None:
    amounts = [-100.0, -50.0, 90.0, 120.0]  # as the library has it: paid in is negative, the value comes last
    value = same_flow_value(PRIVATE, LEVELS)
    assert value == pytest.approx(100 * 1.5 + 50 * 150 / 80 - 90 * 150 / 120)
    assert ks_pme(PRIVATE, 120.0, LEVELS) == pytest.approx(pyxirr.pe.ks_pme([*amounts[:3], 0.0], LEVELS.tolist(), 120.0))
    paid = [-100.0, -50.0, 90.0, value]
    assert same_flow_return(PRIVATE, LEVELS) == pytest.approx(pyxirr.xirr([day.date() for day in LEVELS.index], paid))
    grown = [amount * 150 / level for amount, level in zip(amounts, LEVELS, strict=True)]
    expected = math.log1p(pyxirr.xirr([day.date() for day in LEVELS.index], grown))
    assert direct_alpha(PRIVATE, 120.0, LEVELS) == pytest.approx(expected)


def test_an_index_that_is_not_there() -> None:
    assert math.isnan(same_flow_value({"2019-01-01": 1.0}, LEVELS))
    assert same_flow_value({"2022-06-01": 1.0}, LEVELS) == pytest.approx(150 / 120)
    assert math.isnan(ks_pme({"2020-01-01": -5.0}, 3.0, LEVELS))
    with pytest.raises(MisalignedSeries):
        same_flow_value({"2024-01-01": 1.0}, LEVELS)
    with pytest.raises(InvalidInput):
        same_flow_value(PRIVATE, pd.Series([1.0, 2.0]))
    with pytest.raises(InvalidInput):
        same_flow_value(PRIVATE, LEVELS.iloc[:0])
