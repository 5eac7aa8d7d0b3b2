"""Prices as they were traded, and the series derived from them: adjusted for splits and payments, carried over days without a price.

Raw closes and actions are what is stored. Adjusted closes change with every payment that follows, and providers rewrite them without a
word, so they are derived here, by one function, whenever they are wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SPLITS: Final = frozenset({"split", "stock_split"})
PAYMENTS: Final = frozenset({"dividend", "special_dividend", "capital_gain", "return_of_capital", "spin_off"})

Floats = NDArray[np.float64]


class Action(Protocol):
    """What a company did to its shares on a date."""

    @property
    def date(self) -> Any:  # noqa: ANN401  # a date, in any of its types
        """Of the first day of trading without it."""

    @property
    def kind(self) -> str:
        """Slug."""

    @property
    def ratio(self) -> Any:  # noqa: ANN401  # a number, in any of its types
        """New shares per old one."""

    @property
    def amount(self) -> Any:  # noqa: ANN401
        """Paid a share."""


def action_columns(index: pd.DatetimeIndex, actions: Sequence[Action]) -> pd.DataFrame:
    """Lay actions on the days of a series.

    Parameters
    ----------
    index : DatetimeIndex
        Rising days of the series.
    actions : sequence of Action

    Returns
    -------
    DataFrame
        `index` x `split` (new shares per old one, 0 where there is none), `dividend` (paid a share of that day), `action` (1 where
        there is any).

    Convention
    ----------
    An action of a day without a bar is on the next one; one after the last day is left out. A stock dividend of ratio r is a split
    of 1 + r.

    Examples
    --------
    >>> from types import SimpleNamespace as Of
    >>> days = pd.to_datetime(["2024-01-05", "2024-01-08"])
    >>> action_columns(days, [Of(date="2024-01-06", kind="stock_dividend", ratio=0.1, amount=None)])["split"].tolist()
    [0.0, 1.1]
    """
    split, paid, acted = np.zeros((3, len(index)))
    for action in actions:
        place = int(index.searchsorted(_stamp(action.date, index)))
        if place >= len(index):
            continue
        acted[place] = 1.0
        if action.kind in PAYMENTS and action.amount is not None:
            paid[place] += float(action.amount)
        elif action.ratio is not None and (action.kind in SPLITS or action.kind == "stock_dividend"):
            split[place] = (split[place] or 1.0) * (float(action.ratio) + (1.0 if action.kind == "stock_dividend" else 0.0))
    return pd.DataFrame({"split": split, "dividend": paid, "action": acted}, index=index)


def adjustment_factors(closes: pd.Series, actions: Sequence[Action]) -> pd.DataFrame:
    """Return what raw closes are multiplied by to hide splits and payments.

    Parameters
    ----------
    closes : Series, DatetimeIndex -> raw close, rising dates
    actions : sequence of Action

    Returns
    -------
    DataFrame
        The dates of `closes` x `split` and `total`: for splits that follow, and for splits and payments that follow.

    Convention
    ----------
    A split of ratio r divides every price before it by r. A payment d multiplies every price before it by 1 - d/c, c the last raw
    close before it (after the split, where both are of one day). The newest factor is 1. A payment of c or more is left out.

    References
    ----------
    CRSP, *Calculations*, "cumulative factor to adjust price"; the same rule as the adjusted close of Yahoo Finance.

    Examples
    --------
    >>> from types import SimpleNamespace as Of
    >>> closes = pd.Series([100.0, 50.0, 49.0], index=pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"]))
    >>> told = [Of(date="2024-01-03", kind="split", ratio=2, amount=None), Of(date="2024-01-04", kind="dividend", ratio=None, amount=1)]
    >>> adjustment_factors(closes, told)["total"].tolist()
    [0.49, 0.98, 1.0]
    """
    index = pd.DatetimeIndex(closes.index)
    laid = action_columns(index, actions)
    ratio = laid["split"].where(laid["split"] > 0.0, 1.0).to_numpy()
    before = pd.Series(closes.to_numpy(dtype="float64"), index=index).ffill().shift().to_numpy() / ratio
    paid = laid["dividend"].to_numpy()
    share = np.where((paid > 0.0) & (paid < before), 1.0 - paid / np.where(before > 0.0, before, np.nan), 1.0)
    return pd.DataFrame({"split": _following(1.0 / ratio), "total": _following(share / ratio)}, index=closes.index)


def adjusted_closes(closes: pd.Series, actions: Sequence[Action], *, payments: bool = True) -> pd.Series:
    """Return raw closes adjusted for what followed.

    Parameters
    ----------
    closes : Series, DatetimeIndex -> raw close
    actions : sequence of Action
    payments : bool
        Whether payments are taken out too, or splits only.

    Returns
    -------
    Series, as `closes`

    Examples
    --------
    >>> from types import SimpleNamespace as Of
    >>> closes = pd.Series([100.0, 49.0], index=pd.to_datetime(["2024-01-02", "2024-01-03"]))
    >>> told = [Of(date="2024-01-03", kind="split", ratio=2, amount=None), Of(date="2024-01-03", kind="dividend", ratio=None, amount=1)]
    >>> adjusted_closes(closes, told).tolist(), adjusted_closes(closes, told, payments=False).tolist()
    ([49.0, 49.0], [50.0, 49.0])
    """
    return closes * adjustment_factors(closes, actions)["total" if payments else "split"]


def carried_prices(prices: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Carry prices over the days without one inside each series.

    Parameters
    ----------
    prices : DataFrame, DatetimeIndex x series, NaN where there is none

    Returns
    -------
    filled : DataFrame, as `prices`
        A day before the first or after the last price of a series stays NaN: nobody knows whether it still trades.
    carried : DataFrame of bool
        The mark: where the price is that of an earlier day.

    Examples
    --------
    >>> filled, carried = carried_prices(pd.DataFrame({"A": [1.0, np.nan, 3.0, np.nan]}))
    >>> filled["A"].tolist(), carried["A"].tolist()
    ([1.0, 1.0, 3.0, nan], [False, True, False, False])
    """
    filled = prices.ffill().where(prices.bfill().notna())
    return filled, prices.isna() & filled.notna()


def _following(factor: Floats) -> Floats:
    """Multiply, for each row, the factors of the rows after it."""
    product: Floats = np.concatenate([np.cumprod(factor[::-1])[::-1][1:], [1.0]])
    return product[: len(factor)]


def _stamp(day: object, index: pd.DatetimeIndex) -> pd.Timestamp:
    stamp = pd.Timestamp(day)  # type: ignore[arg-type]
    return stamp.tz_localize(index.tz) if index.tz is not None and stamp.tz is None else stamp
