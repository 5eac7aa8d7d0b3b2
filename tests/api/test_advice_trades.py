"""Rebalancing and proposals over REST: JSON, the broker's file, versions, keys, and problems."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from data import calendar

API = "/api/v1"


@pytest.fixture
def path(client: TestClient) -> str:
    """A portfolio of one share, all in."""
    for symbol in ("AAA", "BBB"):
        assert client.put(f"{API}/instruments/{symbol}", json={"name": symbol, "currency": "USD"}).status_code == 201
        day = str(calendar.previous_business_day(calendar.today()))
        assert client.put(f"{API}/instruments/{symbol}/bars", json=[{"date": day, "close": "100"}]).status_code == 200
    made = client.post(f"{API}/portfolios", json={"name": "Two", "base_currency": "USD", "cost_method": "specific"})
    path = f"{API}/portfolios/{made.json()['id']}"
    drafts = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 5000},
              {"date": "2024-01-02", "kind": "BUY", "symbol": "AAA", "quantity": 50, "price": 80}]
    assert client.post(f"{path}/transactions", json=drafts).status_code == 201
    return path


def test_from_a_preview_to_the_ledger_and_back(client: TestClient, path: str) -> None:
    question: dict[str, Any] = {"targets": {"AAA": 0.5, "BBB": 0.5}, "constraints": {"lot": 1}, "costs": {"spread": 0}, "taxes": {"long_rate": 0.25}}
    told = client.post(f"{path}/rebalance", json=question)
    assert told.status_code == 200, told.text
    view = told.json()
    trades = [(each["side"], each["symbol"], each["quantity"]) for each in view["trade_list"]["trades"]]
    assert trades == [("SELL", "AAA", 20.0), ("BUY", "BBB", 30.0)]
    assert view["trade_list"]["tax"] == pytest.approx(20 * 20 * 0.25)
    assert view["effect"]["after"]["volatility"] is None
    file = client.post(f"{path}/rebalance?format=csv", json=question)
    assert file.headers["content-type"].startswith("text/csv")
    assert len(file.text.splitlines()) == 3
    body = {"orders": view["orders"], "note": "half and half", "revision": view["revision"]}
    made = client.post(f"{path}/rebalance/accept", json=body, headers={"Idempotency-Key": "a"})
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert client.post(f"{path}/rebalance/accept", json=body, headers={"Idempotency-Key": "a"}).json() == made.json()
    place = f"{path}/proposals/{made.json()['id']}"
    assert client.post(f"{place}/confirm", json={}).status_code == 428
    assert client.post(f"{place}/confirm", json={}, headers={"If-Match": '"7"'}).status_code == 409
    assert len(client.get(f"{place}?format=csv").text.splitlines()) == 3
    done = client.post(f"{place}/confirm", json={"changes": {"1": {"price": "101"}}}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.json()["status"]) == (200, "confirmed")
    held = {each["symbol"]: each["quantity"] for each in client.get(f"{path}/holdings").json()["holdings"]}
    assert held == {"AAA": 30.0, "BBB": 30.0}
    assert client.post(f"{place}/reject", headers={"If-Match": '"2"'}).status_code == 409
    assert client.post(f"{place}/undo").json()["status"] == "open"
    assert [each["quantity"] for each in client.get(f"{path}/holdings").json()["holdings"]] == [50.0]
    assert client.post(f"{place}/reject", headers={"If-Match": '"3"'}).json()["status"] == "rejected"
    assert [each["status"] for each in client.get(f"{path}/proposals").json()] == ["rejected"]


def test_contradictions_and_bad_bodies_are_problems_with_their_field(client: TestClient, path: str) -> None:
    tight = {"targets": {"AAA": 0.5, "BBB": 0.5}, "constraints": {"max_weight": 0.6, "max_turnover": 0.05}}
    view = client.post(f"{path}/rebalance", json=tight).json()
    assert (view["trade_list"]["trades"], {each["name"] for each in view["conflicts"]}) == ([], {"max_weight", "max_turnover"})
    refused = client.post(f"{path}/rebalance/accept", json={"question": tight})
    assert (refused.status_code, refused.json()["context"]["rule"]) == (409, "nothing_to_propose")
    for body, field in (({"targets": {"AAA": 2}}, "targets.AAA"), ({"target": {}}, "target"), ({"targets": {"ZZZ": 1}}, "symbol"),
                        ({"targets": {"AAA": 1}, "constraints": {"max_weight": "x"}}, "constraints.max_weight"), ([], "body")):
        wrong = client.post(f"{path}/rebalance", json=body)
        assert wrong.status_code == 422, wrong.text
        assert wrong.json()["context"]["field"] == field
    assert client.post(f"{path}/rebalance/accept", json={}).json()["context"]["field"] == "orders"
    assert client.get(f"{path}/proposals/nothing").status_code == 404
    assert client.post(f"{API}/portfolios/nothing/rebalance", json={}).status_code == 404
