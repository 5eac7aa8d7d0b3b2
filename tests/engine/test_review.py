"""Each check fires on its case, proposes what mends it, and is silent on ledgers that could be meant as they stand."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import LedgerFinding, ledger_checks
from engine.types import CorporateAction, Severity

GOLDEN = sorted((Path(__file__).parent.parent / "golden" / "ledgers").glob("*.json"))
CASH = {"date": "2024-01-01", "kind": "DEPOSIT", "amount": 1_000_000, "currency": "USD"}
TODAY = "2024-12-31"


def row(day: str, kind: str, symbol: str | None = "A", **fields: Any) -> dict[str, Any]:
    return {"date": f"2024-{day}", "kind": kind, "symbol": symbol, "currency": "USD", **fields}


def prices(**closes: dict[str, float] | float) -> pd.DataFrame:
    """Closes by symbol: a number counts on every weekday of the year, a mapping of day to close as it stands."""
    days = pd.bdate_range("2024-01-01", TODAY)
    columns = {symbol: pd.Series(close, index=days) if isinstance(close, int | float)
               else pd.Series({pd.Timestamp(f"2024-{day}"): value for day, value in close.items()}) for symbol, close in closes.items()}
    return pd.DataFrame(columns)


def found(*rows: dict[str, Any], market: pd.DataFrame | None = None, **options: Any) -> dict[str, LedgerFinding]:
    given = {"base_currency": "USD", "as_of": TODAY, **options}
    told = ledger_checks([CASH, *rows], prices(A=10.0, B=10.0) if market is None else market, **given)
    return {finding.code: finding for finding in told}


def drafts(finding: LedgerFinding, fix: int = 0) -> list[dict[str, Any]]:
    return [operation["draft"] for operation in finding.fixes[fix].operations if operation["op"] == "record"]


def mended(rows: list[dict[str, Any]], finding: LedgerFinding, fix: int = 0) -> list[dict[str, Any]]:
    """Do what a fix proposes to a ledger whose ids are places."""
    told = {str(place): dict(each) for place, each in enumerate([CASH, *rows], start=1)}
    added = []
    for operation in finding.fixes[fix].operations:
        if operation["op"] == "record":
            added.append({"currency": "USD", **operation["draft"]})
        elif operation["op"] == "void":
            del told[operation["id"]]
        elif operation["op"] == "correct":
            told[operation["id"]] |= operation["changes"]
    return [*told.values(), *added]


ON_MARGIN = {"cross_rate": ["negative_cash"], "margin_and_withholding": ["negative_cash"]}  # they owe dollars, and are told so


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_ledgers_raise_no_alarm(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    market = pd.DataFrame({symbol: pd.Series({pd.Timestamp(day): float(close) for day, close in bars.items()})
                           for symbol, bars in case["bars"].items()})
    fx = pd.DataFrame({pair: pd.Series({pd.Timestamp(day): float(rate) for day, rate in rates.items()}) for pair, rates in case["fx"].items()})
    told = ledger_checks(case["transactions"], market, fx if len(fx) else None, base_currency=case["base_currency"], as_of=case["as_of"],
                         currencies={symbol: each["currency"] for symbol, each in case["instruments"].items()})
    assert [finding.code for finding in told] == ON_MARGIN.get(path.stem, [])


def test_the_golden_ledgers_are_there() -> None:
    assert len(GOLDEN) >= 10


BUY = row("01-02", "BUY", quantity=10, price=10)


def test_a_sale_beyond_the_held_is_found_and_each_fix_mends_it() -> None:
    rows = [BUY, row("02-01", "SELL", quantity=15, price=10)]
    finding = found(*rows)["oversold"]
    assert (finding.rows, finding.context) == (("3",), {"held": 10.0, "quantity": 15.0})
    for fix in range(len(finding.fixes)):
        assert "oversold" not in {each.code for each in ledger_checks(mended(rows, finding, fix), {"A": 10.0}, base_currency="USD", as_of=TODAY)}


def test_a_short_that_is_bought_back_is_meant_unless_shorts_are_refused() -> None:
    rows = [BUY, row("02-01", "SELL", quantity=15, price=10), row("03-01", "BUY", quantity=5, price=10)]
    assert "oversold" not in found(*rows)
    finding = found(*rows, oversell="error")["oversold"]
    assert finding.severity is Severity.ERROR


def test_a_sale_of_what_was_multiplied_looks_like_a_split() -> None:
    finding = found(BUY, row("02-01", "SELL", quantity=40, price=2.6), market=prices(A={"12-30": 2.6}))["oversold"]
    assert drafts(finding)[0] == {"date": "2024-01-31", "kind": "SPLIT", "symbol": "A", "ratio": "4"}


def test_a_sale_from_the_wrong_account_names_the_right_one() -> None:
    rows = [{**BUY, "account": "left"}, row("02-01", "SELL", quantity=4, price=10, account="right")]
    finding = found(*rows)["wrong_account"]
    assert finding.fixes[0].operations == ({"op": "correct", "id": "3", "changes": {"account": "left"}},)
    assert [draft["kind"] for draft in drafts(finding, 1)] == ["TRANSFER_OUT", "TRANSFER_IN"]
    for fix in (0, 1):
        assert "wrong_account" not in {each.code for each in ledger_checks(mended(rows, finding, fix), {"A": 10.0}, base_currency="USD", as_of=TODAY)}


@pytest.mark.parametrize("again", [{}, {"external_id": "x-1"}, {"account": "left"}, {"price": None, "amount": 100}])
def test_the_same_fact_twice_is_found_however_it_came(again: dict[str, Any]) -> None:
    finding = found(BUY, {**BUY, **again})["duplicate"]
    assert (finding.severity, sorted(finding.rows)) == (Severity.WARNING, ["2", "3"])
    gone = finding.fixes[0].operations[0]["id"]
    assert gone == ("2" if "external_id" in again else "3"), "what the broker knows stays"


@pytest.mark.parametrize("other", [{"date": "2024-01-03"}, {"quantity": 11}, {"price": 10.5}, {"kind": "SELL", "quantity": 5}, {"symbol": "B"}])
def test_what_differs_is_no_duplicate(other: dict[str, Any]) -> None:
    assert "duplicate" not in found(BUY, {**BUY, **other})


def test_two_accounts_may_do_the_same() -> None:
    assert "duplicate" not in found({**BUY, "account": "left"}, {**BUY, "account": "right"})


def test_partial_fills_with_ids_of_their_own_are_only_worth_a_look() -> None:
    assert found({**BUY, "external_id": "1"}, {**BUY, "external_id": "2"})["duplicate"].severity is Severity.INFO


def test_what_has_no_price_is_missing_from_the_value() -> None:
    finding = found(BUY, market=prices(B=10.0))["unknown_price"]
    assert finding.fixes[0].operations == ({"op": "price", "symbol": "A", "date": "2024-01-02", "close": "10"},)
    assert "unknown_price" not in found(BUY, market=prices(B=10.0), quoted=frozenset({"A"}))
    assert "unknown_price" not in found(BUY, row("02-01", "SELL", quantity=10, price=10), market=prices(B=10.0))


@pytest.mark.parametrize(("fields", "changes"), [
    ({"price": 1000}, {"price": "10", "amount": None}), ({"price": 0.1}, {"price": "10", "amount": None}),
    ({"quantity": 10.2, "price": 300}, None), ({"quantity": 40, "price": 400}, {"price": "10", "amount": None}),
    ({"quantity": 7, "price": 37}, {"price": "10", "amount": None}), ({"price": 100, "quantity": 3}, {"price": "10", "amount": None}),
])
def test_a_price_far_from_the_market_is_explained(fields: dict[str, Any], changes: dict[str, Any] | None) -> None:
    finding = found({**BUY, **fields})["price_off_market"]
    expected = {"quantity": "300", "price": "10.2", "amount": None} if changes is None else changes
    assert finding.fixes[0].operations[0]["changes"] == expected


def test_a_price_within_the_usual_range_is_silent() -> None:
    assert "price_off_market" not in found({**BUY, "price": 11.5})
    wild = pd.Series(10 * np.exp(np.cumsum(np.tile([0.09, -0.09], 131))), index=pd.bdate_range("2024-01-01", periods=262))
    assert "price_off_market" not in found({**BUY, "price": 14}, market=wild.to_frame("A"))


def test_a_price_in_the_portfolios_currency_is_converted() -> None:
    finding = found({**BUY, "price": 8.0}, base_currency="EUR", fx=pd.DataFrame({"EURUSD": [1.25]}, index=pd.to_datetime(["2024-01-01"])))
    assert finding["price_off_market"].fixes[0].operations[0]["changes"]["price"] == "10"


def test_closes_adjusted_for_a_later_split_do_not_make_a_trade_wrong() -> None:
    split = {"A": [CorporateAction(date(2024, 6, 3), "split", Decimal(4))]}
    rows = [{**BUY, "price": 40}, row("06-03", "SPLIT", ratio=4)]
    assert "price_off_market" not in found(*rows, actions=split)


JUMP = {"01-02": 400.0, "01-03": 402.0, "01-04": 100.3, "01-05": 101.0, "01-08": 99.5}


def test_a_jump_by_the_ratio_of_a_split_is_found_and_mended() -> None:
    rows = [row("01-02", "BUY", quantity=10, price=400)]
    finding = found(*rows, market=prices(A=JUMP))["unrecorded_split"]
    assert drafts(finding) == [{"date": "2024-01-04", "kind": "SPLIT", "symbol": "A", "ratio": "4"}]
    again = ledger_checks(mended(rows, finding), prices(A=JUMP), base_currency="USD", as_of=TODAY)
    assert again == ()


def test_a_reverse_split_is_told_the_other_way_round() -> None:
    closes = {"01-02": 1.0, "01-03": 1.02, "01-04": 10.1, "01-05": 10.3}
    finding = found(row("01-02", "BUY", quantity=100, price=1), market=prices(A=closes))["unrecorded_split"]
    assert (drafts(finding)[0]["ratio"], "1:10" in finding.message) == ("0.1", True)


@pytest.mark.parametrize("closes", [
    {**JUMP, "01-05": 398.0, "01-08": 401.0},  # a bad price, back the next day
    {"01-02": 400.0, "01-03": 402.0, "01-04": 250.0, "01-05": 249.0},  # a crash by no ratio
    {"01-02": 400.0, "03-04": 100.0},  # months apart
])
def test_what_is_no_split_is_silent(closes: dict[str, float]) -> None:
    assert "unrecorded_split" not in found(row("01-02", "BUY", quantity=10, price=400), market=prices(A=closes))


def test_a_jump_before_it_was_held_or_with_a_split_beside_it_is_silent() -> None:
    assert "unrecorded_split" not in found(row("01-05", "BUY", quantity=10, price=101), market=prices(A=JUMP))
    rows = [row("01-02", "BUY", quantity=10, price=400), row("01-05", "SPLIT", ratio=4)]
    assert "unrecorded_split" not in found(*rows, market=prices(A=JUMP))


def test_a_split_the_market_knows_is_an_error() -> None:
    action = {"A": [CorporateAction(date(2024, 6, 3), "split", Decimal(4))]}
    finding = found({**BUY, "price": 40}, actions=action)["unrecorded_split"]
    assert (finding.severity, drafts(finding)[0]["date"]) == (Severity.ERROR, "2024-06-03")
    assert "unrecorded_split" not in found({**BUY, "price": 40}, row("06-05", "SPLIT", ratio=4), actions=action)
    assert "unrecorded_split" not in found(row("07-01", "BUY", quantity=1, price=10), actions=action), "it was not held"
    wrong = found({**BUY, "price": 40}, row("06-03", "SPLIT", ratio=0.25), actions=action)["split_ratio_differs"]
    assert wrong.fixes[0].operations[0]["changes"]["ratio"] == "4"


def test_trades_in_new_shares_already_are_only_worth_a_look() -> None:
    action = {"A": [CorporateAction(date(2024, 6, 3), "split", Decimal(4))]}
    assert found(BUY, actions=action)["unrecorded_split"].severity is Severity.INFO


def test_a_dividend_of_what_is_not_held() -> None:
    sold = row("02-01", "SELL", quantity=10, price=10)
    assert "dividend_after_sale" not in found(BUY, row("03-01", "DIVIDEND", amount=5))
    assert found(BUY, sold, row("02-20", "DIVIDEND", amount=5))["dividend_after_sale"].severity is Severity.INFO
    late = found(BUY, sold, row("09-01", "DIVIDEND", amount=5))["dividend_after_sale"]
    assert (late.severity, late.fixes[0].operations) == (Severity.WARNING, ({"op": "void", "id": "4"},))
    assert "dividend_after_sale" not in found(BUY, sold, row("02-01", "DIVIDEND", amount=5)), "held when the day began"
    assert "dividend_not_held" in found(row("03-01", "DIVIDEND", amount=5))


def test_cash_below_zero_is_told_by_spell_with_what_would_fill_it() -> None:
    rows = [{**CASH, "amount": 50}, BUY, row("03-01", "DEPOSIT", None, amount=80), row("05-02", "WITHDRAWAL", None, amount=40)]
    told = [finding for finding in ledger_checks(rows, {"A": 10.0}, base_currency="USD", as_of=TODAY) if finding.code == "negative_cash"]
    assert [(finding.date, finding.context["lowest"], finding.context["until"]) for finding in told] == [
        ("2024-01-02", -50.0, "2024-03-01"), ("2024-05-02", -10.0, None)]
    assert drafts(told[0]) == [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": "50", "currency": "USD"}]


def test_the_order_within_a_day_overdraws_nothing() -> None:
    rows = [row("01-02", "BUY", quantity=10, price=10), row("01-02", "DEPOSIT", None, amount=100)]
    assert [each.code for each in ledger_checks(rows, {"A": 10.0}, base_currency="USD", as_of=TODAY)] == []


def test_cash_in_another_currency_is_proposed_as_an_exchange() -> None:
    fx = pd.DataFrame({"EURUSD": [1.25]}, index=pd.to_datetime(["2024-01-01"]))
    rows = [{**CASH, "amount": 1000, "currency": "EUR"}, BUY]
    told = {each.code: each for each in ledger_checks(rows, {"A": 10.0}, fx, base_currency="EUR", as_of=TODAY)}
    assert drafts(told["negative_cash"], 1) == [
        {"date": "2024-01-02", "kind": "FX_CONVERSION", "amount": "80", "currency": "EUR", "to_amount": "100", "to_currency": "USD"}]


def test_a_trade_in_another_currency_than_its_instrument() -> None:
    fx = pd.DataFrame({"EURUSD": [1.25]}, index=pd.to_datetime(["2024-01-01"]))
    finding = found({**BUY, "price": 8, "fee": 4, "currency": "EUR"}, currencies={"A": "USD"}, fx=fx)["currency_mismatch"]
    assert finding.fixes[0].operations[0]["changes"] == {"currency": "USD", "price": "10", "amount": None, "fx_rate": None, "fee": "5"}
    assert finding.fixes[1].operations[0]["changes"] == {"currency": "USD", "fx_rate": None}
    assert "currency_mismatch" not in found(row("03-01", "DIVIDEND", amount=5, currency="EUR"), currencies={"A": "USD"}, fx=fx)


def test_an_amount_far_from_quantity_times_price() -> None:
    finding = found({**BUY, "amount": 95})["amount_mismatch"]
    assert [fix.operations[0]["changes"] for fix in finding.fixes] == [{"amount": "100"}, {"price": None, "amount": "95"}]
    assert found({**BUY, "amount": 95, "fee": 5})["amount_mismatch"].hint
    assert "amount_mismatch" not in found({**BUY, "amount": 100.004})
    assert "amount_mismatch" not in found({**BUY, "amount": 1000}, multipliers={"A": 10.0}, market=prices(A=10.0))


def test_a_fee_out_of_proportion() -> None:
    usual = [row(f"02-{day:02d}", "BUY", quantity=10, price=10, fee=1) for day in range(1, 6)]
    finding = found(*usual, row("03-01", "BUY", quantity=10, price=10, fee=100))["fee_out_of_proportion"]
    assert finding.fixes[0].operations[0]["changes"] == {"fee": "1"}
    assert "fee_out_of_proportion" not in found(*usual)
    assert "fee_out_of_proportion" not in found(row("03-01", "BUY", quantity=1, price=10, fee=2)), "a least fee on a small trade"
    assert "tax_out_of_proportion" in found(BUY, row("03-01", "DIVIDEND", amount=10, tax=8))
    assert "tax_out_of_proportion" not in found(BUY, row("03-01", "DIVIDEND", amount=10, tax=3.5))


@pytest.mark.parametrize(("bought", "kind", "draft"), [
    ({"symbol": "B", "quantity": 5, "price": 20}, "merger", {"kind": "MERGER", "symbol": "A", "to_symbol": "B", "ratio": "0.5"}),
    ({"quantity": 40, "price": 2.5}, "split", {"kind": "SPLIT", "symbol": "A", "ratio": "4"}),
])
def test_a_swap_without_costs_looks_like_a_corporate_action(bought: dict[str, Any], kind: str, draft: dict[str, Any]) -> None:
    rows = [BUY, row("03-01", "SELL", quantity=10, price=10), {**row("03-01", "BUY"), **bought}]
    finding = found(*rows)["same_day_swap"]
    assert kind in finding.message
    assert drafts(finding) == [{"date": "2024-03-01", **draft}]
    assert [operation["op"] for operation in finding.fixes[0].operations] == ["void", "void", "record"]


def test_a_swap_between_accounts_is_a_transfer_and_one_with_costs_is_a_trade() -> None:
    held = {**BUY, "account": "left"}
    sold, bought = (row("03-01", kind, quantity=10, price=10, account=account) for kind, account in (("SELL", "left"), ("BUY", "right")))
    assert [draft["kind"] for draft in drafts(found(held, sold, bought)["same_day_swap"])] == ["TRANSFER_OUT", "TRANSFER_IN"]
    assert "same_day_swap" not in found(held, {**sold, "fee": 1}, bought)
    assert "same_day_swap" not in found(BUY, row("03-01", "SELL", quantity=10, price=10), row("03-01", "BUY", "B", quantity=3, price=10))


def test_a_spin_off_that_moves_no_cost() -> None:
    spun = row("03-01", "SPIN_OFF", to_symbol="B", quantity=10)
    finding = found(BUY, spun, market=prices(A=9.0, B=1.0))["spin_off_without_cost"]
    assert finding.fixes[0].operations[0]["changes"] == {"ratio": "0.100000"}
    assert "spin_off_without_cost" not in found(BUY, {**spun, "ratio": 0.2})


def test_a_transfer_that_arrives_nowhere() -> None:
    out, into = row("03-01", "TRANSFER_OUT", quantity=4, account="left"), row("03-03", "TRANSFER_IN", quantity=4, account="right")
    held = {**BUY, "account": "left"}
    finding = found(held, {**BUY, "symbol": "B", "account": "right"}, out)["transfer_one_leg"]
    assert drafts(finding)[0] == {"date": "2024-03-01", "kind": "TRANSFER_IN", "symbol": "A", "quantity": "4", "account": "right"}
    assert "transfer_one_leg" not in found(held, out, into)
    assert "transfer_one_leg" not in found(held, {**out, "price": 10}), "it left for good"
    assert "transfer_one_leg" not in found(held, out, elsewhere=[into])


def test_what_came_in_without_a_cost() -> None:
    finding = found(row("03-01", "TRANSFER_IN", quantity=4))["missing_cost"]
    assert [fix.operations[0]["changes"] for fix in finding.fixes] == [{"price": "10"}, {"price": "0"}]
    assert "missing_cost" not in found(row("03-01", "TRANSFER_IN", quantity=4, price=9))


def test_rates_that_were_old_or_not_there() -> None:
    def rates(day: str) -> pd.DataFrame:
        return pd.DataFrame({"EURUSD": [1.25]}, index=pd.to_datetime([day]))

    paid = row("03-11", "DIVIDEND", amount=5, currency="EUR")
    assert found(BUY, paid, fx=rates("2024-03-01"))["stale_rate"].context == {"currency": "EUR", "days": 10.0}
    assert "stale_rate" not in found(BUY, paid, fx=rates("2024-03-07"))
    assert "stale_rate" not in found(BUY, {**paid, "fx_rate": 1.2}, fx=rates("2024-03-01"))
    assert found(BUY, paid)["missing_rate"].severity is Severity.ERROR
    pivot = pd.DataFrame({"EURUSD": [1.25], "EURGBP": [0.85]}, index=pd.to_datetime(["2024-03-08"]))
    assert "stale_rate" not in found(BUY, {**paid, "currency": "GBP"}, fx=pivot)


def test_a_consequence_points_at_its_cause() -> None:
    told = found({**BUY, "quantity": 100_000, "price": 1000})
    assert (told["negative_cash"].severity, told["negative_cash"].hint) == (
        Severity.INFO, "Another finding is about a transaction of that day: mend that first")


def test_findings_come_gravest_first_and_the_ledger_stays_as_it_was() -> None:
    ledger = pd.DataFrame([CASH, BUY, BUY, row("03-01", "DIVIDEND", "C", amount=5), row("04-01", "BUY", "D", quantity=1, price=5)])
    before = ledger.copy(deep=True)
    order = [finding.severity for finding in ledger_checks(ledger, prices(A=10.0), base_currency="USD", as_of=TODAY)]
    assert order == sorted(order, key=["error", "warning", "info"].index)
    assert len(order) >= 3
    pd.testing.assert_frame_equal(ledger, before)


def test_an_empty_ledger_is_silent() -> None:
    assert ledger_checks([], base_currency="USD", as_of=TODAY) == ()


def test_a_fall_by_a_third_is_only_worth_a_look_and_a_rise_by_half_is_news() -> None:
    calm = np.tile([100.0, 101.0], 20)
    days = pd.bdate_range("2024-01-01", periods=60)
    fell, rose = (pd.DataFrame({"A": np.concatenate([calm, calm[:20] * factor])}, index=days) for factor in (2 / 3, 1.5))
    held = row("01-02", "BUY", quantity=10, price=101)
    finding = found(held, market=fell)["unrecorded_split"]
    assert (finding.severity, drafts(finding)[0]["ratio"]) == (Severity.INFO, "1.5")
    assert "unrecorded_split" not in found(held, market=rose)
