"""All rules on a portfolio of 200 holdings with 500 lots, warm; each rule by itself; a rule of one's own on thirty years."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd

from engine.advice.expressions import parse
from engine.advice.expressions_history import Timeline
from engine.advice.expressions_values import STEPS, cost, evaluate
from engine.advice.policy import Policy, Target, Taxes
from engine.advice.rules import RULES, advise, ask, listed
from engine.advice.rules_facts import Facts, Held, OpenLot
from engine.advice.rules_past import Past
from tests.bench.table import Row

COUNT, LOTS = 200, 500
TODAY = date(2024, 6, 28)
TEXT = "drawdown(250) of any holding < -20 % and weight of any holding > 1 %"


def run() -> list[Row]:
    """Measure all rules, the slowest of them, and a trial."""
    facts, policy = portfolio(), Policy(targets_by="sector", targets=tuple(Target(f"Sector {place}", 0.1) for place in range(10)),
                                        taxes=Taxes(0.3, 0.15), home_country="US")
    found = listed(advise(facts, policy))
    warm = [best(lambda: listed(advise(fresh(facts), policy)), clock) for clock in (perf_counter, process_time)]
    cold = best(lambda: listed(advise(replace(facts, past=replace(facts.past)), policy)), process_time, times=3)
    each = {rule.key: best(lambda rule=rule: ask(fresh(facts), policy, rule), process_time) for rule in RULES}  # type: ignore[misc]
    slowest = max(each, key=lambda key: each[key])
    line = history()
    return [
        Row(f"all rules on {COUNT} holdings, {LOTS} lots, warm ({len(found)} suggestions)", warm[0] * 1e3, 100.0, "ms"),
        Row("  the same in processor time", warm[1] * 1e3, 100.0, "ms"),
        Row("  with another past: covariance, clusters, bets", cold * 1e3, None, "ms"),
        Row(f"  the slowest rule, {slowest}", each[slowest] * 1e3, None, "ms"),
        Row(f"a rule of one's own on 30 years x {COUNT} holdings", best(lambda: evaluate(parse(TEXT), line), process_time, 2) * 1e3, None, "ms"),
        Row("  its steps, of those that are allowed", cost(parse(TEXT), line) / STEPS, 1.0, "x"),
    ]


def fresh(facts: Facts) -> Facts:
    """Give the portfolio with the prices of the next tick: the past is kept, nothing of today is."""
    return replace(facts, as_of=facts.as_of)


def portfolio() -> Facts:
    """Two hundred holdings, some of them too large, at a loss, slow to sell, or without a dividend."""
    chance = np.random.default_rng(11)
    days = pd.bdate_range(end=TODAY - timedelta(days=1), periods=1_260)
    market = chance.normal(0.0003, 0.009, len(days))
    sectors = chance.normal(0, 0.006, (len(days), 10))
    moves = market[:, None] + sectors[:, np.arange(COUNT) % 10] + chance.normal(0, 0.012, (len(days), COUNT))
    names = [f"S{place:03d}" for place in range(COUNT)]
    values = np.exp(chance.normal(0, 1.2, COUNT)) * 1_000
    values[:2] = values.sum() * 0.2
    held = {name: Held(name, f"Company {name}", "equity", ("EUR", "USD", "CHF")[place % 3], float(value) / 100, 100.0, float(value),
                       float(value) * chance.uniform(0.6, 1.3), f"Sector {place % 10}", ("US", "DE", "JP")[place % 3], "Europe",
                       f"Group {place // 2}", days_to_sell=float(chance.uniform(0.1, 12)), dividends=2.0 * (place % 20 != 0), dividends_before=2.0)
            for place, (name, value) in enumerate(zip(names, values, strict=True))}
    lots = {name: tuple(OpenLot("A", each.quantity / parts, each.cost / parts, TODAY - timedelta(days=200 + 150 * part), f"{name}-{part}")
                        for part in range(parts)) for name, each in held.items() for parts in (3 if int(name[1:]) < LOTS - 2 * COUNT else 2,)}
    returns = pd.DataFrame(moves, index=days, columns=names)
    cash = {"EUR": float(values.sum()) * 0.15}
    past = Past(returns, pd.Series(moves.mean(axis=1), index=days), pd.Series(market, index=days), pd.Series(market, index=days))
    targets = {f"Sector {place}": 0.1 for place in range(10)}
    return Facts(TODAY, "EUR", math.fsum(each.value for each in held.values()) + cash["EUR"], held, cash, past, lots=lots, targets=targets,
                 idle_cash=cash, fees_year=900.0, value_year=float(values.sum()), benchmark="World")


def history() -> Timeline:
    """Thirty years of two hundred holdings."""
    chance = np.random.default_rng(13)
    days = pd.bdate_range("1994-07-01", TODAY).to_numpy()
    moves = chance.normal(0.0003, 0.015, (len(days), COUNT))
    price = 100 * np.cumprod(1 + moves, axis=0)
    return Timeline(days, tuple(f"S{place:03d}" for place in range(COUNT)), price, price, moves, np.full(len(days), 100.0), moves.mean(axis=1))


def best(work: Callable[[], Any], clock: Callable[[], float], times: int = 7) -> float:
    """Shortest of some runs, after one that does not count."""
    work()
    took = []
    for _ in range(times):
        began = clock()
        work()
        took.append(clock() - began)
    return min(took)
