"""Which ledgers a question of performance is about, laid out as panels: portfolios, or the accounts within them."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.database import Database, Unit
from data.records import LastClose
from data.repositories.valuations import Subjects
from engine import Panel, add, book, panel, stale_rates
from engine.currencies import forward_filled
from engine.transfers import internal_legs, without_flows
from engine.types import Actor, Finding, Instrument
from services.books.service import Booked, once
from services.books.tails import opened
from services.market.marks import BARS, Marked
from services.performance.store import Closed, Shelf, by_name, closed_days, day_before, extended, in_order, packed, unpacked, with_findings

CASH: Final = "cash:"
FIRST_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Scene:
    """What a question looks at, read in one transaction: books, instruments, and prices of now."""

    parts: tuple[Booked, ...]
    instruments: Mapping[str, Instrument]
    base: str
    today: date
    marked: Marked
    transfers_at: str
    known_at: datetime | None

    @property
    def first(self) -> date | None:
        """The day before the first transaction."""
        firsts = [part.ledger["date"].iloc[0] for part in self.parts if len(part.ledger)]
        return day_before(min(firsts).date()) if firsts else None


@dataclass(frozen=True, slots=True)
class Laid:
    """A ledger as a panel."""

    portfolio_id: UUID
    account: str | None
    panel: Panel
    flows: pd.DataFrame  # date kind amount
    has_cash: bool = True  # whether cash is among the rows


class Panels:
    """Panels of portfolios and accounts, stored and extended; with `stored` off laid anew, and nothing kept in the database."""

    def __init__(self, database: Database, *, stored: bool = True) -> None:
        self._database, self._shelf, self._stored = database, Shelf(), stored

    def laid(self, unit: Unit, actor: Actor, scene: Scene, *, apart: bool = False) -> list[Laid]:
        """Lay the portfolios of a scene out, from their first day to today.

        Transfers between two of them are no flows, unless each is looked at `apart`.
        """
        inside = frozenset() if apart else internal_legs([part.ledger for part in scene.parts])
        return [self._laid(unit, actor, scene, part, None, inside) for part in scene.parts if len(part.ledger)]

    def accounts(self, unit: Unit, actor: Actor, scene: Scene, books: Sequence[Mapping[str | None, Booked]]) -> list[Laid]:
        """Lay the accounts of a scene out; a transfer between two of them is a flow of each."""
        return [self._laid(unit, actor, scene, part, (name,), frozenset()) for each in books for name, part in each.items() if len(part.ledger)]

    def _laid(self, unit: Unit, actor: Actor, scene: Scene, part: Booked, account: tuple[str | None] | None, inside: frozenset[str]) -> Laid:
        told = without_flows(part.book, inside & set(part.ledger["id"])) if inside else part.book
        start = day_before(part.ledger["date"].iloc[0].date())
        instruments = {symbol: scene.instruments[symbol] for symbol in part.symbols if symbol in scene.instruments}
        subjects = Subjects(actor.workspace_id, (part.portfolio.id,), tuple(each.id for each in instruments.values()), rates=len(part.currencies) > 1)
        fx = rates_with_now(part.fx, scene.marked, scene.today)

        def lay(day: date) -> Panel:
            prices = since_first(read_prices(unit, instruments, day, scene.today, scene.marked), part.ledger)
            book = told if day == start else opened(told, day, part.openings)
            return by_name(replace(panel(book, prices, fx, start=day, end=scene.today, transfers_at=scene.transfers_at), findings=()))

        convention = f"{scene.base}/{part.portfolio.base_currency}/{part.book.cost_method.value}/{scene.transfers_at}"
        plain = account is None and scene.known_at is None and told is part.book
        special = "" if plain else hashlib.sha256(repr((account, scene.known_at, sorted(inside))).encode()).hexdigest()
        whole = self._extended(unit, part, f"{convention}{special}", convention if plain else None, subjects, scene.today, start, lay)
        whole = with_findings(in_order(whole), _old_rates(whole, scene.base, fx))
        flows = told.flows.rename(columns={"amount_base": "amount"})[["date", "kind", "amount"]]
        return Laid(part.portfolio.id, account[0] if account else None, whole, flows)

    def _extended(self, unit: Unit, part: Booked, key: str, convention: str | None, subjects: Subjects, today: date, start: date,
                  lay: Any) -> Panel:  # noqa: ANN401
        """Extend what is kept here or in the database, and keep what is new in it."""
        place = f"{part.portfolio.id}/{key}"
        kept = self._shelf.get(place)
        if kept is None and convention is not None and self._stored:
            stored = unit.valuations.get(part.portfolio.id, convention)
            kept = unpacked(stored) if stored else None
        changed, mark = unit.valuations.news(subjects, kept.mark) if kept else (None, unit.valuations.mark())
        whole = extended(kept.panel if kept else None, changed, start, lay)
        fresh = Closed(closed_days(whole, today, kept.panel if kept else None), mark)
        if len(fresh.panel.days) > 1:
            self._shelf.put(place, fresh)
            if convention is not None and self._stored and (kept is None or _is_news(kept, fresh, changed)):
                self._store(part.portfolio.id, convention, fresh)
        return whole

    def _store(self, portfolio_id: UUID, convention: str, closed: Closed) -> None:
        stored = packed(closed)
        self._database.run(lambda unit: unit.valuations.put(portfolio_id, convention, stored))


def merged(laid: Sequence[Laid]) -> Panel:
    """Give several panels as one."""
    return laid[0].panel if len(laid) == 1 else add([each.panel for each in laid])


def nothing(base: str, start: date, end: date) -> Panel:
    """Give the panel of a scope without transactions."""
    return panel(book([], base_currency=base), {}, start=start, end=end)


def read_prices(unit: Unit, instruments: Mapping[str, Instrument], start: date, end: date, marked: Marked) -> pd.DataFrame:
    """Give the closes of a window with the last one before it, by symbol, and the prices of now on its last day."""
    if not instruments:
        return pd.DataFrame(index=pd.DatetimeIndex([]))
    recent = [marked.recent[each.id] for each in instruments.values() if each.id in marked.recent]
    is_whole = end == marked.day and len(recent) == len(instruments)
    reach_back = is_whole and all(len(bars) < BARS or bars[-1].date < start for bars in recent)
    return prices_with_now(_of_recent(instruments, recent, start) if reach_back else _of_history(unit, instruments, start, end), marked, end)


def _of_recent(instruments: Mapping[str, Instrument], recent: Sequence[Sequence[LastClose]], start: date) -> pd.DataFrame:
    """Lay the last bars out, as far back as the one before a day, which stands on the day before."""
    opening = start - timedelta(days=1)
    told = [{max(bar.date, opening): bar.close for bar in reversed(bars)} for bars in recent]
    days = sorted({day for each in told for day in each})
    cells = np.array([[each.get(day, np.nan) for each in told] for day in days], dtype=np.float64).reshape(len(days), len(told))
    return pd.DataFrame(cells, index=pd.DatetimeIndex(np.array(days, dtype="datetime64[ns]")), columns=pd.Index([*instruments], dtype=object))


def _of_history(unit: Unit, instruments: Mapping[str, Instrument], start: date, end: date) -> pd.DataFrame:
    ids = [instrument.id for instrument in instruments.values()]
    every = list(dict.fromkeys(ids))  # a symbol and a former one are the same instrument
    closes = unit.instruments.closes(every, start=start, end=end)
    before = unit.instruments.last_closes(every, before=start)
    if len(before):
        opening = before["close"].reindex(every).to_numpy(dtype="float64")
        closes = pd.concat([pd.DataFrame([opening], index=pd.DatetimeIndex([start - timedelta(days=1)]), columns=closes.columns), closes])
    return closes.reindex(columns=ids).set_axis(pd.Index([*instruments], dtype=object), axis=1)


def since_first(closes: pd.DataFrame, ledger: pd.DataFrame) -> pd.DataFrame:
    """Leave out what an instrument cost before its first transaction, but for the last close, which stands on that day.

    A close makes a day of the panel. Were it one of an instrument that is only bought later, days long gone, and returns with them,
    would depend on what is bought today.
    """
    if not len(closes) or _are_named_before(ledger, closes.index[0], closes.columns):
        return closes
    named = pd.concat([ledger[["date", "symbol"]], ledger[["date", "to_symbol"]].rename(columns={"to_symbol": "symbol"})]).dropna()
    firsts = named.groupby("symbol")["date"].min().reindex(closes.columns).to_numpy(dtype="datetime64[ns]")
    if not (early := _before(closes, firsts)).any():
        return closes
    late = early.any(axis=0) & ~np.isnat(firsts)
    wider = closes.reindex(closes.index.union(pd.DatetimeIndex(firsts[late]).unique()))
    cells = np.where(_before(wider, firsts), np.nan, wider.to_numpy())
    places, columns = wider.index.get_indexer(pd.DatetimeIndex(firsts[late])), np.flatnonzero(late)
    cells[places, columns] = forward_filled(wider.to_numpy())[places, columns]
    known = np.flatnonzero(~np.isnan(cells).all(axis=1))
    return pd.DataFrame(cells[known], index=wider.index[known], columns=closes.columns)


def _before(closes: pd.DataFrame, firsts: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Tell which closes are before the first day of their column; all of them, where it has none: a book read on may know who is gone."""
    return ~(closes.index.to_numpy()[:, None] >= firsts)


def _are_named_before(ledger: pd.DataFrame, day: pd.Timestamp, symbols: pd.Index) -> bool:
    """Tell whether each symbol has a transaction on a day or before it: mostly the first rows tell of all, so they are looked at first."""
    count = int(np.searchsorted(ledger["date"].to_numpy(), day.to_datetime64(), side="right"))
    columns = [ledger[name].to_numpy() for name in ("symbol", "to_symbol")]
    named = ({name for column in columns for name in pd.unique(column[:size])} for size in (min(FIRST_ROWS, count), count))
    return any(each.issuperset(symbols) for each in named)


def prices_with_now(closes: pd.DataFrame, marked: Marked, today: date) -> pd.DataFrame:
    """Put quotes that are newer than the last close on today's row."""
    now = {symbol: quote.price for symbol, quote in marked.quotes.items()
           if symbol in closes.columns and not quote.is_bar and quote.price is not None}
    if not now:
        return closes
    day = pd.Timestamp(today)
    return _with_row(closes, now, day)


def rates_with_now(fx: pd.DataFrame, marked: Marked, today: date) -> pd.DataFrame:
    """Put quoted rates on today's row."""
    now = {pair: marked.pairs[pair] for pair in marked.rate_ids.values()} if len(fx.columns) else {}
    if not now:
        return fx
    wider = fx.reindex(columns=[*fx.columns, *(pair for pair in now if pair not in fx.columns)])
    day = pd.Timestamp(today)
    return _with_row(wider, now, day)


def _with_row(history: pd.DataFrame, now: Mapping[str, float], day: pd.Timestamp) -> pd.DataFrame:
    """Put numbers into the row of a day that is the last."""
    row = history.reindex(index=[day]).iloc[0].to_dict() | dict(now)
    return pd.concat([history[history.index < day], pd.DataFrame([row], index=pd.DatetimeIndex([day]), columns=history.columns)])


def _is_news(kept: Closed, fresh: Closed, changed: date | None) -> bool:
    return (changed is not None and np.datetime64(changed, "ns") <= fresh.panel.days[-1]) or len(kept.panel.days) != len(fresh.panel.days)


def _old_rates(whole: Panel, base: str, fx: pd.DataFrame) -> tuple[Finding, ...]:
    codes = np.array(whole.currencies)
    used = {code: whole.days[(whole.value[:, codes == code] != 0).any(axis=1)] for code in {*whole.currencies} - {base}}
    return stale_rates(base, used, fx)


def findings_of(scene: Scene, laid: Sequence[Laid]) -> tuple[Finding, ...]:
    """Tell what was odd in books and panels, each once."""
    of_books = [finding for part in scene.parts for finding in part.book.findings]
    return once([*of_books, *(finding for each in laid for finding in each.panel.findings)])


def state_of(unit: Unit, actor: Actor, scene: Scene, others: Sequence[Instrument], *, live: bool) -> Hashable:
    """Name the state of everything but the ledgers that an answer depends on: closes, rates, and quotes where they are in it."""
    ids = tuple(sorted({instrument.id for instrument in (*scene.instruments.values(), *others)}))
    marks = scene.marked.marks if live else None
    now = [] if marks is None else [*marks.price.items(), *marks.rate.items()]
    return *unit.valuations.state(Subjects(actor.workspace_id, instrument_ids=ids)), repr(now)
