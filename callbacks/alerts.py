"""Tells the Alerts page which portfolios and instruments there are; rules, events and channels come and go by the REST routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ClientsideFunction, Dash, Input, Output

from components.ids import AlertsIds, Ids

if TYPE_CHECKING:
    from services import Services


def register(app: Dash, _services: Services) -> None:
    """Wire the page."""
    asked = [Input(Ids.SCOPE, "data"), Input(Ids.DIRECTORY, "data")]
    app.clientside_callback(ClientsideFunction("alerts", "seen"), Output(AlertsIds.SEEN, "data"), *asked)
