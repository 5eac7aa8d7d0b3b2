from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from engine.errors import InvalidInput, InvalidTransaction, UnknownInstrument
from engine.types import AssetClass, CostMethod, Instrument, Kind, Portfolio
from services import fields
from services.fields import Place
from services.ledger.validation import Draft, complete, raise_first, read_draft

TODAY = date(2024, 6, 28)
BUY = {"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "100"}
PORTFOLIO = Portfolio(
    id=uuid4(),
    workspace_id=uuid4(),
    owner_id=uuid4(),
    name="P",
    base_currency="EUR",
    cost_method=CostMethod.FIFO,
    benchmark=None,
    version=1,
    revision=0,
    created_at=datetime(2024, 1, 1, tzinfo=UTC),
)
AAPL = Instrument(id=uuid4(), workspace_id=PORTFOLIO.workspace_id, symbol="AAPL", name="Apple", asset_class=AssetClass.EQUITY, currency="USD")


def read(**changes: Any) -> Draft:
    return read_draft({**BUY, **changes}, today=TODAY, row=1)


def only_error(draft: Draft) -> dict[str, Any]:
    assert len(draft.errors) == 1, [error.message for error in draft.errors]
    assert draft.errors[0].context["hint"]
    return draft.errors[0].context


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("price", "NaN", "not_finite"),
        ("price", float("nan"), "not_finite"),
        ("price", Decimal("NaN"), "not_finite"),
        ("price", "Infinity", "not_finite"),
        ("price", float("-inf"), "not_finite"),
        ("price", "-1", "negative"),
        ("price", -0.01, "negative"),
        ("price", "1,5", "not_a_number"),
        ("price", "1_000", "not_a_number"),
        ("price", "١٢", "not_a_number"),
        ("price", True, "not_a_number"),
        ("price", [1], "not_a_number"),
        ("price", "0x10", "not_a_number"),
        ("quantity", "0", "zero"),
        ("quantity", 0, "zero"),
        ("quantity", "0.0000", "zero"),
        ("quantity", "-0", "zero"),
        ("quantity", "-3", "negative"),
        ("quantity", "0." + "0" * 40 + "1", "decimals"),
        ("price", Decimal("1." + "1" * 41), "decimals"),
        ("price", "1" + "0" * 20, "digits"),
        ("price", "1e999", "digits"),
        ("price", "1e-999", "decimals"),
        ("price", "9" * 5000, "not_a_number"),
        ("fee", "-1", "negative"),
        ("tax", "x", "not_a_number"),
        ("fx_rate", "0", "zero"),
        ("fx_rate", "-1", "negative"),
        ("date", "2024-06-29", "future_date"),
        ("date", "9999-12-31", "future_date"),
        ("date", "1899-12-31", "early_date"),
        ("date", "2024-02-30", "not_a_date"),
        ("date", "28.6.2024", "not_a_date"),
        ("date", "2024-06-28T10:00:00Z", "not_a_date"),
        ("date", 20240628, "not_a_date"),
        ("date", None, "required"),
        ("kind", "BYU", "unknown_value"),
        ("kind", None, "required"),
        ("currency", "XXQ", "unknown_currency"),
        ("currency", "EURO", "unknown_currency"),
        ("currency", "GBp", "unknown_currency"),
        ("currency", 7, "unknown_currency"),
        ("symbol", "AA PL", "not_a_symbol"),
        ("symbol", "'; DROP", "not_a_symbol"),
        ("symbol", None, "required"),
        ("quantity", None, "required"),
        ("price", None, "required"),
        ("note", "x" * 2001, "too_long"),
        ("note", "a\x00b", "not_text"),
        ("note", "\ud800", "not_text"),
        ("note", 5, "not_text"),
        ("external_id", "x" * 201, "too_long"),
        ("id", "not-a-uuid", "not_a_uuid"),
        ("lots", "all", "not_taken"),
        ("ratio", "2", "not_taken"),
        ("to_symbol", "MSFT", "not_taken"),
    ],
)
def test_what_cannot_be_booked_names_its_field_and_rule(field: str, value: object, rule: str) -> None:
    if rule == "not_taken" and field == "lots":
        value = [{"id": str(uuid4()), "quantity": "1"}]
    context = only_error(read(**{field: value}))
    assert (context["field"], context["rule"], context["row"]) == (field, rule, 1)


def test_an_unknown_field_names_the_nearest_known_one() -> None:
    assert only_error(read(quantitiy="1"))["hint"] == "Did you mean quantity?"


def test_the_nearest_kind_and_currency_are_named() -> None:
    assert only_error(read(kind="DIVIDENT"))["hint"].startswith("Did you mean DIVIDEND")
    assert "EUR" in only_error(read(currency="EURO"))["hint"]
    assert "divide by 100" in only_error(read(currency="GBX"))["hint"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    draft = read(price="-1", quantity="0", date="2999-01-01")
    with pytest.raises(InvalidTransaction) as caught:
        raise_first([draft])
    assert {error["field"] for error in caught.value.context["errors"]} == {"price", "quantity", "date"}
    assert caught.value.context["error_count"] == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.340", "12.34"),
        (" 7 ", "7"),
        ("1e3", "1000"),
        ("+.5", "0.5"),
        (0.1, "0.1"),
        (5, "5"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("99999999999999999999", "99999999999999999999"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
    ],
)
def test_numbers_are_exact(text: object, number: str) -> None:
    assert fields.number(Place("price"), text) == Decimal(number)


def test_a_float_of_a_program_is_cut_to_what_the_ledger_holds_but_text_never_is() -> None:
    rate = 1 / 15877
    assert fields.number(Place("fx_rate"), rate) == Decimal(repr(rate)).quantize(Decimal("1e-18"))
    with pytest.raises(InvalidInput):
        fields.number(Place("fx_rate"), repr(rate))


def test_today_is_not_the_future() -> None:
    assert read(date=TODAY.isoformat()).errors == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"kind": "SPLIT", "symbol": "AAPL", "quantity": "4"}, {"ratio": Decimal(4)}),
        ({"kind": "SPLIT", "symbol": "AAPL", "amount": 4}, {"ratio": Decimal(4)}),
        ({"kind": "split", "symbol": "aapl", "ratio": "0.1"}, {"ratio": Decimal("0.1"), "symbol": "AAPL", "kind": Kind.SPLIT}),
        (
            {"kind": "FX_CONVERSION", "symbol": "USD", "quantity": "110", "price": "0.9", "currency": "EUR"},
            {"amount": Decimal(99), "to_amount": Decimal(110), "to_currency": "USD", "currency": "EUR"},
        ),
        ({"kind": "DEPOSIT", "quantity": "500"}, {"amount": Decimal(500)}),
        ({"kind": "ADJUSTMENT", "symbol": "AAPL", "quantity": "-3"}, {"quantity": Decimal(-3)}),
        ({"kind": "ADJUSTMENT", "amount": "-3.5"}, {"amount": Decimal("-3.5")}),
        ({"kind": "DIVIDEND", "symbol": "AAPL", "quantity": "5", "price": "0.2"}, {"quantity": Decimal(5)}),
        ({"kind": "FEE", "fee": "3"}, {"fee": Decimal(3)}),
        ({"kind": "TRANSFER_IN", "amount": "100"}, {"amount": Decimal(100)}),
        ({"kind": "MERGER", "symbol": "AAPL", "to_symbol": "MSFT"}, {"to_symbol": "MSFT"}),
    ],
)
def test_other_ways_of_saying_the_same_are_understood(raw: dict[str, Any], expected: dict[str, Any]) -> None:
    draft = read_draft({"date": "2024-01-03", **raw}, today=TODAY)
    assert draft.errors == []
    assert expected.items() <= draft.fields.items()
    assert "symbol" not in draft.fields or raw["kind"] != "FX_CONVERSION"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"kind": "DEPOSIT"}, "amount"),
        ({"kind": "DEPOSIT", "amount": "0"}, "amount"),
        ({"kind": "DEPOSIT", "amount": "5", "symbol": "AAPL"}, "symbol"),
        ({"kind": "DIVIDEND", "amount": "5"}, "symbol"),
        ({"kind": "DIVIDEND", "symbol": "AAPL"}, "amount"),
        ({"kind": "FEE"}, "amount"),
        ({"kind": "TAX"}, "amount"),
        ({"kind": "SPLIT", "symbol": "AAPL"}, "ratio"),
        ({"kind": "SPLIT", "symbol": "AAPL", "ratio": "0"}, "ratio"),
        ({"kind": "SPIN_OFF", "symbol": "AAPL", "quantity": "5"}, "to_symbol"),
        ({"kind": "SPIN_OFF", "symbol": "AAPL", "to_symbol": "AAPL", "quantity": "5"}, "to_symbol"),
        ({"kind": "SPIN_OFF", "symbol": "AAPL", "to_symbol": "B", "quantity": "5", "ratio": "1.5"}, "ratio"),
        ({"kind": "FX_CONVERSION", "amount": "5", "to_amount": "6"}, "to_currency"),
        ({"kind": "ADJUSTMENT", "quantity": "5"}, "symbol"),
        ({"kind": "ADJUSTMENT"}, "amount"),
    ],
)
def test_each_kind_needs_its_fields(raw: dict[str, Any], field: str) -> None:
    assert only_error(read_draft({"date": "2024-01-03", **raw}, today=TODAY))["field"] == field


def test_a_draft_takes_the_currency_of_its_instrument_or_of_the_portfolio() -> None:
    assert complete(read(), PORTFOLIO, {"AAPL": AAPL}).fields["currency"] == "USD"
    cash = read_draft({"date": "2024-01-03", "kind": "DEPOSIT", "amount": 5}, today=TODAY)
    assert complete(cash, PORTFOLIO, {}).fields["currency"] == "EUR"


def test_an_unknown_symbol_names_near_ones() -> None:
    draft = complete(read(symbol="APPL"), PORTFOLIO, {}, ["AAPL", "MSFT"])
    assert isinstance(draft.errors[0], UnknownInstrument)
    assert "AAPL" in draft.errors[0].context["hint"]


@pytest.mark.parametrize(("changes", "field"), [({"currency": "EUR"}, "currency"), ({"amount": "1001"}, "amount")])
def test_contradictions_are_refused(changes: dict[str, Any], field: str) -> None:
    assert only_error(complete(read(**changes), PORTFOLIO, {"AAPL": AAPL}))["field"] == field


def test_a_rate_of_the_base_currency_is_1() -> None:
    cash = read_draft({"date": "2024-01-03", "kind": "DEPOSIT", "amount": 5, "fx_rate": "1.1"}, today=TODAY)
    assert only_error(complete(cash, PORTFOLIO, {}))["field"] == "fx_rate"


@pytest.mark.parametrize("raw", [None, 5, "text", ["a"]])
def test_what_is_not_an_object_is_refused(raw: object) -> None:
    assert only_error(read_draft(raw, today=TODAY))["field"] == "body"
