"""How late the event loop is, by a task that wants to run every 20 ms and notes by how much it missed; and how long flushes take."""

from __future__ import annotations

import asyncio
from collections import deque

import numpy as np
from prometheus_client import CollectorRegistry, Histogram

PAUSE_SECONDS = 0.02
SAMPLES = 3_000  # one minute
FLUSHES = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5)


class LoopProbe:
    """Keeps the lateness of the last minute in seconds."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=SAMPLES)

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(PAUSE_SECONDS)
            self._late.append(loop.time() - began - PAUSE_SECONDS)

    def quantile(self, share: float) -> float:
        """Give the lateness in seconds that `share` of the last minute's samples did not pass; 0 without samples."""
        return float(np.quantile(np.array(self._late), share)) if self._late else 0.0


def flush_histogram() -> Histogram:
    """Give what a hub times its flushes with."""
    text = "Time of a flush, from its beginning until clients are woken"
    return Histogram("portolan_flush_seconds", text, buckets=FLUSHES, registry=CollectorRegistry())
