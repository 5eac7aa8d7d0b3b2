"""Backups: one folder with the database as it was at one instant, what it must hold, and the secret of this installation.

What can be computed again is left out: kept valuations, their notes and packed closes. Nothing in Redis must last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from data import calendar
from data.database import driver_url, migrate, newest_revision
from data.servers import postgres_binaries
from data.sqlerrors import translated
from engine.errors import StorageError

FORMAT: Final = 1
DERIVED: Final = ("daily_valuation", "recalculation", "close_pack")
TABLES: Final = "FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
DUMP, MANIFEST, SECRET = "database.dump", "manifest.json", "secret_key"
PRIVATE: Final = 0o700
CHUNK: Final = 1 << 20
SETTLED: Final = (  # one instant, and rows written the same way everywhere
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL extra_float_digits = 1;"
    " SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL statement_timeout = 0")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    `tables` tells of each table how many rows it has and the sum of their digests, in whatever order they come.
    """

    format: int
    made_at: str
    revision: str
    server: int
    dump_bytes: int
    dump_sha256: str
    tables: dict[str, list[str]]
    seconds: float


def back_up(url: str, folder: Path, *, secret: Path | None = None) -> tuple[Path, Manifest]:
    """Write a backup beside those that are there; writers are not held up.

    Parameters
    ----------
    url : str
        The database.
    folder : Path
        Made where it is missing; the backup is a folder of its own in it, named by its instant, there only once it is whole.
    secret : Path, optional
        The file of the installation's secret.

    Returns
    -------
    tuple of Path and Manifest

    Raises
    ------
    StorageError
        The database does not answer, pg_dump fails, or the folder cannot be written.
    """
    begun, now = time.monotonic(), calendar.now()
    with _writing(folder):
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        place, fresh = folder / _name(now), folder / f".{_name(now)}.part"
        fresh.mkdir(mode=PRIVATE)
    try:
        with translated(), _engine(url).connect() as connection:
            connection.exec_driver_sql(SETTLED)
            snapshot, version = connection.exec_driver_sql("SELECT pg_export_snapshot(), current_setting('server_version_num')::int").one()
            _run("pg_dump", url, ["--format=custom", "--compress=gzip:4", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
                                  *(f"--exclude-table-data=public.{name}" for name in DERIVED), f"--file={fresh / DUMP}"])
            tables, revision = _tables(connection), str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
        with _writing(folder):
            told = Manifest(FORMAT, now.isoformat(), revision, int(version), (fresh / DUMP).stat().st_size, _sha256(fresh / DUMP), tables,
                            round(time.monotonic() - begun, 3))
            if secret is not None and secret.exists():
                _kept(fresh / SECRET, secret.read_bytes())
            _kept(fresh / MANIFEST, json.dumps(asdict(told), indent=1).encode())
            (fresh / DUMP).chmod(0o600)
            _synced(fresh / DUMP)
            fresh.rename(place)
            _synced(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return place, told


def read(place: Path) -> Manifest:
    """Read the manifest of a backup, and hold its dump against it.

    Raises
    ------
    StorageError
        Not a backup, one of a later version, or one that is not as it was written.
    """
    try:
        raw = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"{place} is no backup: its {MANIFEST} cannot be read.",
                           hint="Name one of the folders that `backup` has written") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise StorageError(f"{place} was written in another format than this version reads.", hint="Restore it with the version that wrote it")
    told = Manifest(**raw)
    with _writing(place):
        is_whole = (place / DUMP).stat().st_size == told.dump_bytes and _sha256(place / DUMP) == told.dump_sha256
    if not is_whole:
        raise StorageError(f"{place / DUMP} is not as it was written.", hint="Take another backup, or another copy of this one")
    return told


def restore(url: str, place: Path) -> Manifest:
    """Put a backup into an empty database: all of it or nothing, held against its manifest, then brought to this version's schema.

    Raises
    ------
    StorageError
        Not a whole backup, one of a later schema, a database that is not empty, or one that does not come out as the manifest says.
    """
    told = read(place)
    if told.revision > newest_revision():
        raise StorageError(f"{place} is of a later version, with the schema {told.revision}.", hint="Restore it with that version")
    engine = _engine(url)
    with translated(), engine.connect() as connection:
        if connection.exec_driver_sql(f"SELECT count(*) {TABLES}").scalar_one():
            raise StorageError("The database is not empty.", hint="Name an empty one in DATABASE_URL, or another PORTOLAN_HOME")
    _run("pg_restore", url, ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(place / DUMP)])
    with translated(), engine.begin() as connection:
        connection.exec_driver_sql(SETTLED)
        different = differences(told.tables, _tables(connection))
    if different:
        with translated(), engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        raise StorageError(f"What was restored is not what was backed up: {'; '.join(different)}. It was taken out again.",
                           hint="Take another backup, or another copy of this one")
    migrate(url)
    return told


def restore_secret(place: Path, home: Path) -> bool:
    """Put the secret of a backup into a home that has none; tells whether it did."""
    kept = home / SECRET
    if kept.exists() or not (place / SECRET).exists():
        return False
    with _writing(home):
        home.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        _kept(kept, (place / SECRET).read_bytes())
    return True


def differences(told: Mapping[str, list[str]], found: Mapping[str, list[str]]) -> list[str]:
    """Tell in which tables two states differ."""
    return [_difference(name, rows, found.get(name, ["0", ""])) for name, rows in told.items() if found.get(name) != rows]


def _difference(name: str, told: list[str], found: list[str]) -> str:
    return f"rows of {name} differ" if told[0] == found[0] else f"{name} has {found[0]} rows, not {told[0]}"


def _tables(connection: sa.Connection) -> dict[str, list[str]]:
    """Count the rows of each table that must last, and add their digests up."""
    names = connection.exec_driver_sql(f"SELECT relname {TABLES} AND NOT relispartition ORDER BY relname").scalars().all()
    told = {}
    for name in names:
        if name not in DERIVED:
            count, digest = connection.exec_driver_sql(  # the names are the catalogue's own
                f"SELECT count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint), 0)::text FROM \"{name}\" t").one()  # noqa: S608
            told[str(name)] = [str(count), str(digest)]
    return told


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(driver_url(url), poolclass=sa.NullPool, connect_args={"connect_timeout": 5})


def _run(program: str, url: str, arguments: list[str]) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, where nobody else sees it."""
    binary = shutil.which(program, path=str(postgres_binaries())) or shutil.which(program)
    if binary is None:
        raise StorageError(f"{program} was not found.", hint="Install the client programs of PostgreSQL")
    restoring = ["--dbname="] if program == "pg_restore" else []
    done = subprocess.run([binary, *restoring, *arguments], env=_environment(url), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise StorageError(f"{program} failed: {said[0] if said else 'it said nothing'}", hint="Nothing was changed; see the log of PostgreSQL")


def _environment(url: str) -> dict[str, str]:
    """Tell libpq where the database is."""
    parsed = driver_url(url)
    query = {name: value for name, value in parsed.query.items() if isinstance(value, str)}
    told: dict[str, Any] = {"PGHOST": parsed.host or query.get("host"), "PGPORT": parsed.port or query.get("port"), "PGUSER": parsed.username,
                            "PGPASSWORD": parsed.password, "PGDATABASE": parsed.database, "PGSSLMODE": query.get("sslmode"), "PGCONNECT_TIMEOUT": 10}
    return {"PATH": os.defpath, "LC_ALL": "C", **{name: str(value) for name, value in told.items() if value}}


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    """Turn what a disk refuses into an error that says where."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{place} cannot be read or written ({error.strerror or error}).",
                           hint="Check the place, its rights and its room") from error


def _name(now: datetime) -> str:
    return f"portolan-{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03}Z"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kept(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _synced(path: Path) -> None:
    with suppress(OSError):  # a folder of some file systems cannot be synced
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
