"""Volatility of now: what the recent past says of the next period, by a weight that fades and by a fitted recursion."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like, series_like
from engine.dispersion import periods_of
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, sample
from engine.risk.var.filtered import EWMA_DECAY, ewma_path, garch_of
from engine.risk.var.ways import whole

METHODS = ("ewma", "garch")
ROOM = "Dispersion"


def ewma_volatility_of(at: Sample, decay: float = EWMA_DECAY, periods_per_year: float = 252) -> Floats:
    """Kernel of `ewma_volatility`."""
    path = ewma_path(at, decay)
    still = (at.lowest == 0) & (at.highest == 0) & (at.counts >= 2)
    return np.where(still, 0.0, np.sqrt(path[-1] * periods_per_year))


def garch_volatility_of(at: Sample, horizon: int = 1, periods_per_year: float = 252) -> Floats:
    """Kernel of `garch_volatility`."""
    found: Floats = np.sqrt(garch_of(at).ahead(horizon) / horizon * periods_per_year)
    return found


def ewma_volatility(returns: Table, *, decay: float = EWMA_DECAY, periods_per_year: float = 252) -> Figure:
    """Yearly volatility expected of the next period by a fading weight.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    decay
        Weight of the variance before, default 0.94.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN for fewer than two returns.

    Notes
    -----
    Convention: around zero; the variance begins at the mean square of all returns. Missing returns are left out: the days close up.

    Raises
    ------
    InvalidInput
        A cell is not a number, a decay outside of 0 to 1, or periods a year not above zero.

    References
    ----------
    J.P. Morgan, RiskMetrics Technical Document, 4th ed., 1996, eq. 5.3.

    Examples
    --------
    >>> round(ewma_volatility([0.01, -0.01, 0.03], periods_per_year=1), 6)
    0.019222
    """
    return figure_like(returns, ewma_volatility_of(sample(returns), _decay(decay), periods_of(periods_per_year)), "ewma_volatility")


def garch_volatility(returns: Table, *, horizon: int = 1, periods_per_year: float = 252) -> Figure:
    """Yearly volatility expected of the next periods by GARCH(1,1).

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    horizon
        Periods ahead, default 1: the root of their mean variance.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN for fewer than 50 returns and where all are the same.

    Notes
    -----
    Convention: constant mean and normal shocks by maximum likelihood. Missing returns are left out: the days close up.

    Raises
    ------
    InvalidInput
        A cell is not a number, a horizon below 1, or periods a year not above zero.

    References
    ----------
    Bollerslev 1986, "Generalized autoregressive conditional heteroskedasticity", Journal of Econometrics 31, eq. 2.

    Examples
    --------
    >>> round(garch_volatility(np.random.default_rng(1).normal(0, 0.01, 500), periods_per_year=1), 3)
    0.009
    """
    found = garch_volatility_of(sample(returns), whole("horizon", horizon), periods_of(periods_per_year))
    return figure_like(returns, found, "garch_volatility")


def conditional_volatility(returns: Table, *, method: str = "ewma", decay: float = EWMA_DECAY, periods_per_year: float = 252) -> Figure:
    """Yearly volatility that was expected of each period before it.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    method
        ``ewma`` (default) or ``garch``, as in `ewma_volatility` and `garch_volatility`.
    decay
        Of ``ewma``, default 0.94.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives that of a period.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index, fraction a year; NaN where no return is.

    Notes
    -----
    Convention: a row knows the returns before it, the parameters and the first variance those of the whole series.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown method, a decay outside of 0 to 1, or periods a year not above zero.

    References
    ----------
    As in `ewma_volatility` and `garch_volatility`.

    Examples
    --------
    >>> conditional_volatility([0.01, -0.01, 0.03], periods_per_year=1).round(6).tolist()
    [0.019149, 0.018726, 0.01832]
    """
    one_of("method", method, METHODS)
    at = sample(returns)
    path = garch_of(at).path if method == "garch" else ewma_path(at, _decay(decay))[:-1]
    return series_like(returns, _in_place(at, np.sqrt(path * periods_of(periods_per_year))))


def _in_place(at: Sample, closed: Floats) -> Floats:
    """Lay rows that closed up at the end back to where the returns are."""
    if at.complete or not len(closed):
        return closed
    behind = np.cumsum(at.known[::-1], axis=0)[::-1]  # how many known returns there are from here to the end
    rows = np.clip(len(closed) - behind, 0, len(closed) - 1)
    return np.where(at.known, np.take_along_axis(closed, rows, axis=0), np.nan)


def _decay(decay: float) -> float:
    if not 0.0 < decay < 1.0:
        raise InvalidInput("decay", decay, "is not between 0 and 1", hint="Use 0.94 for days, 0.97 for months")
    return decay


TERMS: tuple[Term, ...] = (
    Term("ewma_volatility", "EWMA volatility", ROOM, "fraction", "Volatility expected now: recent returns weigh more.", "RiskMetrics 1996",
         minimum=60, better="low"),
)  # fmt: skip
SLOW_TERMS: tuple[Term, ...] = (  # minutes for a thousand series: asked for one by one
    Term("garch_volatility", "GARCH volatility", ROOM, "fraction", "Volatility expected now by a recursion fitted to the history.", "Bollerslev 1986",
         minimum=250, better="low"),
)  # fmt: skip
