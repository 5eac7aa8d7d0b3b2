"""The history of instruments: how far it is fetched, what was told otherwise later, and prices adjusted for what followed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import After, Asks, Changes, Day, ExactRoute, Limit, Symbol, day, paged
from api.history_schemas import AdjustedPublic, HistoryPublic, RevisionPublic
from services import fields
from services.fields import Place
from services.history.service import HistoryView

routes = APIRouter(tags=["history"], route_class=ExactRoute)
Adjust = Annotated[Literal["splits", "all"], Query(description="`splits`: for splits that followed; `all`: for payments too")]

Carried = Annotated[bool, Query(description="Trading days between two bars that have none get the close before, with the mark `carried`")]


@routes.get("/instruments/{symbol}/history", response_model=HistoryPublic)
def history(call: Asks, symbol: Symbol) -> HistoryView:
    """Tell how far the history of an instrument is fetched."""
    return call.services.history.get(call.actor, symbol)


@routes.post("/instruments/{symbol}/history", response_model=HistoryPublic, status_code=202)
def ask_again(call: Changes, symbol: Symbol) -> HistoryView:
    """Have the whole history of an instrument asked for again; bars stay until they are told otherwise."""
    return call.services.history.ask_again(call.actor, symbol)


@routes.get("/instruments/{symbol}/history/revisions", response_model=list[RevisionPublic])
def revisions(call: Asks, symbol: Symbol, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List what providers told otherwise later, with both values, newest first."""
    number = None if after is None else int(fields.number(Place("after"), after))
    return paged(call.services.history.revisions(call.actor, symbol, limit=limit, after=number), request, response)


@routes.get("/instruments/{symbol}/history/adjusted", response_model=list[AdjustedPublic])
def adjusted(call: Asks, symbol: Symbol, start: Day = None, end: Day = None, adjust: Adjust = "all", *,
             carried: Carried = False) -> list[dict[str, Any]]:
    """List daily prices adjusted for what followed, derived from what was traded and the actions."""
    between = day("start", start), day("end", end)
    return call.services.history.adjusted(call.actor, symbol, *between, payments=adjust == "all", carried=carried)
