"""Bars and actions as a provider told them, sorted: what is stored, what is stored repaired with a mark, what waits for a person.

The engine finds what is wrong; here is decided what becomes of it. Prices in another unit are repaired, because the series itself
says by how much. What looks like a split that was not told, is no price, or is a payment far too large is held back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from data.providers.base import History
from engine import Suspicion, action_columns, price_suspicions
from engine.adjustment import PAYMENTS
from engine.types import Bar, CorporateAction

CELLS: Final = ("open", "high", "low", "close")
WRONG_PAYMENT: Final = frozenset({"dividend_hundred_times", "dividend_split", "dividend_twice", "dividend_too_large"})
OF_ADJUSTED: Final = frozenset({"dividend_not_applied", "dividend_misapplied", "capital_gain_twice", "adjustment_unexplained", "unrecorded_action"})
NEWEST: Final = 5  # so many days a new level must have lasted before its bars are taken while nobody knows why

Decided = Collection[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Held:
    """Bars or actions that wait for a person, and why. Without either it is a question about bars that are stored."""

    kind: str
    reason: str
    first: date
    bars: tuple[Bar, ...] = ()
    actions: tuple[CorporateAction, ...] = ()
    proposed: dict[str, float] = field(default_factory=dict)  # close by date, where it can be told


@dataclass(slots=True)
class Judged:
    """What becomes of a history."""

    bars: list[Bar] = field(default_factory=list)
    actions: list[CorporateAction] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    repaired: int = 0


def judge(told: History, *, before: Sequence[Bar] = (), known: Sequence[CorporateAction] = (), reference: float | None = None,
          now: datetime | None = None, decided: Decided = ()) -> Judged:
    """Sort a history.

    Parameters
    ----------
    told : History
        Raw bars and actions of a provider.
    before : sequence of Bar
        Stored bars before them: what they are compared with, and nothing else becomes of them.
    known : sequence of CorporateAction
        Stored actions, besides those that are told.
    reference : float, optional
        A price of these days that is known to be right.
    now : datetime, optional
        Bars after it are of the future.
    decided : collection of (kind, ISO date)
        What a person has let pass already.
    """
    fresh = {bar.date: bar for bar in told.bars}
    every = [*(bar for bar in before if bar.date not in fresh), *told.bars]
    if not told.bars:
        return Judged(actions=list(told.actions))
    actions = {(each.date, each.kind): each for each in (*known, *told.actions)}
    found = price_suspicions(bar_columns(every, list(actions.values())), splits="raw", reference=reference, as_of=now)
    asked = [each for each in found if each.date.date() in fresh and (each.kind, each.date.date().isoformat()) not in decided]
    return _sorted(told, asked, sorted(fresh))


def bar_columns(bars: Sequence[Bar], actions: Sequence[CorporateAction]) -> pd.DataFrame:
    """Lay bars and actions side by side, as the engine judges them; adjusted closes only where every bar has one."""
    index = pd.DatetimeIndex([pd.Timestamp(bar.date) for bar in bars])
    names = [*CELLS, "volume", *(["adjusted_close"] if all(bar.adjusted_close is not None for bar in bars) else [])]
    columns: dict[str, list[float | None]] = {name: [_number(getattr(bar, name)) for bar in bars] for name in names}
    laid = pd.DataFrame(columns, index=index, dtype="float64").sort_index(kind="stable")
    return laid.join(action_columns(pd.DatetimeIndex(laid.index.unique()), actions))


def _sorted(told: History, asked: Sequence[Suspicion], days: Sequence[date]) -> Judged:
    """Give each suspicion its consequence."""
    judged = Judged()
    mends = {each.date.date(): each for each in asked if _is_mendable(each)}
    wrong = [each for each in asked if not _is_mendable(each) and each.kind not in OF_ADJUSTED]
    payments = {each.date.date(): each for each in wrong if each.kind in WRONG_PAYMENT}
    groups = _groups([each for each in wrong if each.kind not in WRONG_PAYMENT], days)
    out = {day for _, several in groups.values() for day in several}
    judged.actions = [each for each in told.actions if not (each.date in payments and each.kind in PAYMENTS)]
    judged.bars = [_mended(bar, mends.get(bar.date)) for bar in told.bars if bar.date not in out]
    judged.repaired = sum(bar.date in mends for bar in judged.bars)
    judged.held = [*_held_bars(told.bars, groups), *_held_actions(told.actions, payments)]
    return judged


def _is_mendable(each: Suspicion) -> bool:
    """Tell whether what is proposed is sure: a hundredth, or a hundred times."""
    near_hundred = abs(each.factor - 100.0) < 1e-6 or abs(each.factor - 0.01) < 1e-9
    return each.proposed is not None and near_hundred and each.kind in {"hundred_times", "unit_flip"}


def _mended(bar: Bar, each: Suspicion | None) -> Bar:
    """Multiply the cells that are meant, and say so."""
    if each is None:
        return bar
    factor = Decimal(100) if each.factor > 1.0 else Decimal("0.01")
    cells = {name: value * factor for name in each.fields if (value := getattr(bar, name)) is not None}
    return replace(bar, **cells, mark=f"{'+'.join(cells)} x {factor}")


Groups = dict[tuple[str, str], tuple[Suspicion, list[date]]]


def _groups(wrong: Sequence[Suspicion], days: Sequence[date]) -> Groups:
    """Put suspicions of one kind together, with the days that are held back for them."""
    groups: Groups = {}
    for each in wrong:
        if each.kind == "unrecorded_split":
            day = each.date.date()
            later = [one for one in days if one >= day]
            groups[each.kind, day.isoformat()] = (each, later if len(later) <= NEWEST else [])
        else:
            groups.setdefault((each.kind, ""), (each, []))[1].append(each.date.date())
    return groups


def _held_bars(bars: Sequence[Bar], groups: Groups) -> list[Held]:
    found = []
    for (kind, _), (first, days) in groups.items():
        mine = set(days)
        more = f", and {len(days) - 1} more days" if len(days) > 1 else ""
        found.append(Held(kind, f"{first.reason}{more}", first.date.date(), tuple(bar for bar in bars if bar.date in mine)))
    return found


def _held_actions(actions: Sequence[CorporateAction], payments: Mapping[date, Suspicion]) -> list[Held]:
    return [Held(each.kind, each.reason, day, actions=tuple(one for one in actions if one.date == day and one.kind in PAYMENTS),
                 proposed={} if each.proposed is None else {day.isoformat(): each.proposed}) for day, each in payments.items()]


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def told_bar(bar: Bar) -> dict[str, Any]:
    """Give a bar as a finding keeps it."""
    named = {name: getattr(bar, name) for name in (*CELLS, "volume", "adjusted_close")}
    return {"date": bar.date.isoformat(), **{name: str(value) for name, value in named.items() if value is not None}, "source": bar.source}


def kept_bar(told: Mapping[str, Any], mark: str | None = None) -> Bar:
    """Read a bar that a finding keeps."""
    cells: dict[str, Any] = {name: Decimal(told[name]) for name in (*CELLS, "volume", "adjusted_close") if name in told}
    return Bar(date=date.fromisoformat(told["date"]), source=told["source"], mark=mark, **cells)


def told_action(action: CorporateAction) -> dict[str, Any]:
    """Give an action as a finding keeps it."""
    numbers = {name: str(value) for name in ("ratio", "amount") if (value := getattr(action, name)) is not None}
    return {"date": action.date.isoformat(), "kind": action.kind, **numbers, "currency": action.currency, "source": action.source}


def kept_action(told: Mapping[str, Any]) -> CorporateAction:
    """Read an action that a finding keeps."""
    numbers = {name: Decimal(told[name]) for name in ("ratio", "amount") if told.get(name)}
    return CorporateAction(date.fromisoformat(told["date"]), told["kind"], currency=told.get("currency"), source=told["source"], **numbers)
