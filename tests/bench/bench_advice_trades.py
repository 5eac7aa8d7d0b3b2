"""Rebalancing 100 holdings of 500 lots, and a frontier of 30 points over 100 assets: processor time, so that neighbours do not count."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from engine.advice.legs import Ways
from engine.advice.optimise import Task, frontier
from engine.advice.policy import Constraints, Costs, Taxes
from engine.advice.rebalance import rebalance
from engine.advice.standing import aims_of
from tests.bench.table import Row
from tests.engine.advice.portfolios import standing_of

HOLDINGS, LOTS, POINTS, DAYS, ROUNDS = 100, 500, 30, 504, 3


def run() -> list[Row]:
    """Measure both, warm: the first call loads the solvers."""
    steps: list[int] = []
    line = quickest(lambda: trace(steps))
    return [*(Row(f"rebalancing {HOLDINGS} holdings, {LOTS} lots, {method}", quickest(partial(trade, method)) * 1000, 500, "ms")
              for method in ("specific", "fifo")),
            Row(f"frontier of {POINTS} points x {HOLDINGS} assets", line, 10, "s"),
            Row("looks at its progress on the way", len(steps) / (ROUNDS + 1), 5, "", at_least=True)]


def trade(method: str) -> None:
    """Rebalance under everything that can be asked for at once."""
    standing = standing_of(5, HOLDINGS, LOTS, method=method)
    parts = np.random.default_rng(5).dirichlet(np.full(HOLDINGS, 5.0)) * 0.97
    targets = dict(zip(standing.symbols, parts.tolist(), strict=True))
    limits = Constraints(max_weight=0.2, min_trade=100.0, lot=1.0, cash_buffer=0.01, max_turnover=0.5)
    found = rebalance(standing, aims_of(standing, targets, {}), Ways(limits, Costs(1.0, 0.0005, 0.001), Taxes(0.4, 0.2)))
    assert found.list.trades


def trace(steps: list[int]) -> None:
    """Trace a frontier."""
    chance = np.random.default_rng(5)
    cells = chance.normal(0.0004, 0.012, (DAYS, HOLDINGS)) + chance.normal(0.0, 0.008, (DAYS, 1))
    returns = pd.DataFrame(cells, columns=[f"H{place}" for place in range(HOLDINGS)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frontier(returns, Task(), dict.fromkeys(returns.columns, 1 / HOLDINGS), size=POINTS, tell=lambda _phase, done, _total: steps.append(done))


def quickest(work: Callable[[], object]) -> float:
    """Time the quickest of some calls, after one that counts for nothing."""
    work()
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)
