"""Transfers by hand: lots that move with cost and dates, and which legs are a flow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import Book, book, daily_values, pnl_bridge
from engine.errors import InvalidInput, InvalidTransaction

TWO_LOTS = [
    {"id": "b1", "date": "2023-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5, "account": "here"},
    {"id": "b2", "date": "2023-06-01", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 8, "account": "here"},
]
OUT = {"id": "out", "date": "2024-01-02", "kind": "TRANSFER_OUT", "symbol": "A", "quantity": 15, "account": "here", "transfer_id": "t"}
IN = {"id": "in", "date": "2024-01-02", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 15, "account": "there", "transfer_id": "t"}


def booked(entries: list[dict[str, Any]], **options: Any) -> Book:
    return book(entries, base_currency="EUR", **options)


def lots(found: Book) -> list[tuple[str | None, str, float, float]]:
    rows = found.lots.sort_values(["account", "opened"])
    return [(row.account, str(row.opened.date()), row.quantity, row.cost_base) for row in rows.itertuples()]


def test_a_transfer_between_accounts_keeps_cost_and_dates_and_is_no_flow() -> None:
    # fifo: 10 of January for 50 and 5 of June for 40 leave
    found = booked([*TWO_LOTS, OUT, IN])
    assert lots(found) == [("here", "2023-06-01", 5.0, 40.0), ("there", "2023-01-02", 10.0, 50.0), ("there", "2023-06-01", 5.0, 40.0)]
    assert found.flows.empty
    assert found.gains.empty
    assert found.findings == ()
    assert found.positions.loc["A", ["quantity", "cost_base", "realised"]].tolist() == [20.0, 130.0, 0.0]


def test_one_leg_alone_is_a_flow_at_cost() -> None:
    assert booked([*TWO_LOTS, OUT]).flows[["kind", "amount_base"]].to_numpy().tolist() == [["TRANSFER_OUT", -90.0]]


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "lofo", "average", "specific"])
def test_no_method_makes_cost_out_of_a_transfer_between_accounts(method: str) -> None:
    found = booked([*TWO_LOTS, OUT, IN], cost_method=method)
    assert found.positions.loc["A", "cost_base"] == pytest.approx(130.0, abs=1e-12)
    assert found.flows.empty


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "lofo", "specific"])
def test_a_transfer_takes_the_lots_that_it_names(method: str) -> None:
    named = OUT | {"lots": [{"id": "b2", "quantity": 10}, {"id": "b1", "quantity": 5}]}
    found = booked([*TWO_LOTS, named], cost_method=method)
    assert lots(found) == [("here", "2023-01-02", 5.0, 25.0)]


def test_an_arrival_takes_the_lots_of_its_own_transfer_only() -> None:
    # the first transfer left the ledger for good; the second of the same size went to another account
    gone = OUT | {"id": "gone", "quantity": 5, "transfer_id": "elsewhere"}
    found = booked([*TWO_LOTS, gone, OUT | {"quantity": 5}, IN | {"quantity": 5}])
    assert lots(found) == [("here", "2023-06-01", 10.0, 80.0), ("there", "2023-01-02", 5.0, 25.0)]
    assert found.flows["amount_base"].tolist() == [-25.0]


def test_lots_that_come_from_elsewhere_bring_date_cost_and_rate() -> None:
    # 4 at 10 USD, bought at 0.8 EUR a dollar: 32 EUR; 6 that cost 90 USD in all, at today's 0.9: 81 EUR
    came = {"id": "in", "date": "2024-01-02", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 10, "currency": "USD", "lots": [
        {"date": "2020-05-01", "quantity": "4", "price": "10", "fx_rate": "0.8"}, {"date": "2021-07-01", "quantity": "6", "cost": "90"}]}
    fx = pd.DataFrame({"USDEUR": [0.9]}, index=pd.to_datetime(["2024-01-02"]))
    found = booked([came], fx=fx)
    assert lots(found) == [(None, "2020-05-01", 4.0, 32.0), (None, "2021-07-01", 6.0, 81.0)]
    assert found.flows["amount_base"].tolist() == [113.0]
    assert found.findings == ()


def test_the_price_of_a_lot_is_of_one_unit_of_the_underlying() -> None:
    came = {"date": "2024-01-02", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 2, "lots": [{"date": "2023-05-01", "quantity": 2, "price": 3}]}
    assert booked([came], multipliers={"A": 100}).positions.loc["A", "cost_base"] == 600.0


def test_lots_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(InvalidTransaction, match="the lots hold 3, the transfer 2"):
        booked([{"date": "2024-01-02", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 2, "lots": [{"quantity": 3, "price": 1}]}])


def test_cash_between_accounts_is_no_flow() -> None:
    legs = [{"date": "2024-01-02", "kind": kind, "amount": 40, "transfer_id": "t"} for kind in ("TRANSFER_OUT", "TRANSFER_IN")]
    found = booked([{"date": "2024-01-01", "kind": "DEPOSIT", "amount": 100}, *legs])
    assert found.flows["amount_base"].tolist() == [100.0]
    assert found.cash.loc["EUR", ["balance", "contributed"]].tolist() == [100.0, 100.0]


def test_a_security_that_crosses_counts_at_cost_or_at_market() -> None:
    # bought for 50, worth 70 on the day it comes: at market a flow of 70 and no gain, at cost a flow of 50 and a gain of 20
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    prices = pd.DataFrame({"A": [6.0, 7.0, 8.0]}, index=days)
    came = [{"date": "2024-01-02", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 10, "price": 5}]
    window = {"start": days[0], "end": days[2], "base_currency": "EUR"}
    flows = {where: daily_values(came, prices, **window, transfers_at=where)["flow"].tolist() for where in ("booked", "market")}
    assert flows == {"booked": [0.0, 50.0, 0.0], "market": [0.0, 70.0, 0.0]}
    for where, price in (("booked", 30.0), ("market", 10.0)):
        bridge = pnl_bridge(came, prices, **window, transfers_at=where)
        assert [bridge["price"], bridge["residual"], bridge["closing_value"]] == [price, 0.0, 80.0]


def test_a_security_without_price_crosses_at_cost() -> None:
    came = [{"date": "2024-01-02", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 10, "price": 5}]
    told = daily_values(came, pd.DataFrame(), start="2024-01-01", end="2024-01-02", base_currency="EUR", transfers_at="market")
    assert told["flow"].tolist() == [0.0, 50.0]
    assert np.isfinite(told["net_contributions"]).all()


def test_an_unknown_way_to_count_transfers_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not a choice"):
        daily_values([], {}, start="2024-01-01", end="2024-01-02", base_currency="EUR", transfers_at="guess")
