"""What the trades of an advice do: what they cost and realise, and the portfolio before and after them.

Trades are not rounded here. A sale takes the lots that the portfolio's own method takes, account by account, the one that holds most first.
Taxes are on the gain after the costs of the sale; they are told beside the value, not taken out of the cash: they fall due later.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.advice.policy import Policy
from engine.advice.rules_facts import Facts, OpenLot
from engine.advice.rules_words import Advice
from engine.advice.trades import BUY, SELL, LotTaken, Trade
from engine.columns import Floats

DUST: Final = 1e-12


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

    trades: tuple[Trade, ...]
    changes: tuple[Change, ...]
    cost: float
    tax: float
    variance_saved: float  # a year
    into_cash: float  # fraction of the value, below 0 where cash is spent

    def change(self, name: str) -> Change | None:
        """Give one figure by its name."""
        return next((each for each in self.changes if each.name == name), None)


def orders_of(facts: Facts, policy: Policy, moves: Mapping[str, float], reason: str = "") -> tuple[Trade, ...]:
    """Turn money that moves into trades: sales first, the largest first; never more than is held, and never more bought than can be paid."""
    sales = [sale for symbol, amount in moves.items() if amount < 0 for sale in _sales(facts, policy, (symbol, reason), -amount)]
    part = _affordable(facts, policy, sales, [amount for amount in moves.values() if amount > 0])
    buys = [_traded(facts, policy, BUY, (symbol, reason), amount * part) for symbol, amount in moves.items() if amount * part > 0]
    found = [*sorted(sales, key=lambda each: -each.amount), *sorted(buys, key=lambda each: -each.amount)]
    after = _weights_after(facts, found)
    return tuple(replace(each, weight_after=after[each.symbol]) for each in found)


def _affordable(facts: Facts, policy: Policy, sales: Sequence[Trade], amounts: Sequence[float]) -> float:
    """Tell what part of some purchases, costs included, can be paid with what is sold and what is there."""
    costs, whole = policy.costs, math.fsum(amounts)
    there = max(math.fsum(facts.cash.values()), 0.0) + math.fsum(sale.cash for sale in sales) - costs.fee * len(amounts)
    return min(max(there / (whole * (1.0 + costs.fee_rate + costs.spread / 2.0)), 0.0), 1.0) if whole > 0 else 0.0


def effect_of(facts: Facts, policy: Policy, advice: Advice) -> Effect:
    """Work out what the fix of an advice does."""
    trades = orders_of(facts, policy, advice.moves, advice.title)
    if not trades:
        return Effect((), (), 0.0, 0.0, 0.0, 0.0)
    cost, tax = math.fsum(each.fee + each.spread for each in trades), math.fsum(each.tax for each in trades)
    after = _weights_after(facts, trades)
    cash = (math.fsum(facts.cash.values()) + math.fsum(each.cash for each in trades)) / (facts.value - cost)
    changes = [*_weight_changes(facts, trades, after), Change("cash", "Cash", "fraction", facts.cash_weight, cash)]
    changes += [Change("effective_number_of_assets", "Effective holdings", "number", *_effective(facts, after))]
    risk = _risk_changes(facts, after) if facts.enough_history else []
    saved = risk[0].before ** 2 - risk[0].after ** 2 if risk else 0.0
    return Effect(trades, (*changes, *risk), cost, tax, saved, cash - facts.cash_weight)


def effective(weights: Floats) -> float:
    """Tell how many holdings of the same weight would be as concentrated."""
    squares, whole = float((weights**2).sum()), float(np.abs(weights).sum())
    return whole**2 / squares if squares > 0 else float("nan")


def _effective(facts: Facts, after: Mapping[str, float]) -> tuple[float, float]:
    return effective(facts.weights.to_numpy()), effective(np.array(list(after.values()), dtype=np.float64))


def _traded(facts: Facts, policy: Policy, side: str, about: tuple[str, str], amount: float) -> Trade:
    """Build a trade of an amount, without lots."""
    symbol, reason = about
    each, costs = facts.held[symbol], policy.costs
    weight = facts.weight(symbol)
    return Trade(side, symbol, amount / each.unit_value, each.price, each.currency, each.fx_rate, amount, costs.fee + costs.fee_rate * amount,
                 costs.spread / 2.0 * amount, 0.0, each.account, weight, weight, facts.targets.get(symbol, math.nan), reason,
                 multiplier=each.multiplier)


def _sales(facts: Facts, policy: Policy, about: tuple[str, str], amount: float) -> Iterator[Trade]:
    each = facts.held[about[0]]
    left = min(amount / each.unit_value, each.quantity) if each.unit_value > 0 else 0.0
    for account, lots in _accounts(facts, about[0]):
        units = min(left, math.fsum(lot.quantity for lot in lots))
        if units > DUST * each.quantity:
            plain = _traded(facts, policy, SELL, about, units * each.unit_value)
            taken = tuple(_taken(facts, policy, plain, lots))
            yield replace(plain, account=account, lots=taken, tax=math.fsum(lot.tax for lot in taken))
            left -= units


def _accounts(facts: Facts, symbol: str) -> list[tuple[str | None, list[OpenLot]]]:
    """Part the lots of a holding by account, the one that holds most first."""
    found: dict[str | None, list[OpenLot]] = {}
    for lot in facts.lots.get(symbol, ()):
        if lot.quantity > 0:
            found.setdefault(lot.account, []).append(lot)
    return sorted(found.items(), key=lambda each: -math.fsum(lot.quantity for lot in each[1]))


def _taken(facts: Facts, policy: Policy, sale: Trade, lots: Sequence[OpenLot]) -> Iterator[LotTaken]:
    """Take lots in their order until a sale has what it needs; its costs are borne by the lots by their units."""
    left, net = sale.quantity, (sale.amount - sale.fee - sale.spread) / sale.quantity
    for lot in lots:
        units = min(left, lot.quantity)
        if units <= DUST * sale.quantity:
            return
        left -= units
        cost, proceeds = lot.cost * units / lot.quantity, net * units
        long = (facts.as_of - lot.opened).days > policy.taxes.long_days
        rate = policy.taxes.long_rate if long else policy.taxes.short_rate
        yield LotTaken(lot.id, lot.opened, units, cost, proceeds, proceeds - cost, "long" if long else "short", (proceeds - cost) * rate)


def _weights_after(facts: Facts, trades: Sequence[Trade]) -> dict[str, float]:
    moved = dict.fromkeys(facts.priced, 0.0)
    for each in trades:
        moved[each.symbol] += each.amount if each.side == BUY else -each.amount
    value = facts.value - math.fsum(each.fee + each.spread for each in trades)
    return {symbol: (facts.held[symbol].value + amount) / value for symbol, amount in moved.items()}


def _weight_changes(facts: Facts, trades: tuple[Trade, ...], after: Mapping[str, float]) -> list[Change]:
    traded = dict.fromkeys(each.symbol for each in trades)
    return [Change(f"weight:{symbol}", f"Weight of {symbol}", "fraction", facts.weight(symbol), after[symbol]) for symbol in traded]


def _risk_changes(facts: Facts, after: Mapping[str, float]) -> list[Change]:
    before, then = facts.at_risk, np.array([after.get(symbol, 0.0) for symbol in facts.past.symbols], dtype=np.float64)
    told = [Change("volatility", "Volatility a year", "fraction", facts.of_now[0], facts.volatility(then)),
            Change("expected_shortfall", "Expected shortfall, 95 %, a day", "fraction", facts.of_now[1], facts.shortfall(then))]
    betas = facts.past.betas.to_numpy(dtype=np.float64)
    return [*told, Change("beta", "Beta", "number", float(before @ betas), float(then @ betas))] if len(betas) else told
