"""Values of every day of a window: matrices of days x symbols, no loop over days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.currencies import forward_filled, rate_history
from engine.errors import InvalidInput
from engine.frames import Records, fx_frame, instant, price_frame
from engine.ledger import Book, book
from engine.transfers import at_market
from engine.valuation import BookOptions, Prices, Rates

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]
When = date | datetime | str

_DAY = np.timedelta64(1, "D")
_DUST = 1e-13  # a sum of floats is not closer to 0 than this share of all that was added


@dataclass(frozen=True, slots=True)
class Grid:
    """A book over days: what was held at each close, at which price and rate.

    Attributes
    ----------
    days
        ndarray of shape (n_days,), ascending, from `start` to `end`.
    symbol, cash
        For each effect of the book the column of its symbol or cash currency, -1 for none; `row` is its day, the first for all before.
    units, price
        ndarray of shape (n_days, n_symbols): quantity x multiplier, and local price.
    rate
        ndarray of shape (n_days, n_symbols): base units per unit of the instrument's currency.
    balance, cash_rate
        ndarray of shape (n_days, n_currencies).
    """

    days: Days
    row: NDArray[np.int64]
    symbol: NDArray[np.int64]
    cash: NDArray[np.int64]
    multiplier: Floats
    units: Floats
    price: Floats
    rate: Floats
    balance: Floats
    cash_rate: Floats

    @property
    def holdings_value(self) -> Floats:
        """Market value, shape (n_days, n_symbols), base currency, NaN where a price or rate is missing."""
        return np.where(self.units == 0, 0.0, self.units * self.price * self.rate)

    @property
    def cash_value(self) -> Floats:
        """Value of the balances, shape (n_days, n_currencies), base currency."""
        return np.where(self.balance == 0, 0.0, self.balance * self.cash_rate)


def daily_values(
    ledger: Records,
    prices: Prices,
    fx: Rates = None,
    *,
    start: When,
    end: When,
    base_currency: str,
    transfers_at: str = "booked",
    **options: Unpack[BookOptions],
) -> pd.DataFrame:
    """Value of a portfolio at the close of each day of a window.

    Parameters
    ----------
    ledger, prices, fx
        As in `valuation`.
    start, end
        First and last day.
    base_currency
        Currency of the result.
    transfers_at
        What securities that cross the boundary count as: ``booked`` (default), their price or cost, or ``market``, the day's close.
    **options
        Conventions of `book`; the cost method changes nothing here.

    Returns
    -------
    DataFrame
        Index date: `start`, `end`, and between them each day that has a price or a transaction. Columns in base currency: `value
        market_value cash flow net_contributions`, and `missing`, the number of rows left out for want of a price or rate.

    Notes
    -----
    Convention: `flow` is the external flow of that day, positive in; `net_contributions` are all flows since the beginning. A gap
    takes the last price before it.

    Raises
    ------
    InvalidInput
        `end` before `start`.
    InvalidTransaction
        A row that cannot be booked.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    >>> ledger = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}]
    >>> daily_values(ledger, pd.DataFrame({"A": [5.0, 6.0]}, index=days), start=days[0], end=days[1], base_currency="EUR")["value"].tolist()
    [0.0, 2.0]
    """
    booked = book(ledger, base_currency=base_currency, fx=fx, as_of=instant(end, field="end"), **options)
    grid = grid_of(booked, prices, fx, start=start, end=end)
    booked = crossed(booked, grid, transfers_at)
    holdings, cash = grid.holdings_value, grid.cash_value
    flows = booked.effects["flow_base"].to_numpy()
    inside = booked.effects["date"].to_numpy() >= grid.days[0]
    flow = np.bincount(grid.row[inside], weights=flows[inside], minlength=len(grid.days))
    market, balance = np.nansum(holdings, axis=1), np.nansum(cash, axis=1)
    return pd.DataFrame(
        {
            "value": market + balance,
            "market_value": market,
            "cash": balance,
            "flow": flow,
            "net_contributions": flows[~inside].sum() + np.cumsum(flow),
            "missing": np.isnan(holdings).sum(axis=1) + np.isnan(cash).sum(axis=1),
        },
        index=pd.DatetimeIndex(grid.days, name="date"),
    )


def grid_of(booked: Book, prices: Prices, fx: Rates = None, *, start: When, end: When) -> Grid:
    """Lay a book out over the days of a window.

    Parameters
    ----------
    booked
        Ledger booked to `end`.
    prices, fx
        As in `valuation`.
    start, end
        First and last day.

    Returns
    -------
    Grid
        Matrices of days by symbols and by currencies.

    Raises
    ------
    InvalidInput
        `end` before `start`.

    Examples
    --------
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}], base_currency="EUR")
    >>> grid_of(held, {"A": 6.0}, start="2024-01-01", end="2024-01-03").units[:, 0].tolist()
    [0.0, 2.0, 2.0]
    """
    first, last = (instant(day, field=name).normalize().to_datetime64().astype("datetime64[ns]") for day, name in ((start, "start"), (end, "end")))
    if last < first:
        raise InvalidInput("end", end, "the end is before the start", hint="Swap them")
    history = price_frame(prices)
    effects, positions, balances = booked.effects, booked.positions, booked.cash
    dates = effects["date"].to_numpy()
    days = _window(first, last, history.index.to_numpy(), dates)
    row = np.searchsorted(days, dates)
    symbol, cash = (axis.get_indexer(pd.Index(effects[name])) for axis, name in ((positions.index, "symbol"), (balances.index, "cash_currency")))
    rates = rate_history(booked.base_currency, [booked.base_currency, *balances.index, *positions["currency"]], fx_frame(fx))
    multiplier = positions["multiplier"].to_numpy(dtype=np.float64)
    units = running(row, symbol, effects["quantity_delta"].to_numpy(), (len(days), len(positions))) * multiplier
    table = _as_of(rates, days)
    table[booked.base_currency] = 1.0
    return Grid(
        days=days,
        row=row,
        symbol=symbol,
        cash=cash,
        multiplier=multiplier,
        units=units,
        price=_as_of(history.reindex(columns=positions.index), days).to_numpy(),
        rate=table[positions["currency"]].to_numpy(),
        balance=running(row, cash, effects["cash_delta_local"].to_numpy(), (len(days), len(balances))),
        cash_rate=table[balances.index].to_numpy(),
    )


def crossed(booked: Book, grid: Grid, transfers_at: str) -> Book:
    """Count transferred securities at the close of their day, where that is asked for.

    Parameters
    ----------
    booked, grid
        A book and its days.
    transfers_at
        ``booked`` or ``market``.

    Returns
    -------
    Book
        With other flows and consideration in `effects`; what has no price stays as booked.

    Raises
    ------
    InvalidInput
        Another `transfers_at`.
    """
    if transfers_at not in {"booked", "market"}:
        raise InvalidInput("transfers_at", transfers_at, f"{transfers_at} is not a choice", hint="Use booked or market")
    if transfers_at == "booked" or not len(booked.effects):
        return booked
    units = booked.effects["quantity_delta"].to_numpy() * np.append(grid.multiplier, 0.0)[grid.symbol]
    row = np.minimum(grid.row, len(grid.days) - 1)
    price, rate = (np.hstack([cells, np.ones((len(grid.days), 1))])[row, grid.symbol] for cells in (grid.price, grid.rate))
    return at_market(booked, units * price, units * price * rate)


def _window(first: np.datetime64, last: np.datetime64, quoted: Days, dates: Days) -> Days:
    changed = dates[np.append(True, dates[1:] != dates[:-1])[: dates.size]]  # a million are slow to sort
    known = np.concatenate([quoted.astype("datetime64[D]").astype("datetime64[ns]"), changed])
    return np.unique(np.concatenate([known[(known >= first) & (known <= last)], [first, last]]))


def _as_of(history: pd.DataFrame, days: Days) -> pd.DataFrame:
    """Last known numbers at the end of each day."""
    last = np.searchsorted(history.index.to_numpy(), days + _DAY) - 1
    cells = np.vstack([forward_filled(history.to_numpy(dtype=np.float64)), np.full((1, history.shape[1]), np.nan)])
    return pd.DataFrame(cells[last], columns=history.columns)


def sheet(row: NDArray[np.int64], place: NDArray[np.int64], amounts: Floats, shape: tuple[int, int]) -> Floats:
    """Sum of amounts by day and column; a column of -1 is left out."""
    inside = np.flatnonzero(place >= 0)
    cells = row[inside] * shape[1] + place[inside]
    return np.bincount(cells, weights=amounts[inside], minlength=shape[0] * shape[1]).astype(np.float64, copy=False).reshape(shape)


def running(row: NDArray[np.int64], place: NDArray[np.int64], amounts: Floats, shape: tuple[int, int]) -> Floats:
    """Cumulative sum over days in which the dust of a float sum that should be 0 is 0, and is not carried on.

    Parameters
    ----------
    row, place
        Day and column of each amount, ndarray of shape (n_amounts,); a column of -1 is left out.
    amounts
        ndarray of shape (n_amounts,).
    shape
        Number of days and of columns.

    Returns
    -------
    ndarray
        Of that shape. Amounts of a day are added in their order, then day by day: a sum that begins in the middle of the days with what
        was there is the same to the last bit.

    Examples
    --------
    >>> running(np.array([0, 1, 2, 3]), np.zeros(4, dtype=int), np.array([0.1, 0.2, -0.3, 0.7]), (4, 1))[2:, 0].tolist()
    [0.0, 0.7]
    """
    by_day = sheet(row, place, amounts, shape)
    total = np.cumsum(by_day, axis=0)
    most = np.bincount(place + 1, weights=np.abs(amounts), minlength=shape[1] + 1)[1:]
    doubtful = np.flatnonzero(((total != 0) & (np.abs(total) <= _DUST * most)).any(axis=0))
    if doubtful.size:
        moved = np.cumsum(sheet(row, place, np.abs(amounts), shape)[:, doubtful], axis=0)
        for column, limit in zip(doubtful.tolist(), (_DUST * moved).T, strict=True):
            total[:, column] = _without_dust(by_day[:, column], total[:, column], limit)
    return total


def _without_dust(amounts: Floats, total: Floats, limit: Floats) -> Floats:
    """One column, begun again at 0 after each day on which no more than dust was left."""
    dusty = np.flatnonzero((total != 0) & (np.abs(total) <= limit))
    ends = np.append(dusty, total.size - 1)
    pieces = [np.cumsum(amounts[start:end + 1]) for start, end in zip(np.append(0, dusty + 1), ends, strict=True) if start <= end]
    clean: Floats = np.concatenate(pieces)
    clean[dusty] = 0.0
    return clean


def price_path(values: Floats) -> Floats:
    """Prices without gaps. What stands in a gap only splits an effect between days and moves no total, so the next known one will do."""
    backward = forward_filled(values[::-1])[::-1]
    return np.nan_to_num(np.where(np.isnan(values), backward, values))
