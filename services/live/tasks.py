"""The tasks of the hub: those that end are forgotten or told of, those that should never end are begun again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

log = logging.getLogger("portolan.hub")

AGAIN_SECONDS: Final = 1.0  # from the end of a task that should not have ended to its next beginning


class Tasks:
    """What runs beside each other on one event loop: `spawn`, `keep_up`, and at the end `await stop()`."""

    def __init__(self) -> None:
        self.stopped = False
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something to its end; an error that ends it is logged."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._retire)
        return task

    def _retire(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a task of the hub ended", exc_info=error)

    def keep_up(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a task that never ends, and begin it again a second after it fails all the same."""

        def again(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and not self.stopped:
                task.get_loop().call_later(AGAIN_SECONDS, self.keep_up, work)

        if not self.stopped:
            self.spawn(work()).add_done_callback(again)

    async def stop(self, others: Iterable[asyncio.Task[Any]] = ()) -> None:
        """End every task, and `others` with them; waits for nothing that hangs."""
        self.stopped = True
        tasks = [*self._running, *others]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()
