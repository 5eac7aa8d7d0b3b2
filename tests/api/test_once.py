"""A write with an Idempotency-Key happens once, and every repetition gets the answer of the first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient

DEPOSIT = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "5000"}


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def same(first: httpx.Response, again: httpx.Response) -> None:
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.headers.get("etag") == again.headers.get("etag")
    assert first.headers.get("location") == again.headers.get("location")


def test_every_kind_of_write_is_repeatable(client: TestClient, portfolio: str) -> None:
    stored = client.post(f"{portfolio}/transactions", json=DEPOSIT).json()
    path = f"{portfolio}/transactions/{stored['id']}"
    other = client.post("/api/v1/portfolios", json={"name": "Other"}).json()["id"]
    writes: list[tuple[str, str, Any]] = [
        ("POST", "/api/v1/portfolios", {"name": "Once"}),
        ("PATCH", portfolio, {"name": "Renamed", "cost_method": "average", "version": 1}),
        ("PUT", "/api/v1/instruments/MSFT", {"name": "Microsoft"}),
        ("PUT", "/api/v1/instruments/MSFT/bars", [{"date": "2024-01-03", "close": 1.5}]),
        ("PUT", "/api/v1/instruments/MSFT/actions", [{"date": "2024-01-03", "kind": "split", "ratio": 2}]),
        ("PUT", "/api/v1/fx/EURUSD", [{"date": "2024-01-03", "rate": "1.1"}]),
        ("POST", f"{portfolio}/transactions", DEPOSIT),
        ("POST", f"{portfolio}/transactions", [DEPOSIT, {**DEPOSIT, "amount": "0.123456789012345678", "account": "bank"}]),
        ("PATCH", path, {"amount": "1", "version": 1}),
        ("POST", f"{path}/undo", {"version": 2}),
        ("DELETE", path, {"version": 3}),
        ("POST", "/api/v1/quotes", {"symbol": "MSFT", "price": 1.6}),
        ("DELETE", f"/api/v1/portfolios/{other}", {"version": 1}),
    ]
    for method, url, body in writes:
        named = key()
        first = client.request(method, url, json=body, headers=named)
        assert first.status_code < 300, first.text
        same(first, client.request(method, url, json=body, headers=named))
    assert len(client.get(f"{portfolio}/transactions").json()) == 3
    assert [row["name"] for row in client.get("/api/v1/portfolios").json()] == ["Renamed", "Once"]
    assert client.get("/api/v1/instruments/MSFT").json()["version"] == 1


def test_a_key_with_another_body_is_a_conflict(client: TestClient, portfolio: str) -> None:
    named = key()
    assert client.post(f"{portfolio}/transactions", json=DEPOSIT, headers=named).status_code == 201
    for url, body in (
        (f"{portfolio}/transactions", {**DEPOSIT, "amount": "1"}),
        (f"{portfolio}/transactions", [DEPOSIT]),
        ("/api/v1/portfolios", {"name": "P"}),
    ):
        answer = client.post(url, json=body, headers=named)
        if body != [DEPOSIT]:
            assert (answer.status_code, answer.json()["code"], answer.json()["context"]["field"]) == (409, "idempotency_conflict", "Idempotency-Key")
            assert answer.json()["context"]["hint"]
    assert len(client.get(f"{portfolio}/transactions").json()) == 1


def test_the_repetition_gets_the_old_answer_even_when_things_moved_on(client: TestClient, portfolio: str) -> None:
    named = key()
    first = client.post(f"{portfolio}/transactions", json=DEPOSIT, headers=named)
    path = f"{portfolio}/transactions/{first.json()['id']}"
    client.patch(path, json={"amount": "7", "version": 1})
    client.patch(portfolio, json={"name": "New", "version": 1})
    same(first, client.post(f"{portfolio}/transactions", json=DEPOSIT, headers=named))
    assert client.get(path).json()["amount"] == "7"


def test_a_refused_write_leaves_its_key_free(client: TestClient, portfolio: str) -> None:
    named = key()
    assert client.post(f"{portfolio}/transactions", json={**DEPOSIT, "amount": "-1"}, headers=named).status_code == 422
    assert client.post(f"{portfolio}/transactions", json=DEPOSIT, headers=named).status_code == 201


def test_of_many_at_once_one_writes_and_all_get_its_answer(client: TestClient, portfolio: str) -> None:
    named = key()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(f"{portfolio}/transactions", json=DEPOSIT, headers=named), range(16)))
    for answer in answers:
        same(answers[0], answer)
    assert answers[0].status_code == 201
    assert len(client.get(f"{portfolio}/transactions").json()) == 1


def test_writers_of_one_portfolio_queue(client: TestClient, portfolio: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda place: client.post(f"{portfolio}/transactions", json={**DEPOSIT, "amount": place + 1}), range(24)))
    assert {answer.status_code for answer in answers} == {201}
    rows = client.get(f"{portfolio}/transactions").json()
    assert len({row["sequence"] for row in rows}) == 24
    assert client.get(portfolio).json()["revision"] == 24


def test_of_two_corrections_of_one_version_one_wins(client: TestClient, portfolio: str) -> None:
    path = f"{portfolio}/transactions/{client.post(f'{portfolio}/transactions', json=DEPOSIT).json()['id']}"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda amount: client.patch(path, json={"amount": amount, "version": 1}), range(1, 9)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert [row["version"] for row in client.get(f"{path}/history").json()] == [1, 2]


@pytest.mark.parametrize("name", ["", "x" * 201, "a\tb"])
def test_a_key_that_is_none(client: TestClient, portfolio: str, name: str) -> None:
    answer = client.post(f"{portfolio}/transactions", json=DEPOSIT, headers={"Idempotency-Key": name})
    assert (answer.status_code, answer.json()["context"]["field"]) == (422, "Idempotency-Key")
    assert client.get(f"{portfolio}/transactions").json() == []


def test_keys_of_two_workspaces_do_not_meet(client: TestClient, portfolio: str, server: Any, database: Any) -> None:
    from api import dependencies  # noqa: PLC0415

    named = key()
    first = client.post("/api/v1/portfolios", json={"name": "Mine"}, headers=named).json()
    with database.begin() as unit:
        stranger = unit.system.add_user(unit.system.add_workspace("elsewhere").id, "stranger")
    server.dependency_overrides[dependencies.actor] = lambda: stranger
    theirs = client.post("/api/v1/portfolios", json={"name": "Mine"}, headers=named).json()
    assert first["id"] != theirs["id"]
    assert portfolio


def test_without_redis_a_write_stands(client: TestClient, portfolio: str, services: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.errors import BusError  # noqa: PLC0415

    def away(*_: object) -> None:
        raise BusError("Redis does not answer.")

    monkeypatch.setattr(services.bus, "publish", away)
    monkeypatch.setattr(services.bus, "ping", away)
    assert client.post(f"{portfolio}/transactions", json=DEPOSIT).status_code == 201
    assert client.get(f"{portfolio}/holdings").json()["cash"] == {"USD": 5000}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"], ready.json()["bus"]) == (200, "degraded", False)


def test_what_is_written_is_in_the_audit_trail(client: TestClient, portfolio: str, database: Any, actor: Any) -> None:
    stored = client.post(f"{portfolio}/transactions", json=DEPOSIT).json()
    client.patch(f"{portfolio}/transactions/{stored['id']}", json={"amount": "1", "version": 1}, headers={"X-Request-Id": "trace-7"})
    with database.read() as unit:
        trail = unit.system.audit_trail(actor.workspace_id, entity_id=stored["id"])
    assert [entry.action for entry in trail] == ["correct", "record"]
    assert (trail[0].before["amount"], trail[0].after["amount"], trail[0].request_id) == ("5000", "1", "trace-7")
