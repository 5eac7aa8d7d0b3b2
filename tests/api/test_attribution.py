"""Attribution over REST: what adds up in the JSON, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

API = "/api/v1"
EFFECTS = ("allocation", "selection", "interaction", "currency")


@pytest.fixture
def key(client: TestClient) -> str:
    """A portfolio of two shares against an index, each of its own."""
    mark = uuid4().hex[:6].upper()
    closes = {"A": [100, 102, 101, 105], "B": [50, 49, 52, 51], "I": [1000, 1005, 1002, 1015]}
    for symbol, told in closes.items():
        kind = {"I": {"asset_class": "index"}, "A": {"sector": "Tech"}, "B": {"sector": "Energy"}}[symbol]
        sent(client, "PUT", f"/instruments/{symbol}.{mark}", {"name": symbol, "currency": "USD", **kind})
        bars = [{"date": f"2024-01-0{day}", "close": close} for day, close in enumerate(told, 2)]
        sent(client, "PUT", f"/instruments/{symbol}.{mark}/bars", bars)
    made = str(sent(client, "POST", "/portfolios", {"name": f"P {mark}", "base_currency": "USD", "benchmark": f"I.{mark}"})["id"])
    sent(client, "POST", f"/portfolios/{made}/transactions", [
        {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 1000, "currency": "USD"},
        {"date": "2024-01-02", "kind": "BUY", "symbol": f"A.{mark}", "quantity": 5, "price": 100},
        {"date": "2024-01-03", "kind": "BUY", "symbol": f"B.{mark}", "quantity": 8, "price": 49},
    ])
    return made


def sent(client: TestClient, method: str, path: str, body: Any) -> Any:
    answer = client.request(method, API + path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def asked(client: TestClient, key: str, **query: str) -> Any:
    return client.get(f"{API}/portfolios/{key}/attribution", params={"start": "2024-01-02", "end": "2024-01-05", **query})


@pytest.mark.parametrize("linking", ["carino", "menchero", "grap", "frongello", "geometric"])
def test_everything_adds_up_in_json(client: TestClient, key: str, linking: str) -> None:
    told = asked(client, key, linking=linking).json()
    assert abs(told["residual"]) < 1e-12
    assert told["conventions"]["linking"] == linking
    for name in EFFECTS:
        assert sum(row[name] for row in told["groups"]) == pytest.approx(told[name], abs=1e-12)
        assert sum(row[name] for row in told["holdings"]) == pytest.approx(told[name], abs=1e-12)
    whole = told["total"]
    assert whole == pytest.approx((1 + told["portfolio_return"]) / (1 + told["benchmark_return"]) - 1 if linking == "geometric"
                                  else told["portfolio_return"] - told["benchmark_return"], abs=1e-12)
    assert [point["date"] for point in told["series"]] == ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]
    assert told["by_group"][-1]["Tech"] == pytest.approx(next(row["total"] for row in told["groups"] if row["key"] == "Tech"), abs=1e-12)
    assert [step["key"] for step in told["waterfall"]][0::len(told["waterfall"]) - 1] == ["benchmark", "portfolio"]
    assert asked(client, key, series="false").json()["series"] == []


def test_without_a_benchmark_figures_are_null_with_a_reason(client: TestClient, key: str) -> None:
    told = asked(client, key, benchmark="").json()
    assert (told["benchmark"], told["active_return"], told["groups"]) == (None, None, [])
    assert told["findings"][0]["code"] == "benchmark_missing"
    assert told["gaps"]["active_return"] == "There is no benchmark to compare with"


@pytest.mark.parametrize(("field", "value", "status"), [
    ("by", "colour", 422), ("linking", "sum", 422), ("method", "x", 422), ("start", "yesterday", 422), ("benchmark", "NOBODY", 404),
    ("series", "perhaps", 422),
])
def test_what_cannot_be_asked_is_a_problem(client: TestClient, key: str, field: str, value: str, status: int) -> None:
    answer = asked(client, key, **{field: value})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (value if status == 404 else field) in str(answer.json())
    assert client.get(f"{API}/portfolios/{uuid4()}/attribution").status_code == 404


def test_concentration_of_today(client: TestClient, key: str) -> None:
    told = client.get(f"{API}/portfolios/{key}/concentration").json()
    assert told["effective_number_of_assets"] == pytest.approx(1 / told["hhi"])
    assert sum(row["weight"] for row in told["exposures"]["sector"]) == pytest.approx(1.0)
    assert told["volatility"] is None
    assert "needs 60 days" in told["gaps"]["volatility"]
    assert client.get(f"{API}/portfolios/{uuid4()}/concentration").status_code == 404
