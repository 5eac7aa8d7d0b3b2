"""Where prices come from, chosen over REST: symbols at providers of an instrument, the order of a portfolio."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

AAPL = "/api/v1/instruments/AAPL"
SOURCES = [{"provider": "stooq", "symbol": "aapl.us"}, {"provider": "yahoo", "symbol": "AAPL"}]


def test_sources_of_an_instrument_come_back_in_their_order(client: TestClient, portfolio: str) -> None:
    del portfolio
    assert client.get(AAPL).json()["sources"] == []
    put = client.put(AAPL, json={"sources": SOURCES})
    assert put.status_code == 200
    assert put.json()["sources"] == client.get(AAPL).json()["sources"] == SOURCES
    assert client.put(AAPL, json={"name": "Apple Inc"}).json()["sources"] == SOURCES
    assert client.put(AAPL, json={"sources": []}).json()["sources"] == []


def test_one_symbol_a_provider_the_last_one_given(client: TestClient, portfolio: str) -> None:
    del portfolio
    twice = [*SOURCES, {"provider": "STOOQ", "symbol": "other"}]
    assert client.put(AAPL, json={"sources": twice}).json()["sources"] == [{"provider": "stooq", "symbol": "other"}, SOURCES[1]]


def test_a_change_of_sources_can_be_taken_back(client: TestClient, portfolio: str) -> None:
    del portfolio
    client.put(AAPL, json={"sources": SOURCES})
    client.put(AAPL, json={"sources": SOURCES[:1]})
    entry = next(each for each in client.get("/api/v1/audit").json() if each["entity"] == "instrument")
    assert client.post(f"/api/v1/audit/{entry['id']}/undo").status_code in {200, 204}
    assert client.get(AAPL).json()["sources"] == SOURCES


@pytest.mark.parametrize("sources", [
    "yahoo", [{"provider": "yahoo"}], [{"symbol": "AAPL"}], [{"provider": "ya hoo", "symbol": "AAPL"}], [{"provider": "yahoo", "symbol": "../AAPL"}],
    [{"provider": "yahoo", "symbol": "A\r\nB"}], [{"provider": "yahoo", "symbol": "A" * 2000}], [{"provider": "yahoo", "symbol": 5}],
    [{"provider": "yahoo", "symbol": "AAPL", "key": "x"}], [7], SOURCES * 11, [{"provider": "yahoo", "symbol": ""}],
])
def test_bad_sources_are_refused_and_nothing_is_written(client: TestClient, portfolio: str, sources: Any) -> None:
    del portfolio
    before = client.get(AAPL).json()
    answer = client.put(AAPL, json={"sources": sources})
    assert answer.status_code == 422, answer.text
    assert answer.json()["context"]["field"] in {"sources", "provider", "symbol", "key", "body"}
    assert answer.json()["context"]["hint"]
    assert client.get(AAPL).json() == before


def test_the_order_of_a_portfolio(client: TestClient, portfolio: str) -> None:
    found = client.get(portfolio)
    assert found.json()["providers"] == []
    changed = client.patch(portfolio, json={"providers": ["Stooq", "yahoo", "stooq"]}, headers={"If-Match": found.headers["ETag"]})
    assert changed.status_code == 200, changed.text
    assert changed.json()["providers"] == client.get(portfolio).json()["providers"] == ["stooq", "yahoo"]
    created = client.post("/api/v1/portfolios", json={"name": "Other", "providers": ["ecb"]})
    assert created.json()["providers"] == ["ecb"]


@pytest.mark.parametrize("providers", ["yahoo", [5], ["../x"], ["a" * 40], ["yahoo"] * 21, {"yahoo": 1}])
def test_a_bad_order_is_refused(client: TestClient, portfolio: str, providers: Any) -> None:
    found = client.get(portfolio)
    answer = client.patch(portfolio, json={"providers": providers}, headers={"If-Match": found.headers["ETag"]})
    assert answer.status_code == 422, answer.text
    assert answer.json()["context"]["hint"]
    assert client.get(portfolio).json() == found.json()
