"""How numbers stand in the sentences of rules, and the records that rules hand back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.types import Severity


@dataclass(frozen=True, slots=True)
class Evidence:
    """One number behind an advice; the first one of an advice is what the rule measures."""

    name: str
    label: str
    value: float
    limit: float = math.nan
    unit: str = "fraction"  # fraction number days money
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """What a rule says.

    Attributes
    ----------
    rule, subject
        Which rule, and what it is about: both together name the advice as long as it holds.
    severity
        ERROR: a limit of one's own is broken; WARNING: it is worth a look; INFO: it could be better.
    title, reason, fix, wrong_if
        Sentences: what is so, why it matters, what to do, and what would make the advice wrong.
    evidence
        The numbers.
    moves
        Symbol to base currency that goes into it (below 0: out of it); what remains is cash.
    worth
        Base currency a year that the fix is worth beside what it does to risk and to cash.
    replaced
        Whether something like it is bought for what is sold, so that risk and cash stay what they are.
    link
        Page on which it can be mended.
    """

    rule: str
    subject: str
    severity: Severity
    title: str
    reason: str
    fix: str
    wrong_if: str
    evidence: tuple[Evidence, ...]
    moves: Mapping[str, float] = field(default_factory=dict)
    worth: float = 0.0
    replaced: bool = False
    link: str | None = None


Answer = list[Advice] | str  # a text: why the rule cannot be asked


def percent(value: float) -> str:
    """Tell a fraction as a person reads it."""
    return f"{value * 100:,.1f} %"


def money(value: float, currency: str) -> str:
    """Tell an amount without its cents."""
    return f"{value:,.0f} {currency}"


def number(value: float) -> str:
    """Tell a number with one digit behind the point."""
    return f"{value:,.1f}"


def counted(count: int, word: str) -> str:
    """Tell a number of things: 1 holding, 5 holdings."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def named(names: list[str], most: int = 4) -> str:
    """List names in a sentence: A, B and 3 more."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= most:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def exact(fraction: float) -> str:
    """Write a fraction in percent, with the digits that it has.

    Examples
    --------
    >>> exact(0.125), exact(1.0)
    ('12.5 %', '100 %')
    """
    return f"{100 * fraction:.6g} %"
