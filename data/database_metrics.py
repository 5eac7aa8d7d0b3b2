"""What the pool of connections counts, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)


@dataclass(frozen=True, slots=True)
class PoolState:
    """Connections of a process: lent out, waiting to be, and as many as there may be."""

    in_use: int
    idle: int
    limit: int


class DatabaseMetrics(Collector):
    """Times transactions by kind, and reads the pool when it is asked for."""

    def __init__(self, engine: sa.Engine, limit: int) -> None:
        self._engine, self._limit = engine, limit
        self._seconds = Histogram("portolan_transaction_seconds", "Time of a transaction, the wait for its connection in it", ["kind"],
                                  buckets=BUCKETS, registry=CollectorRegistry())

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Time a block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds.labels(kind).observe(time.perf_counter() - began)

    def pool(self) -> PoolState:
        """Tell how the pool is used now."""
        pool = self._engine.pool
        return PoolState(pool.checkedout(), pool.checkedin(), self._limit)  # type: ignore[attr-defined]

    def collect(self) -> Iterator[Metric]:
        """Give every figure."""
        yield from self._seconds.collect()
        told, gauge = self.pool(), GaugeMetricFamily("portolan_pool_connections", "Connections to the database", labels=["state"])
        for state, count in (("in_use", told.in_use), ("idle", told.idle), ("limit", told.limit)):
            gauge.add_metric([state], count)
        yield gauge
