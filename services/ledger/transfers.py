"""Transfers between accounts and portfolios, and dividends reinvested: several records of one fact, in one database transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Unit
from data.ids import uuid7
from engine import Book, book, ledger_frame, rate_history
from engine.errors import InvalidTransaction, OversoldPosition, PortfolioError
from engine.types import ENTRIES, Actor, CostMethod, Instrument, Kind, Portfolio, Transaction
from services import fields
from services.books.service import read_rates
from services.fields import Place
from services.ledger.guards import rules_kept_of
from services.ledger.previews import exact, field_error
from services.ledger.transactions import MANY, Transactions, drafted
from services.ledger.validation import raise_first
from services.views import Preview
from services.writes import Request, Told, Writes, audit

NOTHING = Decimal(0)
ON_THE_WAY = "\0on the way"  # no account that a person could name
TARGETS = ("to_portfolio", "to_account")
REINVESTED = ("date", "symbol", "amount", "quantity", "tax", "fee", "currency", "fx_rate", "account", "note", "external_id")


@dataclass(frozen=True, slots=True)
class Legs:
    """A transfer as it would be recorded."""

    source: Portfolio
    target: Portfolio
    out: Transaction
    into: Transaction
    before: Book
    after: Book


class Transfers:
    """Moves securities and cash from one place to another."""

    def __init__(self, writes: Writes, transactions: Transactions) -> None:
        self._writes, self._database, self._transactions = writes, writes.database, transactions

    def move(self, actor: Actor, portfolio_id: UUID, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> list[Transaction]:
        """Record a transfer: a TRANSFER_OUT here and a TRANSFER_IN there, which share a `transfer_id`.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
            Where it leaves.
        raw : Mapping
            `date`, `symbol` and `quantity` or `amount` (and `currency`), `account` where it leaves, `to_portfolio` or `to_account` or both,
            `lots` ([{id, quantity}]: which lots leave; else those that the cost method takes), `note`.
        idempotency_key : str, optional
            The same key gives the same records again.

        Raises
        ------
        InvalidTransaction
            What cannot be read, or a transfer that leads to where it begins.
        OversoldPosition
            More than is held in that account on that day.
        NotFound
            No such portfolio.
        """

        def effect(unit: Unit, told: list[Told]) -> list[Transaction]:
            source, target = _places(unit, actor, portfolio_id, raw)
            places = [source] if source.id == target.id else [source, target]
            with rules_kept_of(unit, actor, places, told) as news:
                legs = _legs(unit, actor, source, target, raw)
                news |= {str(legs.out.id): None, str(legs.into.id): None}
                stored = unit.ledger.add([legs.out, legs.into], actor.workspace_id, actor.user_id)
            ids = [str(each.id) for each in stored]
            for leg in stored:
                audit(unit, actor, "transfer", "transaction", leg.id, after={"portfolio": str(leg.portfolio_id), "ids": ids})
            return stored

        return self._writes.once(actor, Request("transfers.move", (portfolio_id, dict(raw)), MANY, idempotency_key), effect)

    def reinvest(self, actor: Actor, portfolio_id: UUID, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> list[Transaction]:
        """Record a dividend and the shares that it buys at once: DIVIDEND of `amount` gross, BUY of `quantity` for what tax and fee leave.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        raw : Mapping
            `date symbol amount quantity`, and `tax fee currency fx_rate account note external_id`.
        idempotency_key : str, optional
            The same key gives the same records again.

        Raises
        ------
        InvalidTransaction
            What cannot be read, or a dividend of which nothing is left.
        """
        return self._transactions.record(actor, portfolio_id, reinvested(raw), idempotency_key=idempotency_key)

    def preview(self, actor: Actor, portfolio_id: UUID, raw: Mapping[str, Any]) -> Preview:
        """Tell what a transfer or a reinvestment (by `kind`) would do, or what is wrong with it. Nothing is written."""
        draft = {name: value for name, value in raw.items() if name != "kind"}
        try:
            if raw.get("kind") == "REINVESTMENT":
                return self._preview_reinvestment(actor, portfolio_id, draft)
            with self._database.read() as unit:
                source, target = _places(unit, actor, portfolio_id, draft)
                legs = _legs(unit, actor, source, target, draft)
        except PortfolioError as error:
            return Preview(errors=(field_error(error),))
        return _told(legs)

    def _preview_reinvestment(self, actor: Actor, portfolio_id: UUID, raw: Mapping[str, Any]) -> Preview:
        dividend, purchase = reinvested(raw)
        paid = self._transactions.preview(actor, portfolio_id, dividend)
        bought = self._transactions.preview(actor, portfolio_id, purchase)
        if paid.errors or bought.errors:
            return Preview(errors=paid.errors or bought.errors)
        kept, cash = (paid.amount or NOTHING) + (bought.amount or NOTHING), paid.cash_before or NOTHING
        return replace(bought, amount=kept, cash_before=cash, cash_after=cash + kept, warnings=paid.warnings)


def reinvested(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make the two drafts of a reinvested dividend."""
    if not isinstance(raw, Mapping):
        raise Place("body").refusal(raw, "not_an_object", "is not an object", f"Send an object with {', '.join(REINVESTED)}")
    unknown = [fields.unknown_field(Place(str(name)), REINVESTED) for name in raw if name not in REINVESTED]
    needed = [name for name in ("date", "symbol", "amount", "quantity") if not raw.get(name)]
    missing = [Place(name).refusal(None, "required", "is missing", f"Send {name}") for name in needed]
    fields.raise_all([*unknown, *missing])
    gross, tax, fee = (fields.number(Place(name), raw.get(name) or 0) for name in ("amount", "tax", "fee"))
    if gross - tax - fee <= 0:
        raise InvalidTransaction("amount", raw["amount"], "leaves nothing to reinvest after tax and fee", hint="Send the gross dividend", rule="zero")
    shared = {name: raw[name] for name in ("date", "symbol", "currency", "fx_rate", "account", "note") if raw.get(name)}
    paid = {**shared, "kind": "DIVIDEND", "amount": gross, "tax": tax, "fee": fee}
    bought = {**shared, "kind": "BUY", "quantity": raw["quantity"], "amount": gross - tax - fee}
    named = raw.get("external_id")
    return [paid | ({"external_id": named} if named else {}), bought | ({"external_id": f"{named}#2"} if named else {})]


def _places(unit: Unit, actor: Actor, portfolio_id: UUID, raw: Mapping[str, Any]) -> tuple[Portfolio, Portfolio]:
    if not isinstance(raw, Mapping):
        names = ", ".join(field.name for field in ENTRIES["TRANSFER"].fields)
        raise Place("body").refusal(raw, "not_an_object", "is not an object", f"Send an object with date, account, {names}")
    source = unit.portfolios.get(actor.workspace_id, portfolio_id)
    named = raw.get("to_portfolio")
    target = unit.portfolios.get(actor.workspace_id, fields.uuid(Place("to_portfolio"), named)) if named else source
    if source.id == target.id and (raw.get("to_account") or None) == (raw.get("account") or None):
        field = "to_portfolio" if named else "to_account"
        raise InvalidTransaction(field, raw.get(field), "is where it leaves", rule="same_place", hint="Name another portfolio or another account")
    return source, target


def _legs(unit: Unit, actor: Actor, source: Portfolio, target: Portfolio, raw: Mapping[str, Any]) -> Legs:
    """Make both legs, the one that arrives with the lots of the one that leaves."""
    draft = drafted(unit, actor, source, {**{name: value for name, value in raw.items() if name not in TARGETS}, "kind": Kind.TRANSFER_OUT.value})
    raise_first([draft])
    account = fields.text(Place("to_account"), raw["to_account"], limit=80) if raw.get("to_account") else None
    out = Transaction(**{**draft.fields, "id": uuid7(), "portfolio_id": source.id, "transfer_id": uuid7()})
    into = replace(out, id=uuid7(), portfolio_id=target.id, kind=Kind.TRANSFER_IN, account=account, lots=None, fee=NOTHING, tax=NOTHING)
    instruments = unit.instruments.by_symbols(actor.workspace_id, [out.symbol] if out.symbol else [])
    before, after = _booked(unit, source, out, instruments)
    if out.symbol is None:
        return Legs(source, target, out, into, before, after)
    moved = _lots_on_the_way(out, before, after)
    named = None if source.cost_method is CostMethod.AVERAGE else [
        {"id": lot["transaction_id"], "quantity": _digits(lot["quantity"])} for lot in moved]
    if source.id != target.id:
        into = replace(into, lots=_carried(unit, source, target, instruments[out.symbol], moved))
    return Legs(source, target, replace(out, lots=named), into, before, after)


def _booked(unit: Unit, source: Portfolio, out: Transaction, instruments: Mapping[str, Instrument]) -> tuple[Book, Book]:
    """Book the source to the day of the transfer without it, and with it: what leaves then stands in an account of its own."""
    ledger = unit.ledger.frame(source.id, end=out.date)
    named = sorted({*ledger["symbol"].dropna(), *ledger["to_symbol"].dropna()})
    known = {**unit.instruments.by_symbols(source.workspace_id, named), **instruments}
    codes = {source.base_currency, *ledger["currency"].dropna(), *(each.currency for each in known.values())}
    fx = read_rates(unit, source.workspace_id, sorted(codes))
    arriving = replace(out, id=uuid7(), kind=Kind.TRANSFER_IN, account=ON_THE_WAY, lots=None)
    both = ledger_frame(pd.concat([ledger, ledger_frame([replace(out, price=None), replace(arriving, price=None)])], ignore_index=True))
    options: dict[str, Any] = {
        "base_currency": source.base_currency, "cost_method": source.cost_method.value, "fx": fx,
        "multipliers": {symbol: float(each.multiplier) for symbol, each in known.items()},
        "currencies": {symbol: each.currency for symbol, each in known.items()},
    }
    return book(ledger, **options), book(both, **options)


def _lots_on_the_way(out: Transaction, before: Book, after: Book) -> list[dict[str, Any]]:
    """Give the lots that leave; refuse to move more than the account holds."""
    moved = after.lots[after.lots["account"] == ON_THE_WAY]
    wanted = float(out.quantity or 0)
    short = (after.lots["symbol"] == out.symbol) & (after.lots["quantity"] < 0) & (after.lots["transaction_id"] == str(out.id))
    if abs(float(moved["quantity"].sum()) - wanted) <= 1e-9 * wanted and not short.any():
        return [{str(name): value for name, value in lot.items()} for lot in moved.to_dict("records")]
    lots = before.lots[(before.lots["symbol"] == out.symbol) & (before.lots["quantity"] > 0)]
    by_account = {account: float(part["quantity"].sum()) for account, part in lots.groupby(lots["account"].fillna(""))}
    held = by_account.pop(out.account or "", 0.0)
    error = OversoldPosition(str(out.symbol), quantity=wanted, held=held, date=out.date.isoformat(), kind="transfer",
                             account=out.account)
    elsewhere = ", ".join(f"{quantity:g} in {account or 'no account'}" for account, quantity in by_account.items() if quantity)
    error.context["hint"] = f"Transfer at most {held:g}" + (f"; {elsewhere}: name that account" if elsewhere else "")
    raise error


def _carried(unit: Unit, source: Portfolio, target: Portfolio, instrument: Instrument, moved: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tell the lots with their dates, their cost in the instrument's currency and, where that is not the target's, their rates."""
    rates = _rates_between(unit, source, target)
    return [_lot(lot, None if instrument.currency == target.base_currency else _rate_of(lot, rates)) for lot in moved]


def _lot(lot: Mapping[str, Any], rate: float | None) -> dict[str, Any]:
    told = {"date": str(lot["opened"])[:10], "quantity": _digits(lot["quantity"]), "cost": _digits(lot["cost_local"])}
    return told if rate is None or not np.isfinite(rate) else {**told, "fx_rate": repr(float(rate))}


def _digits(number: float) -> str:
    """Write a booked float with all the digits it has and none that rounding made."""
    return format(Decimal(f"{float(number):.15g}"), "f")


def _rates_between(unit: Unit, source: Portfolio, target: Portfolio) -> pd.Series | None:
    """Give the history of the target's base currency units for one of the source's; None: they are the same."""
    if source.base_currency == target.base_currency:
        return None
    fx = read_rates(unit, source.workspace_id, sorted({source.base_currency, target.base_currency}))
    return rate_history(target.base_currency, [source.base_currency], fx)[source.base_currency]


def _rate_of(lot: Mapping[str, Any], rates: pd.Series | None) -> float | None:
    """Give base currency units of the target for one of the instrument's, of the day the lot was acquired."""
    if not lot["cost_local"]:
        return None
    own = float(lot["cost_base"] / lot["cost_local"])
    if rates is None:
        return own
    known = rates[rates.index <= lot["opened"]].dropna()
    return own * float(known.iloc[-1]) if len(known) else None


def _told(legs: Legs) -> Preview:
    """Tell a transfer: what the source holds before and after."""
    out = legs.out
    moved = legs.after.lots[legs.after.lots["account"] == ON_THE_WAY]
    if out.symbol:
        held = exact(float(legs.before.positions["quantity"].get(out.symbol, 0.0)))
        left = held if legs.source.id == legs.target.id else held - (out.quantity or 0)
        count, cost = f"{len(moved)} lot{'s' if len(moved) != 1 else ''}", f"{moved['cost_base'].sum():,.2f} {legs.source.base_currency}"
        said = f"Moves {count} with a cost of {cost}, the oldest of {moved['opened'].min():%-d %b %Y}"
        return Preview(symbol=out.symbol, position_before=held, position_after=left, warnings=(said,))
    currency = out.currency or legs.source.base_currency
    balance = exact(float(legs.before.cash["balance"].get(currency, 0.0)))
    leaves = (out.amount or 0) if legs.source.id != legs.target.id else 0
    return Preview(currency=currency, amount=exact(-float(leaves)), cash_before=balance, cash_after=balance - leaves)


