"""What the ledger machine plays with: a small market, portfolios as the model keeps them, and how a book is compared with the model's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from engine import Book
from engine.types import Transaction
from tests.services.ledger_model import ZERO, World

START = date(2024, 1, 2)
CURRENCY = {"AAA": "USD", "BBB": "USD", "NEW": "USD", "OPT": "USD", "EEE": "EUR", "FFF": "EUR"}
TARGET = {"AAA": "NEW", "BBB": "NEW", "NEW": "BBB", "EEE": "FFF", "FFF": "EEE"}
MULTIPLIERS = {"OPT": Decimal(100)}
RATES = {date(2024, 1, 1): Decimal("1.10"), date(2024, 1, 9): Decimal("1.12"), date(2024, 2, 1): Decimal("1.05"), date(2024, 3, 1): Decimal("1.20")}
CLOSES = {  # each has days of its own: what makes a day of a return must not depend on what is bought later
    "AAA": {"2024-01-02": 40, "2024-02-01": 50}, "BBB": {"2024-01-02": 40, "2024-01-19": 44, "2024-02-01": 50}, "NEW": {"2024-01-05": 30},
    "OPT": {"2024-01-02": 2, "2024-02-10": 3}, "EEE": {"2024-01-02": 40, "2024-01-30": 38, "2024-02-20": 50}, "FFF": {"2024-01-26": 20},
}
COLUMNS = ("date", "kind", "symbol", "quantity", "price", "amount", "currency", "fee", "tax", "account", "external_id")
SENT = {*COLUMNS, "id", "ratio", "to_symbol", "to_currency", "to_amount", "fx_rate"}


def rate_of(base: str, currency: str, day: date) -> Decimal:
    """Give base units for one of a currency."""
    dollars = RATES[max(known for known in RATES if known <= day)]
    worth = {"USD": Decimal(1), "EUR": dollars}
    return worth[currency] / worth[base]


@dataclass
class Row:
    """A transaction as the model keeps it: every version's fact, None where it is voided, and its place in the order of booking."""

    versions: list[dict[str, Any] | None]
    run: UUID | None = None
    place: int = 0

    @property
    def now(self) -> dict[str, Any] | None:
        return self.versions[-1]

    @property
    def content(self) -> dict[str, Any]:
        return next(each for each in reversed(self.versions) if each)

    def then(self, fact: dict[str, Any] | None) -> Row:
        return Row([*self.versions, fact], self.run, self.place)


@dataclass
class Place:
    """A portfolio: its rows by id, and what was seen of its ledger."""

    id: UUID
    method: str
    base: str
    oversell: str = "short"
    negative_cash: str = "allow"
    rows: dict[str, Row] = field(default_factory=dict)
    seen: dict[tuple[UUID, int], Transaction] = field(default_factory=dict)

    @property
    def is_strict(self) -> bool:
        return (self.oversell, self.negative_cash) != ("short", "allow")

    @property
    def facts(self) -> list[dict[str, Any]]:
        rows = sorted((row for row in self.rows.values() if row.now), key=lambda row: (row.content["day"], row.place))
        return [row.content for row in rows]

    @property
    def written(self) -> int:
        return sum(len(row.versions) for row in self.rows.values())

    def world(self, base: str | None = None, method: str | None = None) -> World:
        """Book everything, in another currency or by another method where that is asked."""
        wanted = base or self.base
        facts = self.facts
        if wanted != self.base:
            facts = [self._told_in(wanted, fact) for fact in facts]
        return World(wanted, method or self.method, partial(rate_of, wanted), MULTIPLIERS).run(facts)

    def breaks(self) -> bool:
        """Tell whether the ledger does what the portfolio refuses."""
        world = self.world()
        least = Decimal("-1e-9")
        return (self.oversell == "error" and world.oversold < least) or (self.negative_cash == "refuse" and world.overdrawn < least)

    def _told_in(self, wanted: str, fact: dict[str, Any]) -> dict[str, Any]:
        """Turn rates of its own to another currency: a transaction's by its day, those of lots that came by theirs."""
        told, currency = dict(fact), fact["currency"]
        if told.get("fx_rate"):
            told["fx_rate"] = told["fx_rate"] * rate_of(wanted, self.base, fact["day"]) if currency != wanted else Decimal(1)
        if told.get("brought"):
            is_own = currency == self.base  # such lots name no rate: the transfer's is taken
            days = [fact["day"] if is_own else lot.opened for lot in fact["brought"]]
            told["brought"] = [replace(lot, base=lot.local if currency == wanted else lot.base * rate_of(wanted, self.base, day))
                               for lot, day in zip(fact["brought"], days, strict=True)]
        return told


def draft_of(fact: Mapping[str, Any]) -> dict[str, Any]:
    """Write a fact as a program sends it."""
    told = {name: str(value) for name, value in fact.items() if name in SENT and value is not None}
    lots = {"lots": [{"id": origin, "quantity": str(quantity)} for origin, quantity in fact["lots"]]} if fact.get("lots") else {}
    return {**told, **lots, "date": fact["day"].isoformat()}


def near(wanted: Decimal) -> Any:
    return pytest.approx(float(wanted), rel=1e-9, abs=1e-7)


def figures_of_world(world: World) -> dict[str, Any]:
    held = {symbol: [lot for key, lots in world.lots.items() if key[0] == symbol for lot in lots] for symbol in CURRENCY}
    return {
        "quantity": {symbol: sum((lot.units for lot in lots), ZERO) for symbol, lots in held.items()},
        "cost_base": {symbol: sum((lot.base for lot in lots), ZERO) for symbol, lots in held.items()},
        "cost_local": {symbol: sum((lot.local for lot in lots), ZERO) for symbol, lots in held.items()},
        "realised": {symbol: world.realised[symbol] for symbol in CURRENCY},
        "balance": dict(world.cash), "income": world.income, "fees": world.fees, "taxes": world.taxes, "flows": world.flows,
        "book_of_cash": world.book_of_cash,
    }


def agree(book: Book, wanted: Mapping[str, Any]) -> None:
    """Compare a book with the model's figures."""
    positions, cash = book.positions, book.cash
    for name in ("quantity", "cost_base", "cost_local", "realised"):
        found = positions[name].to_dict()
        for symbol, number in wanted[name].items():
            assert float(found.get(symbol, 0.0)) == near(number), (name, symbol)
    balances = cash["balance"].to_dict()
    for currency in {*balances, *wanted["balance"]}:
        assert float(balances.get(currency, 0.0)) == near(wanted["balance"].get(currency, ZERO)), ("cash", currency)
    sums = {name: positions[name].sum() + cash[name].sum() for name in ("income", "fees", "taxes")}
    sums |= {"flows": book.flows["amount_base"].sum(), "book_of_cash": cash["cost_base"].sum()}
    for name, number in sums.items():
        assert float(number) == near(wanted[name]), name


def balances(book: Book) -> None:
    """Compare the frames of a book with each other: lots and moves add up to positions, legs to cash, both sides of the books to zero."""
    positions, cash, effects = book.positions, book.cash, book.effects
    lots = book.lots.groupby("symbol")["quantity"].sum().to_dict()
    moved = effects.groupby("symbol")["quantity_delta"].sum().to_dict()
    for symbol, quantity in positions["quantity"].to_dict().items():
        wanted = pytest.approx(quantity, rel=1e-9, abs=1e-9)
        assert (lots.get(symbol, 0.0), moved.get(symbol, 0.0)) == (wanted, wanted), ("sum of lots, of moves", symbol)
    legs = effects.groupby("cash_currency")["cash_delta_local"].sum().to_dict()
    for currency, balance in cash["balance"].to_dict().items():
        assert legs.get(currency, 0.0) == pytest.approx(balance, rel=1e-9, abs=1e-7), ("sum of legs", currency)
    for of_effect, of_positions, of_cash in (("income", "income", "income"), ("fee", "fees_paid", "fees"), ("tax", "taxes_paid", "taxes")):
        assert effects[of_effect].sum() == pytest.approx(positions[of_positions].sum() + cash[of_cash].sum(), rel=1e-9, abs=1e-7), of_effect
    assert effects["flow_base"].sum() == pytest.approx(book.flows["amount_base"].sum(), rel=1e-9, abs=1e-7), "flows"
    left = cash["cost_base"].sum() + positions["cost_base"].sum()
    income, fees, taxes = (positions[name].sum() + cash[name].sum() for name in ("income", "fees", "taxes"))
    right = book.flows["amount_base"].sum() + positions["realised"].sum() + income - fees - taxes
    assert left == pytest.approx(right, rel=1e-9, abs=1e-6)
