"""What a rule measures, asked again when it is quiet: for the history of what was done."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from engine.advice.rules_costs import yearly_cost
from engine.advice.rules_effect import effective
from engine.advice.rules_facts import Facts

OF_SCOPE: Final[Mapping[str, Callable[[Facts], float]]] = {
    "cash_weight": lambda facts: facts.cash_weight,
    "drawdown": lambda facts: -facts.drawdown,
    "value": lambda facts: facts.value,
    "effective_number_of_assets": lambda facts: effective(facts.weights.to_numpy()),
    "expected_shortfall": lambda facts: facts.shortfall(facts.at_risk) if facts.enough_history else math.nan,
    "cost": yearly_cost,
    "fee_rate": lambda facts: facts.fees_year / facts.value_year if facts.value_year > 0 else math.nan,
}


def measured(facts: Facts, name: str, symbol: str | None, subject: str) -> float:
    """Tell a number of a rule as it is now.

    Parameters
    ----------
    facts
        The portfolio as it is now.
    name, symbol
        Of the evidence.
    subject
        Of the advice: a group where the evidence is about one.

    Returns
    -------
    float
        NaN where it cannot be told without the rule itself.
    """
    if name == "weight":
        return facts.weight(symbol) if symbol else _group(facts, subject)
    held = facts.held.get(symbol or "")
    if name in {"days_to_sell", "ter", "price_age_days"}:
        return math.nan if held is None else float(getattr(held, name))
    return OF_SCOPE[name](facts) if name in OF_SCOPE else math.nan


def _group(facts: Facts, subject: str) -> float:
    """Weigh a group by its word; the first kind of group that has it, 0 where none has it any more."""
    for by in ("sector", "country", "currency", "issuer"):
        grouped = facts.grouped(by)
        if subject in grouped:
            return grouped[subject]
    symbols = [symbol for symbol in subject.split("+") if symbol in facts.held]
    return facts.together(symbols)
