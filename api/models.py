"""`/portfolios/{id}/models`: models of what is held, each with its score, and what those in use say."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.analytics import Scope
from api.dependencies import Asks, ExactRoute, Writes
from api.evidence_schemas import EvidenceRunPublic, ModelsPublic
from services.advice.evidence_json import plain
from services.advice.views_evidence import EvidenceRun

routes = APIRouter(tags=["advice"], route_class=ExactRoute)


@routes.get("/portfolios/{portfolio_id}/models", response_model=ModelsPublic)
def models(call: Asks, portfolio_id: Scope) -> Any:  # noqa: ANN401 - JSON
    """Fit, score and ask every model; a second or more the first time, then kept until a ledger or a close changes."""
    return plain(call.services.models.models(call.actor, portfolio_id))


@routes.post("/portfolios/{portfolio_id}/models", response_model=EvidenceRunPublic, status_code=202)
def begin(call: Writes, portfolio_id: Scope, response: Response) -> EvidenceRun:
    """Begin the same as a job; `GET /evidence/{id}` tells how far it is."""
    run = call.services.models.begin(call.actor, portfolio_id, idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/evidence/{run.id}"
    return run
