"""How old the exchange rate is that a day is valued with: gaps are filled forward, and what was filled too far is told."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.frames import fx_frame
from engine.types import Finding

Days = NDArray[np.datetime64]

_DAY = np.timedelta64(1, "D")
_NEVER = np.datetime64("NaT", "ns")


def rate_days(base: str, currency: str, fx: pd.DataFrame) -> Days:
    """Day of the observation behind the rate on each date of a history.

    Parameters
    ----------
    base, currency
        The two currencies.
    fx
        What `fx_frame` returns.

    Returns
    -------
    ndarray of shape (n_dates,)
        datetime64[ns], NaT where there is no rate.

    Notes
    -----
    Convention: the path of `rate_history`: the pair itself, else its inverse, else a cross, which is as old as its older leg.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02"])
    >>> rate_days("EUR", "USD", pd.DataFrame({"EURUSD": [1.25, None]}, index=days)).astype("datetime64[D]").tolist()
    [datetime.date(2024, 1, 1), datetime.date(2024, 1, 1)]
    """
    pairs = {str(name) for name in fx.columns}
    found = _pair_days(currency, base, fx)
    partners = {pair.replace(currency, "", 1) for pair in pairs if currency in (pair[:3], pair[3:])} - {base}
    for pivot in sorted(partners, key=lambda code: ({"EUR": 0, "USD": 1}.get(code, 2), code)):
        if not np.isnat(found).any():
            break
        legs = _pair_days(currency, pivot, fx), _pair_days(pivot, base, fx)
        found = np.where(np.isnat(found), np.minimum(*legs), found)
    return found


def stale_rates(
    base: str, used: Mapping[str, Days], fx: pd.DataFrame | pd.Series | Mapping[str, float] | None, *, after_days: int = 5
) -> tuple[Finding, ...]:
    """Tell of rates that were filled forward too far.

    Parameters
    ----------
    base
        Base currency.
    used
        Currency to the days on which its rate was used.
    fx
        What `fx_frame` takes; rates without dates have no age.
    after_days
        Calendar days after which a rate is old; 5 bridges Easter.

    Returns
    -------
    tuple of Finding
        One ``stale_rate`` a currency, with the number of days, the first of them, the oldest rate used and its age in days.

    Notes
    -----
    Convention: age is the day of use less the day of the last observation; a day without any rate is `missing_rate`'s matter.

    Examples
    --------
    >>> fx = pd.DataFrame({"EURUSD": [1.25]}, index=pd.to_datetime(["2024-01-01"]))
    >>> stale_rates("EUR", {"USD": np.array(["2024-01-06", "2024-01-07"], dtype="datetime64[ns]")}, fx)[0].context["first"]
    '2024-01-07'
    """
    if not isinstance(fx, pd.DataFrame) or fx.empty:
        return ()
    history = fx_frame(fx)
    found = (_stale(base, currency, np.asarray(days), history, after_days) for currency, days in sorted(used.items()) if currency != base)
    return tuple(finding for finding in found if finding)


def _stale(base: str, currency: str, days: Days, fx: pd.DataFrame, after_days: int) -> Finding | None:
    observed = np.append(rate_days(base, currency, fx), _NEVER)
    last = observed[np.searchsorted(fx.index.to_numpy(), days + _DAY) - 1]
    age = ((days.astype("datetime64[D]") - last.astype("datetime64[D]")) / _DAY).astype(np.float64)
    old = np.flatnonzero(age > after_days)
    if not old.size:
        return None
    worst = old[np.argmax(age[old])]
    days_old, first = int(age[worst]), str(days[old[0]])[:10]
    return Finding(
        "stale_rate",
        f"The rate of {currency} to {base} of {str(last[worst])[:10]} is used on {old.size} later days, up to {days_old} days after it",
        context={"pair": currency + base, "first": first, "last": str(days[old[-1]])[:10], "rate_date": str(last[worst])[:10],
                 "age_days": days_old, "count": int(old.size)},
    )  # fmt: skip


def _pair_days(source: str, target: str, fx: pd.DataFrame) -> Days:
    """Day of the last observation of a pair, either way round."""
    index = fx.index.to_numpy()
    if source == target:
        return index
    found = np.full(len(fx), _NEVER)
    for name in (source + target, target + source):
        if name in fx.columns:
            rates = fx[name].to_numpy()
            seen = np.where(np.isfinite(rates) & (rates > 0), np.arange(len(fx)), -1)
            last = np.append(index, _NEVER)[np.maximum.accumulate(seen)] if len(fx) else index
            found = np.where(np.isnat(found), last, found)
    return found
