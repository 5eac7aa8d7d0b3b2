"""Figures of practice, by the definitions of metrics A and B worked by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from engine import (
    break_even_price,
    cash_drag,
    dividend_yield,
    fee_rate,
    rolling_return,
    tax_rate,
    turnover,
    yield_on_cost,
)
from engine.errors import InvalidInput


def test_by_hand() -> None:
    assert break_even_price(1005.0, 10.0, exit_cost=5.0) == pytest.approx(101.0)
    assert break_even_price(-1000.0, -10.0, exit_cost=10.0) == pytest.approx(99.0)  # a short is covered below what it was sold for
    assert turnover(200.0, 600.0, 1000.0) == pytest.approx(0.2)  # the lesser of both, SEC Form N-1A
    assert turnover(200.0, 600.0, 1000.0, method="mean") == pytest.approx(0.4)
    assert (fee_rate(3.2, 640.0), tax_rate(15.0, 60.0)) == pytest.approx((0.005, 0.25))
    assert (dividend_yield(2.4, 80.0), dividend_yield(0.6, 80.0, frequency=4)) == pytest.approx((0.03, 0.03))
    assert yield_on_cost(2.4, 10.0, 480.0) == pytest.approx(0.05)
    assert cash_drag(0.2, 0.1, 0.03) == pytest.approx(0.014)


def test_nothing_to_divide_by_has_no_answer() -> None:
    found = [break_even_price(1.0, 0.0), turnover(1.0, 1.0, 0.0), fee_rate(1.0, 0.0), tax_rate(1.0, -5.0), dividend_yield(1.0, 0.0)]
    assert all(math.isnan(each) for each in [*found, yield_on_cost(1.0, 1.0, 0.0)])
    with pytest.raises(InvalidInput, match="method"):
        turnover(1.0, 1.0, 1.0, method="largest")


def test_rolling_returns_compound() -> None:
    returns = pd.Series([0.1, -0.2, 0.25, float("nan"), 0.5], index=pd.date_range("2024-01-31", periods=5, freq="ME"))
    found = rolling_return(returns, 2)
    assert found.index.equals(returns.index)
    assert found.tolist() == pytest.approx([math.nan, 1.1 * 0.8 - 1, 0.8 * 1.25 - 1, math.nan, math.nan], nan_ok=True)
    assert rolling_return(returns.iloc[:3].to_frame("A"), 3)["A"].iloc[-1] == pytest.approx(0.1)
    with pytest.raises(InvalidInput, match="window"):
        rolling_return(returns, 0)
