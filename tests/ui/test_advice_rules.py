"""Rules of one's own and limits on the Recommendations page, without a browser: what a card goes by, and what a trial answers."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from callbacks import advice as answers
from callbacks import advice_limits, advice_rules
from components import advice
from engine.advice.rules import NOTHING_HELD, RULES
from engine.types import Actor, Portfolio, Severity
from services import Services
from services.advice.policy_reading import read_policy
from services.advice.views_rules import RuleRun, SuggestionsView, SuggestionView


@pytest.fixture
def at_home(services: Services, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setattr(services.accounts, "local", lambda: actor)
    return services


def view_of(*portfolios: Portfolio) -> SuggestionsView:
    runs = tuple(RuleRun(rule.key, rule.label, rule.group, rule.meaning, rule.thresholds, "quiet", None, 0) for rule in RULES)
    now = dt.datetime.now(tz=dt.UTC)
    return SuggestionsView("all", "All", "EUR", 1.0, now, (), (), runs, False, {str(each.id): 1 for each in portfolios}, ())


def test_a_rule_goes_by_the_limits_of_the_portfolio_s_own_policy(at_home: Services, portfolio: Portfolio, actor: Actor) -> None:
    at_home.policies.put(actor, portfolio.id, None, {"thresholds": {"max_holding": 0.1}})
    limits = advice_limits.Limits(at_home, view_of(portfolio))
    told = [advice.limit_told(each) for each in limits.of("concentration_holding", portfolio.id)]
    assert told == [{"field": "thresholds.max_holding", "text": "Largest holding 10.0\u202f%"},
                    {"field": "thresholds.max_fund", "text": "Largest fund 60.0\u202f%"}]
    assert [each.field for each in limits.of_only("drift")] == ["targets_by"]
    assert limits.of(f"own-{uuid4()}", portfolio.id) == ()
    two = advice_limits.Limits(at_home, view_of(portfolio, replace(portfolio, id=uuid4())))
    assert (two.of_only("drift"), len(two.of("drift", portfolio.id))) == ((), 1)


def test_a_portfolio_that_was_deleted_meanwhile_has_no_thresholds_and_nothing_fails(at_home: Services, portfolio: Portfolio) -> None:
    gone = replace(portfolio, id=uuid4())
    assert advice_limits.Limits(at_home, view_of(gone)).of("concentration_holding", gone.id) == ()


def test_every_limit_is_a_field_that_the_policy_takes() -> None:
    for limit in (each for every in advice_limits.FIELDS.values() for each in every):
        first, _, second = limit.field.partition(".")
        read_policy({first: {second: None} if second else None})


def test_every_way_of_a_card_leads_to_a_tab_or_a_page_that_is_there() -> None:
    root = Path(__file__).parents[2]
    tabs = set(re.findall(r'\("([a-z-]+)", "[A-Z]', (root / "pages" / "recommendations.py").read_text(encoding="utf-8")))
    pages = {found for page in (root / "pages").glob("*.py") for found in re.findall(r'path="/([a-z-]*)"', page.read_text(encoding="utf-8"))}
    links = {link for place in ("engine/advice", "services/advice") for module in (root / place).glob("*.py")
             for link in re.findall(r'link="([a-z-]+)"', module.read_text(encoding="utf-8"))}
    assert {"rebalance", "gains"} <= links
    for link in links:
        way = advice.way(link)
        assert way is not None
        assert way.get("tab") in tabs or way.get("page", "")[1:] in pages, link
        assert way["word"] != "Go there", link


def test_half_a_text_is_told_with_its_place_and_never_raised(at_home: Services, portfolio: Portfolio) -> None:
    told = advice_rules.trial_of(at_home, {"n": 3, "expression": "cash > 1 or volatilty(60) > 1", "scope": str(portfolio.id)})
    assert (told["n"], told["ok"]) == (3, False)
    assert (told["context"]["position"], told["context"]["length"], told["context"]["near"][0]) == (12, 9, "volatility")
    assert not advice_rules.trial_of(at_home, {"n": 4, "expression": "", "scope": str(portfolio.id)})["ok"]
    tried = advice_rules.trial_of(at_home, {"n": 5, "expression": "cash > 0", "scope": str(portfolio.id)})
    assert (tried["ok"], tried["told"]["reason"]) == (True, "The portfolio has no history yet")


def test_money_of_a_card_is_told_in_the_currency_of_its_portfolio(at_home: Services, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all portfolios in dollars, what one in euro says stays in euro; and a portfolio without holdings speaks for no rule."""
    other = replace(portfolio, id=uuid4())
    euro = SuggestionView("idle", "idle_cash", "Idle cash", "cash", "EUR", Severity.INFO, "Idle", "It lies there.", "Invest it.", "", (), (), (),
                          math.nan, math.nan, 30.0, 1.0, 30.0, "open", portfolio_id=portfolio.id, portfolio="One", base_currency="EUR")
    view = view_of(portfolio, other)
    empty = tuple(replace(run, state="unknown", why=NOTHING_HELD) for run in view.rules)
    shown = replace(view, base_currency="USD", suggestions=(euro,), rules=(*view.rules, *empty))
    monkeypatch.setattr(at_home.suggestions, "find", lambda *_args, **_how: shown)
    found = answers.found_of(at_home, "all")
    assert [(each["label"], each["text"], each["unit"]) for each in found.cards[0]["effect"]] == [("Expected benefit a year", "30.00", "EUR")]
    assert f"{len(RULES)} quiet" in str(found.rules)
    assert NOTHING_HELD not in str(found.rules)


def test_every_key_of_the_sidebar_is_one_that_the_keyboard_knows() -> None:
    root = Path(__file__).parents[2]
    told = re.findall(r'Section\("(/[a-z]*)", "[^"]+", Icon\.\w+, "(\w)"', (root / "components" / "shell.py").read_text(encoding="utf-8"))
    known = re.search(r"const pages = \{(.*?)\};", (root / "assets" / "shell.js").read_text(encoding="utf-8"))
    assert known is not None
    assert len(told) > 5
    assert [f'{key}: "{page}"' for page, key in told if f'{key}: "{page}"' not in known[1]] == []
