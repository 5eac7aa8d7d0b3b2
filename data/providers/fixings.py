"""Exchange rates that a bank fixes once a day, as rates of pairs: direct, inverse, and crossed through the bank's own currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Final

from data.providers import cells
from data.records import Rate
from engine.errors import MalformedResponse

DIGITS: Final = Context(prec=12)
NO_FIXING: Final = frozenset({"", "-", ".", "nan", "n/a", "na", "null", "none", "nd", "n/d", "bd"})
PAIR: Final = 6


@dataclass(frozen=True, slots=True)
class Bank:
    """Who fixes rates.

    Attributes
    ----------
    name : str
        The provider's.
    own : str
        Its currency.
    foreign_per_own : bool
        Whether it says units of the foreign currency for one of its own (ECB, Bank of England) or the other way round.
    """

    name: str
    own: str
    foreign_per_own: bool


class Fixings:
    """What a bank fixed, by date and currency. A date or a currency that is not in it was not fixed: that is no rate, never a zero.

    Parameters
    ----------
    bank : Bank
    """

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.days: dict[date, dict[str, Decimal]] = {}

    def add(self, day: date | None, code: object, value: object) -> None:
        """Take one cell.

        Raises
        ------
        MalformedResponse
            It has no date or no currency, its value is neither a rate nor one of the ways to say that there is none, or the same cell
            came before with another value.
        """
        currency = cells.currency(code)
        if day is None or currency is None:
            raise MalformedResponse(self.bank.name, reason="a rate has no date or no currency")
        if value is None or (isinstance(value, str) and value.strip().lower() in NO_FIXING) or cells.number(value) == 0:
            return
        rate = cells.price(value)
        if rate is None:
            raise MalformedResponse(self.bank.name, reason=f"the rate of {currency} on {day} is not a number above 0")
        if self.days.setdefault(day, {}).setdefault(currency, rate) != rate:
            raise MalformedResponse(self.bank.name, reason=f"{currency} has two rates on {day}")

    def rate(self, pair: str, day: date) -> Decimal | None:
        """Give the units of a pair's second currency for one of its first; None where either was not fixed that day."""
        fixed: Mapping[str, Decimal] = {**self.days.get(day, {}), self.bank.own: Decimal(1)}
        first, second = fixed.get(pair[:3]), fixed.get(pair[3:])
        if first is None or second is None:
            return None
        found = DIGITS.divide(second, first) if self.bank.foreign_per_own else DIGITS.divide(first, second)
        return found if cells.price(found) else None

    def of_pairs(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Give the rates of pairs from `start` to `end`, by date; a pair that the bank does not fix has none."""
        days = [day for day in sorted(self.days) if start <= day <= end]
        return {pair: list(self._rates(pair, days)) for pair in pairs}

    def _rates(self, pair: str, days: Iterable[date]) -> Iterable[Rate]:
        for day in days:
            if len(pair) == PAIR and pair[:3] != pair[3:] and (rate := self.rate(pair, day)) is not None:
                yield Rate(day, rate, self.bank.name)
