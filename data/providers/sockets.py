"""Connections that somebody else can break: what gives a request a deadline as a whole.

A timeout of a socket starts anew with every byte, so a server that sends one byte a second holds a thread for ever. Here every
connection keeps a lever, a duplicate of its socket; whoever pulls it ends the connection whatever it is waiting for.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from data import addresses

_asking = threading.local()


class Deadline:
    """The time of one request. When it is over, the connection in use is broken.

    Parameters
    ----------
    seconds : float
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._lock = threading.Lock()
        self._levers: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._pull)
        self._timer.daemon = True

    def watch(self, lever: socket.socket) -> None:
        """Have a connection broken with the others when the time is over."""
        with self._lock:
            self._levers.append(lever)
            if self.passed:
                _break(lever)

    def _pull(self) -> None:
        with self._lock:
            self.passed = True
            for lever in self._levers:
                _break(lever)

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


class _Levered:
    """A connection whose socket has a duplicate at hand."""

    lever: socket.socket | None = None
    public_only = False
    host: str
    _dns_host: str
    port: int

    def _new_conn(self) -> socket.socket:
        opened = self._to(addresses.checked(self._dns_host)[0]) if self.public_only else self._to(self._dns_host)
        self._let_go()
        self.lever = opened.dup()
        _watched(self.lever)
        return opened

    def _to(self, address: str) -> socket.socket:
        """Connect to an address; the certificate is still asked for by name."""
        name, self._dns_host = self._dns_host, address
        try:
            opened: socket.socket = super()._new_conn()  # type: ignore[misc]
        finally:
            self._dns_host = name
        return opened

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  # handed on as they came
        if self.lever is not None:
            _watched(self.lever)
        super().request(*args, **options)  # type: ignore[misc]

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        self._let_go()

    def _let_go(self) -> None:
        if self.lever is not None:
            self.lever.close()
            self.lever = None


class _Connection(_Levered, HTTPConnection):
    """Without encryption."""


class _SafeConnection(_Levered, HTTPSConnection):
    """With."""


class _PublicConnection(_Connection):
    public_only = True


class _PublicSafeConnection(_SafeConnection):
    public_only = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicSafePool(HTTPSConnectionPool):
    ConnectionCls = _PublicSafeConnection


class Adapter(HTTPAdapter):
    """How a session of `requests` opens connections.

    Parameters
    ----------
    public_only : bool
        Refuse hosts that resolve to an address of this machine or a private network; the address that was checked is the one connected to.
    """

    def __init__(self, *, public_only: bool = False) -> None:
        self._pools = {"http": _PublicPool, "https": _PublicSafePool} if public_only else {"http": _Pool, "https": _SafePool}
        super().__init__(pool_connections=4, pool_maxsize=8, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002, ANN401
        """Make the pools of levered connections."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        self.poolmanager.pool_classes_by_scheme = dict(self._pools)


def _watched(lever: socket.socket) -> None:
    deadline: Deadline | None = getattr(_asking, "deadline", None)
    if deadline is not None:
        deadline.watch(lever)


def _break(lever: socket.socket) -> None:
    with suppress(OSError):
        lever.shutdown(socket.SHUT_RDWR)
