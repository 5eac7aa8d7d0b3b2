"""Tables: the two grids with their columns, and the small tables of the drawers.

A grid gets its rows from clientside code by row id (`assets/holdings.js`, `assets/transactions.js`), never through `rowData`:
a new `rowData` would replace rows, and with them scroll, selection and focus. Cells are classes of `assets/gridcells.js`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html
from dash_ag_grid import AgGrid

from components import cards, theme
from components.ids import HoldingsIds, TransactionsIds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from dash.development.base_component import Component


class Column(NamedTuple):
    """A column of a grid: its key in a row, its head, the class of its cells, and its width in pixels."""

    key: str
    head: str
    cell: str
    width: int
    start: bool = False  # aligned at the start, as text is
    grows: bool = False  # takes what room is left; under `width` other columns make room
    sort: str | None = None
    tip: str | None = None
    order: str | None = None  # function of the browser that compares two values


HOLDINGS = (
    Column("name", "Instrument", "InstrumentCell", 190, start=True, grows=True, order="portolanByName"),
    Column("spark", "30 days", "SparkCell", 94),
    Column("quantity", "Quantity", "QuantityCell", 82),
    Column("price", "Price", "PriceCell", 118),
    Column("day_return", "Day", "DayCell", 72, tip="Change of value since the previous close, in percent"),
    Column("day_pnl", "Day P/L", "DayPnlCell", 88, tip="Profit and loss since the previous close, in the base currency"),
    Column("average_cost", "Average cost", "CostCell", 104, tip="Cost of one unit, in the currency of the instrument"),
    Column("value", "Value", "ValueCell", 104, sort="desc", tip="Market value in the base currency"),
    Column("total_pnl", "Total P/L", "TotalPnlCell", 104, tip="Unrealised and realised gains, income, fees and taxes, in the base currency"),
    Column("on_cost", "On cost", "OnCostCell", 78, tip="Total P/L in percent of the cost of what is held"),
    Column("weight", "Weight", "WeightCell", 128, tip="Share of the value of the portfolio"),
)
LEDGER = (
    Column("date", "Date", "DateCell", 104, start=True, sort="desc", order="portolanByDate"),
    Column("kind_name", "Kind", "KindCell", 132, start=True),
    Column("symbol", "Instrument", "SubjectCell", 150, start=True, grows=True),
    Column("quantity", "Quantity", "UnitsCell", 84, order="portolanByNumber"),
    Column("price", "Price", "UnitPriceCell", 80, tip="Price of one unit; new shares for one old where shares change", order="portolanByNumber"),
    Column("fee", "Fee", "FeeCell", 60, order="portolanByNumber"),
    Column("tax", "Tax", "TaxCell", 60, order="portolanByNumber"),
    Column("gross", "Amount", "AmountCell", 104, tip="Gross amount, before fee and tax", order="portolanByNumber"),
    Column("currency", "Currency", "CurrencyCell", 72, start=True),
    Column("portfolio_name", "Portfolio", "PortfolioCell", 124, start=True),
    Column("account", "Account", "AccountCell", 84, start=True),
    Column("note", "Note", "NoteCell", 116, start=True),
    Column("recorded_at", "Recorded", "RecordedCell", 138, start=True),
)


def holdings_grid() -> AgGrid:
    """Build the empty grid of holdings."""
    options = {
        "postSortRows": {"function": "portolanOrder(params)"},
        "isExternalFilterPresent": {"function": "portolanHasFilter(params)"},
        "doesExternalFilterPass": {"function": "portolanPasses(params)"},
        "getRowHeight": {"function": "portolanRowHeight(params)"},
        "suppressModelUpdateAfterUpdateTransaction": True,
        "rowClassRules": {"group": "params.data.type === 'group'", "leaf": "params.data.type === 'leaf'"},
        "tooltipShowDelay": 500,
    }
    return grid(HoldingsIds.GRID, HOLDINGS, "portolanHoldings", options)


def ledger_grid() -> AgGrid:
    """Build the empty grid of transactions."""
    options = {
        "getRowHeight": {"function": "portolanLedgerHeight(params)"},
        "rowClassRules": {"voided": "params.data.voided", "own": "params.data.fresh"},
        "tooltipShowDelay": 500,
    }
    return grid(TransactionsIds.GRID, LEDGER, "portolanLedger", options)


def grid(name: str, columns: Sequence[Column], cells: str, options: Mapping[str, Any]) -> AgGrid:
    """Build an empty grid with the look and the habits of all; `cells` names the classes of its cells."""
    shared = {
        "theme": {"function": "portolanTheme(agGrid)"},
        "components": {"function": cells},
        "animateRows": False,  # nothing moves but digits
        "suppressMultiSort": True,
        "suppressMovableColumns": True,
        "suppressColumnMoveAnimation": True,
        "suppressContextMenu": True,
        "suppressDragLeaveHidesColumns": True,
        "enableCellTextSelection": False,
        "asyncTransactionWaitMillis": 10,
        "suppressNoRowsOverlay": True,
        "loading": False,
        "icons": {"sortAscending": "↑", "sortDescending": "↓", "sortUnSort": ""},
    }
    return AgGrid(
        id=name, className="ag-theme-portolan", columnDefs=[_definition(column) for column in columns], getRowId="params.data.id",
        defaultColDef={"sortable": True, "resizable": True, "suppressHeaderMenuButton": True, "sortingOrder": ["desc", "asc"], "filter": False},
        dashGridOptions={**shared, **options}, style={"height": None},
    )


def _definition(column: Column) -> dict[str, Any]:
    size = {"flex": 1, "minWidth": 100, "context": {"room": column.width}} if column.grows else {"width": column.width}
    side = "start" if column.start else "end"
    return {
        "field": column.key, "headerName": column.head, "cellRenderer": column.cell, "cellClass": f"{side} of-{column.key}",
        "headerClass": side, "sort": column.sort, "headerTooltip": column.tip, **size,
        **({"comparator": {"function": column.order}} if column.order else {}),
    }


# -------------------------------------------------------------------------------------------------------------------- the holdings' drawer


class LotRow(NamedTuple):
    """One lot that is still open. `cost` is of the whole lot in the base currency, `price` of one unit in its own."""

    opened: date
    quantity: float
    price: float | None
    cost: float
    portfolio: str


class Fact(NamedTuple):
    """One transaction as the drawer lists it."""

    date: date
    kind: str
    quantity: float | None
    price: float | None
    amount: float | None
    currency: str


class Held(NamedTuple):
    """What the drawer says about one holding. Money without `price` is in the base currency."""

    symbol: str
    currency: str
    base_currency: str
    price: float | None
    state: str
    quantity: float
    cost: float
    fixed: Mapping[str, float]  # realised income fees taxes: signed, so that with `unrealised` they add up to the total
    method: str
    details: Sequence[tuple[str, str]]  # further words about the instrument: sector, exchange, ISIN
    source: str | None = None
    ts: datetime | None = None  # of the price
    received: datetime | None = None  # None for a day's close
    age_seconds: float | None = None
    simulated: bool = False


def drawer_body(held: Held, lots: Sequence[LotRow], facts: Sequence[Fact]) -> list[Any]:
    """Build the inside of the drawer of one holding; holding_drawer.js keeps its money in step with the table."""
    fixed = {"data-symbol": held.symbol, "data-fixed": json.dumps(dict(held.fixed)),
             "data-lots": json.dumps([{"quantity": lot.quantity, "cost": lot.cost} for lot in lots])}
    return [
        html.Div([_position(held), _profit(held)], className="sheet-facts", **fixed),
        _section("Price", "simulated" if held.simulated else "", _of_price(held)),
        _section(_count(lots), held.method, _lots(lots, held) if lots else _nothing("Nothing is held now.")),
        _section("Transactions", f"newest {len(facts)}" if facts else "", _facts(facts) if facts else _nothing("None yet.")),
        *([_section("Instrument", "", _pairs(held.details))] if held.details else []),
    ]


def _count(lots: Sequence[LotRow]) -> str:
    return f"{len(lots)} open lot{'' if len(lots) == 1 else 's'}"


def _section(title: str, note: str, body: Component) -> html.Section:
    return html.Section([html.H3([title, html.Span(note, className="dim")]), body], className="drawer-part")


def _nothing(sentence: str) -> html.P:
    return html.P(sentence, className="dim")


def _pairs(pairs: Sequence[tuple[Any, Any]]) -> html.Dl:
    return html.Dl([part for name, value in pairs for part in (html.Dt(name), html.Dd(value))], className="kv")


FIGURES = {"price": "price", "value": "market_value", "cost": "cost_basis", "day": "day_pnl", "total": "total_pnl"}


def _field(name: str, symbol: str, text: str = theme.UNKNOWN) -> html.Span:
    return html.Span(text, **{"data-field": name, "data-explain": f"{FIGURES.get(name, name)}:{symbol}"})


def _position(held: Held) -> html.Dl:
    price = [_field("price", held.symbol, theme.price(held.price)), html.Span(held.currency, className="unit"),
             cards.age_mark(held.state, held.state)]
    return _pairs([
        ("Price", price),
        ("Quantity", html.Span(theme.quantity(held.quantity), **{"data-explain": f"quantity:{held.symbol}"})),
        ("Value", [_field("value", held.symbol), html.Span(held.base_currency, className="unit")]),
        ("Cost", [_field("cost", held.symbol, theme.money(held.cost)), html.Span(held.base_currency, className="unit")]),
        ("Day P/L", _field("day", held.symbol)),
    ])


def _of_price(held: Held) -> html.Dl:
    """Tell where the price is from, of when it is, when it came and how old it is; holdings.js keeps it in step."""
    told = (("State", "state", held.state), ("Source", "source", held.source or theme.UNKNOWN), ("Price of", "ts", theme.instant(held.ts)),
            ("Received", "received", theme.instant(held.received)), ("Age", "age", theme.age(held.age_seconds)))
    return _pairs([(label, html.Span(words, className="num", **{"data-told": name})) for label, name, words in told])


def _profit(held: Held) -> html.Dl:
    names = [("Unrealised", "unrealised"), ("Realised", "realised"), ("Income", "income"), ("Fees", "fees"), ("Taxes", "taxes")]
    shown = [(word, _field(name, held.symbol)) for word, name in names if name == "unrealised" or held.fixed.get(name)]
    return _pairs([*shown, (html.B("Total P/L"), html.B(_field("total", held.symbol)))])


def small_table(heads: Sequence[str], rows: Sequence[html.Tr], *, foot: html.Tr | None = None, starts: int = 1) -> html.Div:
    """Build a plain table whose first columns are text and whose others are numbers."""
    head = html.Thead(html.Tr([html.Th(text, className="l" if index < starts else "") for index, text in enumerate(heads)]))
    parts = [head, html.Tbody([*rows]), *([html.Tfoot(foot)] if foot else [])]
    return html.Div(html.Table(parts, className="grid-t"), className="scroll wide-table")


def _lots(lots: Sequence[LotRow], held: Held) -> html.Div:
    many = len({lot.portfolio for lot in lots}) > 1
    rows = [_lot(index, lot, held.symbol, many=many) for index, lot in enumerate(lots)]
    total = html.Tr([html.Td("Total", className="l"), html.Td(_asked(theme.quantity(sum(lot.quantity for lot in lots)), f"quantity:{held.symbol}")),
                     html.Td(), html.Td(_cell("value", f"market_value:{held.symbol}")), html.Td(_cell("gain", f"unrealised:{held.symbol}"))],
                    **{"data-lot-total": ""})
    return small_table(["Lot", "Quantity", f"Price {held.currency}", f"Value {held.base_currency}", "Unrealised"], rows, foot=total)


def _lot(index: int, lot: LotRow, symbol: str, *, many: bool) -> html.Tr:
    name = [theme.day(lot.opened), *([html.Span(lot.portfolio, className="sub")] if many else [])]
    key = f"{symbol}#{index + 1}"
    return html.Tr([html.Td(name, className="l"), html.Td(_asked(theme.quantity(lot.quantity), f"lots.quantity:{key}")),
                    html.Td(_asked(theme.price(lot.price), f"lots.price:{key}")), html.Td(_cell("value", f"lots.value:{key}")),
                    html.Td(_cell("gain", f"lots.unrealised:{key}"))], **{"data-lot": str(index)})


def _cell(name: str, figure: str) -> html.Span:
    return html.Span(theme.UNKNOWN, **{"data-cell": name, "data-explain": figure})


def _asked(text: str, figure: str) -> html.Span:
    return html.Span(text, **{"data-explain": figure})


def _facts(facts: Sequence[Fact]) -> html.Div:
    return small_table(["Date", "Kind", "Quantity", "Price", "Amount"], [_fact(fact) for fact in facts], starts=2)


def _fact(fact: Fact) -> html.Tr:
    numbers = (_known(fact.quantity, theme.quantity), _known(fact.price, theme.price), _known(fact.amount, theme.money))
    return html.Tr([html.Td(theme.day(fact.date), className="l"), html.Td(fact.kind, className="l"), *[html.Td(text) for text in numbers]])


def _known(value: float | None, text: Callable[[float], str]) -> str:
    return "" if value is None else text(value)


# ----------------------------------------------------------------------------------------------------------------- the history's drawer


class Version(NamedTuple):
    """One version of a transaction: when, and what its fields said."""

    number: int
    recorded: str
    voided: bool
    fields: Mapping[str, str]


def facts(pairs: Sequence[tuple[str, str]]) -> html.Dl:
    """Build the facts of one transaction as name and value."""
    return _pairs([(name, value) for name, value in pairs])


def versions(found: Sequence[Version]) -> html.Ol:
    """Build the history of one transaction, newest first, each version with what it changed."""
    older: list[Version | None] = [*found[1:], None]
    return html.Ol([_version(version, before) for version, before in zip(found, older, strict=True)], className="versions")


def _version(version: Version, before: Version | None) -> html.Li:
    head = html.Div([html.B(_deed(version, before)), html.Span(f"version {version.number}", className="dim"),
                     html.Span(version.recorded, className="dim when")])
    return html.Li([head, *[_change(*change) for change in _changes(version, before)]])


def _deed(version: Version, before: Version | None) -> str:
    if before is None:
        return "Recorded"
    if version.voided != before.voided:
        return "Voided" if version.voided else "Restored"
    return "Corrected"


def _changes(version: Version, before: Version | None) -> list[tuple[str, str, str]]:
    """Give name, older and newer text of every field that two versions tell differently."""
    if before is None:
        return []
    pairs = [(name, before.fields.get(name, ""), version.fields.get(name, "")) for name in {**before.fields, **version.fields}]
    return [(name, was, now) for name, was, now in pairs if was != now]


def _change(name: str, was: str, now: str) -> html.Div:
    texts = [html.Span(f"{name} ", className="soft"), html.S(was or theme.UNKNOWN), html.Em(" → "), html.Span(now or theme.UNKNOWN)]
    return html.Div(texts, className="change")


def side_by_side(mine: Mapping[str, str], theirs: Mapping[str, str]) -> html.Div:
    """Build a comparison of two versions of one transaction, with the fields that differ marked."""
    names = [name for name in {**theirs, **mine} if theirs.get(name) or mine.get(name)]
    rows = [html.Tr([html.Td(name, className="l"), html.Td(theirs.get(name) or theme.UNKNOWN), html.Td(mine.get(name) or theme.UNKNOWN)],
                    className="differs" if theirs.get(name, "") != mine.get(name, "") else "") for name in names]
    return small_table(["", "Saved meanwhile", "Yours"], rows)
