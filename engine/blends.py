"""Benchmarks made of several things: fixed weights, and a rule for when they go back to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, cells_of
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.sample import quotient

REBALANCINGS = ("monthly", "daily", "quarterly", "yearly", "never")
PERIODS = {"monthly": "M", "quarterly": "Q", "yearly": "Y"}
SUM_WITHIN = 1e-6


def blend_growth(levels: pd.DataFrame, weights: Mapping[Any, float] | pd.Series, *, rebalancing: str = "monthly") -> pd.Series:
    """Wealth of a blend of total-return levels, from 1.

    Parameters
    ----------
    levels
        DataFrame of shape (n_days, n_components), DatetimeIndex ascending: what each component is worth, all in one currency.
    weights
        Component -> weight, fraction; they add up to 1.
    rebalancing
        ``monthly`` (default), ``daily``, ``quarterly``, ``yearly``: at the last close of each such period; ``never``: bought once.

    Returns
    -------
    Series
        1 at the first close at which every component has a level, NaN before.

    Notes
    -----
    Convention: a gap takes the last level before it. Between two rebalancings the weights drift with the levels. NaN from the first
    rebalancing on after a component lost everything.

    Raises
    ------
    InvalidInput
        Weights that do not add up to 1, or of something without levels; no dates; an unknown rule.

    References
    ----------
    CFA Institute, GIPS Standards 2020: a benchmark with a rebalancing frequency is to name it.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-30", "2024-01-31", "2024-02-01"])
    >>> levels = pd.DataFrame({"A": [1.0, 2.0, 2.0], "B": [1.0, 1.0, 2.0]}, index=days)
    >>> blend_growth(levels, {"A": 0.5, "B": 0.5}).tolist()
    [1.0, 1.5, 2.25]
    """
    cells, shares, begin = _read(levels, weights, rebalancing)
    places = _rebalanced(pd.DatetimeIndex(levels.index[begin:]), rebalancing)
    grown = np.full(len(cells), np.nan)
    if begin < len(cells):
        factors = _since(cells[begin:], places) @ shares
        grown[begin:] = _chained(factors, places)
    return pd.Series(grown, index=levels.index, name="growth")


def blend_weights(levels: pd.DataFrame, weights: Mapping[Any, float] | pd.Series, *, rebalancing: str = "monthly") -> pd.DataFrame:
    """Weights of a blend after each close, as the next day begins with them.

    Parameters
    ----------
    levels, weights, rebalancing
        As in `blend_growth`.

    Returns
    -------
    DataFrame
        n_days x components of `weights`, fraction, each row adds up to 1; NaN before the blend begins.

    Notes
    -----
    Convention: as in `blend_growth`.

    Raises
    ------
    InvalidInput
        As in `blend_growth`.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-30", "2024-01-31", "2024-02-01"])
    >>> levels = pd.DataFrame({"A": [1.0, 3.0, 3.0], "B": [1.0, 1.0, 3.0]}, index=days)
    >>> blend_weights(levels, {"A": 0.5, "B": 0.5}, rebalancing="never")["A"].tolist()
    [0.5, 0.75, 0.5]
    """
    cells, shares, begin = _read(levels, weights, rebalancing)
    held = np.full(cells.shape, np.nan)
    if begin < len(cells):
        places = _rebalanced(pd.DatetimeIndex(levels.index[begin:]), rebalancing)
        parts = _since(cells[begin:], places) * shares
        drifted = quotient(parts, parts.sum(axis=1, keepdims=True))
        at_target = np.isin(np.arange(len(parts)), places)
        held[begin:] = np.where(at_target[:, None], shares, drifted)
    return pd.DataFrame(held, index=levels.index, columns=list(dict(weights)))


def _read(levels: pd.DataFrame, weights: Mapping[Any, float] | pd.Series, rebalancing: str) -> tuple[Floats, Floats, int]:
    """Levels with gaps filled, weights in their order, and the place of the first close with every level."""
    one_of("rebalancing", rebalancing, REBALANCINGS)
    named = dict(weights)
    if not isinstance(levels, pd.DataFrame) or not isinstance(levels.index, pd.DatetimeIndex):
        raise InvalidInput("levels", "", "not levels by date", hint="Use a DataFrame with a DatetimeIndex")
    missing = [name for name in named if name not in levels.columns]
    if missing or not named:
        reason = f"there are no levels of {', '.join(map(str, missing))}" if missing else "there are none"
        raise InvalidInput("weights", missing, reason, hint=f"Levels are there of {', '.join(map(str, levels.columns))}")
    shares = cells_of([*named.values()], "weights", ordered=False)[:, 0]
    if not abs(shares.sum() - 1.0) <= SUM_WITHIN:
        raise InvalidInput("weights", float(shares.sum()), f"add up to {shares.sum():.6g}, not to 1", hint="Change one of them")
    cells = pd.DataFrame(cells_of(levels[list(named)], "levels")).ffill().to_numpy()
    known = np.flatnonzero(~np.isnan(cells).any(axis=1))
    return cells, shares, int(known[0]) if len(known) else len(cells)


def _rebalanced(days: pd.DatetimeIndex, rebalancing: str) -> Any:  # noqa: ANN401  # an array of places
    """Places of the closes at which weights are at their targets, the first one always."""
    if rebalancing == "daily":
        return np.arange(len(days))
    if rebalancing == "never" or len(days) < 2:
        return np.zeros(min(len(days), 1), dtype=np.intp)
    periods = days.tz_localize(None).to_period(PERIODS[rebalancing]).asi8
    return np.unique(np.append(0, np.flatnonzero(periods[1:] != periods[:-1])))


def _since(cells: Floats, places: Any) -> Floats:  # noqa: ANN401
    """Give what each component grew to since the rebalancing before each close; 1 at the first."""
    before = places[np.maximum(np.searchsorted(places, np.arange(len(cells)), side="left") - 1, 0)]
    grown = quotient(cells, cells[before])
    grown[0] = 1.0
    return grown


def _chained(factors: Floats, places: Any) -> Floats:  # noqa: ANN401
    """Wealth at each close: that at the rebalancing before, times what it grew to since."""
    at_places = np.cumprod(factors[places])
    before = np.searchsorted(places, np.arange(len(factors)), side="left") - 1
    found: Floats = np.where(before >= 0, at_places[np.maximum(before, 0)] * factors, 1.0)
    return found
