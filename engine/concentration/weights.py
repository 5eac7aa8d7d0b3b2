"""How much hangs on few names: figures of weights alone."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, figure_like
from engine.concentration.inputs import Weights, labelled_weights, weight_cells
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.sample import quotient


def hhi(weights: Weights, *, normalised: bool = False) -> Figure:
    """Sum of squared weights.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios), fraction of the whole.
    normalised
        Whether 1/n is taken off, so that equal weights give 0 and one asset 1; default False.

    Returns
    -------
    float, Series or ndarray
        Between 1/n and 1 for weights that are not negative and add up to 1.

    Notes
    -----
    Convention: weights as they are given, shorts squared alike; an unknown weight is not held. NaN where nothing is held, and normalised
    where n is 1.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Hirschman, The Paternity of an Index (1964), American Economic Review 54(5).

    Examples
    --------
    >>> round(hhi([0.5, 0.3, 0.2]), 6)
    0.38
    """
    cells = weight_cells(weights)
    index = _squares(cells)
    if normalised:
        least = quotient(np.ones(1), np.array([float(len(cells))]))
        index = quotient(index - least, 1.0 - least)
    return figure_like(labelled_weights(weights), index, "hhi")


def effective_number_of_assets(weights: Weights) -> Figure:
    """Equally weighted assets that would be as concentrated.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios), fraction of the whole.

    Returns
    -------
    float, Series or ndarray
        1 over the Herfindahl index.

    Notes
    -----
    Convention: as `hhi`.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Laakso and Taagepera, Effective Number of Parties (1979), Comparative Political Studies 12(1).

    Examples
    --------
    >>> round(effective_number_of_assets([0.25, 0.25, 0.25, 0.25]), 6)
    4.0
    """
    return figure_like(labelled_weights(weights), quotient(np.ones(1), _squares(weight_cells(weights))), "effective_number_of_assets")


def top_n_weight(weights: Weights, *, n: int = 10) -> Figure:
    """Weight of the largest few.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios), fraction of the whole.
    n
        How many, default 10.

    Returns
    -------
    float, Series or ndarray
        Fraction.

    Notes
    -----
    Convention: largest by size, a short counts with its size. Fewer assets than `n`: all of them.

    Raises
    ------
    InvalidInput
        `n` below 1, or a cell is not a number.

    Examples
    --------
    >>> round(top_n_weight([0.5, 0.3, 0.2], n=2), 6)
    0.8
    """
    if n < 1:
        raise InvalidInput("n", n, "is not above zero", hint="10 for the ten largest")
    largest = -np.sort(-np.abs(weight_cells(weights)), axis=0)[:n]
    return figure_like(labelled_weights(weights), column_sums(largest), "top_n_weight")


def _squares(cells: Floats) -> Floats:
    return column_sums(cells**2)


def column_sums(cells: Floats) -> Floats:
    """Sum of each column, shape (n_portfolios,); NaN where there is no asset."""
    found: Floats = cells.sum(axis=0) if len(cells) else np.full(cells.shape[1], np.nan)
    return found


_GROUP = "Concentration"
TERMS: tuple[Term, ...] = (
    Term("hhi", "Herfindahl index", _GROUP, "number", "Sum of the squared weights: 1 is everything in one name.", "Hirschman 1964", 1, "low"),
    Term("effective_number_of_assets", "Effective assets", _GROUP, "number",
         "So many equally weighted holdings would be as concentrated.", "Laakso-Taagepera 1979", 1, "high"),
    Term("top_n_weight", "Largest holdings", _GROUP, "fraction", "Share of the value in the largest holdings.", "practice", 1, "low"),
)
