"""`/portfolios/{id}/transactions`: record, list, correct, void, undo, and their history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import (
    Asks,
    Changes,
    ExactRoute,
    Id,
    KnownAt,
    Writes,
    after_id,
    day,
    etag,
    found_id,
    known,
    paged,
    parsed,
)
from api.portfolios import without_version
from api.requests import TransactionChange, TransactionFilter, TransactionsBody, VersionBody
from api.schemas import PreviewPublic, TransactionPublic
from engine.types import Kind, Transaction
from services import fields
from services.fields import Place
from services.views import Preview

routes = APIRouter(prefix="/portfolios/{portfolio_id}/transactions", tags=["transactions"], route_class=ExactRoute)
Oversell = Annotated[str | None, Query(description="error: refuse a sale beyond the held, whatever the portfolio's setting")]


@routes.post("", response_model=list[TransactionPublic] | TransactionPublic | list[PreviewPublic] | PreviewPublic, status_code=201)
def record(call: Writes, portfolio_id: Id, body: TransactionsBody, response: Response,
           dry_run: Annotated[bool, Query(description="Tell what it would do, write nothing")] = False,  # noqa: FBT002
           oversell: Oversell = None) -> Sequence[Transaction | Preview] | Transaction | Preview:
    """Record one transaction or a list, which is all or nothing.

    What each kind needs and does is told by `GET /kinds`. Within a day the order given is the order booked.
    """
    portfolio, sent = found_id("portfolio", portfolio_id), parsed(body)
    rows = sent if isinstance(sent, list) else [sent]
    if dry_run:
        response.status_code = 200
        previews = [call.services.transactions.preview(call.actor, portfolio, row, oversell=oversell) for row in rows]
        return previews if isinstance(sent, list) else previews[0]
    stored = call.services.transactions.record(call.actor, portfolio, rows, idempotency_key=call.key, oversell=oversell)
    if isinstance(sent, list):
        return stored
    response.headers["Location"] = f"/api/v1/portfolios/{portfolio}/transactions/{stored[0].id}"
    etag(response, stored[0].version)
    return stored[0]


@routes.get("", response_model=list[TransactionPublic])
def find(call: Asks, portfolio_id: Id, asked: Annotated[TransactionFilter, Query()], request: Request, response: Response) -> list[Any]:
    """List transactions in the order they are booked."""
    kinds = [Kind(fields.choice(Place("kind"), each, [known.value for known in Kind], upper=True)) for each in asked.kind]
    page = call.services.transactions.find(
        call.actor, found_id("portfolio", portfolio_id), symbol=asked.symbol, kind=kinds or None, start=day("start", asked.start),
        end=day("end", asked.end), account=asked.account, known_at=known(asked.known_at), include_voided=asked.include_voided,
        limit=asked.limit, after=after_id(asked.after), newest_first=asked.newest_first)
    return paged(page, request, response)


@routes.get("/{transaction_id}", response_model=TransactionPublic)
def get(call: Asks, portfolio_id: Id, transaction_id: Id, response: Response, known_at: KnownAt = None) -> Transaction:
    """Read the newest version of a transaction, now or as it was known."""
    found = call.services.transactions.get(call.actor, found_id("portfolio", portfolio_id), found_id("transaction", transaction_id),
                                           known_at=known(known_at))
    etag(response, found.version)
    return found


@routes.get("/{transaction_id}/history", response_model=list[TransactionPublic])
def history(call: Asks, portfolio_id: Id, transaction_id: Id, known_at: KnownAt = None) -> list[Transaction]:
    """List every version of a transaction, oldest first."""
    return call.services.transactions.history(call.actor, found_id("portfolio", portfolio_id), found_id("transaction", transaction_id),
                                              known_at=known(known_at))


@routes.patch("/{transaction_id}", response_model=TransactionPublic)
def correct(call: Changes, portfolio_id: Id, transaction_id: Id, body: TransactionChange, response: Response) -> Transaction:
    """Append a version with some fields changed."""
    version = call.version(parsed(body))
    stored = call.services.transactions.correct(call.actor, found_id("portfolio", portfolio_id), found_id("transaction", transaction_id), version,
                                                without_version(body), idempotency_key=call.key)
    etag(response, stored.version)
    return stored


@routes.delete("/{transaction_id}", response_model=TransactionPublic)
def void(call: Changes, portfolio_id: Id, transaction_id: Id, response: Response, body: VersionBody = None) -> Transaction:
    """Append a version that counts for nothing; the history keeps it."""
    stored = call.services.transactions.void(call.actor, found_id("portfolio", portfolio_id), found_id("transaction", transaction_id),
                                             call.version(parsed(body)), idempotency_key=call.key)
    etag(response, stored.version)
    return stored


@routes.post("/{transaction_id}/undo", response_model=TransactionPublic)
def undo(call: Changes, portfolio_id: Id, transaction_id: Id, response: Response, body: VersionBody = None) -> Transaction:
    """Append the content of the version before; a first version is voided, a voided one returns."""
    stored = call.services.transactions.undo(call.actor, found_id("portfolio", portfolio_id), found_id("transaction", transaction_id),
                                             call.version(parsed(body)), idempotency_key=call.key)
    etag(response, stored.version)
    return stored
