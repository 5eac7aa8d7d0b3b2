"""Backups taken while others write, restored elsewhere and verified; and everything that is no whole backup refused."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

import server
from data import backups
from data.database import Database, migrate, newest_revision
from data.settings import Settings
from engine.errors import StorageError
from services import Services
from services.verifying import verify

DAYS = [date(2024, 1, 2) + timedelta(days=number) for number in range(40)]


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    services = server.build_services(settings)
    try:
        yield services
    finally:
        services.close()


@contextmanager
def database_of(settings: Settings, database: Database) -> Iterator[Settings]:
    """Make an empty database, and settings of it."""
    name = f"backups_{uuid4().hex[:12]}"
    with database.session() as session:
        session.execute(f'CREATE DATABASE "{name}"')
    yield replace(settings, database_url=sa.make_url(str(settings.database_url)).set(database=name).render_as_string(hide_password=False))
    with database.session() as session:
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def filled(settings: Settings, database: Database) -> Iterator[Settings]:
    """Closes of one instrument in a currency that is not the portfolio's, rates, and a ledger that was corrected."""
    with database_of(settings, database) as own:
        migrate(own.database_url)
        fill(own)
        yield own


@pytest.fixture(scope="module")
def kept(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a backup of it, to be copied before it is harmed."""
    return backups.back_up(str(filled.database_url), tmp_path_factory.mktemp("kept"))[0]


@pytest.fixture
def copied(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / kept.name))


def fill(own: Settings) -> None:
    with opened(own) as services:
        actor = services.accounts.local()
        services.instruments.put(actor, "AAA", {"name": "A", "currency": "EUR"})
        services.instruments.put_bars(actor, "AAA", [{"date": str(day), "close": 100 + place % 7} for place, day in enumerate(DAYS)])
        services.instruments.put_rates(actor, "EURUSD", [{"date": str(day), "rate": 1.1 + 0.001 * place} for place, day in enumerate(DAYS)])
        key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
        rows = services.transactions.record(actor, key, [
            {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "10000"},
            {"date": "2024-01-03", "kind": "BUY", "symbol": "AAA", "quantity": "10", "price": "100"}])
        services.transactions.correct(actor, key, rows[1].id, rows[1].version, {"price": "101"})
        services.performance.performance(actor, key)


@pytest.fixture
def empty(settings: Settings, database: Database) -> Iterator[Settings]:
    """A place to restore into."""
    with database_of(settings, database) as own:
        yield own


def wrong(settings: Settings) -> list[str]:
    with opened(settings) as services:
        return [line for each in verify(services.database, services.cache, services.market) for line in each.differences]


def asked(settings: Settings, query: str) -> list[Any]:
    with psycopg.connect(str(settings.database_url)) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def test_a_backup_under_writers_holds_one_instant_and_every_write_before_it(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    acked, ending = list[UUID](), threading.Event()

    def write(services: Services, key: UUID) -> None:
        actor = services.accounts.local()
        while not ending.is_set():
            row = {"date": "2024-01-04", "kind": "BUY", "symbol": "AAA", "quantity": "1", "price": "100", "external_id": uuid4().hex}
            acked.append(services.transactions.record(actor, key, [row])[0].id)

    with opened(filled) as services:
        key = services.portfolios.find(services.accounts.local())[0].id
        writers = [threading.Thread(target=write, args=(services, key)) for _ in range(4)]
        for each in writers:
            each.start()
        while len(acked) < 20:
            ending.wait(0.01)
        before = list(acked)
        place, told = backups.back_up(str(filled.database_url), tmp_path / "kept")
        during = len(acked)
        ending.set()
        for each in writers:
            each.join()
    backups.restore(str(empty.database_url), place)
    found = {row[0] for row in asked(empty, "SELECT id FROM ledger_entry")}
    assert set(before) <= found
    assert during > len(before), "others went on writing meanwhile"
    assert int(told.tables["ledger_entry"][0]) == asked(empty, "SELECT count(*) FROM ledger_entry")[0][0]
    assert wrong(empty) == []
    with opened(empty) as services:
        position = services.valuation.holdings(services.accounts.local(), key).snapshot.holdings.set_index("symbol").loc["AAA", "quantity"]
    assert position == 10 + len(found) - 2


def test_what_is_restored_is_what_was_there(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "home" / "secret_key"
    secret.parent.mkdir()
    secret.write_text("s3cret")
    place, told = backups.back_up(str(filled.database_url), tmp_path / "kept", secret=secret)
    assert [each.name for each in (tmp_path / "kept").iterdir()] == [place.name], "nothing half written lies about"
    assert {each.name: oct(each.stat().st_mode & 0o777) for each in place.iterdir()} == {
        "database.dump": "0o600", "manifest.json": "0o600", "secret_key": "0o600"}
    assert backups.restore(str(empty.database_url), place) == told
    assert backups.restore_secret(place, tmp_path / "other")
    assert (tmp_path / "other" / "secret_key").read_text() == "s3cret"
    assert not backups.restore_secret(place, tmp_path / "other"), "one that is there stays"
    query = "SELECT id, version, date, kind, price, recorded_at, sequence FROM ledger_entry ORDER BY id, version"
    assert asked(empty, query) == asked(filled, query)
    assert asked(empty, "SELECT count(*) FROM daily_valuation") == [(0,)]
    assert wrong(empty) == []


def test_a_backup_of_an_older_schema_is_brought_to_this_one(settings: Settings, empty: Settings, database: Database, tmp_path: Path) -> None:
    with database_of(settings, database) as older:
        migrate(older.database_url, revision="0010_history")
        place, told = backups.back_up(str(older.database_url), tmp_path)
    assert told.revision == "0010_history"
    backups.restore(str(empty.database_url), place)
    assert asked(empty, "SELECT version_num FROM alembic_version") == [(newest_revision(),)]


def flip(place: Path) -> None:
    content = bytearray((place / "database.dump").read_bytes())
    content[len(content) // 2] ^= 1
    (place / "database.dump").write_bytes(content)


def cut(place: Path) -> None:
    content = (place / "database.dump").read_bytes()
    (place / "database.dump").write_bytes(content[:-10])


def tell(**changed: Any) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        path = place / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))

    return change


def lie(place: Path) -> None:
    """Say that there are more transactions than there are."""
    path = place / "manifest.json"
    told = json.loads(path.read_text())
    told["tables"]["ledger_entry"][0] = "1000000"
    path.write_text(json.dumps(told))


@pytest.mark.parametrize(("harm", "says"), [
    (flip, "is not as it was written"), (cut, "is not as it was written"), (tell(format=2), "another format"),
    (tell(revision="9999_later"), "a later version"),
    (lambda place: (place / "manifest.json").unlink(), "is no backup"), (lambda place: (place / "manifest.json").write_text("{"), "is no backup"),
    (lambda place: (place / "database.dump").unlink(), "cannot be read"), (lie, "not 1000000")],
    ids=["flipped", "cut", "format", "later", "no manifest", "half a manifest", "no dump", "a lie"])
def test_what_is_no_whole_backup_is_refused_and_leaves_nothing(copied: Path, empty: Settings, harm: Any, says: str) -> None:
    harm(copied)
    with pytest.raises(StorageError, match=says):
        backups.restore(str(empty.database_url), copied)
    assert asked(empty, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


def test_a_place_that_is_not_empty_stays_as_it_is(filled: Settings, kept: Path) -> None:
    before = asked(filled, "SELECT count(*), max(recorded_at) FROM ledger_entry")
    with pytest.raises(StorageError, match="not empty"):
        backups.restore(str(filled.database_url), kept)
    assert asked(filled, "SELECT count(*), max(recorded_at) FROM ledger_entry") == before


def test_a_backup_that_cannot_be_written_leaves_nothing(filled: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be read or written"):
        backups.back_up(str(filled.database_url), tmp_path / "file")
    with pytest.raises(StorageError):
        backups.back_up("postgresql://nobody:secret@127.0.0.1:1/none", tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.parametrize(("harm", "says"), [
    ("UPDATE daily_valuation SET content = overlay(content PLACING '\\x40'::bytea FROM octet_length(content) - 1)", "P in USD by fifo"),
    ("UPDATE close_pack SET days = substr(days, 5), closes = substr(closes, 9)", "39 closes in one piece, 40 bars"),
    ("DELETE FROM ledger_entry WHERE version = 1 AND kind = 'BUY'", "has the versions {2}"),
    ("UPDATE quote_latest SET ts = ts - interval '1 hour'", "AAA: the latest price is of")], ids=["valuation", "pack", "version", "price"])
def test_verify_finds_what_is_wrong(kept: Path, empty: Settings, harm: str, says: str) -> None:
    backups.restore(str(empty.database_url), kept)
    with opened(empty) as services:
        actor = services.accounts.local()
        services.market.push(actor, {"symbol": "AAA", "price": 103.0, "ts": "2024-02-09T12:00:00Z"})
        services.database.run(lambda unit: unit.prices.pack_closes(least=10))
        services.performance.performance(actor, services.portfolios.find(actor)[0].id)
    assert wrong(empty) == []
    with psycopg.connect(str(empty.database_url)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(harm)  # type: ignore[arg-type]
    assert any(says in line for line in wrong(empty)), wrong(empty)
