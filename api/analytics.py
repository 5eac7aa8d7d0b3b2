"""What a portfolio is worth: holdings at an instant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from numpy.typing import NDArray

from api.dependencies import Asks, CostRate, FeesInCost, Id, LotsBy, explain_url, known, moment, truth
from api.schemas import HoldingsPublic
from services.views import HoldingsView, QuoteView

routes = APIRouter(prefix="/portfolios/{portfolio_id}", tags=["analytics"])
Scope = Annotated[Id, "or all"]
AS_OF = Query(description="A date (its closes) or an instant; now with the latest quotes where absent", examples=["2024-03-28"])


@routes.get("/holdings", response_model=HoldingsPublic)
def holdings(  # noqa: PLR0913, PLR0917 - one parameter a query parameter
    call: Asks, request: Request, portfolio_id: Scope, as_of: Annotated[str | None, AS_OF] = None,
    cost_method: Annotated[str | None, Query(description="Instead of the portfolio's own")] = None,
    known_at: Annotated[str | None, Query(description="The ledger as it was known at an instant, RFC 3339")] = None,
    base_currency: Annotated[str | None, Query(description="Instead of the portfolio's own")] = None,
    fees_in_cost: FeesInCost = None, lots_by: LotsBy = None, cost_rate: CostRate = None,
) -> dict[str, Any]:
    """Value a portfolio, or with the id `all` every portfolio merged.

    A holding without price or rate has null in its place and a finding; totals leave it out, and a finding says so.
    """
    view = call.services.valuation.holdings(call.actor, portfolio_id, as_of=moment("as_of", as_of), cost_method=cost_method,
                                            known_at=known(known_at), base_currency=base_currency,
                                            fees_in_cost=truth("fees_in_cost", fees_in_cost), lots_by=lots_by or "account",
                                            cost_rate=cost_rate or "purchase")
    return {**told_holdings(view), "explain": explain_url(request, portfolio_id)}


def told_holdings(view: HoldingsView) -> dict[str, Any]:
    """Lay a view out for JSON."""
    told = view.figures
    cash = _records(told.cash)
    return {
        "as_of": view.as_of, "live": view.live, "base_currency": view.base_currency, "cost_method": view.cost_method, "revisions": view.revisions,
        "simulated": view.simulated, "holdings": [_holding(row, view) for row in _records(told.holdings)],
        "closed": _records(told.closed), "cash": {row["currency"]: row["balance"] for row in cash}, "cash_details": cash,
        "totals": _known({**told.totals, **view.stale}), "findings": view.findings,
    }


def _holding(row: Mapping[Any, Any], view: HoldingsView) -> dict[str, Any]:
    instrument, quote = view.instruments[row["symbol"]], view.quotes[row["symbol"]]
    return {
        **row, "name": instrument.name, "asset_class": instrument.asset_class, "sector": instrument.sector, "country": instrument.country,
        "exchange": instrument.exchange, **_priced(quote),
    }


def _priced(quote: QuoteView) -> dict[str, Any]:
    return {"price_ts": quote.ts, "price_received": quote.received, "price_mark": quote.mark, "price_source": quote.source,
            "price_state": quote.state, "price_age_seconds": quote.age_seconds,
            "previous_close": quote.previous_close, "simulated": quote.simulated}


def _records(columns: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Give columns row by row, null where there is no number."""
    cells = [values.tolist() for values in columns.values()]
    plain = [each if values.dtype == object or np.isfinite(values).all() else [_number(cell) for cell in each]
             for each, values in zip(cells, columns.values(), strict=True)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _known(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Put null where there is no number."""
    return {str(name): None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()}
