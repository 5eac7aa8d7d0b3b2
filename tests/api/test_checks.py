"""The checks of a ledger over REST: found, mended, dismissed, taken back."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

Client = TestClient


def post(client: Client, portfolio: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post(f"{portfolio}/transactions", json=[{"currency": "USD", **row} for row in rows])
    assert answer.status_code == 201, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def bars(client: Client, symbol: str, **closes: float) -> None:
    rows = [{"date": day[1:].replace("_", "-"), "close": close} for day, close in closes.items()]
    assert client.put(f"/api/v1/instruments/{symbol}/bars", json=rows).status_code == 200


def found(client: Client, portfolio: str) -> dict[str, dict[str, Any]]:
    answer = client.get(f"{portfolio}/checks")
    assert answer.status_code == 200, answer.text
    return {finding["code"]: finding for finding in answer.json()["findings"]}


def held(client: Client, portfolio: str) -> dict[str, float]:
    return {row["symbol"]: row["quantity"] for row in client.get(f"{portfolio}/holdings").json()["holdings"]}


MONEY = {"date": "2024-01-01", "kind": "DEPOSIT", "amount": "100000"}
BOUGHT = {"date": "2024-01-02", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "400"}


def test_a_clean_ledger_is_silent(client: Client, portfolio: str) -> None:
    post(client, portfolio, MONEY, BOUGHT)
    bars(client, "AAPL", d2024_01_02=400, d2024_01_03=404)
    answer = client.get(f"{portfolio}/checks").json()
    assert (answer["findings"], answer["transactions"]) == ([], 2)


def test_a_missing_split_is_proposed_and_recorded_and_taken_back(client: Client, portfolio: str) -> None:
    post(client, portfolio, MONEY, BOUGHT)
    bars(client, "AAPL", d2024_01_02=400, d2024_01_03=402, d2024_01_04=100.2, d2024_01_05=101)
    finding = found(client, portfolio)["unrecorded_split"]
    fix = finding["fixes"][0]
    assert fix["operations"] == [{"op": "record", "draft": {"date": "2024-01-04", "kind": "SPLIT", "symbol": "AAPL", "ratio": "4"}}]
    assert fix["effect"]["positions"] == [{"name": "AAPL", "before": 10.0, "after": 40.0}]
    mended = client.post(f"{portfolio}/checks/{finding['id']}/apply")
    assert mended.status_code == 200, mended.text
    assert held(client, portfolio) == {"AAPL": 40.0}
    assert "unrecorded_split" not in found(client, portfolio)
    assert client.post(f"{portfolio}/checks/{finding['id']}/apply").status_code == 404
    undone = client.post(f"/api/v1/audit/{mended.json()['audit_id']}/undo")
    assert undone.status_code == 200, undone.text
    assert held(client, portfolio) == {"AAPL": 10.0}
    again = client.post(f"/api/v1/audit/{undone.json()['audit_id']}/undo")
    assert again.status_code == 200, again.text
    assert held(client, portfolio) == {"AAPL": 40.0}


def test_a_key_applies_once(client: Client, portfolio: str) -> None:
    post(client, portfolio, MONEY, BOUGHT, BOUGHT)
    bars(client, "AAPL", d2024_01_02=400)
    finding = found(client, portfolio)["duplicate"]
    answers = [client.post(f"{portfolio}/checks/{finding['id']}/apply", headers={"Idempotency-Key": "once"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert held(client, portfolio) == {"AAPL": 10.0}


def test_the_effect_tells_position_cash_and_realised(client: Client, portfolio: str) -> None:
    post(client, portfolio, MONEY, BOUGHT, {"date": "2024-02-01", "kind": "SELL", "symbol": "AAPL", "quantity": "15", "price": "410"})
    bars(client, "AAPL", d2024_01_02=400, d2024_02_01=410)
    finding = found(client, portfolio)["oversold"]
    effect = next(fix for fix in finding["fixes"] if fix["label"].startswith("Sell 10"))["effect"]
    assert effect["positions"] == [{"name": "AAPL", "before": -5.0, "after": 0.0}]
    assert effect["cash"] == [{"name": "USD", "before": 102150.0, "after": 100100.0}]
    assert effect["realised"] is None, "the five beyond realise nothing"
    assert [row["quantity"] for row in finding["rows"]] == ["15"]


def test_what_is_dismissed_stays_away_until_its_rows_change(client: Client, portfolio: str) -> None:
    rows = post(client, portfolio, MONEY, BOUGHT, BOUGHT)
    bars(client, "AAPL", d2024_01_02=400)
    finding = found(client, portfolio)["duplicate"]
    assert client.post(f"{portfolio}/checks/{finding['id']}/dismiss").status_code == 204
    answer = client.get(f"{portfolio}/checks").json()
    assert (answer["findings"], [each["code"] for each in answer["dismissed"]]) == ([], ["duplicate"])
    corrected = client.patch(f"{portfolio}/transactions/{rows[2]['id']}", json={"note": "seen", "version": 1})
    assert corrected.status_code == 200
    assert "duplicate" in found(client, portfolio)


def test_what_was_dismissed_can_be_asked_again(client: Client, portfolio: str) -> None:
    post(client, portfolio, MONEY, BOUGHT, BOUGHT)
    bars(client, "AAPL", d2024_01_02=400)
    path = f"{portfolio}/checks/{found(client, portfolio)['duplicate']['id']}"
    assert client.post(f"{path}/restore").status_code == 404
    assert client.post(f"{path}/dismiss").status_code == 204
    assert client.post(f"{path}/restore").status_code == 204
    assert "duplicate" in found(client, portfolio)


def test_a_price_can_be_put_and_taken_back(client: Client, portfolio: str) -> None:
    post(client, portfolio, MONEY, BOUGHT)
    finding = found(client, portfolio)["unknown_price"]
    mended = client.post(f"{portfolio}/checks/{finding['id']}/apply", json={"fix": 0}).json()
    assert client.get(f"{portfolio}/holdings").json()["totals"]["value"] == 100000
    assert client.post(f"/api/v1/audit/{mended['audit_id']}/undo").status_code == 200
    assert "unknown_price" in found(client, portfolio)


def test_all_checks_every_portfolio(client: Client, portfolio: str) -> None:
    post(client, portfolio, MONEY, BOUGHT, BOUGHT)
    other = client.post("/api/v1/portfolios", json={"name": "Other"}).json()["id"]
    post(client, f"/api/v1/portfolios/{other}", MONEY, MONEY)
    bars(client, "AAPL", d2024_01_02=400)
    answer = client.get("/api/v1/portfolios/all/checks").json()
    assert sorted(finding["portfolio"] for finding in answer["findings"]) == ["Other", "Test"]
    assert answer["transactions"] == 5


@pytest.mark.parametrize(("body", "status", "field"), [({"fix": 7}, 422, "fix"), ({"fix": "first"}, 422, "fix")])
def test_a_fix_that_is_not_there_is_refused(client: Client, portfolio: str, body: dict[str, Any], status: int, field: str) -> None:
    post(client, portfolio, MONEY, BOUGHT, BOUGHT)
    bars(client, "AAPL", d2024_01_02=400)
    answer = client.post(f"{portfolio}/checks/{found(client, portfolio)['duplicate']['id']}/apply", json=body)
    assert (answer.status_code, answer.json()["context"]["field"]) == (status, field)
    assert answer.json()["context"]["hint"]


def test_an_unknown_finding_and_portfolio_are_not_found(client: Client, portfolio: str) -> None:
    assert client.post(f"{portfolio}/checks/nothing/apply").status_code == 404
    assert client.get("/api/v1/portfolios/0190c0de-0000-7000-8000-000000000001/checks").status_code == 404
    assert client.post(f"{portfolio}/checks/nothing/dismiss").status_code == 404
