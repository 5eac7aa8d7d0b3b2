"""`/portfolios/{id}/optimise` and `/optimisers`: weights by skfolio's models, as a job with progress."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.advice_optimise_schemas import ModelPublic, Optimise, OptimisePublic
from api.dependencies import After, Asks, ExactRoute, Id, Limit, Writes, after_id, found_id, paged, parsed
from services.advice.optimise_tasks import optimise_question
from services.advice.plain import plain
from services.advice.views_trades import ModelInfo, OptimiseView

routes = APIRouter(tags=["advice"], route_class=ExactRoute)


@routes.get("/optimisers", response_model=list[ModelPublic])
def models(call: Asks) -> list[ModelInfo]:
    """List the optimisers, with the measures, objectives and constraints that each obeys."""
    return list(call.services.optimising.models())


@routes.post("/portfolios/{portfolio_id}/optimise", response_model=OptimisePublic, status_code=202)
def begin(call: Writes, portfolio_id: Id, response: Response, body: Optimise = None) -> dict[str, Any]:
    """Begin to look for weights; `GET .../optimise/{run_id}` tells how far it is and what came out."""
    view = call.services.optimising.begin(call.actor, found_id("portfolio", portfolio_id), optimise_question(parsed(body)), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/portfolios/{portfolio_id}/optimise/{view.id}"
    return shown(view)


@routes.get("/portfolios/{portfolio_id}/optimise", response_model=list[OptimisePublic])
def find(call: Asks, portfolio_id: Id, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List runs, newest first."""
    page = call.services.optimising.find(call.actor, found_id("portfolio", portfolio_id), limit=limit, after=after_id(after))
    return [shown(view) for view in paged(page, request, response)]


@routes.get("/portfolios/{portfolio_id}/optimise/{run_id}", response_model=OptimisePublic)
def get(call: Asks, portfolio_id: Id, run_id: Id) -> dict[str, Any]:
    """Read how far a run is, and what came out."""
    return shown(call.services.optimising.get(call.actor, found_id("portfolio", portfolio_id), found_id("optimiser run", run_id)))


@routes.post("/portfolios/{portfolio_id}/optimise/{run_id}/cancel", response_model=OptimisePublic)
def cancel(call: Writes, portfolio_id: Id, run_id: Id) -> dict[str, Any]:
    """Stop a run. A second time changes nothing."""
    return shown(call.services.optimising.cancel(call.actor, found_id("portfolio", portfolio_id), found_id("optimiser run", run_id)))


def shown(view: OptimiseView) -> dict[str, Any]:
    """Give a run as JSON."""
    told: dict[str, Any] = plain(view)
    return told
