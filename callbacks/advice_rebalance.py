"""Answers the tab of rebalancing: trades towards the targets of one portfolio, kept as a proposal."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks import advice_household, advice_trades
from callbacks.advice_policy import ALL, errors_of
from components import advice_rebalance as parts
from components.ids import AdviceIds, Ids
from components.ids import AdviceRebalanceIds as Mine
from engine.errors import InvalidInput, PortfolioError
from services.advice.plain import plain
from services.advice.reading import accept_question, rebalance_question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Actor, Portfolio
    from services import Services


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    page = "adviceRebalance"
    app.clientside_callback(ClientsideFunction(page, "query"), Output(Mine.QUERY, "data"), Input(AdviceIds.QUERY, "data"), Input(Ids.URL, "search"),
                            State(Mine.QUERY, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(page, "drawn"), Input(Mine.FOUND, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(page, "acted"), Input(Mine.RESULT, "data"), prevent_initial_call=True)

    @app.callback(Output(Mine.FOUND, "data"), Input(Mine.QUERY, "data"), prevent_initial_call=True)
    async def update_rebalance(query: dict[str, Any] | None) -> dict[str, Any]:
        """Work the trades out."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(found_of, services, query)

    @app.callback(Output(Mine.RESULT, "data"), Input(Mine.ACTION, "data"), prevent_initial_call=True)
    async def record_proposal(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Keep the orders that were looked at as a proposal."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


def found_of(services: Services, query: Mapping[str, Any]) -> dict[str, Any]:
    """Give the list of trades of a question, or what stands in its place."""
    if str(query.get("scope") or ALL) == ALL:
        return advice_household.found_of(services, query)
    actor = services.accounts.local()
    try:
        portfolio = services.portfolios.get(actor, UUID(str(query["scope"])))
    except (PortfolioError, ValueError) as error:
        return {"state": "failed", "message": getattr(error, "message", "There is no such portfolio.")}
    accounts = [each for each in services.portfolios.accounts(actor, portfolio.id) if each]
    common = {**parts.head(str(portfolio.id), portfolio.name, accounts), "asked": parts.question(query)}
    try:
        return {**_told(services, actor, portfolio, accounts, query), **common}
    except InvalidInput as error:
        if error.context.get("field") == "targets" and error.context.get("rule") == "required":
            return {**common, "state": "empty"}
        return {**common, "state": "wrong", "errors": errors_of(error)}
    except PortfolioError as error:
        return {**common, "state": "failed", "message": error.message}


def _told(services: Services, actor: Actor, portfolio: Portfolio, accounts: list[str], query: Mapping[str, Any]) -> dict[str, Any]:
    raw = {name: query.get(name) for name in ("bring", "new_money", "cost_aversion", "account") if query.get(name)}
    symbols = [each for each in re.split(r"[\s,;]+", str(query.get("symbols") or "")) if each]
    view = services.rebalancing.preview(actor, portfolio.id, rebalance_question({**raw, "symbols": symbols, "buy_only": bool(query.get("buy_only"))}))
    orders = [{"draft": line.draft, "reason": line.reason} for line in view.orders]
    file = services.rebalancing.csv(actor, view.orders).decode() if view.orders else ""
    told = parts.told(advice_trades.preview(view, str(portfolio.id), portfolio.name, accounts))
    return {**told, "orders": orders, "effect": plain(view.effect), "file": file}


def act(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Keep orders as a proposal; nothing is booked by it."""
    told = {"at": time.time_ns()}
    try:
        if asked.get("portfolio") == ALL:
            advice_household.accept(services, asked)
            return {**told, "ok": True}
        question = accept_question({"orders": asked.get("orders") or [], "effect": asked.get("effect") or {}, "revision": asked.get("revision"),
                                    "source": "rebalance", "note": "Rebalancing to targets"})
        services.rebalancing.accept(services.accounts.local(), UUID(str(asked["portfolio"])), question, services.proposals,
                                    idempotency_key=asked.get("once"))
    except PortfolioError as error:
        return {**told, "ok": False, "message": " ".join(filter(None, [error.message, str(error.context.get("hint") or "")]))}
    return {**told, "ok": True}
