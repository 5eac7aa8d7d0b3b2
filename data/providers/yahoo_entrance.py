"""What Yahoo wants to see before it answers for many symbols at once: a cookie, and a crumb that goes with it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, NamedTuple

from data import calendar
from data.providers.wire import Wire
from engine.errors import ProviderError

CRUMB_PATH: Final = "/v1/test/getcrumb"
CRUMB: Final = re.compile(r"[A-Za-z0-9._/~+\\-]{5,32}")  # a refusal in its place has spaces, HTML has angles
COOKIE: Final = re.compile(r"(?:^|,)\s*([A-Za-z0-9_]{1,40}=[^;,\s]{1,2000})")
KEPT: Final = timedelta(hours=6)
LEFT_ALONE: Final = timedelta(hours=1)
DOORWAY_STATUSES: Final = frozenset({200, 400, 404, 502, 503})  # the host of the cookie has nothing to show, and says so


class Ticket(NamedTuple):
    """A cookie and its crumb."""

    cookie: str
    crumb: str


class Entrance:
    """Gets the ticket, keeps it, and leaves Yahoo alone for an hour where it gives none.

    Parameters
    ----------
    wire : Wire
        To the host that gives crumbs.
    doorway : Wire
        To the host that gives the cookie.
    """

    def __init__(self, wire: Wire, doorway: Wire) -> None:
        self._wire = wire
        self._doorway = doorway
        self._lock = Lock()
        self._ticket: Ticket | None = None
        self._until: datetime | None = None

    def ticket(self) -> Ticket | None:
        """Give the ticket; None where Yahoo gives none now."""
        with self._lock:
            if self._until is None or calendar.now() >= self._until:
                self._ticket = self._asked()
                self._until = calendar.now() + (KEPT if self._ticket else LEFT_ALONE)
            return self._ticket

    def refused(self) -> None:
        """Throw the ticket away: it was not taken."""
        with self._lock:
            self._ticket = None
            self._until = calendar.now() + LEFT_ALONE

    def _asked(self) -> Ticket | None:
        """Ask for a cookie, then for a crumb; a refusal is no reason to fail, since charts need neither."""
        try:
            told = self._doorway.get("/", expected=DOORWAY_STATUSES, headers={"Accept": "text/html"}).headers.get("set-cookie", "")
            cookie = "; ".join(COOKIE.findall(told))
            return self._with_crumb(cookie) if cookie else None
        except ProviderError:
            return None

    def _with_crumb(self, cookie: str) -> Ticket | None:
        """Take a crumb only where it looks like one: whatever else is told in its place would poison every later request."""
        crumb = self._wire.get(CRUMB_PATH, headers={"Cookie": cookie}).text.strip()
        return Ticket(cookie, crumb) if CRUMB.fullmatch(crumb) else None
