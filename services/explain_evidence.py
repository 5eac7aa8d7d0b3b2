"""What a number rests on: prices, rates, flows, transactions and lots that went into it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data import calendar
from services.explain_holdings import CASH, Held, rows_of
from services.explain_views import FactUsed, FlowUsed, Part, PriceUsed
from services.gains_views import GainsView
from services.performance_figures import Basis
from services.views import QuoteView


def prices_held(held: Held, key: str | None) -> list[PriceUsed]:
    """List prices and rates that holdings are valued with."""
    view, marked = held.view, held.answer.marked
    record = held.row(key) if key else None
    symbols = [key] if key in view.quotes else [] if key else [*view.snapshot.holdings["symbol"]]
    codes = {str(record["currency"])} if record else {*view.snapshot.holdings["currency"], *view.snapshot.cash["currency"]}
    pairs = [pair for pair in marked.pairs if {pair[:3], pair[3:]} & (codes - {view.base_currency})]
    return [quoted(view.quotes[symbol]) for symbol in symbols if symbol in view.quotes] + [rated(held, pair) for pair in sorted(pairs)]


def quoted(quote: QuoteView) -> PriceUsed:
    """Tell a quote."""
    return PriceUsed(quote.symbol, quote.price, quote.currency, quote.source, quote.ts, quote.state.value, quote.simulated)


def rated(held: Held, pair: str) -> PriceUsed:
    """Tell a rate of a pair."""
    quote, rate = held.answer.marked.quotes.get(pair), held.answer.marked.pairs[pair]
    return PriceUsed(
        pair,
        rate,
        pair[3:],
        quote.source if quote else "daily rates",
        quote.ts if quote else None,
        quote.state.value if quote else "closed",
        bool(quote and quote.simulated),
    )


def prices_measured(basis: Basis, own: str | None) -> list[PriceUsed]:
    """List the closes at both ends of a window, and the quotes of now."""
    found = []
    held = {row for row, value in zip(basis.brief.panel.rows, np.abs(basis.brief.panel.value).max(axis=0, initial=0.0), strict=True) if value}
    currencies = {symbol: each.currency for symbol, each in basis.brief.asked.scene.instruments.items()}
    for day, closes in basis.closes.items():
        for row in rows_of(closes):
            if (own is None and str(row.Index) in held) or str(row.Index) == own:
                at = min(calendar.end_of(row.date), calendar.end_of(day))
                bar = (str(row.Index), float(row.close), currencies[str(row.Index)], str(row.source), at, "closed", bool(row.simulated))
                found += [PriceUsed(*bar)]
    quotes = basis.brief.asked.scene.marked.quotes
    live = [
        quoted(quote)
        for symbol, quote in quotes.items()
        if basis.view.end == basis.brief.asked.scene.today and not quote.is_bar and (symbol in held if own is None else symbol == own)
    ]
    return [*live, *found]


def flows_of(flows: pd.DataFrame) -> list[FlowUsed]:
    """List external flows."""
    return [FlowUsed(row.date.date(), str(row.kind), float(row.amount_base)) for row in rows_of(flows)]


def chosen(effects: pd.DataFrame, key: str | None) -> pd.DataFrame:
    """Keep the effects on one holding or balance."""
    if key is None or not len(effects):
        return effects
    return effects[effects["cash_currency"] == key.removeprefix(CASH)] if key.startswith(CASH) else effects[effects["symbol"] == key]


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
        )
        for row in rows_of(rows)
    ]


def lots(view: GainsView, name: str) -> list[Part]:
    """Sum the lots that count for a figure by instrument."""
    rows = view.rows
    if name == "count":
        return [Part(f"{row.symbol} {row.closed.date()}", 1.0) for row in rows_of(rows)]
    column = {"net": "gain", "gains": "gain", "losses": "gain", "short": "gain", "long": "gain", "adjusted": "adjusted_gain"}.get(
        name, name
    )
    chosen = {"gains": rows["gain"] > 0, "losses": rows["gain"] < 0, "short": rows["term"] == "short", "long": rows["term"] == "long"}.get(
        name, rows["gain"] == rows["gain"]
    )
    kept = rows[chosen] if name in {"gains", "losses", "short", "long"} else rows
    return [Part(str(symbol), float(value)) for symbol, value in kept.groupby("symbol")[column].sum().items() if value]
