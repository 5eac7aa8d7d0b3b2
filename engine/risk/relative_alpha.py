"""What alpha is worth: over the risk it was earned with, and over the error it was measured with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr

from engine.columns import Figure, Floats, Table, figure_like, product_sums
from engine.dispersion import periods_of
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.pair import ALPHAS, Pair, beside
from engine.risk.relative import alpha_of, r_squared_of
from engine.risk.relative_risk import specific_of, systematic_of
from engine.risk.sample import quotient

ERRORS = ("newey_west", "classic")
RISKS = ("specific", "systematic", "beta")


def appraisal_ratio(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    ddof: int = 1,
    periods_per_year: float = 252,
    method: str = "arithmetic",
    risk: str = "specific",
) -> Figure:
    """Alpha over the risk that the benchmark does not explain.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``, then compounded down to the period.
    ddof
        1 (default) for a sample, 0 for a population.
    periods_per_year
        252 (default) for trading days, 12 for months.
    method
        Of alpha: ``arithmetic`` (default), ``compounded`` or ``annualised``, as in `alpha`.
    risk
        ``specific`` (default); ``beta`` gives the modified, ``systematic`` the alternative Jensen's alpha.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without such risk.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown choice, or periods a year not above zero.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Treynor and Black, How to Use Security Analysis to Improve Portfolio Selection (1973), Journal of Business 46; Bacon, Practical
    Portfolio Performance Measurement and Attribution, 2nd ed., p. 77.

    Examples
    --------
    >>> round(appraisal_ratio([0.02, 0.0, 0.0, 0.02], [0.01, 0.01, -0.01, -0.01], ddof=0, periods_per_year=1), 6)
    1.0
    """
    one_of("method", method, ALPHAS)
    one_of("risk", risk, RISKS)
    periods = periods_of(periods_per_year)
    pair = beside(returns, benchmark_returns, risk_free=risk_free, risk_free_basis=risk_free_basis, periods_per_year=periods)
    return figure_like(returns, appraisal_of(pair, periods, method, risk, ddof), "appraisal_ratio")


def appraisal_of(pair: Pair, periods: float, method: str = "arithmetic", risk: str = "specific", ddof: int = 1) -> Floats:
    """Kernel of `appraisal_ratio`."""
    if risk == "beta":
        return quotient(alpha_of(pair, periods, method), pair.beta)
    over = specific_of(pair, periods, ddof) if risk == "specific" else systematic_of(pair, periods, ddof)
    return quotient(alpha_of(pair, periods, method), over)


def standard_error(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0) -> Figure:
    """Deviation of a period around the line: its standard error.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `appraisal_ratio`.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period, with two degrees of freedom taken; NaN with fewer than three periods.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `appraisal_ratio`.

    References
    ----------
    CFA curriculum, linear regression: standard error of estimate.

    Examples
    --------
    >>> round(standard_error([0.01, -0.01, -0.01, 0.01], [0.01, 0.01, -0.01, -0.01]), 6)
    0.014142
    """
    return figure_like(returns, beside(returns, benchmark_returns, risk_free=risk_free).specific(2), "standard_error")


def alpha_t_statistic(
    returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, errors: str = "newey_west", lags: int | None = None
) -> Figure:
    """Alpha of a period over its standard error.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `appraisal_ratio`.
    errors
        ``newey_west`` (default): robust to changing variance and to autocorrelation; ``classic``: of ordinary least squares.
    lags
        Of Newey and West; default floor(4 (T / 100)^(2/9)).

    Returns
    -------
    float, Series or ndarray
        Beyond about 2 chance alone is an unlikely answer; NaN with fewer than three periods, or without an error.

    Notes
    -----
    Convention: Bartlett weights, no correction for small samples. Missing periods are left out, what is around them moves together.

    Raises
    ------
    InvalidInput
        As in `appraisal_ratio`, or a negative number of lags.
    MisalignedSeries
        As in `appraisal_ratio`.

    References
    ----------
    Newey and West, A Simple, Positive Semi-Definite, Heteroskedasticity and Autocorrelation Consistent Covariance Matrix (1987),
    Econometrica 55; their rule for the lags is of 1994.

    Examples
    --------
    >>> round(alpha_t_statistic([0.03, 0.01, 0.0, 0.02], [0.01, 0.01, -0.01, -0.01], errors="classic"), 4)
    2.1213
    """
    pair = beside(returns, benchmark_returns, risk_free=risk_free)
    return figure_like(returns, t_of(pair, errors, lags)[0], "alpha_t_statistic")


def beta_t_statistic(
    returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, errors: str = "newey_west", lags: int | None = None
) -> Figure:
    """Beta over its standard error.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, errors, lags
        As in `alpha_t_statistic`.

    Returns
    -------
    float, Series or ndarray
        As in `alpha_t_statistic`.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `alpha_t_statistic`.

    References
    ----------
    As in `alpha_t_statistic`.

    Examples
    --------
    >>> round(beta_t_statistic([0.03, 0.01, 0.0, -0.02], [0.01, 0.01, -0.01, -0.01], errors="classic"), 4)
    2.1213
    """
    pair = beside(returns, benchmark_returns, risk_free=risk_free)
    return figure_like(returns, t_of(pair, errors, lags)[1], "beta_t_statistic")


def market_line(
    returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, errors: str = "newey_west", lags: int | None = None
) -> pd.DataFrame:
    """Line through returns and the benchmark's with the errors of both ends.

    Parameters
    ----------
    returns, benchmark_returns, risk_free, errors, lags
        As in `alpha_t_statistic`.

    Returns
    -------
    DataFrame
        One row a series: ``alpha`` of a period, ``beta``, the ``error``, ``t`` and two-sided ``p`` of each as ``alpha_error`` and so on,
        ``r_squared``, ``standard_error``, ``observations``. p by Student's t with two degrees of freedom taken.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `alpha_t_statistic`.

    References
    ----------
    As in `alpha_t_statistic`.

    Examples
    --------
    >>> market_line([0.03, 0.01, 0.0, 0.02], [0.01, 0.01, -0.01, -0.01], errors="classic")[["alpha", "beta"]].round(6).iloc[0].tolist()
    [0.015, 0.5]
    """
    pair = beside(returns, benchmark_returns, risk_free=risk_free)
    told: dict[str, Any] = {"alpha": pair.alpha, "beta": pair.beta}
    for name, error in zip(("alpha", "beta"), errors_of(pair, errors, lags), strict=True):
        ratio = quotient(told[name], error)
        freedom = np.where(pair.counts > 2, pair.counts - 2.0, np.nan)
        told |= {f"{name}_error": error, f"{name}_t": ratio, f"{name}_p": 2.0 * stdtr(freedom, -np.abs(ratio))}
    told |= {"r_squared": r_squared_of(pair), "standard_error": pair.specific(2), "observations": pair.counts}
    return pd.DataFrame(told, index=returns.columns if isinstance(returns, pd.DataFrame) else None)


def t_of(pair: Pair, errors: str = "newey_west", lags: int | None = None) -> tuple[Floats, Floats]:
    """Give alpha and beta over their standard errors."""
    of_alpha, of_beta = errors_of(pair, errors, lags)
    return quotient(pair.alpha, of_alpha), quotient(pair.beta, of_beta)


def errors_of(pair: Pair, errors: str = "newey_west", lags: int | None = None) -> tuple[Floats, Floats]:
    """Give the standard errors of alpha of a period and of beta, worked out once for each way."""
    one_of("errors", errors, ERRORS)
    if lags is not None and lags < 0:
        raise InvalidInput("lags", lags, "is below 0", hint="Leave it out for the rule of Newey and West")
    if (errors, lags) not in pair.errors:
        pair.errors[errors, lags] = _classic(pair) if errors == "classic" else _robust(pair, lags)
    return pair.errors[errors, lags]


def _classic(pair: Pair) -> tuple[Floats, Floats]:
    n, spread = _sizes(pair)
    return pair.specific(2) * np.sqrt(1.0 / n + pair.market.mean**2 / spread), pair.specific(2) / np.sqrt(spread)


def _robust(pair: Pair, lags: int | None) -> tuple[Floats, Floats]:
    """Long-run deviations of what each period adds to alpha and to beta."""
    n, spread = _sizes(pair)
    left, market = _scores(pair)
    most = np.nan_to_num(np.floor(4.0 * (n / 100.0) ** (2.0 / 9.0)) if lags is None else np.full_like(n, lags))
    exact = np.where(pair.residual_squares == 0.0, 0.0, 1.0)  # what rounding leaves of a perfect line is no error
    parts = left * (1.0 / n - pair.market.mean * market / spread), left * market / spread
    of_alpha, of_beta = (exact * np.sqrt(np.maximum(_long_run(part, most), 0.0)) for part in parts)
    return of_alpha, of_beta


def _sizes(pair: Pair) -> tuple[Floats, Floats]:
    """Periods and the benchmark's sum of squares; NaN where they are too few, or where it stood still."""
    return np.where(pair.counts > 2, pair.counts, np.nan), np.where(pair.market.squares > 0, pair.market.squares, np.nan)


def _long_run(part: Floats, most: Floats) -> Floats:
    """Sum of the products of all pairs of periods up to some lags apart, by Bartlett's weights."""
    lags = np.arange(1, max(min(int(most.max(initial=0.0)), len(part) - 1), 0) + 1)
    products = np.array([product_sums(part[lag:], part[:-lag]) for lag in lags]).reshape(len(lags), part.shape[1])
    weights = 2.0 * np.maximum(1.0 - lags[:, None] / (most + 1.0), 0.0)
    return np.asarray(product_sums(part, part) + (weights * products).sum(axis=0))


def _scores(pair: Pair) -> tuple[Floats, Floats]:
    """Residuals and centred benchmark, missing periods moved to the end, where they are 0."""
    left, market = pair.residuals, np.broadcast_to(pair.market.centred, pair.residuals.shape)
    if pair.own.known.all():
        return left, market
    order = np.argsort(~pair.excess.known, axis=0, kind="stable")
    return np.take_along_axis(left, order, axis=0), np.take_along_axis(market, order, axis=0)


TERMS: tuple[Term, ...] = (
    Term(
        "appraisal_ratio",
        "Appraisal ratio",
        "Benchmark",
        "ratio",
        "Jensen's alpha over specific risk.",
        "Treynor and Black 1973",
        60,
        "high",
        relative=True,
    ),
    Term(
        "standard_error",
        "Standard error of the line",
        "Benchmark",
        "fraction",
        "How far a period is off the line through the benchmark.",
        "CFA curriculum",
        30,
        "low",
        relative=True,
    ),
    Term(
        "alpha_t_statistic",
        "t of alpha",
        "Benchmark",
        "statistic",
        "Alpha over its standard error: beyond 2 it is unlikely to be chance.",
        "Newey and West 1987",
        60,
        "high",
        relative=True,
    ),
    Term("beta_t_statistic", "t of beta", "Benchmark", "statistic", "Beta over its standard error.", "Newey and West 1987", 60, "", relative=True),
)
