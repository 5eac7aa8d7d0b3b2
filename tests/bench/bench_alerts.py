"""A batch of quotes against 10 and against 1,000 rules: what the evaluation of alerts costs."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

import numpy as np

from tests.bench.table import Row
from tests.services.alert_sheets import many
from tests.services.live_fixtures import NOW, quote_of

FEW, MANY, BATCH, ROUNDS = 10, 1_000, 20, 60


def run() -> list[Row]:
    """Measure in this process, without a database or a bus."""
    few, much = batch_ms(FEW), batch_ms(MANY)
    return [Row(f"alerts: a batch of {BATCH} quotes, {FEW} rules", few, None, "ms"),
            Row(f"alerts: a batch of {BATCH} quotes, {MANY} rules", much, None, "ms"), Row(f"alerts: {MANY} rules over {FEW}", much / few, 4.0, "x")]


def batch_ms(rules: int) -> float:
    """Put a batch on the board and compare every rule; the median."""
    board, sheet = many(rules)
    random, took = np.random.default_rng(8), []
    for number in range(1, ROUNDS + 1):
        picked = random.choice(len(board.prices), BATCH, replace=False)
        batch = [quote_of(board.prices[pick], round(100 + float(random.normal(0, 2)), 2), number) for pick in picked]
        began = time.perf_counter()
        for quote in batch:
            board.take(quote, NOW)
        slots, board.dirty = tuple(board.dirty), set()
        sheet.revalue(slots)
        sheet.accept(sheet.evaluate(NOW + timedelta(seconds=number)))
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)
