"""Where a booked ledger goes below zero: sales of more than was held, and days that end with less than no cash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.types import Kind

if TYPE_CHECKING:
    from engine.ledger import Book

# Float sums differ from their decimals by far less than this share of all that moved.
_DUST = 1e-12
_DISPOSALS = (Kind.SELL, Kind.TRANSFER_OUT, Kind.ADJUSTMENT)


def shortfalls(booked: Book) -> pd.DataFrame:
    """Disposals of more than was held.

    Parameters
    ----------
    booked
        What `book` returns.

    Returns
    -------
    DataFrame
        One row a disposal, in the order booked: `date kind symbol transaction_id quantity held missing possible_from`: what left, what was
        held before (all accounts together), how much was not there, and the first day from which on it would always have been (NaT for none).

    Notes
    -----
    Convention: a disposal from a short that stands already is missing whole; a split or a stock dividend that makes one larger is none.

    Examples
    --------
    >>> from engine import book
    >>> sold = {"date": "2024-01-02", "kind": "SELL", "symbol": "A", "quantity": 3, "price": 1}
    >>> bought = {"date": "2024-01-05", "kind": "BUY", "symbol": "A", "quantity": 4, "price": 1}
    >>> shortfalls(book([sold, bought], base_currency="EUR"))[["quantity", "held", "possible_from"]].astype(str).to_numpy().tolist()
    [['3.0', '0.0', '2024-01-05']]
    """
    moves = booked.effects[(booked.effects["quantity_delta"] != 0).to_numpy() & booked.effects["symbol"].notna().to_numpy()]
    delta = moves["quantity_delta"]
    running = delta.groupby(moves["symbol"], sort=False).cumsum()
    scale = delta.abs().groupby(moves["symbol"], sort=False).cumsum()
    below = (running < -_DUST * scale) & (delta < 0) & moves["kind"].isin(_DISPOSALS)
    lowest = running[::-1].groupby(moves["symbol"][::-1], sort=False).cummin()[::-1]
    told = pd.DataFrame({
        "date": moves["date"], "kind": moves["kind"], "symbol": moves["symbol"], "transaction_id": moves["transaction_id"], "quantity": -delta,
        "held": np.maximum(running - delta, 0.0), "missing": np.minimum(-running, -delta),
    })[below.to_numpy()].reset_index(drop=True)  # fmt: skip
    covered = moves["date"][(lowest >= -_DUST * scale).to_numpy()].groupby(moves["symbol"], sort=False).min()
    return told.assign(possible_from=pd.to_datetime(told["symbol"].map(covered.to_dict())))


def overdrafts(booked: Book) -> pd.DataFrame:
    """Days that end with a negative balance.

    Parameters
    ----------
    booked
        What `book` returns.

    Returns
    -------
    DataFrame
        `date currency balance`, by date, in the currency; one row a day on which the balance moved.

    Notes
    -----
    Convention: the order within a day does not matter, its end does.

    Examples
    --------
    >>> from engine import book
    >>> paid = [{"date": "2024-01-02", "kind": "FEE", "amount": 3}, {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 2}]
    >>> overdrafts(book(paid, base_currency="EUR"))["balance"].tolist()
    [-1.0]
    """
    days = daily_balances(booked)
    return days[(days["balance"] < -_DUST * days["moved"]).to_numpy()].drop(columns="moved").reset_index(drop=True)


def daily_balances(booked: Book) -> pd.DataFrame:
    """Balance of each currency at the end of each day on which it moved.

    Parameters
    ----------
    booked
        What `book` returns.

    Returns
    -------
    DataFrame
        `date currency balance moved`, by date; `moved` is the sum of all amounts up to then, the scale of what rounding may be.

    Examples
    --------
    >>> from engine import book
    >>> daily_balances(book([{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 2}], base_currency="EUR"))["balance"].tolist()
    [2.0]
    """
    legs = booked.effects[booked.effects["cash_currency"].notna().to_numpy()]
    amounts = pd.DataFrame({"date": legs["date"], "currency": legs["cash_currency"], "balance": legs["cash_delta_local"],
                            "moved": legs["cash_delta_local"].abs()})  # fmt: skip
    days = amounts.groupby(["date", "currency"], as_index=False).sum()
    days[["balance", "moved"]] = days.groupby("currency")[["balance", "moved"]].cumsum()
    return days
