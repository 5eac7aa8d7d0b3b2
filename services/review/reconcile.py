"""Reconcile a ledger with a broker's statement: see every break, guess its cause, accept a fix, and know to which day it agrees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import pandas as pd
from pydantic import TypeAdapter

from data.database import Unit
from data.records import StoredReconciliation
from engine import Book, Fix, book
from engine.errors import InvalidInput, NotFound
from engine.types import Actor, CorporateAction, Instrument, Kind, Portfolio
from services.books.service import Booked
from services.books.valuation import Valuation
from services.review import causes
from services.review.causes import Held
from services.review.checks import mend, previewed, read_closes, versioned
from services.review.statements import Line, Statement, read_statement
from services.review_views import Break, FixEffect, FixView, Matched, Mended, ReconciliationView
from services.writes import NOTHING, Request, Told, Writes, audit

VIEW: TypeAdapter[ReconciliationView] = TypeAdapter(ReconciliationView)
MENDED: TypeAdapter[Mended] = TypeAdapter(Mended)
SAME_QUANTITY, SAME_CASH, SAME_COST = 1e-9, 0.005, 0.005
OF_ALL_ACCOUNTS = (Kind.SPLIT, Kind.SPIN_OFF, Kind.MERGER)


@dataclass(frozen=True, slots=True)
class Sides:
    """What a statement is compared with: the ledger to its day, of one account or of all."""

    portfolio: Portfolio
    booked: Booked
    ledger: pd.DataFrame
    told: Book
    instruments: Mapping[str, Instrument]
    by_isin: Mapping[str, str]
    closes: pd.DataFrame
    actions: Mapping[UUID, list[CorporateAction]]


class Reconcile:
    """Statements of the actor's portfolios."""

    def __init__(self, writes: Writes, valuation: Valuation) -> None:
        self._writes, self._database, self._valuation = writes, writes.database, valuation

    def compare(self, actor: Actor, portfolio_id: UUID, raw: object, *, keep: bool = True, idempotency_key: str | None = None) -> ReconciliationView:
        """Compare a statement with the ledger.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        raw : object
            See `services.review.statements.read_statement`.
        keep : bool
            Keep statement and result. No transaction is written either way.
        idempotency_key : str, optional
            The same key keeps one statement.

        Raises
        ------
        InvalidInput
            What cannot be read, with row, field and hint.
        """
        statement = read_statement(raw)

        def effect(unit: Unit, _told: list[Told]) -> ReconciliationView:
            view = self._read(actor, portfolio_id, statement)[0]
            stored = unit.reviews.add_reconciliation(actor.workspace_id, actor.user_id, portfolio_id, account=statement.account, day=statement.date,
                                                     statement=statement.kept(), breaks=len(view.breaks))
            told = {"portfolio": str(portfolio_id), "message": _named(view), "breaks": len(view.breaks)}
            audit(unit, actor, "create", "reconciliation", stored.id, after=told)
            return _of(view, stored)

        if keep:
            return self._writes.once(actor, Request("reconcile.compare", (portfolio_id, json.dumps(raw, default=str)), VIEW, idempotency_key), effect)
        return self._read(actor, portfolio_id, statement)[0]

    def find(self, actor: Actor, portfolio_id: UUID) -> list[StoredReconciliation]:
        """List the statements that were kept, those of the latest days first."""
        with self._database.read() as unit:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            return unit.reviews.reconciliations(actor.workspace_id, portfolio_id)

    def get(self, actor: Actor, portfolio_id: UUID, key: UUID) -> ReconciliationView:
        """Compare a kept statement with the ledger as it is now."""
        with self._database.read() as unit:
            stored = unit.reviews.reconciliation(actor.workspace_id, portfolio_id, key)
            return _of(self._compared(unit, actor, portfolio_id, read_statement(stored.statement)), stored)

    def accept(self, actor: Actor, portfolio_id: UUID, key: UUID, fix_id: str, *, idempotency_key: str | None = None) -> Mended:
        """Do what one fix of one break proposes, and keep what the statement then comes to.

        Raises
        ------
        NotFound
            There is no such fix: the break is gone, or its rows were changed.
        Conflict
            The ledger was changed meanwhile.
        """

        def effect(unit: Unit, told: list[Told]) -> Mended:
            stored = unit.reviews.reconciliation(actor.workspace_id, portfolio_id, key)
            view, known = self._read(actor, portfolio_id, read_statement(stored.statement))
            found = next(((each, fix) for each in view.breaks for name, fix in zip(each.fix_ids, each.fixes, strict=True) if name == fix_id), None)
            if found is None:
                raise NotFound("fix", fix_id)
            which, fix = found
            before = {"message": f"{_named(view)}: {which.name}", "break": which.key}
            done = mend(unit, actor, portfolio_id, fix, told, known=known, trail=("accept", "reconciliation", str(key), before))
            kept = {"fix": fix.label, "ids": [str(entry.id) for entry in done.transactions], "audit_id": str(done.audit_id)}
            unit.reviews.settle(stored, breaks=stored.breaks, settled={**stored.settled, which.key: kept})
            return done

        mended = self._writes.once(actor, Request("reconcile.accept", (portfolio_id, key, fix_id), MENDED, idempotency_key), effect)
        self.count(actor, portfolio_id, key)
        return mended

    def count(self, actor: Actor, portfolio_id: UUID, key: UUID) -> int:
        """Compare a kept statement again and keep how many breaks are left."""
        left = len(self.get(actor, portfolio_id, key).breaks)

        def effect(unit: Unit) -> None:
            stored = unit.reviews.reconciliation(actor.workspace_id, portfolio_id, key)
            if stored.breaks != left:
                unit.reviews.settle(stored, breaks=left, settled=stored.settled)

        self._database.run(effect)
        return left

    def forget(self, actor: Actor, portfolio_id: UUID, key: UUID, *, idempotency_key: str | None = None) -> None:
        """Delete a statement; the transactions that came of it stay."""

        def effect(unit: Unit, _told: list[Told]) -> None:
            stored = unit.reviews.reconciliation(actor.workspace_id, portfolio_id, key)
            unit.reviews.forget_reconciliation(actor.workspace_id, portfolio_id, key)
            audit(unit, actor, "remove", "reconciliation", key, before={"portfolio": str(portfolio_id), "message": f"statement of {stored.date}",
                                                                        "statement": stored.statement})

        self._writes.once(actor, Request("reconcile.forget", (portfolio_id, key), NOTHING, idempotency_key), effect)

    # ---------------------------------------------------------------------------------------------------------------------- comparing

    def _read(self, actor: Actor, portfolio_id: UUID, statement: Statement) -> tuple[ReconciliationView, int]:
        """Compare with what is committed; what a write has not committed must not be kept in the books of its revision."""
        with self._database.read() as unit:
            return self._compared(unit, actor, portfolio_id, statement), unit.portfolios.get(actor.workspace_id, portfolio_id).revision

    def _compared(self, unit: Unit, actor: Actor, portfolio_id: UUID, statement: Statement) -> ReconciliationView:
        portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
        sides = self._sides(unit, actor, portfolio, statement)
        matched: list[Matched] = []
        raw = [*_positions(sides, statement, matched), *_cash(sides, statement, matched)]
        breaks = tuple(_with_effects(unit, actor, sides.booked, each, fixes) for each, fixes in raw)
        return ReconciliationView(None, portfolio.id, portfolio.name, statement.account, statement.date, breaks, tuple(matched), statement.kept(),
                                  reconciled=not breaks)

    def _sides(self, unit: Unit, actor: Actor, portfolio: Portfolio, statement: Statement) -> Sides:
        booked = self._valuation.booked(unit, actor, portfolio)
        _check_account(unit, portfolio, statement.account)
        by_isin = _isins(unit, actor, statement)
        wanted = {*booked.symbols, *(by_isin.get(line.key, line.key) for line in statement.positions)}
        instruments = unit.instruments.by_symbols(actor.workspace_id, sorted(wanted))
        ledger = _of_account(booked.ledger, statement.account)
        until = ledger[ledger["date"] <= pd.Timestamp(statement.date)].reset_index(drop=True)
        told = book(until, base_currency=portfolio.base_currency, fx=booked.fx, cost_method=booked.book.cost_method.value,
                    multipliers={symbol: float(each.multiplier) for symbol, each in instruments.items()},
                    currencies={symbol: each.currency for symbol, each in instruments.items()})
        closes = read_closes(unit, booked, instruments)
        actions = unit.instruments.actions_of([each.id for each in instruments.values()]) if instruments else {}
        return Sides(portfolio, booked, ledger, told, instruments, by_isin, closes, actions)


def _isins(unit: Unit, actor: Actor, statement: Statement) -> dict[str, str]:
    """Find the symbols of the ISINs that a statement names."""
    if all(len(line.key) != 12 for line in statement.positions):
        return {}
    return {each.isin: each.symbol for each in unit.instruments.find_all(actor.workspace_id) if each.isin}


def _check_account(unit: Unit, portfolio: Portfolio, account: str | None) -> None:
    known = unit.portfolios.accounts(portfolio.id) if account else []
    if account and account not in known:
        hint = f"Use one of {', '.join(known)}, or leave account out" if known else "Leave account out: this portfolio has none"
        raise InvalidInput("account", account, "is not an account of this portfolio", hint=hint, rule="unknown_value")


def _of_account(ledger: pd.DataFrame, account: str | None) -> pd.DataFrame:
    """Give the rows of an account; a corporate action without one is about all."""
    if account is None:
        return ledger
    of_all = ledger["kind"].isin([kind.value for kind in OF_ALL_ACCOUNTS]) & ledger["account"].isna()
    return ledger[(ledger["account"] == account) | of_all].reset_index(drop=True)


def _positions(sides: Sides, statement: Statement, matched: list[Matched]) -> Iterator[tuple[Break, list[Fix]]]:
    held = {str(symbol): float(quantity) for symbol, quantity in sides.told.positions["quantity"].items() if abs(quantity) > SAME_QUANTITY}
    theirs = {sides.by_isin.get(line.key, line.key): line for line in statement.positions}
    names = [*theirs, *(symbol for symbol in held if symbol not in theirs and statement.complete and statement.positions)]
    for symbol in names:
        line, ours = theirs.get(symbol), held.get(symbol, 0.0)
        there = float(line.quantity) if line else 0.0
        if symbol not in sides.instruments:
            hint = f"{symbol} is not a known instrument: add it, then compare again"
            yield Break(symbol, "unknown_instrument", symbol, None, there, None, hint), []
        elif abs(ours - there) > SAME_QUANTITY * max(1.0, abs(there)):
            yield _quantity(sides, statement, symbol, ours, line)
        else:
            if there:
                matched.append(Matched(symbol, _name(sides, symbol), ours, there))
            yield from _cost(sides, symbol, line)


def _quantity(sides: Sides, statement: Statement, symbol: str, ours: float, line: Line | None) -> tuple[Break, list[Fix]]:
    there = float(line.quantity) if line else 0.0
    mine = sides.booked.ledger if statement.account is None else sides.ledger
    rows = mine[(mine["symbol"] == symbol) | (mine["to_symbol"] == symbol)]
    day = pd.Timestamp(statement.date)
    price = float(line.price) if line and line.price else _close(sides, symbol, statement.date)
    every = sides.booked.ledger
    every = every[(every["symbol"] == symbol) & (every["date"] <= day)] if statement.account and not len(rows) else rows[rows["date"] <= day]
    cause, fixes = causes.of_position(Held(symbol, ours, there, statement.date, statement.account, price, every, rows[rows["date"] > day],
                                           sides.actions.get(sides.instruments[symbol].id, [])))
    kind = "missing_here" if not ours else "missing_there" if not there else "quantity"
    return Break(symbol, kind, _name(sides, symbol), ours, there, there - ours, cause), fixes


def _close(sides: Sides, symbol: str, day: date) -> float | None:
    known = sides.closes[symbol].dropna() if symbol in sides.closes else pd.Series(dtype="float64")
    past = known[known.index <= pd.Timestamp(day)]
    return float(past.iloc[-1]) if len(past) else None


def _cost(sides: Sides, symbol: str, line: Line | None) -> Iterator[tuple[Break, list[Fix]]]:
    """Compare the cost where the statement tells one; how to mend it lies in the single purchases."""
    if line is None or line.cost is None:
        return
    ours, there = float(sides.told.positions["cost_local"].get(symbol, 0.0)), float(line.cost)
    if abs(ours - there) > max(SAME_COST, 1e-6 * abs(there)):
        hint = f"The quantities agree. Booked by {sides.told.cost_method.value}: another cost method, or fees outside of the cost, explain most"
        yield Break(f"cost:{symbol}", "cost", f"Cost of {_name(sides, symbol)}", ours, there, there - ours, hint), []


def _cash(sides: Sides, statement: Statement, matched: list[Matched]) -> Iterator[tuple[Break, list[Fix]]]:
    ours = {str(code): float(balance) for code, balance in sides.told.cash["balance"].items()}
    for code, amount in statement.cash.items():
        mine, there = ours.get(code, 0.0), float(amount)
        if abs(mine - there) <= SAME_CASH:
            matched.append(Matched(f"cash:{code}", f"Cash {code}", mine, there))
            continue
        rows = sides.ledger[sides.ledger["currency"] == code]
        cause, fixes = causes.of_cash(code, there - mine, statement.date, statement.account, rows)
        yield Break(f"cash:{code}", "cash", f"Cash {code}", mine, there, there - mine, cause), fixes


def _name(sides: Sides, symbol: str) -> str:
    known = sides.instruments.get(symbol)
    return f"{symbol} {known.name}" if known and known.name != symbol else symbol


def _with_effects(unit: Unit, actor: Actor, booked: Booked, each: Break, fixes: list[Fix]) -> Break:
    named = {str(operation["id"]) for fix in fixes for operation in fix.operations if "id" in operation}
    newest = {str(key): versions[-1] for key, versions in unit.ledger.by_ids([UUID(name) for name in named]).items()}
    plain = [FixView(fix.label, tuple(versioned(operation, newest) for operation in fix.operations), FixEffect()) for fix in fixes]
    shown = previewed(unit, actor, booked, plain)
    return replace(each, fixes=shown, fix_ids=tuple(_fix_id(each, fix) for fix in shown))


def _fix_id(each: Break, fix: FixView) -> str:
    """Name a fix by what it does to which break: another difference is another fix."""
    text = json.dumps([each.key, each.difference, fix.operations], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _of(view: ReconciliationView, stored: StoredReconciliation) -> ReconciliationView:
    return replace(view, id=stored.id, created_at=stored.created_at, version=stored.version, settled=stored.settled)


def _named(view: ReconciliationView) -> str:
    where = f" of {view.account}" if view.account else ""
    return f"Statement{where} of {view.date}"

