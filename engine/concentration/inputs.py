"""Weights and covariances as they come in, laid beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries

Weights = Table | Mapping[str, float]


def labelled_weights(weights: Weights) -> Any:  # noqa: ANN401 - any table
    """Read a mapping as a Series; anything else stays.

    Parameters
    ----------
    weights
        Weights by name, Series, frame, array or sequence.

    Returns
    -------
    Series, DataFrame, ndarray or sequence
    """
    return pd.Series(dict(weights), dtype=np.float64) if isinstance(weights, Mapping) else weights


def weight_cells(weights: Weights) -> Floats:
    """Read weights, one portfolio a column.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios), fraction.

    Returns
    -------
    ndarray of shape (n_assets, n_portfolios)
        What is unknown is not held: 0; a portfolio of which nothing is known, or that has no asset, is NaN.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    """
    cells = cells_of(labelled_weights(weights), "weights", ordered=False)
    unknown = np.isnan(cells).all(axis=0)
    filled: Floats = np.where(unknown, np.nan, np.nan_to_num(cells))
    return filled


def covariance_cells(weights: Weights, covariance: Table | None, returns: Table | None = None, *, ddof: int = 1) -> Floats:
    """Read a covariance in the order of the weights, or work it out from returns.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios); with names where the covariance has some.
    covariance
        Shape (n_assets, n_assets), of a period.
    returns
        Shape (n_periods, n_assets), instead of it: the periods that all assets have.
    ddof
        Taken off the number of periods.

    Returns
    -------
    ndarray of shape (n_assets, n_assets)
        Symmetric.

    Raises
    ------
    InvalidInput
        Neither or both, not square, not symmetric, or a cell is missing.
    MisalignedSeries
        Other assets than the weights.
    InsufficientHistory
        Not more than `ddof` periods in which all assets have a return.
    """
    if (covariance is None) == (returns is None):
        raise InvalidInput("covariance", None, "either a covariance or returns are needed, and not both", hint="Give covariance= or returns=")
    held = labelled_weights(weights)
    if covariance is None:
        return _of_returns(_in_order(held, returns, "returns", both=False), ddof)
    return _checked(_in_order(held, covariance, "covariance", both=True))


def _in_order(held: Any, given: Any, field: str, *, both: bool) -> Floats:  # noqa: ANN401 - any table
    """Bring the columns, and of a covariance the rows, into the order of the weights."""
    if isinstance(held, pd.Series | pd.DataFrame) and isinstance(given, pd.DataFrame):
        unknown = [name for name in held.index if name not in given.columns or (both and name not in given.index)]
        if unknown:
            raise MisalignedSeries("weights", field, reason=f"{unknown[0]} has a weight and no column")
        given = given.loc[held.index, held.index] if both else given[list(held.index)]
    cells = cells_of(given, field, ordered=False)
    if cells.shape[1] != len(held) or (both and cells.shape[0] != len(held)):
        raise MisalignedSeries("weights", field, reason=f"{len(held)} weights against {cells.shape[0]} x {cells.shape[1]}")
    return cells


def _of_returns(cells: Floats, ddof: int) -> Floats:
    whole = cells[~np.isnan(cells).any(axis=1)]
    if len(whole) <= ddof:
        raise InsufficientHistory("covariance", needed=ddof + 1, found=len(whole))
    centred = whole - whole.mean(axis=0)
    found: Floats = centred.T @ centred / (len(whole) - ddof)
    return found


def _checked(cells: Floats) -> Floats:
    if np.isnan(cells).any():
        raise InvalidInput("covariance", "NaN", "a cell is missing", hint="Leave out assets without history, or give returns=")
    size = float(np.abs(cells).max(initial=0.0))
    if np.abs(cells - cells.T).max(initial=0.0) > 1e-8 * size or (np.diag(cells) < 0).any():
        raise InvalidInput("covariance", "matrix", "is not symmetric with variances on its diagonal", hint="Give returns.cov()")
    symmetric: Floats = (cells + cells.T) / 2.0
    return symmetric


def deviations(covariance: Floats) -> Floats:
    """Root of the diagonal, shape (n_assets,)."""
    found: Floats = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return found


def correlations(covariance: Floats) -> Floats:
    """Give a covariance as correlations, shape (n_assets, n_assets); NaN beside an asset that does not move."""
    spread = deviations(covariance)
    known = np.where(spread > 0, spread, np.nan)
    found: Floats = covariance / np.outer(known, known)
    return found
