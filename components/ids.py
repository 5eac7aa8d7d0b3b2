"""Every id of the screen, in one place: where pages, callbacks and clientside code meet.

`Ids` belongs to the frame around every page. A page has its own class. Clientside code reads these as plain strings; the
values are therefore stable and prefixed by their class.

The address is the only global state. `Ids.URL` holds it (`?portfolio=<id>`, absent: all; `?period=1Y`), `Ids.SCOPE` is what it
means: `{"portfolio": "<id>" | "all", "period": "1Y", "as_of": null, "known_at": null}`; `?as_of=2024-03-28&known_at=2024-04-02T08:00:00Z` looks back
to a day, and to what was recorded then. A change of the query made through `portolan.shell.query({...})` moves
both without drawing the page again.
"""

from __future__ import annotations

from enum import StrEnum


class Ids(StrEnum):
    """The frame: address, stores, header, dialogs."""

    URL = "url"
    SCOPE = "scope"  # {portfolio, period, as_of, known_at}, derived from the address
    LEDGER = "ledger"  # {portfolio_id: revision}, set when a tick says that a ledger changed
    LEDGER_SETTLED = "ledger-settled"  # the same a moment after the last change: for what nobody waits for
    DIRECTORY = "directory"  # {portfolios: [...], instruments: [...]}: what menu and search list
    DIRECTORY_CHANGED = "directory-changed"  # a counter: something in the directory is new
    SHELL = "shell"
    CONTENT = "content"
    PORTFOLIO_MENU = "portfolio-menu"
    HOLDINGS_COUNT = "holdings-count"
    STATUS = "status"
    STATUS_OPENED = "status-opened"  # a counter: the popover was opened or its content is to be read again
    STATUS_BODY = "status-body"
    SIMULATED = "simulated"
    QUARANTINE_ACTION = "quarantine-action"  # {id, action: release|reject}
    NEW_PORTFOLIO = "new-portfolio"
    NEW_PORTFOLIO_DRAFT = "new-portfolio-draft"  # {name, base_currency, cost_method, key}
    NEW_PORTFOLIO_ERROR = "new-portfolio-error"
    NEW_PORTFOLIO_CREATED = "new-portfolio-created"  # id of the portfolio that was made
    PORTFOLIO_SETTINGS = "portfolio-settings"
    PORTFOLIO_SETTINGS_DRAFT = "portfolio-settings-draft"  # {action: change|remove|restore, id, version, fields, key}
    PORTFOLIO_SETTINGS_ERROR = "portfolio-settings-error"
    PORTFOLIO_SETTINGS_SAVED = "portfolio-settings-saved"  # {ok, action, id, name, version}
    PORTFOLIO_REMOVED = "portfolio-removed"  # line that offers to take a removal back
    PORTFOLIO_REMOVED_TEXT = "portfolio-removed-text"
    DEMO_REQUEST = "demo-request"  # a counter: "Load the demo" was pressed
    TROUBLE = "trouble"  # {message, at}: a callback failed for no reason we know
    TIME = "time"  # the time machine: its button, `time-sheet` its form, `time-band` the line that says when one looks at
    PALETTE = "palette"
    KEYS = "keys"


class ExplainIds(StrEnum):
    """The sheet that says how a number comes about; `assets/explain.js` reads these as strings."""

    SHEET = "explain-sheet"
    BODY = "explain-body"
    ASKED = "explain-asked"  # {figure, portfolio, period, as_of, known_at, path, ...}: the figure that was pressed, and the page's address


class OverviewIds(StrEnum):
    """The Overview page."""

    PAGE = "overview-page"
    HERO = "overview-hero"
    TODAY = "overview-today"  # data of the line of today
    TODAY_CHART = "overview-today-chart"
    ASKED = "overview-asked"  # {portfolio, n}: what the server is asked for
    HISTORY_ASKED = "overview-history-asked"  # {portfolio, period, n}
    SUMMARY = "overview-summary"  # rows that clientside code paints treemap and movers from
    IDENTITY = "overview-identity"
    KPIS = "overview-kpis"
    NOTICES = "overview-notices"
    GROWTH = "overview-growth"  # dcc.Graph
    GROWTH_DATA = "overview-growth-data"  # {figure, scope, label}
    GROWTH_BODY = "overview-growth-body"
    GROWTH_NOTE = "overview-growth-note"
    GROWTH_STATE = "overview-growth-state"
    GROWTH_TABLE = "overview-growth-table"
    TREEMAP = "overview-treemap"
    TREEMAP_TABLE = "overview-treemap-table"
    ALLOCATION_STATE = "overview-allocation-state"
    MOVERS = "overview-movers"
    MOVERS_STATE = "overview-movers-state"
    MOVERS_TABLE = "overview-movers-table"
    MOVERS_NOTE = "overview-movers-note"
    COMPARE = "overview-compare"
    COMPARE_NOTE = "overview-compare-note"
    HOLDINGS = "overview-holdings"
    HOLDINGS_NOTE = "overview-holdings-note"
    RETRY = "overview-retry"  # a counter: "Try again" was pressed


class PerformanceIds(StrEnum):
    """The Performance page; `assets/performance.js` reads these as strings."""

    PAGE = "performance-page"
    ASKED = "performance-asked"  # {portfolio, period, from, to, benchmark, group, flow, costs, currency, days, inflation, by, n}
    READ = "performance-read"  # {scope, revisions, live}: what was read, to know when to ask again
    RETRY = "performance-retry"  # a counter: "Try again" was pressed, or a minute has passed
    STATE = "performance-state"  # what stands in the page's place while it cannot be told
    WHEN = "performance-when"
    NOTICES = "performance-notices"
    KPIS = "performance-kpis"
    GROWTH = "performance-growth"  # dcc.Graph
    GROWTH_DATA = "performance-growth-data"  # {figure, label, hover}
    GROWTH_BODY = "performance-growth-body"
    GROWTH_NOTE = "performance-growth-note"
    GROWTH_LEGEND = "performance-growth-legend"
    GROWTH_STATE = "performance-growth-state"
    GROWTH_TABLE = "performance-growth-table"
    WINDOWS = "performance-windows"
    WINDOWS_NOTE = "performance-windows-note"
    BRIDGE = "performance-bridge"  # dcc.Graph
    BRIDGE_DATA = "performance-bridge-data"  # {figure, label}
    BRIDGE_BODY = "performance-bridge-body"
    BRIDGE_NOTE = "performance-bridge-note"
    BRIDGE_STATE = "performance-bridge-state"
    BRIDGE_TABLE = "performance-bridge-table"
    BARS = "performance-bars"
    BARS_NOTE = "performance-bars-note"
    BARS_TABLE = "performance-bars-table"
    METHODS = "performance-methods"
    WHY = "performance-why"
    CURRENCY = "performance-currency"
    CALENDAR = "performance-calendar"
    CALENDAR_NOTE = "performance-calendar-note"
    GROUPS = "performance-groups"  # the filter's choices
    GROUPS_ASKED = "performance-groups-asked"  # {portfolio}
    SEARCH = "performance-search"  # {query, n}: instruments to compare with
    FOUND = "performance-found"
    FOOT = "performance-foot"  # conventions, at the foot of a printed sheet
    BENCHMARK = "performance-benchmark"  # name of the benchmark on its button
    CONVENTIONS = "performance-conventions"


class BenchmarkIds(StrEnum):
    """The Benchmark page; `assets/benchmark.js` reads these as strings."""

    PAGE = "benchmark-page"
    ASKED = "benchmark-asked"  # {portfolio, period, from, to, benchmark, ..., n}: the figures against benchmarks, and the same cash flows
    READ = "benchmark-read"  # {scope, revisions, address, live}: what was read, to know when to ask again
    RETRY = "benchmark-retry"  # a counter: "Try again" was pressed, or a minute has passed
    SEARCH = "benchmark-search"  # {query, chosen, n}: what to compare with
    FOUND = "benchmark-found"
    CHOSEN = "benchmark-chosen"  # what the page compares with, on its button
    WHEN = "benchmark-when"
    STATE = "benchmark-state"  # what stands in the place of both tabs while they cannot be told
    NOTICES = "benchmark-notices"
    FOOT = "benchmark-foot"  # conventions, at the foot of a printed sheet
    CHARTS = "benchmark-charts"  # {id of a graph: {figure, label}}: drawn by benchmark.js
    AGAINST = "benchmark-against"  # the tab's body
    KPIS = "benchmark-kpis"
    GROWTH = "benchmark-growth"  # dcc.Graph; -legend, -table, -note beside it
    SCATTER = "benchmark-scatter"  # dcc.Graph
    ROLLING = "benchmark-rolling"  # dcc.Graph
    MONTHS = "benchmark-months"
    PARTS = "benchmark-parts"  # what the first benchmark is made of, and what the portfolio holds of it
    FIGURES = "benchmark-figures"
    FLOWS = "benchmark-flows"  # the tab's body
    FLOWS_KPIS = "benchmark-flows-kpis"
    FLOWS_SENTENCE = "benchmark-flows-sentence"
    MONEY = "benchmark-money"  # dcc.Graph
    MULTIPLES = "benchmark-multiples"
    MOVES = "benchmark-moves"


class AttributionIds(StrEnum):
    """The Attribution tab of the Benchmark page."""

    ASKED = "attribution-asked"
    READ = "attribution-read"
    BODY = "attribution"
    STATE = "attribution-state"
    NOTICES = "attribution-notices"
    CHARTS = "attribution-charts"
    KPIS = "attribution-kpis"
    WATERFALL = "attribution-waterfall"  # dcc.Graph
    SERIES = "attribution-series"  # dcc.Graph
    GROUPS = "attribution-groups"
    CURRENCIES = "attribution-currencies"
    PERIODS = "attribution-periods"


class FactorIds(StrEnum):
    """The Factors tab of the Benchmark page."""

    ASKED = "factors-asked"
    READ = "factors-read"
    BODY = "factors"
    STATE = "factors-state"
    NOTICES = "factors-notices"
    CHARTS = "factors-charts"
    KPIS = "factors-kpis"
    LOADINGS = "factors-loadings"  # dcc.Graph
    CONTRIBUTIONS = "factors-contributions"
    ROLLING = "factors-rolling"  # dcc.Graph
    GROWTH = "factors-growth"  # dcc.Graph
    CORRELATION = "factors-correlation"
    SETS = "factors-sets"  # the choices of where factors come from
    FILE = "factors-file"  # dcc.Upload
    DONE = "factors-done"  # what became of a file


class BlendIds(StrEnum):
    """The tab of the Benchmark page where blends are made; `assets/blends.js` reads these as strings."""

    BODY = "blends"
    LIST = "blends-list"
    LISTED = "blends-listed"  # a counter: the list is to be read
    FORM = "blends-form"  # dialog
    ACTION = "blends-action"  # {action: create|change|remove|restore, id, version, fields, key}
    RESULT = "blends-result"  # {ok, action, at}
    ERROR = "blends-error"
    DONE = "blends-done"
    NAMES = "blends-names"  # symbols to choose from while one types
class RiskIds(StrEnum):
    """The Risk page; `assets/risk.js` reads these as strings."""

    PAGE = "risk-page"
    ASKED = "risk-asked"  # {portfolio, period, from, to, level, horizon, method, benchmark, rf, window, narrow, n}: what the head is asked for
    READ = "risk-read"  # {scope, revisions, address, live}: what was read, to know when to ask again
    TAB_ASKED = "risk-tab-asked"  # the same with {tab, corr, shrink}: what the open tab is asked for
    GARCH = "risk-garch"  # {n}: GARCH has been tried on the windows of this asking, the ranking counts it
    RETRY = "risk-retry"  # a counter: "Try again" was pressed
    STATE = "risk-state"  # what stands in the page's place while it cannot be told
    WHEN = "risk-when"
    NOTICES = "risk-notices"
    KPIS = "risk-kpis"
    BODY = "risk-body"  # of the open tab
    STRESS = "risk-stress"  # of the Stress tab
    SEARCH = "risk-search"  # {query, own, n}: instruments to compare with
    FOUND = "risk-found"
    BENCHMARK = "risk-benchmark"  # name of the benchmark on its button
    CONVENTIONS = "risk-conventions"
    METHOD = "risk-method"  # choice of the model of value at risk
    FOOT = "risk-foot"  # conventions, at the foot of a printed sheet


class HoldingsIds(StrEnum):
    """The Holdings page; `assets/holdings.js` and `assets/holding_*.js` read these as strings."""

    PAGE = "holdings-page"
    GRID = "holdings-grid"
    QUERY = "holdings-query"  # {scope, as_of, known_at, by_portfolio, retry, ledger}: what the server is asked for
    ROWS = "holdings-rows"  # what the server answered, for holdings.js to paint
    GROUP = "holdings-group"  # sector | currency | asset_class | portfolio | none
    SYMBOL = "holdings-symbol"  # instrument whose drawer is open, or None
    RETRY = "holdings-retry"  # a counter: "Try again" was pressed
    DRAWER = "holdings-drawer"
    DRAWER_BODY = "holdings-drawer-body"


class TransactionsIds(StrEnum):
    """The Transactions page; `assets/transactions.js` and `assets/transaction_form.js` read these as strings."""

    PAGE = "transactions-page"
    GRID = "transactions-grid"
    QUERY = "transactions-query"  # {scope, as_of, known_at, kind, symbol, start, end, voided, limit, retry, ledger}: what the server is asked for
    ROWS = "transactions-rows"  # what the server answered, for transactions.js to paint
    RETRY = "transactions-retry"  # a counter: "Try again" was pressed
    FORM = "transactions-form"
    DRAFT = "transactions-draft"  # {portfolio, draft, editing, number}: as typed
    CHECKED = "transactions-checked"  # {number, errors}: what the server says about the draft of that number
    EFFECT = "transactions-effect"  # what the draft would do, in words and numbers
    SAVE = "transactions-save"  # {action: record|correct|void|undo|dismiss, portfolio, draft, editing: {id, version}, key}: to be done
    SAVED = "transactions-saved"  # {ok, action, entry, errors, conflict}: what became of it
    CONFLICT = "transactions-conflict"  # both versions side by side
    INSTRUMENT = "transactions-instrument"  # {symbol, name, currency, asset_class, sector}: to be added
    INSTRUMENT_ADDED = "transactions-instrument-added"  # {symbol} or {errors}
    ENTRY = "transactions-entry"  # {portfolio, id, version}: the row whose history is open
    HISTORY = "transactions-history"  # drawer
    HISTORY_BODY = "transactions-history-body"
    DONE = "transactions-done"  # the bar "Recorded BUY 10 AAPL. Undo"
    CONFIRM = "transactions-confirm"  # dialog before a void


class GainsIds(StrEnum):
    """The Realised gains page; `assets/realised.js` reads these as strings."""

    PAGE = "gains-page"
    GRID = "gains-grid"
    QUERY = "gains-query"  # {scope, period, rules, method, year, tax_year, retry, ledger}: what the server is asked for
    CHOICE = "gains-choice"  # {rules, method, year, tax_year}: what was chosen last on the page
    ROWS = "gains-rows"  # what the server answered, for realised.js to paint
    RETRY = "gains-retry"  # a counter: "Try again" was pressed
    CHART = "gains-chart"
    CHART_TABLE = "gains-chart-table"


class SaleIds(StrEnum):
    """The sale that is thought through, a dialog of the Holdings page; `assets/sale.js` reads these as strings."""

    DIALOG = "sale-dialog"
    ASKED = "sale-asked"  # {scope, symbol, quantity, price, account, fee, tax_rate_short, tax_rate_long, number}
    ANSWER = "sale-answer"  # methods beside each other, and the lots of each


class ImportIds(StrEnum):
    """The Import page; `assets/imports.js` reads these as strings."""

    PAGE = "import-page"
    SEEN = "import-seen"  # never written: the callback that tells scope and portfolios needs an output


class ChecksIds(StrEnum):
    """The Checks page; `assets/review.js` reads these as strings."""

    PAGE = "checks-page"
    COUNT = "checks-count"  # in the sidebar: open findings of the scope
    QUERY = "checks-query"  # {scope, retry, ledger}: what the server is asked for
    RETRY = "checks-retry"  # a counter: "Try again" was pressed
    BODY = "checks-body"
    NOTE = "checks-note"
    DONE = "checks-done"  # the bar "Recorded a split 4:1. Undo"
    ACTION = "checks-action"  # {action: apply|dismiss|restore|undo|close, finding, portfolio, fix, entry, key}: to be done
    RESULT = "checks-result"  # {ok, action, at}: what became of it
    STATEMENT = "checks-statement"  # the form of a statement
    ASKED = "checks-asked"  # {action: list|compare|open|accept|forget, portfolio, ...}: what reconciling is asked for
    ANSWER = "checks-answer"  # {ok, row, statement, accounts}: what became of it
    COMPARISON = "checks-comparison"
    STATEMENTS = "checks-statements"
    REFUSED = "checks-refused"


class AdviceRebalanceIds(StrEnum):
    """The tab of rebalancing; `assets/advice_rebalance.js` reads these as strings."""

    BODY = "advice-rebalance-body"
    QUERY = "advice-rebalance-query"  # {scope, bring, new_money, buy_only, cost_aversion, account}
    FOUND = "advice-rebalance-found"  # the trades, written out
    ACTION = "advice-rebalance-action"  # {portfolio, orders, effect, revision, once}
    RESULT = "advice-rebalance-result"


class AdviceOptimiseIds(StrEnum):
    """The tab of optimisers; `assets/advice_optimise.js` reads these as strings."""

    BODY = "advice-optimise-body"
    QUERY = "advice-optimise-query"  # {scope, run}
    FOUND = "advice-optimise-found"  # form and run, written out
    ACTION = "advice-optimise-action"  # {action: begin|look|cancel|use, portfolio, run, fields, once}
    RESULT = "advice-optimise-result"  # {ok, errors | run}


class AdvicePolicyIds(StrEnum):
    """The tab of targets and limits; `assets/advice_policy.js` reads these as strings."""

    BODY = "advice-policy-body"
    SHEET = "advice-policy-sheet"  # the form, written out
    ACTION = "advice-policy-action"  # {action: put|undo, portfolio, version, fields, once}
    RESULT = "advice-policy-result"  # {ok, errors | sheet}


class AdviceRulesIds(StrEnum):
    """The tab of one's own rules; `assets/advice_rules.js` reads these as strings."""

    BODY = "advice-rules-body"
    ASKED = "advice-rules-asked"  # {n, expression, scope}: to be tried
    TOLD = "advice-rules-told"  # {n, ok, told | message, context}


class AdviceIds(StrEnum):
    """The Recommendations page; `assets/advice.js` reads these as strings."""

    PAGE = "advice-page"
    COUNT = "advice-count"  # in the sidebar: open suggestions of the scope that was looked at
    QUERY = "advice-query"  # {scope, show, ...}: what the server is asked for
    RETRY = "advice-retry"  # a counter: "Try again" was pressed
    CARDS = "advice-cards"  # the suggestions, written out: what advice.js draws into the body
    TRIED_ASKED = "advice-tried-asked"  # {scope, n}: whether fixes have been tried on the past by now
    TRIED = "advice-tried"  # {n, cards: [{key, portfolio, tried}]}
    BODY = "advice-body"
    STATE = "advice-state"  # in the place of cards: loading, empty, failed
    NOTE = "advice-note"
    RULES = "advice-rules"
    DISMISSED = "advice-dismissed"
    HISTORY = "advice-history"
    DRAFTED = "advice-drafted"  # proposals
    DONE = "advice-done"  # the bar "Put aside. Undo"
    ACTION = "advice-action"  # {action: dismiss|done|draft|undo|close, key, portfolio, reason, days, once}: to be done
    RESULT = "advice-result"  # {ok, action, at}: what became of it


class AdviceTrialIds(StrEnum):
    """Tabs of Recommendations that try something: each asks with a numbered question and draws the answer of that number."""

    WHAT_IF = "what-if-body"
    WHAT_IF_ASKED = "what-if-asked"  # {n, scope, text, id}
    WHAT_IF_TOLD = "what-if-told"
    WHAT_IF_ACTION = "what-if-action"  # {action: list|save|remove|undo, scope, compare, ...}
    WHAT_IF_RESULT = "what-if-result"  # {ok, words, undo, saved, compared}
    PLAN = "plan-body"
    PLAN_ASKED = "plan-asked"  # {n, scope, text}
    PLAN_TOLD = "plan-told"
    EVIDENCE = "evidence-body"
    EVIDENCE_ASKED = "evidence-asked"  # {n, action: read|strategies|models|cancel, scope, text, run, have}
    EVIDENCE_TOLD = "evidence-told"


class AlertsIds(StrEnum):
    """The Alerts page, and the bell of the frame; `assets/notices.js` reads these as strings."""

    PAGE = "alerts-page"
    COUNT = "alerts-count"  # in the sidebar: events that nobody has seen
    BELL = "alerts-bell"  # button of the top bar; `alerts-bell-count` its number, `alerts-sheet` its list
    NOTICES = "alerts-notices"  # where what fires is said for a while
    FORM = "alerts-form"  # dialog
    SEEN = "alerts-seen"  # never written: the callback that tells scope and portfolios needs an output


class MarketsIds(StrEnum):
    """The Markets page; `assets/markets.js` reads these as strings."""

    PAGE = "markets-page"
    QUERY = "markets-query"  # {symbol, range, adjusted, list, retry, done}: what the chart shows, derived from the address
    LISTED = "markets-listed"  # {list, retry, done}: what the list shows
    RETRY = "markets-retry"  # a counter: "Try again" was pressed
    TYPED = "markets-typed"  # {text, n}: what is searched for
    RESULTS = "markets-results"
    ACTION = "markets-action"  # {action, key, ...}: something is to be done
    RESULT = "markets-result"  # {ok, action, symbol, at}
    DONE = "markets-done"
    LISTS = "markets-lists"
    TITLE = "markets-title"
    CHART = "markets-chart"  # dcc.Graph
    CHART_BODY = "markets-chart-body"
    CHART_DATA = "markets-chart-data"  # {figure, label, bars, symbol, range}
    CHART_NOTE = "markets-chart-note"
    CHART_STATE = "markets-chart-state"
    CHART_TABLE = "markets-chart-table"
    PANEL = "markets-panel"
    FORM = "markets-form"  # of an instrument
    FORM_BODY = "markets-form-body"
    FORM_NOTE = "markets-form-note"
    NAME_FORM = "markets-name"  # of a watchlist
    TAB = "markets-tab"  # {tab, n}
    TAB_BODY = "markets-tab-body"


class StatusIds(StrEnum):
    """The Status page."""

    PAGE = "status-page"
    CLOCK = "status-clock"
    NOTE = "status-note"
    STATE = "status-state"
    FIGURES = "status-figures"
    JOBS = "status-jobs"
    TROUBLES = "status-troubles"


class HistoryIds(StrEnum):
    """The History page; `assets/audit.js` reads these as strings."""

    PAGE = "history-page"
    QUERY = "history-query"  # {scope, entity, action, start, end, limit, retry, ledger}
    RETRY = "history-retry"
    FILTERS = "history-filters"
    BODY = "history-body"
    NOTE = "history-note"
    DONE = "history-done"
    ACTION = "history-action"  # {action: undo|close, entry, key}
    RESULT = "history-result"  # {ok, at}
