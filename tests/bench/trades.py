"""A ledger of many trades that never sells what it does not hold, and how long it takes to book: run as a process of its own.

`python -m tests.bench.trades 1000000 fifo` prints the seconds and the peak memory as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from time import process_time

import numpy as np
import pandas as pd

from engine import book
from engine.daily import grid_of

INSTRUMENTS = 500
START, END = "2014-01-01", "2023-12-31"


def ledger_of(count: int, seed: int = 11) -> pd.DataFrame:
    """Trades over ten years, as a program would hand them over: unsorted by instrument, sorted by day."""
    random = np.random.default_rng(seed)
    symbol = random.integers(0, INSTRUMENTS, count)
    day = np.sort(random.integers(0, 3652, count))
    wanted, sells = random.integers(1, 200, count), random.random(count) < 0.5
    price = np.round(np.clip(60 + 40 * np.sin(symbol + day / 300) + random.normal(0, 2, count), 1, None), 2)
    kind, quantity = _within_holdings(symbol.tolist(), wanted.tolist(), sells.tolist())
    names = np.array([f"S{number:03d}" for number in range(INSTRUMENTS)], dtype=object)
    days = np.datetime64(START, "ns") + day.astype("timedelta64[D]")
    return pd.DataFrame({"date": days, "kind": kind, "symbol": names[symbol], "quantity": quantity, "price": price, "fee": 1.0, "currency": "EUR"})


def _within_holdings(symbols: list[int], wanted: list[int], sells: list[bool]) -> tuple[list[str], list[float]]:
    held = [0] * INSTRUMENTS
    kinds, quantities = [], []
    for symbol, quantity, sell in zip(symbols, wanted, sells, strict=True):
        sold = sell and held[symbol] > 0
        units = min(quantity, held[symbol]) if sold else quantity
        held[symbol] += -units if sold else units
        kinds.append("SELL" if sold else "BUY")
        quantities.append(float(units))
    return kinds, quantities


def seconds(ledger: pd.DataFrame, prices: pd.DataFrame, method: str, *, daily: bool = True) -> float:
    """Processor time (one thread; other work of the machine does not count) to lots, gains and, if wanted, quantities of every day."""
    began = process_time()
    booked = book(ledger, base_currency="EUR", cost_method=method)
    if daily:
        grid_of(booked, prices, start=START, end=END)
    return process_time() - began


def prices_of() -> pd.DataFrame:
    """A price for each instrument on every weekday of the ten years."""
    days = pd.bdate_range(START, END)
    return pd.DataFrame(50.0, index=days, columns=[f"S{number:03d}" for number in range(INSTRUMENTS)])


def main(count: int, method: str) -> None:
    """Book three times and print the first and the quickest, and the peak of memory after the first."""
    ledger, prices = ledger_of(count), prices_of()
    first = seconds(ledger, prices, method)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    again = [seconds(ledger, prices, method) for _ in range(2)]
    alone = seconds(ledger, prices, method, daily=False)
    print(json.dumps({"first": first, "best": min(first, *again), "book": alone, "peak_gb": peak}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
