"""Suggestions on a real ledger: what was promised is what the ledger says after the trades, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from data import calendar
from engine import book
from engine.types import Actor, CorporateAction
from services import Services
from services.advice.dividends import dividends_a_share
from services.advice.views_rules import HistoryView, SuggestionsView, SuggestionView
from services.performance.views import PerformanceQuestion

CHANCE = np.random.default_rng(23)
COUNT = 130
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
QUANTITIES = {"AAA": 60, "BBB": 15, "CCC": 12, "DDD": 5}
MOVES = CHANCE.normal(0.0, 0.012, (COUNT, 4)) + CHANCE.normal(0, 0.008, (COUNT, 1))
POLICY = {"taxes": {"short_rate": 0.3, "long_rate": 0.1}, "costs": {"fee": 1, "fee_rate": "0.001", "spread": 0}, "thresholds": {"max_cash": 0.5}}


def days() -> pd.DatetimeIndex:
    return pd.bdate_range(end=calendar.previous_business_day(calendar.today()), periods=COUNT)


def closes() -> pd.DataFrame:
    growth = np.cumprod(1 + MOVES, axis=0)
    return pd.DataFrame(np.round(100 * growth / growth[-1], 6), index=days(), columns=list(SYMBOLS))


@pytest.fixture
def held(services: Services, actor: Actor) -> UUID:
    """Most of the value is in one share, which has gained."""
    prices = closes()
    for symbol in SYMBOLS:
        services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": "USD", "asset_class": "equity", "tags": ["ter:0.004"]})
        services.instruments.put_bars(actor, symbol, [{"date": day.date(), "close": f"{price:.6f}"} for day, price in prices[symbol].items()])
    made = services.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    first = prices.index[3].date()
    rows: list[dict[str, Any]] = [{"date": first, "kind": "DEPOSIT", "amount": "10000"}]
    rows += [{"date": first, "kind": "BUY", "symbol": symbol, "quantity": count, "price": "80"} for symbol, count in QUANTITIES.items()]
    rows += [{"date": prices.index[40].date(), "kind": "SELL", "symbol": "DDD", "quantity": 5, "price": "90"}]
    services.transactions.record(actor, made, rows)
    services.policies.put(actor, made, None, POLICY)
    return made


def of(view: SuggestionsView, key: str) -> SuggestionView:
    return next(each for each in view.suggestions if each.key == key)


def row(services: Services, actor: Actor, portfolio: UUID, key: str) -> HistoryView:
    return next(each for each in services.suggestions.history(actor, portfolio) if each.key == key)


def test_after_its_trades_the_ledger_says_what_was_promised(services: Services, actor: Actor, held: UUID) -> None:
    key = "concentration_holding~AAA"
    promised = of(services.suggestions.find(actor, held), key)
    services.suggestions.done(actor, held, key, {"note": "Sold"})
    drafts = [{"date": calendar.today(), "kind": trade.side, "symbol": trade.symbol, "quantity": f"{trade.quantity:.12f}",
               "price": f"{trade.price_local:.12f}", "fee": f"{trade.fee + trade.spread:.12f}"} for trade in promised.trades]
    booked = services.transactions.record(actor, held, drafts)
    assert len(booked) == len(promised.trades)
    told = services.valuation.holdings(actor, held)
    weights = told.snapshot.holdings.set_index("symbol")["weight"]
    after = {each.name: each.after for each in promised.effect}
    for symbol in {trade.symbol for trade in promised.trades}:
        assert after[f"weight:{symbol}"] == pytest.approx(weights[symbol], abs=1e-6)
    assert after["cash"] == pytest.approx(told.snapshot.totals["cash"] / told.snapshot.totals["value"], abs=1e-6)
    exposure = services.exposures.exposure(actor, held)
    returns = exposure.returns[list(weights.index)].dropna()
    assert after["volatility"] == pytest.approx(float(np.sqrt(weights @ (returns.cov() * 252) @ weights)), abs=1e-6)
    gains = services.gains.report(actor, held).rows
    sold_now = gains[gains["closed"] == pd.Timestamp(calendar.today())]
    assert promised.tax == pytest.approx(0.3 * sold_now["gain"].sum(), abs=1e-6)
    assert services.suggestions.find(actor, held)
    outcome = row(services, actor, held, key).outcome
    assert outcome is not None
    assert outcome.held is True
    assert outcome.measure_now == pytest.approx(weights["AAA"], abs=1e-6)
    assert outcome.gain == pytest.approx(-promised.cost - promised.tax)
    assert "the rule is quiet since" in outcome.sentence


def test_what_came_of_it_is_counted_from_the_day_it_was_done(services: Services, actor: Actor, held: UUID) -> None:
    key = "concentration_holding~AAA"
    promised = of(services.suggestions.find(actor, held), key)
    services.suggestions.done(actor, held, key, {})
    since = days()[-11]
    with services.database.begin() as unit:  # as if it had been done ten trading days ago
        stored = unit.advice.suggestion(actor.workspace_id, held, key)
        before = {**(stored.done or {}), "at": f"{since.date()}T12:00:00+00:00"}
        unit.advice.move(actor.workspace_id, held, key, stored.version, {"done": before})
    outcome = row(services, actor, held, key).outcome
    assert outcome is not None
    grown = closes().iloc[-1] / closes().loc[since] - 1
    made = sum((1 if trade.side == "BUY" else -1) * trade.amount * grown[trade.symbol] for trade in promised.trades)
    assert outcome.gain == pytest.approx(made - promised.cost - promised.tax, abs=1e-3)
    assert outcome.held is False


def test_what_was_dismissed_or_is_gone_comes_back(services: Services, actor: Actor, held: UUID) -> None:
    key = "concentration_holding~AAA"
    services.suggestions.find(actor, held)
    services.suggestions.dismiss(actor, held, key, {"until": calendar.today() + timedelta(days=3)})
    with services.database.begin() as unit:
        stored = unit.advice.suggestion(actor.workspace_id, held, key)
        unit.advice.move(actor.workspace_id, held, key, stored.version, {"until": calendar.today() - timedelta(days=1)})
    assert of(services.suggestions.find(actor, held), key).state == "open"
    large = {**POLICY, "thresholds": {"max_cash": 0.5, "max_holding": 0.9, "max_fund": 0.9, "max_sector": 0.95}}
    services.policies.put(actor, held, 1, large)
    services.suggestions.find(actor, held)
    assert row(services, actor, held, key).state == "gone"
    services.policies.undo(actor, held)
    assert of(services.suggestions.find(actor, held), key)
    assert [what for what, _, _ in row(services, actor, held, key).times] == ["suggested", "dismissed", "back", "gone", "back"]


def test_a_rule_on_history_sees_what_was_held_then(services: Services, actor: Actor, held: UUID) -> None:
    """DDD was sold long ago; its weight of then is known, and the return of the whole is that of Performance."""
    trial = services.custom_rules.try_out(actor, {"expression": 'weight of "DDD" > 0', "scope": str(held)})
    assert trial.count == 1
    assert trial.fired[0].date == days()[3].date()
    assert trial.days_true == 37  # from the day it was bought to the one before it was sold
    assert trial.now is False
    span = services.custom_rules.try_out(actor, {"expression": "return(20) > -1", "scope": str(held)})
    series = services.performance.performance(actor, held, PerformanceQuestion()).series["growth"]
    last = series.reindex(days().union(pd.DatetimeIndex([pd.Timestamp(calendar.today())]))).dropna()
    seen = span.values  # noqa: PD011  # the numbers of the last day, no frame
    assert seen["return(20) of portfolio"] == pytest.approx(last.iloc[-1] / last.iloc[-21] - 1)
    costs = services.custom_rules.try_out(actor, {"expression": "ter of any holding > 0.3 %", "scope": str(held)})
    assert (costs.now, costs.reason) == (True, "ter is only known now: the rule cannot be tried on the past")


def test_dividends_are_told_a_share_of_today() -> None:
    today = calendar.today()
    ago = [today - timedelta(days=count) for count in (600, 500, 100, 50)]
    effects = book([{"date": ago[0], "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5}, {"date": ago[1], "kind": "DIVIDEND", "symbol": "A",
                                                                                                 "amount": 20},
                    {"date": ago[2], "kind": "SPLIT", "symbol": "A", "ratio": 2}, {"date": ago[3], "kind": "DIVIDEND", "symbol": "A", "amount": 10}],
                   base_currency="USD").effects
    assert dividends_a_share(effects, "A", (), today) == pytest.approx((0.5, 1.0))
    told = (CorporateAction(ago[1], "dividend", amount=Decimal(3)), CorporateAction(ago[2], "split", ratio=Decimal(2)))
    assert dividends_a_share(effects, "A", told, today) == pytest.approx((0.0, 1.5))
