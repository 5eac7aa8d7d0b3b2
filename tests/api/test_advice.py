"""Advice over REST: policies, suggestions with what was decided about them, rules of one's own; every bad field named, the way back of all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data import calendar

API = "/api/v1"
RANDOM = np.random.default_rng(7)
SECTORS = {"AAA": "Tech", "BBB": "Tech", "CCC": "Energy"}
WEIGHTS = {"AAA": 50, "BBB": 20, "CCC": 20}  # of 100, the rest cash


def days() -> pd.DatetimeIndex:
    last = calendar.previous_business_day(calendar.today())
    return pd.bdate_range(end=last, periods=130)


@pytest.fixture
def held(client: TestClient) -> tuple[TestClient, str]:
    """Half of the value is in one share; 10,000 in all."""
    known = days()
    common = RANDOM.normal(0, 0.01, len(known))
    for symbol, sector in SECTORS.items():
        fields = {"name": symbol.title(), "currency": "USD", "sector": sector, "country": "US", "asset_class": "equity"}
        assert client.put(f"{API}/instruments/{symbol}", json=fields).status_code == 201
        closes = np.cumprod(1 + common + RANDOM.normal(0, 0.01, len(known)))
        bars = [{"date": str(day.date()), "close": f"{100 * close:.6f}"} for day, close in zip(known, closes / closes[-1], strict=True)]
        assert client.put(f"{API}/instruments/{symbol}/bars", json=bars).status_code == 200
    made = client.post(f"{API}/portfolios", json={"name": "Held", "base_currency": "USD"})
    path = f"{API}/portfolios/{made.json()['id']}"
    first = str(known[0].date())
    drafts = [{"date": first, "kind": "DEPOSIT", "amount": 10_000, "currency": "USD"}]
    drafts += [{"date": str(known[-1].date()), "kind": "BUY", "symbol": symbol, "quantity": weight, "price": 100}
               for symbol, weight in WEIGHTS.items()]
    assert client.post(f"{path}/transactions", json=drafts).status_code == 201
    return client, path


def asked(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def keys(told: dict[str, Any], part: str = "suggestions") -> list[str]:
    return [each["key"] for each in told[part]]


def problem(answer: Any, field: str, rule: str) -> dict[str, Any]:
    assert answer.status_code == 422, answer.text
    told: dict[str, Any] = answer.json()
    assert (told["context"]["field"], told["context"].get("rule", told["code"])) == (field, rule), told
    assert told["context"]["hint"]
    return told


def test_a_suggestion_says_what_why_and_what_it_changes(held: tuple[TestClient, str]) -> None:
    client, path = held
    told = asked(client, f"{path}/suggestions")
    large = next(each for each in told["suggestions"] if each["key"] == "concentration_holding~AAA")
    assert large["evidence"][0] == {"name": "weight", "label": "Weight", "value": pytest.approx(0.5), "limit": 0.15, "unit": "fraction",
                                    "symbol": "AAA"}
    assert (large["severity"], large["portfolio"], large["state"], large["trades"]) == ("warning", "Held", "open", [])  # nothing held has room
    put = client.put(f"{path}/policy", json={"thresholds": {"max_holding": 0.35, "max_fund": 0.35, "max_sector": 0.9}})
    assert put.status_code == 200, put.text
    told = asked(client, f"{path}/suggestions")
    large = next(each for each in told["suggestions"] if each["key"] == "concentration_holding~AAA")
    sale = large["trades"][0]
    assert (sale["side"], sale["symbol"]) == ("SELL", "AAA")
    weight = next(each for each in large["effect"] if each["name"] == "weight:AAA")
    assert weight["before"] == pytest.approx(0.5)
    assert 0.34 < weight["after"] < 0.35
    assert large["wrong_if"]
    assert (large["replay"]["state"], large["replay"]["sentence"]) == ("short", "Too short a history: 0 windows of a year, needs 12")
    assert (large["replay"]["against"], large["replay"]["turnover"]) == ([], None)
    assert large["fix"]
    assert {run["key"]: run["state"] for run in told["rules"]}["drift"] == "unknown"
    scores = [each["score"] for each in told["suggestions"]]
    assert scores == sorted(scores, reverse=True)
    assert asked(client, f"{path}/suggestions")["suggestions"] == told["suggestions"]  # the same inputs, the same advice


def test_dismissed_until_a_day_done_and_taken_back(held: tuple[TestClient, str]) -> None:
    client, path = held
    asked(client, f"{path}/suggestions")
    one = f"{path}/suggestions/concentration_holding~AAA"
    until = str(calendar.today() + timedelta(days=30))
    away = client.post(f"{one}/dismiss", json={"reason": "On purpose", "until": until}, headers={"Idempotency-Key": "d1"})
    assert away.status_code == 200, away.text
    assert "concentration_holding~AAA" not in keys(away.json())
    aside = next(each for each in away.json()["dismissed"] if each["key"] == "concentration_holding~AAA")
    assert (aside["reason_dismissed"], aside["until"]) == ("On purpose", until)
    again = client.post(f"{one}/dismiss", json={"reason": "On purpose", "until": until}, headers={"Idempotency-Key": "d1"})
    assert again.status_code == 200
    assert client.post(f"{one}/dismiss", json={"reason": "On purpose", "until": until}).status_code == 409
    assert "concentration_holding~AAA" in keys(client.post(f"{one}/undo").json())
    assert "concentration_holding~AAA" in keys(client.post(f"{one}/undo").json(), "dismissed")  # an undo is undone by the next
    done = client.post(f"{one}/done", json={"note": "Sold some"})
    assert "concentration_holding~AAA" not in [*keys(done.json()), *keys(done.json(), "dismissed")]
    past = client.get(f"{path}/suggestions/history").json()
    row = next(each for each in past if each["key"] == "concentration_holding~AAA")
    assert [what for what, _, _ in row["times"]] == ["suggested", "dismissed", "undone", "undone", "done"]
    assert row["outcome"]["measure_then"] == pytest.approx(0.5)
    assert row["outcome"]["held"] is False  # nothing was sold: it still weighs as much
    assert [entry["action"] for entry in client.get(f"{API}/audit", params={"entity": "suggestion"}).json()][:2] == ["done", "undo"]


DECISIONS = [
    ("dismiss", {"until": "2020-01-01"}, "until", "past_date"), ("dismiss", {"until": "soon"}, "until", "not_a_date"),
    ("dismiss", {"reason": "x" * 501}, "reason", "too_long"), ("dismiss", {"why": "x"}, "why", "unknown_field"),
    ("done", {"note": 5}, "note", "not_text"),
]


def test_a_bad_decision_is_refused_by_field_and_what_was_never_suggested_is_not_found(client: TestClient, portfolio: str) -> None:
    path = portfolio
    for deed, body, field, rule in DECISIONS:
        problem(client.post(f"{path}/suggestions/concentration_holding~AAA/{deed}", json=body), field, rule)
    assert client.post(f"{path}/suggestions/nothing~X/dismiss", json={}).status_code == 404
    assert client.post(f"{path}/suggestions/nothing~X/undo").status_code == 404
    assert client.get(f"{API}/portfolios/{'0' * 8}/suggestions").status_code == 404


# ---------------------------------------------------------------------------------------------------------------------------- policies

POLICY = {"targets_by": "symbol", "targets": [{"key": "AAA", "weight": 0.3}, {"key": "BBB", "weight": 0.3}, {"key": "CCC", "weight": "0.3"},
                                              {"key": "cash", "weight": 0.1, "band": 0.02}],
          "constraints": {"max_weight": 0.35, "cash_buffer": 0.05, "lot": 1}, "taxes": {"short_rate": 0.35, "long_rate": 0.15},
          "thresholds": {"max_drawdown": 0.15}, "home_country": "us", "goals": {"floor": 5000, "value": 50000}}


def test_a_policy_is_set_read_changed_and_taken_back(held: tuple[TestClient, str]) -> None:
    client, path = held
    usual = client.get(f"{path}/policy")
    assert (usual.json()["version"], usual.json()["policy"]["targets"]) == (0, [])
    put = client.put(f"{path}/policy", json=POLICY)
    assert put.status_code == 200, put.text
    told = put.json()
    assert (told["version"], put.headers["ETag"], told["policy"]["home_country"]) == (1, '"1"', "US")
    assert told["resolved"] == {"AAA": 0.3, "BBB": 0.3, "CCC": 0.3, "cash": 0.1}
    assert next(each for each in told["thresholds"] if each["name"] == "max_drawdown")["own"] is True
    drift = next(each for each in asked(client, f"{path}/suggestions")["suggestions"] if each["rule"] == "drift")
    assert drift["evidence"][0]["value"] == pytest.approx(0.2)
    assert client.put(f"{path}/policy", json={}).status_code == 428  # there is one by now
    assert client.put(f"{path}/policy", json={}, headers={"If-Match": '"7"'}).status_code == 409
    assert client.put(f"{path}/policy", json={"version": 1}).json()["policy"]["targets"] == []
    back = client.post(f"{path}/policy/undo").json()
    assert back["policy"] == told["policy"]
    assert client.post(f"{path}/policy/undo").json()["policy"]["targets"] == []


BAD_POLICIES: list[tuple[Any, str, str]] = [
    ({"targets_by": "symbol", "targets": [{"key": "AAA", "weight": 0.6}, {"key": "BBB", "weight": 0.3}]}, "targets", "sum"),
    ({"targets_by": "symbol", "targets": [{"key": "AAA", "weight": 1}], "constraints": {"max_weight": 0.5}}, "targets[0].weight", "contradiction"),
    ({"targets_by": "symbol", "targets": [{"key": "AAA", "weight": 1}], "constraints": {"excluded": ["AAA"]}}, "targets[0].key", "contradiction"),
    ({"targets_by": "symbol", "targets": [{"key": "AAB", "weight": 1}]}, "targets[0].key", "unknown_symbol"),
    ({"targets_by": "region", "targets": [{"key": "Euorpe", "weight": 1}]}, "targets[0].key", "unknown_value"),
    ({"targets": [{"key": "AAA", "weight": 1}]}, "targets_by", "required"),
    ({"targets_by": "model"}, "model", "required"), ({"targets_by": "model", "model": "Nowhere"}, "model", "unknown_value"),
    ({"constraints": {"max_weight": 15}}, "constraints.max_weight", "out_of_range"),
    ({"constraints": {"max_wieght": 1}}, "constraints.max_wieght", "unknown_field"), ({"constraints": [1]}, "constraints", "not_an_object"),
    ({"targets_by": "symbol", "targets": [{"key": "AAA", "weight": 1}], "constraints": {"cash_buffer": 0.05}}, "constraints.cash_buffer",
     "contradiction"),
    ({"thresholds": {"max_drawdwon": 0.1}}, "thresholds.max_drawdwon", "unknown_field"),
    ({"thresholds": {"min_beta": 2}}, "thresholds.min_beta", "contradiction"), ({"goals": {"horizon": "2001-01-01"}}, "goals.horizon", "past_date"),
    ({"goals": {"value": 10, "floor": 20}}, "goals.floor", "contradiction"), ({"off": ["drfit"]}, "off[0]", "unknown_value"),
    ({"home_country": "Mars"}, "home_country", "unknown_value"), ({"risk_aversion": "NaN"}, "risk_aversion", "not_finite"),
    ([], "body", "not_an_object"),
    ({"targets_by": "symbol", "targets": [{"key": "cash", "weight": 0.5}, {"key": "CASH", "weight": 0.5}]}, "targets[1].key", "duplicate"),
    ({"taxes": {"long_rate": 0.5, "short_rate": 0.2}}, "taxes.long_rate", "contradiction"),
]


def test_a_bad_policy_is_refused_at_its_place_and_nothing_is_kept(client: TestClient, portfolio: str) -> None:
    for symbol in ("AAA", "BBB"):
        client.put(f"{API}/instruments/{symbol}", json={"name": symbol, "currency": "USD"})
    for body, field, rule in BAD_POLICIES:
        problem(client.put(f"{portfolio}/policy", json=body), field, rule)
    assert asked(client, f"{portfolio}/policy")["version"] == 0


def test_a_model_portfolio_gives_the_targets(held: tuple[TestClient, str]) -> None:
    client, path = held
    other = client.post(f"{API}/portfolios", json={"name": "Model", "base_currency": "USD"}).json()["id"]
    drafts = [{"date": str(days()[-1].date()), "kind": "DEPOSIT", "amount": 1000}, {"date": str(days()[-1].date()), "kind": "BUY", "symbol": "CCC",
                                                                                      "quantity": 6, "price": 100}]
    assert client.post(f"{API}/portfolios/{other}/transactions", json=drafts).status_code == 201
    put = client.put(f"{path}/policy", json={"targets_by": "model", "model": other})
    assert put.json()["resolved"] == {"CCC": pytest.approx(0.6), "cash": pytest.approx(0.4)}
    problem(client.put(f"{path}/policy", json={"targets_by": "model", "model": path.rsplit("/", 1)[1], "version": 1}), "model", "contradiction")


# ------------------------------------------------------------------------------------------------------------------- rules of one's own


def test_a_rule_of_ones_own_is_tried_switched_on_asked_and_taken_back(held: tuple[TestClient, str]) -> None:
    client, path = held
    scope, text = path.rsplit("/", 1)[1], "weight of any holding > 40 % and cash < 20 %"
    trial = client.post(f"{API}/rules/try", json={"expression": text, "scope": scope})
    assert trial.status_code == 200, trial.text
    told = trial.json()
    assert told["meaning"] == "((weight of any holding > 0.4) and (cash of portfolio < 0.2))"
    assert told["fired"][-1]["subjects"] == ["AAA"]
    last = str(days()[-1].date())
    assert (told["count"], told["now"], told["first"], told["last"]) == (1, True, last, last)
    assert told["sentence"].startswith(f"Would have fired on 1 of {told['days']} days, on ")
    chart = told["chart"]
    assert told["spans"] == [[last, chart["days"][-1]]]  # today is a day of its own
    assert (chart["sign"], chart["unit"], chart["subjects"][-1]) == (">", "fraction", "AAA")
    assert (chart["numbers"][-1], chart["limits"][-1]) == (pytest.approx(0.5), 0.4)
    assert client.get(f"{API}/rules/names", params={"scope": scope}).json()["sector"] == ["Energy", "Tech"]
    made = client.post(f"{API}/rules", json={"name": "Too much", "expression": text, "scope": scope, "severity": "warning", "fix": "Sell."})
    assert (made.status_code, made.json()["active"], made.json()["version"]) == (201, False, 1)
    rule = made.json()["id"]
    assert f"own-{rule}" not in keys(asked(client, f"{path}/suggestions"))
    assert client.patch(f"{API}/rules/{rule}", json={"active": True}).status_code == 428
    assert client.patch(f"{API}/rules/{rule}", json={"active": True, "version": 1}).json()["version"] == 2
    spoken = next(each for each in asked(client, f"{path}/suggestions")["suggestions"] if each["key"] == f"own-{rule}")
    assert (spoken["fix"], spoken["severity"]) == ("Sell.", "warning")
    assert spoken["evidence"][0]["value"] == pytest.approx(0.5)
    assert client.patch(f"{API}/rules/{rule}", json={"active": True, "version": 1}).status_code == 409
    assert client.delete(f"{API}/rules/{rule}", headers={"If-Match": '"2"'}).status_code == 204
    assert client.get(f"{API}/rules/{rule}").status_code == 404
    assert client.post(f"{API}/rules/{rule}/undo").json()["active"] is True
    assert client.get(f"{API}/rules").json()[0]["id"] == rule
    assert any(word["name"] == "drawdown" for word in client.get(f"{API}/rules/words").json())


BAD_EXPRESSIONS: list[tuple[str, int | None, str]] = [
    ("wieght of any holding > 1", 0, "unknown_name"), ("cash", 0, "not_a_truth"), ("cash > 1 and", 12, "bad_expression"),
    ('weight of "ZZZ" > 0.1', 10, "unknown_name"), ("cash > 0.1 drawdown < 0", 11, "bad_expression"),
    ("weight of any holding > weight of any sector", 24, "contradiction"), ("(" * 40 + "cash" + ")" * 40 + " > 1", None, "too_deep"),
    ("cash > " + "1 + " * 110 + "1", None, "too_long"), ("__import__('os') > 1", 0, "unknown_name"),
]


def test_a_bad_expression_is_told_at_the_place_of_the_error(client: TestClient, portfolio: str) -> None:
    for expression, position, rule in BAD_EXPRESSIONS:
        answer = client.post(f"{API}/rules/try", json={"expression": expression, "scope": portfolio.rsplit("/", 1)[1]})
        told = problem(answer, "expression", rule)
        assert position is None or told["context"]["position"] == position
    body = {"expression": "cash > 1 or volatilty(60) > 1", "scope": portfolio.rsplit("/", 1)[1]}
    wrong = client.post(f"{API}/rules/try", json=body).json()["context"]
    assert (wrong["position"], wrong["length"], wrong["near"][0], wrong["sentence"]) == (12, 9, "volatility", "volatilty is no metric")


BAD_RULES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "x"}, "expression", "required"), ({"expression": "cash > 1"}, "name", "required"),
    ({"name": "x", "expression": "cash > 1", "severity": "loud"}, "severity", "unknown_value"),
    ({"name": "x", "expression": "cash > 1", "active": "yes"}, "active", "not_a_flag"),
    ({"name": "x", "expression": "cash > 1", "scope": "mine"}, "scope", "not_a_uuid"),
    ({"name": "x", "expression": ""}, "expression", "required"), ({"name": "x", "expression": 5}, "expression", "not_text"),
]


def test_a_bad_rule_is_refused_by_field_and_nothing_is_kept(client: TestClient) -> None:
    for body, field, rule in BAD_RULES:
        problem(client.post(f"{API}/rules", json=body), field, rule)
    assert client.get(f"{API}/rules").json() == []


def test_all_portfolios_at_once_each_by_its_own_policy(held: tuple[TestClient, str]) -> None:
    client, path = held
    client.put(f"{path}/policy", json={"off": ["concentration_holding"]})
    other = client.post(f"{API}/portfolios", json={"name": "Other", "base_currency": "USD"}).json()["id"]
    bought = date.fromisoformat(str(days()[-1].date()))
    client.post(f"{API}/portfolios/{other}/transactions", json=[{"date": str(bought), "kind": "DEPOSIT", "amount": 100},
                                                                {"date": str(bought), "kind": "BUY", "symbol": "AAA", "quantity": 1, "price": 100}])
    in_euros = client.post(f"{API}/portfolios", json={"name": "Euros", "base_currency": "EUR"}).json()["id"]
    client.put(f"{API}/fx/EURUSD", json=[{"date": str(bought), "rate": "1.25"}])
    client.post(f"{API}/portfolios/{in_euros}/transactions", json=[{"date": str(bought), "kind": "DEPOSIT", "amount": 8000, "currency": "EUR"}])
    told = asked(client, f"{API}/portfolios/all/suggestions")
    assert (told["base_currency"], told["value"]) == ("USD", pytest.approx(10_000 + 100 + 8_000 * 1.25))
    drag = next(each for each in told["suggestions"] if each["portfolio"] == "Euros")
    assert (drag["rule"], drag["base_currency"]) == ("cash_drag", "EUR")
    assert {each["portfolio"] for each in told["suggestions"] if each["rule"] == "concentration_holding"} == {"Other"}
