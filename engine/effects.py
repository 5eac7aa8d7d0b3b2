"""The effects of a booked ledger: one row a transaction and symbol or cash currency, what each figure of a period is summed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.events import Walk
from engine.frames import frame_of
from engine.postings import KINDS, Floats, Postings
from engine.types import Kind

Codes = NDArray[np.int64]
Fields = Mapping[str, NDArray[Any]]

KIND_NAMES = tuple(kind.value for kind in KINDS)
_MOVE = ("row", "symbol", "units", "flow", "carried", "share", "local", "base")
_EFFECT = (
    "quantity_delta", "cash_delta_local", "cash_delta_base", "flow_base", "transfer_base", "carried_share", "gross_local", "gross_base",
    "income", "fee", "tax",
)  # fmt: skip
_MOVED = {
    "units": "quantity_delta", "flow": "flow_base", "carried": "transfer_base", "share": "carried_share", "local": "gross_local",
    "base": "gross_base",
}  # fmt: skip


def effects_of(state: Walk, cash: Fields) -> pd.DataFrame:
    """One row a transaction and symbol, then one a transaction and currency, in the order of the ledger."""
    posted, names = state.posted, state.posted.names
    moves = together(state.swept.moves, columns_of_records(state.moves, _MOVE))
    places = _places(names.symbol, moves, cash)
    values = _symbol_values(posted, moves, places)
    rows = np.repeat(np.arange(names.symbol.size), places.count)
    columns = {name: _laid(places, rows.size, values.get(name), cash.get(name)) for name in _EFFECT}
    symbols, currencies = np.full(rows.size, -1), np.full(rows.size, -1)
    symbols[places.symbols], currencies[places.cash] = places.symbol_codes, cash["code"]
    return frame_of({
        "date": posted.day[rows],
        "kind": named(KIND_NAMES, posted.kind[rows]),
        "symbol": named(names.symbols, symbols),
        "cash_currency": named(names.currencies, currencies),
        **columns,
        "transaction_id": state.ledger["id"].to_numpy()[rows],
    })


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the effects of each transaction stand: first those on symbols, by symbol, then those on cash.

    `count` is the number of each transaction, `symbols` and `cash` where the two kinds stand; among those on symbols, `own` is the
    place of each transaction's symbol and `of_move` that of each move. `own_rows` are the transactions that have a symbol.
    """

    count: Codes
    symbols: Codes | slice
    symbol_codes: Codes
    own_rows: Codes
    own: Codes
    of_move: Codes
    cash: Codes | slice


def _places(symbol: Codes, moves: Fields, cash: Fields) -> _Places:
    size = int(max(symbol.max(initial=0), moves["symbol"].max(initial=0))) + 1
    own_rows = np.flatnonzero(symbol >= 0)
    rows, codes = own_rows, symbol[own_rows]
    own, of_move = np.arange(own_rows.size), (np.cumsum(symbol >= 0) - 1)[moves["row"]]
    foreign = moves["symbol"] != symbol[moves["row"]]
    if foreign.any():
        of_own, of_moves = rows * size + codes, moves["row"] * size + moves["symbol"]
        keys = np.unique(np.concatenate([of_own, of_moves[foreign]]))
        rows, codes = keys // size, keys % size
        own, of_move = np.searchsorted(keys, of_own), np.searchsorted(keys, of_moves)
    of_symbols = np.bincount(rows, minlength=symbol.size)
    count = of_symbols + np.bincount(cash["row"], minlength=symbol.size)
    first = np.cumsum(count) - count
    if (of_symbols == 1).all() and (count == 2).all():  # nothing but trades and income: every other row, which is written faster
        return _Places(count, slice(0, None, 2), codes, own_rows, own, of_move, slice(1, None, 2))
    within = np.arange(rows.size) - (np.cumsum(of_symbols) - of_symbols)[rows]
    return _Places(count, first[rows] + within, codes, own_rows, own, of_move, (first + of_symbols)[cash["row"]] + cash["leg"])


def _laid(places: _Places, size: int, of_symbols: Floats | None, of_cash: Floats | None) -> Floats:
    """Column of both kinds of effects."""
    laid = np.zeros(size)
    if of_symbols is not None:
        laid[places.symbols] = of_symbols
    if of_cash is not None:
        laid[places.cash] = of_cash
    return laid


def _symbol_values(posted: Postings, moves: Fields, places: _Places) -> dict[str, Floats]:
    """Give what the walk moved, and the cash of the transaction seen from the holding."""
    size = places.symbol_codes.size

    def of_moves(name: str) -> Floats:
        return np.bincount(places.of_move, weights=moves[name], minlength=size).astype(np.float64, copy=False)

    def of_own(amounts: Floats) -> Floats:
        values = np.zeros(size)
        values[places.own] = amounts[places.own_rows]
        return values

    moved = {told: of_moves(name) for name, told in _MOVED.items() if name in moves}
    paid = {"income": posted.income_base, "fee": posted.fee_base, "tax": posted.tax_base, "transfer_base": -posted.cash_base}
    own = {name: of_own(amounts) for name, amounts in paid.items()}
    return moved | own | {"transfer_base": own["transfer_base"] + moved.get("transfer_base", 0.0)}


def _cash_rows(posted: Postings) -> Codes:
    """Transactions that change the balance of their currency."""
    touched = (posted.cash, posted.flow_base, posted.income_base, posted.fee_base, posted.tax_base)
    return np.flatnonzero(np.logical_or.reduce([amounts != 0 for amounts in touched]))


def cash_values(state: Walk) -> dict[str, NDArray[Any]]:
    """Give what each transaction changes of the balances, by `row`, `leg` and `code` of the currency: a conversion has a second leg."""
    posted, names = state.posted, state.posted.names
    rows, into = _cash_rows(posted), np.flatnonzero(posted.to_cash != 0)
    alone = names.symbol[rows] < 0
    given = posted.of(Kind.FX_CONVERSION)[rows]

    def legs(of_row: NDArray[Any], of_target: NDArray[Any] | float = 0.0) -> NDArray[Any]:
        return np.concatenate([of_row, np.broadcast_to(of_target, into.size)]) if into.size else of_row

    arrived = posted.gross_base[into]
    return {
        "row": legs(rows, into),
        "leg": np.repeat([0, 1], [rows.size, into.size]),
        "code": legs(names.currency[rows], names.to_currency[into]),
        "cash_delta_local": legs(posted.cash[rows], posted.to_cash[into]),
        "cash_delta_base": legs(posted.cash_base[rows], arrived),
        "flow_base": legs(posted.flow_base[rows]),
        "transfer_base": legs(np.where(given, -posted.gross_base[rows], np.where(alone, 0.0, posted.cash_base[rows])), arrived),
        "income": legs(np.where(alone, posted.income_base[rows], 0.0)),
        "fee": legs(np.where(alone, posted.fee_base[rows], 0.0)),
        "tax": legs(np.where(alone, posted.tax_base[rows], 0.0)),
    }


def columns_of_records(records: Sequence[Any], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Fields of records as arrays, whole numbers for codes and days."""
    whole = {"row", "symbol", "account", "opened", "lot_row"}
    values = list(zip(*map(attrgetter(*names), records), strict=True)) or [()] * len(names)
    return {name: np.array(cells, dtype=np.int64 if name in whole else np.float64) for name, cells in zip(names, values, strict=True)}


def together(swept: Fields, walked: Fields) -> dict[str, NDArray[Any]]:
    """Fields of what was booked at once, then of what was walked."""
    if not len(walked["row"]):
        return dict(swept)
    nothing = np.zeros(len(swept["row"]))
    return {name: np.concatenate([swept.get(name, nothing), values]) for name, values in walked.items()}


def named(names: Sequence[Any], codes: Codes) -> NDArray[np.object_]:
    """Column of names by their codes; -1 is None."""
    told: NDArray[np.object_] = np.array([*names, None], dtype=object)[codes]
    return told
