"""A portfolio in exact decimals, written from docs/transactions.md alone: lists of lots, one small function a kind, nothing of the engine.

`World.run` books facts (mappings as a program would send them, with `id`, `day` and Decimals) in their order. What the documents do not
settle raises `Unsaid`, and the machine leaves it alone: corporate actions on shorts, and transfers or adjustments of what is not there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from itertools import groupby
from math import floor
from typing import Any

ZERO = Decimal(0)
TINY = Decimal("1e-12")
Fact = Mapping[str, Any]
Key = tuple[str, str | None]


class Unsaid(Exception):  # noqa: N818  # no error: a place where no document says what is right
    """No document says what should happen."""


@dataclass
class Lot:
    """A part of a holding; units and both costs are negative for a short."""

    units: Decimal
    local: Decimal
    base: Decimal
    opened: date
    origin: str

    def share(self, part: Decimal) -> Lot:
        return replace(self, units=self.units * part, local=self.local * part, base=self.base * part)


def cost_a_unit(lot: Lot) -> Decimal:
    return Decimal(f"{lot.base / lot.units:.12g}")


class World:
    """What is true after some facts."""

    def __init__(self, base: str, method: str, rate: Callable[[str, date], Decimal], multipliers: Mapping[str, Decimal]) -> None:
        self.base, self.method, self.rate, self.multipliers = base, method, rate, multipliers
        self.lots: dict[Key, list[Lot]] = defaultdict(list)
        self.on_the_way: dict[str, list[Lot]] = {}
        self.cash: dict[str, Decimal] = defaultdict(Decimal)
        self.realised: dict[str, Decimal] = defaultdict(Decimal)
        self.income = self.fees = self.taxes = self.flows = self.book_of_cash = ZERO
        self.oversold, self.overdrawn = ZERO, ZERO  # the most that a disposal took below nothing, and that a day ended below nothing

    def run(self, facts: Iterable[Fact]) -> World:
        with localcontext() as context:
            context.prec = 50
            for _, of_day in groupby(facts, key=lambda fact: fact["day"]):
                for fact in of_day:
                    self.one(fact)
                self.overdrawn = min([self.overdrawn, *self.cash.values()])
        return self

    def held(self, symbol: str) -> Decimal:
        return sum((lot.units for key, lots in self.lots.items() if key[0] == symbol for lot in lots), ZERO)

    def one(self, fact: Fact) -> None:
        kind, currency, fee, tax = fact["kind"], fact.get("currency", self.base), fact.get("fee", ZERO), fact.get("tax", ZERO)
        rate = fact.get("fx_rate") or self.rate(currency, fact["day"])
        amount = fact.get("amount", ZERO)
        if "price" in fact:
            amount = fact["quantity"] * fact["price"] * self.multipliers.get(fact["symbol"], Decimal(1))
        self.pay(currency, -fee - tax, (-fee - tax) * rate)
        if kind in {"BUY", "SELL"}:
            way = 1 if kind == "BUY" else -1
            self.pay(currency, -way * amount, -way * amount * rate)
            money = amount + way * (fee + tax)
            self.trade((fact["symbol"], fact.get("account")), way * fact["quantity"], money, money * rate, fact)
            self.oversold = min(self.oversold, self.held(fact["symbol"])) if kind == "SELL" else self.oversold
            return
        self.fees, self.taxes = self.fees + fee * rate, self.taxes + tax * rate
        if kind in {"TRANSFER_IN", "TRANSFER_OUT"} and fact.get("symbol"):
            getattr(self, kind.lower())(fact)
            return
        if kind == "ADJUSTMENT" and fact.get("symbol"):
            self.adjust(fact, amount, rate)
            return
        getattr(self, kind.lower())(fact, currency, amount, rate)

    def pay(self, currency: str, local: Decimal, base: Decimal) -> None:
        self.cash[currency] += local
        self.book_of_cash += base

    # ------------------------------------------------------------------------------------------------------------------------- money

    def deposit(self, fact: Fact, currency: str, amount: Decimal, rate: Decimal) -> None:
        way = -1 if fact["kind"] in {"WITHDRAWAL", "TRANSFER_OUT"} else 1
        self.pay(currency, way * amount, way * amount * rate)
        self.flows += way * amount * rate

    withdrawal = adjustment = deposit

    def dividend(self, _: Fact, currency: str, amount: Decimal, rate: Decimal) -> None:
        self.pay(currency, amount, amount * rate)
        self.income += amount * rate

    interest = dividend

    def fee(self, _: Fact, currency: str, amount: Decimal, rate: Decimal) -> None:
        self.pay(currency, -amount, -amount * rate)
        self.fees += amount * rate

    def tax(self, _: Fact, currency: str, amount: Decimal, rate: Decimal) -> None:
        self.pay(currency, -amount, -amount * rate)
        self.taxes += amount * rate

    def fx_conversion(self, fact: Fact, currency: str, amount: Decimal, _: Decimal) -> None:
        self.pay(currency, -amount, ZERO)  # the value stays: both legs are worth the same
        self.pay(fact["to_currency"], fact["to_amount"], ZERO)

    # ------------------------------------------------------------------------------------------------------------------------ holdings

    def trade(self, key: Key, units: Decimal, local: Decimal, base: Decimal, fact: Fact) -> None:
        """Close what is held the other way, then open; `local` and `base` are the whole money, never negative."""
        left = units
        for origin, quantity in fact.get("lots", ()) if self.method == "specific" else ():
            wanted = min(quantity, abs(left))
            while wanted > TINY and any(lot.origin == origin and lot.units * left < 0 for lot in self.lots[key]):
                part = self.close(key, wanted, units, base, origin)
                wanted, left = wanted - abs(part.units), left + part.units
        while abs(left) > TINY and self.lots[key] and self.lots[key][0].units * left < 0:
            left += self.close(key, abs(left), units, base).units
        if abs(left) > TINY:
            share = left / abs(units)
            self.put(key, Lot(left, local * share, base * share, fact["day"], fact["id"]))

    def close(self, key: Key, wanted: Decimal, units: Decimal, base: Decimal, origin: str | None = None) -> Lot:
        part = self.take(key, wanted, origin)
        share = abs(part.units / units)
        self.realised[key[0]] += base * share - part.base if part.units > 0 else -part.base - base * share
        return part

    def put(self, key: Key, lot: Lot) -> None:
        """Add a lot behind those of its day and before; the average method knows one lot only."""
        held = self.lots[key]
        if held and held[0].units * lot.units < 0:
            raise Unsaid
        if self.method == "average" and held:
            one = held[0]
            held[0] = Lot(one.units + lot.units, one.local + lot.local, one.base + lot.base, min(one.opened, lot.opened), one.origin)
            return
        held.append(lot)
        held.sort(key=lambda each: each.opened)

    def take(self, key: Key, wanted: Decimal, origin: str | None = None) -> Lot:
        """Take the lot that the method takes first (or one of an origin), or as much of it as is wanted."""
        held = self.lots[key]
        there = [lot for lot in held if origin is None or lot.origin == origin]
        if not there:
            raise Unsaid
        firsts = {"lifo": lambda: there[-1], "hifo": lambda: max(there, key=cost_a_unit), "lofo": lambda: min(there, key=cost_a_unit)}
        first = firsts.get(self.method, lambda: there[0])()
        if abs(first.units) <= wanted + TINY:
            held[:] = [lot for lot in held if lot is not first]
            return first
        part = first.share(wanted / abs(first.units))
        first.units, first.local, first.base = first.units - part.units, first.local - part.local, first.base - part.base
        return part

    def all_of(self, symbol: str) -> list[tuple[Key, Lot]]:
        """Give every lot of a long holding, whatever the account."""
        found = [(key, lot) for key, lots in self.lots.items() if key[0] == symbol for lot in lots]
        if not found or any(lot.units < 0 for _, lot in found):
            raise Unsaid
        return found

    def repay(self, symbol: str, lots: list[Lot], amount: Decimal, rate: Decimal) -> None:
        """Take cash off the cost, evenly a unit; what exceeds the cost of a lot is realised."""
        total = sum(lot.units for lot in lots)
        for lot in lots:
            local, base = amount * lot.units / total, amount * rate * lot.units / total
            self.realised[symbol] += max(base - lot.base, ZERO)
            lot.local, lot.base = max(lot.local - local, ZERO), max(lot.base - base, ZERO)

    def transfer_out(self, fact: Fact, *cash: Any) -> None:
        if cash:
            self.deposit(fact, *cash)
            return
        key, gone = (fact["symbol"], fact.get("account")), []
        if sum((lot.units for lot in self.lots[key]), ZERO) < fact["quantity"] - TINY:
            raise Unsaid
        for origin, quantity in fact["named"] or [(None, fact["quantity"])]:
            left = quantity
            while left > TINY:
                gone.append(self.take(key, left, origin))
                left -= gone[-1].units
        self.flows -= sum(lot.base for lot in gone)
        self.on_the_way[fact["transfer"]] = gone

    def transfer_in(self, fact: Fact, *cash: Any) -> None:
        if cash:
            self.deposit(fact, *cash)
            return
        if not fact["brought"] and fact["transfer"] not in self.on_the_way:
            raise Unsaid
        lots = [replace(lot, origin=fact["id"]) for lot in fact["brought"]] if fact["brought"] else self.on_the_way.pop(fact["transfer"])
        for lot in lots:
            self.put((fact["symbol"], fact.get("account")), lot)
        self.flows += sum(lot.base for lot in lots)

    def adjust(self, fact: Fact, amount: Decimal, rate: Decimal) -> None:
        """Add shares at a price or for nothing; take shares at a price, or at their cost."""
        key, units = (fact["symbol"], fact.get("account")), fact["quantity"]
        held = sum((lot.units for lot in self.lots[key]), ZERO)
        if held < 0 or held + units < -TINY:
            raise Unsaid
        if units > 0 or "price" in fact:
            self.flows += amount * rate
            self.trade(key, units, abs(amount), abs(amount) * rate, {**fact, "lots": ()})
            return
        left = -units
        while left > TINY:
            gone = self.take(key, left)
            self.flows, left = self.flows - gone.base, left - gone.units

    # ------------------------------------------------------------------------------------------------------------------ company actions

    def split(self, fact: Fact, currency: str, amount: Decimal, rate: Decimal) -> None:
        lots = self.all_of(fact["symbol"])
        for _, lot in lots:
            lot.units *= fact["ratio"]
        if not amount:
            return
        held = sum(lot.units for _, lot in lots)
        if len({key for key, _ in lots}) > 1 or held - floor(held + TINY) < TINY:
            raise Unsaid
        self.pay(currency, amount, amount * rate)
        self.trade(lots[0][0], floor(held + TINY) - held, amount, amount * rate, fact)

    def stock_dividend(self, fact: Fact, *_: Any) -> None:
        lots = self.all_of(fact["symbol"])
        held = sum(lot.units for _, lot in lots)
        for key in dict.fromkeys(key for key, _ in lots):
            units = fact["quantity"] * sum(lot.units for where, lot in lots if where == key) / held
            self.put(key, Lot(units, ZERO, ZERO, fact["day"], fact["id"]))

    def return_of_capital(self, fact: Fact, currency: str, amount: Decimal, rate: Decimal) -> None:
        self.pay(currency, amount, amount * rate)
        self.repay(fact["symbol"], [lot for _, lot in self.all_of(fact["symbol"])], amount, rate)

    def spin_off(self, fact: Fact, currency: str, amount: Decimal, rate: Decimal) -> None:
        lots, ratio = self.all_of(fact["symbol"]), fact["ratio"]
        held = sum(lot.units for _, lot in lots)
        born = [(key, replace(lot.share(ratio), units=fact["quantity"] * lot.units / held)) for key, lot in lots]
        for _, lot in lots:
            lot.local, lot.base = lot.local * (1 - ratio), lot.base * (1 - ratio)
        self.pay(currency, amount, amount * rate)
        self.repay(fact["to_symbol"], [lot for _, lot in born], amount, rate)
        for (_, account), lot in born:
            self.put((fact["to_symbol"], account), lot)

    def merger(self, fact: Fact, currency: str, amount: Decimal, rate: Decimal) -> None:
        lots = self.all_of(fact["symbol"])
        self.pay(currency, amount, amount * rate)
        if not fact.get("to_symbol"):
            self.realised[fact["symbol"]] += amount * rate - sum(lot.base for _, lot in lots)
        elif amount:
            self.repay(fact["symbol"], [lot for _, lot in lots], amount, rate)
        for key, _ in lots:
            self.lots[key] = []
        for (_, account), lot in lots if fact.get("to_symbol") else []:
            self.put((fact["to_symbol"], account), replace(lot, units=lot.units * fact["ratio"]))
