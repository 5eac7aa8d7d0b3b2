from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import rolling_value_at_risk, value_at_risk
from engine.errors import InvalidInput

RETURNS = [-0.05, -0.02, 0.0, 0.01, 0.03]  # sorted: quantile q lies at place 4 q


def test_by_hand_between_two_observations() -> None:
    """The 10 % quantile lies at place 0.4: -0.05 + 0.4 * 0.03 = -0.038."""
    assert value_at_risk(RETURNS, level=0.9) == pytest.approx(0.038)
    assert value_at_risk(RETURNS, level=0.9, interpolation="lower") == pytest.approx(0.05)
    assert value_at_risk(RETURNS, level=0.9, interpolation="higher") == pytest.approx(0.02)


def test_order_of_the_returns_does_not_matter_but_the_window_does() -> None:
    assert value_at_risk(RETURNS[::-1], level=0.9) == pytest.approx(0.038)
    assert value_at_risk(RETURNS, level=0.5, window=3) == pytest.approx(-0.01)  # of 0, 1 and 3 %: the loss is a gain of 1 %


def test_normal_by_hand() -> None:
    """Mean -0.006; squares sum to 0.00372, over 4: sigma 0.0304959; z of 95 % 1.6448536."""
    assert value_at_risk(RETURNS, method="normal") == pytest.approx(0.006 + 1.6448536 * 0.030495901, abs=1e-8)
    assert value_at_risk(RETURNS, method="normal", ddof=0) < value_at_risk(RETURNS, method="normal")


def test_square_root_of_time() -> None:
    assert value_at_risk(RETURNS, level=0.9, horizon=4) == pytest.approx(0.076)
    assert value_at_risk(RETURNS, method="normal", horizon=4) == pytest.approx(4 * 0.006 + 2 * 1.6448536 * 0.030495901, abs=1e-8)


def test_missing_returns_are_left_out() -> None:
    assert value_at_risk([*RETURNS, np.nan], level=0.9) == pytest.approx(0.038)
    assert np.isnan(value_at_risk([np.nan]))
    assert np.isnan(value_at_risk([]))


def test_rolling_ends_with_the_figure_of_its_window() -> None:
    rng = np.random.default_rng(7)
    days = pd.bdate_range("2022-01-03", periods=400)
    frame = pd.DataFrame(rng.normal(0, 0.01, (400, 2)), index=days, columns=["A", "B"])
    frame.iloc[37, 0] = np.nan
    rolled = rolling_value_at_risk(frame, window=250, level=0.95)
    assert rolled.iloc[-1]["A"] == pytest.approx(value_at_risk(frame["A"], window=250))
    assert rolled.iloc[120]["B"] == pytest.approx(value_at_risk(frame["B"].iloc[:121], window=250))
    assert rolled.iloc[:59]["B"].isna().all()
    assert rolled.iloc[59]["B"] == pytest.approx(value_at_risk(frame["B"].iloc[:60]))


@pytest.mark.parametrize("wrong", [{"level": 1.0}, {"level": 0}, {"window": 0}, {"horizon": 0}, {"method": "oracle"}, {"interpolation": "midpoint"}])
def test_conventions_that_do_not_exist(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        value_at_risk(RETURNS, **wrong)
