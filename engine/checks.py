"""Rules that a row of the ledger keeps before it is booked, each with the field it is about and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import InvalidTransaction
from engine.kinds import EFFECTS, Kind

Mask = NDArray[np.bool_]
Columns = Mapping[str, Any]

_NEEDS_SYMBOL = (Kind.BUY, Kind.SELL, Kind.SPLIT, Kind.SPIN_OFF, Kind.MERGER, Kind.RETURN_OF_CAPITAL, Kind.STOCK_DIVIDEND)
_NEEDS_QUANTITY = (Kind.BUY, Kind.SELL, Kind.STOCK_DIVIDEND, Kind.SPIN_OFF)
_SIGNED = tuple(kind for kind, effect in EFFECTS.items() if "amount" in effect.signed)
_TRANSFERS = (Kind.TRANSFER_IN, Kind.TRANSFER_OUT)

Rule = tuple[Mask, str, str, str]


def check_columns(columns: Columns) -> None:
    """Raise the first rule that a row breaks.

    Parameters
    ----------
    columns
        Arrays of shape (n_transactions,) by the names of `LEDGER_COLUMNS`.

    Raises
    ------
    InvalidTransaction
        Names the row (counted from 1), the field, the reason and a hint.

    Examples
    --------
    >>> from engine.frames import ledger_frame
    >>> ledger = ledger_frame([{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100}])
    >>> check_columns({name: ledger[name].to_numpy() for name in ledger})
    """
    broken = [(int(np.argmax(mask)), place, rule) for place, rule in enumerate(_rules(_Rows(columns))) if (mask := rule[0]).any()]
    if not broken:
        return
    row, _, (_, field, reason, hint) = min(broken, key=lambda found: found[:2])
    kind = str(np.asarray(columns["kind"], dtype=object)[row])
    value = np.asarray(columns[field], dtype=object)[row]
    raise InvalidTransaction(field, value, f"{kind} {reason}", hint=hint, row=row + 1, kind=kind)


class _Rows:
    """Columns as arrays with the questions that the rules ask."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        codes, names = pd.factorize(np.asarray(columns["kind"], dtype=object))
        self._codes, self._names = codes, [str(name) for name in names]
        self._known: dict[str, Mask] = {}

    def number(self, name: str) -> NDArray[np.float64]:
        return np.asarray(self._columns[name], dtype=np.float64)

    def has(self, name: str) -> Mask:
        if name not in self._known:
            self._known[name] = pd.notna(np.asarray(self._columns[name]))
        return self._known[name]

    def same(self, one: str, other: str) -> Mask:
        """Where both are known and equal."""
        both = self.has(one) & self.has(other)
        both[both] = np.asarray(self._columns[one], dtype=object)[both] == np.asarray(self._columns[other], dtype=object)[both]
        return both

    def of(self, *kinds: Kind) -> Mask:
        chosen = np.array([name in kinds for name in self._names], dtype=np.bool_)
        return chosen[self._codes] if chosen.any() else np.zeros(self._codes.size, dtype=np.bool_)


def _rules(rows: _Rows) -> Iterator[Rule]:
    yield from _number_rules(rows)
    yield from _trade_rules(rows)
    yield from _cash_rules(rows)
    yield from _action_rules(rows)


def _number_rules(rows: _Rows) -> Iterator[Rule]:
    for name in ("price", "fee", "tax", "to_amount"):
        yield rows.number(name) < 0, name, "takes no negative " + name, "Signs are in the kind: give the amount without one"
    yield (rows.number("amount") < 0) & ~rows.of(*_SIGNED), "amount", "takes no negative amount", "Signs are in the kind: give it without one"
    yield (rows.number("quantity") < 0) & ~rows.of(Kind.ADJUSTMENT), "quantity", "takes no negative quantity", "Use SELL or TRANSFER_OUT to reduce"
    yield rows.number("quantity") == 0, "quantity", "takes no quantity of 0", "Give how many were traded"
    yield rows.number("fx_rate") <= 0, "fx_rate", "needs a rate above 0", "Give base currency units for one unit of its currency"
    yield rows.number("ratio") < 0, "ratio", "takes no negative ratio", "Give new shares per old one"


def _trade_rules(rows: _Rows) -> Iterator[Rule]:
    yield rows.of(*_NEEDS_SYMBOL) & ~rows.has("symbol"), "symbol", "needs a symbol", "Name the instrument"
    yield rows.of(*_NEEDS_QUANTITY) & ~rows.has("quantity"), "quantity", "needs a quantity", "Give how many, above 0"
    unpriced = ~rows.has("price") & ~rows.has("amount")
    yield rows.of(Kind.BUY, Kind.SELL) & unpriced, "price", "needs a price", "Give the price of one, or the amount of all"
    securities = rows.of(*_TRANSFERS) & rows.has("symbol")
    yield securities & ~rows.has("quantity"), "quantity", "of a security needs a quantity", "Leave the symbol empty to transfer cash"


def _cash_rules(rows: _Rows) -> Iterator[Rule]:
    none = ~rows.has("amount")
    counted = rows.has("quantity") & rows.has("price")
    paid = rows.of(Kind.DIVIDEND, Kind.INTEREST, Kind.RETURN_OF_CAPITAL)
    yield paid & none & ~counted, "amount", "needs an amount", "Give the gross amount, or quantity and price a share"
    cash = rows.of(Kind.DEPOSIT, Kind.WITHDRAWAL) | (rows.of(*_TRANSFERS) & ~rows.has("symbol"))
    yield cash & none & ~rows.has("quantity"), "amount", "needs an amount", "Give the cash that moves"
    charged = (rows.number("fee") > 0) | (rows.number("tax") > 0)
    yield rows.of(Kind.FEE, Kind.TAX) & none & ~charged, "amount", "needs an amount", "Give what was charged"
    adjusted = rows.of(Kind.ADJUSTMENT)
    yield adjusted & none & ~rows.has("quantity"), "amount", "needs an amount or a quantity", "Give a signed amount of cash, or a signed quantity"
    yield adjusted & rows.has("quantity") & ~rows.has("symbol"), "symbol", "of a quantity needs a symbol", "Name the instrument, or give an amount"


def _action_rules(rows: _Rows) -> Iterator[Rule]:
    if rows.of(Kind.SPLIT, Kind.SPIN_OFF, Kind.MERGER, Kind.FX_CONVERSION).any():  # most ledgers are spared these
        yield from _rules_of_actions(rows)


def _rules_of_actions(rows: _Rows) -> Iterator[Rule]:
    split = rows.of(Kind.SPLIT)
    ratio = np.where(rows.has("ratio"), rows.number("ratio"), np.where(rows.has("quantity"), rows.number("quantity"), rows.number("amount")))
    yield split & ~(ratio > 0), "ratio", "needs a ratio above 0", "2 for two new shares per old one, 0.1 for one per ten"
    same = rows.same("to_symbol", "symbol")
    yield rows.of(Kind.SPIN_OFF, Kind.MERGER) & same, "to_symbol", "leads to the same symbol", "Name the other instrument"
    yield rows.of(Kind.SPIN_OFF) & ~rows.has("to_symbol"), "to_symbol", "needs the symbol that is received", "Name the child in to_symbol"
    yield rows.of(Kind.SPIN_OFF) & (rows.number("ratio") > 1), "ratio", "moves more than all of the cost", "Give the share of cost, 0 to 1"
    merger = rows.of(Kind.MERGER)
    succeeded = rows.has("to_symbol")
    yield merger & ~succeeded & ~rows.has("amount"), "to_symbol", "needs a successor or an amount", "Name it in to_symbol, or give the cash"
    yield merger & succeeded & (rows.number("ratio") == 0), "ratio", "needs a ratio above 0", "Leave to_symbol empty where only cash is paid"
    conversion = rows.of(Kind.FX_CONVERSION)
    yield conversion & ~(rows.number("amount") > 0), "amount", "needs the amount given away", "Give it above 0 in currency"
    yield conversion & ~(rows.number("to_amount") > 0), "to_amount", "needs the amount received", "Give it above 0 in to_currency"
    yield conversion & ~rows.has("to_currency"), "to_currency", "needs the currency received", "Give to_currency"
    identical = rows.same("to_currency", "currency")
    yield conversion & identical, "to_currency", "leads to the same currency", "Give two different currencies"
