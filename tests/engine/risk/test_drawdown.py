from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import drawdown_series, max_drawdown
from engine.errors import InvalidInput

RETURNS = [0.10, -0.10, -0.20, 0.50, -0.05]
# wealth 1.1, 0.99, 0.792, 1.188, 1.1286; peaks 1.1, 1.1, 1.1, 1.188, 1.188
FALLS = [0.0, -0.1, -0.28, 0.0, -0.05]


def test_by_hand() -> None:
    assert drawdown_series(RETURNS) == pytest.approx(FALLS)
    assert max_drawdown(RETURNS) == pytest.approx(-0.28)


def test_summed_returns() -> None:
    """Wealth 1.1, 1.0, 0.8, 1.3, 1.25; peaks 1.1, 1.1, 1.1, 1.3, 1.3."""
    assert drawdown_series(RETURNS, compounded=False) == pytest.approx([0.0, -0.1 / 1.1, -0.3 / 1.1, 0.0, -0.05 / 1.3])


def test_the_start_is_a_peak_or_not() -> None:
    assert drawdown_series([-0.1, -0.1]) == pytest.approx([-0.1, -0.19])
    assert drawdown_series([-0.1, -0.1], peak_start="first") == pytest.approx([0.0, -0.1])
    assert max_drawdown([-0.1, -0.1], peak_start="first") == pytest.approx(-0.1)


def test_a_missing_return_leaves_wealth_as_it_was() -> None:
    falls = drawdown_series(pd.Series([0.1, np.nan, -0.1]))
    assert np.isnan(falls.iloc[1])
    assert falls.iloc[2] == pytest.approx(-0.1)


def test_same_kind_out_as_in() -> None:
    days = pd.date_range("2024-01-01", periods=5)
    frame = pd.DataFrame({"A": RETURNS, "B": 0.0}, index=days)
    falls = drawdown_series(frame)
    assert list(falls.columns) == ["A", "B"]
    assert falls.index.equals(days)
    deepest = max_drawdown(frame)
    assert deepest["A"] == pytest.approx(-0.28)
    assert deepest["B"] == 0.0
    assert isinstance(max_drawdown(frame["A"]), float)


def test_nothing_known_has_no_answer() -> None:
    assert np.isnan(max_drawdown([np.nan, np.nan]))
    assert np.isnan(max_drawdown([]))


def test_after_a_total_loss_it_stays_a_total_loss() -> None:
    assert drawdown_series([0.1, -1.0, 0.5]) == pytest.approx([0.0, -1.0, -1.0])


def test_a_peak_that_does_not_exist() -> None:
    with pytest.raises(InvalidInput):
        drawdown_series(RETURNS, peak_start="second")
