"""Stale prices smooth returns: how much, and what the returns were before."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, cells_of, figure_like, product_sums, series_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.dependence import autocorrelation_of, autocovariances
from engine.risk.sample import Sample, quotient, sample

_LONG = 20  # lags of the long autoregression that stands for the moving average


def smoothing_index_of(at: Sample, order: int = 2, *, negative: bool = False) -> Floats:
    """Kernel of `smoothing_index`."""
    found = moving_average_of(at, order)
    kept = found if negative else np.maximum(found, 0.0)
    weights = np.concatenate([np.ones((1, kept.shape[1])), kept])
    return quotient((weights**2).sum(axis=0), weights.sum(axis=0) ** 2)


def moving_average_of(at: Sample, order: int = 2) -> Floats:
    """Weights of past shocks in returns, by Durbin's two autoregressions: closed form, always invertible.

    Parameters
    ----------
    at
        Returns.
    order
        Past shocks that count.

    Returns
    -------
    ndarray of shape (order, n_series)
        Of the latest first; NaN for fewer than ten returns a weight and where all are the same.
    """
    enough = (at.counts >= 10 * order) & (at.squares > 0)
    long = max(min(_LONG, len(at.cells) // 5), order)
    first = _autoregression(autocovariances(at, long), enough)
    series = np.concatenate([np.ones((1, first.shape[1])), -first])
    sums = np.array([product_sums(series[lag:], series[: len(series) - lag]) for lag in range(order + 1)])
    return np.where(enough, -_autoregression(sums, enough), np.nan)


def smoothing_index(returns: Table, *, order: int = 2, negative: bool = False) -> Figure:
    """How little of a return is news: 1 if all is, less where smoothed.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    order
        Past shocks that a return may still hold, default 2.
    negative
        Whether weights below 0 count as such, default False: they count as 0.

    Returns
    -------
    float, Series or ndarray
        Between 1 / (order + 1) and 1; NaN for fewer than ten returns a weight, and where all are the same.

    Notes
    -----
    Convention: the sum of squares of the weights of the current and the past shocks, which sum to 1. The weights are those of a moving
    average estimated by Durbin's method from an autoregression of up to 20 lags, which for many returns is as exact as maximum likelihood.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an order below 1.

    References
    ----------
    Getmansky, Lo and Makarov 2004, "An econometric model of serial correlation and illiquidity in hedge fund returns", eq. 35 to 37;
    Durbin 1959, "Efficient estimation of parameters in moving-average models", Biometrika 46.

    Examples
    --------
    >>> chance = np.random.default_rng(1).normal(size=4002)
    >>> round(smoothing_index(0.5 * chance[2:] + 0.3 * chance[1:-1] + 0.2 * chance[:-2]), 2)
    0.38
    """
    if order < 1:
        raise InvalidInput("order", order, "is below 1", hint="Use 2")
    return figure_like(returns, smoothing_index_of(sample(returns), order, negative=negative), "smoothing_index")


def geltner_returns(returns: Table) -> Figure:
    """Take the memory of stale prices out of returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index, fraction; the first, and what follows a missing return, is NaN.

    Notes
    -----
    Convention: (r - rho r before) / (1 - rho) with rho the `autocorrelation` of one period.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Geltner 1991, "Smoothing in appraisal-based returns", Journal of Real Estate Finance and Economics 4, eq. 4; Bacon, 2nd ed., ch. 3.

    Examples
    --------
    >>> geltner_returns([0.01, 0.02, 0.04]).round(6).tolist()
    [nan, 0.019767, 0.039535]
    """
    cells = cells_of(returns)
    memory = autocorrelation_of(sample(returns))
    before = np.concatenate([np.full((min(len(cells), 1), cells.shape[1]), np.nan), cells[:-1]])
    return series_like(returns, (cells - memory * before) / np.where(memory < 1.0, 1.0 - memory, np.nan))


def _autoregression(covariances: Floats, enough: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """Weights of Yule and Walker for each column, of as many lags as there are covariances beyond that of lag 0."""
    places = np.abs(np.subtract.outer(np.arange(len(covariances) - 1), np.arange(len(covariances) - 1)))
    scaled = np.where(enough, covariances / np.where(enough, covariances[0], 1.0), np.eye(1, len(covariances)).T)
    solved: Floats = np.linalg.solve(scaled[places].transpose(2, 0, 1), scaled[1:].T[:, :, None])[:, :, 0].T
    return solved


TERMS: tuple[Term, ...] = (
    Term("smoothing_index", "Smoothing index", "Dependence", "ratio", "1 where a return is all news; less where stale prices smooth it.",
         "Getmansky, Lo and Makarov 2004", minimum=60, better="high"),
)  # fmt: skip
