"""The Recommendations page without a browser: what a card says, what rounding to lots leaves, what a decision answers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from callbacks import advice as answers
from components import advice
from engine.advice.trades import LotTaken, Trade
from engine.types import Actor, Portfolio, Severity
from services import Services
from services.advice.drafts import in_lots
from services.advice.views_rules import EffectView, EvidenceView, SuggestionView

SALE = Trade("SELL", "AAA", 10.7, 100.0, "EUR", 1.1, 1177.0, 1.0, 0.5, 20.0, None, 0.25, 0.15, math.nan, "too much",
             (LotTaken("one", None, 10.7, 500.0, 1000.0, 500.0, "long", 20.0),))
PURCHASE = Trade("BUY", "BBB", 0.4, 50.0, "USD", 1.0, 20.0, 0.0, 0.01, 0.0, None, 0.05, 0.06, math.nan, "room")
ONE = SuggestionView(
    key="large~AAA", rule="large", label="Large holding", group="concentration", subject="AAA", severity=Severity.WARNING, title="AAA is 25.0 %",
    reason="It moves the result.", fix="Sell some.", wrong_if="You want it.",
    evidence=(EvidenceView("weight", "Weight", 0.25, 0.15, "fraction"), EvidenceView("gone", "Unknown", math.nan, 1.0, "money")),
    trades=(SALE, PURCHASE), effect=(EffectView("cash", "Cash", "money", 10.0, 1167.0),), cost=1.51, tax=20.0, benefit=12.5, effort=2.0, score=6.2,
    state="open", portfolio_id=uuid4(), portfolio="Growth")


def test_a_card_says_every_number_of_its_suggestion_in_the_house_s_form() -> None:
    told = advice.told(answers.card(ONE), "USD", many=True)
    assert (told["title"], told["owner"], told["word"]) == ("AAA is 25.0 %", "Growth", "worth doing")
    assert told["evidence"] == [{"label": "Weight", "text": "25.0\u202f%", "limit": "limit 15.0\u202f%"}], "what is not known is not told"
    assert told["effect"][0] == {"label": "Cash", "before": "10.00", "text": "1,167.00"}
    sums = [(each["label"], each["text"]) for each in told["effect"][1:]]
    assert sums == [("Cost", "1.51"), ("Tax", "20.00"), ("Expected benefit a year", "12.50")]
    assert told["trades"][0]["cells"][:3] == ["10.7", "100.00", "\u22121,177.00"]
    assert told["sum"] == ["Net proceeds", "", "", "\u22121,157.00", "", "", "20.00", "1.51"]
    assert advice.told(answers.card(ONE), "USD", many=False)["owner"] == ""


@pytest.mark.parametrize(("lot", "kept"), [(1.0, [10.0]), (0.1, [10.7, 0.4]), (5.0, [10.0]), (0.0, [10.7, 0.4]), (100.0, [])])
def test_drafts_are_whole_lots_and_money_goes_with_them(lot: float, kept: list[float]) -> None:
    trades = in_lots(ONE, lot)
    assert [each.quantity for each in trades] == pytest.approx(kept)
    for each in trades:
        assert each.amount == pytest.approx(each.quantity * each.price_local * each.fx_rate)
        assert sum(part.quantity for part in each.lots) == pytest.approx(each.quantity if each.lots else 0.0)


def test_a_lot_missed_by_rounding_alone_is_whole() -> None:
    assert in_lots(replace(ONE, trades=(replace(SALE, quantity=9.999999999999998),)), 1.0)[0].quantity == 10.0


def words(parts: Any) -> str:
    return str([each.to_plotly_json() for each in parts])


def test_without_holdings_the_page_says_what_will_stand_there(services: Services, portfolio: Portfolio, actor: Actor,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.accounts, "local", lambda: actor)
    found = answers.found_of(services, str(portfolio.id))
    assert (found.cards, found.count) == ([], "")
    assert "Nothing is held yet" in words(found.state)
    result, line = answers.act(services, {"action": "dismiss", "key": "nothing", "portfolio": str(portfolio.id), "days": "30"})
    assert not result["ok"]
    assert "Not done." in words(line)
    assert "could not be asked" in words(answers.found_of(services, str(uuid4())).state)
