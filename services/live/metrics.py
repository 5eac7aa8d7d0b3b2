"""What the hub counts, for Prometheus: `registry.register(HubCollector(hub))`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from services.live.hub import Hub

COUNTS: Final = {
    "batches": "Batches heard from the bus",
    "quotes": "Quotes put on the board",
    "flushes": "Flushes that showed something",
    "revalued": "Scopes revalued",
    "encoded": "Message bodies encoded",
    "reloads": "Scopes read again from the database",
    "cut": "Clients cut because they did not read",
    "pushed": "Messages that a flush put straight into a socket",
    "sending": "Processor seconds in which flushes encoded and sent",
}
QUANTILES: Final = (0.5, 0.99, 1.0)


class HubCollector(Collector):
    """Reads the hub when `/metrics` is asked for; nothing is counted twice."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """Give every figure of the hub."""
        for name, text in COUNTS.items():
            yield CounterMetricFamily(f"portolan_hub_{name}", text, value=self._hub.counts[name])
        for name, (text, value) in self._sizes().items():
            yield GaugeMetricFamily(f"portolan_hub_{name}", text, value=value)
        lag = GaugeMetricFamily("portolan_loop_lag_seconds", "How late the event loop was in the last minute", labels=["quantile"])
        for share in QUANTILES:
            lag.add_metric([str(share)], self._hub.probe.quantile(share))
        yield lag
        yield from self._hub.flush_seconds.collect()

    def _sizes(self) -> dict[str, tuple[str, float]]:
        hub = self._hub
        return {
            "clients": ("Connections of this process", len(hub.clients)),
            "topics": ("Different subscriptions", len(hub.topics)),
            "scopes": ("Portfolios kept on the board", len(hub.scopes)),
            "instruments": ("Instruments on the board", len(hub.board.prices)),
            "degraded": ("1 while the bus is not heard", float(hub.degraded)),
            "behind": ("Flushes the slowest client is behind", max((hub.number - client.sent for client in hub.clients if client.topic), default=0)),
        }
