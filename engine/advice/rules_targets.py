"""Rules on targets: what has drifted out of its band."""

from __future__ import annotations

from engine.advice.policy import CASH, Policy
from engine.advice.rules_facts import Facts
from engine.advice.rules_fixes import band_of, dimension, members_of, to_targets
from engine.advice.rules_thresholds import limit
from engine.advice.rules_words import Advice, Answer, Evidence, named, percent
from engine.types import Severity


def drift(facts: Facts, policy: Policy) -> Answer:
    """Tell of targets that are missed by more than their band: one advice, because one rebalancing mends all of them."""
    if not facts.targets:
        return "The policy has no targets"
    by = dimension(policy)
    found = [(key, weight_of(facts, by, key), wanted, band_of(policy, key, wanted)) for key, wanted in facts.targets.items()]
    strangers = [(symbol, facts.weight(symbol), 0.0, policy.band_absolute) for symbol in facts.priced
                 if by == "symbol" and symbol not in facts.targets]
    out = sorted(((key, now, wanted, band) for key, now, wanted, band in [*found, *strangers] if abs(now - wanted) > band + 1e-12),
                 key=lambda each: -abs(each[1] - each[2]))
    if not out:
        return []
    worst, now, wanted, band = out[0]
    far = sum(abs(each[1] - each[2]) for each in [*found, *strangers]) / 2.0
    return [Advice(
        "drift", "", Severity.WARNING if abs(now - wanted) > 2 * band else Severity.INFO,
        f"{named([each[0] for each in out])} {'is' if len(out) == 1 else 'are'} out of {'its band' if len(out) == 1 else 'their bands'}",
        f"{worst} is {percent(now)} and should be {percent(wanted)} give or take {percent(band)}. "
        f"{percent(far)} of the portfolio would have to change hands.",
        "Rebalance: new money first, then what is furthest off.", "The targets are out of date, or taxes cost more than the drift.",
        (Evidence("off", f"Off: {worst}", abs(now - wanted), band), Evidence("drift", "Would change hands", far),
         *(Evidence(f"weight:{key}", f"Weight of {key}", is_now, should) for key, is_now, should, _ in out[:8])),
        to_targets(facts, policy, by), worth=far * limit(policy, "premium") * 0.1 * facts.value, link="rebalance")]


def weight_of(facts: Facts, by: str, key: str) -> float:
    """Tell what a target weighs now."""
    return facts.cash_weight if key == CASH else facts.together(members_of(facts, by, key))
