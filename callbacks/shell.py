"""Answers the frame: portfolios and instruments for menu and search, the state of the market data, new portfolios."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from callbacks.portfolios import with_names
from components import cards
from components.ids import Ids
from engine.errors import InvalidInput, PortfolioError
from services.demo import service as demo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.types import Actor, Portfolio
    from services import Services
    from services.views import MarketStatus, QuarantinedQuote

log = logging.getLogger("portolan.screen")
NEW_FIELDS = ("name", "base_currency", "cost_method", "benchmark", "oversell", "negative_cash", "providers")
STATES = ("live", "delayed", "stale", "closed", "missing")


def register(app: Dash, services: Services) -> None:
    """Wire the frame."""
    _register_clientside(app)
    _register_directory(app, services)
    _register_status(app, services)
    _register_new_portfolio(app, services)


def _register_clientside(app: Dash) -> None:
    app.clientside_callback(ClientsideFunction("shell", "scope"), Output(Ids.SCOPE, "data"), Input(Ids.URL, "search"), Input(Ids.URL, "pathname"))
    # A callback without output is known by its inputs alone: with the directory as the only one, another room's would take its place.
    app.clientside_callback(ClientsideFunction("shell", "directory"), Input(Ids.DIRECTORY, "data"), Input(Ids.SCOPE, "data"))
    app.clientside_callback(ClientsideFunction("shell", "drawn"), Input("_pages_content", "children"))
    app.clientside_callback(
        ClientsideFunction("shell", "created"),
        Input(Ids.NEW_PORTFOLIO_CREATED, "data"),
        Input(Ids.NEW_PORTFOLIO_ERROR, "children"),
        prevent_initial_call=True,
    )
    app.clientside_callback(ClientsideFunction("shell", "trouble"), Input(Ids.TROUBLE, "data"), prevent_initial_call=True)


# ----------------------------------------------------------------------------------------------------------------------- directory


def _register_directory(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.DIRECTORY, "data"), Input(Ids.DIRECTORY_CHANGED, "data"), Input(Ids.LEDGER_SETTLED, "data"),
                  State(Ids.DIRECTORY, "data"))
    async def update_directory(_changed: int | None, ledger: dict[str, int] | None, known: dict[str, Any] | None) -> dict[str, Any]:
        """Name what the portfolio menu and the search can find."""
        if ctx.triggered_id == Ids.LEDGER_SETTLED and known and known.get("revisions") == ledger:
            raise PreventUpdate
        return await asyncio.to_thread(_directory, services)


def _directory(services: Services) -> dict[str, Any]:
    """Portfolios by name; what they hold too, if it can be valued."""
    actor = services.accounts.local()
    blends = {each.key: each.name for each in services.blends.find(actor)}
    portfolios = [
        {"id": str(each.id), "name": each.name, "currency": each.base_currency, "demo": each.demo, **_settings(each, blends)}
        for each in services.portfolios.find(actor)
    ]
    found: dict[str, Any] = {"portfolios": portfolios, "instruments": []}
    if not portfolios:
        return found
    found["currency"] = portfolios[0]["currency"]
    try:
        return found | _held(services, actor, portfolios)
    except PortfolioError:
        return found  # names are enough to choose a portfolio; the page tells what is wrong


def _settings(portfolio: Portfolio, blends: dict[str, str]) -> dict[str, Any]:
    """Give what the settings of a portfolio show and change."""
    benchmark = blends.get(portfolio.benchmark or "", portfolio.benchmark)
    return {"base_currency": portfolio.base_currency, "cost_method": portfolio.cost_method.value, "benchmark": benchmark,
            "oversell": portfolio.oversell, "negative_cash": portfolio.negative_cash, "providers": ", ".join(portfolio.providers),
            "version": portfolio.version}


def _held(services: Services, actor: Actor, portfolios: list[dict[str, Any]]) -> dict[str, Any]:
    counts = {key: len(symbols) for key, symbols in services.valuation.held(actor).items()}
    view = services.valuation.holdings(actor, "all")
    instruments = [{"symbol": symbol, "name": view.instruments[symbol].name} for symbol in view.snapshot.holdings["symbol"]]
    return {
        "portfolios": [portfolio | {"holdings": counts.get(portfolio["id"])} for portfolio in portfolios],
        "instruments": instruments,
        "holdings": len(instruments),
        "currency": view.base_currency,
        "revisions": view.revisions,
        "simulated": view.simulated,
    }


# -------------------------------------------------------------------------------------------------------------------------- status


def _register_status(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.STATUS_BODY, "children"), Input(Ids.STATUS_OPENED, "data"), prevent_initial_call=True)
    async def update_status(_opened: int | None) -> list[Any]:
        """Tell sources, ages and doubted quotes, each time the popover opens."""
        return await asyncio.to_thread(_status_sheet, services)

    @app.callback(Output(Ids.STATUS_OPENED, "data"), Input(Ids.QUARANTINE_ACTION, "data"), prevent_initial_call=True)
    async def settle_quote(wanted: dict[str, Any] | None) -> int:
        """Release or reject a doubted quote; the list is then read again."""
        if not wanted:
            raise PreventUpdate
        await asyncio.to_thread(_settle, services, wanted)
        return time.time_ns()


def _status_sheet(services: Services) -> list[Any]:
    actor = services.accounts.local()
    try:
        return _told(services.market.status(actor), services.market.quarantine(actor))
    except PortfolioError as error:
        return [cards.notice("The state of the market data could not be read.", error.message, kind="crit")]


def _told(status: MarketStatus, doubted: Sequence[QuarantinedQuote]) -> list[Any]:
    sources = [
        cards.Source(
            name=each.name,
            state=each.state,
            age_seconds=each.age_seconds,
            instruments=each.instruments,
            simulated=each.simulated,
            message=each.message,
        )
        for each in status.sources
    ]
    doubts = [
        cards.Doubt(id=str(each.id), symbol=each.symbol, price=each.price, last_price=each.last_price, source=each.source, message=each.message)
        for each in doubted
        if each.status == "open"
    ]
    parts = [("Poller", status.poller), ("Database", status.database), ("Redis", status.bus)]
    return cards.status_sheet(sources=sources, doubts=doubts, services=parts, counts=[(state, status.counts.get(state, 0)) for state in STATES])


def _settle(services: Services, wanted: dict[str, Any]) -> None:
    act: Callable[..., Any] = services.market.release if wanted.get("action") == "release" else services.market.reject
    try:
        act(services.accounts.local(), UUID(str(wanted["id"])))
    except PortfolioError:
        return  # somebody else was faster; the list that is read next says what became of it


# ------------------------------------------------------------------------------------------------------------------- new portfolios


def _register_new_portfolio(app: Dash, services: Services) -> None:
    outputs = [
        Output(Ids.NEW_PORTFOLIO_CREATED, "data"),
        Output(Ids.NEW_PORTFOLIO_ERROR, "children"),
        Output(Ids.DIRECTORY_CHANGED, "data", allow_duplicate=True),
    ]

    @app.callback(*outputs, Input(Ids.NEW_PORTFOLIO_DRAFT, "data"), prevent_initial_call=True)
    async def create_portfolio(draft: dict[str, Any] | None) -> tuple[Any, Any, Any]:
        """Record a portfolio from the dialog."""
        if not draft:
            raise PreventUpdate
        raw = with_names({key: draft.get(key) or None for key in NEW_FIELDS})
        try:
            portfolio = await asyncio.to_thread(services.portfolios.create, services.accounts.local(), raw, idempotency_key=draft.get("key"))
        except PortfolioError as error:
            return no_update, _sentence(error), no_update
        return {"id": str(portfolio.id), "at": time.time_ns()}, "", time.time_ns()

    @app.callback(
        Output(Ids.DIRECTORY_CHANGED, "data", allow_duplicate=True),
        Input(Ids.DEMO_REQUEST, "data"),
        State(Ids.DIRECTORY, "data"),
        prevent_initial_call=True,
    )
    async def load_demo(wanted: int | None, _directory: dict[str, Any] | None) -> int:
        """Add the demo portfolios; pressing twice adds them once."""
        if not wanted:
            raise PreventUpdate
        await asyncio.to_thread(demo.seed, services, say=log.info)
        return time.time_ns()


def _sentence(error: PortfolioError) -> str:
    """Text for a form: what is wrong and what would be right."""
    if isinstance(error, InvalidInput):
        reason, hint = error.context.get("reason", ""), error.context.get("hint")
        return f"{str(error.context.get('field', '')).replace('_', ' ').capitalize()}: {reason}." + (f" {hint}." if hint else "")
    return error.message
