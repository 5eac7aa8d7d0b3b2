"""The sale that is thought through: a dialog with what would be sold, every cost method beside the others, and the lots of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from dash import dcc, html

from components import cards, controls
from components.ids import SaleIds
from components.tables import small_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

METHODS = {**controls.COST_METHODS, "section_104": "UK section 104"}
TERMS = {"short": "short", "long": "long", "pooled": "pool"}


class SoldLot(NamedTuple):
    """One lot that a method would take. Money is in the base currency."""

    opened: date | None
    place: str  # account, if it has one
    term: str
    quantity: float
    cost: float
    proceeds: float
    gain: float


class Outcome(NamedTuple):
    """What the sale would realise under one cost method. Money is in the base currency."""

    method: str
    gain: float
    short: float
    long: float
    by_currency: float
    tax: float | None
    after_tax: float
    lots: Sequence[SoldLot]


class Sale(NamedTuple):
    """What would be sold, and for what."""

    symbol: str
    quantity: float
    currency: str
    base_currency: str
    proceeds: float
    proceeds_local: float
    own: str  # the portfolio's own cost method
    first: str  # the method whose proceeds are told
    price: str  # where the price comes from, in words
    accounts: Sequence[str]  # those that hold it
    fee: float  # in the instrument's currency
    draft: Mapping[str, object]  # as it was asked, to explain its figures


def dialog() -> html.Dialog:
    """Build the dialog without a number; `assets/sale.js` fills the fields."""
    how_many = html.Div([html.Span(**{"data-input": "quantity"}), html.Span(**{"data-input": "share"})], className="how-many")
    fields = [
        _field("quantity", "Quantity", how_many),
        _field("price", "Price", html.Span(**{"data-input": "price"})),
        _field("fee", "Fee", html.Span(**{"data-input": "fee"})),
        _field("account", "Account", html.Span(**{"data-input": "account"})),
        _field("short", "Tax on short term, %", html.Span(**{"data-input": "tax_rate_short"})),
        _field("long", "Tax on long term, %", html.Span(**{"data-input": "tax_rate_long"})),
    ]
    what = html.P([html.B("", **{"data-part": "symbol"}), html.Span("", className="dim", **{"data-part": "held"})], className="what")
    body = [what, html.Div(fields, className="fields sale-fields"), html.Div(id=SaleIds.ANSWER, className="sale-answer", **{"aria-live": "polite"}),
            dcc.Store(id=SaleIds.ASKED)]
    return controls.dialog("What would selling realise?", body, id=SaleIds.DIALOG, className="sale-sheet")


def _field(name: str, label: str, control: html.Span | html.Div) -> html.Label:
    return html.Label([html.Span(label, className="soft", **{"data-part": "label"}), control], className="field", **{"data-field": name})


def answer(sale: Sale, outcomes: Sequence[Outcome]) -> list[html.Div]:
    """Build the methods beside each other; `assets/sale.js` writes the lots of the one that is chosen, first the portfolio's own."""
    told = [_what(sale), _methods(sale, outcomes), html.Div(className="sold-lots", **{"data-base": sale.base_currency, "data-of": sale.symbol}),
            html.P("Earlier sales keep the lots they took. Nothing is recorded.", className="dim convention")]
    return [html.Div(told, className="sale-told", **{"data-explain-with": json.dumps({"sale": dict(sale.draft)})})]


def refused(message: str, hint: str) -> list[html.Div]:
    """Say why this sale cannot be, and what could."""
    return [html.Div([html.B(message), html.Span(f" {hint}." if hint else "")], className="notice warn", role="alert")]


def _what(sale: Sale) -> html.P:
    proceeds = cards.live(sale.proceeds, explain=_of(sale, "proceeds", sale.first))
    local_proceeds = cards.live(sale.proceeds_local, explain=_of(sale, "proceeds_local", sale.first))
    told = [html.Span(" = ", className="dim"), local_proceeds, cards.unit(sale.currency)]
    local = told if sale.currency != sale.base_currency else []
    words = [html.Span("Brings ", className="soft"), proceeds, cards.unit(sale.base_currency), *local,
             html.Span(f"{' after the fee,' if sale.fee else ''} at {sale.price}", className="dim")]
    return html.P(words, className="brings", **{"data-accounts": json.dumps(list(sale.accounts))})


def _methods(sale: Sale, outcomes: Sequence[Outcome]) -> html.Div:
    taxed = any(outcome.tax is not None for outcome in outcomes)
    foreign = sale.currency != sale.base_currency
    heads = ["Method", f"Gain {sale.base_currency}", "Short", "Long", *(["By currency"] if foreign else []),
             *(["Tax", "After tax"] if taxed else []), "Lots"]
    rows = [_outcome(sale, outcome, taxed=taxed, foreign=foreign) for outcome in outcomes]
    return html.Div(small_table(heads, rows), className=" ".join(["methods", *(["taxed"] if taxed else []), *(["foreign"] if foreign else [])]))


def _outcome(sale: Sale, outcome: Outcome, *, taxed: bool, foreign: bool) -> html.Tr:
    own = [cards.tag("yours", "brass")] if outcome.method == sale.own else []
    choose = html.Button(METHODS.get(outcome.method, outcome.method), type="button", className="pick-method", **{"data-method": outcome.method})
    told = [("gain", outcome.gain, "signed"), ("gain_short", outcome.short, "signed"), ("gain_long", outcome.long, "signed"),
            *([("fx_gain", outcome.by_currency, "signed")] if foreign else []),
            *([("estimated_tax", outcome.tax, "money"), ("after_tax", outcome.after_tax, "money")] if taxed else []),
            ("lots", len(outcome.lots), "count")]
    money = [cards.live(value, None, form, toned=name == "gain", explain=_of(sale, name, outcome.method)) for name, value, form in told]
    cells = [html.Td([choose, *own], className="l"), *(html.Td(each) for each in money)]
    return html.Tr(cells, **{"data-method-row": outcome.method, "data-lots": _lots(outcome), "data-own": str(bool(own)).lower()})


def _of(sale: Sale, name: str, method: str) -> str:
    return f"sale.{name}:{sale.symbol}:{method}"


def _lots(outcome: Outcome) -> str:
    """Write the lots as clientside code reads them: a hundred rows for each method would be slow as elements of the server."""
    return json.dumps([{**lot._asdict(), "opened": lot.opened.isoformat() if lot.opened else None, "term": TERMS[lot.term]} for lot in outcome.lots])
