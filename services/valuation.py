"""What portfolios are worth: the one path from ledgers, prices and rates to every number that is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from data import calendar
from data.cache import Cache
from data.database import Database, Unit
from engine import Book, Snapshot, daily_values, pnl_bridge, rates_to, revalue, snapshot, terms
from engine.errors import InvalidInput, NotFound
from engine.types import Actor, CostMethod, Finding, Instrument, Portfolio, Transaction
from services import fields
from services.books import Booked, Books, Convention, once
from services.fields import Place
from services.market import Market
from services.marks import Marked, Sight, Stored, last_rates, read_marks
from services.views import ALL, HoldingsView, InstrumentDetail, LiveTerms, PerformanceView, PortfolioRow, QuoteView

CONSTANTS = ("net_contributions", "realised", "income", "fees", "taxes", "cost_basis")
ROW_TOTALS = ("value", "day_pnl", "day_return", "total_pnl", "unrealised", "realised", "income", "cash", "net_contributions")
SERIES = ["value", "market_value", "cash", "flow", "net_contributions", "missing"]
BUCKET_SECONDS = 300
HISTORY_SECONDS = 600
PAGE_OF_FACTS = 500
DISPLAY_CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a scope."""

    scope: str
    as_of: date | datetime | None = None
    cost_method: str | None = None
    known_at: datetime | None = None
    base_currency: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A scope read at one moment: one book, and the marks to value it with."""

    parts: tuple[Booked, ...]
    book: Book
    marked: Marked
    instruments: dict[str, Instrument]
    sight: Sight
    base: str
    cost_method: str

    @property
    def revisions(self) -> dict[str, int]:
        """Portfolio id to the ledger revision that was read."""
        return {str(part.portfolio.id): part.portfolio.revision for part in self.parts}

    @property
    def names(self) -> dict[str, str]:
        """Portfolio id to its name."""
        return {str(part.portfolio.id): part.portfolio.name for part in self.parts}

    def snapshot(self) -> Snapshot:
        """Value the book."""
        return snapshot(self.book, self.marked.marks, as_of=self.sight.at)


class Valuation:
    """Values of the actor's portfolios."""

    def __init__(self, database: Database, cache: Cache, market: Market) -> None:
        self._database, self._cache, self._market = database, cache, market
        self._books = Books()

    def holdings(self, actor: Actor, scope: str | UUID = ALL, *, as_of: date | datetime | None = None, cost_method: str | None = None,
                 known_at: datetime | None = None, base_currency: str | None = None) -> HoldingsView:
        """Value a portfolio, or all of a workspace merged.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        as_of : date or datetime, optional
            Closes on or before it, and the ledger up to it; default now, with the latest quotes.
        cost_method : str, optional
            Instead of the portfolio's own.
        known_at : datetime, optional
            The ledger as it was known at an instant.
        base_currency : str, optional
            Instead of the portfolio's own; of "all": of the oldest portfolio.

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        InvalidInput
            An instant in the future, a cost method or a currency that does not exist.
        """
        question = Question(str(scope), as_of, cost_method, known_at, base_currency)
        with self._database.read() as unit:
            return _view(str(scope), self._answer(unit, actor, question))

    def live_terms(self, actor: Actor, scope: str | UUID = ALL) -> LiveTerms:
        """Lay a scope out for the hub, which revalues it with every quote until the ledger changes."""
        with self._database.read() as unit:
            answer = self._answer(unit, actor, Question(str(scope)))
        return _live_terms(str(scope), answer)

    def compare(self, actor: Actor) -> list[PortfolioRow]:
        """Value every portfolio by itself, with its share of all in the display currency."""
        with self._database.read() as unit:
            every = unit.portfolios.find(actor.workspace_id)
            answers = [self._answer(unit, actor, Question(str(portfolio.id)), [portfolio]) for portfolio in every]
            display = display_currency(every)
            codes = [display, *(portfolio.base_currency for portfolio in every)]
            sight, freshness = self._market.sight(), self._market.freshness
            stored = last_rates(unit, actor.workspace_id, on_or_before=sight.day)
            marked = read_marks(unit, actor.workspace_id, sight, freshness, base=display, instruments={}, currencies=codes, stored=stored)
            rates = marked.marks.rate
        rows = [_row(answer, float(rates[answer.base])) for answer in answers]
        total = float(np.nansum([row.value_display for row in rows]))
        return [replace(row, weight=row.value_display / total if total else float("nan")) for row in rows]

    def lots(self, actor: Actor, scope: str | UUID, symbol: str) -> InstrumentDetail:
        """Tell all about one instrument in a scope: its price, open lots, matched gains, and transactions, newest first.

        Raises
        ------
        NotFound
            The workspace does not know the instrument or the portfolio.
        """
        name = symbol.strip().upper()
        with self._database.read() as unit:
            instrument = unit.instruments.get(actor.workspace_id, name)
            answer = self._answer(unit, actor, Question(str(scope)))
            facts = [fact for part in answer.parts
                     for fact in unit.ledger.find(part.portfolio.id, symbol=name, newest_first=True, limit=PAGE_OF_FACTS)]
        quote = answer.marked.quotes.get(name) or self._market.quotes(actor, [name])[0]
        return InstrumentDetail(instrument, quote, _of_symbol(answer, "lots", name), _of_symbol(answer, "gains", name),
                                tuple(sorted(facts, key=_booked_at, reverse=True)), answer.names)

    def sparklines(self, actor: Actor, symbols: Sequence[str], days: int = 30) -> dict[str, list[float]]:
        """Give the last closes of instruments, the price of now at the end."""
        sight = self._market.sight()
        with self._database.read() as unit:
            found = self._market.known(unit, actor, symbols)
            if not found:
                return {}
            closes = unit.instruments.closes([instrument.id for instrument in found.values()], start=sight.day - timedelta(days=days * 2))
        prices = {quote.symbol: quote for quote in self._market.quotes(actor, list(found))}
        return {symbol: _line(closes[instrument.id].dropna(), prices[symbol], days) for symbol, instrument in found.items()}

    def intraday(self, actor: Actor, scope: str | UUID = ALL) -> list[tuple[datetime, float]]:
        """Give the value of what is held now at today's prices, one point each five minutes, beginning with the previous close."""
        with self._database.read() as unit:
            answer = self._answer(unit, actor, Question(str(scope)))
            start, ids = calendar.start_of(answer.sight.day), [answer.instruments[symbol].id for symbol in answer.book.positions.index]
            ids += list(answer.marked.rate_ids)
            ticks = unit.market.ticks_by_bucket(ids, start, answer.sight.at, BUCKET_SECONDS) if ids else pd.DataFrame()
        return _value_line(answer, ticks, start)

    def history(self, actor: Actor, scope: str | UUID = ALL, start: date | None = None, end: date | None = None) -> pd.DataFrame:
        """Give value and net contributions day by day.

        Returns
        -------
        DataFrame
            DatetimeIndex x `value market_value cash flow net_contributions missing`; empty without transactions.
        """
        with self._database.read() as unit:
            first, last = self._window(unit, actor, str(scope), start, end)
            parts, stored, base = self._parts(unit, actor, Question(str(scope)))
            state = hashlib.sha256(repr((_revisions(parts), stamp_of(stored))).encode()).hexdigest()
            key = f"history:{actor.workspace_id}:{scope}:{base}:{first}:{last}:{state}"
            told = self._cache.get_or_compute(key, lambda: _as_json(self._series(unit, actor, parts, first, last, base)), HISTORY_SECONDS)
        return _from_json(told)

    def performance(self, actor: Actor, scope: str | UUID = ALL, start: date | None = None, end: date | None = None) -> PerformanceView:
        """Bridge the value from the close of `start` to that of `end`, with the days between.

        Raises
        ------
        InvalidInput
            `start` is not before `end`.
        """
        with self._database.read() as unit:
            first, last = self._window(unit, actor, str(scope), start, end)
            parts, _, base = self._parts(unit, actor, Question(str(scope)))
            series = self._series(unit, actor, parts, first, last, base)
            bridges = [pnl_bridge(part.ledger, self._prices(unit, actor, part, first, last), part.fx, start=first, end=last, base_currency=base,
                                  **self._options(unit, actor, part)) for part in parts if len(part.ledger)]
            bridge = {str(name): float(value) for name, value in sum(bridges[1:], bridges[0]).items()} if bridges else {}
            ends = [self._answer(unit, actor, Question(str(scope), day)).snapshot() for day in (first, last)] if _has_gaps(bridge, series) else []
        findings = [*(finding for part in parts for finding in part.book.findings), *(finding for end in ends for finding in end.findings)]
        return PerformanceView(str(scope), base, first, last, bridge, series, once([*findings, *_of_gaps(bridge, series)]))

    def bridge(self, actor: Actor, scope: str | UUID = ALL, start: date | None = None, end: date | None = None) -> dict[str, float]:
        """Give the bridge alone: opening_value flows price fx income fees taxes corporate_actions closing_value residual."""
        return self.performance(actor, scope, start, end).bridge

    def booked(self, unit: Unit, actor: Actor, portfolio: Portfolio) -> Booked:
        """Give the book of a portfolio as it is now."""
        convention = Convention(portfolio.base_currency, portfolio.cost_method)
        stored = last_rates(unit, actor.workspace_id, on_or_before=calendar.today())
        return self._books.booked(unit, actor, portfolio, convention, stamp_of(stored))

    # ------------------------------------------------------------------------------------------------------------------------ reading

    def _answer(self, unit: Unit, actor: Actor, question: Question, portfolios: Sequence[Portfolio] | None = None) -> Answer:
        sight = self._sight(question.as_of)
        parts, stored, base = self._parts(unit, actor, question, portfolios)
        convention = Convention(base, CostMethod.FIFO, None if sight.live else sight.day, question.known_at)
        book = self._books.merged(parts, convention, stamp_of(stored))
        symbols = [*book.positions.index]
        instruments = self._market.known(unit, actor, symbols) if symbols else {}
        currencies = {*book.cash.index, *book.positions["currency"]}
        marked = read_marks(unit, actor.workspace_id, sight, self._market.freshness, base=base, instruments=instruments,
                            currencies=currencies, stored=stored)
        methods = sorted({part.book.cost_method.value for part in parts})
        return Answer(tuple(parts), book, marked, instruments, sight, base, methods[0] if len(methods) == 1 else "mixed")

    def _parts(self, unit: Unit, actor: Actor, question: Question,
               portfolios: Sequence[Portfolio] | None = None) -> tuple[list[Booked], Stored, str]:
        """Book each portfolio of the scope in the currency that is asked for."""
        sight = self._sight(question.as_of)
        asked = list(portfolios) if portfolios is not None else read_scope(unit, actor, question.scope)
        base = fields.currency(Place("base_currency"), question.base_currency) if question.base_currency else display_currency(asked)
        stored = last_rates(unit, actor.workspace_id, on_or_before=sight.day)
        stamp = stamp_of(stored)
        method = _method(question.cost_method)
        day = None if sight.live else sight.day
        parts = [self._books.booked(unit, actor, portfolio, Convention(base, method or portfolio.cost_method, day, question.known_at), stamp)
                 for portfolio in asked]
        return parts, stored, base

    def _sight(self, as_of: date | datetime | None) -> Sight:
        """Look from now, or back to a day; today is now."""
        now = self._market.sight()
        if as_of is None:
            return now
        day = as_of.date() if isinstance(as_of, datetime) else as_of
        at = as_of if isinstance(as_of, datetime) else calendar.end_of(day)
        if day > now.day or (isinstance(as_of, datetime) and as_of > now.at):
            raise InvalidInput("as_of", as_of, "lies in the future", hint=f"Use {now.day.isoformat()} or an earlier date", rule="future_date")
        return now if day == now.day else Sight(day, at, live=False)

    # ------------------------------------------------------------------------------------------------------------------------ history

    def _window(self, unit: Unit, actor: Actor, scope: str, start: date | None, end: date | None) -> tuple[date, date]:
        """Fill in what is not said: from the day before the first transaction to today."""
        today = calendar.today()
        last = min(end or today, today)
        if start is None:
            firsts = [found[0].date for portfolio in read_scope(unit, actor, scope) if (found := unit.ledger.find(portfolio.id, limit=1))]
            start = min(firsts, default=last) - timedelta(days=1)
        if start >= last:
            raise InvalidInput("start", start, "is not before end", hint=f"Choose a date before {last.isoformat()}", rule="order")
        return start, last

    def _series(self, unit: Unit, actor: Actor, parts: Sequence[Booked], start: date, end: date, base: str) -> pd.DataFrame:
        frames = [daily_values(part.ledger, self._prices(unit, actor, part, start, end), part.fx, start=start, end=end, base_currency=base,
                               **self._options(unit, actor, part)) for part in parts if len(part.ledger)]
        return summed(frames) if frames else pd.DataFrame(columns=SERIES, index=pd.DatetimeIndex([]), dtype="float64")

    def _options(self, unit: Unit, actor: Actor, part: Booked) -> dict[str, Any]:
        found = unit.instruments.by_symbols(actor.workspace_id, part.symbols)
        return {"cost_method": part.book.cost_method.value, "currencies": {symbol: each.currency for symbol, each in found.items()},
                "multipliers": {symbol: float(each.multiplier) for symbol, each in found.items()}}

    def _prices(self, unit: Unit, actor: Actor, part: Booked, start: date, end: date) -> pd.DataFrame:
        """Give the closes of a window with the last one before it, by symbol."""
        found = unit.instruments.by_symbols(actor.workspace_id, part.symbols)
        names = {instrument.id: symbol for symbol, instrument in found.items()}
        if not names:
            return pd.DataFrame(index=pd.DatetimeIndex([]))
        closes = unit.instruments.closes(list(names), start=start, end=end)
        before = unit.instruments.last_closes(list(names), before=start)
        if len(before):
            opening = before["close"].reindex(list(names)).to_numpy(dtype="float64")
            closes = pd.concat([pd.DataFrame([opening], index=pd.DatetimeIndex([start - timedelta(days=1)]), columns=closes.columns), closes])
        return closes.rename(columns=names)


def display_currency(portfolios: Sequence[Portfolio]) -> str:
    """Name the currency in which several portfolios are told together: the base of the oldest."""
    return portfolios[0].base_currency if portfolios else DISPLAY_CURRENCY


def read_scope(unit: Unit, actor: Actor, scope: str) -> list[Portfolio]:
    """Find the portfolios of a scope; `NotFound` where it is an id that the workspace does not have."""
    if scope == ALL:
        return unit.portfolios.find(actor.workspace_id)
    try:
        return [unit.portfolios.get(actor.workspace_id, UUID(scope))]
    except ValueError:
        raise NotFound("portfolio", scope) from None


def _method(name: str | None) -> CostMethod | None:
    return None if name is None else CostMethod(fields.choice(Place("cost_method"), name, [each.value for each in CostMethod]))


def stamp_of(stored: Stored) -> Hashable:
    """Name the state of the rates: another last rate of a pair is another state. Rates changed further back give ledgers a new revision."""
    return tuple((pair, row.date.isoformat(), float(row.rate)) for pair, row in stored.items())


def _revisions(parts: Sequence[Booked]) -> Hashable:
    return tuple((part.portfolio.id, part.portfolio.revision, part.portfolio.cost_method) for part in parts)


# ---------------------------------------------------------------------------------------------------------------------------- telling


def _view(scope: str, answer: Answer) -> HoldingsView:
    told = answer.snapshot()
    quotes = {symbol: answer.marked.quotes[symbol] for symbol in answer.instruments}
    return HoldingsView(
        scope=scope, base_currency=answer.base, cost_method=answer.cost_method, as_of=answer.sight.at, live=answer.sight.live, snapshot=told,
        instruments=answer.instruments, quotes=quotes, portfolios=answer.names, revisions=answer.revisions, simulated=answer.marked.simulated,
        findings=(*told.findings, *_of_held(answer.marked.findings, told)),
    )


def _of_held(findings: Sequence[Finding], told: Snapshot) -> list[Finding]:
    held = set(told.holdings["symbol"])
    return [finding for finding in findings if finding.context["symbol"] in held]


def _live_terms(scope: str, answer: Answer) -> LiveTerms:
    rows = terms(answer.book, answer.marked.marks, today=answer.sight.day)
    told = answer.snapshot()
    symbols = tuple(f"cash:{symbol}" if cash else symbol for symbol, cash in zip(rows.symbols, rows.is_cash, strict=True))
    return LiveTerms(
        scope=scope, base_currency=answer.base, terms=rows, marks=answer.marked.marks, symbols=symbols,
        instrument_ids=tuple(None if cash else answer.instruments[symbol].id for symbol, cash in zip(rows.symbols, rows.is_cash, strict=True)),
        currencies=tuple(rows.currencies[place] for place in rows.currency_index), rate_ids=answer.marked.rate_ids, pairs=answer.marked.pairs,
        quotes=answer.marked.quotes, constants={name: told.totals[name] for name in CONSTANTS},
        on_cost=tuple(np.where(rows.is_cash, 0.0, rows.cost_base).tolist()), revisions=answer.revisions, day=answer.sight.day,
        findings=(*told.findings, *_of_held(answer.marked.findings, told)),
    )


def _row(answer: Answer, rate: float) -> PortfolioRow:
    told, portfolio = answer.snapshot(), answer.parts[0].portfolio
    totals = told.totals
    return PortfolioRow(
        id=str(portfolio.id), name=portfolio.name, currency=answer.base, **{name: totals[name] for name in ROW_TOTALS},
        value_display=totals["value"] * rate, weight=float("nan"), holdings=len(told.holdings), findings=len(told.findings),
        version=portfolio.version, revision=portfolio.revision, demo=portfolio.demo,
    )


def _of_symbol(answer: Answer, what: str, symbol: str) -> pd.DataFrame:
    """Give the lots or gains of a symbol with the portfolio they are of."""
    every = [(part.portfolio.id, getattr(part.book, what)) for part in answer.parts]
    filled = [frame[frame["symbol"] == symbol].assign(portfolio=str(key)) for key, frame in every if (frame["symbol"] == symbol).any()]
    nothing: pd.DataFrame = getattr(answer.book, what).iloc[:0].assign(portfolio="")
    return pd.concat(filled, ignore_index=True) if filled else nothing


def _booked_at(fact: Transaction) -> tuple[date, int]:
    return fact.date, fact.sequence


def _line(closes: pd.Series, quote: QuoteView, days: int) -> list[float]:
    past = closes[closes.index < pd.Timestamp(quote.ts.date())] if quote.ts else closes
    line: list[float] = past.tail(days - 1).tolist()
    return line if quote.price is None else [*line, quote.price]


def _value_line(answer: Answer, ticks: pd.DataFrame, start: datetime) -> list[tuple[datetime, float]]:
    """Value the rows of now at the prices and rates of each interval, beginning with those of the previous close."""
    marks, rows = answer.marked.marks, terms(answer.book, answer.marked.marks, today=answer.sight.day)
    ids = {answer.instruments[symbol].id: symbol for symbol in answer.book.positions.index}
    price = {str(symbol): float(close) for symbol, close in marks.previous_close.fillna(marks.price).items()}
    pairs, rates = dict(answer.marked.pairs), marks.previous_rate.fillna(marks.rate)
    line = [(start, float(np.nansum(revalue(rows, price, rates).market_value)))]
    for stamp, values in zip(ticks.index, ticks.to_numpy(), strict=True):
        seen: dict[Any, float] = {key: float(value) for key, value in zip(ticks.columns, values, strict=True) if not np.isnan(value)}
        price |= {ids[key]: value for key, value in seen.items() if key in ids}
        moved = {answer.marked.rate_ids[key]: value for key, value in seen.items() if key in answer.marked.rate_ids}
        if moved:
            pairs |= moved
            rates = rates_to(answer.base, marks.rate.index, pairs)
        instant = min(stamp.to_pydatetime() + timedelta(seconds=BUCKET_SECONDS), answer.sight.at)
        line.append((instant, float(np.nansum(revalue(rows, price, rates).market_value))))
    return line


def _has_gaps(bridge: Mapping[str, float], series: pd.DataFrame) -> bool:
    return bool(np.isnan(list(bridge.values())).any() or (series["missing"] > 0).any())


def _of_gaps(bridge: Mapping[str, float], series: pd.DataFrame) -> Iterator[Finding]:
    """Say why figures are missing, and on how many days the value leaves something out."""
    unknown = [name for name, value in bridge.items() if np.isnan(value)]
    if unknown:
        message = "The bridge does not close: a holding has no price or rate at its start or end"
        yield Finding("bridge_excludes", message, context={"figures": unknown})
    days = int((series["missing"] > 0).sum())
    if days:
        yield Finding("series_excludes", f"On {days} days the value leaves out what has no price or rate", context={"days": days})


def summed(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add day by day; on a day that one portfolio does not have, its values are those of its day before and nothing flows."""
    days = frames[0].index
    for frame in frames[1:]:
        days = days.union(frame.index)
    laid = [frame.reindex(days).assign(flow=frame["flow"].reindex(days).fillna(0.0)).ffill() for frame in frames]
    total = laid[0]
    for each in laid[1:]:
        total = total.add(each)
    return total


def _as_json(frame: pd.DataFrame) -> dict[str, Any]:
    return {"index": [stamp.date().isoformat() for stamp in frame.index], "columns": {str(name): frame[name].tolist() for name in frame.columns}}


def _from_json(told: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(told["columns"], index=pd.DatetimeIndex(told["index"], name="date"), dtype="float64")
