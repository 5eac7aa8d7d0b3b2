"""Each threshold decides: at its own number a rule keeps quiet, a hair beyond it speaks; and each way in which a rule can speak has its portfolio."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.advice.policy import Constraints, Goals, Policy, Target
from engine.advice.rules import RULES, Ran, ask
from engine.advice.rules_facts import Facts, Loss, OpenLot
from engine.advice.rules_thresholds import THRESHOLDS
from engine.types import Severity
from tests.engine.advice.planted import (
    EACH,
    MOVES,
    PLANTED,
    TAXED,
    TODAY,
    VALUE,
    Plant,
    alike,
    facts,
    fallen,
    heavy,
    hugging,
    lot,
    lots_of,
    moved,
    scaled,
    some,
)

HAIR = 1e-6
WORTH = {"premium", "unknown_price", "cheap_ter"}  # they say what a fix is worth, not whether a rule speaks
LOUDER = {"min_effective_holdings", "min_effective_bets", "hugging_tracking_error", "term_days", "min_beta", "floor_margin"}  # more of it speaks more
FUND = Plant(facts(heavy("S00", 300_000.0, asset_class="fund")))
PLANTS: Mapping[tuple[str, str], Callable[[], Plant]] = {  # where the planted one is about another threshold of the rule
    ("concentration_holding", "max_fund"): lambda: FUND,
    ("beta_band", "min_beta"): lambda: Plant(facts(moves=scaled(0.3))),
    ("dividends_at_risk", "max_yield"): lambda: Plant(facts({"S00": {"dividends": 12.0, "dividends_before": 12.0}})),
    ("benchmark_hugging", "hugging_cost"): lambda: Plant(hugging(0.006)),
    ("harvest_losses", "min_loss_of_value"): lambda: Plant(facts({"S00": {"cost": 6_000.0}}), TAXED),
}
GATES = [(rule.key, name) for rule in RULES for name in rule.thresholds if name not in {*WORTH, "idle_days"}]  # idle_days: asked of the past


def asked(plant: Plant, key: str) -> Ran:
    return ask(plant.facts, plant.policy, next(rule for rule in RULES if rule.key == key))


def subjects(plant: Plant, key: str, **thresholds: float) -> set[str]:
    policy = replace(plant.policy, thresholds={**plant.policy.thresholds, **thresholds})
    return {found.advice.subject for found in asked(Plant(plant.facts, policy), key).found}


@pytest.mark.parametrize(("key", "name"), GATES)
def test_a_threshold_decides_whether_its_rule_speaks(key: str, name: str) -> None:
    plant, told = PLANTS.get((key, name), PLANTED[key][0])(), THRESHOLDS[name]
    assert subjects(plant, key), "it speaks as the house has it"
    quiet = told.lowest if name in LOUDER else told.highest
    assert len(subjects(plant, key, **{name: quiet})) < len(subjects(plant, key)), "and no more of it where the threshold is at its far end"


@pytest.mark.parametrize(("key", "name"), [gate for gate in GATES if gate[1] not in {"max_yield", "min_beta", "max_fund", "cluster_correlation"}])
def test_the_quiet_portfolio_of_a_rule_is_quiet_for_its_threshold_alone(key: str, name: str) -> None:
    """The quiet neighbour speaks as soon as its threshold is at the near end: it was not quiet because nothing was asked."""
    plant, told = PLANTED[key][1](), THRESHOLDS[name]
    others = {each: (THRESHOLDS[each].highest if each in LOUDER else THRESHOLDS[each].lowest) for each in _thresholds(key) if each not in WORTH}
    assert subjects(plant, key, **{**others, name: told.highest if name in LOUDER else told.lowest})


def _thresholds(key: str) -> tuple[str, ...]:
    return next(rule.thresholds for rule in RULES if rule.key == key)


EXACT: list[tuple[str, str, Callable[[], Plant], float]] = [  # rule, threshold, portfolio, the number that it is held against
    ("concentration_holding", "max_holding", PLANTED["concentration_holding"][0], 30_000.0 / (19 * EACH + 35_000.0)),
    ("concentration_sector", "max_sector", PLANTED["concentration_sector"][0], 0.0475 * 11),
    ("cash_drag", "max_cash", PLANTED["cash_drag"][0], 40_000.0 / (20 * EACH + 40_000.0)),
    ("fees", "max_fee_rate", PLANTED["fees"][0], 0.009), ("fund_costs", "max_ter", PLANTED["fund_costs"][0], 0.012),
    ("illiquidity", "max_days_to_sell", PLANTED["illiquidity"][0], 25.0), ("stale_price", "stale_days", PLANTED["stale_price"][0], 9.0),
    ("drawdown_limit", "max_drawdown", lambda: Plant(fallen(0.25)), 0.25), ("dividends_at_risk", "max_dividend_fall",
                                                                          PLANTED["dividends_at_risk"][0], 0.5),
    ("harvest_losses", "min_loss", PLANTED["harvest_losses"][0], (6_000.0 - EACH) / 6_000.0), ("currency_exposure", "max_foreign",
                                                                                            PLANTED["currency_exposure"][0], 0.0475 * 17),
    ("effective_holdings", "min_effective_holdings", PLANTED["effective_holdings"][0], (60_000.0 + 19 * EACH) ** 2 / (60_000.0**2 + 19 * EACH**2)),
]


@pytest.mark.parametrize(("key", "name", "plant", "number"), EXACT)
def test_a_rule_speaks_a_hair_beyond_its_threshold_and_not_a_hair_before(key: str, name: str, plant: Callable[[], Plant], number: float) -> None:
    sign = 1.0 if name in LOUDER else -1.0
    subject = next(iter(sorted(subjects(plant(), key))))
    assert subject in subjects(plant(), key, **{name: number * (1.0 + sign * HAIR)})
    assert subject not in subjects(plant(), key, **{name: number * (1.0 - sign * HAIR)})


def wash(days: int, weight: float = 0.2) -> Plant:
    """Sold at a loss so many days ago, and still a target."""
    closed = TODAY - timedelta(days=days)
    policy = Policy(targets_by="symbol", targets=(Target("S00", weight), Target("cash", 1.0 - weight)))
    return Plant(facts(losses=(Loss("S00", closed, 500.0, 0.0, None, closed + timedelta(days=30)),), targets={"S00": weight}), policy)


LATE = (OpenLot(None, 40.0, 5_000.0, TODAY - timedelta(days=400), "old"), OpenLot(None, 7.5, 1_000.0, TODAY - timedelta(days=10), "new"))
WAYS: list[tuple[str, Plant, str | None]] = [  # rule, portfolio, what its title says; None: nothing is said
    ("wash_sale", wash(20), "Do not buy S00 before"), ("wash_sale", wash(31), None), ("wash_sale", wash(20, 0.01), None),
    ("wash_sale", Plant(wash(20).facts, Policy()), None),
    ("dividends_at_risk", Plant(facts({"S00": {"dividends": 0.0}})), "S00 paid no dividend for a year"),
    ("dividends_at_risk", Plant(facts({"S00": {"dividends": 12.0, "dividends_before": 12.0}})), "S00 yields 12.0 %"),
    ("dividends_at_risk", Plant(facts({"S00": {"dividends": 0.0, "dividends_before": 0.0}})), None),
    ("broken_policy", Plant(facts({"S00": {"quantity": -10.0, "value": -1_000.0}})), "S00 is short"),
    ("broken_policy", Plant(facts({"S00": {"quantity": -10.0, "value": -1_000.0}}), Policy(constraints=Constraints(long_only=False))), None),
    ("broken_policy", Plant(facts(some(19, tags=("esg",))), Policy(constraints=Constraints(required_tag="esg"))), "S19 does not carry the tag esg"),
    ("cash_below_buffer", Plant(facts(cash={"EUR": -500.0})), "Cash is -0.5 %"), ("cash_below_buffer", Plant(facts(cash={"EUR": 0.0})), None),
    ("beta_band", Plant(facts(moves=scaled(0.3))), "Beta is 0."), ("harvest_losses", Plant(facts(), TAXED), None),
    ("harvest_losses", Plant(facts(lots=lot("S00", 47.5, 6_000.0, 400)), Policy()), "S00 holds a loss of 1,250 EUR"),
    ("value_floor", Plant(facts(), Policy(goals=Goals(floor=105_000.0))), "The value is 100,000 EUR"),
    ("soon_long_term", Plant(facts(lots=lot("S00", 47.5, 3_000.0, 365)), TAXED), "Keep S00 until"),
    ("soon_long_term", Plant(facts(lots=lot("S00", 47.5, 3_000.0, 366)), TAXED), None),
    ("soon_long_term", Plant(facts(lots=lot("S00", 47.5, 9_000.0, 340)), TAXED), None),
    ("idle_cash", Plant(facts(idle_cash={"EUR": 4_000.0}), Policy(constraints=Constraints(cash_buffer=0.05))), None),
    ("concentration_issuer", Plant(facts(heavy("S00", 40_000.0))), None),  # one holding alone is told of by its own rule
    ("concentration_currency", Plant(facts(some(20, currency="EUR"))), None), ("home_bias", Plant(facts(some(12, country="US")),
                                                                                                 Policy(home_country="US")), None),
    ("correlation_cluster", Plant(facts(moves=alike(0.02, 9))), None), ("drift", Plant(facts(targets={"S00": 0.0475}), Policy(
        targets_by="symbol", targets=(Target("S00", 0.0475), Target("cash", 0.05)), band_absolute=0.01)), "S01, S02, S03, S04 and 15 more are out"),
    ("missing_price", Plant(facts({"S03": {"value": math.nan, "price": math.nan}})), "S03 has no price"),
]


@pytest.mark.parametrize(("key", "plant", "title"), WAYS)
def test_each_way_of_speaking(key: str, plant: Plant, title: str | None) -> None:
    ran = asked(plant, key)
    assert ran.state == ("quiet" if title is None else "fired"), ran.why
    assert title is None or ran.found[0].advice.title.startswith(title)


def test_a_purchase_of_late_spoils_a_loss_and_it_is_worth_nothing() -> None:
    found = asked(Plant(facts(lots={**facts().lots, "S00": LATE}), TAXED), "harvest_losses").found[0].advice
    assert found.worth == 0
    assert str(TODAY - timedelta(days=10) + timedelta(days=31)) in found.reason
    assert asked(Plant(facts(lots=lot("S00", 47.5, 6_000.0, 400)), TAXED), "harvest_losses").found[0].advice.worth == pytest.approx(0.3 * 1_250.0)


GRAVE: list[tuple[str, Plant, Severity]] = [
    ("concentration_holding", Plant(facts(heavy("S00", 18_000.0))), Severity.INFO), ("concentration_holding", Plant(facts(heavy("S00", 30_000.0))),
                                                                                    Severity.WARNING),
    ("concentration_holding", Plant(facts(heavy("S00", 30_000.0)), Policy(constraints=Constraints(max_weight=0.1))), Severity.ERROR),
    ("cash_below_buffer", Plant(facts(cash={"EUR": -500.0})), Severity.ERROR),
    ("cash_below_buffer", Plant(facts(), Policy(constraints=Constraints(cash_buffer=0.06))), Severity.WARNING),
    ("value_floor", Plant(facts(), Policy(goals=Goals(floor=105_000.0))), Severity.ERROR),
    ("value_floor", Plant(facts(), Policy(goals=Goals(floor=98_000.0))), Severity.WARNING),
    ("stale_price", Plant(facts({"S00": {"price_age_days": 9.0}})), Severity.INFO),
    ("stale_price", Plant(facts(heavy("S00", 12_000.0, price_age_days=9.0))), Severity.WARNING),
    ("fees", Plant(facts(fees_year=900.0)), Severity.INFO), ("fees", Plant(facts(fees_year=1_100.0)), Severity.WARNING),
    ("illiquidity", Plant(facts({"S00": {"days_to_sell": 31.0}})), Severity.WARNING), ("drawdown_limit", Plant(fallen(0.25)), Severity.ERROR),
    ("cash_below_buffer", Plant(facts(), Policy(constraints=Constraints(cash_buffer=0.11))), Severity.ERROR),
    ("fund_costs", Plant(facts({"S00": {"ter": 0.012}})), Severity.WARNING), ("fund_costs", Plant(facts({"S00": {"ter": 0.008}})), Severity.INFO),
    ("dividends_at_risk", Plant(facts({"S00": {"dividends": 1.2}})), Severity.INFO), ("dividends_at_risk", Plant(facts({"S00": {"dividends": 0.8}})),
                                                                                     Severity.WARNING),
    ("dividends_at_risk", Plant(facts({"S00": {"dividends": 0.0, "dividends_before": 0.1}})), Severity.WARNING),
    ("tail_risk", Plant(facts(moves=scaled(2.4))), Severity.INFO), ("tail_risk", Plant(facts(moves=scaled(3.0))), Severity.WARNING),
    ("drift", PLANTED["drift"][0](), Severity.WARNING), ("risk_contribution", PLANTED["risk_contribution"][0](), Severity.INFO),
    ("risk_contribution", Plant(facts(moves=moved(S00=MOVES["S00"] * 8))), Severity.WARNING),
]


@pytest.mark.parametrize(("key", "plant", "severity"), GRAVE)
def test_how_grave_it_is(key: str, plant: Plant, severity: Severity) -> None:
    assert asked(plant, key).found[0].advice.severity is severity


def test_what_a_fix_is_worth_goes_by_the_policy() -> None:
    """The thresholds that say what a fix is worth move its worth and nothing else."""
    for key, name, plant in (("idle_cash", "premium", PLANTED["idle_cash"][0]), ("missing_price", "unknown_price", PLANTED["missing_price"][0]),
                             ("stale_price", "unknown_price", PLANTED["stale_price"][0]), ("fund_costs", "cheap_ter", PLANTED["fund_costs"][0])):
        usual, other = (asked(Plant(plant().facts, Policy(thresholds=told)), key).found[0].advice for told in ({}, {name: THRESHOLDS[name].lowest}))
        assert usual.worth != other.worth, key
        assert usual.subject == other.subject
    assert asked(PLANTED["idle_cash"][0](), "idle_cash").found[0].advice.worth == pytest.approx(0.03 * 4_000.0)
    assert asked(PLANTED["fees"][0](), "fees").found[0].advice.worth == pytest.approx(900.0 - 0.005 * VALUE)


def test_a_dividend_that_fell_tells_the_fall_and_one_that_is_too_high_the_yield() -> None:
    fell, high = (asked(Plant(facts({"S00": told})), "dividends_at_risk").found[0].advice.evidence[0]
                  for told in ({"dividends": 1.0}, {"dividends": 12.0, "dividends_before": 12.0}))
    assert (fell.name, fell.value, fell.limit) == ("fall", pytest.approx(0.5), 0.25)
    assert (high.name, high.value, high.limit) == ("yield", pytest.approx(0.12), 0.10)


@pytest.mark.parametrize(("key", "name"), [("concentration_holding", "weight:S00"), ("risk_contribution", "excess"),
                                           ("tail_risk", "expected_shortfall")])
def test_a_fix_sells_no_more_than_it_takes(key: str, name: str) -> None:
    """What is measured comes to just under the limit, and not to nothing."""
    plant = PLANTED[key][0]()
    found = asked(plant, key).found[0]
    after = {change.name: change.after for change in found.effect.changes}
    measure = found.advice.evidence[0]
    if name == "excess":
        place = plant.facts.past.symbols.index("S00")
        then = plant.facts.at_risk.copy()
        for trade in found.effect.trades:
            then[plant.facts.past.symbols.index(trade.symbol)] += trade.signed_quantity * 100.0 / plant.facts.value
        assert plant.facts.risk_shares(then)[place] - then[place] == pytest.approx(measure.limit, rel=0.02)
    else:
        assert after[name] == pytest.approx(measure.limit, rel=0.02)
        assert after[name] < measure.limit


def alone(value: float, cash: float) -> Facts:
    """One share and cash."""
    plain = facts()
    held = {"S00": replace(plain.held["S00"], value=value, quantity=value / 100.0, cost=value)}
    past = replace(plain.past, returns=plain.past.returns[["S00"]])
    return replace(plain, held=held, cash={"EUR": cash}, value=value + cash, past=past, lots=lots_of(held))


def test_one_share_and_cash_are_told_to_add_others_and_not_to_sell_it_for_cash() -> None:
    """All the risk is in it whatever it weighs, and its money would only lie in cash."""
    only = Plant(alone(26_000.0, 74_000.0))
    risk, weight = (asked(only, key).found[0] for key in ("risk_contribution", "concentration_holding"))
    assert (risk.effect.trades, weight.effect.trades) == ((), ())
    assert risk.advice.fix.startswith("Add something that moves otherwise")
    assert weight.advice.fix.startswith("Put new money into other holdings")
    assert asked(only, "effective_bets").found[0].advice.title == "1 holding is one bet"
    assert asked(only, "effective_holdings").found[0].advice.title == "1 holding counts as 1.0"
    own = asked(Plant(only.facts, Policy(constraints=Constraints(max_weight=0.1))), "concentration_holding").found[0]
    assert [trade.side for trade in own.effect.trades] == ["SELL"]  # a limit of one's own holds all the same


@pytest.mark.parametrize(("key", "plant"), [
    ("concentration_currency", Plant(facts(some(20, currency="USD")))), ("concentration_country", Plant(facts(some(20, country="US")))),
    ("home_bias", Plant(facts(some(20, country="DE")), Policy(home_country="DE"))), ("correlation_cluster", Plant(facts(moves=alike(0.001, 20))))])
def test_where_nothing_has_room_there_are_no_trades_and_the_fix_says_so(key: str, plant: Plant) -> None:
    found = asked(plant, key).found[0]
    assert found.effect.trades == ()
    assert found.advice.fix.startswith("Put new money")
