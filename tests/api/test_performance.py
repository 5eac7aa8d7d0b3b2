"""Performance over REST, every number worked out by hand beside the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from data import calendar

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

API = "/api/v1"
Rows = list[dict[str, Any]]


class Desk:
    """A caller with symbols of its own, so that no test sees the prices of another."""

    def __init__(self, client: TestClient) -> None:
        self.client, self.mark = client, uuid4().hex[:6].upper()

    def name(self, symbol: str) -> str:
        return f"{symbol}.{self.mark}"

    def sent(self, method: str, path: str, body: Any) -> Any:
        answer = self.client.request(method, API + path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def bars(self, symbol: str, closes: dict[str, float], **fields: Any) -> str:
        name = self.name(symbol)
        self.sent("PUT", f"/instruments/{name}", {"name": symbol, "currency": "USD", **fields})
        if closes:
            self.sent("PUT", f"/instruments/{name}/bars", [{"date": f"2024-01-{day}", "close": close} for day, close in closes.items()])
        return name

    def portfolio(self, *rows: dict[str, Any], **fields: Any) -> str:
        key = str(self.sent("POST", "/portfolios", {"name": f"P {uuid4()}", "base_currency": "USD", **fields})["id"])
        self.book(key, *rows)
        return key

    def book(self, key: str, *rows: dict[str, Any]) -> Rows:
        return list(self.sent("POST", f"/portfolios/{key}/transactions", [{**row, "date": f"2024-01-{row['date']}"} for row in rows])) if rows else []

    def performance(self, key: str, **query: Any) -> dict[str, Any]:
        window = {"start": "2024-01-01", "end": "2024-01-31", **query}
        answer = self.client.get(f"{API}/portfolios/{key}/performance", params={name: value for name, value in window.items() if value is not None})
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        parts = sum(row["contribution"] or 0.0 for row in told["contributions"])
        if told["twr"] is not None and told["conventions"]["currency_mode"] == "base":
            assert parts == pytest.approx(told["twr"], abs=1e-9)
        if told["pnl_bridge"]["residual"] is not None:
            assert abs(told["pnl_bridge"]["residual"]) < 1e-6
        return told


@pytest.fixture
def desk(client: TestClient) -> Desk:
    return Desk(client)


def deposit(day: str, amount: float, **fields: Any) -> dict[str, Any]:
    return {"date": day, "kind": "DEPOSIT" if amount > 0 else "WITHDRAWAL", "amount": abs(amount), "currency": "USD", **fields}


def trade(day: str, kind: str, symbol: str, quantity: float, price: float, **fields: Any) -> dict[str, Any]:
    return {"date": day, "kind": kind, "symbol": symbol, "quantity": quantity, "price": price, **fields}


def test_dividends_fees_and_taxes(desk: Desk) -> None:
    a = desk.bars("A", {"02": 100, "03": 102, "04": 99, "05": 105})
    dividend = {"date": "04", "kind": "DIVIDEND", "symbol": a, "amount": 10, "tax": 3}
    key = desk.portfolio(deposit("02", 1000), trade("03", "BUY", a, 5, 100, fee=2), dividend)
    told = desk.performance(key, start="2024-01-02", end="2024-01-05")
    # values 1000; 498 + 510 = 1008; 505 + 495 = 1000; 505 + 525 = 1030
    assert [point["value"] for point in told["series"]] == [1000, 1008, 1000, 1030]
    assert told["twr"] == pytest.approx(0.03)
    assert told["twr_gross_of_fees"] == pytest.approx(1010 / 1000 * 1000 / 1008 * 1030 / 1000 - 1)
    assert told["twr_gross"] == pytest.approx(1010 / 1000 * 1003 / 1008 * 1030 / 1000 - 1)
    bridge = {"opening_value": 1000, "flows": 0, "price": 25, "fx": 0, "income": 10, "fees": 2, "taxes": 3, "corporate_actions": 0,
              "closing_value": 1030}
    assert {name: told["pnl_bridge"][name] for name in bridge} == pytest.approx(bridge)
    assert told["simple_return"] == told["modified_dietz"] == told["roi"] == pytest.approx(0.03)
    assert told["mwr"] == pytest.approx(0.03)
    assert told["twr_annualised"] is None
    assert "not annualised" in told["gaps"]["twr_annualised"]
    assert desk.performance(key, start="2024-01-02", end="2024-01-05", costs="gross")["twr"] == pytest.approx(told["twr_gross"])


def test_flows_on_several_days_under_each_timing(desk: Desk) -> None:
    a = desk.bars("A", {"02": 100, "05": 110, "08": 99, "12": 120})
    key = desk.portfolio(deposit("02", 1000), trade("02", "BUY", a, 10, 100), deposit("05", 550), trade("05", "BUY", a, 5, 110), deposit("08", -198),
                         trade("08", "SELL", a, 2, 99))
    # closes: 1000, 15 x 110 = 1650, 13 x 99 = 1287, 13 x 120 = 1560
    told = {timing: desk.performance(key, start="2024-01-02", end="2024-01-12", flow_timing=timing) for timing in ("start", "end", "mid")}
    assert told["end"]["twr"] == pytest.approx(1.10 * (1287 + 198) / 1650 * 1560 / 1287 - 1)
    assert told["start"]["twr"] == pytest.approx(1650 / 1550 * 1287 / (1650 - 198) * 1560 / 1287 - 1)
    assert told["mid"]["twr"] == pytest.approx((1 + 100 / 1275) * (1 + (1287 - 1650 + 198) / (1650 - 99)) * 1560 / 1287 - 1)
    gain = 1560 - 1000 - 550 + 198
    assert told["start"]["simple_dietz"] == pytest.approx(gain / (1000 + 352 / 2))
    assert told["end"]["modified_dietz"] == pytest.approx(gain / (1000 + 550 * 7 / 10 - 198 * 4 / 10))
    assert told["start"]["modified_dietz"] == pytest.approx(gain / (1000 + 550 * 8 / 10 - 198 * 5 / 10))
    assert told["start"]["roi"] == pytest.approx(gain / 1550)
    rate = told["start"]["mwr"]
    assert 1000 * (1 + rate) + 550 * (1 + rate) ** 0.7 - 198 * (1 + rate) ** 0.4 == pytest.approx(1560, rel=1e-9)
    assert [flow["amount"] for flow in told["start"]["flows"]] == [550, -198]
    assert told["start"]["pnl_bridge"]["flows"] == 352
    assert "large_flow" in {finding["code"] for finding in told["start"]["quality"]}
    assert "money-weighted return is" in told["start"]["why"]


def test_two_currencies(desk: Desk) -> None:
    a = desk.bars("A", {"02": 100, "03": 110}, currency="CHF")
    desk.sent("PUT", "/fx/CHFUSD", [{"date": "2024-01-02", "rate": 1.0}, {"date": "2024-01-03", "rate": 1.2}])
    key = desk.portfolio(deposit("02", 1000, currency="CHF"), trade("02", "BUY", a, 5, 100))
    told = desk.performance(key, start="2024-01-02", end="2024-01-03")
    # CHF 500 in shares and 500 in cash at 1.0, then CHF 550 and 500 at 1.2
    assert told["twr"] == pytest.approx(0.26)
    assert told["local_twr"] == pytest.approx(0.05)
    assert told["pnl_bridge"]["price"] == pytest.approx(60)
    assert told["pnl_bridge"]["fx"] == pytest.approx(200)
    chf = next(row for row in told["currency"] if row["currency"] == "CHF")
    assert [chf[name] for name in ("local", "fx", "cross", "base")] == pytest.approx([0.05, 0.20, 0.01, 0.26])
    assert desk.performance(key, start="2024-01-02", end="2024-01-03", currency_mode="local")["twr"] == pytest.approx(0.05)
    assert desk.performance(key, start="2024-01-02", end="2024-01-03", base_currency="CHF")["twr"] == pytest.approx(0.05)


def test_a_withdrawal_to_zero_and_back_leaves_the_chain_whole(desk: Desk) -> None:
    a = desk.bars("A", {"02": 100, "03": 110, "04": 50, "08": 50, "09": 60})
    key = desk.portfolio(deposit("02", 1000), trade("02", "BUY", a, 10, 100), trade("03", "SELL", a, 10, 110), deposit("03", -1100),
                         deposit("08", 500), trade("08", "BUY", a, 10, 50))
    told = desk.performance(key, start="2024-01-02", end="2024-01-09")
    assert told["twr"] == pytest.approx(1.1 * 1.2 - 1)
    assert told["series"][-1]["growth"] == pytest.approx(1.32)
    assert told["pnl_bridge"]["price"] == pytest.approx(200)


def test_a_short(desk: Desk) -> None:
    a = desk.bars("A", {"02": 100, "03": 90, "04": 95})
    key = desk.portfolio(deposit("02", 1000), trade("02", "SELL", a, 5, 100))
    told = desk.performance(key, start="2024-01-02", end="2024-01-04")
    assert told["twr"] == pytest.approx(0.025)
    assert {row["name"]: row["pnl"] for row in told["contributions"]}[a] == pytest.approx(25)


def test_without_prices_figures_say_why(desk: Desk) -> None:
    a = desk.bars("A", {})
    key = desk.portfolio(deposit("02", 1000), trade("03", "BUY", a, 5, 100))
    told = desk.performance(key, start="2024-01-02", end="2024-01-05")
    assert told["pnl_bridge"]["closing_value"] is None
    assert told["series"][-1]["value"] == 500
    assert {"missing_price", "series_excludes", "bridge_excludes"} <= {finding["code"] for finding in told["quality"]}
    assert told["twr"] == 0


def test_nothing_recorded_is_nothing_measured(desk: Desk) -> None:
    told = desk.performance(desk.portfolio())
    assert (told["series"], told["twr"], told["contributions"]) == ([], None, [])
    assert told["findings"][0]["code"] == "no_transactions"


def test_known_at_gives_the_answer_of_then(desk: Desk) -> None:
    a = desk.bars("A", {"02": 100, "03": 110})
    key = desk.portfolio(deposit("02", 1000))
    bought = desk.book(key, trade("02", "BUY", a, 10, 100))[0]
    before = desk.performance(key, start="2024-01-02", end="2024-01-03")
    then = calendar.now().isoformat()
    answer = desk.client.patch(f"{API}/portfolios/{key}/transactions/{bought['id']}", json={"quantity": 1}, headers={"If-Match": '"1"'})
    assert answer.is_success
    now, known = (desk.performance(key, start="2024-01-02", end="2024-01-03", known_at=at) for at in (None, then))
    assert (before["twr"], now["twr"], known["twr"]) == pytest.approx((0.1, 0.01, 0.1))
    assert known["known_at"]


def test_groups_add_up_and_can_be_asked_for(desk: Desk) -> None:
    a = desk.bars("A", {"02": 100, "03": 110, "04": 121}, sector="Tech")
    b = desk.bars("B", {"02": 50, "03": 45, "04": 45}, sector="Oil")
    key = desk.portfolio(deposit("02", 2000, account="one"), trade("02", "BUY", a, 10, 100, account="one"),
                         trade("02", "BUY", b, 10, 50, account="two"), deposit("02", 500, account="two"))
    for kind in ("symbol", "sector", "asset_class", "currency", "account", "tag", "portfolio"):
        told = desk.performance(key, start="2024-01-02", end="2024-01-04", group_by=kind)
        assert sum(row["contribution"] for row in told["groups"]) == pytest.approx(told["twr"], abs=1e-9), kind
        assert sum(row["pnl"] for row in told["groups"]) == pytest.approx(told["pnl"]), kind
        one = told["groups"][0]
        of = desk.performance(key, start="2024-01-02", end="2024-01-04", group_by=kind, group=one["key"])
        assert of["label"] == one["label"]
        assert of["pnl"] == pytest.approx(one["pnl"]), kind
        assert of["twr"] == pytest.approx(one["return"]), kind
    tech = desk.performance(key, start="2024-01-02", end="2024-01-04", group_by="sector", group="tech")
    assert tech["twr"] == pytest.approx(0.21)
    assert tech["pnl_bridge"]["price"] == pytest.approx(210)
    two = desk.performance(key, start="2024-01-01", end="2024-01-04", group_by="account", group="two")
    assert two["pnl_bridge"]["flows"] == 500
    assert two["pnl"] == pytest.approx(-50)


def test_all_portfolios_are_the_sum_of_theirs(desk: Desk) -> None:
    a, b = desk.bars("A", {"02": 100, "03": 110}), desk.bars("B", {"02": 10, "03": 11})
    keys = [desk.portfolio(deposit("02", 1000), trade("02", "BUY", a, 5, 100)), desk.portfolio(deposit("02", 300), trade("02", "BUY", b, 10, 10))]
    told = desk.performance("all", group_by="portfolio")
    parts = [desk.performance(str(row["key"])) for row in told["groups"]]
    assert set(keys) <= {str(row["key"]) for row in told["groups"]}
    assert told["pnl_bridge"]["closing_value"] == pytest.approx(sum(part["pnl_bridge"]["closing_value"] or 0 for part in parts), rel=1e-9)
    for name in ("opening_value", "flows", "price", "fx", "income", "fees", "taxes", "corporate_actions"):
        assert told["pnl_bridge"][name] == pytest.approx(sum(part["pnl_bridge"][name] for part in parts), abs=1e-6), name


def test_a_benchmark_in_another_currency(desk: Desk) -> None:
    mine = desk.bars("A", {"02": 100, "03": 110})
    index = desk.bars("IDX", {"02": 1000, "03": 1050}, currency="CHF")
    desk.sent("PUT", "/fx/CHFUSD", [{"date": "2024-01-02", "rate": 1.0}, {"date": "2024-01-03", "rate": 1.2}])
    key = desk.portfolio(deposit("02", 1000), trade("02", "BUY", mine, 10, 100), benchmark=index)
    told = desk.performance(key, start="2024-01-02", end="2024-01-03")
    assert told["benchmark"]["symbol"] == index
    assert told["benchmark_twr"] == pytest.approx(1.05 * 1.2 - 1)
    assert told["active_return"] == pytest.approx(0.1 - 0.26)
    assert [point["benchmark_growth"] for point in told["series"]] == pytest.approx([1, 1.26])
    assert desk.performance(key, start="2024-01-02", end="2024-01-03", benchmark="")["benchmark"] is None
    prices = desk.performance(key, start="2024-01-02", end="2024-01-03", inflation=index)
    assert prices["real_twr"] == pytest.approx(1.1 / 1.05 - 1)


def test_the_series_by_month_or_not_at_all(desk: Desk) -> None:
    a = desk.bars("A", {str(day).zfill(2): 100 + day for day in range(2, 20)})
    key = desk.portfolio(deposit("02", 1000), trade("02", "BUY", a, 1, 100), deposit("04", 10), deposit("05", 20))
    assert desk.performance(key, series="false")["series"] == []
    whole, weeks = desk.performance(key)["series"], desk.performance(key, every="week")["series"]
    assert [point["date"] for point in weeks] == ["2024-01-01", "2024-01-07", "2024-01-14", "2024-01-19"]
    assert weeks[1]["flow"] == sum(point["flow"] for point in whole[1:7]) == 1030


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"start": "2024-02-31"}, "start"), ({"start": "2024-03-01", "end": "2024-02-01"}, "start"), ({"period": "2W"}, "period"),
    ({"start": "2024-01-01", "period": "1M"}, "period"), ({"flow_timing": "noon"}, "flow_timing"), ({"day_count": "act/300"}, "day_count"),
    ({"costs": "some"}, "costs"), ({"currency_mode": "x"}, "currency_mode"), ({"group_by": "colour"}, "group_by"), ({"group": "Tech"}, "group"),
    ({"cost_method": "best"}, "cost_method"), ({"known_at": "yesterday"}, "known_at"), ({"base_currency": "XYZ"}, "base_currency"),
    ({"benchmark": "no such"}, "benchmark"), ({"series": "perhaps"}, "series"), ({"every": "decade"}, "every"),
    ({"transfers_at": "x"}, "transfers_at"),
]


@pytest.mark.parametrize(("query", "field"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_is_refused_with_its_field_and_a_hint(desk: Desk, query: dict[str, str], field: str) -> None:
    answer = desk.client.get(f"{API}/portfolios/all/performance", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["context"]["field"] == field
    assert answer.json()["context"]["hint"]


@pytest.mark.parametrize("query", [{"benchmark": "NONE.X"}, {"inflation": "NONE.X"}, {"group_by": "sector", "group": "Nowhere"}])
def test_what_is_not_there_is_not_found(desk: Desk, query: dict[str, str]) -> None:
    key = desk.portfolio(deposit("02", 1000))
    assert desk.client.get(f"{API}/portfolios/{key}/performance", params=query).status_code == 404
    assert desk.client.get(f"{API}/portfolios/{uuid4()}/performance").status_code == 404


