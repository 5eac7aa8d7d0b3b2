"""A scope on a day of the past, in the words of the stream: the same figures, rounded the same way, but nothing moves them."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.types import Actor
from engine.valuation import revalue
from services.books.answers import holdings_view, terms_for_hub
from services.books.valuation import Valuation
from services.live import figures
from services.live.figures import Worth
from services.live.reader import Loaded
from services.live.scope import fixed_of, rates_of
from services.views import HoldingsView, QuoteView


def still(valuation: Valuation, actor: Actor, scope: str, **past: Any) -> tuple[HoldingsView, dict[str, Any]]:  # noqa: ANN401
    """Value a scope as of a day, or as it was known at an instant.

    Parameters
    ----------
    valuation : Valuation
    actor : Actor
    scope : str
        Portfolio id, or "all".
    **past
        `as_of` and `known_at`, as `Valuation.holdings` takes them.

    Returns
    -------
    tuple of HoldingsView and dict
        What the Holdings page shows, and the same as a snapshot of the stream tells it.

    Raises
    ------
    NotFound, InvalidInput
        As `Valuation.holdings`.
    """
    answer = valuation.answered(actor, scope, **past)
    view = holdings_view(scope, answer)
    loaded = Loaded(terms_for_hub(scope, answer, view.figures), view, {})
    return view, _told(loaded)


def _told(loaded: Loaded) -> dict[str, Any]:
    live, fixed = loaded.live, fixed_of(loaded)
    price = live.marks.price.reindex(live.symbols).to_numpy(dtype=np.float64)  # none of cash
    rate = rates_of(live, {})
    result = revalue(live.terms, price, rate)
    worth = Worth(result.market_value, result.unrealised, result.day_pnl, price, rate[live.terms.currency_index])
    table = figures.rows(fixed, worth)
    rows = {symbol: {**figures.record(row), **_state(live.quotes.get(symbol))} for symbol, row in zip(live.symbols, table.tolist(), strict=True)}
    states = [quote.state.value if (quote := live.quotes.get(symbol)) else "" for symbol in live.symbols]
    return {"full": True, "currency": live.base_currency, **figures.totals(fixed, worth, table), **figures.stale(table, states), "holdings": rows}


def _state(quote: QuoteView | None) -> dict[str, str]:
    return {} if quote is None else {"state": quote.state.value}
