"""`/instruments/{symbol}/constituents`: what a fund holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Response, UploadFile

from api.constituents_schemas import ConstituentsBody, ConstituentsPublic
from api.dependencies import Asks, Changes, ExactRoute, Symbol, day, etag, parsed
from api.imports import flag
from services.constituents.views import FundContents

routes = APIRouter(prefix="/instruments/{symbol}/constituents", tags=["market"], route_class=ExactRoute)
Text = str | None


@routes.get("", response_model=ConstituentsPublic)
def get(call: Asks, symbol: Symbol, response: Response,
        version: Annotated[int | None, Query(ge=1, le=1_000_000_000, description="An earlier one; the newest where absent")] = None) -> FundContents:
    """Read what a fund holds."""
    found = call.services.constituents.get(call.actor, symbol, version)
    etag(response, found.version)
    return found


@routes.put("", response_model=ConstituentsPublic)
def put(call: Changes, symbol: Symbol, body: ConstituentsBody, response: Response) -> FundContents:
    """Tell what a fund holds, whole: an object with `constituents`, `date` and `source`, or the list alone. Every version is kept.

    What is held may be a fund itself; one that would hold itself through others is refused. 422 tells every row that cannot be read.
    """
    found = call.services.constituents.put(call.actor, symbol, parsed(body), version=call.optional_version(), idempotency_key=call.key)
    etag(response, found.version)
    return found


@routes.post("", response_model=ConstituentsPublic)
def put_file(call: Changes, symbol: Symbol, response: Response,  # each is a field of the form
             file: Annotated[UploadFile, File(description="CSV, XLSX or JSON as issuers publish it: a column of weights, and of names or groups")],
             date: Annotated[Text, Form(description="Of the weights; as the file says, else today")] = None,
             source: Annotated[Text, Form(description="Who says so; the file's name where absent")] = None,
             dry_run: Annotated[Text, Form(description="Tell what it would be, keep nothing")] = None) -> FundContents:
    """Tell what a fund holds by a file. Weights in percent become fractions; rows of one name are added up; other columns are passed over."""
    found = call.services.constituents.put_file(
        call.actor, symbol, (file.filename or "file").rsplit("/", 1)[-1], file.file.read(), day=day("date", date), source=source or None,
        version=call.optional_version(), dry_run=flag("dry_run", dry_run), idempotency_key=call.key)
    if found.version:
        etag(response, found.version)
    return found


@routes.delete("", status_code=204)
def remove(call: Changes, symbol: Symbol) -> None:
    """Tell nothing any more of what a fund holds; the audit trail brings it back."""
    call.services.constituents.remove(call.actor, symbol, call.optional_version(), idempotency_key=call.key)
