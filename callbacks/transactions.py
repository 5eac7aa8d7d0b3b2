"""Answers the Transactions page: its rows, the form as one types, and every change of the ledger."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from components import cards, dialogs, tables, theme
from components.ids import Ids, TransactionsIds
from engine.errors import Conflict, InvalidInput, PortfolioError, StorageError
from engine.types import ENTRIES, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Actor, Instrument, Portfolio, Transaction
    from services import Services
    from services.ledger.transactions import Transactions
    from services.views import Preview

STEPS = {"earlier": -1, "later": 1}  # within the day
FIRST, MOST = 400, 20_000  # rows the page asks for at first, and at most
NUMBERS = ("quantity", "price", "fee", "tax", "amount", "fx_rate", "ratio", "to_amount")
TEXTS = ("symbol", "currency", "account", "note", "to_symbol", "to_currency")
LABELS = {
    "date": "Date", "kind": "Kind", "symbol": "Instrument", "to_symbol": "New instrument", "quantity": "Quantity", "price": "Price",
    "amount": "Amount", "ratio": "Ratio", "currency": "Currency", "to_amount": "Amount received", "to_currency": "Currency received",
    "fee": "Fee", "tax": "Tax", "fx_rate": "Exchange rate", "account": "Account", "note": "Note",
}


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    _register_clientside(app)
    _register_reading(app, services)
    _register_changing(app, services)


def _register_reading(app: Dash, services: Services) -> None:
    @app.callback(Output(TransactionsIds.ROWS, "data"), Input(TransactionsIds.QUERY, "data"), Input(TransactionsIds.SAVED, "data"),
                  prevent_initial_call=True)
    async def update_rows(query: dict[str, Any] | None, _saved: dict[str, Any] | None) -> dict[str, Any]:
        """Read the ledger of a scope."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(rows_of, services, query)

    @app.callback(Output(TransactionsIds.HISTORY_BODY, "children"), Input(TransactionsIds.ENTRY, "data"), Input(TransactionsIds.QUERY, "data"),
                  prevent_initial_call=True)
    async def update_history(entry: dict[str, Any] | None, _query: dict[str, Any] | None) -> list[Any]:
        """Read every version of one transaction."""
        if not entry:
            raise PreventUpdate
        return await asyncio.to_thread(history_of, services, entry)


def _register_changing(app: Dash, services: Services) -> None:
    @app.callback(Output(TransactionsIds.CHECKED, "data"), Output(TransactionsIds.EFFECT, "children"), Input(TransactionsIds.DRAFT, "data"),
                  prevent_initial_call=True)
    async def update_effect(typed: dict[str, Any] | None) -> tuple[dict[str, Any], list[Any]]:
        """Say what is wrong with a draft, or what it would do."""
        if not typed or not typed.get("portfolio"):
            raise PreventUpdate
        return await asyncio.to_thread(check, services, typed)

    @app.callback(Output(TransactionsIds.SAVED, "data"), Output(TransactionsIds.DONE, "children"), Output(TransactionsIds.CONFLICT, "children"),
                  Input(TransactionsIds.SAVE, "data"), prevent_initial_call=True)
    async def record_change(asked: dict[str, Any] | None) -> tuple[dict[str, Any], list[Any], list[Any]]:
        """Record, correct, void or undo."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(change, services, asked)

    @app.callback(Output(TransactionsIds.INSTRUMENT_ADDED, "data"), Input(TransactionsIds.INSTRUMENT, "data"), prevent_initial_call=True)
    async def record_instrument(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Add an instrument that the form met."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(add_instrument, services, asked)


def _register_clientside(app: Dash) -> None:
    page = "transactions"
    app.clientside_callback(ClientsideFunction(page, "query"), Output(TransactionsIds.QUERY, "data"), Input(Ids.SCOPE, "data"),
                            Input(TransactionsIds.RETRY, "data"), Input(Ids.LEDGER, "data"), State(TransactionsIds.QUERY, "data"))
    app.clientside_callback(ClientsideFunction(page, "load"), Input(TransactionsIds.ROWS, "data"))
    app.clientside_callback(ClientsideFunction(page, "checked"), Input(TransactionsIds.CHECKED, "data"))
    app.clientside_callback(ClientsideFunction(page, "saved"), Input(TransactionsIds.SAVED, "data"))
    app.clientside_callback(ClientsideFunction(page, "added"), Input(TransactionsIds.INSTRUMENT_ADDED, "data"))
    app.clientside_callback(ClientsideFunction(page, "told"), Input(TransactionsIds.HISTORY_BODY, "children"))


# ------------------------------------------------------------------------------------------------------------------------------------ rows


def rows_of(services: Services, query: Mapping[str, Any]) -> dict[str, Any]:
    """Give the newest transactions that fit the filters; an error is an answer too, so that the old rows stay."""
    actor, scope = services.accounts.local(), str(query.get("scope") or "all")
    limit = min(int(query.get("limit") or FIRST), MOST)
    try:
        portfolios = {str(each.id): each for each in services.portfolios.find(actor)}
        chosen = list(portfolios.values()) if scope == "all" else [services.portfolios.get(actor, UUID(scope))]
        pages = [services.transactions.find(actor, each.id, **_filters(query), limit=limit, newest_first=True) for each in chosen]
    except PortfolioError as error:
        return {"scope": scope, "error": error.message}
    except ValueError:
        return {"scope": scope, "error": "This address names a portfolio, a kind or a date that does not exist."}
    found = sorted((entry for page in pages for entry in page.items), key=lambda entry: (entry.date, entry.sequence), reverse=True)
    instruments = {each.symbol: each for each in services.instruments.find(actor, limit=MOST).items}
    rows = [_row(entry, portfolios, instruments) for entry in found[:limit]]
    return {
        "scope": scope, "rows": rows, "more": len(found) > limit or any(page.next_after for page in pages),
        "revisions": {key: each.revision for key, each in portfolios.items()},
        "portfolios": [{"id": key, "name": each.name, "currency": each.base_currency} for key, each in portfolios.items()],
        "instruments": [(symbol, each.name) for symbol, each in instruments.items()],
    }


def _filters(query: Mapping[str, Any]) -> dict[str, Any]:
    """Read the filters of the address; a ValueError where one cannot be read."""
    dates = {name: date.fromisoformat(str(query[name])) for name in ("start", "end") if query.get(name)}
    if query.get("as_of"):  # who looks back to a day sees nothing that is later
        dates["end"] = min(date.fromisoformat(str(query["as_of"])), dates.get("end", date.max))
    known_at = datetime.fromisoformat(str(query["known_at"])) if query.get("known_at") else None
    return {**dates, "known_at": known_at, "symbol": query.get("symbol") or None, "kind": Kind(str(query["kind"])) if query.get("kind") else None,
            "include_voided": bool(query.get("voided"))}


def _row(entry: Transaction, portfolios: Mapping[str, Portfolio], instruments: Mapping[str, Instrument]) -> dict[str, Any]:
    """Give one transaction as the table shows it; numbers are exact texts, because the form takes them back."""
    portfolio, instrument = portfolios.get(str(entry.portfolio_id)), instruments.get(entry.symbol or "")
    return {
        "id": str(entry.id), "portfolio": str(entry.portfolio_id), "portfolio_name": portfolio.name if portfolio else "", "version": entry.version,
        "date": entry.date.isoformat(), "kind": entry.kind.value, "kind_name": dialogs.name_of(entry.kind), "voided": entry.voided,
        "name": instrument.name if instrument else "", "sequence": entry.sequence, "gross": _text(_gross(entry, instrument)),
        "recorded_at": entry.recorded_at.isoformat() if entry.recorded_at else None,
        **{name: _text(getattr(entry, name)) for name in NUMBERS}, **{name: getattr(entry, name) for name in TEXTS},
    }


def _gross(entry: Transaction, instrument: Instrument | None) -> Decimal | None:
    """Give the amount before fee and tax: as recorded, or what quantity and price come to."""
    if entry.amount is not None or entry.quantity is None or entry.price is None:
        return entry.amount
    return entry.quantity * entry.price * (instrument.multiplier if instrument else Decimal(1))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


# ------------------------------------------------------------------------------------------------------------------------------------ form


def check(services: Services, typed: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Look at a draft: its errors under their fields, or its effect."""
    number = typed.get("number")
    portfolio = UUID(str(typed["portfolio"]))
    try:
        preview = _previewed(services, portfolio, typed)
    except PortfolioError as error:
        return {"number": number, "errors": [_error(error)]}, []
    errors = [{"field": each.field, "code": each.code, "message": each.message, "hint": each.hint} for each in preview.errors]
    return {"number": number, "errors": errors}, [] if errors else dialogs.effect_panel(_effect(preview))


def _previewed(services: Services, portfolio: UUID, typed: Mapping[str, Any]) -> Preview:
    """Tell what a draft would do; one that makes several records is asked for as a whole."""
    draft, actor = _draft(typed), services.accounts.local()
    if draft.get("kind") in ENTRIES:
        return services.transfers.preview(actor, portfolio, draft)
    return services.transactions.preview(actor, portfolio, draft, **_replacing(typed))


def _draft(asked: Mapping[str, Any]) -> dict[str, Any]:
    draft = asked.get("draft")
    return {str(name): value for name, value in draft.items() if value is not None} if isinstance(draft, dict) else {}


def _replacing(asked: Mapping[str, Any]) -> dict[str, Any]:
    editing = asked.get("editing")
    return {"replaces": UUID(str(editing["id"]))} if editing else {}


def _effect(preview: Preview) -> dialogs.Effect:
    return dialogs.Effect(preview.currency, preview.amount, preview.cash_before, preview.cash_after, preview.symbol, preview.position_before,
                          preview.position_after, preview.realised, preview.base_currency, preview.warnings)


def _error(error: PortfolioError) -> dict[str, Any]:
    return {"field": error.context.get("field", ""), "code": error.code, "message": error.message, "hint": error.context.get("hint")}


# --------------------------------------------------------------------------------------------------------------------------------- changes


def change(services: Services, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Do what was asked; give what became of it, the line that says so, and both versions where they collide."""
    action = str(asked.get("action"))
    if action == "dismiss":
        return {"action": action}, [], []
    actor = services.accounts.local()
    try:
        entry, *more = _done(services, actor, action, asked)
    except Conflict as error:
        return _collided(services, actor, asked, error)
    except PortfolioError as error:
        return _refused(action, error), [] if action in {"record", "correct"} else [cards.notice(error.message, kind="crit")], []
    also = [{"id": str(each.id), "version": each.version} for each in more]
    told = {"id": str(entry.id), "portfolio": str(entry.portfolio_id), "version": entry.version, "also": also}
    return {"ok": True, "action": action, "entry": told}, _line(action, entry), []


def _done(services: Services, actor: Actor, action: str, asked: Mapping[str, Any]) -> list[Transaction]:
    book, portfolio, key = services.transactions, UUID(str(asked["portfolio"])), asked.get("key")
    if action == "record":
        return _recorded(services, actor, portfolio, _draft(asked), key)
    editing = asked["editing"]
    which, version = UUID(str(editing["id"])), int(editing["version"])
    if action == "correct":
        return [book.correct(actor, portfolio, which, version, asked["draft"], idempotency_key=key)]
    if action in STEPS:
        return [_moved(book, actor, portfolio, which, STEPS[action], key)]
    act = book.void if action == "void" else book.undo
    more = [(UUID(str(each["id"])), int(each["version"])) for each in editing.get("also") or ()]
    return [act(actor, portfolio, one, at, idempotency_key=key and f"{key}:{place}") for place, (one, at) in enumerate([(which, version), *more])]


def _moved(book: Transactions, actor: Actor, portfolio: UUID, which: UUID, step: int, key: str | None) -> Transaction:
    """Book a transaction one place earlier or later within its day."""
    day = book.get(actor, portfolio, which).date
    order = [str(each.id) for each in book.find(actor, portfolio, start=day, end=day, limit=MOST).items]
    at = order.index(str(which)) if str(which) in order else -1
    if at < 0 or not 0 <= at + step < len(order):
        raise Conflict("It has no other place within its day.", hint="The table shows the day as it is now")
    order[at], order[at + step] = order[at + step], order[at]
    placed = book.reorder(actor, portfolio, day.isoformat(), order, idempotency_key=key)
    return next(each for each in placed if each.id == which)


def _recorded(services: Services, actor: Actor, portfolio: UUID, draft: dict[str, Any], key: str | None) -> list[Transaction]:
    """Record a draft; of a transfer the first leg stands for both, because what is done to one is done to both."""
    joint = {name: value for name, value in draft.items() if name != "kind"}
    if draft.get("kind") == "TRANSFER":
        return services.transfers.move(actor, portfolio, joint, idempotency_key=key)[:1]
    if draft.get("kind") == "REINVESTMENT":
        return services.transfers.reinvest(actor, portfolio, joint, idempotency_key=key)
    return services.transactions.record(actor, portfolio, [draft], idempotency_key=key)


def _refused(action: str, error: PortfolioError) -> dict[str, Any]:
    """Give what a save was refused for; `unanswered`: it may have been done, so the same key must be sent again."""
    unanswered = isinstance(error, StorageError) and error.status >= 500
    message = None if error.context.get("field") else error.message
    return {"ok": False, "action": action, "unanswered": unanswered, "errors": _errors(error), "message": message}


def _errors(error: PortfolioError) -> list[dict[str, Any]]:
    return error.context.get("errors") or ([_error(error)] if isinstance(error, InvalidInput) or error.context.get("field") else [])


def _line(action: str, entry: Transaction) -> list[Any]:
    words = dialogs.sentence(entry.kind.value, {name: getattr(entry, name) for name in ("quantity", "symbol", "amount", "currency")})
    said = {"record": "Recorded", "correct": "Corrected", "void": "Voided", "undo": "Taken back:", "earlier": "Booked earlier in its day:",
            "later": "Booked later in its day:"}[action]
    state = " It is void now." if action == "undo" and entry.voided else ""
    return dialogs.done_bar(f"{said} {words}.{state}", action="Redo" if action == "undo" else "Undo")


def _collided(services: Services, actor: Actor, asked: Mapping[str, Any], error: Conflict) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Show what somebody else saved of the same transaction beside what was typed."""
    action, editing = str(asked.get("action")), asked.get("editing")
    failed = {**_refused(action, error), "message": error.message}
    if action != "correct" or not editing:
        return failed, [cards.notice(error.message, "The table shows it as it is now.", kind="warn")], []
    theirs = services.transactions.history(actor, UUID(str(asked["portfolio"])), UUID(str(editing["id"])))[-1]
    row = _row(theirs, {}, {})
    mine = {LABELS[name]: _shown(name, str(value)) for name, value in asked["draft"].items() if name in LABELS and value is not None}
    return {**failed, "message": "Somebody changed it meanwhile.", "conflict": row}, [], dialogs.collision(mine, _fields(theirs))


def _fields(entry: Transaction) -> dict[str, str]:
    """Fields of one version under their labels, without those that say nothing."""
    row = _row(entry, {}, {})
    return {label: _shown(name, str(row[name])) for name, label in LABELS.items() if row.get(name) not in {None, "", "0"}}


def _shown(name: str, text: str) -> str:
    """Give a field's exact text as a person writes it; what cannot be read stays as it was typed."""
    try:
        if name in NUMBERS:
            return f"{Decimal(text):,f}"
        return {"date": lambda: theme.day(date.fromisoformat(text)), "kind": lambda: dialogs.name_of(text)}.get(name, lambda: text)()
    except (ValueError, ArithmeticError):
        return text


def add_instrument(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Put an instrument into the workspace."""
    fields = {name: asked[name] for name in ("name", "currency", "asset_class", "sector") if asked.get(name)}
    try:
        instrument, _ = services.instruments.put(services.accounts.local(), str(asked.get("symbol")), fields)
    except PortfolioError as error:
        return {"ok": False, "message": " ".join(filter(None, [error.message, error.context.get("hint")]))}
    return {"ok": True, "symbol": instrument.symbol, "name": instrument.name}


# --------------------------------------------------------------------------------------------------------------------------------- history


def history_of(services: Services, entry: Mapping[str, Any]) -> list[Any]:
    """Build the facts of one transaction and all its versions."""
    try:
        found = services.transactions.history(services.accounts.local(), UUID(str(entry["portfolio"])), UUID(str(entry["id"])))
    except PortfolioError as error:
        return [cards.failed("The history could not be read", error.message)]
    versions = [tables.Version(each.version, _moment(each), each.voided, _fields(each)) for each in reversed(found)]
    return [tables.facts(list(versions[0].fields.items())), tables.versions(versions)]


def _moment(entry: Transaction) -> str:
    return f"{entry.recorded_at:%-d %b %Y, %H:%M} UTC" if entry.recorded_at else ""
