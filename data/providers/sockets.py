"""Connections that somebody else can break: what gives a request a deadline as a whole.

A timeout of a socket starts anew with every byte, so a server that sends one byte a second holds a thread for ever. Here a
deadline holds a duplicate of every socket that a request uses, and ends the connection whatever it is waiting for.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from engine.errors import PortfolioError

Addresses = Callable[[str], Sequence[str]]  # gives the addresses to connect to in place of a host, or refuses it
_asking = threading.local()


class Deadline:
    """The time of one request. When it is over, the connections in use are broken.

    Parameters
    ----------
    seconds : float
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self.aborted = False
        self._ends = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._levers: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._pull)
        self._timer.daemon = True

    @property
    def left(self) -> float:
        """Seconds that are left, never none at all."""
        return max(self._ends - time.monotonic(), 0.001)

    @property
    def over(self) -> bool:
        """Whether the time is over, a moment before anybody has acted on it too."""
        return self.passed or time.monotonic() >= self._ends

    def watch(self, opened: socket.socket) -> None:
        """Have a connection broken when the time is over, also where it is closed before its answer is read."""
        with self._lock:
            self._levers.append(socket.fromfd(opened.fileno(), opened.family, opened.type))  # an encrypted one does not duplicate itself
            if self.passed:
                _break(self._levers[-1])

    @contextmanager
    def running(self) -> Iterator[Deadline]:
        """Let the time run for whatever this thread asks in the block."""
        _asking.deadline = self
        self._timer.start()
        try:
            yield self
        finally:
            self._timer.cancel()
            _asking.deadline = None
            self._let_go()

    def abort(self) -> None:
        """Break what is in use, as if the time were over."""
        self.aborted = True
        self._pull()

    def _pull(self) -> None:
        with self._lock:
            self.passed = True
            for lever in self._levers:
                _break(lever)

    def _let_go(self) -> None:
        with self._lock:
            for lever in self._levers:
                lever.close()
            self._levers.clear()


class Strict(HTTPResponse):
    """An answer that notices where more comes than it said: what was read may be cut in the middle of a number."""

    surplus = False

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401  # handed on as they came
        super().__init__(sock, *args, **options)
        self._line = sock

    def _close_conn(self) -> None:
        if self.length == 0 and not self.chunked and self.fp is not None:
            self.surplus = _more(self.fp, self._line)
        super()._close_conn()  # type: ignore[misc]  # of the standard library


class _Levered:
    """A connection that the deadline of whoever uses it can break."""

    addresses: Addresses | None = None
    response_class: Any = Strict
    sock: Any
    timeout: Any
    port: Any
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        """Look the name up and connect, all before the deadline."""
        name = self._dns_host
        found = _in_time(partial(_looked_up, name, self.port) if self.addresses is None else partial(self.addresses, name))
        for place, address in enumerate(found, start=1):
            try:
                return self._to(address)
            except NewConnectionError:
                if place == len(found) or _deadline() is None:
                    raise
        raise NameResolutionError(name, self, socket.gaierror(f"{len(found)} addresses"))  # type: ignore[arg-type]  # a connection it is

    def _to(self, address: str) -> socket.socket:
        """Connect to an address; the certificate is still asked for by name."""
        name, self._dns_host = self._dns_host, address
        deadline = _deadline()
        try:
            self.timeout = deadline.left if deadline else self.timeout
            opened: socket.socket = super()._new_conn()  # type: ignore[misc]
        finally:
            self._dns_host = name
        if deadline is not None:
            deadline.watch(opened)
        return opened

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  # handed on as they came
        deadline = _deadline()
        if self.sock is not None and deadline is not None:
            deadline.watch(self.sock)
        super().request(*args, **options)  # type: ignore[misc]


class _Connection(_Levered, HTTPConnection):
    """Without encryption."""


class _SafeConnection(_Levered, HTTPSConnection):
    """With."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class Adapter(HTTPAdapter):
    """How a session of `requests` opens connections.

    Parameters
    ----------
    addresses : callable, optional
        Gives the addresses of a host, or refuses it; these are connected to, so that a name cannot turn elsewhere in between.
    """

    def __init__(self, *, addresses: Addresses | None = None) -> None:
        self._pools = {"http": _pool(_Pool, _Connection, addresses), "https": _pool(_SafePool, _SafeConnection, addresses)}
        super().__init__(pool_connections=4, pool_maxsize=8, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002, ANN401
        """Make the pools of levered connections."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        self.poolmanager.pool_classes_by_scheme = dict(self._pools)


def _pool(pool: type[Any], connection: type[Any], addresses: Addresses | None) -> type[Any]:
    """Give a kind of pool whose connections go where `addresses` says."""
    if addresses is None:
        return pool
    checked = type(connection.__name__, (connection,), {"addresses": staticmethod(addresses)})
    return type(pool.__name__, (pool,), {"ConnectionCls": checked})


def _deadline() -> Deadline | None:
    """Give the deadline of what this thread asks."""
    return getattr(_asking, "deadline", None)


def _looked_up(name: str, port: int) -> list[str]:
    told = socket.getaddrinfo(name.strip("[]"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in told))


def _in_time(look_up: Callable[[], Sequence[str]]) -> list[str]:
    """Look a name up in a thread that may be left behind: the system's resolver takes its own time."""
    answer: Future[list[str]] = Future()
    threading.Thread(target=_answer, args=(look_up, answer), name="resolve", daemon=True).start()
    deadline = _deadline()
    return answer.result(deadline.left if deadline else None)


def _answer(look_up: Callable[[], Sequence[str]], answer: Future[list[str]]) -> None:
    try:
        answer.set_result(list(look_up()))
    except PortfolioError as error:
        answer.set_exception(error)
    except (OSError, UnicodeError) as error:
        answer.set_exception(OSError(f"{type(error).__name__}"))


def _more(file: Any, line: socket.socket) -> bool:  # noqa: ANN401  # a buffered reader, typed otherwise
    """Look whether bytes wait, without waiting for any."""
    before = line.gettimeout()
    try:
        line.settimeout(0)
        return bool(file.peek(1))
    except (OSError, ValueError):
        return False
    finally:
        with suppress(OSError):
            line.settimeout(before)


def _break(lever: socket.socket) -> None:
    with suppress(OSError):
        lever.shutdown(socket.SHUT_RDWR)
