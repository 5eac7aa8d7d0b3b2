"""Purchases and sales of a scope as a model looks at them: size, price against the close of the day, fee."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data import calendar
from data.database import Database
from engine.types import Kind
from services.books.answers import Answer
from services.risk.total_returns import read_closes

TRADES: Final = (Kind.BUY.value, Kind.SELL.value)
COLUMNS: Final = ["size", "price", "fee"]


def trades_of(database: Database, answer: Answer) -> pd.DataFrame:
    """Lay the trades of a scope out, oldest first.

    Parameters
    ----------
    database : Database
    answer : Answer
        The books of the scope.

    Returns
    -------
    DataFrame
        `id date symbol kind amount close price_local` and the features `size price fee`: log of the amount, log of the price over the close
        of the day (0 where none is known), log of one plus the fee over the amount.
    """
    rows = pd.concat([part.ledger for part in answer.parts], ignore_index=True) if answer.parts else pd.DataFrame()
    if rows.empty:
        return pd.DataFrame(columns=["id", "date", "symbol", "kind", "amount", "close", "price_local", *COLUMNS])
    mine = rows[rows["kind"].isin(TRADES) & rows["price"].gt(0) & rows["quantity"].gt(0) & rows["symbol"].isin([*answer.instruments])]
    mine = mine.sort_values("date", kind="stable").reset_index(drop=True)
    with database.read() as unit:
        closes = read_closes(unit, answer.instruments, calendar.today())
    amount = (mine["price"] * mine["quantity"]).astype(np.float64)
    close = pd.Series([_close(closes, symbol, day) for symbol, day in zip(mine["symbol"], mine["date"], strict=True)], index=mine.index, dtype=float)
    apart = np.log(mine["price"].astype(np.float64) / close)
    return pd.DataFrame({
        "id": mine["id"].astype(str), "date": mine["date"], "symbol": mine["symbol"], "kind": mine["kind"], "amount": amount, "close": close,
        "price_local": mine["price"].astype(np.float64), "size": np.log(amount), "price": apart.where(np.isfinite(apart), 0.0),
        "fee": np.log1p(mine["fee"].fillna(0.0).clip(lower=0.0).astype(np.float64) / amount),
    })


def _close(closes: pd.DataFrame, symbol: str, day: pd.Timestamp) -> float:
    """Give the close of a day; NaN where there is none on it."""
    found = closes[symbol].get(pd.Timestamp(day).normalize()) if symbol in closes.columns else None
    return float(found) if found is not None and np.isfinite(found) else float("nan")
