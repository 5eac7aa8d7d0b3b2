"""From a revaluation to the figures of the screen: rounded once, so that rows add up to totals and the identity holds to the cent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.rounding import largest_remainder, to_cents
from engine.types import PriceState

Floats = npt.NDArray[np.float64]
FIELDS: Final = ("market_value", "unrealised", "day_pnl", "total_pnl", "day_return", "on_cost", "weight", "price", "fx_rate")
IDENTITY: Final = ("net_contributions", "realised", "income", "fees", "taxes", "fx_gain")
_SIGNS: Final = np.array([1.0, 1.0, 1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True, slots=True)
class Fixed:
    """What stays of a scope between two ledger changes. Arrays are of shape (n_rows,), holdings first, then cash."""

    is_cash: npt.NDArray[np.bool_]
    held: npt.NDArray[np.bool_]  # False for what was closed today
    cost: Floats  # cost basis in base currency, signed, 0 for cash
    settled: Floats  # realised + income - fees - taxes of the row's instrument in base currency, 0 for cash
    opening: Floats  # value at the previous close, base currency
    moved_in: Floats  # value that moved in today
    constants: dict[str, float]  # the terms of `IDENTITY` but fx_gain


@dataclass(frozen=True, slots=True)
class Worth:
    """One revaluation, unrounded, of shape (n_rows,) each."""

    market_value: Floats
    unrealised: Floats  # of cash: its currency gain
    day_pnl: Floats
    price: Floats  # local; NaN for cash
    rate: Floats  # base units per one unit of the row's currency


def rows(fixed: Fixed, worth: Worth) -> Floats:
    """Give the table of shape (n_rows, len(FIELDS)): money in cents, ratios to six decimals, weights in percent that sum to 100.0.

    A cash row has neither unrealised nor total P/L: its currency gain stands in the totals alone.
    """
    value, day = to_cents(worth.market_value), to_cents(worth.day_pnl)
    unrealised, total = (np.where(fixed.is_cash, np.nan, to_cents(part)) for part in (worth.unrealised, worth.unrealised + fixed.settled))
    ratios = ratio(day, capital(fixed.opening, fixed.moved_in)), ratio(total, fixed.cost), weights(value)
    return np.column_stack([value, unrealised, day, total, *ratios, worth.price, worth.rate])


def capital(opening: Floats, moved_in: Floats) -> Floats:
    """Give what a day's return is counted on: the opening value, or with what came in today where that is more."""
    largest: Floats = np.maximum(np.abs(opening), np.abs(opening + moved_in))
    return largest


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide to six decimals; NaN where there is nothing positive to divide by."""
    divided: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0.005)
    return np.round(divided, 6)


def weights(value: Floats) -> Floats:
    """Give percent of the whole to one decimal; the known ones sum to 100.0."""
    known = np.isfinite(value)
    shares, whole = np.full(len(value), np.nan), float(value[known].sum())
    if whole > 0:
        shares[known] = largest_remainder(100 * value[known] / whole, 100.0, 1)
    return shares


def totals(fixed: Fixed, worth: Worth, table: Floats) -> dict[str, Any]:
    """Sum the rounded rows; rows without a price count for nothing and are counted."""
    value, unrealised, day = (np.nan_to_num(table[:, column]) for column in range(3))
    holding, known = ~fixed.is_cash, np.isfinite(table[:, 0])
    figures: dict[str, Any] = {"value": cents(value.sum()), "market_value": cents(value[holding].sum()), "cash": cents(value[fixed.is_cash].sum()),
                               "unrealised": cents(unrealised.sum()), "day_pnl": cents(day.sum())}
    figures |= identity(fixed, worth, figures["value"] - figures["unrealised"], known)
    figures["total_pnl"] = clean(cents(figures["value"] + figures["cost_excluded"] - (figures["net_contributions"] or 0.0)))
    dated = np.isfinite(table[:, 2])
    base = capital(fixed.opening[dated].sum(keepdims=True), fixed.moved_in[dated].sum(keepdims=True))
    figures["day_return"] = clean(ratio(np.array([figures["day_pnl"]]), base)[0])
    movers = day[holding & fixed.held]
    return figures | {"up": int((movers > 0).sum()), "down": int((movers < 0).sum()), "missing": int((~known).sum())}


def stale(table: Floats, states: Sequence[str]) -> dict[str, Any]:
    """Tell how much of the value rests on stale prices: `stale_value` in cents, its share of the value, and how many holdings."""
    old = np.array([state == PriceState.STALE.value for state in states] + [False] * (len(table) - len(states)), dtype=bool)
    value = np.abs(np.nan_to_num(table[:, 0]))
    part, whole = cents(value[old].sum()), float(value.sum())
    return {"stale_value": part, "stale_share": round(part / whole, 6) if whole > 0 else 0.0, "stale_count": int(old.sum())}


def identity(fixed: Fixed, worth: Worth, rest: float, known: npt.NDArray[np.bool_]) -> dict[str, float | None]:
    """Round contributed, realised, income, fees, taxes and currency gain so that they add up to `rest`, which is value less unrealised.

    Where a price is missing its cost is told as `cost_excluded`, and where a term is unknown nothing is fitted: what is not known must
    not be hidden in another term.
    """
    gain = float(worth.unrealised[known & fixed.is_cash].sum())
    excluded = float(to_cents(np.array([fixed.cost[~known].sum()]))[0])
    signed = _SIGNS * np.array([*(fixed.constants[name] for name in IDENTITY[:-1]), gain])
    fitted = largest_remainder(signed, rest + excluded, 2) if np.isfinite(signed).all() else to_cents(signed)
    terms = {name: clean(cents(value)) for name, value in zip(IDENTITY, fitted * _SIGNS, strict=True)}
    return terms | {"cost_excluded": excluded}


def cents(value: float) -> float:
    """Take the noise off a sum of rounded figures."""
    return round(float(value), 2) + 0.0


def clean(value: float) -> float | None:
    """Give a figure as JSON can hold it."""
    return float(value) if math.isfinite(value) else None


def record(row: Sequence[float]) -> dict[str, float | None]:
    """Name the figures of one row; what is unknown is null."""
    return {name: clean(value) for name, value in zip(FIELDS, row, strict=True)}
