"""The forms of the Recommendations page without a browser: what is written into fields, what a save answers, where an error stands."""

from __future__ import annotations

import math
from typing import Any

import pytest

from callbacks import advice_policy as policy_answers
from callbacks import advice_rebalance as rebalance_answers
from components import advice_policy, advice_rebalance
from components.advice_rebalance import Weight
from engine.types import Actor, Portfolio
from services import Services


@pytest.fixture
def mine(services: Services, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setattr(services.accounts, "local", lambda: actor)
    return services


def put(services: Services, portfolio: Portfolio, version: int, **fields: Any) -> dict[str, Any]:
    return policy_answers.act(services, {"action": "put", "portfolio": str(portfolio.id), "version": version, "fields": fields})


def fields_of(sheet: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each["value"] for section in sheet["sections"] for each in section["fields"]}


@pytest.mark.parametrize(("fraction", "text"), [(0.1, "10"), (1 / 3, "33.33333333"), (0.0, "0"), (1234.5, "123450"), (1e-9, "0.0000001")])
def test_a_percent_is_written_as_a_field_takes_it(fraction: float, text: str) -> None:
    assert advice_policy.percent(fraction) == text


def test_a_policy_is_written_saved_and_taken_back(mine: Services, portfolio: Portfolio) -> None:
    sheet = policy_answers.sheet_of(mine, str(portfolio.id))
    assert (sheet["state"], sheet["version"], sheet["targets"]) == ("ready", 0, [])
    assert fields_of(sheet)["costs.spread"] == "0.1"
    told = put(mine, portfolio, 0, targets_by="asset_class", targets=[{"key": "equity", "weight": "0.7", "band": None},
                                                                     {"key": "cash", "weight": "0.3"}],
               constraints={"max_weight": "0.25", "long_only": True, "excluded": []}, goals={}, thresholds={"max_cash": "0.2"})
    assert told["ok"], told
    assert [each["weight"] for each in told["sheet"]["targets"]] == ["70", "30"]
    assert fields_of(told["sheet"])["constraints.max_weight"] == "25"
    own = {each["name"]: each["value"] for each in told["sheet"]["thresholds"] if each["value"]}
    assert own == {"thresholds.max_cash": "20"}
    back = policy_answers.act(mine, {"action": "undo", "portfolio": str(portfolio.id)})
    assert back["sheet"]["targets"] == []


def test_what_is_wrong_is_told_at_its_field(mine: Services, portfolio: Portfolio) -> None:
    told = put(mine, portfolio, 0, targets_by="asset_class", targets=[{"key": "equity", "weight": "0.7"}])
    assert [each["field"] for each in told["errors"]] == ["targets"]
    assert told["errors"][0]["message"] == "add up to 0.7 and not to 1."
    told = put(mine, portfolio, 0, constraints={"max_weight": "much"})
    assert [each["field"] for each in told["errors"]] == ["constraints.max_weight"]
    assert put(mine, portfolio, 0, off=["nonsense"])["errors"][0]["field"] == "off[0]"


def test_of_all_portfolios_one_is_chosen(mine: Services, portfolio: Portfolio) -> None:
    told = policy_answers.sheet_of(mine, "all")
    assert told["state"] == "choose"
    assert [str(portfolio.id), portfolio.name] in told["portfolios"]
    assert policy_answers.sheet_of(mine, "nonsense")["state"] == "failed"


def test_distances_are_drawn_from_the_farthest_on_and_marked_where_they_left_their_band() -> None:
    rows = [Weight("AAA", "", 0.30, 0.2, 0.2, 0.15, 0.25), Weight("BBB", "", 0.16, 0.2, 0.2, 0.15, 0.25), Weight("CCC", "", 0.05, 0.0, 0.0, 0.0, 0.0),
            Weight("Cash", "", 0.49, 0.6, 0.6, math.nan, math.nan)]
    told = advice_rebalance.bars(rows)
    assert [(each["label"], each["text"], each["over"], each["out"]) for each in told] == [
        ("Cash", "\u221211.0", False, False), ("AAA", "+10.0", True, True), ("CCC", "+5.0", True, True), ("BBB", "\u22124.0", False, False)]
    assert [each["width"] for each in told][:2] == [50.0, pytest.approx(45.45)]


def test_a_list_of_trades_is_told_drafted_and_what_stands_in_its_place(mine: Services, portfolio: Portfolio, actor: Actor) -> None:
    query = {"scope": str(portfolio.id), "bring": "", "new_money": "", "buy_only": "", "cost_aversion": "", "account": ""}
    assert rebalance_answers.found_of(mine, {**query, "scope": "all"})["state"] == "choose"
    assert rebalance_answers.found_of(mine, query)["state"] == "empty", "no targets"
    mine.policies.put(actor, portfolio.id, None, {"targets_by": "asset_class", "targets": [{"key": "cash", "weight": 1}]})
    wrong = rebalance_answers.found_of(mine, {**query, "new_money": "much"})
    assert (wrong["state"], wrong["errors"][0]["field"]) == ("wrong", "new_money")
    found = rebalance_answers.found_of(mine, {**query, "new_money": "250"})
    assert (found["state"], found["trades"]) == ("ready", [])
    assert [each["draft"]["kind"] for each in found["orders"]] == ["DEPOSIT"]
    assert "DEPOSIT" in found["file"]
    asked = {"portfolio": str(portfolio.id), "orders": found["orders"], "effect": found["effect"], "revision": found["revision"]}
    assert rebalance_answers.act(mine, asked)["ok"]
    assert mine.proposals.find(actor, portfolio.id).items[0].note == "Rebalancing to targets"
    assert not rebalance_answers.act(mine, {**asked, "revision": found["revision"] + 7})["ok"], "of a ledger that has changed"
