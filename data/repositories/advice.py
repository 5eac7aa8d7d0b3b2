"""Policies, rules of one's own, and what was suggested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data.ids import uuid7
from data.repositories.base import Repository, stale
from data.suggestion_records import StoredCustomRule, StoredPolicy, StoredSuggestion
from engine.errors import NotFound

POLICY: Final = "portfolio_id, told, version, changed_at"
RULE: Final = "id, portfolio_id, name, expression, severity, fix, active, version, created_at, changed_at"
SUGGESTION: Final = "portfolio_id, key, state, reason, until, told, done, times, decided_at, seen_at, version, created_at"


class Advice(Repository):
    """What advice is made of and what became of it; each call says whose."""

    # ----------------------------------------------------------------------------------------------------------------------- policies

    def policy(self, workspace_id: UUID, portfolio_id: UUID) -> StoredPolicy | None:
        """Give the policy of a portfolio; None where it never had one."""
        rows = self.fetch(f"SELECT {POLICY} FROM portfolio_policy WHERE workspace_id = %s AND portfolio_id = %s",  # noqa: S608
                          [workspace_id, portfolio_id])
        return StoredPolicy(*rows[0]) if rows else None

    def put_policy(self, workspace_id: UUID, owner_id: UUID, portfolio_id: UUID, version: int, told: Mapping[str, Any]) -> StoredPolicy:
        """Set the policy of a portfolio whose policy is at `version`, 0 where it has none; `Conflict` where somebody was faster."""
        values = {"id": uuid7(), "workspace": workspace_id, "owner": owner_id, "portfolio": portfolio_id, "told": Jsonb(dict(told))}
        self.fetch("SELECT 1 FROM portfolio WHERE id = %s FOR UPDATE", [portfolio_id])
        before = self.policy(workspace_id, portfolio_id)
        if (before.version if before else 0) != version:
            raise stale("policy", expected=version, found=before.version if before else 0)
        self.affected("INSERT INTO portfolio_policy (id, workspace_id, owner_id, portfolio_id, told) VALUES"
                      " (%(id)s, %(workspace)s, %(owner)s, %(portfolio)s, %(told)s) ON CONFLICT (portfolio_id) DO UPDATE SET"
                      " told = EXCLUDED.told, version = portfolio_policy.version + 1, changed_at = clock_timestamp()", values)
        found = self.policy(workspace_id, portfolio_id)
        if found is None:
            raise NotFound("policy", portfolio_id)
        return found

    # ------------------------------------------------------------------------------------------------------------------ rules of one's own

    def add_rule(self, workspace_id: UUID, owner_id: UUID, values: Mapping[str, Any]) -> StoredCustomRule:
        """Add a rule: `portfolio_id name expression severity fix active`."""
        key = uuid7()
        self.affected("INSERT INTO custom_rule (id, workspace_id, owner_id, portfolio_id, name, expression, severity, fix, active) VALUES"
                      " (%(id)s, %(workspace)s, %(owner)s, %(portfolio_id)s, %(name)s, %(expression)s, %(severity)s, %(fix)s, %(active)s)",
                      {**values, "id": key, "workspace": workspace_id, "owner": owner_id})
        return self.rule(workspace_id, key)

    def rule(self, workspace_id: UUID, id: UUID, *, removed: bool = False) -> StoredCustomRule:  # noqa: A002
        """Give a rule; `NotFound` where the workspace has none under this id."""
        query = f"SELECT {RULE} FROM custom_rule WHERE workspace_id = %s AND id = %s AND (removed_at IS NOT NULL) = %s"  # noqa: S608
        rows = self.fetch(query, [workspace_id, id, removed])
        if not rows:
            raise NotFound("rule", id)
        return StoredCustomRule(*rows[0])

    def rules(self, workspace_id: UUID) -> list[StoredCustomRule]:
        """List them, oldest first."""
        rows = self.fetch(f"SELECT {RULE} FROM custom_rule WHERE workspace_id = %s AND removed_at IS NULL ORDER BY id", [workspace_id])  # noqa: S608
        return [StoredCustomRule(*row) for row in rows]

    def change_rule(self, workspace_id: UUID, id: UUID, version: int, values: Mapping[str, Any]) -> StoredCustomRule:  # noqa: A002
        """Change the version that was read; `Conflict` where it is not the newest."""
        self._newest_rule(workspace_id, id, version)
        self.affected("UPDATE custom_rule SET portfolio_id = %(portfolio_id)s, name = %(name)s, expression = %(expression)s, severity = %(severity)s,"
                      " fix = %(fix)s, active = %(active)s, version = version + 1, changed_at = clock_timestamp() WHERE id = %(id)s",
                      {**values, "id": id})
        return self.rule(workspace_id, id)

    def remove_rule(self, workspace_id: UUID, id: UUID, version: int) -> StoredCustomRule:  # noqa: A002
        """Take a rule out of sight."""
        self._newest_rule(workspace_id, id, version)
        self.affected("UPDATE custom_rule SET removed_at = clock_timestamp(), version = version + 1 WHERE id = %s", [id])
        return self.rule(workspace_id, id, removed=True)

    def restore_rule(self, workspace_id: UUID, id: UUID, version: int) -> StoredCustomRule:  # noqa: A002
        """Bring a rule back in the version in which it was taken out of sight."""
        self._newest_rule(workspace_id, id, version, removed=True)
        self.affected("UPDATE custom_rule SET removed_at = NULL, version = version + 1, changed_at = clock_timestamp() WHERE id = %s", [id])
        return self.rule(workspace_id, id)

    def _newest_rule(self, workspace_id: UUID, id: UUID, version: int, *, removed: bool = False) -> None:  # noqa: A002
        self.fetch("SELECT 1 FROM custom_rule WHERE workspace_id = %s AND id = %s FOR UPDATE", [workspace_id, id])
        found = self.rule(workspace_id, id, removed=removed)
        if found.version != version:
            raise stale("rule", expected=version, found=found.version)

    # -------------------------------------------------------------------------------------------------------------------- suggestions

    def suggestions(self, workspace_id: UUID, portfolio_ids: Sequence[UUID]) -> list[StoredSuggestion]:
        """List everything that was ever suggested for some portfolios, the newest first."""
        query = f"SELECT {SUGGESTION} FROM suggestion WHERE workspace_id = %s AND portfolio_id = ANY(%s) ORDER BY id DESC"  # noqa: S608
        return [StoredSuggestion(*row) for row in self.fetch(query, [workspace_id, list(portfolio_ids)])]

    def suggestion(self, workspace_id: UUID, portfolio_id: UUID, key: str) -> StoredSuggestion:
        """Give one, held for a change; `NotFound` where it was never suggested."""
        rows = self.fetch(f"SELECT {SUGGESTION} FROM suggestion WHERE workspace_id = %s AND portfolio_id = %s AND key = %s FOR UPDATE",  # noqa: S608
                          [workspace_id, portfolio_id, key])
        if not rows:
            raise NotFound("suggestion", key)
        return StoredSuggestion(*rows[0])

    def see(self, workspace_id: UUID, owner_id: UUID, portfolio_id: UUID, seen: Mapping[str, Mapping[str, Any]], at: datetime) -> int:
        """Keep what is suggested for the first time; what is known stays as it is."""
        rows = [(uuid7(), workspace_id, owner_id, portfolio_id, key, Jsonb(dict(told)), Jsonb([["suggested", at.isoformat(), None]]), at)
                for key, told in seen.items()]
        with self.cursor() as cursor:
            cursor.executemany("INSERT INTO suggestion (id, workspace_id, owner_id, portfolio_id, key, state, told, times, seen_at) VALUES"
                               " (%s, %s, %s, %s, %s, 'open', %s, %s, %s) ON CONFLICT (portfolio_id, key) DO NOTHING", rows)
        return len(rows)

    def move(self, workspace_id: UUID, portfolio_id: UUID, key: str, version: int, values: Mapping[str, Any]) -> StoredSuggestion:
        """Put one into another state: `state reason until done decided_at told seen_at`, and `time` that is added to its times."""
        found = self.suggestion(workspace_id, portfolio_id, key)
        if found.version != version:
            raise stale("suggestion", expected=version, found=found.version)
        kept = {name: getattr(found, name) for name in ("state", "reason", "until", "done", "decided_at", "told", "seen_at")} | dict(values)
        times = [*found.times, *([kept.pop("time")] if "time" in kept else [])]
        self.affected("UPDATE suggestion SET state = %(state)s, reason = %(reason)s, until = %(until)s, done = %(done)s, told = %(told)s,"
                      " decided_at = %(decided_at)s, seen_at = %(seen_at)s, times = %(times)s, version = version + 1, changed_at = clock_timestamp()"
                      " WHERE portfolio_id = %(portfolio)s AND key = %(key)s",
                      {**kept, "done": None if kept["done"] is None else Jsonb(kept["done"]), "told": Jsonb(kept["told"]), "times": Jsonb(times),
                       "portfolio": portfolio_id, "key": key})
        return self.suggestion(workspace_id, portfolio_id, key)
