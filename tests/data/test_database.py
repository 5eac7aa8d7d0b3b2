# ruff: noqa: PT012  # what is tried fails at the end of its block, at the commit
from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from data.database import Database, Unit
from data.settings import Settings
from engine.errors import Conflict, InvalidInput, NotFound, PortfolioError, StorageError
from engine.types import Actor, Portfolio


@pytest.fixture
def narrow(settings: Settings) -> Iterator[Database]:
    """A pool of one connection, so that what it was told would show in the next transaction."""
    opened = Database(settings.database_url, pool_size=1)
    yield opened
    opened.close()


def test_a_block_commits_and_an_exception_rolls_back(database: Database, actor: Actor) -> None:
    with database.begin() as unit:
        kept = unit.portfolios.add(actor.workspace_id, actor.user_id, name="Kept", base_currency="EUR")
    with pytest.raises(ZeroDivisionError), database.begin() as unit:
        unit.portfolios.add(actor.workspace_id, actor.user_id, name="Lost", base_currency="EUR")
        _ = 1 / 0
    with database.read() as unit:
        assert unit.portfolios.find(actor.workspace_id) == [kept]


def test_a_read_sees_one_state_and_writes_nothing(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    with database.read() as reader:
        assert reader.portfolios.revisions(actor.workspace_id) == {portfolio.id: 0}
        with database.begin() as writer:
            writer.portfolios.bump(portfolio.id)
        assert reader.portfolios.revisions(actor.workspace_id) == {portfolio.id: 0}
        with pytest.raises(StorageError):
            reader.portfolios.bump(portfolio.id)
    with database.read() as reader:
        assert reader.portfolios.revisions(actor.workspace_id) == {portfolio.id: 1}


def test_a_connection_that_read_writes_again(narrow: Database, actor: Actor, portfolio: Portfolio) -> None:
    for expected in (1, 2):
        with narrow.read() as unit:
            unit.portfolios.get(actor.workspace_id, portfolio.id)
        with narrow.begin() as unit:
            assert unit.portfolios.bump(portfolio.id) == expected


def test_nothing_waits_for_ever_and_time_is_utc(narrow: Database) -> None:
    with narrow.begin() as unit:
        found = {name: unit.system.fetch(f"SHOW {name}")[0][0] for name in ("statement_timeout", "lock_timeout", "timezone")}
    assert found == {"statement_timeout": "30s", "lock_timeout": "5s", "timezone": "UTC"}


def test_a_slow_statement_is_ended(narrow: Database) -> None:
    with pytest.raises(StorageError, match="too long") as caught, narrow.begin() as unit:
        unit.system.affected("SET LOCAL statement_timeout = '50ms'")
        unit.system.fetch("SELECT pg_sleep(5)")
    assert caught.value.context["sqlstate"] == "57014"
    narrow.ping()


@pytest.mark.parametrize(("statement", "error", "sqlstate"), [
    ("SELECT nonsense", StorageError, "42703"),
    ("SELECT 1 / 0", InvalidInput, "22012"),
    ("SELECT 'x'::uuid", InvalidInput, "22P02"),
    ("INSERT INTO app_user (id, workspace_id, name) VALUES (gen_random_uuid(), gen_random_uuid(), 'nobody')", Conflict, "23503"),
    ("INSERT INTO workspace (id, name) SELECT id, name FROM workspace LIMIT 1", Conflict, "23505"),
    ("INSERT INTO workspace (id) VALUES (gen_random_uuid())", InvalidInput, "23502"),
])
def test_errors_of_the_database_leave_in_our_words(
    database: Database, actor: Actor, statement: str, error: type[PortfolioError], sqlstate: str,
) -> None:
    """Inside the block already, from psycopg and from SQLAlchemy alike."""
    with database.begin() as unit:
        with pytest.raises(error) as caught:
            unit.system.fetch(statement)
        unit.connection.rollback()
    assert caught.value.context["sqlstate"] == sqlstate
    with database.begin() as unit:
        with pytest.raises(error) as caught:
            unit.system.execute(sa.text(statement))
        unit.connection.rollback()
    assert caught.value.context["sqlstate"] == sqlstate
    assert str(actor.workspace_id) not in caught.value.message


def test_a_lost_connection_is_a_storage_error_and_the_next_one_works(narrow: Database, settings: Settings) -> None:
    with pytest.raises(StorageError, match="does not answer"), narrow.begin() as unit:
        pid = unit.system.fetch("SELECT pg_backend_pid()")[0][0]
        with psycopg.connect(settings.database_url or "", autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        time.sleep(0.05)
        unit.system.fetch("SELECT 1")
    narrow.ping()


def test_no_server_is_a_storage_error_that_keeps_the_password() -> None:
    database = Database("postgresql://portolan:topsecret@127.0.0.1:1/portolan")
    for use in (database.ping, lambda: database.run(lambda unit: unit.system.workspaces())):
        with pytest.raises(StorageError) as caught:
            use()
        assert "topsecret" not in f"{caught.value.message} {caught.value.context} {caught.value}"
    with pytest.raises(StorageError, match="No database"):
        Database(None)
    with pytest.raises(StorageError):
        Database("no address at all")


def test_an_exhausted_pool_says_so(settings: Settings) -> None:
    database = Database(settings.database_url, pool_size=1)
    database._writer.pool._timeout = 0.1  # type: ignore[attr-defined]
    with database.begin(), database.begin(), pytest.raises(StorageError, match="does not answer"):
        database.ping()
    database.ping()
    database.close()


def test_a_deadlock_is_done_again(database: Database, actor: Actor) -> None:
    with database.begin() as unit:
        ids = [unit.portfolios.add(actor.workspace_id, actor.user_id, name=name, base_currency="USD").id for name in "ab"]
    together, attempts = threading.Barrier(2), []

    def work(order: list[int]) -> list[int]:
        def both(unit: Unit) -> list[int]:
            attempts.append(order)
            first = unit.portfolios.bump(ids[order[0]])
            if len(attempts) <= 2:
                together.wait(5)
            return [first, unit.portfolios.bump(ids[order[1]])]
        return database.run(both)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, ([0, 1], [1, 0])))
    assert len(attempts) > 2, "one of them was done again"
    with database.read() as unit:
        assert unit.portfolios.revisions(actor.workspace_id) == dict.fromkeys(ids, 2)


def test_work_is_done_three_times_at_most_and_other_errors_once(database: Database) -> None:
    attempts: list[int] = []

    def fails(unit: Unit) -> None:
        attempts.append(1)
        unit.system.fetch("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'serialization_failure'; END $$")

    with pytest.raises(StorageError):
        database.run(fails)
    assert len(attempts) == 3

    def misses(unit: Unit) -> None:
        attempts.append(1)
        unit.portfolios.get(uuid4(), uuid4())

    with pytest.raises(NotFound):
        database.run(misses)
    assert len(attempts) == 4


def test_writes_of_one_portfolio_queue(database: Database, portfolio: Portfolio) -> None:
    def bump(_: int) -> int:
        return database.run(lambda unit: unit.portfolios.bump(portfolio.id))

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(bump, range(40))) == list(range(1, 41))


def test_a_session_holds_a_lock_as_long_as_it_lives(database: Database) -> None:
    with database.session() as leader, database.session() as standby:
        assert leader.execute("SELECT pg_try_advisory_lock(4711)").fetchone() == (True,)
        assert standby.execute("SELECT pg_try_advisory_lock(4711)").fetchone() == (False,)
        leader.close()
        for _ in range(100):
            if standby.execute("SELECT pg_try_advisory_lock(4711)").fetchone() == (True,):
                return
            time.sleep(0.01)
    pytest.fail("the lock outlived its session")
