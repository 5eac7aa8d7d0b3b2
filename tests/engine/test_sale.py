"""The sale that is thought through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import book, simulate_sale
from engine.errors import InvalidInput, MoreThanHeld

BOUGHT: list[dict[str, Any]] = [
    {"id": "old", "date": "2021-01-04", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "fee": 1, "account": "x"},
    {"id": "dear", "date": "2022-01-03", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 40, "account": "x"},
    {"id": "new", "date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 20, "account": "y"},
    {"id": "other", "date": "2024-01-02", "kind": "BUY", "symbol": "B", "quantity": 99, "price": 20, "account": "y"},
]


def simulated(quantity: float = 15, **more: Any) -> Any:
    return simulate_sale(BOUGHT, "A", quantity, 30, "2024-06-03", **{"base_currency": "USD", **more})


def test_each_method_takes_its_own_lots() -> None:
    told = simulated()
    assert told.held == 30
    assert told.methods["gain"].to_dict() == pytest.approx({
        "fifo": 450 - 101 - 200, "lifo": 450 - 200 - 200, "hifo": 450 - 400 - 100, "lofo": 450 - 101 - 100, "average": 450 - 701 / 2})
    lots = told.lots.groupby("method")["lot_id"].agg(list)
    assert lots[["fifo", "lifo", "hifo", "lofo"]].to_dict() == {"fifo": ["old", "dear"], "lifo": ["new", "dear"], "hifo": ["dear", "new"],
                                                               "lofo": ["old", "new"]}
    assert told.methods.loc["lofo", ["gain_short", "gain_long"]].tolist() == pytest.approx([50, 199])


def test_the_simulation_is_what_the_sale_then_realises() -> None:
    sale = {"date": "2024-06-03", "kind": "SELL", "symbol": "A", "quantity": 15, "price": 30, "fee": 3, "tax": 2}
    for method, gain in simulated(fee=3, tax=2).methods["gain"].items():
        gains = book([*BOUGHT, sale], base_currency="USD", cost_method=method, lots_by="pooled").gains
        assert gains["gain"].sum() == pytest.approx(gain)


def test_out_of_held_lots_it_is_the_same_where_nothing_was_sold_before() -> None:
    lots = [{"id": "new", "quantity": 4}]
    held = book(BOUGHT, base_currency="USD").lots
    whole, of_held = simulated(fee=3, lots=lots), simulated(fee=3, lots=lots, held_lots=held)
    names = ["proceeds", "cost", "gain", "gain_short", "gain_long", "lots"]
    assert of_held.methods[names].to_numpy().tolist() == [pytest.approx(row) for row in whole.methods[names].to_numpy().tolist()]
    assert of_held.lots["lot_id"].tolist() == whole.lots["lot_id"].tolist()


def test_earlier_sales_stay_what_they_were_when_held_lots_are_given() -> None:
    """The oldest lot was sold first in, first out; a sale last in, first out now does not undo that."""
    ledger = [*BOUGHT, {"date": "2023-01-03", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 30, "account": "x"}]
    held = book(ledger, base_currency="USD").lots
    told = simulate_sale(ledger, "A", 15, 30, "2024-06-03", base_currency="USD", held_lots=held)
    assert {name: set(rows["lot_id"]) for name, rows in told.lots.groupby("method")} == {
        "fifo": {"dear", "new"}, "lifo": {"new", "dear"}, "hifo": {"dear", "new"}, "lofo": {"new", "dear"}, "average": {"dear"}}
    assert simulate_sale(ledger, "A", 15, 30, "2024-06-03", base_currency="USD").methods.loc["hifo", "gain"] == pytest.approx(450 - 200 - 101 / 2)


def test_named_lots_add_the_specific_method() -> None:
    told = simulated(10, lots=[{"id": "new", "quantity": 4}, {"id": "dear", "quantity": 6}])
    assert told.methods.loc["specific", "gain"] == pytest.approx(300 - 80 - 240)
    assert "specific" not in simulated(10).methods.index


def test_an_account_sells_what_it_holds() -> None:
    assert simulated(10, account="y").methods["gain"].unique().tolist() == pytest.approx([100])
    with pytest.raises(MoreThanHeld) as refused:
        simulated(11, account="y")
    assert refused.value.context["held"] == 10
    assert "10 are held in y" in refused.value.message


@pytest.mark.parametrize(("quantity", "price", "field"), [(0, 30, "quantity"), (-3, 30, "quantity"), (3, 0, "price"), (np.nan, 1, "quantity")])
def test_nothing_and_less_is_no_sale(quantity: float, price: float, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        simulate_sale(BOUGHT, "A", quantity, price, "2024-06-03", base_currency="USD")
    assert refused.value.context["field"] == field


def test_more_than_was_held_on_that_day_is_refused_with_what_was() -> None:
    with pytest.raises(MoreThanHeld) as refused:
        simulate_sale(BOUGHT, "A", 25, 30, "2023-01-02", base_currency="USD")
    assert (refused.value.context["held"], refused.value.context["date"]) == (20, "2023-01-02")
    with pytest.raises(MoreThanHeld, match="0 are held"):
        simulate_sale(BOUGHT, "Z", 1, 30, "2024-06-03", base_currency="USD")


def test_a_short_holds_nothing_to_sell() -> None:
    with pytest.raises(MoreThanHeld):
        simulate_sale([{**BOUGHT[0], "kind": "SELL"}], "A", 1, 9, "2024-06-03", base_currency="USD")


def test_taxes_are_estimated_by_term_after_the_losses_of_the_other() -> None:
    rates = {"short": 0.4, "long": 0.2}
    told = simulated(tax_rates=rates).methods
    assert told.loc["lofo", "estimated_tax"] == pytest.approx(50 * 0.4 + 199 * 0.2)
    assert told.loc["hifo", "estimated_tax"] == 0  # 50 short less 100 long
    assert told.loc["lofo", "after_tax"] == pytest.approx(450 - 59.8)
    assert np.isnan(simulated().methods["estimated_tax"]).all()


def test_price_and_currency_parts_of_a_foreign_sale() -> None:
    bought = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "currency": "USD", "fx_rate": 0.9}]
    told = simulate_sale(bought, "A", 10, 12, "2024-06-03", base_currency="EUR", fx_rate=0.8).methods.loc["fifo"]
    assert told[["proceeds_local", "cost_local", "gain_local", "proceeds", "cost", "gain"]].tolist() == pytest.approx([120, 100, 20, 96, 90, 6])
    assert told[["price_gain", "fx_gain"]].tolist() == pytest.approx([16, -10])


def test_lots_of_a_predecessor_are_sold_with_their_dates() -> None:
    rows = [{"id": "first", "date": "2020-01-02", "kind": "BUY", "symbol": "P", "quantity": 10, "price": 10},
            {"date": "2023-01-02", "kind": "MERGER", "symbol": "P", "to_symbol": "A", "ratio": 0.5}]
    told = simulate_sale(rows, "A", 5, 30, "2024-06-03", base_currency="USD")
    assert told.lots[["term", "lot_id"]].iloc[0].tolist() == ["long", "first"]
    assert told.methods.loc["fifo", "gain"] == pytest.approx(50)


def test_the_rules_of_the_united_kingdom_stand_beside_the_others() -> None:
    told = simulated(15, with_section_104=True)
    assert told.methods.loc["section_104", "gain"] == pytest.approx(450 - 701 / 2)
    assert told.lots.loc[told.lots["method"] == "section_104", "rule"].tolist() == ["section_104"]
