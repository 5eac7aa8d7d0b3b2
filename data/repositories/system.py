"""What the house needs to know about itself: who acts, which keys were answered, what was done, which jobs ran."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from data.ids import uuid7
from data.records import AuditEntry, JobRun, StoredAnswer, Workspace
from data.repositories.base import Repository
from data.sqlerrors import is_held
from engine.errors import Conflict, IdempotencyConflict, NotFound, StorageError
from engine.types import Actor

LOCAL_LOCK: Final = 0x6C6F6361  # "loca": held while the local workspace is made
JOB_FIELDS: Final = "id, job, status, created_at, finished_at, detail"
AUDIT_FIELDS: Final = "id, workspace_id, actor_id, action, entity, entity_id, before, after, request_id, created_at"


class System(Repository):
    """Actors, idempotency, audit trail, job runs."""

    def local_actor(self) -> Actor:
        """Give the person at this machine; the first call makes the local workspace and its user."""
        query = ("SELECT app_user.id, workspace_id, app_user.name FROM app_user JOIN workspace ON workspace.id = workspace_id"
                 " WHERE workspace.local ORDER BY app_user.created_at LIMIT 1")
        rows = self.fetch(query)
        if not rows:
            self.fetch("SELECT pg_advisory_xact_lock(%s)", [LOCAL_LOCK])
            rows = self.fetch(query)
        return Actor(*rows[0]) if rows else self.add_user(self.add_workspace("Local", local=True).id, "local")

    def add_workspace(self, name: str, *, local: bool = False) -> Workspace:
        """Add a workspace."""
        workspace = Workspace(uuid7(), name, local)
        self.affected("INSERT INTO workspace (id, name, local) VALUES (%s, %s, %s)", [workspace.id, name, local])
        return workspace

    def add_user(self, workspace_id: UUID, name: str) -> Actor:
        """Add somebody who may act in a workspace."""
        actor = Actor(uuid7(), workspace_id, name)
        self.affected("INSERT INTO app_user (id, workspace_id, name) VALUES (%s, %s, %s)", [actor.user_id, workspace_id, name])
        return actor

    def workspaces(self) -> list[Workspace]:
        """List every workspace, oldest first."""
        return [Workspace(*row) for row in self.fetch("SELECT id, name, local FROM workspace ORDER BY created_at, id")]

    def idempotent(self, workspace_id: UUID, key: str, request_hash: str) -> StoredAnswer | None:
        """Give the answer that a key was given, or None where it is new: then this transaction holds the key until it ends.

        Raises
        ------
        IdempotencyConflict
            Where the key came with another body, or another transaction holds it for too long.
        """
        try:
            self.fetch("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{workspace_id}/{key}"])
        except StorageError as error:
            if not is_held(error):
                raise
            raise IdempotencyConflict(key, reason="the first request with it is being worked on") from error
        rows = self.fetch("SELECT request_hash, status, body FROM idempotency_key WHERE workspace_id = %s AND key = %s", [workspace_id, key])
        if rows and rows[0][0] != request_hash:
            raise IdempotencyConflict(key, reason="it came with another body before")
        return StoredAnswer(*rows[0][1:]) if rows else None

    def remember(self, workspace_id: UUID, key: str, request_hash: str, status: int, body: Any) -> None:  # noqa: ANN401
        """Store the answer to a key in the transaction that did the work. `body` is what JSON can say.

        Raises
        ------
        IdempotencyConflict
            Where another transaction was faster.
        """
        try:
            self.affected("INSERT INTO idempotency_key (workspace_id, key, request_hash, status, body) VALUES (%s, %s, %s, %s, %s)",
                          [workspace_id, key, request_hash, status, Jsonb(body)])
        except Conflict as error:
            raise IdempotencyConflict(key, reason="it was answered meanwhile") from error

    def forget_keys(self, before: datetime) -> int:
        """Delete the answers to keys older than an instant; gives how many."""
        return self.affected("DELETE FROM idempotency_key WHERE created_at < %s", [before])

    def forget_jobs(self, before: datetime) -> int:
        """Delete the runs of jobs started before an instant; gives how many."""
        return self.affected("DELETE FROM job_run WHERE created_at < %s", [before])

    def audit(self, workspace_id: UUID, actor_id: UUID, action: str, entity: str, entity_id: object, *,
              before: dict[str, Any] | None = None, after: dict[str, Any] | None = None, request_id: str | None = None) -> UUID:
        """Write down who did what to which thing, and give the entry's id. `before` and `after` are what JSON can say."""
        entry = uuid7()
        self.affected("INSERT INTO audit_entry (id, workspace_id, actor_id, action, entity, entity_id, before, after, request_id)"
                      " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                      [entry, workspace_id, actor_id, action, entity, str(entity_id), before and Jsonb(before), after and Jsonb(after), request_id])
        return entry

    def audit_trail(self, workspace_id: UUID, *, entity_id: object | None = None, limit: int = 100) -> list[AuditEntry]:
        """List what was done, newest first, to one thing or to all."""
        query = (f"SELECT {AUDIT_FIELDS} FROM audit_entry WHERE workspace_id = %(workspace)s AND (%(entity)s::text IS NULL OR entity_id = %(entity)s)"  # noqa: S608
                 " ORDER BY created_at DESC, id DESC LIMIT %(limit)s")
        entity = None if entity_id is None else str(entity_id)
        return [AuditEntry(*row) for row in self.fetch(query, {"workspace": workspace_id, "entity": entity, "limit": limit})]

    def start_job(self, job: str, **detail: object) -> UUID:
        """Write down that a job runs, and give the run's id."""
        run = uuid7()
        self.affected("INSERT INTO job_run (id, job, status, detail) VALUES (%s, %s, 'running', %s)", [run, job, Jsonb(detail)])
        return run

    def finish_job(self, run: UUID, *, failed: bool = False, **detail: object) -> None:
        """Write down how a job ended; `detail` joins what was told at its start."""
        status = "failed" if failed else "done"
        touched = self.affected("UPDATE job_run SET status = %s, finished_at = clock_timestamp(), detail = detail || %s WHERE id = %s",
                                [status, Jsonb(detail), run])
        if not touched:
            raise NotFound("job run", run)

    def jobs(self, *, job: str | None = None, limit: int = 50) -> list[JobRun]:
        """List the runs of one job or of all, newest first."""
        query = (f"SELECT {JOB_FIELDS} FROM job_run WHERE %(job)s::text IS NULL OR job = %(job)s"  # noqa: S608
                 " ORDER BY created_at DESC, id DESC LIMIT %(limit)s")
        return [JobRun(*row) for row in self.fetch(query, {"job": job, "limit": limit})]

    def newest_jobs(self) -> list[tuple[JobRun, int]]:
        """Give the newest run of each job, and how many failed in the last 24 hours, by name."""
        rows = self.fetch(f"SELECT DISTINCT ON (job) {JOB_FIELDS}, (SELECT count(*) FROM job_run f WHERE f.job = j.job AND f.status = 'failed'"  # noqa: S608
                          " AND f.created_at > clock_timestamp() - interval '24 hours') FROM job_run j ORDER BY job, created_at DESC, id DESC")
        return [(JobRun(*row[:-1]), int(row[-1])) for row in rows]

    def size(self) -> tuple[int, int]:
        """Tell the bytes of the database, and the connections to it."""
        query = "SELECT pg_database_size(current_database()), (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())"
        size, connections = self.fetch(query)[0]
        return int(size), int(connections)

    def revision(self) -> str:
        """Tell the revision of the schema."""
        return str(self.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())
