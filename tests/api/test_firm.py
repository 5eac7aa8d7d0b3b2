"""Firm-wide runs over REST: begun, followed, read page by page, stopped; refused with the field that is wrong."""

from __future__ import annotations

import csv
import time
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

RUNS = "/api/v1/risk/runs"


@pytest.fixture
def held(client: TestClient, portfolio: str) -> str:
    """A portfolio that holds Apple over forty days."""
    days = [f"2024-{month:02}-{day:02}" for month in (1, 2) for day in range(1, 21)]
    closes = [{"date": day, "close": 100 + place % 7 - place % 3} for place, day in enumerate(days)]
    assert client.put("/api/v1/instruments/AAPL/bars", json=closes).status_code == 200
    booked = client.post(f"{portfolio}/transactions", json=[
        {"date": "2024-01-01", "kind": "DEPOSIT", "amount": 5000, "currency": "USD"},
        {"date": "2024-01-01", "kind": "BUY", "symbol": "AAPL", "quantity": 10, "price": 100}])
    assert booked.is_success, booked.text
    return portfolio


def ended(client: TestClient, run_id: str) -> dict[str, Any]:
    end = time.monotonic() + 60
    while (told := client.get(f"{RUNS}/{run_id}").json())["status"] == "running":
        assert time.monotonic() < end, told
        time.sleep(0.05)
    return told


def test_a_run_is_begun_followed_and_read(client: TestClient, held: str) -> None:
    client.post("/api/v1/portfolios", json={"name": "Nothing in it"})
    begun = client.post(RUNS, json={"risk_free": 0.02}, headers={"Idempotency-Key": str(uuid4())})
    assert begun.status_code == 202, begun.text
    assert begun.headers["Location"] == f"{RUNS}/{begun.json()['id']}"
    told = ended(client, begun.json()["id"])
    assert (told["status"], told["phase"], told["done"], told["total"], told["portfolios"]) == ("done", "done", 2, 2, 2)
    assert told["question"]["risk_free"] == 0.02
    first = client.get(f"{RUNS}/{told['id']}/portfolios", params={"limit": 1, "figures": "volatility"})
    assert first.headers["X-Next-After"] == "0"
    row = first.json()[0]
    assert (row["portfolio_id"], {*row["figures"]}) == (held.rpartition("/")[2], {"volatility"})
    assert row["figures"]["volatility"] > 0
    empty = client.get(f"{RUNS}/{told['id']}/portfolios", params={"after": 0}).json()
    assert [(row["name"], row["observations"], row["figures"]["volatility"]) for row in empty] == [("Nothing in it", 0, None)]
    assert [run["id"] for run in client.get(RUNS).json()] == [told["id"]]
    file = client.get(f"{RUNS}/{told['id']}/portfolios.csv")
    assert file.headers["content-type"].startswith("text/csv")
    head, *lines = list(csv.reader(file.text.splitlines()))
    assert [line[1] for line in lines] == ["Test", "Nothing in it"]
    assert float(dict(zip(head, lines[0], strict=True))["volatility"]) == row["figures"]["volatility"]
    assert dict(zip(head, lines[1], strict=True))["volatility"] == ""
    assert client.get(f"{RUNS}/{uuid4()}/portfolios.csv").status_code == 404


def test_the_same_key_begins_one_run(client: TestClient, held: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, second = (client.post(RUNS, json={}, headers=key).json()["id"] for _ in range(2))
    ended(client, first)
    assert first == second
    other = client.post(RUNS, json={"level": 0.99}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert held


def test_a_run_that_has_ended_cannot_be_stopped(client: TestClient, held: str) -> None:
    told = ended(client, client.post(RUNS, json={"portfolios": [held.rpartition("/")[2]]}).json()["id"])
    refused = client.post(f"{RUNS}/{told['id']}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(("sent", "field"), [({"level": 1}, "level"), ({"level": "high"}, "level"), ({"period": "2W"}, "period"),
                                             ({"methods": ["astrology"]}, "methods"), ({"portfolios": []}, "portfolios"),
                                             ({"portfolios": ["x"]}, "portfolios.0"), ({"speed": 3}, "speed"), ({"risk_free": -1}, "risk_free")])
def test_what_cannot_be_asked_is_refused_by_its_field(client: TestClient, held: str, sent: dict[str, Any], field: str) -> None:
    refused = client.post(RUNS, json=sent)
    assert refused.status_code == 422, refused.text
    assert field in str(refused.json()["context"].get("field"))
    assert held


def test_what_is_not_there_is_404(client: TestClient, held: str) -> None:
    assert client.get(f"{RUNS}/{uuid4()}").status_code == 404
    assert client.get(f"{RUNS}/nonsense").status_code == 404
    assert client.get(f"{RUNS}/{uuid4()}/portfolios").status_code == 404
    assert client.post(f"{RUNS}/{uuid4()}/cancel").status_code == 404
    assert client.post(RUNS, json={"portfolios": [str(uuid4())]}).status_code == 404
    run = ended(client, client.post(RUNS, json={}).json()["id"])
    unknown = client.get(f"{RUNS}/{run['id']}/portfolios", params={"figures": "luck"})
    assert (unknown.status_code, unknown.json()["context"]["field"]) == (422, "figures")
    assert held
