"""REST under `/api/v1`, the stream, and what a machine asks of a server: `install(app, services)` puts all on a FastAPI app."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from starlette.routing import compile_path

from api import (
    advice,
    advice_optimise,
    advice_trades,
    alerts,
    analytics,
    attribution,
    benchmarks,
    constituents,
    docs,
    endpoints,
    errors,
    evidence,
    explain,
    exports,
    factors,
    firm,
    gains,
    history,
    imports,
    market,
    markets,
    models,
    performance,
    plans,
    portfolios,
    providers,
    rates,
    reconciliations,
    review,
    risk,
    risk_var,
    status,
    stream,
    stress,
    system,
    transactions,
    transfers,
    what_ifs,
)
from api.context import RequestContext
from api.schemas import Problem
from services import Services

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]
PROBLEMS: dict[int | str, dict[str, Any]] = {  # by reference: a `model` would be built anew for each status of each route, at every start
    status: {"description": text, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, text in ((400, "A body that is not JSON"), (404, "An unknown id"), (409, "A conflict: version, key, or what is there already"),
                         (422, "A field that cannot be read or booked"), (428, "A change without version"), (503, "Database or Redis is away"))
}


PARTS = (
    portfolios,
    transactions,
    transfers,
    imports,
    exports,
    analytics,
    performance,
    attribution,
    stress,
    what_ifs,
    plans,
    evidence,
    models,
    firm,
    advice_trades,
    advice_optimise,
    benchmarks,
    factors,
    advice,
    rates,
    risk_var,
    explain,
    gains,
    risk,
    constituents,
    market,
    markets,
    endpoints,
    history,
    providers,
    review,
    reconciliations,
    alerts,
    status,
)


def router() -> APIRouter:
    """Give every route of the API, the closing 404 last."""
    routes = APIRouter()
    for part in PARTS:
        routes.include_router(part.routes, prefix="/api/v1", responses=PROBLEMS)
    routes.include_router(stream.router())
    routes.include_router(system.routes)
    routes.include_router(docs.routes)
    routes.add_api_route("/api/{path:path}", nothing_here, methods=METHODS, include_in_schema=False)
    return routes


def install(app: FastAPI, services: Services) -> None:
    """Put routes, errors and request ids on an application."""
    app.state.services = services
    app.state.metrics = system.Metrics(services)
    app.include_router(router())
    app.openapi = partial(document, app)  # type: ignore[method-assign]  # as FastAPI's guide extends it
    app.add_middleware(RequestContext, metrics=app.state.metrics)
    errors.install(app)


def document(app: FastAPI) -> dict[str, Any]:
    """Write the OpenAPI document, once; the problem that every route may answer is in it by name."""
    written = FastAPI.openapi(app)
    written["components"]["schemas"].setdefault("Problem", Problem.model_json_schema())
    return written


def nothing_here(request: Request, path: str) -> None:  # noqa: ARG001
    """Answer for unknown paths, before the screens' catch-all does."""
    allowed = sorted(methods_of(request.app.openapi(), request.url.path))
    if allowed:
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
    raise HTTPException(404)


def methods_of(document: Mapping[str, Any], path: str) -> set[str]:
    """List the methods that an OpenAPI document names for a path."""
    fitting = (item for template, item in document["paths"].items() if compile_path(template)[0].fullmatch(path))
    return {method.upper() for item in fitting for method in item if method.upper() in METHODS}
