"""Stress the other way round: what it takes to lose so much, on the direction that is most likely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from engine.columns import Floats
from engine.errors import InvalidInput, MisalignedSeries, NotConverged
from engine.stress.losses import weights_of


@dataclass(frozen=True, slots=True)
class ReverseStress:
    """The most likely way to lose so much.

    Attributes
    ----------
    loss
        What was asked, fraction of value.
    table
        Index: holding. `weight`, `move` (on the likely direction), `contribution` (they add up to minus the loss), `deviations` (the move in
        standard deviations of its own), `alone` (the move that would do it by itself; NaN where none can).
    distance
        Standard deviations of the portfolio that the loss is away, the smallest Mahalanobis distance there is.
    probability
        Of a loss as large or larger within the horizon, were returns normal: a lower bound where tails are fat.
    horizon
        Periods.
    """

    loss: float
    table: pd.DataFrame
    distance: float
    probability: float
    horizon: int


def reverse_stress(weights: pd.Series, covariance: pd.DataFrame, loss: float = 0.2, *, horizon: int = 1) -> ReverseStress:
    """Find the most likely moves under which holdings lose so much.

    Parameters
    ----------
    weights
        Fractions of the portfolio's value by symbol, shorts negative; or the portfolio's betas by factor.
    covariance
        Of the holdings' (or factors') returns of one period, shape (n, n), labels of `weights` among its own.
    loss
        Positive, fraction of value, default 0.2.
    horizon
        Periods in which it happens, default 1: the covariance is taken so many times.

    Returns
    -------
    ReverseStress

    Notes
    -----
    Convention: means of 0. Among all moves with w'x = -loss the one with the smallest x' S^-1 x is x = -loss S w / (w' S w); the covariance
    itself need not be regular, only the portfolio must move.

    Raises
    ------
    InvalidInput
        A loss that is not above 0, a horizon below 1, or a weight that is not a number.
    MisalignedSeries
        A holding without a row in the covariance.
    NotConverged
        The portfolio does not move under this covariance, or it is no covariance.

    References
    ----------
    Breuer, Jandacka, Rheinberger and Summer, How to find plausible, severe, and useful stress scenarios (2009), International Journal of
    Central Banking 5(3), proposition 1; Rebonato, Coherent Stress Testing, 2010.

    Examples
    --------
    >>> covariance = pd.DataFrame([[4e-4, 1e-4], [1e-4, 1e-4]], index=["A", "B"], columns=["A", "B"])
    >>> found = reverse_stress(pd.Series({"A": 0.5, "B": 0.5}), covariance, 0.2)
    >>> found.table["move"].round(6).to_dict(), round(found.distance, 4)
    ({'A': -0.285714, 'B': -0.114286}, 15.1186)
    """
    if not np.isfinite(loss) or loss <= 0:
        raise InvalidInput("loss", loss, "is not above 0", hint="Use 0.2 for a loss of 20 %")
    if horizon < 1:
        raise InvalidInput("horizon", horizon, "is below 1", hint="Use a whole number of periods")
    held = weights_of(weights)
    spread = _spread(held, covariance) * horizon
    along = spread @ held.to_numpy()
    variance = float(held.to_numpy() @ along)
    if not np.isfinite(variance) or variance <= 1e-24:
        raise NotConverged("reverse_stress", reason=f"these holdings do not move together (variance {variance:.3g}, above 0 is needed)")
    distance = loss / float(np.sqrt(variance))
    return ReverseStress(loss, _table(held, -loss * along / variance, spread, loss), distance, float(ndtr(-distance)), horizon)


def _spread(held: pd.Series, covariance: pd.DataFrame) -> Floats:
    missing = [str(symbol) for symbol in held.index if symbol not in covariance.index or symbol not in covariance.columns]
    if missing:
        raise MisalignedSeries("weights", "covariance", reason=f"there is no row for {missing[0]}")
    found: Floats = covariance.loc[held.index, held.index].to_numpy(dtype=np.float64)
    return found


def _table(held: pd.Series, move: Floats, spread: Floats, loss: float) -> pd.DataFrame:
    weight, own = held.to_numpy(), np.sqrt(np.maximum(np.diag(spread), 0.0))
    alone = np.divide(-loss, weight, out=np.full(len(weight), np.nan), where=weight != 0)
    return pd.DataFrame({
        "weight": weight, "move": move, "contribution": weight * move,
        "deviations": np.divide(move, own, out=np.full(len(move), np.nan), where=own > 0),
        "alone": np.where(alone < -1.0, np.nan, alone),
    }, index=held.index)  # fmt: skip
