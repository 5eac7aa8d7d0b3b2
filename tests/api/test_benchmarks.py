"""Blends and a portfolio beside benchmarks over REST."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

API = "/api/v1"
CLOSES = {"02": (100, 50), "03": (101, 50.5), "04": (103, 50), "05": (102, 51), "08": (105, 52), "09": (104, 52)}


@pytest.fixture
def mark(client: TestClient) -> str:
    """Two instruments of our own, and what their symbols end with."""
    mark = uuid4().hex[:6].upper()
    for place, symbol in enumerate(("OWN", "IDX")):
        assert client.put(f"{API}/instruments/{symbol}.{mark}", json={"name": symbol, "currency": "USD"}).status_code == 201
        bars = [{"date": f"2024-01-{day}", "close": pair[place]} for day, pair in CLOSES.items()]
        assert client.put(f"{API}/instruments/{symbol}.{mark}/bars", json=bars).is_success
    return mark


def portfolio(client: TestClient, mark: str, **fields: Any) -> str:
    key = client.post(f"{API}/portfolios", json={"name": f"P {mark}", "base_currency": "USD", **fields}).json()["id"]
    rows = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 1000},
            {"date": "2024-01-02", "kind": "BUY", "symbol": f"OWN.{mark}", "quantity": 10, "price": 100}]
    assert client.post(f"{API}/portfolios/{key}/transactions", json=rows).is_success
    return str(key)


def test_blends_are_added_changed_removed_and_restored(client: TestClient, mark: str) -> None:
    body = {"name": "Mix", "components": [{"symbol": f"IDX.{mark}", "weight": "0.6"}, {"kind": "cash", "weight": 0.4, "plus": 0.02}]}
    made = client.post(f"{API}/benchmarks", json=body, headers={"Idempotency-Key": mark})
    assert made.status_code == 201, made.text
    told = made.json()
    assert client.post(f"{API}/benchmarks", json=body, headers={"Idempotency-Key": mark}).json() == told
    assert made.headers["Location"].endswith(told["id"])
    assert told["components"][1] == {"kind": "cash", "symbol": None, "weight": 0.4, "plus": 0.02, "hedged": False}
    assert (told["key"], told["rebalancing"], made.headers["ETag"]) == (told["id"], "monthly", '"1"')
    path = f"{API}/benchmarks/{told['id']}"
    assert client.patch(path, json={"name": "Other"}).status_code == 428
    assert client.patch(path, json={"name": "Other"}, headers={"If-Match": '"9"'}).status_code == 409
    changed = client.patch(path, json={"rebalancing": "yearly"}, headers={"If-Match": '"1"'})
    assert (changed.json()["rebalancing"], changed.json()["components"], changed.json()["version"]) == ("yearly", told["components"], 2)
    assert [each["key"] for each in client.get(f"{API}/benchmarks/choices").json()][:1] == [told["id"]]
    assert client.delete(path, headers={"If-Match": '"2"'}).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get(f"{API}/benchmarks").json() == []
    assert client.post(f"{path}/restore").json()["name"] == "Mix"
    entries = client.get(f"{API}/audit", params={"entity": "benchmark"}).json()
    assert [entry["action"] for entry in entries] == ["restore", "remove", "change", "create"]


def test_every_figure_by_its_name_for_each_benchmark(client: TestClient, mark: str) -> None:
    key = portfolio(client, mark, benchmark=f"IDX.{mark}")
    query = {"start": "2024-01-02", "end": "2024-01-09"}
    answer = client.get(f"{API}/portfolios/{key}/benchmark", params=query)
    assert answer.is_success, answer.text
    told = answer.json()
    own, theirs = ([b / a - 1 for a, b in pairwise(side)] for side in zip(*CLOSES.values(), strict=True))
    means = sum(own) / 5, sum(theirs) / 5
    beta = sum((r - means[0]) * (b - means[1]) for r, b in zip(own, theirs, strict=True)) / sum((b - means[1]) ** 2 for b in theirs)
    assert told["beta"] == pytest.approx(beta)
    assert told["benchmarks"][0]["figures"]["beta"] == told["beta"]
    assert told["batting_average"] == pytest.approx(sum(r > b for r, b in zip(own, theirs, strict=True)) / 5)
    assert told["active_share"] is None
    assert "blend" in told["benchmarks"][0]["gaps"]["active_share"]
    assert told["benchmarks"][0]["missing"]["beta"] == 25
    assert told["benchmarks"][0]["flows"]["excess_value"] == pytest.approx(1040 - 1000 / 50 * 52)
    assert [point["portfolio"] for point in told["series"]["growth"]] == pytest.approx([1, 1.01, 1.03, 1.02, 1.05, 1.04])
    assert {"rolling_beta", "excess", "returns", "months", "same_flows", "flows"} <= {*told["series"]}
    pair = client.get(f"{API}/portfolios/{key}/benchmark", params={**query, "benchmark": f"IDX.{mark},OWN.{mark}", "series": "false"}).json()
    assert [each["key"] for each in pair["benchmarks"]] == [f"IDX.{mark}", f"OWN.{mark}"]
    assert pair["benchmarks"][1]["figures"]["beta"] == pytest.approx(1)
    assert pair["benchmarks"][1]["figures"]["tracking_error"] == pytest.approx(0, abs=1e-12)
    assert pair["series"] == {}
    performance = client.get(f"{API}/portfolios/{key}/performance", params=query).json()
    assert told["benchmark_return"] == pytest.approx(performance["benchmark_twr"])


@pytest.mark.parametrize(("query", "status", "field"), [
    ({"benchmark": "NOPE.X"}, 404, None), ({"benchmark": "no such"}, 422, "benchmark"), ({"benchmark": "A,B,C,D,E,F,G"}, 422, "benchmark"),
    ({"frequency": "hourly"}, 422, "frequency"), ({"window": "1"}, 422, "window"), ({"window": "2.5"}, 422, "window"),
    ({"window": "x"}, 422, "window"),
    ({"risk_free": "-1"}, 422, "risk_free"), ({"risk_free": "nan"}, 422, "risk_free"), ({"horizon": "0"}, 422, "horizon"),
    ({"zero": "x"}, 422, "zero"), ({"start": "2024-02-30"}, 422, "start"), ({"group": "Tech"}, 422, "group"), ({"series": "maybe"}, 422, "series"),
])
def test_bad_questions_are_problems(client: TestClient, query: dict[str, str], status: int, field: str | None) -> None:
    answer = client.get(f"{API}/portfolios/all/benchmark", params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert field is None or answer.json()["context"]["field"] == field
    assert answer.json()["context"]["hint"]


def test_an_empty_workspace_is_answered(client: TestClient) -> None:
    told = client.get(f"{API}/portfolios/all/benchmark").json()
    assert told["benchmarks"] == []
    assert "no_benchmark" in {each["code"] for each in told["findings"]}


def test_three_answers_tell_one_number(client: TestClient, mark: str) -> None:
    """Risk, benchmark and performance tell what stands in two of them alike."""
    days = [day.date() for day in pd.bdate_range("2023-01-02", "2023-12-29")]
    random = np.random.default_rng(3)
    for symbol in ("OWN", "IDX"):
        closes = np.round(100 * np.exp(np.cumsum(random.normal(0.0003, 0.01, len(days)))), 2)
        bars = [{"date": str(day), "close": close} for day, close in zip(days, closes.tolist(), strict=True)]
        assert client.put(f"{API}/instruments/{symbol}.{mark}/bars", json=bars).is_success
    key = client.post(f"{API}/portfolios", json={"name": f"P {mark}", "base_currency": "USD", "benchmark": f"IDX.{mark}"}).json()["id"]
    rows = [{"date": "2023-01-02", "kind": "DEPOSIT", "amount": 10000}, {"date": "2023-01-02", "kind": "BUY", "symbol": f"OWN.{mark}", "quantity": 90,
                                                                         "price": 100}]
    assert client.post(f"{API}/portfolios/{key}/transactions", json=rows).is_success
    query = {"start": "2023-01-02", "end": "2023-12-29", "series": "false"}
    benchmark = client.get(f"{API}/portfolios/{key}/benchmark", params=query).json()
    risk = client.get(f"{API}/portfolios/{key}/risk", params={"start": "2023-01-02", "end": "2023-12-29"}).json()
    performance = client.get(f"{API}/portfolios/{key}/performance", params=query).json()
    shared = {name for name in benchmark["benchmarks"][0]["figures"] if risk.get(name) is not None}
    assert {"beta", "alpha", "tracking_error", "up_capture", "down_number_ratio", "correlation", "net_selectivity"} <= shared
    assert {name: benchmark[name] for name in shared} == pytest.approx({name: risk[name] for name in shared}, rel=1e-9, abs=1e-12)
    both = ("up_capture", "down_capture", "tracking_error", "information_ratio")
    assert {name: benchmark[name] for name in both} == pytest.approx({name: performance[name] for name in both}, rel=1e-9)
