"""Markets: search across providers, watchlists, the chart of a price, and how the feed fares."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import cards, controls, figures, figures_markets
from components.ids import MarketsIds as Ids

dash.register_page(__name__, path="/markets", name="Markets", title="Markets · Portolan")

STORES = (Ids.QUERY, Ids.LISTED, Ids.RETRY, Ids.TYPED, Ids.ACTION, Ids.RESULT, Ids.CHART_DATA, Ids.TAB)
RANGES = ("1D", "1W", "1M", "3M", "6M", "YTD", "1Y", "3Y", "5Y", "10Y", "ALL")
TABS = (("quarantine", "Held back"), ("providers", "Providers"), ("endpoints", "Endpoints"), ("log", "Feed log"))


def layout(**_query: str) -> html.Div:
    """Build the page without an instrument; what it shows is in the address."""
    return html.Div(
        [
            *[dcc.Store(id=store) for store in STORES],
            html.Div([html.H1("Markets"), html.Span(className="grow"), _search()], className="title"),
            html.Div(id=Ids.DONE, className="done", role="status"),
            html.Div([_lists(), _chart(), _panel(), _below()], className="cols"),
            controls.dialog("Instrument", [html.Div(id=Ids.FORM_NOTE, className="form-note", role="alert"), html.Div(id=Ids.FORM_BODY)], id=Ids.FORM,
                            className="wide-sheet"),
            controls.dialog("Watchlist", _name_form(), id=Ids.NAME_FORM),
        ],
        id=Ids.PAGE, className="page markets", **{"data-retry": Ids.RETRY},
    )


def _search() -> html.Div:
    field = dcc.Input(type="search", className="text-input", placeholder="Symbol, name or ISIN", autoComplete="off", maxLength=64,
                      id=f"{Ids.TYPED}-input", name="markets-search")
    found = html.Div(cards.bones("row", "row", "row"), id=Ids.RESULTS, className="pop results", hidden=True, role="listbox",
                     **{"aria-label": "What was found"})
    return html.Div([field, found], className="search-of", role="search")


def _lists() -> html.Section:
    body = html.Div(cards.bones("row", "row", "row", "row"), id=Ids.LISTS, className="lists")
    return html.Section(body, className="panel c3 lists-panel", **{"aria-label": "Watchlist"})


def _chart() -> html.Section:
    ranges = controls.segments([(name, name.capitalize() if name == "ALL" else name) for name in RANGES], attribute="markets-range", label="Range")
    adjusted = html.Button("Adjusted", type="button", className="ctl quiet", title="Splits are taken out of the prices before them",
                           **{"data-markets": "adjusted", "aria-pressed": "true"})
    graph = dcc.Graph(id=Ids.CHART, figure=figures_markets.empty_candles(), config=figures.CONFIG, className="plot candles")
    body = html.Div(
        [
            html.Div(cards.bones(), id=Ids.CHART_STATE, className="state-of"),
            html.Div(graph, className="chart fill as-chart", role="img", id=Ids.CHART_BODY),
            html.Div(id=Ids.CHART_TABLE, className="scroll as-rows"),
        ],
        className="stack",
    )
    head = html.Div([ranges, html.Span(className="grow"), adjusted, cards.table_tool()], className="ranges")
    note = html.Div(id=Ids.CHART_NOTE, className="note")
    title = html.Div(cards.bones("title", "figure"), id=Ids.TITLE, className="instrument")
    return html.Section([title, head, html.Div(body, className="body"), note], className="panel c6 chart-panel", **{"aria-label": "Chart"})


def _panel() -> html.Section:
    body = html.Div(cards.bones("row", "row", "row", "row"), id=Ids.PANEL, className="facts")
    return cards.panel("Price", body, tools=[cards.stale_tag()], span="c3 price-panel")


def _below() -> html.Section:
    tabs = controls.segments(TABS, attribute="markets-tab", label="View", current="quarantine")
    return cards.panel("Feed", html.Div(cards.bones("row", "row"), id=Ids.TAB_BODY), tools=[tabs], span="c12 feed-panel", flush=True)


def _name_form() -> html.Form:
    acts = [controls.button("Cancel", look="quiet", do="close"), html.Button("Save", className="ctl primary", type="submit")]
    field = controls.field("Name", controls.text_input("name", required=True, maxLength=80))
    return html.Form([field, html.Div(acts, className="acts end")], className="form", **{"data-form": "watchlist"})
