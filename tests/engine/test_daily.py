"""Daily values and the P/L bridge, worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import daily_values, pnl_bridge
from engine.daily import running
from engine.errors import InvalidInput

DAYS = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
PRICES = pd.DataFrame({"A": [10.0, 11.0, 12.0]}, index=DAYS)
DOLLARS = pd.DataFrame({"EURUSD": [1.0, 0.8, 0.5]}, index=DAYS)
LEDGER: list[dict[str, Any]] = [
    {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 1000},
    {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "fee": 1},
    {"date": "2024-01-04", "kind": "DIVIDEND", "symbol": "A", "amount": 5, "tax": 2},
    {"date": "2024-01-04", "kind": "SELL", "symbol": "A", "quantity": 4, "price": 13, "fee": 1},
    {"date": "2024-01-05", "kind": "WITHDRAWAL", "amount": 50},
]


def bridge(ledger: list[dict[str, Any]], prices: pd.DataFrame = PRICES, **options: Any) -> pd.Series:
    return pnl_bridge(ledger, prices, **{"start": "2024-01-02", "end": "2024-01-05", "base_currency": "EUR", **options})


def test_values_of_every_day_with_a_price_or_a_transaction() -> None:
    series = daily_values(LEDGER, PRICES, start="2024-01-01", end="2024-01-05", base_currency="EUR")
    assert series.index.strftime("%d").tolist() == ["01", "02", "03", "04", "05"]
    # cash 1000 - 101 = 899; + 3 + 51 = 953; - 50 = 903. Holding 100, 110, 6 x 12 = 72 (the last price stays)
    assert series["cash"].tolist() == [0, 899, 899, 953, 903]
    assert series["market_value"].tolist() == [0, 100, 110, 72, 72]
    assert series["value"].tolist() == [0, 999, 1009, 1025, 975]
    assert series["flow"].tolist() == [0, 1000, 0, 0, -50]
    assert series["net_contributions"].tolist() == [0, 1000, 1000, 1000, 950]


def test_contributions_before_the_window_count() -> None:
    series = daily_values(LEDGER, PRICES, start="2024-01-03", end="2024-01-04", base_currency="EUR")
    assert series["net_contributions"].tolist() == [1000, 1000]
    assert series["flow"].tolist() == [0, 0]


def test_a_holding_without_price_is_left_out_and_counted() -> None:
    series = daily_values(LEDGER, PRICES.iloc[1:], start="2024-01-02", end="2024-01-03", base_currency="EUR")
    assert series["missing"].tolist() == [1, 0]
    assert series["value"].tolist() == [899, 1009]


def test_a_position_closed_in_tenths_is_closed() -> None:
    tenths = [{"date": "2024-01-02", "kind": "BUY", "symbol": "N", "quantity": 0.1, "price": 1}] * 3
    closed = [*tenths, {"date": "2024-01-03", "kind": "SELL", "symbol": "N", "quantity": 0.3, "price": 1}]
    assert daily_values(closed, PRICES, start="2024-01-02", end="2024-01-04", base_currency="EUR")["missing"].tolist() == [1, 0, 0]


def test_a_sum_begun_in_the_middle_is_the_same_to_the_last_bit() -> None:
    # what passed through before is told by two amounts that cancel out: dust is measured against it
    amounts = np.concatenate([np.tile([0.1, 0.2, -0.3], 30), [0.7, 1 / 3, -0.1]])
    days, one = np.arange(amounts.size), np.zeros(amounts.size, dtype=np.int64)
    whole = running(days, one, amounts, (amounts.size, 1))[:, 0]
    assert not whole[2:90:3].any()
    for middle in range(1, amounts.size):
        passed = (np.abs(amounts[:middle]).sum() - abs(whole[middle - 1])) / 2
        rest = np.concatenate([[passed, -passed, whole[middle - 1]], amounts[middle:]])
        again = running(np.maximum(np.arange(rest.size) - 2, 0), np.zeros(rest.size, dtype=np.int64), rest, (rest.size - 2, 1))[:, 0]
        assert again.tolist() == whole[middle - 1:].tolist()


def test_bridge_in_one_currency() -> None:
    # price: 10 x 2 on what was held, and 4 sold at 13 over the close of 12: 20 + 4 = 24; fee 1 of the sale; the first fee is before
    found = bridge(LEDGER)
    expected = {"opening_value": 999, "flows": -50, "price": 24, "fx": 0, "income": 5, "fees": 1, "taxes": 2}
    expected |= {"corporate_actions": 0, "closing_value": 975}
    assert found.drop("residual").to_dict() == pytest.approx(expected)
    assert found["residual"] == pytest.approx(0.0, abs=1e-9)


def test_bridge_splits_price_and_currency() -> None:
    # 10 x 10 USD at 1.0; day 2: price 10 x 1 x 1.25 = 12.5, fx 100 x 0.25 = 25; day 3: price 10 x 1 x 2 = 20, fx 110 x 0.75 = 82.5
    # cash -100 USD since day 1: fx -25 and -75; in all price 32.5, fx 107.5 - 100 = 7.5; 120 x 2 - 200 = 40
    ledger = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "currency": "USD"}]
    found = bridge(ledger, fx=DOLLARS, end="2024-01-04")
    assert found[["opening_value", "price", "fx", "closing_value"]].tolist() == pytest.approx([0, 32.5, 7.5, 40])


def test_bridge_of_a_split_has_no_corporate_action_effect() -> None:
    halved = pd.DataFrame({"A": [10.0, 5.5, 6.0]}, index=DAYS)
    found = bridge([*LEDGER[:2], {"date": "2024-01-03", "kind": "SPLIT", "symbol": "A", "ratio": 2}], halved)
    assert found[["price", "corporate_actions", "residual"]].tolist() == pytest.approx([20.0, 0.0, 0.0])


def test_bridge_of_a_spin_off_and_returned_capital() -> None:
    # A falls from 10 to 8 while 5 B at 3 arrive: price -20, corporate action +15; then 7 of capital comes back
    prices = pd.DataFrame({"A": [10.0, 8.0, 8.0], "B": [np.nan, 3.0, 3.0]}, index=DAYS)
    ledger = [
        *LEDGER[:2],
        {"date": "2024-01-03", "kind": "SPIN_OFF", "symbol": "A", "to_symbol": "B", "quantity": 5, "ratio": 0.15},
        {"date": "2024-01-04", "kind": "RETURN_OF_CAPITAL", "symbol": "A", "amount": 7},
    ]
    found = bridge(ledger, prices)
    assert found[["price", "corporate_actions", "residual"]].tolist() == pytest.approx([-20.0, 22.0, 0.0])


def test_bridge_of_a_merger_takes_the_old_and_brings_the_new() -> None:
    # 10 A at 10 become 5 B at 23 and 4 in cash: 115 + 4 - 100 = 19
    prices = pd.DataFrame({"A": [10.0, np.nan, np.nan], "B": [np.nan, 23.0, 23.0]}, index=DAYS)
    found = bridge([*LEDGER[:2], {"date": "2024-01-03", "kind": "MERGER", "symbol": "A", "to_symbol": "B", "ratio": 0.5, "amount": 4}], prices)
    assert found[["price", "corporate_actions", "residual"]].tolist() == pytest.approx([0.0, 19.0, 0.0])


def test_bridge_of_transfers_counts_their_value_as_flow() -> None:
    # 3 come in at 9 and close at 12: 9 of price effect; cost of the window's start is no matter
    found = bridge([*LEDGER[:2], {"date": "2024-01-04", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 3, "price": 9}])
    assert found[["flows", "price", "residual"]].tolist() == pytest.approx([27.0, 20 + 9, 0.0])


def test_bridge_needs_a_price_only_at_its_ends() -> None:
    gap = pd.DataFrame({"A": [np.nan, np.nan, 12.0]}, index=DAYS)
    late = [{**entry, "date": "2024-01-03"} for entry in LEDGER[:2]]
    assert bridge(late, gap)["residual"] == pytest.approx(0.0)
    assert np.isnan(bridge(LEDGER[:2], gap)["opening_value"])


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(InvalidInput):
        bridge(LEDGER, start="2024-01-05", end="2024-01-02")
