"""Books that are read on instead of booked again: what moved, when a ledger got a few more rows at its end or its prices changed.

What trades, payments and charges move does not depend on the lots before them, so the rows since a change are booked by themselves
and their effects put behind those that still hold. Lots, gains and quantities of such a book are those of before: it is for
valuations day by day, which read effects alone. A row that needs to know what is held has the whole ledger booked.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.database import Unit
from data.repositories.valuations import Subjects
from engine import Book
from engine.daily import running
from engine.ledger import moved
from engine.types import Actor, Instrument, Kind, Portfolio
from services.books.service import Booked, Books, Convention, Openings, book_of, in_currency, known_of, once, read_rates
from services.market.marks import Stored, stamp_of

PLAIN: Final = frozenset(kind.value for kind in (Kind.BUY, Kind.SELL, Kind.DIVIDEND, Kind.INTEREST, Kind.FEE, Kind.TAX, Kind.DEPOSIT,
                                                 Kind.WITHDRAWAL, Kind.FX_CONVERSION))
LONGEST: Final = 2_000
KEPT: Final = 64
Terms = dict[str, tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Base:
    """A ledger booked whole, and what is known of it since."""

    booked: Booked
    mark: int
    terms: Terms
    state: Hashable  # of `latest`
    latest: Booked


class Tails:
    """Books good for what moved, kept in this process."""

    def __init__(self, books: Books) -> None:
        self._books, self._lock = books, threading.Lock()
        self._bases: OrderedDict[Hashable, Base] = OrderedDict()

    def booked(self, unit: Unit, actor: Actor, portfolio: Portfolio, convention: Convention, stored: Stored) -> Booked:
        """Give the book of a portfolio at its revision and the last rates, its effects and flows right, its lots perhaps of before."""
        key = (portfolio.id, convention)
        base = self._bases.get(key)
        if base is not None and base.state == _state(portfolio, base.latest, stored):
            return replace(base.latest, portfolio=portfolio)
        found = self._read_on(unit, actor, portfolio, convention, base) if base else None
        if base is None or found is None:
            found = self._books.booked(unit, actor, portfolio, convention, stamp_of(stored))
            found = replace(found, openings=Openings(found.book.effects))
            base = Base(found, unit.valuations.mark(), terms_of(unit.instruments.by_symbols(actor.workspace_id, found.symbols)), (), found)
        self._keep(key, replace(base, state=_state(portfolio, found, stored), latest=found))
        return found

    def _keep(self, key: Hashable, base: Base) -> None:
        with self._lock:
            self._bases[key] = base
            self._bases.move_to_end(key)
            while len(self._bases) > KEPT:
                self._bases.popitem(last=False)

    @staticmethod
    def _read_on(unit: Unit, actor: Actor, portfolio: Portfolio, convention: Convention, base: Base) -> Booked | None:
        """Book what changed since the base; None where that takes the whole ledger."""
        told = base.booked
        if convention.known_at is not None or convention.day is not None or told.portfolio.base_currency != portfolio.base_currency:
            return None
        subjects = Subjects(actor.workspace_id, (portfolio.id,), rates=len(told.currencies) > 1)
        since, _ = unit.valuations.news(subjects, base.mark)
        tail = told.ledger.iloc[:0] if since is None else unit.ledger.tail(portfolio.id, since)
        symbols = tuple(sorted({*told.symbols, *tail["symbol"].dropna()}))
        instruments = unit.instruments.by_symbols(actor.workspace_id, symbols)
        terms = terms_of(instruments)
        if told.book.findings or not is_plain(tail) or any(terms.get(symbol) != known for symbol, known in base.terms.items()):
            return None
        if since is None:
            return replace(told, portfolio=portfolio)
        return _put_behind(unit, actor, replace(told, portfolio=portfolio, symbols=symbols), tail, since, convention, instruments)


def _state(portfolio: Portfolio, told: Booked, stored: Stored) -> Hashable:
    """Name what a book depends on: its ledger, and the rates where there are any in it."""
    return portfolio.revision, stamp_of(stored) if len(told.currencies) > 1 else ()


def is_plain(tail: pd.DataFrame) -> bool:
    """Tell whether what rows move depends on nothing before them."""
    return len(tail) <= LONGEST and bool(tail["kind"].isin(PLAIN).all()) and not tail["transfer_id"].notna().any()


def terms_of(instruments: dict[str, Instrument]) -> Terms:
    """Tell what of instruments a book depends on."""
    return {symbol: (each.currency, float(each.multiplier)) for symbol, each in instruments.items()}


def _put_behind(unit: Unit, actor: Actor, told: Booked, tail: pd.DataFrame, since: date, convention: Convention,
                instruments: dict[str, Instrument]) -> Booked:
    """Book a tail by itself and put it behind what was before it."""
    named = {*tail["currency"].dropna(), *tail["to_currency"].dropna(), *(each.currency for each in instruments.values())}
    currencies = tuple(sorted({*told.currencies, *named}))
    fx = read_rates(unit, actor.workspace_id, currencies) if len(currencies) > 1 else told.fx
    rows = in_currency(tail, fx, told.portfolio.base_currency, convention.base)
    day, more = np.datetime64(since, "ns"), _booked(rows, fx, told.book, instruments)
    ledger = pd.concat([_before(told.ledger, day), rows], ignore_index=True)
    openings = told.openings and told.openings.sharing(len(_before(told.book.effects, day)))
    return replace(told, ledger=ledger, fx=fx, currencies=currencies, book=_joined(told.book, more, day), openings=openings)


def _booked(rows: pd.DataFrame, fx: pd.DataFrame, before: Book, instruments: dict[str, Instrument]) -> Book:
    """Book a tail; where it names nothing new, positions and balances are those of before, which a joined book has anyway."""
    effects, flows, findings = moved(rows, base_currency=before.base_currency, fx=fx, **known_of(instruments))
    for name, told in (("symbol", before.positions.index), ("cash_currency", before.cash.index)):
        if not {*told, None}.issuperset(pd.unique(effects[name].to_numpy())):
            return book_of(rows, fx, before.base_currency, before.cost_method, instruments)
    return replace(before, effects=effects, flows=flows, findings=findings)


def _joined(before: Book, more: Book, day: np.datetime64) -> Book:
    """Effects and flows of both, a position and a balance for whatever either has; findings of both."""
    return replace(
        before,
        effects=_stacked(_before(before.effects, day), more.effects),
        flows=_stacked(_before(before.flows, day), more.flows),
        positions=_united(before.positions, more.positions),
        cash=_united(before.cash, more.cash),
        findings=once([*before.findings, *more.findings]),
    )


def _before(frame: pd.DataFrame, day: np.datetime64) -> pd.DataFrame:
    """Rows before a day of a frame in the order of its dates."""
    return frame.iloc[: int(np.searchsorted(frame["date"].to_numpy(), day, side="left"))]


def _stacked(before: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame for frame in (before, more) if len(frame)] or [before], ignore_index=True)


def _united(before: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    if more is before:
        return before
    news = more[~more.index.isin(before.index)]
    return pd.concat([before, news]) if len(news) else before


def opened(book: Book, day: date, openings: Openings | None = None) -> Book:
    """Put everything up to a day into a few rows a symbol and a currency: what is laid out from there on needs no more of it.

    What is held then is a sum to the same last bit as in the whole book, and what went through it is told by two rows that cancel out:
    returns on next to no capital magnify the smallest difference.
    """
    effects = book.effects
    count = int(np.searchsorted(effects["date"].to_numpy(), np.datetime64(day, "ns"), side="right"))
    is_known = openings is not None and count <= openings.shared
    rows = openings.rows(count, day, _opening) if openings is not None and is_known else _opening(effects.iloc[:count], day)
    return replace(book, effects=_stacked(rows, effects.iloc[count:]))


def _opening(before: pd.DataFrame, day: date) -> pd.DataFrame:
    """Sum effects up as effects of one day."""
    held, cash = (_summed(before, *names) for names in (("symbol", "quantity_delta"), ("cash_currency", "cash_delta_local")))
    size, of_cash = len(held) + len(cash), np.array([amount for _, amount in cash], dtype=np.float64)
    balances = np.concatenate([np.zeros(len(held)), of_cash])
    told = {
        "date": np.full(size, np.datetime64(day, "ns")), "kind": _texts([Kind.BUY.value] * size), "transaction_id": _texts([""] * size),
        "symbol": _texts([*(name for name, _ in held), *[None] * len(cash)]),
        "cash_currency": _texts([*[None] * len(held), *(name for name, _ in cash)]),
        "quantity_delta": np.concatenate([np.array([amount for _, amount in held], dtype=np.float64), np.zeros(len(cash))]),
        "cash_delta_local": balances, "cash_delta_base": balances,
    }
    return pd.DataFrame({name: told.get(name, np.zeros(size)) for name in before.columns})


def _texts(values: list[str | None]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _summed(effects: pd.DataFrame, name: str, amount: str) -> list[tuple[str, float]]:
    """Sum an amount by name, as the days of a panel do: what passed through in and out again, and what is left."""
    codes, names = pd.factorize(effects[name].to_numpy())
    if not len(names):
        return []
    dates, amounts = effects["date"].to_numpy(), effects[amount].to_numpy()
    days = np.cumsum(np.append(False, dates[1:] != dates[:-1]))
    left = running(days, codes, amounts, (int(days[-1]) + 1, len(names)))[-1]
    inside = codes >= 0
    passed = (np.bincount(codes[inside], weights=np.abs(amounts[inside]), minlength=len(names)) - np.abs(left)) / 2
    each = zip(names, passed.tolist(), left.tolist(), strict=True)
    return [(str(key), number) for key, through, rest in each for number in (through, -through, rest)]
