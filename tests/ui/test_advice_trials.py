"""What-ifs, plans and evidence of the Recommendations page without a browser: what is told to the screen, and what is refused."""

from __future__ import annotations

import math
import time
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from callbacks import advice_evidence, advice_plan, advice_what_if
from components import advice_evidence as evidence_words
from components import advice_plan as plan_words
from components import advice_what_if as words
from engine.types import Actor, Portfolio
from services import Services


@pytest.fixture
def alone(services: Services, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setattr(services.accounts, "local", lambda: actor)
    return services


def test_both_sides_are_written_and_what_is_not_known_is_a_dash() -> None:
    told = words.held(words.Held("AAA", "Aaa", 0.2, 0.1255, -3.5, -1200.5, 0.3, math.nan, 0.0))
    assert (told["before"], told["after"], told["weight"]) == ("20.0\u202f%", "12.6\u202f%", 12.55)
    assert (told["quantity"], told["money"], told["risk"][1], told["gain"]) == ("\u22123.5", "\u22121,200.50", "\u2013", "")
    assert not words.held(words.Held("AAA", "Aaa", 0.2, 0.2, 0.0, 0.0, 0.3, 0.3, 0.0))["moves"]
    assert words.fall(words.Fall("Crash", 0.3, -0.01, 300.0, -10.0))["after"] == "+1.0\u202f%", "a gain is a gain"


def test_what_ifs_beside_each_other_begin_with_what_is_held() -> None:
    columns = [[words.Side("Value", "money", 100.0, after, "EUR")] for after in (90.0, 80.0)]
    assert words.compared(["one", "two"], columns) == {"heads": ["", "As it is", "one", "two"], "rows": [["Value EUR", "100.00", "90.00", "80.00"]]}


@pytest.mark.parametrize(("asked", "field"), [({"text": "w.AAA=much"}, "weights.AAA"), ({"text": "q.NONE=3"}, "symbol"), ({"id": "x"}, "what_if_id")])
def test_a_what_if_that_cannot_be_tried_is_refused_at_its_field(alone: Services, portfolio: Portfolio, asked: dict[str, Any], field: str) -> None:
    told = advice_what_if.tried(alone, {"n": 4, "scope": str(portfolio.id), **asked})
    assert (told["ok"], told["n"], told["field"]) == (False, 4, field)


def test_a_what_if_is_kept_compared_removed_and_brought_back(alone: Services, portfolio: Portfolio) -> None:
    scope = str(portfolio.id)

    def act(action: str, **more: Any) -> dict[str, Any]:
        return advice_what_if.act(alone, {"action": action, "scope": scope, "once": uuid4().hex, **more})

    assert advice_what_if.tried(alone, {"n": 1, "scope": scope})["empty"]
    assert not act("save", name="bad", text="q.NONE=3")["ok"], "what cannot be tried is not kept"
    made = act("save", name="New money", text="new_money=500")
    assert (made["ok"], made["saved"][0]["text"]) == (True, "new_money=500")
    assert scope in made["saved"][0]["path"]
    assert act("list", compare=[made["undo"], str(uuid4())])["compared"]["rows"][0][1:] == ["0.00", "500.00"]
    assert act("remove", id=made["undo"], version=1)["saved"] == []
    assert len(act("undo", id=made["undo"])["saved"]) == 1
    assert not act("remove", id=made["undo"], version=1)["ok"], "somebody was faster"


def test_the_address_of_a_plan_is_read_and_a_wrong_field_is_told_at_its_place(alone: Services, portfolio: Portfolio) -> None:
    assert advice_plan.asked_of("goal=5000,fee=0.01,nominal=1,years=ten") == {"goal": 5000.0, "fee": 0.01, "nominal": True, "years": "ten"}
    for text, field in (("years=ten", "years"), ("fee=2", "fee"), ("withdrawal_from=30,years=5", "withdrawal_from"), ("gaol=1", "gaol")):
        told = advice_plan.planned(alone, {"n": 2, "scope": str(portfolio.id), "text": text})
        assert (told["ok"], told["field"]) == (False, field), text
        assert told["hint"] or told["words"] == "Is not between 0 and 99 (in percent)", told
    assert not advice_plan.planned(alone, {"n": 3, "scope": str(portfolio.id), "text": ""})["ok"], "there is nothing to plan with"


def test_the_table_of_a_fan_has_a_row_a_year_and_its_end() -> None:
    days = [date(2024 + at // 12, at % 12 + 1, 1) for at in range(30)]
    told = plan_words.fan(days, {name: [float(at) for at in range(30)] for name in plan_words.BANDS})
    assert [row[:2] for row in told["rows"]] == [["1 Jan 2024", "0"], ["1 Jan 2025", "12"], ["1 Jan 2026", "24"], ["1 Jun 2026", "29"]]
    assert len(told["bands"]["p50"]) == len(told["days"]) == 30


HELPED = {"against": "still", "share": 0.61, "median": 0.004, "worst": -0.021, "windows": 214, "deflated": 0.97, "sentence": "Would have helped."}
SCORE = {"label": "Cap", "meaning": "", "baseline": False, "gap": None, "annualised_return": 0.08, "volatility": 0.15, "max_drawdown": -0.3,
         "turnover": 0.5, "cost": 0.0005, "deflated_sharpe": None, "helped": [HELPED], "growth": {"dates": [], "values": [1.0, 1.1]}}
RESULT = {"scores": [SCORE, {**SCORE, "baseline": True, "helped": []}], "days": 5000, "decisions": 240, "start": "2001-01-02", "end": "2022-12-30",
          "simulated": False, "overfitting": None, "trials": 2, "findings": [], "left_out": {"NEW": "is too young"}, "conventions": {"one": "One"}}


def test_strategies_are_written_with_how_strong_their_evidence_is() -> None:
    told = evidence_words.strategies(RESULT)
    one, baseline = told["against"]["still"]
    assert (one["word"], one["cells"][:3]) == ("good", ["61\u202f%", "+0.40\u202f%", "\u22122.10\u202f%"])
    assert (one["cells"][-1], told["overfitting"], baseline["word"], baseline["cells"][:3]) == ("\u2013", "\u2013", "baseline", ["", "", ""])
    assert len(told["heads"]) == 3 + len(one["cells"])
    words_of = [evidence_words.verdict(HELPED | more)[0] for more in ({"deflated": 0.6}, {"share": 0.4}, {"median": -0.001}, {"median": None})]
    assert words_of == ["thin", "not supported", "not supported", "not known"]


def test_a_run_that_cannot_begin_is_refused_at_its_field_and_the_runs_are_told_all_the_same(alone: Services, portfolio: Portfolio) -> None:
    asked = {"n": 1, "scope": str(portfolio.id), "action": "strategies"}
    for text, field, said in (("window=5", "window", "504"), ("band=3", "band", "between 0 and 100 (in percent)"), ("", "", "needs")):
        told = advice_evidence.found_of(alone, {**asked, "text": text})
        assert (told["ok"], told["field"]) == (False, field), told
        assert said in told["words"], told
        assert told["strategies"] == {"running": [], "ended": "", "shown": "", "runs": []}


def test_a_run_is_told_until_it_has_ended_and_its_result_once(alone: Services, actor: Actor, portfolio: Portfolio) -> None:
    asked = {"n": 1, "scope": str(portfolio.id), "action": "read"}
    run = alone.evidence.begun(actor, str(portfolio.id), "strategies", {}, lambda _say: RESULT)
    for _ in range(400):
        told = advice_evidence.found_of(alone, asked)["strategies"]
        if not told["running"]:
            break
        time.sleep(0.05)
    assert (told["shown"], told["result"]["trials"]) == (str(run.id), 2)
    assert "result" not in advice_evidence.found_of(alone, {**asked, "have": [str(run.id)]})["strategies"]
    told = advice_evidence.found_of(alone, {**asked, "action": "cancel", "id": str(run.id)})
    assert not told["ok"]
    assert "nothing to stop" in told["words"]
