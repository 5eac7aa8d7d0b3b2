"""What a share paid lately: as its corporate actions tell, or as it was booked where they tell nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from engine.types import CorporateAction, Kind

YEAR: Final = 365
PAYMENT: Final = "dividend"
NEW_SHARES: Final = "split"


def dividends_a_share(effects: pd.DataFrame, symbol: str, actions: Sequence[CorporateAction], today: date) -> tuple[float, float]:
    """Tell what a share of today paid in the last year and in the year before, in the currency of its dividends.

    Parameters
    ----------
    effects : DataFrame
        Of the book.
    symbol : str
    actions : sequence of CorporateAction
        Of the instrument; they are believed where they tell any payment at all.
    today : date

    Returns
    -------
    tuple of float
        0 where nothing was paid.
    """
    paid = _announced(actions) or _booked(effects[(effects["symbol"] == symbol).to_numpy()])
    last, before = today - timedelta(days=YEAR), today - timedelta(days=2 * YEAR)
    return (sum(amount for day, amount in paid if last < day <= today), sum(amount for day, amount in paid if before < day <= last))


def _announced(actions: Sequence[CorporateAction]) -> list[tuple[date, float]]:
    """Give payments in shares of today: a later split has made them smaller."""
    splits = [(each.date, float(each.ratio)) for each in actions if each.kind == NEW_SHARES and each.ratio]
    payments = [(each.date, float(each.amount)) for each in actions if each.kind == PAYMENT and each.amount]
    return [(day, amount / float(np.prod([ratio for split, ratio in splits if split > day]))) for day, amount in payments]


def _booked(rows: pd.DataFrame) -> list[tuple[date, float]]:
    """Give payments over what was held before each."""
    held, found = 0.0, []
    for kind, day, moved, amount in zip(rows["kind"], rows["date"], rows["quantity_delta"], rows["income"], strict=True):
        if kind == Kind.DIVIDEND.value and held > 0 and amount > 0:
            found.append((day.date(), float(amount) / held))
        if kind in {Kind.SPLIT.value, Kind.STOCK_DIVIDEND.value} and held > 0 and held + moved > 0:
            found = [(when, each * held / (held + moved)) for when, each in found]
        held += float(moved) if np.isfinite(moved) else 0.0
    return found
