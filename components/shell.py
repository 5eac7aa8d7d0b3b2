"""The frame around every page: sidebar, top bar, tab bar, menus, dialogs, and the document they stand in.

The frame holds no user's data; names, counts and states arrive through `Ids.DIRECTORY` and the stream, and are painted by
`assets/shell.js` and `assets/live.js`.
"""

from __future__ import annotations

from typing import NamedTuple

import dash
from dash import dcc, html

from components import controls, explain, portfolio_dialogs
from components.icons import Icon, icon
from components.ids import AdviceIds, AlertsIds, ChecksIds, Ids
from components.live import live_components

# boot.js runs before the first paint, so that a reader of the light theme never sees the dark one.
INDEX = """<!DOCTYPE html>
<html lang="en" data-bs-theme="dark" data-palette="western">
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>{%title%}</title>
<link rel="icon" href="/assets/favicon.svg">
<script src="/assets/boot.js"></script>
<link rel="stylesheet" href="/vendor/bootstrap/css/bootstrap.min.css">
{%css%}
</head>
<body>
{%app_entry%}
<footer class="scripts">
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>"""


class Section(NamedTuple):
    """A page as sidebar, tab bar and search show it."""

    path: str
    name: str
    icon: Icon
    key: str  # pressed after g
    tab: bool = True  # whether it has a place in the tab bar of a phone; search leads to the others


SECTIONS = (
    Section("/", "Overview", Icon.OVERVIEW, "o"),
    Section("/holdings", "Holdings", Icon.HOLDINGS, "h"),
    Section("/performance", "Performance", Icon.PERFORMANCE, "p"),
    Section("/risk", "Risk", Icon.RISK, "k", tab=False),
    Section("/benchmark", "Benchmark", Icon.BENCHMARK, "b", tab=False),
    Section("/recommendations", "Recommendations", Icon.ADVICE, "v", tab=False),
    Section("/gains", "Realised gains", Icon.GAINS, "r"),
    Section("/transactions", "Transactions", Icon.TRANSACTIONS, "t"),
    Section("/markets", "Markets", Icon.MARKETS, "m", tab=False),
    Section("/alerts", "Alerts", Icon.BELL, "a", tab=False),
    Section("/checks", "Checks", Icon.CHECK, "c", tab=False),
    Section("/history", "History", Icon.HISTORY, "y", tab=False),
    Section("/status", "Status", Icon.STATUS, "s", tab=False),
)
KEYS = (
    ("g o", "Overview"),
    ("g h", "Holdings"),
    ("g p", "Performance"),
    ("g k", "Risk"),
    ("g b", "Benchmark"),
    ("g v", "Recommendations"),
    ("g r", "Realised gains"),
    ("g t", "Transactions"),
    ("g m", "Markets"),
    ("g a", "Alerts"),
    ("g c", "Checks"),
    ("g y", "History"),
    ("g s", "Status"),
    ("/ or Ctrl K", "Search and commands"),
    ("n", "New portfolio"),
    ("[ and ]", "Shorter and longer period"),
    ("t", "Next theme"),
    ("f", "Fold the sidebar"),
    ("Enter", "Explain the number in focus"),
    ("e", "Explain a cell of Holdings; or Alt and press"),
    ("Esc", "Close what is open"),
    ("?", "This list"),
)


def layout() -> html.Div:
    """Build the whole application around `dash.page_container`."""
    return html.Div(
        [
            *_stores(),
            html.A("Skip to the content", href=f"#{Ids.CONTENT}", className="skip"),
            _rail(),
            html.Div([_bar(), _condition(), _trouble(), portfolio_dialogs.removed_line(), _time_band(), _content()], className="column"),
            _tab_bar(),
            _palette(),
            _keys(),
            portfolio_dialogs.new_portfolio(),
            portfolio_dialogs.settings(),
            explain.sheet(),
            live_components(),
            html.Div(id=AlertsIds.NOTICES, className="alert-notices"),
            html.Div(className="sr", role="status", id="announce", **{"aria-live": "polite"}),
        ],
        className="shell",
        id=Ids.SHELL,
    )


def _content() -> html.Main:
    return html.Main(dash.page_container, id=Ids.CONTENT, tabIndex="-1")


def _stores() -> list[dcc.Location | dcc.Store]:
    """Address and what is known across pages. The address changes without drawing the page again, hence no refresh."""
    stores = (
        Ids.SCOPE,
        Ids.LEDGER,
        Ids.LEDGER_SETTLED,
        Ids.DIRECTORY,
        Ids.DIRECTORY_CHANGED,
        Ids.STATUS_OPENED,
        Ids.QUARANTINE_ACTION,
        Ids.NEW_PORTFOLIO_DRAFT,
        Ids.NEW_PORTFOLIO_CREATED,
        Ids.PORTFOLIO_SETTINGS_DRAFT,
        Ids.PORTFOLIO_SETTINGS_SAVED,
        Ids.DEMO_REQUEST,
        Ids.TROUBLE,
    )
    return [dcc.Location(id=Ids.URL, refresh=False), *(dcc.Store(id=store) for store in stores)]


def _mark() -> html.A:
    return html.A(
        [html.I(className="compass", **{"data-icon": Icon.COMPASS}), html.B("Portolan")],
        href="/",
        className="mark",
        **{"data-nav": "/", "aria-label": "Portolan, to the overview"},
    )


COUNTS = {"/holdings": (Ids.HOLDINGS_COUNT, "Open positions"), "/checks": (ChecksIds.COUNT, "Open findings"),
          "/recommendations": (AdviceIds.COUNT, "Open suggestions"), "/alerts": (AlertsIds.COUNT, "Alerts that nobody has seen")}


def _nav_link(section: Section) -> html.A:
    label = [icon(section.icon), html.Span(section.name, className="lbl")]
    counted = COUNTS.get(section.path)
    counter = [html.Span(id=counted[0], className="count", title=counted[1])] if counted else []
    return html.A([*label, *counter], href=section.path, title=section.name, **{"data-nav": section.path, "data-key": section.key})


def _rail() -> html.Nav:
    items = [html.Li(_nav_link(section)) for section in SECTIONS]
    fold = html.Button(
        [icon(Icon.FOLD), html.Span("Fold", className="lbl")], className="fold", type="button", title="Fold the sidebar", **{"data-do": "fold"}
    )
    foot = html.Div([html.Div(className="rhumb"), fold], className="rail-foot")
    return html.Nav([_mark(), html.Ul(items), foot], className="rail", **{"aria-label": "Main"})


def _bar() -> html.Header:
    return html.Header(
        [
            _mark(),
            _portfolio_button(),
            html.Span(controls.period_control(), className="hide-s"),
            html.Span(className="grow"),
            html.Span(
                "Simulated",
                id=Ids.SIMULATED,
                className="tag brass hide-s",
                hidden=True,
                title="These prices come from the simulated market, not from an exchange",
            ),
            html.Button(
                [icon(Icon.SEARCH, small=True), html.Span("Search"), html.Kbd("Ctrl K")],
                className="find hide-s",
                type="button",
                **{"data-do": "palette", "aria-label": "Search"},
            ),
            _status_button(),
            _bell(),
            controls.tool(Icon.CLOCK, "Look back to a day", id=Ids.TIME, **{"data-menu": f"{Ids.TIME}-sheet", "aria-haspopup": "dialog",
                                                                           "aria-expanded": "false"}),
            controls.tool(Icon.THEME, "Theme: dark, light, high contrast", do="theme", className="hide-s"),
            controls.tool(Icon.SEARCH, "Search", do="palette", className="only-s"),
            controls.popover(
                [html.Div(className="in", id=f"{Ids.PORTFOLIO_MENU}-list")], id=Ids.PORTFOLIO_MENU, label="Portfolios", className="at-start"
            ),
            _time_sheet(),
            controls.popover(html.Div(id=f"{AlertsIds.BELL}-list", className="in"), id="alerts-sheet", label="Alerts", className="at-end wide"),
            controls.popover([html.Div(id=Ids.STATUS_BODY, className="in")], id=f"{Ids.STATUS}-sheet", label="Market data", className="at-end wide"),
        ],
        className="bar",
    )


def _portfolio_button() -> html.Button:
    return html.Button(
        [
            html.B("All portfolios", id=f"{Ids.PORTFOLIO_MENU}-name"),
            html.Span(id=f"{Ids.PORTFOLIO_MENU}-count", className="dim hide-s"),
            icon(Icon.CHEVRON, small=True),
        ],
        className="ctl pick",
        type="button",
        **{"data-menu": Ids.PORTFOLIO_MENU, "aria-haspopup": "dialog", "aria-expanded": "false"},
    )


def _status_button() -> html.Button:
    """Light, word and age of the newest price; `assets/live.js` paints it, a press tells where prices come from."""
    return html.Button(
        [html.I(), html.B("Connecting", id=f"{Ids.STATUS}-word"), html.Span(id=f"{Ids.STATUS}-age")],
        id=Ids.STATUS,
        className="status",
        type="button",
        title="State of the market data",
        **{"data-state": "closed", "data-menu": f"{Ids.STATUS}-sheet", "aria-haspopup": "dialog", "aria-expanded": "false"},
    )


def _bell() -> html.Button:
    """Count of the alerts that nobody has seen; `assets/notices.js` writes it, a press lists them."""
    return html.Button([icon(Icon.BELL), html.Span("", id=f"{AlertsIds.BELL}-count", className="badge", hidden=True)], id=AlertsIds.BELL,
                       className="tool bell", type="button", title="Alerts",
                       **{"aria-label": "Alerts", "data-menu": "alerts-sheet", "aria-haspopup": "dialog", "aria-expanded": "false"})


def _condition() -> html.Div:
    """Line under the bar for as long as the server, its database or its bus is away: `live.js` writes it."""
    return html.Div(id="condition-line", className="condition", role="status", hidden=True)


def _trouble() -> html.Div:
    """Line under the bar for a failure that no panel can tell; hidden until there is one."""
    return html.Div(
        [
            html.B("Something failed on our side. "),
            html.Span(id=f"{Ids.TROUBLE}-text"),
            controls.button("Try again", do="retry"),
            controls.tool(Icon.CLOSE, "Dismiss", do="dismiss"),
        ],
        id=f"{Ids.TROUBLE}-line",
        className="notice crit trouble",
        role="alert",
        hidden=True,
    )


def _time_sheet() -> html.Div:
    """Choose the day to look at, and, under more, the instant whose records count."""
    known = controls.field("As known on", dcc.Input(type="datetime-local", name="known_at", className="text-input"),
                           hint="What was recorded by then, in your time; corrections made later are left out.")
    form = html.Form(
        [
            controls.field("As of the close of", dcc.Input(type="date", name="as_of", className="text-input")),
            html.Details([html.Summary("More"), known]),
            html.Div([controls.button("Back to live", look="quiet", do="live"), html.Button("Look", className="ctl primary", type="submit")],
                     className="acts end"),
        ],
        className="in form", **{"data-form": "time"},
    )
    return controls.popover(form, id=f"{Ids.TIME}-sheet", label="Look back to a day", className="at-end")


def _time_band() -> html.Div:
    """Line under the bar while one looks back; `assets/shell.js` writes it from the address."""
    return html.Div([icon(Icon.CLOCK, small=True), html.Span(id=f"{Ids.TIME}-text"), controls.button("Back to live", do="live")],
                    id=f"{Ids.TIME}-band", className="notice info time-band", role="status", hidden=True)


def _tab_bar() -> html.Nav:
    return html.Nav(
        [html.A([icon(section.icon), html.Span(section.name.split()[-1].capitalize())],
                href=section.path, **{"data-nav": section.path}) for section in SECTIONS if section.tab],
        className="tabbar",
        **{"aria-label": "Main"},
    )


def _palette() -> html.Dialog:
    """Search and commands; `assets/palette.js` fills it from the directory."""
    return html.Dialog(
        [
            html.Div([icon(Icon.SEARCH, small=True), html.Div(id=f"{Ids.PALETTE}-field", className="grow"), html.Kbd("Esc")], className="ask"),
            html.Div(id=f"{Ids.PALETTE}-list", className="found", role="listbox", **{"aria-label": "Results"}),
        ],
        id=Ids.PALETTE,
        className="sheet quick",
        **{"aria-label": "Search and commands"},
    )


def _keys() -> html.Dialog:
    rows = [
        part
        for keys, meaning in KEYS
        for part in (
            html.Dt(meaning),
            html.Dd([html.Kbd(key) if key not in {"or", "and"} else html.Span(key, className="dim") for key in keys.split(" ")]),
        )
    ]
    return controls.dialog("Keys", html.Dl(rows, className="kv keys"), id=Ids.KEYS)
