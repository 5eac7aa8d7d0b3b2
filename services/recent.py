"""Results that many ask for and that are dear: one works them out, the others take what is there, and the dearer it was the longer it holds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

V = TypeVar("V")
SHARE: Final = 0.05  # of the time may go into working a result out again


def span(seconds: float) -> int:
    """Give the number of the present span of so many seconds: a version for what may be told for so long."""
    return int(time.monotonic() // seconds)


@dataclass(slots=True)
class _Entry(Generic[V]):
    """One result: of which version it is, when it was worked out and how long that took."""

    busy: threading.Lock = field(default_factory=threading.Lock)
    there: bool = False
    version: Hashable = None
    value: V | None = None
    at: float = 0.0
    took: float = 0.0

    def holds(self, version: Hashable, at: float, share: float) -> bool:
        """Tell whether it may be told for a version: it is of that one, or too dear to be worked out again so soon."""
        return self.there and (self.version == version or at - self.at < self.took / share)


class Recent(Generic[V]):
    """The last results by key; safe between threads.

    Parameters
    ----------
    size : int
        How many are kept.
    share : float, optional
        A result of an older version is told while working it out again would take more than this share of the time: one that took
        10 ms is a fifth of a second old at most, one that took 3 s a minute.
    """

    def __init__(self, size: int, share: float = SHARE) -> None:
        self._size, self._share = size, share
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry[V]] = OrderedDict()

    def get_or_compute(self, key: Hashable, version: Hashable, compute: Callable[[], V]) -> V:
        """Give what is kept under a key, or work it out; who asks while another does so gets the one before, or waits where there is none."""
        entry = self._entry(key)
        if entry.holds(version, time.monotonic(), self._share):
            return entry.value  # type: ignore[return-value]  # it is there
        if not entry.busy.acquire(blocking=not entry.there):
            return entry.value  # type: ignore[return-value]
        try:
            began = time.monotonic()
            if not entry.holds(version, began, self._share):
                value = compute()
                entry.value, entry.version, entry.at, entry.took, entry.there = value, version, time.monotonic(), time.monotonic() - began, True
            return entry.value  # type: ignore[return-value]
        finally:
            entry.busy.release()

    def _entry(self, key: Hashable) -> _Entry[V]:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
            return entry
