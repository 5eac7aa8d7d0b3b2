"""Volatility: by hand, and as the kind that came in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import volatility
from engine.errors import InvalidInput


def test_a_year_s_is_the_period_s_times_the_root_of_the_periods() -> None:
    returns = [0.01, -0.01, 0.03, 0.01]  # mean 0.01, squares 0, 4, 4, 0 (of 1e-4)
    assert volatility(returns, periods_per_year=1) == pytest.approx((8e-4 / 3) ** 0.5)
    assert volatility(returns, periods_per_year=12, ddof=0) == pytest.approx((8e-4 / 4 * 12) ** 0.5)
    assert volatility(returns) == pytest.approx(np.std(returns, ddof=1) * 252**0.5)


def test_what_comes_in_comes_out() -> None:
    frame = pd.DataFrame({"A": [0.01, None, 0.03], "B": [0.02, 0.02, 0.02]})
    found = volatility(frame, periods_per_year=1)
    assert found.to_dict() == pytest.approx({"A": 0.0002**0.5, "B": 0.0})
    assert volatility(frame.to_numpy(dtype=float), periods_per_year=1).tolist() == pytest.approx(found.tolist())
    assert isinstance(volatility(frame["A"]), float)


@pytest.mark.parametrize("returns", [[], [0.01], [0.01, float("nan")]])
def test_too_few_have_none(returns: list[float]) -> None:
    assert np.isnan(volatility(returns))


def test_no_year_has_no_periods() -> None:
    with pytest.raises(InvalidInput, match="above zero"):
        volatility([0.1, 0.2], periods_per_year=0)
