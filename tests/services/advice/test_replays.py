"""The evidence of suggestions as a job: begun once, kept for as long as ledger, prices and policy stay, told on the card."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from callbacks import advice as answers
from components import advice_replay
from data import calendar
from engine.advice.replay import Replay, replayed
from engine.types import Actor
from services import Services
from services.advice.replays import Replays
from services.advice.suggestion_views import key_of
from services.advice.views_rules import ReplayView, SuggestionsView

COUNT = 252 + 252 + 13 * 21
CHANCE = np.random.default_rng(31)
MOVES = CHANCE.normal(0.0004, 0.008, (COUNT, 1)) + CHANCE.normal(0.0, (0.015, 0.006, 0.004), (COUNT, 3))
SYMBOLS = ("RPA", "RPB", "RPC")
POLICY: dict[str, Any] = {"taxes": {"short_rate": 0.3, "long_rate": 0.2}, "costs": {"fee_rate": "0.002"}}


@pytest.fixture
def held(services: Services, actor: Actor) -> UUID:
    days = pd.bdate_range(end=calendar.previous_business_day(calendar.today()), periods=COUNT)
    growth = np.cumprod(1 + MOVES, axis=0)
    for place, symbol in enumerate(SYMBOLS):
        services.instruments.put(actor, symbol, {"name": symbol, "currency": "USD", "asset_class": "equity"})
        closes = 100 * growth[:, place] / growth[-1, place]
        services.instruments.put_bars(actor, symbol, [{"date": day.date(), "close": f"{close:.6f}"} for day, close in zip(days, closes, strict=True)])
    made = services.portfolios.create(actor, {"name": "Replayed", "base_currency": "USD"}).id
    rows: list[dict[str, Any]] = [{"date": days[-8].date(), "kind": "DEPOSIT", "amount": "10000"}]
    rows += [{"date": days[-7].date(), "kind": "BUY", "symbol": symbol, "quantity": quantity, "price": "90"}
             for symbol, quantity in zip(SYMBOLS, (60, 20, 15), strict=True)]
    services.transactions.record(actor, made, rows)
    services.policies.put(actor, made, None, POLICY)
    return made


def replays(view: SuggestionsView) -> dict[str, ReplayView]:
    return {each.key: each.replay for each in view.suggestions if each.replay is not None}


def tried(services: Services, actor: Actor, portfolio: UUID) -> SuggestionsView:
    """Ask until nothing is at work any more."""
    for _ in range(600):
        view = services.suggestions.find(actor, portfolio, begin=True)
        if not any(each.state in {"working", "waiting"} for each in replays(view).values()):
            return view
        time.sleep(0.1)
    raise AssertionError("it never ends")


def test_every_suggestion_carries_what_its_fix_would_have_done(services: Services, actor: Actor, held: UUID) -> None:
    key = "concentration_holding~RPA"
    assert replays(services.suggestions.find(actor, held))[key].state == "waiting", "nothing is begun where that is not asked for"
    view = tried(services, actor, held)
    found = replays(view)
    assert len(found) == len(view.suggestions)
    for each in view.suggestions:
        assert each.replay is not None
        assert each.replay.sentence
        assert (each.replay.state in {"ready", "short"}) == bool(each.trades), each.key
    told = found[key]
    assert (told.state, told.spoke) == ("ready", told.windows)
    assert 12 <= told.windows <= 14
    assert told.sentence == told.against[0].sentence
    assert told.sentence.startswith("Would have helped in")
    assert [each.against for each in told.against] == ["still", "equal"]
    asked = services.suggestions._asked(actor, services.portfolios.get(actor, held))
    advice = next(each.advice for run in asked.ran for each in run.found if key_of(each.advice.rule, each.advice.subject) == key)
    [anew] = replayed(asked.read.facts, asked.policy, [advice]) or []
    assert isinstance(anew, Replay)
    assert told.against[0].median == pytest.approx(anew.against[0][1].median)
    assert told.tax == pytest.approx(anew.tax)
    assert told.tax > 0, "the taxes of the policy"
    assert told.cost == pytest.approx(told.turnover * (0.002 + 0.001 / 2)), "its costs: a rate, and half the spread of the house"

    card = advice_replay.told(answers.asdict(told))
    assert card is not None
    assert card["sentence"].startswith("Would have helped in")
    assert len(card["bars"]) == 20
    assert card["bars"] == sorted(card["bars"])
    assert {"Against 1/N", "Volatility", "Turnover", "Deflated Sharpe"} <= {each["label"] for each in card["pairs"]}


def test_evidence_is_kept_for_all_processes_until_the_policy_changes(services: Services, actor: Actor, held: UUID,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    ready = replays(tried(services, actor, held))
    other = Replays(services.suggestions._writes)
    monkeypatch.setattr(services.suggestions, "_replays", other)
    assert replays(services.suggestions.find(actor, held)) == ready, "another process reads what was worked out"
    services.policies.put(actor, held, 1, {**POLICY, "thresholds": {"max_holding": 0.2}})
    states = {each.state for each in replays(services.suggestions.find(actor, held)).values()}
    assert "waiting" in states
    assert "ready" not in states
    other.close()


def test_a_trial_that_was_stopped_says_so(services: Services, actor: Actor, held: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Replays(services.suggestions._writes)
    monkeypatch.setattr(services.suggestions, "_replays", other)
    monkeypatch.setattr(other._threads, "submit", lambda *_: None)  # it waits for its turn
    working = replays(services.suggestions.find(actor, held, begin=True))["concentration_holding~RPA"]
    assert working.state == "working"
    assert working.run is not None
    services.evidence.cancel(actor, working.run)
    assert replays(services.suggestions.find(actor, held, begin=True))["concentration_holding~RPA"].state == "stopped"
    assert working.run not in {each.id for each in services.evidence.find(actor).items}, "the list is of what people begin"
    told = advice_replay.told(answers.asdict(working))
    assert told is not None
    assert told["moving"]
    other.close()
