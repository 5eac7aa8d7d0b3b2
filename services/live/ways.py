"""The last part of the way of a batch of ticks, for traces: heard from the bus, put on the board, shown by a flush."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from data import tracing

MANY: Final = 32  # batches that a flush names


class Ways:
    """Knows which batches moved the board and are not shown yet.

    Parameters
    ----------
    moved : callable
        Tells whether anything waits for the next flush.
    """

    def __init__(self, moved: Callable[[], bool]) -> None:
        self._moved = moved
        self._waiting: deque[str] = deque(maxlen=MANY)

    @contextmanager
    def taking(self, body: Mapping[str, Any]) -> Iterator[None]:
        """Trace that a batch is put on the board, as a part of the poll that brought it."""
        told = body.get("trace")
        parent = told if isinstance(told, str) else None
        with tracing.span("take quotes", kind="consumer", parent=parent, portolan__quotes=len(body["quotes"])):
            yield
            if (reached := tracing.carrier()) is not None and self._moved():
                self._waiting.append(reached)

    def flushing(self, clients: int) -> AbstractContextManager[object]:
        """Trace a flush as a part of the way of the oldest batch it shows, with links to the others."""
        if not self._waiting:
            return nullcontext()
        first, *others = self._waiting
        self._waiting.clear()
        return tracing.span("flush", parent=first, links=others, portolan__batches=1 + len(others), portolan__clients=clients)
