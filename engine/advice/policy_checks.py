"""What in a policy contradicts itself: found before anything is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.advice.policy import CASH, TARGETS_BY, GroupBound, Policy
from engine.advice.rules_thresholds import THRESHOLDS, limit
from engine.advice.rules_words import exact

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
    mend = f"Give the missing {exact(left)} to cash or to a target" if left > 0 else f"Take {exact(-left)} off, or divide each by {total:.6g}"
    yield Problem("targets", round(total, 9), f"add up to {exact(total)} and not to 100 %", mend, "sum")


def _of_constraints(policy: Policy) -> Iterator[Problem]:
    rules = policy.constraints
    wanted = {target.key: target.weight for target in policy.targets}
    for place, target in enumerate(policy.targets):
        yield from _of_target(policy, f"targets[{place}].", target.key, target.weight)
    if CASH in wanted and wanted[CASH] < rules.cash_buffer:
        told = f"of {exact(rules.cash_buffer)} is more than the target of cash, {exact(wanted[CASH])}"
        yield Problem("constraints.cash_buffer", rules.cash_buffer, told, "Raise the target of cash, or lower the buffer", "contradiction")
    if wanted and CASH not in wanted and rules.cash_buffer > 0:
        yield Problem("constraints.cash_buffer", rules.cash_buffer, "has no room: the targets leave nothing for cash",
                      f"Add a target of {exact(rules.cash_buffer)} for cash", "contradiction")
    if rules.long_only and rules.max_weight is not None and rules.max_weight <= 0:
        yield Problem("constraints.max_weight", rules.max_weight, "lets nothing be held", "Raise it, or leave it out", "contradiction")
    yield from _of_groups(policy)


def _of_groups(policy: Policy) -> Iterator[Problem]:
    """Find limits of groups that are the wrong way round, there twice, more than all together, or against the targets."""
    bounds = policy.constraints.groups
    names = [each.name.lower() for each in bounds]
    for place, each in enumerate(bounds):
        field = f"constraints.groups[{place}]"
        if each.least > each.most + WITHIN:
            yield Problem(f"{field}.least", each.least, f"of {exact(each.least)} is above the most, {exact(each.most)}, of {each.name}",
                          "Exchange the two", "contradiction")
        if each.name.lower() in names[:place]:
            yield Problem(f"{field}.key", each.key, "has limits already", "Give each group once", "duplicate")
        yield from _against_targets(policy, field, each)
    for by in sorted({each.by for each in bounds}):
        yield from _together(policy, by, [each for each in bounds if each.by == by])


def _together(policy: Policy, by: str, bounds: list[GroupBound]) -> Iterator[Problem]:
    least, buffer = math.fsum(each.least for each in bounds), policy.constraints.cash_buffer
    if least + buffer > 1 + WITHIN:
        beside = f", and {exact(buffer)} stays in cash" if buffer else ""
        yield Problem("constraints.groups", round(least, 9), f"ask for at least {exact(least)} together ({by.replace('_', ' ')}){beside}",
                      "Lower some of them", "contradiction")


def _against_targets(policy: Policy, field: str, bound: GroupBound) -> Iterator[Problem]:
    """Tell of a target of a group that its own limits do not let it have."""
    wanted = {target.key.lower(): target.weight for target in policy.targets} if policy.targets_by == bound.by else {}
    weight = wanted.get(bound.key.lower())
    if weight is not None and not bound.least - WITHIN <= weight <= bound.most + WITHIN:
        named, limit_ = ("least", bound.least) if weight < bound.least else ("most", bound.most)
        yield Problem(f"{field}.{named}", limit_, f"of {exact(limit_)} contradicts the target of {exact(weight)} for {bound.key}",
                      "Change the target, or the limit", "contradiction")


def _of_target(policy: Policy, field: str, key: str, weight: float) -> Iterator[Problem]:
    rules = policy.constraints
    if rules.long_only and weight < 0:
        yield Problem(f"{field}weight", weight, f"is below zero for {key}, and nothing may be sold short", "Send 0 or more, or long_only: false",
                      "contradiction")
    if policy.targets_by != "symbol" or key == CASH:
        return
    if rules.max_weight is not None and weight > rules.max_weight + WITHIN:
        yield Problem(f"{field}weight", weight, f"of {exact(weight)} for {key} is above the largest weight, {exact(rules.max_weight)}",
                      "Lower the target, or raise the largest weight", "contradiction")
    if key in rules.excluded and weight > 0:
        yield Problem(f"{field}key", key, "is excluded by the same policy", "Take it out of the targets, or out of excluded", "contradiction")


def _of_goals(policy: Policy) -> Iterator[Problem]:
    goals = policy.goals
    if goals.value is not None and goals.floor is not None and goals.floor > goals.value:
        yield Problem("goals.floor", goals.floor, f"is above the goal of {goals.value:,.2f}", "Lower the floor, or raise the goal", "contradiction")
    if policy.taxes.long_rate > policy.taxes.short_rate:
        told = f"of {exact(policy.taxes.long_rate)} is above the short rate, {exact(policy.taxes.short_rate)}"
        yield Problem("taxes.long_rate", policy.taxes.long_rate, told,
                      "Gains held longer are not taxed more: exchange the two", "contradiction")


PAIRS: Final = (("min_beta", "max_beta"), ("cheap_ter", "max_ter"), ("max_holding", "max_fund"), ("max_holding", "max_sector"))


def _of_thresholds(policy: Policy) -> Iterator[Problem]:
    for low, high in PAIRS:
        if limit(policy, low) > limit(policy, high) and (low in policy.thresholds or high in policy.thresholds):
            named, other = (low, high) if low in policy.thresholds else (high, low)
            told = exact(limit(policy, other)) if THRESHOLDS[other].unit == "fraction" else f"{limit(policy, other):.6g}"
            yield Problem(f"thresholds.{named}", policy.thresholds[named], f"contradicts {THRESHOLDS[other].label.lower()} ({told})",
                          f"Keep {THRESHOLDS[low].label.lower()} at or below {THRESHOLDS[high].label.lower()}", "contradiction")
