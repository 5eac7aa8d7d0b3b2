"""A database of one test's own, on the running PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from data.database import Database, migrate
from data.settings import Settings

ROOT = Path(__file__).parents[2]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def own(settings: Settings, database: Database) -> Iterator[Settings]:
    """Settings of a migrated database that nobody else uses."""
    name = f"faults_{uuid4().hex[:12]}"
    with database.session() as session:
        session.execute(f'CREATE DATABASE "{name}"')
    url = sa.make_url(str(settings.database_url)).set(database=name).render_as_string(hide_password=False)
    migrate(url)
    yield replace(settings, database_url=url)
    with database.session() as session:
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def base(own: Settings) -> Iterator[Database]:
    opened = Database(own.database_url)
    yield opened
    opened.close()


@pytest.fixture
def run(own: Settings, tmp_path: Path) -> Iterator[Start]:
    """Start processes of `app.py` on that database; each writes its log into a file of its own."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, log: str = "log", **environment: str) -> subprocess.Popen[bytes]:
        told = {name: value for name, value in os.environ.items() if not name.startswith(("PORTOLAN_", "MARKET_"))}
        told |= {"DATABASE_URL": str(own.database_url), "REDIS_URL": str(own.redis_url), "SECRET_KEY": "no secret", "PORTOLAN_HOME": str(tmp_path),
                 **environment}
        with (tmp_path / log).open("ab") as file:
            running.append(subprocess.Popen([sys.executable, "app.py", *arguments], cwd=ROOT, env=told, stdout=file, stderr=subprocess.STDOUT))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
