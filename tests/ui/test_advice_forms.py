"""The forms of the Recommendations page without a browser: what is written into fields, what a save answers, where an error stands."""

from __future__ import annotations

import math
from typing import Any

import pytest

from callbacks import advice_optimise as optimise_answers
from callbacks import advice_policy as policy_answers
from callbacks import advice_rebalance as rebalance_answers
from components import advice_optimise, advice_policy, advice_rebalance
from components.advice_optimise import Found, Point
from components.advice_rebalance import Clash, Weight
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
    assert told["errors"][0]["message"] == "add up to 70 % and not to 100 %."
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
    everything = rebalance_answers.found_of(mine, {**query, "scope": "all"})
    assert (everything["state"], [each["reason"] for each in everything["parts"]]) == ("household", ["It has no targets"])
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
    refused = rebalance_answers.act(mine, {"portfolio": "all", "question": {}, "revisions": {}})
    assert "nothing to propose" in refused["message"]
    assert mine.proposals.find(actor, portfolio.id).items[0].note == "Rebalancing to targets"
    assert not rebalance_answers.act(mine, {**asked, "revision": found["revision"] + 7})["ok"], "of a ledger that has changed"


def test_the_frontier_is_placed_with_the_present_portfolio_on_it() -> None:
    line = [Point(0.05, 0.10, 0.5), Point(0.07, 0.12, 0.58), Point(0.09, 0.20, 0.45)]
    found = Found(line[1], Point(0.06, 0.15, 0.4), 0.2, 1260, {"AAA": 0.6, "BBB": 0.4}, {"AAA": 1.0}, {"AAA": 0.7, "BBB": 0.3}, line, 1, [], [], [])
    told = advice_optimise.plot(found)
    assert all(0 < each[side] < 1 for each in [*told["line"], *told["marks"]] for side in ("x", "y"))
    assert [each["name"] for each in told["marks"]] == ["now", "found"]
    assert told["best"] == {key: told["marks"][1][key] for key in ("x", "y", "text")}
    assert told["line"][0]["x"] < told["marks"][1]["x"] < told["marks"][0]["x"] < told["line"][2]["x"]
    rows = advice_optimise.told(advice_optimise.Run("1", "done", "done", 24, 24, {}, "", found))["found"]["weights"]
    assert rows == [["AAA", "100.0\u202f%", "60.0\u202f%", "\u221240.0", "70.0\u202f%"], ["BBB", "0.0\u202f%", "40.0\u202f%", "+40.0", "30.0\u202f%"]]


def test_what_contradicts_itself_is_told_with_the_least_that_mends_it() -> None:
    nothing = Point(math.nan, math.nan, math.nan)
    clashes = [Clash("max_weight", "no holding above 10 %", 0.125), Clash("min_return", "at least 30 % a year", math.nan)]
    found = Found(nothing, nothing, math.nan, 900, {}, {}, {}, [], 0, clashes, [], [])
    told = advice_optimise.told(advice_optimise.Run("1", "done", "done", 1, 1, {}, "", found))
    mended = [each["mend"] for each in told["found"]["clashes"]]
    assert mended == ["With 12.50\u202f% in its place all of them hold.", "Loosening it alone mends nothing."]
    assert told["found"]["weights"] == []


def test_the_form_of_an_optimiser_is_read_and_what_it_finds_becomes_targets(mine: Services, portfolio: Portfolio) -> None:
    raw = optimise_answers.raw_of({"model": "mean_risk", "views": "AAA outperforms BBB by 2 %\n\n", "budgets": "AAA 40\nBBB: 60", "frontier": True,
                                   "groups": [{"by": "sector", "key": "Energy", "most": "0.3"}]})
    assert raw.pop("groups") == {"sector": {"Energy": ["0", "0.3"]}}
    assert raw == {"model": "mean_risk", "views": ["AAA outperforms BBB by 2 %"], "budgets": {"AAA": "0.4", "BBB": "0.6"}, "frontier": 24}
    for weights in ({"AAA": 1 / 3, "BBB": 1 / 3, "CCC": 1 / 3}, {"AAA": 0.2, "BBB": 0.3}, {"AAA": 0.7, "BBB": 0.3, "CCC": 1e-9}):
        assert math.fsum(optimise_answers.targets_of(weights).values()) == pytest.approx(1.0, abs=1e-12)
    found = optimise_answers.found_of(mine, {"scope": str(portfolio.id), "run": ""})
    assert (found["state"], found["run"]) == ("ready", None)
    assert {"mean_risk", "hrp"} <= {each["name"] for each in found["models"]}
    told = optimise_answers.act(mine, {"action": "begin", "portfolio": str(portfolio.id), "fields": {"model": "mean_risk", "max_weight": "much"}})
    assert told["errors"][0]["field"] == "max_weight"
