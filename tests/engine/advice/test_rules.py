"""Every rule on a portfolio in which it must speak and on one in which it must not; what fixes do, worked out anew from the ledger."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import book, effective_number_of_assets, effective_number_of_bets, expected_shortfall, portfolio_volatility, risk_contributions
from engine.advice.expressions_words import METRICS
from engine.advice.policy import Constraints, Costs, Policy, Taxes
from engine.advice.rules import KEYS, RULES, Ran, advise, ask, listed
from engine.advice.rules_concentration import torsion_bets
from engine.advice.rules_effect import orders_of
from engine.advice.rules_facts import Facts, OpenLot
from engine.advice.rules_past import Past
from engine.advice.rules_score import URGENCY, Judged
from engine.advice.rules_thresholds import THRESHOLDS
from engine.types import Severity
from tests.engine.advice.planted import COSTLY, DAYS, MOVES, PLANTED, SYMBOLS, TAXED, TODAY, Plant, facts, heavy, some


def spoken(plant: Plant, key: str) -> Ran:
    return ask(plant.facts, plant.policy, next(rule for rule in RULES if rule.key == key))


def test_there_is_a_planted_portfolio_for_every_rule() -> None:
    assert set(PLANTED) == set(KEYS)
    assert {name for rule in RULES for name in rule.thresholds} <= set(THRESHOLDS)


@pytest.mark.parametrize("key", KEYS)
def test_a_rule_speaks_where_it_must(key: str) -> None:
    ran = spoken(PLANTED[key][0](), key)
    assert ran.state == "fired", ran.why
    for found in ran.found:
        advice = found.advice
        assert advice.rule == key
        assert advice.evidence
        assert math.isfinite(advice.evidence[0].value)
        assert all((advice.title, advice.reason, advice.fix, advice.wrong_if))
        assert "nan" not in f"{advice.title} {advice.reason} {advice.fix}".lower().replace("finance", "")
        assert math.isfinite(found.score)


@pytest.mark.parametrize("key", KEYS)
def test_a_rule_keeps_quiet_where_it_must(key: str) -> None:
    ran = spoken(PLANTED[key][1](), key)
    assert ran.state == "quiet", [each.advice.title for each in ran.found] or ran.why


def test_the_quiet_portfolio_is_quiet_as_a_whole() -> None:
    found = [each.advice.title for each in listed(advise(facts(), Policy(home_country="DE", taxes=Taxes(0.3, 0.15))))]
    assert found == []


@pytest.mark.parametrize("key", KEYS)
def test_the_trades_of_a_fix_mend_what_it_is_about(key: str) -> None:
    """After the trades the rule is quiet about it, nothing is oversold, and no other limit of a holding is broken by them."""
    plant = PLANTED[key][0]()
    for found in spoken(plant, key).found:
        if not found.effect.trades:
            continue
        after = traded(plant.facts, found)
        again = spoken(Plant(after, plant.policy), key)
        assert found.advice.subject not in {each.advice.subject for each in again.found}
        assert all(each.quantity >= -1e-9 for each in after.held.values())
        before = {each.advice.subject for each in spoken(plant, "concentration_holding").found}
        assert {each.advice.subject for each in spoken(Plant(after, plant.policy), "concentration_holding").found} <= before
        assert after.cash_weight >= min(plant.facts.cash_weight, 0.0) - 1e-9


def traded(before: Facts, found: Judged) -> Facts:
    """Do the trades of a fix to a portfolio."""
    held, cash = dict(before.held), dict(before.cash)
    for trade in found.effect.trades:
        each = held[trade.symbol]
        quantity = each.quantity + trade.signed_quantity
        held[trade.symbol] = replace(each, quantity=quantity, value=quantity * each.unit_value, cost=each.cost * quantity / each.quantity,
                                     days_to_sell=each.days_to_sell * quantity / each.quantity)
        cash["EUR"] += trade.cash
    gone = {symbol: each for symbol, each in held.items() if abs(each.value) > 1e-6 or not math.isfinite(each.value)}
    value = sum(each.value for each in gone.values() if math.isfinite(each.value)) + sum(cash.values())
    past = replace(before.past, returns=before.past.returns[list(gone)])
    return replace(before, held=gone, cash=cash, value=value, past=past, lots={symbol: before.lots[symbol] for symbol in gone})


@pytest.mark.parametrize(("key", "policy"), [("concentration_holding", TAXED), ("concentration_sector", TAXED), ("risk_contribution", TAXED),
                                             ("tail_risk", TAXED), ("harvest_losses", TAXED), ("cash_drag", TAXED)])
def test_effects_agree_with_the_ledger_after_the_trades(key: str, policy: Policy) -> None:
    """Weights, risk and tax of a fix, booked as transactions and measured by the engine's own figures, agree to 1e-6."""
    plant = PLANTED[key][0]()
    policy = replace(policy, costs=COSTLY)
    found = spoken(Plant(plant.facts, policy), key).found[0]
    ledger = [{"date": "2021-12-01", "kind": "DEPOSIT", "amount": sum(each.cost for each in plant.facts.held.values()) + plant.facts.cash["EUR"]}]
    ledger += [{"date": "2022-01-03", "kind": "BUY", "symbol": symbol, "quantity": each.quantity, "amount": each.cost}
               for symbol, each in plant.facts.held.items()]
    ledger += [{"date": TODAY, "kind": trade.side, "symbol": trade.symbol, "quantity": trade.quantity, "price": trade.price_local,
                "fee": trade.fee + trade.spread} for trade in found.effect.trades]
    booked = book(ledger, base_currency="EUR")
    values = booked.positions["quantity"] * 100.0
    cash = float(booked.cash["balance"].sum())
    weights = values / (values.sum() + cash)
    returns = plant.facts.past.recent
    told = {change.name: change.after for change in found.effect.changes}
    for symbol in {trade.symbol for trade in found.effect.trades}:
        assert told[f"weight:{symbol}"] == pytest.approx(weights[symbol], abs=1e-6)
    assert told["cash"] == pytest.approx(cash / (values.sum() + cash), abs=1e-6)
    assert told["effective_number_of_assets"] == pytest.approx(effective_number_of_assets(weights / weights.sum()), rel=1e-6)
    assert told["volatility"] == pytest.approx(portfolio_volatility(weights[returns.columns], returns=returns) * 252**0.5, rel=1e-6)
    assert told["expected_shortfall"] == pytest.approx(expected_shortfall(returns @ weights[returns.columns], level=0.95), rel=1e-6)
    taxed = booked.gains["gain"].sum() * policy.taxes.long_rate  # every lot is older than a year
    assert found.effect.tax == pytest.approx(taxed, abs=1e-6)
    assert found.effect.cost == pytest.approx(booked.positions["fees_paid"].sum(), abs=1e-6)


def test_a_sale_takes_lots_in_their_order_account_by_account() -> None:
    lots = {"S00": (OpenLot("A", 10.0, 500.0, TODAY.replace(year=2020), "old"), OpenLot("A", 10.0, 1500.0, TODAY.replace(month=1), "new"),
                    OpenLot("B", 27.5, 2750.0, TODAY.replace(year=2020), "other"))}
    plain = facts(lots=lots)
    policy = Policy(taxes=Taxes(0.3, 0.1), costs=COSTLY)
    first, second = orders_of(plain, policy, {"S00": -4_000.0})
    assert [(each.account, each.quantity, [lot.lot_id for lot in each.lots]) for each in (first, second)] == [
        ("B", pytest.approx(27.5), ["other"]), ("A", pytest.approx(12.5), ["old", "new"])]
    assert [lot.term for lot in second.lots] == ["long", "short"]
    net = 100.0 - (second.fee + second.spread) / 12.5
    assert second.tax == pytest.approx(0.1 * (10 * net - 500) + 0.3 * (2.5 * net - 375))


@pytest.mark.parametrize("key", KEYS)
def test_no_fix_leaves_less_than_no_cash(key: str) -> None:
    """Without a cent of cash and with high costs, what is bought is paid by what is sold."""
    plant = PLANTED[key][0]()
    whole = plant.facts.value - sum(plant.facts.cash.values())
    bare = replace(plant.facts, cash={"EUR": 0.0}, value=whole)
    for found in spoken(Plant(bare, replace(plant.policy, costs=Costs(fee=20.0, fee_rate=0.01, spread=0.02))), key).found:
        assert sum(trade.cash for trade in found.effect.trades) >= -1e-6


def test_never_more_is_sold_than_is_held() -> None:
    sold = orders_of(facts(), Policy(), {"S00": -1e9})
    assert sum(each.quantity for each in sold) == pytest.approx(47.5)


def test_money_goes_where_the_policy_lets_it() -> None:
    policy = Policy(constraints=Constraints(excluded=SYMBOLS[1:15], required_tag="esg"))
    plant = facts({**heavy("S00", 30_000.0), "S16": {"tags": ("esg",)}})
    found = spoken(Plant(plant, policy), "concentration_holding").found[0]
    assert {trade.symbol for trade in found.effect.trades if trade.side == "BUY"} == {"S16"}


def test_figures_are_those_of_the_engine() -> None:
    plain = facts()
    weights, covariance = plain.at_risk, plain.past.covariance
    assert plain.volatility(weights) == pytest.approx(portfolio_volatility(weights, covariance))
    assert plain.risk_shares(weights) == pytest.approx(risk_contributions(weights, covariance, relative=True))
    assert torsion_bets(plain) == pytest.approx(effective_number_of_bets(weights, covariance), rel=1e-6)
    assert plain.past.betas["S03"] == pytest.approx(np.polyfit(plain.past.benchmark.to_numpy(), MOVES["S03"].to_numpy(), 1)[0])


def test_a_severity_is_worth_its_urgency_and_effort_divides() -> None:
    found = spoken(PLANTED["stale_price"][0](), "stale_price").found[0]
    value = found.advice.worth + URGENCY[Severity.INFO] * 100_000
    assert (found.benefit, found.effort, found.score) == (pytest.approx(value), 1.0, pytest.approx(value))
    sale = spoken(PLANTED["concentration_holding"][0](), "concentration_holding").found[0]
    assert sale.effort == 1.0 + 0.5 * len(sale.effect.trades)
    assert sale.score == pytest.approx((sale.benefit - sale.effect.cost - max(sale.effect.tax, 0.0)) / sale.effort)
    calmer = sale.effect.change("volatility")
    assert calmer is not None
    expected = 1.5 * (calmer.before**2 - calmer.after**2) * sale_value(sale) - 0.03 * sale.effect.into_cash * sale_value(sale)
    assert sale.benefit == pytest.approx(expected + URGENCY[sale.advice.severity] * sale_value(sale))


def sale_value(found: Judged) -> float:
    trade = found.effect.trades[0]
    return trade.amount / (trade.weight_before - trade.weight_after) if not found.effect.cost else facts(heavy("S00", 30_000.0)).value


def test_the_same_inputs_give_the_same_advice() -> None:
    plant = facts({**heavy("S00", 30_000.0), **some(1)})
    first, second = (listed(advise(plant, Policy())) for _ in range(2))
    assert [(each.key, each.score, each.effect.trades) for each in first] == [(each.key, each.score, each.effect.trades) for each in second]


@pytest.mark.parametrize("count", [0, 1, 2, 59])
def test_a_short_history_is_told_and_never_a_number(count: int) -> None:
    plain = facts()
    short = replace(plain, past=Past(MOVES.iloc[:count], MOVES.mean(axis=1).iloc[:count], MOVES["S00"].iloc[:count], MOVES["S00"].iloc[:count]))
    ran = {run.rule.key: run for run in advise(short, Policy())}
    for key in ("effective_bets", "correlation_cluster", "risk_contribution", "tail_risk", "beta_band", "benchmark_hugging"):
        assert (ran[key].state, bool(ran[key].why)) == ("unknown", True)


def test_empty_cash_alone_flat_and_unpriced_portfolios_raise_nothing() -> None:
    empty = Facts(TODAY, "EUR", 0.0, {}, {}, Past(pd.DataFrame(index=DAYS), pd.Series(dtype=float)))
    assert {run.state for run in advise(empty, Policy())} == {"unknown"}
    cash = replace(empty, cash={"EUR": 100.0}, value=100.0)
    assert [each.advice.rule for each in listed(advise(cash, Policy()))] == ["cash_drag"]
    flat = facts(moves=MOVES * 0.0)
    advise(flat, Policy())
    unpriced = facts({symbol: {"value": math.nan, "price": math.nan} for symbol in SYMBOLS})
    assert sum(each.advice.rule == "missing_price" for each in listed(advise(unpriced, Policy()))) == 20


def test_a_rule_that_is_off_is_not_asked() -> None:
    ran = spoken(Plant(PLANTED["stale_price"][0]().facts, Policy(off=("stale_price",))), "stale_price")
    assert (ran.state, ran.found) == ("off", ())


def test_the_documentation_names_every_rule_threshold_and_metric() -> None:
    text = (Path(__file__).parents[3] / "docs" / "advice.md").read_text(encoding="utf-8")
    assert [name for name in [*KEYS, *(name for rule in RULES for name in rule.thresholds), *METRICS] if f"`{name}`" not in text] == []
