"""Transactions: the ledger as it stands, and the form that adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash
from dash import dcc, html

from components import cards, controls, dialogs, tables
from components.icons import Icon
from components.ids import TransactionsIds

if TYPE_CHECKING:
    from dash.development.base_component import Component

dash.register_page(__name__, path="/transactions", name="Transactions", title="Transactions · Portolan")

STORES = (
    TransactionsIds.QUERY, TransactionsIds.ROWS, TransactionsIds.RETRY, TransactionsIds.DRAFT, TransactionsIds.CHECKED, TransactionsIds.SAVE,
    TransactionsIds.SAVED, TransactionsIds.INSTRUMENT, TransactionsIds.INSTRUMENT_ADDED, TransactionsIds.ENTRY,
)


def layout(**_query: str) -> html.Div:
    """Build the page without any row; rows come through `TransactionsIds.ROWS`, filters from the address."""
    return html.Div(
        [
            *[dcc.Store(id=store) for store in STORES],
            html.Div([html.H1("Transactions"), html.Span("", className="note", **{"data-part": "count"})], className="title"),
            _toolbar(),
            html.Div(id=TransactionsIds.DONE, className="done", role="status"),
            html.Section([tables.ledger_grid(), *_states()], className="panel grid-panel", **{"aria-label": "Transactions, newest first"}),
            dialogs.history_drawer(),
            dialogs.transaction_drawer(),
            dialogs.confirm_dialog(),
        ],
        id=TransactionsIds.PAGE, className="page transactions-page", **{"data-state": "waiting", "data-retry": TransactionsIds.RETRY,
                                                                              "data-looks-back": ""},
    )


def _toolbar() -> html.Div:
    kinds = [html.Option("All kinds", value=""), *[html.Option(form.name, value=kind) for kind, form in dialogs.FORMS.items() if not form.makes]]
    plus = html.I(className="ico s", **{"data-icon": Icon.PLUS, "aria-hidden": "true"})
    return html.Div(
        [
            _filter("kind", "Kind", html.Select(kinds, name="kind", className="input")),
            _filter("symbol", "Symbol", dcc.Input(type="search", name="symbol", placeholder="Symbol", className="text-input", autoComplete="off",
                                                  list=f"{TransactionsIds.FORM}-symbols")),
            _filter("start", "From", dcc.Input(type="date", name="start", className="text-input", autoComplete="off")),
            _filter("end", "To", dcc.Input(type="date", name="end", className="text-input", autoComplete="off")),
            controls.button("Show voided", look="quiet switch", do="toggle-voided", title="Show voided transactions, struck through",
                            **{"aria-pressed": "false"}),
            controls.button("Clear", look="quiet", do="clear-filters", hidden=True),
            html.Span(className="grow"),
            html.Span(controls.export_links("transactions"), className="hide-s"),
            html.A("Import", href="/import", className="ctl hide-s", title="Read transactions from a file", **{"data-nav": "/import"}),
            html.Button([plus, html.Span("Transaction", className="hide-s")], className="ctl primary", type="button",
                        title="Record a transaction (n)", **{"data-do": "new-transaction"}),
        ],
        className="toolbar filters",
    )


def _filter(name: str, label: str, control: Component) -> html.Label:
    return html.Label([html.Span(label, className="soft"), control], className="field", **{"data-filter": name})


def _states() -> list[Any]:
    empty = cards.blank("No transactions yet", "Every purchase, sale, payment and transfer stands here. Begin with a deposit or a purchase.",
                        controls.button("Record a transaction", look="primary", do="new-transaction"))
    none = cards.blank("Nothing matches", "No transaction fits these filters.", controls.button("Clear the filters", do="clear-filters"))
    failed = html.Div([html.B("The transactions could not be read"), html.P("", **{"data-part": "reason"}),
                       html.Div(controls.button("Try again", do="retry"), className="acts")], className="blank failed", role="alert")
    bones = html.Div([html.Div(className="bone") for _ in range(9)], className="grid-bones", **{"aria-hidden": "true"})
    kept = html.Div([html.Span([html.B("These rows are not the newest. "), html.Span("", **{"data-part": "reason"})]), html.Span(className="grow"),
                     controls.button("Try again", do="retry")], className="notice crit when-kept", role="alert")
    return [kept, html.Div(empty, className="when-empty"), html.Div(none, className="when-none"), html.Div(failed, className="when-error"), bones]
