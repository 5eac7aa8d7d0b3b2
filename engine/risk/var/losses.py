"""How good forecasts of a quantile are against each other."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, stdtr

from engine.columns import Figure, Floats, Table, cells_of, figure_like, product_sums, series_like
from engine.errors import InvalidInput, MisalignedSeries
from engine.risk.sample import Sample, level_of
from engine.risk.var.coverage import Verdict, told
from engine.risk.var.garch import aligned
from engine.risk.var.ways import whole


def quantile_losses(returns: Table, value_at_risk: Table, *, level: float = 0.95) -> Figure:
    """Pinball loss of every period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    value_at_risk
        Forecast for the same period, positive for a loss: of the same shape, or a column a model.
    level
        Of the forecasts, default 0.95.

    Returns
    -------
    Series, DataFrame or ndarray
        At least 0, fraction; NaN where either is unknown.

    Notes
    -----
    Convention: (p - 1{r < -VaR}) (r + VaR), p = 1 - level: least in the mean for the true quantile.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1.
    MisalignedSeries
        Another number of periods or series.

    References
    ----------
    Koenker and Bassett, Regression Quantiles, 1978, eq. 1.4; Gonzalez-Rivera, Lee and Mishra, Forecasting volatility, 2004.

    Examples
    --------
    >>> quantile_losses([-0.03, 0.01], [0.02, 0.02], level=0.9).round(6).tolist()
    [0.009, 0.003]
    """
    share = 1.0 - level_of(level)
    mine, forecast = cells_of(returns), cells_of(value_at_risk, "value_at_risk")
    if len(mine) != len(forecast) or (mine.shape[1] != forecast.shape[1] and 1 not in {mine.shape[1], forecast.shape[1]}):
        raise MisalignedSeries("value_at_risk", "returns", reason=f"{forecast.shape} against {mine.shape}")
    above = mine + forecast
    losses = np.where(np.isnan(above), np.nan, (share - (above < 0)) * above)
    return series_like(value_at_risk if np.ndim(value_at_risk) == 2 else returns, losses)


def quantile_loss(returns: Table, value_at_risk: Table, *, level: float = 0.95) -> Figure:
    """Mean pinball loss of forecasts of a quantile.

    Parameters
    ----------
    returns, value_at_risk, level
        As in `quantile_losses`.

    Returns
    -------
    float, Series or ndarray
        At least 0, fraction, the smaller the better; NaN without any period that has both.

    Notes
    -----
    Convention: mean over the periods that have both.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `quantile_losses`.

    References
    ----------
    Koenker and Bassett, Regression Quantiles, 1978.

    Examples
    --------
    >>> round(quantile_loss([-0.03, 0.01], [0.02, 0.02], level=0.9), 6)
    0.006
    """
    losses = quantile_losses(returns, value_at_risk, level=level)
    return figure_like(losses, Sample(cells_of(losses)).mean, "quantile_loss")


def diebold_mariano_test(losses: Table, other_losses: Table, *, horizon: int = 1, lags: int | None = None, small_sample: bool = True) -> Verdict:
    """Whether one forecast lost less than another by more than chance.

    Parameters
    ----------
    losses, other_losses
        Of both forecasts in the same periods, shape (n_periods,) or (n_periods, n_series); smaller is better.
    horizon
        Periods ahead that were forecast, default 1.
    lags
        Autocovariances of the difference that count, default horizon - 1.
    small_sample
        Whether to correct for few periods and use Student's distribution (Harvey, Leybourne and Newbold; default), or the normal one.

    Returns
    -------
    Series or DataFrame
        statistic (below 0: the first lost less), p_value (two-sided), mean_difference, observations; a row a series for a frame. NaN
        where the losses never differ or fewer than three periods have both.

    Notes
    -----
    Convention: rectangular kernel for `lags` of horizon - 1, as in the article; a variance that comes out negative is NaN.

    Raises
    ------
    InvalidInput
        A horizon below 1, lags below 0.
    MisalignedSeries
        Other shapes.

    References
    ----------
    Diebold and Mariano, Comparing Predictive Accuracy, 1995; Harvey, Leybourne and Newbold, Testing the equality of prediction mean
    squared errors, 1997, eq. 9.

    Examples
    --------
    >>> round(float(diebold_mariano_test([1.0, 2.0, 1.0, 1.0], [2.0, 2.5, 1.5, 3.0])["statistic"]), 6)
    -2.828427
    """
    mine, theirs = cells_of(losses, "losses"), cells_of(other_losses, "other_losses")
    if mine.shape != theirs.shape:
        raise MisalignedSeries("losses", "other_losses", reason=f"{mine.shape} against {theirs.shape}")
    lags = whole("horizon", horizon) - 1 if lags is None else lags
    if lags < 0:
        raise InvalidInput("lags", lags, "is below zero", hint="Leave it out for horizon - 1")
    at = Sample(mine - theirs)
    variance = np.where((at.counts >= 3) & (at.squares > 0), _long_run(at, lags), np.nan)
    statistic = at.mean / np.sqrt(np.where(variance > 0, variance, np.nan) / np.maximum(at.counts, 1.0))
    if small_sample:
        statistic = statistic * np.sqrt(np.maximum(at.counts + 1.0 - 2.0 * horizon + horizon * (horizon - 1.0) / np.maximum(at.counts, 1.0), 0.0)
                                        / np.maximum(at.counts, 1.0))
    rarer = stdtr(np.maximum(at.counts - 1.0, 1.0), -np.abs(statistic)) if small_sample else ndtr(-np.abs(statistic))
    return told(losses, {"statistic": statistic, "p_value": 2.0 * rarer, "mean_difference": at.mean, "observations": at.counts})


def _long_run(at: Sample, lags: int) -> Floats:
    """Variance of the mean times the number of periods."""
    cells = np.nan_to_num(aligned(Sample(np.where(at.known, at.centred, np.nan))))
    total = product_sums(cells, cells)
    for lag in range(1, lags + 1):
        total = total + 2.0 * product_sums(cells[lag:], cells[:-lag])
    found: Floats = total / np.maximum(at.counts, 1.0)
    return found
