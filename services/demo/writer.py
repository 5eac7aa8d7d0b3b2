"""A ledger while it is written, at the prices and rates of the day.

Amounts are exact cents: a price is the day's close rounded to cents (early closes carry three decimals), a quantity is a round
number of shares, and what a conversion yields is rounded to cents as a bank does. Nothing is sold that is not held and nothing
is spent that is not there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from data.ids import uuid7
from engine.types import Kind, Transaction
from services.demo.plans import Listing, Plan

CENT: Final = Decimal("0.01")
DOLLAR: Final = "USD"
INTEREST_A_QUARTER: Final = Decimal("0.0025")
CONVERSION_FEE: Final = Decimal("5.00")
NOTHING: Final = Decimal(0)


@dataclass(frozen=True)
class Market:
    """Prices and rates by date, for the ledgers.

    Attributes
    ----------
    closes : symbol -> date -> close in cents
    rates : pair such as EURUSD -> date -> rate
    real_until : last date of real closes
    """

    closes: Mapping[str, Mapping[date, Decimal]]
    rates: Mapping[str, Mapping[date, Decimal]]
    real_until: date

    def days(self, start: date, end: date) -> list[date]:
        """Dates on which both shares and currencies have a price."""
        both = next(iter(self.closes.values())).keys() & next(iter(self.rates.values())).keys()
        return sorted(day for day in both if start <= day <= end)

    def rate(self, currency: str, to_currency: str, day: date) -> Decimal:
        """Units of one currency for one of another, across the euro."""
        return self._of_euro(to_currency, day) / self._of_euro(currency, day)

    def _of_euro(self, currency: str, day: date) -> Decimal:
        return Decimal(1) if currency == "EUR" else self.rates[f"EUR{currency}"][day]


class Writer:
    """A ledger while it is written: what has been recorded, what is held, what is there in cash."""

    def __init__(self, plan: Plan, portfolio_id: UUID, market: Market) -> None:
        self.plan = plan
        self.market = market
        self.entries: list[Transaction] = []
        self.cash: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.held: defaultdict[str, int] = defaultdict(int)
        self._portfolio_id = portfolio_id

    def deposit(self, day: date, amount: int) -> None:
        """Pay money in."""
        self._cash_entry(day, Kind.DEPOSIT, Decimal(amount), self.plan.base_currency, sign=1)

    def withdraw(self, day: date, amount: int) -> None:
        """Take money out."""
        self._cash_entry(day, Kind.WITHDRAWAL, Decimal(amount), self.plan.base_currency, sign=-1)

    def charge(self, day: date, amount: Decimal, note: str) -> None:
        """Pay a fee that belongs to no trade."""
        self._cash_entry(day, Kind.FEE, amount, self.plan.base_currency, sign=-1, note=note)

    def interest(self, day: date, currency: str) -> None:
        """Take interest on the cash of a currency."""
        amount = cents(self.cash[currency] * INTEREST_A_QUARTER)
        if amount >= 1:
            self._cash_entry(day, Kind.INTEREST, amount, currency, sign=1, note="Illustrative: 1 % a year")

    def convert(self, day: date, amount: Decimal, currency: str, to_currency: str) -> None:
        """Change money at the reference rate of the day."""
        given = cents(amount * self.market.rate(currency, to_currency, day))
        self.cash[currency] -= amount + CONVERSION_FEE
        self.cash[to_currency] += given
        note = f"ECB reference rate of the day: 1 {currency} = {self.market.rate(currency, to_currency, day):.5f} {to_currency}"
        self._add(day, Kind.FX_CONVERSION, amount=amount, currency=currency, to_amount=given, to_currency=to_currency, fee=CONVERSION_FEE, note=note)

    def buy(self, day: date, symbol: str, quantity: int) -> None:
        """Buy at the day's close."""
        self._trade(day, Kind.BUY, symbol, quantity, sign=1)

    def sell(self, day: date, symbol: str, quantity: int) -> None:
        """Sell at the day's close, beyond what is held if told so."""
        self._trade(day, Kind.SELL, symbol, quantity, sign=-1)

    def dividend(self, day: date, listing: Listing) -> None:
        """Take a quarter of the illustrative yearly yield on what is held."""
        each = cents(self.market.closes[listing.symbol][day] * listing.dividend_yield / 4)
        held = self.held.get(listing.symbol, 0)
        if held <= 0 or not each:
            return
        amount = held * each
        tax = cents(amount * self.plan.withholding)
        self.cash[DOLLAR] += amount - tax
        note = f"Illustrative: {each} a share on {held}"
        self._add(day, Kind.DIVIDEND, symbol=listing.symbol, amount=amount, currency=DOLLAR, tax=tax, note=note)

    def worth(self, symbol: str, day: date) -> Decimal:
        """Value of what is held, in US dollars."""
        return self.held.get(symbol, 0) * self.market.closes[symbol][day]

    def invested(self, day: date) -> Decimal:
        """Value of all that is held, in US dollars."""
        return sum((self.worth(symbol, day) for symbol in self.held), NOTHING)

    def total(self, day: date) -> Decimal:
        """Value with all cash, in US dollars."""
        cash = (amount * self.market.rate(currency, DOLLAR, day) for currency, amount in self.cash.items())
        return self.invested(day) + sum(cash, NOTHING)

    def _trade(self, day: date, kind: Kind, symbol: str, quantity: int, *, sign: int) -> None:
        price = self.market.closes[symbol][day]
        self.cash[DOLLAR] -= sign * quantity * price + self.plan.commission
        self.held[symbol] += sign * quantity
        self._add(day, kind, symbol=symbol, quantity=Decimal(quantity), price=price, currency=DOLLAR, fee=self.plan.commission,
                  note="At a simulated price" if day > self.market.real_until else None)

    def _cash_entry(self, day: date, kind: Kind, amount: Decimal, currency: str, *, sign: int, note: str | None = None) -> None:
        self.cash[currency] += sign * amount
        self._add(day, kind, amount=amount, currency=currency, note=note)

    def _add(self, day: date, kind: Kind, **fields: Any) -> None:  # noqa: ANN401  # any field of a transaction
        self.entries.append(Transaction(uuid7(), self._portfolio_id, day, kind, **fields))


def cents(amount: Decimal) -> Decimal:
    """Round to cents, half up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
