"""Realised gains and the sale simulation over REST."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient

BOUGHT = [{"date": "2023-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "100", "fee": "5"},
          {"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "150"},
          {"date": "2024-03-01", "kind": "SELL", "symbol": "AAPL", "quantity": "15", "price": "120", "fee": "3"},
          {"date": "2024-03-20", "kind": "BUY", "symbol": "AAPL", "quantity": "2", "price": "110"}]


@pytest.fixture
def sold(client: TestClient, portfolio: str) -> str:
    assert client.post(f"{portfolio}/transactions", json=BOUGHT).status_code == 201
    return portfolio


def got(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_realised_gains_row_by_row_with_sums(client: TestClient, sold: str) -> None:
    told = got(client, f"{sold}/realised-gains", group="month")
    assert [(row["opened"], row["closed"], row["term"], row["quantity"]) for row in told["gains"]] == [
        ("2023-01-03", "2024-03-01", "long", 10), ("2024-01-03", "2024-03-01", "short", 5)]
    assert [row["gain"] for row in told["gains"]] == pytest.approx([1200 - 2 - 1005, 600 - 1 - 750])
    assert told["totals"]["net"] == pytest.approx(sum(row["gain"] for row in told["gains"]))
    assert [(row["year"], row["count"]) for row in told["by_year"]] == [("2024", 2)]
    assert [row["month"] for row in told["groups"]] == ["2024-03"]
    assert {row["term"]: row["net"] for row in told["by_term"]} == pytest.approx({"long": 193, "short": -151})
    assert told["gains"][0]["days_held"] == 423


def test_the_rules_of_two_countries(client: TestClient, sold: str) -> None:
    us = got(client, f"{sold}/realised-gains", rules="us", year="2024")
    assert [row["disallowed"] for row in us["gains"]] == pytest.approx([0, 151 * 2 / 5])
    assert us["wash_sales"][0]["quantity"] == 2
    client.put("/api/v1/fx/GBPUSD", json=[{"date": "2020-01-01", "rate": "1.25"}])
    uk = got(client, f"{sold}/realised-gains", rules="uk")
    assert [(row["rule"], row["quantity"], row["opened"]) for row in uk["gains"]] == [("thirty_day", 2, "2024-03-20"), ("section_104", 13, None)]
    assert (uk["base_currency"], uk["tax_year"], uk["years"]) == ("GBP", "uk", ["2023/24"])
    assert uk["gains"][0]["cost"] == pytest.approx(220 / 1.25)


def test_the_same_rows_as_csv(client: TestClient, sold: str) -> None:
    client.put("/api/v1/instruments/AAPL", json={"name": "=1+1", "currency": "USD"})
    answer = client.get(f"{sold}/realised-gains", params={"format": "csv", "cost_method": "lifo"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="realised-gains-lifo.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    told = got(client, f"{sold}/realised-gains", cost_method="lifo")["gains"]
    assert [float(row["gain"]) for row in rows] == [row["gain"] for row in told]
    assert {row["name"] for row in rows} == {"'=1+1"}
    assert rows[0]["base_currency"] == "USD"


@pytest.mark.parametrize(("query", "field"), [
    ({"rules": "fr"}, "rules"), ({"year": "x"}, "year"), ({"start": "2024-13-01"}, "start"), ({"format": "xml"}, "format"),
    ({"group": "sun"}, "group"), ({"start": "2024-02-01", "end": "2024-01-01"}, "start"), ({"rules": "uk", "cost_method": "fifo"}, "cost_method"),
    ({"known_at": "then"}, "known_at"), ({"as_of": "then"}, "as_of"), ({"base_currency": "EURO"}, "base_currency"),
])
def test_a_bad_query_is_a_problem_with_field_and_hint(client: TestClient, sold: str, query: dict[str, str], field: str) -> None:
    answer = client.get(f"{sold}/realised-gains", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["context"]["field"] == field
    assert told["context"]["hint"]


def test_a_sale_is_thought_through_by_get_and_by_post(client: TestClient, sold: str) -> None:
    by_get = got(client, f"{sold}/sale-simulation", symbol="AAPL", quantity="6", price="130", date="2024-06-03", tax_rate_short="0.4")
    body = {"symbol": "AAPL", "quantity": 6, "price": 130, "date": "2024-06-03", "tax_rate_short": 0.4}
    by_post = client.post(f"{sold}/sale-simulation", json=body).json()
    assert by_get == by_post
    assert {each["method"]: each["gain"] for each in by_get["methods"]} == pytest.approx(
        {"fifo": 780 - 750 - 110, "lifo": 780 - 220 - 600, "hifo": 780 - 750 - 110, "lofo": 780 - 220 - 600, "average": 780 - 970 / 7 * 6})
    each = got(client, f"{sold}/sale-simulation", symbol="AAPL", quantity="6", price="130", date="2024-06-03", history="each")
    assert each["methods"][1]["gain"] == pytest.approx(780 - 220 - 1005 / 10 * 4)  # lifo kept the oldest from the sale in March
    fifo = by_get["methods"][0]
    assert [lot["quantity"] for lot in fifo["lots"]] == [5, 1]
    assert sum(lot["gain"] for lot in fifo["lots"]) == pytest.approx(fifo["gain"])
    assert (by_get["held"], by_get["price_given"]) == (7, True)
    lot = by_get["open_lots"][1]["transaction_id"]
    named = client.post(f"{sold}/sale-simulation", json={**body, "quantity": 2, "lots": [{"id": lot, "quantity": 2}]}).json()
    assert named["methods"][-1]["method"] == "specific"
    assert named["methods"][-1]["gain"] == pytest.approx(40)


def test_more_than_held_says_what_is_held(client: TestClient, sold: str) -> None:
    answer = client.post(f"{sold}/sale-simulation", json={"symbol": "AAPL", "quantity": 8, "price": 130})
    assert answer.status_code == 422
    told = answer.json()
    assert (told["code"], told["context"]["held"], told["context"]["field"]) == ("more_than_held", 7, "quantity")
    assert told["context"]["hint"] == "Ask for at most 7"
    missing = client.get(f"{sold}/sale-simulation")
    assert (missing.status_code, missing.json()["context"]["field"]) == (422, "symbol")
    assert client.get(f"{sold}/sale-simulation", params={"symbol": "AAPL", "quantity": "1"}).status_code == 409  # no price is known
    assert client.get("/api/v1/portfolios/0190c0de-0000-7000-8000-000000000001/realised-gains").status_code == 404


def test_both_are_in_the_document_with_examples(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    assert {"get", "post"} <= set(document["paths"]["/api/v1/portfolios/{portfolio_id}/sale-simulation"])
    assert document["components"]["schemas"]["RealisedGainsPublic"]["examples"][0]["rules"] == "uk"
    assert document["components"]["schemas"]["SaleSimulation"]["examples"]
