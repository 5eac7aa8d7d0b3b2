"""A broker's statement beside the ledger over REST: breaks, causes, fixes accepted one by one."""

from __future__ import annotations

import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook

Client = TestClient
ROWS = [
    {"date": "2024-01-01", "kind": "DEPOSIT", "amount": "10000", "currency": "USD"},
    {"date": "2024-01-02", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "400"},
    {"date": "2024-03-01", "kind": "DIVIDEND", "symbol": "AAPL", "amount": "12.50"},
    {"date": "2024-06-01", "kind": "BUY", "symbol": "AAPL", "quantity": "5", "price": "410"},
]


@pytest.fixture
def ledger(client: Client, portfolio: str) -> str:
    answer = client.post(f"{portfolio}/transactions", json=ROWS)
    assert answer.status_code == 201, answer.text
    return portfolio


def compared(client: Client, portfolio: str, *, dry_run: bool = False, **statement: Any) -> dict[str, Any]:
    answer = client.post(f"{portfolio}/reconciliations", json={"date": "2024-03-31", **statement}, params={"dry_run": dry_run})
    assert answer.status_code == (200 if dry_run else 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def accept(client: Client, portfolio: str, told: dict[str, Any], key: str, place: int = 0) -> Any:
    fix_id = next(each for each in told["breaks"] if each["key"] == key)["fix_ids"][place]
    return client.post(f"{portfolio}/reconciliations/{told['id']}/accept", json={"fix_id": fix_id})


def test_a_statement_that_agrees_is_reconciled(client: Client, ledger: str) -> None:
    told = compared(client, ledger, positions=[{"symbol": "AAPL", "quantity": "10", "cost": "4000"}], cash={"USD": "6012.50"})
    assert (told["breaks"], told["reconciled"], [each["key"] for each in told["matched"]]) == ([], True, ["AAPL", "cash:USD"])
    kept = client.get(f"{ledger}/reconciliations").json()
    assert [(each["date"], each["breaks"]) for each in kept] == [("2024-03-31", 0)]


def test_a_dry_run_keeps_nothing(client: Client, ledger: str) -> None:
    assert compared(client, ledger, dry_run=True, positions=[{"symbol": "AAPL", "quantity": "10"}])["id"] is None
    assert client.get(f"{ledger}/reconciliations").json() == []


def test_a_split_by_its_ratio_is_proposed_accepted_and_taken_back(client: Client, ledger: str) -> None:
    told = compared(client, ledger, positions=[{"symbol": "AAPL", "quantity": "40"}])
    found = told["breaks"][0]
    assert (found["kind"], found["ours"], found["theirs"], found["difference"]) == ("quantity", 10, 40, 30)
    assert "4:1" in found["cause"]
    assert found["fixes"][0]["effect"]["positions"][0] == {"name": "AAPL", "before": 15, "after": 45}
    done = accept(client, ledger, told, "AAPL")
    assert done.status_code == 200, done.text
    again = client.get(f"{ledger}/reconciliations/{told['id']}").json()
    assert (again["reconciled"], list(again["settled"])) == (True, ["AAPL"])
    assert client.get(f"{ledger}/reconciliations").json()[0]["breaks"] == 0
    assert client.post(f"/api/v1/audit/{done.json()['audit_id']}/undo").status_code == 200
    assert not client.get(f"{ledger}/reconciliations/{told['id']}").json()["reconciled"]


def test_a_known_split_names_its_day(client: Client, ledger: str) -> None:
    client.put("/api/v1/instruments/AAPL/actions", json=[{"date": "2024-02-15", "kind": "split", "ratio": 4}])
    told = compared(client, ledger, positions=[{"symbol": "AAPL", "quantity": "40"}])
    assert told["breaks"][0]["fixes"][0]["operations"][0]["draft"]["date"] == "2024-02-15"


def test_what_is_missing_on_either_side(client: Client, ledger: str) -> None:
    client.put("/api/v1/instruments/MSFT", json={"name": "Microsoft", "isin": "US5949181045"})
    told = compared(client, ledger, positions=[{"isin": "US5949181045", "quantity": "3", "price": "100"}, {"symbol": "NOPE", "quantity": "1"}])
    assert {each["key"]: each["kind"] for each in told["breaks"]} == {"MSFT": "missing_here", "NOPE": "unknown_instrument", "AAPL": "missing_there"}
    msft = next(each for each in told["breaks"] if each["key"] == "MSFT")
    assert msft["fixes"][0]["operations"][0]["draft"]["kind"] == "BUY"
    assert msft["fixes"][-1]["operations"][0]["draft"]["kind"] == "ADJUSTMENT"
    assert accept(client, ledger, told, "MSFT", -1).status_code == 200
    assert "MSFT" not in {each["key"] for each in client.get(f"{ledger}/reconciliations/{told['id']}").json()["breaks"]}


def test_a_partial_statement_compares_only_what_it_names(client: Client, ledger: str) -> None:
    client.put("/api/v1/instruments/MSFT", json={"name": "Microsoft"})
    told = compared(client, ledger, positions=[{"symbol": "MSFT", "quantity": "3"}], complete=False)
    assert [each["key"] for each in told["breaks"]] == ["MSFT"]


def test_a_payment_of_the_size_of_the_gap_is_the_cause(client: Client, ledger: str) -> None:
    told = compared(client, ledger, cash={"USD": "6000"})
    found = told["breaks"][0]
    assert "DIVIDEND of 12.5 USD on 2024-03-01" in found["cause"]
    assert accept(client, ledger, told, "cash:USD").status_code == 200
    assert client.get(f"{ledger}/reconciliations/{told['id']}").json()["reconciled"]


def test_a_dividend_paid_before_is_proposed(client: Client, ledger: str) -> None:
    told = compared(client, ledger, date="2024-05-31", cash={"USD": "6025.00"})
    found = told["breaks"][0]
    assert "AAPL paid the same" in found["cause"]
    assert accept(client, ledger, told, "cash:USD").status_code == 200
    assert client.get(f"{ledger}/reconciliations/{told['id']}").json()["reconciled"]


def test_a_duplicate_is_the_cause(client: Client, ledger: str) -> None:
    client.post(f"{ledger}/transactions", json=ROWS[1])
    told = compared(client, ledger, positions=[{"symbol": "AAPL", "quantity": "10"}])
    assert "twice" in told["breaks"][0]["cause"]
    assert accept(client, ledger, told, "AAPL").status_code == 200
    assert client.get(f"{ledger}/reconciliations/{told['id']}").json()["reconciled"]


def test_a_trade_booked_after_the_day_is_the_cause(client: Client, ledger: str) -> None:
    told = compared(client, ledger, date="2024-05-30", positions=[{"symbol": "AAPL", "quantity": "15"}])
    assert "2024-06-01" in told["breaks"][0]["cause"]


def test_one_account_is_compared_by_itself(client: Client, ledger: str) -> None:
    client.post(f"{ledger}/transactions", json={**ROWS[1], "account": "Broker A", "quantity": "7"})
    told = compared(client, ledger, account="Broker A", positions=[{"symbol": "AAPL", "quantity": "7"}], cash={"USD": "-2800"})
    assert told["reconciled"]


def test_the_cost_is_compared_where_it_is_told(client: Client, ledger: str) -> None:
    told = compared(client, ledger, positions=[{"symbol": "AAPL", "quantity": "10", "cost": "3900"}])
    assert [(each["kind"], each["difference"]) for each in told["breaks"]] == [("cost", -100)]


@pytest.mark.parametrize("text", [
    "AAPL\t10\nUSD\t6012.50",
    "symbol;quantity;cost\nAAPL;10,0;4.000,00\nUSD;6.012,50;", "Ticker,Shares\nAAPL,10\nUSD,6012.5\n",
])
def test_a_pasted_table_is_read(client: Client, ledger: str, text: str) -> None:
    assert compared(client, ledger, text=text)["reconciled"]


@pytest.mark.parametrize(("statement", "field", "row"), [
    ({"text": "AAPL\tten"}, "quantity", 1), ({"text": "symbol,quantity\nAAPL,1\nAAPL,2"}, "symbol", 3), ({"text": "AAPL"}, "quantity", 1),
    ({}, "positions", None), ({"positions": [{"symbol": "AAPL"}]}, "quantity", 1), ({"positions": [{"quantity": "1"}]}, "symbol", 1),
    ({"cash": {"XXX": "1"}}, "cash.XXX", None), ({"cash": {"USD": "much"}}, "cash.USD", None),
    ({"date": "2999-01-01", "text": "AAPL 1"}, "date", None),
    ({"account": "Nowhere", "text": "AAPL 1"}, "account", None), ({"text": "AAPL 1", "complete": "yes"}, "complete", None),
])
def test_what_cannot_be_read_names_row_field_and_mend(client: Client, ledger: str, statement: dict[str, Any], field: str, row: int | None) -> None:
    answer = client.post(f"{ledger}/reconciliations", json={"date": "2024-03-31", **statement})
    assert answer.status_code == 422, answer.text
    context = answer.json()["context"]
    assert (context["field"], context.get("row")) == (field, row)
    assert context["hint"]
    assert client.get(f"{ledger}/reconciliations").json() == []


def test_a_fix_that_is_gone_is_not_found_and_a_statement_can_be_deleted(client: Client, ledger: str) -> None:
    told = compared(client, ledger, positions=[{"symbol": "AAPL", "quantity": "40"}])
    first = accept(client, ledger, told, "AAPL")
    assert first.status_code == 200
    assert accept(client, ledger, told, "AAPL").status_code == 404
    assert client.delete(f"{ledger}/reconciliations/{told['id']}").status_code == 204
    assert client.get(f"{ledger}/reconciliations/{told['id']}").status_code == 404


def workbook(*rows: tuple[object, ...]) -> bytes:
    book, kept = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(list(row))
    book.save(kept)
    return kept.getvalue()


@pytest.mark.parametrize(("name", "content"), [
    ("positions.xlsx", workbook(("Symbol", "Quantity"), ("AAPL", 10), ("USD", 6012.5))),
    ("positions.csv", "Symbol;Quantity\nAAPL;10,0\nUSD;6012,50\n".encode("utf-16")),
])
def test_a_file_is_compared_as_a_workbook_and_as_text(client: TestClient, ledger: str, name: str, content: bytes) -> None:
    told = client.post(f"{ledger}/reconciliations/file", files={"file": (name, content)}, data={"date": "2024-03-31"})
    assert told.status_code == 201, told.text
    assert (told.json()["reconciled"], [each["key"] for each in told.json()["matched"]]) == (True, ["AAPL", "cash:USD"])


def test_a_file_that_is_no_table_says_so(client: TestClient, ledger: str) -> None:
    told = client.post(f"{ledger}/reconciliations/file", files={"file": ("a.xlsx", b"PK\x03\x04nothing")}, data={"date": "2024-03-31"})
    assert told.status_code == 422
    assert told.json()["code"] == "unreadable_file"
