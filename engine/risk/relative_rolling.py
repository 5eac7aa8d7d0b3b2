"""Figures beside a benchmark over a window that moves on a period at a time."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from engine.columns import Floats, Table, series_like
from engine.dispersion import periods_of
from engine.errors import InsufficientHistory, InvalidInput
from engine.returns import one_of
from engine.risk.pair import ALPHAS, Pair, a_year_of, beside
from engine.risk.sample import Sample, quotient

Rolled = Any  # Series for a Series, frame for a frame, ndarray for what has no labels


def rolling_beta(returns: Table, benchmark_returns: Table, *, window: int = 126, risk_free: float | Table = 0.0) -> Rolled:
    """Beta over the last periods, at each period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    window
        Periods, 126 (default) for half a year of trading days; at least 2.
    risk_free
        Rate of a period, default 0, or a series of one a period.

    Returns
    -------
    Series, DataFrame or ndarray
        As `returns`; NaN until the window is full, and while a return in it is missing or the benchmark stood still.

    Notes
    -----
    Convention: as in `beta`.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a window below 2.
    InsufficientHistory
        Fewer periods than the window.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    As in `beta`; pyfolio, `rolling_beta`.

    Examples
    --------
    >>> rolling_beta([0.02, -0.01, 0.05, 0.03], [0.01, 0.0, 0.02, 0.01], window=3).round(6).tolist()
    [nan, nan, 3.0, 3.0]
    """
    rolls = _rolls(returns, benchmark_returns, window, risk_free)
    return series_like(returns, rolls.beta)


def rolling_alpha(
    returns: Table,
    benchmark_returns: Table,
    *,
    window: int = 126,
    risk_free: float | Table = 0.0,
    periods_per_year: float = 252,
    method: str = "compounded",
) -> Rolled:
    """Alpha over the last periods, at each period.

    Parameters
    ----------
    returns, benchmark_returns, window, risk_free
        As in `rolling_beta`.
    periods_per_year
        252 (default) for trading days, 12 for months.
    method
        ``compounded`` (default) or ``arithmetic``, as in `alpha`.

    Returns
    -------
    Series, DataFrame or ndarray
        Fraction a year, as in `rolling_beta`.

    Raises
    ------
    InvalidInput, InsufficientHistory, MisalignedSeries
        As in `rolling_beta`.

    References
    ----------
    As in `alpha`.

    Examples
    --------
    >>> rolling_alpha([0.02, 0.01, 0.03], [0.01, 0.0, 0.02], window=2, periods_per_year=2).round(6).tolist()
    [nan, 0.0201, 0.0201]
    """
    one_of("method", method, ALPHAS[:2])
    rolls = _rolls(returns, benchmark_returns, window, risk_free)
    return series_like(returns, a_year_of(rolls.alpha, periods_of(periods_per_year), method))


def rolling_tracking_error(
    returns: Table, benchmark_returns: Table, *, window: int = 126, ddof: int = 1, periods_per_year: float = 252
) -> Rolled:
    """Tracking error over the last periods, at each period.

    Parameters
    ----------
    returns, benchmark_returns, window
        As in `rolling_beta`.
    ddof
        1 (default) for a sample, 0 for a population.
    periods_per_year
        252 (default) for trading days, 12 for months.

    Returns
    -------
    Series, DataFrame or ndarray
        Fraction a year, as in `rolling_beta`.

    Raises
    ------
    InvalidInput, InsufficientHistory, MisalignedSeries
        As in `rolling_beta`.

    References
    ----------
    As in `tracking_error`.

    Examples
    --------
    >>> rolling_tracking_error([0.02, 0.01, 0.03], [0.01, 0.02, 0.0], window=3, periods_per_year=1).round(6).tolist()
    [nan, nan, 0.02]
    """
    rolls = _rolls(returns, benchmark_returns, window, 0.0)
    return series_like(returns, rolls.tracking(ddof) * np.sqrt(periods_of(periods_per_year)))


def rolling_active_return(returns: Table, benchmark_returns: Table, *, window: int = 126, periods_per_year: float = 252) -> Rolled:
    """Mean return above the benchmark's over the last periods, a year.

    Parameters
    ----------
    returns, benchmark_returns, window
        As in `rolling_beta`.
    periods_per_year
        252 (default) for trading days, 12 for months.

    Returns
    -------
    Series, DataFrame or ndarray
        Fraction a year, as in `rolling_beta`.

    Raises
    ------
    InvalidInput, InsufficientHistory, MisalignedSeries
        As in `rolling_beta`.

    References
    ----------
    As in `active_return`.

    Examples
    --------
    >>> rolling_active_return([0.02, 0.01, 0.03], [0.01, 0.02, 0.0], window=3, periods_per_year=1).round(6).tolist()
    [nan, nan, 0.01]
    """
    rolls = _rolls(returns, benchmark_returns, window, 0.0)
    return series_like(returns, rolls.active_mean * periods_of(periods_per_year))


def rolling_information_ratio(
    returns: Table, benchmark_returns: Table, *, window: int = 126, ddof: int = 1, periods_per_year: float = 252
) -> Rolled:
    """Information ratio over the last periods, at each period.

    Parameters
    ----------
    returns, benchmark_returns, window, ddof, periods_per_year
        As in `rolling_tracking_error`.

    Returns
    -------
    Series, DataFrame or ndarray
        Ratio, as in `rolling_beta`.

    Raises
    ------
    InvalidInput, InsufficientHistory, MisalignedSeries
        As in `rolling_beta`.

    References
    ----------
    As in `information_ratio`.

    Examples
    --------
    >>> rolling_information_ratio([0.02, 0.01, 0.03], [0.01, 0.02, 0.0], window=3, periods_per_year=1).round(6).tolist()
    [nan, nan, 0.5]
    """
    rolls = _rolls(returns, benchmark_returns, window, 0.0)
    ratio = quotient(rolls.active_mean, rolls.tracking(ddof)) * np.sqrt(periods_of(periods_per_year))
    return series_like(returns, ratio)


class Rolls:
    """Sums over a moving window of a pair, each worked out once; shape (n_periods, n_series), NaN where the window is not full."""

    def __init__(self, pair: Pair, window: int) -> None:
        self.pair, self.window = pair, window

    @cached_property
    def full(self) -> Floats:
        """1 where all returns of the window are known, else NaN."""
        counts = _moved(self.pair.own.known.astype(np.float64), self.window)
        return np.where(counts == self.window, 1.0, np.nan)

    @cached_property
    def slack(self) -> tuple[Floats, Floats]:
        """Sums of the squares of the benchmark's and of the returns about their means in the window; NaN where there is no change."""
        return self.squares(self.pair.market), self.squares(self.pair.excess)

    def squares(self, side: Sample) -> Floats:
        """Sum of squares about the mean of the window; exactly 0 where nothing changes in it."""
        centred = side.centred
        spread = _moved(centred**2, self.window) - _moved(centred, self.window) ** 2 / self.window
        return np.where(_still(side, self.window), 0.0, np.maximum(spread, 0.0)) * self.full

    @cached_property
    def products(self) -> Floats:
        """Sum of products about both means."""
        market, own = self.pair.market.centred, self.pair.excess.centred
        found: Floats = _moved(market * own, self.window) - _moved(market, self.window) * _moved(own, self.window) / self.window
        return found

    @cached_property
    def beta(self) -> Floats:
        """Slope."""
        return quotient(self.products, self.slack[0])

    @cached_property
    def alpha(self) -> Floats:
        """Intercept, of a period."""
        found: Floats = self.mean(self.pair.excess) - self.beta * self.mean(self.pair.market)
        return found

    @cached_property
    def correlation(self) -> Floats:
        """Pearson's, from -1 to 1."""
        return np.clip(quotient(self.products, np.sqrt(self.slack[0] * self.slack[1])), -1.0, 1.0)

    @cached_property
    def active_mean(self) -> Floats:
        """Mean return of a period above the benchmark's."""
        return self.mean(self.pair.active)

    def mean(self, side: Sample) -> Floats:
        """Mean of the window."""
        found: Floats = (side.mean + _moved(side.centred, self.window) / self.window) * self.full
        return found

    def tracking(self, ddof: int) -> Floats:
        """Deviation of a period of the returns above the benchmark's."""
        return np.sqrt(self.squares(self.pair.active) / (self.window - ddof if self.window > ddof else np.nan))


def _rolls(returns: Table, benchmark_returns: Table, window: int, risk_free: float | Table) -> Rolls:
    if not (isinstance(window, int | np.integer) and window >= 2):
        raise InvalidInput("window", window, "is not a number of periods above 1", hint="Use 126 for half a year of days, 12 for a year of months")
    pair = beside(returns, benchmark_returns, risk_free=risk_free)
    if len(pair.own.cells) < window:
        raise InsufficientHistory("A rolling window", needed=int(window), found=len(pair.own.cells))
    return Rolls(pair, int(window))


def _moved(cells: Floats, window: int) -> Floats:
    """Sum up the last periods; NaN until the window is full."""
    total = np.vstack([np.zeros((1, cells.shape[1])), np.cumsum(cells, axis=0)])
    found = np.full(cells.shape, np.nan)
    if len(cells) >= window:
        found[window - 1 :] = total[window:] - total[:-window]
    return found


def _still(side: Sample, window: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Tell where nothing changed within the window: rounding must not make risk of it."""
    changed = np.vstack([np.zeros((1, side.cells.shape[1])), side.cells[1:] != side.cells[:-1]]).astype(np.float64)
    return np.asarray(_moved(changed, window) - changed_first(changed, window) == 0.0)


def changed_first(changed: Floats, window: int) -> Floats:
    """Give the change into a window, which is not one within it."""
    first = np.full(changed.shape, np.nan)
    if len(changed) >= window:
        first[window - 1 :] = changed[: len(changed) - window + 1]
    return first
