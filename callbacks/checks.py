"""Answers the Checks page: findings, what is done about them, and statements that a ledger is compared with."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks import reconcile
from components import cards, dialogs, review, theme
from components.ids import ChecksIds, Ids
from engine.errors import PortfolioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Transaction
    from services import Services
    from services.review_views import ChecksView, CheckView


def register(app: Dash, services: Services) -> None:
    """Wire the page and the count in the sidebar."""
    page = "review"
    app.clientside_callback(ClientsideFunction(page, "query"), Output(ChecksIds.QUERY, "data"), Input(Ids.SCOPE, "data"),
                            Input(ChecksIds.RETRY, "data"), Input(Ids.LEDGER, "data"), Input(ChecksIds.RESULT, "data"),
                            State(ChecksIds.QUERY, "data"))
    app.clientside_callback(ClientsideFunction(page, "drawn"), Output(ChecksIds.PAGE, "data-drawn"),
                            Input(ChecksIds.BODY, "children"), Input(Ids.URL, "search"))
    app.clientside_callback(ClientsideFunction(page, "acted"), Input(ChecksIds.RESULT, "data"), prevent_initial_call=True)
    _register_findings(app, services)
    reconcile.register(app, services)


def _register_findings(app: Dash, services: Services) -> None:
    @app.callback(Output(ChecksIds.BODY, "children"), Output(ChecksIds.NOTE, "children"), Input(ChecksIds.QUERY, "data"), prevent_initial_call=True)
    async def update_findings(query: dict[str, Any] | None) -> tuple[list[Any], str]:
        """Check the ledgers of a scope."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(findings_of, services, str(query.get("scope") or "all"))

    @app.callback(Output(ChecksIds.COUNT, "children"), Output(ChecksIds.COUNT, "title"), Input(Ids.SCOPE, "data"), Input(Ids.LEDGER_SETTLED, "data"),
                  Input(Ids.DIRECTORY_CHANGED, "data"))
    async def update_count(scope: dict[str, Any] | None, _ledger: dict[str, int] | None, _changed: int | None) -> tuple[str, str]:
        """Count open findings beside the page's name."""
        if not scope:
            raise PreventUpdate
        return await asyncio.to_thread(count_of, services, str(scope.get("portfolio") or "all"))

    @app.callback(Output(ChecksIds.RESULT, "data"), Output(ChecksIds.DONE, "children"), Input(ChecksIds.ACTION, "data"), prevent_initial_call=True)
    async def record_action(asked: dict[str, Any] | None) -> tuple[dict[str, Any], list[Any]]:
        """Apply, dismiss, ask again or take back."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


def findings_of(services: Services, scope: str) -> tuple[list[Any], str]:
    """Build the findings of a scope; a failure is told in their place."""
    try:
        view = services.checks.find(services.accounts.local(), scope)
    except PortfolioError as error:
        return [cards.failed("The ledger could not be checked", error.message)], ""
    if not view.transactions:
        return [cards.blank("Nothing to check yet", "Findings come with the first transactions.")], ""
    many = len(view.revisions) > 1
    shown, gone = ([told(each) for each in views] for views in (view.findings, view.dismissed))
    return [*review.findings(shown, many=many, checked=_checked(view)), *review.dismissed(gone, many=many)], _checked(view)


def _checked(view: ChecksView) -> str:
    return f"{theme.text(view.transactions, 'count')} transactions checked at {view.at:%H:%M} UTC"


def count_of(services: Services, scope: str) -> tuple[str, str]:
    """Count the findings that matter; what is only worth a look is not counted."""
    try:
        view = services.checks.find(services.accounts.local(), scope)
    except PortfolioError:
        return "", ""
    open_ = sum(each.severity.value != "info" for each in view.findings)
    return (str(open_), f"{open_} open findings") if open_ else ("", "Nothing to mend")


def told(view: CheckView) -> review.Finding:
    """Lay a finding out for its card."""
    fixes = [review.Fix(fix.label, reconcile.shifts_of(fix), fix.effect.errors,
                        {"data-review": "apply", "data-finding": view.id, "data-portfolio-of": str(view.portfolio_id), "data-fix": str(place)})
             for place, fix in enumerate(view.fixes)]
    return review.Finding(view.id, str(view.portfolio_id), view.portfolio, view.title, view.message, view.severity.value, view.hint,
                          [_fact(row) for row in view.rows[:8]], fixes)


def _fact(row: Transaction) -> review.Fact:
    kind = dialogs.name_of(row.kind.value) + (" (void)" if row.voided else "")
    quantity, price, amount = (theme.UNKNOWN if value is None else text(value)
                               for value, text in ((row.quantity, theme.quantity), (row.price, theme.price), (row.amount, theme.money)))
    return review.Fact(row.date, kind, row.symbol or row.currency or "", quantity, price, amount,
                       theme.money(row.fee) if row.fee else "", row.account or "")


def act(services: Services, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Do what was asked; give what became of it and the line that says so."""
    action = str(asked.get("action"))
    if action == "close":
        return {"ok": True, "action": action}, []
    try:
        sentence, entry, word = _done(services, action, asked)
    except PortfolioError as error:
        words = " ".join(filter(None, [error.message, error.context.get("hint")]))
        return {"ok": False, "action": action, "at": time.time_ns()}, [cards.notice("Not done.", words, kind="crit")]
    return {"ok": True, "action": action, "at": time.time_ns(), "entry": entry}, review.done(sentence, undo=entry, word=word)


def _done(services: Services, action: str, asked: Mapping[str, Any]) -> tuple[str, str | None, str]:
    actor, key = services.accounts.local(), asked.get("key")
    if action == "undo":
        services.audit.undo(actor, UUID(str(asked["entry"])), idempotency_key=key)
        return "Taken back.", None, "Undo"
    where, finding = str(asked["portfolio"]), str(asked["finding"])
    if action == "apply":
        mended = services.checks.apply(actor, where, finding, int(asked.get("fix") or 0), idempotency_key=key)
        return f"{mended.message}: done.", str(mended.audit_id), "Undo"
    judge = services.checks.dismiss if action == "dismiss" else services.checks.restore
    judge(actor, where, finding, idempotency_key=key)
    words = "Said to be no problem. It comes back if its rows change." if action == "dismiss" else "Asked again."
    newest = services.audit.find(actor, entity="check", entity_id=finding, limit=1).items
    return words, str(newest[0].id) if newest else None, "Undo"
