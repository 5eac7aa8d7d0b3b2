"""Value at risk of one portfolio of 40 holdings by every method with its backtest of 1,000 days, and a simulation beside plain numpy."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from engine import backtest, expected_shortfall, value_at_risk
from engine.columns import Floats
from engine.risk.var.methods import METHODS
from tests.bench.table import Row

DAYS, WINDOW, HOLDINGS = 1_000, 250, 40
SIMULATIONS, WIDTH = 100_000, 50
ROUNDS = 5


def run() -> list[Row]:
    """Measure all."""
    returns, weights = holdings(WINDOW + DAYS, HOLDINGS)
    names = [name for name in METHODS if name != "garch"]
    quick = seconds(lambda: everything(returns, weights, names))
    slow = seconds(lambda: everything(returns, weights, ["garch"]))
    wide, portions = holdings(WINDOW, WIDTH)
    ours, plain = side_by_side(wide, portions.to_numpy())
    return [
        Row(f"VaR of {len(names)} kinds with their backtest of 1,000 days", quick, 3, "s"),
        Row("the same with GARCH", quick + slow, 10, "s"),
        Row(f"Monte Carlo {SIMULATIONS:,} x {WIDTH} against plain numpy", ours / plain, 1.3, "x"),
    ]


def everything(returns: pd.DataFrame, weights: pd.Series, names: list[str]) -> None:
    """Do what the page and the route do: both figures of now, and the forecasts of every past day, tested and ranked."""
    for name in names:
        value_at_risk(returns, method=name, weights=weights)
        expected_shortfall(returns, method=name, weights=weights)
    backtest(returns, names, weights=weights, window=WINDOW, days=DAYS)


def holdings(days: int, count: int) -> tuple[pd.DataFrame, pd.Series]:
    """Make returns of holdings that share a market whose volatility comes and goes, and their weights."""
    chance = np.random.default_rng(5)
    market = chance.standard_t(5, days) * 0.007 * np.exp(0.4 * np.sin(np.arange(days) / 60))
    cells = market[:, None] * chance.uniform(0.5, 1.5, count) + chance.standard_t(5, (days, count)) * 0.008
    names = [f"H{place}" for place in range(count)]
    frame = pd.DataFrame(cells, index=pd.bdate_range("2015-01-01", periods=days), columns=names)
    return frame, pd.Series(1.0 / count, index=names)


def side_by_side(returns: pd.DataFrame, weights: Floats) -> tuple[float, float]:
    """Take turns, so that what else the machine does falls on both; the quickest of each counts."""
    cells = returns.to_numpy()
    turns = [(seconds(lambda: value_at_risk(cells, method="monte_carlo_normal", simulations=SIMULATIONS, weights=weights)),
              seconds(lambda: by_numpy(cells, weights))) for _ in range(ROUNDS)]
    return min(ours for ours, _ in turns), min(plain for _, plain in turns)


def by_numpy(cells: Floats, weights: Floats) -> float:
    """Simulate in four lines."""
    root = np.linalg.cholesky(np.cov(cells.T))
    drawn = np.random.default_rng(7).standard_normal((SIMULATIONS, len(weights))) @ root.T + cells.mean(axis=0)
    return -float(np.quantile(drawn @ weights, 0.05))


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
