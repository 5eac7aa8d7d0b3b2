"""Live risk at a flush: 200 portfolios of 40 holdings, 500 days of history, 500 of 5,000 prices moved."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from engine.risk.live import live_statistics
from services.live.board import Board
from services.live.risk import LoadedRisk, RiskBoard
from services.live.scope import Scope
from tests.bench.bench_hub import BATCH, HOLDINGS, SCOPES, take, world
from tests.bench.table import Row
from tests.services.live_fixtures import NOW, quote_of

DAYS, ROUNDS, BAR_MS = 500, 25, 20.0


def with_risk(scopes: list[Scope], board: Board) -> None:
    """Give every scope a past of its own."""
    random, days = np.random.default_rng(9), pd.bdate_range(end="2024-06-03", periods=DAYS)
    market = pd.Series(random.normal(0, 0.01, DAYS), index=days)
    for scope in scopes:
        symbols = [board.prices[slot].symbol for slot in scope.slots]
        returns = pd.DataFrame(random.normal(0, 0.012, (DAYS, len(symbols))) + market.to_numpy()[:, None], index=days, columns=symbols)
        scope.risk_wanted = True
        scope.take_risk(LoadedRisk(live_statistics(returns, benchmark_returns=market, realised=market), {}, None), board, NOW)


def run() -> list[Row]:
    """Value the same batches without risk and with it, turn by turn, in this process."""
    worlds, risks = {"plain": world(), "risk": world()}, RiskBoard()
    with_risk(worlds["risk"][1], worlds["risk"][0])
    random, took = np.random.default_rng(8), {name: list[float]() for name in (*worlds, "told")}
    for number in range(1, ROUNDS + 1):
        picked, prices = random.choice(len(worlds["plain"][0].prices), BATCH, replace=False), np.round(100 + random.random(BATCH), 2)
        for name, (board, scopes) in worlds.items():
            take(board, [quote_of(board.prices[pick], float(price), number) for pick, price in zip(picked, prices, strict=True)])
            touched, took_ms = timed(lambda board=board, scopes=scopes: valued(board, scopes))
            took[name].append(took_ms)
            if name == "risk":
                took["told"].append(timed(lambda touched=touched, scopes=scopes: risks.tell(touched, scopes))[1])
            for scope in touched:
                scope.commit(number)
    told = sum('"value_at_risk":0.' in scope.member(-1, risk=True) for scope in worlds["risk"][1])
    assert told == SCOPES, f"{told} of {SCOPES} tell their risk"
    plain, beside, alone = (statistics.median(took[name][2:]) for name in took)
    return [Row(f"live risk: {SCOPES} x {HOLDINGS} valued without risk", plain, None, "ms"),
            Row("live risk: the same where risk is followed", beside, None, "ms"),
            Row(f"live risk: {SCOPES} x {HOLDINGS} at a flush", alone, BAR_MS, "ms")]


def timed(work: Callable[[], list[Scope] | None]) -> tuple[list[Scope], float]:
    """Do something, and tell how many milliseconds it took."""
    began = time.perf_counter()
    found = work()
    return found or [], 1000 * (time.perf_counter() - began)


def valued(board: Board, scopes: list[Scope]) -> list[Scope]:
    """Value what a batch moved, as the hub does."""
    slots, board.dirty = board.dirty, set()
    touched = [scope for scope in scopes if not slots.isdisjoint(scope.moved_by)]
    for scope in touched:
        scope.revalue(board)
    return touched
