"""Answers the tab of one's own rules: what is typed is tried on history. The rules themselves come and go by the REST routes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output
from dash.exceptions import PreventUpdate

from components.ids import AdviceIds
from components.ids import AdviceRulesIds as Ids
from engine.errors import PortfolioError
from services.advice.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services import Services


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    app.clientside_callback(ClientsideFunction("adviceRules", "show"), Input(AdviceIds.QUERY, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction("adviceRules", "tried"), Input(Ids.TOLD, "data"), prevent_initial_call=True)

    @app.callback(Output(Ids.TOLD, "data"), Input(Ids.ASKED, "data"), prevent_initial_call=True)
    async def update_trial(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Try what is typed: half a text is nothing that failed, so it is told and never refused."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(trial_of, services, asked)


def trial_of(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a rule would have done, or what is wrong with its text and where; `n` is the number of the question."""
    raw = {"expression": asked.get("expression"), "scope": asked.get("scope")}
    try:
        return {"n": asked.get("n"), "ok": True, "told": plain(services.custom_rules.try_out(services.accounts.local(), raw))}
    except PortfolioError as error:
        return {"n": asked.get("n"), "ok": False, "message": error.message, "context": plain(error.context)}
