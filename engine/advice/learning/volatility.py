"""Forecasts of tomorrow's variance, each made from what was known the day before."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.advice.learning.scores import Score, qlike, scored
from engine.columns import Floats
from engine.errors import InsufficientHistory
from engine.risk.sample import Sample
from engine.risk.var.garch import garch, recursed

NAIVE: Final = "naive"
NAMES: Final = ("ewma", "garch", "har")
WINDOW, EVERY, DAYS = 504, 63, 750  # looked back on, between two fits, and forecast at most
YEAR: Final = 252  # of the naive one
LEAST_DAYS: Final = 120
DECAY: Final = 0.94
LAGS: Final = (1, 5, 22)


def variance_forecasts(returns: Floats, *, window: int = WINDOW, every: int = EVERY, days: int = DAYS) -> tuple[dict[str, Floats], int]:
    """Forecast the variance of each of the last periods, and of the one that comes, by every model.

    Parameters
    ----------
    returns
        ndarray of shape (n_periods, n_series), simple returns, no NaN.
    window
        Periods that a model is fitted to, default 504.
    every
        Periods between two fits, default 63.
    days
        Periods forecast at most, default 750.

    Returns
    -------
    forecasts
        Model -> ndarray of shape (n_forecast + 1, n_series); the last row is of the period after the last.
    first
        Place of the first period that was forecast.

    Notes
    -----
    Convention: around zero, but GARCH around its mean. naive: mean square of 252 periods. ewma: decay 0.94, begun with the mean square of the
    first window. garch: GARCH(1,1) fitted to the window before, followed day by day to the next fit. har: squares on their means of 1, 5
    and 22 periods, least squares on the window before, never below a tenth of the naive one.

    Raises
    ------
    InsufficientHistory
        Fewer than the window and 120 periods.

    References
    ----------
    J.P. Morgan, RiskMetrics, 1996; Bollerslev 1986; Corsi 2009, "A simple approximate long-memory model of realized volatility", eq. 7.
    """
    if len(returns) < window + LEAST_DAYS:
        raise InsufficientHistory("volatility forecasts", needed=window + LEAST_DAYS, found=len(returns))
    first = max(window, len(returns) - days)
    squares = returns**2
    naive = _naive(squares, first, min(YEAR, window))
    return {NAIVE: naive, "ewma": _ewma(squares, first, window), "garch": _garch(returns, first, window, every),
            "har": np.maximum(_har(squares, first, window, every), 0.1 * naive)}, first


def volatility_scores(returns: Floats, forecasts: dict[str, Floats], first: int) -> list[Score]:
    """Score every model against the naive one, on the mean loss of all series each period."""
    squares = returns[first:] ** 2
    losses = {name: qlike(told[:-1], squares).mean(axis=1) for name, told in forecasts.items()}
    return [scored("volatility", name, "qlike", losses[name], losses[NAIVE]) for name in NAMES]


def _naive(squares: Floats, first: int, year: int) -> Floats:
    total = np.concatenate([np.zeros((1, squares.shape[1])), np.cumsum(squares, axis=0)])
    ends = np.arange(first, len(squares) + 1)
    return np.asarray(np.maximum((total[ends] - total[ends - year]) / year, 1e-12))


def _ewma(squares: Floats, first: int, window: int) -> Floats:
    start = np.maximum(squares[:window].mean(axis=0), 1e-12)
    path = recursed((1.0 - DECAY) * squares, np.full_like(start, DECAY), start)
    return np.maximum(path[first - 1 :], 1e-12)


def _garch(returns: Floats, first: int, window: int, every: int) -> Floats:
    """Fit all windows of all series at once, and follow each to the next fit."""
    count = returns.shape[1]
    places = list(range(first, len(returns) + 1, every))
    fitted = garch(Sample(np.concatenate([returns[place - window : place] for place in places], axis=1)))
    told = np.empty((len(returns) + 1 - first, count))
    for number, place in enumerate(places):
        mine = slice(number * count, (number + 1) * count)
        ahead = fitted.variance[mine]
        for day in range(place, min(place + every, len(returns) + 1)):
            told[day - first] = ahead
            if day < len(returns):
                ahead = fitted.omega[mine] + fitted.alpha[mine] * (returns[day] - fitted.mean[mine]) ** 2 + fitted.beta[mine] * ahead
    plain = _naive(returns**2, first, window)
    return np.where(np.isfinite(told) & (told > 0), told, plain)  # nothing varied: the plain mean square


def _har(squares: Floats, first: int, window: int, every: int) -> Floats:
    means = [_trailing(squares, lag) for lag in LAGS]  # row t: known at the close of t
    told = np.empty((len(squares) + 1 - first, squares.shape[1]))
    for place in range(first, len(squares) + 1, every):
        rows = slice(place - window + LAGS[-1], place)
        end = min(place + every, len(squares) + 1)
        for series in range(squares.shape[1]):
            known = np.column_stack([np.ones(rows.stop - rows.start), *(mean[rows.start - 1 : rows.stop - 1, series] for mean in means)])
            slopes = np.linalg.lstsq(known, squares[rows, series], rcond=None)[0]
            asked = np.column_stack([np.ones(end - place), *(mean[place - 1 : end - 1, series] for mean in means)])
            told[place - first : end - first, series] = asked @ slopes
    return told


def _trailing(squares: Floats, lag: int) -> Floats:
    """Mean of the last periods, at each; of as many as there are at the beginning."""
    padded = np.concatenate([np.repeat(squares[:1], lag - 1, axis=0), squares])
    return np.asarray(sliding_window_view(padded, lag, axis=0).mean(axis=-1))
