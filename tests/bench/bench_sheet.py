"""The whole sheet of one series and of a thousand against quantstats in the same run, memory against the input, growth from 10 to 10,000 series."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd

from engine import full_sheet
from tests.bench.table import Row

YEARS = 10
ROWS = YEARS * 252
THEIRS = 20
SIZES = (10, 100, 1_000, 10_000)


def run() -> list[Row]:
    """Measure one, a thousand, memory and growth."""
    returns, market = series_of(1_000)
    one = returns.iloc[:, 0]
    ours, theirs = in_turns(lambda: full_sheet(one, market), lambda: their_sheet(one, market))
    many = best(lambda: full_sheet(returns, market), 3)
    twenty = best(lambda: [their_sheet(returns.iloc[:, place], market) for place in range(THEIRS)], 1)
    found, others = len(full_sheet(one, market).figures), their_figures(one, market)
    return [
        Row("sheet of one series, 10 years daily with a benchmark", ours * 1e3, None, "ms"),
        Row("  quantstats metrics(mode='full') of the same", theirs * 1e3, None, "ms"),
        Row("  quantstats' time over ours", theirs / ours, 30.0, "x", at_least=True),
        Row("  our figures over quantstats' rows", found / others, 2.0, "x", at_least=True),
        Row("sheet of 1,000 series", many * 1e3, 1_500.0, "ms"),
        Row("  quantstats' time, from 20 of them, over ours", twenty / THEIRS * 1_000 / many, 200.0, "x", at_least=True),
        Row("  peak memory over the input", memory(returns, market), 6.0, "x"),
        *growth(),
    ]


def series_of(count: int) -> tuple[pd.DataFrame, pd.Series]:
    """Returns with tails that share a market."""
    chance = np.random.default_rng(7)
    days = pd.bdate_range("2015-01-01", periods=ROWS)
    market = chance.standard_t(5, ROWS) * 0.007 + 0.0003
    own = chance.standard_t(5, (ROWS, count)) * 0.008 + chance.uniform(0.5, 1.5, count) * market[:, None]
    return pd.DataFrame(own, index=days, columns=[f"S{place}" for place in range(count)]), pd.Series(market, index=days, name="market")


def best(work: Callable[[], Any], times: int) -> float:
    """Shortest of some runs, after one that does not count."""
    work()
    took = []
    for _ in range(times):
        began = perf_counter()
        work()
        took.append(perf_counter() - began)
    return min(took)


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int = 9, each: int = 10) -> tuple[float, float]:
    """Middle processor time of two kinds of work done by turns, so that whatever else the machine does slows both alike."""
    ours(), theirs()
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for times, work, kept in ((each, ours, took[0]), (1, theirs, took[1])):
            began = process_time()
            for _ in range(times):
                work()
            kept.append((process_time() - began) / times)
    return median(took[0]), median(took[1])


def their_sheet(one: pd.Series, market: pd.Series) -> pd.DataFrame:
    """Full report of quantstats, without printing."""
    import quantstats  # noqa: PLC0415 - for development only

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told: pd.DataFrame = quantstats.reports.metrics(one, market, mode="full", display=False)
    return told


def their_figures(one: pd.Series, market: pd.Series) -> int:
    """Rows of that report with a figure in them: dates, rate and blank lines are none."""
    told = their_sheet(one, market)
    return sum(1 for name in told.index if str(name).strip() and not any(word in str(name) for word in ("Period", "Date", "Risk-Free")))


def memory(returns: pd.DataFrame, market: pd.Series) -> float:
    """Peak of what is allocated during a sheet, over what came in."""
    full_sheet(returns.iloc[:, :2], market)
    tracemalloc.start()
    full_sheet(returns, market)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / returns.to_numpy().nbytes


def growth() -> list[Row]:
    """Time a series at each size: it must not grow with how many there are."""
    rows, each = [], {}
    for size in SIZES:
        returns, market = series_of(size)
        each[size] = best(lambda returns=returns, market=market: full_sheet(returns, market), 1 if size > 1_000 else 3) / size  # type: ignore[misc]
        rows.append(Row(f"  a series, of {size:,}", each[size] * 1e6, None, "us"))
    rows.append(Row("  a series of 10,000 over one of 100", each[10_000] / each[100], 1.5, "x"))
    return rows
