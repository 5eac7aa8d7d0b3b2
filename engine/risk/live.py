"""Risk that follows the ticks: what is kept of the past once, and what one batch of prices adds to it.

`live_statistics` reads the history of what is held, `LiveRisk.update` takes values and moves of this moment and brings every figure of
every portfolio up to date: the scenarios of the past by the columns whose value changed, the rest by sums. Nothing is computed over
history again, and what is the same for all portfolios is done for all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats
from engine.errors import InsufficientHistory, InvalidInput
from engine.risk.sample import level_of
from engine.stress.proxies import MINIMUM, filled_history

DECAY: Final = 0.94
WINDOW: Final = 500
AFRESH: Final = 512  # updates after which the scenarios are summed anew, so that rounding cannot pile up


@dataclass(frozen=True, slots=True, eq=False)
class LiveStatistics:
    """What of the past is kept. n_names are holdings, and currencies in which there is cash.

    Attributes
    ----------
    names
        Of the columns.
    scenarios
        ndarray of shape (n_names, n_days), simple daily returns, fraction, a row a name; gaps stood in for.
    covariance
        ndarray of shape (n_names, n_names): exponentially weighted mean of products of returns, as of the last day.
    own
        ndarray of shape (n_names,): share of the days that are a column's own.
    benchmark
        Count of days with a benchmark, its sum and sum of squares on them.
    sums, products
        ndarray of shape (n_names,): sum of returns, and of returns times the benchmark's, on those days.
    wealth, peak
        Realised growth at the last close, and the highest it has been.
    last_day
        The newest day in it.
    decay, periods_per_year
        As asked.
    """

    names: tuple[str, ...]
    scenarios: Floats
    covariance: Floats
    own: Floats
    benchmark: tuple[float, float, float]
    sums: Floats
    products: Floats
    wealth: float
    peak: float
    last_day: date
    decay: float
    periods_per_year: float


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """Risk of this moment: ndarray of shape (n_portfolios,) each; fractions of the value unless said otherwise, NaN where unknown.

    Attributes
    ----------
    volatility
        Exponentially weighted, of a year, today's move in it.
    value_at_risk, expected_shortfall
        Of one day, historical, on what is held now, today's move as the newest observation; positive for a loss.
    value_at_risk_ewma
        Of one day, of a normal with that volatility.
    beta
        Of what is held now, today in it where the benchmark's move of today is known.
    drawdown
        Of realised growth with today's return, <= 0.
    day_return
        Of what is held now since the last close.
    missing
        Share of the gross value that has less than `MINIMUM` days of its own.
    """

    volatility: Floats
    value_at_risk: Floats
    expected_shortfall: Floats
    value_at_risk_ewma: Floats
    beta: Floats
    drawdown: Floats
    day_return: Floats
    missing: Floats


def live_statistics(
    returns: pd.DataFrame,
    *,
    benchmark_returns: pd.Series | None = None,
    realised: pd.Series | None = None,
    decay: float = DECAY,
    window: int = WINDOW,
    minimum: int = MINIMUM,
    periods_per_year: float = 252,
) -> LiveStatistics:
    """Read the history of what is held into what live risk needs.

    Parameters
    ----------
    returns
        Simple daily returns of shape (n_days, n_names), fraction, up to the last close; DatetimeIndex.
    benchmark_returns
        Those of the benchmark; stands in, times beta, where a column has none. Default none.
    realised
        Returns of the portfolio as they were, for the drawdown; default none: no drawdown.
    decay
        Of the exponentially weighted volatility, default 0.94 (RiskMetrics, daily).
    window
        Last days that count, default 500.
    minimum
        Days below which nothing is said, default 60.
    periods_per_year
        252 (default) for trading days.

    Returns
    -------
    LiveStatistics

    Notes
    -----
    Convention: the covariance is C_t = decay C_(t-1) + (1 - decay) x_t x_t', means of 0, begun with the first day's product.

    Raises
    ------
    InvalidInput
        A decay outside of 0 to 1, or a window below the minimum.
    InsufficientHistory
        Fewer days than `minimum`.

    References
    ----------
    J.P. Morgan, RiskMetrics Technical Document, 4th ed., 1996, section 5.2.

    Examples
    --------
    >>> returns = pd.DataFrame({"A": [0.01, -0.01] * 50}, index=pd.bdate_range("2024-01-01", periods=100))
    >>> kept = live_statistics(returns)
    >>> LiveRisk([kept]).update(np.array([100.0]), np.array([0.0]), np.array([200.0])).value_at_risk.tolist()
    [0.005]
    """
    if not 0.0 < decay < 1.0:
        raise InvalidInput("decay", decay, "is not between 0 and 1", hint="Use 0.94")
    if window < minimum:
        raise InvalidInput("window", window, f"is below the minimum of {minimum} days", hint="Use 500")
    laid = returns.iloc[-window:]
    days = int(laid.notna().any(axis=1).sum())
    if days < minimum:
        raise InsufficientHistory("live risk", needed=minimum, found=days)
    market = None if benchmark_returns is None else benchmark_returns.reindex(laid.index)
    filled, own = filled_history(laid, market, minimum=minimum)
    cells = filled.to_numpy(dtype=np.float64)
    weights = (1.0 - decay) * decay ** np.arange(len(cells) - 1, -1, -1.0)
    weights[0] = decay ** (len(cells) - 1)
    covariance = (cells * weights[:, None]).T @ cells
    wealth, peak = _wealth(realised)
    return LiveStatistics(tuple(map(str, laid.columns)), np.ascontiguousarray(cells.T), covariance, own.to_numpy(dtype=np.float64),
                          *_sums(cells, market), wealth, peak, laid.index[-1].date(), decay, periods_per_year)


def _sums(cells: Floats, market: pd.Series | None) -> tuple[tuple[float, float, float], Floats, Floats]:
    """Add up what a slope needs over the days on which there is a benchmark."""
    if market is None:
        return (0.0, 0.0, 0.0), np.zeros(cells.shape[1]), np.zeros(cells.shape[1])
    known = market.notna().to_numpy()
    theirs = market.to_numpy(dtype=np.float64)[known]
    return (float(len(theirs)), float(theirs.sum()), float(theirs @ theirs)), cells[known].sum(axis=0), cells[known].T @ theirs


def _wealth(realised: pd.Series | None) -> tuple[float, float]:
    if realised is None or realised.notna().sum() == 0:
        return np.nan, np.nan
    grown = np.cumprod(1.0 + np.nan_to_num(realised.to_numpy(dtype=np.float64)))
    return float(grown[-1]), max(float(grown.max()), 1.0)


class LiveRisk:
    """The running state of some portfolios: scenarios of what they hold now, brought along as values change.

    Values and moves of all portfolios stand in one array, portfolio after portfolio, each in the order of its statistics' names. `before` is
    what ran until now, perhaps of other portfolios: those that are in both go on where they were.
    """

    def __init__(self, kept: Sequence[LiveStatistics], *, level: float = 0.95, before: LiveRisk | None = None) -> None:
        if not kept:
            raise InvalidInput("kept", 0, "portfolios were given, 1 is needed")
        self.kept = tuple(kept)
        self.level = level_of(level)
        self._z = -NormalDist().inv_cdf(1.0 - level)
        self.first = np.concatenate([[0], np.cumsum([len(each.names) for each in kept])]).astype(np.int64)
        self._days = np.array([each.scenarios.shape[1] for each in kept], dtype=np.int64)
        self._short = np.concatenate([each.own * each.scenarios.shape[1] < MINIMUM for each in kept])
        self._sums, self._products = (np.concatenate([getattr(each, name) for each in kept]) for name in ("sums", "products"))
        self._benchmark = np.array([each.benchmark for each in kept]).T
        self._wealth, self._peak, self._decay, self._periods = (
            np.array([getattr(each, name) for each in kept]) for name in ("wealth", "peak", "decay", "periods_per_year"))
        self._values = np.full(self.first[-1], np.nan)
        self._variance = np.zeros(len(kept))  # of yesterday's covariance, money squared
        self._lots = np.full((len(kept), int(self._days.max()) + 2), np.inf)  # money gained in each scenario, then today's
        self._updates = 0
        if before is not None and before.level == level:
            self._carry(before)

    def _carry(self, before: LiveRisk) -> None:
        """Take over the state of portfolios that were running already, told by their statistics."""
        places = {id(each): place for place, each in enumerate(before.kept)}
        for place, each in enumerate(self.kept):
            old = places.get(id(each))
            if old is not None:
                days = self._days[place]
                self._lots[place, :days] = before._lots[old, :days]
                self._variance[place] = before._variance[old]
                self._values[self.first[place] : self.first[place + 1]] = before._values[before.first[old] : before.first[old + 1]]

    def update(self, values: Floats, moves: Floats, whole: Floats, *, gross_missing: Floats | float = 0.0, benchmark_move: Floats | float = np.nan,
               realised_today: Floats | float = 0.0) -> LiveFigures:
        """Bring every figure up to values and moves of this moment.

        Parameters
        ----------
        values
            Market value of each name now, shape (n_names,) of all portfolios, shorts negative.
        moves
            Its return since the last close, fraction, same shape.
        whole
            Value of each portfolio, shape (n_portfolios,), what does not move included.
        gross_missing
            Gross value of what has no name here, by portfolio.
        benchmark_move
            Return of each portfolio's benchmark since the last close; default unknown.
        realised_today
            Return of each portfolio as it was lived through today; default 0.

        Returns
        -------
        LiveFigures
            All NaN but `drawdown` and `missing` where a whole is worth nothing. Where nothing has moved since the last close there is no
            today yet: the figures are those of the last close.
        """
        values = np.where(np.isfinite(values), values, 0.0)
        moved = np.where(np.isfinite(moves) & (moves > -1.0), moves, 0.0)
        self._bring_along(values)
        gained, gross, out = self._by_portfolio(values * (moved / (1.0 + moved)), np.abs(values), np.where(self._short, np.abs(values), 0.0))
        opening = whole - gained
        sound, lived = (whole > 0) & (opening > 0), self._by_portfolio(moved != 0)[0] > 0
        worth = np.where(sound, whole, np.nan)
        today = gained / np.where(sound, opening, np.nan)
        loss, tail = self._tail(today * worth, lived & sound)
        decay = np.where(lived, self._decay, 1.0)
        spread = np.sqrt(np.maximum(decay * self._variance / worth**2 + (1.0 - decay) * today**2, 0.0))
        return LiveFigures(spread * np.sqrt(self._periods), loss / worth, tail / worth, self._z * spread,
                           self._beta(values, worth, today, np.where(lived, benchmark_move, np.nan)), self._drawdown(realised_today), today,
                           _share(out + gross_missing, gross + gross_missing))

    def _by_portfolio(self, *parts: NDArray[Any]) -> tuple[Floats, ...]:
        starts = self.first[:-1]
        return tuple(np.add.reduceat(part, starts, dtype=np.float64) for part in parts)

    def _bring_along(self, values: Floats) -> None:
        """Add what changed to the scenarios, portfolio by portfolio; from time to time all of it."""
        self._updates += 1
        afresh = self._updates % AFRESH == 0
        changed = np.flatnonzero(values != self._values)
        bounds = np.searchsorted(changed, self.first)
        for place in range(len(self.kept)) if afresh else np.flatnonzero(np.diff(bounds)).tolist():
            kept, mine = self.kept[place], slice(self.first[place], self.first[place + 1])
            some = changed[bounds[place] : bounds[place + 1]] - mine.start
            lots, held = self._lots[place, : self._days[place]], values[mine]
            if afresh or 2 * len(some) > len(held) or np.isnan(self._values[mine.start]):
                lots[:] = held @ kept.scenarios
            else:
                lots += (held[some] - self._values[mine][some]) @ kept.scenarios[some]
            self._variance[place] = held @ kept.covariance @ held
        self._values = values

    def _tail(self, today: Floats, lived: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Give minus the quantile of the scenarios, linear between two, and minus the mean of those not above it."""
        rows = np.arange(len(self.kept))
        self._lots[rows, self._days] = np.where(lived, today, np.inf)
        counts = self._days + lived
        place = (1.0 - self.level) * (counts - 1)
        low = (place + 1e-9).astype(np.int64)
        next_up = np.minimum(low + 1, counts - 1)
        furthest = int(next_up.max())
        least = np.partition(self._lots, furthest, axis=1)[:, : furthest + 1]
        least.sort(axis=1)
        floor, above = least[rows, low], least[rows, next_up]
        mean = np.where(np.arange(furthest + 1) <= low[:, None], least, 0.0).sum(axis=1) / (low + 1)
        return 0.0 - (floor + np.maximum(place - low, 0.0) * (above - floor)), 0.0 - mean

    def _beta(self, values: Floats, worth: Floats, today: Floats, move: Floats) -> Floats:
        count, theirs, squares = self._benchmark
        mine, products = (part / worth for part in self._by_portfolio(values * self._sums, values * self._products))
        told = np.isfinite(move) & np.isfinite(today)
        b, r = np.where(told, move, 0.0), np.where(told, today, 0.0)
        count, theirs, squares, mine, products = count + told, theirs + b, squares + b**2, mine + r, products + r * b
        divisor = np.maximum(count, 1.0)
        spread = squares - theirs**2 / divisor
        return _share(products - mine * theirs / divisor, np.where((count >= MINIMUM) & (spread > 1e-16), spread, np.nan))

    def _drawdown(self, realised_today: Floats | float) -> Floats:
        wealth = self._wealth * (1.0 + realised_today)
        drawdown: Floats = wealth / np.maximum(self._peak, wealth) - 1.0
        return drawdown


def _share(part: Floats, whole: Floats) -> Floats:
    """Divide; 0 of nothing is 0, and what is unknown stays so."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)
