"""Terms, tax years, and the parts of a gain."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from engine import book, gain_parts, holding_terms, tax_year_bounds, tax_years
from engine.errors import InvalidInput


def term(opened: str, closed: str, quantity: float = 1.0) -> str:
    return holding_terms(pd.DataFrame({"opened": pd.to_datetime([opened]), "closed": pd.to_datetime([closed]), "quantity": [quantity]}))[0]


@pytest.mark.parametrize(("opened", "closed", "expected"), [
    pytest.param("2022-02-04", "2023-02-06", "long", id="Publication 550: bought 4 February, more than a year on 6 February"),
    pytest.param("2022-02-05", "2023-02-05", "short", id="Publication 550: sold on the anniversary is not more than one year"),
    pytest.param("2022-02-05", "2023-02-06", "long", id="Publication 550: sold the day after it is"),
    pytest.param("2012-09-19", "2013-09-19", "short", id="month and date count"),
    pytest.param("2012-09-19", "2013-09-20", "long", id="the day after the anniversary"),
    pytest.param("2023-03-15", "2024-03-15", "short", id="366 days are not more than a year"),
    pytest.param("2023-02-28", "2024-02-29", "short", id="Rev. Rul. 66-7: from the end of February to the end of February"),
    pytest.param("2023-02-28", "2024-03-01", "long", id="Rev. Rul. 66-7: the first of March"),
    pytest.param("2024-02-28", "2025-02-28", "short", id="a year that would end on 29 February"),
    pytest.param("2024-02-28", "2025-03-01", "long", id="ends on 1 March"),
    pytest.param("2024-02-29", "2025-03-01", "long", id="bought on 29 February"),
])
def test_more_than_one_year_from_date_to_date(opened: str, closed: str, expected: str) -> None:
    assert term(opened, closed) == expected


def test_a_covered_short_is_short_and_a_pool_has_no_date() -> None:
    assert term("2020-01-02", "2024-01-02", -5.0) == "short"
    frame = pd.DataFrame({"opened": [pd.NaT], "closed": pd.to_datetime(["2024-01-02"]), "quantity": [1.0]})
    assert holding_terms(frame).tolist() == ["pooled"]


def test_dates_are_carried_through_split_spin_off_merger_and_transfer() -> None:
    rows = [{"date": "2022-01-03", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "account": "x"},
            {"date": "2023-05-01", "kind": "SPLIT", "symbol": "A", "ratio": 2},
            {"date": "2023-06-01", "kind": "SPIN_OFF", "symbol": "A", "to_symbol": "B", "quantity": 5, "ratio": 0.2},
            {"date": "2023-07-03", "kind": "MERGER", "symbol": "A", "to_symbol": "C", "ratio": 1},
            {"date": "2023-08-01", "kind": "TRANSFER_OUT", "symbol": "C", "quantity": 20, "account": "x"},
            {"date": "2023-08-02", "kind": "TRANSFER_IN", "symbol": "C", "quantity": 20, "account": "y"},
            {"date": "2023-09-01", "kind": "SELL", "symbol": "B", "quantity": 5, "price": 9, "account": "x"},
            {"date": "2023-09-01", "kind": "SELL", "symbol": "C", "quantity": 20, "price": 9, "account": "y"}]
    gains = book(rows, base_currency="USD").gains
    assert dict(zip(gains["symbol"], holding_terms(gains), strict=True)) == {"B": "long", "C": "long"}


def test_lots_that_a_transfer_brings_keep_their_own_dates() -> None:
    lots = [{"opened": "2020-01-02", "quantity": 4, "price": 5}, {"opened": "2023-05-02", "quantity": 6, "price": 8}]
    rows = [{"date": "2023-06-01", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 10, "price": 7, "lots": lots},
            {"date": "2023-09-01", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 9}]
    gains = book(rows, base_currency="USD").gains
    assert holding_terms(gains).tolist() == ["long", "short"]


def test_tax_years_begin_in_january_or_on_the_sixth_of_april() -> None:
    days = pd.Series(pd.to_datetime(["2024-01-01", "2024-04-05", "2024-04-06", "1999-12-31"]))
    assert tax_years(days).tolist() == ["2024", "2024", "2024", "1999"]
    assert tax_years(days, "uk").tolist() == ["2023/24", "2023/24", "2024/25", "1999/00"]
    assert tax_year_bounds(2024, "uk") == (date(2024, 4, 6), date(2025, 4, 5))
    assert tax_year_bounds(2024) == (date(2024, 1, 1), date(2024, 12, 31))
    with pytest.raises(InvalidInput, match="not a tax year"):
        tax_years(days, "french")


def test_price_and_currency_add_up_to_the_gain() -> None:
    rows = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "currency": "USD", "fx_rate": 0.9, "fee": 2},
            {"date": "2024-02-01", "kind": "SELL", "symbol": "A", "quantity": 25, "price": 12, "currency": "USD", "fx_rate": 0.8, "fee": 1},
            {"date": "2024-03-01", "kind": "BUY", "symbol": "A", "quantity": 15, "price": 11, "currency": "USD", "fx_rate": 0.85}]
    gains = book(rows, base_currency="EUR").gains
    parts = gain_parts(gains)
    assert parts["rate"].tolist() == pytest.approx([0.8, 0.85])
    assert (parts["price_gain"] + parts["fx_gain"]).tolist() == pytest.approx(gains["gain"].tolist())
    assert parts["fx_gain"].iloc[0] == pytest.approx(102 * (0.8 - 0.9))
    assert parts["fx_gain"].iloc[1] == pytest.approx((15 * 12 - 0.6) * (0.8 - 0.85))  # proceeds of a short came at 0.80 and are told at 0.85
