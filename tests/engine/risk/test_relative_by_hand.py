"""Returns beside a benchmark's: by hand, and the conventions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import down_capture, information_ratio, tracking_error, up_capture
from engine.errors import InvalidInput, MisalignedSeries

MINE, THEIRS = [0.02, 0.01, 0.03, float("nan")], [0.01, 0.02, 0.0, 0.05]  # active 0.01, -0.01, 0.03


def test_tracking_error_and_information_ratio_by_hand() -> None:
    assert tracking_error(MINE, THEIRS, periods_per_year=1) == pytest.approx(0.02)
    assert tracking_error(MINE, THEIRS, periods_per_year=12, ddof=0) == pytest.approx((8e-4 / 3 * 12) ** 0.5)
    assert information_ratio(MINE, THEIRS, periods_per_year=1) == pytest.approx(0.5)
    assert information_ratio(MINE, THEIRS) == pytest.approx(0.01 * 252 / (0.02 * 252**0.5))
    assert np.isnan(information_ratio([0.01, 0.02], [0.01, 0.02]))


def test_captures_by_hand() -> None:
    mine, theirs = [0.10, -0.05, 0.20, 0.03], [0.05, -0.10, 0.10, 0.0]
    apart = {"zero": "neither"}
    assert up_capture(mine, theirs) == pytest.approx(((1.1 * 1.2 * 1.03) ** (1 / 3) - 1) / ((1.05 * 1.1) ** (1 / 3) - 1))
    assert up_capture(mine, theirs, **apart) == pytest.approx(((1.1 * 1.2) ** 0.5 - 1) / ((1.05 * 1.1) ** 0.5 - 1))
    assert up_capture(mine, theirs, method="mean", **apart) == pytest.approx(0.15 / 0.075)
    assert up_capture(mine, theirs, method="annualised", periods_per_year=2, **apart) == pytest.approx((1.1 * 1.2 - 1) / (1.05 * 1.1 - 1))
    assert up_capture(mine, theirs, method="cumulative", **apart) == pytest.approx((1.1 * 1.2 - 1) / (1.05 * 1.1 - 1))
    assert up_capture(mine, theirs, method="mean") == pytest.approx((0.33 / 3) / (0.15 / 3))
    assert down_capture(mine, theirs) == pytest.approx(0.5)
    assert down_capture(mine, theirs, method="mean", zero="down") == pytest.approx((-0.02 / 2) / (-0.10 / 2))


def test_what_has_no_answer_is_nan() -> None:
    assert np.isnan(up_capture([0.1], [-0.1]))
    assert np.isnan(down_capture([-1.0, 0.1], [-0.1, -0.2]))
    assert np.isnan(up_capture([], []))
    assert np.isnan(tracking_error([0.1], [0.2]))


def test_what_comes_in_comes_out() -> None:
    frame = pd.DataFrame({"A": [0.02, 0.01], "B": [0.0, 0.04]})
    benchmark = pd.Series([0.01, 0.02])
    assert tracking_error(frame, benchmark, periods_per_year=1).to_dict() == pytest.approx({"A": 0.0002**0.5, "B": 0.0009**0.5 / 2**0.5})
    assert up_capture(frame.to_numpy(), benchmark.to_numpy(), method="mean").tolist() == pytest.approx([1.0, 0.04 / 0.03])
    assert isinstance(information_ratio(frame["A"], benchmark), float)


def test_what_does_not_lie_beside_each_other_is_refused() -> None:
    with pytest.raises(MisalignedSeries):
        tracking_error([0.1, 0.2], [0.1])
    with pytest.raises(MisalignedSeries, match="labels"):
        up_capture(pd.Series([0.1], index=[1]), pd.Series([0.1], index=[2]))
    with pytest.raises(InvalidInput, match="not a choice"):
        down_capture([0.1], [0.1], zero="both")
