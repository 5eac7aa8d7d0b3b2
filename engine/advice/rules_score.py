"""What the list of advice is ordered by, defined here and nowhere else: expected benefit over effort.

    benefit = 0.5 x risk aversion x variance saved x value      what a calmer year is worth (certainty equivalent)
            - premium x what goes into cash x value             what being invested would have earned
            + worth                                             what the rule knows besides: fees, taxes, income
            + urgency x value                                   0 for an info, 5 basis points for a warning, 20 for an error: a limit of
                                                                one's own that is broken is worth something even where risk does not show it
    effort  = 1 + 0.5 for each trade                            steps that a person has to do
    score   = (benefit - cost of the trades - tax on them, where there is any) / effort

Benefit, cost, tax and score are base currency; the benefit is of a year, cost and tax are charged to the first one as a whole. Tax that is
saved (below 0) is in `worth` by the rule that saves it, so it is not counted here again. Every holding is taken to earn the same premium:
no forecast of prices is in it. Where something like it is bought for what is sold (a loss that is taken), risk and cash count for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.advice.policy import Policy
from engine.advice.rules_effect import Effect, effect_of
from engine.advice.rules_facts import Facts
from engine.advice.rules_thresholds import limit
from engine.advice.rules_words import Advice
from engine.types import Severity

URGENCY: Final[Mapping[Severity, float]] = {Severity.INFO: 0.0, Severity.WARNING: 0.0005, Severity.ERROR: 0.0020}
STEP, PER_TRADE = 1.0, 0.5


@dataclass(frozen=True, slots=True)
class Judged:
    """An advice with what it does and what that is worth."""

    advice: Advice
    effect: Effect
    benefit: float
    effort: float
    score: float

    @property
    def key(self) -> str:
        """Name it as long as the rule and what it is about stay the same."""
        return f"{self.advice.rule}:{self.advice.subject}" if self.advice.subject else self.advice.rule


def judged(facts: Facts, policy: Policy, advice: Advice) -> Judged:
    """Work out what an advice does and what that is worth."""
    effect = effect_of(facts, policy, advice)
    value = max(facts.value, 0.0)
    calmer = 0.5 * policy.risk_aversion * effect.variance_saved * value - limit(policy, "premium") * effect.into_cash * value
    benefit = (0.0 if advice.replaced else calmer) + advice.worth + URGENCY[advice.severity] * value
    effort = STEP + PER_TRADE * len(effect.trades)
    return Judged(advice, effect, benefit, effort, (benefit - effect.cost - max(effect.tax, 0.0)) / effort)


def ordered(every: list[Judged]) -> list[Judged]:
    """Put the highest score first; the same scores by rule and subject, so that equal inputs give an equal list."""
    return sorted(every, key=lambda each: (-each.score, each.advice.rule, each.advice.subject))
