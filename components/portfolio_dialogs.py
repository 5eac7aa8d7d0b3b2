"""Dialogs about a portfolio: a new one, the settings of one, and the line that takes a removal back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from components import controls
from components.icons import Icon
from components.ids import Ids

if TYPE_CHECKING:
    from dash.development.base_component import Component

SHORTS = (("short", "Allowed: it opens a short"), ("error", "Refused"))
NEGATIVE_CASH = (("allow", "Allowed"), ("refuse", "Refused"))


def new_portfolio() -> html.Dialog:
    """Build the dialog of a new portfolio."""
    form = html.Form(
        [
            *_fields(f"{Ids.NEW_PORTFOLIO}-name"),
            html.P(id=Ids.NEW_PORTFOLIO_ERROR, className="hint bad", role="alert"),
            html.Div(
                [controls.button("Cancel", look="quiet", do="close"), html.Button("Create portfolio", className="ctl primary", type="submit")],
                className="acts end",
            ),
        ],
        className="form",
        **{"data-form": "new-portfolio"},
    )
    return controls.dialog("New portfolio", form, id=Ids.NEW_PORTFOLIO)


def settings() -> html.Dialog:
    """Build the settings of a portfolio; `assets/portfolio.js` fills them from the directory."""
    form = html.Form(
        [
            *_fields(f"{Ids.PORTFOLIO_SETTINGS}-name"),
            html.P(id=Ids.PORTFOLIO_SETTINGS_ERROR, className="hint bad", role="alert"),
            html.Div(
                [
                    controls.button("Delete portfolio", look="danger", do="delete-portfolio"),
                    html.Span(className="grow"),
                    controls.button("Cancel", look="quiet", do="close"),
                    html.Button("Save", className="ctl primary", type="submit"),
                ],
                className="acts end",
            ),
        ],
        className="form",
        **{"data-form": "portfolio-settings"},
    )
    return controls.dialog("Portfolio settings", form, id=Ids.PORTFOLIO_SETTINGS)


def removed_line() -> html.Div:
    """Build the line that says that a portfolio was deleted, and offers to take it back."""
    return html.Div(
        [
            html.Span(id=Ids.PORTFOLIO_REMOVED_TEXT),
            controls.button("Undo", look="quiet", do="restore-portfolio", name=Icon.UNDO),
            controls.tool(Icon.CLOSE, "Dismiss", do="dismiss-removed"),
        ],
        id=Ids.PORTFOLIO_REMOVED,
        className="done removed",
        role="status",
        hidden=True,
    )


def _fields(name_id: str) -> list[Component]:
    currencies = [(code, f"{code}  {name}") for code, name in controls.CURRENCIES]
    methods = [(method.value, words) for method, words in controls.COST_METHODS.items()]
    return [
        controls.field("Name", controls.text_input("name", id=name_id, maxLength=120, placeholder="Retirement, Family trust, …")),
        controls.field(
            "Base currency",
            controls.select("base_currency", currencies),
            hint="Every figure is told in it. It stays once there are transactions.",
        ),
        controls.field("Cost method", controls.select("cost_method", methods), hint="Which lot a sale takes; can be changed at any time."),
        controls.field("Benchmark", controls.text_input("benchmark", maxLength=32, placeholder="SPY, or empty")),
        html.Div(
            [
                controls.field("Selling more than is held", controls.select("oversell", SHORTS)),
                controls.field("Cash below zero", controls.select("negative_cash", NEGATIVE_CASH)),
            ],
            className="pair",
        ),
        controls.field(
            "Providers of prices",
            controls.text_input("providers", maxLength=240, placeholder="yahoo, stooq, or empty"),
            hint="Most preferred first, for what is held here. Empty: the order of the server. Where several portfolios hold it, the oldest decides.",
        ),
    ]
