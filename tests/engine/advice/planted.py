"""Portfolios in which a rule must speak, and their neighbours in which it must not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from engine.advice.policy import Constraints, Costs, Goals, Policy, Target, Taxes
from engine.advice.rules_facts import Facts, Held, Loss, OpenLot
from engine.advice.rules_past import Past

TODAY = date(2024, 6, 28)
DAYS = pd.bdate_range(end=TODAY - timedelta(days=1), periods=300)
SYMBOLS = tuple(f"S{place:02d}" for place in range(20))
SECTORS = ("Tech", "Energy", "Health", "Banks", "Food")
COUNTRIES = ("US", "DE", "JP", "GB", "FR")
VALUE = 100_000.0
EACH = 4_750.0  # of each of the twenty; the rest is cash
RANDOM = np.random.default_rng(3)
MARKET = RANDOM.normal(0.0003, 0.008, len(DAYS))
MOVES = pd.DataFrame(MARKET[:, None] + RANDOM.normal(0, 0.012, (len(DAYS), len(SYMBOLS))), index=DAYS, columns=list(SYMBOLS))


class Plant(NamedTuple):
    """A portfolio with a policy."""

    facts: Facts
    policy: Policy = Policy()


def held(symbol: str, **fields: Any) -> Held:
    """One of twenty alike."""
    place = SYMBOLS.index(symbol)
    told = {"name": f"Company {place}", "asset_class": "equity", "currency": "EUR", "quantity": 47.5, "price": 100.0, "value": EACH, "cost": EACH,
            "sector": SECTORS[place % 5], "country": COUNTRIES[place % 5], "region": "Europe", "issuer": f"Group {place}", "days_to_sell": 0.5,
            "dividends": 2.0, "dividends_before": 2.0, "account": None, **fields}
    return Held(symbol, **told)


def lots_of(every: Mapping[str, Held], opened: date = date(2022, 1, 3)) -> dict[str, tuple[OpenLot, ...]]:
    return {symbol: (OpenLot(each.account, each.quantity, each.cost, opened, f"lot-{symbol}"),) for symbol, each in every.items()}


def facts(changes: Mapping[str, Mapping[str, Any]] | None = None, *, cash: Mapping[str, float] | None = None, moves: pd.DataFrame | None = None,
          **fields: Any) -> Facts:
    """The quiet portfolio: twenty shares of the same weight in five sectors and countries, a little cash, nothing odd."""
    every = {symbol: held(symbol, **(changes or {}).get(symbol, {})) for symbol in SYMBOLS}
    money = {"EUR": 5_000.0} if cash is None else dict(cash)
    value = math.fsum([*(each.value for each in every.values() if math.isfinite(each.value)), *money.values()])
    returns = MOVES if moves is None else moves
    past = Past(returns, returns.mean(axis=1), pd.Series(MARKET, index=DAYS), pd.Series(MARKET, index=DAYS))
    told = {"idle_cash": {"EUR": 1_000.0}, "lots": lots_of(every), "fees_year": 100.0, "value_year": VALUE, "benchmark": "World", **fields}
    return Facts(TODAY, "EUR", value, every, money, past, **told)


def heavy(symbol: str, value: float, **fields: Any) -> dict[str, dict[str, Any]]:
    """Make one of the twenty worth something else."""
    return {symbol: {"value": value, "quantity": value / 100.0, "cost": value, **fields}}


def some(count: int, **fields: Any) -> dict[str, dict[str, Any]]:
    """Change the first few."""
    return {symbol: dict(fields) for symbol in SYMBOLS[:count]}


def moved(**columns: Any) -> pd.DataFrame:
    return MOVES.assign(**columns)


def fallen(by: float) -> Facts:
    """A portfolio that is so far below its peak."""
    found = facts()
    lived = pd.Series([0.1, -by], index=DAYS[-2:])
    return replace(found, past=replace(found.past, realised=lived))


def alike(noise: float, count: int) -> pd.DataFrame:
    """Make the first few move as one, but for some noise."""
    chance = np.random.default_rng(5)
    common = chance.normal(0, 0.012, len(DAYS))
    return moved(**{symbol: MARKET + common + chance.normal(0, noise, len(DAYS)) for symbol in SYMBOLS[:count]})


def scaled(by: float) -> pd.DataFrame:
    return MOVES * by


def hugging(cost: float) -> Facts:
    chance = np.random.default_rng(6)
    same = pd.DataFrame({symbol: MARKET + chance.normal(0, 0.0005, len(DAYS)) for symbol in SYMBOLS}, index=DAYS)
    return facts(moves=same, fees_year=cost * VALUE)


def lot(symbol: str, quantity: float, cost: float, days: int) -> dict[str, tuple[OpenLot, ...]]:
    return {**lots_of(facts().held), symbol: (OpenLot(None, quantity, cost, TODAY - timedelta(days=days), "lot"),)}


def targeted(weight: float, by: str = "sector") -> Policy:
    """Sectors at a fifth of what is invested each, but for the first."""
    rest = (0.95 - weight) / 4
    targets = tuple(Target(name, weight if name == "Tech" else rest) for name in SECTORS)
    return Policy(targets_by=by, targets=(*targets, Target("cash", 0.05)))


def drifted(weight: float) -> Plant:
    policy = targeted(weight)
    return Plant(facts(targets={target.key: target.weight for target in policy.targets}), policy)


def sold(days: int, disallowed: float) -> Plant:
    closed = TODAY - timedelta(days=days)
    loss = Loss("S00", closed, 500.0, disallowed, closed + timedelta(days=5) if disallowed else None, closed + timedelta(days=30))
    policy = Policy(targets_by="symbol", targets=(Target("S00", 0.2), Target("cash", 0.8)))
    return Plant(facts(losses=(loss,), targets={"S00": 0.2, "cash": 0.8} if not disallowed else {}), policy if not disallowed else Policy())


NOTHING = "quiet"
TAXED = Policy(taxes=Taxes(0.3, 0.15))
PLANTED: Mapping[str, tuple[Callable[[], Plant], Callable[[], Plant]]] = {
    "concentration_holding": (lambda: Plant(facts(heavy("S00", 30_000.0))), lambda: Plant(facts(heavy("S00", 15_000.0)))),
    "concentration_issuer": (lambda: Plant(facts(some(4, issuer="One"))), lambda: Plant(facts(some(3, issuer="One")))),
    "concentration_sector": (lambda: Plant(facts(some(9, sector="Tech"))), lambda: Plant(facts(some(4, sector="Tech")))),
    "concentration_country": (lambda: Plant(facts(some(18, country="US"))), lambda: Plant(facts(some(12, country="US")))),
    "concentration_currency": (lambda: Plant(facts(some(20, currency="USD"))), lambda: Plant(facts(some(12, currency="USD")))),
    "effective_holdings": (lambda: Plant(facts(heavy("S00", 60_000.0))), lambda: Plant(facts(heavy("S00", 20_000.0)))),
    "effective_bets": (lambda: Plant(facts(moves=alike(0.0005, 20))), lambda: Plant(facts())),
    "correlation_cluster": (lambda: Plant(facts(moves=alike(0.001, 9))), lambda: Plant(facts(moves=alike(0.001, 5)))),
    "home_bias": (lambda: Plant(facts(some(12, country="DE")), Policy(home_country="DE")), lambda: Plant(facts(), Policy(home_country="DE"))),
    "broken_policy": (lambda: Plant(facts(), Policy(constraints=Constraints(excluded=("S03",)))),
                      lambda: Plant(facts(), Policy(constraints=Constraints(excluded=("XXX",))))),
    "cash_drag": (lambda: Plant(facts(cash={"EUR": 40_000.0})), lambda: Plant(facts(cash={"EUR": 9_000.0}))),
    "cash_below_buffer": (lambda: Plant(facts(), Policy(constraints=Constraints(cash_buffer=0.08))),
                          lambda: Plant(facts(), Policy(constraints=Constraints(cash_buffer=0.04)))),
    "idle_cash": (lambda: Plant(facts(idle_cash={"EUR": 4_000.0})), lambda: Plant(facts(idle_cash={"EUR": 1_500.0}))),
    "fees": (lambda: Plant(facts(fees_year=900.0)), lambda: Plant(facts(fees_year=400.0))),
    "fund_costs": (lambda: Plant(facts({"S00": {"asset_class": "fund", "ter": 0.012}})),
                   lambda: Plant(facts({"S00": {"asset_class": "fund", "ter": 0.002}}))),
    "drift": (lambda: drifted(0.3), lambda: drifted(0.2)),
    "risk_contribution": (lambda: Plant(facts(moves=moved(S00=MOVES["S00"] * 6))), lambda: Plant(facts(moves=moved(S00=MOVES["S00"] * 2)))),
    "tail_risk": (lambda: Plant(facts(moves=scaled(3.0))), lambda: Plant(facts())),
    "beta_band": (lambda: Plant(facts(moves=scaled(1.8))), lambda: Plant(facts(moves=scaled(1.2)))),
    "currency_exposure": (lambda: Plant(facts({**some(9, currency="USD"), **{f"S{at}": {"currency": "CHF"} for at in range(10, 18)}})),
                          lambda: Plant(facts(some(9, currency="USD")))),
    "illiquidity": (lambda: Plant(facts({"S00": {"days_to_sell": 25.0}})), lambda: Plant(facts({"S00": {"days_to_sell": 8.0}}))),
    "drawdown_limit": (lambda: Plant(fallen(0.25)), lambda: Plant(fallen(0.15))),
    "value_floor": (lambda: Plant(facts(), Policy(goals=Goals(floor=98_000.0))), lambda: Plant(facts(), Policy(goals=Goals(floor=80_000.0)))),
    "benchmark_hugging": (lambda: Plant(hugging(0.006)), lambda: Plant(hugging(0.001))),
    "harvest_losses": (lambda: Plant(facts({"S00": {"cost": 6_000.0}}), TAXED), lambda: Plant(facts({"S00": {"cost": 4_800.0}}), TAXED)),
    "wash_sale": (lambda: sold(20, 500.0), lambda: sold(40, 0.0)),
    "soon_long_term": (lambda: Plant(facts(lots=lot("S00", 47.5, 3_000.0, 340)), TAXED),
                       lambda: Plant(facts(lots=lot("S00", 47.5, 3_000.0, 200)), TAXED)),
    "dividends_at_risk": (lambda: Plant(facts({"S00": {"dividends": 1.0}})), lambda: Plant(facts({"S00": {"dividends": 1.9}}))),
    "stale_price": (lambda: Plant(facts({"S00": {"price_age_days": 9.0}})), lambda: Plant(facts({"S00": {"price_age_days": 3.0}}))),
    "missing_price": (lambda: Plant(facts({"S00": {"value": math.nan, "price": math.nan}})), lambda: Plant(facts())),
}
COSTLY = Costs(fee=1.0, fee_rate=0.001, spread=0.002)
