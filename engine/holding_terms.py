"""How long a lot was held, in which tax year it was sold, and how much of its gain is the currency's."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import InvalidInput

__all__ = ["TAX_YEARS", "gain_parts", "held_days", "holding_terms", "long_term_from", "tax_year_bounds", "tax_years"]

TAX_YEARS = {"calendar": (1, 1), "uk": (4, 6)}  # month and day on which a tax year begins
_UNDATED = "pooled"


def long_term_from(opened: pd.Series) -> pd.Series:
    """First day on which a sale is long-term in the United States.

    Parameters
    ----------
    opened
        Days of acquisition, datetime64, NaT where unknown.

    Returns
    -------
    Series
        Same index: one year after the day that follows the acquisition.

    Notes
    -----
    Convention: the day of acquisition is not counted, the day of sale is, and "more than one year" runs from date to date, however many
    days a year has. A year that would end on 29 February of a common year ends on 1 March.

    References
    ----------
    IRS Publication 550, Holding Period; Rev. Rul. 66-7 for the last days of months.

    Examples
    --------
    >>> str(long_term_from(pd.Series(pd.to_datetime(["2023-02-05"])))[0].date())
    '2024-02-06'
    """
    following = opened + pd.Timedelta(days=1)
    stamps = following.to_numpy(dtype="datetime64[D]")
    months = stamps.astype("datetime64[M]")
    return pd.Series((months + 12).astype("datetime64[D]") + (stamps - months.astype("datetime64[D]")), index=opened.index).astype("datetime64[ns]")


def holding_terms(gains: pd.DataFrame) -> pd.Series:
    """Term of each matched lot: ``short``, ``long``, or ``pooled``.

    Parameters
    ----------
    gains
        `Book.gains` or the disposals of `section_104`.

    Returns
    -------
    Series
        Same index, of text; ``pooled`` where a pool has no date.

    Notes
    -----
    Convention: the day that a lot carries counts: through splits, spin-offs, mergers and transfers it is that of the first purchase. A
    short that was covered is short-term, however long it was open. Under the average method the pool has the day of its first purchase.

    Examples
    --------
    >>> lots = pd.DataFrame({"opened": pd.to_datetime(["2023-02-05"] * 2), "closed": pd.to_datetime(["2024-02-05", "2024-02-06"]), "quantity": 1.0})
    >>> holding_terms(lots).tolist()
    ['short', 'long']
    """
    opened = gains["opened"].astype("datetime64[ns]")
    late = (gains["closed"] >= long_term_from(opened)) & (gains["quantity"] >= 0)
    return pd.Series(np.select([opened.isna(), late], [_UNDATED, "long"], "short"), index=gains.index, dtype=object)


def held_days(gains: pd.DataFrame) -> pd.Series:
    """Days between opening and closing of each matched lot.

    Parameters
    ----------
    gains
        `Book.gains` or the disposals of `section_104`.

    Returns
    -------
    Series
        Same index, NaN where a pool has no date.

    Examples
    --------
    >>> held_days(pd.DataFrame({"opened": pd.to_datetime(["2024-02-01"]), "closed": pd.to_datetime(["2024-03-01"])})).tolist()
    [29.0]
    """
    return (gains["closed"] - gains["opened"].astype("datetime64[ns]")).abs() / pd.Timedelta(days=1)


def tax_years(days: pd.Series, starts: str = "calendar") -> pd.Series:
    """Name of the tax year of each day: ``2024`` or ``2024/25``.

    Parameters
    ----------
    days
        datetime64.
    starts
        ``calendar`` (default) or ``uk``: from 6 April.

    Returns
    -------
    Series
        Same index, of text; two years are named where the tax year does not begin in January.

    Raises
    ------
    InvalidInput
        `starts` is not one of `TAX_YEARS`.

    Examples
    --------
    >>> tax_years(pd.Series(pd.to_datetime(["2024-04-05", "2024-04-06"])), "uk").tolist()
    ['2023/24', '2024/25']
    """
    month, day = _start(starts)
    year = (days.dt.year - ((days.dt.month < month) | ((days.dt.month == month) & (days.dt.day < day))).astype(int)).tolist()
    return pd.Series([_year_name(each, starts) for each in year], index=days.index, dtype=object)


def tax_year_bounds(year: int, starts: str = "calendar") -> tuple[date, date]:
    """First and last day of the tax year that begins in `year`.

    Parameters
    ----------
    year
        Year of its first day.
    starts
        ``calendar`` (default) or ``uk``: from 6 April.

    Returns
    -------
    tuple of date
        Both days are in it.

    Raises
    ------
    InvalidInput
        `starts` is not one of `TAX_YEARS`.

    Examples
    --------
    >>> [str(day) for day in tax_year_bounds(2024, "uk")]
    ['2024-04-06', '2025-04-05']
    """
    month, day = _start(starts)
    return date(year, month, day), date.fromordinal(date(year + 1, month, day).toordinal() - 1)


def gain_parts(gains: pd.DataFrame) -> pd.DataFrame:
    """Gain of each matched lot as the price made it and the currency.

    Parameters
    ----------
    gains
        `Book.gains` or the disposals of `section_104`.

    Returns
    -------
    DataFrame
        Same index: `rate` (base units per local unit when it was closed), `price_gain` and `fx_gain`, base currency. They add up to `gain`.

    Notes
    -----
    Convention: the price's part is the local gain at the closing rate; the currency's is the rest: what was paid at the opening rate, told
    at the closing one. Without local amounts on the closing side the rate is NaN and all of the gain is the price's.

    Examples
    --------
    >>> lot = pd.DataFrame({"quantity": [1.0], "proceeds": [12.0], "proceeds_local": [10.0], "cost": [8.0], "cost_local": [8.0], "gain": [4.0]})
    >>> gain_parts(lot).round(2).to_dict("records")
    [{'rate': 1.2, 'price_gain': 2.4, 'fx_gain': 1.6}]
    """
    short = gains["quantity"].to_numpy() < 0
    closing, closing_local = (np.where(short, gains[cost], gains[sold]) for cost, sold in (("cost", "proceeds"), ("cost_local", "proceeds_local")))
    rate = _ratio(closing, closing_local)
    local = (gains["proceeds_local"] - gains["cost_local"]).to_numpy()
    price = np.where(np.isnan(rate), gains["gain"], local * rate)
    return pd.DataFrame({"rate": rate, "price_gain": price, "fx_gain": gains["gain"] - price}, index=gains.index)


def _ratio(amounts: NDArray[Any], parts: NDArray[Any]) -> NDArray[np.float64]:
    rates: NDArray[np.float64] = np.divide(amounts, parts, out=np.full(len(amounts), np.nan), where=parts != 0)
    return rates


def _start(starts: str) -> tuple[int, int]:
    if starts not in TAX_YEARS:
        raise InvalidInput("tax_year", starts, f"{starts} is not a tax year", hint=f"Use one of {', '.join(TAX_YEARS)}")
    return TAX_YEARS[starts]


def _year_name(year: int, starts: str) -> str:
    return str(year) if TAX_YEARS[starts] == (1, 1) else f"{year}/{(year + 1) % 100:02d}"
