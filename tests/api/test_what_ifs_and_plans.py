"""What-ifs and plans over REST: the numbers by hand and from the ledger, every bad field named, and the way back of every change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import dependencies
from data import calendar
from data.database import Database

API = "/api/v1"
DAYS = pd.bdate_range(end=pd.Timestamp(calendar.today()) - pd.Timedelta(days=1), periods=580)
RANDOM = np.random.default_rng(71)
MARKET = RANDOM.normal(0.0004, 0.008, len(DAYS))
MOVES = {"TRYA": MARKET + RANDOM.normal(0, 0.01, len(DAYS)), "TRYB": RANDOM.normal(0.0002, 0.015, len(DAYS)),
         "TRYC": 1.4 * MARKET + RANDOM.normal(0, 0.005, len(DAYS)), "TRYX": MARKET}
CLOSES = {symbol: np.round(100 * np.cumprod(1 + moves), 4) for symbol, moves in MOVES.items()}


@pytest.fixture(scope="module")
def client(server: FastAPI, database: Database) -> Iterator[TestClient]:
    """One workspace for all of these: they share one history."""
    with database.begin() as unit:
        actor = unit.system.add_user(unit.system.add_workspace(f"what-ifs {uuid4()}").id, "tester")
    server.dependency_overrides[dependencies.actor] = lambda: actor
    yield TestClient(server, raise_server_exceptions=False)
    server.dependency_overrides.clear()


@pytest.fixture(scope="module")
def held(client: TestClient) -> str:
    """A portfolio of two shares and cash; a third share is known and not held."""
    for symbol, closes in CLOSES.items():
        told = {"name": symbol, "currency": "USD", "asset_class": "index" if symbol == "TRYX" else "equity", "sector": "Technology"}
        assert client.put(f"{API}/instruments/{symbol}", json=told).status_code == 201
        bars = [{"date": str(day.date()), "close": str(close)} for day, close in zip(DAYS, closes, strict=True)]
        assert client.put(f"{API}/instruments/{symbol}/bars", json=bars).status_code == 200
    made = client.post(f"{API}/portfolios", json={"name": "Tried", "base_currency": "USD", "benchmark": "TRYX"}).json()["id"]
    day = str(DAYS[300].date())
    drafts = [{"date": day, "kind": "DEPOSIT", "amount": 10_000, "currency": "USD"},
              {"date": day, "kind": "BUY", "symbol": "TRYA", "quantity": 30, "price": 50},
              {"date": str(DAYS[490].date()), "kind": "BUY", "symbol": "TRYA", "quantity": 10, "price": 90},
              {"date": day, "kind": "BUY", "symbol": "TRYB", "quantity": 20, "price": 100}]
    assert client.post(f"{API}/portfolios/{made}/transactions", json=drafts).status_code == 201
    return f"{API}/portfolios/{made}"


def tried(client: TestClient, path: str, **draft: Any) -> dict[str, Any]:
    answer = client.post(f"{path}/what-if", json=draft)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["symbol"]: row for row in told["holdings"]}


def test_nothing_tried_is_the_portfolio_as_the_risk_page_has_it(client: TestClient, held: str) -> None:
    told, risk = tried(client, held), client.get(f"{held}/risk", params={"method": "historical"}).json()
    assert told["before"] == told["after"]
    assert told["before"]["volatility"] == pytest.approx(risk["today"]["volatility"], rel=1e-9)
    assert told["before"]["value_at_risk"] == pytest.approx(risk["today"]["value_at_risk"], rel=1e-9)
    assert told["before"]["score"] == risk["risk_score"]["score"]
    assert sum(row["risk_before"] for row in told["holdings"]) == pytest.approx(1.0, abs=1e-12)


def test_weights_trades_cost_gain_and_tax_by_hand(client: TestClient, held: str) -> None:
    last = {symbol: float(closes[-1]) for symbol, closes in CLOSES.items()}
    value = 10_000 - 30 * 50 - 900 - 2000 + 40 * last["TRYA"] + 20 * last["TRYB"]
    told = tried(client, held, weights={"TRYA": 0.1}, trades=[{"symbol": "TRYC", "quantity": 5}, {"symbol": "TRYB", "money": -200}], new_money=500,
                 cost_bps=20, tax_short=0.3, tax_long=0.1)
    found = rows(told)
    sold = 40 - 0.1 * (value + 500) / last["TRYA"]
    assert found["TRYA"]["trade_quantity"] == pytest.approx(-sold, rel=1e-9)
    long, short = min(sold, 30) * (last["TRYA"] - 50), max(sold - 30, 0) * (last["TRYA"] - 90)
    gain = long + short
    gain_b = 200 - 200 / last["TRYB"] * 100
    assert found["TRYA"]["gain"] == pytest.approx(gain, rel=1e-9)
    assert told["gain_money"] == pytest.approx(gain + gain_b, rel=1e-9)
    assert told["tax_money"] == pytest.approx(max(0.3 * short + 0.1 * (long + gain_b), 0.0), rel=1e-9)
    traded = sold * last["TRYA"] + 5 * last["TRYC"] + 200
    assert told["traded_money"] == pytest.approx(traded, rel=1e-9)
    assert told["cost_money"] == pytest.approx(0.002 * traded, rel=1e-9)
    assert told["after"]["value"] == pytest.approx(value + 500 - told["cost_money"] - told["tax_money"], rel=1e-9)
    weights = sum(row["weight_after"] for row in told["holdings"]) + told["after"]["cash_weight"]
    assert weights == pytest.approx(1.0, abs=1e-12)


def test_what_was_said_is_so_once_the_trades_are_in_the_ledger(client: TestClient, held: str) -> None:
    """Weights and risk afterwards agree with what was told before, to 1e-6, costs paid as told."""
    told = tried(client, held, weights={"TRYA": 0.15, "TRYC": 0.2}, cost_bps=10)
    copy = client.post(f"{API}/portfolios", json={"name": "Done", "base_currency": "USD", "benchmark": "TRYX"}).json()["id"]
    facts = [{name: row[name] for name in ("date", "kind", "symbol", "quantity", "price", "amount", "currency") if row.get(name) is not None}
             for row in client.get(f"{held}/transactions").json()]
    prices = {symbol: float(closes[-1]) for symbol, closes in CLOSES.items()}
    day = str(DAYS[-1].date())
    done = [{"date": day, "kind": "BUY" if row["trade_quantity"] > 0 else "SELL", "symbol": row["symbol"], "price": prices[row["symbol"]],
             "quantity": f"{abs(row['trade_quantity']):.12f}", "fee": f"{abs(row['trade_money']) * 0.001:.10f}"}
            for row in told["holdings"] if row["trade_quantity"]]
    order = sorted(facts, key=lambda fact: (fact["date"], fact["kind"] != "DEPOSIT"))
    assert client.post(f"{API}/portfolios/{copy}/transactions", json=[*order, *done]).status_code == 201
    after = tried(client, f"{API}/portfolios/{copy}")["before"]
    for name in ("value", "cash", "cash_weight", "volatility", "value_at_risk", "expected_shortfall", "beta", "tracking_error", "position"):
        assert after[name] == pytest.approx(told["after"][name], rel=1e-6), name
    assert after["score"] == told["after"]["score"]


def test_a_draft_shared_as_an_address_tells_the_same(client: TestClient, held: str) -> None:
    told = tried(client, held, weights={"TRYA": 0.125}, trades=[{"symbol": "TRYC", "money": 300.5}], tax_long=0.2)
    again = client.get(f"{held}/what-if", params={"what_if": told["address"]})
    assert again.status_code == 200, again.text
    assert {**again.json(), "findings": []} == {**told, "findings": []}


def test_scenarios_and_episodes_are_on_both_sides(client: TestClient, held: str) -> None:
    told = tried(client, held, weights={"TRYA": 0.0, "TRYB": 0.0})
    everything = next(row for row in told["stress"] if row["key"] == "everything_down_30")
    assert everything["loss_before"] == pytest.approx(0.3 * (1 - told["before"]["cash_weight"]), rel=1e-9)
    assert everything["loss_after"] == pytest.approx(0.0, abs=1e-12)
    stress = client.get(f"{held}/stress", params={"episodes": "covid"}).json()
    covid = next(row for row in told["stress"] if row["key"] == "covid")
    assert covid["loss_before"] == pytest.approx(stress["episodes"][0]["loss"], rel=1e-9)


def test_negative_cash_and_shorts_are_said(client: TestClient, held: str) -> None:
    told = tried(client, held, trades=[{"symbol": "TRYC", "money": 50_000}, {"symbol": "TRYB", "quantity": -25}])
    assert {"negative_cash", "short"} <= {each["code"] for each in told["findings"]}


@pytest.mark.parametrize(("draft", "code", "field"), [
    ({"weights": {"NOPE": 0.1}}, "unknown_symbol", "symbol"),
    ({"weights": {"TRYA": 11}}, "out_of_range", "weights.TRYA"),
    ({"weights": {"TRYA": "much"}}, "not_a_number", "weights.TRYA"),
    ({"weights": [1]}, "not_an_object", "weights"),
    ({"trades": [{"symbol": "TRYA"}]}, "required", "quantity"),
    ({"trades": [{"symbol": "TRYA", "quantity": 1, "money": 1}]}, "required", "quantity"),
    ({"cost_bps": -1}, "out_of_range", "cost_bps"),
    ({"tax_short": 2}, "out_of_range", "tax_short"),
    ({"wieghts": {}}, "unknown_field", "wieghts"),
])  # fmt: skip
def test_bad_drafts_are_refused_by_field(client: TestClient, held: str, draft: dict[str, Any], code: str, field: str) -> None:
    answer = client.post(f"{held}/what-if", json=draft)
    assert answer.status_code == 422, answer.text
    told = answer.json()
    assert field in str(told["context"].get("field")), told
    assert code in {told["code"], told["context"].get("rule")}, told
    assert told["context"].get("hint")


def test_bad_addresses_are_refused(client: TestClient, held: str) -> None:
    for text in ("w.=1", "nonsense", "w.TRYA=much", "unknown=1"):
        assert client.get(f"{held}/what-if", params={"what_if": text}).status_code == 422, text


def test_one_is_kept_changed_shared_and_taken_back(client: TestClient, held: str) -> None:
    scope, key = held.rsplit("/", 1)[1], {"Idempotency-Key": str(uuid4())}
    body = {"scope": scope, "name": "Fewer", "draft": {"weights": {"TRYA": 0.1}}}
    made = client.post(f"{API}/what-ifs", json=body, headers=key)
    assert made.status_code == 201, made.text
    assert client.post(f"{API}/what-ifs", json=body, headers=key).json() == made.json()
    path = made.headers["Location"]
    assert f"what_if_id={made.json()['id']}" in made.json()["path"]
    shown = client.get(f"{path}/result").json()
    assert shown["after"] == tried(client, held, weights={"TRYA": 0.1})["after"]
    changed = client.patch(path, json={"draft": {"weights": {"TRYA": 0.2}}, "note": "half", "version": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert client.patch(path, json={"name": "Late", "version": 1}).status_code == 409
    assert client.post(f"{path}/undo").json()["draft"] == {"weights": {"TRYA": 0.1}}
    version = client.get(path).json()["version"]
    assert client.request("DELETE", path, headers={"If-Match": f'"{version}"'}).status_code == 204
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/undo").json()["name"] == "Fewer"
    listed = client.get(f"{API}/what-ifs", params={"scope": scope}).json()
    assert [each["name"] for each in listed] == ["Fewer"]


def test_several_beside_each_other(client: TestClient, held: str) -> None:
    scope = held.rsplit("/", 1)[1]
    made = [client.post(f"{API}/what-ifs", json={"scope": scope, "name": f"Number {weight}", "draft": {"weights": {"TRYB": weight}}}).json()["id"]
            for weight in (0.0, 0.4)]
    told = client.get(f"{API}/what-ifs/compare", params={"ids": ",".join(made)}).json()
    assert [each["saved"]["id"] for each in told] == made
    none, some = (rows(each["result"])["TRYB"]["weight_after"] for each in told)
    assert (none, round(some, 2)) == (0.0, 0.4)
    assert client.get(f"{API}/what-ifs/compare", params={"ids": ""}).status_code == 422


def test_bad_ones_are_not_kept(client: TestClient, held: str) -> None:
    before = len(client.get(f"{API}/what-ifs").json())
    good = {"scope": held.rsplit("/", 1)[1], "name": "Good", "draft": {}}
    bad: list[tuple[dict[str, Any], int]] = [({"scope": str(uuid4())}, 404), ({"scope": "some"}, 422), ({"name": ""}, 422),
                                             ({"draft": {"weights": 3}}, 422), ({"x": 1}, 422)]
    for change, status in bad:
        assert client.post(f"{API}/what-ifs", json={**good, **change}).status_code == status, change
    assert len(client.get(f"{API}/what-ifs").json()) == before


def planned(client: TestClient, path: str, **question: Any) -> dict[str, Any]:
    answer = client.post(f"{path}/plan", json=question)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_plan_tells_its_chance_and_is_the_same_again(client: TestClient, held: str) -> None:
    asked = {"goal": 20_000, "years": 10, "contribution": 60, "fee": 0.002, "tax": 0.25, "draws": 400}
    told = planned(client, held, **asked)
    assert told == planned(client, held, **asked)
    assert told["probability_low"] <= told["probability"] <= told["probability_high"]
    assert len(told["fan"]) == 121
    assert told["fan"][0]["p5"] == told["fan"][0]["p95"] == pytest.approx(told["value"])
    assert told["value"] == pytest.approx(tried(client, held)["before"]["value"])
    assert f"{100 * told['probability']:.0f} % of 400 futures reach 20,000 USD" in told["sentence"]
    assert {"short_history"} <= {each["code"] for each in told["findings"]}
    surer = planned(client, held, **{**asked, "contribution": told["contribution_needed"] * 1.001})
    assert surer["probability"] >= 0.9 >= planned(client, held, **{**asked, "contribution": told["contribution_needed"] * 0.98})["probability"]
    lasting = planned(client, held, years=10, draws=400, fee=0.002, tax=0.25, contribution=60, withdrawal=told["sustainable_withdrawal"] * 0.999)
    assert lasting["ruin"] <= 0.1 + 1e-9


def test_a_plan_with_other_weights(client: TestClient, held: str) -> None:
    cash = planned(client, held, goal=1, years=2, draws=100, value=1000, weights={"TRYA": 0.0, "TRYC": 0.0}, inflation=0)
    assert cash["fan"][-1]["p5"] == cash["fan"][-1]["p95"] == pytest.approx(1000)
    other = planned(client, held, years=2, draws=100, value=1000, weights={"TRYC": 1.0}, inflation=0)
    assert other["fan"][-1]["p95"] > other["fan"][-1]["p5"]


@pytest.mark.parametrize(("question", "field"), [
    ({"goal": 0}, "goal"), ({"goal": "lots"}, "goal"), ({"years": 0}, "years"), ({"years": 200}, "years"), ({"draws": 1}, "draws"),
    ({"draws": 200.5}, "draws"), ({"tax": 1}, "tax"), ({"block": 0}, "block"), ({"withdrawal": -1}, "withdrawal"), ({"nominal": "so"}, "nominal"),
    ({"years": 5, "withdrawal_from": 6}, "withdrawal_from"), ({"value": 0}, "value"), ({"lump_sums": [{"years": 1}]}, "money"),
    ({"weights": {"TRYA": 0.8, "TRYB": 0.4}}, "weights"), ({"gaol": 5}, "gaol"),
])  # fmt: skip
def test_bad_questions_about_a_plan_are_refused_by_field(client: TestClient, held: str, question: dict[str, Any], field: str) -> None:
    answer = client.post(f"{held}/plan", json=question)
    assert answer.status_code == 422, answer.text
    assert field in str(answer.json()["context"].get("field")), answer.text


def test_a_plan_needs_a_past(client: TestClient) -> None:
    empty = client.post(f"{API}/portfolios", json={"name": "Empty", "base_currency": "USD"}).json()["id"]
    answer = client.post(f"{API}/portfolios/{empty}/plan", json={"value": 1000})
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_history")
    assert (answer.json()["context"]["needed"], answer.json()["context"]["found"]) == (24, 0)
