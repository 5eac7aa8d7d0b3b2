"""What a load run is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """Sizes and speeds; a scenario is a plan and what is done with it."""

    clients: int = 1_000
    portfolios: int = 200
    holdings: int = 40
    instruments: int = 5_000
    quotes: float = 2_000  # a second
    batch_seconds: float = 0.1  # between two batches of the feed
    reads: float = 50  # a second
    writes: float = 20
    seconds: float = 15
    flush_ms: int = 250
    bare_seconds: float = 5
    dashboards: int = 0
    refresh_seconds: float = 5
    tabs: int = 0  # of Chromium, beside the one that is measured
    pages: int = 200  # changes of page
    through_rest: bool = False  # quotes come by POST /quotes instead of a poller beside the server
    seed: int = 7

    def small(self) -> Plan:
        """Give the form that a test can pay for."""
        return replace(self, clients=40, portfolios=8, holdings=10, instruments=60, quotes=200, reads=10, writes=5, seconds=3, bare_seconds=1,
                       dashboards=min(self.dashboards, 8), refresh_seconds=1, pages=min(self.pages, 12))
