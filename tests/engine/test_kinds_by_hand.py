"""Every kind of transaction, worked by hand: what it does to quantity, cost, cash, realised, income, fees, taxes and flows."""

from __future__ import annotations

from typing import Any

import pytest

from engine import EFFECTS, Book, book
from engine.types import Kind

BUY = {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5, "fee": 2, "tax": 1}  # cost 10 x 5 + 2 + 1 = 53, cash -53


def booked(*entries: dict[str, Any], **options: Any) -> Book:
    return book([{"date": "2024-01-02", **entry} for entry in entries], base_currency="EUR", **options)


def position(found: Book, symbol: str = "A") -> dict[str, float]:
    return found.positions.loc[symbol].to_dict()


def cash(found: Book) -> float:
    return float(found.cash.loc["EUR", "balance"])


def test_buy_puts_fee_and_tax_into_cost() -> None:
    found = booked(BUY)
    assert position(found) | {"quantity": 10.0, "cost_base": 53.0, "fees": 0.0, "taxes": 0.0, "fees_paid": 2.0, "taxes_paid": 1.0} == position(found)
    assert cash(found) == -53.0
    assert found.lots.loc[0, ["quantity", "price", "cost_base", "transaction_id"]].tolist() == [10.0, 5.3, 53.0, "1"]


def test_buy_with_fees_apart_has_gross_cost() -> None:
    found = booked(BUY, fees_in_cost=False)
    assert position(found) | {"cost_base": 50.0, "fees": 2.0, "taxes": 1.0} == position(found)
    assert cash(found) == -53.0


def test_an_amount_stands_for_a_price_and_a_price_beats_it() -> None:
    assert position(booked({"kind": "BUY", "symbol": "A", "quantity": 4, "amount": 30}))["cost_base"] == 30.0
    assert position(booked({"kind": "BUY", "symbol": "A", "quantity": 4, "amount": 30, "price": 7}))["cost_base"] == 28.0


def test_multiplier_scales_cost_and_cash() -> None:
    # 2 contracts x 3.5 x 100 = 700; half is sold for 1 x 5 x 100 = 500, so 500 - 350 = 150
    sale = {"kind": "SELL", "symbol": "C", "quantity": 1, "price": 5}
    found = booked({"kind": "BUY", "symbol": "C", "quantity": 2, "price": 3.5}, sale, multipliers={"C": 100})
    assert (position(found, "C")["cost_base"], position(found, "C")["realised"], cash(found)) == (350.0, 150.0, -200.0)
    assert found.lots.loc[0, "price"] == 3.5


def test_sell_realises_proceeds_less_fee_tax_and_cost() -> None:
    # proceeds 4 x 8 - 1.5 - 0.5 = 30; cost 4/10 x 53 = 21.2; gain 8.8; cost left 31.8; cash -53 + 30 = -23
    found = booked(BUY, {"kind": "SELL", "symbol": "A", "quantity": 4, "price": 8, "fee": 1.5, "tax": 0.5})
    assert position(found) | {"quantity": 6.0, "fees": 0.0, "taxes": 0.0, "fees_paid": 3.5, "taxes_paid": 1.5} == position(found)
    assert position(found)["cost_base"] == pytest.approx(31.8, abs=1e-12)
    assert position(found)["realised"] == pytest.approx(8.8, abs=1e-12)
    assert cash(found) == -23.0
    gain = found.gains.loc[0]
    # fee of both sides: 1.5 + 4/10 x 2 = 2.3; tax 0.5 + 4/10 x 1 = 0.9; gross 8.8 + 2.3 + 0.9 = 12 = 4 x (8 - 5)
    assert [gain["fee"], gain["tax"], gain["gain"] + gain["fee"] + gain["tax"]] == pytest.approx([2.3, 0.9, 12.0], abs=1e-12)
    assert [gain["quantity"], gain["lot_id"], gain["transaction_id"], gain["kind"]] == [4.0, "1", "2", "SELL"]


def test_sell_with_fees_apart_realises_gross() -> None:
    found = booked(BUY, {"kind": "SELL", "symbol": "A", "quantity": 4, "price": 8, "fee": 1.5, "tax": 0.5}, fees_in_cost=False)
    assert position(found) | {"realised": 12.0, "fees": 3.5, "taxes": 1.5, "cost_base": 30.0} == position(found)


def test_short_and_cover() -> None:
    # short 10 at 8 less fee 2: proceeds 78, so cost -78; cover 4 at 6 plus fee 1: 25 against 4/10 x 78 = 31.2: gain 6.2; left -46.8
    found = booked(
        {"kind": "SELL", "symbol": "A", "quantity": 10, "price": 8, "fee": 2}, {"kind": "BUY", "symbol": "A", "quantity": 4, "price": 6, "fee": 1}
    )
    assert position(found)["quantity"] == -6.0
    assert [position(found)["cost_base"], position(found)["realised"], cash(found)] == pytest.approx([-46.8, 6.2, 53.0], abs=1e-12)
    assert found.gains.loc[0, ["quantity", "proceeds", "cost"]].tolist() == pytest.approx([-4.0, 31.2, 25.0], abs=1e-12)


def test_a_sale_flips_through_zero_and_a_purchase_flips_back() -> None:
    # 10 at 5; sell 15 at 7 with fee 3: 10 close at 70 - 2 = 68 against 50: 18; 5 open short at 35 - 1 = 34
    # buy 8 at 6 with fee 4: 5 cover for 30 + 2.5 = 32.5 against 34: 1.5; 3 stay long at 18 + 1.5 = 19.5
    found = booked(
        {"kind": "BUY", "symbol": "A", "quantity": 10, "price": 5},
        {"kind": "SELL", "symbol": "A", "quantity": 15, "price": 7, "fee": 3},
        {"kind": "BUY", "symbol": "A", "quantity": 8, "price": 6, "fee": 4},
    )
    assert found.gains["gain"].tolist() == pytest.approx([18.0, 1.5], abs=1e-12)
    assert [position(found)["quantity"], position(found)["cost_base"]] == pytest.approx([3.0, 19.5], abs=1e-12)
    assert cash(found) == -50 + 105 - 3 - 48 - 4


def test_tenths_that_add_up_close_the_position() -> None:
    tenths = [{"kind": "BUY", "symbol": "A", "quantity": 0.1, "price": 10}] * 3
    found = booked(*tenths, {"kind": "SELL", "symbol": "A", "quantity": 0.3, "price": 10})
    assert position(found)["quantity"] == 0.0
    assert position(found)["cost_base"] == 0.0
    assert found.lots.empty


def test_dividend_is_gross_income_and_its_withholding_a_tax() -> None:
    found = booked(BUY, {"kind": "DIVIDEND", "symbol": "A", "amount": 20, "tax": 3, "fee": 0.5})
    assert position(found) | {"income": 20.0, "taxes": 3.0, "fees": 0.5} == position(found)
    assert cash(found) == -53 + 16.5
    assert position(booked({"kind": "DIVIDEND", "symbol": "A", "quantity": 8, "price": 0.25}))["income"] == 2.0


def test_interest_fee_and_tax_without_symbol_belong_to_the_cash() -> None:
    found = booked({"kind": "INTEREST", "amount": 9, "tax": 1}, {"kind": "FEE", "amount": 2}, {"kind": "TAX", "tax": 4}, {"kind": "FEE", "fee": 3})
    assert found.cash.loc["EUR", ["balance", "income", "fees", "taxes"]].tolist() == [-1.0, 9.0, 5.0, 5.0]
    assert found.positions.empty
    assert found.flows.empty


def test_deposit_and_withdrawal_are_flows_and_their_fee_is_not() -> None:
    found = booked({"kind": "DEPOSIT", "amount": 100, "fee": 1}, {"kind": "WITHDRAWAL", "amount": 30, "fee": 2})
    assert found.cash.loc["EUR", ["balance", "contributed", "fees"]].tolist() == [67.0, 70.0, 3.0]
    assert found.flows["amount_base"].tolist() == [100.0, -30.0]


def test_transfer_in_carries_its_cost_as_a_flow() -> None:
    found = booked({"kind": "TRANSFER_IN", "symbol": "A", "quantity": 3, "price": 7, "fee": 1})
    assert position(found) | {"quantity": 3.0, "cost_base": 21.0, "fees": 1.0} == position(found)
    assert found.flows["amount_base"].tolist() == [21.0]
    assert cash(found) == -1.0


def test_transfer_without_symbol_is_cash() -> None:
    found = booked({"kind": "TRANSFER_IN", "amount": 50}, {"kind": "TRANSFER_OUT", "amount": 20})
    assert cash(found) == 30.0
    assert found.flows["kind"].tolist() == ["TRANSFER_IN", "TRANSFER_OUT"]


def test_transfer_out_leaves_at_cost_or_realises_at_its_price() -> None:
    # cost of 4 of 10: 21.2; at a price of 8 the flow is -32 and 32 - 21.2 = 10.8 is realised
    at_cost = booked(BUY, {"kind": "TRANSFER_OUT", "symbol": "A", "quantity": 4})
    assert at_cost.flows["amount_base"].tolist() == pytest.approx([-21.2], abs=1e-12)
    assert position(at_cost)["realised"] == 0.0
    priced = booked(BUY, {"kind": "TRANSFER_OUT", "symbol": "A", "quantity": 4, "price": 8})
    assert priced.flows["amount_base"].tolist() == [-32.0]
    assert position(priced)["realised"] == pytest.approx(10.8, abs=1e-12)
    assert cash(priced) == -53.0


def test_a_transfer_between_accounts_keeps_cost_and_date_and_is_no_flow_in_all() -> None:
    found = booked(
        BUY | {"account": "one"},
        {"date": "2024-05-02", "kind": "TRANSFER_OUT", "symbol": "A", "quantity": 4, "account": "one"},
        {"date": "2024-05-03", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 4, "account": "two"},
    )
    lots = found.lots.set_index("account")
    assert lots["cost_base"].to_dict() == pytest.approx({"one": 31.8, "two": 21.2}, abs=1e-12)
    assert lots["opened"].dt.strftime("%Y-%m-%d").tolist() == ["2024-01-02", "2024-01-02"]
    assert found.flows["amount_base"].sum() == pytest.approx(0.0, abs=1e-12)
    assert found.gains.empty
    assert found.findings == ()


def test_transfers_on_their_way_are_told_apart_by_symbol_and_quantity() -> None:
    other = {"kind": "BUY", "symbol": "B", "quantity": 10, "price": 1}
    out = [{"kind": "TRANSFER_OUT", "symbol": symbol, "quantity": units, "account": "x"} for symbol, units in (("A", 4), ("A", 3), ("B", 4))]
    held = [BUY | {"account": "x"}, other | {"account": "x"}, *out]
    arrived = booked(*held, {"kind": "TRANSFER_IN", "symbol": "B", "quantity": 4}, {"kind": "TRANSFER_IN", "symbol": "A", "quantity": 3})
    lots = arrived.lots[arrived.lots["account"].isna()].set_index("symbol")
    assert lots["cost_base"].to_dict() == pytest.approx({"A": 15.9, "B": 4.0}, abs=1e-12)


def test_a_transfer_in_can_bring_its_own_lots() -> None:
    lots = [{"opened": "2019-03-01", "quantity": 2, "price": 5}, {"opened": "2020-06-01", "quantity": 3, "price": 7}]
    found = booked({"kind": "TRANSFER_IN", "symbol": "A", "quantity": 5, "lots": lots})
    assert found.lots["cost_base"].tolist() == [10.0, 21.0]
    assert found.lots["opened"].dt.year.tolist() == [2019, 2020]
    assert found.flows["amount_base"].tolist() == [31.0]


def test_a_transfer_in_without_cost_has_none_and_says_so() -> None:
    found = booked({"kind": "TRANSFER_IN", "symbol": "A", "quantity": 5})
    assert found.positions["cost_base"].isna().all()
    assert [finding.code for finding in found.findings] == ["missing_cost"]


def test_split_scales_every_lot_and_keeps_cost() -> None:
    found = booked(BUY, {"kind": "BUY", "symbol": "A", "quantity": 2, "price": 6}, {"kind": "SPLIT", "symbol": "A", "ratio": 2})
    assert found.lots["quantity"].tolist() == [20.0, 4.0]
    assert found.lots["cost_base"].tolist() == [53.0, 12.0]


@pytest.mark.parametrize("field", ["ratio", "quantity", "amount"])
def test_split_reads_its_ratio_where_brokers_write_it(field: str) -> None:
    found = booked(BUY, {"kind": "SPLIT", "symbol": "A", field: 3})
    assert (position(found)["quantity"], cash(found)) == (30.0, -53.0)


def test_reverse_split_pays_the_fraction_out() -> None:
    # 53 for 10; one for four: 2.5 shares; 12 in lieu of 0.5, which cost 0.5 / 2.5 x 53 = 10.6: gain 1.4; 2 stay at 42.4
    found = booked(BUY, {"kind": "SPLIT", "symbol": "A", "ratio": 0.25, "amount": 12})
    assert [position(found)[name] for name in ("quantity", "cost_base", "realised")] == pytest.approx([2.0, 42.4, 1.4], abs=1e-12)
    assert cash(found) == -41.0


def test_stock_dividend_adds_shares_without_cost() -> None:
    found = booked(BUY, {"kind": "STOCK_DIVIDEND", "symbol": "A", "quantity": 2})
    assert position(found) | {"quantity": 12.0, "cost_base": 53.0, "income": 0.0} == position(found)


def test_return_of_capital_reduces_cost_and_realises_what_exceeds_it() -> None:
    # lots of 10 at 1 and 10 at 4: 60 back is 3 a share: the first lot keeps 0 and realises 20, the second keeps 10
    found = booked(
        {"kind": "BUY", "symbol": "A", "quantity": 10, "price": 1},
        {"kind": "BUY", "symbol": "A", "quantity": 10, "price": 4},
        {"kind": "RETURN_OF_CAPITAL", "symbol": "A", "amount": 60},
    )
    assert found.lots["cost_base"].tolist() == [0.0, 10.0]
    assert position(found)["realised"] == 20.0
    assert cash(found) == -50 + 60


def test_spin_off_moves_its_share_of_cost_lot_by_lot() -> None:
    # 10 at 5 and 30 at 7 = 50 + 210; a quarter of each cost moves to 20 children: 5 with 12.5 and 15 with 52.5
    found = booked(
        {"kind": "BUY", "symbol": "A", "quantity": 10, "price": 5},
        {"date": "2024-02-01", "kind": "BUY", "symbol": "A", "quantity": 30, "price": 7},
        {"date": "2024-03-01", "kind": "SPIN_OFF", "symbol": "A", "to_symbol": "B", "quantity": 20, "ratio": 0.25},
    )
    children = found.lots[found.lots["symbol"] == "B"]
    assert children[["quantity", "cost_base"]].to_numpy().tolist() == [[5.0, 12.5], [15.0, 52.5]]
    assert children["opened"].dt.strftime("%m-%d").tolist() == ["01-02", "02-01"]
    assert position(found)["cost_base"] == 195.0
    assert position(found)["realised"] == 0.0


@pytest.mark.parametrize("cost_method", ["fifo", "hifo", "lofo", "lifo", "specific"])
def test_cash_in_lieu_of_a_spin_off_comes_off_the_cost_that_moved_alone(cost_method: str) -> None:
    # a fifth of 50 moves to 4 children and 3 of it came in cash: 7 are left; 6 children that were there for nothing are left alone
    found = booked(
        {"kind": "BUY", "symbol": "B", "quantity": 6, "price": 0},
        {"kind": "BUY", "symbol": "A", "quantity": 10, "price": 5},
        {"date": "2024-03-01", "kind": "SPIN_OFF", "symbol": "A", "to_symbol": "B", "quantity": 4, "ratio": 0.2, "amount": 3},
        cost_method=cost_method,
    )
    children = found.lots[found.lots["symbol"] == "B"]
    assert sorted(children[["quantity", "cost_base"]].to_numpy().tolist()) == [[4.0, 7.0], [6.0, 0.0]]
    assert (position(found, "B")["realised"], cash(found)) == (0.0, -47.0)


def test_merger_for_shares_carries_lots_and_cash_comes_off_their_cost() -> None:
    # 53 for 10; each becomes half a B, and 40 in cash comes off the cost: 5 B at 13; 60 instead would realise 7
    mixed = booked(BUY, {"kind": "MERGER", "symbol": "A", "to_symbol": "B", "ratio": 0.5, "amount": 40})
    assert (position(mixed)["quantity"], position(mixed, "B")["quantity"], position(mixed, "B")["cost_base"]) == (0.0, 5.0, 13.0)
    rich = booked(BUY, {"kind": "MERGER", "symbol": "A", "to_symbol": "B", "ratio": 0.5, "amount": 60})
    assert (position(rich, "B")["cost_base"], position(rich)["realised"]) == (0.0, 7.0)


def test_merger_for_cash_is_a_sale_of_all() -> None:
    found = booked(BUY, {"kind": "MERGER", "symbol": "A", "amount": 80})
    assert (position(found)["quantity"], position(found)["realised"], cash(found)) == (0.0, 27.0, 27.0)


def test_a_symbol_change_is_a_merger_one_for_one() -> None:
    found = booked(BUY, {"kind": "MERGER", "symbol": "A", "to_symbol": "AA"})
    assert (position(found, "AA")["quantity"], position(found, "AA")["cost_base"]) == (10.0, 53.0)


def test_adjustment_of_quantity_or_cash_is_a_flow() -> None:
    # +2 at 6; -4 of 12 leave at cost: the first lot costs 5.3 each: 21.2
    found = booked(BUY, {"kind": "ADJUSTMENT", "symbol": "A", "quantity": 2, "price": 6}, {"kind": "ADJUSTMENT", "symbol": "A", "quantity": -4})
    assert found.flows["amount_base"].tolist() == pytest.approx([12.0, -21.2], abs=1e-12)
    assert position(found)["quantity"] == 8.0
    assert cash(booked({"kind": "ADJUSTMENT", "amount": -5})) == -5.0


def test_conversion_moves_both_balances_and_is_no_flow() -> None:
    found = booked({"kind": "FX_CONVERSION", "amount": 100, "currency": "EUR", "to_amount": 108, "to_currency": "USD", "fee": 2})
    assert found.cash["balance"].to_dict() == {"EUR": -102.0, "USD": 108.0}
    assert found.cash["cost_base"].to_dict() == {"EUR": -102.0, "USD": 100.0}
    assert found.cash.loc["EUR", "fees"] == 2.0
    assert found.flows.empty


def test_every_kind_has_its_row_of_the_effect_table() -> None:
    assert set(EFFECTS) == set(Kind)
    assert all(effect.kind is kind and effect.needs_words for kind, effect in EFFECTS.items())


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.FEE, Kind.TAX}])
def test_cash_and_flow_follow_the_signs_of_the_table(kind: Kind) -> None:
    entry = {"kind": kind, "symbol": "A", "to_symbol": "B", "quantity": 2, "price": 10, "amount": 20, "ratio": 0.5, "fee": 0.25, "to_amount": 9}
    found = booked(BUY, entry | {"currency": "EUR", "to_currency": "USD"}, fx={"EURUSD": 1.0})
    moved = found.effects[found.effects["transaction_id"] == "2"]
    effect = EFFECTS[kind]
    alone = kind in {Kind.DEPOSIT, Kind.WITHDRAWAL}
    expected = (effect.flow_sign if alone else effect.cash_sign) * 20 - 0.25 + (9 if kind is Kind.FX_CONVERSION else 0)
    assert moved["cash_delta_local"].sum() == pytest.approx(expected)
    assert moved["flow_base"].sum() == pytest.approx(effect.flow_sign * 20)
    assert moved["income"].sum() == pytest.approx(effect.income_sign * 20)
    assert moved["fee"].sum() == 0.25
