"""What the trades of an advice do: what they cost and realise, and the portfolio before and after them.

Trades are not rounded here. A sale takes the lots that the portfolio's own method takes, account by account, the one that holds most first.
Taxes are on the gain after the costs of the sale; they are told beside the value, not taken out of the cash: they fall due later.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.advice.policy import Policy
from engine.advice.rules_facts import Facts
from engine.advice.rules_words import Advice
from engine.columns import Floats

DUST: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Order:
    """One trade: `amount` and `cost` above 0 in base currency, `gain` that it realises, `tax` on that (below 0: saved)."""

    side: str
    symbol: str
    account: str | None
    quantity: float
    amount: float
    gain: float
    tax: float
    cost: float


@dataclass(frozen=True, slots=True)
class Change:
    """One figure before and after."""

    name: str
    label: str
    unit: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What some trades come to."""

    orders: tuple[Order, ...]
    changes: tuple[Change, ...]
    cost: float
    tax: float
    variance_saved: float  # a year
    into_cash: float  # fraction of the value, below 0 where cash is spent

    def change(self, name: str) -> Change | None:
        """Give one figure by its name."""
        return next((each for each in self.changes if each.name == name), None)


def cost_of(policy: Policy, amount: float) -> float:
    """Tell what a trade of an amount costs: the fee, its rate, half the spread."""
    return policy.costs.fee + (policy.costs.fee_rate + policy.costs.spread / 2.0) * amount


def orders_of(facts: Facts, policy: Policy, moves: Mapping[str, float]) -> tuple[Order, ...]:
    """Turn money that moves into trades: sales first, the largest first; never more than is held."""
    sales = [order for symbol, amount in moves.items() if amount < 0 for order in _sales(facts, policy, symbol, -amount)]
    buys = [_buy(facts, policy, symbol, amount) for symbol, amount in moves.items() if amount > 0]
    largest = sorted(sales, key=lambda each: -each.amount), sorted(buys, key=lambda each: -each.amount)
    return tuple(order for part in largest for order in part if order.quantity > 0)


def effect_of(facts: Facts, policy: Policy, advice: Advice) -> Effect:
    """Work out what the fix of an advice does."""
    orders = orders_of(facts, policy, advice.moves)
    cost, tax = math.fsum(each.cost for each in orders), math.fsum(each.tax for each in orders)
    if not orders:
        return Effect((), (), 0.0, 0.0, 0.0, 0.0)
    after = _weights_after(facts, orders, cost)
    cash = (math.fsum(facts.cash.values()) + _into_cash(orders)) / (facts.value - cost)
    changes = [*_weight_changes(facts, orders, after), Change("cash", "Cash", "fraction", facts.cash_weight, cash)]
    changes += [Change("effective_number_of_assets", "Effective holdings", "number", *_effective(facts, after))]
    risk = _risk_changes(facts, after) if facts.enough_history else []
    saved = risk[0].before ** 2 - risk[0].after ** 2 if risk else 0.0
    return Effect(orders, (*changes, *risk), cost, tax, saved, cash - facts.cash_weight)


def effective(weights: Floats) -> float:
    """Tell how many holdings of the same weight would be as concentrated."""
    squares, whole = float((weights**2).sum()), float(np.abs(weights).sum())
    return whole**2 / squares if squares > 0 else float("nan")


def _effective(facts: Facts, after: Mapping[str, float]) -> tuple[float, float]:
    return effective(facts.weights.to_numpy()), effective(np.array(list(after.values()), dtype=np.float64))


def _into_cash(orders: tuple[Order, ...]) -> float:
    return math.fsum(each.amount * (1.0 if each.side == "sell" else -1.0) - each.cost for each in orders)


def _buy(facts: Facts, policy: Policy, symbol: str, amount: float) -> Order:
    unit = facts.held[symbol].unit_value
    return Order("buy", symbol, facts.held[symbol].account, amount / unit, amount, 0.0, 0.0, cost_of(policy, amount))


def _sales(facts: Facts, policy: Policy, symbol: str, amount: float) -> Iterator[Order]:
    unit = facts.held[symbol].unit_value
    left = min(amount / unit, facts.held[symbol].quantity) if unit > 0 else 0.0
    for account, lots in _accounts(facts, symbol):
        units = min(left, float(lots[:, 0].sum()))
        if units > DUST:
            yield _sale(policy, (symbol, account), units, unit, _taken(lots, units))
            left -= units


def _sale(policy: Policy, place: tuple[str, str | None], units: float, unit: float, taken: Floats) -> Order:
    """Build a sale; its costs are borne by the lots it takes, by their units."""
    amount, cost = units * unit, cost_of(policy, units * unit)
    gains = taken[:, 0] * (unit - cost / units) - taken[:, 1]
    rates = np.where(taken[:, 2] > policy.taxes.long_days, policy.taxes.long_rate, policy.taxes.short_rate)
    return Order("sell", *place, units, amount, float(gains.sum()), float((gains * rates).sum()), cost)


def _accounts(facts: Facts, symbol: str) -> list[tuple[str | None, Floats]]:
    """Give the lots of a holding by account, the one that holds most first: rows of quantity, cost, days held."""
    rows: dict[str | None, list[tuple[float, float, float]]] = {}
    for lot in facts.lots.get(symbol, ()):
        if lot.quantity > 0:
            rows.setdefault(lot.account, []).append((lot.quantity, lot.cost, lot.days))
    found = [(account, np.array(lots, dtype=np.float64)) for account, lots in rows.items()]
    return sorted(found, key=lambda each: -float(each[1][:, 0].sum()))


def _taken(lots: Floats, units: float) -> Floats:
    """Take so many units out of lots in their order: rows of units, cost, days held."""
    before = np.cumsum(lots[:, 0]) - lots[:, 0]
    part = np.clip(units - before, 0.0, lots[:, 0])
    return np.column_stack([part, lots[:, 1] * part / lots[:, 0], lots[:, 2]])


def _weights_after(facts: Facts, orders: tuple[Order, ...], cost: float) -> dict[str, float]:
    moved = dict.fromkeys(facts.priced, 0.0)
    for order in orders:
        moved[order.symbol] += order.amount if order.side == "buy" else -order.amount
    return {symbol: (facts.held[symbol].value + amount) / (facts.value - cost) for symbol, amount in moved.items()}


def _weight_changes(facts: Facts, orders: tuple[Order, ...], after: Mapping[str, float]) -> list[Change]:
    traded = dict.fromkeys(order.symbol for order in orders)
    return [Change(f"weight:{symbol}", f"Weight of {symbol}", "fraction", facts.weight(symbol), after[symbol]) for symbol in traded]


def _risk_changes(facts: Facts, after: Mapping[str, float]) -> list[Change]:
    before, then = facts.at_risk, np.array([after.get(symbol, 0.0) for symbol in facts.past.symbols], dtype=np.float64)
    told = [Change("volatility", "Volatility a year", "fraction", facts.volatility(before), facts.volatility(then)),
            Change("expected_shortfall", "Expected shortfall, 95 %, a day", "fraction", facts.shortfall(before), facts.shortfall(then))]
    betas = facts.past.betas.to_numpy(dtype=np.float64)
    return [*told, Change("beta", "Beta", "number", float(before @ betas), float(then @ betas))] if len(betas) else told
