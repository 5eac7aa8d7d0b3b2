"""Wash sales against the examples of IRS Publication 550 and of the regulations."""

from __future__ import annotations

from typing import Any

import pytest

from engine import book, wash_sales
from engine.wash_sales import WashSales
from services.books.service import merge


def washed(*rows: tuple[Any, ...], method: str = "fifo") -> tuple[Any, WashSales]:
    ledger = [{"date": day, "kind": kind, "symbol": "X", "quantity": quantity, "amount": amount} for day, kind, quantity, amount in rows]
    booked = book(ledger, base_currency="USD", cost_method=method)
    return booked, wash_sales(booked)


def added(found: WashSales) -> dict[str, float]:
    return found.replacements.groupby("replacement_id")["disallowed"].sum().to_dict()


def test_publication_550_wash_sales_example_1_the_loss_goes_into_the_new_basis() -> None:
    """100 shares for 1,000, sold for 750, 100 bought within 30 days for 800: 250 is disallowed, the new basis is 1,050."""
    _, found = washed(("2024-01-08", "BUY", 100, 1000), ("2024-03-11", "SELL", 100, 750), ("2024-03-25", "BUY", 100, 800))
    assert found.rows[["disallowed", "adjusted_gain"]].to_dict("records") == [{"disallowed": pytest.approx(250), "adjusted_gain": pytest.approx(0)}]
    assert 800 + added(found)["3"] == pytest.approx(1050)


def test_publication_550_more_or_less_bought_example_1_shares_bought_before_the_sale() -> None:
    """50 and 25 shares bought before 100 are sold for 1,000 less: 750 is disallowed, the bases become 3,250 and 1,375."""
    _, found = washed(("2023-09-22", "BUY", 100, 5000), ("2023-12-15", "BUY", 50, 2750), ("2023-12-22", "BUY", 25, 1125),
                      ("2024-01-05", "SELL", 100, 4000))
    assert found.rows["disallowed"].tolist() == pytest.approx([750])
    assert found.rows["adjusted_gain"].tolist() == pytest.approx([-250])
    assert [2750 + added(found)["2"], 1125 + added(found)["3"]] == pytest.approx([3250, 1375])


def test_publication_550_more_or_less_bought_example_2_in_the_order_bought() -> None:
    _, found = washed(("2023-09-16", "BUY", 100, 2000), ("2024-01-29", "SELL", 100, 1000), ("2024-02-03", "BUY", 50, 500),
                      ("2024-02-04", "BUY", 50, 500), ("2024-02-05", "BUY", 50, 500), ("2024-02-06", "BUY", 50, 500))
    assert added(found) == pytest.approx({"3": 500, "4": 500})


def test_publication_550_loss_and_gain_on_the_same_day_the_gains_stay() -> None:
    """Three blocks of 100 sold at 125: a loss of 3,300 is disallowed, the gains of 2,500 and 3,000 are what they were."""
    _, found = washed(("2019-03-01", "BUY", 100, 15800), ("2019-06-03", "BUY", 100, 10000), ("2019-09-03", "BUY", 100, 9500),
                      ("2024-12-27", "SELL", 300, 37500), ("2025-01-10", "BUY", 250, 31250))
    assert found.rows["disallowed"].tolist() == pytest.approx([3300, 0, 0])
    assert found.rows["adjusted_gain"].tolist() == pytest.approx([0, 2500, 3000])


@pytest.mark.parametrize(("price", "basis"), [pytest.param(90, 110, id="Example 1"), pytest.param(70, 90, id="Example 2")])
def test_regulation_1_1091_2_basis_of_the_share_bought_again(price: float, basis: float) -> None:
    _, found = washed(("1935-06-03", "BUY", 1, 100), ("1955-01-15", "SELL", 1, 80), ("1955-02-01", "BUY", 1, price))
    assert price + added(found)["3"] == pytest.approx(basis)


@pytest.mark.parametrize(("day", "counts"), [("2024-04-10", True), ("2024-04-11", False), ("2024-02-10", True), ("2024-02-09", False)])
def test_the_window_is_thirty_days_on_both_sides(day: str, *, counts: bool) -> None:
    rows = sorted([("2024-01-02", "BUY", 10, 100), ("2024-03-11", "SELL", 10, 80), (day, "BUY", 10, 90)])
    assert washed(*rows)[1].rows["washed"].tolist() == [counts]


def test_the_rest_of_a_purchase_replaces_nothing_of_itself() -> None:
    assert washed(("2024-03-01", "BUY", 100, 1000), ("2024-03-11", "SELL", 50, 400))[1].rows["washed"].tolist() == [False]


def test_shares_sold_together_do_not_replace_each_other() -> None:
    _, found = washed(("2024-03-01", "BUY", 10, 200), ("2024-03-05", "BUY", 10, 150), ("2024-03-11", "SELL", 20, 200), method="hifo")
    assert found.rows["washed"].tolist() == [False, False]


def test_a_deferred_loss_comes_back_when_the_replacement_is_sold() -> None:
    booked, found = washed(("2024-01-08", "BUY", 100, 1000), ("2024-03-11", "SELL", 100, 750), ("2024-03-25", "BUY", 100, 800),
                           ("2024-09-02", "SELL", 60, 600))
    assert booked.gains["gain"].tolist() == pytest.approx([-250, 120])
    assert found.rows["carried_cost"].tolist() == pytest.approx([0, 150])
    assert found.rows["adjusted_gain"].tolist() == pytest.approx([0, -30])
    assert found.replacements["days_added"].tolist() == [63]


def test_a_loss_deferred_and_sold_out_is_destroyed_nowhere() -> None:
    """Whatever is washed on the way, once all is sold the adjusted gains add up to the plain ones."""
    booked, found = washed(("2024-01-08", "BUY", 100, 1000), ("2024-03-11", "SELL", 100, 750), ("2024-03-25", "BUY", 100, 800),
                           ("2024-04-10", "SELL", 100, 700), ("2024-04-20", "BUY", 40, 300), ("2024-12-02", "SELL", 40, 500))
    assert found.rows["washed"].tolist() == [True, True, False]
    assert found.rows["adjusted_gain"].sum() == pytest.approx(booked.gains["gain"].sum())


def test_a_share_replaces_once() -> None:
    _, found = washed(("2024-01-02", "BUY", 20, 400), ("2024-03-11", "SELL", 10, 100), ("2024-03-12", "SELL", 10, 100),
                      ("2024-03-20", "BUY", 10, 120))
    assert found.rows["disallowed"].tolist() == pytest.approx([100, 0])


def test_quantities_are_compared_across_a_split() -> None:
    ledger = [{"date": "2024-01-02", "kind": "BUY", "symbol": "X", "quantity": 10, "price": 20},
              {"date": "2024-03-11", "kind": "SELL", "symbol": "X", "quantity": 5, "price": 10},
              {"date": "2024-03-15", "kind": "SPLIT", "symbol": "X", "ratio": 2},
              {"date": "2024-03-20", "kind": "BUY", "symbol": "X", "quantity": 5, "price": 6}]
    assert wash_sales(book(ledger, base_currency="USD")).rows["disallowed"].tolist() == pytest.approx([25])


def test_what_was_moved_does_not_replace_itself() -> None:
    """100 bought, 60 of them moved to another portfolio and sold there: the 40 that stayed are of the same purchase."""
    stayed = [{"date": "2024-03-01", "kind": "BUY", "symbol": "X", "quantity": 100, "price": 10},
              {"date": "2024-03-05", "kind": "TRANSFER_OUT", "symbol": "X", "quantity": 60}]
    lots = [{"date": "2024-03-01", "quantity": 60, "cost": 600}]
    moved = [{"id": "in", "date": "2024-03-05", "kind": "TRANSFER_IN", "symbol": "X", "quantity": 60, "lots": lots},
             {"id": "out", "date": "2024-03-11", "kind": "SELL", "symbol": "X", "quantity": 60, "price": 8}]
    both = merge([book(rows, base_currency="USD") for rows in (stayed, moved)], "USD")
    assert wash_sales(both).rows["washed"].tolist() == [False]


def test_other_instruments_gains_and_covered_shorts_are_left_alone() -> None:
    ledger = [{"date": "2024-01-02", "kind": "SELL", "symbol": "X", "quantity": 10, "price": 20},
              {"date": "2024-03-11", "kind": "BUY", "symbol": "X", "quantity": 10, "price": 25},
              {"date": "2024-03-12", "kind": "BUY", "symbol": "X", "quantity": 10, "price": 25},
              {"date": "2024-03-12", "kind": "BUY", "symbol": "Y", "quantity": 10, "price": 25},
              {"date": "2024-03-20", "kind": "SELL", "symbol": "Y", "quantity": 10, "price": 20},
              {"date": "2024-03-20", "kind": "SELL", "symbol": "X", "quantity": 10, "price": 26}]
    found = wash_sales(book(ledger, base_currency="USD"))
    assert not found.rows["washed"].any()
    assert found.rows["carried_cost"].sum() == 0
