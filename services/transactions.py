"""The ledger: record, correct, void, undo, read, and tell beforehand what a draft would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.ids import uuid7
from data.repositories.base import stale
from engine import Book, book, ledger_frame
from engine.errors import Conflict, InvalidInput, InvalidTransaction, OversoldPosition, PortfolioError
from engine.types import Actor, Instrument, Kind, Portfolio, Transaction
from services import fields
from services.books import Booked
from services.validation import DRAFT_FIELDS, MAX_ROWS, Draft, complete, raise_first, read_draft
from services.valuation import Valuation
from services.views import FieldError, Page, Preview
from services.writes import Request, Told, Writes, audit, ledger_changed

ONE: TypeAdapter[Transaction] = TypeAdapter(Transaction)
MANY: TypeAdapter[list[Transaction]] = TypeAdapter(list[Transaction])
FIXED = ("id", "external_id")
OVERSELL = ("short", "error")


class Transactions:
    """Ledgers of the actor's portfolios."""

    def __init__(self, writes: Writes, valuation: Valuation) -> None:
        self._writes, self._database, self._valuation = writes, writes.database, valuation

    def record(self, actor: Actor, portfolio_id: UUID, drafts: Sequence[object], *, idempotency_key: str | None = None,
               oversell: str = "short") -> list[Transaction]:
        """Append transactions to a ledger, all or none.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        drafts : sequence of mapping
            Field to value as a program or the form sends it (see `services.validation`).
        idempotency_key : str, optional
            The same key gives the same records again.
        oversell : str
            "short": a sale beyond what is held opens a short. "error": it is refused.

        Raises
        ------
        InvalidTransaction, UnknownInstrument, CurrencyMismatch
            With row (from 1, where there are several), field, hint, and in `errors` all that is wrong.
        OversoldPosition
            With `oversell="error"`.
        Conflict
            An id or an external_id that is there already.
        """
        told_rows = len(drafts) > 1
        mode = fields.choice(fields.Place("oversell"), oversell, OVERSELL)

        def effect(unit: Unit, told: list[Told]) -> list[Transaction]:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            revision = unit.portfolios.bump(portfolio_id)
            stored = recorded(unit, actor, portfolio, drafts, numbered=told_rows, oversell=mode)
            ids = [str(entry.id) for entry in stored]
            audit(unit, actor, "record", "transaction", ids[0], after={"portfolio": str(portfolio_id), "ids": ids})
            told.append(ledger_changed(actor, portfolio_id, revision))
            return stored

        fields.rows(list(drafts), limit=MAX_ROWS)
        request = Request("transactions.record", (portfolio_id, list(drafts), mode), MANY, idempotency_key)
        return self._writes.once(actor, request, effect)

    def correct(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID, version: int, changes: Mapping[str, Any], *,
                idempotency_key: str | None = None) -> Transaction:
        """Append a version with some fields changed; a field given as null is emptied.

        Raises
        ------
        Conflict
            Somebody changed it since version `version`, or it is voided.
        InvalidTransaction
            The result could not be booked, or `id` or `external_id` were to change.
        """

        def work(unit: Unit, current: Transaction) -> Transaction:
            return corrected(unit, actor, unit.portfolios.get(actor.workspace_id, portfolio_id), current, changes)

        refuse_fixed(changes)
        return self._supersede(actor, portfolio_id, transaction_id, version, "correct", work, (dict(changes),), idempotency_key)

    def void(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID, version: int, *, idempotency_key: str | None = None) -> Transaction:
        """Append a version that counts for nothing; it stays in the history.

        Raises
        ------
        Conflict
            Somebody changed it since version `version`, or it is voided already.
        """

        def work(_unit: Unit, current: Transaction) -> Transaction:
            return taken_out(current)

        return self._supersede(actor, portfolio_id, transaction_id, version, "void", work, (), idempotency_key)

    def undo(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID, version: int, *, idempotency_key: str | None = None) -> Transaction:
        """Append the content of the version before: a correction goes back, a voided one returns, a first version is voided."""

        def work(unit: Unit, current: Transaction) -> Transaction:
            before = unit.ledger.versions(portfolio_id, transaction_id)[-2] if current.version > 1 else current
            return brought_back(current, before, voided=before.voided if current.version > 1 else True)

        return self._supersede(actor, portfolio_id, transaction_id, version, "undo", work, (), idempotency_key)

    def get(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID) -> Transaction:
        """Give the newest version of a transaction, voided or not; `NotFound` where there is none."""
        return self.history(actor, portfolio_id, transaction_id)[-1]

    def history(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID) -> list[Transaction]:
        """List every version of a transaction, oldest first."""
        with self._database.read() as unit:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            return unit.ledger.versions(portfolio_id, transaction_id)

    def find(self, actor: Actor, portfolio_id: UUID, *, symbol: str | None = None, kind: Kind | Sequence[Kind] | None = None,  # noqa: PLR0913
             start: date | None = None, end: date | None = None, account: str | None = None, known_at: datetime | None = None,
             include_voided: bool = False, limit: int = 1000, after: UUID | None = None, newest_first: bool = False) -> Page[Transaction]:
        """List transactions in the order they are booked, at most `limit` behind the one with id `after`."""
        with self._database.read() as unit:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            if after is not None:
                unit.ledger.get(portfolio_id, after)
            found = unit.ledger.find(portfolio_id, symbol=symbol.strip().upper() if symbol else None, kind=kind, start=start, end=end,
                                     account=account, known_at=known_at, include_voided=include_voided, limit=limit + 1, after=after,
                                     newest_first=newest_first)
        return Page(tuple(found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)

    def preview(self, actor: Actor, portfolio_id: UUID, raw: Mapping[str, Any], *, replaces: UUID | None = None, oversell: str = "short") -> Preview:
        """Tell what a draft would do, or everything that is wrong with it. Nothing is written.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        raw : Mapping
            As for `record`.
        replaces : UUID, optional
            The transaction that the draft would correct: the ledger is read without it.
        oversell : str
            "error" makes a sale beyond what is held an error, else it is a warning.
        """
        with self._database.read() as unit:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            draft = _draft(unit, actor, portfolio, raw)
            if draft.errors:
                return Preview(errors=tuple(_field_error(error) for error in draft.errors))
            named = [draft.fields[name] for name in ("symbol", "to_symbol") if name in draft.fields]
            instruments = unit.instruments.by_symbols(actor.workspace_id, named)
            booked = self._valuation.booked(unit, actor, portfolio)
        entry = _entry(draft, portfolio, uuid7())
        try:
            return _effect(booked, portfolio, entry, instruments, replaces, oversell)
        except InvalidInput as error:
            return Preview(errors=(_field_error(error),))

    def _supersede(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID, version: int, action: str, work: Any,  # noqa: ANN401
                   arguments: tuple[object, ...], key: str | None) -> Transaction:
        """Append the next version of a transaction, made by `work` of the newest one."""

        def effect(unit: Unit, told: list[Told]) -> Transaction:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            revision = unit.portfolios.bump(portfolio_id)
            current = unit.ledger.get(portfolio_id, transaction_id)
            if current.version != version:
                raise stale("transaction", expected=version, found=current.version)
            stored = unit.ledger.supersede(work(unit, current))
            before, after = (ONE.dump_python(each, mode="json") for each in (current, stored))
            audit(unit, actor, action, "transaction", transaction_id, before=before, after=after)
            told.append(ledger_changed(actor, portfolio_id, revision))
            return stored

        request = Request(f"transactions.{action}", (portfolio_id, transaction_id, version, *arguments), ONE, key)
        return self._writes.once(actor, request, effect)


def recorded(unit: Unit, actor: Actor, portfolio: Portfolio, drafts: Sequence[object], *, numbered: bool = False,
             oversell: str = "short") -> list[Transaction]:
    """Check drafts and append them, in a transaction that has taken the portfolio's next revision."""
    entries = _entries(unit, actor, portfolio, drafts, numbered=numbered)
    _refuse_known(unit, portfolio.id, entries, numbered=numbered)
    if oversell == "error":
        _refuse_oversold(unit, portfolio, entries)
    return unit.ledger.add(entries, actor.workspace_id, actor.user_id)


def corrected(unit: Unit, actor: Actor, portfolio: Portfolio, current: Transaction, changes: Mapping[str, Any]) -> Transaction:
    """Make the next version of a transaction, with some fields changed."""
    if current.voided:
        raise Conflict("A voided transaction cannot be corrected.", field="version", hint="Undo the voiding first")
    draft = _draft(unit, actor, portfolio, merged(current, changes))
    raise_first([draft])
    kept = {name: getattr(current, name) for name in ("id", "portfolio_id", "external_id", "import_run_id")}
    return Transaction(**{**draft.fields, **kept}, version=current.version + 1)


def refuse_fixed(changes: Mapping[str, Any]) -> None:
    """Refuse to change what names a transaction."""
    for name in FIXED:
        if name in changes:
            raise InvalidTransaction(name, changes[name], "cannot change", hint="Void it and record another transaction", rule="fixed")


def taken_out(current: Transaction) -> Transaction:
    """Make the next version of a transaction, which counts for nothing."""
    if current.voided:
        raise Conflict("This transaction is voided already.", field="version", hint="Undo brings it back")
    return brought_back(current, current, voided=True)


def merged(current: Transaction, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over a transaction; what followed from a changed field is asked for anew, as the currency of another symbol."""
    kept = {name: getattr(current, name) for name in DRAFT_FIELDS - {"id"} if getattr(current, name) is not None}
    for changed, follower in (("symbol", "currency"), ("price", "amount"), ("amount", "price")):
        if changed in changes and changes[changed] != kept.get(changed) and follower not in changes:
            kept.pop(follower, None)
    return {**kept, **changes}


def _entries(unit: Unit, actor: Actor, portfolio: Portfolio, raws: Sequence[object], *, numbered: bool) -> list[Transaction]:
    today = calendar.today()
    drafts = [read_draft(raw, today=today, row=row if numbered else None) for row, raw in enumerate(raws, start=1)]
    _complete(unit, actor, portfolio, drafts)
    raise_first(drafts)
    return [_entry(draft, portfolio, draft.fields.get("id") or uuid7()) for draft in drafts]


def _draft(unit: Unit, actor: Actor, portfolio: Portfolio, raw: Mapping[str, Any]) -> Draft:
    draft = read_draft(raw, today=calendar.today())
    _complete(unit, actor, portfolio, [draft])
    return draft


def _complete(unit: Unit, actor: Actor, portfolio: Portfolio, drafts: Sequence[Draft]) -> None:
    wanted = {draft.fields[name] for draft in drafts for name in ("symbol", "to_symbol") if name in draft.fields}
    instruments = unit.instruments.by_symbols(actor.workspace_id, sorted(wanted)) if wanted else {}
    every = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)] if wanted - instruments.keys() else []
    for draft in drafts:
        complete(draft, portfolio, instruments, every)


def _entry(draft: Draft, portfolio: Portfolio, key: UUID) -> Transaction:
    return Transaction(**{**draft.fields, "id": key, "portfolio_id": portfolio.id})


def brought_back(current: Transaction, content: Transaction, *, voided: bool) -> Transaction:
    """Make the next version of a transaction, with the content of an earlier one."""
    return replace(content, version=current.version + 1, voided=voided, recorded_at=None, recorded_by=None)


def _refuse_known(unit: Unit, portfolio_id: UUID, entries: Sequence[Transaction], *, numbered: bool) -> None:
    """Refuse an external_id that is in the ledger, or twice in the batch."""
    given = [entry.external_id for entry in entries if entry.external_id]
    if not given:
        return
    there = unit.ledger.by_external_ids(portfolio_id, given)
    twice = {key for key, count in Counter(given).items() if count > 1}
    for row, entry in enumerate(entries, start=1):
        if entry.external_id in there or entry.external_id in twice:
            known = there.get(entry.external_id)
            raise Conflict(f"external_id {entry.external_id} is {'in the portfolio already' if known else 'twice in this list'}.",
                           field="external_id", row=row if numbered else None, rule="duplicate", transaction_id=known and str(known.id),
                           hint="It was recorded before: leave it out, or correct that transaction" if known else "Send each external_id once")


def _refuse_oversold(unit: Unit, portfolio: Portfolio, entries: Sequence[Transaction]) -> None:
    """Refuse the first new transaction that opens a short: one of the lots, or of the lots covered since, is its own and negative."""
    ledger = unit.ledger.frame(portfolio.id)
    told = book(_with(ledger, entries), base_currency=portfolio.base_currency, lots_by="pooled")
    short = {*told.lots.loc[told.lots["quantity"] < 0, "transaction_id"], *told.gains.loc[told.gains["quantity"] < 0, "lot_id"]}
    for row, entry in enumerate(entries, start=1):
        if str(entry.id) in short and entry.symbol:
            known = _with(ledger, entries[: row - 1])
            before = book(known[known["date"] <= pd.Timestamp(entry.date)].reset_index(drop=True), base_currency=portfolio.base_currency)
            error = _oversold(entry, float(before.positions["quantity"].get(entry.symbol, 0.0)))
            error.context.update({"row": row} if len(entries) > 1 else {})
            raise error


def _oversold(entry: Transaction, held: float) -> OversoldPosition:
    return OversoldPosition(str(entry.symbol), quantity=float(entry.quantity or 0), held=max(held, 0.0), date=entry.date.isoformat())


def _with(ledger: pd.DataFrame, entries: Sequence[Transaction]) -> pd.DataFrame:
    """Add transactions behind those of their day."""
    return ledger_frame(pd.concat([ledger, ledger_frame(entries)], ignore_index=True)) if entries else ledger


def _effect(booked: Booked, portfolio: Portfolio, entry: Transaction, instruments: Mapping[str, Instrument], replaces: UUID | None,
            oversell: str) -> Preview:
    """Book the ledger with and without the draft, and tell the difference."""
    without = booked.ledger if replaces is None else booked.ledger[booked.ledger["id"] != str(replaces)].reset_index(drop=True)
    known = booked.book.positions
    listed = dict(zip(known.index, zip(known["multiplier"].tolist(), known["currency"].tolist(), strict=True), strict=True))
    listed |= {symbol: (float(each.multiplier), each.currency) for symbol, each in instruments.items()}

    def booking(ledger: pd.DataFrame) -> Book:
        return book(ledger, base_currency=portfolio.base_currency, fx=booked.fx, cost_method=portfolio.cost_method.value,
                    multipliers={symbol: each[0] for symbol, each in listed.items()}, currencies={symbol: each[1] for symbol, each in listed.items()})

    before = booked.book if replaces is None else booking(without)
    return _difference(before, booking(_with(without, [entry])), entry, portfolio, oversell)


def _difference(before: Book, after: Book, entry: Transaction, portfolio: Portfolio, oversell: str) -> Preview:
    currency = entry.currency or portfolio.base_currency
    cash = [_exact(each.cash["balance"].get(currency, 0.0)) for each in (before, after)]
    held = [_exact(each.positions["quantity"].get(entry.symbol, 0.0)) for each in (before, after)]
    gained = float(after.positions["realised"].sum() - before.positions["realised"].sum())
    short = held[1] < 0 and held[1] < held[0]
    if short and oversell == "error":
        return Preview(errors=(_field_error(_oversold(entry, float(held[0]))),))
    return Preview(
        warnings=tuple(_warnings(entry, currency, cash, held[1] if short else None)), currency=currency, amount=cash[1] - cash[0],
        cash_before=cash[0], cash_after=cash[1], symbol=entry.symbol, position_before=held[0] if entry.symbol else None,
        position_after=held[1] if entry.symbol else None, realised=gained, base_currency=portfolio.base_currency,
    )


def _warnings(entry: Transaction, currency: str, cash: Sequence[Decimal], short: Decimal | None) -> Iterable[str]:
    if short is not None:
        yield f"Opens a short of {-short:f} {entry.symbol}"
    if cash[1] < 0 and cash[1] < cash[0]:
        yield f"Leaves {cash[1]:f} {currency} in cash"


def _exact(number: float) -> Decimal:
    """Turn a booked float into the decimal that a person would write."""
    rounded = Decimal(repr(round(float(number), 9)))
    whole = rounded.to_integral_value()
    return whole if whole == rounded else rounded.normalize()


def _field_error(error: PortfolioError) -> FieldError:
    context = error.context
    return FieldError(str(context.get("field", "body")), str(context.get("rule", error.code)), error.message, context.get("hint"))
