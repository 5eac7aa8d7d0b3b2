"""Checks of the actor's ledgers: what is probably a mistake, how it could be mended, and what somebody said is no problem."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.records import Dismissal
from engine import LedgerFinding, ledger_checks, ledger_frame
from engine.errors import Conflict, InvalidInput, NotFound
from engine.types import Actor, CorporateAction, Instrument, Kind, Portfolio, Transaction
from services.books.service import Booked, Kept
from services.books.valuation import Valuation, read_scope
from services.operations import done, others_told
from services.review.effects import effect_of
from services.review_views import ChecksView, CheckView, FixEffect, FixView, Mended
from services.views import ALL
from services.writes import NOTHING, Request, Told, Writes, audit, ledger_changed, market_changed, touch_ledgers

MENDED: TypeAdapter[Mended] = TypeAdapter(Mended)
MOST_EFFECTS = 60  # findings whose fixes are previewed in a list; the others are when one is asked for
BEFORE_DAYS = 30  # closes from before the first transaction that tell a usual day
TITLES = {
    "oversold": "More sold than held", "wrong_account": "Sold from the wrong account", "duplicate": "There twice", "unknown_price": "No price known",
    "price_off_market": "Price far from the market", "unrecorded_split": "Split not recorded", "split_ratio_differs": "Split with another ratio",
    "dividend_after_sale": "Dividend after the sale", "dividend_not_held": "Dividend of what was not held", "negative_cash": "Cash below zero",
    "currency_mismatch": "Another currency", "amount_mismatch": "Quantity and price against the amount",
    "fee_out_of_proportion": "Fee out of proportion",
    "tax_out_of_proportion": "Tax out of proportion", "transfer_one_leg": "Transfer with one leg", "missing_cost": "Came in without a cost",
    "stale_rate": "Old exchange rate", "missing_rate": "No exchange rate", "same_day_swap": "Swap without costs",
    "spin_off_without_cost": "Spin-off without cost",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What the checks of one portfolio found at one revision."""

    views: tuple[CheckView, ...]
    transactions: int


class Checks:
    """Checks of the actor's portfolios."""

    def __init__(self, writes: Writes, valuation: Valuation) -> None:
        self._writes, self._database, self._valuation = writes, writes.database, valuation
        self._found: Kept[Found] = Kept(64)

    def find(self, actor: Actor, scope: str | UUID = ALL) -> ChecksView:
        """Check the ledgers of a scope.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        """
        with self._database.read() as unit:
            portfolios = read_scope(unit, actor, str(scope))
            parts = [self._of(unit, actor, portfolio) for portfolio in portfolios]
            dismissed = unit.reviews.dismissed(actor.workspace_id, [portfolio.id for portfolio in portfolios])
        views = sorted((view for part in parts for view in part.views), key=_grave)
        told = [replace(view, dismissed=view.id in dismissed) for view in views]
        return ChecksView(str(scope), calendar.now(), sum(part.transactions for part in parts), tuple(view for view in told if not view.dismissed),
                          tuple(view for view in told if view.dismissed), {str(each.id): each.revision for each in portfolios})

    def get(self, actor: Actor, scope: str | UUID, finding_id: str) -> CheckView:
        """Give one finding with the effect of every fix; `NotFound` where it is mended or its rows have changed."""
        return self._located(actor, scope, finding_id)[0]

    def _located(self, actor: Actor, scope: str | UUID, finding_id: str) -> tuple[CheckView, int]:
        """Find a finding, with the revision of the ledger it was found in."""
        with self._database.read() as unit:
            for portfolio in read_scope(unit, actor, str(scope)):
                view = next((each for each in self._of(unit, actor, portfolio).views if each.id == finding_id), None)
                if view is not None:
                    booked = self._valuation.booked(unit, actor, portfolio)
                    gone = finding_id in unit.reviews.dismissed(actor.workspace_id, [portfolio.id])
                    return replace(_previewed(unit, actor, booked, view), dismissed=gone), portfolio.revision
        raise NotFound("finding", finding_id)

    def apply(self, actor: Actor, scope: str | UUID, finding_id: str, fix: int = 0, *, idempotency_key: str | None = None) -> Mended:
        """Do what a fix of a finding proposes, all of it or nothing.

        Raises
        ------
        NotFound
            The finding is mended, or its rows have changed since.
        InvalidInput
            There is no such fix.
        Conflict
            A row was changed meanwhile; the context holds both versions.
        """
        request = Request("checks.apply", (str(scope), finding_id, fix), MENDED, idempotency_key)
        return self._writes.once(actor, request, lambda unit, told: self._apply(unit, actor, (str(scope), finding_id, fix), told))

    def _apply(self, unit: Unit, actor: Actor, asked: tuple[str, str, int], told: list[Told]) -> Mended:
        scope, finding_id, fix = asked
        view, revision = self._located(actor, scope, finding_id)
        if not 0 <= fix < len(view.fixes):
            hint = f"Use 0 to {len(view.fixes) - 1}" if view.fixes else "This finding has no fix of its own: correct the rows by hand"
            raise InvalidInput("fix", fix, "is not a fix of this finding", hint=hint, rule="unknown_value")
        chosen = view.fixes[fix]
        before = {"code": view.code, "message": view.message}
        return mend(unit, actor, view.portfolio_id, chosen, told, known=revision, trail=("apply", "check", finding_id, before))

    def dismiss(self, actor: Actor, scope: str | UUID, finding_id: str, *, idempotency_key: str | None = None) -> None:
        """Say that a finding is no problem: it stays away until its rows change."""
        view = self.get(actor, scope, finding_id)

        def effect(unit: Unit, _told: list[Told]) -> None:
            if unit.reviews.dismiss(actor.workspace_id, actor.user_id, view.portfolio_id, view.id, view.code, view.message):
                audit(unit, actor, "dismiss", "check", view.id, after=_noted(view))

        self._writes.once(actor, Request("checks.dismiss", (str(scope), finding_id), NOTHING, idempotency_key), effect)

    def restore(self, actor: Actor, scope: str | UUID, finding_id: str, *, idempotency_key: str | None = None) -> None:
        """Take back that a finding is no problem."""

        def effect(unit: Unit, _told: list[Told]) -> None:
            ids = [portfolio.id for portfolio in read_scope(unit, actor, str(scope))]
            kept = unit.reviews.dismissed(actor.workspace_id, ids).get(finding_id)
            if kept is None:
                raise NotFound("dismissed finding", finding_id)
            unit.reviews.restore(actor.workspace_id, finding_id)
            audit(unit, actor, "restore", "check", finding_id, after=_kept(kept))

        self._writes.once(actor, Request("checks.restore", (str(scope), finding_id), NOTHING, idempotency_key), effect)

    # ------------------------------------------------------------------------------------------------------------------------- finding

    def _of(self, unit: Unit, actor: Actor, portfolio: Portfolio) -> Found:
        """Check a portfolio once a revision and day."""
        booked = self._valuation.booked(unit, actor, portfolio)
        instruments = unit.instruments.by_symbols(actor.workspace_id, booked.symbols)
        quoted = frozenset(key for key in unit.market.latest([each.id for each in instruments.values()])) if instruments else frozenset()
        others = _others(unit, actor, portfolio, booked)
        key: Hashable = (portfolio.id, portfolio.revision, portfolio.version, calendar.today(), quoted, others)
        return self._found.get_or_compute(key, lambda: self._checked(unit, actor, booked, instruments, quoted))

    def _checked(self, unit: Unit, actor: Actor, booked: Booked, instruments: Mapping[str, Instrument], quoted: frozenset[UUID]) -> Found:
        portfolio = booked.portfolio
        findings = ledger_checks(
            booked.ledger, read_closes(unit, booked, instruments), booked.fx, base_currency=portfolio.base_currency, as_of=calendar.today(),
            actions=_actions(unit, instruments), currencies={symbol: each.currency for symbol, each in instruments.items()},
            multipliers={symbol: float(each.multiplier) for symbol, each in instruments.items()},
            quoted=frozenset(symbol for symbol, each in instruments.items() if each.id in quoted),
            elsewhere=_arrivals(unit, actor, portfolio), oversell=portfolio.oversell, booked=booked.book,
        )  # fmt: skip
        rows = unit.ledger.by_ids([UUID(name) for name in {name for finding in findings for name in finding.rows}])
        newest = {str(key): versions[-1] for key, versions in rows.items()}
        views = [_view(portfolio, finding, newest) for finding in findings]
        shown = [_previewed(unit, actor, booked, view) if place < MOST_EFFECTS else view for place, view in enumerate(views)]
        return Found(tuple(shown), len(booked.ledger))


def mend(unit: Unit, actor: Actor, portfolio_id: UUID, fix: FixView, told: list[Told], *, known: int,
         trail: tuple[str, str, str, dict[str, Any]]) -> Mended:
    """Do the operations of a fix on the ledger as it was `known`, and write them down. `trail`: action, entity, its id, what was found."""
    action, entity, entity_id, before = trail
    portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
    revision = unit.portfolios.bump(portfolio_id)
    if revision != known + 1:
        raise Conflict("The ledger was changed meanwhile.", expected_revision=known, found_revision=revision - 1,
                       hint="Read the findings again: this one may be mended")
    deed = done(unit, actor, portfolio, fix.operations)
    entry = audit(unit, actor, action, entity, entity_id, before=before, after={**deed.told(portfolio_id), "fix": fix.label})
    told.append(ledger_changed(actor, portfolio_id, revision))
    others_told(unit, actor, portfolio_id, deed, told)
    if deed.prices:
        told.append(market_changed(actor))
        touch_ledgers(unit, actor, told)
    return Mended(entry, fix.label, tuple(deed.stored))


def read_closes(unit: Unit, booked: Booked, instruments: Mapping[str, Instrument]) -> pd.DataFrame:
    """Read the closes of a ledger's symbols since shortly before its first day."""
    if not instruments or booked.ledger.empty:
        return pd.DataFrame(index=pd.DatetimeIndex([]))
    start = booked.ledger["date"].iloc[0].date() - timedelta(days=BEFORE_DAYS)
    closes = unit.instruments.closes([each.id for each in instruments.values()], start=max(start, date(1900, 1, 1)))
    return closes.rename(columns={each.id: symbol for symbol, each in instruments.items()})


def _actions(unit: Unit, instruments: Mapping[str, Instrument]) -> dict[str, list[CorporateAction]]:
    found = unit.instruments.actions_of([each.id for each in instruments.values()]) if instruments else {}
    return {symbol: found[each.id] for symbol, each in instruments.items() if each.id in found}


def _others(unit: Unit, actor: Actor, portfolio: Portfolio, booked: Booked) -> Hashable:
    """Name the state of the other ledgers, where one of them may hold the other leg of a transfer."""
    if not (booked.ledger["kind"] == Kind.TRANSFER_OUT.value).any():
        return ()
    return tuple((key, revision) for key, revision in sorted(unit.portfolios.revisions(actor.workspace_id).items()) if key != portfolio.id)


def _arrivals(unit: Unit, actor: Actor, portfolio: Portfolio) -> pd.DataFrame:
    others = [each for each in unit.portfolios.find(actor.workspace_id) if each.id != portfolio.id]
    return ledger_frame([entry for each in others for entry in unit.ledger.find(each.id, kind=Kind.TRANSFER_IN)])


def _view(portfolio: Portfolio, finding: LedgerFinding, newest: Mapping[str, Transaction]) -> CheckView:
    rows = tuple(newest[name] for name in finding.rows if name in newest)
    fixes = tuple(FixView(fix.label, tuple(versioned(operation, newest) for operation in fix.operations), FixEffect()) for fix in finding.fixes)
    day, title = date.fromisoformat(finding.date) if finding.date else None, TITLES.get(finding.code, finding.code)
    return CheckView(_id(portfolio, finding, rows), portfolio.id, portfolio.name, finding.code, title, finding.message, finding.severity,
                     finding.symbol, day, finding.hint, rows, fixes, _said(finding.context))


def _said(context: Mapping[str, Any]) -> dict[str, Any]:
    """Give what JSON can say."""
    return {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in context.items()}


def versioned(operation: Mapping[str, Any], newest: Mapping[str, Transaction]) -> dict[str, Any]:
    """Put the version that was read into an operation, so that it is refused where somebody was faster."""
    known = newest.get(str(operation.get("id")))
    return {**operation, "version": known.version} if known else dict(operation)


def _id(portfolio: Portfolio, finding: LedgerFinding, rows: Sequence[Transaction]) -> str:
    """Name a finding by what it is about: the same rows in the same versions are the same finding."""
    marks = [str(portfolio.id), finding.code, finding.key, *sorted(f"{row.id}:{row.version}" for row in rows)]
    return hashlib.sha256("|".join(marks).encode()).hexdigest()[:24]


def _previewed(unit: Unit, actor: Actor, booked: Booked, view: CheckView) -> CheckView:
    return replace(view, fixes=previewed(unit, actor, booked, view.fixes))


def previewed(unit: Unit, actor: Actor, booked: Booked, fixes: Sequence[FixView]) -> tuple[FixView, ...]:
    """Tell the effect of fixes."""
    named = {name for fix in fixes for each in fix.operations for name in _names(each)}
    instruments = unit.instruments.by_symbols(actor.workspace_id, sorted({*booked.symbols, *named}))
    return tuple(replace(fix, effect=effect_of(booked, fix.operations, instruments)) for fix in fixes)


def _names(operation: Mapping[str, Any]) -> list[str]:
    given = operation.get("draft") or operation.get("changes") or {}
    return [str(given[name]) for name in ("symbol", "to_symbol") if given.get(name)]


def _grave(view: CheckView) -> tuple[int, date]:
    return ("error", "warning", "info").index(view.severity.value), view.date or date.max


def _noted(view: CheckView) -> dict[str, Any]:
    return {"portfolio": str(view.portfolio_id), "code": view.code, "message": view.message}


def _kept(kept: Dismissal) -> dict[str, Any]:
    return {"portfolio": str(kept.portfolio_id), "code": kept.code, "message": kept.message}
