"""The page of an address that leads nowhere."""

from __future__ import annotations

import dash
from dash import html

from components import cards
from components.icons import Icon, icon

dash.register_page(__name__, title="Not found · Portolan")


def layout(**_query: object) -> html.Div:
    """Say so, and offer the way back."""
    way = html.A([icon(Icon.OVERVIEW, small=True), "To the overview"], href="/", className="ctl", **{"data-nav": "/"})
    return html.Div(
        [
            html.H1("Not found", className="sr"),
            html.Section(
                cards.blank("This page is not on the chart", "The address may have a typing error, or the page has moved.", way), className="panel"
            ),
        ],
        className="page",
    )
