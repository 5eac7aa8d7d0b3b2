"""What comes in at the door: every shape of ledger, and every bad row by its named error."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from engine import LEDGER_COLUMNS, fx_frame, ledger_frame, positions, price_frame
from engine.errors import InvalidInput, InvalidTransaction
from engine.types import Kind, Transaction

BUY: dict[str, Any] = {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}


def fact(**fields: Any) -> Transaction:
    return Transaction(UUID(int=1), UUID(int=2), date(2024, 1, 2), Kind.BUY, "A", Decimal(2), Decimal("5.10"), **fields)


def test_mappings_records_and_frames_give_the_same_ledger() -> None:
    row = {**BUY, "price": 5.1, "id": str(UUID(int=1))}
    of_mapping, of_record, of_frame = ledger_frame([row]), ledger_frame([fact()]), ledger_frame(pd.DataFrame([row]))
    pd.testing.assert_frame_equal(of_mapping, of_record)
    pd.testing.assert_frame_equal(of_mapping, of_frame)
    assert list(of_mapping.columns) == LEDGER_COLUMNS
    assert of_mapping["price"].tolist() == [5.1]


def test_a_ledger_that_is_one_already_is_taken_as_it_is() -> None:
    ledger = ledger_frame([BUY])
    assert ledger_frame(ledger) is ledger


def test_a_ledger_put_together_from_two_is_sorted_again() -> None:
    later, earlier = ledger_frame([BUY]), ledger_frame([{**BUY, "date": "2023-01-02"}])
    both = ledger_frame(pd.concat([later, earlier]))
    assert both["date"].is_monotonic_increasing
    assert both.index.tolist() == [0, 1]


def test_order_within_a_day_is_kept_and_times_do_not_count() -> None:
    rows = [{**BUY, "date": day, "id": name} for name, day in (("c", "2024-01-03"), ("a", "2024-01-02T15:00"), ("b", "2024-01-02T09:00"))]
    assert ledger_frame(rows)["id"].tolist() == ["a", "b", "c"]


DAY_FORMS = [date(2024, 1, 2), datetime(2024, 1, 2, 3, tzinfo=UTC), "2024-01-02", "2024-01-02T00:00:00Z", pd.Timestamp("2024-01-02")]


@pytest.mark.parametrize("day", [*DAY_FORMS, np.datetime64("2024-01-02")])
def test_dates_come_in_every_form(day: Any) -> None:
    assert ledger_frame([{**BUY, "date": day}])["date"].tolist() == [pd.Timestamp("2024-01-02")]


def test_a_voided_record_counts_for_nothing() -> None:
    gone = dataclasses.replace(fact(), voided=True)
    assert len(ledger_frame([fact(), gone])) == 1


def test_an_empty_ledger_has_no_positions() -> None:
    assert positions([]).empty
    assert positions(pd.DataFrame({"date": [], "kind": []})).empty


def test_blank_cells_are_absent() -> None:
    ledger = ledger_frame([{**BUY, "fee": "", "tax": None, "amount": float("nan"), "note": " ", "account": pd.NA}])
    assert ledger.loc[0, ["fee", "tax"]].tolist() == [0.0, 0.0]
    assert ledger.loc[0, ["note", "account"]].tolist() == [None, None]


CASES: list[tuple[str, dict[str, Any]]] = [
    ("kind", {"kind": "GIFT"}),
    ("date", {"date": "31.12.2024"}),
    ("date", {"date": None}),
    ("date", {"date": "01/02/2024"}),
    ("quantity", {"quantity": 0}),
    ("quantity", {"quantity": -1}),
    ("quantity", {"quantity": None}),
    ("quantity", {"quantity": "many"}),
    ("price", {"price": -1}),
    ("price", {"price": None}),
    ("price", {"price": "1,5"}),
    ("price", {"price": float("inf")}),
    ("fee", {"fee": -1}),
    ("tax", {"tax": -0.01}),
    ("symbol", {"symbol": None}),
    ("currency", {"currency": "XYZ"}),
    ("currency", {"currency": "GBX"}),
    ("fx_rate", {"fx_rate": 0}),
    ("amount", {"kind": "DEPOSIT", "quantity": None}),
    ("amount", {"kind": "DEPOSIT", "amount": -5}),
    ("amount", {"kind": "DIVIDEND", "quantity": None}),
    ("amount", {"kind": "FEE"}),
    ("quantity", {"kind": "TRANSFER_IN", "quantity": None, "amount": 5}),
    ("amount", {"kind": "ADJUSTMENT", "quantity": None}),
    ("symbol", {"kind": "ADJUSTMENT", "symbol": None}),
    ("ratio", {"kind": "SPLIT", "quantity": None}),
    ("ratio", {"kind": "SPLIT", "ratio": -2}),
    ("to_symbol", {"kind": "SPIN_OFF", "ratio": 0.2}),
    ("to_symbol", {"kind": "SPIN_OFF", "ratio": 0.2, "to_symbol": "A"}),
    ("ratio", {"kind": "SPIN_OFF", "ratio": 1.2, "to_symbol": "B"}),
    ("to_symbol", {"kind": "MERGER"}),
    ("ratio", {"kind": "MERGER", "to_symbol": "B", "ratio": 0}),
    ("amount", {"kind": "FX_CONVERSION", "to_amount": 1, "to_currency": "USD"}),
    ("to_amount", {"kind": "FX_CONVERSION", "amount": 1, "to_currency": "USD"}),
    ("to_currency", {"kind": "FX_CONVERSION", "amount": 1, "to_amount": 1}),
    ("to_currency", {"kind": "FX_CONVERSION", "amount": 1, "to_amount": 1, "currency": "USD", "to_currency": "USD"}),
]


@pytest.mark.parametrize(("field", "fields"), CASES, ids=[f"{field}-{number}" for number, (field, _) in enumerate(CASES)])
def test_a_bad_row_is_refused_by_row_and_field(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidTransaction) as caught:
        ledger_frame([BUY, {**BUY, **fields}])
    assert (caught.value.context["row"], caught.value.context["field"], caught.value.code) == (2, field, "invalid_transaction")
    assert caught.value.context["hint"]


def test_the_first_bad_row_is_the_one_named() -> None:
    with pytest.raises(InvalidTransaction) as caught:
        ledger_frame([BUY, {**BUY, "fee": -1}, {**BUY, "price": -1}])
    assert caught.value.context["row"] == 2


def test_a_changed_frame_is_checked_again() -> None:
    with pytest.raises(InvalidTransaction):
        positions(ledger_frame([BUY]).assign(quantity=-2.0))


@pytest.mark.parametrize("ledger", [[1, 2], pd.DataFrame({"date": ["2024-01-02"]}), [{"kind": "BUY"}]])
def test_what_is_no_ledger_is_refused(ledger: Any) -> None:
    with pytest.raises(InvalidTransaction):
        ledger_frame(ledger)


def test_prices_are_sorted_made_naive_and_cleaned_of_what_is_no_number() -> None:
    index = pd.DatetimeIndex(["2024-01-02", "2024-01-01"], tz="UTC")
    frame = price_frame(pd.DataFrame({"A": [np.inf, 5.0]}, index=index))
    assert frame.index.tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")]
    assert frame["A"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "prices",
    [
        pd.DataFrame({"A": [1.0]}),
        pd.DataFrame({"A": [1.0, 2.0]}, index=pd.to_datetime(["2024-01-01", "2024-01-01"])),
        pd.DataFrame([[1.0, 2.0]], columns=["A", "A"], index=pd.to_datetime(["2024-01-01"])),
        pd.DataFrame({"A": ["dear"]}, index=pd.to_datetime(["2024-01-01"])),
    ],
)
def test_what_are_no_prices_is_refused(prices: pd.DataFrame) -> None:
    with pytest.raises(InvalidInput):
        price_frame(prices)


@pytest.mark.parametrize("pair", ["EUR", "EURXYZ", "EUR/USD"])
def test_what_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(InvalidInput):
        fx_frame({pair: 1.0})
