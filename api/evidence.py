"""`/portfolios/{id}/evidence` and `/evidence`: strategies and models tried on the past, as jobs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.analytics import Scope
from api.dependencies import After, Asks, ExactRoute, Id, Limit, Writes, after_id, found_id, paged, parsed
from api.evidence_schemas import EvidenceAsked, EvidenceRunPublic, StrategyPublic
from services.advice.evidence_questions import evidence_question
from services.advice.views_evidence import EvidenceRun

routes = APIRouter(tags=["advice"], route_class=ExactRoute)


@routes.post("/portfolios/{portfolio_id}/evidence", response_model=EvidenceRunPublic, status_code=202)
def begin(call: Writes, portfolio_id: Scope, body: EvidenceAsked, response: Response) -> EvidenceRun:
    """Begin to try strategies on the past of what is held, after costs, against doing nothing and 1/N."""
    run = call.services.evidence.begin(call.actor, portfolio_id, evidence_question(parsed(body)), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/evidence/{run.id}"
    return run


@routes.get("/evidence", response_model=list[EvidenceRunPublic])
def find(call: Asks, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List runs, newest first, without what came of them."""
    return paged(call.services.evidence.find(call.actor, limit=limit, after=after_id(after)), request, response)


@routes.get("/evidence/strategies", response_model=list[StrategyPublic])
def strategies(call: Asks) -> list[dict[str, Any]]:
    """List the strategies that can be tried."""
    return call.services.evidence.strategies()


@routes.get("/evidence/{run_id}", response_model=EvidenceRunPublic)
def get(call: Asks, run_id: Id) -> EvidenceRun:
    """Read how far a run is, and what came of it."""
    return call.services.evidence.get(call.actor, found_id("evidence run", run_id))


@routes.post("/evidence/{run_id}/cancel", response_model=EvidenceRunPublic)
def cancel(call: Writes, run_id: Id) -> EvidenceRun:
    """Stop a run. A second time changes nothing."""
    return call.services.evidence.cancel(call.actor, found_id("evidence run", run_id))
