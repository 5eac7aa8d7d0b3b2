"""From a revaluation to the figures of the screen: rounded once, so that rows add up to totals and the identity holds to the cent.

Scopes stand side by side here: the rows of all of them are one table, and each step is one operation on it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.rounding import largest_remainders, to_cents
from engine.types import PriceState

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
FIELDS: Final = ("market_value", "unrealised", "day_pnl", "total_pnl", "day_return", "on_cost", "weight", "price", "fx_rate")
IDENTITY: Final = ("net_contributions", "realised", "income", "fees", "taxes", "fx_gain")
_SIGNS: Final = np.array([1.0, 1.0, 1.0, -1.0, -1.0, 1.0])
_CONSTANTS: Final = IDENTITY[:-1]
STATES: Final = tuple(PriceState)  # a price's state is its place here
STALE: Final = STATES.index(PriceState.STALE)
_ROW: Final = ",".join(f'"{name}":%s' for name in FIELDS)
_KNOWN_ROW: Final = _ROW.replace("%s", "%r")
encode: Final[Callable[[object], str]] = json.JSONEncoder(separators=(",", ":")).encode


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


class Abreast:
    """Scopes side by side: the rows of the first, then those of the next. `group` says whose each row is."""

    def __init__(self, scopes: Sequence[Fixed]) -> None:
        sizes = [len(each.is_cash) for each in scopes]
        self.count = len(scopes)
        self.bounds: Places = np.cumsum([0, *sizes], dtype=np.int64)
        self.group: Places = np.repeat(np.arange(len(scopes)), sizes)
        self.is_cash, self.held = (np.concatenate([getattr(each, name) for each in scopes]) for name in ("is_cash", "held"))
        self.cost, self.settled, opening, moved_in = (
            np.concatenate([getattr(each, name) for each in scopes]) for name in ("cost", "settled", "opening", "moved_in"))
        self.opening, self.moved_in = opening, moved_in
        self.capital = capital(opening, moved_in)
        self.moving = ~self.is_cash & self.held
        self.constants = np.array([[each.constants[name] for name in _CONSTANTS] for each in scopes], dtype=np.float64)

    def sums(self, values: npt.ArrayLike) -> Floats:
        """Add up the rows of each scope."""
        added: Floats = np.bincount(self.group, np.asarray(values, dtype=np.float64), self.count).astype(np.float64)  # else integers of no rows
        return added


@dataclass(frozen=True, slots=True)
class Worth:
    """One revaluation, unrounded, of shape (n_rows,) each."""

    market_value: Floats
    unrealised: Floats  # of cash: its currency gain
    day_pnl: Floats
    price: Floats  # local; NaN for cash
    rate: Floats  # base units per one unit of the row's currency


def rows(fixed: Fixed | Abreast, worth: Worth) -> Floats:
    """Give the table of shape (n_rows, len(FIELDS)): money in cents, ratios to six decimals, weights in percent that sum to 100.0.

    A cash row has neither unrealised nor total P/L: its currency gain stands in the totals alone.
    """
    of = fixed if isinstance(fixed, Abreast) else Abreast([fixed])
    value, day = to_cents(worth.market_value), to_cents(worth.day_pnl)
    unrealised, total = (np.where(of.is_cash, np.nan, to_cents(part)) for part in (worth.unrealised, worth.unrealised + of.settled))
    ratios = ratio(day, of.capital), ratio(total, of.cost), weights(value, of)
    return np.column_stack([value, unrealised, day, total, *ratios, worth.price, worth.rate])


def capital(opening: Floats, moved_in: Floats) -> Floats:
    """Give what a day's return is counted on: the opening value, or with what came in today where that is more."""
    largest: Floats = np.maximum(np.abs(opening), np.abs(opening + moved_in))
    return largest


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide to six decimals; NaN where there is nothing positive to divide by."""
    divided: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0.005)
    return np.round(divided, 6)


def weights(value: Floats, of: Abreast) -> Floats:
    """Give percent of the whole to one decimal; the known ones of a scope sum to 100.0."""
    whole = of.sums(np.nan_to_num(value))
    shares = np.divide(100.0 * value, whole[of.group], out=np.full(len(value), np.nan), where=whole[of.group] > 0)
    return largest_remainders(shares, np.full(of.count, 100.0), of.group, 1)


def totals(fixed: Fixed, worth: Worth, table: Floats) -> dict[str, Any]:
    """Sum the rounded rows of one scope; rows without a price count for nothing and are counted."""
    return all_totals(Abreast([fixed]), worth, table)[0]


def all_totals(of: Abreast, worth: Worth, table: Floats) -> list[dict[str, Any]]:
    """Do so for each of the scopes."""
    value, unrealised, day = (np.nan_to_num(table[:, column]) for column in range(3))
    known, dated = np.isfinite(table[:, 0]), np.isfinite(table[:, 2])
    whole, shown, on_paper, of_day = (np.round(of.sums(part), 2) + 0.0 for part in (value, np.where(of.is_cash, 0.0, value), unrealised, day))
    cash = np.round(of.sums(np.where(of.is_cash, value, 0.0)), 2) + 0.0
    terms, excluded = identity(of, worth, whole - on_paper, known)
    gained = np.round(whole + excluded - np.nan_to_num(terms[:, 0]), 2) + 0.0
    base = capital(of.sums(np.where(dated, of.opening, 0.0)), of.sums(np.where(dated, of.moved_in, 0.0)))
    columns = [whole, shown, cash, on_paper, of_day, *terms.T, excluded, gained, ratio(of_day, base)]
    counts = [of.sums(part).astype(np.int64).tolist() for part in ((day > 0) & of.moving, (day < 0) & of.moving, ~known)]
    told = [dict(zip(TOTALS, row, strict=True)) for row in np.column_stack(columns).tolist()]
    if not np.isfinite(terms).all() or not np.isfinite(columns[-1]).all():
        told = [{name: clean(found) for name, found in row.items()} for row in told]
    return [{**row, "up": up, "down": down, "missing": missing} for row, up, down, missing in zip(told, *counts, strict=True)]


TOTALS: Final = ("value", "market_value", "cash", "unrealised", "day_pnl", *IDENTITY, "cost_excluded", "total_pnl", "day_return")


def stale(table: Floats, states: Sequence[str]) -> dict[str, Any]:
    """Tell how much of the value rests on stale prices: `stale_value` in cents, its share of the value, and how many holdings."""
    old = np.array([state == PriceState.STALE.value for state in states] + [False] * (len(table) - len(states)), dtype=bool)
    return all_stale(table, old, np.zeros(len(table), dtype=np.int64), 1)[0]


def all_stale(table: Floats, old: npt.NDArray[np.bool_], group: Places, count: int) -> list[dict[str, Any]]:
    """Do so for each of some scopes, whose rows `group` tells apart."""
    value = np.abs(np.nan_to_num(table[:, 0]))
    part = np.round(np.bincount(group, np.where(old, value, 0.0), count), 2) + 0.0
    whole, rows_old = np.bincount(group, value, count), np.bincount(group, old, count).astype(np.int64)
    share = np.round(np.divide(part, whole, out=np.zeros(count), where=whole > 0), 6)
    return [{"stale_value": money, "stale_share": of_all, "stale_count": number}
            for money, of_all, number in zip(part.tolist(), share.tolist(), rows_old.tolist(), strict=True)]


def identity(of: Abreast, worth: Worth, rest: Floats, known: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Round contributed, realised, income, fees, taxes and currency gain so that they add up to `rest`, which is value less unrealised.

    Where a price is missing its cost is told as `cost_excluded`, and where a term is unknown nothing is fitted: what is not known must
    not be hidden in another term.
    """
    gain = of.sums(np.where(known & of.is_cash, worth.unrealised, 0.0))
    excluded = to_cents(of.sums(np.where(known, 0.0, of.cost)))
    signed = _SIGNS * np.column_stack([of.constants, gain])
    width, whole = signed.shape[1], np.isfinite(signed).all(axis=1)
    fitted = largest_remainders(signed.ravel(), np.where(whole, rest + excluded, np.nan), np.repeat(np.arange(of.count), width), 2)
    terms = np.where(whole[:, None], fitted.reshape(-1, width), to_cents(signed)) * _SIGNS
    return np.round(terms, 2) + 0.0, excluded


def clean(value: float) -> float | None:
    """Give a figure as JSON can hold it."""
    return float(value) if math.isfinite(value) else None


def record(row: Sequence[float]) -> dict[str, float | None]:
    """Name the figures of one row; what is unknown is null."""
    return {name: clean(value) for name, value in zip(FIELDS, row, strict=True)}


def encoded_row(row: Sequence[float]) -> str:
    """Give the members of a row as JSON, without the braces."""
    whole = sum(row)
    if whole - whole == 0.0:  # all of them are numbers
        return _KNOWN_ROW % tuple(row)
    return _ROW % tuple([repr(value) if value - value == 0.0 else "null" for value in row])
