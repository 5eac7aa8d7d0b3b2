"""Work that nobody waits for gives way to whoever does: it waits until no request runs and none came for a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final


class Quiet:
    """Knows how many requests this process answers, and when the last one ended. Safe between threads."""

    def __init__(self) -> None:
        self._changed, self._running, self._last = Condition(), 0, float("-inf")

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request for as long as it runs."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def touch(self) -> None:
        """Take this moment for one at which a request ended: after a start the first ones come at once."""
        self._count(0)

    def wait(self, still: float, at_most: float) -> bool:
        """Wait until nothing ran for some seconds.

        Parameters
        ----------
        still : float
            Seconds without a request; where there were none for that long already, nobody waits.
        at_most : float
            Seconds after which it goes on whatever runs.

        Returns
        -------
        bool
            Whether it became quiet.
        """
        end = time.monotonic() + at_most
        with self._changed:
            while (missing := self.missing(still)) > 0:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(missing, left))
        return True

    def missing(self, still: float) -> float:
        """Tell how long it takes at least until nothing ran for some seconds; 0 or less where it is so."""
        return still if self._running else self._last + still - time.monotonic()

    def _count(self, more: int) -> None:
        with self._changed:
            self._running, self._last = self._running + more, time.monotonic()
            self._changed.notify_all()


REQUESTS: Final = Quiet()
