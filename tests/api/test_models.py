"""Models over REST: each with its score, used only where it beats the naive one, the same as a job; gaps say what is missing."""

from __future__ import annotations

import time
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
DAYS = pd.bdate_range(end=pd.Timestamp(calendar.today()) - pd.Timedelta(days=1), periods=780)
RANDOM = np.random.default_rng(23)
SECTORS = RANDOM.normal(0.0003, 0.01, (len(DAYS), 2))
ROUGH = np.where(np.sin(np.arange(len(DAYS)) / 40.0) > 0.5, 2.5, 0.7)[:, None]  # spells of calm and of storm
MOVES = pd.DataFrame(ROUGH * (np.repeat(SECTORS, 2, axis=1) + RANDOM.normal(0, 0.004, (len(DAYS), 4))), index=DAYS,
                     columns=["MODA", "MODB", "MODC", "MODD"])
MOVES.iloc[-20, 2] += 0.12
MOVES.iloc[-19, 2] -= 0.11
CLOSES = (100 * (1 + MOVES).cumprod()).round(4)


@pytest.fixture(scope="module")
def client(server: FastAPI, database: Database) -> Iterator[TestClient]:
    with database.begin() as unit:
        actor = unit.system.add_user(unit.system.add_workspace(f"models {uuid4()}").id, "tester")
    server.dependency_overrides[dependencies.actor] = lambda: actor
    yield TestClient(server, raise_server_exceptions=False)
    server.dependency_overrides.clear()


@pytest.fixture(scope="module")
def held(client: TestClient) -> str:
    """Four shares in two pairs, bought in 64 steps, one of them at a price that is far off."""
    for symbol in CLOSES:
        assert client.put(f"{API}/instruments/{symbol}", json={"name": symbol, "currency": "USD", "asset_class": "equity"}).status_code == 201
        bars = [{"date": str(day.date()), "close": str(close)} for day, close in CLOSES[symbol].items()]
        assert client.put(f"{API}/instruments/{symbol}/bars", json=bars).status_code == 200
    made = client.post(f"{API}/portfolios", json={"name": "Models", "base_currency": "USD"}).json()["id"]
    drafts: list[dict[str, Any]] = [{"date": str(DAYS[0].date()), "kind": "DEPOSIT", "amount": 1_000_000, "currency": "USD"}]
    for count in range(64):
        day, symbol = DAYS[600 + count], CLOSES.columns[count % 4]
        price = float(CLOSES.loc[day, symbol]) * (1.4 if count == 60 else 1.0)
        drafts.append({"date": str(day.date()), "kind": "BUY", "symbol": symbol, "quantity": 10 + count % 7, "price": f"{price:.4f}", "fee": 1})
    assert client.post(f"{API}/portfolios/{made}/transactions", json=drafts).status_code == 201
    return f"{API}/portfolios/{made}"


@pytest.fixture(scope="module")
def told(client: TestClient, held: str) -> dict[str, Any]:
    answer = client.get(f"{held}/models")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_model_has_a_score_and_at_most_one_of_a_task_is_used(told: dict[str, Any]) -> None:
    tasks = {each["task"] for each in told["scores"]}
    assert tasks == {"volatility", "covariance", "regimes", "clusters", "price_anomalies", "transaction_anomalies"} - told["gaps"].keys()
    assert {"volatility", "covariance", "clusters", "price_anomalies", "transaction_anomalies"} <= tasks
    for task in tasks:
        used = [each for each in told["scores"] if each["task"] == task and each["used"]]
        assert len(used) <= 1
        assert all(each["statistic"] < 0 and each["p_value"] < 0.05 and "in use" in each["sentence"] for each in used)
    unused = [each for each in told["scores"] if not each["used"]]
    assert all("not in use" in each["sentence"] for each in unused)


def test_the_forecast_is_of_the_model_in_use_for_each(told: dict[str, Any]) -> None:
    assert [each["symbol"] for each in told["volatilities"]] == ["portfolio", *CLOSES.columns]
    recent = MOVES.tail(21).std() * 252**0.5
    for each in told["volatilities"][1:]:
        assert {*each["scores"]} == {"naive", "ewma", "garch", "har"}
        assert each["scores"][each["model"]] <= each["scores"]["naive"]
        assert 0.2 * recent[each["symbol"]] < each["volatility"] < 5 * recent[each["symbol"]]


def test_pairs_are_found_and_add_up(told: dict[str, Any]) -> None:
    assert [each["symbols"] for each in told["clusters"]] == [["MODA", "MODB"], ["MODC", "MODD"]]
    assert sum(each["risk"] for each in told["clusters"]) == pytest.approx(1.0, abs=1e-9)
    assert all(each["correlation"] > each["nearest"] for each in told["clusters"])


def test_what_is_wrong_stands_out(told: dict[str, Any]) -> None:
    prices = [each for each in told["anomalies"] if each["kind"] == "price"]
    assert (str(DAYS[-20].date()), "MODC", "reversal") in [(each["date"], each["symbol"], each["what"]) for each in prices]
    trades = [each for each in told["anomalies"] if each["kind"] == "transaction"]
    assert (str(DAYS[660].date()), "price") in [(each["date"], each["what"]) for each in trades]
    assert all(each["transaction_id"] for each in trades)
    assert all(each["score"] > 1 for each in told["anomalies"])


def test_the_same_as_a_job(client: TestClient, held: str, told: dict[str, Any]) -> None:
    begun = client.post(f"{held}/models")
    assert begun.status_code == 202, begun.text
    end = time.monotonic() + 60
    while (run := client.get(begun.headers["Location"]).json())["status"] == "running":
        assert time.monotonic() < end, run
        time.sleep(0.05)
    assert (run["status"], run["kind"]) == ("done", "models")
    assert run["result"]["scores"] == told["scores"]


def test_too_little_of_a_past_is_said_by_task(client: TestClient) -> None:
    empty = client.post(f"{API}/portfolios", json={"name": "Nothing", "base_currency": "USD"}).json()["id"]
    answer = client.get(f"{API}/portfolios/{empty}/models")
    assert answer.status_code == 200, answer.text
    assert {*answer.json()["gaps"]} == {"volatility", "covariance", "regimes", "clusters", "price_anomalies", "transaction_anomalies"}
    assert "needs" in answer.json()["gaps"]["volatility"]
    assert client.get(f"{API}/portfolios/{uuid4()}/models").status_code == 404
