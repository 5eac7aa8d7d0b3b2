from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import days_to_liquidate, effective_spread, liquidity_adjusted_value_at_risk, share_liquidated
from engine.errors import InvalidInput, MisalignedSeries


def test_days_by_hand() -> None:
    held = pd.Series({"A": 1_000.0, "B": -300.0, "C": 0.0, "D": 10.0, "E": 5.0})
    volume = pd.Series({"A": 2_500.0, "B": 3_000.0, "C": 0.0, "D": np.nan, "E": 0.0})
    days = days_to_liquidate(held, volume)
    assert days.to_dict() == pytest.approx({"A": 2.0, "B": 0.5, "C": 0.0, "D": np.nan, "E": np.inf}, nan_ok=True)
    assert days_to_liquidate(held, volume, participation=0.1)["A"] == 4.0
    assert share_liquidated(held, volume).to_dict() == pytest.approx({"A": 0.5, "B": 1.0, "C": 1.0, "D": np.nan, "E": 0.0}, nan_ok=True)


def test_half_the_spread_comes_on_top() -> None:
    """Bangia et al.: 1/2 (1,000 * 1 % + 500 * 2 %) = 10; three deviations of 0.5 % on both add 1/2 * 1,500 * 1.5 % = 11.25."""
    assert liquidity_adjusted_value_at_risk(100.0, [1_000.0, -500.0], [0.01, 0.02]) == pytest.approx(110.0)
    assert liquidity_adjusted_value_at_risk(100.0, [1_000.0, -500.0], [0.01, 0.02], spread_deviations=[0.005, 0.005]) == pytest.approx(121.25)
    assert np.isnan(liquidity_adjusted_value_at_risk(100.0, [1_000.0], [np.nan]))
    assert liquidity_adjusted_value_at_risk(100.0, [0.0], [np.nan]) == 100.0


def test_what_cannot_be() -> None:
    for wrong in ({"participation": 0.0}, {"participation": 1.1}):
        with pytest.raises(InvalidInput):
            days_to_liquidate(1.0, 1.0, **wrong)
    with pytest.raises(InvalidInput):
        days_to_liquidate(1.0, -1.0)
    with pytest.raises(InvalidInput):
        share_liquidated(1.0, 1.0, days=0)
    with pytest.raises(MisalignedSeries):
        days_to_liquidate([1.0, 2.0], [1.0])
    with pytest.raises(MisalignedSeries):
        liquidity_adjusted_value_at_risk(1.0, pd.Series({"A": 1.0}), pd.Series({"B": 1.0}))


def test_a_spread_that_was_put_in_is_found_again() -> None:
    """Trades of days at bid and ask half a percent around a price that wanders: Corwin and Schultz find the one percent between them."""
    chance = np.random.default_rng(9)
    middle = 100 * np.exp(np.cumsum(chance.normal(0, 0.005 / np.sqrt(200), (2_000, 200)).ravel())).reshape(2_000, 200)
    highs, lows = middle.max(axis=1) * 1.005, middle.min(axis=1) * 0.995
    assert effective_spread(highs, lows) == pytest.approx(0.01, abs=0.0015)
    assert effective_spread(middle.max(axis=1), middle.min(axis=1)) < 0.003
    both = effective_spread(pd.DataFrame({"A": highs, "B": highs * 7}), pd.DataFrame({"A": lows, "B": lows * 7}))
    assert both["A"] == pytest.approx(both["B"]) == pytest.approx(effective_spread(highs, lows))


@pytest.mark.filterwarnings("error")
def test_a_spread_of_nothing_is_none() -> None:
    for high, low in (([], []), ([1.0], [1.0]), ([np.nan] * 3, [1.0] * 3), ([5.0] * 3, [5.0] * 3), ([5.0, 6.0], [0.0, -1.0])):
        assert np.isnan(effective_spread(high, low))
    with pytest.raises(MisalignedSeries):
        effective_spread([1.0, 2.0], [1.0])
