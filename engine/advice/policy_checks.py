"""What in a policy contradicts itself: found before anything is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.advice.policy import CASH, TARGETS_BY, Policy
from engine.advice.rules_thresholds import THRESHOLDS, limit

WITHIN: Final = 1e-6


class Problem(NamedTuple):
    """One thing that is wrong: where, what was held, why, and how to mend it."""

    field: str
    value: object
    reason: str
    hint: str
    rule: str


def problems(policy: Policy) -> list[Problem]:
    """List what contradicts itself in a policy.

    Parameters
    ----------
    policy
        As it was read, field by field.

    Returns
    -------
    list of Problem
        Empty where every rule holds.

    Examples
    --------
    >>> from engine.advice.policy import Target
    >>> [each.rule for each in problems(Policy(targets_by="symbol", targets=(Target("AAPL", 0.6), Target("cash", 0.3))))]
    ['sum']
    """
    return [*_of_targets(policy), *_of_constraints(policy), *_of_goals(policy), *_of_thresholds(policy)]


def _of_targets(policy: Policy) -> Iterator[Problem]:
    keys = [target.key for target in policy.targets]
    if policy.targets and policy.targets_by is None:
        yield Problem("targets_by", None, "is missing: nothing says what the targets are of", f"Send one of {', '.join(TARGETS_BY)}", "required")
    if policy.targets_by == "model" and policy.model is None:
        yield Problem("model", None, "is missing", "Send the id of a blend or of another portfolio", "required")
    if policy.targets_by == "model" and policy.targets:
        yield Problem("targets", len(keys), "are given beside a model", "Leave targets out: the model tells them", "contradiction")
    if policy.model is not None and policy.targets_by != "model":
        yield Problem("model", policy.model, "is given, and the targets are not of a model", "Send targets_by: model, or leave it out",
                      "contradiction")
    for place, key in enumerate(keys):
        if key in keys[:place]:
            yield Problem(f"targets[{place}].key", key, "is there twice", "Give each target once", "duplicate")
    if policy.targets:
        yield from _sum(policy)


def _sum(policy: Policy) -> Iterator[Problem]:
    total = math.fsum(target.weight for target in policy.targets)
    if abs(total - 1.0) <= WITHIN:
        return
    left = 1.0 - total
    mend = f"Give the missing {left:.6g} to cash or to a target" if left > 0 else f"Take {-left:.6g} off, or divide each by {total:.6g}"
    yield Problem("targets", round(total, 9), f"add up to {total:.6g} and not to 1", mend, "sum")


def _of_constraints(policy: Policy) -> Iterator[Problem]:
    rules = policy.constraints
    wanted = {target.key: target.weight for target in policy.targets}
    for place, target in enumerate(policy.targets):
        yield from _of_target(policy, f"targets[{place}].", target.key, target.weight)
    if CASH in wanted and wanted[CASH] < rules.cash_buffer:
        yield Problem("constraints.cash_buffer", rules.cash_buffer, f"is more than the target of cash, {wanted[CASH]:.6g}",
                      "Raise the target of cash, or lower the buffer", "contradiction")
    if wanted and CASH not in wanted and rules.cash_buffer > 0:
        yield Problem("constraints.cash_buffer", rules.cash_buffer, "has no room: the targets leave nothing for cash",
                      f"Add a target of {rules.cash_buffer:.6g} for cash", "contradiction")
    if rules.long_only and rules.max_weight is not None and rules.max_weight <= 0:
        yield Problem("constraints.max_weight", rules.max_weight, "lets nothing be held", "Send 0.1 for 10 %", "contradiction")


def _of_target(policy: Policy, field: str, key: str, weight: float) -> Iterator[Problem]:
    rules = policy.constraints
    if rules.long_only and weight < 0:
        yield Problem(f"{field}weight", weight, f"is below zero for {key}, and the policy is long only", "Send 0 or more, or long_only: false",
                      "contradiction")
    if policy.targets_by != "symbol" or key == CASH:
        return
    if rules.max_weight is not None and weight > rules.max_weight + WITHIN:
        yield Problem(f"{field}weight", weight, f"is above constraints.max_weight {rules.max_weight:.6g} for {key}",
                      "Lower the target, or raise max_weight", "contradiction")
    if key in rules.excluded and weight > 0:
        yield Problem(f"{field}key", key, "is excluded by the same policy", "Take it out of the targets, or out of excluded", "contradiction")


def _of_goals(policy: Policy) -> Iterator[Problem]:
    goals = policy.goals
    if goals.value is not None and goals.floor is not None and goals.floor > goals.value:
        yield Problem("goals.floor", goals.floor, f"is above the goal of {goals.value:.6g}", "Lower the floor, or raise the goal", "contradiction")
    if policy.taxes.long_rate > policy.taxes.short_rate:
        yield Problem("taxes.long_rate", policy.taxes.long_rate, f"is above the short rate {policy.taxes.short_rate:.6g}",
                      "Gains held longer are not taxed more: exchange the two", "contradiction")


PAIRS: Final = (("min_beta", "max_beta"), ("cheap_ter", "max_ter"), ("max_holding", "max_fund"), ("max_holding", "max_sector"))


def _of_thresholds(policy: Policy) -> Iterator[Problem]:
    for low, high in PAIRS:
        if limit(policy, low) > limit(policy, high) and (low in policy.thresholds or high in policy.thresholds):
            named = low if low in policy.thresholds else high
            yield Problem(f"thresholds.{named}", policy.thresholds[named],
                          f"contradicts {THRESHOLDS[high if named == low else low].label.lower()} "
                          f"({limit(policy, high if named == low else low):.6g})", f"Keep {low} at or below {high}", "contradiction")
