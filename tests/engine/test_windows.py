"""Windows, calendar, quality: by hand, at the ends of months and without history."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import (
    average_down,
    average_up,
    best_period,
    calendar_matrix,
    longest_streak,
    return_quality,
    returns_by,
    share_positive,
    stale_rates,
    why_they_differ,
    window_returns,
    windows,
    worst_period,
)
from engine.errors import InvalidInput
from engine.rate_ages import rate_days

DAYS = pd.date_range("2024-01-01", periods=5)


@pytest.fixture(autouse=True)
def no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def starts(as_of: str, first: str | None = None) -> dict[str, str]:
    return windows(as_of, first)["start"].dt.strftime("%Y-%m-%d").to_dict()


def test_windows_of_an_ordinary_day() -> None:
    assert starts("2025-05-14", "2020-02-03") == {
        "1D": "2025-05-13", "1W": "2025-05-07", "MTD": "2025-04-30", "QTD": "2025-03-31", "YTD": "2024-12-31", "1M": "2025-04-14",
        "3M": "2025-02-14", "6M": "2024-11-14", "1Y": "2024-05-14", "3Y": "2022-05-14", "5Y": "2020-05-14", "10Y": "2015-05-14", "ITD": "2020-02-03",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("as_of", "window", "start"),
    [
        ("2024-02-29", "1M", "2024-01-31"),
        ("2024-02-29", "1Y", "2023-02-28"),
        ("2023-02-28", "1M", "2023-01-31"),
        ("2023-02-28", "3Y", "2020-02-29"),
        ("2024-04-30", "1M", "2024-03-31"),
        ("2024-03-30", "1M", "2024-02-29"),
        ("2024-03-31", "6M", "2023-09-30"),
        ("2024-03-01", "MTD", "2024-02-29"),
        ("2024-01-01", "YTD", "2023-12-31"),
        ("2024-01-01", "QTD", "2023-12-31"),
        ("2024-12-31", "YTD", "2023-12-31"),
    ],
)
def test_ends_of_months(as_of: str, window: str, start: str) -> None:
    assert starts(as_of)[window] == start


def test_what_history_covers() -> None:
    found = windows("2024-06-30", "2024-03-31")
    assert found["covered"].to_dict() == {"1D": True, "1W": True, "MTD": True, "QTD": True, "YTD": False, "1M": True, "3M": True, "6M": False,
                                          "1Y": False, "3Y": False, "5Y": False, "10Y": False, "ITD": True}  # fmt: skip
    assert "ITD" not in windows("2024-06-30").index
    assert windows("2024-06-30", "2024-07-30").loc["ITD", "days"] == 0
    with pytest.raises(InvalidInput):
        windows("30/06/2024")


def test_returns_of_windows() -> None:
    days = pd.date_range("2023-01-01", "2024-12-31")
    own = pd.Series(0.001, index=days)
    found = window_returns(own, benchmark=own / 2)
    assert found.loc["1W", "return"] == pytest.approx(1.001**7 - 1)
    assert found.loc["MTD", "return"] == pytest.approx(1.001**31 - 1)
    assert found.loc["1Y", "annualised"] == pytest.approx(1.001 ** (366 * 365.25 / 366) - 1)
    assert found.loc["ITD", "return"] == pytest.approx(1.001**731 - 1)
    assert found.loc["1M", "active"] == pytest.approx(1.001**31 - 1.0005**31)
    assert math.isnan(found.loc["3Y", "return"])
    assert math.isnan(found.loc["1M", "annualised"])
    with pytest.raises(InvalidInput):
        window_returns(pd.Series(dtype=float))
    with pytest.raises(InvalidInput):
        window_returns(pd.Series([0.1, 0.2]))


def test_calendar_matrix_links_months_and_years() -> None:
    days = pd.to_datetime(["2023-12-29", "2024-01-15", "2024-01-31", "2024-03-28"])
    found = calendar_matrix(pd.Series([0.5, 0.1, 0.1, -0.1], index=days))
    assert found.index.tolist() == [2023, 2024]
    assert found.columns.tolist() == [*range(1, 13), "total"]
    assert found.loc[2024, [1, 3, "total"]].tolist() == pytest.approx([0.21, -0.1, 1.21 * 0.9 - 1])
    assert found.loc[2023, [12, "total"]].tolist() == pytest.approx([0.5, 0.5])
    assert math.isnan(found.loc[2024, 2])
    assert calendar_matrix(pd.Series(dtype=float)).empty


def test_periods_and_what_is_said_of_them() -> None:
    days = pd.to_datetime(["2024-01-31", "2024-02-15", "2024-02-29", "2024-03-28", "2024-04-30"])
    returns = pd.Series([0.1, 0.1, np.nan, -0.2, 0.05], index=days)
    assert returns_by(returns).tolist() == pytest.approx([0.1, 0.1, -0.2, 0.05])
    assert returns_by(returns, "quarter").tolist() == pytest.approx([1.21 * 0.8 - 1, 0.05])
    assert returns_by(returns.to_frame("A"), "year").iloc[0, 0] == pytest.approx(1.21 * 0.8 * 1.05 - 1)
    assert (best_period(returns), worst_period(returns)) == (0.1, -0.2)
    months = returns_by(returns)
    assert share_positive(months) == 0.75
    assert (average_up(months), average_down(months)) == pytest.approx((0.25 / 3, -0.2))
    assert (longest_streak(months), longest_streak(months, up=False)) == (2.0, 1.0)
    assert longest_streak([0.1, np.nan, 0.1]) == 1.0
    assert longest_streak([]) == 0.0
    for empty in (average_up([-0.1]), average_down([0.1]), best_period(pd.Series(dtype=float))):
        assert math.isnan(empty)
    with pytest.raises(InvalidInput):
        returns_by(returns, "decade")
    with pytest.raises(InvalidInput):
        returns_by(pd.DataFrame({"A": [0.1]}))


def codes(values: list[float], flows: list[float], **options: Any) -> list[str]:
    return [finding.code for finding in return_quality(pd.Series(values, index=DAYS[: len(values)]), flows, **options)]


def test_quality_says_what_weakens_a_return() -> None:
    assert codes([100, 110, 121], [0, 5, 5]) == []
    assert codes([100, 115, 121], [0, 15, 0]) == ["large_flow"]
    assert codes([100, 115, 121], [0, 15, 0], large_flow=0.2) == []
    assert codes([100, 110, 121], [0, 0, 0], missing=[0, 2, 1]) == ["missing_price"]
    assert codes([100, math.nan, 121], [0, 0, 0]) == ["missing_value"]
    assert codes([0, 5, 6], [0, 0, 0]) == ["chain_broken"]
    assert codes([100, 0, 0], [0, 0, 0]) == ["chain_broken"]
    assert codes([100, 0, 0, 100, 101], [0, -100, 0, 100, 0]) == ["large_flow", "idle"]
    assert codes([0, 0, 100, 101], [0, 0, 100, 0]) == []  # before the first money there is nothing to tell
    assert codes([], []) == []
    with pytest.raises(InvalidInput):
        return_quality(pd.Series([1.0, 2.0]))


def test_findings_hold_their_numbers() -> None:
    values = pd.Series([100.0, 150.0, 140.0], index=DAYS[:3])
    large = return_quality(values, [0, 50, -30])[0]
    assert large.context["flows"] == [{"date": "2024-01-02", "amount": 50.0, "share": 0.5}, {"date": "2024-01-03", "amount": -30.0, "share": 0.2}]
    missing = return_quality(values, missing=[1, 0, 3])[0]
    assert missing.context == {"count": 2, "first": "2024-01-01", "last": "2024-01-03", "most": 3}


@pytest.mark.parametrize(
    ("factors", "flow", "timing"),
    [
        ([1.1, 0.8], 100.0, "in_before_bad"),
        ([0.8, 1.3], 100.0, "in_before_good"),
        ([1.1, 0.8], -50.0, "out_before_bad"),
        ([0.8, 1.3], -50.0, "out_before_good"),
    ],
)
def test_why_they_differ(factors: list[float], flow: float, timing: str) -> None:
    before = 100 * factors[0]
    values = pd.Series([100.0, before, (before + flow) * factors[1]], index=pd.to_datetime(["2024-01-01", "2024-04-01", "2024-07-01"]))
    found = why_they_differ(values, [0.0, 0.0, flow])
    assert found["timing"] == timing
    assert (found["return_before"], found["return_after"]) == pytest.approx((factors[0] - 1, factors[1] - 1))
    assert found["twr"] == pytest.approx(factors[0] * factors[1] - 1)
    assert found["flow_share"] == pytest.approx(flow / before)
    assert (found["flows_in"], found["flows_out"]) == (max(flow, 0), max(-flow, 0))
    middle = pd.Series([100.0, before + flow, (before + flow) * factors[1]], index=values.index)
    gap = why_they_differ(middle, [0.0, flow, 0.0], flow_timing="end")
    assert (gap["gap"] > 0) == (timing in {"in_before_good", "out_before_bad"})
    assert gap["timing"] == timing
    assert np.sign(gap["effect"]) == np.sign(gap["gap"])


def test_without_flows_there_is_nothing_to_explain() -> None:
    found = why_they_differ(pd.Series([100.0, 110.0], index=DAYS[:2]))
    assert found["timing"] is None
    assert found["gap"] == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(why_they_differ(pd.Series(dtype=float, index=DAYS[:0]))["gap"])


FX = pd.DataFrame({"EURUSD": [1.1, np.nan, 1.2], "EURGBP": [0.8, 0.9, np.nan]}, index=pd.to_datetime(["2024-01-01", "2024-01-10", "2024-01-20"]))


def test_a_rate_is_as_old_as_its_observation() -> None:
    assert rate_days("EUR", "USD", FX).astype("datetime64[D]").astype(str).tolist() == ["2024-01-01", "2024-01-01", "2024-01-20"]
    # a cross is as old as its older leg
    assert rate_days("GBP", "USD", FX).astype("datetime64[D]").astype(str).tolist() == ["2024-01-01", "2024-01-01", "2024-01-10"]
    assert np.isnat(rate_days("EUR", "CHF", FX)).all()


def test_old_rates_are_told_once_a_currency() -> None:
    used = {"USD": np.array(["2024-01-06", "2024-01-07", "2024-01-19"], dtype="datetime64[ns]"), "EUR": DAYS.to_numpy(), "GBP": DAYS.to_numpy()}
    found = stale_rates("EUR", used, FX)
    assert [finding.code for finding in found] == ["stale_rate"]
    assert found[0].context == {"pair": "USDEUR", "first": "2024-01-07", "last": "2024-01-19", "rate_date": "2024-01-01", "age_days": 18, "count": 2}
    assert stale_rates("EUR", used, FX, after_days=20) == ()
    assert stale_rates("EUR", used, {"EURUSD": 1.1}) == stale_rates("EUR", used, None) == ()
    assert stale_rates("EUR", {"USD": np.array([], dtype="datetime64[ns]")}, FX) == ()
