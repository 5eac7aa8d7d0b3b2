"""Wash sales: losses that the rule of the United States defers because the same shares were bought within thirty days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engine.ledger import Book
from engine.share_units import share_units
from engine.types import Kind

__all__ = ["WashSales", "wash_sales"]

_WINDOW = pd.Timedelta(days=30)
_DUST = 1e-9


@dataclass(frozen=True, slots=True)
class WashSales:
    """What the rule does to the gains of a book; the gains themselves stay as they are.

    Attributes
    ----------
    rows
        Index of `Book.gains`: `disallowed` (positive, of the row's loss), `carried_cost` (disallowed before, now in the cost of the lot that the
        row sold), `adjusted_gain` (gain - carried_cost + disallowed) and `washed` (whether anything was disallowed).
    replacements
        One row a loss and a purchase that replaces it: `symbol closed transaction_id lot_id replacement_id replaced_on quantity disallowed
        days_added`; the replacement's cost grows by `disallowed`, its holding period by `days_added`.
    """

    rows: pd.DataFrame
    replacements: pd.DataFrame


@dataclass(slots=True)
class _Purchase:
    """A purchase as a replacement: comparable units that no loss has used, and the cost added to some of them."""

    id: str
    date: pd.Timestamp
    units: float
    free: float
    added: list[tuple[float, float]] = field(default_factory=list)  # units, cost a unit


REPLACEMENT = ("symbol", "closed", "transaction_id", "lot_id", "replacement_id", "replaced_on", "quantity", "disallowed", "days_added")


def wash_sales(booked: Book) -> WashSales:
    """Find the washed losses of a book, and which lots they go to.

    Parameters
    ----------
    booked
        Booked ledger, with any cost method; merged ones of the same person are looked at as one.

    Returns
    -------
    WashSales
        Adjustments by row of `booked.gains`, and the replacements.

    Notes
    -----
    Convention: substantially identical means the same instrument. Losses are looked at in the order in which they were realised, purchases in
    the order in which they were made, from thirty days before to thirty days after the sale; a share replaces once. The purchase that the sold
    lot came of replaces nothing of itself, and neither do shares sold before or with the loss, nor those that cover a short. Losses of covered
    shorts are left alone. Quantities are compared across splits.

    References
    ----------
    IRC s. 1091; 26 CFR 1.1091-1 and -2; IRS Publication 550, Wash Sales.

    Examples
    --------
    >>> from engine.ledger import book
    >>> sold = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "X", "quantity": 100, "amount": 1000},
    ...              {"date": "2024-03-01", "kind": "SELL", "symbol": "X", "quantity": 100, "amount": 750},
    ...              {"date": "2024-03-15", "kind": "BUY", "symbol": "X", "quantity": 100, "amount": 800}], base_currency="USD")
    >>> wash_sales(sold).replacements[["replacement_id", "disallowed"]].to_dict("records")
    [{'replacement_id': '3', 'disallowed': 250.0}]
    """
    gains = booked.gains
    state = _State(gains, booked.effects)
    order = gains[gains["kind"] != Kind.RETURN_OF_CAPITAL.value].sort_values(["closed", "opened"], kind="stable").index
    for row in order:
        state.look_at(row)
    rows = pd.DataFrame({"disallowed": state.disallowed, "carried_cost": state.carried}, index=gains.index, dtype=np.float64)
    rows["adjusted_gain"] = gains["gain"] - rows["carried_cost"] + rows["disallowed"]
    rows["washed"] = rows["disallowed"] > 0
    return WashSales(rows, pd.DataFrame(state.found, columns=list(REPLACEMENT)))


class _State:
    """Purchases by symbol with what is left of them, and what was found so far."""

    def __init__(self, gains: pd.DataFrame, effects: pd.DataFrame) -> None:
        trades = effects[effects["symbol"].notna()]
        factors = share_units(trades)
        self._factor = dict(zip(zip(trades["transaction_id"], trades["symbol"], strict=True), factors, strict=True))
        self._gains: list[Any] = list(gains.itertuples())
        self._units = [abs(row.quantity) / self._factor.get((row.transaction_id, row.symbol), 1.0) for row in self._gains]
        self._sold: dict[str, list[tuple[pd.Timestamp, float]]] = defaultdict(list)
        covered: dict[str, float] = defaultdict(float)
        for row, units in zip(self._gains, self._units, strict=True):
            if row.quantity > 0:
                self._sold[row.lot_id].append((row.closed, units))
            elif row.quantity < 0:
                covered[row.transaction_id] += units
        self._purchases = self._bought(trades.assign(factor=factors), covered)
        self._by_id = {one.id: one for every in self._purchases.values() for one in every}
        self.disallowed, self.carried = np.zeros(len(gains)), np.zeros(len(gains))
        self.found: list[tuple[object, ...]] = []

    @staticmethod
    def _bought(trades: pd.DataFrame, covered: dict[str, float]) -> dict[str, list[_Purchase]]:
        found: dict[str, list[_Purchase]] = defaultdict(list)
        bought: Iterator[Any] = trades[trades["kind"] == Kind.BUY.value].sort_values("date", kind="stable").itertuples()
        for row in bought:
            units = row.quantity_delta / row.factor - covered.get(row.transaction_id, 0.0)
            if units > _DUST:
                found[row.symbol].append(_Purchase(row.transaction_id, row.date, units, units))
        return found

    def look_at(self, place: int) -> None:
        """Add to the cost of one sold lot what was disallowed before, and disallow its loss as far as it was replaced."""
        row, units = self._gains[place], self._units[place]
        if row.quantity <= 0:
            return
        self.carried[place] = self._uplift(row.lot_id, units)
        loss = self.carried[place] - row.gain
        if not loss > _DUST:
            return
        for purchase, matched in self._replacing(row, units):
            part = loss * matched / units
            purchase.free -= matched
            purchase.added.append((matched, part / matched))
            self.disallowed[place] += part
            factor = self._factor.get((row.transaction_id, row.symbol), 1.0)
            self.found.append((row.symbol, row.closed, row.transaction_id, row.lot_id, purchase.id, purchase.date, matched * factor, part,
                               (row.closed - row.opened).days))

    def _uplift(self, lot: str, units: float) -> float:
        """Cost added to the units of a lot that are sold now: those that replaced something leave first."""
        purchase, total = self._by_id.get(lot), 0.0
        while purchase and purchase.added and units > _DUST:
            held, cost = purchase.added.pop(0)
            taken = min(held, units)
            total += taken * cost
            units -= taken
            if held - taken > _DUST:
                purchase.added.insert(0, (held - taken, cost))
        return total

    def _replacing(self, row: Any, units: float) -> Iterator[tuple[_Purchase, float]]:  # noqa: ANN401
        """Find the purchases near a loss, earliest first, with as much of each as is free and still held."""
        every = self._purchases.get(row.symbol, [])
        first = bisect_left(every, row.closed - _WINDOW, key=_date_of)
        for purchase in every[first : bisect_right(every, row.closed + _WINDOW, lo=first, key=_date_of)]:
            if units <= _DUST:
                return
            if purchase.id == row.lot_id or (row.lot_id not in self._by_id and purchase.date == row.opened):  # itself, moved or not
                continue
            gone = sum(sold for when, sold in self._sold.get(purchase.id, []) if when <= row.closed)
            matched = min(units, purchase.free, purchase.units - gone)
            if matched > _DUST:
                units -= matched
                yield purchase, matched


def _date_of(purchase: _Purchase) -> pd.Timestamp:
    return purchase.date
