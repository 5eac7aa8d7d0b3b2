"""Tables of a window: its days, its flows, the windows to its end, its months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from engine import Panel, calendar_matrix, returns_by, windows
from services.performance_benchmark import Levels
from services.performance_panels import CASH
from services.performance_track import Floats, Track, a_year

DUST: Final = 1e-9


def day_table(panel: Panel, start: date, end: date, *, moved: str = "external") -> pd.DataFrame:
    """Tell each close of a window: values, and contributions since the first day, of the boundary or (`flow`) of a group."""
    totals = panel.totals()
    paid = totals[moved].cumsum()
    shown = panel.between(start, end)
    is_cash = np.array([row.startswith(CASH) for row in shown.rows], dtype=np.bool_)
    cash = np.nansum(shown.value[:, is_cash], axis=1)
    inside = totals.loc[pd.DatetimeIndex(shown.days)]
    value = inside["value"].to_numpy()
    told = {"value": value, "market_value": value - cash, "cash": cash, "flow": inside[moved], "net_contributions": paid.loc[inside.index],
            "missing": inside["missing"]}
    return pd.DataFrame(told, index=inside.index)


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
    first, last = shown.days[0], shown.days[-1]
    if flows:
        told = pd.concat(flows)
        told = told[(told["date"] > first) & (told["date"] <= last)]
        summed: pd.DataFrame = told.groupby(["date", "kind"], as_index=False, sort=True)["amount"].sum()
        return summed[["date", "kind", "amount"]]
    totals = shown.totals()["flow"].iloc[1:]
    moved = totals[totals.abs() > DUST]
    return pd.DataFrame({"date": moved.index, "kind": np.where(moved > 0, "IN", "OUT"), "amount": moved.to_numpy()})


def window_table(track: Track, end: date, levels: Levels | None) -> pd.DataFrame:
    """Tell the usual windows to one end, as far back as history goes."""
    begun = pd.Timestamp(track.days[0])
    usual = windows(end, begun).drop(index=["1D", "1W"])
    usual = usual[usual["covered"] & (usual["days"] > 0)]
    starts = usual["start"].dt.date.to_dict()
    rows = {str(name): _window(track, start, end, levels) for name, start in starts.items()}
    columns = ["start", "end", "twr", "benchmark", "active", "mwr", "annualised", "benchmark_annualised", "active_annualised",
               "mwr_period"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("window")


def _window(track: Track, start: date, end: date, levels: Levels | None) -> list[object]:
    first, last = track.place(start), track.place(end)
    twr, rates = track.twr(first, last), track.money_weighted(first, last)
    benchmark = float("nan") if levels is None else levels.change(first, last)
    days = (end - start).days
    mine, theirs = a_year(twr, days), a_year(benchmark, days)
    return [pd.Timestamp(start), pd.Timestamp(end), twr, benchmark, twr - benchmark, rates.told, mine, theirs, mine - theirs,
            rates.period]


def months_of(calendar: pd.DataFrame, track: Track, first: int, last: int, levels: Levels | None) -> pd.DataFrame:
    """Give the months of a calendar with those of the benchmark; a month with a day without an answer has none."""
    mine = calendar[[*range(1, 13)]]
    if not len(calendar):
        return pd.DataFrame(columns=["portfolio", "benchmark"], dtype=np.float64)
    years = range(calendar.index[0], calendar.index[-1] + 1)
    cells = mine.reindex(years).to_numpy(dtype=np.float64).ravel()
    table = pd.DataFrame({"portfolio": cells, "benchmark": np.nan}, index=pd.period_range(f"{years[0]}-01", periods=len(cells), freq="M"))
    if levels is not None:
        theirs = pd.Series(levels.returns[first:last], index=track.dated(first, last).index)
        table["benchmark"] = pd.Series(returns_by(theirs)).where(~theirs.isna().groupby(pd.DatetimeIndex(theirs.index).to_period("M")).any())
    return table.dropna(how="all")


def calendar_table(track: Track, first: int, last: int) -> pd.DataFrame:
    """Lay the returns of months out, a year a row, with the year's own; NaN where a day in it has no answer."""
    returns = track.dated(first, last)
    table = calendar_matrix(returns)
    for stamp in returns.index[returns.isna()]:
        if stamp.year in table.index:
            table.loc[stamp.year, [stamp.month, "total"]] = np.nan
    return table


def _first(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known[0]) if len(known) else float("nan")
