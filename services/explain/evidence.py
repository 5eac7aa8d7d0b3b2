"""What a number rests on: prices, rates, flows, transactions and lots that went into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from data import calendar
from engine import rate_path
from services.explain.holdings import CASH, Held, rows_of
from services.explain.views import FactUsed, FlowUsed, PriceUsed
from services.market.marks import Marked, Stored
from services.performance.figures import Basis
from services.views import QuoteView


def prices_held(held: Held, keys: Sequence[str]) -> list[PriceUsed]:
    """List prices and rates that holdings are valued with; of all of them where none is named."""
    view, rows = held.view, [held.row(key) for key in keys]
    symbols = [*keys] if keys else [*view.snapshot.holdings["symbol"]]
    every = {*view.snapshot.holdings["currency"], *view.snapshot.cash["currency"]}
    codes = {str(row["currency"]) for row in rows if row} if keys else every
    day = held.answer.sight.day
    rates = rates_marked(held.answer.marked, view.base_currency, codes, day)
    return [*rates, *(quoted(view.quotes[symbol], day) for symbol in symbols if symbol in view.quotes)]


def quoted(quote: QuoteView, day: date | None = None) -> PriceUsed:
    """Tell a quote, or the last close in its place; one of before `day` was filled forward."""
    filled = quote.ts.date() if quote.is_bar and quote.ts and day and quote.ts.date() < day else None
    return PriceUsed(quote.symbol, quote.price, quote.currency, quote.source, quote.ts, quote.state.value, quote.simulated, filled)


def rates_marked(marked: Marked, base: str, codes: Iterable[str], day: date) -> list[PriceUsed]:
    """Tell the rates behind marks: the quote of a pair, else the last one that is stored."""
    pairs = _paths(base, codes, marked.pairs)
    return [quoted(marked.quotes[pair]) if pair in marked.rate_ids.values() else stored_rate(pair, marked.stored[pair], day) for pair in pairs]


def rates_stored(stored: Stored, base: str, codes: Iterable[str], day: date) -> list[PriceUsed]:
    """Tell the stored rates that a day is valued with."""
    return [stored_rate(pair, stored[pair], day) for pair in _paths(base, codes, {pair: float(row.rate) for pair, row in stored.items()})]


def _paths(base: str, codes: Iterable[str], pairs: Mapping[str, float]) -> list[str]:
    return sorted({pair for code in codes for pair in rate_path(base, code, pairs)})


def stored_rate(pair: str, row: Any, day: date) -> PriceUsed:  # noqa: ANN401 - a row of rates
    """Tell a stored rate: of which day and from whom it is, and that it was filled forward where that day lies before."""
    rate, own = float(row.rate), row.date
    state = "closed" if own >= calendar.newest_business_day(day) else "stale"
    return PriceUsed(pair, rate, pair[3:], str(row.source), calendar.end_of(own), state, bool(row.simulated), own if own < day else None)


def prices_measured(basis: Basis, keys: Sequence[str]) -> list[PriceUsed]:
    """List the rates at both ends of a window, the quotes of now, and the closes at both ends."""
    brief = basis.brief
    scene, panel = brief.asked.scene, brief.panel
    held = {row for row, value in zip(panel.rows, np.abs(panel.value).max(axis=0, initial=0.0), strict=True) if value}
    shown = {key for key in keys if key in panel.rows} or held
    codes = {code for row, code in zip(panel.rows, panel.currencies, strict=True) if row in shown}
    live = basis.view.end == scene.today
    now = [quoted(quote) for symbol, quote in scene.marked.quotes.items() if live and not quote.is_bar and symbol in shown]
    ends = [day for day in basis.closes if day != scene.today]
    rates = [*(rates_marked(scene.marked, scene.base, codes, scene.today) if live else ()),
             *(rate for day in ends for rate in rates_stored(basis.rates[day], scene.base, codes, day))]
    closes = [_closed(row, day, scene.instruments[str(row.Index)].currency)
              for day, rows in basis.closes.items() for row in rows_of(rows) if str(row.Index) in shown]
    return [*rates, *now, *closes]


def _closed(row: Any, day: date, currency: str) -> PriceUsed:  # noqa: ANN401 - a row of closes
    at = min(calendar.end_of(row.date), calendar.end_of(day))
    filled = row.date if row.date < day else None
    return PriceUsed(str(row.Index), float(row.close), currency, str(row.source), at, "closed", bool(row.simulated), filled)


def flows_of(flows: pd.DataFrame) -> list[FlowUsed]:
    """List external flows."""
    return [FlowUsed(row.date.date(), str(row.kind), float(row.amount_base)) for row in rows_of(flows)]


def chosen(effects: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Keep the effects on some holdings and balances; all where none is named."""
    if not keys or not len(effects):
        return effects
    codes = [key.removeprefix(CASH) for key in keys if key.startswith(CASH)]
    return effects[effects["symbol"].isin(keys) | effects["cash_currency"].isin(codes)]


def facts(effects: pd.DataFrame) -> list[FactUsed]:
    """List transactions, newest first, each once."""
    if not len(effects):
        return []
    rows = effects.sort_values("date", ascending=False, kind="stable").drop_duplicates("transaction_id")
    return [
        FactUsed(
            str(row.transaction_id),
            row.date.date(),
            str(row.kind),
            row.symbol if isinstance(row.symbol, str) else None,
            float(row.quantity_delta),
            float(row.gross_base or row.cash_delta_base),
            _rate(row),
        )
        for row in rows_of(rows)
    ]


def _rate(row: Any) -> float | None:  # noqa: ANN401 - a row of effects
    """Give the rate at which an amount was taken into the base currency; None where it was in it."""
    local, told = (row.gross_local, row.gross_base) if row.gross_base else (row.cash_delta_local, row.cash_delta_base)
    return None if not local or local == told or not np.isfinite(told / local) else float(told / local)
