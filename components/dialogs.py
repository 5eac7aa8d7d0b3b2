"""The form of a transaction: which fields each kind has, what it does, and the drawers and dialogs around it.

Every field is in the form at all times; `assets/transactions.js` shows those of the chosen kind, so that what was typed in one
kind is still there in the next.
"""

from __future__ import annotations

import json
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import dcc, html

from components import tables, theme
from components.controls import CURRENCIES, button, dialog, tool
from components.icons import Icon
from components.ids import TransactionsIds
from engine.types import EFFECTS, ENTRIES, AssetClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash.development.base_component import Component

    from engine.types import Entry

    Pieces = Component | Sequence[Component]


FORMS: Mapping[str, Entry] = MappingProxyType({**{kind.value: effect.entry for kind, effect in EFFECTS.items()}, **ENTRIES})
SUGGESTED = {"symbol": "symbols", "to_symbol": "symbols", "account": "accounts", "to_account": "accounts", "currency": "currencies",
             "to_currency": "currencies"}
NUMBERS = ("quantity", "price", "amount", "fee", "tax", "ratio", "to_amount", "fx_rate")
ORDER = ("symbol", "to_symbol", "quantity", "price", "amount", "ratio", "currency", "to_amount", "to_currency", "fee", "tax", "fx_rate",
         "account", "to_portfolio", "to_account", "note")


def kinds() -> dict[str, Any]:
    """Give every kind's name, effect and fields, as clientside code reads them."""
    return {kind: {"name": form.name, "effect": form.says, "joint": bool(form.makes),
                   "fields": {field.name: {"label": field.label, "needed": field.needed, "hint": field.hint, "order": index}
                              for index, field in enumerate(form.fields)}}
            for kind, form in FORMS.items()}


def name_of(kind: str) -> str:
    """Give the name of a kind as a person says it."""
    return FORMS[kind].name


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
        groups.setdefault(form.group, []).append(html.Option(form.name, value=kind))
    listed = [html.Optgroup(options, label=group) for group, options in groups.items()]
    return _wrapped("kind", "Kind", html.Select(listed, name="kind", className="input"))


def _field(name: str) -> html.Label:
    """One field of the form; its label and hint follow the kind."""
    if name == "to_portfolio":
        return _wrapped(name, "To portfolio", html.Select([], name=name, className="input"))
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
    foot = [button("Void", look="danger", do="void-entry"), html.Span(className="grow"),
            button("Earlier", look="quiet", do="earlier-entry", title="Book it before the one before it on the same day (Alt+Up)"),
            button("Later", look="quiet", do="later-entry", title="Book it after the next one of the same day (Alt+Down)"),
            button("Correct", do="correct-entry", name=Icon.EDIT), button("Restore", do="restore-entry", name=Icon.UNDO)]
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
