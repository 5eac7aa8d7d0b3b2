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
    Writes,
    after_id,
    day,
    etag,
    found_id,
    instant,
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
Oversell = Annotated[str, Query(description="What a sale beyond the held does: short (it opens one) or error (it is refused)")]


@routes.post("", response_model=list[TransactionPublic] | TransactionPublic | list[PreviewPublic] | PreviewPublic, status_code=201)
def record(call: Writes, portfolio_id: Id, body: TransactionsBody, response: Response,
           dry_run: Annotated[bool, Query(description="Tell what it would do, write nothing")] = False,  # noqa: FBT002
           oversell: Oversell = "short") -> Sequence[Transaction | Preview] | Transaction | Preview:
    """Record one transaction or a list, which is all or nothing.

    BUY, SELL: `symbol quantity` and `price` or `amount`. DIVIDEND, RETURN_OF_CAPITAL: `symbol` and `amount`, or `quantity price`.
    INTEREST: `amount`. FEE: `amount` or `fee`. TAX: `amount` or `tax`. DEPOSIT, WITHDRAWAL: `amount`. TRANSFER_IN, TRANSFER_OUT: `symbol
    quantity` (and `price`), or `amount`.
    SPLIT: `symbol ratio` (new per old). STOCK_DIVIDEND: `symbol quantity`. SPIN_OFF: `symbol to_symbol quantity ratio` (share of the cost that
    moves). MERGER: `symbol`, `to_symbol ratio` or `amount`. FX_CONVERSION: `amount currency to_amount to_currency`. ADJUSTMENT: a signed
    `quantity` of `symbol`, or a signed `amount`.
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
        end=day("end", asked.end), account=asked.account, known_at=instant("known_at", asked.known_at), include_voided=asked.include_voided,
        limit=asked.limit, after=after_id(asked.after), newest_first=asked.newest_first)
    return paged(page, request, response)


@routes.get("/{transaction_id}", response_model=TransactionPublic)
def get(call: Asks, portfolio_id: Id, transaction_id: Id, response: Response) -> Transaction:
    """Read the newest version of a transaction."""
    found = call.services.transactions.get(call.actor, found_id("portfolio", portfolio_id), found_id("transaction", transaction_id))
    etag(response, found.version)
    return found


@routes.get("/{transaction_id}/history", response_model=list[TransactionPublic])
def history(call: Asks, portfolio_id: Id, transaction_id: Id) -> list[Transaction]:
    """List every version of a transaction, oldest first."""
    return call.services.transactions.history(call.actor, found_id("portfolio", portfolio_id), found_id("transaction", transaction_id))


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
