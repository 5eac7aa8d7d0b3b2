"""Regression of returns on factors, with errors that heed autocorrelation; many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr, stdtrit

from engine.columns import Floats, Table
from engine.errors import InvalidInput
from engine.factors.design import ALPHA, Design, design, inverted
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import level_of, quotient

ESTIMATORS = ("ols", "ridge")
ERRORS = ("newey_west", "white", "classic")
FIGURES = ("observations", "r_squared", "adjusted_r_squared", "residual_deviation", "f_statistic", "f_p_value", "durbin_watson")


@dataclass(frozen=True, slots=True)
class FactorRegression:
    """What factors explain of one or more series.

    Attributes
    ----------
    loadings, standard_errors, t_statistics, p_values, low, high
        Frames of shape (1 + n_factors, n_series): ``alpha`` first, of a period, then the factors. NaN errors for ridge.
    figures
        Frame of shape (n_figures, n_series): `observations r_squared adjusted_r_squared residual_deviation f_statistic f_p_value
        durbin_watson`, of a period.
    residuals
        Frame of shape (n_periods, n_series), NaN where nothing is known.
    condition_number
        Of the factors scaled to unit length, and the column of ones: above 30 they say much the same.
    lags
        Of the Newey-West errors; 0 for others.
    """

    loadings: pd.DataFrame
    standard_errors: pd.DataFrame
    t_statistics: pd.DataFrame
    p_values: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    figures: pd.DataFrame
    residuals: pd.DataFrame
    condition_number: float
    lags: int

    def table(self, series: object = None) -> pd.DataFrame:
        """Give one series, by default the first: alpha and factors x `loading standard_error t_statistic p_value low high`."""
        name = self.loadings.columns[0] if series is None else series
        parts = {"loading": self.loadings, "standard_error": self.standard_errors, "t_statistic": self.t_statistics, "p_value": self.p_values,
                 "low": self.low, "high": self.high}
        return pd.DataFrame({column: each[name] for column, each in parts.items()})


def factor_regression(
    returns: Table,
    factors: Table,
    *,
    risk_free: float | Table = 0.0,
    estimator: str = "ols",
    penalty: float = 1.0,
    errors: str = "newey_west",
    lags: int | None = None,
    level: float = 0.95,
) -> FactorRegression:
    """Regress returns on factors.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    factors
        Factor returns of shape (n_periods, n_factors), fraction: the excess market return for CAPM, with SMB and HML for Fama-French's
        three factors, any others. Laid by label where both have labels.
    risk_free
        Rate of a period taken off the returns, default 0: one, or one a period.
    estimator
        ``ols`` (default) or ``ridge``.
    penalty
        Of ridge, default 1: times the sum of the squared loadings on factors scaled to mean 0 and deviation 1 (ddof 0). Alpha has none.
    errors
        ``newey_west`` (default): robust to changing variance and autocorrelation; ``white``: to changing variance; ``classic``.
    lags
        Of Newey-West; default floor(4 (T / 100)^(2/9)).
    level
        Of the confidence intervals, default 0.95.

    Returns
    -------
    FactorRegression

    Notes
    -----
    Convention: alpha is of a period. Bartlett weights, no correction for small samples, p-values and intervals of Student's t with
    T - k degrees of freedom. A period without a factor is left out; one without a return is left out of that series, lags count periods of
    the table. A series with fewer than k + 1 periods, or factors that say the same (collinear), give NaN; a single series too short is an
    error.

    Raises
    ------
    InvalidInput
        No factor, an unknown choice, a level outside (0, 1), a negative penalty or lag.
    MisalignedSeries
        No common period, or tables without labels of different length.
    InsufficientHistory
        A single series with fewer periods than factors + 2.

    References
    ----------
    Fama and French, Common Risk Factors in the Returns on Stocks and Bonds (1993), Journal of Financial Economics 33(1); Carhart, On
    Persistence in Mutual Fund Performance (1997), Journal of Finance 52(1); Newey and West (1987), Econometrica 55(3), eq. 5, and (1994),
    Review of Economic Studies 61(4); Hoerl and Kennard, Ridge Regression (1970), Technometrics 12(1).

    Examples
    --------
    >>> market = np.array([0.02, -0.01, 0.03, -0.02, 0.01, 0.00])
    >>> noise = np.array([0.001, -0.001, 0.0, 0.001, 0.0, -0.001])
    >>> found = factor_regression(0.001 + 1.2 * market + noise, market[:, None])
    >>> found.table()["loading"].round(4).to_dict(), round(float(found.figures.loc["r_squared", "returns"]), 4)
    ({'alpha': 0.001, 'factor_1': 1.2057}, 0.9985)
    """
    one_of("estimator", estimator, ESTIMATORS)
    one_of("errors", errors, ERRORS)
    _check(penalty, lags)
    told = design(returns, factors, risk_free=risk_free)
    lag = _lags(told, lags) if errors == "newey_west" else 0
    inverse = inverted(told.normal())
    loadings = np.einsum("skl,sl->sk", inverse, told.moments()) if estimator == "ols" else _ridge(told, penalty)
    residuals = told.known * (told.excess - told.regressors @ np.nan_to_num(loadings).T)
    spread = _errors(told, inverse, residuals, errors, lag) if estimator == "ols" else np.full_like(loadings, np.nan)
    return _regression(told, loadings, spread, residuals, (lag, level_of(level)))


def _check(penalty: float, lags: int | None) -> None:
    if not penalty >= 0:
        raise InvalidInput("penalty", penalty, "is below zero", hint="0 is ordinary least squares")
    if lags is not None and lags < 0:
        raise InvalidInput("lags", lags, "is below zero", hint="Leave it out for floor(4 (T / 100)^(2/9))")


def _lags(told: Design, lags: int | None) -> int:
    longest = int(told.counts.max(initial=0))
    asked = int(4 * (longest / 100) ** (2 / 9)) if lags is None else lags
    return max(min(asked, len(told.index) - 1), 0)


def _ridge(told: Design, penalty: float) -> Floats:
    """Ridge on factors scaled to mean 0 and deviation 1, shape (n_series, 1 + n_factors)."""
    counts = np.where(told.counts > 0, told.counts, np.nan)
    cells = told.regressors[:, 1:]
    mean = (told.known.T @ cells) / counts[:, None]
    level = told.excess.sum(axis=0) / counts
    squares = np.einsum("ts,tk,tl->skl", told.known, cells, cells, optimize=True) - counts[:, None, None] * mean[:, :, None] * mean[:, None, :]
    with_returns = (cells.T @ told.excess).T - counts[:, None] * mean * level[:, None]
    scale = np.sqrt(np.maximum(np.einsum("skk->sk", squares), 0.0) / counts[:, None])
    scale = np.where(scale > 0, scale, np.nan)
    scaled = squares / (scale[:, :, None] * scale[:, None, :]) + penalty * np.eye(cells.shape[1])
    whole = ~np.isnan(scaled).any(axis=(1, 2))
    inverse = inverted(np.where(whole[:, None, None], scaled, 0.0))
    slopes = np.einsum("skl,sl->sk", inverse, with_returns / scale) / scale
    return np.column_stack([level - (slopes * mean).sum(axis=1), slopes])


def _errors(told: Design, inverse: Floats, residuals: Floats, errors: str, lags: int) -> Floats:
    """Give standard errors, shape (n_series, 1 + n_factors)."""
    if errors == "classic":
        plain: Floats = np.sqrt(np.einsum("skk->sk", inverse) * ((residuals**2).sum(axis=0) / _free(told))[:, None])
        return plain
    scores = residuals[:, :, None] * told.regressors[:, None, :]
    meat = np.einsum("tsk,tsl->skl", scores, scores, optimize=True)
    for lag in range(1, lags + 1):
        shifted = np.einsum("tsk,tsl->skl", scores[lag:], scores[:-lag], optimize=True)
        meat += (1.0 - lag / (lags + 1.0)) * (shifted + shifted.transpose(0, 2, 1))
    variance = np.einsum("skl,slm,smk->sk", inverse, meat, inverse, optimize=True)
    found: Floats = np.sqrt(np.maximum(variance, 0.0))
    return found


def _regression(told: Design, loadings: Floats, spread: Floats, residuals: Floats, convention: tuple[int, float]) -> FactorRegression:
    lags, level = convention
    free = _free(told)[:, None]
    statistic = quotient(loadings, spread)
    reach = stdtrit(free, 0.5 + level / 2.0) * spread
    names = (ALPHA, *told.factors)

    def frame(cells: Floats) -> pd.DataFrame:
        return pd.DataFrame(cells.T, index=pd.Index(names, name="factor"), columns=list(told.series))

    unknown = np.asarray(np.isnan(loadings).any(axis=1))
    shown = np.where((told.known > 0) & ~unknown, residuals, np.nan)
    return FactorRegression(
        frame(loadings), frame(spread), frame(statistic), frame(2.0 * stdtr(free, -np.abs(statistic))), frame(loadings - reach),
        frame(loadings + reach), pd.DataFrame(_figures(told, residuals, unknown), index=list(FIGURES), columns=list(told.series)),
        pd.DataFrame(shown, index=told.index, columns=list(told.series)), _condition(told), lags,
    )  # fmt: skip


def _free(told: Design) -> Floats:
    """Degrees of freedom of each series; NaN where there are none."""
    left = told.counts - told.regressors.shape[1]
    return np.where(left > 0, left, np.nan)


def _figures(told: Design, residuals: Floats, unknown: NDArray[np.bool_]) -> Floats:
    """Goodness of each fit, shape (n_figures, n_series)."""
    counts, free, factors = told.counts, _free(told), len(told.factors)
    mean = quotient(told.excess.sum(axis=0), counts)
    total = (told.known * (told.excess - np.nan_to_num(mean)) ** 2).sum(axis=0)
    left = (residuals**2).sum(axis=0)
    explained = 1.0 - quotient(left, np.where(total > 1e-30 * counts, total, 0.0))
    ratio = quotient((total - left) / factors, left / free)
    steps = (np.diff(residuals, axis=0) ** 2 * told.known[1:] * told.known[:-1]).sum(axis=0)
    adjusted = 1.0 - (1.0 - explained) * (counts - 1.0) / free
    rows = [explained, adjusted, np.sqrt(left / free), ratio, fdtrc(factors, free, ratio), quotient(steps, left)]
    return np.vstack([counts, *(np.where(unknown, np.nan, row) for row in rows)])


def _condition(told: Design) -> float:
    cells = told.regressors[told.known.any(axis=1)]
    lengths = np.sqrt((cells**2).sum(axis=0)) if len(cells) else np.zeros(1)
    if not (lengths > 0).all():
        return float("inf")
    return float(np.linalg.cond(cells / lengths))


_GROUP = "Factors"
TERMS: tuple[Term, ...] = (
    Term("factor_regression", "Loadings", _GROUP, "ratio",
         "How much the return moves when the factor moves by one.", "Fama-French 1993; Carhart 1997", 24),
)
