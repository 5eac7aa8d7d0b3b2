"""Prices meet the book: the one place where quantities become values.

`terms` lays a book out as arrays that stay fixed between two ledger changes, `revalue` multiplies them with prices and rates,
`snapshot` joins both with the book's amounts. REST, page and stream all come through here, so no number is computed twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    moves = _moves_of(book.effects, day)
    known = book.positions.index.tolist()
    quantity = book.positions["quantity"].to_numpy(dtype=np.float64)
    kept = np.flatnonzero((quantity != 0) | np.array([symbol in moves.symbols for symbol in known], dtype=bool))
    symbols, cash = [known[place] for place in kept.tolist()], book.cash.index.tolist()
    currencies = book.positions["currency"].to_numpy(dtype=object)[kept].tolist()
    codes = tuple(dict.fromkeys([book.base_currency, *cash, *currencies]))
    where = {code: place for place, code in enumerate(codes)}
    index = np.array([where[code] for code in (*currencies, *cash)], dtype=np.int64)
    multiplier = book.positions["multiplier"].to_numpy(dtype=np.float64)[kept]
    units = np.concatenate([quantity[kept] * multiplier, book.cash["balance"].to_numpy(dtype=np.float64)])
    scale = np.concatenate([multiplier, np.ones(len(cash))])
    added = moves.row_by_row("added", symbols, cash) * scale if moves else np.zeros(len(units))
    rate = row_rates(codes, book.base_currency, marks.previous_rate)[index]
    opening = _worth(_settled(units - added, units, added), _closes_of(marks.previous_close, symbols, len(cash)), rate)
    moved_in = moves.row_by_row("value", symbols, cash) + _carried(moves.rows, symbols, opening) if moves else np.zeros(len(units))
    cost = [book.positions["cost_base"].to_numpy(dtype=np.float64)[kept], book.cash["cost_base"].to_numpy(dtype=np.float64)]
    return Terms(
        base_currency=book.base_currency,
        symbols=(*symbols, *cash),
        is_cash=np.repeat([False, True], [len(symbols), len(cash)]),
        currencies=codes,
        currency_index=index,
        units=units,
        cost_base=np.concatenate(cost),
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


@dataclass(frozen=True, slots=True)
class _Moves:
    """What moved on a day: units (or money) and value by symbol and by currency of cash."""

    rows: pd.DataFrame
    symbols: dict[str, tuple[float, float]]
    cash: dict[str, tuple[float, float]]

    def __bool__(self) -> bool:
        return len(self.rows) > 0

    def row_by_row(self, what: str, symbols: Sequence[str], cash: Sequence[str]) -> Floats:
        """Units that were ``added``, or ``value`` that moved in, in the order of the rows; 0 where nothing moved."""
        place, nothing = ("added", "value").index(what), (0.0, 0.0)
        found = [self.symbols.get(name, nothing)[place] for name in symbols] + [self.cash.get(name, nothing)[place] for name in cash]
        return np.array(found, dtype=np.float64)


def _moves_of(effects: pd.DataFrame, day: pd.Timestamp) -> _Moves:
    """Sum up what moved on a day; most days nothing did."""
    places = np.flatnonzero(effects["date"].to_numpy() == day.to_datetime64())
    if not places.size:
        return _Moves(effects.iloc[:0], {}, {})
    value = [effects[name].to_numpy(dtype=np.float64)[places] for name in ("transfer_base", "flow_base")]
    sums = [_sums_by(effects[name].to_numpy(dtype=object)[places], [effects[amount].to_numpy(dtype=np.float64)[places], *value])
            for name, amount in (("symbol", "quantity_delta"), ("cash_currency", "cash_delta_local"))]
    return _Moves(effects.iloc[places], *sums)


def _sums_by(names: NDArray[np.object_], amounts: Sequence[Floats]) -> dict[str, tuple[float, float]]:
    """Sum units, and both parts of value together, by name; what is not known of any row of a name is not known of it."""
    codes, known = pd.factorize(names)
    sums = [_known_sums(codes, each, len(known)) for each in amounts]
    return {str(name): (float(added), float(transfer + flow)) for name, added, transfer, flow in zip(known, *sums, strict=True)}


def _known_sums(codes: NDArray[np.int64], amounts: Floats, size: int) -> Floats:
    told = (codes >= 0) & ~np.isnan(amounts)
    sums = np.bincount(codes[told], amounts[told], size)
    found: Floats = np.where(np.bincount(codes[told], minlength=size) > 0, sums, np.nan)
    return found


def _closes_of(closes: pd.Series, symbols: Sequence[str], cash: int) -> Floats:
    """Close of each row the day before; money is worth 1."""
    known = dict(zip(closes.index.tolist(), closes.to_numpy(dtype=np.float64, na_value=np.nan).tolist(), strict=True))
    return np.array([known.get(symbol, np.nan) for symbol in symbols] + [1.0] * cash, dtype=np.float64)


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
        known = price if isinstance(price, Mapping) else price.to_dict()
        prices[:count] = [known.get(symbol, np.nan) for symbol in terms.symbols[:count]]
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


def _carried(moved: pd.DataFrame, symbols: Sequence[str], opening: Floats) -> Floats:
    """Correct what successors received from cost to value; the parent gets the opposite, so nothing is added in all."""
    change = np.zeros(len(opening))
    if not (moved["carried_share"].to_numpy() > 0).any():
        return change
    parents = moved[moved["carried_share"] > 0]
    for parent, share, given, fact in zip(*(parents[name] for name in ("symbol", "carried_share", "transfer_base", "transaction_id")), strict=True):
        children = moved.loc[(moved["transaction_id"] == fact) & moved["symbol"].notna() & (moved["symbol"] != parent), "symbol"]
        place, successor = symbols.index(parent), symbols.index(children.iloc[0])
        if opening[place] and not np.isnan(opening[place]):
            above_cost = share * opening[place] + given
            change[successor] += above_cost
            change[place] -= above_cost
    return change
