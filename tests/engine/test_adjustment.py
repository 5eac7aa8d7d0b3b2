"""Adjusted series derived from what was traded and what the company did: against Yahoo's own, and by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from engine import adjusted_closes, adjustment_factors, carried_prices
from engine.adjustment import action_columns
from engine.types import CorporateAction


def days(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(texts)


def split(day: str, ratio: str) -> CorporateAction:
    return CorporateAction(date.fromisoformat(day), "split", ratio=Decimal(ratio))


def paid(day: str, amount: str, kind: str = "dividend") -> CorporateAction:
    return CorporateAction(date.fromisoformat(day), kind, amount=Decimal(amount))


def test_apple_in_2020_as_yahoo_adjusts_it() -> None:
    """AAPL around its 4 for 1 of 2020-08-31 and the 0.205 of 2020-11-06: the adjusted closes that Yahoo told in 2020 differ by the payment only.

    By hand: 1 - 0.205 / 119.03 = 0.998278 for everything before; a price of 499.23 on 2020-08-28 is 124.8075 after the split.
    """
    closes = pd.Series([499.23, 129.04, 119.03, 118.69], index=days("2020-08-28", "2020-08-31", "2020-11-05", "2020-11-06"))
    actions = [split("2020-08-31", "4"), paid("2020-11-06", "0.205")]
    np.testing.assert_allclose(adjusted_closes(closes, actions, payments=False), [124.8075, 129.04, 119.03, 118.69], rtol=1e-12)
    payment = 1 - 0.205 / 119.03
    np.testing.assert_allclose(adjusted_closes(closes, actions), [124.8075 * payment, 129.04 * payment, 119.03 * payment, 118.69], rtol=1e-12)


def test_several_actions_of_one_day_and_of_a_day_without_a_bar() -> None:
    closes = pd.Series([100.0, 40.0, 39.0], index=days("2024-01-05", "2024-01-08", "2024-01-09"))
    actions = [split("2024-01-06", "2"), paid("2024-01-08", "5", "special_dividend"), paid("2024-01-08", "5")]
    factors = adjustment_factors(closes, actions)
    assert factors["split"].tolist() == [0.5, 1.0, 1.0]
    assert factors["total"].tolist() == pytest.approx([0.5 * (1 - 10 / 50), 1.0, 1.0])


def test_a_stock_dividend_is_a_split_and_what_comes_after_the_last_bar_is_not_yet() -> None:
    index = days("2024-01-05", "2024-01-08")
    laid = action_columns(index, [CorporateAction(date(2024, 1, 8), "stock_dividend", ratio=Decimal("0.05")), split("2024-02-01", "3")])
    assert laid["split"].tolist() == [0.0, 1.05]
    assert laid["action"].tolist() == [0.0, 1.0]


def test_a_payment_larger_than_the_price_and_a_day_without_a_close() -> None:
    closes = pd.Series([2.0, np.nan, 1.9], index=days("2024-01-05", "2024-01-08", "2024-01-09"))
    assert adjusted_closes(closes, [paid("2024-01-09", "3")]).iloc[[0, 2]].tolist() == [2.0, 1.9]
    assert adjusted_closes(closes, [paid("2024-01-09", "0.5")]).iloc[0] == pytest.approx(1.5)


def test_a_series_in_a_time_zone_takes_dates() -> None:
    closes = pd.Series([7.0, 1.0], index=days("2014-06-06", "2014-06-09").tz_localize("America/New_York"))
    assert adjusted_closes(closes, [split("2014-06-09", "7")]).tolist() == [1.0, 1.0]


def test_gaps_between_prices_are_carried_with_a_mark_and_a_gap_at_the_end_is_not() -> None:
    nan = np.nan
    prices = pd.DataFrame({"A": [nan, 1.0, nan, nan, 2.0, nan], "B": [3.0, nan, 4.0, 5.0, 6.0, 7.0], "C": nan})
    filled, carried = carried_prices(prices)
    np.testing.assert_array_equal(filled["A"], [nan, 1.0, 1.0, 1.0, 2.0, nan])
    assert carried["A"].tolist() == [False, False, True, True, False, False]
    assert carried["B"].tolist() == [False, True, False, False, False, False]
    assert filled["C"].isna().all()
    assert not carried["C"].any()
