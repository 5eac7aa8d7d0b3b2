"""What a machine asks of a server: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from api.dependencies import Asks
from services import Services
from services.live import HubCollector

routes = APIRouter(tags=["system"])
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@routes.get("/healthz")
async def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@routes.get("/readyz", responses={503: {"description": "The database does not answer"}})
def readyz(call: Asks) -> JSONResponse:
    """Tell whether database, bus and feed answer; without Redis the server still serves, from the database."""
    status = call.services.market.status(call.actor)
    health = "down" if not status.database else "ok" if status.bus else "degraded"
    told = {"status": health, "database": status.database, "bus": status.bus, "feed": status.state, "poller": status.poller,
            "last_tick_age_seconds": status.age_seconds, "simulated": status.simulated}
    return JSONResponse(told, 200 if status.database else 503)


@routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Give the counters for Prometheus."""
    known: Metrics = request.app.state.metrics
    return Response(generate_latest(known.registry), media_type=CONTENT_TYPE_LATEST)


class Metrics:
    """Counters of a process: requests, feed, hub."""

    def __init__(self, services: Services) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("portolan_http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry)
        self.seconds = Histogram("portolan_http_seconds", "Time from request to answer", ["route"], buckets=BUCKETS, registry=self.registry)
        for collector in vars(services.feed.metrics).values():
            self.registry.register(collector)
        for standard in (ProcessCollector, PlatformCollector, GCCollector):
            standard(registry=self.registry)
        self.registry.register(services.database.metrics)
        self.registry.register(services.cache.metrics)
        if services.hub:
            self.registry.register(HubCollector(services.hub))

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self.requests.labels(method if method in {"GET", "POST", "PUT", "PATCH", "DELETE"} else "other", route, status).inc()
        self.seconds.labels(route).observe(seconds)
