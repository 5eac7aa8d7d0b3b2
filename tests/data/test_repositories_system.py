# ruff: noqa: PT012  # what is tried fails at the end of its block, at the commit
from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from data import calendar
from data.database import Database
from data.records import StoredAnswer
from engine.errors import Conflict, IdempotencyConflict, NotFound, StorageError
from engine.types import Actor, Portfolio


def test_the_local_actor_is_made_once(database: Database) -> None:
    def ask(_: int) -> Actor:
        with database.begin() as unit:
            return unit.system.local_actor()

    with ThreadPoolExecutor(8) as threads:
        actors = set(threads.map(ask, range(16)))
    assert len(actors) == 1
    with database.read() as unit:
        assert [each.id for each in unit.system.workspaces() if each.local] == [actors.pop().workspace_id]
        assert unit.system.local_actor().name == "local"


def test_a_name_is_taken_once_in_a_workspace(database: Database, actor: Actor) -> None:
    with pytest.raises(Conflict), database.begin() as unit:
        unit.system.add_user(actor.workspace_id, actor.name)


def test_the_same_key_and_body_give_the_stored_answer(database: Database, actor: Actor) -> None:
    body = {"ids": ["a", "b"], "nested": [{"x": None}], "text": "ü"}
    with database.begin() as unit:
        assert unit.system.idempotent(actor.workspace_id, "key", "hash") is None
        unit.system.remember(actor.workspace_id, "key", "hash", 201, body)
    with database.begin() as unit:
        assert unit.system.idempotent(actor.workspace_id, "key", "hash") == StoredAnswer(201, body)
        with pytest.raises(IdempotencyConflict, match="another body") as caught:
            unit.system.idempotent(actor.workspace_id, "key", "other hash")
        assert caught.value.code == "idempotency_conflict"
        assert caught.value.status == 409
        stranger = unit.system.add_workspace("other")
        assert unit.system.idempotent(stranger.id, "key", "other hash") is None, "keys belong to their workspace"


def test_an_answer_is_stored_with_the_work_or_not_at_all(database: Database, actor: Actor) -> None:
    with pytest.raises(ZeroDivisionError), database.begin() as unit:
        unit.system.idempotent(actor.workspace_id, "key", "hash")
        unit.system.remember(actor.workspace_id, "key", "hash", 201, {})
        _ = 1 / 0
    with database.begin() as unit:
        assert unit.system.idempotent(actor.workspace_id, "key", "hash") is None


def test_the_same_key_at_once_does_the_work_once(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    together = threading.Barrier(4)

    def write(number: int) -> object:
        together.wait(5)
        with database.begin() as unit:
            stored = unit.system.idempotent(actor.workspace_id, "key", "hash")
            if stored:
                return stored.body
            unit.portfolios.bump(portfolio.id)
            time.sleep(0.05)
            unit.system.remember(actor.workspace_id, "key", "hash", 201, {"by": number})
        return {"by": number}

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(write, range(4)))
    assert all(answer == answers[0] for answer in answers)
    with database.read() as unit:
        assert unit.portfolios.revisions(actor.workspace_id) == {portfolio.id: 1}


def test_a_key_that_is_held_for_too_long_is_a_conflict(database: Database, actor: Actor) -> None:
    with database.begin() as first:
        first.system.idempotent(actor.workspace_id, "key", "hash")
        with pytest.raises(IdempotencyConflict, match="worked on"), database.begin() as second:
            second.system.affected("SET LOCAL lock_timeout = '50ms'")
            second.system.idempotent(actor.workspace_id, "key", "hash")


def test_who_remembers_without_asking_meets_the_other(database: Database, actor: Actor) -> None:
    with database.begin() as unit:
        unit.system.remember(actor.workspace_id, "key", "hash", 201, {})
    with pytest.raises(IdempotencyConflict), database.begin() as unit:
        unit.system.remember(actor.workspace_id, "key", "hash", 201, {})


def test_old_keys_are_forgotten(database: Database, actor: Actor) -> None:
    with database.begin() as unit:
        unit.system.remember(actor.workspace_id, "key", "hash", 201, {})
        unit.system.forget_keys(calendar.now() - timedelta(hours=1))
        assert unit.system.idempotent(actor.workspace_id, "key", "hash")
        assert unit.system.forget_keys(calendar.now() + timedelta(seconds=5)) >= 1
        assert unit.system.idempotent(actor.workspace_id, "key", "hash") is None
        unit.connection.rollback()


def test_the_audit_trail_is_kept_and_cannot_be_changed(database: Database, actor: Actor) -> None:
    thing = uuid4()
    with database.begin() as unit:
        unit.system.audit(actor.workspace_id, actor.user_id, "add", "portfolio", thing, after={"name": "x"}, request_id="r-1")
        unit.system.audit(actor.workspace_id, actor.user_id, "change", "portfolio", thing, before={"name": "x"}, after={"name": "y"})
        unit.system.audit(actor.workspace_id, actor.user_id, "add", "instrument", "ACME")
        trail = unit.system.audit_trail(actor.workspace_id, entity_id=thing)
        assert [(each.action, each.before, each.after, each.request_id) for each in trail] == [
            ("change", {"name": "x"}, {"name": "y"}, None), ("add", None, {"name": "x"}, "r-1")]
        assert trail[0].actor_id == actor.user_id
        assert len(unit.system.audit_trail(actor.workspace_id)) == 3
    for statement in ("UPDATE audit_entry SET action = 'x' WHERE entity_id = %s", "DELETE FROM audit_entry WHERE entity_id = %s"):
        with pytest.raises(StorageError, match="append-only"), database.begin() as unit:
            unit.system.affected(statement, [str(thing)])


def test_jobs_are_written_down(database: Database) -> None:
    job = f"test {uuid4()}"
    with database.begin() as unit:
        good, bad, running = (unit.system.start_job(job, number=number) for number in range(3))
        unit.system.finish_job(good, rows=5)
        unit.system.finish_job(bad, failed=True, error="no answer")
        runs = unit.system.jobs(job=job)
        assert [(run.id, run.status, run.detail) for run in runs] == [
            (running, "running", {"number": 2}), (bad, "failed", {"number": 1, "error": "no answer"}), (good, "done", {"number": 0, "rows": 5})]
        assert runs[0].finished_at is None
        assert runs[2].finished_at is not None
        assert unit.system.jobs(limit=1)[0].id == running
        with pytest.raises(NotFound):
            unit.system.finish_job(uuid4())
