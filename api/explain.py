"""Explain any number: its formula, inputs, prices and flows, and the call that gives it again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from inspect import signature
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from api import attribution, benchmarks, factors, risk, stress
from api.dependencies import Asks, CostRate, FeesInCost, LotsBy, moment, truth
from api.explain_schemas import EXAMPLE, ExplanationPublic, FiguresPublic
from api.performance import question
from engine.errors import InvalidInput
from services.explain.views import AnalyticsQuestion, ExplainQuestion
from services.gains.views import GainsQuestion
from services.performance.views import PerformanceQuestion

routes = APIRouter(tags=["explain"])
READERS: dict[str, Callable[..., Any]] = {"risk": risk.question, "benchmark": benchmarks.question, "attribution": attribution.question,
                                          "factors": factors.question, "stress": stress.question}


@routes.get("/figures", response_model=FiguresPublic)
def figures(call: Asks) -> dict[str, Any]:
    """List every number that can be explained, with formula, convention and source."""
    return {"figures": call.services.explain.figures()}


@routes.get(
    "/portfolios/{portfolio_id}/explain",
    response_model=ExplanationPublic,
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}},
)
def explain(  # noqa: PLR0913, PLR0917 - one parameter a query parameter
    call: Asks,
    request: Request,
    portfolio_id: Annotated[str, "or all"],
    asked: Annotated[PerformanceQuestion, Depends(question)],
    figure: Annotated[str | None, Query(description="A name of GET /api/v1/figures; those of risk, benchmark, attribution and factors also take "
                                                    "what their own answers take", examples=["roi"])] = None,
    symbol: Annotated[
        str | None, Query(description="What it is of: AAPL, cash:EUR, several (AAPL,MSFT), a lot (AAPL#1), a window (1Y), a month (2024-03), "
                                       "a group, a currency, a part of the gains (AAPL, year:2024), a method (AAPL:fifo), a benchmark, a model")
    ] = None,
    as_of: Annotated[str | None, Query(description="Of holdings: a date or an instant")] = None,
    year: Annotated[str | None, Query(description="Of gains: a tax year instead of start and end")] = None,
    tax_year: Annotated[str | None, Query(description="Of gains: calendar or uk")] = None,
    rules: Annotated[str | None, Query(description="Of gains: uk or us")] = None,
    quantity: Annotated[str | None, Query(description="Of a sale: units, with what GET /sale-simulation takes beside")] = None,
    price: str | None = None,
    date: Annotated[str | None, Query(description="Of a sale: its day")] = None,
    account: str | None = None,
    fee: str | None = None,
    tax: str | None = None,
    tax_rate_short: str | None = None,
    tax_rate_long: str | None = None,
    history: str | None = None,
    fees_in_cost: FeesInCost = None,
    lots_by: LotsBy = None,
    cost_rate: CostRate = None,
) -> dict[str, Any]:
    """Tell how a number comes about, under the same question that `holdings`, `performance` or `realised-gains` was asked.

    `value` is the number that `call` answers at `path`; `reproduced` is what `expression` gives with `inputs`.
    """
    if not (figure or "").strip():
        raise InvalidInput("figure", figure, "is needed", hint="Send figure=twr; GET /api/v1/figures lists them all", rule="required")
    if (cost_rate or "purchase").strip().lower() != "purchase":
        raise InvalidInput("cost_rate", cost_rate, "is not explained", hint="Lots are explained at the rates of their purchase: leave cost_rate away",
                           rule="contradiction")
    gains = GainsQuestion(start=asked.start, end=asked.end, year=year or None, tax_year=tax_year or None, rules=rules or None)
    sale = {"quantity": quantity, "price": price, "date": date, "account": account, "fee": fee, "tax": tax, "tax_rate_short": tax_rate_short,
            "tax_rate_long": tax_rate_long, "history": history}
    told = ExplainQuestion(moment("as_of", as_of), asked.cost_method, asked.known_at, asked.base_currency, asked, gains, sale,
                           truth("fees_in_cost", fees_in_cost), lots_by or "account", _analytics(str(figure).partition(".")[0], request))
    found: dict[str, Any] = _plain(
        asdict(call.services.explain.explain(call.actor, portfolio_id, str(figure), symbol=symbol, question=told))
    )
    return found


def _analytics(root: str, request: Request) -> AnalyticsQuestion | None:
    """Read the query as the answer reads it that shows the figure."""
    if root not in READERS:
        return None
    reader = READERS[root]
    given = {name: request.query_params[name] for name in signature(reader).parameters if name in request.query_params}
    return AnalyticsQuestion(**{root: reader(**given)})


def _plain(value: Any) -> Any:  # noqa: ANN401 - anything JSON has
    """Put null where there is no number."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
