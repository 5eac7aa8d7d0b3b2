"""Currencies, crosses, and ledgers in more than one of them, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import CURRENCIES, book, currency_code, rate_history, rates_to, valuation
from engine.errors import InvalidInput

FX = pd.DataFrame({"EURUSD": [1.25, 1.0, 2.0]}, index=pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"]))


def test_minor_units_are_those_of_iso_4217() -> None:
    assert [CURRENCIES[code] for code in ("EUR", "JPY", "KWD", "CLF")] == [2, 0, 3, 4]
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
    assert not {"XYZ", "GBX", "BTC"} & CURRENCIES.keys()


@pytest.mark.parametrize("code", ["XYZ", "", "EURO", "GBX", "GBp", "BTC"])
def test_a_currency_that_does_not_exist_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput):
        currency_code(code)


def test_pence_come_with_a_hint() -> None:
    with pytest.raises(InvalidInput) as caught:
        currency_code("GBp")
    assert caught.value.context["hint"] == "Use GBP and divide by 100"


def test_rates_go_direct_then_inverse_then_across() -> None:
    # CHF per GBP: through EUR 0.96 / 0.8 = 1.2; XAF only pairs with NGN
    rates = rates_to("CHF", ["CHF", "EUR", "GBP", "XAF", "JPY"], {"EURCHF": 0.96, "EURGBP": 0.8, "NGNXAF": 0.5, "NGNCHF": 0.001})
    assert rates[["CHF", "EUR", "GBP", "XAF"]].tolist() == pytest.approx([1.0, 0.96, 1.2, 0.002])
    assert np.isnan(rates["JPY"])


def test_a_rate_that_is_no_rate_counts_as_absent() -> None:
    assert rates_to("EUR", ["USD"], {"EURUSD": 0.0}).isna().all()
    assert rates_to("EUR", ["USD"], {"EURUSD": float("nan"), "USDEUR": 0.9})["USD"] == 0.9


def test_history_fills_forward_and_never_backward() -> None:
    days = pd.date_range("2024-01-01", periods=4)
    table = rate_history("EUR", ["USD"], pd.DataFrame({"EURUSD": [np.nan, 1.25, np.nan, 2.0]}, index=days))
    np.testing.assert_allclose(table["USD"], [np.nan, 0.8, 0.8, 0.5])
    broken = rate_history("EUR", ["USD"], pd.DataFrame({"EURUSD": [1.25, 0.0, -3.0, np.inf]}, index=days))
    np.testing.assert_allclose(broken["USD"], 0.8)


def test_cost_is_at_the_rate_of_its_day_and_gains_have_both_parts() -> None:
    # 10 x 5 USD at 1 / 1.25 = 0.8 EUR: 40 EUR; sold 4 x 8 USD at 1.0: 32 EUR against 16: 16, in dollars 32 - 20 = 12
    found = book(
        [
            {"date": "2024-01-15", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5, "currency": "USD"},
            {"date": "2024-02-15", "kind": "SELL", "symbol": "A", "quantity": 4, "price": 8, "currency": "USD"},
        ],
        base_currency="EUR",
        fx=FX,
    )
    assert found.positions.loc["A", ["cost_local", "cost_base", "realised_local", "realised", "currency"]].tolist() == [30.0, 24.0, 12.0, 16.0, "USD"]
    # cash: -50 USD worth -40 EUR and +32 USD worth 32 EUR
    assert found.cash.loc["USD", ["balance", "cost_base"]].tolist() == [-18.0, -8.0]


def test_currency_gain_on_cash_completes_the_identity() -> None:
    # 100 EUR in; 50 EUR become 60 USD; at EURUSD 2.0 they are worth 30: a loss of 20 although nothing was traded
    ledger = [
        {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100, "currency": "EUR"},
        {"date": "2024-01-02", "kind": "FX_CONVERSION", "amount": 50, "currency": "EUR", "to_amount": 60, "to_currency": "USD"},
    ]
    now = valuation(ledger, {}, FX, as_of="2024-03-05", base_currency="EUR")
    assert [now.totals[name] for name in ("value", "net_contributions", "fx_gain", "total_pnl")] == [80.0, 100.0, -20.0, -20.0]
    assert now.cash["fx_gain"].to_dict() == {"EUR": 0.0, "USD": -20.0}


def test_a_rate_on_the_transaction_beats_the_market() -> None:
    entry = {"date": "2024-01-15", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5, "currency": "USD"}
    assert book([{**entry, "fx_rate": 0.9}], base_currency="EUR", fx=FX).positions.loc["A", "cost_base"] == 45.0
    assert book([{**entry, "fx_rate": 0.9}], base_currency="EUR").findings == ()
    assert book([{**entry, "fx_rate": 0.9}], base_currency="USD").positions.loc["A", "cost_base"] == 50.0


def test_settlement_in_another_currency_than_the_instruments() -> None:
    # a dollar share bought for 80 EUR at 1.25: cost 100 USD, 80 EUR; the cash leaves in EUR
    entry = {"date": "2024-01-15", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 8, "currency": "EUR"}
    found = book([entry], base_currency="EUR", fx=FX, currencies={"A": "USD"})
    assert found.positions.loc["A", ["cost_local", "cost_base"]].tolist() == [100.0, 80.0]
    assert found.cash["balance"].to_dict() == {"EUR": -80.0}


def test_a_successor_in_another_currency_keeps_its_base_cost() -> None:
    # 50 USD at 0.8 cost 40 EUR; merged on a day with EURUSD 2.0 the local cost is 50 x 0.5 = 25 EUR, the base cost stays 40
    ledger = [
        {"date": "2024-01-15", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5, "currency": "USD"},
        {"date": "2024-03-15", "kind": "MERGER", "symbol": "A", "to_symbol": "B", "ratio": 1},
    ]
    found = book(ledger, base_currency="EUR", fx=FX, currencies={"A": "USD", "B": "EUR"})
    assert found.positions.loc["B", ["cost_local", "cost_base", "currency"]].tolist() == [25.0, 40.0, "EUR"]
    assert book(ledger, base_currency="EUR", fx=FX).positions.loc["B", ["cost_local", "currency"]].tolist() == [50.0, "USD"]


def test_a_conversion_is_worth_its_leg_in_base_currency() -> None:
    # dollars bought for 80 EUR are worth 80 EUR whatever the market says, and the same when they go back for 90
    ledger = [
        {"date": "2024-01-02", "kind": "FX_CONVERSION", "amount": 80, "currency": "EUR", "to_amount": 99, "to_currency": "USD"},
        {"date": "2024-02-02", "kind": "FX_CONVERSION", "amount": 99, "currency": "USD", "to_amount": 90, "to_currency": "EUR"},
    ]
    found = book(ledger, base_currency="EUR", fx=FX)
    assert found.cash["balance"].to_dict() == {"EUR": 10.0, "USD": 0.0}
    assert found.cash.loc["USD", "cost_base"] == pytest.approx(-10.0)
    assert valuation(ledger, {}, FX, as_of="2024-02-02", base_currency="EUR").totals["fx_gain"] == pytest.approx(10.0)


def test_without_a_rate_base_amounts_are_unknown_and_local_ones_are_not() -> None:
    ledger = [
        {"date": "2023-12-01", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5, "currency": "USD"},
        {"date": "2023-12-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5, "currency": "USD"},
    ]
    found = book(ledger, base_currency="EUR", fx=FX)
    assert found.positions.loc["A", "cost_local"] == 100.0
    assert np.isnan(found.positions.loc["A", "cost_base"])
    finding = found.findings[0]
    assert (finding.code, finding.context) == ("missing_rate", {"pair": "USDEUR", "date": "2023-12-01", "count": 2})
    now = valuation(ledger, {"A": 6.0}, FX, as_of="2024-03-01", base_currency="EUR")
    assert now.totals["market_value"] == 60.0
    assert np.isnan(now.totals["unrealised"])


def test_a_split_needs_no_rate() -> None:
    ledger = [{"date": "2023-12-01", "kind": "SPLIT", "symbol": "A", "ratio": 2, "currency": "USD"}]
    assert book(ledger, base_currency="EUR").findings == ()
