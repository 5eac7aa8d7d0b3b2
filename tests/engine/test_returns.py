"""Returns of prices and periods: values by hand, kinds in and out, and what has no answer."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import (
    annualise,
    annualised_return,
    arithmetic_excess,
    arithmetic_mean,
    cumulative_return,
    geometric_excess,
    geometric_mean,
    growth,
    hedged_return,
    link_returns,
    log_returns,
    real_return,
    share_positive,
    simple_returns,
    vami,
)
from engine.errors import InvalidInput, MisalignedSeries

DAYS = pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-31"])
RETURNS = pd.Series([0.1, -0.5, 0.2], index=DAYS, name="A")
FRAME = pd.DataFrame({"A": RETURNS, "B": [0.0, 0.1, np.nan]})
FIGURES: list[Callable[[Any], Any]] = [link_returns, cumulative_return, annualised_return, arithmetic_mean, geometric_mean, share_positive]
PATHS: list[Callable[[Any], Any]] = [growth, vami]


@pytest.fixture(autouse=True)
def no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("figure", FIGURES)
def test_a_series_gives_a_float_and_a_frame_a_series(figure: Callable[[Any], Any]) -> None:
    alone = figure(RETURNS)
    assert type(alone) is float
    assert figure(RETURNS.tolist()) == figure(RETURNS.to_numpy()) == alone
    of_frame = figure(FRAME)
    assert isinstance(of_frame, pd.Series)
    assert of_frame.index.tolist() == ["A", "B"]
    assert of_frame["A"] == pytest.approx(alone, nan_ok=True)
    assert isinstance(figure(FRAME.to_numpy()), np.ndarray)


@pytest.mark.parametrize("path", [*PATHS, simple_returns, log_returns])
def test_kinds_and_index_are_kept(path: Callable[[Any], Any]) -> None:
    given_series, given_frame = 1.0 + RETURNS, 1.0 + FRAME
    cut = 1 if path in {simple_returns, log_returns} else 0
    assert path(given_series).index.equals(DAYS[cut:])
    assert path(given_series).name == "A"
    assert path(given_frame).columns.tolist() == ["A", "B"]
    assert isinstance(path(given_series.to_numpy()), np.ndarray)
    assert path(given_frame.to_numpy()).shape == (3 - cut, 2)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("nothing", [[], [np.nan], [np.nan, np.nan], pd.Series(dtype=float)])
def test_nothing_is_nan(figure: Callable[[Any], Any], nothing: Any) -> None:
    assert math.isnan(figure(nothing))


def test_simple_and_log_returns_by_hand() -> None:
    assert simple_returns([100.0, 110.0, 99.0]).tolist() == pytest.approx([0.1, -0.1])
    assert log_returns([100.0, 110.0]).tolist() == pytest.approx([math.log(1.1)])
    assert simple_returns([5.0]).tolist() == simple_returns([]).tolist() == []


def test_prices_over_which_nothing_can_be_said() -> None:
    assert np.isnan(simple_returns([0.0, 5.0, -1.0, 3.0, np.nan, 2.0])).tolist() == [True, False, True, True, True]
    assert simple_returns([5.0, 0.0]).tolist() == [-1.0]
    assert np.isnan(log_returns([5.0, 0.0])).all()
    assert np.isnan(simple_returns([1.0, np.inf])).all()


def test_growth_goes_on_after_a_gap() -> None:
    assert growth([0.1, np.nan, 0.1]).tolist() == pytest.approx([1.1, np.nan, 1.21], nan_ok=True)
    assert growth([0.1, np.nan, 0.1], missing="flat").tolist() == pytest.approx([1.1, 1.1, 1.21])
    assert growth([0.1], start=100).tolist() == pytest.approx([110])
    assert growth([-1.0, 0.5]).tolist() == [0.0, 0.0]
    with pytest.raises(InvalidInput):
        growth([0.1], missing="zero")


def test_linking_needs_every_link_and_cumulating_takes_what_there_is() -> None:
    assert math.isnan(link_returns([0.1, np.nan]))
    assert cumulative_return([0.1, np.nan]) == pytest.approx(0.1)
    assert link_returns([0.1, -1.0, 0.3]) == -1.0
    assert link_returns([0.5, -2.0]) == pytest.approx(-2.5)  # more than everything, with leverage
    assert link_returns([0.25]) == pytest.approx(0.25, abs=1e-16)


def test_annualised_return_in_its_three_ways() -> None:
    monthly = [0.02, -0.01, 0.03]
    product = 1.02 * 0.99 * 1.03
    assert annualised_return(monthly, periods_per_year=12) == pytest.approx(product**4 - 1)
    assert annualised_return(monthly, periods_per_year=12, method="arithmetic") == pytest.approx(12 * 0.04 / 3)
    assert annualised_return(monthly, periods_per_year=12, method="mean_first") == pytest.approx((1 + 0.04 / 3) ** 12 - 1)


def test_rows_without_a_return_are_time_or_not() -> None:
    gaps = [0.1, np.nan, np.nan, 0.1]
    assert annualised_return(gaps, periods_per_year=4) == pytest.approx(0.21)
    assert annualised_return(gaps, periods_per_year=4, count_missing=False) == pytest.approx(1.1**4 - 1)
    assert annualised_return(gaps, periods_per_year=4, method="arithmetic") == pytest.approx(0.4)


def test_calendar_years() -> None:
    total = 1.1 * 0.5 * 1.2
    days = (DAYS[-1] - pd.Timestamp("2023-12-31")).days
    for base in (365, 365.25):
        found = annualised_return(RETURNS, calendar_base=base, start="2023-12-31")
        assert found == pytest.approx(total ** (base / days) - 1)
    assert math.isnan(annualised_return(RETURNS, calendar_base=365, start="2023-12-31", minimum_years=1))
    assert math.isnan(annualised_return(RETURNS.iloc[:1], calendar_base=365))
    with pytest.raises(InvalidInput):
        annualised_return([0.1], calendar_base=365)
    with pytest.raises(InvalidInput):
        annualised_return(RETURNS, method="log")
    with pytest.raises(InvalidInput):
        annualised_return(RETURNS, periods_per_year=0)


def test_losses_of_everything_and_more() -> None:
    assert annualised_return([-1.0, 0.2]) == -1.0
    assert math.isnan(annualised_return([0.5, -2.0]))
    assert annualise(-1.0, 730) == -1.0
    assert math.isnan(annualise(-1.5, 730))
    assert math.isnan(annualised_return([1e300, 1e300]))  # beyond what a float holds


def test_windows_under_a_year_are_not_annualised() -> None:
    assert math.isnan(annualise(0.1, 364))
    assert annualise(0.1, 365, calendar_base=365) == pytest.approx(0.1)
    assert annualise(0.1, 73, calendar_base=365, minimum_days=0) == pytest.approx(1.1**5 - 1)
    assert math.isnan(annualise(float("nan"), 800))


def test_means() -> None:
    assert arithmetic_mean([0.1, np.nan, 0.2], periods_per_year=12) == pytest.approx(1.8)
    assert geometric_mean([0.1, np.nan, -0.1], periods_per_year=1) == pytest.approx(math.sqrt(0.99) - 1)


def test_excess_lines_up_or_refuses() -> None:
    other = pd.Series([0.05, 0.0, -1.0], index=DAYS)
    assert arithmetic_excess(RETURNS, other).tolist() == pytest.approx([0.05, -0.5, 1.2])
    assert geometric_excess(RETURNS, other).tolist() == pytest.approx([1.1 / 1.05 - 1, -0.5, np.nan], nan_ok=True)
    assert geometric_excess(FRAME, other).shape == (3, 2)
    assert geometric_excess(0.1, [0.1, 0.0]).tolist() == pytest.approx([0.0, 0.1])
    with pytest.raises(MisalignedSeries):
        arithmetic_excess(RETURNS, other.iloc[1:])
    with pytest.raises(MisalignedSeries):
        geometric_excess([0.1, 0.2], [0.1, 0.2, 0.3])


def test_real_return_of_an_index_takes_the_last_level() -> None:
    levels = pd.Series([100.0, 110.0], index=pd.to_datetime(["2023-12-01", "2024-02-15"]))
    found = real_return(RETURNS, price_index=levels, start="2023-12-31")
    assert found.tolist() == pytest.approx([0.1, 0.5 / 1.1 - 1, 0.2])
    assert real_return(0.08, 0.03) == pytest.approx(1.08 / 1.03 - 1)
    assert math.isnan(real_return(RETURNS, price_index=levels).iloc[0])
    for wrong in ({}, {"inflation": 0.1, "price_index": levels}):
        with pytest.raises(InvalidInput):
            real_return(RETURNS, **wrong)
    with pytest.raises(InvalidInput):
        real_return([0.1], price_index=levels)


def test_hedged_return_adds_the_premium() -> None:
    assert hedged_return(RETURNS, 0.01).tolist() == pytest.approx([0.11, -0.49, 0.21])
    assert hedged_return(0.05) == 0.05


@pytest.mark.parametrize("wrong", ["text", [["a"]], np.zeros((2, 2, 2))])
def test_what_is_no_series_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        cumulative_return(wrong)


@given(st.lists(st.floats(-0.9, 2.0), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_returns_of_growth_are_the_returns(returns: list[float]) -> None:
    wealth = np.concatenate([[1.0], growth(returns)])
    assert simple_returns(wealth) == pytest.approx(np.array(returns), abs=1e-9)
    assert link_returns(returns) == pytest.approx(wealth[-1] - 1, rel=1e-9, abs=1e-12)
    assert np.exp(log_returns(wealth).sum()) - 1 == pytest.approx(wealth[-1] - 1, rel=1e-9, abs=1e-12)
