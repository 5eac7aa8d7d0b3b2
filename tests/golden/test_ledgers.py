"""Ledgers worked by hand, through the REST route: each file says how its numbers come about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

FILES = sorted((Path(__file__).parent / "ledgers").glob("*.json"))
EXACT = 1e-8
Case = dict[str, Any]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> Case:
    return json.loads(request.param.read_text(encoding="utf-8"))


@pytest.fixture
def portfolio(client: TestClient, case: Case) -> str:
    for symbol, fields in case["instruments"].items():
        sent = client.put(f"/api/v1/instruments/{symbol}", json={"name": symbol.title(), "asset_class": "equity", **fields})
        assert sent.status_code in {200, 201}, sent.text
        rows = [{"date": date, "close": close} for date, close in case["bars"][symbol].items()]
        assert client.put(f"/api/v1/instruments/{symbol}/bars", json=rows).json() == {"count": len(rows)}
    for pair, rates in case["fx"].items():
        rows = [{"date": date, "rate": rate} for date, rate in rates.items()]
        assert client.put(f"/api/v1/fx/{pair}", json=rows).json() == {"count": len(rows)}
    body = {"name": "Golden", "base_currency": case["base_currency"], "cost_method": case["cost_method"]}
    created = client.post("/api/v1/portfolios", json=body)
    assert created.status_code == 201, created.text
    sent = client.post(f"/api/v1/portfolios/{created.json()['id']}/transactions", json=case["transactions"])
    assert sent.status_code == 201, sent.text
    return created.json()["id"]


def near(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, number in expected.items():
        assert found[name] == pytest.approx(number, abs=EXACT, rel=0), name


def test_holdings_cash_and_totals_are_as_worked_by_hand(client: TestClient, case: Case, portfolio: str) -> None:
    answer = client.get(f"/api/v1/portfolios/{portfolio}/holdings", params={"as_of": case["as_of"]})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["findings"] == []
    rows = {row["symbol"]: row for row in found["holdings"]}
    assert set(rows) == set(case["expect"]["holdings"])
    for symbol, expected in case["expect"]["holdings"].items():
        near(rows[symbol], expected)
    near(found["cash"], case["expect"]["cash"])
    near(found["totals"], case["expect"]["totals"])


def test_value_is_the_sum_of_its_parts(client: TestClient, case: Case, portfolio: str) -> None:
    totals = client.get(f"/api/v1/portfolios/{portfolio}/holdings", params={"as_of": case["as_of"]}).json()["totals"]
    parts = totals["net_contributions"] + totals["unrealised"] + totals["realised"] + totals["income"] - totals["fees"] - totals["taxes"]
    assert totals["value"] == pytest.approx(parts + totals["fx_gain"], abs=EXACT, rel=0)


def test_the_bridge_closes(client: TestClient, case: Case, portfolio: str) -> None:
    answer = client.get(f"/api/v1/portfolios/{portfolio}/performance", params=case["bridge"])
    assert answer.status_code == 200, answer.text
    bridge = answer.json()["pnl_bridge"]
    assert abs(bridge["residual"]) < 1e-6
    assert bridge["closing_value"] == pytest.approx(case["expect"]["totals"]["value"], abs=1e-6, rel=0)


def test_the_same_ledger_sent_one_by_one_gives_the_same(client: TestClient, case: Case, portfolio: str) -> None:
    body = {"name": "One by one", "base_currency": case["base_currency"], "cost_method": case["cost_method"]}
    other = client.post("/api/v1/portfolios", json=body).json()["id"]
    for draft in case["transactions"]:
        assert client.post(f"/api/v1/portfolios/{other}/transactions", json=draft).status_code == 201
    both = [client.get(f"/api/v1/portfolios/{key}/holdings", params={"as_of": case["as_of"]}).json() for key in (portfolio, other)]
    assert both[0]["totals"] == both[1]["totals"]
