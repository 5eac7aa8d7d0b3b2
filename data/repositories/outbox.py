"""Channels that alerts are told through, and the messages on their way to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from data import alert_models as models
from data.alert_records import Posted, StoredChannel, StoredMessage
from data.ids import uuid7
from data.repositories.base import Repository, stale
from engine.errors import Conflict, NotFound

TABLE: Final = models.AlertChannel.metadata.tables[models.AlertChannel.__tablename__]
CHANNEL: Final = ("c.id, c.workspace_id, c.owner_id, c.version, c.kind, c.name, c.address, c.generation, c.active, c.created_at, c.changed_at,"
                  " c.removed_at")
MESSAGE: Final = f"o.id, o.workspace_id, o.event_id, o.body, o.status, o.attempts, o.next_at, o.last_error, o.created_at, o.finished_at, {CHANNEL}"
CLAIM: Final = f"""
    UPDATE outbox o SET attempts = o.attempts + 1, next_at = clock_timestamp() + %(lease)s
    FROM alert_channel c
    WHERE c.id = o.channel_id AND o.id IN (
        SELECT id FROM outbox WHERE status = 'pending' AND next_at <= clock_timestamp() ORDER BY next_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING {MESSAGE}
"""  # noqa: S608


class Outbox(Repository):
    """Channels and messages of every workspace; each call says whose, but for those of whoever delivers."""

    # ------------------------------------------------------------------------------------------------------------------ channels

    def add_channel(self, workspace_id: UUID, owner_id: UUID, *, kind: str, name: str, address: str) -> StoredChannel:
        """Add a channel."""
        key = uuid7()
        self.affected("INSERT INTO alert_channel (id, workspace_id, owner_id, kind, name, address) VALUES (%s, %s, %s, %s, %s, %s)",
                      [key, workspace_id, owner_id, kind, name, address])
        return self.channel(workspace_id, key)

    def channel(self, workspace_id: UUID, id: UUID, *, removed: bool = False) -> StoredChannel:  # noqa: A002
        """Give a channel; `NotFound` where the workspace has none under this id."""
        query = f"SELECT {CHANNEL} FROM alert_channel c WHERE c.workspace_id = %s AND c.id = %s AND (c.removed_at IS NOT NULL) = %s"  # noqa: S608
        rows = self.fetch(query, [workspace_id, id, removed])
        if not rows:
            raise NotFound("channel", id)
        return StoredChannel(*rows[0])

    def channels(self, workspace_id: UUID) -> list[StoredChannel]:
        """List the channels of a workspace, oldest first."""
        query = f"SELECT {CHANNEL} FROM alert_channel c WHERE c.workspace_id = %s AND c.removed_at IS NULL ORDER BY c.id"  # noqa: S608
        return [StoredChannel(*row) for row in self.fetch(query, [workspace_id])]

    def usable(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Give those of some channels that messages can go to, with whose they are."""
        rows = self.fetch("SELECT id, workspace_id FROM alert_channel WHERE id = ANY(%s) AND active AND removed_at IS NULL", [list(ids)])
        return dict(rows)

    def change_channel(self, workspace_id: UUID, id: UUID, version: int | None, values: Mapping[str, Any], *,  # noqa: A002
                       removed: bool = False) -> None:
        """Change fields of a channel, of one that was removed where that is said; `Conflict` where `version` is not the newest."""
        found = self.channel(workspace_id, id, removed=removed)
        wanted = found.version if version is None else version
        there = TABLE.c.removed_at.is_not(None) if removed else TABLE.c.removed_at.is_(None)
        statement = sa.update(TABLE).where(TABLE.c.id == id, TABLE.c.version == wanted, there)
        done = self.execute(statement.values({**values, "version": TABLE.c.version + 1, "changed_at": sa.func.clock_timestamp()}))
        if not done.rowcount:
            raise stale("channel", expected=version, found=self.channel(workspace_id, id, removed=removed).version)

    # ------------------------------------------------------------------------------------------------------------------ messages

    def post(self, messages: Sequence[Posted]) -> list[UUID]:
        """Put messages into the outbox; one of the same event to the same channel is there once."""
        posted = []
        for each in messages:
            key = uuid7()
            query = ("INSERT INTO outbox (id, workspace_id, owner_id, event_id, channel_id, body) VALUES (%s, %s, %s, %s, %s, %s)"
                     " ON CONFLICT (event_id, channel_id) DO NOTHING")
            if self.affected(query, [key, each.workspace_id, each.owner_id, each.event_id, each.channel_id, Jsonb(each.body)]):
                posted.append(key)
        return posted

    def claim(self, limit: int, lease: timedelta) -> list[StoredMessage]:
        """Take messages that are due; until the lease is over nobody else takes them, after it anybody does."""
        return [_message(row) for row in self.fetch(CLAIM, {"limit": limit, "lease": lease})]

    def sent(self, id: UUID) -> None:  # noqa: A002
        """Settle that a message was delivered."""
        self.affected("UPDATE outbox SET status = 'sent', finished_at = clock_timestamp(), last_error = NULL WHERE id = %s", [id])

    def failed(self, id: UUID, error: str, *, again_at: datetime | None) -> None:  # noqa: A002
        """Note why a message was not delivered, and when it is tried again; without an instant it is dead."""
        self.affected("UPDATE outbox SET status = CASE WHEN %(at)s::timestamptz IS NULL THEN 'dead' ELSE 'pending' END, last_error = %(error)s,"
                      " next_at = coalesce(%(at)s, next_at), finished_at = CASE WHEN %(at)s::timestamptz IS NULL THEN clock_timestamp() END"
                      " WHERE id = %(id)s AND status = 'pending'", {"id": id, "error": error, "at": again_at})

    def revive(self, workspace_id: UUID, id: UUID) -> StoredMessage:  # noqa: A002
        """Try a dead message again from the beginning, under its id; `Conflict` where it is not dead."""
        if not self.affected("UPDATE outbox SET status = 'pending', attempts = 0, next_at = clock_timestamp(), finished_at = NULL"
                             " WHERE workspace_id = %s AND id = %s AND status = 'dead'", [workspace_id, id]):
            found = self.message(workspace_id, id)
            raise Conflict(f"This message is {found.status}, not dead.", status=found.status, hint="Only a dead message is tried again")
        return self.message(workspace_id, id)

    def message(self, workspace_id: UUID, id: UUID) -> StoredMessage:  # noqa: A002
        """Give a message; `NotFound` where the workspace has none under this id."""
        rows = self.fetch(f"SELECT {MESSAGE} FROM outbox o JOIN alert_channel c ON c.id = o.channel_id WHERE o.workspace_id = %s AND o.id = %s",  # noqa: S608
                          [workspace_id, id])
        if not rows:
            raise NotFound("message", id)
        return _message(rows[0])

    def messages(self, workspace_id: UUID, *, status: str | None = None, after: UUID | None = None, limit: int = 100) -> list[StoredMessage]:
        """List messages, newest first, at most `limit` behind the one with id `after`."""
        query = (f"SELECT {MESSAGE} FROM outbox o JOIN alert_channel c ON c.id = o.channel_id WHERE o.workspace_id = %(workspace)s"  # noqa: S608
                 " AND (%(status)s::text IS NULL OR o.status = %(status)s) AND (%(after)s::uuid IS NULL OR o.id < %(after)s)"
                 " ORDER BY o.id DESC LIMIT %(limit)s")
        asked = {"workspace": workspace_id, "status": status, "after": after, "limit": limit}
        return [_message(row) for row in self.fetch(query, asked)]

    def counts(self, workspace_id: UUID) -> dict[tuple[UUID, str], int]:
        """Count messages by channel and status."""
        rows = self.fetch("SELECT channel_id, status, count(*) FROM outbox WHERE workspace_id = %s GROUP BY channel_id, status", [workspace_id])
        return {(channel, status): count for channel, status, count in rows}

    def forget(self, before: datetime) -> int:
        """Delete messages that were delivered before an instant; dead ones stay to be seen."""
        return self.affected("DELETE FROM outbox WHERE status = 'sent' AND finished_at < %s", [before])


def _message(row: tuple[Any, ...]) -> StoredMessage:
    key, workspace, event, body, status, attempts, next_at, error, created, finished, *channel = row
    return StoredMessage(key, workspace, event, StoredChannel(*channel), body, status, attempts, next_at, error, created, finished)
