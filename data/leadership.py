"""Who leads, when several processes could: the one whose connection holds an advisory lock of PostgreSQL.

The lock lives and dies with the connection, so there is nothing to clean up after a crash, and no clock to agree on.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from threading import Lock
from typing import Any

import psycopg

from data.database import Database
from engine.errors import StorageError


class Leadership:
    """Stands for one office.

    Parameters
    ----------
    database : Database
        Lends a connection of its own.
    office : int
        Number of the advisory lock; one process at a time holds it.
    """

    def __init__(self, database: Database, office: int) -> None:
        self._database = database
        self._office = office
        self._lock = Lock()
        self._stack = ExitStack()
        self._connection: psycopg.Connection[Any] | None = None
        self._leads = False

    def take(self) -> bool:
        """Try to lead, and tell whether we do. Cheap to ask again and again; false where the database does not answer."""
        with self._lock:
            try:
                return self._held() or self._tried()
            except (StorageError, psycopg.Error):
                self._leave()
                return False

    def held(self) -> bool:
        """Tell whether we lead at this very moment; asks the connection, not the memory."""
        with self._lock:
            try:
                return self._held()
            except psycopg.Error:
                self._leave()
                return False

    def release(self) -> None:
        """Let another one lead."""
        with self._lock:
            self._leave()

    def _held(self) -> bool:
        if self._leads and self._connection is not None:
            self._connection.execute("SELECT 1")
        return self._leads

    def _tried(self) -> bool:
        if self._connection is None:
            self._connection = self._stack.enter_context(self._database.session())
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [self._office]).fetchone()
        self._leads = bool(row and row[0])
        return self._leads

    def _leave(self) -> None:
        """Give the lock back where the connection still can, and close it in any case."""
        connection, leads, stack = self._connection, self._leads, self._stack
        self._connection, self._leads, self._stack = None, False, ExitStack()
        with suppress(StorageError, psycopg.Error), stack:
            if leads and connection is not None and not connection.closed:
                connection.execute("SELECT pg_advisory_unlock(%s)", [self._office])
