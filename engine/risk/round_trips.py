"""Round trips: each lot from its opening to its closing, how far it went against and for its holder, and what all of them say together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats, day_stamps
from engine.errors import InvalidInput
from engine.risk.edge import expectancy_of, system_quality_number_of
from engine.risk.sample import Sample, quotient
from engine.risk.wins import average_loss_of, average_win_of, payoff_ratio_of, profit_factor_of, win_rate_of

_NEEDED = ("symbol", "opened", "closed", "quantity", "proceeds_local", "cost_local", "proceeds", "cost", "gain")


def round_trips(
    gains: pd.DataFrame, prices: pd.DataFrame | None = None, *, lows: pd.DataFrame | None = None, highs: pd.DataFrame | None = None,
    multipliers: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Lay out every lot that was opened and closed again.

    Parameters
    ----------
    gains
        `Book.gains`: one row a lot matched by a disposal, as `book` and `realised_gains` give it.
    prices
        DatetimeIndex x symbol, closes in the instrument's currency, not adjusted for splits; without them excursions are NaN.
    lows, highs
        As `prices`, of the day; default the closes.
    multipliers
        Symbol to contract multiplier, default 1.

    Returns
    -------
    DataFrame
        A row a trip, by closing: `symbol account side opened closed days quantity entry_price exit_price cost proceeds gain return
        adverse_excursion favourable_excursion`. Gain in base currency, net of fees; the excursions (MAE <= 0 <= MFE) as fractions of the
        entry price, over the days from opening to closing.

    Notes
    -----
    Convention: a lot closed in parts is as many trips. A short enters at its proceeds: its return is the gain over them, and a rising
    price is adverse. Prices between which a split lies are to be adjusted by the caller.

    Raises
    ------
    InvalidInput
        A column is missing, or the prices have no dates.

    References
    ----------
    Sweeney 1997, Maximum Adverse Excursion; pyfolio, `extract_round_trips`.

    Examples
    --------
    >>> from engine import book
    >>> ledger = pd.DataFrame({"date": ["2024-01-02", "2024-02-02"], "kind": ["BUY", "SELL"], "symbol": "A", "quantity": 10, "price": [100, 120]})
    >>> prices = pd.DataFrame({"A": [100.0, 90.0, 120.0]}, index=pd.to_datetime(["2024-01-02", "2024-01-15", "2024-02-02"]))
    >>> round_trips(book(ledger, base_currency="EUR").gains, prices)[["days", "return", "adverse_excursion"]].round(6).iloc[0].tolist()
    [31.0, 0.2, -0.1]
    """
    missing = [name for name in _NEEDED if name not in gains.columns]
    if missing:
        raise InvalidInput("gains", "", f"has no {', '.join(missing)}", hint="Give the gains of a book")
    ordered = gains.sort_values("closed", kind="stable").reset_index(drop=True)
    short = ordered["quantity"].to_numpy(dtype=np.float64) < 0
    size = np.abs(ordered["quantity"].to_numpy(dtype=np.float64)) * _each(ordered["symbol"], multipliers)
    local = ordered["cost_local"].to_numpy(dtype=np.float64), ordered["proceeds_local"].to_numpy(dtype=np.float64)
    entry, leave = quotient(np.where(short, local[1], local[0]), size), quotient(np.where(short, local[0], local[1]), size)
    staked = np.where(short, ordered["proceeds"], ordered["cost"]).astype(np.float64)
    adverse, favourable = _excursions(ordered, entry, short, prices, lows, highs)
    return pd.DataFrame({
        "symbol": ordered["symbol"], "account": ordered.get("account"), "side": np.where(short, "short", "long"), "opened": ordered["opened"],
        "closed": ordered["closed"], "days": (ordered["closed"] - ordered["opened"]).dt.days, "quantity": ordered["quantity"],
        "entry_price": entry, "exit_price": leave, "cost": ordered["cost"], "proceeds": ordered["proceeds"], "gain": ordered["gain"],
        "return": quotient(ordered["gain"].to_numpy(dtype=np.float64), staked), "adverse_excursion": adverse, "favourable_excursion": favourable,
    })  # fmt: skip


def round_trip_statistics(trips: pd.DataFrame, *, by: str | None = None) -> pd.Series | pd.DataFrame:
    """Sum up round trips.

    Parameters
    ----------
    trips
        As `round_trips` gives them.
    by
        ``symbol``, ``side``, ``account`` or another column: one row for each of its values; None (default) for all together.

    Returns
    -------
    Series or DataFrame
        `count winners losers win_rate net_profit gross_profit gross_loss profit_factor average_trade average_win average_loss payoff_ratio
        largest_win largest_loss expectancy system_quality_number average_return best_return worst_return average_days median_days
        longest_days shortest_days average_adverse_excursion average_favourable_excursion`.

    Notes
    -----
    Convention: money in base currency, net of fees; a trip without gain or loss is neither a winner nor a loser. NaN where there is none.

    Raises
    ------
    InvalidInput
        There is no such column.

    References
    ----------
    pyfolio, `gen_round_trip_stats`; Tharp 2007, Trade Your Way to Financial Freedom.

    Examples
    --------
    >>> trips = pd.DataFrame({"gain": [20.0, -5.0], "return": [0.2, -0.1], "days": [31, 4], "adverse_excursion": 0.0, "favourable_excursion": 0.1})
    >>> round_trip_statistics(trips)[["count", "win_rate", "profit_factor", "average_days"]].tolist()
    [2.0, 0.5, 4.0, 17.5]
    """
    if by is None:
        return pd.Series({name: float(work(_Stacked(trips, [np.arange(len(trips))]))[0]) for name, work in _STATISTICS.items()}, name="round_trips")
    if by not in trips.columns:
        raise InvalidInput("by", by, f"{by} is no column of the trips", hint=f"Use one of {', '.join(map(str, trips.columns))}")
    groups = trips.groupby(by, sort=True).indices
    stacked = _Stacked(trips, [np.asarray(places, dtype=np.intp) for places in groups.values()])
    return pd.DataFrame({name: work(stacked) for name, work in _STATISTICS.items()}, index=pd.Index(list(groups), name=by))


class _Stacked:
    """Trips of every group as a column of its own, NaN below the shorter ones."""

    def __init__(self, trips: pd.DataFrame, groups: list[NDArray[np.intp]]) -> None:
        deepest = max((len(places) for places in groups), default=0)
        self.where = np.full((deepest, len(groups)), -1, dtype=np.intp)
        for column, places in enumerate(groups):
            self.where[: len(places), column] = places
        self.trips = trips

    def of(self, name: str) -> Sample:
        """Take one column of the trips."""
        values = np.append(self.trips[name].to_numpy(dtype=np.float64), np.nan)
        return Sample(values[self.where])


def _each(symbols: pd.Series, multipliers: Mapping[str, float] | None) -> Floats:
    return np.array([float((multipliers or {}).get(symbol, 1.0)) for symbol in symbols], dtype=np.float64)


def _excursions(
    trips: pd.DataFrame, entry: Floats, short: NDArray[np.bool_], prices: pd.DataFrame | None, lows: pd.DataFrame | None, highs: pd.DataFrame | None
) -> tuple[Floats, Floats]:
    """Furthest against and furthest for the holder, as fractions of the entry price."""
    low = _extremes(trips, lows if lows is not None else prices, np.minimum)
    high = _extremes(trips, highs if highs is not None else prices, np.maximum)
    down, up = quotient(low, entry) - 1.0, quotient(high, entry) - 1.0
    return np.minimum(np.where(short, -up, down), 0.0), np.maximum(np.where(short, -down, up), 0.0)


def _extremes(trips: pd.DataFrame, prices: pd.DataFrame | None, extreme: np.ufunc) -> Floats:
    """Extreme price of each trip's symbol from its opening day to its closing day; NaN where there is none."""
    found = np.full(len(trips), np.nan)
    if prices is None or not len(prices) or not len(trips):
        return found
    days = day_stamps(prices.index, "prices")
    column = prices.columns.get_indexer(pd.Index(trips["symbol"]))
    first = np.searchsorted(days, day_stamps(pd.DatetimeIndex(trips["opened"])))
    until = np.searchsorted(days, day_stamps(pd.DatetimeIndex(trips["closed"])), side="right")
    held = (column >= 0) & (until > first)
    nothing = np.inf if extreme is np.minimum else -np.inf
    flat = np.append(np.where(prices.isna(), nothing, prices.to_numpy(dtype=np.float64, na_value=np.nan)).T.ravel(), nothing)
    bounds = np.stack([column * len(days) + first, column * len(days) + until], axis=1)[held].ravel()
    if bounds.size:
        reached = extreme.reduceat(flat, bounds)[::2]
        found[held] = np.where(np.isfinite(reached), reached, np.nan)
    return found


def _median(at: Sample) -> Floats:
    return at.quantile(0.5)


_STATISTICS: Final[Mapping[str, Callable[[_Stacked], Floats]]] = {
    "count": lambda s: s.of("gain").counts,
    "winners": lambda s: s.of("gain").above(0.0, 0),
    "losers": lambda s: s.of("gain").below(0.0, 0),
    "win_rate": lambda s: win_rate_of(s.of("gain")),
    "net_profit": lambda s: s.of("gain").filled.sum(axis=0),
    "gross_profit": lambda s: s.of("gain").above(0.0, 1),
    "gross_loss": lambda s: -s.of("gain").below(0.0, 1),
    "profit_factor": lambda s: profit_factor_of(s.of("gain")),
    "average_trade": lambda s: s.of("gain").mean,
    "average_win": lambda s: average_win_of(s.of("gain")),
    "average_loss": lambda s: average_loss_of(s.of("gain")),
    "payoff_ratio": lambda s: payoff_ratio_of(s.of("gain")),
    "largest_win": lambda s: np.maximum(s.of("gain").highest, 0.0),
    "largest_loss": lambda s: np.minimum(s.of("gain").lowest, 0.0),
    "expectancy": lambda s: expectancy_of(s.of("gain")),
    "system_quality_number": lambda s: system_quality_number_of(s.of("gain")),
    "average_return": lambda s: s.of("return").mean,
    "best_return": lambda s: s.of("return").highest,
    "worst_return": lambda s: s.of("return").lowest,
    "average_days": lambda s: s.of("days").mean,
    "median_days": lambda s: _median(s.of("days")),
    "longest_days": lambda s: s.of("days").highest,
    "shortest_days": lambda s: s.of("days").lowest,
    "average_adverse_excursion": lambda s: s.of("adverse_excursion").mean,
    "average_favourable_excursion": lambda s: s.of("favourable_excursion").mean,
}
