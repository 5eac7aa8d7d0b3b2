"""How far a portfolio is invested: longs, shorts, and what it owes."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, figure_like
from engine.concentration.inputs import Weights, labelled_weights, weight_cells
from engine.concentration.weights import column_sums
from engine.risk.catalogue import Term


def gross_exposure(weights: Weights) -> Figure:
    """Sum of the sizes of the weights.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios), market value over net asset value; leave cash out.

    Returns
    -------
    float, Series or ndarray
        Fraction of the net asset value.

    Notes
    -----
    Convention: longs and shorts both count. NaN where nothing is held.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Commission Delegated Regulation (EU) 231/2013 (AIFMD), article 7 "Gross method".

    Examples
    --------
    >>> round(gross_exposure([1.2, -0.5]), 6)
    1.7
    """
    return figure_like(labelled_weights(weights), column_sums(np.abs(weight_cells(weights))), "gross_exposure")


def net_exposure(weights: Weights) -> Figure:
    """Longs less shorts.

    Parameters
    ----------
    weights
        As in `gross_exposure`.

    Returns
    -------
    float, Series or ndarray
        Fraction of the net asset value.

    Notes
    -----
    Convention: as `gross_exposure`.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    Examples
    --------
    >>> round(net_exposure([1.2, -0.5]), 6)
    0.7
    """
    return figure_like(labelled_weights(weights), column_sums(weight_cells(weights)), "net_exposure")


def long_exposure(weights: Weights) -> Figure:
    """Sum of the weights above zero.

    Parameters
    ----------
    weights
        As in `gross_exposure`.

    Returns
    -------
    float, Series or ndarray
        Fraction of the net asset value.

    Notes
    -----
    Convention: as `gross_exposure`.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    Examples
    --------
    >>> long_exposure([1.2, -0.5])
    1.2
    """
    return figure_like(labelled_weights(weights), column_sums(np.maximum(weight_cells(weights), 0.0)), "long_exposure")


def short_exposure(weights: Weights) -> Figure:
    """Size of the weights below zero.

    Parameters
    ----------
    weights
        As in `gross_exposure`.

    Returns
    -------
    float, Series or ndarray
        Fraction of the net asset value, not negative.

    Notes
    -----
    Convention: as `gross_exposure`.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    Examples
    --------
    >>> short_exposure([1.2, -0.5])
    0.5
    """
    return figure_like(labelled_weights(weights), column_sums(np.maximum(-weight_cells(weights), 0.0)), "short_exposure")


def leverage(market_values: Weights, net_asset_value: float) -> Figure:
    """Gross exposure over net asset value.

    Parameters
    ----------
    market_values
        Shape (n_assets,) or (n_assets, n_portfolios), money in one currency; leave cash out.
    net_asset_value
        Holdings and cash less debts, the same currency.

    Returns
    -------
    float, Series or ndarray
        1 for a portfolio that is fully invested without credit.

    Notes
    -----
    Convention: NaN where the net asset value is 0 or below: there is no capital to lever.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Commission Delegated Regulation (EU) 231/2013 (AIFMD), articles 6 and 7.

    Examples
    --------
    >>> leverage([120.0, -50.0], 100.0)
    1.7
    """
    whole = net_asset_value if net_asset_value > 0 else np.nan
    return figure_like(labelled_weights(market_values), column_sums(np.abs(weight_cells(market_values))) / whole, "leverage")


_GROUP = "Exposure"
TERMS: tuple[Term, ...] = (
    Term("gross_exposure", "Gross exposure", _GROUP, "fraction",
         "Longs and shorts together, over the value of the portfolio.", "AIFMD gross method", 1),
    Term("net_exposure", "Net exposure", _GROUP, "fraction", "Longs less shorts, over the value of the portfolio.", "practice", 1),
    Term("long_exposure", "Long exposure", _GROUP, "fraction", "What is held, over the value of the portfolio.", "practice", 1),
    Term("short_exposure", "Short exposure", _GROUP, "fraction", "What is owed, over the value of the portfolio.", "practice", 1),
    Term("leverage", "Leverage", _GROUP, "ratio", "Gross exposure over capital: 1 is fully invested without credit.", "AIFMD gross method", 1, "low"),
)
