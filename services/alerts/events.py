"""What fired, and who has seen it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data.alert_records import StoredEvent
from data.bus import ALERTS
from data.database import Unit
from engine.types import Actor
from services.alerts.views import EventView
from services.views import Page
from services.writes import Request, Told, Writes, audit

COUNT: TypeAdapter[int] = TypeAdapter(int)
KEPT: Final = 50  # ids that the audit trail names


class Events:
    """Events of the actor's workspace."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database

    def page(self, actor: Actor, *, rule_id: UUID | None = None, unread: bool = False, limit: int = 100,
             after: UUID | None = None) -> Page[EventView]:
        """List what fired, newest first, at most `limit` behind the one with id `after`."""
        with self._database.read() as unit:
            found = unit.alerts.events(actor.workspace_id, rule_id=rule_id, unread=unread, after=after, limit=limit + 1)
        views = tuple(event_view(each) for each in found[:limit])
        return Page(views, str(views[-1].id) if len(found) > limit else None)

    def unread(self, actor: Actor) -> int:
        """Count what nobody has seen."""
        with self._database.read() as unit:
            return unit.alerts.unread(actor.workspace_id)

    def acknowledge(self, actor: Actor, ids: Sequence[UUID] | None = None, *, idempotency_key: str | None = None) -> int:
        """Mark events as seen, all of them without ids; gives how many are unseen then.

        Raises
        ------
        NotFound
            One of the ids is no event of the workspace; nothing is marked then.
        """

        def effect(unit: Unit, told: list[Told]) -> int:
            for key in ids or ():
                unit.alerts.event(actor.workspace_id, key)
            seen = unit.alerts.acknowledge(actor.workspace_id, actor.user_id, ids)
            unread = unit.alerts.unread(actor.workspace_id)
            if seen:
                audit(unit, actor, "acknowledge", "alert_event", seen[0], after={"count": len(seen), "events": [str(key) for key in seen[:KEPT]]})
                told.append(to_screens(actor.workspace_id, {"type": "alerts", "unread": unread}))
            return unread

        request = Request("alerts.acknowledge", (None if ids is None else list(ids),), COUNT, idempotency_key)
        return self._writes.once(actor, request, effect)


def event_view(stored: StoredEvent) -> EventView:
    """Tell an event."""
    return EventView(stored.id, stored.rule_id, stored.title, stored.message, stored.value, stored.created_at, stored.acknowledged_at, stored.context)


def to_screens(workspace_id: UUID, message: dict[str, Any]) -> Told:
    """Message for every open screen of a workspace, in the words of the stream."""
    return Told(ALERTS, {"workspace": str(workspace_id), "message": message})
