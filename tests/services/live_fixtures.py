"""Scopes of the hub made from an engine book alone, for what needs neither database nor bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pandas as pd

from engine.currencies import rates_to
from engine.ledger import book
from engine.snapshot_figures import snapshot_figures
from engine.types import PriceState
from engine.valuation import Marks, terms
from services.live.board import Board, Price
from services.live.reader import Loaded
from services.live.scope import Scope
from services.views import LiveTerms, QuoteView

TODAY = date(2024, 6, 4)
NOW = datetime(2024, 6, 4, 15, tzinfo=UTC)


def always_live(_price: Price, _now: datetime) -> tuple[PriceState, float]:
    return PriceState.LIVE, 3600.0


def view_of(symbol: str, price: float | None, currency: str = "USD", key: UUID | None = None) -> QuoteView:
    return QuoteView(symbol, key or uuid4(), currency, price, price, NOW, NOW, "test", PriceState.LIVE, 0.0, simulated=False, is_bar=False)


def loaded(ledger: Sequence[Mapping[str, Any]], prices: Mapping[str, float | None], *, base: str = "USD", pairs: Mapping[str, float] | None = None,
           currencies: Mapping[str, str] | None = None, closes: Mapping[str, float] | None = None, ids: Mapping[str, UUID] | None = None) -> Loaded:
    """Book a ledger and read it as the services would."""
    pairs = dict(pairs or {})
    held = book(ledger, base_currency=base, currencies=currencies, fx=pairs or None)
    codes = sorted({base, *held.cash.index, *held.positions["currency"]})
    rate = rates_to(base, codes, pairs)
    known = {symbol: float("nan") if price is None else price for symbol, price in prices.items()}
    marks = Marks(pd.Series(known, dtype=float), pd.Series(closes or known, dtype=float), rate, rate)
    rows, seen = terms(held, marks, today=TODAY), snapshot_figures(held, marks, as_of=TODAY)
    quotes = {symbol: view_of(symbol, price, (currencies or {}).get(symbol, base), (ids or {}).get(symbol)) for symbol, price in prices.items()}
    named = tuple(f"cash:{name}" if cash else name for name, cash in zip(rows.symbols, rows.is_cash, strict=True))
    live = LiveTerms(
        scope="p", base_currency=base, terms=rows, marks=marks, symbols=named,
        instrument_ids=tuple(None if cash else quotes[name].instrument_id for name, cash in zip(rows.symbols, rows.is_cash, strict=True)),
        currencies=tuple(rows.currencies[index] for index in rows.currency_index), rate_ids={}, pairs=pairs, quotes=quotes,
        constants={name: seen.totals[name] for name in ("net_contributions", "realised", "income", "fees", "taxes", "cost_basis")},
        on_cost=tuple(rows.cost_base), revisions={"p": 1}, day=TODAY, findings=(),
    )
    silent = {pair: Price(str(uuid4()), pair, value, None, None, None, pair[3:], simulated=True, state=PriceState.STALE)
              for pair, value in pairs.items()}
    return Loaded(live, SimpleNamespace(figures=seen), silent)  # type: ignore[arg-type]


def scope_on(board: Board, facts: Loaded, name: str = "p") -> Scope:
    """Show a scope on a board, as of flush 0."""
    scope = Scope(None, name, 0.0)  # type: ignore[arg-type]
    scope.load(facts, board, NOW)
    scope.revalue(board)
    scope.commit(0)
    return scope


def moved(board: Board, scope: Scope, number: int, **prices: float) -> None:
    """Put prices on the board and show them as flush `number`."""
    for symbol, price in prices.items():
        held = next(each for each in board.prices if each.symbol == symbol)
        assert board.take(quote_of(held, price, number), NOW) is not None
    slots, board.dirty = board.dirty, set()
    scope.revalue(board)
    scope.commit(number)
    board.publish(slots, number)


def quote_of(held: Price, price: float, number: int) -> dict[str, Any]:
    stamp = int(NOW.timestamp() * 1000) + number
    return {"id": held.instrument_id, "price": price, "ts": stamp, "received": stamp, "source": "test", "currency": held.currency, "simulated": False}
