"""Answers the Reconcile tab: a statement compared, its fixes accepted, those compared before."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, no_update
from dash.exceptions import PreventUpdate

from components import review
from components.ids import ChecksIds, Ids
from engine.errors import PortfolioError
from services.review.statements import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types import Actor
    from services import Services
    from services.review_views import Break, FixView, ReconciliationView


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    app.clientside_callback(ClientsideFunction("review", "portfolios"), Output(ChecksIds.STATEMENT, "data-known"),
                            Input(Ids.DIRECTORY, "data"), Input(Ids.SCOPE, "data"), Input(ChecksIds.RETRY, "data"))
    app.clientside_callback(ClientsideFunction("review", "compared"), Input(ChecksIds.ANSWER, "data"), prevent_initial_call=True)
    outputs = [Output(ChecksIds.COMPARISON, "children"), Output(ChecksIds.STATEMENTS, "children"), Output(ChecksIds.REFUSED, "children"),
               Output(ChecksIds.DONE, "children", allow_duplicate=True), Output(ChecksIds.ANSWER, "data")]

    @app.callback(*outputs, Input(ChecksIds.ASKED, "data"), prevent_initial_call=True)
    async def update_comparison(asked: dict[str, Any] | None) -> tuple[Any, ...]:
        """Compare, open, accept or forget a statement."""
        if not asked or not asked.get("portfolio"):
            raise PreventUpdate
        return await asyncio.to_thread(answer, services, asked)


def answer(services: Services, asked: Mapping[str, Any]) -> tuple[Any, ...]:
    """Do what was asked; give the comparison, the list, a refusal, the line above, and what became of it."""
    actor, portfolio, action = services.accounts.local(), UUID(str(asked["portfolio"])), str(asked.get("action"))
    try:
        view, line = _done(services, actor, portfolio, action, asked)
        listed = _listed(services, actor, portfolio, str(view.id) if view and view.id else None)
        accounts = services.portfolios.accounts(actor, portfolio)
    except PortfolioError as error:
        return no_update, no_update, _refusal(error), no_update, {"ok": False, "row": error.context.get("row"), "at": time.time_ns()}
    shown = no_update if action == "list" else _shown(view) if view else []
    told = {"ok": True, "action": action, "accounts": accounts, "statement": str(view.id) if view else None, "at": time.time_ns()}
    return shown, listed, "", line, told


def _done(services: Services, actor: Actor, portfolio: UUID, action: str, asked: Mapping[str, Any]) -> tuple[ReconciliationView | None, Any]:
    book, key = services.reconcile, asked.get("key")
    if action == "compare":
        raw = {name: asked[name] for name in ("date", "account", "text", "complete") if asked.get(name) not in {None, ""}}
        if asked.get("file"):
            raw["text"] = text_of(str(asked["file"]["name"]), base64.b64decode(asked["file"]["content"]))
        return book.compare(actor, portfolio, raw, idempotency_key=key), []
    if action == "list":
        return None, no_update
    statement = UUID(str(asked["statement"]))
    if action == "forget":
        book.forget(actor, portfolio, statement, idempotency_key=key)
        return None, []
    line: Any = []
    if action == "accept":
        mended = book.accept(actor, portfolio, statement, str(asked["fix"]), idempotency_key=key)
        line = review.done(f"{mended.message}: done.", undo=str(mended.audit_id))
    return book.get(actor, portfolio, statement), line


def _listed(services: Services, actor: Actor, portfolio: UUID, chosen: str | None) -> list[Any]:
    kept = [review.Kept(str(one.id), one.date, one.account, one.breaks) for one in services.reconcile.find(actor, portfolio)]
    return review.statements(kept, chosen)


def _shown(view: ReconciliationView) -> list[Any]:
    name = f"{view.portfolio}, {view.account}" if view.account else view.portfolio
    return review.comparison(name, view.date, [_line(view, each) for each in view.breaks], len(view.matched))


def _line(view: ReconciliationView, one: Break) -> review.Line:
    fixes = [_fix(view, fix, name) for fix, name in zip(one.fixes, one.fix_ids, strict=True)]
    form = "money" if one.kind in {"cash", "cost"} else "quantity"
    return review.Line(one.key, one.name, one.kind, one.ours, one.theirs, one.difference, form, one.cause, fixes)


def _fix(view: ReconciliationView, fix: FixView, name: str) -> review.Fix:
    act = {"data-review": "accept", "data-statement": str(view.id), "data-fix": name}
    return review.Fix(fix.label, shifts_of(fix), fix.effect.errors, act)


def shifts_of(fix: FixView) -> Sequence[review.Shift]:
    """Lay the effect of a fix out: positions, cash, realised."""
    effect = fix.effect
    held = [review.Shift(each.name, each.before, each.after, "quantity") for each in effect.positions if each.before != each.after]
    cash = [review.Shift(f"Cash {each.name}", each.before, each.after, "money") for each in effect.cash]
    realised = effect.realised
    gained = [review.Shift(f"Realised {effect.base_currency}", realised.before, realised.after, "money")] if realised else []
    return [*held, *cash, *gained]


def _refusal(error: PortfolioError) -> str:
    words = [error.message, error.context.get("hint")]
    more = error.context.get("error_count", 1) - 1
    return " ".join(filter(None, [*words, f"{more} more rows cannot be read." if more > 0 else None]))

