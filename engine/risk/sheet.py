"""The whole sheet: every figure of returns, of one series or of thousands, with the drawdown table and the months beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import pandas as pd

from engine.calendar_returns import matrix_of, period_codes, returns_by
from engine.columns import Floats, Table, cells_of, column_pieces
from engine.dispersion import periods_of
from engine.errors import InvalidInput
from engine.risk import sheet_figures
from engine.risk.catalogue import Term
from engine.risk.drawdown_table import deepest_in, table_of
from engine.risk.pair import beside_cells, rates_beside
from engine.risk.sample import Sample, level_of
from engine.risk.sheet_columns import Columns, Conventions
from engine.risk.yearly import annual_rate

CATALOGUE: Final[tuple[Term, ...]] = sheet_figures.CATALOGUE
Result = TypeVar("Result")


@dataclass(frozen=True)
class Sheet:
    """Every figure of some series, and their two tables.

    Attributes
    ----------
    figures
        DataFrame, rows: names of the catalogue, columns: the series.
    drawdowns
        DataFrame, the deepest ten of each series, as `drawdown_table` gives them.
    months
        DataFrame, returns of months: of one series by year and month with totals, of a frame by month and series; empty without dates.
    """

    figures: pd.DataFrame
    drawdowns: pd.DataFrame
    months: pd.DataFrame


def tear_sheet(  # noqa: PLR0913 - conventions are keyword arguments
    returns: Table,
    benchmark_returns: Table | None = None,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    minimum_acceptable_return: float = 0.0,
    level: float = 0.95,
    periods_per_year: float = 252,
    figures: Iterable[str] | None = None,
    threads: int = 2,
) -> pd.DataFrame:
    """Work out every figure of returns at once.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of a benchmark, one for each period, or one a series; without any the figures beside one are left out.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``, then compounded down to the period.
    minimum_acceptable_return
        Of a period, default 0.
    level
        Confidence of the figures of the tail, default 0.95.
    periods_per_year
        252 (default) for trading days, 12 for months.
    figures
        Names of those that are wanted; default all of the catalogue.
    threads
        How many work on blocks of columns at once, default 2; the numbers are the same with any.

    Returns
    -------
    DataFrame
        Rows: names of figures, each as its function in `engine` gives it; columns: the series. NaN where a figure has no answer.

    Notes
    -----
    Convention: each figure's own defaults, but for what is asked for here. Values at risk stand by every method but GARCH and the
    simulated ones, which are asked for one by one. Best and worst period are of months, and take dates.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown choice or figure, a level outside of 0 to 1, threads below 1, or periods a year not above zero.
    MisalignedSeries
        A benchmark or rates of other periods.

    References
    ----------
    Each figure names its own in the catalogue, and in its function.

    Examples
    --------
    >>> sheet = tear_sheet(pd.Series([0.02, -0.01, 0.03, -0.02], name="A"), periods_per_year=12)
    >>> float(round(sheet.loc["max_drawdown", "A"], 6)), "beta" in sheet.index
    (-0.02, False)
    """
    names = _wanted(figures, beside_one=benchmark_returns is not None)
    whole = _read(returns, benchmark_returns, risk_free, risk_free_basis, Conventions(periods_of(periods_per_year), level_of(level),
                                                                                      minimum_acceptable_return))
    return _figures(returns, _each(lambda block: _worked_out(block, names), whole, threads), names)


def full_sheet(
    returns: Table,
    benchmark_returns: Table | None = None,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    minimum_acceptable_return: float = 0.0,
    level: float = 0.95,
    periods_per_year: float = 252,
    threads: int = 2,
) -> Sheet:
    """Work out every figure, the deepest drawdowns and the months.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, risk_free_basis, minimum_acceptable_return, level, periods_per_year, threads
        As in `tear_sheet`.

    Returns
    -------
    Sheet

    Notes
    -----
    Convention: lengths of drawdowns in periods.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `tear_sheet`.

    References
    ----------
    As in `tear_sheet`.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-30", "2024-01-31", "2024-02-01"])
    >>> sheet = full_sheet(pd.Series([0.1, -0.2, 0.5], index=days))
    >>> sheet.drawdowns["drawdown"].round(6).tolist(), sheet.months.loc[2024, [1, 2]].round(6).tolist()
    ([-0.2], [-0.12, 0.5])
    """
    names = _wanted(None, beside_one=benchmark_returns is not None)
    whole = _read(returns, benchmark_returns, risk_free, risk_free_basis, Conventions(periods_of(periods_per_year), level_of(level),
                                                                                      minimum_acceptable_return))
    parts = _each(lambda block: (_worked_out(block, names), deepest_in(block.at)), whole, threads)
    clock = np.arange(len(whole.at.cells) + 1, dtype=np.float64)
    figures, drawdowns = _figures(returns, [part[0] for part in parts], names), table_of(returns, [part[1] for part in parts], clock)
    return Sheet(figures, drawdowns, _months(returns, whole))


def _worked_out(block: Columns, names: list[str]) -> Floats:
    """Figures of a block, shape (n_figures, n_series)."""
    sheet_figures.prepare(block, names)
    found = np.empty((len(names), block.at.cells.shape[1]))
    for place, name in enumerate(names):
        found[place] = sheet_figures.KERNELS[name](block)
    return found


def _figures(returns: Table, parts: list[Floats], names: list[str]) -> pd.DataFrame:
    found = np.concatenate([np.zeros((len(names), 0)), *parts], axis=1)
    return pd.DataFrame(found, index=pd.Index(names, name="figure"), columns=_names(returns))


def _wanted(figures: Iterable[str] | None, *, beside_one: bool) -> list[str]:
    known = {term.name: term for term in CATALOGUE if beside_one or not term.relative}
    wanted = list(known) if figures is None else list(figures)
    for name in wanted:
        if name not in known:
            needs = any(term.name == name for term in CATALOGUE)
            raise InvalidInput("figures", name, f"{name} needs a benchmark" if needs else f"{name} is not in the catalogue",
                               hint="Give benchmark_returns" if needs else "Names stand in engine.CATALOGUE")
    return wanted


def _read(returns: Table, benchmark_returns: Table | None, risk_free: float | Table, basis: str, asked: Conventions) -> Columns:
    """Lay out all columns, each in one piece."""
    market = None if benchmark_returns is None else Sample(np.asfortranarray(beside_cells(returns, benchmark_returns, "benchmark_returns")))
    rates = rates_beside(returns, risk_free, basis, asked.periods)
    index = returns.index if isinstance(returns, pd.Series | pd.DataFrame) else None
    codes = period_codes(index, "month") if isinstance(index, pd.DatetimeIndex) else None
    yearly = annual_rate(risk_free, basis=basis, periods_per_year=asked.periods)
    return Columns(Sample(cells_of(returns)), asked, rates, codes, market, yearly)


def _each(work: Callable[[Columns], Result], whole: Columns, threads: int) -> list[Result]:
    """Work on every block of columns, on some at once where there are many: numpy lets go of the interpreter while it computes."""
    if threads < 1:
        raise InvalidInput("threads", threads, "is below 1", hint="Use 1 or 2")
    pieces = column_pieces(*whole.at.cells.shape)
    if threads == 1 or len(pieces) == 1:
        return [work(_block(whole, piece)) for piece in pieces]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda piece: work(_block(whole, piece)), pieces))


def _block(whole: Columns, which: slice) -> Columns:
    """Take some of the columns; a benchmark of one column stays, with what is known of it."""
    market, rates, yearly = whole.market, whole.rates, whole.yearly_rate
    if market is not None and market.cells.shape[1] > 1:
        market = Sample(market.cells[:, which])
    return Columns(
        Sample(np.asfortranarray(whole.at.cells[:, which])), whole.asked, rates[:, which] if rates.shape[1] > 1 else rates, whole.codes, market,
        yearly[which] if yearly.size > 1 else yearly,
    )  # fmt: skip


def _names(returns: Table) -> pd.Index:
    if isinstance(returns, pd.DataFrame):
        return returns.columns
    if isinstance(returns, pd.Series):
        return pd.Index(["returns" if returns.name is None else returns.name])
    return pd.RangeIndex(np.shape(returns)[1]) if np.ndim(returns) == 2 else pd.Index(["returns"])


def _months(returns: Table, whole: Columns) -> pd.DataFrame:
    """Lay out months: of one series by year, of several by series; empty where there are no dates."""
    if whole.codes is None:
        return pd.DataFrame()
    return matrix_of(whole.at.cells, whole.codes) if isinstance(returns, pd.Series) else pd.DataFrame(returns_by(returns))
