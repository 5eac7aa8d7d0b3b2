"""`/portfolios`: add, list, read, change, remove."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.dependencies import After, Asks, Changes, ExactRoute, Id, Limit, Writes, after_id, etag, found_id, paged, parsed
from api.requests import PortfolioBody, PortfolioChange, VersionBody
from api.schemas import PortfolioPublic
from engine.types import Portfolio

routes = APIRouter(prefix="/portfolios", tags=["portfolios"], route_class=ExactRoute)


@routes.post("", response_model=PortfolioPublic, status_code=201)
def create(call: Writes, body: PortfolioBody, response: Response) -> Portfolio:
    """Add a portfolio."""
    portfolio = call.services.portfolios.create(call.actor, parsed(body), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/portfolios/{portfolio.id}"
    etag(response, portfolio.version)
    return portfolio


@routes.get("", response_model=list[PortfolioPublic])
def find(call: Asks, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List portfolios, oldest first."""
    return paged(call.services.portfolios.page(call.actor, limit=limit, after=after_id(after)), request, response)


@routes.get("/{portfolio_id}", response_model=PortfolioPublic)
def get(call: Asks, portfolio_id: Id, response: Response) -> Portfolio:
    """Read a portfolio."""
    portfolio = call.services.portfolios.get(call.actor, found_id("portfolio", portfolio_id))
    etag(response, portfolio.version)
    return portfolio


@routes.patch("/{portfolio_id}", response_model=PortfolioPublic)
def change(call: Changes, portfolio_id: Id, body: PortfolioChange, response: Response) -> Portfolio:
    """Change fields of the version that was read."""
    version, fields = call.version(parsed(body)), without_version(body)
    portfolio = call.services.portfolios.change(call.actor, found_id("portfolio", portfolio_id), version, fields, idempotency_key=call.key)
    etag(response, portfolio.version)
    return portfolio


@routes.delete("/{portfolio_id}", status_code=204)
def remove(call: Changes, portfolio_id: Id, body: VersionBody = None) -> None:
    """Take a portfolio out of sight."""
    call.services.portfolios.remove(call.actor, found_id("portfolio", portfolio_id), call.version(parsed(body)), idempotency_key=call.key)


@routes.post("/{portfolio_id}/restore", response_model=PortfolioPublic)
def restore(call: Writes, portfolio_id: Id, response: Response) -> Portfolio:
    """Take a removal back; the ledger is as it was."""
    portfolio = call.services.portfolios.restore(call.actor, found_id("portfolio", portfolio_id), idempotency_key=call.key)
    etag(response, portfolio.version)
    return portfolio


@routes.get("/{portfolio_id}/accounts", response_model=list[str])
def accounts(call: Asks, portfolio_id: Id) -> list[str]:
    """List the accounts that transactions name."""
    return call.services.portfolios.accounts(call.actor, found_id("portfolio", portfolio_id))


def without_version(body: Any) -> Any:  # noqa: ANN401
    """Give the fields of a change without the version it is of."""
    return {name: value for name, value in body.items() if name != "version"} if isinstance(body, dict) else body
