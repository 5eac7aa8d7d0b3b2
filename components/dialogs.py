"""The form of a transaction: which fields each kind has, what it does, and the drawers and dialogs around it.

Every field is in the form at all times; `assets/transactions.js` shows those of the chosen kind, so that what was typed in one
kind is still there in the next.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import dcc, html

from components import tables, theme
from components.controls import CURRENCIES, button, dialog, tool
from components.icons import Icon
from components.ids import TransactionsIds
from engine.types import AssetClass, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash.development.base_component import Component

    Pieces = Component | Sequence[Component]


class Field(NamedTuple):
    """A field as one kind of transaction shows it."""

    name: str
    label: str
    needed: bool = False
    hint: str = ""


class Form(NamedTuple):
    """A kind of transaction as a person meets it."""

    name: str
    effect: str
    fields: tuple[Field, ...]
    group: str


SYMBOL = Field("symbol", "Instrument", needed=True)
QUANTITY = Field("quantity", "Quantity", needed=True)
PRICE = Field("price", "Price", hint="of one unit")
AMOUNT = Field("amount", "Amount", needed=True, hint="before fee and tax")
GROSS = Field("amount", "or gross amount", hint="in place of the price")
FEE, TAX = Field("fee", "Fee"), Field("tax", "Tax")
CURRENCY = Field("currency", "Currency", hint="if another")
RATE = Field("fx_rate", "Exchange rate", hint="if another")
TRADED = (SYMBOL, QUANTITY, PRICE, GROSS, FEE, TAX, CURRENCY, RATE)
PAID = (AMOUNT, FEE, TAX, CURRENCY, RATE)
PER_SHARE = (SYMBOL, Field("amount", "Amount", hint="before tax"), QUANTITY._replace(needed=False, label="or shares"),
             PRICE._replace(label="paid a share", hint=""), TAX, FEE, CURRENCY, RATE)

TRADES, CASH_KINDS, COMPANY, CORRECTIONS = "Trades", "Income, costs and cash", "Company actions", "Transfers and corrections"

OF_ONE = SYMBOL._replace(needed=False, hint="if it is for one")
COST = (AMOUNT._replace(hint=""), OF_ONE, CURRENCY, RATE)
MOVED = (SYMBOL._replace(needed=False, hint="empty: cash"), QUANTITY._replace(needed=False))

FORMS: dict[Kind, Form] = {
    Kind.BUY: Form("Buy", "Adds shares at their price with fee and tax in the cost; takes the money from cash.", TRADED, TRADES),
    Kind.SELL: Form("Sell", "Takes shares, brings money in less fee and tax, and realises the gain on the lots it takes. "
                    "More than is held opens a short.", TRADED, TRADES),
    Kind.FX_CONVERSION: Form(
        "Currency exchange", "Pays cash in one currency and receives it in another; the value stays, but for the fee.",
        (Field("amount", "Amount paid", needed=True), Field("currency", "Currency paid", needed=True),
         Field("to_amount", "Amount received", needed=True), Field("to_currency", "Currency received", needed=True), FEE), TRADES),
    Kind.DIVIDEND: Form("Dividend", "Brings money in less tax; counts as income of the instrument. Shares stay.", PER_SHARE, CASH_KINDS),
    Kind.INTEREST: Form("Interest", "Brings money in less tax; counts as income.", (AMOUNT, TAX, FEE, OF_ONE, CURRENCY, RATE), CASH_KINDS),
    Kind.FEE: Form("Fee", "Takes money out; counts as cost.", COST, CASH_KINDS),
    Kind.TAX: Form("Tax", "Takes money out; counts as tax.", COST, CASH_KINDS),
    Kind.DEPOSIT: Form("Deposit", "Brings your money in. A flow from outside, not a gain.", (AMOUNT, FEE, CURRENCY, RATE), CASH_KINDS),
    Kind.WITHDRAWAL: Form("Withdrawal", "Takes your money out. A flow to outside, not a loss.", (AMOUNT, FEE, CURRENCY, RATE), CASH_KINDS),
    Kind.SPLIT: Form("Split", "Multiplies the shares and divides their cost; the value stays.",
                     (SYMBOL, Field("ratio", "New shares for one old", needed=True, hint="4 for a 4:1 split")), COMPANY),
    Kind.STOCK_DIVIDEND: Form("Stock dividend", "Adds shares at no cost.", (SYMBOL, QUANTITY), COMPANY),
    Kind.RETURN_OF_CAPITAL: Form("Return of capital", "Brings money in and lowers the cost; what exceeds the cost is realised.", PER_SHARE, COMPANY),
    Kind.SPIN_OFF: Form(
        "Spin-off", "Adds shares of a new company and moves a part of the cost to them.",
        (SYMBOL, Field("to_symbol", "New instrument", needed=True), Field("quantity", "Shares received", needed=True),
         Field("ratio", "Part of the cost that moves", needed=True, hint="such as 0.2")), COMPANY),
    Kind.MERGER: Form(
        "Merger", "Changes shares into those of another company, with cash if there is some.",
        (SYMBOL, Field("to_symbol", "Becomes", needed=True), Field("ratio", "New shares for one old", needed=True),
         Field("amount", "Cash received", hint="in all"), CURRENCY), COMPANY),
    Kind.TRANSFER_IN: Form(
        "Transfer in", "Brings shares in with the cost you give, or cash. A flow from outside, not a gain.",
        (*MOVED, PRICE._replace(hint="cost of one unit"), GROSS._replace(label="or amount", hint=""), FEE, CURRENCY, RATE), CORRECTIONS),
    Kind.TRANSFER_OUT: Form(
        "Transfer out", "Takes shares out at their cost, or cash. A flow to outside, not a loss.",
        (*MOVED, PRICE, GROSS._replace(label="or amount", hint=""), FEE, CURRENCY, RATE), CORRECTIONS),
    Kind.ADJUSTMENT: Form(
        "Adjustment", "Adds or takes shares or cash without a trade, with a sign; counts as a flow from outside.",
        (MOVED[0], QUANTITY._replace(needed=False, hint="with a sign"), PRICE._replace(hint="cost of one unit"),
         Field("amount", "or amount of cash", hint="with a sign"), CURRENCY, RATE), CORRECTIONS),
}
SUGGESTED = {"symbol": "symbols", "to_symbol": "symbols", "account": "accounts", "currency": "currencies", "to_currency": "currencies"}
NUMBERS = ("quantity", "price", "amount", "fee", "tax", "ratio", "to_amount", "fx_rate")
ORDER = ("symbol", "to_symbol", "quantity", "price", "amount", "ratio", "currency", "to_amount", "to_currency", "fee", "tax", "fx_rate",
         "account", "note")


def kinds() -> dict[str, Any]:
    """Give every kind's name, effect and fields, as clientside code reads them."""
    return {kind.value: {"name": form.name, "effect": form.effect,
                         "fields": {field.name: {"label": field.label, "needed": field.needed, "hint": field.hint, "order": index}
                                    for index, field in enumerate(form.fields)}}
            for kind, form in FORMS.items()}


def name_of(kind: str) -> str:
    """Give the name of a kind as a person says it."""
    return FORMS[Kind(kind)].name


# ------------------------------------------------------------------------------------------------------------------------------- drawers


def drawer(name: str, title: Component, body: Pieces, *, label: str, foot: Pieces | None = None) -> html.Aside:
    """Build a sheet of 440 px at the end of the window; Esc and the cross close it."""
    head = html.Header([title, html.Span(className="grow"), tool(Icon.CLOSE, "Close", do=f"close-{name}")])
    parts = [head, html.Div(body, className="in"), *([html.Footer(foot)] if foot else [])]
    return html.Aside(parts, id=name, className="drawer", tabIndex="-1", role="dialog", **{"aria-label": label})


def transaction_drawer() -> html.Aside:
    """Build the form of a transaction."""
    form = html.Form(
        [
            html.Div([_kind_field(), _wrapped("portfolio", "Portfolio", html.Select([], name="portfolio", className="input"))], className="pair"),
            html.P("", className="effect-words soft", **{"data-part": "effect"}),
            html.Div([_wrapped("date", "Date", dcc.Input(name="date", type="date", className="text-input")), *[_field(name) for name in ORDER]],
                     className="fields"),
            _new_instrument(),
            html.Div(id=TransactionsIds.CONFLICT, className="conflict"),
            html.Div(id=TransactionsIds.EFFECT, className="preview", **{"aria-live": "polite"}),
        ],
        id=TransactionsIds.FORM, className="form transaction-form", noValidate="novalidate",
        **{"data-form": "transaction", "data-kinds": json.dumps(kinds())},
    )
    lists = [html.Datalist(id=f"{TransactionsIds.FORM}-symbols"), html.Datalist(id=f"{TransactionsIds.FORM}-accounts"),
             html.Datalist([html.Option(label=name, value=code) for code, name in CURRENCIES], id=f"{TransactionsIds.FORM}-currencies")]
    foot = [html.P("", className="hint bad", role="alert", **{"data-part": "refused"}), html.Span(className="grow"),
            button("Cancel", look="quiet", do=f"close-{TransactionsIds.FORM}-sheet"),
            html.Button(["Save ", html.Kbd("Ctrl ⏎")], className="ctl primary", type="button", **{"data-do": "save-transaction"})]
    title = html.B("New transaction", **{"data-part": "title"})
    return drawer(f"{TransactionsIds.FORM}-sheet", title, [form, *lists], label="Transaction", foot=foot)


def _wrapped(name: str, label: str, control: Component) -> html.Label:
    words = html.Span([html.Span(label, **{"data-part": "label"}), html.Span("", className="dim", **{"data-part": "optional"})], className="soft")
    return html.Label(
        [words, control,
         html.Span("", className="hint", **{"data-part": "hint"})],
        className="field", **{"data-field": name},
    )


def _kind_field() -> html.Label:
    groups: dict[str, list[html.Option]] = {}
    for kind, form in FORMS.items():
        groups.setdefault(form.group, []).append(html.Option(form.name, value=kind.value))
    listed = [html.Optgroup(options, label=group) for group, options in groups.items()]
    return _wrapped("kind", "Kind", html.Select(listed, name="kind", className="input"))


def _field(name: str) -> html.Label:
    """One field of the form; its label and hint follow the kind."""
    attributes: dict[str, Any] = {"inputMode": "decimal"} if name in NUMBERS else {}
    return _wrapped(name, name.capitalize(), _text_input(name, SUGGESTED.get(name), **attributes))


def _text_input(name: str, suggested: str | None = None, **attributes: str) -> dcc.Input:
    listed = {"list": f"{TransactionsIds.FORM}-{suggested}"} if suggested else {}
    return dcc.Input(name=name, type="text", className="text-input", autoComplete="off", spellCheck="false", **listed, **attributes)


def _new_instrument() -> html.Fieldset:
    """Build the fields that add an instrument nobody knows yet, shown where a symbol is unknown."""
    classes = [html.Option("Currency pair" if name is AssetClass.FX else name.capitalize(), value=name.value)
               for name in AssetClass if name is not AssetClass.CASH]
    fields = [
        _wrapped("instrument_name", "Name", _text_input("instrument_name")),
        _wrapped("instrument_currency", "Currency", _text_input("instrument_currency", "currencies")),
        _wrapped("instrument_class", "Class", html.Select(classes, name="instrument_class", className="input")),
        _wrapped("instrument_sector", "Sector", _text_input("instrument_sector")),
    ]
    refused = html.P("", className="hint bad", role="alert", **{"data-part": "instrument-error"})
    acts = html.Div([refused, html.Span(className="grow"), button("Add instrument", do="add-instrument")], className="acts")
    legend = html.Legend([html.B("", **{"data-part": "symbol"}), " is not known yet. Add it:"])
    return html.Fieldset([legend, html.Div(fields, className="fields"), acts], className="new-instrument", hidden=True,
                         **{"data-part": "new-instrument"})


def history_drawer() -> html.Aside:
    """Build the sheet of one transaction: what it says, its versions, and what can be done with it."""
    foot = [button("Void", look="danger", do="void-entry"), html.Span(className="grow"), button("Correct", do="correct-entry", name=Icon.EDIT),
            button("Restore", do="restore-entry", name=Icon.UNDO)]
    title, body = html.B("", **{"data-part": "title"}), html.Div(id=TransactionsIds.HISTORY_BODY)
    return drawer(TransactionsIds.HISTORY, title, body, label="One transaction", foot=foot)


def confirm_dialog() -> html.Dialog:
    """Build the question before a void."""
    body = [
        html.P("", **{"data-part": "what"}),
        html.P("It stays in the ledger, struck through, and counts for nothing. You can undo this.", className="soft"),
        html.Div([button("Keep it", look="quiet", do="close"), button("Void", look="danger", do="confirm-void")], className="acts end"),
    ]
    return dialog("Void this transaction?", body, id=TransactionsIds.CONFIRM)


# ------------------------------------------------------------------------------------------------------------------------------- effects


class Effect(NamedTuple):
    """What a draft would do, as the form tells it before it is saved."""

    currency: str | None = None
    amount: Decimal | None = None
    cash_before: Decimal | None = None
    cash_after: Decimal | None = None
    symbol: str | None = None
    position_before: Decimal | None = None
    position_after: Decimal | None = None
    realised: float | None = None
    base_currency: str | None = None
    warnings: Sequence[str] = ()


def effect_panel(effect: Effect) -> list[Any]:
    """Build the effect of a draft on cash and position."""
    rows: list[tuple[str, Any]] = []
    if effect.cash_after is not None:
        rows.append((f"Cash {effect.currency}", _before_after(theme.money(effect.cash_before), theme.money(effect.cash_after))))
    if effect.position_after is not None:
        rows.append((f"Position {effect.symbol}", _before_after(*map(theme.quantity, (effect.position_before, effect.position_after)))))
    if effect.amount:
        rows.append(("Cash moves", [html.Span(theme.money(effect.amount, signed=True)), html.Span(effect.currency, className="unit")]))
    if effect.realised is not None and abs(effect.realised) >= 0.005:
        gain = html.Span(theme.money(effect.realised, signed=True), className=theme.tone(effect.realised))
        rows.append(("Realises", [gain, html.Span(effect.base_currency, className="unit")]))
    facts = html.Dl([part for name, value in rows for part in (html.Dt(name), html.Dd(value))], className="kv")
    return [html.H3("What it does", className="caps"), facts, *[html.Div(warning, className="notice warn") for warning in effect.warnings]]


def _before_after(before: str, after: str) -> list[Any]:
    return [html.S(before), html.Em("→"), html.Span(after)]


def collision(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[Any]:
    """Build both versions of a transaction that two people changed, and the two ways on."""
    acts = html.Div([button("Take theirs", look="quiet", do="take-theirs"), button("Save mine over it", do="save-mine")], className="acts end")
    return [html.Div([html.B("Somebody saved another version while you typed.")], className="notice warn"), tables.side_by_side(mine, theirs), acts]


def done_bar(sentence: str, *, action: str | None) -> list[Any]:
    """Build the line that says what was done and offers to take it back. `action`: word on the button."""
    undo = [button(action, look="quiet", do="undo-entry", name=Icon.UNDO)] if action else []
    return [html.Span(sentence), *undo, tool(Icon.CLOSE, "Dismiss", do="dismiss-done")]


def sentence(kind: str, fields: Mapping[str, Any]) -> str:
    """Say a transaction in a few words: BUY 10 AAPL, DEPOSIT 500.00 USD."""
    quantity, symbol = fields.get("quantity"), fields.get("symbol")
    if symbol and quantity is not None:
        return f"{kind.replace('_', ' ')} {theme.quantity(Decimal(str(quantity)))} {symbol}"
    if fields.get("amount") is not None:
        amount = theme.money(Decimal(str(fields["amount"])))
        return " ".join(filter(None, [kind.replace("_", " "), amount, fields.get("currency"), symbol]))
    return " ".join(filter(None, [kind.replace("_", " "), symbol]))
