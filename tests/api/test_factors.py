"""Factors over REST: sets brought and deleted, parts that add up, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

API = "/api/v1"
DAYS = [f"2024-01-{day:02}" for day in range(1, 32)]
MOVES = [0.01 * ((7 * day) % 5 - 2) for day in range(31)]


@pytest.fixture
def key(client: TestClient) -> str:
    """A portfolio whose only share moves twice as the factor, and a little more."""
    symbol, price, bars = f"S.{uuid4().hex[:6].upper()}", 100.0, []
    for place, (day, move) in enumerate(zip(DAYS, MOVES, strict=True)):
        price *= 1 + (2 * move + 0.001 * (place % 3 - 1) if place else 0.0)
        bars.append({"date": day, "close": price})
    sent(client, "PUT", f"/instruments/{symbol}", {"name": "S", "currency": "USD"})
    sent(client, "PUT", f"/instruments/{symbol}/bars", bars)
    made = str(sent(client, "POST", "/portfolios", {"name": f"P {symbol}", "base_currency": "USD"})["id"])
    sent(client, "POST", f"/portfolios/{made}/transactions", [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 1000, "currency": "USD"},
                                                              {"date": DAYS[0], "kind": "BUY", "symbol": symbol, "quantity": 10, "price": 100}])
    return made


def sent(client: TestClient, method: str, path: str, body: Any) -> Any:
    answer = client.request(method, API + path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def bring(client: TestClient, name: str) -> Any:
    text = "date,move\n" + "\n".join(f"{day},{move:.4f}" for day, move in zip(DAYS, MOVES, strict=True))
    return client.post(f"{API}/factors", files={"file": ("moves.csv", text.encode())}, data={"name": name})


def test_a_set_is_brought_asked_for_and_deleted(client: TestClient, key: str) -> None:
    name = f"moves {uuid4().hex[:6]}"
    made = bring(client, name)
    assert made.status_code == 201
    told = made.json()
    assert (told["factors"], told["frequency"], told["begins"], told["models"]) == (["move"], "daily", DAYS[0], ["own"])
    assert told["key"] in {each["key"] for each in client.get(f"{API}/factors").json()}
    assert bring(client, name).status_code == 409
    query = {"start": DAYS[0], "end": DAYS[-1], "source": told["key"], "window": "10"}
    found = client.get(f"{API}/portfolios/{key}/factors", params=query).json()
    assert found["loadings"][1]["loading"] == pytest.approx(2.0, abs=0.05)
    assert sum(part["contribution"] for part in found["contributions"]) == pytest.approx(found["portfolio_return"], abs=1e-12)
    assert sum(part["risk_share"] for part in found["contributions"]) == pytest.approx(1.0)
    assert (len(found["rolling"]), found["rolling"][0]["move"]) == (21, pytest.approx(2.0, abs=0.2))
    assert found["correlation"] == {"move": {"move": pytest.approx(1.0)}}
    assert client.get(f"{API}/portfolios/{key}/factors", params={**query, "series": "false"}).json()["rolling"] == []
    gone = client.delete(f"{API}/factors/{told['key']}", headers={"If-Match": made.headers["ETag"]})
    assert gone.status_code == 204
    assert client.get(f"{API}/portfolios/{key}/factors", params=query).status_code == 404


def test_too_short_is_null_with_the_numbers(client: TestClient, key: str) -> None:
    told = client.get(f"{API}/portfolios/{key}/factors", params={"source": "french_sample"}).json()
    assert told["alpha"] is None
    assert (told["observations"], told["needed"]) == (0, 5)
    assert {"no_overlap", "too_short"} <= {each["code"] for each in told["findings"]}
    assert "no period is common" in told["gaps"]["alpha"]


@pytest.mark.parametrize(("field", "value", "status"), [
    ("model", "ff9", 422), ("level", "1", 422), ("level", "high", 422), ("lags", "-1", 422), ("lags", "1.5", 422), ("window", "0", 422),
    ("estimator", "lasso", 422), ("penalty", "nan", 422), ("frequency", "hourly", 422), ("source", "nobody", 404), ("factors", "NOBODY", 404),
])
def test_what_cannot_be_asked_is_a_problem(client: TestClient, key: str, field: str, value: str, status: int) -> None:
    source = {"source": "french_sample"} if field == "frequency" else {}
    answer = client.get(f"{API}/portfolios/{key}/factors", params={**source, field: value})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (value if status == 404 else field) in answer.text


def test_a_file_that_is_none_is_a_problem(client: TestClient) -> None:
    answer = client.post(f"{API}/factors", files={"file": ("letter.txt", b"Dear reader")})
    assert answer.status_code == 422
    assert "no row of a date and numbers" in answer.json()["detail"]
    assert client.delete(f"{API}/factors/{uuid4()}").status_code == 404
