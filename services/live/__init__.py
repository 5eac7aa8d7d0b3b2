"""The fan-out hub: one per process, from the bus to every browser.

    bus -> Board (one price vector) -> Scope (one portfolio, or all of a workspace) -> Topic (what one subscription shows) -> Client

`Board` and `Scope` keep for every key the number of the flush in which it last changed; a `Client` keeps the number of the flush it
has been sent. What it gets next is whatever changed since, in its newest state: that is the whole mailbox, two integers a client, so a
reader that is slow misses states in between and never the last one, and can make nothing grow.
"""

from __future__ import annotations

from services.live.client import Client
from services.live.hub import Hub
from services.live.limits import Cut, Limits
from services.live.metrics import HubCollector

__all__ = ["Client", "Cut", "Hub", "HubCollector", "Limits"]
