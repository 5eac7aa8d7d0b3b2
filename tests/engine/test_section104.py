"""The rules of the United Kingdom against HMRC's own examples, and what they say of splits, transfers and corporate actions.

HMRC tells whole pounds, and rounds costs up: its figures are met to the pound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import book, section_104
from engine.section104 import Section104

POUND = 1.0


def ledger(*rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [{"date": day, "kind": kind, "symbol": "A", "quantity": quantity, "amount": amount, "fee": fee[0] if fee else 0}
            for day, kind, quantity, amount, *fee in rows]


def matched(*rows: tuple[Any, ...]) -> Section104:
    return section_104(book(ledger(*rows), base_currency="GBP"))


def parts(told: Section104) -> list[tuple[str, float]]:
    return list(zip(told.disposals["rule"], told.disposals["quantity"], strict=True))


def test_cg51590_example_1_ms_davy_a_bed_and_breakfast_and_then_the_pool() -> None:
    told = matched(("2006-04-15", "BUY", 1000, 1300), ("2006-08-04", "BUY", 1000, 1450), ("2007-01-19", "BUY", 500, 950),
                   ("2010-03-16", "SELL", 2000, 6850), ("2010-04-07", "BUY", 2000, 6790), ("2010-12-10", "SELL", 2200, 7700))
    assert parts(told) == [("thirty_day", 2000.0), ("section_104", 2200.0)]
    assert told.disposals["gain"].tolist() == pytest.approx([60, 4444], abs=1e-9)
    assert told.disposals["cost"].tolist() == pytest.approx([6790, 3256], abs=1e-9)
    assert told.pools.loc["A"].to_dict() == pytest.approx({"quantity": 300, "cost": 444, "cost_local": 444})


def test_cg51590_example_3_mrs_mountain_a_holding_at_its_value_of_1982() -> None:
    told = matched(("1982-03-31", "BUY", 7500, 21000), ("1988-02-06", "BUY", 4000, 16500), ("1993-07-28", "BUY", 4000, 17000),
                   ("2005-03-31", "BUY", 6000, 29000), ("2013-06-13", "SELL", 16500, 114675))
    assert told.disposals["gain"].tolist() == pytest.approx([50594], abs=POUND)
    assert told.pools.loc["A", "cost"] == pytest.approx(19419, abs=POUND)


@pytest.mark.parametrize(("held", "sold_on", "sold", "bought_on", "bought", "thirty_day"), [
    pytest.param(1000, "2011-07-01", 1000, "2011-07-31", 1000, 1000, id="Example 1: bought back on the thirtieth day"),
    pytest.param(2500, "2012-03-27", 1700, "2012-03-30", 500, 500, id="Example 2: a part of it bought back"),
    pytest.param(10000, "2009-02-28", 2000, "2009-03-31", 3000, 0, id="Example 3: bought back on the thirty-first day"),
])
def test_cg51560_the_thirty_day_rule(held: float, sold_on: str, sold: float, bought_on: str, bought: float, thirty_day: float) -> None:
    told = matched(("2005-01-04", "BUY", held, held), (sold_on, "SELL", sold, 2 * sold), (bought_on, "BUY", bought, 2 * bought))
    by_rule = told.disposals.groupby("rule")["quantity"].sum().to_dict()
    assert by_rule == {name: units for name, units in (("thirty_day", thirty_day), ("section_104", sold - thirty_day)) if units}


def test_hs284_example_2_mr_schneider_sells_4000_mesopotamia_and_buys_500_back() -> None:
    told = matched(("2014-01-06", "BUY", 9500, 9500), ("2023-08-30", "SELL", 4000, 6000), ("2023-09-11", "BUY", 500, 850))
    assert parts(told) == [("thirty_day", 500.0), ("section_104", 3500.0)]
    assert told.disposals["proceeds"].tolist() == pytest.approx([750, 5250])
    assert told.disposals["gain"].iloc[0] == pytest.approx(-100)


def test_hs284_example_3_ms_pierson_sells_lobster_from_the_pool_with_dealing_costs() -> None:
    told = matched(("2015-04-01", "BUY", 1000, 4000, 150), ("2018-09-01", "BUY", 500, 2050, 80), ("2023-05-01", "SELL", 700, 3360, 100),
                   ("2024-02-01", "SELL", 400, 2080, 105))
    assert told.disposals["gain"].tolist() == pytest.approx([329, 300], abs=POUND)
    assert told.disposals["cost"].tolist() == pytest.approx([2930.67, 1674.67], abs=0.005)
    assert told.pools.loc["A", ["quantity", "cost"]].tolist() == pytest.approx([400, 1674.67], abs=0.005)
    assert told.disposals["fee"].tolist() == pytest.approx([100 + 230 * 700 / 1500, 105 + 230 * 400 / 1500])


def test_the_same_day_comes_first_even_for_a_later_sale() -> None:
    """CG51560: what is bought on the day of a later sale is that sale's, though an earlier one lies within thirty days."""
    told = matched(("2020-01-06", "BUY", 100, 100), ("2020-02-03", "SELL", 40, 80), ("2020-02-20", "BUY", 30, 90), ("2020-02-20", "SELL", 30, 95))
    assert parts(told) == [("section_104", 40.0), ("same_day", 30.0)]
    assert told.disposals["gain"].tolist() == pytest.approx([40, 5])


def test_purchases_of_the_thirty_days_are_taken_earliest_first() -> None:
    told = matched(("2020-01-06", "BUY", 100, 100), ("2020-02-03", "SELL", 40, 80), ("2020-02-10", "BUY", 30, 90), ("2020-02-20", "BUY", 30, 60))
    assert parts(told) == [("thirty_day", 30.0), ("thirty_day", 10.0)]
    assert [str(day.date()) for day in told.disposals["opened"]] == ["2020-02-10", "2020-02-20"]
    assert told.disposals["cost"].tolist() == pytest.approx([90, 20])
    assert told.pools.loc["A", ["quantity", "cost"]].tolist() == pytest.approx([120, 140])


def test_what_the_pool_cannot_cover_waits_for_later_purchases() -> None:
    told = matched(("2020-01-06", "SELL", 10, 50), ("2020-06-01", "BUY", 4, 12), ("2020-07-01", "BUY", 8, 40))
    assert parts(told) == [("later", 4.0), ("later", 6.0)]
    assert told.disposals["gain"].tolist() == pytest.approx([8, 0])
    assert told.pools.loc["A", "quantity"] == pytest.approx(2)
    short = matched(("2020-01-06", "SELL", 10, 50))
    assert short.disposals.empty
    assert [(finding.code, finding.context["quantity"]) for finding in short.findings] == [("unmatched_disposal", 10.0)]


def test_two_sales_of_a_day_are_one_and_each_keeps_its_share() -> None:
    told = matched(("2020-01-06", "BUY", 100, 100), ("2020-02-03", "SELL", 30, 60), ("2020-02-03", "SELL", 10, 30), ("2020-02-05", "BUY", 20, 50))
    assert told.disposals.groupby("transaction_id")["quantity"].sum().to_dict() == pytest.approx({"2": 30, "3": 10})
    assert told.disposals.groupby("transaction_id")["proceeds"].sum().to_dict() == pytest.approx({"2": 60, "3": 30})
    assert told.disposals["cost"].sum() == pytest.approx(50 + 20)


def test_a_split_between_sale_and_purchase_is_counted_in_the_shares_of_the_sale() -> None:
    """Sold 100 old shares; 150 of the purchase's shares are 75 of those after a 2:1 split."""
    told = matched(("2020-01-06", "BUY", 1000, 4000), ("2020-02-03", "SELL", 100, 600), ("2020-02-10", "SPLIT", 2, None),
                   ("2020-02-20", "BUY", 150, 450))
    assert parts(told) == [("thirty_day", 75.0), ("section_104", 25.0)]
    assert told.disposals["gain"].tolist() == pytest.approx([450 - 450, 150 - 100])
    assert told.pools.loc["A", ["quantity", "cost"]].tolist() == pytest.approx([1950, 3900])


def test_accounts_and_books_are_one_holding_and_a_split_counts_once() -> None:
    first = [{"date": "2020-01-06", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 1, "account": "x"},
             {"date": "2020-02-03", "kind": "SPLIT", "symbol": "A", "ratio": 2}]
    second = [{"date": "2020-01-06", "kind": "BUY", "symbol": "A", "quantity": 30, "price": 3},
              {"date": "2020-02-03", "kind": "SPLIT", "symbol": "A", "ratio": 2},
              {"date": "2020-03-02", "kind": "SELL", "symbol": "A", "quantity": 8, "price": 5}]
    told = section_104([book(rows, base_currency="GBP") for rows in (first, second)])
    assert told.disposals["cost"].tolist() == pytest.approx([8 / 80 * 100])
    assert told.pools.loc["A", ["quantity", "cost"]].tolist() == pytest.approx([72, 90])


def test_a_transfer_between_accounts_is_no_disposal() -> None:
    rows = [{"date": "2020-01-06", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 1, "account": "x"},
            {"date": "2020-01-07", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 3, "account": "y"},
            {"date": "2020-02-03", "kind": "TRANSFER_OUT", "symbol": "A", "quantity": 10, "account": "x"},
            {"date": "2020-02-04", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 10, "account": "y"},
            {"date": "2020-03-02", "kind": "SELL", "symbol": "A", "quantity": 5, "price": 5, "account": "y"}]
    told = section_104(book(rows, base_currency="GBP"))
    assert told.disposals[["account", "cost", "gain"]].to_dict("records") == [{"account": "y", "cost": pytest.approx(10), "gain": pytest.approx(15)}]


def test_a_transfer_between_books_is_no_disposal_whichever_book_comes_first() -> None:
    """The leg that arrives brings lots with their own cost; in one pool both legs cancel."""
    there = [{"date": "2020-01-06", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 1},
             {"date": "2020-01-07", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 3},
             {"date": "2020-02-03", "kind": "TRANSFER_OUT", "symbol": "A", "quantity": 10}]
    here = [{"date": "2020-02-03", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 10,
             "lots": [{"date": "2020-01-06", "quantity": 10, "cost": 10}]},
            {"date": "2020-03-02", "kind": "SELL", "symbol": "A", "quantity": 5, "price": 5}]
    books = [book(rows, base_currency="GBP") for rows in (there, here)]
    for order in (books, books[::-1]):
        told = section_104(order)
        assert told.disposals["cost"].tolist() == pytest.approx([10])
        assert told.pools.loc["A", ["quantity", "cost"]].tolist() == pytest.approx([15, 30])


def test_shares_that_arrive_join_the_pool_and_match_no_sale_before_them() -> None:
    rows = [{"date": "2020-01-06", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 1},
            {"date": "2020-02-03", "kind": "SELL", "symbol": "A", "quantity": 5, "price": 4},
            {"date": "2020-02-04", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 5, "price": 3}]
    told = section_104(book(rows, base_currency="GBP"))
    assert parts(told) == [("section_104", 5.0)]
    assert told.pools.loc["A", "cost"] == pytest.approx(5 + 15)


def test_spin_off_merger_and_returned_capital_move_the_pools_cost() -> None:
    rows = [{"date": "2020-01-06", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10},
            {"date": "2020-02-03", "kind": "SPIN_OFF", "symbol": "A", "to_symbol": "B", "quantity": 5, "ratio": 0.2},
            {"date": "2020-03-02", "kind": "RETURN_OF_CAPITAL", "symbol": "A", "amount": 30},
            {"date": "2020-04-01", "kind": "MERGER", "symbol": "A", "to_symbol": "C", "ratio": 2},
            {"date": "2020-05-01", "kind": "RETURN_OF_CAPITAL", "symbol": "B", "amount": 25}]
    told = section_104(book(rows, base_currency="GBP"))
    assert told.pools["cost"].to_dict() == pytest.approx({"B": 0, "C": 50})
    assert told.pools["quantity"].to_dict() == pytest.approx({"B": 5, "C": 20})
    assert told.disposals[["symbol", "rule", "gain"]].to_numpy().tolist() == [["B", "capital_distribution", pytest.approx(5)]]


def test_amounts_are_in_pounds_at_the_rate_of_their_own_day() -> None:
    rows = [{"date": "2020-01-06", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "currency": "USD", "fx_rate": 0.8},
            {"date": "2020-02-03", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 10, "currency": "USD", "fx_rate": 0.75, "fee": 4}]
    told = section_104(book(rows, base_currency="GBP")).disposals.iloc[0]
    assert told[["proceeds_local", "cost_local", "proceeds", "cost", "gain", "fee"]].tolist() == pytest.approx([96, 100, 72, 80, -8, 3])


def test_every_share_sold_is_matched_once_whatever_the_order() -> None:
    generator = np.random.default_rng(3)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.sort(generator.integers(0, 400, 300)), unit="D")
    rows = [(str(day.date()), "SELL" if generator.random() < 0.45 else "BUY", int(generator.integers(1, 40)), float(generator.integers(10, 900)))
            for day in days]
    told = matched(*rows)
    bought, sold = (sum(row[2] for row in rows if row[1] == kind) for kind in ("BUY", "SELL"))
    waiting = sum(finding.context["quantity"] for finding in told.findings)
    assert told.disposals["quantity"].sum() + waiting == pytest.approx(sold)
    assert told.pools["quantity"].sum() == pytest.approx(bought - sold + waiting)
    spent = sum(row[3] for row in rows if row[1] == "BUY")
    assert told.disposals["cost"].sum() + told.pools["cost"].sum() == pytest.approx(spent)


def test_nothing_in_nothing_out() -> None:
    told = section_104(book([], base_currency="GBP"))
    assert told.disposals.empty
    assert told.pools.empty
    assert told.findings == ()
