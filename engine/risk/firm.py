"""Every figure of many portfolios at once, in blocks that can be worked on anywhere: arrays in, arrays out, nothing but the engine needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InsufficientHistory, MisalignedSeries
from engine.risk.sheet import tear_sheet
from engine.risk.var.backtest import backtest

TAILS = ("var", "es", "rank", "passed")
LIGHT, HEAVY = 64, 4  # portfolios of a block: of figures alone, and with backtests; a choice of the numbers' sake, the same wherever it is done


@dataclass(frozen=True, slots=True)
class Block:
    """Some portfolios over the same days.

    Attributes
    ----------
    days
        ndarray of shape (n_days,), datetime64[ns].
    returns, benchmark
        ndarrays of shape (n_days, n_portfolios), simple returns, fraction; NaN where there is none.
    periods_per_year, risk_free, level
        Of all of them; the rate is a year's.
    methods
        Ways of value at risk that are backtested; empty: none.
    """

    days: np.ndarray[Any, Any]
    returns: Floats
    benchmark: Floats
    periods_per_year: float
    risk_free: float
    level: float
    methods: tuple[str, ...] = ()


def block_figures(block: Block) -> list[dict[str, float]]:
    """Work out every figure of a block.

    Parameters
    ----------
    block
        Some portfolios.

    Returns
    -------
    list of dict
        A portfolio each, in their order: figure of the sheet -> value, NaN without an answer; with methods also ``var.<method>``,
        ``es.<method>`` (the last forecasts), ``rank.<method>`` and ``passed.<method>`` of the backtest.

    Notes
    -----
    Convention: a portfolio's figures are those of its own days; days before its first and after its last return count for nothing.

    Raises
    ------
    MisalignedSeries
        Returns and benchmark of other shapes.

    Examples
    --------
    >>> days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]").astype("datetime64[ns]")
    >>> returns = np.random.default_rng(3).normal(0, 0.01, (len(days), 2))
    >>> found = block_figures(Block(days, returns, np.full_like(returns, np.nan), 252.0, 0.0, 0.95))
    >>> len(found), bool(found[0]["volatility"] > 0)
    (2, True)
    """
    if block.returns.shape != block.benchmark.shape or len(block.days) != len(block.returns):
        raise MisalignedSeries("returns", "benchmark", reason=f"{block.returns.shape} against {block.benchmark.shape}, {len(block.days)} days")
    own = pd.DataFrame(block.returns, index=pd.DatetimeIndex(block.days))
    beside = pd.DataFrame(block.benchmark, index=own.index)
    sheet = tear_sheet(own, beside, risk_free=block.risk_free, risk_free_basis="year", level=block.level, periods_per_year=block.periods_per_year)
    found = [{str(name): float(value) for name, value in sheet[column].items()} for column in own.columns]
    for told, column in zip(found, own.columns, strict=True) if block.methods else ():
        told.update(_tails(own[column].dropna(), block))
    return found


def blocks_of(block: Block) -> Iterator[Block]:
    """Cut a firm into blocks of a fixed size, so that numbers do not hang on how many hands work on them.

    Parameters
    ----------
    block
        All portfolios of one calendar.

    Yields
    ------
    Block
        In their order.

    Examples
    --------
    >>> whole = Block(np.empty(0, "datetime64[ns]"), np.empty((0, 130)), np.empty((0, 130)), 252.0, 0.0, 0.95)
    >>> [each.returns.shape[1] for each in blocks_of(whole)]
    [64, 64, 2]
    """
    size = HEAVY if block.methods else LIGHT
    for start in range(0, block.returns.shape[1], size):
        kept = slice(start, start + size)
        yield Block(block.days, block.returns[:, kept], block.benchmark[:, kept], block.periods_per_year, block.risk_free, block.level, block.methods)


def _tails(returns: pd.Series, block: Block) -> dict[str, float]:
    """Forecast by every method asked for, with the outcome of its backtest; nothing where the history is too short for one."""
    try:
        told = backtest(returns, block.methods, level=block.level)
    except InsufficientHistory:
        return dict.fromkeys((f"{what}.{name}" for what in TAILS for name in block.methods), float("nan"))
    last = {"var": told.forecasts.iloc[-1], "es": told.shortfalls.iloc[-1], "rank": told.ranking["rank"], "passed": told.ranking["passed"]}
    return {f"{what}.{name}": float(last[what][name]) for what in TAILS for name in block.methods}
