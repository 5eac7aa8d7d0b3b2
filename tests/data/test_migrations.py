from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import data
from data.database import Database, driver_url, migrate, newest_revision
from data.models import Portfolio
from data.settings import Settings
from engine.errors import StorageError


@pytest.fixture
def empty(settings: Settings) -> Iterator[str]:
    """The address of a database without anything in it."""
    name = f"empty_{uuid4().hex}"
    with psycopg.connect(settings.database_url or "", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield driver_url(settings.database_url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.usefixtures("database")
def test_models_equal_the_migrated_schema(settings: Settings) -> None:
    engine = sa.create_engine(driver_url(settings.database_url))
    ours = {"include_object": lambda _thing, name, kind, *_: kind != "table" or not name.startswith("quote_tick_"),
            "compare_server_default": True, "compare_type": True}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), Portfolio.metadata) == []
    engine.dispose()


def definitions(address: str) -> set[tuple[str, ...]]:
    """Every rule and index as PostgreSQL reads it, but for the partitions of the ticks."""
    query = """
        SELECT conrelid::regclass::text AS place, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype IN ('c', 'f', 'p', 'u') AND connamespace = 'public'::regnamespace
        UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    """
    with psycopg.connect(address) as connection:
        return {row for row in connection.execute(query) if not row[0].startswith(("quote_tick_", "alembic_version"))}


@pytest.mark.usefixtures("database")
def test_rules_and_indexes_of_the_models_are_those_of_the_migrations(settings: Settings, empty: str) -> None:
    """Alembic compares no CHECK constraint: here PostgreSQL itself reads both."""
    engine = sa.create_engine(driver_url(empty))
    Portfolio.metadata.create_all(engine)
    engine.dispose()
    assert len(definitions(empty)) > 80
    assert definitions(empty) == definitions(settings.database_url or "")


def test_every_revision_goes_up_and_down_and_up(empty: str) -> None:
    migrate(empty)
    migrate(empty, revision="base")
    with psycopg.connect(empty) as connection:
        left = connection.execute("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public'").fetchall()
    assert {name for (name,) in left} == {"alembic_version", "alembic_version_pkc"}
    migrate(empty)
    migrate(empty)


def test_there_is_one_head(database: Database) -> None:
    heads = ScriptDirectory(str(Path(data.__file__).parent / "migrations")).get_heads()
    with database.read() as unit:
        assert [unit.system.revision()] == heads == [newest_revision()]


def test_several_starts_at_once_migrate_once(empty: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [empty] * 4))
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_a_failed_migration_leaves_nothing(empty: str) -> None:
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE TABLE idempotency_key (other integer)")
    with pytest.raises(StorageError):
        migrate(empty)
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT to_regclass('portfolio'), to_regclass('alembic_version')").fetchone() == (None, None)


def test_a_database_that_is_not_there_is_a_storage_error() -> None:
    with pytest.raises(StorageError) as caught:
        migrate("postgresql://u:topsecret@127.0.0.1:1/nowhere")
    assert "topsecret" not in f"{caught.value.message}{caught.value.context}"
    with pytest.raises(StorageError):
        migrate(None)
