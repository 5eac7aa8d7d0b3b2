"""Returns beside something else: a benchmark, inflation, a hedge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.daily import When
from engine.errors import InvalidInput, MisalignedSeries
from engine.frames import instant


def arithmetic_excess(returns: Any, benchmark: Any) -> Any:  # noqa: ANN401 - numbers, series or frames alike
    """Return less the benchmark's.

    Parameters
    ----------
    returns, benchmark
        Numbers, Series, frames or arrays, fraction; Series are lined up by their index.

    Returns
    -------
    float, Series, DataFrame or ndarray
        r - b.

    Raises
    ------
    MisalignedSeries
        Shapes that do not go together.

    Examples
    --------
    >>> round(arithmetic_excess(0.1, 0.04), 6)
    0.06
    """
    left, right = _lined_up(returns, benchmark)
    return left - right


def geometric_excess(returns: Any, benchmark: Any) -> Any:  # noqa: ANN401 - as above
    """Wealth relative to the benchmark's, less one.

    Parameters
    ----------
    returns, benchmark
        Numbers, Series, frames or arrays, fraction; Series are lined up by their index.

    Returns
    -------
    float, Series, DataFrame or ndarray
        (1 + r) / (1 + b) - 1; NaN where the benchmark lost everything.

    Raises
    ------
    MisalignedSeries
        Shapes that do not go together.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2 "Geometric excess returns".

    Examples
    --------
    >>> round(geometric_excess(0.1, 0.04), 6)
    0.057692
    """
    left, right = _lined_up(returns, benchmark)
    return _over(1.0 + left, 1.0 + right) - 1.0


def real_return(returns: Any, inflation: Any = None, *, price_index: pd.Series | None = None, start: When | None = None) -> Any:  # noqa: ANN401
    """Return after inflation.

    Parameters
    ----------
    returns
        Number, Series, frame or array, fraction.
    inflation
        Inflation of the same periods, fraction.
    price_index
        Instead of `inflation`: level of consumer prices by date. The level of a day is the last one on or before it.
    start
        The close that the first return starts from, with `price_index`; default the first date of `returns`, whose return is NaN then.

    Returns
    -------
    float, Series, DataFrame or ndarray
        (1 + r) / (1 + i) - 1.

    Notes
    -----
    Convention: an index that starts after a day gives NaN for it.

    Raises
    ------
    InvalidInput
        Neither or both of `inflation` and `price_index`, or an index beside returns without dates.
    MisalignedSeries
        Shapes that do not go together.

    References
    ----------
    Fisher, The Theory of Interest (1930), ch. 2.

    Examples
    --------
    >>> round(real_return(0.08, 0.03), 6)
    0.048544
    """
    if (inflation is None) == (price_index is None):
        raise InvalidInput("inflation", inflation, "give either inflation or a price index", hint="inflation=0.02, or price_index=levels by date")
    return geometric_excess(returns, inflation if price_index is None else _inflation(returns, price_index, start))


def hedged_return(local: Any, forward_premium: Any = 0.0) -> Any:  # noqa: ANN401 - numbers, series or frames alike
    """Return with the currency sold forward.

    Parameters
    ----------
    local
        Return in the asset's own currency, fraction.
    forward_premium
        Forward rate over spot rate, less one, of the same period; 0 (default) where it is not known.

    Returns
    -------
    float, Series, DataFrame or ndarray
        Local return plus forward premium, fraction.

    Notes
    -----
    Convention: the hedge is of the opening value, so the premium is added and not compounded.

    Raises
    ------
    MisalignedSeries
        Shapes that do not go together.

    References
    ----------
    Karnosky and Singer, Global Asset Management and Performance Attribution (1994), ch. 2.

    Examples
    --------
    >>> round(hedged_return(0.05, -0.01), 6)
    0.04
    """
    left, right = _lined_up(local, forward_premium)
    return left + right


def _lined_up(left: Any, right: Any) -> tuple[Any, Any]:  # noqa: ANN401 - as the public functions
    """Both sides as floats or labelled; labels must agree."""
    labelled = [side for side in (left, right) if isinstance(side, pd.Series | pd.DataFrame)]
    if len(labelled) == 2 and not labelled[0].index.equals(labelled[1].index):
        raise MisalignedSeries("returns", "benchmark", reason="their dates differ")
    sides: list[Any] = [side if isinstance(side, pd.Series | pd.DataFrame) else np.asarray(side, dtype=np.float64) for side in (left, right)]
    if isinstance(sides[0], pd.DataFrame) and isinstance(sides[1], pd.Series):
        sides[1] = sides[1].to_numpy(dtype=np.float64)[:, None]
    try:
        np.broadcast_shapes(np.shape(sides[0]), np.shape(sides[1]))
    except ValueError as error:
        raise MisalignedSeries("returns", "benchmark", reason=f"{np.shape(sides[0])} against {np.shape(sides[1])}") from error
    left, right = (float(side) if np.ndim(side) == 0 else side for side in sides)
    return left, right


def _over(above: Any, below: Any) -> Any:  # noqa: ANN401 - as the public functions
    """Quotient that is NaN where there is nothing to divide by."""
    if isinstance(below, pd.Series | pd.DataFrame):
        return above / below.where(below.to_numpy() > 0)
    safe = np.where(np.asarray(below) > 0, below, np.nan)
    return above / (float(safe) if safe.ndim == 0 else safe)


def _inflation(returns: Any, price_index: pd.Series, start: When | None) -> pd.Series:  # noqa: ANN401 - as the public functions
    """Inflation of each period from the levels at its ends."""
    if not isinstance(returns, pd.Series | pd.DataFrame) or not isinstance(returns.index, pd.DatetimeIndex):
        raise InvalidInput("price_index", "", "the returns have no dates", hint="Give them a DatetimeIndex, or use inflation=")
    if not isinstance(price_index, pd.Series) or not isinstance(price_index.index, pd.DatetimeIndex):
        raise InvalidInput("price_index", "", "not levels by date", hint="Use a Series with a DatetimeIndex")
    levels = price_index.dropna().sort_index()
    at = levels.reindex(returns.index, method="ffill").to_numpy(dtype=np.float64)
    opening = np.nan if start is None else levels.asof(instant(start, field="start").normalize())
    before = np.concatenate([[opening], at[:-1]])
    return pd.Series(at / np.where(before > 0, before, np.nan) - 1.0, index=returns.index)
