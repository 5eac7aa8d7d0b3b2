"""Every id of the screen, in one place: where pages, callbacks and clientside code meet.

`Ids` belongs to the frame around every page. A page has its own class. Clientside code reads these as plain strings; the
values are therefore stable and prefixed by their class.

The address is the only global state. `Ids.URL` holds it (`?portfolio=<id>`, absent: all; `?period=1Y`), `Ids.SCOPE` is what it
means: `{"portfolio": "<id>" | "all", "period": "1Y"}`. A change of the query made through `portolan.shell.query({...})` moves
both without drawing the page again.
"""

from __future__ import annotations

from enum import StrEnum


class Ids(StrEnum):
    """The frame: address, stores, header, dialogs."""

    URL = "url"
    SCOPE = "scope"  # {portfolio, period}, derived from the address
    LEDGER = "ledger"  # {portfolio_id: revision}, set when a tick says that a ledger changed
    DIRECTORY = "directory"  # {portfolios: [...], instruments: [...]}: what menu and search list
    DIRECTORY_CHANGED = "directory-changed"  # a counter: something in the directory is new
    SHELL = "shell"
    CONTENT = "content"
    PORTFOLIO_MENU = "portfolio-menu"
    HOLDINGS_COUNT = "holdings-count"
    STATUS = "status"
    STATUS_STATE = "status-state"  # {state, age_seconds, simulated, ...}: what the light shows before the first tick
    STATUS_OPENED = "status-opened"  # a counter: the popover was opened or its content is to be read again
    STATUS_BODY = "status-body"
    SIMULATED = "simulated"
    QUARANTINE_ACTION = "quarantine-action"  # {id, action: release|reject}
    NEW_PORTFOLIO = "new-portfolio"
    NEW_PORTFOLIO_DRAFT = "new-portfolio-draft"  # {name, base_currency, cost_method, key}
    NEW_PORTFOLIO_ERROR = "new-portfolio-error"
    NEW_PORTFOLIO_CREATED = "new-portfolio-created"  # id of the portfolio that was made
    DEMO_REQUEST = "demo-request"  # a counter: "Load the demo" was pressed
    DEMO_RESULT = "demo-result"
    PALETTE = "palette"
    KEYS = "keys"


class OverviewIds(StrEnum):
    """The Overview page."""

    PAGE = "overview-page"
    HERO = "overview-hero"
    TODAY = "overview-today"  # data of the line of today
    TODAY_CHART = "overview-today-chart"
    SUMMARY = "overview-summary"  # rows that clientside code paints treemap and movers from
    IDENTITY = "overview-identity"
    KPIS = "overview-kpis"
    NOTICES = "overview-notices"
    GROWTH = "overview-growth"  # dcc.Graph
    GROWTH_DATA = "overview-growth-data"  # figure and its narrow form
    GROWTH_BODY = "overview-growth-body"
    GROWTH_NOTE = "overview-growth-note"
    GROWTH_STATE = "overview-growth-state"
    GROWTH_TABLE = "overview-growth-table"
    TREEMAP = "overview-treemap"
    TREEMAP_TABLE = "overview-treemap-table"
    ALLOCATION_STATE = "overview-allocation-state"
    MOVERS = "overview-movers"
    MOVERS_TABLE = "overview-movers-table"
    MOVERS_NOTE = "overview-movers-note"
    COMPARE = "overview-compare"
    COMPARE_NOTE = "overview-compare-note"
    HOLDINGS = "overview-holdings"
    HOLDINGS_NOTE = "overview-holdings-note"
    RETRY = "overview-retry"  # a counter: "Try again" was pressed
