"""How long a portfolio takes to sell, from how long each of its holdings takes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InvalidInput, MisalignedSeries

Amounts = pd.Series | Floats | list[float]


def days_until_sold(values: Amounts, days: Amounts, *, share: float = 0.9, cash: float = 0.0) -> float:
    """Days until a share of a portfolio is sold, all holdings at once.

    Parameters
    ----------
    values
        Market values of shape (n_holdings,), shorts negative: what is bought back counts alike.
    days
        Days that each holding takes by itself, same shape, see `days_to_liquidate`; NaN where that is not known, which counts as never.
    share
        Of the gross value with cash, above 0 and at most 1, default 0.9.
    cash
        What is sold already, default 0; below 0 it is a loan and counts as nothing.

    Returns
    -------
    float
        Days, with fractions; 0 where cash is enough or nothing is held, NaN where too much of it is not known or never sold.

    Notes
    -----
    Convention: each holding is sold at an even pace over its days, so what is sold by day t is sum of |value| min(t / days, 1).

    Raises
    ------
    InvalidInput
        A share outside of 0 to 1, days below 0, or a value that is no number.
    MisalignedSeries
        Another number of days than of values.

    References
    ----------
    pyfolio, capacity.days_to_liquidate_positions, for one holding; SEC rule 22e-4 on liquidity of funds, for the portfolio as a whole.

    Examples
    --------
    >>> days_until_sold([100.0, 100.0], [1.0, 10.0], share=0.9)
    8.0
    """
    if not 0.0 < share <= 1.0:
        raise InvalidInput("share", share, "is not above 0 and at most 1", hint="Use 0.9 for nine tenths")
    gross, pace = np.abs(np.asarray(values, dtype=np.float64)), np.asarray(days, dtype=np.float64)
    if gross.shape != pace.shape:
        raise MisalignedSeries("values", "days", reason=f"{gross.size} values against {pace.size} days")
    if not np.isfinite(gross).all() or (pace < 0).any():
        raise InvalidInput("days" if (pace < 0).any() else "values", "", "holds what cannot be", hint="Values are finite, days 0 or more")
    at_once = max(cash, 0.0) + float(gross[pace == 0].sum())
    wanted = share * (float(gross.sum()) + max(cash, 0.0)) - at_once
    slow = np.isfinite(pace) & (pace > 0) & (gross > 0)
    return 0.0 if wanted <= 1e-12 * max(at_once, 1.0) else _solved(gross[slow], pace[slow], wanted)


def _solved(gross: Floats, pace: Floats, wanted: float) -> float:
    """Follow what is sold from the day one holding is done to the day the next is: a line in between."""
    order = np.argsort(pace)
    gross, pace = gross[order], pace[order]
    speed = np.append((gross / pace)[::-1].cumsum()[::-1], 0.0)  # of all that are not done yet, before the first, second, ... is
    sold = np.cumsum(speed[:-1] * np.diff(pace, prepend=0.0))
    place = int(np.searchsorted(sold, wanted * (1.0 - 1e-12)))
    if place == len(sold):
        return float("nan")
    before = sold[place - 1] if place else 0.0
    return float((pace[place - 1] if place else 0.0) + (wanted - before) / speed[place])
