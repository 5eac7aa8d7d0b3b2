"""A second opinion on bars that are held back: what another provider tells alike is let in, what it tells otherwise is proposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from engine.types import Bar
from services.history.judging import Held

TOLERANCE: Final = Decimal("0.005")  # closes of one day at one venue; quotes of one moment may differ by more
OF_ACTIONS: Final = frozenset({"unrecorded_split"})  # the price is not in doubt but why it changed


def in_doubt(held: Sequence[Held]) -> tuple[date, date] | None:
    """Tell the first and last day of the bars that another provider could settle."""
    days = [bar.date for each in held if each.kind not in OF_ACTIONS for bar in each.bars]
    return (min(days), max(days)) if days else None


def confirmed(held: Sequence[Held], others: Sequence[Bar], name: str) -> tuple[list[Held], list[Bar]]:
    """Sort what is held back by what another provider says.

    Returns
    -------
    tuple of list
        What still waits for a person, with the other's closes as proposals; and the bars that both tell, marked.
    """
    by_day = {bar.date: bar.close for bar in others}
    waiting, agreed = list[Held](), list[Bar]()
    for each in held:
        if each.kind in OF_ACTIONS or not each.bars:
            waiting.append(each)
        elif all(_is_same(bar, by_day) for bar in each.bars):
            agreed += [replace(bar, mark=f"confirmed by {name}") for bar in each.bars]
        else:
            waiting.append(_with_proposal(each, by_day, name))
    return waiting, agreed


def _is_same(bar: Bar, others: Mapping[date, Decimal]) -> bool:
    other = others.get(bar.date)
    return other is not None and abs(other - bar.close) <= TOLERANCE * abs(bar.close)


def _with_proposal(each: Held, others: Mapping[date, Decimal], name: str) -> Held:
    known = {bar.date: others[bar.date] for bar in each.bars if bar.date in others}
    if not known:
        return replace(each, reason=f"{each.reason}; {name} has no close of it")
    told = ", ".join(f"{close:f} on {day.isoformat()}" for day, close in list(known.items())[:3])
    return replace(each, reason=f"{each.reason}; {name} says {told}",
                   proposed={**each.proposed, **{day.isoformat(): float(close) for day, close in known.items()}})
