"""Episodes of the past on today's holdings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries
from engine.stress.episodes import EPISODES, Episode
from engine.stress.losses import weights_of
from engine.stress.proxies import MINIMUM, NONE, OWN, PROXIES, Names, single_betas, stood_in

COVERED = 0.8  # share of an episode's weekdays that must be there; holidays are the rest, and in 2001 four days of closed exchanges


@dataclass(frozen=True, slots=True)
class HistoricStress:
    """Episodes on today's holdings.

    Attributes
    ----------
    table
        Index: episode. `start end loss` (positive for a loss, fraction of value; NaN where nothing is known), `own proxied missing` (shares
        of the gross weight by where the move is from), `market` (the benchmark's own move, or the market's), `worst` (the symbol that loses most).
    moves
        Episodes x holdings: the price move, fraction; NaN where nothing stands in.
    sources
        Episodes x holdings: ``own``, ``sector``, ``asset_class``, ``benchmark``, ``market`` or nothing.
    contributions
        Episodes x holdings: weight times move; they add up to minus the loss.
    """

    table: pd.DataFrame
    moves: pd.DataFrame
    sources: pd.DataFrame
    contributions: pd.DataFrame


def historic_stress(
    weights: pd.Series,
    returns: pd.DataFrame,
    *,
    episodes: Sequence[Episode] = EPISODES,
    benchmark_returns: pd.Series | None = None,
    groups: pd.DataFrame | None = None,
    proxies: Sequence[str] = PROXIES,
    minimum: int = MINIMUM,
) -> HistoricStress:
    """Loss of today's holdings in episodes of the past.

    Parameters
    ----------
    weights
        Fractions of the portfolio's value by symbol, shorts negative; what is missing to 1 is cash, which stands still.
    returns
        Simple daily returns of shape (n_days, n_holdings) in the base currency, fraction; DatetimeIndex, a column a holding.
    episodes
        Default `EPISODES`.
    benchmark_returns
        Daily returns of a benchmark, same index; default none.
    groups
        Columns `sector` and `asset_class` by symbol, for proxies.
    proxies
        What stands in for missing history, in this order; default ``sector`` and ``asset_class`` (mean of the holdings of the same that have
        their own), ``benchmark`` (its move times beta), ``market`` (the S&P 500's published move times the same beta). Empty: nothing.
    minimum
        Common days below which a beta is not believed, default 60.

    Returns
    -------
    HistoricStress

    Notes
    -----
    Convention: an episode is bought at the close before its first day and held to the close of its last; days without a price count as
    unmoved, and a holding has its own history where four fifths of the weekdays are there. The holdings are those of today throughout.

    Raises
    ------
    InvalidInput
        A weight is not a number, an unknown proxy, or days that do not ascend.
    MisalignedSeries
        A holding without column, or other days in the benchmark.
    InsufficientHistory
        No episode at all can be told.

    References
    ----------
    Basel Committee on Banking Supervision, Principles for sound stress testing practices and supervision, 2009; episodes: pyfolio,
    interesting_periods, and peaks and troughs of the S&P 500.

    Examples
    --------
    >>> days = pd.bdate_range("2020-02-03", "2020-03-31")
    >>> returns = pd.DataFrame({"A": -0.01, "B": 0.005}, index=days)
    >>> found = historic_stress(pd.Series({"A": 0.5, "B": 0.5}), returns, episodes=[e for e in EPISODES if e.name == "covid"])
    >>> round(float(found.table.loc["covid", "loss"]), 6), found.sources.loc["covid"].tolist()
    (0.042417, ['own', 'own'])
    """
    held = weights_of(weights)
    laid = _columns(held, returns, benchmark_returns)
    betas = _betas(laid, benchmark_returns, minimum)
    facts = (groups if groups is not None else pd.DataFrame(index=held.index)).reindex(held.index)
    told = [_one(each, laid, benchmark_returns, betas, facts, proxies) for each in episodes]
    names = pd.Index([each.name for each in episodes], name="episode")
    shape = (len(episodes), len(held))
    moves = pd.DataFrame(np.array([found for found, _, _ in told]).reshape(shape), index=names, columns=held.index)
    sources = pd.DataFrame(np.array([source for _, source, _ in told], dtype=object).reshape(shape), index=names, columns=held.index)
    if len(held) and (sources == NONE).to_numpy().all():
        raise InsufficientHistory("historic_stress", needed=1, found=0)
    contributions = moves.fillna(0.0) * held
    return HistoricStress(_table(episodes, held, sources, contributions, [market for _, _, market in told]), moves, sources, contributions)


def episode_moves(returns: pd.DataFrame, start: object, end: object) -> pd.Series:
    """Compounded move of each column over the days of an episode.

    Parameters
    ----------
    returns
        Simple daily returns of shape (n_days, n_series), fraction; DatetimeIndex.
    start, end
        First and last day that count.

    Returns
    -------
    Series
        Fraction by column; NaN where fewer than four fifths of the weekdays are known.

    Notes
    -----
    Convention: days without a return count as unmoved.

    Raises
    ------
    InvalidInput
        The end is before the start.

    Examples
    --------
    >>> days = pd.bdate_range("2024-01-01", periods=4)
    >>> episode_moves(pd.DataFrame({"A": [0.1, 0.1, 0.1, 0.5]}, index=days), "2024-01-01", "2024-01-03").round(6).to_dict()
    {'A': 0.331}
    """
    first, last = pd.Timestamp(str(start)), pd.Timestamp(str(end))
    if last < first:
        raise InvalidInput("end", str(end), f"is before the start, {start}")
    inside = returns[(returns.index >= first) & (returns.index < last + pd.Timedelta(days=1))]
    cells = inside.to_numpy(dtype=np.float64)
    weekdays = int(np.busday_count(first.date(), (last + pd.Timedelta(days=1)).date()))
    enough = (~np.isnan(cells)).sum(axis=0) >= max(int(COVERED * weekdays), 1)
    grown = np.prod(1.0 + np.nan_to_num(cells), axis=0) - 1.0
    return pd.Series(np.where(enough, grown, np.nan), index=returns.columns, dtype=np.float64)


def _columns(held: pd.Series, returns: pd.DataFrame, benchmark_returns: pd.Series | None) -> pd.DataFrame:
    missing = [str(symbol) for symbol in held.index if symbol not in returns.columns]
    if missing:
        raise MisalignedSeries("weights", "returns", reason=f"there is no column for {missing[0]}")
    if not isinstance(returns.index, pd.DatetimeIndex) or not returns.index.is_monotonic_increasing:
        raise InvalidInput("returns", type(returns.index).__name__, "the days must be dates that ascend")
    if benchmark_returns is not None and not benchmark_returns.index.equals(returns.index):
        raise MisalignedSeries("returns", "benchmark_returns", reason="their days differ")
    return returns[list(held.index)]


def _betas(laid: pd.DataFrame, benchmark_returns: pd.Series | None, minimum: int) -> Floats:
    if benchmark_returns is None:
        return np.full(laid.shape[1], np.nan)
    return single_betas(laid, benchmark_returns, minimum=minimum).to_numpy(dtype=np.float64)


def _one(each: Episode, laid: pd.DataFrame, benchmark_returns: pd.Series | None, betas: Floats, facts: pd.DataFrame,
         order: Sequence[str]) -> tuple[Floats, Names, float]:
    own = episode_moves(laid, each.start, each.end).to_numpy(dtype=np.float64)
    moved = np.nan if benchmark_returns is None else float(episode_moves(benchmark_returns.to_frame("b"), each.start, each.end).iloc[0])
    # a fall of more than all there is cannot be: beta times the market is bounded by it
    outside = {"benchmark": np.maximum(betas * moved, -1.0), "market": np.maximum(betas * each.market, -1.0)}
    found, source = stood_in(own, facts, order, outside)
    return found, source, each.market if np.isnan(moved) else moved


def _table(episodes: Sequence[Episode], held: pd.Series, sources: pd.DataFrame, contributions: pd.DataFrame, market: list[float]) -> pd.DataFrame:
    gross = held.abs().to_numpy()
    whole = gross.sum()
    share = {name: (np.minimum((cells * gross).sum(axis=1) / whole, 1.0) if whole else np.zeros(len(cells)))
             for name, cells in (("own", (sources == OWN).to_numpy()), ("missing", (sources == NONE).to_numpy()))}
    lost = 0.0 - contributions.to_numpy().sum(axis=1)
    worst = [str(row.idxmin()) if len(row) and row.min() < 0 else "" for _, row in contributions.iterrows()]
    return pd.DataFrame({
        "start": [each.start for each in episodes], "end": [each.end for each in episodes],
        "loss": np.where(share["missing"] >= 1.0, np.nan, lost), "own": share["own"],
        "proxied": np.clip(1.0 - share["own"] - share["missing"], 0.0, 1.0) if whole else share["own"], "missing": share["missing"],
        "market": market, "worst": worst,
    }, index=contributions.index)  # fmt: skip
