"""Endpoints of one's own: stored, changed, tried."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.dependencies import Asks, Changes, ExactRoute, Id, Writes, etag, found_id, parsed
from api.endpoint_schemas import EndpointBody, EndpointChange, EndpointPublic, EndpointTrialBody, TrialPublic
from api.portfolios import without_version
from services.market.endpoint_views import EndpointTrial, StoredEndpoint

routes = APIRouter(tags=["market"], route_class=ExactRoute)


@routes.get("/endpoints", response_model=list[EndpointPublic])
def find(call: Asks) -> list[StoredEndpoint]:
    """List where prices of your own are read from, by name."""
    return call.services.endpoints.find(call.actor)


@routes.post("/endpoints", response_model=EndpointPublic, status_code=201)
def add(call: Writes, body: EndpointBody, response: Response) -> StoredEndpoint:
    """Have prices read from a URL of your own. Only hosts named in ENDPOINT_HOSTS, over https, at public addresses, without redirects."""
    endpoint = call.services.endpoints.add(call.actor, parsed(body), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/endpoints/{endpoint.id}"
    etag(response, endpoint.version)
    return endpoint


@routes.post("/endpoints/trial", response_model=TrialPublic)
def trial(call: Asks, body: EndpointTrialBody) -> EndpointTrial:
    """Ask a URL once and tell what would be read; nothing is stored."""
    return call.services.endpoints.trial(call.actor, parsed(body))


@routes.get("/endpoints/{endpoint_id}", response_model=EndpointPublic)
def get(call: Asks, endpoint_id: Id, response: Response) -> StoredEndpoint:
    """Read one."""
    endpoint = call.services.endpoints.get(call.actor, found_id("endpoint", endpoint_id))
    etag(response, endpoint.version)
    return endpoint


@routes.patch("/endpoints/{endpoint_id}", response_model=EndpointPublic)
def change(call: Changes, endpoint_id: Id, body: EndpointChange, response: Response) -> StoredEndpoint:
    """Change the given fields of one; null takes an optional one away."""
    version = call.version(parsed(body))
    endpoint = call.services.endpoints.change(call.actor, found_id("endpoint", endpoint_id), without_version(body), version, idempotency_key=call.key)
    etag(response, endpoint.version)
    return endpoint


@routes.delete("/endpoints/{endpoint_id}", status_code=204)
def remove(call: Changes, endpoint_id: Id) -> None:
    """Delete one; instruments that name it get no price from it any more."""
    call.services.endpoints.remove(call.actor, found_id("endpoint", endpoint_id), call.optional_version(), idempotency_key=call.key)
