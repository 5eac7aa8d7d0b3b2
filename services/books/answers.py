"""What was asked of a scope, what was read for it, and how that is told to pages, routes and the hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from engine import Book, SnapshotFigures, rates_to, revalue, snapshot_figures, terms
from engine.types import Finding, Instrument, Transaction
from services.books.service import Booked
from services.market.marks import Marked, Sight
from services.views import HoldingsView, LiveTerms, PortfolioRow, QuoteView

CONSTANTS = ("net_contributions", "realised", "income", "fees", "taxes", "cost_basis")
ROW_TOTALS = ("value", "day_pnl", "day_return", "total_pnl", "unrealised", "realised", "income", "cash", "net_contributions")
BUCKET_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a scope."""

    scope: str
    as_of: date | datetime | None = None
    cost_method: str | None = None
    known_at: datetime | None = None
    base_currency: str | None = None
    fees_in_cost: bool = True
    lots_by: str = "account"
    cost_rate: str = "purchase"


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
    cost_rate: str = "purchase"

    @property
    def revisions(self) -> dict[str, int]:
        """Portfolio id to the ledger revision that was read."""
        return {str(part.portfolio.id): part.portfolio.revision for part in self.parts}

    @property
    def names(self) -> dict[str, str]:
        """Portfolio id to its name."""
        return {str(part.portfolio.id): part.portfolio.name for part in self.parts}

    def figures(self) -> SnapshotFigures:
        """Value the book."""
        return snapshot_figures(self.book, self.marked.marks, as_of=self.sight.at, cost_rate=self.cost_rate)


def holdings_view(scope: str, answer: Answer) -> HoldingsView:
    """Tell a scope as pages and routes show it."""
    told = answer.figures()
    quotes = {symbol: answer.marked.quotes[symbol] for symbol in answer.instruments}
    return HoldingsView(
        scope=scope, base_currency=answer.base, cost_method=answer.cost_method, as_of=answer.sight.at, live=answer.sight.live, figures=told,
        instruments=answer.instruments, quotes=quotes, portfolios=answer.names, revisions=answer.revisions, simulated=answer.marked.simulated,
        findings=(*told.findings, *_of_held(answer.marked.findings, told)),
    )


def _of_held(findings: Sequence[Finding], told: SnapshotFigures) -> list[Finding]:
    """Leave out what is about a price or a rate that nothing is valued with."""
    if not findings:
        return []
    symbols = set(told.holdings["symbol"])
    currencies = {*told.holdings["currency"], *told.cash["currency"][told.cash["balance"] != 0]}
    return [finding for finding in findings if finding.context.get("symbol") in symbols or finding.context.get("currency") in currencies]


def terms_for_hub(scope: str, answer: Answer, told: SnapshotFigures | None = None) -> LiveTerms:
    """Tell a scope as the hub keeps it; `told` where its figures are at hand."""
    told = answer.figures() if told is None else told
    rows = told.rows
    symbols = tuple(f"cash:{symbol}" if cash else symbol for symbol, cash in zip(rows.symbols, rows.is_cash, strict=True))
    return LiveTerms(
        scope=scope, base_currency=answer.base, terms=rows, marks=answer.marked.marks, symbols=symbols,
        instrument_ids=tuple(None if cash else answer.instruments[symbol].id for symbol, cash in zip(rows.symbols, rows.is_cash, strict=True)),
        currencies=tuple(rows.currencies[place] for place in rows.currency_index), rate_ids=answer.marked.rate_ids, pairs=answer.marked.pairs,
        quotes=answer.marked.quotes, constants={name: told.totals[name] for name in CONSTANTS},
        on_cost=tuple(np.where(rows.is_cash, 0.0, rows.cost_base).tolist()), revisions=answer.revisions, day=answer.sight.day,
        findings=(*told.findings, *_of_held(answer.marked.findings, told)),
    )


def portfolio_row(answer: Answer, rate: float) -> PortfolioRow:
    """Tell a portfolio beside others; `rate` leads to the display currency."""
    told, portfolio = answer.figures(), answer.parts[0].portfolio
    totals = told.totals
    return PortfolioRow(
        id=str(portfolio.id), name=portfolio.name, currency=answer.base, **{name: totals[name] for name in ROW_TOTALS},
        value_display=totals["value"] * rate, weight=float("nan"), holdings=len(told.holdings["symbol"]), findings=len(told.findings),
        version=portfolio.version, revision=portfolio.revision, demo=portfolio.demo,
    )


def of_symbol(answer: Answer, what: str, symbol: str) -> pd.DataFrame:
    """Give the lots or gains of a symbol with the portfolio they are of."""
    every = [(part.portfolio.id, getattr(part.book, what)) for part in answer.parts]
    filled = [frame[frame["symbol"] == symbol].assign(portfolio=str(key)) for key, frame in every if (frame["symbol"] == symbol).any()]
    nothing: pd.DataFrame = getattr(answer.book, what).iloc[:0].assign(portfolio="")
    return pd.concat(filled, ignore_index=True) if filled else nothing


def booked_at(fact: Transaction) -> tuple[date, int]:
    """Tell the place of a transaction in the order of booking."""
    return fact.date, fact.sequence


def sparkline(closes: pd.Series, quote: QuoteView, days: int) -> list[float]:
    """List the last closes with the price of now at the end."""
    past = closes[closes.index < pd.Timestamp(quote.ts.date())] if quote.ts else closes
    line: list[float] = past.tail(days - 1).tolist()
    return line if quote.price is None else [*line, quote.price]


def value_line(answer: Answer, ticks: pd.DataFrame, start: datetime) -> list[tuple[datetime, float]]:
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
