"""Rules of alerts with what they remember, and what fired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from data import alert_models as models
from data.alert_records import StoredEvent, StoredRule, StoredState
from data.ids import uuid7
from data.repositories.base import Repository, stale
from engine.errors import NotFound

TABLE: Final = models.AlertRule.metadata.tables[models.AlertRule.__tablename__]
CHANGEABLE: Final = ("measure", "direction", "portfolio_id", "instrument_id", "threshold", "margin", "cool_down_seconds", "active", "note",
                     "options", "channels")
RULES: Final = """
    SELECT r.id, r.workspace_id, r.owner_id, r.version, r.measure, r.direction, r.portfolio_id, r.instrument_id, r.threshold, r.margin,
           r.cool_down_seconds, r.active, r.note, r.options, r.channels, r.created_at, r.changed_at, r.removed_at, i.symbol,
           i.currency, p.base_currency, p.name, CASE WHEN s.rule_version = r.version THEN s.side ELSE 0 END,
           CASE WHEN s.rule_version = r.version THEN s.last END, s.fired_at, coalesce(s.firings, 0), s.changed_at
    FROM alert_rule r LEFT JOIN instrument i ON i.id = r.instrument_id LEFT JOIN portfolio p ON p.id = r.portfolio_id
    LEFT JOIN alert_state s ON s.rule_id = r.id
"""
EVENTS: Final = "id, workspace_id, owner_id, rule_id, value, title, message, context, created_at, acknowledged_at, acknowledged_by"
PUT_STATES: Final = """
    INSERT INTO alert_state AS old (rule_id, rule_version, side, last, fired_at, firings)
    SELECT r.id, r.version, new.side, new.last, new.fired_at, new.fired::int
    FROM unnest(%s::uuid[], %s::int[], %s::smallint[], %s::float8[], %s::timestamptz[], %s::bool[]) new(id, version, side, last, fired_at, fired)
    JOIN alert_rule r ON r.id = new.id AND r.version = new.version AND r.active AND r.removed_at IS NULL
    ORDER BY r.id
    ON CONFLICT (rule_id) DO UPDATE SET rule_version = excluded.rule_version, side = excluded.side, last = excluded.last,
        fired_at = excluded.fired_at, firings = old.firings + excluded.firings, changed_at = clock_timestamp()
    RETURNING rule_id
"""


class Alerts(Repository):
    """The rules of every workspace; each call says whose, but for those of the one process that evaluates all."""

    def add(self, workspace_id: UUID, owner_id: UUID, values: Mapping[str, Any]) -> StoredRule:
        """Add a rule."""
        key = uuid7()
        self.execute(sa.insert(TABLE).values({"id": key, "workspace_id": workspace_id, "owner_id": owner_id, **values}))
        return self.get(workspace_id, key)

    def get(self, workspace_id: UUID, id: UUID, *, removed: bool = False) -> StoredRule:  # noqa: A002
        """Give a rule; `NotFound` where the workspace has none under this id."""
        query = f"{RULES} WHERE r.workspace_id = %s AND r.id = %s AND (r.removed_at IS NOT NULL) = %s"
        rows = self.fetch(query, [workspace_id, id, removed])
        if not rows:
            raise NotFound("alert", id)
        return _rule(rows[0])

    def find(self, workspace_id: UUID, *, after: UUID | None = None, limit: int = 1000) -> list[StoredRule]:
        """List rules, oldest first, at most `limit` behind the one with id `after`."""
        query = (f"{RULES} WHERE r.workspace_id = %(workspace)s AND r.removed_at IS NULL AND (%(after)s::uuid IS NULL OR r.id > %(after)s)"
                 " ORDER BY r.id LIMIT %(limit)s")
        return [_rule(row) for row in self.fetch(query, {"workspace": workspace_id, "after": after, "limit": limit})]

    def count(self, workspace_id: UUID) -> int:
        """Count the rules of a workspace."""
        return int(self.fetch("SELECT count(*) FROM alert_rule WHERE workspace_id = %s AND removed_at IS NULL", [workspace_id])[0][0])

    def active(self) -> list[StoredRule]:
        """List the rules of all workspaces that are switched on and whose portfolio is there."""
        return [_rule(row) for row in self.fetch(f"{RULES} WHERE r.active AND r.removed_at IS NULL AND p.removed_at IS NULL ORDER BY r.id")]

    def stamp(self) -> tuple[Any, ...]:
        """Name the state of all rules: another rule, or another version of one, is another state."""
        return self.fetch("SELECT count(*), sum(version), max(changed_at) FROM alert_rule")[0]

    def change(self, workspace_id: UUID, id: UUID, version: int | None, values: Mapping[str, Any]) -> StoredRule:  # noqa: A002
        """Change fields of a rule; `Conflict` where `version` is not the newest."""
        self._edit(workspace_id, id, version, dict(values), removed=False)
        return self.get(workspace_id, id)

    def remove(self, workspace_id: UUID, id: UUID, version: int | None) -> StoredRule:  # noqa: A002
        """Take a rule out of sight, and out of evaluation."""
        self._edit(workspace_id, id, version, {"removed_at": sa.func.clock_timestamp()}, removed=False)
        return self.get(workspace_id, id, removed=True)

    def restore(self, workspace_id: UUID, id: UUID, version: int | None = None) -> StoredRule:  # noqa: A002
        """Bring a rule back that was taken out of sight."""
        self._edit(workspace_id, id, version, {"removed_at": None}, removed=True)
        return self.get(workspace_id, id)

    def _edit(self, workspace_id: UUID, id: UUID, version: int | None, values: dict[str, Any], *, removed: bool) -> None:  # noqa: A002
        found = self.get(workspace_id, id, removed=removed)
        wanted = found.version if version is None else version
        statement = sa.update(TABLE).where(TABLE.c.id == id, TABLE.c.version == wanted, TABLE.c.removed_at.is_not(None) if removed
                                           else TABLE.c.removed_at.is_(None))
        done = self.execute(statement.values({**values, "version": TABLE.c.version + 1, "changed_at": sa.func.clock_timestamp()}))
        if not done.rowcount:
            raise stale("alert", expected=version, found=self.get(workspace_id, id, removed=removed).version)

    # ---------------------------------------------------------------------------------------------------------------- evaluation

    def put_states(self, states: Sequence[StoredState]) -> set[UUID]:
        """Keep what rules remember; gives those that were kept.

        A rule that was changed or switched off meanwhile is left out, and so is a firing that another process has told already.
        """
        told = {row[0]: row[1] for row in self.fetch("SELECT rule_id, fired_at FROM alert_state WHERE rule_id = ANY(%s) ORDER BY rule_id FOR UPDATE",
                                                      [[state.rule_id for state in states]])}
        ours = [state for state in states if told.get(state.rule_id) == state.fired_before]
        columns = [[state.rule_id for state in ours], [state.rule_version for state in ours], [state.side for state in ours],
                   [state.last for state in ours], [state.fired_at for state in ours], [state.fired for state in ours]]
        return {key for (key,) in self.fetch(PUT_STATES, columns)} if ours else set()

    def keep_state(self, rule_id: UUID, before: int, now: int) -> None:
        """Let what a rule remembers count for its next version too."""
        self.affected("UPDATE alert_state SET rule_version = %s WHERE rule_id = %s AND rule_version = %s", [now, rule_id, before])

    def add_events(self, events: Sequence[StoredEvent]) -> None:
        """Keep what fired."""
        for event in events:
            self.affected("INSERT INTO alert_event (id, workspace_id, owner_id, rule_id, value, title, message, context, created_at)"
                          " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                          [event.id, event.workspace_id, event.owner_id, event.rule_id, event.value, event.title, event.message,
                           Jsonb(event.context), event.created_at])

    # -------------------------------------------------------------------------------------------------------------------- events

    def events(self, workspace_id: UUID, *, rule_id: UUID | None = None, unread: bool = False, after: UUID | None = None,
               limit: int = 100) -> list[StoredEvent]:
        """List what fired, newest first, at most `limit` behind the one with id `after`."""
        query = (f"SELECT {EVENTS} FROM alert_event WHERE workspace_id = %(workspace)s AND (%(rule)s::uuid IS NULL OR rule_id = %(rule)s)"  # noqa: S608
                 " AND (NOT %(unread)s OR acknowledged_at IS NULL) AND (%(after)s::uuid IS NULL OR id < %(after)s) ORDER BY id DESC LIMIT %(limit)s")
        asked = {"workspace": workspace_id, "rule": rule_id, "unread": unread, "after": after, "limit": limit}
        return [StoredEvent(*row) for row in self.fetch(query, asked)]

    def event(self, workspace_id: UUID, id: UUID) -> StoredEvent:  # noqa: A002
        """Give an event; `NotFound` where the workspace has none under this id."""
        rows = self.fetch(f"SELECT {EVENTS} FROM alert_event WHERE workspace_id = %s AND id = %s", [workspace_id, id])  # noqa: S608
        if not rows:
            raise NotFound("alert event", id)
        return StoredEvent(*rows[0])

    def acknowledge(self, workspace_id: UUID, by: UUID, ids: Sequence[UUID] | None = None) -> list[UUID]:
        """Mark events as seen, all of the workspace without ids; gives those that were not before."""
        query = ("UPDATE alert_event SET acknowledged_at = clock_timestamp(), acknowledged_by = %(by)s WHERE workspace_id = %(workspace)s"
                 " AND acknowledged_at IS NULL AND (%(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s)) RETURNING id")
        return [key for (key,) in self.fetch(query, {"by": by, "workspace": workspace_id, "ids": None if ids is None else list(ids)})]

    def unread(self, workspace_id: UUID) -> int:
        """Count the events that nobody has seen."""
        return int(self.fetch("SELECT count(*) FROM alert_event WHERE workspace_id = %s AND acknowledged_at IS NULL", [workspace_id])[0][0])


def _rule(row: tuple[Any, ...]) -> StoredRule:
    before, channels, behind = row[:14], row[14], row[15:]
    return StoredRule(*(*before, tuple(channels), *behind))
