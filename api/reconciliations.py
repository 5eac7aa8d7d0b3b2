"""`/portfolios/{id}/reconciliations`: compare with a broker's statement, see the breaks, accept fixes one by one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile

from api.dependencies import Asks, ExactRoute, Id, Writes, found_id, parsed
from api.imports import flag
from api.review_schemas import AcceptFix, MendedPublic, ReconciliationPublic, ReconciliationRow, Statement
from engine.errors import InvalidInput
from services.review.statements import text_of
from services.review_views import Mended, ReconciliationView

routes = APIRouter(prefix="/portfolios/{portfolio_id}/reconciliations", tags=["review"], route_class=ExactRoute)
SentFile = Annotated[UploadFile, File(description="CSV or XLSX: symbol or ISIN, quantity, and cost and price where named")]
DryRun = Annotated[bool, Query(description="Tell the breaks, keep nothing")]


@routes.post("", response_model=ReconciliationPublic, status_code=201)
def compare(call: Writes, portfolio_id: Id, body: Statement, response: Response, dry_run: DryRun = False) -> ReconciliationView:  # noqa: FBT002
    """Compare a statement with the ledger at the end of its day. No transaction is written; fixes are accepted one by one."""
    view = call.services.reconcile.compare(call.actor, found_id("portfolio", portfolio_id), parsed(body), keep=not dry_run, idempotency_key=call.key)
    if dry_run:
        response.status_code = 200
    else:
        response.headers["Location"] = f"/api/v1/portfolios/{portfolio_id}/reconciliations/{view.id}"
    return view


@routes.post("/file", response_model=ReconciliationPublic, status_code=201)
def compare_file(call: Writes, portfolio_id: Id, file: SentFile, date: Annotated[str, Form(description="The day of the statement")],
                 account: Annotated[str | None, Form()] = None, complete: Annotated[str, Form(description="false: only what is named")] = "true",
                 ) -> ReconciliationView:
    """Compare a statement's file, CSV or XLSX, with the ledger at the end of its day."""
    text = text_of(file.filename or "file", file.file.read())
    told = {"date": date, "account": account, "text": text, "complete": flag("complete", complete, default=True)}
    raw = {name: value for name, value in told.items() if value is not None}
    return call.services.reconcile.compare(call.actor, found_id("portfolio", portfolio_id), raw, idempotency_key=call.key)


@routes.get("", response_model=list[ReconciliationRow])
def find(call: Asks, portfolio_id: Id) -> list[Any]:
    """List the statements that were kept, those of the latest days first."""
    return call.services.reconcile.find(call.actor, found_id("portfolio", portfolio_id))


@routes.get("/{reconciliation_id}", response_model=ReconciliationPublic)
def get(call: Asks, portfolio_id: Id, reconciliation_id: Id) -> ReconciliationView:
    """Compare a kept statement with the ledger as it is now."""
    return call.services.reconcile.get(call.actor, found_id("portfolio", portfolio_id), found_id("reconciliation", reconciliation_id))


@routes.post("/{reconciliation_id}/accept", response_model=MendedPublic)
def accept(call: Writes, portfolio_id: Id, reconciliation_id: Id, body: AcceptFix) -> Mended:
    """Do what one fix proposes; the audit entry that is answered takes it back."""
    sent = parsed(body)
    fix_id = sent.get("fix_id") if isinstance(sent, dict) else None
    if not isinstance(fix_id, str):
        raise InvalidInput("fix_id", fix_id, "is missing", hint="Send one of the fix_ids of a break", rule="required")
    return call.services.reconcile.accept(call.actor, found_id("portfolio", portfolio_id), found_id("reconciliation", reconciliation_id), fix_id,
                                          idempotency_key=call.key)


@routes.delete("/{reconciliation_id}", status_code=204)
def forget(call: Writes, portfolio_id: Id, reconciliation_id: Id) -> None:
    """Delete a statement; the transactions that came of it stay."""
    call.services.reconcile.forget(call.actor, found_id("portfolio", portfolio_id), found_id("reconciliation", reconciliation_id),
                                   idempotency_key=call.key)
