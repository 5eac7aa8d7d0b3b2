"""Which holdings the volatility of a portfolio comes from, and how much of it they take from each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, figure_like, series_like
from engine.concentration.inputs import Weights, correlations, covariance_cells, deviations, labelled_weights, weight_cells
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.sample import quotient

ON = ("covariance", "correlation")


def portfolio_volatility(weights: Weights, covariance: Table | None = None, *, returns: Table | None = None, ddof: int = 1) -> Figure:
    """Volatility of weights that stay as they are.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios), fraction.
    covariance
        Shape (n_assets, n_assets); laid by name where both have names.
    returns
        Shape (n_periods, n_assets), instead of the covariance: the periods that all have.
    ddof
        Of the covariance from returns, default 1.

    Returns
    -------
    float, Series or ndarray
        Of the period of the covariance: times the root of the periods of a year for a year.

    Notes
    -----
    Convention: the root of w'Sw.

    Raises
    ------
    InvalidInput
        Neither covariance nor returns, or a covariance that is none.
    MisalignedSeries
        Other assets than the weights.
    InsufficientHistory
        Not more than `ddof` common periods.

    References
    ----------
    Markowitz, Portfolio Selection (1952), Journal of Finance 7(1), p. 81.

    Examples
    --------
    >>> round(portfolio_volatility([0.5, 0.5], [[0.04, 0.0], [0.0, 0.09]]), 6)
    0.180278
    """
    cells, spread = weight_cells(weights), covariance_cells(weights, covariance, returns, ddof=ddof)
    return figure_like(labelled_weights(weights), _volatility(cells, spread), "portfolio_volatility")


def marginal_risk(weights: Weights, covariance: Table | None = None, *, returns: Table | None = None, ddof: int = 1) -> Figure:
    """Change of the volatility for one more unit of each weight.

    Parameters
    ----------
    weights, covariance, returns, ddof
        As in `portfolio_volatility`.

    Returns
    -------
    Series, DataFrame or ndarray
        Shape of the weights.

    Notes
    -----
    Convention: (Sw)_i / sigma; NaN where the portfolio does not move.

    Raises
    ------
    InvalidInput
        Neither covariance nor returns, or a covariance that is none.
    MisalignedSeries
        Other assets than the weights.
    InsufficientHistory
        Not more than `ddof` common periods.

    References
    ----------
    Litterman, Hot Spots and Hedges (1996), Goldman Sachs Risk Management Series.

    Examples
    --------
    >>> marginal_risk([0.5, 0.5], [[0.04, 0.0], [0.0, 0.09]]).round(6).tolist()
    [0.11094, 0.249615]
    """
    cells, spread = weight_cells(weights), covariance_cells(weights, covariance, returns, ddof=ddof)
    return series_like(labelled_weights(weights), _marginal(cells, spread))


def risk_contributions(
    weights: Weights, covariance: Table | None = None, *, returns: Table | None = None, relative: bool = False, ddof: int = 1
) -> Figure:
    """Part of each asset in the volatility of a portfolio.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios), fraction.
    covariance
        Shape (n_assets, n_assets); laid by name where both have names.
    returns
        Shape (n_periods, n_assets), instead of the covariance: the periods that all have.
    relative
        Whether as a share of the volatility, so that they add up to 1; default False: they add up to the volatility.
    ddof
        Of the covariance from returns, default 1.

    Returns
    -------
    Series, DataFrame or ndarray
        Shape of the weights; below zero for what hedges the rest.

    Notes
    -----
    Convention: w_i (Sw)_i / sigma, of the period of the covariance. NaN where the portfolio does not move.

    Raises
    ------
    InvalidInput
        Neither covariance nor returns, or a covariance that is none.
    MisalignedSeries
        Other assets than the weights.
    InsufficientHistory
        Not more than `ddof` common periods.

    References
    ----------
    Litterman, Hot Spots and Hedges (1996); Maillard, Roncalli and Teiletche, The Properties of Equally Weighted Risk Contribution Portfolios
    (2010), Journal of Portfolio Management 36(4), eq. 2.

    Examples
    --------
    >>> risk_contributions([0.5, 0.5], [[0.04, 0.0], [0.0, 0.09]]).round(6).tolist()
    [0.05547, 0.124808]
    >>> risk_contributions([0.5, 0.5], [[0.04, 0.0], [0.0, 0.09]], relative=True).round(6).tolist()
    [0.307692, 0.692308]
    """
    cells, spread = weight_cells(weights), covariance_cells(weights, covariance, returns, ddof=ddof)
    parts = cells * _marginal(cells, spread)
    return series_like(labelled_weights(weights), quotient(parts, _volatility(cells, spread)) if relative else parts)


def diversification_ratio(weights: Weights, covariance: Table | None = None, *, returns: Table | None = None, ddof: int = 1) -> Figure:
    """Volatilities of the assets over that of their sum.

    Parameters
    ----------
    weights, covariance, returns, ddof
        As in `portfolio_volatility`.

    Returns
    -------
    float, Series or ndarray
        1 where nothing diversifies; the root of n for n alike and independent assets.

    Notes
    -----
    Convention: sum of |w_i| sigma_i over sigma, so that a short asset has risk of its own too. NaN where the portfolio does not move.

    Raises
    ------
    InvalidInput
        Neither covariance nor returns, or a covariance that is none.
    MisalignedSeries
        Other assets than the weights.
    InsufficientHistory
        Not more than `ddof` common periods.

    References
    ----------
    Choueifaty and Coignard, Toward Maximum Diversification (2008), Journal of Portfolio Management 35(1), eq. 1.

    Examples
    --------
    >>> round(diversification_ratio([0.5, 0.5], [[0.04, 0.0], [0.0, 0.04]]), 6)
    1.414214
    """
    cells, spread = weight_cells(weights), covariance_cells(weights, covariance, returns, ddof=ddof)
    ratio = quotient(deviations(spread) @ np.abs(cells), _volatility(cells, spread))
    return figure_like(labelled_weights(weights), ratio, "diversification_ratio")


def average_pairwise_correlation(
    weights: Weights | None = None, covariance: Table | None = None, *, returns: Table | None = None, ddof: int = 1
) -> Figure:
    """Mean correlation of all pairs of assets.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios): pairs count by the product of their weights. None: all alike.
    covariance, returns, ddof
        As in `portfolio_volatility`.

    Returns
    -------
    float, Series or ndarray
        Between -1 and 1.

    Notes
    -----
    Convention: sum of w_i w_j rho_ij over sum of w_i w_j, i not j, sizes of the weights. Assets that do not move are in no pair; NaN without
    a pair.

    Raises
    ------
    InvalidInput
        Neither covariance nor returns, or a covariance that is none.
    MisalignedSeries
        Other assets than the weights.
    InsufficientHistory
        Not more than `ddof` common periods.

    References
    ----------
    Tierens and Anadu, Does It Matter Which Methodology You Use to Measure Average Correlation across Stocks? (2004), Goldman Sachs.

    Examples
    --------
    >>> round(average_pairwise_correlation(covariance=[[0.04, 0.01], [0.01, 0.0625]]), 6)
    0.2
    """
    held = _all_alike(covariance, returns) if weights is None else weights
    cells, rho = np.abs(weight_cells(held)), correlations(covariance_cells(held, covariance, returns, ddof=ddof))
    np.fill_diagonal(rho, np.nan)
    pairs = ~np.isnan(rho)
    over = np.einsum("ip,ij,jp->p", cells, pairs.astype(np.float64), cells)
    mean = quotient(np.einsum("ip,ij,jp->p", cells, np.nan_to_num(rho), cells), over)
    return figure_like(labelled_weights(held), mean, "average_pairwise_correlation")


def absorption_ratio(
    covariance: Table | None = None, *, returns: Table | None = None, components: int | None = None, on: str = "covariance", ddof: int = 1
) -> float:
    """Share of all variance that few principal components absorb.

    Parameters
    ----------
    covariance, returns, ddof
        As in `portfolio_volatility`.
    components
        How many; None (default): a fifth of the assets, at least one.
    on
        Of the ``covariance`` (default) or of the ``correlation``.

    Returns
    -------
    float
        Between 0 and 1; high where markets move as one.

    Notes
    -----
    Convention: sum of the largest eigenvalues over the sum of all. NaN where nothing moves.

    Raises
    ------
    InvalidInput
        Neither covariance nor returns, a covariance that is none, `components` below 1, or an unknown `on`.
    InsufficientHistory
        Not more than `ddof` common periods.

    References
    ----------
    Kritzman, Li, Page and Rigobon, Principal Components as a Measure of Systemic Risk (2011), Journal of Portfolio Management 37(4), eq. 1.

    Examples
    --------
    >>> round(absorption_ratio([[0.09, 0.0], [0.0, 0.01]]), 6)
    0.9
    """
    if on not in ON:
        raise InvalidInput("on", on, f"{on} is not a choice", hint=f"Use one of {', '.join(ON)}")
    if components is not None and components < 1:
        raise InvalidInput("components", components, "is not above zero", hint="Leave it out for a fifth of the assets")
    spread = covariance_cells(_all_alike(covariance, returns), covariance, returns, ddof=ddof)
    moving = deviations(spread) > 0
    spread = spread[np.ix_(moving, moving)]
    if not len(spread):
        return float("nan")
    values = np.linalg.eigvalsh(correlations(spread) if on == "correlation" else spread)[::-1]
    count = components or max(1, round(len(values) / 5))
    return float(values[:count].sum() / values.sum())


def _all_alike(covariance: Table | None, returns: Table | None) -> Table:
    """Give the weights of everything there is, all the same."""
    given = covariance if returns is None else returns
    if isinstance(given, pd.DataFrame):
        return pd.Series(1.0, index=given.columns)
    shape = np.shape(np.zeros((0, 0)) if given is None else given)
    return np.ones(shape[1] if len(shape) > 1 else 1)


def _volatility(cells: Floats, covariance: Floats) -> Floats:
    """Root of w'Sw of each portfolio; what rounding leaves of a perfect hedge is nothing."""
    variance = np.einsum("ip,ij,jp->p", cells, covariance, cells)
    alone = (np.abs(cells) * deviations(covariance)[:, None]).sum(axis=0) ** 2
    found: Floats = np.sqrt(np.where(variance <= 1e-15 * alone, 0.0, variance)) if len(cells) else np.full(cells.shape[1], np.nan)
    return found


def _marginal(cells: Floats, covariance: Floats) -> Floats:
    return quotient(covariance @ cells, _volatility(cells, covariance))


_GROUP = "Diversification"
TERMS: tuple[Term, ...] = (
    Term("portfolio_volatility", "Volatility of today's holdings", _GROUP, "fraction",
         "What today's weights would have moved by.", "Markowitz 1952", 60, "low"),
    Term("risk_contributions", "Risk contributions", _GROUP, "fraction", "Part of each holding in the volatility; they add up to it.",
         "Litterman 1996; Maillard, Roncalli and Teiletche 2010", 60),
    Term("diversification_ratio", "Diversification ratio", _GROUP, "ratio", "Volatilities of the holdings over that of the portfolio.",
         "Choueifaty-Coignard 2008", 60, "high"),
    Term("average_pairwise_correlation", "Average correlation", _GROUP, "ratio",
         "Mean correlation of all pairs of holdings.", "Tierens-Anadu 2004", 60, "low"),
    Term("absorption_ratio", "Absorption ratio", _GROUP, "fraction", "Share of all variance in a fifth of the principal components.",
         "Kritzman et al. 2011", 60, "low"),
)
