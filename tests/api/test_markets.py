"""Search, watchlists, candles, the panel of a price and the log of the feed, over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data import calendar

API = "/api/v1"
SPLIT = [("2024-01-02", 400), ("2024-01-03", 404), ("2024-01-04", 101), ("2024-01-05", 102)]


def put(client: TestClient, *symbols: str) -> None:
    for symbol in symbols:
        assert client.put(f"{API}/instruments/{symbol}", json={"name": f"{symbol} Corporation", "currency": "USD"}).status_code == 201


@pytest.fixture
def split(client: TestClient) -> TestClient:
    """An instrument that split four for one."""
    put(client, "SPL")
    bars = [{"date": day, "close": close, "open": close - 1, "high": close + 2, "low": close - 2, "volume": 1000} for day, close in SPLIT]
    assert client.put(f"{API}/instruments/SPL/bars", json=bars).status_code == 200
    actions = [{"date": "2024-01-04", "kind": "split", "ratio": 4}, {"date": "2024-01-05", "kind": "dividend", "amount": "0.25"}]
    assert client.put(f"{API}/instruments/SPL/actions", json=actions).status_code == 200
    return client


def candles(client: TestClient, symbol: str = "SPL", **query: Any) -> dict[str, Any]:
    answer = client.get(f"{API}/instruments/{symbol}/candles", params={"range": "ALL", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


# ------------------------------------------------------------------------------------------------------------------------- candles


def test_candles_are_in_shares_of_today_or_as_traded(split: TestClient) -> None:
    told = candles(split)
    assert (told["every"], told["adjusted"]) == ("day", True)
    assert [each["close"] for each in told["candles"]] == [100, 101, 101, 102]
    assert (told["candles"][0]["high"], told["candles"][0]["volume"]) == (100.5, 4000)
    assert [each["close"] for each in candles(split, adjusted=False)["candles"]] == [400, 404, 101, 102]
    assert [(each["date"], each["kind"]) for each in told["actions"]] == [("2024-01-04", "split"), ("2024-01-05", "dividend")]


def test_a_long_range_is_told_by_the_week_and_nothing_is_lost(client: TestClient) -> None:
    put(client, "LONG")
    first = datetime(2015, 1, 5, tzinfo=UTC).date()
    days = [day for day in (first + timedelta(days=ahead) for ahead in range(1500)) if day.weekday() < 5]
    bars = [{"date": day.isoformat(), "close": 100 + place % 7, "volume": 10} for place, day in enumerate(days)]
    assert client.put(f"{API}/instruments/LONG/bars", json=bars).status_code == 200
    told = candles(client, "LONG")
    assert told["every"] == "week"
    assert sum(each["volume"] for each in told["candles"]) == 10 * len(days)
    assert told["candles"][0]["at"] == "2015-01-05"
    assert told["candles"][0]["close"] == 104
    assert max(each["high"] for each in told["candles"]) == 106


def test_ticks_make_the_candles_of_a_day(client: TestClient) -> None:
    put(client, "TCK")
    start = calendar.now() - timedelta(hours=2)
    start -= (start - calendar.start_of(start.date())) % timedelta(minutes=5)
    told = [(0, 10.0), (60, 12.0), (120, 9.0), (200, 11.0), (310, 20.0)]
    quotes = [{"symbol": "TCK", "price": price, "ts": (start + timedelta(seconds=after)).isoformat(), "volume": 5} for after, price in told]
    answer = client.post(f"{API}/quotes", json=quotes)
    assert answer.json()["accepted"] == 5, answer.text
    shown = candles(client, "TCK", range="1d")["candles"]
    assert [[each[name] for name in ("open", "high", "low", "close", "volume")] for each in shown] == [[10, 12, 9, 11, 20], [20, 20, 20, 20, 5]]
    panel = client.get(f"{API}/instruments/TCK/panel").json()
    today = [price for after, price in told if (start + timedelta(seconds=after)).date() == calendar.today()]
    extremes = (max(today), min(today)) if today else (None, None)  # what was before midnight is in the bar that the poller stores
    assert (panel["quote"]["price"], panel["high_52w"], panel["low_52w"]) == (20, *extremes)
    assert panel["session"] in {"open", "closed", "pre", "post"}


def test_what_has_no_price_has_an_empty_chart(client: TestClient) -> None:
    put(client, "NEW")
    assert candles(client, "NEW")["candles"] == []
    panel = client.get(f"{API}/instruments/NEW/panel").json()
    assert (panel["quote"]["state"], panel["day"], panel["high_52w"], panel["first_bar"]) == ("missing", None, None, None)


@pytest.mark.parametrize(("path", "status", "code"), [("SPL/candles?range=7Y", 422, "invalid_input"), ("NONE/candles", 404, "not_found"),
                                                      ("NONE/panel", 404, "not_found")])
def test_a_wrong_range_or_symbol_is_told(split: TestClient, path: str, status: int, code: str) -> None:
    answer = split.get(f"{API}/instruments/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# ---------------------------------------------------------------------------------------------------------------------- watchlists


def test_a_watchlist_is_made_changed_removed_and_restored(client: TestClient) -> None:
    put(client, "AAA", "BBB", "CCC")
    made = client.post(f"{API}/watchlists", json={"name": "Mine", "symbols": ["BBB", "AAA", "BBB"]})
    assert made.status_code == 201, made.text
    path = f"{API}/watchlists/{made.json()['id']}"
    assert made.json()["symbols"] == ["BBB", "AAA"]
    changed = client.patch(path, json={"symbols": ["CCC", "BBB"]}, headers={"If-Match": made.headers["ETag"]})
    assert (changed.json()["symbols"], changed.json()["version"], changed.json()["name"]) == (["CCC", "BBB"], 2, "Mine")
    stale = client.patch(path, json={"name": "Theirs", "version": 1})
    assert (stale.status_code, stale.json()["context"]["found_version"]) == (409, 2)
    assert client.delete(path, headers={"If-Match": '"2"'}).status_code == 204
    assert client.get(f"{API}/watchlists").json() == []
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/restore").json()["symbols"] == ["CCC", "BBB"]
    assert [each["name"] for each in client.get(f"{API}/watchlists").json()] == ["Mine"]
    trail = client.get(f"{API}/audit", params={"entity": "watchlist"}).json()
    assert [each["action"] for each in trail] == ["restore", "remove", "change", "create"]


def test_an_unknown_symbol_names_its_neighbours_and_nothing_is_written(client: TestClient) -> None:
    put(client, "MSFT")
    answer = client.post(f"{API}/watchlists", json={"name": "Mine", "symbols": ["MSTF"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_symbol")
    assert "MSFT" in answer.json()["context"]["hint"]
    assert client.get(f"{API}/watchlists").json() == []


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x", "symbols": 3}, {"name": "x", "symbols": ["A" * 200]}, {"name": "x", "what": 1}])
def test_a_wrong_watchlist_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post(f"{API}/watchlists", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["context"]["hint"]


# -------------------------------------------------------------------------------------------------------------------- search and log


def test_a_known_instrument_is_found_by_symbol_and_name(client: TestClient) -> None:
    put(client, "FNDA", "OTHER")
    assert [each["symbol"] for each in client.get(f"{API}/search", params={"query": "fnda corp"}).json()["known"]] == ["FNDA"]
    told = client.get(f"{API}/search", params={"query": "FND"}).json()
    assert ([each["symbol"] for each in told["known"]], told["listings"], told["missed"]) == (["FNDA"], [], [])


@pytest.mark.parametrize("text", ["", " ", "x" * 65, "a\r\nb", "a\x00b"])
def test_what_is_no_text_is_refused(client: TestClient, text: str) -> None:
    assert client.get(f"{API}/search", params={"query": text}).status_code == 422


def test_a_price_held_back_and_its_decision_are_in_the_log(client: TestClient) -> None:
    put(client, "LOG")
    client.post(f"{API}/quotes", json=[{"symbol": "LOG", "price": 100}])
    client.post(f"{API}/quotes", json=[{"symbol": "LOG", "price": 100_000}])
    held = client.get(f"{API}/quotes/quarantine").json()
    assert len(held) == 1
    line = next(each for each in client.get(f"{API}/feed/log").json() if each["kind"] == "quarantine")
    assert (line["status"], line["detail"]["symbol"]) == ("open", "LOG")
    client.post(f"{API}/quotes/quarantine/{held[0]['id']}/reject")
    line = next(each for each in client.get(f"{API}/feed/log").json() if each["kind"] == "quarantine")
    assert line["status"] == "rejected"
