"""The ledger: record, correct, void, undo, read, and tell beforehand what a draft would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.ids import uuid7
from data.repositories.base import stale
from engine.errors import Conflict, InvalidInput, InvalidTransaction, LedgerError, NotFound
from engine.types import Actor, Kind, Portfolio, Transaction
from services import fields
from services.books.valuation import Valuation
from services.ledger.guards import OVERSELL, Rules, rules_kept, rules_kept_of
from services.ledger.previews import effect_of, field_error
from services.ledger.validation import DRAFT_FIELDS, MAX_ROWS, Draft, complete, raise_first, read_draft
from services.views import Page, Preview
from services.writes import Request, Told, Writes, audit, ledger_changed

ONE: TypeAdapter[Transaction] = TypeAdapter(Transaction)
MANY: TypeAdapter[list[Transaction]] = TypeAdapter(list[Transaction])
FIXED = ("id", "external_id")


class Transactions:
    """Ledgers of the actor's portfolios."""

    def __init__(self, writes: Writes, valuation: Valuation) -> None:
        self._writes, self._database, self._valuation = writes, writes.database, valuation

    def record(self, actor: Actor, portfolio_id: UUID, drafts: Sequence[object], *, idempotency_key: str | None = None,
               oversell: str | None = None) -> list[Transaction]:
        """Append transactions to a ledger, all or none.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        drafts : sequence of mapping
            Field to value as a program or the form sends it (see `services.ledger.validation`).
        idempotency_key : str, optional
            The same key gives the same records again.
        oversell : str, optional
            "error": a sale beyond what is held is refused, whatever the portfolio's setting.

        Raises
        ------
        InvalidTransaction, UnknownInstrument, CurrencyMismatch
            With row (from 1, where there are several), field, hint, and in `errors` all that is wrong.
        OversoldPosition, NegativeCash
            Where the portfolio (or `oversell="error"`) refuses shorts or negative cash: of this write, or of what it does to a later day.
        Conflict
            An id or an external_id that is there already.
        """
        told_rows = len(drafts) > 1
        mode = read_oversell(oversell)

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

    def reorder(self, actor: Actor, portfolio_id: UUID, day: object, ids: object, *, idempotency_key: str | None = None) -> list[Transaction]:
        """Book the transactions of a day in another order; each that takes another place gets a version.

        Raises
        ------
        InvalidInput
            The ids are not those of the day's transactions, each once.
        OversoldPosition
            Where the portfolio refuses shorts: the order would sell before it buys.
        """
        date_wanted = fields.calendar_date(fields.Place("date"), day)
        listed = ids if isinstance(ids, list) else []
        wanted = [fields.uuid(fields.Place("ids"), each) for each in listed]

        def effect(unit: Unit, told: list[Told]) -> list[Transaction]:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            with rules_kept_of(unit, actor, [portfolio], told) as news:
                there = {entry.id: entry for entry in unit.ledger.find(portfolio_id, start=date_wanted, end=date_wanted)}
                _check_order(wanted, there, date_wanted)
                places = sorted(entry.sequence for entry in there.values())
                news.update(dict.fromkeys(map(str, wanted)))
                placed = [_placed(unit, there[key], place) for key, place in zip(wanted, places, strict=True)]
                _audit_order(unit, actor, portfolio_id, there, placed)
                return placed

        request = Request("transactions.reorder", (portfolio_id, date_wanted, wanted), MANY, idempotency_key)
        return self._writes.once(actor, request, effect)

    def get(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID, *, known_at: datetime | None = None) -> Transaction:
        """Give the newest version of a transaction, now or as it was known; voided or not; `NotFound` where there is none."""
        return self.history(actor, portfolio_id, transaction_id, known_at=known_at)[-1]

    def history(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID, *, known_at: datetime | None = None) -> list[Transaction]:
        """List every version of a transaction, oldest first, of all or of those recorded by an instant."""
        known_at = known_at and fields.known_instant(fields.Place("known_at"), known_at, now=calendar.now())
        with self._database.read() as unit:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            found = unit.ledger.versions(portfolio_id, transaction_id)
        known = [each for each in found if known_at is None or (each.recorded_at is not None and each.recorded_at <= known_at)]
        if not known:
            raise NotFound("transaction", transaction_id)
        return known

    def find(self, actor: Actor, portfolio_id: UUID, *, symbol: str | None = None, kind: Kind | Sequence[Kind] | None = None,  # noqa: PLR0913
             start: date | None = None, end: date | None = None, account: str | None = None, known_at: datetime | None = None,
             include_voided: bool = False, limit: int = 1000, after: UUID | None = None, newest_first: bool = False) -> Page[Transaction]:
        """List transactions in the order they are booked, at most `limit` behind the one with id `after`."""
        known_at = known_at and fields.known_instant(fields.Place("known_at"), known_at, now=calendar.now())
        with self._database.read() as unit:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            if after is not None:
                unit.ledger.get(portfolio_id, after)
            found = unit.ledger.find(portfolio_id, symbol=symbol.strip().upper() if symbol else None, kind=kind, start=start, end=end,
                                     account=account, known_at=known_at, include_voided=include_voided, limit=limit + 1, after=after,
                                     newest_first=newest_first)
        return Page(tuple(found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)

    def preview(self, actor: Actor, portfolio_id: UUID, raw: Mapping[str, Any], *, replaces: UUID | None = None,
                oversell: str | None = None) -> Preview:
        """Tell what a draft would do, or everything that is wrong with it. Nothing is written.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        raw : Mapping
            As for `record`.
        replaces : UUID, optional
            The transaction that the draft would correct: the ledger is read without it.
        oversell : str, optional
            "error" makes a sale beyond what is held an error, whatever the portfolio's setting; else it is a warning.
        """
        rules_asked = read_oversell(oversell)
        with self._database.read() as unit:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            draft = drafted(unit, actor, portfolio, raw)
            if draft.errors:
                return Preview(errors=tuple(field_error(error) for error in draft.errors))
            named = [draft.fields[name] for name in ("symbol", "to_symbol") if name in draft.fields]
            instruments = unit.instruments.by_symbols(actor.workspace_id, named)
            booked = self._valuation.booked(unit, actor, portfolio)
        entry = _entry(draft, portfolio, replaces or uuid7())
        try:
            return effect_of(booked, portfolio, entry, instruments, replaces, Rules.of(portfolio, rules_asked))
        except LedgerError as error:
            return Preview(errors=(field_error(error),))

    def _supersede(self, actor: Actor, portfolio_id: UUID, transaction_id: UUID, version: int, action: str, work: Any,  # noqa: ANN401
                   arguments: tuple[object, ...], key: str | None) -> Transaction:
        """Append the next version of a transaction, made by `work` of the newest one."""

        def effect(unit: Unit, told: list[Told]) -> Transaction:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            with rules_kept_of(unit, actor, _portfolios_of(unit, actor, portfolio, transaction_id), told) as news:
                current = newest(unit, portfolio_id, transaction_id, version)
                news[str(transaction_id)] = None
                stored = superseded(unit, actor, current, work(unit, current), action)
                for leg in unit.ledger.legs(actor.workspace_id, stored.transfer_id) if stored.transfer_id else ():
                    if leg.id != stored.id and leg.voided != stored.voided:
                        superseded(unit, actor, leg, brought_back(leg, leg, voided=stored.voided), action)
            return stored

        request = Request(f"transactions.{action}", (portfolio_id, transaction_id, version, *arguments), ONE, key)
        return self._writes.once(actor, request, effect)


def _portfolios_of(unit: Unit, actor: Actor, portfolio: Portfolio, transaction_id: UUID) -> list[Portfolio]:
    """Give the portfolios that a change of a transaction touches: its own, and that of the other leg of a transfer."""
    current = unit.ledger.get(portfolio.id, transaction_id)
    legs = unit.ledger.legs(actor.workspace_id, current.transfer_id) if current.transfer_id else []
    there = {each.id: each for each in unit.portfolios.find(actor.workspace_id)} if legs else {}
    return [portfolio, *(there[leg.portfolio_id] for leg in legs if leg.portfolio_id in there and leg.portfolio_id != portfolio.id)]


def _check_order(wanted: Sequence[UUID], there: Mapping[UUID, Transaction], day: date) -> None:
    if sorted(wanted) != sorted(there):
        hint = f"Send the ids of all {len(there)} transactions of {day.isoformat()}, each once, in the order wanted"
        raise InvalidInput("ids", f"{len(wanted)} ids", "are not those of the transactions of the day", hint=hint, rule="not_the_day")


def _placed(unit: Unit, entry: Transaction, place: int) -> Transaction:
    return entry if entry.sequence == place else unit.ledger.supersede(brought_back(entry, entry, voided=False), place=place)


def _audit_order(unit: Unit, actor: Actor, portfolio_id: UUID, before: Mapping[UUID, Transaction], placed: Sequence[Transaction]) -> None:
    """Write a new order down as one change: taken back, it goes back as one."""
    moved = {str(each.id): (each.version - 1, each.version) for each in placed if each.version != before[each.id].version}
    if moved:
        audit(unit, actor, "reorder", "transaction", next(iter(moved)), after={"portfolio": str(portfolio_id), "ids": [], "moved": moved})


def superseded(unit: Unit, actor: Actor, current: Transaction, following: Transaction, action: str) -> Transaction:
    """Append the next version of a transaction and write down what changed."""
    stored = unit.ledger.supersede(following)
    before, after = (ONE.dump_python(each, mode="json") for each in (current, stored))
    audit(unit, actor, action, "transaction", current.id, before=before, after=after)
    return stored


def newest(unit: Unit, portfolio_id: UUID, transaction_id: UUID, version: int) -> Transaction:
    """Give the newest version of a transaction, which must be the one that was read; else both are told."""
    versions = unit.ledger.versions(portfolio_id, transaction_id)
    if versions[-1].version == version:
        return versions[-1]
    error = stale("transaction", expected=version, found=versions[-1].version)
    read = next((each for each in versions if each.version == version), None)
    shown = {"current": versions[-1], **({"read": read} if read else {})}
    error.context.update({name: ONE.dump_python(each, mode="json") for name, each in shown.items()})
    raise error


def recorded(unit: Unit, actor: Actor, portfolio: Portfolio, drafts: Sequence[object], *, numbered: bool = False,
             oversell: str | None = None) -> list[Transaction]:
    """Check drafts and append them, in a transaction that has taken the portfolio's next revision."""
    entries = entries_of(unit, actor, portfolio, drafts, numbered=numbered)
    _refuse_known(unit, portfolio.id, entries, numbered=numbered)
    with rules_kept(unit, portfolio, oversell) as news:
        news |= {str(entry.id): row if numbered else None for row, entry in enumerate(entries, start=1)}
        return unit.ledger.add(entries, actor.workspace_id, actor.user_id)


def read_oversell(value: str | None) -> str | None:
    """Read what a request says about sales beyond the held."""
    return None if value is None else fields.choice(fields.Place("oversell"), value, OVERSELL)


def corrected(unit: Unit, actor: Actor, portfolio: Portfolio, current: Transaction, changes: Mapping[str, Any]) -> Transaction:
    """Make the next version of a transaction, with some fields changed."""
    if current.voided:
        raise Conflict("A voided transaction cannot be corrected.", field="version", hint="Undo the voiding first")
    _refuse_half(current, changes)
    draft = drafted(unit, actor, portfolio, merged(current, changes))
    raise_first([draft])
    kept = {name: getattr(current, name) for name in ("id", "portfolio_id", "external_id", "import_run_id", "transfer_id")}
    return Transaction(**{**draft.fields, **kept}, version=current.version + 1)


def _refuse_half(current: Transaction, changes: Mapping[str, Any]) -> None:
    """Refuse to correct one leg of a transfer so that it no longer fits the other."""
    for name, value in changes.items():
        if current.transfer_id and name != "note" and value != getattr(current, name, None):
            raise InvalidTransaction(name, value, "is of one leg of a transfer", rule="transfer_leg",
                                     hint="Void the transfer, which takes both legs, and record it again")


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


def entries_of(unit: Unit, actor: Actor, portfolio: Portfolio, raws: Sequence[object], *, numbered: bool) -> list[Transaction]:
    """Read drafts as what they would be in the ledger, or tell everything that is wrong with them."""
    today = calendar.today()
    drafts = [read_draft(raw, today=today, row=row if numbered else None) for row, raw in enumerate(raws, start=1)]
    _complete(unit, actor, portfolio, drafts)
    raise_first(drafts)
    return [_entry(draft, portfolio, draft.fields.get("id") or uuid7()) for draft in drafts]


def drafted(unit: Unit, actor: Actor, portfolio: Portfolio, raw: Mapping[str, Any]) -> Draft:
    """Read one draft and join it with what the workspace knows; what is wrong stands in its `errors`."""
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
