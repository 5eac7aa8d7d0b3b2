"""A rule of one's own, asked of a portfolio as it is now, beside those of the house."""

from __future__ import annotations

import math
from typing import Final

from data.suggestion_records import StoredCustomRule
from engine.advice.expressions import Metric, parse, told
from engine.advice.expressions import Rule as Understood
from engine.advice.expressions_history import Timeline
from engine.advice.expressions_values import Told, evaluate, longest
from engine.advice.expressions_words import METRICS
from engine.advice.policy import Policy
from engine.advice.rules import Ran, Rule
from engine.advice.rules_facts import Facts
from engine.advice.rules_score import judged
from engine.advice.rules_words import Advice, Evidence, named
from engine.errors import InvalidInput
from engine.types import Severity

NOTHING_TO_DO: Final = "Look at it: you wrote this rule for a reason."
WRONG_IF: Final = "The rule is out of date."
UNITS: Final = {"price": "number"}


def asked(stored: StoredCustomRule, line: Timeline, facts: Facts, policy: Policy) -> Ran:
    """Ask a rule of one's own.

    Parameters
    ----------
    stored
        The rule.
    line
        The portfolio day by day, up to now.
    facts, policy
        As the rules of the house take them.
    """
    rule = Rule(f"own-{stored.id}", stored.name, "own", stored.expression, lambda _facts, _policy: [])
    try:
        understood = parse(stored.expression)
        found = evaluate(understood, line.tail(longest(understood) + 1))
    except InvalidInput as error:
        return Ran(rule, "unknown", error.message, ())
    if not len(found.days):
        return Ran(rule, "unknown", "The portfolio has no history yet", ())
    truth = found.truth[-1]
    hit = [place for place, value in enumerate(truth) if value == 1]
    if not hit:
        unknown = len(truth) > 0 and all(math.isnan(value) for value in truth)
        return Ran(rule, "unknown" if unknown else "quiet", "A number in it is not known now" if unknown else None, ())
    advice = _advice(stored, understood, found, hit)
    return Ran(rule, "fired", None, (judged(facts, policy, advice),))


def _advice(stored: StoredCustomRule, rule: Understood, found: Told, hit: list[int]) -> Advice:
    names = [found.subjects[place] for place in hit] if rule.any_of else []
    about = f": {named(names)}" if names else ""
    return Advice(
        f"own-{stored.id}", "", Severity(stored.severity), f"{stored.name}{about}",
        f"{stored.expression} is true{f' of {named(names)}' if names else ''}.",
        stored.fix or NOTHING_TO_DO, WRONG_IF, tuple(_evidence(metric, found, hit) for metric in rule.metrics), link="rules")


def _evidence(metric: Metric, found: Told, hit: list[int]) -> Evidence:
    """Give a number of a rule; of several subjects that of the first it is true of."""
    values, unit = found.numbers[told(metric)][-1], METRICS[metric.word].unit
    place = hit[0] if len(values) > 1 else 0
    subject = found.subjects[place] if metric.scope.is_any and found.subjects else None
    label = told(metric).replace(f"any {metric.scope.kind}", f'{metric.scope.kind} "{subject}"') if subject else told(metric)
    return Evidence(metric.word, label, float(values[place]), unit=UNITS.get(unit, unit), symbol=subject)
