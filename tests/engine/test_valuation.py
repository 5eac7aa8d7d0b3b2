"""Holdings, day P/L and totals worked by hand, and what happens where a price or a rate is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import Marks, book, revalue, snapshot, terms, valuation
from engine.errors import CurrencyMismatch, MisalignedSeries

DAYS = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
PRICES = pd.DataFrame({"A": [10.0, 11.0, 12.0], "B": [20.0, 20.0, 25.0]}, index=DAYS)
FX = pd.DataFrame({"EURUSD": [1.25, 1.25, 1.0]}, index=DAYS)
LEDGER: list[dict[str, Any]] = [
    {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 1000, "currency": "EUR"},
    {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 9, "fee": 5, "currency": "EUR"},
    {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 500, "currency": "USD"},
    {"date": "2024-01-02", "kind": "BUY", "symbol": "B", "quantity": 4, "price": 20, "currency": "USD"},
    {"date": "2024-01-04", "kind": "BUY", "symbol": "A", "quantity": 5, "price": 11, "fee": 1, "currency": "EUR"},
    {"date": "2024-01-04", "kind": "SELL", "symbol": "B", "quantity": 1, "price": 24, "currency": "USD"},
    {"date": "2024-01-04", "kind": "DIVIDEND", "symbol": "A", "amount": 3, "tax": 1, "currency": "EUR"},
    {"date": "2024-01-04", "kind": "WITHDRAWAL", "amount": 100, "currency": "EUR"},
]


def at(day: str, **options: Any) -> Any:
    return valuation(LEDGER, PRICES, FX, as_of=day, base_currency="EUR", **options)


def test_holdings_of_a_day_with_trades() -> None:
    now = at("2024-01-04")
    a, b = (now.holdings.set_index("symbol").loc[name] for name in "AB")
    # A: cost 95 + 56 = 151; 15 x 12 = 180; unrealised 29; day: 180 - 110 - 56 bought + 2 dividend net = 16
    assert a[["quantity", "cost_basis", "market_value", "unrealised", "day_pnl"]].tolist() == pytest.approx([15, 151, 180, 29, 16])
    assert a["average_cost"] == pytest.approx(151 / 15)
    assert a["day_return"] == pytest.approx(16 / (110 + 54))
    # B: 80 USD at 0.8 = 64 EUR; 3 left cost 48; 3 x 25 x 1.0 = 75; sold 24 EUR against 16; day: 75 - 4 x 20 x 0.8 + 24 = 35
    assert b[["quantity", "cost_basis", "market_value", "unrealised", "realised", "day_pnl"]].tolist() == pytest.approx([3, 48, 75, 27, 8, 35])
    assert b[["market_value_local", "cost_basis_local", "unrealised_local", "fx_rate"]].tolist() == pytest.approx([75, 60, 15, 1])
    # cash EUR 1000 - 95 - 56 + 2 - 100 = 751, no P/L of its own; USD 500 - 80 + 24 = 444 at 1.0; day: 444 - 420 x 0.8 - 24 = 84
    assert now.cash["balance"].to_dict() == {"EUR": 751.0, "USD": 444.0}
    assert now.cash["day_pnl"].to_dict() == pytest.approx({"EUR": 0.0, "USD": 84.0})


def test_totals_and_their_identity() -> None:
    of = at("2024-01-04").totals
    # value 180 + 75 + 751 + 444; contributions 1000 + 400 - 100; fx gain of dollars: 444 - (400 - 64 + 24) = 84
    expected = {"value": 1450, "market_value": 255, "cash": 1195, "net_contributions": 1300, "cost_basis": 199, "unrealised": 56, "realised": 8}
    expected |= {"income": 3, "fees": 0, "taxes": 1, "fees_paid": 6, "taxes_paid": 1, "fx_gain": 84, "total_pnl": 150, "day_pnl": 135}
    assert {name: of[name] for name in expected} == pytest.approx(expected)
    assert of["day_return"] == pytest.approx(135 / (110 + 64 + 905 + 336))
    now = at("2024-01-04")
    assert now.holdings["weight"].sum() + now.cash["weight"].sum() == pytest.approx(1.0)


def test_a_quiet_day_changes_with_prices_alone() -> None:
    assert at("2024-01-03").totals["day_pnl"] == pytest.approx(10.0)
    # the weekend shows Friday's prices against Friday's close: nothing moves
    assert at("2024-01-06").totals["day_pnl"] == pytest.approx(0.0)


def test_a_position_closed_today_keeps_its_day_pnl() -> None:
    # 10 at 11 yesterday, sold at 13 with fee 2: 128 - 110 = 18
    ledger = [*LEDGER[:2], {"date": "2024-01-04", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 13, "fee": 2, "currency": "EUR"}]
    now = valuation(ledger, PRICES, FX, as_of="2024-01-04", base_currency="EUR")
    assert now.holdings.empty
    assert now.closed.loc[0, ["symbol", "realised", "day_pnl"]].tolist() == ["A", 33.0, 18.0]
    assert now.totals["day_pnl"] == pytest.approx(18.0)


def test_a_split_today_is_no_gain() -> None:
    ledger = [*LEDGER[:2], {"date": "2024-01-04", "kind": "SPLIT", "symbol": "A", "ratio": 2}]
    marks = Marks(pd.Series({"A": 5.5}), pd.Series({"A": 11.0}), pd.Series(dtype=float), pd.Series(dtype=float))
    now = snapshot(book(ledger, base_currency="EUR"), marks, as_of="2024-01-04")
    assert now.holdings["day_pnl"].tolist() == [0.0]


def test_a_spin_off_today_shows_neither_a_crash_nor_a_windfall() -> None:
    # 10 A at 11; a fifth of the value leaves: A at 9, 5 B at 4.6: A 90 - 88 = 2, B 23 - 22 = 1, in all 113 - 110 = 3
    ledger = [*LEDGER[:2], {"date": "2024-01-04", "kind": "SPIN_OFF", "symbol": "A", "to_symbol": "B", "quantity": 5, "ratio": 0.2}]
    marks = Marks(pd.Series({"A": 9.0, "B": 4.6}), pd.Series({"A": 11.0}), pd.Series(dtype=float), pd.Series(dtype=float))
    now = snapshot(book(ledger, base_currency="EUR"), marks, as_of="2024-01-04")
    assert now.holdings["day_pnl"].tolist() == pytest.approx([2.0, 1.0])
    assert now.totals["day_pnl"] == pytest.approx(3.0)


def test_a_merger_today_is_the_change_against_the_predecessor() -> None:
    # 10 A at 11 become 5 B and 20 in cash; B at 19: 95 + 20 - 110 = 5, all of it in B
    ledger = [*LEDGER[:2], {"date": "2024-01-04", "kind": "MERGER", "symbol": "A", "to_symbol": "B", "ratio": 0.5, "amount": 20}]
    marks = Marks(pd.Series({"B": 19.0}), pd.Series({"A": 11.0}), pd.Series(dtype=float), pd.Series(dtype=float))
    now = snapshot(book(ledger, base_currency="EUR"), marks, as_of="2024-01-04")
    assert now.holdings["day_pnl"].tolist() == pytest.approx([5.0])
    assert now.closed["day_pnl"].tolist() == pytest.approx([0.0])


def test_a_missing_price_is_told_and_left_out_never_cost_never_zero() -> None:
    now = valuation(LEDGER, PRICES[["A"]], FX, as_of="2024-01-04", base_currency="EUR")
    row = now.holdings.set_index("symbol").loc["B"]
    assert row[["price", "market_value", "unrealised", "day_pnl", "weight"]].isna().all()
    assert row["cost_basis"] == pytest.approx(48.0)
    assert now.totals["value"] == pytest.approx(1450 - 75)
    assert (now.totals["missing_value_count"], now.totals["cost_excluded"]) == (1, pytest.approx(48.0))
    assert now.totals["value"] == pytest.approx(now.totals["net_contributions"] + now.totals["total_pnl"] - now.totals["cost_excluded"])
    assert [finding.code for finding in now.findings] == ["missing_price", "value_excludes"]
    assert now.findings[1].message == "value excludes 1 holding without price"


def test_a_missing_rate_is_told_for_holdings_and_cash() -> None:
    now = valuation(LEDGER, PRICES, None, as_of="2024-01-04", base_currency="EUR")
    assert now.totals["market_value"] == pytest.approx(180.0)
    assert now.totals["cash"] == pytest.approx(751.0)
    assert {finding.code for finding in now.findings} == {"missing_rate", "value_excludes"}
    assert np.isnan(now.totals["net_contributions"])


def test_without_previous_close_there_is_no_day_pnl() -> None:
    now = valuation(LEDGER[:2], pd.Series({"A": 12.0}), as_of="2024-01-04", base_currency="EUR")
    assert now.holdings["market_value"].tolist() == [120.0]
    assert now.holdings["day_pnl"].isna().all()
    assert [finding.code for finding in now.findings] == ["day_pnl_excludes"]


def test_bought_today_needs_no_previous_close() -> None:
    now = valuation(LEDGER[:2], PRICES.iloc[:1], as_of="2024-01-02", base_currency="EUR")
    assert now.holdings["day_pnl"].tolist() == [5.0]  # 10 x 10 - 95
    tenths = [{**LEDGER[1], "quantity": units, "fee": 0} for units in (0.1, 0.2, 0.3, 0.1)]
    again = valuation(tenths, PRICES.iloc[:1], as_of="2024-01-02", base_currency="EUR")
    assert again.holdings["day_pnl"].tolist() == pytest.approx([0.7])


def test_a_short_gains_when_the_price_falls() -> None:
    ledger = [{"date": "2024-01-02", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 12}]
    row = valuation(ledger, PRICES, as_of="2024-01-03", base_currency="EUR").holdings.loc[0]
    assert row[["quantity", "average_cost", "cost_basis", "market_value", "unrealised", "day_pnl"]].tolist() == [-10, 12, -120, -110, 10, -10]
    assert row["day_return"] == pytest.approx(-0.1)


def test_revalue_takes_arrays_in_the_order_of_its_rows() -> None:
    booked = book(LEDGER, base_currency="EUR", fx=FX)
    rows = terms(booked, Marks(PRICES.iloc[2], PRICES.iloc[1], pd.Series({"USD": 1.0}), pd.Series({"USD": 0.8})), today="2024-01-04")
    assert rows.symbols == ("A", "B", "EUR", "USD")
    assert rows.currencies == ("EUR", "USD")
    by_array = revalue(rows, np.array([12.0, 25.0]), np.array([1.0, 1.0]))
    by_rows = revalue(rows, np.array([12.0, 25.0, np.nan, np.nan]), np.array([1.0, 1.0]))
    by_name = revalue(rows, {"A": 12.0, "B": 25.0}, {"USD": 1.0})
    for other in (by_rows, by_name):
        np.testing.assert_array_equal(by_array.market_value, other.market_value)
        np.testing.assert_array_equal(by_array.day_pnl, other.day_pnl)
    assert by_array.market_value.tolist() == [180.0, 75.0, 751.0, 444.0]
    assert np.isnan(revalue(rows, [np.nan, 25.0], [1.0, 1.0]).market_value).tolist() == [True, False, False, False]


@pytest.mark.parametrize(("price", "rate"), [([1.0], [1.0, 1.0]), ([1.0, 1.0], [1.0])])
def test_an_array_of_another_length_is_refused(price: list[float], rate: list[float]) -> None:
    booked = book(LEDGER, base_currency="EUR", fx=FX)
    rows = terms(booked, Marks(PRICES.iloc[2], PRICES.iloc[1], pd.Series(dtype=float), pd.Series(dtype=float)), today="2024-01-04")
    with pytest.raises(MisalignedSeries):
        revalue(rows, price, rate)


def test_a_snapshot_in_another_currency_than_the_book_is_refused() -> None:
    none = pd.Series(dtype=float)
    with pytest.raises(CurrencyMismatch):
        snapshot(book(LEDGER[:1], base_currency="EUR"), Marks(none, none, none, none), as_of="2024-01-04", base_currency="USD")


def test_nothing_is_worth_nothing() -> None:
    now = valuation([], {}, as_of="2024-01-04", base_currency="EUR")
    assert now.totals["value"] == 0.0
    assert now.holdings.empty
    assert now.findings == ()
