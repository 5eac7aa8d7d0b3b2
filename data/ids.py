"""Identifiers: UUID version 7, ordered by the time they were made."""

from __future__ import annotations

import secrets
import threading
from typing import Final
from uuid import UUID

from data import calendar

_RANDOM_BITS: Final = 62
_NANOSECONDS: Final = 1_000_000
_FRACTION_STEPS: Final = 4096


class _Source:
    """Makes ids that only grow within a process, also within one tick of the clock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last = 0

    def next_stamp(self) -> int:
        """Give 60 bits: milliseconds, then the twelfth-bit fraction of the millisecond, always above the last."""
        milliseconds, rest = divmod(calendar.nanoseconds(), _NANOSECONDS)
        stamp = milliseconds * _FRACTION_STEPS + rest * _FRACTION_STEPS // _NANOSECONDS
        with self.lock:
            self.last = max(stamp, self.last + 1)
            return self.last

    def next_id(self) -> UUID:
        """Lay the stamp and 62 random bits out as RFC 9562 wants them."""
        milliseconds, fraction = divmod(self.next_stamp(), _FRACTION_STEPS)
        random = secrets.randbits(_RANDOM_BITS)
        return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random)


_SOURCE: Final = _Source()


def uuid7() -> UUID:
    """Make a new id that sorts after every id made before in this process.

    Returns
    -------
    UUID
        Version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, 12 bits of their fraction, 62 random bits.
    """
    return _SOURCE.next_id()
