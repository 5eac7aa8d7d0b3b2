"""PostgreSQL and Redis that come with the Python packages, run inside the home folder: what a start without any server uses.

Whoever needs them takes a shared lock on `run/users.lock`; the first one starts both servers, the last one out stops them. The
servers run in sessions of their own, so that Ctrl-C reaches Portolan first, and they outlive a process that was killed: the next
start attaches to what still runs. Starting and stopping happen under `run/start.lock`, one process at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from data.servers import PostgresServer, RedisServer
from data.settings import Settings
from engine.errors import AlreadyRunning, StorageError

LONGEST_SOCKET: Final = 100
PRIVATE: Final = 0o700


@dataclass
class Embedded:
    """The running parts and this process's share in them."""

    database_url: str
    redis_url: str
    _run: Path | None = None
    _share: IO[str] | None = None
    _servers: tuple[PostgresServer | RedisServer, ...] = field(default=())

    def stop(self) -> None:
        """Give the share back; the last one out stops the servers. A second call does nothing."""
        share, self._share = self._share, None
        if share is None or self._run is None:
            return
        with _locked(self._run / "start.lock"), share:
            if _last_one(share):
                for server in self._servers:
                    server.stop()


def start(settings: Settings, *, say: Callable[[str], None] = print) -> Embedded:
    """Start what no address is given for, or attach to it where it runs.

    Parameters
    ----------
    settings : Settings
        Says the home, and the addresses of servers that are there already.
    say : callable
        Told what takes time.

    Returns
    -------
    Embedded
        Both addresses, and `stop()`.

    Raises
    ------
    StorageError
        Where a server cannot be had or does not start; the message says what to do.
    """
    if settings.database_url and settings.redis_url:
        return Embedded(settings.database_url, settings.redis_url)
    run = _prepared(settings.home)
    sockets = socket_folder(settings.home)
    postgres = PostgresServer(settings.home / "postgres", sockets / "pg")
    redis = RedisServer(sockets / "redis.sock", run)
    wanted = [server for server, given in ((redis, settings.redis_url), (postgres, settings.database_url)) if not given]
    share = (run / "users.lock").open("w")
    running = Embedded(settings.database_url or postgres.url, settings.redis_url or redis.url, run, share, (redis, postgres))
    try:
        with _locked(run / "start.lock"):
            fcntl.flock(share, fcntl.LOCK_SH)
            for server in wanted:
                server.start(say)
    except BaseException:  # Ctrl-C while it starts, too: what was started is stopped
        running.stop()
        raise
    return running


@contextmanager
def serve_lock(settings: Settings) -> Iterator[None]:
    """Be the one server of this home, or say who is.

    Raises
    ------
    AlreadyRunning
        With `pid` and `address` of the other one.
    """
    path = _prepared(settings.home) / "serve.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(home=str(settings.home), **_told(path)) from None
        lock.truncate(0)
        json.dump({"pid": os.getpid(), "address": settings.address}, lock)
        lock.flush()
        yield
        lock.truncate(0)


def socket_folder(home: Path) -> Path:
    """Give the folder of the sockets: inside the home, or a short one of our own where that path is too long for a socket."""
    folder = home / "run"
    if len(os.fsencode(folder / "pg" / ".s.PGSQL.5432.lock")) > LONGEST_SOCKET:
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"portolan-{os.getuid()}-{name}"
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise StorageError(f"{folder} belongs to somebody else.", hint="Set PORTOLAN_HOME to a shorter path.")
    return folder


def _prepared(home: Path) -> Path:
    """Make the home and its folder of locks and sockets, closed to others."""
    run = home / "run"
    try:
        home.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        run.mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {home} cannot be used ({error.strerror}).", hint="Set PORTOLAN_HOME to one that can.") from error
    return run


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file; the kernel lets go of it whatever happens to the process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _last_one(share: IO[str]) -> bool:
    """Tell whether nobody else holds a share."""
    with suppress(BlockingIOError):
        fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _told(path: Path) -> dict[str, Any]:
    """Read what the holder of a lock wrote about itself; it may be writing just now."""
    with suppress(json.JSONDecodeError, OSError):
        told: dict[str, Any] = json.loads(path.read_text())
        return told
    return {}
