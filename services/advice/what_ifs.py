"""What-ifs under a name: add, read, change, remove, take back, and lay beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data.database import Unit
from data.evidence_records import StoredWhatIf
from data.records import AuditEntry
from engine.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from engine.types import Actor
from services import fields
from services.advice.views_evidence import SavedWhatIf, WhatIfView
from services.advice.what_if import WhatIf
from services.advice.what_if_drafts import draft_of, raw_draft
from services.fields import Place, Reader
from services.review_views import Mended
from services.views import ALL
from services.writes import NOTHING, Request, Told, Writes, audit

ENTITY: Final = "what_if"
MOST: Final = 500  # of one workspace
BESIDE: Final = 6  # that are laid beside each other
PATH: Final = "/recommendations?tab=what-if&what_if_id={id}"
KEPT: TypeAdapter[SavedWhatIf] = TypeAdapter(SavedWhatIf)


def _scope(place: Place, value: object) -> str:
    return ALL if value == ALL else str(fields.uuid(place, value))


def _draft(_place: Place, value: object) -> dict[str, Any]:
    return raw_draft(draft_of(value))


READERS: Final[dict[str, Reader]] = {
    "scope": _scope, "draft": _draft, "name": lambda place, value: fields.text(place, value, limit=80),
    "note": lambda place, value: fields.text(place, value, limit=400),
}


class WhatIfs:
    """What-ifs of the actor's workspace."""

    def __init__(self, writes: Writes, what_if: WhatIf) -> None:
        self._writes, self._database, self._what_if = writes, writes.database, what_if

    def find(self, actor: Actor, scope: str | None = None) -> list[SavedWhatIf]:
        """List them, oldest first; those of a portfolio, or of "all", where a scope is named."""
        with self._database.read() as unit:
            found = [saved_of(each) for each in unit.what_ifs.find(actor.workspace_id)]
        return [each for each in found if scope is None or each.scope == scope]

    def get(self, actor: Actor, key: UUID) -> SavedWhatIf:
        """Give one; `NotFound` where the workspace has none under this id."""
        with self._database.read() as unit:
            return saved_of(unit.what_ifs.get(actor.workspace_id, key))

    def create(self, actor: Actor, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> SavedWhatIf:
        """Keep a draft under a name.

        Parameters
        ----------
        actor : Actor
        raw : Mapping
            `scope` (portfolio id, or "all"), `name`, `draft` (as `draft_of` reads it), `note`.
        idempotency_key : str, optional
            The same key gives the same one again.

        Raises
        ------
        InvalidInput
            What cannot be read, with field and hint.
        NotFound
            No such portfolio.
        LimitExceeded
            The workspace has 500.
        """
        found = fields.record(raw, READERS, required=("scope", "name", "draft"))

        def effect(unit: Unit, _told: list[Told]) -> SavedWhatIf:
            if len(unit.what_ifs.find(actor.workspace_id)) >= MOST:
                raise LimitExceeded("what-ifs", limit=MOST)
            portfolio = None if found["scope"] == ALL else unit.portfolios.get(actor.workspace_id, UUID(found["scope"])).id
            stored = unit.what_ifs.add(actor.workspace_id, actor.user_id, {**_values(found), "portfolio_id": portfolio})
            audit(unit, actor, "create", ENTITY, stored.id, after=kept(stored))
            return saved_of(stored)

        return self._writes.once(actor, Request("what_ifs.create", (_plain(raw),), KEPT, idempotency_key), effect)

    def change(self, actor: Actor, key: UUID, version: int, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> SavedWhatIf:
        """Change `name note draft` of the version that was read; `Conflict` where somebody was faster."""
        found = fields.record(raw, {name: reader for name, reader in READERS.items() if name != "scope"})

        def effect(unit: Unit, _told: list[Told]) -> SavedWhatIf:
            before = unit.what_ifs.get(actor.workspace_id, key)
            news = {name: value for name, value in found.items() if value is not None or name == "note"}
            changed = unit.what_ifs.change(actor.workspace_id, key, version, {**_of(before), **news})
            audit(unit, actor, "change", ENTITY, key, before=kept(before), after=kept(changed))
            return saved_of(changed)

        return self._writes.once(actor, Request("what_ifs.change", (key, version, _plain(raw)), KEPT, idempotency_key), effect)

    def remove(self, actor: Actor, key: UUID, version: int, *, idempotency_key: str | None = None) -> None:
        """Take one out of sight; `undo` brings it back."""

        def effect(unit: Unit, _told: list[Told]) -> None:
            removed = unit.what_ifs.remove(actor.workspace_id, key, version)
            audit(unit, actor, "remove", ENTITY, key, before=kept(removed))

        self._writes.once(actor, Request("what_ifs.remove", (key, version), NOTHING, idempotency_key), effect)

    def undo(self, actor: Actor, key: UUID, *, idempotency_key: str | None = None) -> SavedWhatIf | None:
        """Take the last change of one back: its removal, its change, or its making; an undo is taken back by the next. None where it is gone."""

        def effect(unit: Unit, told: list[Told]) -> SavedWhatIf | None:
            entries = unit.trail.find(actor.workspace_id, entity=ENTITY, entity_id=str(key), limit=1)
            if not entries:
                raise NotFound("what-if", key)
            what_if_undone(unit, actor, entries[0], told)
            return next((saved_of(each) for each in unit.what_ifs.find(actor.workspace_id) if each.id == key), None)

        result: TypeAdapter[SavedWhatIf | None] = TypeAdapter(SavedWhatIf | None)
        return self._writes.once(actor, Request("what_ifs.undo", (key,), result, idempotency_key), effect)

    def shown(self, actor: Actor, key: UUID) -> WhatIfView:
        """Try what was saved on what is held now."""
        saved = self.get(actor, key)
        return self._what_if.tried(actor, saved.scope, saved.draft)

    def compared(self, actor: Actor, keys: Sequence[UUID]) -> list[tuple[SavedWhatIf, WhatIfView]]:
        """Lay some beside each other, each on what its scope holds now.

        Raises
        ------
        InvalidInput
            None, or more than six.
        NotFound
            One that is not there.
        """
        chosen = list(dict.fromkeys(keys))
        if not 1 <= len(chosen) <= BESIDE:
            raise InvalidInput("ids", len(chosen), f"what-ifs are not 1 to {BESIDE}", hint="Name up to six, with commas between", rule="out_of_range")
        return [(saved, self._what_if.tried(actor, saved.scope, saved.draft)) for saved in (self.get(actor, key) for key in chosen)]


def saved_of(stored: StoredWhatIf) -> SavedWhatIf:
    """Tell one."""
    scope = ALL if stored.portfolio_id is None else str(stored.portfolio_id)
    path = PATH.format(id=stored.id) + ("" if scope == ALL else f"&portfolio={scope}")
    return SavedWhatIf(stored.id, scope, stored.name, stored.note, draft_of(stored.draft), path, stored.version,
                       stored.created_at, stored.changed_at)


def kept(stored: StoredWhatIf) -> dict[str, Any]:
    """Give one as the audit trail keeps it."""
    return {**_of(stored), "portfolio_id": None if stored.portfolio_id is None else str(stored.portfolio_id), "version": stored.version}


def _of(stored: StoredWhatIf) -> dict[str, Any]:
    return {"name": stored.name, "note": stored.note, "draft": stored.draft}


def _values(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": found["name"], "note": found.get("note"), "draft": found["draft"]}


def _plain(raw: object) -> object:
    return dict(raw) if isinstance(raw, Mapping) else raw


def what_if_undone(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
    """Take an entry of the audit trail about a what-if back."""
    before, after, key = _state(entry.before), _state(entry.after), UUID(entry.entity_id)
    if after is None and before is not None:
        now_before, now_after = None, kept(unit.what_ifs.restore(actor.workspace_id, key, int(before["version"])))
    elif before is None and after is not None:
        now_before, now_after = kept(unit.what_ifs.remove(actor.workspace_id, key, int(after["version"]))), None
    elif before is not None and after is not None:
        changed = unit.what_ifs.change(actor.workspace_id, key, int(after["version"]), {name: before[name] for name in ("name", "note", "draft")})
        now_before, now_after = after, kept(changed)
    else:
        raise Conflict("There is no way back from this.", entity=entry.entity, action=entry.action, rule="no_way_back")
    undone = audit(unit, actor, "undo", ENTITY, key, before=now_before, after={**(now_after or {}), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


def _state(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give what was kept; nothing where only the entry that was undone is named."""
    return {name: value for name, value in (state or {}).items() if name != "undoes"} or None
