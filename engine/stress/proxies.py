"""What stands in for a holding on days on which it had no price: its sector, its class, or the market times its beta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats
from engine.errors import InvalidInput, MisalignedSeries

PROXIES: Final = ("sector", "asset_class", "benchmark", "market")
MINIMUM: Final = 60  # common days before a beta is believed
OWN, NONE = "own", ""
Names = NDArray[np.object_]


def single_betas(returns: pd.DataFrame, benchmark_returns: pd.Series, *, minimum: int = MINIMUM) -> pd.Series:
    """Slope of each holding's returns on a benchmark's, over the days both have.

    Parameters
    ----------
    returns
        Simple returns of shape (n_days, n_holdings), fraction.
    benchmark_returns
        Those of the benchmark, same index.
    minimum
        Common days below which a beta is not believed, default 60.

    Returns
    -------
    Series
        Beta by holding; NaN with fewer days, and where the benchmark did not move.

    Notes
    -----
    Convention: least squares with intercept.

    Raises
    ------
    MisalignedSeries
        Other days in one than in the other.

    References
    ----------
    Sharpe, Capital asset prices (1964), Journal of Finance 19(3).

    Examples
    --------
    >>> market = pd.Series([0.01, -0.02, 0.03])
    >>> single_betas(pd.DataFrame({"A": 2 * market}), market, minimum=3).round(6).to_dict()
    {'A': 2.0}
    """
    if not returns.index.equals(benchmark_returns.index):
        raise MisalignedSeries("returns", "benchmark_returns", reason="their days differ")
    cells, market = returns.to_numpy(dtype=np.float64), benchmark_returns.to_numpy(dtype=np.float64)[:, None]
    both = ~np.isnan(cells) & ~np.isnan(market)
    counts = both.sum(axis=0)
    divisor = np.where(counts >= max(minimum, 2), counts, np.nan)
    theirs = np.where(both, market, 0.0)
    theirs = np.where(both, theirs - theirs.sum(axis=0) / divisor, 0.0)
    moved = (theirs**2).sum(axis=0)
    together = np.einsum("ij,ij->j", theirs, np.where(both, cells, 0.0))
    found = np.divide(together, moved, out=np.full(len(counts), np.nan), where=(moved > 0) & (counts >= max(minimum, 2)))
    return pd.Series(found, index=returns.columns, name="beta")


def filled_history(returns: pd.DataFrame, benchmark_returns: pd.Series | None = None, *, minimum: int = MINIMUM) -> tuple[pd.DataFrame, pd.Series]:
    """Put beta times the benchmark where a holding has no return.

    Parameters
    ----------
    returns
        Simple returns of shape (n_days, n_holdings), fraction.
    benchmark_returns
        Those of the benchmark, same index; default none.
    minimum
        As in `single_betas`.

    Returns
    -------
    tuple of DataFrame and Series
        The returns without gaps, and for each holding the share of days that were its own. What has no proxy stands still.

    Notes
    -----
    Convention: a proxy has no risk of its own, so a holding with little history looks calmer than it is: tell the share beside the figure.

    Raises
    ------
    MisalignedSeries
        As in `single_betas`.

    References
    ----------
    Jorion, Value at Risk, 3rd ed., ch. 10.4 "Dealing with missing data".

    Examples
    --------
    >>> market = pd.Series([0.01, -0.02, 0.03, 0.02])
    >>> filled, own = filled_history(pd.DataFrame({"A": [None, -0.04, 0.06, 0.04]}, dtype=float), market, minimum=3)
    >>> filled["A"].round(6).tolist(), own.to_dict()
    ([0.02, -0.04, 0.06, 0.04], {'A': 0.75})
    """
    cells = returns.to_numpy(dtype=np.float64)
    known = ~np.isnan(cells)
    stand_in = np.zeros_like(cells)
    if benchmark_returns is not None:
        betas = single_betas(returns, benchmark_returns, minimum=minimum).to_numpy()
        stand_in = np.nan_to_num(benchmark_returns.to_numpy(dtype=np.float64)[:, None] * betas[None, :])
    own = known.mean(axis=0) if len(cells) else np.zeros(cells.shape[1])
    return pd.DataFrame(np.where(known, cells, stand_in), index=returns.index, columns=returns.columns), pd.Series(own, index=returns.columns)


def stood_in(moves: Floats, groups: pd.DataFrame, order: Sequence[str], outside: dict[str, Floats]) -> tuple[Floats, Names]:
    """Fill unknown moves of one episode by the first proxy that knows.

    Parameters
    ----------
    moves
        ndarray of shape (n_holdings,), own moves, NaN where unknown.
    groups
        Columns `sector` and `asset_class` by holding, in the same order; missing columns are no proxy.
    order
        Of `PROXIES`, most trusted first.
    outside
        Moves by holding that `benchmark` and `market` give.

    Returns
    -------
    tuple of ndarray
        Moves, and for each the name of what it is from: ``own``, a proxy, or nothing.

    Raises
    ------
    InvalidInput
        An unknown proxy.
    """
    unknown = [name for name in order if name not in PROXIES]
    if unknown:
        raise InvalidInput("proxies", unknown[0], "is not a known proxy", hint=f"Use {', '.join(PROXIES)}")
    found = moves.copy()
    source = np.where(np.isnan(moves), NONE, OWN).astype(object)
    for name in order:
        offered = outside.get(name) if name in outside else _peers(moves, groups.get(name))
        if offered is not None:
            taken = np.isnan(found) & ~np.isnan(offered)
            found, source = np.where(taken, offered, found), np.where(taken, name, source)
    return found, source


def _peers(moves: Floats, group: pd.Series | None) -> Floats | None:
    """Mean own move of the holdings of the same group; NaN where none has one, or where the group is not known."""
    if group is None:
        return None
    codes = pd.factorize(group.replace("", None))[0]
    known = ~np.isnan(moves) & (codes >= 0)
    sums = np.bincount(codes[known], weights=moves[known], minlength=codes.max(initial=0) + 1)
    counts = np.bincount(codes[known], minlength=len(sums))
    means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return np.where(codes >= 0, means[codes], np.nan)
