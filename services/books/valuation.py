"""What portfolios are worth: the one path from ledgers, prices and rates to every number that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
import pandas as pd

from data import calendar
from data.database import Database, Unit
from engine.errors import InvalidInput, NotFound
from engine.snapshots import COST_RATES
from engine.types import Actor, CostMethod, Instrument, Portfolio
from services import fields
from services.books.answers import (
    BUCKET_SECONDS,
    Answer,
    Question,
    booked_at,
    holdings_view,
    of_symbol,
    portfolio_row,
    sparkline,
    terms_for_hub,
    value_line,
)
from services.books.service import Booked, Books, Convention
from services.books.tails import Tails
from services.fields import Place
from services.market.marks import LastRates, Sight, Stored, last_rates, read_marks, stamp_of
from services.market.service import Market
from services.views import ALL, HoldingsView, InstrumentDetail, LiveTerms, PortfolioRow

ROWS_KEPT = 2_000  # of the comparison
PAGE_OF_FACTS = 500
DISPLAY_CURRENCY = "USD"
LOTS_BY = ("account", "pooled")


class Valuation:
    """Values of the actor's portfolios."""

    def __init__(self, database: Database, market: Market) -> None:
        self._database, self._market = database, market
        self._books = Books()
        self._rows: dict[tuple[object, ...], tuple[datetime, PortfolioRow]] = {}  # of the comparison, with the instant they are of
        self._tails = Tails(self._books)

    def holdings(self, actor: Actor, scope: str | UUID = ALL, *,  # noqa: PLR0913 - each is a convention of the answer
                 as_of: date | datetime | None = None, cost_method: str | None = None,
                 known_at: datetime | None = None, base_currency: str | None = None, fees_in_cost: bool = True,
                 lots_by: str = "account", cost_rate: str = "purchase") -> HoldingsView:
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
        fees_in_cost : bool, optional
            Whether fees and taxes of trades are in cost and proceeds.
        lots_by : str, optional
            account (a sale takes lots of its own account) or pooled.
        cost_rate : str, optional
            purchase or today: the exchange rate that the cost of what is held is told at.

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        InvalidInput
            An instant in the future, a cost method or a currency that does not exist.
        """
        question = Question(str(scope), as_of, cost_method, known_at, base_currency, fees_in_cost, lots_by,
                            fields.choice(Place("cost_rate"), cost_rate, COST_RATES))
        with self._database.read() as unit:
            return holdings_view(str(scope), self._answer(unit, actor, question))

    def answered(self, actor: Actor, scope: str | UUID = ALL, *, as_of: date | datetime | None = None, cost_method: str | None = None,
                 known_at: datetime | None = None, base_currency: str | None = None, fees_in_cost: bool = True,
                 lots_by: str = "account") -> Answer:
        """Give what the answer of `holdings` is made of: one book and the marks to value it with; asked in the same words."""
        with self._database.read() as unit:
            return self._answer(unit, actor, Question(str(scope), as_of, cost_method, known_at, base_currency, fees_in_cost, lots_by))

    def live_terms(self, actor: Actor, scope: str | UUID = ALL) -> LiveTerms:
        """Lay a scope out for the hub, which revalues it with every quote until the ledger changes."""
        with self._database.read() as unit:
            answer = self._answer(unit, actor, Question(str(scope)))
        return terms_for_hub(str(scope), answer)

    def held(self, actor: Actor) -> dict[str, tuple[str, ...]]:
        """Name what each portfolio holds, by portfolio id, without a price."""
        with self._database.read() as unit:
            parts, _, _ = self.parts(unit, actor, Question(ALL))
        positions = ((str(part.portfolio.id), part.book.positions) for part in parts)
        return {key: tuple(told.index[told["quantity"] != 0]) for key, told in positions}

    def compare(self, actor: Actor, *, as_of: date | datetime | None = None, known_at: datetime | None = None,
                within_seconds: float = 0.0) -> list[PortfolioRow]:
        """Value every portfolio by itself, with its share of all in the display currency; `as_of`, `known_at` as in `holdings`.

        With `within_seconds` one whose ledger did not change may be told as it was valued so long ago: where many look at many.
        """
        with self._database.read() as unit:
            every = unit.portfolios.find(actor.workspace_id)
            sight, freshness = self._sight(as_of), self._market.freshness
            display = display_currency(every)
            codes = [display, *(portfolio.base_currency for portfolio in every)]
            stored = last_rates(unit, actor.workspace_id, on_or_before=sight.day)
            marked = read_marks(unit, actor.workspace_id, sight, freshness, base=display, instruments={}, currencies=codes, stored=stored)
            rows = [self._row(unit, actor, Question(str(portfolio.id), as_of, known_at=known_at), portfolio, within_seconds) for portfolio in every]
        rows = [replace(row, value_display=row.value * float(marked.marks.rate[row.currency])) for row in rows]
        total = float(np.nansum([row.value_display for row in rows]))
        return [replace(row, weight=row.value_display / total if total else float("nan")) for row in rows]

    def _row(self, unit: Unit, actor: Actor, question: Question, portfolio: Portfolio, within_seconds: float) -> PortfolioRow:
        """Value one portfolio for the comparison, in its own currency."""
        key, at = (portfolio.id, portfolio.revision, portfolio.version, question.as_of, question.known_at), calendar.now()
        kept = self._rows.get(key)
        if kept is not None and (at - kept[0]).total_seconds() < within_seconds:
            return kept[1]
        row = portfolio_row(self._answer(unit, actor, question, [portfolio]), 1.0)
        while len(self._rows) >= ROWS_KEPT:
            self._rows.pop(next(iter(self._rows)), None)
        self._rows[key] = (at, row)
        return row

    def lots(self, actor: Actor, scope: str | UUID, symbol: str, *, as_of: date | datetime | None = None, cost_method: str | None = None,
             known_at: datetime | None = None) -> InstrumentDetail:
        """Tell all about one instrument in a scope: its price, open lots, matched gains, and transactions, newest first.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        symbol : str
        as_of, cost_method, known_at
            As in `holdings`.

        Raises
        ------
        NotFound
            The workspace does not know the instrument or the portfolio.
        """
        name = symbol.strip().upper()
        with self._database.read() as unit:
            instrument = unit.instruments.get(actor.workspace_id, name)
            answer = self._answer(unit, actor, Question(str(scope), as_of, cost_method, known_at))
            facts = [fact for part in answer.parts
                     for fact in unit.ledger.find(part.portfolio.id, symbol=name, newest_first=True, limit=PAGE_OF_FACTS, known_at=known_at,
                                                  end=None if answer.sight.live else answer.sight.day)]
        quote = answer.marked.quotes.get(name) or self._market.quotes(actor, [name])[0]
        return InstrumentDetail(instrument, quote, of_symbol(answer, "lots", name), of_symbol(answer, "gains", name),
                                tuple(sorted(facts, key=booked_at, reverse=True)), answer.names)

    def sparklines(self, actor: Actor, symbols: Sequence[str], days: int = 30) -> dict[str, list[float]]:
        """Give the last closes of instruments, the price of now at the end."""
        sight = self._market.sight()
        with self._database.read() as unit:
            found = self._market.known(unit, actor, symbols)
            if not found:
                return {}
            closes = unit.instruments.closes([instrument.id for instrument in found.values()], start=sight.day - timedelta(days=days * 2))
        prices = {quote.symbol: quote for quote in self._market.quotes(actor, list(found))}
        return {symbol: sparkline(closes[instrument.id].dropna(), prices[symbol], days) for symbol, instrument in found.items()}

    def intraday(self, actor: Actor, scope: str | UUID = ALL) -> list[tuple[datetime, float]]:
        """Give the value of what is held now at today's prices, one point each five minutes, beginning with the previous close."""
        with self._database.read() as unit:
            answer = self._answer(unit, actor, Question(str(scope)))
            start, ids = calendar.start_of(answer.sight.day), [answer.instruments[symbol].id for symbol in answer.book.positions.index]
            ids += list(answer.marked.rate_ids)
            ticks = unit.market.ticks_by_bucket(ids, start, answer.sight.at, BUCKET_SECONDS) if ids else pd.DataFrame()
        return value_line(answer, ticks, start)

    def booked(self, unit: Unit, actor: Actor, portfolio: Portfolio) -> Booked:
        """Give the book of a portfolio as it is now."""
        convention = Convention(portfolio.base_currency, portfolio.cost_method)
        stored = last_rates(unit, actor.workspace_id, on_or_before=calendar.today())
        return self._books.booked(unit, actor, portfolio, convention, stamp_of(stored))

    def accounts(self, part: Booked, instruments: Mapping[str, Instrument], known_at: datetime | None) -> dict[str | None, Booked]:
        """Give the books of a portfolio's accounts."""
        return self._books.accounts(part, instruments, known_at)

    # ------------------------------------------------------------------------------------------------------------------------ reading

    def _answer(self, unit: Unit, actor: Actor, question: Question, portfolios: Sequence[Portfolio] | None = None) -> Answer:
        sight = self._sight(question.as_of)
        parts, stored, base = self.parts(unit, actor, question, portfolios)
        convention = Convention(base, CostMethod.FIFO, None if sight.live else sight.day, question.known_at, question.fees_in_cost, question.lots_by)
        book = self._books.merged(parts, convention, stamp_of(stored))
        symbols = [*book.positions.index]
        instruments = self._market.known(unit, actor, symbols) if symbols else {}
        currencies = {*book.cash.index, *book.positions["currency"]}
        marked = read_marks(unit, actor.workspace_id, sight, self._market.freshness, base=base, instruments=instruments,
                            currencies=currencies, stored=stored)
        self._market.remember(marked.quoted.values())
        methods = sorted({part.book.cost_method.value for part in parts})
        return Answer(tuple(parts), book, marked, instruments, sight, base, methods[0] if len(methods) == 1 else "mixed",
                      question.cost_rate)

    def parts(self, unit: Unit, actor: Actor, question: Question,
              portfolios: Sequence[Portfolio] | None = None, *, for_movements: bool = False) -> tuple[list[Booked], Stored, str]:
        """Book each portfolio of the scope in the currency that is asked for; for movements lots may be of before (see `Tails`)."""
        sight = self._sight(question.as_of)
        known_at = question.known_at and fields.known_instant(Place("known_at"), question.known_at, now=calendar.now())
        asked = list(portfolios) if portfolios is not None else read_scope(unit, actor, question.scope)
        base = fields.currency(Place("base_currency"), question.base_currency) if question.base_currency else display_currency(asked)
        stored = LastRates(unit, actor.workspace_id, sight.day)
        method = _method(question.cost_method)
        day = None if sight.live else sight.day
        ways = (day, known_at, question.fees_in_cost, fields.choice(Place("lots_by"), question.lots_by, LOTS_BY))
        conventions = [(portfolio, Convention(base, method or portfolio.cost_method, *ways)) for portfolio in asked]
        if for_movements:
            return [self._tails.booked(unit, actor, *each, stored) for each in conventions], stored, base
        stamp = stamp_of(stored)
        return [self._books.booked(unit, actor, *each, stamp) for each in conventions], stored, base

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

