"""Prices meet the book: the one place where quantities become values.

`terms` lays a book out as arrays that stay fixed between two ledger changes, `revalue` multiplies them with prices and rates,
`snapshot` joins both with the book's amounts. REST, page and stream all come through here, so no number is computed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from engine.errors import MisalignedSeries
from engine.frames import instant
from engine.ledger import Book

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Marks:
    """Prices and rates to value with. Missing ones are absent or NaN.

    Attributes
    ----------
    price, previous_close
        Series symbol -> price in the instrument's currency, now and at the close of the day before (unadjusted for today's splits).
    rate, previous_rate
        Series currency -> base units per one unit, now and at the close of the day before. The base itself may be left out.
    """

    price: pd.Series
    previous_close: pd.Series
    rate: pd.Series
    previous_rate: pd.Series


@dataclass(frozen=True, slots=True)
class Terms:
    """A book as arrays of rows, holdings first and then cash, fixed until the ledger, the day or the previous close changes.

    Attributes
    ----------
    base_currency
        Currency of every value.
    symbols
        Names of the rows: symbols of what is held or was moved today, then currencies.
    is_cash
        ndarray of shape (n_rows,), True for cash.
    currencies, currency_index
        Codes, and the place in them of each row's currency, shape (n_rows,).
    units
        ndarray of shape (n_rows,): quantity x multiplier, or the balance; 0 for what was closed today.
    cost_base
        ndarray of shape (n_rows,): cost of the open lots, or what the balance was worth when it moved.
    opening_value, moved_in
        ndarray of shape (n_rows,): value at the previous close, and value that moved in today (purchases and flows, sales negative).
    """

    base_currency: str
    symbols: tuple[str, ...]
    is_cash: NDArray[np.bool_]
    currencies: tuple[str, ...]
    currency_index: NDArray[np.int64]
    units: Floats
    cost_base: Floats
    opening_value: Floats
    moved_in: Floats

    @property
    def day_anchor(self) -> Floats:
        """What a row would be worth had nothing changed today, shape (n_rows,): market value minus it is the day P/L."""
        return self.opening_value + self.moved_in

    @property
    def n_holdings(self) -> int:
        """Number of rows that are no cash."""
        return int((~self.is_cash).sum())


@dataclass(frozen=True, slots=True)
class Revaluation:
    """Values of the rows of `Terms`, each ndarray of shape (n_rows,), base currency, NaN where price or rate is missing.

    For cash `unrealised` is the currency gain of the balance.
    """

    market_value: Floats
    unrealised: Floats
    day_pnl: Floats


def terms(book: Book, marks: Marks, *, today: date | str) -> Terms:
    """Lay a book out for valuation.

    Parameters
    ----------
    book
        Booked ledger.
    marks
        Of these only `previous_close` and `previous_rate` are read.
    today
        Trading date whose transactions count as today's.

    Returns
    -------
    Terms
        One row a symbol held or moved today, one a currency of cash.

    Notes
    -----
    Convention: day P/L of a row = value - opening value - value moved in today. Purchases move value from cash to a holding, sales,
    dividends and its fees the other way, external flows in from outside. So the rows add up to the change of value minus flows. What
    a spin-off or merger carries to a successor counts at its share of the parent's opening value, not at cost.

    Examples
    --------
    >>> from engine.ledger import book
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}], base_currency="EUR")
    >>> none = pd.Series(dtype=float)
    >>> terms(held, Marks(none, pd.Series({"A": 6.0}), none, none), today="2024-01-03").opening_value.tolist()
    [12.0, -10.0]
    """
    day = instant(today, field="today").normalize()
    moved = book.effects[book.effects["date"] == day]
    of_symbol, of_cash = _sums_of(moved)
    positions = book.positions[(book.positions["quantity"] != 0) | book.positions.index.isin(of_symbol.index)]
    cash = book.cash
    names = (*positions.index, *cash.index)
    codes = tuple(dict.fromkeys([book.base_currency, *cash.index, *positions["currency"]]))
    row_currency = [*positions["currency"], *cash.index]
    index = np.array([codes.index(code) for code in row_currency], dtype=np.int64)
    multiplier = positions["multiplier"].to_numpy(dtype=np.float64)
    units = np.concatenate([positions["quantity"].to_numpy() * multiplier, cash["balance"].to_numpy()])
    added = _today(of_symbol, of_cash, positions.index, cash.index, multiplier) if len(moved) else np.zeros(len(units))
    close = np.concatenate([_cells(marks.previous_close, positions.index, np.nan), np.ones(len(cash))])
    rate = row_rates(codes, book.base_currency, marks.previous_rate)[index]
    opening = _worth(_settled(units - added, units, added), close, rate)
    moved_in = np.zeros(len(units))
    if len(moved):
        moved_in = np.concatenate([_moved(of_symbol, positions.index), _moved(of_cash, cash.index)]) + _carried(moved, positions.index, opening)
    return Terms(
        base_currency=book.base_currency,
        symbols=names,
        is_cash=np.repeat([False, True], [len(positions), len(cash)]),
        currencies=codes,
        currency_index=index,
        units=units,
        cost_base=np.concatenate([positions["cost_base"].to_numpy(), cash["cost_base"].to_numpy()]),
        opening_value=opening,
        moved_in=moved_in,
    )


def revalue(terms: Terms, price: ArrayLike | Mapping[str, float] | pd.Series, rate: ArrayLike | Mapping[str, float] | pd.Series) -> Revaluation:
    """Value every row at a price and a rate.

    Parameters
    ----------
    terms
        Rows to value.
    price
        Array of shape (n_holdings,) or (n_rows,) in the order of `terms.symbols`, local currency (cash rows are not read); or Series
        or mapping symbol -> price.
    rate
        Array of shape (n_currencies,) in the order of `terms.currencies`, base units per one unit; or Series or mapping.

    Returns
    -------
    Revaluation
        Market value, unrealised and day P/L of each row.

    Notes
    -----
    Convention: a missing price or rate is NaN and makes its row NaN, except where nothing is held.

    Raises
    ------
    MisalignedSeries
        An array of another length.

    Examples
    --------
    >>> from engine.ledger import book
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}], base_currency="EUR")
    >>> none = pd.Series(dtype=float)
    >>> rows = terms(held, Marks(none, pd.Series({"A": 6.0}), none, none), today="2024-01-03")
    >>> revalue(rows, {"A": 7.0}, {}).day_pnl.tolist()
    [2.0, 0.0]
    """
    prices = _row_prices(terms, price)
    rates = row_rates(terms.currencies, terms.base_currency, rate)[terms.currency_index]
    value = _worth(terms.units, prices, rates)
    return Revaluation(value, value - terms.cost_base, value - terms.day_anchor)


def _sums_of(moved: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum what moved by symbol and by currency of cash; most days nothing did, and summing nothing up costs as much as summing something."""
    if not len(moved):
        return moved.set_index("symbol"), moved.set_index("cash_currency")
    of_symbol = moved[moved["symbol"].notna()].groupby("symbol")[["quantity_delta", "transfer_base", "flow_base"]].sum(min_count=1)
    of_cash = moved[moved["cash_currency"].notna()].groupby("cash_currency")[["cash_delta_local", "transfer_base", "flow_base"]].sum(min_count=1)
    return of_symbol, of_cash


def _today(of_symbol: pd.DataFrame, of_cash: pd.DataFrame, symbols: pd.Index, currencies: pd.Index, multiplier: Floats) -> Floats:
    """Units that came today, row by row."""
    return np.concatenate([_cells(of_symbol["quantity_delta"], symbols) * multiplier, _cells(of_cash["cash_delta_local"], currencies)])


def row_rates(currencies: tuple[str, ...], base: str, rate: ArrayLike | Mapping[str, float] | pd.Series) -> Floats:
    """Rates in the order of currencies, the base being 1.

    Parameters
    ----------
    currencies
        Codes in the order wanted.
    base
        Base currency.
    rate
        Array of shape (n_currencies,) in that order, or Series or mapping currency -> base units per one unit.

    Returns
    -------
    ndarray
        Shape (n_currencies,), NaN where there is none.

    Raises
    ------
    MisalignedSeries
        An array of another length.

    Examples
    --------
    >>> row_rates(("EUR", "USD"), "EUR", {"USD": 0.8}).tolist()
    [1.0, 0.8]
    """
    if isinstance(rate, Mapping | pd.Series):
        return np.array([1.0 if code == base else rate.get(code, np.nan) for code in currencies], dtype=np.float64)
    rates = np.asarray(rate, dtype=np.float64)
    if rates.shape != (len(currencies),):
        raise MisalignedSeries("rate", "terms.currencies", reason=f"{rates.shape} rates for {len(currencies)} currencies")
    return rates


def _row_prices(terms: Terms, price: ArrayLike | Mapping[str, float] | pd.Series) -> Floats:
    prices = np.ones(len(terms.symbols))
    count = terms.n_holdings
    if isinstance(price, Mapping | pd.Series):
        prices[:count] = [price.get(symbol, np.nan) for symbol in terms.symbols[:count]]
        return prices
    given = np.asarray(price, dtype=np.float64)
    if given.shape not in {(count,), prices.shape}:
        raise MisalignedSeries("price", "terms.symbols", reason=f"{given.shape} prices for {count} holdings")
    if given.shape == prices.shape:
        return np.where(terms.is_cash, prices, given)
    prices[:count] = given
    return prices


def _worth(units: Floats, price: Floats, rate: Floats) -> Floats:
    """Value in which nothing held is worth nothing, known price or not."""
    return np.where(units == 0, 0.0, units * price * rate)


def _settled(opening: Floats, units: Floats, added: Floats) -> Floats:
    """Clear opening units of the dust of a subtraction that should give 0."""
    return np.where(np.abs(opening) <= 1e-12 * np.maximum(np.abs(units), np.abs(added)), 0.0, opening)


def _cells(series: pd.Series, index: pd.Index, missing: float = 0.0) -> Floats:
    return series.reindex(index, fill_value=missing).to_numpy(dtype=np.float64, na_value=np.nan)


def _moved(moved: pd.DataFrame, index: pd.Index) -> Floats:
    return _cells(moved["transfer_base"], index) + _cells(moved["flow_base"], index)


def _carried(moved: pd.DataFrame, index: pd.Index, opening: Floats) -> Floats:
    """Correct what successors received from cost to value; the parent gets the opposite, so nothing is added in all."""
    change = np.zeros(len(opening))
    parents = moved[moved["carried_share"] > 0]
    for parent, share, given, fact in zip(*(parents[name] for name in ("symbol", "carried_share", "transfer_base", "transaction_id")), strict=True):
        children = moved.loc[(moved["transaction_id"] == fact) & moved["symbol"].notna() & (moved["symbol"] != parent), "symbol"]
        place, successor = index.get_loc(parent), index.get_loc(children.iloc[0])
        if opening[place] and not np.isnan(opening[place]):
            above_cost = share * opening[place] + given
            change[successor] += above_cost
            change[place] -= above_cost
    return change
