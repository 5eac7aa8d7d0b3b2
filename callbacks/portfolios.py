"""Answers the settings of a portfolio: change, delete, take back."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, no_update
from dash.exceptions import PreventUpdate

from components.ids import Ids
from engine.errors import Conflict, InvalidInput, PortfolioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Portfolio
    from services import Services


def register(app: Dash, services: Services) -> None:
    """Wire the dialog."""
    outputs = [Output(Ids.PORTFOLIO_SETTINGS_SAVED, "data"), Output(Ids.PORTFOLIO_SETTINGS_ERROR, "children"),
               Output(Ids.DIRECTORY_CHANGED, "data", allow_duplicate=True)]

    @app.callback(*outputs, Input(Ids.PORTFOLIO_SETTINGS_DRAFT, "data"), prevent_initial_call=True)
    async def record_settings(asked: dict[str, Any] | None) -> tuple[Any, Any, Any]:
        """Change, delete or restore a portfolio."""
        if not asked:
            raise PreventUpdate
        try:
            told = await asyncio.to_thread(settle, services, asked)
        except PortfolioError as error:
            refused = {"ok": False, "action": asked.get("action"), "at": time.time_ns()}
            return refused, sentence(error), time.time_ns() if isinstance(error, Conflict) else no_update
        return told, "", time.time_ns()

    app.clientside_callback(ClientsideFunction("portfolio", "done"), Input(Ids.PORTFOLIO_SETTINGS_SAVED, "data"), prevent_initial_call=True)


def settle(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do what was asked and say of which portfolio."""
    book, actor, key = services.portfolios, services.accounts.local(), asked.get("key")
    action, which, version = str(asked["action"]), UUID(str(asked["id"])), int(asked["version"])
    if action == "change":
        changed = book.change(actor, which, version, with_names(asked["fields"]), idempotency_key=key)
        return told_of(changed, action)
    if action == "restore":
        return told_of(book.restore(actor, which, idempotency_key=key), action)
    before = book.get(actor, which)
    book.remove(actor, which, version, idempotency_key=key)
    return told_of(before, action)


def with_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Read the providers, which a form writes as one line."""
    if "providers" not in fields:
        return dict(fields)
    return {**fields, "providers": [name.strip() for name in (fields["providers"] or "").split(",") if name.strip()]}


def told_of(portfolio: Portfolio, action: str) -> dict[str, Any]:
    """Say what became of a portfolio."""
    return {"ok": True, "action": action, "id": str(portfolio.id), "name": portfolio.name, "version": portfolio.version, "at": time.time_ns()}


def sentence(error: PortfolioError) -> str:
    """Text for a form: what is wrong and what would be right."""
    if isinstance(error, Conflict):
        return "Somebody changed these settings meanwhile. Close and open them again to see what they are now."
    if isinstance(error, InvalidInput):
        reason, hint = error.context.get("reason", ""), error.context.get("hint")
        return f"{str(error.context.get('field', '')).replace('_', ' ').capitalize()} {reason}." + (f" {hint}." if hint else "")
    return error.message
