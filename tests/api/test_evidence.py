"""Evidence over REST: a run that is followed to its end, its figures by hand, stopped when asked, and refused where it cannot be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event
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
from engine.types import Actor
from services import Services

API = "/api/v1"
DAYS = pd.bdate_range(end=pd.Timestamp(calendar.today()) - pd.Timedelta(days=1), periods=420)
RANDOM = np.random.default_rng(17)
MARKET = RANDOM.normal(0.0004, 0.008, len(DAYS))
MOVES = {f"EVI{letter}": MARKET * beta + RANDOM.normal(0, noise, len(DAYS))
         for letter, beta, noise in (("A", 0.6, 0.004), ("B", 1.0, 0.012), ("C", 1.3, 0.02))}
CLOSES = {symbol: np.round(100 * np.cumprod(1 + moves), 4) for symbol, moves in MOVES.items()}
ASKED = {"strategies": ["restored", "minimum_variance"], "window": 120, "every": 30, "judged_days": 60, "cost_bps": 25}


@pytest.fixture(scope="module")
def owner(database: Database) -> Actor:
    with database.begin() as unit:
        return unit.system.add_user(unit.system.add_workspace(f"evidence {uuid4()}").id, "tester")


@pytest.fixture(scope="module")
def client(server: FastAPI, owner: Actor) -> Iterator[TestClient]:
    server.dependency_overrides[dependencies.actor] = lambda: owner
    yield TestClient(server, raise_server_exceptions=False)
    server.dependency_overrides.clear()


@pytest.fixture(scope="module")
def held(client: TestClient) -> str:
    for symbol, closes in CLOSES.items():
        assert client.put(f"{API}/instruments/{symbol}", json={"name": symbol, "currency": "USD", "asset_class": "equity"}).status_code == 201
        bars = [{"date": str(day.date()), "close": str(close)} for day, close in zip(DAYS, closes, strict=True)]
        assert client.put(f"{API}/instruments/{symbol}/bars", json=bars).status_code == 200
    made = client.post(f"{API}/portfolios", json={"name": "Evidence", "base_currency": "USD"}).json()["id"]
    day = str(DAYS[-1].date())
    drafts = [{"date": day, "kind": "DEPOSIT", "amount": 100_000, "currency": "USD"},
              *({"date": day, "kind": "BUY", "symbol": symbol, "quantity": 100, "price": f"{CLOSES[symbol][-1]}"} for symbol in CLOSES)]
    assert client.post(f"{API}/portfolios/{made}/transactions", json=drafts).status_code == 201
    return f"{API}/portfolios/{made}"


def ended(client: TestClient, path: str, seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while True:
        told: dict[str, Any] = client.get(path).json()
        if told["status"] != "running":
            return told
        assert time.monotonic() < end, told
        time.sleep(0.05)


def test_a_run_is_followed_to_its_figures(client: TestClient, held: str) -> None:
    begun = client.post(f"{held}/evidence", json=ASKED)
    assert begun.status_code == 202, begun.text
    run = ended(client, begun.headers["Location"])
    assert run["status"] == "done", run["problem"]
    told = run["result"]
    returns = pd.DataFrame(CLOSES, index=DAYS).pct_change().iloc[1:]
    last = pd.Series({symbol: closes[-1] for symbol, closes in CLOSES.items()})
    still = ((1 + returns.iloc[120:]).cumprod() * (last / last.sum())).sum(axis=1)
    scores = {each["name"]: each for each in told["scores"]}
    assert {*scores} == {"still", "equal", "restored", "minimum_variance"}
    assert scores["still"]["growth"]["values"][-1] == pytest.approx(still.iloc[-1], rel=1e-9)
    assert (told["days"], told["decisions"], told["trials"]) == (299, 10, 4)
    assert scores["still"]["turnover"] == pytest.approx(0.0, abs=1e-12)
    assert scores["minimum_variance"]["cost"] == pytest.approx(scores["minimum_variance"]["turnover"] * 0.0025, rel=1e-9)
    assert scores["minimum_variance"]["volatility"] < scores["equal"]["volatility"]
    assert 0.0 <= scores["restored"]["helped"][0]["deflated"] <= 1.0
    helped = {each["against"]: each for each in scores["restored"]["helped"]}
    assert {*helped} == {"still", "equal"}
    assert helped["still"]["sentence"].startswith(f"Would have helped in {100 * helped['still']['share']:.0f} % of windows")
    assert len(scores["minimum_variance"]["purged_sharpe"]) == 3
    assert scores["restored"]["purged_sharpe"] is None
    assert "few_windows" in {each["code"] for each in told["findings"]}
    again = ended(client, client.post(f"{held}/evidence", json=ASKED).headers["Location"])
    assert again["result"] == told
    listed = client.get(f"{API}/evidence", params={"limit": 2}).json()
    assert [each["result"] for each in listed] == [None, None]
    assert again["id"] == listed[0]["id"]


def test_a_run_is_stopped_when_asked(client: TestClient, held: str, services: Services, owner: Actor) -> None:
    reached, go_on = Event(), Event()

    def slow(say: Any) -> object | None:
        say("first", 1, 3)
        reached.set()
        go_on.wait(30)
        return {"came": "to an end"} if say("second", 2, 3) else None

    run = services.evidence.begun(owner, held.rsplit("/", 1)[1], "strategies", {}, slow)
    assert reached.wait(30)
    stopped = client.post(f"{API}/evidence/{run.id}/cancel")
    assert (stopped.status_code, stopped.json()["status"]) == (200, "cancelled")
    go_on.set()
    assert client.post(f"{API}/evidence/{run.id}/cancel").status_code == 200
    told = ended(client, f"{API}/evidence/{run.id}")
    assert (told["status"], told["result"]) == ("cancelled", None)


def test_what_fails_says_why(client: TestClient, held: str, services: Services, owner: Actor) -> None:
    def broken(_say: Any) -> object:
        raise ZeroDivisionError

    run = services.evidence.begun(owner, held.rsplit("/", 1)[1], "models", {}, broken)
    told = ended(client, f"{API}/evidence/{run.id}")
    assert (told["status"], told["problem"]["code"]) == ("failed", "internal_error")
    assert client.post(f"{API}/evidence/{run.id}/cancel").status_code == 409


def test_the_same_key_begins_one_run(client: TestClient, held: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    asked = {**ASKED, "strategies": ["restored"], "combinatorial": False}
    one, two = (client.post(f"{held}/evidence", json=asked, headers=key).json()["id"] for _ in range(2))
    assert one == two
    ended(client, f"{API}/evidence/{one}")


@pytest.mark.parametrize(("question", "field"), [
    ({"strategies": ["luck"]}, "strategies"), ({"strategies": "all"}, "strategies"), ({"strategies": ["targets"]}, "targets"),
    ({"window": 5}, "window"), ({"every": 0}, "every"), ({"every": 1.5}, "every"), ({"cost_bps": -1}, "cost_bps"),
    ({"targets": {"EVIA": 0.9, "EVIB": 0.3}}, "targets"),
    ({"most_weight": 0}, "most_weight"), ({"start": "2024-05-01", "end": "2024-04-01"}, "start"), ({"combinatorial": 1}, "combinatorial"),
])  # fmt: skip
def test_bad_questions_are_refused_by_field(client: TestClient, held: str, question: dict[str, Any], field: str) -> None:
    before = len(client.get(f"{API}/evidence").json())
    answer = client.post(f"{held}/evidence", json=question)
    assert answer.status_code == 422, answer.text
    assert field in str(answer.json()["context"].get("field")), answer.text
    assert len(client.get(f"{API}/evidence").json()) == before


def test_too_short_a_past_says_what_is_needed(client: TestClient, held: str) -> None:
    answer = client.post(f"{held}/evidence", json={})
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_history")
    assert answer.json()["context"]["needed"] == 504 + 252 + 21
    assert client.post(f"{API}/portfolios/{uuid4()}/evidence", json=ASKED).status_code == 404
    assert client.get(f"{API}/evidence/{uuid4()}").status_code == 404
    names = {each["name"]: each for each in client.get(f"{API}/evidence/strategies").json()}
    assert names["equal"]["baseline"]
