"""Tables of a window: its days, its flows, the windows to its end, its months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import Panel, calendar_matrix, returns_by
from engine.windows import window_starts
from services.performance.levels import Levels
from services.performance.panels import CASH
from services.performance.track import Floats, Track, a_year

DUST: Final = 1e-9


def day_table(track: Track, first: int, last: int, *, moved: str = "external") -> pd.DataFrame:
    """Tell each close of a window: values, and contributions since the first day, of the boundary or (`flow`) of a group."""
    inside, sums = slice(first, last + 1), track.sums
    is_cash = np.array([row.startswith(CASH) for row in track.panel.rows], dtype=np.bool_)
    cash = np.nansum(track.panel.value[inside][:, is_cash], axis=1)
    value = sums["value"][inside]
    told = {"value": value, "market_value": value - cash, "cash": cash, "flow": sums[moved][inside],
            "net_contributions": _running(sums[moved])[inside], "missing": sums["missing"][inside]}
    return pd.DataFrame(told, index=track.index[inside])


def _running(amounts: Floats) -> Floats:
    """Sum up so far; what is not known stays out and is not known itself."""
    total: Floats = np.cumsum(np.nan_to_num(amounts))
    return np.where(np.isnan(amounts), np.nan, total)


def nothing_by_day() -> pd.DataFrame:
    """Give the table of a scope without transactions."""
    return pd.DataFrame(columns=["value", "market_value", "cash", "flow", "net_contributions", "missing"], index=pd.DatetimeIndex([], name="date"),
                        dtype="float64")


def series_table(track: Track, days: pd.DataFrame, first: int, last: int, levels: Levels | None) -> pd.DataFrame:
    """Put growth beside each close; `growth` and `benchmark_growth` begin at 1."""
    closes = np.full(last - first + 1, np.nan) if levels is None else levels.closes[first:last + 1]
    return days.assign(growth=track.growth(first, last), benchmark_growth=closes / _first(closes))


def flow_table(flows: Sequence[pd.DataFrame], shown: Panel) -> pd.DataFrame:
    """Tell what crossed the boundary in a window, by kind where the scope is a whole; else what moved in and out of the group."""
    if flows:
        told = [_between(each, shown.days[0], shown.days[-1]) for each in flows]
        return _by_kind(pd.concat(told) if len(told) > 1 else told[0])
    moved = shown.sums()["flow"]
    places = 1 + np.flatnonzero(np.abs(moved[1:]) > DUST)
    amounts = moved[places]
    return pd.DataFrame({"date": shown.days[places], "kind": np.where(amounts > 0, "IN", "OUT"), "amount": amounts})


def _between(flows: pd.DataFrame, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
    """Rows after a day up to another, of flows in the order of their dates."""
    low, high = np.searchsorted(flows["date"].to_numpy(), np.array([first, last]), side="right").tolist()
    return flows.iloc[low:high]


def _by_kind(flows: pd.DataFrame) -> pd.DataFrame:
    """Sum of each day and kind, by both; what is not known adds nothing."""
    kinds, names = pd.factorize(flows["kind"].to_numpy(), sort=True)
    days, place = np.unique(flows["date"].to_numpy(), return_inverse=True)
    cells, inverse = np.unique(place * len(names) + kinds, return_inverse=True)
    amounts = np.bincount(inverse, weights=np.nan_to_num(flows["amount"].to_numpy(dtype=np.float64)), minlength=len(cells))
    day, kind = np.divmod(cells, max(len(names), 1))
    return pd.DataFrame({"date": days[day], "kind": np.asarray(names)[kind], "amount": amounts})


def window_table(track: Track, end: date, levels: Levels | None) -> pd.DataFrame:
    """Tell the usual windows to one end, as far back as history goes."""
    begun = min(track.days[0].astype("datetime64[D]").item(), end)
    usual = {name: start for name, start in window_starts(end, begun).items() if begun <= start < end and name not in {"1D", "1W"}}
    rows = [_window(track, start, end, levels) for start in usual.values()]
    columns = ["start", "end", "twr", "benchmark", "active", "mwr", "annualised", "benchmark_annualised", "active_annualised",
               "mwr_period"]
    figures = np.array(rows, dtype=np.float64).reshape(len(rows), len(columns) - 2)
    told: dict[str, Any] = {"start": np.array([*usual.values()], dtype="datetime64[us]"), "end": np.full(len(rows), np.datetime64(end, "us"))}
    return pd.DataFrame(told | dict(zip(columns[2:], figures.T, strict=True)), index=pd.Index([*usual], name="window"))


def _window(track: Track, start: date, end: date, levels: Levels | None) -> list[float]:
    span = track.span(start, end)
    twr, rates = track.twr(span), track.money_weighted(span)
    benchmark = float("nan") if levels is None else levels.change(span.first, span.last)
    days = (end - start).days
    mine, theirs = a_year(twr, days), a_year(benchmark, days)
    return [twr, benchmark, twr - benchmark, rates.told, mine, theirs, mine - theirs, rates.period]


def months_of(calendar: pd.DataFrame, track: Track, first: int, last: int, levels: Levels | None) -> pd.DataFrame:
    """Give the months of a calendar with those of the benchmark; a month with a day without an answer has none."""
    if not len(calendar):
        return pd.DataFrame(columns=["portfolio", "benchmark"], dtype=np.float64)
    years = calendar.index.to_numpy()
    cells = np.full((years[-1] - years[0] + 1, 12), np.nan)
    cells[years - years[0]] = calendar.to_numpy(dtype=np.float64)[:, :12]
    own, theirs = cells.ravel(), np.full(cells.size, np.nan)
    begin = 12 * (int(years[0]) - 1970)
    if levels is not None:
        returns = pd.Series(levels.returns[first:last], index=track.index[first + 1:last + 1])
        known = pd.Series(returns_by(returns)).drop(monthly(months_without(returns)), errors="ignore")
        places = pd.PeriodIndex(known.index).asi8 - begin
        inside = (places >= 0) & (places < len(theirs))
        theirs[places[inside]] = known.to_numpy()[inside]
    there = np.flatnonzero(~(np.isnan(own) & np.isnan(theirs)))
    return pd.DataFrame({"portfolio": own[there], "benchmark": theirs[there]}, index=monthly((begin + there).astype("datetime64[M]")))


def monthly(months: NDArray[np.datetime64]) -> pd.PeriodIndex:
    """Make an index of months."""
    return pd.DatetimeIndex(months.astype("datetime64[ns]")).to_period("M")


def months_without(returns: pd.Series) -> NDArray[np.datetime64]:
    """Name the months in which a day has no answer."""
    return np.unique(returns.index.to_numpy()[np.isnan(returns.to_numpy())].astype("datetime64[M]"))


def calendar_table(track: Track, first: int, last: int) -> pd.DataFrame:
    """Lay the returns of months out, a year a row, with the year's own; NaN where a day in it has no answer."""
    returns = track.dated(first, last)
    table = calendar_matrix(returns)
    for month in months_without(returns).tolist():
        if month.year in table.index:
            table.loc[month.year, [month.month, "total"]] = np.nan
    return table


def _first(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known[0]) if len(known) else float("nan")
