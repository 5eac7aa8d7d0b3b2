"""Holdings: every position with its price, in groups that add up to the total."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html

from components import cards, controls, dialogs, sale, tables
from components.icons import Icon
from components.ids import HoldingsIds

GROUPS = (("sector", "Sector"), ("asset_class", "Class"), ("currency", "Currency"), ("portfolio", "Portfolio"), ("none", "None"))
FIGURES = {"value": "value", "day": "day_pnl", "total": "total_pnl", "cash": "cash"}
MARKS = (("live", "Live"), ("delayed", "Delayed"), ("stale", "Stale"), ("closed", "Market closed"))

dash.register_page(__name__, path="/holdings", name="Holdings", title="Holdings · Portolan")


def layout(**_query: str) -> html.Div:
    """Build the page without any number; rows and figures come through `HoldingsIds.ROWS`."""
    return html.Div(
        [
            *[dcc.Store(id=store) for store in (HoldingsIds.QUERY, HoldingsIds.ROWS, HoldingsIds.GROUP, HoldingsIds.SYMBOL, HoldingsIds.RETRY)],
            html.Div([html.H1("Holdings"), html.Span("", className="note", **{"data-part": "when"}),
                      html.Span("simulated prices", className="tag brass", hidden=True, **{"data-part": "simulated"})], className="title"),
            _figures(),
            _toolbar(),
            html.Div(html.Span([html.B("", **{"data-part": "missing-count"}), " The rows say why; the total leaves them out."]),
                     className="notice info", hidden=True, **{"data-part": "missing"}),
            html.Div(html.Span([html.B("", **{"data-part": "stale-age"}), " The feed has not answered since; every value uses the last quotes."]),
                     className="notice warn", hidden=True, **{"data-part": "stale"}),
            html.Section([tables.holdings_grid(), *_states()], className="panel grid-panel", **{"aria-label": "Holdings, grouped, with totals"}),
            _legend(),
            _drawer(),
            sale.dialog(),
        ],
        id=HoldingsIds.PAGE, className="page holdings-page", **{"data-state": "waiting", "data-retry": HoldingsIds.RETRY,
                                                                      "data-looks-back": ""},
    )


def _figure(name: str, label: str) -> html.Div:
    value = html.Span("–", **{"data-part": "value", **cards.explained(FIGURES[name])})
    return html.Div([html.Dt(label), html.Dd(value), html.Dd("", className="sub", **{"data-part": "sub"})],
                    className="kpi", **{"data-figure": name})


def _figures() -> html.Dl:
    currency = html.Div([html.Dt("Currency"), html.Dd(html.Span(className="currs", **{"data-part": "currencies"})),
                         html.Dd("", className="sub", **{"data-part": "rates"})], className="kpi")
    figures = [_figure("value", "Value"), _figure("day", "Day P/L"), _figure("total", "Total P/L"), _figure("cash", "Cash")]
    return html.Dl([*figures, currency], className="kpis five")


def _toolbar() -> html.Div:
    filter_box = html.Label([html.I(className="ico s", **{"data-icon": Icon.FILTER, "aria-hidden": "true"}),
                             dcc.Input(type="search", placeholder="Filter", className="text-input", autoComplete="off", name="filter"),
                             html.Span("Filter", className="sr")], className="filter")
    export = html.Div([controls.button("Export", do="export-holdings", name=Icon.EXPORT, title="The rows as they stand, as a CSV file"),
                       html.A("XLSX", href="/api/v1/portfolios/all/exports/holdings.xlsx", className="ctl", title="Every holding, as a workbook",
                              **{"data-export": "holdings.xlsx"})], className="export")
    new = html.A([html.I(className="ico s", **{"data-icon": Icon.PLUS, "aria-hidden": "true"}), html.Span("Transaction", className="hide-s")],
                 href="/transactions?new=BUY", className="ctl primary", title="Record a transaction", **{"data-do": "new-transaction"})
    return html.Div(
        [
            controls.segments(GROUPS, attribute="group", label="Group by", current="sector"),
            filter_box,
            html.Span(className="grow"),
            html.Span("", className="dim hide-s states", **{"data-part": "states"}),
            html.Span(export, className="hide-s"),
            new,
        ],
        className="toolbar",
    )


def _states() -> list[Any]:
    """Build what stands in the grid's place while there are no rows to show."""
    empty = cards.blank("No holdings yet", "What you buy, pay in or transfer will stand here, with its price and what it earned.",
                        html.A("Record a transaction", href="/transactions?new=BUY", className="ctl primary", **{"data-do": "new-transaction"}))
    failed = html.Div([html.B("The holdings could not be read"), html.P("", **{"data-part": "reason"}),
                       html.Div(controls.button("Try again", do="retry"), className="acts")], className="blank failed", role="alert")
    bones = html.Div([html.Div(className="bone") for _ in range(9)], className="grid-bones", **{"aria-hidden": "true"})
    kept = html.Div([html.Span([html.B("These rows are not the newest. "), html.Span("", **{"data-part": "reason"})]), html.Span(className="grow"),
                     controls.button("Try again", do="retry")], className="notice crit when-kept", role="alert")
    return [kept, html.Div(empty, className="when-empty"), html.Div(failed, className="when-error"), bones]


def _legend() -> html.Div:
    return html.Div([html.Span([html.I(className="age", **{"data-state": state}), word]) for state, word in MARKS], className="legend marks")


def _drawer() -> html.Aside:
    title = [html.B("", **{"data-part": "symbol"}), html.Span("", className="dim name", **{"data-part": "name"})]
    foot = [html.Span(className="grow"), controls.button("What would selling realise?", do="simulate-sale", name=Icon.GAINS)]
    return dialogs.drawer(HoldingsIds.DRAWER, html.Div(title, className="who"), html.Div(id=HoldingsIds.DRAWER_BODY), label="One holding", foot=foot)
