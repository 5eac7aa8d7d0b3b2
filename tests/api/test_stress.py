"""Stress tests and scenarios over REST: the numbers by hand, every bad field named, and the way back of every change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data import calendar

API = "/api/v1"
DAYS = pd.bdate_range("2020-01-02", "2020-05-29")
RANDOM = np.random.default_rng(31)
MOVES = {"TEC": RANDOM.normal(-0.002, 0.02, len(DAYS)), "OIL": RANDOM.normal(-0.001, 0.03, len(DAYS)), "SPX": RANDOM.normal(-0.002, 0.015, len(DAYS))}
FACTS = {"TEC": {"sector": "Technology", "asset_class": "equity", "country": "US"}, "OIL": {"sector": "Energy", "asset_class": "equity"},
         "SPX": {"asset_class": "index"}, "TBD": {"asset_class": "bond", "tags": ["duration:8", "convexity:80"]},
         "NEW": {"sector": "Technology", "asset_class": "equity"}}
SHOCKS = [{"target": "sector", "name": "Technology", "size": -0.3}, {"target": "rate", "size": 0.01}]


@pytest.fixture
def held(client: TestClient) -> Iterator[tuple[TestClient, str]]:
    """A portfolio of two shares with history, one without, a bond, and cash: 10,000 in all."""
    for symbol, told in FACTS.items():
        assert client.put(f"{API}/instruments/{symbol}", json={"name": symbol, "currency": "USD", **told}).status_code == 201
    for symbol, moves in MOVES.items():
        closes = 100 * np.cumprod(1 + moves)
        bars = [{"date": str(day.date()), "close": f"{close:.6f}"} for day, close in zip(DAYS, closes, strict=True)]
        assert client.put(f"{API}/instruments/{symbol}/bars", json=bars).status_code == 200
    today = str(calendar.previous_business_day(calendar.today()))
    for symbol in ("TEC", "OIL", "TBD", "NEW"):
        assert client.put(f"{API}/instruments/{symbol}/bars", json=[{"date": today, "close": "100"}]).status_code == 200
    made = client.post(f"{API}/portfolios", json={"name": "Held", "base_currency": "USD", "benchmark": "SPX"})
    path = f"{API}/portfolios/{made.json()['id']}"
    drafts = [{"date": "2020-06-02", "kind": "DEPOSIT", "amount": 10_000, "currency": "USD"}]
    drafts += [{"date": "2020-06-03", "kind": "BUY", "symbol": symbol, "quantity": quantity, "price": 100}
               for symbol, quantity in (("TEC", 40), ("OIL", 20), ("TBD", 20), ("NEW", 10))]
    assert client.post(f"{path}/transactions", json=drafts).status_code == 201
    return client, path


def asked(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def covid(symbol: str) -> float:
    inside = (DAYS >= "2020-02-20") & (DAYS <= "2020-03-23")
    return float(np.prod(1 + MOVES[symbol][inside]) - 1)


def test_an_episode_on_todays_holdings_by_hand(held: tuple[TestClient, str]) -> None:
    client, path = held
    told = asked(client, f"{path}/stress", episodes="covid", scenarios="")
    episode = told["episodes"][0]
    moves = {"TEC": covid("TEC"), "OIL": covid("OIL"), "NEW": covid("TEC"), "TBD": None}
    assert {row["symbol"]: row["source"] for row in episode["holdings"]} == {"TEC": "own", "OIL": "own", "NEW": "sector", "TBD": ""}
    for row in episode["holdings"]:
        assert row["move"] == (None if moves[row["symbol"]] is None else pytest.approx(moves[row["symbol"]], abs=1e-6))
    loss = -(0.4 * covid("TEC") + 0.2 * covid("OIL") + 0.1 * covid("TEC"))
    assert episode["loss"] == pytest.approx(loss, abs=1e-6)
    assert episode["loss_money"] == pytest.approx(10_000 * loss, abs=0.01)
    assert episode["market"] == pytest.approx(covid("SPX"), abs=1e-6)
    assert (episode["own"], episode["proxied"], episode["missing"]) == pytest.approx((6 / 9, 1 / 9, 2 / 9))
    assert told["scenarios"] == []


def test_the_benchmark_reaches_back_further_than_what_is_held(held: tuple[TestClient, str]) -> None:
    """A portfolio of shares that are younger than an episode is moved by its beta times what its benchmark did then."""
    client, _ = held
    for symbol, days in (("SPX", pd.bdate_range("2008-07-28", "2008-10-03")), ("YNG", DAYS)):
        moves = np.full(len(days), -0.002) if symbol == "SPX" else 1.5 * MOVES["SPX"]
        assert client.put(f"{API}/instruments/{symbol}", json={"name": symbol, "currency": "USD"}).status_code in {200, 201}
        bars = [{"date": str(day.date()), "close": f"{close:.8f}"} for day, close in zip(days, 100 * np.cumprod(1 + moves), strict=True)]
        assert client.put(f"{API}/instruments/{symbol}/bars", json=bars).status_code == 200
    made = client.post(f"{API}/portfolios", json={"name": "Young", "base_currency": "USD", "benchmark": "SPX"}).json()["id"]
    drafts = [{"date": "2020-05-29", "kind": "BUY", "symbol": "YNG", "quantity": 1, "price": 80}]
    assert client.post(f"{API}/portfolios/{made}/transactions", json=drafts).status_code == 201
    episode = asked(client, f"{API}/portfolios/{made}/stress", episodes="lehman", scenarios="")["episodes"][0]
    assert [row["source"] for row in episode["holdings"]] == ["benchmark"]
    days = int(np.busday_count("2008-08-01", "2008-10-02"))
    assert episode["holdings"][0]["move"] == pytest.approx(1.5 * (0.998**days - 1), rel=1e-4)


def test_the_largest_loss_stands_first_and_unknown_ones_last(held: tuple[TestClient, str]) -> None:
    client, path = held
    losses = [each["loss"] for each in asked(client, f"{path}/stress", scenarios="")["episodes"]]
    known = [loss for loss in losses if loss is not None]
    assert len(losses) >= 35
    assert known == sorted(known, reverse=True)
    assert losses[: len(known)] == known


def test_shocks_are_tried_by_hand_and_nothing_is_kept(held: tuple[TestClient, str]) -> None:
    client, path = held
    answer = client.post(f"{path}/stress", json={"shocks": SHOCKS})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["loss_money"] == pytest.approx(0.3 * 5_000 + 0.076 * 2_000)
    because = {row["symbol"]: row["because"] for row in told["holdings"]}
    assert because == {"TEC": "sector Technology", "NEW": "sector Technology", "OIL": "", "TBD": "", "cash:USD": ""}
    assert told["findings"] == []
    assert all(each["id"] is None for each in client.get(f"{API}/scenarios").json())


def test_a_factor_reaches_by_the_slope_of_numpy(held: tuple[TestClient, str]) -> None:
    client, path = held
    told = client.post(f"{path}/stress", json={"shocks": [{"target": "factor", "name": "spx", "size": -0.2}]}).json()
    slope = np.polyfit(MOVES["SPX"][1:], MOVES["OIL"][1:], 1)[0]
    row = next(row for row in told["holdings"] if row["symbol"] == "OIL")
    assert row["price"] == pytest.approx(-0.2 * slope, abs=1e-6)
    assert [(each["code"], each["context"]["symbols"]) for each in told["findings"]] == [("no_beta", ["NEW", "TBD"])]
    unknown = client.post(f"{path}/stress", json={"shocks": [{"target": "factor", "name": "SPY", "size": -0.2}]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_symbol")


def test_a_shock_on_what_is_not_held_is_told_with_numbers(held: tuple[TestClient, str]) -> None:
    client, path = held
    told = client.post(f"{path}/stress", json={"shocks": [{"target": "sector", "name": "Utilities", "size": -0.3}]}).json()
    assert told["loss"] == 0
    assert told["findings"][0]["code"] == "shock_not_held"
    assert (told["findings"][0]["context"]["needed"], told["findings"][0]["context"]["found"]) == (1, 0)


def test_the_reverse_stress_loses_what_was_asked(held: tuple[TestClient, str]) -> None:
    client, path = held
    told = asked(client, f"{path}/stress", episodes="covid", scenarios="", loss="0.25", horizon_days="10")["reverse"]
    assert sum(row["contribution"] for row in told["holdings"]) == pytest.approx(-0.25)
    assert (told["loss"], told["horizon_days"]) == (0.25, 10)
    assert 0 < told["probability"] < 0.5


def test_an_empty_portfolio_says_what_is_needed(client: TestClient, portfolio: str) -> None:
    told = asked(client, f"{portfolio}/stress")
    assert told["episodes"] == []
    assert "1 holding is needed, 0 are there" in told["gaps"]["episodes"]
    assert "60 trading days" in told["gaps"]["reverse"]
    assert all(each["loss"] == 0 for each in told["scenarios"])


@pytest.mark.parametrize(("query", "status", "field"), [
    ({"episodes": "tulips"}, 422, "episode"), ({"scenarios": "nothing"}, 404, None), ({"loss": "0"}, 422, "loss"), ({"loss": "much"}, 422, "loss"),
    ({"loss": "nan"}, 422, "loss"), ({"horizon_days": "0"}, 422, "horizon_days"), ({"horizon_days": "-3"}, 422, "horizon_days"),
    ({"benchmark": "NONE"}, 404, None), ({"base_currency": "XXX"}, 422, "base_currency"),
])
def test_a_bad_question_is_named(held: tuple[TestClient, str], query: dict[str, str], status: int, field: str | None) -> None:
    client, path = held
    answer = client.get(f"{path}/stress", params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if field is not None:
        told = answer.json()["context"]
        assert (told["field"], bool(told["hint"])) == (field, True)


@pytest.mark.parametrize(("changed", "field", "row"), [
    ({"shocks": None}, "shocks", None), ({"shocks": []}, "shocks", None), ({"shocks": "all"}, "shocks", None), ({"name": None}, "name", None),
    ({"shocks": [*SHOCKS, {"target": "weather", "size": 1}]}, "target", 3), ({"shocks": [{"target": "sector", "size": -0.1}]}, "name", 1),
    ({"shocks": [{"target": "all", "size": -1.5}]}, "size", 1), ({"shocks": [{"target": "all", "size": "lots"}]}, "size", 1),
    ({"shocks": [{"target": "rate", "size": 0.7}]}, "size", 1), ({"shocks": [{"target": "all", "size": -0.1, "when": "now"}]}, "when", 1),
    ({"name": "X" * 81}, "name", None), ({"overlap": "mean"}, "overlap", None), ({"shocks": [SHOCKS[0]] * 51}, "shocks", None),
])
def test_a_bad_scenario_is_refused_by_field_and_row(client: TestClient, changed: dict[str, Any], field: str, row: int | None) -> None:
    answer = client.post(f"{API}/scenarios", json={"name": "X", "shocks": SHOCKS, **changed})
    assert answer.status_code == 422, answer.text
    told = answer.json()["context"]
    assert (told["field"], told.get("row"), bool(told["hint"])) == (field, row, True)
    assert all(each["id"] is None for each in client.get(f"{API}/scenarios").json())


def made(client: TestClient) -> dict[str, Any]:
    answer = client.post(f"{API}/scenarios", json={"name": "Chips", "shocks": SHOCKS}, headers={"Idempotency-Key": "once"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_scenario_is_kept_used_changed_and_every_change_goes_back(held: tuple[TestClient, str]) -> None:
    client, path = held
    scenario = made(client)
    assert made(client)["id"] == scenario["id"], "the same key is the same scenario"
    where = f"{API}/scenarios/{scenario['id']}"
    told = asked(client, f"{path}/stress", episodes="", scenarios=scenario["key"])["scenarios"]
    assert [each["loss_money"] for each in told] == [pytest.approx(0.3 * 5_000 + 0.076 * 2_000)]
    stale = client.patch(where, json={"name": "Late"}, headers={"If-Match": '"9"'})
    assert (stale.status_code, client.patch(where, json={"name": "Late"}).status_code) == (409, 428)
    changed = client.patch(where, json={"shocks": SHOCKS[:1], "note": "just chips"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], len(changed.json()["shocks"]), changed.json()["version"]) == ("Chips", 1, 2)
    back = client.post(f"{where}/undo").json()
    assert (len(back["shocks"]), back["note"]) == (2, None)
    again = client.post(f"{where}/undo").json()
    assert (len(again["shocks"]), again["note"]) == (1, "just chips")
    assert client.delete(where, headers={"If-Match": f'"{again["version"]}"'}).status_code == 204
    assert client.get(where).status_code == 404
    assert client.post(f"{where}/undo").json()["note"] == "just chips"
    assert client.get(where).status_code == 200


def test_the_making_goes_back_from_the_audit_log_too(client: TestClient) -> None:
    scenario = made(client)
    entries = client.get(f"{API}/audit", params={"entity": "scenario"}).json()
    assert [(each["action"], each["entity_id"]) for each in entries] == [("create", scenario["id"])]
    assert "Chips" in str(entries[0])
    undone = client.post(f"{API}/audit/{entries[0]['id']}/undo")
    assert undone.status_code == 200, undone.text
    assert client.get(f"{API}/scenarios/{scenario['id']}").status_code == 404
    assert client.post(f"{API}/scenarios/{scenario['id']}/undo").json()["name"] == "Chips"


def test_scenarios_of_the_house_come_after_ones_own(client: TestClient) -> None:
    made(client)
    keys = [each["key"] for each in client.get(f"{API}/scenarios").json()]
    assert keys[1:3] == ["market_down_20", "everything_down_30"]
    assert client.get(f"{API}/scenarios/market_down_20").status_code == 404
