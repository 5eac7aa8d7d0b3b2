"""Checks of the ledger with their fixes, and the audit log with its way back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import Asks, ExactRoute, Id, Writes, after_id, found_id, moment, paged, parsed
from api.review_schemas import ApplyFix, AuditFilter, AuditPublic, CheckPublic, ChecksPublic, MendedPublic
from engine.errors import InvalidInput
from services import fields
from services.fields import Place
from services.review_views import AuditView, ChecksView, CheckView, Mended

routes = APIRouter(tags=["review"], route_class=ExactRoute)
Scope = Annotated[Id, "or all"]


@routes.get("/portfolios/{portfolio_id}/checks", response_model=ChecksPublic)
def checks(call: Asks, portfolio_id: Scope) -> ChecksView:
    """Tell what is probably wrong in a ledger, or with the id `all` in every one, each with fixes and their effect."""
    return call.services.checks.find(call.actor, portfolio_id)


@routes.get("/portfolios/{portfolio_id}/checks/{finding_id}", response_model=CheckPublic)
def check(call: Asks, portfolio_id: Scope, finding_id: str) -> CheckView:
    """Tell one finding with the effect of every fix."""
    return call.services.checks.get(call.actor, portfolio_id, finding_id)


@routes.post("/portfolios/{portfolio_id}/checks/{finding_id}/apply", response_model=MendedPublic)
def apply(call: Writes, portfolio_id: Scope, finding_id: str, body: ApplyFix = None) -> Mended:
    """Do what a fix proposes, all of it or nothing; the audit entry that is answered takes it back."""
    return call.services.checks.apply(call.actor, portfolio_id, finding_id, _fix(parsed(body)), idempotency_key=call.key)


@routes.post("/portfolios/{portfolio_id}/checks/{finding_id}/dismiss", status_code=204)
def dismiss(call: Writes, portfolio_id: Scope, finding_id: str) -> None:
    """Say that a finding is no problem: it stays away until its rows change."""
    call.services.checks.dismiss(call.actor, portfolio_id, finding_id, idempotency_key=call.key)


@routes.post("/portfolios/{portfolio_id}/checks/{finding_id}/restore", status_code=204)
def restore(call: Writes, portfolio_id: Scope, finding_id: str) -> None:
    """Take back that a finding is no problem."""
    call.services.checks.restore(call.actor, portfolio_id, finding_id, idempotency_key=call.key)


@routes.get("/audit", response_model=list[AuditPublic])
def audit(call: Asks, asked: Annotated[AuditFilter, Query()], request: Request, response: Response) -> list[Any]:
    """List what was done, newest first, field by field."""
    page = call.services.audit.find(
        call.actor, entity=asked.entity, entity_id=asked.entity_id, by=fields.uuid(Place("actor"), asked.actor) if asked.actor else None,
        action=asked.action, portfolio=found_id("portfolio", asked.portfolio) if asked.portfolio else None,
        start=_from(moment("start", asked.start)), end=_until(moment("end", asked.end)), after=after_id(asked.after), limit=asked.limit)
    return paged(page, request, response)


@routes.get("/audit/{entry_id}", response_model=AuditPublic)
def entry(call: Asks, entry_id: Id) -> AuditView:
    """Read one entry with every transaction it touched."""
    return call.services.audit.get(call.actor, found_id("audit entry", entry_id))


@routes.post("/audit/{entry_id}/undo", response_model=MendedPublic)
def undo(call: Writes, entry_id: Id) -> Mended:
    """Take a change back. 409 with both versions where something was changed since; the undo can be undone."""
    return call.services.audit.undo(call.actor, found_id("audit entry", entry_id), idempotency_key=call.key)


def _fix(body: Any) -> int:  # noqa: ANN401 - whatever was sent
    """Read which fix is meant; the first where nothing is said."""
    found = body.get("fix", 0) if isinstance(body, dict) else 0 if body is None else body
    if isinstance(found, bool) or not isinstance(found, int):
        raise InvalidInput("fix", found, "is not a whole number", hint="Send the place of the fix in the finding, from 0", rule="not_a_number")
    return found


def _from(given: date | datetime | None) -> datetime | None:
    return datetime(given.year, given.month, given.day, tzinfo=UTC) if given is not None and not isinstance(given, datetime) else given


def _until(given: date | datetime | None) -> datetime | None:
    """Take the whole of a day that is named without a time."""
    return _from(given + timedelta(days=1)) if given is not None and not isinstance(given, datetime) else _from(given)
