"""Tells the Import page which portfolios there are; files go to the REST route, which reads them off the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ClientsideFunction, Dash, Input, Output

from components.ids import Ids, ImportIds

if TYPE_CHECKING:
    from services import Services


def register(app: Dash, _services: Services) -> None:
    """Wire the page."""
    asked = [Input(Ids.SCOPE, "data"), Input(Ids.DIRECTORY, "data")]
    app.clientside_callback(ClientsideFunction("imports", "seen"), Output(ImportIds.SEEN, "data"), *asked)
