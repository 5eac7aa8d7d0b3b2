"""Which lots a sale takes, what that realises, and what the gains of a list cost in tax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from engine.advice.policy import Taxes
from engine.advice.trades import LotTaken
from engine.types import CostMethod

__all__ = ["HeldLot", "Realised", "chosen", "taken", "tax_due", "tax_upper"]

LONG, SHORT = "long", "short"
DUST = 1e-9


@dataclass(frozen=True, slots=True)
class HeldLot:
    """An open lot of one symbol in one account, in the order held. `cost` is base currency."""

    id: str
    opened: date | None
    quantity: float
    cost: float

    @property
    def unit_cost(self) -> float:
        """Cost of one unit."""
        return self.cost / self.quantity


@dataclass(frozen=True, slots=True)
class Realised:
    """Gains by term, base currency; losses that a repurchase spoils are left out of the tax and stay in the gain."""

    short: float = 0.0
    long: float = 0.0
    spoiled: float = 0.0  # losses without effect on tax, positive

    def __add__(self, other: Realised) -> Realised:
        return Realised(self.short + other.short, self.long + other.long, self.spoiled + other.spoiled)


def chosen(lots: Sequence[HeldLot], method: CostMethod, unit_proceeds: float, taxes: Taxes, day: date) -> list[HeldLot]:
    """Put lots in the order in which a sale takes them.

    Parameters
    ----------
    lots
        As held, the oldest first.
    method
        The book's: ``specific`` leaves the choice to us, and the lots that cost the least tax a unit go first; every other one has its order.
    unit_proceeds
        Base currency a unit, net of costs.
    taxes
        Rates, and how long is long.
    day
        Of the sale.

    Returns
    -------
    list of HeldLot
        One lot at the average cost under ``average``.

    Notes
    -----
    Convention: where two lots cost the same tax, the one with the higher cost goes first (less gain now), then the older. Lots of one
    purchase stay together, because a sale names purchases.

    Examples
    --------
    >>> from datetime import date
    >>> lots = [HeldLot("old", date(2020, 1, 2), 5, 50.0), HeldLot("new", date(2024, 1, 2), 5, 90.0)]
    >>> rates = Taxes(short_rate=0.4, long_rate=0.2)
    >>> [lot.id for lot in chosen(lots, CostMethod.SPECIFIC, 20.0, rates, date(2024, 3, 1))]
    ['new', 'old']
    """
    if method is CostMethod.AVERAGE:
        return _pooled(lots)
    if method is CostMethod.SPECIFIC:
        return _by_tax(lots, unit_proceeds, taxes, day)
    ordered = {CostMethod.LIFO: lambda: [*reversed(lots)], CostMethod.HIFO: lambda: sorted(lots, key=lambda lot: -_digits(lot.unit_cost)),
               CostMethod.LOFO: lambda: sorted(lots, key=lambda lot: _digits(lot.unit_cost))}
    return ordered.get(method, lambda: [*lots])()


def taken(order: Sequence[HeldLot], quantity: float, proceeds: float, taxes: Taxes, day: date, *, spoiled: bool = False) -> list[LotTaken]:
    """Take a quantity out of lots in their order.

    Parameters
    ----------
    order
        Of `chosen`.
    quantity
        Not more than they hold.
    proceeds
        Base currency, net of costs, of the whole quantity.
    taxes, day
        Rates, and the day of the sale.
    spoiled
        A purchase nearby spoils losses: they save no tax.

    Returns
    -------
    list of LotTaken
        In the order taken.

    Examples
    --------
    >>> from datetime import date
    >>> lots = [HeldLot("a", date(2020, 1, 2), 5, 50.0), HeldLot("b", date(2024, 1, 2), 5, 90.0)]
    >>> [(each.lot_id, each.quantity, each.gain) for each in taken(lots, 6, 120.0, Taxes(), date(2024, 3, 1))]
    [('a', 5.0, 50.0), ('b', 1.0, 2.0)]
    """
    held = np.array([lot.quantity for lot in order], dtype=np.float64)
    ends = np.cumsum(held)
    parts = np.clip(quantity - (ends - held), 0.0, held)
    if ends.size and abs(quantity - ends[-1]) <= DUST * ends[-1]:
        parts = held
    return [_taken(lot, float(part), proceeds * float(part) / quantity, taxes, day, spoiled=spoiled)
            for lot, part in zip(order, parts, strict=True) if part > DUST * lot.quantity]


def realised(parts: Sequence[LotTaken], *, spoiled: bool = False) -> Realised:
    """Sum the gains of parts by term."""
    lost = -sum(part.gain for part in parts if part.gain < 0) if spoiled else 0.0
    sums = {term: sum(part.gain for part in parts if part.term == term and not (spoiled and part.gain < 0)) for term in (SHORT, LONG)}
    return Realised(sums[SHORT], sums[LONG], lost)


def tax_due(short: float, long: float, taxes: Taxes) -> float:
    """Tax on the gains of a year, losses of one term set off against gains of the other.

    Parameters
    ----------
    short, long
        Net gains by term, base currency.
    taxes
        Rates.

    Returns
    -------
    float
        Never negative.

    Examples
    --------
    >>> tax_due(-100.0, 300.0, Taxes(short_rate=0.4, long_rate=0.2))
    40.0
    """
    if short * long < 0:
        net = short + long
        short, long = (net, 0.0) if abs(short) > abs(long) else (0.0, net)
    return max(0.0, short) * taxes.short_rate + max(0.0, long) * taxes.long_rate


def tax_upper(taxes: Taxes) -> NDArray[np.float64]:
    """Planes whose largest, and nothing, is never below `tax_due`: rows of what a unit of short and of long gain costs."""
    least = min(taxes.short_rate, taxes.long_rate)
    return np.array([[taxes.short_rate, taxes.long_rate], [least, least]])


def term_of(opened: date | None, taxes: Taxes, day: date) -> str:
    """Name the term of a lot: long where it was held for more than the days of the policy."""
    return LONG if opened is not None and (day - opened).days > taxes.long_days else SHORT


def _taken(lot: HeldLot, quantity: float, proceeds: float, taxes: Taxes, day: date, *, spoiled: bool) -> LotTaken:
    cost = lot.cost * quantity / lot.quantity
    gain, term = proceeds - cost, term_of(lot.opened, taxes, day)
    rate = taxes.long_rate if term == LONG else taxes.short_rate
    return LotTaken(lot.id, lot.opened, quantity, cost, proceeds, gain, term, 0.0 if spoiled and gain < 0 else gain * rate)


def _pooled(lots: Sequence[HeldLot]) -> list[HeldLot]:
    if not lots:
        return []
    dated = [lot.opened for lot in lots if lot.opened is not None]
    return [HeldLot(lots[0].id, min(dated) if dated else None, sum(lot.quantity for lot in lots), sum(lot.cost for lot in lots))]


def _by_tax(lots: Sequence[HeldLot], unit_proceeds: float, taxes: Taxes, day: date) -> list[HeldLot]:
    """Sort purchases by tax a unit; the lots of one purchase stay in the order held."""
    purchases: dict[str, list[HeldLot]] = {}
    for lot in lots:
        purchases.setdefault(lot.id, []).append(lot)

    def costs(parts: list[HeldLot]) -> tuple[float, float]:
        units, cost = sum(lot.quantity for lot in parts), sum(lot.cost for lot in parts)
        rate = taxes.long_rate if term_of(parts[0].opened, taxes, day) == LONG else taxes.short_rate
        return _digits((unit_proceeds - cost / units) * rate), -_digits(cost / units)

    return [lot for parts in sorted(purchases.values(), key=costs) for lot in parts]


def _digits(value: float) -> float:
    """Round to twelve digits, so that the noise of floats does not order lots of equal cost."""
    return float(f"{value:.11e}")
