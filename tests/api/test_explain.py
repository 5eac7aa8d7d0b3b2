"""Explanations over REST: every number of the answers has one, and the call it names gives the same number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

WORDS = {"days", "simulated", "revisions", "conventions", "quality", "findings", "gaps", "missing", "flows"}
ROW_WORDS = {"symbol", "currency", "name", "label", "window", "start", "end", "key", "date", "year", "price_age_seconds"}


@pytest.fixture
def filled(client: TestClient, portfolio: str) -> str:
    bars = [{"date": "2024-01-02", "close": 100}, {"date": "2024-01-31", "close": 110}]
    assert client.put("/api/v1/instruments/AAPL/bars", json=bars).is_success
    rows = [
        {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1000"},
        {"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "5", "price": "101", "fee": "1"},
    ]
    assert client.post(f"{portfolio}/transactions", json=rows).status_code == 201
    return portfolio


def test_every_number_of_holdings_has_an_explanation(client: TestClient, filled: str) -> None:
    told = client.get(f"{filled}/holdings").json()

    def check(figure: str, symbol: str, value: Any) -> None:
        answer = client.get(told["explain"].format(figure=figure, symbol=symbol))
        assert answer.status_code == 200, f"{figure} {symbol}: {answer.text}"
        assert answer.json()["value"] == (None if value is None else pytest.approx(value)), figure

    for name, value in told["totals"].items():
        check(name, "", value)
    for rows, prefix in ((told["holdings"], ""), (told["closed"], ""), (told["cash_details"], "cash:")):
        for row in rows:
            key = f"{prefix}{row['currency']}" if prefix else row["symbol"]
            for name, value in row.items():
                if isinstance(value, float | int) and not isinstance(value, bool) and name not in ROW_WORDS:
                    check(name, key, value)


def test_every_number_of_performance_has_an_explanation(client: TestClient, filled: str) -> None:
    told = client.get(f"{filled}/performance?start=2024-01-02&end=2024-01-31").json()
    asked: list[tuple[str, str, Any]] = [
        (name, "", value)
        for name, value in told.items()
        if isinstance(value, float | int) and name not in WORDS and not isinstance(value, bool)
    ]
    asked += [(f"bridge.{name}", "", value) for name, value in told["pnl_bridge"].items()]
    for section, prefix, key in (
        ("periods", "windows", "window"),
        ("contributions", "contributions", "name"),
        ("currency", "currency", "currency"),
        ("series", "series", "date"),
    ):
        asked += [(f"{prefix}.{name}", row[key], value) for row in told[section] for name, value in row.items() if name not in ROW_WORDS]
    asked += [
        ("calendar", f"{row['year']}-{month + 1:02}", value)
        for row in told["calendar"]
        for month, value in enumerate(row["months"])
        if value is not None
    ]
    assert len(asked) > 80
    for figure, symbol, value in asked:
        answer = client.get(told["explain"].format(figure=figure, symbol=symbol))
        assert answer.status_code == 200, f"{figure} {symbol}: {answer.text}"
        assert answer.json()["value"] == (None if value is None else pytest.approx(value)), figure


def test_the_call_it_names_gives_the_number_again(client: TestClient, filled: str) -> None:
    told = client.get(f"{filled}/explain?figure=roi&start=2024-01-02&end=2024-01-31").json()
    assert client.get(told["call"]).json()[told["path"]] == told["value"] == told["reproduced"]
    assert [term["figure"] for term in told["inputs"]] == ["pnl", "invested"]


def check_row(client: TestClient, told: dict[str, Any], section: str, symbol: str, row: dict[str, Any]) -> None:
    """See that every number of a row is told again by its explanation."""
    for name, value in row.items():
        if isinstance(value, float | int) and not isinstance(value, bool) and name not in {"rate", "multiplier"}:
            answer = client.get(told["explain"].format(figure=f"{section}.{name}", symbol=symbol.replace("#", "%23")))
            assert answer.status_code == 200, f"{section}.{name} {symbol}: {answer.text}"
            assert answer.json()["value"] == pytest.approx(value), f"{section}.{name} {symbol}"


@pytest.fixture
def sold(client: TestClient, filled: str) -> str:
    rows = [{"date": "2024-01-20", "kind": "SELL", "symbol": "AAPL", "quantity": "2", "price": "120"}]
    assert client.post(f"{filled}/transactions", json=rows).status_code == 201
    return filled


def test_every_number_of_gains_and_lots_has_an_explanation(client: TestClient, sold: str) -> None:
    gains = client.get(f"{sold}/realised-gains?start=2024-01-01&group=month&rules=us").json()
    assert gains["gains"]
    check_row(client, gains, "gains", "", gains["totals"])
    for row in gains["gains"]:
        check_row(client, gains, "realised_lots", row["id"], row)
    for section, kind in (("by_year", "year"), ("by_term", "term"), ("by_symbol", "symbol"), ("groups", "month")):
        for row in gains[section]:
            check_row(client, gains, "gains", f"{kind}:{row[kind]}", row)
    lots = client.get(f"{sold}/holdings/AAPL").json()
    for place, row in enumerate(lots["lots"], start=1):
        check_row(client, lots, "lots", f"AAPL#{place}", row)


@pytest.mark.parametrize("how", ["get", "post"])
def test_every_number_of_a_sale_has_an_explanation(client: TestClient, sold: str, how: str) -> None:
    sale = {"symbol": "AAPL", "quantity": 1, "price": 130, "date": "2024-02-01", "tax_rate_short": 0.3}
    told = client.request(how, f"{sold}/sale-simulation", **({"json": sale} if how == "post" else {"params": sale})).json()
    for method in told["methods"]:
        check_row(client, told, "sale", f"AAPL:{method['method']}", method)
        for place, row in enumerate(method["lots"], start=1):
            check_row(client, told, "sale_lots", f"AAPL:{method['method']}#{place}", row)


def test_the_table_of_figures(client: TestClient) -> None:
    told = client.get("/api/v1/figures").json()["figures"]
    assert len({row["figure"] for row in told}) == len(told) > 120
    assert all(row["formula"] and row["convention"] and row["source"] for row in told)


@pytest.mark.parametrize(
    ("query", "field", "hint"), [("", "figure", "figures"), ("figure=tvr", "figure", "twr"), ("figure=price", "symbol", "AAPL")]
)
def test_what_is_no_figure(client: TestClient, filled: str, query: str, field: str, hint: str) -> None:
    answer = client.get(f"{filled}/explain?{query}")
    assert answer.status_code == 422
    assert answer.json()["context"]["field"] == field
    assert hint in answer.json()["context"]["hint"]
