"""`/risk/runs`: every figure of every portfolio, as a job with progress."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import After, Asks, Id, Limit, Writes, after_id, found_id, paged
from api.firm_schemas import FirmRowPublic, RunCreate, RunPublic
from engine.errors import InvalidInput
from services.risk.firm_views import FirmQuestion, FirmRow, RunView

routes = APIRouter(prefix="/risk/runs", tags=["risk"])
Named = Annotated[str | None, Query(description="Names with commas between; all of them where absent", examples=["volatility,sharpe_ratio"])]


@routes.post("", response_model=RunPublic, status_code=202)
def create(call: Writes, asked: RunCreate, response: Response) -> RunView:
    """Begin to work every figure of every portfolio out; `GET /risk/runs/{id}` tells how far it is."""
    question = FirmQuestion(**{**asked.model_dump(), "portfolios": None if asked.portfolios is None else tuple(asked.portfolios),
                               "methods": tuple(asked.methods)})
    view = call.services.firm.begin(call.actor, question, idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/risk/runs/{view.id}"
    return view


@routes.get("", response_model=list[RunPublic])
def find(call: Asks, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List runs, newest first."""
    return paged(call.services.firm.find(call.actor, limit=limit, after=after_id(after)), request, response)


@routes.get("/{run_id}", response_model=RunPublic)
def get(call: Asks, run_id: Id) -> RunView:
    """Read how far a run is."""
    return call.services.firm.get(call.actor, found_id("risk run", run_id))


@routes.get("/{run_id}/portfolios", response_model=list[FirmRowPublic])
def portfolios(call: Asks, run_id: Id, request: Request, response: Response, figures: Named = None, limit: Limit = 100,
               after: Annotated[int | None, Query(ge=0, description="What X-Next-After of the page before said")] = None) -> list[Any]:
    """Read portfolios with their figures, as far as they are there."""
    page = call.services.firm.rows(call.actor, found_id("risk run", run_id), limit=limit, after=after)
    wanted = None if figures is None else [name.strip() for name in figures.split(",") if name.strip()]
    return [_narrowed(row, wanted) for row in paged(page, request, response)]


@routes.get("/{run_id}/portfolios.csv", response_class=Response, responses={200: {"description": "The file", "content": {"text/csv": {}}}})
def file(call: Asks, run_id: Id) -> Response:
    """Write every portfolio that is there as a line, every figure as a column."""
    key = found_id("risk run", run_id)
    return Response(call.services.firm.file(call.actor, key), media_type="text/csv; charset=utf-8",
                    headers={"Content-Disposition": f'attachment; filename="portolan-risk-{key}.csv"', "Cache-Control": "no-store"})


@routes.post("/{run_id}/cancel", response_model=RunPublic)
def cancel(call: Writes, run_id: Id) -> RunView:
    """Stop a run; what is there stays. A second time changes nothing."""
    return call.services.firm.cancel(call.actor, found_id("risk run", run_id))


def _narrowed(row: FirmRow, wanted: list[str] | None) -> FirmRow:
    """Keep the figures that were named."""
    if wanted is None or not row.figures:
        return row
    for name in wanted:
        if name not in row.figures:
            raise InvalidInput("figures", name, "is not a figure of this run", hint="Leave figures out to see every name", rule="unknown_value")
    return replace(row, figures={name: row.figures[name] for name in wanted})
