"""Booked ledgers, kept by revision: a ledger is booked once until it, its instruments or the rates of its days change."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Generic, TypedDict, TypeVar
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Unit
from engine import Book, book, rate_history
from engine.transfers import internal_legs, without_flows
from engine.types import Actor, CostMethod, Finding, Instrument, Kind, Portfolio

V = TypeVar("V")
FIRSTS = ("currency", "multiplier")
OPENINGS = 8  # days that are kept of a book
BOOKS = 512  # kept in a process, as long as their ledgers together are not longer than
ROWS = 3_000_000


class Known(TypedDict):
    """What the engine asks of instruments, by symbol."""

    multipliers: dict[str, float]
    currencies: dict[str, str]


@dataclass(frozen=True, slots=True)
class Convention:
    """How a ledger is booked: in which currency, by which cost method, to which day, as known at which instant."""

    base: str
    cost_method: CostMethod
    day: date | None = None  # None: all of it
    known_at: datetime | None = None
    fees_in_cost: bool = True
    lots_by: str = "account"


@dataclass(frozen=True, slots=True)
class Booked:
    """A portfolio's ledger and what it comes to."""

    portfolio: Portfolio
    ledger: pd.DataFrame
    fx: pd.DataFrame
    book: Book
    symbols: tuple[str, ...]  # every one that the ledger names
    currencies: tuple[str, ...]  # of cash and of positions, the base included
    openings: Openings | None = None  # of a book that the first effects of this one are those of


class Openings:
    """What was held at the close of a day, as one effect a symbol and a currency, kept for the books that are read on from one.

    Parameters
    ----------
    effects : DataFrame
        Effects of the book that was first.
    shared : int
        How many of them, from the first on, a later book has too.
    """

    def __init__(self, effects: pd.DataFrame, shared: int | None = None, kept: dict[tuple[int, date], pd.DataFrame] | None = None) -> None:
        self.effects, self._kept = effects, {} if kept is None else kept
        self.shared = len(effects) if shared is None else shared

    def sharing(self, count: int) -> Openings:
        """Give the same for a book that has only some of the effects."""
        return Openings(self.effects, count, self._kept)

    def rows(self, count: int, day: date, summed: Callable[[pd.DataFrame, date], pd.DataFrame]) -> pd.DataFrame:
        """Give the first effects up to a day in one row each, summed up when it is asked for first."""
        if (count, day) not in self._kept:
            while len(self._kept) >= OPENINGS:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[count, day] = summed(self.effects.iloc[:count], day)
        return self._kept[count, day]


class Kept(Generic[V]):
    """The last results by key, as many as fit; safe between threads, and what several ask for at once is computed once.

    Parameters
    ----------
    size : int
        How many are kept.
    weigh : callable, optional
        How much one weighs; together they weigh at most `most`, but the newest is kept whatever it weighs.
    most : float
    """

    def __init__(self, size: int, weigh: Callable[[V], float] = lambda _: 0.0, most: float = math.inf) -> None:
        self._size, self._weigh, self._most = size, weigh, most
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, Future[V]] = OrderedDict()
        self._weights: dict[Hashable, float] = {}
        self._newest: dict[Hashable, Hashable] = {}  # of each subject, the key of its last result
        self._whole = 0.0

    def get_or_compute(self, key: Hashable, compute: Callable[[], V], subject: Hashable | None = None) -> V:
        """Give what is kept under a key or being computed, or compute and keep it; an error is told to all who wait and not kept.

        A result takes the place of the one before it of the same subject, where one is named.
        """
        with self._lock:
            kept = self._values.get(key)
            mine = self._values.setdefault(key, Future())
            self._values.move_to_end(key)
            self._make_room()
        if kept is not None:
            return kept.result()
        try:
            mine.set_result(compute())
        except BaseException as error:
            self._forget(key, mine)
            mine.set_exception(error)
            raise
        with self._lock:
            self._put_on_the_scales(key, mine)
            self._put_in_place(key, subject)
        return mine.result()

    def _put_in_place(self, key: Hashable, subject: Hashable | None) -> None:
        before = None if subject is None else self._newest.get(subject)
        if subject is not None and key in self._values:
            self._newest[subject] = key
        if before is not None and before != key:
            self._drop(before)

    def _drop(self, key: Hashable) -> None:
        self._values.pop(key, None)
        self._whole -= self._weights.pop(key, 0.0)

    def _put_on_the_scales(self, key: Hashable, flight: Future[V]) -> None:
        if self._values.get(key) is flight:
            self._weights[key] = self._weigh(flight.result())
            self._whole += self._weights[key]
            self._make_room()

    def _make_room(self) -> None:
        while len(self._values) > self._size or (self._whole > self._most and len(self._values) > 1):
            self._drop(next(iter(self._values)))
        if len(self._newest) > 2 * self._size:
            self._newest = {subject: key for subject, key in self._newest.items() if key in self._values}

    def has(self, key: Hashable) -> bool:
        """Whether a result is there; one that is still being computed is not."""
        with self._lock:
            kept = self._values.get(key)
        return kept is not None and kept.done() and kept.exception() is None

    def _forget(self, key: Hashable, flight: Future[V]) -> None:
        with self._lock:
            if self._values.get(key) is flight:
                del self._values[key]


class Books:
    """Books of portfolios, kept in this process."""

    def __init__(self, size: int = BOOKS) -> None:
        self._books: Kept[Booked] = Kept(size, lambda part: len(part.ledger), ROWS)
        self._merged: Kept[Book] = Kept(min(size, 64))
        self._accounts: Kept[dict[str | None, Booked]] = Kept(min(size, 64))

    def booked(self, unit: Unit, actor: Actor, portfolio: Portfolio, convention: Convention, stamp: Hashable) -> Booked:
        """Give the book of a portfolio at its revision; `stamp` names the state of the rates."""
        key = _key(portfolio, convention, stamp)
        return self._books.get_or_compute(key, lambda: _booked(unit, actor, portfolio, convention), subject=(portfolio.id, convention))

    def accounts(self, part: Booked, instruments: Mapping[str, Instrument], known_at: datetime | None) -> dict[str | None, Booked]:
        """Book each account of a portfolio by itself; what concerns every account is booked in each."""
        key = (part.portfolio.id, part.portfolio.revision, part.book.base_currency, part.book.cost_method, known_at)

        def compute() -> dict[str | None, Booked]:
            parted = by_account(part.ledger).items()
            books = (book_of(ledger, part.fx, part.book.base_currency, part.book.cost_method, instruments) for _, ledger in parted)
            return {name: replace(part, ledger=ledger, book=booked, openings=None) for (name, ledger), booked in zip(parted, books, strict=True)}

        return self._accounts.get_or_compute(key, compute, (part.portfolio.id, part.book.base_currency, part.book.cost_method, known_at))

    def merged(self, parts: Sequence[Booked], convention: Convention, stamp: Hashable) -> Book:
        """Give several books as one."""
        if not parts:
            return book([], base_currency=convention.base)
        if len(parts) == 1:
            return parts[0].book
        key = tuple(_key(part.portfolio, replace(convention, cost_method=part.book.cost_method), stamp) for part in parts)
        subject = (convention, tuple(part.portfolio.id for part in parts))
        return self._merged.get_or_compute((convention.base, key), lambda: merged_of(parts, convention.base), subject)


def _key(portfolio: Portfolio, convention: Convention, stamp: Hashable) -> Hashable:
    return portfolio.id, portfolio.revision, convention, stamp


def _booked(unit: Unit, actor: Actor, portfolio: Portfolio, convention: Convention) -> Booked:
    ledger = unit.ledger.frame(portfolio.id, known_at=convention.known_at, end=convention.day)
    symbols = tuple(sorted({*ledger["symbol"].dropna(), *ledger["to_symbol"].dropna()}))
    instruments = unit.instruments.by_symbols(actor.workspace_id, symbols)
    currencies = _currencies(ledger, instruments.values(), {convention.base, portfolio.base_currency})
    fx = read_rates(unit, actor.workspace_id, currencies)
    told = in_currency(ledger, fx, portfolio.base_currency, convention.base)
    done = book_of(told, fx, convention.base, convention.cost_method, instruments, fees_in_cost=convention.fees_in_cost, lots_by=convention.lots_by)
    return Booked(portfolio, told, fx, done, symbols, currencies)


def book_of(ledger: pd.DataFrame, fx: pd.DataFrame, base: str, method: CostMethod, instruments: Mapping[str, Instrument], *,
            fees_in_cost: bool = True, lots_by: str = "account") -> Book:
    """Book a ledger with what the workspace knows of its instruments."""
    return book(ledger, base_currency=base, fx=fx, cost_method=method.value, fees_in_cost=fees_in_cost, lots_by=lots_by, **known_of(instruments))


def known_of(instruments: Mapping[str, Instrument]) -> Known:
    """Tell what the engine asks of instruments."""
    return {"multipliers": {symbol: float(instrument.multiplier) for symbol, instrument in instruments.items()},
            "currencies": {symbol: instrument.currency for symbol, instrument in instruments.items()}}


def by_account(ledger: pd.DataFrame) -> dict[str | None, pd.DataFrame]:
    """Part a ledger by account; a split that names none is of every account, what has a quantity is of where it was booked."""
    accounts = ledger["account"].astype(object).where(ledger["account"].notna(), None)
    common = accounts.isna() & (ledger["kind"] == Kind.SPLIT.value)
    names = sorted(set(accounts[~common]), key=lambda name: (name is not None, name or ""))
    return {name: ledger[(accounts.isna() if name is None else accounts == name) | common].reset_index(drop=True) for name in names}


def read_rates(unit: Unit, workspace_id: UUID, currencies: Sequence[str]) -> pd.DataFrame:
    """Read the history of rates between some currencies, with the usual pivots."""
    if len(currencies) < 2:
        return pd.DataFrame(index=pd.DatetimeIndex([]))
    known = sorted({*currencies, "EUR", "USD"})
    found = unit.instruments.rates_frame(workspace_id, [left + right for left in known for right in known if left != right])
    return found.dropna(axis="columns", how="all")


def in_currency(ledger: pd.DataFrame, fx: pd.DataFrame, told_in: str, wanted: str) -> pd.DataFrame:
    """Turn own rates, which lead to the portfolio's base currency, to another one: a transaction's at the rate of its day, a lot's of its."""
    brought = ledger["lots"].notna() & (ledger["kind"] == Kind.TRANSFER_IN.value)
    if told_in == wanted or (ledger["fx_rate"].isna().all() and not brought.any()):
        return ledger
    history = pd.Series(dtype="float64", index=pd.DatetimeIndex([])) if fx.empty else rate_history(wanted, [told_in], fx)[told_in]
    told = ledger.assign(fx_rate=ledger["fx_rate"].to_numpy() * _rates_at(history, ledger["date"]))
    if brought.any():
        told["lots"] = _lots_in(ledger["lots"], brought & (ledger["currency"] != wanted), brought, history)
    return told


def _lots_in(lots: pd.Series, crossing: pd.Series, brought: pd.Series, history: pd.Series) -> np.ndarray:
    """Turn the rates of lots that transfers brought; without one the transfer's own is taken, which is 1 in the currency of its money."""
    cells = lots.to_numpy(dtype=object, copy=True)
    for place in np.flatnonzero(brought).tolist():
        days = pd.to_datetime([lot.get("date") for lot in cells[place]])
        rates = _rates_at(history, days).tolist() if crossing.iloc[place] else [float("nan")] * len(days)
        cells[place] = [_with_rate(lot, rate) for lot, rate in zip(cells[place], rates, strict=True)]
    return cells


def _with_rate(lot: Mapping[str, str], rate: float) -> dict[str, str]:
    kept = {name: value for name, value in lot.items() if name != "fx_rate"}
    return {**kept, "fx_rate": repr(float(lot["fx_rate"]) * rate)} if lot.get("fx_rate") is not None and np.isfinite(rate) else kept


def _rates_at(history: pd.Series, days: pd.Series | pd.DatetimeIndex) -> np.ndarray:
    """Give the last rate on or before each day, NaN before the first."""
    places = history.index.searchsorted(days, side="right") - 1
    return np.append(history.to_numpy(dtype=np.float64), np.nan)[places]


def merged_of(parts: Sequence[Booked], base: str) -> Book:
    """Add the books of several portfolios up; what moved from one to another of them is no flow."""
    return without_flows(merge([part.book for part in parts], base), internal_legs(part.ledger for part in parts))


def merge(books: Sequence[Book], base: str) -> Book:
    """Add books of one base currency up: positions and cash by name, everything else side by side."""
    methods = {each.cost_method for each in books}
    return Book(
        base_currency=base,
        cost_method=methods.pop() if len(methods) == 1 else CostMethod.FIFO,
        positions=_netted(_added([each.positions for each in books])),
        lots=_stacked([each.lots for each in books]),
        gains=_stacked([each.gains for each in books]),
        cash=_added([each.cash for each in books]),
        flows=_stacked([each.flows for each in books]),
        effects=_stacked([each.effects for each in books]),
        findings=once(finding for each in books for finding in each.findings),
    )


def _currencies(ledger: pd.DataFrame, instruments: Iterable[Instrument], more: set[str]) -> tuple[str, ...]:
    named = {*ledger["currency"].dropna(), *ledger["to_currency"].dropna(), *more}
    return tuple(sorted(named | {instrument.currency for instrument in instruments}))


def _added(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Sum frames by index; what is unknown in one is unknown in the sum."""
    joined = pd.concat([frame for frame in frames if len(frame)] or frames[:1])
    codes, names = pd.factorize(joined.index)
    firsts = joined[~joined.index.duplicated()]
    columns = {name: _sum_of(name, joined, codes, firsts) for name in joined.columns}
    return pd.DataFrame(columns, index=pd.Index(names, name=joined.index.name))


def _sum_of(name: str, joined: pd.DataFrame, codes: np.ndarray, firsts: pd.DataFrame) -> object:
    if name == "first_date":
        return joined[name].groupby(level=0, sort=False).min().to_numpy()
    if name == "last_date":
        return joined[name].groupby(level=0, sort=False).max().to_numpy()
    if name in FIRSTS:
        return firsts[name].to_numpy()
    return np.bincount(codes, weights=joined[name].to_numpy(dtype=np.float64), minlength=len(firsts))


def _netted(positions: pd.DataFrame) -> pd.DataFrame:
    """Count what a long and a short of the same size have locked in as realised: together they hold nothing."""
    locked = (positions["quantity"].abs() < 1e-12) & (positions["cost_base"] != 0)
    if not locked.any():
        return positions
    changed = positions.copy()
    for cost, gain in (("cost_base", "realised"), ("cost_local", "realised_local")):
        changed.loc[locked, gain] -= changed.loc[locked, cost]
        changed.loc[locked, cost] = 0.0
    changed.loc[locked, "quantity"] = 0.0
    return changed


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Keep each sentence once."""
    return tuple({(finding.code, finding.message): finding for finding in findings}.values())
