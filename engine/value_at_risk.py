"""Value at risk: the loss that is not exceeded with a given confidence."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like, series_like
from engine.errors import InvalidInput
from engine.returns import one_of

METHODS = ("historical", "normal")
INTERPOLATIONS = ("linear", "lower", "higher")


def value_at_risk(returns: Table, *, level: float = 0.95, method: str = "historical", interpolation: str = "linear", ddof: int = 1,
                  window: int | None = None, horizon: int = 1) -> Figure:
    """Loss that is not exceeded with a given confidence.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Confidence, default 0.95.
    method
        ``historical`` (default): the quantile of what happened; ``normal``: from mean and standard deviation.
    interpolation
        Of the historical quantile between two observations: ``linear`` (default), ``lower`` (the larger loss) or ``higher``.
    ddof
        Of the standard deviation, default 1.
    window
        Count the last so many periods only; default all.
    horizon
        Periods ahead, default 1: the figure of one times the square root, of the normal's mean the multiple.

    Returns
    -------
    float, Series or ndarray
        Positive for a loss, fraction; NaN without any return in the window.

    Notes
    -----
    Convention: minus the (1 - level) quantile; missing returns are left out. The square root of time holds for independent returns only.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1, an unknown method or interpolation, a window or horizon below 1.

    References
    ----------
    Jorion, Value at Risk, 3rd ed., ch. 5; J.P. Morgan, RiskMetrics Technical Document, 4th ed., 1996.

    Examples
    --------
    >>> round(value_at_risk([-0.05, -0.02, 0.0, 0.01, 0.03], level=0.75), 6)
    0.02
    """
    _check(level, interpolation, window, horizon)
    one_of("method", method, METHODS)
    cells = cells_of(returns)[-window:] if window else cells_of(returns)
    losses = np.full(cells.shape[1], np.nan)
    for place, column in enumerate(cells.T):
        known = column[~np.isnan(column)]
        if len(known) > (0 if method == "historical" else ddof):
            historical = method == "historical"
            losses[place] = _historical(known, level, interpolation, horizon) if historical else _normal(known, level, ddof, horizon)
    return figure_like(returns, losses, "value_at_risk")


def rolling_value_at_risk(returns: Table, *, window: int = 250, level: float = 0.95, interpolation: str = "linear", minimum: int = 60) -> Figure:
    """Historical value at risk of the last periods, after each period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    window
        Periods that count, default 250.
    level, interpolation
        As in `value_at_risk`.
    minimum
        Returns that must be known among them, default 60.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index: positive for a loss, fraction; NaN while fewer than `minimum` are known.

    Notes
    -----
    Convention: a row counts its own return, so that its last row is `value_at_risk(returns, window=window)`.

    Raises
    ------
    InvalidInput
        As in `value_at_risk`.

    References
    ----------
    As in `value_at_risk`.

    Examples
    --------
    >>> rolling_value_at_risk([-0.05, -0.02, 0.0, 0.01], window=2, level=0.5, minimum=2).round(6).tolist()
    [nan, 0.035, 0.01, -0.005]
    """
    _check(level, interpolation, window, 1)
    rolled = pd.DataFrame(cells_of(returns)).rolling(window, min_periods=min(max(minimum, 1), window))
    return series_like(returns, -rolled.quantile(1.0 - level, interpolation=interpolation).to_numpy(dtype=np.float64))  # type: ignore[arg-type]


def _historical(known: Floats, level: float, interpolation: str, horizon: int) -> float:
    return -float(np.quantile(known, 1.0 - level, method=interpolation) * np.sqrt(horizon))  # type: ignore[call-overload]


def _normal(known: Floats, level: float, ddof: int, horizon: int) -> float:
    return -float(known.mean() * horizon + NormalDist().inv_cdf(1.0 - level) * known.std(ddof=ddof) * np.sqrt(horizon))


def _check(level: float, interpolation: str, window: int | None, horizon: int) -> None:
    one_of("interpolation", interpolation, INTERPOLATIONS)
    if not 0.0 < level < 1.0:
        raise InvalidInput("level", level, "is not between 0 and 1", hint="Use 0.95 for 95 %")
    for field, number in (("window", window), ("horizon", horizon)):
        if number is not None and number < 1:
            raise InvalidInput(field, number, "is below 1", hint="Use a whole number of periods")
