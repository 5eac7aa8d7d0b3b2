"""Which acquisition a disposal is matched with before any pool: those of its own day, then those of the thirty days after it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from engine.section104_entries import DUST, NOTHING, Amounts, Day, Entry

THIRTY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Match:
    """Units of a day's disposals matched with a day's acquisitions, by the rule that did it."""

    disposal: Day
    acquisition: Day
    units: float
    rule: str


def days_of(entries: Iterable[Entry]) -> list[Day]:
    """Gather acquisitions and disposals by share and day, in the order of the ledger."""
    found: dict[tuple[str, int, bool], Day] = {}
    for entry in entries:
        if entry.trades and entry.units:
            acquires = entry.role == "buy"
            key = (entry.symbol, entry.day, acquires)
            if key not in found:
                found[key] = Day(entry.symbol, entry.day, entry.date, acquires)
            found[key].rows.append(entry)
    for day in found.values():
        day.units = day.left = sum(entry.units for entry in day.rows)
        day.amounts = reduce(Amounts.plus, (entry.amounts for entry in day.rows), NOTHING)
    return list(found.values())


def matches_of(days: Sequence[Day]) -> list[Match]:
    """Match disposals with acquisitions, which both lose from `left` what was matched.

    Every day's own acquisitions are matched before any disposal looks ahead: the same-day rule comes first for later disposals too. Then
    disposals look ahead in their order, each at the earliest acquisition first.
    """
    acquired: dict[str, list[Day]] = {}
    for day in days:
        if day.acquires:
            acquired.setdefault(day.symbol, []).append(day)
    disposals = [day for day in days if not day.acquires]
    same = [match for day in disposals for match in _with(day, _own(day, acquired.get(day.symbol, [])), "same_day")]
    return same + [match for day in disposals for match in _with(day, _ahead(day, acquired.get(day.symbol, [])), "thirty_day")]


def _ahead(day: Day, acquired: Sequence[Day]) -> Sequence[Day]:
    first = bisect_right(acquired, day.day, key=_day_of)
    return acquired[first : bisect_right(acquired, day.day + THIRTY_DAYS, lo=first, key=_day_of)]


def _own(day: Day, acquired: Sequence[Day]) -> Sequence[Day]:
    first = bisect_left(acquired, day.day, key=_day_of)
    return acquired[first : bisect_right(acquired, day.day, lo=first, key=_day_of)]


def _day_of(day: Day) -> int:
    return day.day


def _with(disposal: Day, acquisitions: Iterable[Day], rule: str) -> Iterator[Match]:
    for acquisition in acquisitions:
        units = min(disposal.left, acquisition.left)
        if disposal.left <= DUST * disposal.units:
            return
        if units > DUST * acquisition.units:
            disposal.left -= units
            acquisition.left -= units
            yield Match(disposal, acquisition, units, rule)
