"""Rules of one's own: written, tried on history, switched on, asked with those of the house, changed and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data.database import Unit
from data.records import AuditEntry
from data.suggestion_records import StoredCustomRule
from engine.advice.expressions import LONGEST, parse
from engine.advice.expressions_words import FUNCTIONS, GROUPS, METRICS
from engine.advice.policy import Policy
from engine.advice.rules import Ran
from engine.errors import Conflict, LimitExceeded, NotFound
from engine.types import Actor, Portfolio, Severity
from services import fields
from services.advice.facts import FactsReader, Read
from services.advice.own_rules import asked
from services.advice.policy import NO_WAY_BACK, Policies
from services.advice.policy_reading import flag
from services.advice.rule_trials import tried
from services.advice.timelines import Timelines
from services.advice.views_rules import CustomRule, RuleTrial, Word
from services.fields import Place, Reader
from services.review_views import Mended
from services.views import ALL
from services.writes import NOTHING, Request, Told, Writes, audit

ENTITY: Final = "custom_rule"
MOST: Final = 100  # of one workspace
KEPT: TypeAdapter[CustomRule] = TypeAdapter(CustomRule)


def _expression(place: Place, value: object) -> str:
    found = fields.text(place, value, limit=LONGEST)
    if found is None:
        raise place.refusal(value, "required", "is empty", "Write a comparison: weight of any holding > 20 %")
    parse(found)
    return found


def _scope(place: Place, value: object) -> UUID | None:
    return None if str(value).strip().lower() == ALL else fields.uuid(place, value)


def _name(place: Place, value: object) -> str:
    found = fields.text(place, value, limit=80)
    if found is None:
        raise place.refusal(value, "required", "is empty", "Give the rule a name")
    return found


READERS: Final[Mapping[str, Reader]] = {
    "name": _name, "expression": _expression, "scope": _scope,
    "severity": lambda place, value: fields.choice(place, value, [each.value for each in Severity]),
    "fix": lambda place, value: fields.text(place, value, limit=500), "active": flag,
}
TRIAL: Final[Mapping[str, Reader]] = {"expression": _expression, "scope": lambda place, value: str(fields.uuid(place, value)),
                                      "start": fields.calendar_date, "end": fields.calendar_date}


class CustomRules:
    """Rules that the actor's workspace wrote."""

    def __init__(self, writes: Writes, reader: FactsReader, policies: Policies, timelines: Timelines) -> None:
        self._writes, self._database = writes, writes.database
        self._reader, self._policies, self._timelines = reader, policies, timelines

    def find(self, actor: Actor) -> list[CustomRule]:
        """List them, oldest first."""
        with self._database.read() as unit:
            return [rule_of(each) for each in unit.advice.rules(actor.workspace_id)]

    def get(self, actor: Actor, rule_id: UUID) -> CustomRule:
        """Give a rule; `NotFound` where the workspace has none under this id."""
        with self._database.read() as unit:
            return rule_of(unit.advice.rule(actor.workspace_id, rule_id))

    def create(self, actor: Actor, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> CustomRule:
        """Add a rule; it is switched off until it is told to be active.

        Parameters
        ----------
        actor : Actor
        raw : Mapping
            `name` and `expression` (required), `scope` (portfolio id, or "all"), `severity` (info), `fix`, `active` (false).
        idempotency_key : str, optional
            The same key gives the same rule again.

        Raises
        ------
        InvalidInput
            What cannot be read; of an expression, with the place where it stands.
        LimitExceeded
            The workspace has 100 rules.
        """
        found = fields.record(raw, READERS, required=("name", "expression"))

        def effect(unit: Unit, _told: list[Told]) -> CustomRule:
            if len(unit.advice.rules(actor.workspace_id)) >= MOST:
                raise LimitExceeded("rules", limit=MOST)
            stored = unit.advice.add_rule(actor.workspace_id, actor.user_id, _columns(unit, actor, found))
            audit(unit, actor, "create", ENTITY, stored.id, after=_shown(stored))
            return rule_of(stored)

        return self._writes.once(actor, Request("custom_rules.create", (dict(raw),), KEPT, idempotency_key), effect)

    def change(self, actor: Actor, rule_id: UUID, version: int, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> CustomRule:
        """Change fields of the version that was read; `Conflict` where somebody was faster."""
        found = fields.record(raw, READERS)

        def effect(unit: Unit, _told: list[Told]) -> CustomRule:
            before = unit.advice.rule(actor.workspace_id, rule_id)
            news = {name: value for name, value in found.items() if value is not None or name in {"fix", "scope"}}
            changed = unit.advice.change_rule(actor.workspace_id, rule_id, version, _columns(unit, actor, {**_sent(before), **news}))
            audit(unit, actor, "change", ENTITY, rule_id, before=_shown(before), after=_shown(changed))
            return rule_of(changed)

        return self._writes.once(actor, Request("custom_rules.change", (rule_id, version, dict(raw)), KEPT, idempotency_key), effect)

    def remove(self, actor: Actor, rule_id: UUID, version: int, *, idempotency_key: str | None = None) -> None:
        """Take a rule out of sight; `undo` brings it back."""

        def effect(unit: Unit, _told: list[Told]) -> None:
            removed = unit.advice.remove_rule(actor.workspace_id, rule_id, version)
            audit(unit, actor, "remove", ENTITY, rule_id, before=_shown(removed))

        self._writes.once(actor, Request("custom_rules.remove", (rule_id, version), NOTHING, idempotency_key), effect)

    def undo(self, actor: Actor, rule_id: UUID, *, idempotency_key: str | None = None) -> CustomRule | None:
        """Take the last change of a rule back; None where the rule is gone by that. An undo is taken back by the next."""

        def effect(unit: Unit, told: list[Told]) -> CustomRule | None:
            entries = unit.trail.find(actor.workspace_id, entity=ENTITY, entity_id=str(rule_id), limit=1)
            if not entries:
                raise NotFound("rule", rule_id)
            rule_undone(unit, actor, entries[0], told)
            found = [each for each in unit.advice.rules(actor.workspace_id) if each.id == rule_id]
            return rule_of(found[0]) if found else None

        result: TypeAdapter[CustomRule | None] = TypeAdapter(CustomRule | None)
        return self._writes.once(actor, Request("custom_rules.undo", (rule_id,), result, idempotency_key), effect)

    # ----------------------------------------------------------------------------------------------------------------------------- asking

    def try_out(self, actor: Actor, raw: object) -> RuleTrial:
        """Try an expression on the history of a portfolio, once a trading day; nothing is kept.

        Parameters
        ----------
        actor : Actor
        raw : Mapping
            `expression` and `scope` (a portfolio id), required; `start`, `end`.

        Raises
        ------
        InvalidInput
            What cannot be read; an unknown name or something that would take too long, with the place in the expression.
        NotFound
            No such portfolio.
        """
        found = fields.record(raw, TRIAL, required=("expression", "scope"))
        start: date | None = found.get("start")
        end: date | None = found.get("end")
        if start and end and end <= start:
            raise Place("end").refusal(end.isoformat(), "order", "is not after start", "Exchange start and end")
        portfolio_id = UUID(found["scope"])
        read = self._read(actor, portfolio_id)
        return tried(parse(found["expression"]), self._timelines.timeline(actor, portfolio_id, read), start, end)

    def ran(self, actor: Actor, portfolio: Portfolio, policy: Policy, read: Read) -> tuple[Ran, ...]:
        """Ask the active rules of a portfolio, with what came of each."""
        with self._database.read() as unit:
            rules = [each for each in unit.advice.rules(actor.workspace_id) if each.active and each.portfolio_id in {None, portfolio.id}]
        if not rules:
            return ()
        line = self._timelines.timeline(actor, portfolio.id, read)
        return tuple(asked(rule, line, read.facts, policy) for rule in rules)

    def names(self, actor: Actor, portfolio_id: UUID) -> dict[str, tuple[str, ...]]:
        """List what a rule can name in a portfolio: everything that was ever held, and the words that it has, by kind."""
        line = self._timelines.timeline(actor, portfolio_id, self._read(actor, portfolio_id))
        return {kind: line.names(kind) for kind in GROUPS}

    def _read(self, actor: Actor, portfolio_id: UUID) -> Read:
        told = self._policies.get(actor, portfolio_id)
        return self._reader.read(actor, portfolio_id, told.policy, told.resolved)

    @staticmethod
    def words() -> tuple[Word, ...]:
        """List the words of the language."""
        metrics = [Word(each.name, "metric", each.unit, each.meaning, each.example, each.history) for each in METRICS.values()]
        groups = [Word(name, "scope", "", f"Any {name}, or one by its name in quotes.", f"weight of any {name} > 30 %") for name in GROUPS]
        plain = [Word("portfolio", "scope", "", "All of it; where no scope is given.", "drawdown(250) of portfolio < -10 %"),
                 Word("benchmark", "scope", "", "What the portfolio is measured against.", "volatility(60) > 1.5 * volatility(60) of benchmark"),
                 Word("cash", "scope", "", "Cash of all currencies.", "value of cash < 1000")]
        functions = [Word(each.name, "function", "", each.meaning, each.example) for each in FUNCTIONS.values()]
        return (*metrics, *plain, *groups, *functions)


def rule_of(stored: StoredCustomRule) -> CustomRule:
    """Tell a rule."""
    return CustomRule(stored.id, stored.version, stored.name, stored.expression, str(stored.portfolio_id or ALL), Severity(stored.severity),
                      stored.fix, stored.active, stored.created_at, stored.changed_at)


def _sent(stored: StoredCustomRule) -> dict[str, Any]:
    return {"name": stored.name, "expression": stored.expression, "scope": stored.portfolio_id, "severity": stored.severity, "fix": stored.fix,
            "active": stored.active}


def _columns(unit: Unit, actor: Actor, found: Mapping[str, Any]) -> dict[str, Any]:
    """Give a rule that was read as the table holds it."""
    portfolio_id = found.get("scope")
    if portfolio_id is not None:
        unit.portfolios.get(actor.workspace_id, portfolio_id)
    return {"portfolio_id": portfolio_id, "name": found["name"], "expression": found["expression"],
            "severity": found.get("severity") or Severity.INFO.value, "fix": found.get("fix"), "active": bool(found.get("active"))}


def _shown(stored: StoredCustomRule) -> dict[str, Any]:
    return {**_sent(stored), "scope": str(stored.portfolio_id or ALL), "version": stored.version}


def rule_undone(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
    """Take an entry of the audit trail about a rule back."""
    before, after, key = _told_of(entry.before), _told_of(entry.after), UUID(entry.entity_id)
    if before is None and after is None:
        raise Conflict(NO_WAY_BACK, entity=entry.entity, action=entry.action, rule="no_way_back")
    if after is None:
        stored = unit.advice.restore_rule(actor.workspace_id, key, int((before or {})["version"]))
        kept_before, kept_after = None, _shown(stored)
    elif before is None:
        kept_before, kept_after = _shown(unit.advice.remove_rule(actor.workspace_id, key, int(after["version"]))), None
    else:
        scope = None if before["scope"] == ALL else UUID(before["scope"])
        stored = unit.advice.change_rule(actor.workspace_id, key, int(after["version"]), _columns(unit, actor, {**before, "scope": scope}))
        kept_before, kept_after = after, _shown(stored)
    undone = audit(unit, actor, "undo", ENTITY, key, before=kept_before, after={**(kept_after or {}), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


def _told_of(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give what was kept of a rule; nothing where only the entry that was undone is named."""
    return {name: value for name, value in (state or {}).items() if name != "undoes"} or None
