"""Every figure of many portfolios in this process and on a Dask cluster over tcp: the same numbers, and where the cluster pays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from time import perf_counter

import numpy as np

import engine
from data.cluster import workplace
from engine.risk.firm import Block, block_figures, blocks_of
from tests.bench.table import Row

DAYS = 1_250
LIGHT, HEAVY = 512, 8  # portfolios: of figures alone, and with the backtests of three methods
METHODS = ("historical", "filtered_historical", "garch")


def run() -> list[Row]:
    """Measure both kinds of work here and there, on two workers."""
    with cluster() as address:
        return [*beside_each_other("figures", firm(LIGHT), address), *beside_each_other("figures and backtests", firm(HEAVY, METHODS), address)]


def beside_each_other(name: str, blocks: list[Block], address: str) -> list[Row]:
    """Do the same blocks here and on the cluster; the numbers must be the same."""
    (here, found), (there, told) = (done(where, blocks) for where in (None, address))
    same = all(np.array_equal([*one.values()], [*other.values()], equal_nan=True)
               for mine, theirs in zip(found, told, strict=True) for one, other in zip(mine, theirs, strict=True))
    count = sum(block.returns.shape[1] for block in blocks)
    return [Row(f"firm-wide, {count} portfolios, {name}, in this process", here, None, "s"),
            Row("  over tcp on two workers, code sent along", there, None, "s"),
            Row("  time here over time there: above 1 it pays", here / there, None, "x"),
            Row("  share of figures that are the same", float(same), 1.0, "x", at_least=True)]


def done(where: str | None, blocks: list[Block]) -> tuple[float, list[list[dict[str, float]]]]:
    """Work on every block; seconds, and the figures in the order of the blocks."""
    began = perf_counter()
    with workplace(where, Path(engine.__file__).parent) as place:
        found = dict(place.each(block_figures, blocks, lambda: False))
    return perf_counter() - began, [found[number] for number in range(len(blocks))]


def firm(count: int, methods: tuple[str, ...] = ()) -> list[Block]:
    """Make portfolios that share a market, in blocks."""
    chance = np.random.default_rng(9)
    days = np.arange(DAYS).astype("timedelta64[D]") + np.datetime64("2020-01-01", "ns")
    market = chance.standard_t(5, DAYS) * 0.007
    own = market[:, None] * chance.uniform(0.5, 1.5, count) + chance.standard_t(5, (DAYS, count)) * 0.006
    return [*blocks_of(Block(days, own, np.broadcast_to(market[:, None], own.shape).copy(), 252.0, 0.0, 0.95, methods))]


@contextmanager
def cluster() -> Iterator[str]:
    """Start a scheduler and two workers, each a process; what is measured reaches them by their address alone."""
    made = import_module("distributed").LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50)
    try:
        yield str(made.scheduler_address)
    finally:
        made.close()
