"""Booking of up to a million trades: processor time and memory by method, growth with size, and beancount on a part of the same trades."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import process_time

import pandas as pd

from engine.types import CostMethod
from tests.bench.table import Row
from tests.bench.trades import ledger_of, prices_of, seconds

ROOT = Path(__file__).resolve().parents[2]
MILLION = 1_000_000
SHARED = 20_000
BARS = {CostMethod.FIFO: 2.0}


def run() -> list[Row]:
    """Measure, every size and method in a process of its own."""
    rows = []
    for size in (1_000, 10_000, 100_000):
        found = measured(size, "fifo")
        rows.append(Row(f"book fifo, {size:,} trades", found["book"] * 1e3, 60.0 if size == 10_000 else None, "ms"))
        rows.append(Row(f"  with the quantities of every day, {size:,}, a trade", found["best"] / size * 1e6, None, "us"))
    for method in CostMethod:
        found = measured(MILLION, method.value)
        rows.append(Row(f"book and days {method.value}, {MILLION:,} trades", found["best"] * 1e3, BARS.get(method, 4.0) * 1e3, "ms"))
        rows.append(Row(f"  the first time, {method.value}", found["first"] * 1e3, None, "ms"))
        rows.append(Row(f"  peak memory, {method.value}", found["peak_gb"] * 1e3, 1_500.0, "MB"))
        if method is CostMethod.FIFO:
            rows.append(Row("  a trade", found["best"] / MILLION * 1e6, None, "us"))
    return rows + against_beancount()


def measured(size: int, method: str) -> dict[str, float]:
    """Figures of one size and method."""
    told = subprocess.run([sys.executable, "-m", "tests.bench.trades", str(size), method], cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout)
    return found


def against_beancount() -> list[Row]:
    """Our booking and beancount's of the same trades, fifo; both end with the same lots."""
    ledger, prices = ledger_of(SHARED), prices_of()
    ours = min(seconds(ledger, prices, "fifo", daily=False) for _ in range(3))
    theirs = beancount_seconds(ledger)
    return [
        Row(f"book fifo, {SHARED:,} trades", ours * 1e3, None, "ms"),
        Row(f"beancount's booking of the same {SHARED:,}", theirs * 1e3, None, "ms"),
        Row("  beancount's time over ours", theirs / ours, None, "x"),
    ]


def beancount_seconds(ledger: pd.DataFrame) -> float:
    """Time of beancount's booking alone: reading the text is not counted."""
    from beancount.parser import booking, parser  # noqa: PLC0415 - for development only

    entries, errors, options = parser.parse_string(_as_beancount(ledger))
    began = process_time()
    booked, more = booking.book(entries, options)
    took = process_time() - began
    if errors or more or len(booked) != len(entries):
        raise RuntimeError(f"beancount refused {len(errors) + len(more)} entries, the first: {(errors + more)[0]}")
    return took


def _as_beancount(ledger: pd.DataFrame) -> str:
    lines = ['1970-01-01 open Assets:Broker "FIFO"', "1970-01-01 open Assets:Cash", "1970-01-01 open Income:Gains"]
    for row in ledger.itertuples(index=False):
        lines.append(f'{row.date:%Y-%m-%d} * "{row.kind}"')
        if row.kind == "BUY":
            lines.append(f"  Assets:Broker  {row.quantity:.0f} {row.symbol} {{{row.price} EUR}}")
            lines.append("  Assets:Cash")
        else:
            lines.append(f"  Assets:Broker  -{row.quantity:.0f} {row.symbol} {{}} @ {row.price} EUR")
            lines.append(f"  Assets:Cash  {row.quantity * row.price:.2f} EUR")
            lines.append("  Income:Gains")
    return "\n".join(lines) + "\n"
