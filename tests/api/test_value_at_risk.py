"""Value at risk and its backtest over REST: the numbers by the engine's own words on returns worked out here, and every bad field named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data import calendar
from engine import christoffersen_test, expected_shortfall, kupiec_test, value_at_risk, violations
from engine.risk.var.methods import METHODS

API = "/api/v1"
END = pd.Timestamp(calendar.previous_business_day(calendar.today()))
DAYS = pd.bdate_range(end=END, periods=381)
CHANCE = np.random.default_rng(17)
COMMON = CHANCE.standard_t(6, 380) * 0.008
MOVES = {"TEC": 1.3 * COMMON + CHANCE.normal(0, 0.006, 380), "OIL": 0.4 * COMMON + CHANCE.normal(0, 0.01, 380), "LATE": 0.8 * COMMON}
FACTS = {"TEC": {"sector": "Technology", "asset_class": "equity"}, "OIL": {"sector": "Energy", "asset_class": "equity"},
         "LATE": {"sector": "Technology", "asset_class": "fund"}}
SLOW = ("historical", "age_weighted", "normal", "student_t", "cornish_fisher", "ewma", "filtered_historical", "evt", "garch", "block_bootstrap")


def bars(symbol: str) -> list[dict[str, Any]]:
    """Closes that end at 100, with a day's range of 2 % and a volume of 1,000."""
    levels = np.cumprod(np.append(1.0, 1 + MOVES[symbol]))
    rows = [{"date": str(day.date()), "close": f"{100 * close / levels[-1]:.9f}", "high": f"{101 * close / levels[-1]:.9f}",
             "low": f"{99 * close / levels[-1]:.9f}", "volume": 1_000} for day, close in zip(DAYS, levels, strict=True)]
    return rows[-41:] if symbol == "LATE" else rows


@pytest.fixture
def held(client: TestClient) -> Iterator[tuple[TestClient, str]]:
    """Half in one share, a quarter in another, a tenth in one that has no long history, the rest in cash: 10,000."""
    for symbol, told in FACTS.items():
        assert client.put(f"{API}/instruments/{symbol}", json={"name": symbol, "currency": "USD", **told}).status_code == 201
        assert client.put(f"{API}/instruments/{symbol}/bars", json=bars(symbol)).status_code == 200
    made = client.post(f"{API}/portfolios", json={"name": "Held", "base_currency": "USD"})
    path = f"{API}/portfolios/{made.json()['id']}"
    drafts = [{"date": str(END.date()), "kind": "DEPOSIT", "amount": 10_000, "currency": "USD"}]
    drafts += [{"date": str(END.date()), "kind": "BUY", "symbol": symbol, "quantity": quantity, "price": 100}
               for symbol, quantity in (("TEC", 50), ("OIL", 25), ("LATE", 10))]
    assert client.post(f"{path}/transactions", json=drafts).status_code == 201
    return client, path


def asked(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def of_today() -> np.ndarray:
    """What today's weights returned on the last forty days: before, a tenth and more of what is held has no history."""
    return (0.5 * MOVES["TEC"] + 0.25 * MOVES["OIL"] + 0.1 * MOVES["LATE"])[340:]


def test_where_little_has_no_history_it_did_what_the_rest_did(held: tuple[TestClient, str]) -> None:
    client, path = held
    sold = {"date": str(END.date()), "kind": "SELL", "symbol": "LATE", "quantity": 5, "price": 100}
    assert client.post(f"{path}/transactions", json=[sold]).status_code == 201
    told = asked(client, f"{path}/risk/var", methods="historical,evt,t_copula", method="evt")
    late = np.where(np.arange(380) < 340, (0.5 * MOVES["TEC"] + 0.25 * MOVES["OIL"]) / 0.75, MOVES["LATE"])
    whole = 0.5 * MOVES["TEC"] + 0.25 * MOVES["OIL"] + 0.05 * late
    found = {row["name"]: row["value_at_risk"] for row in told["methods"]}
    assert found["historical"] == pytest.approx(value_at_risk(whole), rel=1e-6)
    assert found["evt"] == pytest.approx(value_at_risk(whole, method="evt"), rel=1e-5)
    assert sum(row["component"] for row in told["parts"]) == pytest.approx(found["evt"], rel=1e-6)
    assert {finding["code"]: finding["context"] for finding in told["findings"]}["filled_history"] == {"LATE": 340}


def test_what_has_no_history_at_all_is_taken_to_do_what_the_rest_does(held: tuple[TestClient, str]) -> None:
    client, path = held
    assert client.put(f"{API}/instruments/NONE", json={"name": "None", "currency": "USD", "asset_class": "equity"}).status_code == 201
    assert client.put(f"{API}/instruments/NONE/bars", json=[{"date": str(END.date()), "close": 100}]).status_code == 200
    bought = {"date": str(END.date()), "kind": "BUY", "symbol": "NONE", "quantity": 2, "price": 100}
    assert client.post(f"{path}/transactions", json=[bought]).status_code == 201
    told = asked(client, f"{path}/risk/var", methods="historical,normal", method="normal")
    expected = value_at_risk(of_today() * 0.87 / 0.85, method="normal")
    assert told["value_at_risk"] == pytest.approx(expected, rel=1e-6)
    assert [row["name"] for row in told["parts"]].count("NONE") == 0
    assert sum(row["component"] for row in told["parts"]) == pytest.approx(expected, rel=1e-6)
    assert "no_history" in {finding["code"] for finding in told["findings"]}


def test_every_method_on_todays_weights(held: tuple[TestClient, str]) -> None:
    client, path = held
    told = asked(client, f"{path}/risk/var", methods=",".join(SLOW), method="historical")
    returns = of_today()
    assert told["days"] == len(returns) == 40
    found = {row["name"]: row for row in told["methods"]}
    assert list(found) == list(SLOW)
    for name in ("historical", "age_weighted", "normal", "student_t", "ewma", "filtered_historical"):
        assert found[name]["value_at_risk"] == pytest.approx(value_at_risk(returns, method=name), rel=1e-6)
        assert found[name]["expected_shortfall"] == pytest.approx(expected_shortfall(returns, method=name), rel=1e-6)
        assert found[name]["value_at_risk_amount"] == pytest.approx(10_000 * found[name]["value_at_risk"], rel=1e-6)
    assert (found["evt"]["value_at_risk"], found["evt"]["minimum"]) == (None, 100)
    assert told["gaps"]["evt"] == "Peaks over threshold needs 100 days, 40 are there"
    assert told["gaps"]["garch"] == "GARCH(1,1) needs 50 days, 40 are there"
    assert told["value_at_risk"] == found["historical"]["value_at_risk"]
    assert told["figures"]["worst_realisation"] == pytest.approx(-returns.min(), rel=1e-6)


def test_parts_add_up_by_holding_and_by_sector(held: tuple[TestClient, str]) -> None:
    client, path = held
    for method in ("normal", "historical", "monte_carlo_normal"):
        told = asked(client, f"{path}/risk/var", method=method, methods=method)
        assert sum(row["component"] for row in told["parts"]) == pytest.approx(told["value_at_risk"], rel=1e-9)
        assert sum(row["component_amount"] for row in told["parts"]) == pytest.approx(told["value_at_risk_amount"], rel=1e-9)
        assert sum(row["shortfall_component"] for row in told["parts"]) == pytest.approx(told["expected_shortfall"], rel=1e-9)
        assert told["diversification_benefit"] == pytest.approx(sum(row["standalone"] for row in told["parts"]) - told["value_at_risk"], rel=1e-9)
    by_sector = asked(client, f"{path}/risk/var", method="normal", methods="normal", by="sector")
    assert {row["name"]: row["weight"] for row in by_sector["parts"]} == pytest.approx({"Technology": 0.6, "Energy": 0.25})
    assert sum(row["component"] for row in by_sector["parts"]) == pytest.approx(by_sector["value_at_risk"], rel=1e-9)


def test_a_group_and_a_holding_have_their_own(held: tuple[TestClient, str]) -> None:
    client, path = held
    one = asked(client, f"{path}/risk/var", methods="normal", method="normal", group_by="symbol", group="TEC")
    assert one["value"] == pytest.approx(5_000)
    assert one["value_at_risk"] == pytest.approx(value_at_risk(MOVES["TEC"], method="normal"), rel=1e-6)
    assert one["days"] == 380
    energy = asked(client, f"{path}/risk/var", methods="ewma", method="ewma", group_by="sector", group="Energy")
    assert energy["value_at_risk_amount"] == pytest.approx(2_500 * value_at_risk(MOVES["OIL"], method="ewma"), rel=1e-6)


def test_what_selling_takes(held: tuple[TestClient, str]) -> None:
    """50 units at a fifth of 1,000 a day are a quarter of a day; half of the spread of each is paid on its weight."""
    client, path = held
    told = asked(client, f"{path}/risk/var", method="normal", methods="normal")["liquidity"]
    days = {row["symbol"]: row["days"] for row in told["holdings"]}
    assert days == pytest.approx({"TEC": 0.25, "OIL": 0.125, "LATE": 0.05})
    assert told["days_to_liquidate"] == pytest.approx(0.25)
    slower = asked(client, f"{path}/risk/var", method="normal", methods="normal", participation=0.1)
    assert slower["liquidity"]["days_to_liquidate"] == pytest.approx(0.5)
    spreads = {row["symbol"]: row["spread"] for row in told["holdings"]}
    cost = 0.5 * (0.5 * spreads["TEC"] + 0.25 * spreads["OIL"] + 0.1 * spreads["LATE"])
    assert all(0 <= spread < 0.03 for spread in spreads.values())
    whole = asked(client, f"{path}/risk/var", method="normal", methods="normal")
    assert told["liquidity_adjusted_value_at_risk"] == pytest.approx(whole["value_at_risk"] + cost, rel=1e-9)


def test_the_backtest_is_that_of_the_days_before(held: tuple[TestClient, str]) -> None:
    client, path = held
    query = {"window": 120, "days": 100, "methods": "historical,ewma,normal", "group_by": "symbol", "group": "TEC"}
    told = asked(client, f"{path}/risk/backtest", **query)
    assert (told["days"], told["window"], len(told["series"]["dates"])) == (100, 120, 100)
    returns = pd.Series(MOVES["TEC"], index=DAYS[1:])
    assert told["series"]["returns"] == pytest.approx(returns.tail(100).tolist(), rel=1e-6)
    expected = value_at_risk(returns.iloc[-121:-1], method="ewma")
    assert told["series"]["forecasts"]["ewma"][-1] == pytest.approx(expected, rel=1e-6)
    forecasts = np.array(told["series"]["forecasts"]["normal"])
    hits = violations(np.array(told["series"]["returns"]), forecasts)
    normal = next(row for row in told["ranking"] if row["name"] == "normal")
    assert normal["violations"] == hits.sum() == len(told["series"]["violations"]["normal"])
    assert normal["tests"]["kupiec"]["p_value"] == pytest.approx(kupiec_test(hits)["p_value"])
    assert normal["tests"]["conditional_coverage"]["p_value"] == pytest.approx(christoffersen_test(hits)["p_value"])
    assert [row["rank"] for row in told["ranking"]] == [1, 2, 3]
    assert told["best"] in {told["ranking"][0]["name"], None}


def test_the_default_is_the_method_that_its_backtest_ranks_first(held: tuple[TestClient, str]) -> None:
    client, path = held
    group = {"group_by": "symbol", "group": "OIL"}
    told = asked(client, f"{path}/risk/var", methods="historical", **group)
    quick = ",".join(name for name in METHODS if name != "garch")
    tested = asked(client, f"{path}/risk/backtest", methods=quick, **group)
    assert told["best"] == tested["best"]
    assert told["method"] == (tested["best"] or "historical")


def test_too_few_days_say_how_many(held: tuple[TestClient, str]) -> None:
    client, path = held
    answer = client.get(f"{path}/risk/backtest", params={"window": 100})
    assert answer.status_code == 422
    assert answer.json()["code"] == "insufficient_history"
    assert {name: answer.json()["context"][name] for name in ("figure", "needed", "found")} == {"figure": "A backtest", "needed": 101, "found": 40}
    short = client.get(f"{path}/risk/backtest", params={"window": 30, "methods": "evt"})
    assert (short.json()["code"], short.json()["context"]["needed"]) == ("insufficient_history", 100)


def test_nothing_held_has_no_risk_and_says_so(client: TestClient) -> None:
    key = client.post(f"{API}/portfolios", json={"name": "Empty", "base_currency": "USD"}).json()["id"]
    told = asked(client, f"{API}/portfolios/{key}/risk/var")
    assert told["value_at_risk"] is None
    assert told["parts"] == told["liquidity"]["holdings"] == []
    assert "no_history" in {finding["code"] for finding in told["findings"]}
    assert told["gaps"]["historical"] == "Historical needs 1 days, 0 are there"
    assert client.get(f"{API}/portfolios/{key}/risk/backtest").json()["code"] == "insufficient_history"


@pytest.mark.parametrize(("query", "field"), [
    ({"level": "1"}, "level"), ({"level": "much"}, "level"), ({"level": "nan"}, "level"), ({"horizon_days": "0"}, "horizon_days"),
    ({"horizon_days": "1.5"}, "horizon_days"), ({"method": "oracle"}, "method"), ({"methods": "oracle"}, "method"), ({"methods": ","}, "methods"),
    ({"window": "0"}, "window"), ({"days": "99999"}, "days"), ({"by": "colour"}, "by"), ({"participation": "2"}, "participation"),
    ({"start": "soon"}, "start"), ({"group_by": "colour"}, "group_by"),
])
@pytest.mark.parametrize("route", ["var", "backtest"])
def test_a_bad_field_is_named(held: tuple[TestClient, str], route: str, query: dict[str, str], field: str) -> None:
    client, path = held
    answer = client.get(f"{path}/risk/{route}", params=query)
    if route == "backtest" and field == "method":
        query = {"methods": "oracle"}
        answer = client.get(f"{path}/risk/{route}", params=query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["context"]["field"] == field


def test_a_level_within_the_threshold_is_a_gap(held: tuple[TestClient, str]) -> None:
    client, path = held
    told = asked(client, f"{path}/risk/var", level="0.8", group_by="symbol", group="TEC")
    assert "tail begins at 0.9" in told["gaps"]["evt"]
    assert {row["name"]: row["value_at_risk"] for row in told["methods"]}["evt"] is None
    assert asked(client, f"{path}/risk/backtest", level="0.8", methods="evt,normal", group_by="symbol", group="TEC")["gaps"].keys() == {"evt"}


def test_another_portfolio_is_not_found(client: TestClient) -> None:
    for route in ("var", "backtest"):
        assert client.get(f"{API}/portfolios/00000000-0000-7000-8000-000000000000/risk/{route}").status_code == 404


def test_the_page_of_risk_tells_the_same_number(held: tuple[TestClient, str]) -> None:
    client, path = held
    group = {"group_by": "symbol", "group": "TEC"}
    for query in (group, {**group, "method": "ewma", "level": "0.99", "horizon_days": "5"}):
        here, there = asked(client, f"{path}/risk/var", methods="historical", **query), asked(client, f"{path}/risk", **query)["today"]
        assert there["method"] == here["method"]
        assert there["value_at_risk"] == pytest.approx(here["value_at_risk"], rel=1e-9)
        assert there["expected_shortfall_amount"] == pytest.approx(here["expected_shortfall_amount"], rel=1e-9)
