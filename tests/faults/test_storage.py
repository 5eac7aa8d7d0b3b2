"""A disk that is full, and a migration that is killed half way: nothing is half done, and it goes on where there is room again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

import server
from data.database import migrate, newest_revision
from data.servers import PostgresServer
from data.settings import Settings
from tests.faults.conftest import ROOT
from tests.faults.invariants import Checker, heard
from tests.faults.world import DEPOSIT, is_503
from tests.ui.conftest import wait_for

SIZE = "220m"
RELEASED = "0012_watchlists"  # a schema that was there before
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def small() -> Iterator[Path]:
    """A disk that soon is full."""
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def on_small_disk(small: Path) -> Iterator[str]:
    """The address of a database on it."""
    postgres = PostgresServer(small / "pg", small / "s")
    postgres.start(lambda _line: None)
    yield postgres.url
    postgres.stop()


def test_a_full_disk_refuses_writes_answers_reads_and_heals(on_small_disk: str, small: Path, settings: Settings) -> None:
    migrate(on_small_disk)
    with TestClient(server.create_server(replace(settings, database_url=on_small_disk))) as api:
        place = f"/api/v1/portfolios/{api.post('/api/v1/portfolios', json={'name': 'Disk', 'base_currency': 'USD'}).json()['id']}"
        acked: list[str] = []

        def write(note: str = "") -> Any:
            name = uuid4().hex
            answer = api.post(f"{place}/transactions", json={**DEPOSIT, "external_id": name, "note": note}, headers={"Idempotency-Key": name})
            acked.extend([name] if answer.status_code == 201 else [])
            return answer

        assert write().status_code == 201
        with (small / "ballast").open("wb") as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(1_000_000))
                ballast.flush()
        answers = [write(os.urandom(900).hex())]
        while answers[-1].status_code == 201 and len(answers) < 2000:
            answers.append(write(os.urandom(900).hex()))
        assert is_503(answers[-1]), answers[-1].text
        assert api.get(f"{place}/transactions").status_code == 200, "reads go on"
        (small / "ballast").unlink()
        wait_for(lambda: write().status_code == 201, 60, "room")
        with psycopg.connect(on_small_disk, autocommit=True) as connection:
            checker = Checker(connection)
            assert checker.check(acked={place.rsplit("/", 1)[1]: acked}) == []
            assert heard(api, checker.books()) == []


def test_a_migration_that_is_killed_half_way_has_done_nothing_and_is_done_again(settings: Settings) -> None:
    """Revisions are held up at a table of a late one, and killed there with SIGKILL: rows and schema are as they were."""
    name = f"faults_{uuid4().hex[:12]}"
    own = sa.make_url(settings.database_url or "").set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(settings.database_url or "", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            migrate(own, revision=RELEASED)
            _killed_on_the_way(own)
            migrate(own)
            with psycopg.connect(own, autocommit=True) as told:
                assert told.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest_revision(),)]
                assert told.execute("SELECT count(*) FROM workspace WHERE name = 'kept'").fetchall() == [(1,)]
                assert Checker(told).check() == []
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _killed_on_the_way(own: str) -> None:
    with psycopg.connect(own, autocommit=True) as told, psycopg.connect(own) as lock:
        told.execute("INSERT INTO workspace (id, name, local) VALUES (gen_random_uuid(), 'kept', false)")
        before = _tables(told)
        lock.execute("LOCK TABLE workspace, portfolio, instrument, ledger_entry IN ACCESS EXCLUSIVE MODE")
        migration = subprocess.Popen([sys.executable, "-c", f"from data.database import migrate; migrate({own!r})"], cwd=ROOT)
        wait_for(lambda: told.execute(WAITING).fetchall() != [(0,)], 60, "the migration to wait")
        migration.send_signal(signal.SIGKILL)
        migration.wait(20)
        lock.rollback()
        wait_for(lambda: told.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchall() == [(2,)], 30, "its end")
        assert told.execute("SELECT version_num FROM alembic_version").fetchall() == [(RELEASED,)]
        assert _tables(told) == before


def _tables(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2").fetchall()
