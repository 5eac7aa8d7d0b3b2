"""The loss of holdings under given moves: the one sum that every stress test ends in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats
from engine.errors import InvalidInput, MisalignedSeries

Row = pd.Series | Floats | list[float]


def stress_loss(values: Row, moves: pd.Series | pd.DataFrame | Floats | list[float]) -> Figure:
    """Loss of holdings under moves of their prices.

    Parameters
    ----------
    values
        Market values or weights of shape (n_holdings,), shorts negative.
    moves
        Price moves of shape (n_holdings,), fraction, or (n_holdings, n_scenarios), one scenario a column.

    Returns
    -------
    float, Series or ndarray
        Minus the sum of value times move: positive for a loss, in the unit of the values; NaN where a move is unknown.

    Notes
    -----
    Convention: a holding of value 0 asks for no move. Values and moves with labels are matched by them.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        Other holdings in one than in the other.

    References
    ----------
    Basel Committee on Banking Supervision, Principles for sound stress testing practices and supervision, 2009; Rebonato, Coherent Stress
    Testing, 2010, ch. 2.

    Examples
    --------
    >>> stress_loss([100.0, 50.0], [-0.2, 0.1])
    15.0
    """
    cells = _moves(values, moves)
    held = np.asarray(values, dtype=np.float64)
    lost = 0.0 - np.where(held[:, None] == 0, 0.0, held[:, None] * cells).sum(axis=0)
    if isinstance(moves, pd.DataFrame):
        return pd.Series(lost, index=moves.columns, name="stress_loss", dtype=np.float64)
    return lost if np.ndim(moves) == 2 else float(lost[0])


def weights_of(weights: pd.Series, field: str = "weights") -> pd.Series:
    """Read weights by holding.

    Parameters
    ----------
    weights
        Fractions of the portfolio's value by symbol, shorts negative.
    field
        Name for the error.

    Returns
    -------
    Series
        float64.

    Raises
    ------
    InvalidInput
        A weight is no finite number, or a holding is there twice.
    """
    try:
        found = weights.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(field, weights.tolist(), "a weight is not a number") from error
    if not np.isfinite(found.to_numpy()).all():
        raise InvalidInput(field, found[~np.isfinite(found.to_numpy())].index[0], "the weight of this holding is not known", hint="Leave it out")
    if not found.index.is_unique:
        raise InvalidInput(field, found.index[found.index.duplicated()][0], "is there twice")
    return found


def _moves(values: Row, moves: Any) -> Floats:  # noqa: ANN401 - any table
    if isinstance(values, pd.Series) and isinstance(moves, pd.Series | pd.DataFrame):
        if set(values.index) != set(moves.index):
            raise MisalignedSeries("values", "moves", reason="they are not of the same holdings")
        moves = moves.loc[values.index]
    try:
        cells = np.asarray(moves, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput("moves", moves, "a move is not a number") from error
    if len(cells) != len(np.asarray(values)):
        raise MisalignedSeries("values", "moves", reason=f"{len(np.asarray(values))} holdings against {len(cells)} moves")
    return cells[:, None] if cells.ndim == 1 else cells
