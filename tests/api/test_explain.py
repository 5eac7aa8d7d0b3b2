"""Explanations over REST: every number of the answers has one, and the call it names gives the same number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from engine.types import Actor
from services import Services
from services.benchmark.views import BenchmarkQuestion
from services.explain.figures import benchmark, risk
from services.risk.views import RiskQuestion

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


@pytest.mark.usefixtures("filled", "answers_once")
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


@pytest.mark.usefixtures("filled", "answers_once")
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


@pytest.mark.usefixtures("sold", "answers_once")
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


@pytest.mark.usefixtures("sold", "answers_once")
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


@pytest.fixture
def compared(client: TestClient) -> str:
    """Two shares in two sectors, held for 300 days, and a blend of them as the benchmark."""
    days = pd.bdate_range("2023-01-02", periods=300)
    moves = np.random.default_rng(4).normal(0.0007, 0.01, (len(days), 2)).round(5)
    drafts: list[dict[str, Any]] = [{"date": "2023-01-02", "kind": "DEPOSIT", "amount": "2500"},
                                    {"date": "2023-06-01", "kind": "WITHDRAWAL", "amount": "100"}]
    for name, sector, column in zip(("AAA", "BBB"), ("Energy", "Technology"), moves.T, strict=True):
        client.put(f"/api/v1/instruments/{name}", json={"name": name, "currency": "USD", "sector": sector})
        bars = [{"date": str(day.date()), "close": round(float(close), 6)} for day, close in zip(days, 100 * np.cumprod(1 + column), strict=True)]
        assert client.put(f"/api/v1/instruments/{name}/bars", json=bars).is_success
        drafts.append({"date": "2023-01-03", "kind": "BUY", "symbol": name, "quantity": "14" if name == "AAA" else "8", "price": "100"})
    parts = [{"kind": "instrument", "symbol": "AAA", "weight": 0.4}, {"kind": "instrument", "symbol": "BBB", "weight": 0.6}]
    blend = client.post("/api/v1/benchmarks", json={"name": "Two", "rebalancing": "monthly", "components": parts}).json()
    made = client.post("/api/v1/portfolios", json={"name": "P", "base_currency": "USD", "benchmark": blend["id"]}).json()
    path = f"/api/v1/portfolios/{made['id']}"
    assert client.post(f"{path}/transactions", json=drafts).status_code == 201
    return path


def test_every_figure_of_risk_and_benchmark_is_explained_with_the_number_of_its_answer(services: Services, actor: Actor, compared: str) -> None:
    key = compared.rpartition("/")[2]
    sheet, view = services.risk.risk(actor, key), services.benchmark.compare(actor, key)
    against = view.benchmarks[0]
    told = {name: (risk.of_sheet(sheet, name, RiskQuestion()), value) for name, value in sheet.figures.items()}
    for name in benchmark.names():
        flow = name.removeprefix("flows.")
        value = getattr(against.flows, flow) if flow != name else against.figures[name]
        told[f"benchmark.{name}"] = benchmark.of_benchmark(view, name, against.key, BenchmarkQuestion()), value
    assert len(told) > 230
    for name, (found, value) in told.items():
        assert found.value == (None if np.isnan(value) else value), name
        assert found.reproduced is None or found.reproduced == pytest.approx(value, rel=1e-6, abs=1e-9), name
        assert found.formula, name
        assert found.source, name


@pytest.mark.parametrize("figure", ["risk.sortino_ratio", "risk.today.volatility", "benchmark.information_ratio", "attribution.selection"])
def test_rest_tells_what_the_sheet_of_the_screen_tells_and_its_call_gives_the_number(client: TestClient, services: Services, actor: Actor,
                                                                                     compared: str, figure: str) -> None:
    told = client.get(f"{compared}/explain?figure={figure}").json()
    sheet = services.explain.explain(actor, compared.rpartition("/")[2], figure)
    assert (told["formula"], told["with_numbers"], told["conventions"]) == (sheet.formula, sheet.with_numbers, list(sheet.conventions))
    assert told["value"] == pytest.approx(told["reproduced"]) == sheet.value
    answer = client.get(told["call"]).json()
    place = told["path"].rpartition(".")[2]
    assert told["value"] == pytest.approx((answer.get("today") if "today" in figure else answer["benchmarks"][0]["figures"] if "benchmark." in figure
                                           else answer)[place])


def test_a_group_a_holding_and_a_factor_are_explained_and_strangers_refused(client: TestClient, compared: str) -> None:
    row = client.get(f"{compared}/attribution").json()["groups"][0]
    told = client.get(f"{compared}/explain?figure=attribution.groups.selection&symbol={row['key']}").json()
    assert told["value"] == pytest.approx(row["selection"]) == told["reproduced"]
    loading = client.get(f"{compared}/factors?factors=AAA").json()["loadings"][1]
    told = client.get(f"{compared}/explain?figure=factors.loading&symbol={loading['factor']}&factors=AAA").json()
    assert told["value"] == pytest.approx(loading["loading"]) == told["reproduced"]
    for stranger in ("risk.luck", "benchmark.luck", "attribution.groups.total&symbol=Nope", "factors.luck", "risk.volatility&level=2"):
        refused = client.get(f"{compared}/explain?figure={stranger}")
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json"), stranger
