"""What sales would realise, out of the lots that are held, as the portfolio's own cost method takes them."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from engine.lots_sold import from_lots
from engine.types import CostMethod
from services.books.answers import Answer

LONG_DAYS: Final = 365
COLUMNS: Final = ["gain", "short", "long"]
NO_GAINS: Final = pd.DataFrame(columns=COLUMNS, dtype=np.float64)
METHODS: Final = frozenset(each.value for each in CostMethod)


def gains_of_sales(answer: Answer, sold: pd.Series, units: pd.Series, *, long_days: int = LONG_DAYS) -> pd.DataFrame:
    """Tell what sales would realise.

    Parameters
    ----------
    answer
        The book whose lots are sold.
    sold
        Symbol -> units, 0 or more; what is beyond the lots opens a short and realises nothing.
    units
        Symbol -> value of one unit in base currency.
    long_days
        Days from which a gain is a long-term one.

    Returns
    -------
    DataFrame
        Symbol x `gain short long`, of those that are sold.
    """
    wanted = {str(symbol): float(quantity) for symbol, quantity in sold.items() if quantity > 0}
    rows = {symbol: _of(answer, symbol, quantity, float(units[symbol]), long_days) for symbol, quantity in wanted.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS, dtype=np.float64)


def _of(answer: Answer, symbol: str, quantity: float, unit: float, long_days: int) -> tuple[float, float, float]:
    lots = answer.book.lots
    mine = lots[(lots["symbol"] == symbol) & (lots["quantity"] > 0)]
    held = float(mine["quantity"].sum())
    if not held > 0:
        return 0.0, 0.0, 0.0
    method = answer.cost_method if answer.cost_method in METHODS else CostMethod.FIFO.value
    today = pd.Timestamp(answer.sight.day)
    sale = {"date": today, "quantity": min(quantity, held), "price": unit, "fee": 0.0, "tax": 0.0}
    taken = from_lots(mine, sale, method, rate=1.0, multiplier=1.0)
    is_long = (today - pd.to_datetime(taken["opened"])).dt.days > long_days
    gain = taken["gain"]
    return float(gain.sum()), float(gain[~is_long].sum()), float(gain[is_long].sum())
