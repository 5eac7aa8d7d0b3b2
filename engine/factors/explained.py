"""What each factor made of a return, and what it carries of a risk; alpha and what is specific beside them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of
from engine.errors import InvalidInput, MisalignedSeries
from engine.factors.design import ALPHA, design
from engine.linking import link_weights
from engine.risk.catalogue import Term
from engine.risk.sample import quotient

RISK_FREE, SPECIFIC = "risk_free", "specific"


def factor_return_attribution(
    returns: Table,
    factors: Table,
    loadings: Mapping[str, float] | pd.Series | Floats,
    *,
    alpha: float = 0.0,
    risk_free: float | Table = 0.0,
    method: str = "carino",
) -> pd.Series:
    """Contribution of each factor to the return of a window.

    Parameters
    ----------
    returns
        Simple returns of one series, shape (n_periods,), fraction.
    factors
        Factor returns of shape (n_periods, n_factors), fraction; laid by label where both have labels.
    loadings
        Of each factor, by name or in the order of the factors.
    alpha
        Of a period, default 0: what is then left is specific.
    risk_free
        Rate of a period taken off the returns before, default 0: one, or one a period.
    method
        Linking, see `link_attribution`; default ``carino``.

    Returns
    -------
    Series
        `risk_free alpha`, the factors, `specific`, fraction; they add up to the compounded return of the known periods.

    Notes
    -----
    Convention: of a period rf + alpha + sum b_k f_k + e = r, linked over periods.

    Raises
    ------
    InvalidInput
        More than one series, or an unknown method.
    MisalignedSeries
        No common period, or other factors than loadings.
    InsufficientHistory
        Fewer periods than factors + 2.

    References
    ----------
    Grinold and Kahn, Active Portfolio Management, 2nd ed., ch. 17 "Performance analysis"; Carino (1999).

    Examples
    --------
    >>> market = np.array([0.02, -0.01, 0.03])
    >>> found = factor_return_attribution([0.03, -0.01, 0.04], market[:, None], [1.2])
    >>> found.round(6).to_dict(), round(float(found.sum()), 6)
    ({'risk_free': 0.0, 'alpha': 0.0, 'factor_1': 0.048289, 'specific': 0.012199}, 0.060488)
    """
    told = design(returns, factors, risk_free=risk_free, figure="factor_return_attribution")
    if told.excess.shape[1] != 1:
        raise InvalidInput("returns", told.excess.shape[1], "has more than one series", hint="Attribute one series at a time")
    slopes = _slopes(loadings, told.factors)
    kept = told.known[:, 0] > 0
    made = told.regressors[kept, 1:] * slopes
    rates, excess = told.rates[kept], told.excess[kept, 0]
    specific = excess - alpha - made.sum(axis=1)
    effects = np.column_stack([rates, np.full(len(rates), alpha), made, specific])
    total = rates + excess
    found = link_weights(total, np.zeros_like(total), method) @ effects
    return pd.Series(found, index=pd.Index([RISK_FREE, ALPHA, *told.factors, SPECIFIC], name="factor"), name="contribution")


def factor_risk_contributions(
    loadings: Mapping[str, float] | pd.Series | Floats, factor_covariance: Table, specific_variance: float = 0.0, *, relative: bool = True
) -> pd.Series:
    """Part of each factor in the risk of a portfolio.

    Parameters
    ----------
    loadings
        Of each factor, by name or in the order of the covariance.
    factor_covariance
        Shape (n_factors, n_factors), of a period.
    specific_variance
        Variance of what factors do not explain, of a period, default 0.
    relative
        As a share of the variance (default): they add up to 1; False: as a part of the volatility, they add up to it.

    Returns
    -------
    Series
        The factors, then `specific`; below zero for a factor that hedges the others.

    Notes
    -----
    Convention: b_k (Fb)_k over the variance b'Fb + s. NaN where that is 0.

    Raises
    ------
    InvalidInput
        A covariance that is none, or a specific variance below zero.
    MisalignedSeries
        Other factors than loadings.

    References
    ----------
    Meucci, Risk Contributions from Generic User-Defined Factors (2007), Risk 20(6); Grinold and Kahn, 2nd ed., ch. 3 appendix.

    Examples
    --------
    >>> factor_risk_contributions([1.0, 0.5], [[0.04, 0.0], [0.0, 0.04]], 0.01).round(6).to_dict()
    {0: 0.666667, 1: 0.166667, 'specific': 0.166667}
    """
    if specific_variance < 0:
        raise InvalidInput("specific_variance", specific_variance, "is below zero", hint="Give the variance of the residuals")
    cells = cells_of(factor_covariance, "factor_covariance", ordered=False)
    names = tuple(factor_covariance.columns) if isinstance(factor_covariance, pd.DataFrame) else tuple(range(cells.shape[1]))
    slopes = _slopes(loadings, names)
    if cells.shape != (len(slopes), len(slopes)):
        raise MisalignedSeries("loadings", "factor_covariance", reason=f"{len(slopes)} against {cells.shape[0]} x {cells.shape[1]}")
    parts = np.append(slopes * (cells @ slopes), specific_variance)
    variance = np.array([parts.sum()])
    found = quotient(parts, variance) * (1.0 if relative else np.sqrt(np.maximum(variance, 0.0)))
    return pd.Series(found, index=pd.Index([*names, SPECIFIC], name="factor"), name="share" if relative else "volatility")


def _slopes(loadings: Mapping[str, float] | pd.Series | Floats, names: tuple[object, ...]) -> Floats:
    """Put loadings in the order of the factors."""
    if isinstance(loadings, pd.Series | Mapping):
        missing = [name for name in names if name not in loadings]
        if missing:
            raise MisalignedSeries("loadings", "factors", reason=f"{missing[0]} has no loading")
        return np.array([float(loadings[name]) for name in names])  # type: ignore[call-overload,index]
    given = np.asarray(loadings, dtype=np.float64)
    if given.shape != (len(names),):
        raise MisalignedSeries("loadings", "factors", reason=f"{given.size} against {len(names)}")
    return given


TERMS: tuple[Term, ...] = (
    Term("factor_return_attribution", "Return by factor", "Factors", "fraction",
         "What the factor's return made of the portfolio's.", "Grinold-Kahn, ch. 17", 24),
    Term("factor_risk_contributions", "Risk by factor", "Factors", "fraction", "Share of the variance that the factor carries.", "Meucci 2007", 24),
)
