"""Rows of Alpha Vantage as bars and actions of the house: as traded, in the currency of the unit they are told in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

from data.providers import alphavantage_answers as answers
from data.providers.alphavantage_answers import Row
from data.providers.numbers import EARLIEST, count, price
from data.providers.parts import sound
from data.providers.units import in_currency
from engine.types import Bar, CorporateAction

LEAP: Final = Decimal("1.3")  # from one close to the next: a split may lie between


def bars(told: Sequence[Row], unit: str, running: date) -> list[Bar]:
    """Read daily rows; a row without a close is none, and a day that still runs has none."""
    found = ((answers.day(row["stamp"]), row, price(row.get("close"), texts=True)) for row in told)
    return [_bar(day, row, close, unit) for day, row, close in found if close is not None and EARLIEST.date() <= day < running]


def _bar(day: date, row: Row, close: Decimal, unit: str) -> Bar:
    first, high, low, adjusted = (_money(row.get(name), unit) for name in ("open", "high", "low", "adjusted close"))
    return sound(Bar(day, in_currency(close, unit)[0], first, high, low, count(row.get("volume"), texts=True), adjusted, answers.NAME))


def _money(told: str | None, unit: str) -> Decimal | None:
    found = price(told, texts=True)
    return None if found is None else in_currency(found, unit)[0]


def actions(told: Sequence[Row], unit: str) -> list[CorporateAction]:
    """Read the dividends and splits of adjusted rows."""
    found: list[CorporateAction] = []
    for row in told:
        at, ratio, paid = answers.day(row["stamp"]), price(row.get("split coefficient"), texts=True), price(row.get("dividend amount"), texts=True)
        if paid is not None:
            amount, currency = in_currency(paid, unit)
            found.append(CorporateAction(at, "dividend", amount=amount, currency=currency, source=answers.NAME))
        if ratio is not None and ratio != 1:  # rows are as traded: no price hangs on it
            found.append(CorporateAction(at, "split", ratio=ratio, source=answers.NAME))
    return found


def payments(told: Iterable[Row], unit: str) -> list[CorporateAction]:
    """Read the list of dividends; those that are announced without an amount are none yet."""
    found = ((_date(row.get("ex dividend date")), _money(row.get("amount"), unit)) for row in told)
    currency = in_currency(Decimal(1), unit)[1]
    return [CorporateAction(at, "dividend", amount=paid, currency=currency, source=answers.NAME) for at, paid in found if at and paid is not None]


def splits(told: Iterable[Row]) -> list[CorporateAction]:
    """Read the list of splits."""
    found = ((_date(row.get("effective date")), price(row.get("split factor"), texts=True)) for row in told)
    return [CorporateAction(at, "split", ratio=ratio, source=answers.NAME) for at, ratio in found if at and ratio not in {None, Decimal(1)}]


def leaps(told: Sequence[Bar]) -> bool:
    """Whether a close is so far from the one before that a split may lie between them."""
    return any(not 1 / LEAP < after.close / before.close < LEAP for before, after in pairwise(told))


def _date(told: str | None) -> date | None:
    """Read a date, of which the list may hold none."""
    return None if told in {None, "", "None", "0000-00-00"} else answers.day(told or "")
