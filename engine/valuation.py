"""One call from what a user has in a notebook to the answer: positions, realised gains, a valuation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd

from engine.currencies import currency_code, rate_history
from engine.frames import Records, fx_frame, instant, price_frame
from engine.ledger import Book, book
from engine.revaluation import Marks, Revaluation, Terms, revalue, terms
from engine.snapshots import Snapshot, snapshot

__all__ = [
    "BookOptions",
    "Marks",
    "Revaluation",
    "Snapshot",
    "Terms",
    "marks_at",
    "positions",
    "realised_gains",
    "revalue",
    "snapshot",
    "terms",
    "valuation",
]

Rates = pd.DataFrame | pd.Series | Mapping[str, float] | None
Prices = pd.DataFrame | pd.Series | Mapping[str, float]


class BookOptions(TypedDict, total=False):
    """Conventions that every view hands to `book`."""

    fees_in_cost: bool
    oversell: str
    lots_by: str
    multipliers: Mapping[str, float] | None
    currencies: Mapping[str, str] | None


class LedgerOptions(BookOptions, total=False):
    """The same, with what a view of the ledger alone can leave open."""

    base_currency: str | None
    fx: Rates
    as_of: date | datetime | str | None


def positions(ledger: Records, *, cost_method: str = "fifo", **options: Unpack[LedgerOptions]) -> pd.DataFrame:
    """Positions that a ledger leaves.

    Parameters
    ----------
    ledger
        What `ledger_frame` takes: at least `date kind symbol quantity price`.
    cost_method
        ``fifo`` (default), ``lifo``, ``hifo``, ``lofo``, ``average`` or ``specific``.
    **options
        Further conventions of `book`. `base_currency` defaults to the first currency the ledger names, else USD.

    Returns
    -------
    DataFrame
        `Book.positions`: index symbol; closed positions stay with quantity 0.

    Notes
    -----
    Convention: costs include the fees and taxes of purchases unless ``fees_in_cost=False``.

    Raises
    ------
    InvalidTransaction
        A row that cannot be booked.

    Examples
    --------
    >>> ledger = pd.DataFrame({"date": ["2024-01-02", "2024-01-03"], "kind": "BUY", "symbol": "A", "quantity": [1, 3], "price": [10, 20]})
    >>> positions(ledger)[["quantity", "cost_base"]].loc["A"].tolist()
    [4.0, 70.0]
    """
    return _booked(ledger, cost_method, options).positions


def realised_gains(ledger: Records, *, cost_method: str = "fifo", **options: Unpack[LedgerOptions]) -> pd.DataFrame:
    """Gains of a ledger, one row a lot matched by a disposal.

    Parameters
    ----------
    ledger
        What `ledger_frame` takes.
    cost_method
        ``fifo`` (default), ``lifo``, ``hifo``, ``lofo``, ``average`` or ``specific``.
    **options
        Further conventions of `book`, as in `positions`.

    Returns
    -------
    DataFrame
        `Book.gains`.

    Notes
    -----
    Convention: gain = proceeds - cost. With ``fees_in_cost`` (default) it is net, and gross is gain + fee + tax; without, it is gross,
    and net is gain - fee - tax. `fee` and `tax` are those of both sides.

    Raises
    ------
    InvalidTransaction
        A row that cannot be booked.

    Examples
    --------
    >>> ledger = pd.DataFrame({"date": ["2024-01-02", "2024-01-03"], "kind": ["BUY", "SELL"], "symbol": "A", "quantity": [3, 1], "price": [10, 20]})
    >>> realised_gains(ledger)["gain"].tolist()
    [10.0]
    """
    return _booked(ledger, cost_method, options).gains


def valuation(
    ledger: Records,
    prices: Prices,
    fx: Rates = None,
    *,
    as_of: date | datetime | str,
    base_currency: str,
    cost_method: str = "fifo",
    cost_rate: str = "purchase",
    **options: Unpack[BookOptions],
) -> Snapshot:
    """Value a ledger at an instant: holdings, cash and totals.

    Parameters
    ----------
    ledger
        What `ledger_frame` takes.
    prices
        DataFrame of shape (n_dates, n_symbols), local currency, unadjusted; the last row on or before `as_of` counts, and the last
        before its date is the previous close. Or one price a symbol (no previous close, so no day P/L).
    fx
        Rates, dates x pairs (``EURUSD`` = USD for one EUR) or one rate a pair.
    as_of
        date (its end) or instant.
    base_currency
        Currency of the result.
    cost_method
        As in `positions`.
    cost_rate
        ``purchase`` (default) or ``today``: the rate that cost is told at, as in `snapshot`.
    **options
        Further conventions of `book`.

    Returns
    -------
    Snapshot
        Holdings, cash, closed positions, totals and findings.

    Notes
    -----
    Convention: as in `snapshot`; a gap takes the last price or rate before it.

    Raises
    ------
    InvalidTransaction
        A row that cannot be booked.
    InvalidInput
        Prices or rates that are no frames of numbers by date.

    Examples
    --------
    >>> ledger = pd.DataFrame({"date": ["2024-01-02"], "kind": "BUY", "symbol": "A", "quantity": [3], "price": [10]})
    >>> valuation(ledger, pd.Series({"A": 12.0}), as_of="2024-01-31", base_currency="USD").totals["market_value"]
    36.0
    """
    booked = book(ledger, base_currency=base_currency, fx=fx, cost_method=cost_method, as_of=as_of, **options)
    return snapshot(booked, marks_at(booked, prices, fx, as_of=as_of), as_of=as_of, cost_rate=cost_rate)


def marks_at(booked: Book, prices: Prices, fx: Rates = None, *, as_of: date | datetime | str) -> Marks:
    """Prices and rates of an instant out of histories.

    Parameters
    ----------
    booked
        Book whose currencies are wanted.
    prices, fx
        As in `valuation`.
    as_of
        date (its end) or instant.

    Returns
    -------
    Marks
        The last on or before `as_of`, and the last before its date.

    Notes
    -----
    Convention: one price or rate a name without dates counts now; as a rate it counts yesterday too, as a price it does not.

    Raises
    ------
    InvalidInput
        As in `valuation`.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02"])
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}], base_currency="EUR")
    >>> marks_at(held, pd.DataFrame({"A": [4.0, 5.0]}, index=days), as_of="2024-01-02").previous_close.to_dict()
    {'A': 4.0}
    """
    stamp = instant(as_of)
    day = stamp.normalize()
    history, rates = price_frame(prices), fx_frame(fx)
    currencies = dict.fromkeys([booked.base_currency, *booked.cash.index, *booked.positions["currency"]])
    table = rate_history(currency_code(booked.base_currency), currencies, rates)
    table = table if len(table) else pd.DataFrame({booked.base_currency: [1.0]}, index=pd.DatetimeIndex([pd.Timestamp(1700, 1, 1)]))
    dated = isinstance(prices, pd.DataFrame)
    return Marks(
        price=_last(history, stamp, inclusive=True),
        previous_close=_last(history, day, inclusive=False) if dated else pd.Series(dtype=np.float64),
        rate=_last(table, stamp, inclusive=True),
        previous_rate=_last(table, day, inclusive=False),
    )


def _last(history: pd.DataFrame, stamp: pd.Timestamp, *, inclusive: bool) -> pd.Series:
    """Last known number of each column up to an instant."""
    end = history.index.searchsorted(stamp, side="right" if inclusive else "left")
    seen = history.iloc[:end]
    if seen.empty:
        return pd.Series(np.nan, index=history.columns, dtype=np.float64)
    cells = seen.to_numpy()
    known = ~np.isnan(cells)
    newest = len(cells) - 1 - np.argmax(known[::-1], axis=0)
    return pd.Series(np.where(known.any(axis=0), cells[newest, np.arange(cells.shape[1])], np.nan), index=history.columns)


def _booked(ledger: Records, cost_method: str, options: LedgerOptions) -> Book:
    given: dict[str, Any] = dict(options)
    base = given.pop("base_currency", None) or _first_currency(ledger)
    return book(ledger, base_currency=base, cost_method=cost_method, **given)


def _first_currency(ledger: Records) -> str:
    """Currency that a ledger names first, for callers who have only one and do not care to say which."""
    if isinstance(ledger, pd.DataFrame) and "currency" in ledger:
        named = ledger["currency"].dropna()
        return str(named.iloc[0]) if len(named) else "USD"
    return "USD"
