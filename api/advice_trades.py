"""`/portfolios/{id}/rebalance` and `/portfolios/{id}/proposals`: from targets to trades, and from trades to the ledger."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.advice_trades_schemas import Accepted, AcceptedOfAll, Confirmed, HouseholdPublic, ProposalPublic, Question, RebalancePublic
from api.dependencies import After, Asks, Changes, ExactRoute, Id, Limit, Writes, after_id, etag, found_id, paged, parsed
from api.portfolios import without_version
from api.requests import VersionBody
from services.advice.plain import plain
from services.advice.reading import accept_question, household_accepted, rebalance_question
from services.advice.views_trades import OrderLine, ProposalView, RebalanceView

routes = APIRouter(tags=["advice"], route_class=ExactRoute)
Form = Annotated[str | None, Query(alias="format", description="csv: the orders as a file for the broker; JSON where absent")]
FILE: dict[int | str, dict[str, Any]] = {200: {"description": "The orders", "content": {"text/csv": {}, "application/json": {}}}}


@routes.post("/portfolios/all/rebalance", response_model=HouseholdPublic)
def rebalance_all(call: Writes, body: Question = None) -> dict[str, Any]:
    """Work out the trades of every portfolio that has targets, each by its own policy, and what they change together. Nothing is booked."""
    told: dict[str, Any] = plain(call.services.households.preview(call.actor, rebalance_question(parsed(body))))
    return told


@routes.post("/portfolios/all/rebalance/accept", response_model=list[ProposalPublic], status_code=201)
def accept_all(call: Writes, body: AcceptedOfAll = None) -> list[ProposalView]:
    """Keep the orders of every portfolio as a proposal of its own. Nothing is booked."""
    question, revisions = household_accepted(parsed(body))
    return [*call.services.households.accept(call.actor, call.services.proposals, question, revisions=revisions, idempotency_key=call.key)]


@routes.post("/portfolios/{portfolio_id}/rebalance", response_model=RebalancePublic, responses=FILE)
def rebalance(call: Writes, portfolio_id: Id, body: Question = None, form: Form = None) -> Any:  # noqa: ANN401 - JSON or a file
    """Work trades towards targets out, with what they cost and change. Nothing is booked."""
    found = call.services.rebalancing.preview(call.actor, found_id("portfolio", portfolio_id), rebalance_question(parsed(body)))
    return _file(call, found.orders, "rebalance") if form == "csv" else shown(found)


@routes.post("/portfolios/{portfolio_id}/rebalance/accept", response_model=ProposalPublic, status_code=201)
def accept(call: Writes, portfolio_id: Id, body: Accepted, response: Response) -> ProposalView:
    """Keep orders as a proposal that a person confirms. Nothing is booked."""
    asked = accept_question(parsed(body))
    made = call.services.rebalancing.accept(call.actor, found_id("portfolio", portfolio_id), asked, call.services.proposals,
                                            idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/portfolios/{portfolio_id}/proposals/{made.id}"
    etag(response, made.version)
    return made


@routes.get("/portfolios/{portfolio_id}/proposals", response_model=list[ProposalPublic])
def find(call: Asks, portfolio_id: Id, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List proposals, newest first."""
    return paged(call.services.proposals.find(call.actor, found_id("portfolio", portfolio_id), limit=limit, after=after_id(after)), request, response)


@routes.get("/portfolios/{portfolio_id}/proposals/{proposal_id}", response_model=ProposalPublic, responses=FILE)
def get(call: Asks, portfolio_id: Id, proposal_id: Id, response: Response, form: Form = None) -> Any:  # noqa: ANN401 - JSON or a file
    """Read a proposal, or its open lines as a file for the broker."""
    found = call.services.proposals.get(call.actor, found_id("portfolio", portfolio_id), found_id("proposal", proposal_id))
    if form == "csv":
        return _file(call, tuple(OrderLine(line.number, line.draft, line.reason) for line in found.lines if line.state == "open"), "proposal")
    etag(response, found.version)
    return found


@routes.post("/portfolios/{portfolio_id}/proposals/{proposal_id}/confirm", response_model=ProposalPublic)
def confirm(call: Changes, portfolio_id: Id, proposal_id: Id, response: Response, body: Confirmed = None) -> ProposalView:
    """Book lines of a proposal: all that are open, or those that are named; fields that came out otherwise can be told."""
    version, told = call.version(parsed(body)), without_version(body or {})
    made = call.services.proposals.confirm(call.actor, found_id("portfolio", portfolio_id), found_id("proposal", proposal_id), version, told,
                                           idempotency_key=call.key)
    etag(response, made.version)
    return made


@routes.post("/portfolios/{portfolio_id}/proposals/{proposal_id}/reject", response_model=ProposalPublic)
def reject(call: Changes, portfolio_id: Id, proposal_id: Id, response: Response, body: VersionBody = None) -> ProposalView:
    """Put a proposal aside; what was booked of it stays."""
    made = call.services.proposals.reject(call.actor, found_id("portfolio", portfolio_id), found_id("proposal", proposal_id),
                                          call.version(parsed(body)), idempotency_key=call.key)
    etag(response, made.version)
    return made


@routes.post("/portfolios/{portfolio_id}/proposals/{proposal_id}/undo", response_model=ProposalPublic)
def undo(call: Writes, portfolio_id: Id, proposal_id: Id) -> ProposalView:
    """Take the last confirmation or rejection back; what it booked is voided."""
    return call.services.proposals.undo(call.actor, found_id("portfolio", portfolio_id), found_id("proposal", proposal_id), idempotency_key=call.key)


def shown(found: RebalanceView) -> dict[str, Any]:
    """Give a list of trades as JSON."""
    told: dict[str, Any] = plain(found)
    return told


def _file(call: Asks, orders: tuple[OrderLine, ...], name: str) -> Response:
    content = call.services.rebalancing.csv(call.actor, orders)
    return Response(content, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="portolan-{name}.csv"',
                                                             "Cache-Control": "no-store"})
