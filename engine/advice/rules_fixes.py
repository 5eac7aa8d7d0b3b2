"""What mends something: money out of what is too much, and into what has room for it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Final

from engine.advice.policy import CASH, Policy, Target
from engine.advice.rules_facts import Facts
from engine.advice.rules_thresholds import limit

MARGIN: Final = 0.01  # a limit is undercut by this part of itself, so that tomorrow's prices do not break it again
LEAST_PLACED: Final = 0.5  # of what is sold of a group
DUST: Final = 1e-9
BUYS: Final = 5  # at most so many holdings take what is sold

Moves = dict[str, float]


def cap_of(facts: Facts, policy: Policy, symbol: str) -> float:
    """Tell what a holding may weigh at most."""
    own = policy.constraints.max_weight
    return min(limit(policy, "max_fund" if facts.held[symbol].is_fund else "max_holding"), 1.0 if own is None else own)


def may_buy(facts: Facts, policy: Policy, symbol: str) -> bool:
    """Tell whether the policy lets more of a holding be bought."""
    tag = policy.constraints.required_tag
    each = facts.held[symbol]
    return each.value > 0 and symbol not in policy.constraints.excluded and (tag is None or tag in each.tags)


def rooms(facts: Facts, policy: Policy, without: Collection[str]) -> dict[str, float]:
    """Tell how much more of each holding there may be, fraction of the value; the calmest ones first."""
    held = [symbol for symbol in facts.priced if symbol not in without and may_buy(facts, policy, symbol)]
    wanted = _wanted(facts, policy)
    most = {symbol: cap_of(facts, policy, symbol) * (1.0 - MARGIN) for symbol in held}
    if wanted:
        most = {symbol: min(each, wanted.get(symbol, 0.0)) for symbol, each in most.items()}
    free = {symbol: each - facts.weight(symbol) for symbol, each in most.items() if each > facts.weight(symbol)}
    return {symbol: free[symbol] for symbol in _calmest_first(facts, list(free))}


def _wanted(facts: Facts, policy: Policy) -> Mapping[str, float]:
    return facts.targets if policy.targets_by in {"symbol", "model"} else {}


def _calmest_first(facts: Facts, symbols: list[str]) -> list[str]:
    """Order holdings by how little more of them would add to the volatility; those without a history last."""
    if not facts.enough_history:
        return sorted(symbols, key=lambda symbol: (facts.weight(symbol), symbol))
    return sorted(symbols, key=lambda symbol: (facts.marginal.get(symbol, math.inf), symbol))


def spread(facts: Facts, policy: Policy, amount: float, without: Collection[str]) -> Moves:
    """Lay money out over the few holdings that have room for it and add the least risk; what has no room stays cash."""
    found: Moves = {}
    free = {symbol: room * facts.value for symbol, room in list(rooms(facts, policy, without).items())[:BUYS]}
    whole = math.fsum(free.values())
    if amount <= 0 or whole <= 0:
        return found
    part = min(amount / whole, 1.0)
    least = max(policy.constraints.min_trade, 0.0)
    return {symbol: each * part for symbol, each in free.items() if each * part > least}


def trimmed(facts: Facts, policy: Policy, symbols: list[str], to: float, *, into: Collection[str] | None = None) -> Moves:
    """Sell of some holdings alike until they weigh no more than `to` together, and lay the money out over the rest.

    Parameters
    ----------
    facts, policy
        The portfolio, and what it is meant to be.
    symbols
        Holdings that are too much together.
    to
        Weight that they may have.
    into
        The only holdings that may take the money; default all but `symbols`.
    """
    now = facts.together(symbols)
    if now <= to or now <= 0:
        return {}
    part = 1.0 - to * (1.0 - MARGIN) / now
    sold = {symbol: -part * facts.weight(symbol) * facts.value for symbol in symbols if facts.weight(symbol) > 0}
    outside = set(symbols) if into is None else set(facts.priced) - set(into)
    return {**sold, **spread(facts, policy, -sum(sold.values()), outside)}


def placed(facts: Facts, moves: Moves) -> Moves:
    """Give moves whose money finds a place; none where most of what is sold would lie in cash, which mends nothing."""
    sold = -math.fsum(amount for amount in moves.values() if amount < 0)
    bought = math.fsum(amount for amount in moves.values() if amount > 0)
    return moves if bought >= LEAST_PLACED * sold or sold < DUST * facts.value else {}


def invested(facts: Facts, policy: Policy, amount: float) -> Moves:
    """Lay cash out where it is wanted or has room."""
    return spread(facts, policy, amount, ())


def cash_wanted(facts: Facts, policy: Policy) -> float:
    """Tell the weight that is meant for cash: its target or the buffer, whichever is more."""
    return max(policy.constraints.cash_buffer, facts.targets.get(CASH, 0.0))


def to_targets(facts: Facts, policy: Policy, by: str) -> Moves:
    """Bring every holding or group to its target; a group keeps the proportions within it, cash takes what is left.

    A target of which nothing is held cannot be bought here: which of many it should be is for a person to say.
    """
    moves: Moves = {}
    for key, wanted in facts.targets.items():
        held = members_of(facts, by, key)
        now = facts.together(held)
        if key != CASH and now > 0:
            moves |= {symbol: (wanted / now - 1.0) * facts.weight(symbol) * facts.value for symbol in held}
    gone = [symbol for symbol in facts.priced if by == "symbol" and symbol not in facts.targets]
    moves |= {symbol: -facts.weight(symbol) * facts.value for symbol in gone}
    return {symbol: amount for symbol, amount in moves.items() if abs(amount) > max(policy.constraints.min_trade, 1e-9 * facts.value)}


def members_of(facts: Facts, by: str, key: str) -> list[str]:
    """Name the holdings that a target is of."""
    if by == "symbol":
        return [key] if key in facts.priced else []
    return facts.members(by, key)


def dimension(policy: Policy) -> str:
    """Name what the targets are of; those of a model are of symbols."""
    return "symbol" if policy.targets_by in {None, "model"} else str(policy.targets_by)


def band_of(policy: Policy, key: str, wanted: float) -> float:
    """Tell how far a target may be off, its own band first."""
    own = next((each for each in policy.targets if each.key == key), None)
    return policy.band(own if own is not None else Target(key, wanted))
