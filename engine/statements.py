"""Frames of a booked ledger: positions, lots, gains, cash, flows and effects, out of what the walk left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.events import Walk
from engine.frames import column
from engine.postings import KINDS, Floats, Postings, times
from engine.types import Kind

Codes = NDArray[np.int64]
Fields = Mapping[str, NDArray[Any]]

_IN_COST = (Kind.BUY, Kind.SELL)
_KIND_NAMES = tuple(kind.value for kind in KINDS)
_MOVE = ("row", "symbol", "units", "flow", "carried", "share", "local", "base")
_EFFECT = (
    "quantity_delta", "cash_delta_local", "cash_delta_base", "flow_base", "transfer_base", "carried_share", "gross_local", "gross_base",
    "income", "fee", "tax",
)  # fmt: skip
_LOT = ("quantity", "local", "base", "opened", "row")
_GAIN = ("symbol", "account", "opened", "row", "lot_row", "quantity", "proceeds_local", "cost_local", "proceeds", "cost", "fee", "tax")


def statements(state: Walk) -> dict[str, pd.DataFrame]:
    """Frames of a walk, by the names they have in `Book`.

    Parameters
    ----------
    state
        Walk through a ledger.

    Returns
    -------
    dict of str to DataFrame
        `positions lots gains cash flows effects`, described at `Book`.

    Notes
    -----
    Convention: base currency unless a column says `_local`.

    Examples
    --------
    >>> from engine.booking import Conventions, walk
    >>> from engine.frames import fx_frame, ledger_frame
    >>> from engine.postings import postings
    >>> from engine.types import CostMethod
    >>> ledger = ledger_frame([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}])
    >>> posted = postings(ledger, "EUR", fx_frame(None), multipliers=None, currencies=None)
    >>> statements(walk(ledger, posted, Conventions(CostMethod.FIFO, True, "short", "account")))["cash"]["balance"].to_dict()
    {'EUR': -10.0}
    """
    gains, lots, effects = _gain_fields(state), _lot_fields(state), _effects(state)
    return {
        "positions": _positions(state, gains, lots),
        "lots": _lots(state, lots),
        "gains": _gains(state, gains),
        "cash": _cash(state, effects),
        "flows": _flows(effects),
        "effects": effects,
    }


def _columns(records: Sequence[Any], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Fields of records as arrays, whole numbers for codes and days."""
    whole = {"row", "symbol", "account", "opened", "lot_row"}
    values = list(zip(*map(attrgetter(*names), records), strict=True)) or [()] * len(names)
    return {name: np.array(cells, dtype=np.int64 if name in whole else np.float64) for name, cells in zip(names, values, strict=True)}


def _together(swept: Fields, walked: Fields) -> dict[str, NDArray[Any]]:
    """Fields of what was booked at once, then of what was walked."""
    if not len(walked["row"]):
        return dict(swept)
    return {name: np.concatenate([swept[name], values]) for name, values in walked.items()}


def _sorted(fields: dict[str, NDArray[Any]], key: Codes) -> dict[str, NDArray[Any]]:
    """Fields in the order of a key; equal ones stay as they are."""
    if (key[1:] >= key[:-1]).all():
        return fields
    order = np.argsort(key, kind="stable")
    return {name: values[order] for name, values in fields.items()}


def _gain_fields(state: Walk) -> dict[str, NDArray[Any]]:
    """Gains in the order of the ledger."""
    fields = _together(state.swept.gains, _columns(state.book.gains, _GAIN))
    return _sorted(fields, fields["row"])


def _lot_fields(state: Walk) -> dict[str, NDArray[Any]]:
    """Open lots by symbol and account, in the order held."""
    held = [(pool, lot) for pool in state.book.pools.values() for lot in pool]
    where = _columns([pool for pool, _ in held], ("symbol", "account"))
    fields = _together(state.swept.lots, where | _columns([lot for _, lot in held], _LOT))
    return _sorted(fields, fields["symbol"] * max(len(state.posted.names.accounts), 1) + fields["account"])


def _summed(codes: Codes, amounts: Floats, size: int) -> Floats:
    """Sum of the amounts of each code; -1 is left out."""
    inside = codes >= 0
    return np.bincount(codes[inside], weights=amounts[inside], minlength=size).astype(np.float64)


def _named(names: Sequence[Any], codes: Codes) -> pd.Series:
    """Column of names by their codes; -1 is None."""
    return column(np.array([*names, None], dtype=object)[codes])


def _dates(days: Codes) -> NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype("datetime64[ns]")


def _effects(state: Walk) -> pd.DataFrame:
    """One row a transaction and symbol, then one a transaction and currency, in the order of the ledger."""
    posted, names = state.posted, state.posted.names
    moves = _together(state.swept.moves, _columns(state.moves, _MOVE))
    places = _places(names.symbol, moves, _cash_rows(posted), np.flatnonzero(posted.to_cash != 0))
    values = _symbol_values(state, moves, places)
    cash = _cash_values(state, places)
    columns = {name: column(_laid(places, values.get(name), cash.get(name))) for name in _EFFECT}
    rows = np.repeat(np.arange(names.symbol.size), places.count)
    symbols, currencies = np.full(rows.size, -1), np.full(rows.size, -1)
    symbols[places.symbols], currencies[places.cash] = places.symbol_codes, cash["code"]
    return pd.DataFrame({
        "date": column(posted.day[rows]),
        "kind": _named(_KIND_NAMES, posted.kind[rows]),
        "symbol": _named(names.symbols, symbols),
        "cash_currency": _named(names.currencies, currencies),
        **columns,
        "transaction_id": column(state.ledger["id"].to_numpy()[rows]),
    }, copy=False)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the effects of each transaction stand: first those on symbols, by symbol, then those on cash.

    `count` is the number of each transaction, `own` and `symbols` the places of the transaction's symbol and of all touched ones,
    `of_move` the symbol's place among those for each move, `cash` the places of the cash.
    """

    count: Codes
    symbols: Codes
    symbol_codes: Codes
    own: Codes
    of_move: Codes
    cash: Codes
    cash_rows: Codes
    into_rows: Codes


def _places(symbol: Codes, moves: Fields, cash_rows: Codes, into_rows: Codes) -> _Places:
    own = np.flatnonzero(symbol >= 0)
    size = int(max(symbol.max(initial=0), moves["symbol"].max(initial=0))) + 1
    foreign = moves["symbol"] != symbol[moves["row"]]
    keys = own * size + symbol[own]
    of_move = (np.cumsum(symbol >= 0) - 1)[moves["row"]]
    place_of_own = np.arange(own.size)
    if foreign.any():
        keys = np.unique(np.concatenate([keys, moves["row"][foreign] * size + moves["symbol"][foreign]]))
        of_move = np.searchsorted(keys, moves["row"] * size + moves["symbol"])
        place_of_own = np.searchsorted(keys, own * size + symbol[own])
    rows = keys // size
    of_symbols, of_cash = np.bincount(rows, minlength=symbol.size), np.bincount(cash_rows, minlength=symbol.size)
    count = of_symbols + of_cash + np.bincount(into_rows, minlength=symbol.size)
    first = np.cumsum(count) - count
    within = np.arange(rows.size) - (np.cumsum(of_symbols) - of_symbols)[rows]
    cash = first + of_symbols
    return _Places(
        count=count,
        symbols=first[rows] + within,
        symbol_codes=keys % size,
        own=place_of_own,
        of_move=of_move,
        cash=np.concatenate([cash[cash_rows], (cash + of_cash)[into_rows]]),
        cash_rows=cash_rows,
        into_rows=into_rows,
    )


def _laid(places: _Places, of_symbols: Floats | None, of_cash: Floats | None) -> Floats:
    """Column of both kinds of effects."""
    laid = np.zeros(places.symbols.size + places.cash.size)
    if of_symbols is not None:
        laid[places.symbols] = of_symbols
    if of_cash is not None:
        laid[places.cash] = of_cash
    return laid


def _symbol_values(state: Walk, moves: Fields, places: _Places) -> dict[str, Floats]:
    """Give what the walk moved, and the cash of the transaction seen from the holding."""
    posted, size = state.posted, places.symbols.size
    own = np.flatnonzero(posted.names.symbol >= 0)

    def of_moves(name: str) -> Floats:
        return np.bincount(places.of_move, weights=moves[name], minlength=size).astype(np.float64)

    def of_own(amounts: Floats) -> Floats:
        values = np.zeros(size)
        values[places.own] = amounts[own]
        return values

    return {
        "quantity_delta": of_moves("units"),
        "flow_base": of_moves("flow"),
        "transfer_base": of_moves("carried") - of_own(posted.cash_base),
        "carried_share": of_moves("share"),
        "gross_local": of_moves("local"),
        "gross_base": of_moves("base"),
        "income": of_own(posted.income_base),
        "fee": of_own(posted.fee_base),
        "tax": of_own(posted.tax_base),
    }


def _cash_rows(posted: Postings) -> Codes:
    """Transactions that change the balance of their currency."""
    touched = (posted.cash, posted.flow_base, posted.income_base, posted.fee_base, posted.tax_base)
    return np.flatnonzero(np.logical_or.reduce([amounts != 0 for amounts in touched]))


def _cash_values(state: Walk, places: _Places) -> dict[str, NDArray[Any]]:
    """Give what a transaction changes of the balances; a conversion has a second leg."""
    posted, names = state.posted, state.posted.names
    rows, into = places.cash_rows, places.into_rows
    alone = names.symbol[rows] < 0
    given = posted.of(Kind.FX_CONVERSION)[rows]

    def legs(of_row: NDArray[Any], of_target: NDArray[Any] | float = 0.0) -> NDArray[Any]:
        return np.concatenate([of_row, np.broadcast_to(of_target, into.size)])

    arrived = posted.gross_base[into]
    return {
        "code": np.concatenate([names.currency[rows], names.to_currency[into]]),
        "cash_delta_local": legs(posted.cash[rows], posted.to_cash[into]),
        "cash_delta_base": legs(posted.cash_base[rows], arrived),
        "flow_base": legs(posted.flow_base[rows]),
        "transfer_base": legs(np.where(given, -posted.gross_base[rows], np.where(alone, 0.0, posted.cash_base[rows])), arrived),
        "income": legs(np.where(alone, posted.income_base[rows], 0.0)),
        "fee": legs(np.where(alone, posted.fee_base[rows], 0.0)),
        "tax": legs(np.where(alone, posted.tax_base[rows], 0.0)),
    }


def _gains(state: Walk, gains: Fields) -> pd.DataFrame:
    names, ids, row = state.posted.names, state.ledger["id"].to_numpy(), gains["row"]
    return pd.DataFrame({
        "symbol": _named(names.symbols, gains["symbol"]),
        "account": _named(names.accounts, gains["account"]) if state.conventions.lots_by == "account" else _unnamed(row),
        "opened": column(_dates(gains["opened"])),
        "closed": column(state.posted.day[row]),
        "kind": _named(_KIND_NAMES, state.posted.kind[row]),
        "quantity": column(gains["quantity"]),
        "proceeds_local": column(gains["proceeds_local"]),
        "cost_local": column(gains["cost_local"]),
        "gain_local": column(gains["proceeds_local"] - gains["cost_local"]),
        "proceeds": column(gains["proceeds"]),
        "cost": column(gains["cost"]),
        "gain": column(gains["proceeds"] - gains["cost"]),
        "fee": column(gains["fee"]),
        "tax": column(gains["tax"]),
        "transaction_id": column(ids[row]),
        "lot_id": column(ids[gains["lot_row"]]),
    }, copy=False)


def _unnamed(like: Codes) -> pd.Series:
    return column(np.full(like.size, None, dtype=object))


def _lots(state: Walk, lots: Fields) -> pd.DataFrame:
    names = state.posted.names
    return pd.DataFrame({
        "symbol": _named(names.symbols, lots["symbol"]),
        "account": _named(names.accounts, lots["account"]) if state.conventions.lots_by == "account" else _unnamed(lots["row"]),
        "opened": _dates(lots["opened"]),
        "quantity": lots["quantity"],
        "price": lots["local"] / (lots["quantity"] * names.multiplier[lots["symbol"]]),
        "cost_local": lots["local"],
        "cost_base": lots["base"],
        "transaction_id": column(state.ledger["id"].to_numpy()[lots["row"]]),
    })


def _positions(state: Walk, gains: Fields, lots: Fields) -> pd.DataFrame:
    posted, names = state.posted, state.posted.names
    size = len(names.symbols)
    of_lot, of_gain = lots["symbol"], gains["symbol"]
    fees, taxes = _apart(state)
    first, last = _span(state, size)
    return pd.DataFrame(
        {
            "quantity": _summed(of_lot, lots["quantity"], size),
            "currency": _named(names.currencies, names.symbol_currency).to_numpy(),
            "multiplier": names.multiplier,
            "cost_local": _summed(of_lot, lots["local"], size),
            "cost_base": _summed(of_lot, lots["base"], size),
            "realised_local": _summed(of_gain, gains["proceeds_local"] - gains["cost_local"], size),
            "realised": _summed(of_gain, gains["proceeds"] - gains["cost"], size),
            "income": _summed(names.symbol, posted.income_base, size),
            "fees": _summed(names.symbol, fees, size),
            "taxes": _summed(names.symbol, taxes, size),
            "fees_paid": _summed(names.symbol, posted.fee_base, size),
            "taxes_paid": _summed(names.symbol, posted.tax_base, size),
            "first_date": first,
            "last_date": last,
        },
        index=pd.Index(names.symbols, dtype=object, name="symbol"),
    )


def _apart(state: Walk) -> tuple[Floats, Floats]:
    """Fees and taxes that are in neither cost nor proceeds."""
    posted = state.posted
    apart = (~posted.of(*_IN_COST) | (not state.conventions.fees_in_cost)).astype(np.float64)
    return times(apart, posted.fee_base), times(apart, posted.tax_base)


def _span(state: Walk, size: int) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Days of the first and the last transaction of each symbol, by rows, because the ledger is sorted by day."""
    names, rows = state.posted.names, np.arange(state.posted.day.size)
    first, last = np.full(size, rows.size), np.full(size, -1)
    for codes in (names.symbol, names.child):
        inside = codes >= 0
        np.minimum.at(first, codes[inside], rows[inside])
        np.maximum.at(last, codes[inside], rows[inside])
    return state.posted.day[first], state.posted.day[last]


def _cash(state: Walk, effects: pd.DataFrame) -> pd.DataFrame:
    names = state.posted.names
    size = len(names.currencies)
    of_leg = pd.Index(names.currencies, dtype=object).get_indexer(pd.Index(effects["cash_currency"], dtype=object))
    of_alone = np.where(names.symbol < 0, names.currency, -1)
    fees, taxes = _apart(state)
    frame = pd.DataFrame(
        {
            "balance": _summed(of_leg, effects["cash_delta_local"].to_numpy(), size),
            "cost_base": _summed(of_leg, effects["cash_delta_base"].to_numpy(), size),
            "contributed": _summed(of_leg, effects["flow_base"].to_numpy(), size),
            "income": _summed(of_leg, effects["income"].to_numpy(), size),
            "fees": _summed(of_alone, fees, size),
            "taxes": _summed(of_alone, taxes, size),
        },
        index=pd.Index(names.currencies, dtype=object, name="currency"),
    )
    used = np.bincount(of_leg[of_leg >= 0], minlength=size) > 0
    used[0] = True  # the base currency
    return frame.loc[used]


def _flows(effects: pd.DataFrame) -> pd.DataFrame:
    crossing = np.flatnonzero(effects["flow_base"].to_numpy() != 0)
    sources = {"date": "date", "kind": "kind", "amount_base": "flow_base"}
    return pd.DataFrame({name: column(effects[source].to_numpy()[crossing]) for name, source in sources.items()})
