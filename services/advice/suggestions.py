"""What one could do about a portfolio: asked of the rules, remembered, dismissed, done, taken back."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from data import calendar
from data.database import Unit
from data.records import AuditEntry
from data.suggestion_records import StoredSuggestion
from engine.advice.rules import advise
from engine.errors import Conflict, InvalidInput, NotFound, StorageError
from engine.types import Actor, Portfolio
from services import fields
from services.advice.custom_rules import CustomRules
from services.advice.facts import FactsReader
from services.advice.outcomes import Outcomes
from services.advice.policy import Policies
from services.advice.replays import Replays
from services.advice.suggestion_views import Asked, done_with, key_of, run_view, suggestion_view, told
from services.advice.views_rules import HistoryView, SuggestionsView, SuggestionView
from services.books.service import once
from services.books.valuation import Valuation, display_currency, read_scope
from services.fields import Place, Reader
from services.review_views import Mended
from services.views import ALL
from services.writes import NOTHING, Request, Told, Writes, audit

ENTITY: Final = "suggestion"
REASON_LENGTH: Final = 500
QUIET_DAYS: Final = 14  # after it was done until it may be suggested again: trades take days to be booked
log = logging.getLogger("portolan.services")


def _reason(place: Place, value: object) -> str | None:
    return fields.text(place, value, limit=REASON_LENGTH)


DISMISSAL: Final[Mapping[str, Reader]] = {"reason": _reason, "until": fields.calendar_date}
DEED: Final[Mapping[str, Reader]] = {"note": _reason}


class Suggestions:
    """Suggestions for the actor's portfolios."""

    def __init__(self, writes: Writes, reader: FactsReader, policies: Policies, own: CustomRules, valuation: Valuation,
                 replays: Replays) -> None:
        self._writes, self._database = writes, writes.database
        self._reader, self._policies, self._own, self._valuation, self._replays = reader, policies, own, valuation, replays
        self._outcomes = Outcomes(self._database)

    def find(self, actor: Actor, scope: str | UUID = ALL, *, begin: bool = False) -> SuggestionsView:
        """Tell what one could do about a portfolio, or about all: open suggestions by expected benefit over effort.

        What is suggested for the first time, and what holds no longer, is written down for the history.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all": each portfolio by its own policy.
        begin : bool
            Begin to try the fixes on the past, where that was not done for the ledger, prices and policy of now.

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        """
        with self._database.read() as unit:
            portfolios = read_scope(unit, actor, str(scope))
        every = [self._replays.attached(actor, self._remembered(actor, self._asked(actor, portfolio)), begin=begin) for portfolio in portfolios]
        return _view(str(scope), portfolios, every, self._rates(actor, portfolios))

    def _rates(self, actor: Actor, portfolios: Sequence[Portfolio]) -> dict[UUID | None, float]:
        """Tell what the money of each portfolio is in the currency in which all are told together."""
        if len({each.base_currency for each in portfolios}) < 2:
            return {each.id: 1.0 for each in portfolios}
        rows = self._valuation.compare(actor)
        return {UUID(row.id): row.value_display / row.value if row.value and math.isfinite(row.value_display) else 1.0 for row in rows}

    def history(self, actor: Actor, scope: str | UUID = ALL) -> tuple[HistoryView, ...]:
        """Tell everything that was ever suggested, what was decided, and what came of what was done; the newest first."""
        with self._database.read() as unit:
            portfolios = {each.id: each for each in read_scope(unit, actor, str(scope))}
            stored = unit.advice.suggestions(actor.workspace_id, list(portfolios))
        asked = {key: self._asked(actor, portfolios[key]) for key in dict.fromkeys(each.portfolio_id for each in stored if each.done)}
        return tuple(self._outcomes.told(actor, each, asked.get(each.portfolio_id)) for each in stored)

    # --------------------------------------------------------------------------------------------------------------------------- deciding

    def dismiss(self, actor: Actor, portfolio_id: UUID, key: str, raw: object, *, idempotency_key: str | None = None) -> SuggestionsView:
        """Put a suggestion aside, with a reason, until a day or for good.

        Raises
        ------
        NotFound
            No such suggestion.
        InvalidInput
            A day that is over, a reason that is too long.
        Conflict
            It is dismissed already.
        """
        found = fields.record(raw or {}, DISMISSAL)
        until: date | None = found.get("until")
        if until is not None and until <= calendar.today():
            raise Place("until").refusal(until.isoformat(), "past_date", "is over", "Send a day to come, or leave it out: dismissed for good")
        values = {"state": "dismissed", "reason": found.get("reason"), "until": until}
        return self._decided(actor, portfolio_id, key, ("dismiss", values), idempotency_key)

    def done(self, actor: Actor, portfolio_id: UUID, key: str, raw: object, *, idempotency_key: str | None = None) -> SuggestionsView:
        """Say that a suggestion was done; its numbers of now are kept, so that the history can tell what came of it.

        Raises
        ------
        NotFound, InvalidInput, Conflict
            As in `dismiss`.
        """
        note = fields.record(raw or {}, DEED).get("note")
        asked = self._asked(actor, self._portfolio(actor, portfolio_id))
        view = next((each for each in asked.views if each.key == key), None)
        kept = done_with(view, asked.read.facts.value, asked.read.facts.base_currency, note, calendar.now())
        return self._decided(actor, portfolio_id, key, ("done", {"state": "done", "reason": note, "until": None, "done": kept}), idempotency_key)

    def undo(self, actor: Actor, portfolio_id: UUID, key: str, *, idempotency_key: str | None = None) -> SuggestionsView:
        """Take the last decision about a suggestion back; an undo is taken back by the next."""

        def effect(unit: Unit, told_: list[Told]) -> None:
            entries = unit.trail.find(actor.workspace_id, entity=ENTITY, entity_id=f"{portfolio_id}/{key}", limit=1)
            if not entries:
                raise NotFound("decision about a suggestion", key)
            suggestion_undone(unit, actor, entries[0], told_)

        self._writes.once(actor, Request("suggestions.undo", (portfolio_id, key), NOTHING, idempotency_key), effect)
        return self.find(actor, portfolio_id)

    def _decided(self, actor: Actor, portfolio_id: UUID, key: str, decision: tuple[str, dict[str, Any]],
                 idempotency_key: str | None) -> SuggestionsView:
        action, values = decision

        def effect(unit: Unit, _told: list[Told]) -> None:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            before = unit.advice.suggestion(actor.workspace_id, portfolio_id, key)
            if before.state == values["state"] and (before.reason, before.until) == (values["reason"], values["until"]):
                raise Conflict(f"It is {before.state} already.", key=key, state=before.state, hint="Undo it first", rule="decided")
            at = calendar.now()
            moved = {**values, "decided_at": at, "time": [values["state"], at.isoformat(), values["reason"]]}
            after = unit.advice.move(actor.workspace_id, portfolio_id, key, before.version, moved)
            audit(unit, actor, action, ENTITY, f"{portfolio_id}/{key}", before=_shown(before), after=_shown(after))

        asked = (portfolio_id, key, {name: value for name, value in values.items() if name != "done"})
        self._writes.once(actor, Request(f"suggestions.{action}", asked, NOTHING, idempotency_key), effect)
        return self.find(actor, portfolio_id)

    # ----------------------------------------------------------------------------------------------------------------------------- asking

    def _portfolio(self, actor: Actor, portfolio_id: UUID) -> Portfolio:
        with self._database.read() as unit:
            return unit.portfolios.get(actor.workspace_id, portfolio_id)

    def _asked(self, actor: Actor, portfolio: Portfolio) -> Asked:
        told_ = self._policies.get(actor, portfolio.id)
        read = self._reader.read(actor, portfolio.id, told_.policy, told_.resolved)
        ran = (*advise(read.facts, told_.policy), *self._own.ran(actor, portfolio, told_.policy, read))
        with self._database.read() as unit:
            stored = {each.key: each for each in unit.advice.suggestions(actor.workspace_id, [portfolio.id])}
        views = [suggestion_view(run, found, portfolio, stored.get(key_of(found.advice.rule, found.advice.subject)))
                 for run in ran for found in run.found]
        return Asked(portfolio, told_.policy, read, ran, tuple(sorted(views, key=_by_score)), stored)

    def _remembered(self, actor: Actor, asked: Asked) -> Asked:
        """Write down what is new and what is gone; where that cannot be kept now, the answer stands all the same."""
        moves = dict(_moves(asked, calendar.now()))
        fresh = {view.key: told(view) for view in asked.views if view.key not in asked.stored}
        if not moves and not fresh:
            return asked

        def work(unit: Unit) -> dict[str, StoredSuggestion]:
            unit.advice.see(actor.workspace_id, actor.user_id, asked.portfolio.id, fresh, calendar.now())
            for key, values in moves.items():
                unit.advice.move(actor.workspace_id, asked.portfolio.id, key, asked.stored[key].version, values)
            return {each.key: each for each in unit.advice.suggestions(actor.workspace_id, [asked.portfolio.id])}

        try:
            stored = self._database.run(work)
        except StorageError:  # another tab wrote the same down, or nothing can be written now
            log.info("suggestions not remembered", extra={"portfolio": str(asked.portfolio.id)})
            return asked
        views = tuple(_with(view, stored.get(view.key)) for view in asked.views)
        return replace(asked, stored=stored, views=views)


def _with(view: SuggestionView, stored: StoredSuggestion | None) -> SuggestionView:
    if stored is None:
        return view
    dismissed = stored.state == "dismissed"
    return replace(view, state=stored.state, reason_dismissed=stored.reason if dismissed else None, until=stored.until if dismissed else None,
                   decided_at=stored.decided_at, first_seen=stored.created_at)


def _moves(asked: Asked, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """List what has another state by now than when it was looked at last."""
    holds = {view.key: view for view in asked.views}
    mute = {run.rule.key for run in asked.ran if run.state in {"off", "unknown"}}
    found: list[tuple[str, dict[str, Any]]] = []
    for key, stored in asked.stored.items():
        if key in holds:
            back = _is_back(stored, now)
            if back:
                found.append((key, {"state": "open", "reason": None, "until": None, "told": told(holds[key]), "seen_at": now,
                                    "time": ["back", now.isoformat(), None]}))
            elif stored.seen_at.date() < now.date():
                found.append((key, {"told": told(holds[key]), "seen_at": now}))
        elif stored.state == "open" and stored.told.get("rule") not in mute:
            found.append((key, {"state": "gone", "time": ["gone", now.isoformat(), None]}))
    return found


def _is_back(stored: StoredSuggestion, now: datetime) -> bool:
    """Tell whether something that holds now is to be suggested again."""
    if stored.state == "dismissed":
        return stored.until is not None and stored.until <= now.date()
    if stored.state == "done":
        return stored.decided_at is not None and stored.decided_at + timedelta(days=QUIET_DAYS) < now
    return stored.state == "gone"


def _by_score(view: SuggestionView) -> tuple[float, str]:
    return -view.score, view.key


def _view(scope: str, portfolios: Sequence[Portfolio], every: Sequence[Asked], rates: Mapping[UUID | None, float]) -> SuggestionsView:
    """Put what was asked of portfolios together; scores of another currency are compared at its rate, and told in their own."""
    views = sorted((view for asked in every for view in asked.views), key=lambda view: (-view.score * rates.get(view.portfolio_id, 1.0), view.key))
    away = sorted((view for view in views if view.state == "dismissed"), key=lambda view: (view.until or date.max, view.key))
    return SuggestionsView(
        scope=scope, label=portfolios[0].name if scope != ALL and portfolios else "All portfolios",
        base_currency=display_currency(portfolios), value=sum(asked.read.facts.value * rates.get(asked.portfolio.id, 1.0) for asked in every),
        as_of=calendar.now(),
        suggestions=tuple(view for view in views if view.state == "open"), dismissed=tuple(away),
        rules=tuple(run_view(run) for asked in every for run in asked.ran), simulated=any(asked.read.view.simulated for asked in every),
        revisions={key: value for asked in every for key, value in asked.read.view.revisions.items()},
        findings=tuple(once([each for asked in every for each in asked.read.exposure.findings])))


def _shown(stored: StoredSuggestion) -> dict[str, Any]:
    return {"portfolio": str(stored.portfolio_id), "key": stored.key, "title": stored.told.get("title"), "state": stored.state,
            "reason": stored.reason, "until": stored.until and stored.until.isoformat(), "done": stored.done, "version": stored.version}


def suggestion_undone(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
    """Take a decision about a suggestion back: it is as it was before."""
    before, after = entry.before or {}, entry.after or {}
    if "state" not in before or "portfolio" not in after:
        raise Conflict("There is no way back from this.", entity=entry.entity, action=entry.action, rule="no_way_back")
    portfolio_id, key, at = UUID(after["portfolio"]), str(after["key"]), calendar.now()
    now = unit.advice.suggestion(actor.workspace_id, portfolio_id, key)
    if now.state != after["state"]:
        raise Conflict("It was decided otherwise since: take the later decision back first.", key=key, state=now.state, rule="decided")
    until = date.fromisoformat(before["until"]) if before.get("until") else None
    values = {"state": "open" if before["state"] == "gone" else before["state"], "reason": before.get("reason"), "until": until,
              "done": before.get("done"), "decided_at": at, "time": ["undone", at.isoformat(), None]}
    stored = unit.advice.move(actor.workspace_id, portfolio_id, key, now.version, values)
    undone = audit(unit, actor, "undo", ENTITY, f"{portfolio_id}/{key}", before=_shown(now), after={**_shown(stored), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


def read_key(key: str) -> str:
    """Read the key of a suggestion; what is no key names nothing."""
    if not key or len(key) > 200 or any(not letter.isprintable() for letter in key):
        raise InvalidInput("key", key, "is no key of a suggestion", hint="Send a key that GET .../suggestions told", rule="unknown_value")
    return key
