"""An independent ledger in exact decimals, written another way than the engine: slow, obvious, without numpy.

A holding is a list of unit-cost slices; every transaction is a small function of dictionaries. `World` is what is true afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, localcontext
from typing import Any

ZERO = Decimal(0)
ORDER = {
    "fifo": lambda _: 0,
    "lifo": lambda slices: len(slices) - 1,
    "hifo": lambda slices: max(range(len(slices)), key=lambda at: (abs(slices[at][2]), -at)),
    "lofo": lambda slices: min(range(len(slices)), key=lambda at: (abs(slices[at][2]), at)),
    "average": lambda _: 0,
}


class World:
    """Slices are [units, local cost a unit, base cost a unit]; a short has negative units and positive cost a unit."""

    def __init__(self, base: str, method: str, rate: Any, *, fees_in_cost: bool = True) -> None:
        self.base, self.method, self.rate, self.fees_in_cost = base, method, rate, fees_in_cost
        self.slices: dict[str, list[list[Decimal]]] = defaultdict(list)
        self.cash: dict[str, Decimal] = defaultdict(Decimal)
        self.sums: dict[str, Decimal] = defaultdict(Decimal)

    def run(self, ledger: list[dict[str, Any]]) -> World:
        with localcontext() as context:
            context.prec = 60
            for entry in ledger:
                self.one({name: Decimal(str(value)) if isinstance(value, int | float) else value for name, value in entry.items()})
        return self

    def one(self, entry: dict[str, Any]) -> None:
        kind, currency = entry["kind"], entry.get("currency", self.base)
        rate = self.rate(currency, entry["date"])
        fee, tax = entry.get("fee", ZERO), entry.get("tax", ZERO)
        units, amount = entry.get("quantity", ZERO), entry.get("amount", ZERO)
        gross = units * entry["price"] if "price" in entry else amount
        self.cash[currency] -= fee + tax
        self.sums["costs"] += (fee + tax) * rate
        symbol = entry.get("symbol")
        if kind in {"BUY", "SELL"}:
            way = 1 if kind == "BUY" else -1
            self.cash[currency] -= way * gross
            paid = gross + way * (fee + tax) if self.fees_in_cost else gross
            if self.fees_in_cost:
                self.sums["costs"] -= (fee + tax) * rate
            self.trade(symbol, way * units, paid / units, paid * rate / units)
        elif kind in {"DIVIDEND", "INTEREST"}:
            self.cash[currency] += amount
            self.sums["income"] += amount * rate
        elif kind in {"FEE", "TAX"}:
            self.cash[currency] -= amount
            self.sums["costs"] += amount * rate
        elif kind in {"TRANSFER_IN", "TRANSFER_OUT", "ADJUSTMENT"} and symbol:
            way = -1 if kind == "TRANSFER_OUT" else 1
            self.sums["flows"] += way * gross * rate
            if units:
                self.trade(symbol, way * units, gross / units, gross * rate / units)
        elif kind in {"DEPOSIT", "WITHDRAWAL", "TRANSFER_IN", "TRANSFER_OUT", "ADJUSTMENT"}:
            way = -1 if kind in {"WITHDRAWAL", "TRANSFER_OUT"} else 1
            self.cash[currency] += way * amount
            self.sums["flows"] += way * amount * rate
        elif kind == "FX_CONVERSION":
            self.cash[currency] -= amount
            self.cash[entry["to_currency"]] += entry["to_amount"]
        else:
            getattr(self, kind.lower())(entry, amount, rate)

    def trade(self, symbol: str, units: Decimal, local: Decimal, base: Decimal) -> None:
        held = self.slices[symbol]
        while units and held and held[0][0] * units < 0:
            at = ORDER[self.method](held)
            matched = min(abs(held[at][0]), abs(units)).copy_sign(held[at][0])
            self.sums["realised"] += matched * (base - held[at][2])
            self.sums["realised_local"] += matched * (local - held[at][1])
            held[at][0] -= matched
            units += matched
            if not held[at][0]:
                del held[at]
        if units:
            held.append([units, local, base])
        if self.method == "average" and len(held) > 1:
            total = sum(part[0] for part in held)
            held[:] = [[total, *(sum(part[0] * part[at] for part in held) / total for at in (1, 2))]]

    def split(self, entry: dict[str, Any], _: Decimal, __: Decimal) -> None:
        for part in self.slices[entry["symbol"]]:
            part[:] = [part[0] * entry["ratio"], part[1] / entry["ratio"], part[2] / entry["ratio"]]

    def stock_dividend(self, entry: dict[str, Any], _: Decimal, __: Decimal) -> None:
        held = self.slices[entry["symbol"]]
        self.trade(entry["symbol"], entry["quantity"].copy_sign(held[0][0] if held else 1), ZERO, ZERO)

    def return_of_capital(self, entry: dict[str, Any], amount: Decimal, rate: Decimal) -> None:
        self.cash[entry.get("currency", self.base)] += amount
        self.pay_back(entry["symbol"], amount, amount * rate)

    def pay_back(self, symbol: str, local: Decimal, base: Decimal) -> None:
        held = self.slices[symbol]
        total = sum(abs(part[0]) for part in held)
        if not held:
            self.sums["realised"] += base
            self.sums["realised_local"] += local
        for part in held:
            for at, name, each in ((1, "realised_local", local / total), (2, "realised", base / total)):
                less = min(each, part[at]) if part[0] > 0 else ZERO
                part[at] -= less
                self.sums[name] += (each - less) * abs(part[0])

    def spin_off(self, entry: dict[str, Any], amount: Decimal, _: Decimal) -> None:
        assert not amount
        held = self.slices[entry["symbol"]]
        total = sum(abs(part[0]) for part in held)
        each = entry["quantity"] / total if held else ZERO
        share = entry["ratio"] / each if held else ZERO
        born = [[part[0] * each, part[1] * share, part[2] * share] for part in held] or [[entry["quantity"], ZERO, ZERO]]
        for part in held:
            part[1:] = [part[1] * (1 - entry["ratio"]), part[2] * (1 - entry["ratio"])]
        for part in born:
            self.trade(entry["to_symbol"], *part)

    def merger(self, entry: dict[str, Any], amount: Decimal, rate: Decimal) -> None:
        self.cash[entry.get("currency", self.base)] += amount
        if amount:
            self.pay_back(entry["symbol"], amount, amount * rate)
        for units, local, base in self.slices.pop(entry["symbol"], []):
            self.trade(entry["to_symbol"], units * entry["ratio"], local / entry["ratio"], base / entry["ratio"])

    def quantity(self, symbol: str) -> Decimal:
        return sum((part[0] for part in self.slices[symbol]), ZERO)

    def cost(self, symbol: str, at: int = 2) -> Decimal:
        return sum((part[0] * part[at] for part in self.slices[symbol]), ZERO)
