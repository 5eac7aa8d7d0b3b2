"""Polls for `assets/live.js` where a proxy lets no socket through."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from components.live import LiveIds

if TYPE_CHECKING:
    from services import Services


def register(app: Dash, services: Services) -> None:
    """Wire the poll. The socket needs no callback: `assets/live.js` hears it itself."""
    app.clientside_callback(ClientsideFunction("live", "polled"), Input(LiveIds.POLLED, "data"))

    @app.callback(Output(LiveIds.POLLED, "data"), Input(LiveIds.POLL, "n_intervals"), State(LiveIds.WANTED, "data"), prevent_initial_call=True)
    async def update_polled(_ticks: int | None, wanted: dict[str, Any] | None) -> dict[str, Any]:
        """Answer as the stream would on a new subscription."""
        if not wanted:
            raise PreventUpdate
        actor = await asyncio.to_thread(services.accounts.local)
        snapshot = await services.hub.state(actor, names(wanted, "portfolios"), names(wanted, "symbols"), risk=wanted.get("risk") is True)
        message: dict[str, Any] = json.loads(snapshot)
        return message


def names(wanted: dict[str, Any], key: str) -> list[str]:
    """Read a list of texts that came from a browser, whatever it sent."""
    found = wanted.get(key) if isinstance(wanted, dict) else None
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
