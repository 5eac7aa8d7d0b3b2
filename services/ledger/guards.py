"""What a portfolio refuses of its ledger as a whole: shorts, and negative cash.

The rules are about the ledger that a write would leave, not about the row alone: a correction or a void can make a later sale oversold, a
back-dated purchase can overdraw a day long past. Only what a write makes worse is refused, so that a ledger that breaks a rule since before
the rule was set can still be mended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.database import Unit
from engine import Book, book
from engine.breaches import daily_balances, overdrafts, shortfalls
from engine.errors import NegativeCash, OversoldPosition
from engine.types import Actor, Portfolio
from services.writes import Told, ledger_changed

OVERSELL = ("short", "error")
NEGATIVE_CASH = ("allow", "refuse")
TOLERANCE = 1e-9  # of a quantity or an amount: what float sums may differ by

Rows = Mapping[str, int | None]  # id of a new transaction -> its row, where there are several


@dataclass(frozen=True, slots=True)
class Rules:
    """What a portfolio refuses."""

    oversell: str
    negative_cash: str

    @classmethod
    def of(cls, portfolio: Portfolio, oversell: str | None = None) -> Rules:
        """Give the portfolio's rules; a request can be stricter than they are, not laxer."""
        return cls("error" if "error" in {oversell, portfolio.oversell} else "short", portfolio.negative_cash)

    @property
    def strict(self) -> bool:
        """Whether anything is refused."""
        return self.oversell == "error" or self.negative_cash == "refuse"


@contextmanager
def rules_kept(unit: Unit, portfolio: Portfolio, oversell: str | None = None) -> Iterator[dict[str, int | None]]:
    """Do a write of a ledger within; what it would break is refused at the end. Put the rows of new transactions into what is given.

    Raises
    ------
    OversoldPosition, NegativeCash
        Naming the transaction, its row or date, what was held or owed that day, and what would make it acceptable.
    """
    rules, news = Rules.of(portfolio, oversell), dict[str, int | None]()
    before = stored_book(unit, portfolio) if rules.strict else None
    yield news
    if before is not None:
        refuse_breaches(before, stored_book(unit, portfolio), rules, news)


@contextmanager
def rules_kept_of(unit: Unit, actor: Actor, portfolios: Sequence[Portfolio], told: list[Told]) -> Iterator[dict[str, int | None]]:
    """Do a write of one or two ledgers within: each gets its next revision, in an order that no two writers wait for each other."""
    ordered = sorted(portfolios, key=lambda portfolio: portfolio.id)
    told.extend(ledger_changed(actor, portfolio.id, unit.portfolios.bump(portfolio.id)) for portfolio in ordered)
    news: dict[str, int | None] = {}
    with ExitStack() as stack:
        parts = [stack.enter_context(rules_kept(unit, portfolio)) for portfolio in ordered]
        yield news
        for part in parts:
            part.update(news)


def stored_book(unit: Unit, portfolio: Portfolio) -> Book:
    """Book the ledger as this database transaction sees it; only quantities and balances are asked of it, so no rate is needed."""
    ledger = unit.ledger.frame(portfolio.id)
    symbols = sorted({*ledger["symbol"].dropna(), *ledger["to_symbol"].dropna()})
    found = unit.instruments.by_symbols(portfolio.workspace_id, symbols)
    return book(ledger, base_currency=portfolio.base_currency, multipliers={symbol: float(each.multiplier) for symbol, each in found.items()},
                currencies={symbol: each.currency for symbol, each in found.items()})


def refuse_breaches(before: Book, after: Book, rules: Rules, news: Rows) -> None:
    """Refuse the first thing that a change made worse."""
    if rules.oversell == "error":
        _refuse_shorts(before, after, news)
    if rules.negative_cash == "refuse":
        _refuse_overdraft(before, after, news)


def _refuse_shorts(before: Book, after: Book, news: Rows) -> None:
    known = _missing_by_sale(shortfalls(before))
    for sale in _records(shortfalls(after)):
        if sale["missing"] > known.get((sale["transaction_id"], sale["symbol"]), 0.0) + TOLERANCE * sale["quantity"]:
            raise _oversold(sale, after, news)


def _missing_by_sale(told: pd.DataFrame) -> dict[tuple[str, str], float]:
    return {(sale["transaction_id"], sale["symbol"]): sale["missing"] for sale in _records(told)}


def _records(told: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in told.to_dict("records")]


def _oversold(sale: Mapping[str, Any], after: Book, news: Rows) -> OversoldPosition:
    own = sale["transaction_id"] in news
    since = None if pd.isna(sale["possible_from"]) else str(sale["possible_from"])[:10]
    row = news[sale["transaction_id"]] if own else _row_that_takes(after, news, "symbol", sale["symbol"], "quantity_delta", sale["date"])
    return OversoldPosition(sale["symbol"], quantity=float(sale["quantity"]), held=float(sale["held"]), date=str(sale["date"])[:10], row=row,
                            kind=sale["kind"], transaction_id=sale["transaction_id"], later=None if own else True,
                            possible_from=since if own else None)


def _refuse_overdraft(before: Book, after: Book, news: Rows) -> None:
    known = daily_balances(before)
    for day in _records(overdrafts(after)):
        earlier = known[(known["currency"] == day["currency"]) & (known["date"] <= day["date"])]["balance"]
        was = float(earlier.iloc[-1]) if len(earlier) else 0.0
        if day["balance"] < was - TOLERANCE * max(1.0, abs(was)):
            row = _row_that_takes(after, news, "cash_currency", day["currency"], "cash_delta_local", day["date"])
            raise NegativeCash(day["currency"], balance=float(day["balance"]), date=str(day["date"])[:10], row=row,
                               before=was)


def _row_that_takes(after: Book, news: Rows, name: str, value: str, moved: str, day: pd.Timestamp) -> int | None:
    """Tell the row of the last new transaction that takes from a holding or a balance by a day."""
    moves = after.effects
    taking = moves[(moves[name] == value) & (moves[moved] < 0) & (moves["date"] <= day) & moves["transaction_id"].isin(list(news))]
    return news[taking["transaction_id"].iloc[-1]] if len(taking) else None
