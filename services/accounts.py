"""Who acts. Until there is a login, that is the person at this machine."""

from __future__ import annotations

import threading

from data.database import Database
from engine.types import Actor


class Accounts:
    """Users of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._local: Actor | None = None
        self._lock = threading.Lock()

    @property
    def known(self) -> Actor | None:
        """Give that person where they were asked for before; None while the database is still to be asked."""
        return self._local

    def local(self) -> Actor:
        """Give the person at this machine; asked once, then kept."""
        with self._lock:
            if self._local is None:
                self._local = self._database.run(lambda unit: unit.system.local_actor())
            return self._local
