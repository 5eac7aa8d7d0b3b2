"""What is wrong with a series of bars: prices in another unit, splits that were not applied, prices that are none.

Providers deliver such series every day. Nothing here changes a price: each finding names a row, what stands there, what should
stand there where that can be told, and why. `repaired_bars` applies the proposals and marks what it touched; whether a proposal is
used is decided by who asks.

A price is compared with its neighbours in the *adjusted* closes where the series has them, so that a large payment is no jump.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from engine.price_dividends import NAMES, Suspicion, bar_frame, dividend_suspicions, factors_of
from engine.price_levels import jumps, short, split_like

__all__ = ["Suspicion", "price_gaps", "price_suspicions", "repaired_bars", "split_like", "traded_to_applied"]


CELLS: Final = ("open", "high", "low", "close")


def price_suspicions(bars: pd.DataFrame, *, splits: str = "applied", reference: float | None = None,
                     as_of: datetime | None = None) -> list[Suspicion]:
    """Find what is wrong with a series of bars.

    Parameters
    ----------
    bars : DataFrame
        DatetimeIndex in any order x `open high low close adjusted_close volume dividend split capital_gain`, or the names that Yahoo
        Finance uses; only `close` must be there. `split` is new shares per old one, 0 or 1 on other days.
    splits : {"applied", "raw"}
        Whether the prices are already divided by the splits that follow them, as most providers deliver them, or as they were traded.
    reference : float, optional
        A price of the newest days that is known to be right: it says which unit is the right one.
    as_of : datetime, optional
        Bars after it are of the future.

    Returns
    -------
    list of Suspicion
        By date. A day without any price is no suspicion: see `price_gaps`.

    Examples
    --------
    >>> days = pd.bdate_range("2024-01-01", periods=8)
    >>> found = price_suspicions(pd.DataFrame({"close": [10.0, 10.1, 10.2, 1012.0, 10.1, 10.0, 10.1, 10.2]}, index=days))
    >>> [(each.date.day, each.kind, each.proposed) for each in found]
    [(4, 'hundred_times', 10.12)]
    """
    frame = bar_frame(bars)
    known = traded_to_applied(bars) if splits == "raw" else frame
    told = [*_repeated(frame), *_ahead(frame, as_of), *_no_price(known)]
    sound = known[_is_sound(known)]
    told += jumps(sound, reference)
    given = bars.rename(columns=NAMES).columns
    if "dividend" in given:
        told += dividend_suspicions(sound, settled={each.date for each in told}, adjusted="adjusted_close" in given)
    back = factors_of(frame["split"]) if splits == "raw" else None
    return sorted((each if back is None else _as_traded(each, back) for each in told), key=lambda each: (each.date, each.kind))


def price_gaps(bars: pd.DataFrame, days: Iterable[Any] = ()) -> pd.DatetimeIndex:
    """Return the days without any price.

    Parameters
    ----------
    bars : DataFrame
        As for `price_suspicions`.
    days : iterable of dates
        Days that should have a bar; those before the first price and after the last are no gap.

    Returns
    -------
    DatetimeIndex
        Rows of nothing, and those of `days` that lie between the first and the last price and have none; ascending.

    Examples
    --------
    >>> bars = pd.DataFrame({"close": [10.0, 10.2]}, index=pd.to_datetime(["2024-01-02", "2024-01-04"]))
    >>> [day.day for day in price_gaps(bars, pd.bdate_range("2024-01-01", "2024-01-05"))]
    [3]
    """
    frame = bar_frame(bars)
    empty = frame.index[frame[list(CELLS)].isna().all(axis=1)]
    priced = frame.index[frame["close"].notna()]
    wanted = pd.DatetimeIndex(list(days))
    inside = wanted[(wanted > priced.min()) & (wanted < priced.max())] if len(priced) and len(wanted) else wanted[:0]
    return pd.DatetimeIndex(empty.union(inside[~inside.isin(priced)]))


def repaired_bars(bars: pd.DataFrame, found: Sequence[Suspicion]) -> pd.DataFrame:
    """Apply what is proposed, and mark the rows that it touches.

    Parameters
    ----------
    bars : DataFrame
        As for `price_suspicions`.
    found : sequence of Suspicion
        Those without a proposal, or of a day that `bars` lacks, are passed over.

    Returns
    -------
    DataFrame
        `bars` in rising days, with a column `repaired`: whether anything of the row was changed.

    Examples
    --------
    >>> days = pd.bdate_range("2024-01-01", periods=8)
    >>> bars = pd.DataFrame({"close": [10.0, 10.1, 10.2, 1012.0, 10.1, 10.0, 10.1, 10.2]}, index=days)
    >>> mended = repaired_bars(bars, price_suspicions(bars))
    >>> mended.loc[mended["repaired"], "close"].round(2).tolist()
    [10.12]
    """
    frame = bar_frame(bars).assign(repaired=False)
    for each in found:
        if each.date not in frame.index or each.proposed is None:
            continue
        fields = [name for name in each.fields if name in frame]
        fields += ["adjusted_close"] if "close" in fields else []
        rows = frame.index == each.date
        frame.loc[rows, fields] = frame.loc[rows, fields] * each.factor
        frame.loc[rows, "repaired"] = True
    return frame


def traded_to_applied(bars: pd.DataFrame) -> pd.DataFrame:
    """Divide prices as they were traded by the splits that followed; payments are of a share of their own day. Adjusted closes stay."""
    frame = bar_frame(bars)
    factor = factors_of(frame["split"]).to_numpy()
    told = frame.assign(**{name: frame[name] * factor for name in (*CELLS, "dividend", "capital_gain")})
    return told if "adjusted_close" in bars.rename(columns=NAMES) else told.assign(adjusted_close=told["close"])


# ------------------------------------------------------------------------------------------------------------------- rows by themselves


def _repeated(frame: pd.DataFrame) -> list[Suspicion]:
    closes = frame["close"]
    twice = frame.index[frame.index.duplicated(keep="first")]
    return [Suspicion(day, "duplicate", _first(closes.loc[day]), None, "there are several bars of this instant") for day in twice.unique()]


def _ahead(frame: pd.DataFrame, as_of: datetime | None) -> list[Suspicion]:
    if as_of is None or frame.empty:
        return []
    limit, index = pd.Timestamp(as_of), pd.DatetimeIndex(frame.index)
    late = frame[index > (limit.tz_localize(None) if index.tz is None and limit.tz is not None else limit)]
    reason = "the bar is of a day that has not been"
    return [Suspicion(day, "from_future", close, None, reason) for day, close in zip(late.index, late["close"].tolist(), strict=True)]


def _no_price(frame: pd.DataFrame) -> list[Suspicion]:
    """Find rows in which some price is none, though the row has prices at all."""
    values = frame[[*CELLS, "adjusted_close"]]
    told = values.notna().any(axis=1)
    found = []
    unsound = values[told & ~_is_sound(frame)]
    for day, (_, row) in zip(unsound.index, unsound.iterrows(), strict=True):
        wrong = {str(name): float(value) for name, value in row.items() if not _is_price(name, value)}
        if not wrong:
            continue
        value = next(iter(wrong.values()))
        kind = "not_finite" if not math.isfinite(value) else "not_positive"
        fields = tuple(wrong)
        found.append(Suspicion(day, kind, value, None, f"{' and '.join(fields)} of this bar: {value:g} is no price", fields))
    return found


def _is_price(name: object, value: float) -> bool:
    if name == "close":
        return math.isfinite(value) and value > 0.0
    return math.isnan(value) or (math.isfinite(value) and value > 0.0)


def _is_sound(frame: pd.DataFrame) -> pd.Series:
    """Tell which rows have a close, and no cell that is no price; the adjusted close may be wrong: that is judged with the dividends."""
    cells = frame[list(CELLS)]
    proper = (cells.isna() | ((cells > 0.0) & np.isfinite(cells))).all(axis=1)
    return proper & frame["close"].notna() & ~frame.index.duplicated(keep="first")


def _as_traded(each: Suspicion, factors: pd.Series) -> Suspicion:
    """Say a suspicion in prices as they were traded."""
    factor = float(_first(factors.loc[each.date]))
    return replace(each, was=short(each.was / factor), proposed=None if each.proposed is None else short(each.proposed / factor))


def _first(value: Any) -> float:  # noqa: ANN401  # pandas gives a number, or a series where a label is there twice
    return float(value.iloc[0]) if isinstance(value, pd.Series) else float(value)
