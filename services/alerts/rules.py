"""Rules of alerts: add, read, change, remove, take back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data.alert_records import StoredRule
from data.bus import RULES
from data.database import Unit
from data.records import AuditEntry
from engine.alerts import BEYOND, UNSEEN, Direction, Measure
from engine.errors import Conflict, InvalidInput, LimitExceeded, NotFound, UnknownInstrument
from engine.types import Actor
from services import fields
from services.alerts.rule_fields import OPTION_NAMES, Draft, Subject, merged, raw_of, read_rule, unit_of
from services.alerts.texts import title
from services.alerts.views import RuleView
from services.books.valuation import display_currency
from services.review_views import Mended
from services.views import ALL, Page
from services.writes import NOTHING, Request, Told, Writes, audit

RULE: TypeAdapter[RuleView] = TypeAdapter(RuleView)
ENTITY: Final = "alert"
MOST_RULES: Final = 1000  # of one workspace
CONDITIONS: Final = ("measure", "direction", "portfolio_id", "instrument_id", "threshold", "margin", "cool_down_seconds", "active", "options")
ALL_PORTFOLIOS: Final = "All portfolios"


class Rules:
    """Rules of the actor's workspace."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database

    def page(self, actor: Actor, *, limit: int = 100, after: UUID | None = None) -> Page[RuleView]:
        """List rules, oldest first, at most `limit` behind the one with id `after`."""
        with self._database.read() as unit:
            found = unit.alerts.find(actor.workspace_id, after=after, limit=limit + 1)
            display = _display(unit, actor)
        views = tuple(rule_view(each, display) for each in found[:limit])
        return Page(views, str(views[-1].id) if len(found) > limit else None)

    def get(self, actor: Actor, rule_id: UUID) -> RuleView:
        """Give a rule; `NotFound` where the workspace has none under this id."""
        with self._database.read() as unit:
            return _view(unit, actor, unit.alerts.get(actor.workspace_id, rule_id))

    def create(self, actor: Actor, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> RuleView:
        """Add a rule.

        Parameters
        ----------
        actor : Actor
        raw : Mapping
            `measure` and `threshold` (required), `direction`, `scope` (all), `symbol`, `margin`, `cool_down_seconds` (0), `active` (true), `note`,
            `channels`, and what the measure takes of `days`, `lookback`, `level`, `code`.
        idempotency_key : str, optional
            The same key gives the same rule again.

        Raises
        ------
        InvalidInput
            What cannot be read or does not fit together, with field and hint.
        LimitExceeded
            The workspace has 1,000 rules.
        """
        draft = read_rule(raw)

        def effect(unit: Unit, told: list[Told]) -> RuleView:
            if unit.alerts.count(actor.workspace_id) >= MOST_RULES:
                raise LimitExceeded("alerts", limit=MOST_RULES)
            stored = unit.alerts.add(actor.workspace_id, actor.user_id, columns(unit, actor, draft))
            audit(unit, actor, "create", ENTITY, stored.id, after=kept(unit, actor, stored))
            told.append(rules_changed(actor))
            return _view(unit, actor, stored)

        return self._writes.once(actor, Request("alerts.create", (dict(raw),), RULE, idempotency_key), effect)

    def change(self, actor: Actor, rule_id: UUID, version: int, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> RuleView:
        """Change fields of the version that was read; what it remembers begins anew unless only note or channels change.

        Raises
        ------
        Conflict
            Somebody changed it since; the context holds both versions.
        InvalidInput
            What cannot be read or does not fit together.
        """
        if not isinstance(raw, Mapping):
            read_rule(raw)

        def effect(unit: Unit, told: list[Told]) -> RuleView:
            before = unit.alerts.get(actor.workspace_id, rule_id)
            wanted = merged(before, raw)
            values = columns(unit, actor, read_rule(wanted if "channels" in raw else _still_told(unit, actor, wanted)))
            changed = unit.alerts.change(actor.workspace_id, rule_id, version, values)
            if all(getattr(before, name) == getattr(changed, name) for name in CONDITIONS):
                unit.alerts.keep_state(rule_id, before.version, changed.version)
            audit(unit, actor, "change", ENTITY, rule_id, before=kept(unit, actor, before), after=kept(unit, actor, changed))
            told.append(rules_changed(actor))
            return _view(unit, actor, changed)

        request = Request("alerts.change", (rule_id, version, dict(raw) if isinstance(raw, Mapping) else raw), RULE, idempotency_key)
        return self._writes.once(actor, request, effect)

    def remove(self, actor: Actor, rule_id: UUID, version: int, *, idempotency_key: str | None = None) -> None:
        """Take a rule out of sight; what it told stays, and `undo` brings it back."""

        def effect(unit: Unit, told: list[Told]) -> None:
            removed = unit.alerts.remove(actor.workspace_id, rule_id, version)
            audit(unit, actor, "remove", ENTITY, rule_id, before=kept(unit, actor, removed))
            told.append(rules_changed(actor))

        self._writes.once(actor, Request("alerts.remove", (rule_id, version), NOTHING, idempotency_key), effect)

    def undo(self, actor: Actor, rule_id: UUID, *, idempotency_key: str | None = None) -> RuleView | None:
        """Take the last change of a rule back: its removal, its change, or its making; an undo is taken back by the next.

        Returns
        -------
        RuleView or None
            The rule as it is now; None where it is gone.
        """

        def effect(unit: Unit, told: list[Told]) -> RuleView | None:
            entries = unit.trail.find(actor.workspace_id, entity=ENTITY, entity_id=str(rule_id), limit=1)
            if not entries:
                raise NotFound(ENTITY, rule_id)
            rule_undone(unit, actor, entries[0], told)
            found = [each for each in unit.alerts.find(actor.workspace_id) if each.id == rule_id]
            return _view(unit, actor, found[0]) if found else None

        result: TypeAdapter[RuleView | None] = TypeAdapter(RuleView | None)
        return self._writes.once(actor, Request("alerts.undo", (rule_id,), result, idempotency_key), effect)


def rules_changed(actor: Actor) -> Told:
    """Message that the rules of a workspace are others."""
    return Told(RULES, {"workspace": str(actor.workspace_id)})


def columns(unit: Unit, actor: Actor, draft: Draft) -> dict[str, Any]:
    """Give a rule as the table holds it, what it names found in the workspace."""
    portfolio_id, instrument = located(unit, actor, draft.subject)
    for place, channel in enumerate(draft.channels, start=1):
        _known_channel(unit, actor, channel, place)
    return {"measure": draft.rule.measure.value, "direction": draft.rule.direction.value, "portfolio_id": portfolio_id,
            "instrument_id": instrument[0] if instrument else None, "threshold": draft.threshold, "margin": draft.margin,
            "cool_down_seconds": int(draft.rule.cool_down_seconds), "active": draft.active, "note": draft.note, "options": draft.options,
            "channels": list(draft.channels)}


def located(unit: Unit, actor: Actor, subject: Subject) -> tuple[UUID | None, tuple[UUID, str] | None]:
    """Find portfolio and instrument that a rule is about."""
    portfolio_id = None
    if subject.scope != ALL:
        try:
            portfolio_id = unit.portfolios.get(actor.workspace_id, UUID(subject.scope)).id
        except NotFound as error:
            raise InvalidInput("scope", subject.scope, "is no portfolio of yours", hint="Send the id of a portfolio, or all",
                               rule="unknown_value") from error
    if subject.symbol is None:
        return portfolio_id, None
    found = unit.instruments.by_symbols(actor.workspace_id, [subject.symbol]).get(subject.symbol)
    if found is None:
        known = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)]
        raise UnknownInstrument(subject.symbol, near=fields.near(subject.symbol, known))
    return portfolio_id, (found.id, found.symbol)


def _known_channel(unit: Unit, actor: Actor, channel: UUID, place: int) -> None:
    try:
        unit.outbox.channel(actor.workspace_id, channel)
    except NotFound as error:
        raise InvalidInput("channels", channel, "is no channel of yours", hint="List them with GET /api/v1/alerts/channels", row=place,
                           rule="unknown_value") from error


def _still_told(unit: Unit, actor: Actor, raw: dict[str, Any]) -> dict[str, Any]:
    """Leave out the channels that were removed since: that somebody took one away must not hold a rule fast."""
    there = {str(each.id) for each in unit.outbox.channels(actor.workspace_id)}
    return {**raw, "channels": [each for each in raw["channels"] if each in there]}


def rule_view(stored: StoredRule, display: str) -> RuleView:
    """Tell a rule. `display`: the currency in which all portfolios are told."""
    unit, options = rule_unit(stored, display), stored.options
    state = "off" if not stored.active else "new" if stored.side == UNSEEN else "beyond" if stored.side == BEYOND else "armed"
    days, lookback, level, code = (options.get(name) for name in OPTION_NAMES)
    return RuleView(
        id=stored.id, version=stored.version, title=rule_title(stored, display), measure=stored.measure, direction=stored.direction,
        scope=str(stored.portfolio_id or ALL), portfolio=stored.portfolio, symbol=stored.symbol, threshold=stored.threshold, unit=unit,
        margin=stored.margin, cool_down_seconds=stored.cool_down_seconds, active=stored.active, note=stored.note, days=days, lookback=lookback,
        level=level, code=code, channels=stored.channels, state=state, last=stored.last, seen_at=stored.seen_at, fired_at=stored.fired_at,
        firings=stored.firings, created_at=stored.created_at, changed_at=stored.changed_at)


def rule_unit(stored: StoredRule, display: str) -> str:
    """Name the unit of a rule: money of a scope is in the scope's currency, though it be about one holding."""
    if stored.measure == Measure.VALUE.value:
        return unit_of(stored.measure, stored.scope_currency or display)
    return unit_of(stored.measure, stored.currency)


def rule_title(stored: StoredRule, display: str) -> str:
    """Say a rule in words."""
    where = stored.portfolio or ALL_PORTFOLIOS
    return title(Measure(stored.measure), Direction(stored.direction), stored.threshold, rule_unit(stored, display), subject=stored.symbol or where,
                 options=stored.options, within=where if stored.symbol else None)


def _view(unit: Unit, actor: Actor, stored: StoredRule) -> RuleView:
    return rule_view(stored, _display(unit, actor))


def _display(unit: Unit, actor: Actor) -> str:
    return display_currency(unit.portfolios.find(actor.workspace_id))


def kept(unit: Unit, actor: Actor, stored: StoredRule) -> dict[str, Any]:
    """Give a rule as the audit trail keeps it."""
    return {"name": rule_title(stored, _display(unit, actor)), **raw_of(stored), "version": stored.version}


# ------------------------------------------------------------------------------------------------------------------------- the way back


def rule_undone(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    """Take an entry of the audit trail about a rule back."""
    before, after, rule_id = _told(entry.before), _told(entry.after), UUID(entry.entity_id)
    if after is None and before is not None:
        now = unit.alerts.restore(actor.workspace_id, rule_id, int(before["version"]))
        kept_before, kept_after = None, kept(unit, actor, now)
    elif before is None and after is not None:
        now = unit.alerts.remove(actor.workspace_id, rule_id, int(after["version"]))
        kept_before, kept_after = kept(unit, actor, now), None
    elif before is not None and after is not None:
        values = columns(unit, actor, read_rule(_still_told(unit, actor, _sent(before))))
        now = unit.alerts.change(actor.workspace_id, rule_id, int(after["version"]), values)
        kept_before, kept_after = after, kept(unit, actor, now)
    else:
        raise Conflict("There is no way back from this.", entity=entry.entity, action=entry.action, rule="no_way_back")
    told.append(rules_changed(actor))
    undone = audit(unit, actor, "undo", ENTITY, rule_id, before=kept_before, after={**(kept_after or {}), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


def _told(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give what was kept of a rule; nothing where only the entry that was undone is named."""
    found = {name: value for name, value in (state or {}).items() if name != "undoes"}
    return found or None


def _sent(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name not in {"name", "version"}}

