"""From a revaluation to the figures of the screen: rounded once, so that rows add up to totals and the identity holds to the cent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.rounding import largest_remainder, to_cents

Floats = npt.NDArray[np.float64]
FIELDS: Final = ("market_value", "unrealised", "day_pnl", "total_pnl", "day_return", "on_cost", "weight", "price", "fx_rate")
IDENTITY: Final = ("net_contributions", "realised", "income", "fees", "taxes", "fx_gain")
_SIGNS: Final = np.array([1.0, 1.0, 1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True, slots=True)
class Fixed:
    """What stays of a scope between two ledger changes. Arrays are of shape (n_rows,), holdings first, then cash."""

    is_cash: npt.NDArray[np.bool_]
    cost: Floats  # cost basis in base currency, signed, 0 for cash
    settled: Floats  # realised + income - fees - taxes of the row's instrument in base currency, 0 for cash
    constants: dict[str, float]  # the terms of `IDENTITY`, of which fx_gain is as of `cash`
    cash: float  # value of all cash when fx_gain was read


@dataclass(frozen=True, slots=True)
class Worth:
    """One revaluation, unrounded, of shape (n_rows,) each."""

    market_value: Floats
    unrealised: Floats
    day_pnl: Floats
    price: Floats  # local; NaN for cash
    rate: Floats  # base units per one unit of the row's currency


def rows(fixed: Fixed, worth: Worth) -> Floats:
    """Give the table of shape (n_rows, len(FIELDS)): money in cents, ratios to six decimals, weights in percent that sum to 100.0."""
    value, unrealised, day = (to_cents(part) for part in (worth.market_value, worth.unrealised, worth.day_pnl))
    total = np.where(fixed.is_cash, np.nan, to_cents(unrealised + fixed.settled))
    ratios = ratio(day, value - day), ratio(total, np.abs(fixed.cost)), weights(value)
    return np.column_stack([value, unrealised, day, total, *ratios, worth.price, worth.rate])


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide to six decimals; NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.round(np.where(np.abs(whole) > 0.005, part / whole, np.nan), 6)


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
    figures = {"market_value": cents(value[~fixed.is_cash].sum()), "cash": cents(value[fixed.is_cash].sum())}
    figures |= {"value": cents(value.sum()), "unrealised": cents(unrealised.sum()), "day_pnl": cents(day.sum())}
    figures |= identity(fixed, worth, figures, complete=bool(np.isfinite(table[:, 0]).all()))
    figures["total_pnl"] = cents(figures["value"] - figures["net_contributions"])
    figures["day_return"] = clean(ratio(np.array([figures["day_pnl"]]), np.array([figures["value"] - figures["day_pnl"]]))[0])
    movers = day[~fixed.is_cash]
    return figures | {"up": int((movers > 0).sum()), "down": int((movers < 0).sum()), "missing": int((~np.isfinite(table[:, 0])).sum())}


def identity(fixed: Fixed, worth: Worth, figures: dict[str, float], *, complete: bool) -> dict[str, float]:
    """Round contributed, realised, income, fees, taxes and currency gain so that with `unrealised` they give `value` to the cent.

    Where a price is missing the identity does not hold and nothing is fitted: what is missing must not be hidden in another term.
    """
    exact = np.array([fixed.constants[name] for name in IDENTITY])
    exact[-1] += float(np.nansum(worth.market_value[fixed.is_cash])) - fixed.cash
    rest = figures["value"] - figures["unrealised"]
    fits = complete and abs(float((exact * _SIGNS).sum()) - rest) < 0.01 * (len(fixed.is_cash) + len(IDENTITY))
    fitted = largest_remainder(exact * _SIGNS, rest, 2) * _SIGNS if fits else to_cents(exact)
    return {name: cents(value) for name, value in zip(IDENTITY, fitted, strict=True)}


def cents(value: float) -> float:
    """Take the noise off a sum of rounded figures."""
    return round(float(value), 2) + 0.0


def clean(value: float) -> float | None:
    """Give a figure as JSON can hold it."""
    return float(value) if math.isfinite(value) else None


def record(row: Sequence[float]) -> dict[str, float | None]:
    """Name the figures of one row; what is unknown is null."""
    return {name: clean(value) for name, value in zip(FIELDS, row, strict=True)}
