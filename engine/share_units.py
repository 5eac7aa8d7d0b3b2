"""Shares before and after a split, made comparable: what rules that match purchases with sales count in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.types import Kind

_MULTIPLYING = (Kind.SPLIT.value, Kind.STOCK_DIVIDEND.value)


def share_units(effects: pd.DataFrame) -> pd.Series:
    """Shares of today's count that one share of each transaction's own time stands for, up to a factor that a symbol's rows have in common.

    Parameters
    ----------
    effects
        `Book.effects`, or those of several portfolios one after the other with a column `part` that tells them apart.

    Returns
    -------
    Series
        Same index: how many shares there are after the splits up to and including that row for one at the beginning; 1 without splits.
        Divide a quantity by it to compare it with others of its symbol.

    Notes
    -----
    Convention: rows are read by day, within a day in the order given. A split changes what all hold, so it is counted once a day however
    many portfolios record it. A stock dividend multiplies shares as a split does.

    Examples
    --------
    >>> effects = pd.DataFrame({"date": pd.to_datetime(["2024-01-02", "2024-02-01", "2024-03-01"]), "kind": ["BUY", "SPLIT", "SELL"],
    ...                         "symbol": "A", "quantity_delta": [10.0, 30.0, -4.0]})
    >>> share_units(effects).tolist()
    [1.0, 4.0, 4.0]
    """
    part = effects["part"] if "part" in effects else pd.Series(0, index=effects.index)
    ordered = effects.assign(part=part).sort_values("date", kind="stable")
    held = ordered.groupby(["part", "symbol"], sort=False)["quantity_delta"].cumsum()
    before = held - ordered["quantity_delta"]
    multiplying = ordered["kind"].isin(_MULTIPLYING) & (before != 0)
    ratio = np.where(multiplying, held / before.where(before != 0, 1.0), 1.0)
    told_before = multiplying & (ordered["part"] != _first_part(ordered, multiplying))
    counted = pd.Series(np.where(told_before, 1.0, ratio), index=ordered.index)
    return counted.groupby(ordered["symbol"], sort=False).cumprod().reindex(effects.index)


def _first_part(ordered: pd.DataFrame, multiplying: pd.Series) -> pd.Series:
    """Part that records a split first, for each row of that symbol and day."""
    keys = ["symbol", "date", "kind"]
    first = ordered[multiplying].drop_duplicates(keys).set_index(keys)["part"]
    return pd.Series(first.reindex(pd.MultiIndex.from_frame(ordered[keys])).to_numpy(), index=ordered.index)
