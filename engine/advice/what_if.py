"""Holdings as they would be: weights that are wanted and trades that are tried, at today's prices, less what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Tried:
    """Holdings before and after; money in one currency.

    Attributes
    ----------
    table
        Symbol x `value_before trade value_after`.
    cash
        After trades and their cost.
    traded
        Bought and sold together.
    cost
        Of it.
    """

    table: pd.DataFrame
    cash: float
    traded: float
    cost: float

    @property
    def value(self) -> float:
        """Of holdings and cash, after."""
        return float(self.table["value_after"].sum()) + self.cash


def tried(values: pd.Series, cash: float, *, weights: Mapping[str, float] | None = None, trades: Mapping[str, float] | None = None,
          new_money: float = 0.0, cost: float = 0.0) -> Tried:
    """Try weights and trades on holdings.

    Parameters
    ----------
    values
        Symbol -> market value; of symbols that are bought anew 0.
    cash
        Of all currencies.
    weights
        Symbol -> fraction of the whole that is wanted, new money in it; symbols that are not named stay as they are.
    trades
        Symbol -> money bought (positive) or sold, after the weights.
    new_money
        That comes in before, or is taken out.
    cost
        Of what is traded, fraction.

    Returns
    -------
    Tried

    Notes
    -----
    Convention: the whole that weights are of is the value before the trades' cost, which is taken from the cash.

    Raises
    ------
    InvalidInput
        A symbol without a value, a cost below 0, or numbers that are not.

    Examples
    --------
    >>> found = tried(pd.Series({"A": 60.0, "B": 20.0}), 20.0, weights={"A": 0.5}, trades={"B": 5.0}, cost=0.01)
    >>> found.table["value_after"].to_dict(), round(found.cash, 2), round(found.cost, 2)
    ({'A': 50.0, 'B': 25.0}, 24.85, 0.15)
    """
    if not cost >= 0:
        raise InvalidInput("cost", cost, "is below 0", hint="Use 0.001 for ten basis points")
    held = values.to_numpy(dtype=np.float64)
    whole = float(np.nansum(held)) + cash + new_money
    wanted = _on(values, weights or {}, "weights")
    moved = np.where(np.isnan(wanted), 0.0, wanted * whole - held) + np.nan_to_num(_on(values, trades or {}, "trades"))
    traded = float(np.abs(moved).sum())
    table = pd.DataFrame({"value_before": held, "trade": moved, "value_after": held + moved}, index=values.index)
    return Tried(table, cash + new_money - float(moved.sum()) - cost * traded, traded, cost * traded)


def _on(values: pd.Series, told: Mapping[str, float], field: str) -> Floats:
    """Lay numbers on the symbols; NaN where there is none."""
    for name, number in told.items():
        if name not in values.index or not np.isfinite(values[name]):
            raise InvalidInput(field, name, "has no price", hint="Give it one, or leave it out")
        if not np.isfinite(number):
            raise InvalidInput(field, number, "is not a number")
    return np.asarray(pd.Series(dict(told), dtype=np.float64).reindex(values.index), dtype=np.float64)


def risk_shares(weights: pd.Series, returns: pd.DataFrame) -> pd.Series:
    """Share of each holding in the variance of all.

    Parameters
    ----------
    weights
        Symbol -> fraction of the value.
    returns
        Simple returns of shape (n_periods, n_symbols), no NaN.

    Returns
    -------
    Series
        Symbol -> share; they add up to one. NaN where nothing varies.

    Notes
    -----
    Convention: `risk_contributions` of the sample covariance as a share, without that covariance: a product a holding, not one a pair.

    References
    ----------
    Litterman 1996, "Hot spots and hedges", Journal of Portfolio Management 23.

    Examples
    --------
    >>> risk_shares(pd.Series({"A": 0.5, "B": 0.5}), pd.DataFrame({"A": [0.01, -0.01], "B": [0.03, -0.03]})).round(4).to_dict()
    {'A': 0.25, 'B': 0.75}
    """
    held = weights.reindex(returns.columns).to_numpy(dtype=np.float64)
    cells = returns.to_numpy(dtype=np.float64)
    whole = cells @ held
    centred = whole - (whole.mean() if len(whole) else 0.0)
    spread = float(centred @ centred)
    return pd.Series(held * (centred @ cells) / (spread if spread > 0 else np.nan), index=returns.columns)
