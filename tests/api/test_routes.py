"""What each route answers when all is well."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

BUY = {"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "100.10"}
DEPOSIT = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "5000"}


def test_a_portfolio_lives(client: TestClient) -> None:
    key = str(uuid4())
    created = client.post(
        "/api/v1/portfolios", json={"id": key, "name": " Säule 3a ", "base_currency": "chf", "cost_method": "AVERAGE", "benchmark": "spy"}
    )
    assert created.status_code == 201
    assert created.headers["etag"] == '"1"'
    path = created.headers["location"]
    assert path == f"/api/v1/portfolios/{key}"
    told = created.json()
    assert {
        "name": "Säule 3a",
        "base_currency": "CHF",
        "cost_method": "average",
        "benchmark": "SPY",
        "version": 1,
        "revision": 0,
    }.items() <= told.items()
    assert client.get(path).json() == told
    changed = client.patch(path, json={"name": "Pension", "benchmark": None}, headers={"If-Match": created.headers["etag"]})
    assert (changed.json()["name"], changed.json()["benchmark"], changed.json()["version"], changed.headers["etag"]) == ("Pension", None, 2, '"2"')
    assert client.delete(path, headers={"If-Match": 'W/"2"'}).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get("/api/v1/portfolios").json() == []


def test_an_id_that_is_taken_is_a_conflict(client: TestClient) -> None:
    body = {"id": str(uuid4()), "name": "P"}
    assert client.post("/api/v1/portfolios", json=body).status_code == 201
    assert client.post("/api/v1/portfolios", json=body).json()["code"] == "conflict"


def test_portfolios_page_by_key(client: TestClient) -> None:
    names = [f"P{place}" for place in range(5)]
    for name in names:
        client.post("/api/v1/portfolios", json={"name": name})
    seen, after = [], None
    for _ in range(4):
        answer = client.get("/api/v1/portfolios", params={"limit": 2, **({"after": after} if after else {})})
        seen += [row["name"] for row in answer.json()]
        after = answer.headers.get("x-next-after")
        if after is None:
            break
    assert seen == names


def test_the_base_currency_stays_once_there_are_transactions(client: TestClient, portfolio: str) -> None:
    assert client.patch(portfolio, json={"base_currency": "EUR", "version": 1}).json()["base_currency"] == "EUR"
    client.post(f"{portfolio}/transactions", json=DEPOSIT)
    answer = client.patch(portfolio, json={"base_currency": "USD", "version": 2})
    assert (answer.status_code, answer.json()["context"]["field"]) == (422, "base_currency")
    assert client.get(portfolio).json()["version"] == 2


def test_instruments_are_added_changed_found(client: TestClient) -> None:
    added = client.put("/api/v1/instruments/brk.b", json={"name": "Berkshire", "currency": "USD", "sector": "Financials", "multiplier": 1})
    assert (added.status_code, added.json()["symbol"], added.json()["version"]) == (201, "BRK.B", 1)
    again = client.put("/api/v1/instruments/BRK.B", json={"sector": "Insurance"})
    assert (again.status_code, again.json()["sector"], again.json()["name"], again.json()["version"]) == (200, "Insurance", "Berkshire", 2)
    stale = client.put("/api/v1/instruments/BRK.B", json={"sector": "X"}, headers={"If-Match": "1"})
    assert (stale.status_code, stale.json()["context"]["found_version"]) == (409, 2)
    assert [row["symbol"] for row in client.get("/api/v1/instruments", params={"query": "berk"}).json()] == ["BRK.B"]
    assert client.get("/api/v1/instruments/brk.b").json()["sector"] == "Insurance"


def test_bars_actions_and_rates_come_back(client: TestClient, portfolio: str) -> None:
    assert portfolio
    bars = [
        {"date": "2024-01-03", "close": "100.10", "volume": 5},
        {"date": "2024-01-04", "close": 101.5, "high": "102", "low": "99.123456789012345678"},
    ]
    assert client.put("/api/v1/instruments/AAPL/bars", json=bars).json() == {"count": 2}
    told = client.get("/api/v1/instruments/AAPL/bars", params={"start": "2024-01-04"}).json()
    assert [(row["close"], row["low"], row["source"], row["simulated"]) for row in told] == [("101.5", "99.123456789012345678", "manual", False)]
    first = client.get("/api/v1/instruments/AAPL/bars", params={"limit": 1})
    assert client.get("/api/v1/instruments/AAPL/bars", params={"limit": 1, "after": first.headers["x-next-after"]}).json() == told
    assert client.put("/api/v1/instruments/AAPL/actions", json={"date": "2020-08-31", "kind": "split", "ratio": 4}).json() == {"count": 1}
    assert client.get("/api/v1/instruments/AAPL/actions").json()[0]["ratio"] == "4"
    assert client.put("/api/v1/fx/eurusd", json=[{"date": "2024-01-03", "rate": "1.1"}]).json() == {"count": 1}
    assert client.get("/api/v1/fx/EURUSD").json() == [{"date": "2024-01-03", "rate": "1.1", "source": "manual", "simulated": False}]


def test_amounts_come_back_digit_by_digit(client: TestClient, portfolio: str) -> None:
    exact = {**BUY, "quantity": "0.123456789012345678", "price": "12345678901234567890.5", "fee": 0.1}
    told = client.post(f"{portfolio}/transactions", json=exact).json()
    assert (told["quantity"], told["price"], told["fee"], told["currency"]) == ("0.123456789012345678", "12345678901234567890.5", "0.1", "USD")
    assert client.get(f"{portfolio}/transactions/{told['id']}").json() == told


def test_an_object_gives_an_object_and_a_list_a_list(client: TestClient, portfolio: str) -> None:
    one = client.post(f"{portfolio}/transactions", json=DEPOSIT)
    assert (one.status_code, one.json()["kind"], one.headers["etag"]) == (201, "DEPOSIT", '"1"')
    many = client.post(f"{portfolio}/transactions", json=[BUY, {**BUY, "kind": "SELL", "quantity": 1}])
    assert [row["kind"] for row in many.json()] == ["BUY", "SELL"]
    assert many.json()[0]["sequence"] < many.json()[1]["sequence"]


def test_a_transaction_is_corrected_voided_and_undone(client: TestClient, portfolio: str) -> None:
    path = f"{portfolio}/transactions/{client.post(f'{portfolio}/transactions', json=BUY).json()['id']}"
    corrected = client.patch(path, json={"quantity": "12", "note": "miscounted"}, headers={"If-Match": '"1"'}).json()
    assert (corrected["version"], corrected["quantity"], corrected["price"], corrected["note"]) == (2, "12", "100.1", "miscounted")
    back = client.post(f"{path}/undo", headers={"If-Match": '"2"'}).json()
    assert (back["version"], back["quantity"], back["note"]) == (3, "10", None)
    gone = client.delete(path, headers={"If-Match": '"3"'}).json()
    assert (gone["version"], gone["voided"]) == (4, True)
    assert client.get(f"{portfolio}/transactions").json() == []
    assert client.patch(path, json={"quantity": "1", "version": 4}).status_code == 409
    assert client.delete(path, headers={"If-Match": "4"}).status_code == 409
    returned = client.post(f"{path}/undo", json={"version": 4}).json()
    assert (returned["version"], returned["voided"], returned["quantity"]) == (5, False, "10")
    assert [row["version"] for row in client.get(f"{path}/history").json()] == [1, 2, 3, 4, 5]


def test_undo_of_a_first_version_voids_it(client: TestClient, portfolio: str) -> None:
    stored = client.post(f"{portfolio}/transactions", json=BUY).json()
    assert client.post(f"{portfolio}/transactions/{stored['id']}/undo", json={"version": 1}).json()["voided"] is True


def test_a_correction_that_cannot_be_booked_leaves_the_ledger(client: TestClient, portfolio: str) -> None:
    stored = client.post(f"{portfolio}/transactions", json=BUY).json()
    path = f"{portfolio}/transactions/{stored['id']}"
    for changes, field in (
        ({"price": "-1"}, "price"),
        ({"quantity": None}, "quantity"),
        ({"id": str(uuid4())}, "id"),
        ({"external_id": "x"}, "external_id"),
        ({"symbol": "NONE"}, "symbol"),
    ):
        answer = client.patch(path, json={**changes, "version": 1})
        assert (answer.status_code, answer.json()["context"]["field"]) == (422, field), answer.text
    assert client.get(f"{path}/history").json() == [stored]


def test_an_amount_takes_the_place_of_a_price(client: TestClient, portfolio: str) -> None:
    stored = client.post(f"{portfolio}/transactions", json=BUY).json()
    told = client.patch(f"{portfolio}/transactions/{stored['id']}", json={"amount": "990", "version": 1}).json()
    assert (told["amount"], told["price"]) == ("990", None)


def test_transactions_are_filtered_and_paged(client: TestClient, portfolio: str) -> None:
    rows = [{**DEPOSIT, "date": f"2024-01-{day:02}", "amount": day, "account": "broker" if day % 2 else "bank"} for day in range(1, 8)]
    client.post(f"{portfolio}/transactions", json=[*rows, BUY])
    find = f"{portfolio}/transactions"
    assert [row["kind"] for row in client.get(find, params={"symbol": "aapl"}).json()] == ["BUY"]
    assert [
        row["amount"] for row in client.get(find, params={"kind": "deposit", "start": "2024-01-03", "end": "2024-01-05", "account": "broker"}).json()
    ] == ["3", "5"]
    seen, url = [], f"{find}?limit=3"
    while url:
        answer = client.get(url)
        seen += [row["date"] for row in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert len(seen) == 8
    assert seen == sorted(seen)
    newest = client.get(find, params={"newest_first": True, "limit": 2}).json()
    assert [row["date"] for row in newest] == ["2024-01-07", "2024-01-06"]
    assert client.get(f"{portfolio}/accounts").json() == ["bank", "broker"]


def test_an_external_id_is_recorded_once(client: TestClient, portfolio: str) -> None:
    named = {**DEPOSIT, "external_id": "T-1"}
    first = client.post(f"{portfolio}/transactions", json=named).json()
    again = client.post(f"{portfolio}/transactions", json=[BUY, named])
    told = again.json()
    assert (again.status_code, told["code"], told["context"]["field"], told["context"]["row"]) == (409, "conflict", "external_id", 2)
    assert told["context"]["transaction_id"] == first["id"]
    twice = client.post(f"{portfolio}/transactions", json=[{**named, "external_id": "T-2"}] * 2)
    assert (twice.status_code, twice.json()["context"]["rule"]) == (409, "duplicate")
    assert len(client.get(f"{portfolio}/transactions").json()) == 1


def test_a_dry_run_tells_the_effect_and_writes_nothing(client: TestClient, portfolio: str) -> None:
    client.post(f"{portfolio}/transactions", json=[DEPOSIT, BUY])
    sale = {**BUY, "kind": "SELL", "quantity": "4", "price": "110.10", "date": "2024-01-04", "fee": "1"}
    told = client.post(f"{portfolio}/transactions", params={"dry_run": True}, json=sale)
    assert told.status_code == 200
    expected = {
        "errors": [],
        "warnings": [],
        "currency": "USD",
        "amount": "439.4",
        "cash_before": "3999",
        "cash_after": "4438.4",
        "position_before": "10",
        "position_after": "6",
        "symbol": "AAPL",
        "base_currency": "USD",
    }
    assert {name: told.json()[name] for name in expected} == expected
    assert told.json()["realised"] == pytest.approx(39.0)
    short = client.post(f"{portfolio}/transactions", params={"dry_run": True}, json={**sale, "quantity": "14"}).json()
    assert short["warnings"] == ["Opens a short of 4 AAPL"]
    wrong = client.post(f"{portfolio}/transactions", params={"dry_run": True}, json=[{**sale, "price": "x", "quantity": "0"}, sale]).json()
    assert {error["field"] for error in wrong[0]["errors"]} == {"price", "quantity"}
    assert all(error["hint"] and error["message"] and error["code"] for error in wrong[0]["errors"])
    assert wrong[1]["errors"] == []
    assert len(client.get(f"{portfolio}/transactions").json()) == 2


def test_holdings_of_what_was_known(client: TestClient, portfolio: str) -> None:
    stored = client.post(f"{portfolio}/transactions", json=BUY).json()
    before = datetime.now(UTC).isoformat()
    client.patch(f"{portfolio}/transactions/{stored['id']}", json={"quantity": "20", "version": 1})
    assert client.get(f"{portfolio}/holdings").json()["holdings"][0]["quantity"] == 20
    assert client.get(f"{portfolio}/holdings", params={"known_at": before}).json()["holdings"][0]["quantity"] == 10
    early = client.get(f"{portfolio}/holdings", params={"as_of": "2024-01-02"}).json()
    assert (early["holdings"], early["totals"]["value"]) == ([], 0)


def test_holdings_by_another_cost_method_and_in_another_currency(client: TestClient, portfolio: str) -> None:
    client.put("/api/v1/instruments/AAPL/bars", json=[{"date": "2024-01-05", "close": 40}])
    client.put("/api/v1/fx/EURUSD", json=[{"date": "2024-01-01", "rate": "1.25"}])
    trades = [("BUY", "10", "10"), ("BUY", "10", "20"), ("SELL", "10", "30")]
    client.post(f"{portfolio}/transactions", json=[{**BUY, "kind": kind, "quantity": quantity, "price": price} for kind, quantity, price in trades])
    ask = {"as_of": "2024-01-05"}
    fifo, average = (client.get(f"{portfolio}/holdings", params=ask | more).json() for more in ({}, {"cost_method": "average"}))
    assert (fifo["totals"]["realised"], average["totals"]["realised"]) == (pytest.approx(200), pytest.approx(150))
    assert (fifo["cost_method"], average["cost_method"]) == ("fifo", "average")
    euro = client.get(f"{portfolio}/holdings", params=ask | {"base_currency": "EUR"}).json()
    assert euro["totals"]["market_value"] == pytest.approx(400 / 1.25)
    assert euro["base_currency"] == "EUR"


def test_a_missing_price_is_a_finding_never_cost_and_never_zero(client: TestClient, portfolio: str) -> None:
    client.put("/api/v1/instruments/MSFT", json={"name": "Microsoft", "currency": "USD"})
    client.put("/api/v1/instruments/MSFT/bars", json=[{"date": "2024-01-03", "close": 50}])
    client.post(f"{portfolio}/transactions", json=[DEPOSIT, BUY, {**BUY, "symbol": "MSFT"}])
    told = client.get(f"{portfolio}/holdings", params={"as_of": "2024-01-05"}).json()
    rows = {row["symbol"]: row for row in told["holdings"]}
    assert [rows["AAPL"][name] for name in ("price", "market_value", "unrealised", "day_pnl", "weight")] == [None] * 5
    assert (rows["AAPL"]["price_state"], rows["AAPL"]["cost_basis"]) == ("missing", 1001)
    assert told["totals"]["market_value"] == 500
    assert told["totals"]["value"] == 500 + 5000 - 2002
    findings = {finding["code"]: finding for finding in told["findings"]}
    assert findings["missing_price"]["context"]["symbol"] == "AAPL"
    assert findings["value_excludes"]["message"] == "value excludes 1 holding without price"


def test_a_missing_rate_is_a_finding(client: TestClient) -> None:
    client.put("/api/v1/instruments/AAPL", json={"name": "Apple", "currency": "USD"})
    client.put("/api/v1/instruments/AAPL/bars", json=[{"date": "2024-01-03", "close": 50}])
    path = f"/api/v1/portfolios/{client.post('/api/v1/portfolios', json={'name': 'P', 'base_currency': 'EUR'}).json()['id']}"
    client.post(f"{path}/transactions", json=BUY)
    told = client.get(f"{path}/holdings", params={"as_of": "2024-01-05"}).json()
    assert (told["holdings"][0]["market_value"], told["holdings"][0]["market_value_local"], told["holdings"][0]["fx_rate"]) == (None, 500, None)
    assert "missing_rate" in {finding["code"] for finding in told["findings"]}
    client.put("/api/v1/fx/EURUSD", json=[{"date": "2024-01-01", "rate": "1.25"}])
    assert client.get(f"{path}/holdings", params={"as_of": "2024-01-05"}).json()["holdings"][0]["market_value"] == pytest.approx(400)


def test_all_portfolios_merge_in_the_currency_of_the_oldest(client: TestClient, portfolio: str) -> None:
    client.put("/api/v1/instruments/AAPL/bars", json=[{"date": "2024-01-03", "close": 100}])
    client.put("/api/v1/fx/EURUSD", json=[{"date": "2024-01-01", "rate": "1.25"}])
    other = f"/api/v1/portfolios/{client.post('/api/v1/portfolios', json={'name': 'E', 'base_currency': 'EUR'}).json()['id']}"
    client.post(f"{portfolio}/transactions", json=[DEPOSIT, BUY])
    client.post(f"{other}/transactions", json=[DEPOSIT, {**BUY, "fx_rate": "0.8"}])
    told = client.get("/api/v1/portfolios/all/holdings", params={"as_of": "2024-01-03"}).json()
    assert (told["base_currency"], told["holdings"][0]["quantity"], len(told["revisions"])) == ("USD", 20, 2)
    assert told["totals"]["value"] == pytest.approx(5000 + 5000 * 1.25 - 2002 + 2000)
    assert told["holdings"][0]["cost_basis"] == pytest.approx(2002)
    parts = [client.get(f"{path}/holdings", params={"as_of": "2024-01-03", "base_currency": "USD"}).json() for path in (portfolio, other)]
    for name in ("value", "day_pnl", "cost_basis", "net_contributions", "total_pnl"):
        assert told["totals"][name] == pytest.approx(sum(part["totals"][name] for part in parts)), name
    bridge = client.get("/api/v1/portfolios/all/performance", params={"start": "2024-01-01", "end": "2024-01-03"}).json()
    assert bridge["pnl_bridge"]["closing_value"] == pytest.approx(told["totals"]["value"])
    assert bridge["series"][-1]["value"] == pytest.approx(told["totals"]["value"])


def test_a_workspace_without_portfolios_is_worth_nothing(client: TestClient) -> None:
    told = client.get("/api/v1/portfolios/all/holdings").json()
    assert (told["holdings"], told["totals"]["value"], told["base_currency"]) == ([], 0, "USD")
    assert client.get("/api/v1/portfolios/all/performance", params={"start": "2024-01-01"}).json()["series"] == []


def test_a_removed_portfolio_is_not_in_all(client: TestClient, portfolio: str) -> None:
    client.post(f"{portfolio}/transactions", json=DEPOSIT)
    assert client.get("/api/v1/portfolios/all/holdings").json()["totals"]["value"] == 5000
    client.delete(portfolio, headers={"If-Match": "1"})
    assert client.get("/api/v1/portfolios/all/holdings").json()["totals"]["value"] == 0


def test_quotes_are_pushed_judged_and_released(client: TestClient, portfolio: str) -> None:
    client.put("/api/v1/instruments/AAPL/bars", json=[{"date": "2024-01-03", "close": 100}])
    client.post(f"{portfolio}/transactions", json=BUY)
    now = datetime.now(UTC)
    told = client.post(
        "/api/v1/quotes",
        json=[
            {"symbol": "aapl", "price": 101.5, "ts": (now - timedelta(seconds=2)).isoformat(), "source": "desk"},
            {"symbol": "AAPL", "price": "-4"},
            {"symbol": "AAPL", "price": 99999},
            {"symbol": "AAPL", "price": "NaN"},
            {"symbol": "AAPL", "price": 102, "ts": (now + timedelta(hours=1)).isoformat()},
            {"symbol": "AAPL", "price": 102, "ts": (now - timedelta(hours=1)).isoformat()},
        ],
    )
    assert told.status_code == 200, told.text
    assert told.json()["accepted"] == 1
    assert [(row["row"], row["reason"]) for row in told.json()["quarantined"]] == [
        (2, "not_positive"),
        (3, "twenty_times_off"),
        (4, "not_finite"),
        (5, "from_future"),
        (6, "older_than_last"),
    ]
    quote = client.get("/api/v1/quotes", params={"symbols": "AAPL,NONE"}).json()
    assert [(row["symbol"], row["price"], row["source"], row["state"], row["previous_close"], row["simulated"]) for row in quote] == [
        ("AAPL", 101.5, "desk", "live", 100, False)
    ]
    row = client.get(f"{portfolio}/holdings").json()["holdings"][0]
    assert (row["price"], row["price_state"], row["market_value"]) == (101.5, "live", 1015)
    held = client.get("/api/v1/quotes/quarantine").json()
    assert len(held) == 5
    far = next(each for each in held if each["reason"] == "twenty_times_off")
    assert (far["price"], far["symbol"], far["last_price"]) == (99999, "AAPL", 100)
    assert client.post(f"/api/v1/quotes/quarantine/{far['id']}/reject").status_code == 204
    assert client.post(f"/api/v1/quotes/quarantine/{far['id']}/release").status_code == 409
    future = next(each for each in held if each["reason"] == "from_future")
    assert client.post(f"/api/v1/quotes/quarantine/{future['id']}/release").status_code == 204
    assert client.get("/api/v1/quotes", params={"symbols": "AAPL"}).json()[0]["price"] == 102
    assert len(client.get("/api/v1/quotes/quarantine").json()) == 3


def test_a_pushed_quote_names_a_known_instrument(client: TestClient, portfolio: str) -> None:
    assert portfolio
    told = client.post("/api/v1/quotes", json=[{"symbol": "AAPL", "price": 1}, {"symbol": "APPL", "price": 1}])
    assert (told.status_code, told.json()["code"], told.json()["context"]["row"]) == (422, "unknown_symbol", 2)
    assert client.get("/api/v1/quotes").json()[0]["price"] is None
    for body, field in (
        ({"symbol": "AAPL", "price": "x"}, "price"),
        ({"symbol": "AAPL"}, "price"),
        ({"symbol": "AAPL", "price": 1, "ts": "noon"}, "ts"),
        ({"symbol": "AAPL", "price": 1, "currency": "EUR"}, "currency"),
    ):
        answer = client.post("/api/v1/quotes", json=body)
        assert (answer.status_code, answer.json()["context"]["field"]) == (422, field), answer.text


def test_a_bar_of_today_beats_nothing_but_time(client: TestClient, portfolio: str) -> None:
    today = datetime.now(UTC).date().isoformat()
    client.put("/api/v1/instruments/AAPL/bars", json=[{"date": today, "close": 77}])
    client.post(f"{portfolio}/transactions", json=BUY)
    row = client.get(f"{portfolio}/holdings").json()["holdings"][0]
    assert (row["price"], row["price_source"]) == (77, "manual")
    client.post("/api/v1/quotes", json={"symbol": "AAPL", "price": 78})
    assert client.get(f"{portfolio}/holdings").json()["holdings"][0]["price"] == 78


def test_health_readiness_metrics(client: TestClient, portfolio: str) -> None:
    client.get(portfolio)
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["database"], ready.json()["bus"]) == (200, True, True)
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    assert re.search(r'portolan_http_requests_total\{method="GET",route="portfolios.get",status="200"\} \d', told.text)
    assert "portolan_quotes_accepted_total" in told.text
    assert "portolan_hub_clients 0" in told.text
    status = client.get("/api/v1/market/status").json()
    assert (status["database"], status["bus"], status["quarantined"], status["counts"]) == (True, True, 0, {"missing": 1})


def test_every_answer_has_a_request_id(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert re.fullmatch("[0-9a-f]{32}", client.get("/healthz", headers={"X-Request-Id": "a b\nc"}).headers["x-request-id"])
    assert client.get("/api/v1/nope").headers["x-request-id"]


def test_the_openapi_document_is_whole_and_has_examples(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    paths = document["paths"]
    assert {
        "/api/v1/portfolios",
        "/api/v1/portfolios/{portfolio_id}/transactions",
        "/api/v1/fx/{pair}",
        "/api/v1/quotes",
        "/healthz",
        "/metrics",
    } <= set(paths)
    text = json.dumps(document)
    for reference in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert reference in document["components"]["schemas"], reference
    assert "HTTPValidationError" not in text
    for path, item in paths.items():
        for method, operation in item.items():
            assert operation.get("description"), f"{method} {path}"
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert "$ref" in json.dumps(content["schema"]), f"{method} {path} does not say its body"
    assert document["components"]["schemas"]["TransactionCreate"]["examples"][0]["kind"] == "BUY"


def test_examples_of_the_document_work(client: TestClient, portfolio: str) -> None:
    schemas: dict[str, Any] = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    example = {
        name: schemas[name]["examples"][0]
        for name in ("PortfolioCreate", "TransactionCreate", "InstrumentPut", "BarPut", "ActionPut", "RatePut", "QuotePush")
    }
    assert client.post("/api/v1/portfolios", json=example["PortfolioCreate"]).status_code == 201
    assert client.put("/api/v1/instruments/AAPL", json=example["InstrumentPut"]).status_code == 200
    assert client.put("/api/v1/instruments/AAPL/bars", json=[example["BarPut"]]).status_code == 200
    assert client.put("/api/v1/instruments/AAPL/actions", json=[example["ActionPut"]]).status_code == 200
    assert client.put("/api/v1/fx/EURUSD", json=[example["RatePut"]]).status_code == 200
    stored = client.post(f"{portfolio}/transactions", json=example["TransactionCreate"])
    assert stored.status_code == 201
    assert client.patch(f"{portfolio}/transactions/{stored.json()['id']}", json=schemas["TransactionUpdate"]["examples"][0]).status_code == 200
    assert client.patch(portfolio, json=schemas["PortfolioUpdate"]["examples"][0]).status_code == 200
    assert client.post("/api/v1/quotes", json=[example["QuotePush"]]).status_code == 200


def test_the_docs_ask_no_other_host_and_run_no_script(client: TestClient) -> None:
    told = client.get("/api/v1/docs")
    assert told.status_code == 200
    assert "<script" not in told.text
    assert not re.search(r'(src|href)="(https?:)?//', told.text)
    assert "/api/v1/portfolios/{portfolio_id}/transactions" in told.text
    assert "&quot;kind&quot;: &quot;BUY&quot;" in told.text


KINDS: list[dict[str, Any]] = [
    {"kind": "BUY", "symbol": "AAPL", "quantity": "100", "price": "10"},
    {"kind": "BUY", "symbol": "AAPL", "quantity": "10", "amount": "100"},
    {"kind": "SELL", "symbol": "AAPL", "quantity": "5", "price": "12", "fee": "1", "tax": "0.5"},
    {"kind": "DIVIDEND", "symbol": "AAPL", "amount": "5", "tax": "1"},
    {"kind": "INTEREST", "amount": "5"},
    {"kind": "FEE", "amount": "5"},
    {"kind": "TAX", "amount": "5", "symbol": "AAPL"},
    {"kind": "DEPOSIT", "amount": "5000"},
    {"kind": "WITHDRAWAL", "amount": "5"},
    {"kind": "TRANSFER_IN", "symbol": "AAPL", "quantity": "5", "price": "9"},
    {"kind": "TRANSFER_OUT", "symbol": "AAPL", "quantity": "5"},
    {"kind": "SPLIT", "symbol": "AAPL", "ratio": "2"},
    {"kind": "SPIN_OFF", "symbol": "AAPL", "to_symbol": "KID", "quantity": "10", "ratio": "0.1"},
    {"kind": "MERGER", "symbol": "KID", "to_symbol": "HEIR", "ratio": "1.5", "amount": "3"},
    {"kind": "RETURN_OF_CAPITAL", "symbol": "AAPL", "amount": "5"},
    {"kind": "STOCK_DIVIDEND", "symbol": "AAPL", "quantity": "1"},
    {"kind": "FX_CONVERSION", "amount": "110", "currency": "USD", "to_amount": "100", "to_currency": "EUR"},
    {"kind": "ADJUSTMENT", "symbol": "AAPL", "quantity": "-1"},
]


def test_every_kind_is_accepted_booked_and_valued(client: TestClient, portfolio: str) -> None:
    for symbol in ("KID", "HEIR"):
        client.put(f"/api/v1/instruments/{symbol}", json={"name": symbol, "currency": "USD"})
    for symbol in ("AAPL", "KID", "HEIR"):
        client.put(f"/api/v1/instruments/{symbol}/bars", json=[{"date": "2024-01-03", "close": 8}])
    client.put("/api/v1/fx/EURUSD", json=[{"date": "2024-01-01", "rate": "1.1"}])
    dated = [{"date": "2024-01-03", **draft} for draft in KINDS]
    stored = client.post(f"{portfolio}/transactions", json=dated)
    assert stored.status_code == 201, stored.text
    assert {row["kind"] for row in stored.json()} == {draft["kind"] for draft in KINDS}
    told = client.get(f"{portfolio}/holdings", params={"as_of": "2024-01-03"}).json()
    assert {row["symbol"]: row["quantity"] for row in told["holdings"]} == {"AAPL": 210, "HEIR": 15}
    totals = told["totals"]
    assert totals["value"] == pytest.approx(totals["net_contributions"] + totals["total_pnl"])
    assert told["cash"]["EUR"] == 100
    bridge = client.get(f"{portfolio}/performance", params={"start": "2024-01-02", "end": "2024-01-03"}).json()["pnl_bridge"]
    assert abs(bridge["residual"]) < 1e-6


def test_a_bridge_without_a_price_says_why(client: TestClient, portfolio: str) -> None:
    client.post(f"{portfolio}/transactions", json=[DEPOSIT, BUY])
    told = client.get(f"{portfolio}/performance", params={"start": "2024-01-01", "end": "2024-01-04"}).json()
    assert told["pnl_bridge"]["closing_value"] is None
    assert {"missing_price", "bridge_excludes", "series_excludes"} <= {finding["code"] for finding in told["findings"]}
    assert (told["series"][-1]["value"], told["series"][-1]["missing"]) == (3999, 1)
