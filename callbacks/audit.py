"""Answers the History page: the audit log, and the way back from an entry."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from components import audit, cards, review, theme
from components.ids import HistoryIds, Ids
from engine.errors import PortfolioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services import Services
    from services.review_views import AuditView, FieldChange

FIRST, MOST = 50, 500


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    page = "audit"
    app.clientside_callback(ClientsideFunction(page, "query"), Output(HistoryIds.QUERY, "data"), Input(Ids.SCOPE, "data"),
                            Input(HistoryIds.RETRY, "data"), Input(Ids.LEDGER, "data"), Input(HistoryIds.RESULT, "data"),
                            State(HistoryIds.QUERY, "data"))

    @app.callback(Output(HistoryIds.BODY, "children"), Output(HistoryIds.NOTE, "children"), Input(HistoryIds.QUERY, "data"),
                  prevent_initial_call=True)
    async def update_log(query: dict[str, Any] | None) -> tuple[list[Any], str]:
        """Read the log."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(log_of, services, query)

    @app.callback(Output(HistoryIds.RESULT, "data"), Output(HistoryIds.DONE, "children"), Input(HistoryIds.ACTION, "data"), prevent_initial_call=True)
    async def record_undo(asked: dict[str, Any] | None) -> tuple[dict[str, Any], list[Any]]:
        """Take an entry back."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


def log_of(services: Services, query: Mapping[str, Any]) -> tuple[list[Any], str]:
    """Build the log of a scope and filters; a failure is told in its place."""
    limit = min(int(query.get("limit") or FIRST), MOST)
    try:
        page = services.audit.find(services.accounts.local(), limit=limit, **_filters(query))
    except PortfolioError as error:
        return [cards.failed("The history could not be read", error.message)], ""
    except ValueError:
        return [cards.failed("The history could not be read", "This address names a date or a portfolio that does not exist.")], ""
    if not page.items:
        return [cards.blank("Nothing here", "Every change of a ledger, a portfolio or a price stands here, with the way back.")], ""
    note = f"the newest {len(page.items)}" if page.next_after else f"{len(page.items)}"
    many = str(query.get("scope") or "all") == "all"
    shown = audit.log([_entry(each, many=many) for each in page.items], more=page.next_after is not None and limit < MOST)
    return shown, f"{note} changes, times in UTC"


def _filters(query: Mapping[str, Any]) -> dict[str, Any]:
    """Read the filters of the address; a ValueError where one cannot be read."""
    scope = str(query.get("scope") or "all")
    days = {name: datetime.fromisoformat(str(query[name])).replace(tzinfo=UTC) for name in ("start", "end") if query.get(name)}
    ends = {"end": days["end"] + timedelta(days=1)} if "end" in days else {}
    named = {name: str(query[name]) for name in ("entity", "action", "entity_id") if query.get(name)}
    return {**named, **days, **ends, "portfolio": None if scope == "all" else UUID(scope)}


def _entry(view: AuditView, *, many: bool) -> audit.Entry:
    rows = [audit.Row(row.title, row.action, _changes(row.changes)) for row in view.rows]
    return audit.Entry(str(view.id), theme.day(view.at.date()), f"{view.at:%H:%M:%S}", view.actor, view.action, view.title,
                       view.portfolio if many else None, _changes(view.changes), rows, view.row_count, view.can_undo, view.why_not,
                       view.undone_by is not None, view.request_id)


def _changes(changes: Iterable[FieldChange]) -> list[audit.Change]:
    return [audit.Change(each.field, each.before, each.after) for each in changes]


def act(services: Services, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Take an entry back, or clear the line that said so."""
    if asked.get("action") == "close":
        return {"ok": True, "action": "close"}, []
    try:
        undone = services.audit.undo(services.accounts.local(), UUID(str(asked["entry"])), idempotency_key=asked.get("key"))
    except PortfolioError as error:
        words = " ".join(filter(None, [error.message, error.context.get("hint")]))
        return {"ok": False, "at": time.time_ns()}, [cards.notice("Not taken back.", words, kind="crit")]
    return {"ok": True, "at": time.time_ns()}, review.done("Taken back.", undo=str(undone.audit_id), word="Redo")
