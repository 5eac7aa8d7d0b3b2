"""Answers the Markets page: a search, watchlists, the chart and the panel of a price, and how the feed fares."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from callbacks import markets_endpoints as endpoints
from callbacks import markets_rows as rows
from callbacks.markets_deeds import act, refusal
from components import cards, markets
from components.ids import Ids as Frame
from components.ids import MarketsIds as Ids
from engine.errors import NotFound, PortfolioError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.types import Actor
    from services import Services

EMPTY = ("Choose an instrument", "Search above, or press one in the list: its chart stands here.")
UNTOLD = ("No price to tell", "It is told with its source, its time and its age.")


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    page = "markets"
    app.clientside_callback(ClientsideFunction(page, "query"), Output(Ids.QUERY, "data"), Output(Ids.LISTED, "data"), Input(Frame.URL, "search"),
                            Input(Ids.RETRY, "data"), Input(Ids.RESULT, "data"), State(Ids.QUERY, "data"), State(Ids.LISTED, "data"))
    app.clientside_callback(ClientsideFunction(page, "chart"), Output(Ids.CHART, "figure"), Input(Ids.CHART_DATA, "data"), prevent_initial_call=True)
    parts = (Ids.LISTS, Ids.TITLE, Ids.PANEL, Ids.RESULTS, Ids.FORM_BODY)
    app.clientside_callback(ClientsideFunction(page, "drawn"), *[Input(part, "children") for part in parts])
    app.clientside_callback(ClientsideFunction(page, "done"), Input(Ids.RESULT, "data"), prevent_initial_call=True)
    _register_search(app, services)
    _register_instrument(app, services)
    _register_deeds(app, services)


def _register_search(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.RESULTS, "children"), Input(Ids.TYPED, "data"), prevent_initial_call=True)
    async def update_results(typed: dict[str, Any] | None) -> list[Any]:
        """Search as one types."""
        if not typed or not str(typed.get("text") or "").strip():
            raise PreventUpdate
        return await asyncio.to_thread(results_of, services, str(typed["text"]))

    @app.callback(Output(Ids.LISTS, "children"), Input(Ids.LISTED, "data"), prevent_initial_call=True)
    async def update_lists(query: dict[str, Any] | None) -> list[Any]:
        """Read the chosen watchlist with its prices."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(lists_of, services, query)


def _register_instrument(app: Dash, services: Services) -> None:
    outputs = [Output(part, "children") for part in (Ids.TITLE, Ids.PANEL, Ids.CHART_TABLE, Ids.CHART_NOTE, Ids.CHART_STATE)]

    @app.callback(*outputs, Output(Ids.CHART_DATA, "data"), Input(Ids.QUERY, "data"), prevent_initial_call=True)
    async def update_chart(query: dict[str, Any] | None) -> tuple[Any, ...]:
        """Draw the chart of an instrument, and tell its price."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(chart_of, services, query)

    @app.callback(Output(Ids.TAB_BODY, "children"), Input(Ids.TAB, "data"), prevent_initial_call=True)
    async def update_tab(asked: dict[str, Any] | None) -> Any:  # noqa: ANN401  # whatever Dash draws
        """Read what is held back, how providers fare, or the log."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(tab_of, services, str(asked.get("tab") or ""))


def _register_deeds(app: Dash, services: Services) -> None:
    outputs = [Output(part, "children") for part in (Ids.DONE, Ids.FORM_BODY, Ids.FORM_NOTE)]

    @app.callback(Output(Ids.RESULT, "data"), *outputs, Input(Ids.ACTION, "data"), prevent_initial_call=True)
    async def record_action(asked: dict[str, Any] | None) -> tuple[Any, ...]:
        """Add, watch, edit, release, reject, or take back."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


# ------------------------------------------------------------------------------------------------------------------------- reading


def results_of(services: Services, text: str) -> list[Any]:
    """Build what a text may mean; a refusal is told in its place."""
    try:
        found = services.searching.search(services.accounts.local(), text)
    except PortfolioError as error:
        return [refusal(error)]
    return markets.results(found.text, [rows.hit_of(each) for each in found.known], rows.offers_of(found),
                           [(each.provider, each.reason) for each in found.missed])


def lists_of(services: Services, query: Mapping[str, Any]) -> list[Any]:
    """Build the chosen list; a failure is told in its place."""
    actor = services.accounts.local()
    try:
        every = services.watchlists.find(actor)
        chosen = next((each for each in every if str(each.id) == query.get("list")), None)
        watched = rows.watched(services, actor, chosen.symbols if chosen else None)
    except PortfolioError as error:
        return [cards.failed("The list could not be read", error.message)]
    return markets.watchlists([rows.choice_of(each) for each in every], rows.choice_of(chosen) if chosen else None, watched)


def chart_of(services: Services, query: Mapping[str, Any]) -> tuple[Any, ...]:
    """Build head, panel, table, note and state of the chart, and its data."""
    actor = services.accounts.local()
    symbol = str(query.get("symbol") or "").upper()
    try:
        lists = services.watchlists.find(actor)
        symbol = symbol or rows.first_of(services, actor, next((each for each in lists if str(each.id) == query.get("list")), None))
        if not symbol:
            return [], cards.blank(*UNTOLD), [], "", cards.blank(*EMPTY), None
        return _drawn(services, actor, symbol, query, rows.target_of(lists, query.get("list")))
    except NotFound:
        blank = cards.blank(f"{symbol} is not known here", "Search for it above, and add it.")
        return [], cards.blank(*UNTOLD), [], "", blank, None
    except PortfolioError as error:
        failed = cards.failed("The chart could not be read", error.message)
        return no_update, failed, no_update, "", failed, no_update


def _drawn(services: Services, actor: Actor, symbol: str, query: Mapping[str, Any], target: markets.Choice | None) -> tuple[Any, ...]:
    told = services.charts.candles(actor, symbol, str(query.get("range") or "1Y"), adjusted=query.get("adjusted") != "0")
    panel = services.charts.panel(actor, symbol)
    price = rows.price_of(panel, rows.held_of(services, actor, symbol))
    bars, marks = rows.bars_of(told), rows.marks_of(told)
    state = [] if bars else rows.no_candles(services, actor, told)
    return (markets.title(price, target), markets.panel(price), markets.candle_table(bars), rows.note_of(services, actor, told), state,
            rows.chart_data(told, bars, marks, panel.instrument.name or symbol))


def tab_of(services: Services, tab: str) -> Any:  # noqa: ANN401
    """Build what is held back, how providers fare, endpoints of one's own, or the log."""
    ways: dict[str, Callable[[Services, Actor], Any]] = {"providers": rows.providers, "endpoints": endpoints.listing, "log": rows.log}
    try:
        return ways.get(tab, rows.doubts)(services, services.accounts.local())
    except PortfolioError as error:
        return cards.failed("The feed could not be asked", error.message)
