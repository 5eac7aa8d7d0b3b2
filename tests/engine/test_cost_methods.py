"""The six cost methods on one ledger, accounts, and overselling."""

from __future__ import annotations

from typing import Any

import pytest

from engine import book, positions, realised_gains
from engine.errors import InvalidInput, InvalidTransaction, OversoldPosition
from engine.types import CostMethod

# Four purchases, then a sale of 15 at 20: proceeds 300.
LOTS = [("2024-01-01", 10, 10.0), ("2024-01-02", 10, 14.0), ("2024-01-03", 5, 8.0), ("2024-01-04", 5, 12.0)]
BUY = {"kind": "BUY", "symbol": "A"}
BUYS = [{**BUY, "id": f"b{at}", "date": day, "quantity": units, "price": price} for at, (day, units, price) in enumerate(LOTS, 1)]
SALE = {"id": "s", "date": "2024-02-01", "kind": "SELL", "symbol": "A", "quantity": 15, "price": 20}
COST = {
    "fifo": 10 * 10 + 5 * 14,  # 170
    "lifo": 5 * 12 + 5 * 8 + 5 * 14,  # 170: the newest first
    "hifo": 10 * 14 + 5 * 12,  # 200: the dearest first
    "lofo": 5 * 8 + 10 * 10,  # 140: the cheapest first
    "average": 15 * 340 / 30,  # 170: 100 + 140 + 40 + 60 = 340 for 30
    "specific": 5 * 12 + 10 * 14,  # 200: as named below
}
NAMED = {**SALE, "lots": [{"id": "b4", "quantity": 5}, {"transaction_id": "b2"}]}


@pytest.mark.parametrize("method", [method.value for method in CostMethod])
def test_a_sale_takes_the_lots_of_its_method(method: str) -> None:
    ledger = [*BUYS, NAMED]
    gains = realised_gains(ledger, cost_method=method)
    assert gains["cost"].sum() == pytest.approx(COST[method], abs=1e-12)
    assert gains["gain"].sum() == pytest.approx(300 - COST[method], abs=1e-12)
    assert positions(ledger, cost_method=method).loc["A", "cost_base"] == pytest.approx(340 - COST[method], abs=1e-12)


@pytest.mark.parametrize("method", ["lifo", "hifo", "lofo"])
def test_order_survives_a_split_and_a_return_of_capital(method: str) -> None:
    # after 2:1 and 30 back (0.5 a share) unit costs are 4.5 6.5 3.5 5.5; 10 sold cost 55 (newest), 65 (dearest), 35 (cheapest)
    split = {"date": "2024-01-05", "kind": "SPLIT", "symbol": "A", "ratio": 2}
    between = [split, {"date": "2024-01-06", "kind": "RETURN_OF_CAPITAL", "symbol": "A", "amount": 30}]
    gains = realised_gains([*BUYS, *between, {**SALE, "quantity": 10}], cost_method=method)
    assert gains["cost"].sum() == pytest.approx({"lifo": 55, "hifo": 65, "lofo": 35}[method], abs=1e-12)


def test_among_lots_of_one_cost_the_older_goes_first() -> None:
    # 10 a share comes back: lots of 8 and 9 both cost 0 now, so the dearest is either and the older is taken
    ledger = [
        {**BUY, "id": "old", "date": "2024-01-01", "quantity": 1, "price": 8},
        {**BUY, "id": "new", "date": "2024-01-02", "quantity": 1, "price": 9},
        {"date": "2024-01-03", "kind": "RETURN_OF_CAPITAL", "symbol": "A", "amount": 20},
        {**SALE, "quantity": 1},
    ]
    assert realised_gains(ledger, cost_method="hifo")["lot_id"].tolist()[-1] == "old"


def test_a_named_lot_that_is_not_there_is_told_and_the_oldest_taken() -> None:
    found = book([*BUYS, {**SALE, "lots": [{"id": "nowhere", "quantity": 5}]}], base_currency="USD", cost_method="specific")
    assert found.gains["cost"].sum() == COST["fifo"]
    assert [finding.code for finding in found.findings] == ["unknown_lot"]


def test_average_of_a_short_is_its_average_proceeds() -> None:
    # short 10 at 20 and 10 at 30: 25 on average; covering 5 at 24 gains 5
    ledger = [
        {"date": "2024-01-01", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 20},
        {"date": "2024-01-02", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 30},
        {"date": "2024-01-03", "kind": "BUY", "symbol": "A", "quantity": 5, "price": 24},
    ]
    assert realised_gains(ledger, cost_method="average")["gain"].tolist() == [5.0]


def test_within_a_day_the_order_given_is_the_order_booked() -> None:
    one = {"date": "2024-01-01", "symbol": "A", "quantity": 1}
    ledger = [{**one, "kind": "SELL", "price": 9}, {**one, "kind": "BUY", "price": 8}]
    assert realised_gains(ledger)["quantity"].tolist() == [-1.0]
    assert realised_gains(ledger[::-1])["quantity"].tolist() == [1.0]


def test_a_sale_takes_lots_of_its_own_account_unless_pooled() -> None:
    ledger = [{**BUYS[0], "account": "one"}, {**BUYS[1], "account": "two"}, {**SALE, "quantity": 10, "account": "two"}]
    assert realised_gains(ledger)["cost"].tolist() == [140.0]
    assert realised_gains(ledger, lots_by="pooled")["cost"].tolist() == [100.0]
    assert book(ledger, base_currency="USD").lots["account"].tolist() == ["one"]


def test_a_split_without_account_reaches_every_account() -> None:
    split = {"date": "2024-03-01", "kind": "SPLIT", "symbol": "A", "ratio": 3}
    ledger = [{**BUYS[0], "account": "one"}, {**BUYS[1], "account": "two"}]
    assert positions([*ledger, split]).loc["A", "quantity"] == 60.0
    assert positions([*ledger, {**split, "account": "one"}]).loc["A", "quantity"] == 40.0


def test_overselling_is_a_short_an_error_or_a_finding() -> None:
    ledger = [BUYS[0], SALE]
    assert positions(ledger).loc["A", "quantity"] == -5.0
    with pytest.raises(OversoldPosition) as caught:
        positions(ledger, oversell="error")
    assert caught.value.context | {"symbol": "A", "quantity": 15.0, "held": 10.0, "date": "2024-02-01"} == caught.value.context
    # the 5 that lack are taken to have come in at 20: a flow of 100, no gain on them: 10 x (20 - 10) = 100 realised
    missing = book(ledger, base_currency="USD", oversell="missing")
    assert missing.positions.loc["A", ["quantity", "realised"]].tolist() == [0.0, 100.0]
    assert missing.flows["amount_base"].tolist() == [100.0]
    assert [finding.code for finding in missing.findings] == ["oversold"]


@pytest.mark.parametrize(("option", "value"), [("cost_method", "newest"), ("oversell", "maybe"), ("lots_by", "colour"), ("base_currency", "XYZ")])
def test_a_choice_that_does_not_exist_is_refused(option: str, value: str) -> None:
    options: dict[str, Any] = {"base_currency": "USD", option: value}
    with pytest.raises(InvalidInput) as caught:
        book(BUYS, **options)
    assert caught.value.context["field"] == option


def test_lots_of_a_transfer_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(InvalidTransaction, match="the lots hold 2, the transfer 5"):
        positions([{"date": "2024-01-01", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 5, "lots": [{"quantity": 2, "price": 1}]}])
