"""Named scenarios of a workspace: add, read, change, remove, take back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data.database import Unit
from data.records import AuditEntry, StoredScenario
from engine.errors import Conflict, LimitExceeded, NotFound
from engine.stress.scenario import Shock
from engine.types import Actor
from services import fields
from services.review_views import Mended
from services.stress.reading import HOUSE, READERS, raw_shock
from services.stress.views import Scenario
from services.writes import NOTHING, Request, Told, Writes, audit

ENTITY: Final = "scenario"
MOST: Final = 200  # of one workspace
KEPT: TypeAdapter[Scenario] = TypeAdapter(Scenario)


class Scenarios:
    """Scenarios of the actor's workspace, and those that come with the house."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database

    def find(self, actor: Actor) -> list[Scenario]:
        """List the workspace's own, oldest first."""
        with self._database.read() as unit:
            return [scenario_of(each) for each in unit.scenarios.find(actor.workspace_id)]

    def everything(self, actor: Actor) -> list[Scenario]:
        """List the workspace's own, then those that come with the house."""
        return [*self.find(actor), *HOUSE]

    def get(self, actor: Actor, scenario_id: UUID) -> Scenario:
        """Give a scenario; `NotFound` where the workspace has none under this id."""
        with self._database.read() as unit:
            return scenario_of(unit.scenarios.get(actor.workspace_id, scenario_id))

    def create(self, actor: Actor, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> Scenario:
        """Add a scenario.

        Parameters
        ----------
        actor : Actor
        raw : Mapping
            `name` and `shocks` (required; objects of `target name size`), `note`, `overlap` (specific).
        idempotency_key : str, optional
            The same key gives the same scenario again.

        Raises
        ------
        InvalidInput
            What cannot be read, with row, field and hint.
        LimitExceeded
            The workspace has 200 scenarios.
        """
        found = fields.record(raw, READERS, required=("name", "shocks"))

        def effect(unit: Unit, _told: list[Told]) -> Scenario:
            if len(unit.scenarios.find(actor.workspace_id)) >= MOST:
                raise LimitExceeded("scenarios", limit=MOST)
            stored = unit.scenarios.add(actor.workspace_id, actor.user_id, columns(found))
            audit(unit, actor, "create", ENTITY, stored.id, after=kept(stored))
            return scenario_of(stored)

        return self._writes.once(actor, Request("scenarios.create", (_plain(raw),), KEPT, idempotency_key), effect)

    def change(self, actor: Actor, scenario_id: UUID, version: int, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> Scenario:
        """Change fields of the version that was read; `Conflict` where somebody was faster."""
        found = fields.record(raw, READERS)

        def effect(unit: Unit, _told: list[Told]) -> Scenario:
            before = unit.scenarios.get(actor.workspace_id, scenario_id)
            news = {name: value for name, value in found.items() if value is not None or name == "note"}
            changed = unit.scenarios.change(actor.workspace_id, scenario_id, version, {**_values(before), **columns({**_read(before), **news})})
            audit(unit, actor, "change", ENTITY, scenario_id, before=kept(before), after=kept(changed))
            return scenario_of(changed)

        return self._writes.once(actor, Request("scenarios.change", (scenario_id, version, _plain(raw)), KEPT, idempotency_key), effect)

    def remove(self, actor: Actor, scenario_id: UUID, version: int, *, idempotency_key: str | None = None) -> None:
        """Take a scenario out of sight; `undo` brings it back."""

        def effect(unit: Unit, _told: list[Told]) -> None:
            removed = unit.scenarios.remove(actor.workspace_id, scenario_id, version)
            audit(unit, actor, "remove", ENTITY, scenario_id, before=kept(removed))

        self._writes.once(actor, Request("scenarios.remove", (scenario_id, version), NOTHING, idempotency_key), effect)

    def undo(self, actor: Actor, scenario_id: UUID, *, idempotency_key: str | None = None) -> Scenario | None:
        """Take the last change of a scenario back: its removal, its change, or its making; an undo is taken back by the next.

        Returns
        -------
        Scenario or None
            The scenario as it is now; None where it is gone.
        """

        def effect(unit: Unit, told: list[Told]) -> Scenario | None:
            entries = unit.trail.find(actor.workspace_id, entity=ENTITY, entity_id=str(scenario_id), limit=1)
            if not entries:
                raise NotFound(ENTITY, scenario_id)
            scenario_undone(unit, actor, entries[0], told)
            found = [each for each in unit.scenarios.find(actor.workspace_id) if each.id == scenario_id]
            return scenario_of(found[0]) if found else None

        result: TypeAdapter[Scenario | None] = TypeAdapter(Scenario | None)
        return self._writes.once(actor, Request("scenarios.undo", (scenario_id,), result, idempotency_key), effect)


def scenario_of(stored: StoredScenario) -> Scenario:
    """Tell a scenario."""
    shocks = tuple(Shock(each["target"], each["name"], each["size"]) for each in stored.shocks)
    return Scenario(stored.id, str(stored.id), stored.name, stored.note, shocks, stored.overlap, stored.version)


def columns(found: Mapping[str, Any]) -> dict[str, Any]:
    """Give a scenario that was read as the table holds it."""
    return {"name": found["name"], "note": found.get("note"), "shocks": [raw_shock(each) for each in found["shocks"]],
            "overlap": found.get("overlap") or "specific"}


def kept(stored: StoredScenario) -> dict[str, Any]:
    """Give a scenario as the audit trail keeps it."""
    return {**_values(stored), "version": stored.version}


def _values(stored: StoredScenario) -> dict[str, Any]:
    return {"name": stored.name, "note": stored.note, "shocks": stored.shocks, "overlap": stored.overlap}


def _read(stored: StoredScenario) -> dict[str, Any]:
    return {**_values(stored), "shocks": scenario_of(stored).shocks}


def _plain(raw: object) -> object:
    return dict(raw) if isinstance(raw, Mapping) else raw


def scenario_undone(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
    """Take an entry of the audit trail about a scenario back."""
    before, after, key = _told_of(entry.before), _told_of(entry.after), UUID(entry.entity_id)
    if after is None and before is not None:
        kept_before, kept_after = None, kept(unit.scenarios.restore(actor.workspace_id, key, int(before["version"])))
    elif before is None and after is not None:
        kept_before, kept_after = kept(unit.scenarios.remove(actor.workspace_id, key, int(after["version"]))), None
    elif before is not None and after is not None:
        values = {name: before[name] for name in ("name", "note", "shocks", "overlap")}
        kept_before, kept_after = after, kept(unit.scenarios.change(actor.workspace_id, key, int(after["version"]), values))
    else:
        raise Conflict("There is no way back from this.", entity=entry.entity, action=entry.action, rule="no_way_back")
    undone = audit(unit, actor, "undo", ENTITY, key, before=kept_before, after={**(kept_after or {}), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


def _told_of(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give what was kept of a scenario; nothing where only the entry that was undone is named."""
    return {name: value for name, value in (state or {}).items() if name != "undoes"} or None
