"""Every line of "Bad input": a problem with code, field and hint, and nothing written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient

BUY = {"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "100"}
TOMORROW = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
JSON = {"Content-Type": "application/json"}


def problem(answer: httpx.Response, status: int, code: str, field: str | None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "context"}
    assert (body["status"], body["code"], body["context"]["field"]) == (status, code, field)
    assert body["context"]["hint"]
    assert body["detail"]
    assert body["type"] == f"urn:portolan:{code}"
    return body


def count(client: TestClient, portfolio: str) -> int:
    return len(client.get(f"{portfolio}/transactions", params={"include_voided": True}).json())


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"symbol": "APPL"}, "unknown_symbol", "symbol"),
        ({"price": "NaN"}, "invalid_transaction", "price"),
        ({"price": "Infinity"}, "invalid_transaction", "price"),
        ({"price": "-1"}, "invalid_transaction", "price"),
        ({"quantity": 0}, "invalid_transaction", "quantity"),
        ({"quantity": "1." + "3" * 41}, "invalid_transaction", "quantity"),
        ({"date": TOMORROW}, "invalid_transaction", "date"),
        ({"date": "1899-12-31"}, "invalid_transaction", "date"),
        ({"currency": "XXQ"}, "invalid_transaction", "currency"),
        ({"currency": "EUR"}, "currency_mismatch", "currency"),
        ({"kind": "BYU"}, "invalid_transaction", "kind"),
        ({"quantitiy": "1"}, "invalid_transaction", "quantitiy"),
        ({"note": "a\x00b"}, "invalid_transaction", "note"),
        ({"lots": [{"id": "x", "quantity": "1"}], "kind": "SELL"}, "invalid_transaction", "lots.id"),
    ],
)
def test_a_field_that_cannot_be_booked(client: TestClient, portfolio: str, changes: dict[str, Any], code: str, field: str) -> None:
    problem(client.post(f"{portfolio}/transactions", json={**BUY, **changes}), 422, code, field)
    assert count(client, portfolio) == 0
    rows = [BUY, {**BUY, **changes}]
    told = problem(client.post(f"{portfolio}/transactions", json=rows), 422, code, field)
    assert told["context"]["errors"][0]["row"] == 2
    assert count(client, portfolio) == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_json_that_says_nan_is_refused_by_field(client: TestClient, portfolio: str, number: str) -> None:
    body = '{"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": 10, "price": NUMBER}'.replace("NUMBER", number)
    problem(client.post(f"{portfolio}/transactions", content=body, headers=JSON), 422, "invalid_transaction", "price")
    problem(
        client.put("/api/v1/instruments/AAPL/bars", content='[{"date": "2024-01-03", "close": NUMBER}]'.replace("NUMBER", number), headers=JSON),
        422,
        "invalid_input",
        "close",
    )
    assert count(client, portfolio) == 0


def test_a_json_number_of_41_decimals_is_refused_not_rounded(client: TestClient, portfolio: str) -> None:
    body = '{"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": 1.DIGITS, "price": 1}'.replace("DIGITS", "3" * 41)
    told = problem(client.post(f"{portfolio}/transactions", content=body, headers=JSON), 422, "invalid_transaction", "quantity")
    assert "41 decimals" in told["detail"]


@pytest.mark.parametrize("body", [b"not json", b'{"date": ', b"", b"\xff\xfe", b"[" * 100_000, b"{'a': 1}"])
def test_a_body_that_is_not_json(client: TestClient, portfolio: str, body: bytes) -> None:
    told = client.post(f"{portfolio}/transactions", content=body, headers=JSON)
    status, code = (422, "invalid_input") if body == b"" else (400, "malformed_json")
    problem(told, status, code, "body")
    assert count(client, portfolio) == 0


def test_a_body_that_does_not_say_it_is_json(client: TestClient, portfolio: str) -> None:
    problem(client.post(f"{portfolio}/transactions", content=b"nonsense", headers={"Content-Type": "text/plain"}), 400, "malformed_json", "body")
    sent = client.post(f"{portfolio}/transactions", content=b'{"kind": "BUY"}', headers={"Content-Type": "text/plain"})
    problem(sent, 415, "unsupported_media_type", "Content-Type")


@pytest.mark.parametrize("body", [5, "text", None, True])
def test_json_that_is_not_an_object(client: TestClient, portfolio: str, body: object) -> None:
    for path in (f"{portfolio}/transactions", "/api/v1/portfolios"):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json()["context"]["field"]) == (422, "body"), answer.text


def test_an_empty_list_and_one_too_long_are_refused(client: TestClient, portfolio: str) -> None:
    problem(client.post(f"{portfolio}/transactions", json=[]), 422, "invalid_input", "body")
    problem(client.post(f"{portfolio}/transactions", json=[BUY] * 5001), 422, "invalid_input", "body")
    assert count(client, portfolio) == 0


def test_a_sale_that_flips_short_is_refused_where_shorts_are_not_wanted(client: TestClient, portfolio: str) -> None:
    assert client.post(f"{portfolio}/transactions", json=BUY).status_code == 201
    sale = {**BUY, "kind": "SELL", "quantity": "15", "date": "2024-01-04"}
    told = problem(client.post(f"{portfolio}/transactions", json=sale, params={"oversell": "error"}), 422, "oversold_position", "quantity")
    assert told["context"]["held"] == 10
    assert count(client, portfolio) == 1
    rows = [{**sale, "quantity": "10"}, {**sale, "quantity": "1"}]
    told = problem(client.post(f"{portfolio}/transactions", json=rows, params={"oversell": "error"}), 422, "oversold_position", "quantity")
    assert told["context"]["row"] == 2
    assert client.post(f"{portfolio}/transactions", json=rows[:1], params={"oversell": "error"}).status_code == 201
    assert client.post(f"{portfolio}/transactions", json=sale).status_code == 201
    assert client.post(f"{portfolio}/transactions", json=sale, params={"oversell": "maybe"}).status_code == 422


def test_unknown_ids(client: TestClient, portfolio: str) -> None:
    for key in (str(uuid4()), "not-a-uuid", "%00"):
        problem(client.get(f"/api/v1/portfolios/{key}"), 404, "not_found", "id")
        problem(client.get(f"/api/v1/portfolios/{key}/holdings"), 404, "not_found", "id")
        problem(client.post(f"/api/v1/portfolios/{key}/transactions", json=BUY), 404, "not_found", "id")
        problem(client.patch(f"{portfolio}/transactions/{key}", json={"price": "1", "version": 1}), 404, "not_found", "id")
        problem(client.delete(f"{portfolio}/transactions/{key}", headers={"If-Match": '"1"'}), 404, "not_found", "id")
        problem(client.get(f"{portfolio}/transactions/{key}/history"), 404, "not_found", "id")
    problem(client.get("/api/v1/instruments/NONE"), 404, "not_found", "id")
    problem(client.put("/api/v1/instruments/NONE/bars", json=[{"date": "2024-01-03", "close": 1}]), 404, "not_found", "id")


def test_another_workspace_is_not_seen(client: TestClient, portfolio: str, server: Any, database: Any) -> None:
    from api import dependencies  # noqa: PLC0415

    with database.begin() as unit:
        stranger = unit.system.add_user(unit.system.add_workspace("elsewhere").id, "stranger")
    server.dependency_overrides[dependencies.actor] = lambda: stranger
    problem(client.get(portfolio), 404, "not_found", "id")
    problem(client.get(f"{portfolio}/holdings"), 404, "not_found", "id")
    problem(client.post(f"{portfolio}/transactions", json={**BUY, "kind": "DEPOSIT", "amount": 1}), 404, "not_found", "id")


def test_a_wrong_version_tells_both(client: TestClient, portfolio: str) -> None:
    stored = client.post(f"{portfolio}/transactions", json=BUY).json()
    path = f"{portfolio}/transactions/{stored['id']}"
    assert client.patch(path, json={"price": "101"}, headers={"If-Match": '"1"'}).json()["version"] == 2
    for answer in (
        client.patch(path, json={"price": "102"}, headers={"If-Match": '"1"'}),
        client.delete(path, headers={"If-Match": "1"}),
        client.post(f"{path}/undo", json={"version": 1}),
        client.patch(portfolio, json={"name": "New", "version": 7}),
    ):
        told = problem(answer, 409, "conflict", "version")["context"]
        assert told["expected_version"] != told["found_version"]
    assert client.get(path).json()["price"] == "101"


def test_a_change_says_its_version(client: TestClient, portfolio: str) -> None:
    stored = client.post(f"{portfolio}/transactions", json=BUY).json()
    path = f"{portfolio}/transactions/{stored['id']}"
    for answer in (
        client.patch(path, json={"price": "102"}),
        client.delete(path),
        client.post(f"{path}/undo"),
        client.patch(portfolio, json={"name": "New"}),
        client.delete(portfolio),
    ):
        problem(answer, 428, "precondition_required", "If-Match")
    problem(client.patch(path, json={"price": "1"}, headers={"If-Match": "abc"}), 422, "invalid_input", "If-Match")
    problem(client.patch(path, json={"price": "1", "version": 2}, headers={"If-Match": "1"}), 422, "invalid_input", "version")
    problem(client.patch(path, json={"price": "1", "version": "one"}), 422, "invalid_input", "version")
    assert client.get(path).json()["version"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": 5}, "name"),
        ({"name": "P", "base_currency": "EURO"}, "base_currency"),
        ({"name": "P", "cost_method": "fifa"}, "cost_method"),
        ({"name": "P", "nmae": "Q"}, "nmae"),
        ({"name": "P", "id": "7"}, "id"),
        ({"name": "P", "base_currency": 1}, "base_currency"),
    ],
)
def test_a_portfolio_that_cannot_be(client: TestClient, body: dict[str, Any], field: str) -> None:
    problem(client.post("/api/v1/portfolios", json=body), 422, "invalid_input", field)
    assert client.get("/api/v1/portfolios").json() == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/instruments/AA PL", {}, "symbol"),
        ("/instruments/AAPL", {"currency": "XXQ"}, "currency"),
        ("/instruments/AAPL", {"asset_class": "share"}, "asset_class"),
        ("/instruments/AAPL", {"multiplier": "0"}, "multiplier"),
        ("/instruments/AAPL", {"mane": "x"}, "mane"),
        ("/instruments/AAPL/bars", [{"date": "2024-01-03", "close": 0}], "close"),
        ("/instruments/AAPL/bars", [{"date": "2024-01-03", "close": "-1"}], "close"),
        ("/instruments/AAPL/bars", [{"date": TOMORROW, "close": 1}], "date"),
        ("/instruments/AAPL/bars", [{"date": "1850-01-03", "close": 1}], "date"),
        ("/instruments/AAPL/bars", [{"date": "2024-01-03"}], "close"),
        ("/instruments/AAPL/bars", [{"date": "2024-01-03", "close": 1}] * 2, "date"),
        ("/instruments/AAPL/bars", [{"date": "2024-01-03", "close": 1, "high": 1, "low": 2}], "high"),
        ("/instruments/AAPL/bars", [], "body"),
        ("/instruments/AAPL/actions", [{"date": "2024-01-03", "kind": "splat", "ratio": 2}], "kind"),
        ("/instruments/AAPL/actions", [{"date": "2024-01-03", "kind": "split"}], "ratio"),
        ("/fx/EURXXQ", [{"date": "2024-01-03", "rate": 1}], "pair"),
        ("/fx/EUREUR", [{"date": "2024-01-03", "rate": 1}], "pair"),
        ("/fx/EURUSD", [{"date": "2024-01-03", "rate": 0}], "rate"),
        ("/fx/EURUSD", [{"date": "2024-01-03", "rate": "inf"}], "rate"),
    ],
)
def test_a_market_that_cannot_be(client: TestClient, portfolio: str, path: str, body: Any, field: str) -> None:
    assert portfolio
    problem(client.put(f"/api/v1{path}", json=body), 422, "invalid_input", field)
    assert client.get("/api/v1/instruments/AAPL/bars").json() == []
    assert client.get("/api/v1/fx/EURUSD").json() == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/holdings?as_of=yesterday", "as_of"),
        ("/holdings?as_of=2999-01-01", "as_of"),
        ("/holdings?cost_method=fiat", "cost_method"),
        ("/holdings?known_at=x", "known_at"),
        ("/holdings?base_currency=XXQ", "base_currency"),
        ("/transactions?limit=0", "limit"),
        ("/transactions?limit=1001", "limit"),
        ("/transactions?limit=x", "limit"),
        ("/transactions?kind=BYU", "kind"),
        ("/transactions?start=2024-13-01", "start"),
        ("/transactions?after=x", "after"),
        ("/performance?start=2024-02-02&end=2024-01-01", "start"),
    ],
)
def test_a_question_that_cannot_be_answered(client: TestClient, portfolio: str, path: str, field: str) -> None:
    problem(client.get(portfolio + path), 422, "invalid_input", field)


def test_unknown_paths_and_methods(client: TestClient, portfolio: str) -> None:
    problem(client.get("/api/v1/nope"), 404, "not_found", "path")
    problem(client.post("/api/v1/nope", json={}), 404, "not_found", "path")
    problem(client.get(f"{portfolio}/nope"), 404, "not_found", "path")
    told = client.put(portfolio, json={})
    problem(told, 405, "method_not_allowed", "method")
    assert told.headers["allow"] == "DELETE, GET, PATCH"


def test_an_unforeseen_error_tells_nothing_of_itself(client: TestClient, portfolio: str, services: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("password=secret")

    monkeypatch.setattr(type(services.portfolios), "get", broken)
    answer = client.get(portfolio)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
