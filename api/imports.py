"""`/portfolios/{id}/imports` and `/imports`: read a file into a ledger, look at runs, take one back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from api.dependencies import After, Asks, Changes, ExactRoute, Id, Limit, Writes, after_id, found_id, paged
from api.file_schemas import ImportPublic, RowPublic
from engine.errors import InvalidInput
from services import fields
from services.fields import Place
from services.imports.views import ImportOptions, ImportView, Upload

routes = APIRouter(tags=["files"], route_class=ExactRoute)
FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False, "": False}
Sent = Annotated[UploadFile, File(description="CSV, XLSX or JSON, at most 10 MB and 100,000 rows")]


class Wanted:
    """What is to be done with a file; every field may stand in the form or in the query."""

    def __init__(self, request: Request, dry_run: Annotated[str | None, Form(description="Tell what it would do, book nothing")] = None,
                 format: Annotated[str | None, Form(description="auto, portolan or mapped")] = None,  # noqa: A002  # the contract's word
                 mapping: Annotated[str | None, Form(description="JSON: columns, kinds, decimal, date_order, defaults, ...")] = None,
                 skip_refused: Annotated[str | None, Form(description="Book the other rows where some are refused")] = None,
                 wait: Annotated[str | None, Form(description="false: answer at once with 202 and read on")] = None) -> None:
        query = request.query_params
        self.wait = flag("wait", query.get("wait") if wait is None else wait, default=True)
        self.options = ImportOptions(
            dry_run=flag("dry_run", query.get("dry_run") if dry_run is None else dry_run),
            format=(query.get("format") if format is None else format) or "auto",
            mapping=(query.get("mapping") if mapping is None else mapping) or None,
            skip_refused=flag("skip_refused", query.get("skip_refused") if skip_refused is None else skip_refused),
        )


def flag(name: str, text: str | None, *, default: bool = False) -> bool:
    """Read true or false."""
    if text is None:
        return default
    if text.strip().lower() not in FLAGS:
        raise InvalidInput(name, text, "is neither true nor false", hint="Send true or false", rule="not_a_flag")
    return FLAGS[text.strip().lower()]


@routes.post("/portfolios/{portfolio_id}/imports", response_model=ImportPublic, status_code=201)
def create(call: Writes, portfolio_id: Id, file: Sent, wanted: Annotated[Wanted, Depends()], response: Response) -> ImportView:
    """Read a file into the ledger, all or nothing.

    201: booked. 200: looked at (`dry_run`). 202: at it (`wait=false`); ask `GET /imports/{id}`. 422: rows are refused and nothing was booked; each
    is told with row, column, value, reason and hint. Rows that are in the ledger already are duplicates and are passed over.
    """
    portfolio, upload = found_id("portfolio", portfolio_id), Upload(file.filename or "file", file.file.read())
    work = call.services.imports.run if wanted.wait else call.services.imports.begin
    view = work(call.actor, portfolio, upload, wanted.options, idempotency_key=call.key)
    response.status_code = 202 if view.status == "running" else 200 if view.dry_run else 201
    response.headers["Location"] = f"/api/v1/imports/{view.id}"
    return view


@routes.get("/portfolios/{portfolio_id}/imports", response_model=list[ImportPublic])
def find_of(call: Asks, portfolio_id: Id, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List the imports of a portfolio, newest first, without their rows."""
    page = call.services.imports.find(call.actor, found_id("portfolio", portfolio_id), limit=limit, after=after_id(after))
    return paged(page, request, response)


@routes.get("/imports", response_model=list[ImportPublic])
def find(call: Asks, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List the imports of every portfolio, newest first, without their rows."""
    return paged(call.services.imports.find(call.actor, limit=limit, after=after_id(after)), request, response)


@routes.get("/imports/{run_id}", response_model=ImportPublic)
def get(call: Asks, run_id: Id) -> ImportView:
    """Read a run: how far it is, or what became of it."""
    return call.services.imports.get(call.actor, found_id("import run", run_id))


@routes.get("/imports/{run_id}/rows", response_model=list[RowPublic])
def rows(call: Asks, run_id: Id, request: Request, response: Response,
         status: Annotated[str | None, Query(description="accepted, duplicate, refused or ignored")] = None, limit: Limit = 1000,
         after: After = None) -> list[Any]:
    """List the rows of a run in the order of the file."""
    behind = None if after is None else int(fields.number(Place("after"), after))
    page = call.services.imports.rows(call.actor, found_id("import run", run_id), status=status or None, limit=limit, after=behind)
    return paged(page, request, response)


@routes.delete("/imports/{run_id}", response_model=ImportPublic)
def take_back(call: Changes, run_id: Id) -> ImportView:
    """Void every transaction of a run; a second time changes nothing. The history keeps them, and the file can be imported again."""
    return call.services.imports.take_back(call.actor, found_id("import run", run_id), idempotency_key=call.key)
