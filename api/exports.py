"""`/portfolios/{id}/exports`: transactions, holdings and performance as CSV, XLSX or JSON."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from api.dependencies import Asks, Day, Id, day, instant, moment
from services.imports.exports import Sight

routes = APIRouter(tags=["files"])
FILES = "transactions, holdings or performance, and csv, xlsx or json: transactions.csv"


@routes.get("/portfolios/{portfolio_id}/exports/{file}", response_class=Response,
            responses={200: {"description": "The file", "content": {"text/csv": {}, "application/json": {}}}})
def export(call: Asks, portfolio_id: Id, file: Annotated[str, Path(description=FILES)],
           as_of: Annotated[str | None, Query(description="YYYY-MM-DD or RFC 3339")] = None,
           known_at: Annotated[str | None, Query(description="The ledger as it was known at an instant, RFC 3339")] = None,
           start: Day = None, end: Day = None) -> Response:
    """Write a file. Transactions come in Portolan's own format: importing them gives the same ledger."""
    subject, _, form = file.rpartition(".")
    sight = Sight(moment("as_of", as_of), instant("known_at", known_at), day("start", start), day("end", end))
    download = call.services.exports.export(call.actor, portfolio_id, subject, form, sight)
    disposition = f"attachment; filename=\"{download.name}\"; filename*=UTF-8''{quote(download.name)}"
    return Response(download.content, media_type=download.media_type, headers={"Content-Disposition": disposition, "Cache-Control": "no-store"})
