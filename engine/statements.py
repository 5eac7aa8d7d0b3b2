"""Frames of a booked ledger: positions, lots, gains, cash, flows and effects, out of what the walk left."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.events import Walk
from engine.frames import column
from engine.postings import KINDS, Floats, times
from engine.types import Kind

Codes = NDArray[np.int64]

_IN_COST = (Kind.BUY, Kind.SELL)
_KIND_NAMES = tuple(kind.value for kind in KINDS)
_MOVE = ("row", "symbol", "units", "flow", "carried", "share", "local", "base")
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
    effects, gains = _effects(state), _gains(state)
    return {
        "positions": _positions(state, gains),
        "lots": _lots(state),
        "gains": gains,
        "cash": _cash(state, effects),
        "flows": _flows(effects),
        "effects": effects,
    }


def _columns(records: Sequence[Any], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Fields of records as arrays, whole numbers for codes and days."""
    whole = {"row", "symbol", "account", "opened", "lot_row"}
    values = list(zip(*map(attrgetter(*names), records), strict=True)) or [()] * len(names)
    return {name: np.array(cells, dtype=np.int64 if name in whole else np.float64) for name, cells in zip(names, values, strict=True)}


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
    frame = pd.concat([_symbol_effects(state), _cash_effects(state)], ignore_index=True).sort_values("row", kind="stable", ignore_index=True)
    rows = frame.pop("row").to_numpy()
    frame.insert(0, "date", state.posted.day[rows])
    frame.insert(1, "kind", _named(_KIND_NAMES, state.posted.kind[rows]))
    frame["transaction_id"] = column(state.ledger["id"].to_numpy()[rows])
    return frame


def _symbol_effects(state: Walk) -> pd.DataFrame:
    """One row a transaction and symbol: what the walk moved, and the cash of the transaction seen from the holding."""
    posted, names = state.posted, state.posted.names
    moves = _columns(state.moves, _MOVE)
    own = np.flatnonzero(names.symbol >= 0)
    size = max(len(names.symbols), 1)
    keys = np.concatenate([moves["row"] * size + moves["symbol"], own * size + names.symbol[own]])
    found, place = np.unique(keys, return_inverse=True)
    nothing, none = np.zeros(len(state.moves)), np.zeros(own.size)

    def summed(of_moves: Floats, of_own: Floats) -> Floats:
        return np.bincount(place, weights=np.concatenate([of_moves, of_own]), minlength=found.size).astype(np.float64)

    return pd.DataFrame({
        "row": found // size,
        "symbol": _named(names.symbols, found % size),
        "cash_currency": column(np.full(found.size, None, dtype=object)),
        "quantity_delta": summed(moves["units"], none),
        "cash_delta_local": 0.0,
        "cash_delta_base": 0.0,
        "flow_base": summed(moves["flow"], none),
        "transfer_base": summed(moves["carried"], -posted.cash_base[own]),
        "carried_share": summed(moves["share"], none),
        "gross_local": summed(moves["local"], none),
        "gross_base": summed(moves["base"], none),
        "income": summed(nothing, posted.income_base[own]),
        "fee": summed(nothing, posted.fee_base[own]),
        "tax": summed(nothing, posted.tax_base[own]),
    })


def _cash_effects(state: Walk) -> pd.DataFrame:
    """One row a transaction and currency whose balance it changes; a conversion has two."""
    posted, names = state.posted, state.posted.names
    touched = (posted.cash, posted.flow_base, posted.income_base, posted.fee_base, posted.tax_base)
    rows = np.flatnonzero(np.logical_or.reduce([amounts != 0 for amounts in touched]))
    into = np.flatnonzero(posted.to_cash != 0)
    alone = names.symbol[rows] < 0
    given = posted.of(Kind.FX_CONVERSION)[rows]
    codes = np.concatenate([names.currency[rows], names.to_currency[into]])

    def legs(of_row: Floats, of_target: Floats | float = 0.0) -> Floats:
        return np.concatenate([of_row, np.broadcast_to(of_target, into.size)])

    arrived = posted.gross_base[into]
    return pd.DataFrame({
        "row": np.concatenate([rows, into]),
        "symbol": column(np.full(codes.size, None, dtype=object)),
        "cash_currency": _named(names.currencies, codes),
        "quantity_delta": 0.0,
        "cash_delta_local": legs(posted.cash[rows], posted.to_cash[into]),
        "cash_delta_base": legs(posted.cash_base[rows], arrived),
        "flow_base": legs(posted.flow_base[rows]),
        "transfer_base": legs(np.select([given, alone], [-posted.gross_base[rows], np.zeros(rows.size)], posted.cash_base[rows]), arrived),
        "carried_share": 0.0,
        "gross_local": 0.0,
        "gross_base": 0.0,
        "income": legs(np.where(alone, posted.income_base[rows], 0.0)),
        "fee": legs(np.where(alone, posted.fee_base[rows], 0.0)),
        "tax": legs(np.where(alone, posted.tax_base[rows], 0.0)),
    })


def _gains(state: Walk) -> pd.DataFrame:
    names, ids = state.posted.names, state.ledger["id"].to_numpy()
    gains = _columns(state.book.gains, _GAIN)
    row = gains["row"]
    return pd.DataFrame({
        "symbol": _named(names.symbols, gains["symbol"]),
        "account": _named(names.accounts, gains["account"]) if state.conventions.lots_by == "account" else _unnamed(row),
        "opened": _dates(gains["opened"]),
        "closed": state.posted.day[row],
        "kind": _named(_KIND_NAMES, state.posted.kind[row]),
        "quantity": gains["quantity"],
        "proceeds_local": gains["proceeds_local"],
        "cost_local": gains["cost_local"],
        "gain_local": gains["proceeds_local"] - gains["cost_local"],
        "proceeds": gains["proceeds"],
        "cost": gains["cost"],
        "gain": gains["proceeds"] - gains["cost"],
        "fee": gains["fee"],
        "tax": gains["tax"],
        "transaction_id": column(ids[row]),
        "lot_id": column(ids[gains["lot_row"]]),
    })


def _unnamed(like: Codes) -> pd.Series:
    return column(np.full(like.size, None, dtype=object))


def _lots(state: Walk) -> pd.DataFrame:
    names = state.posted.names
    pools = sorted((pool for pool in state.book.pools.values() if pool.sign), key=lambda pool: (pool.symbol, pool.account))
    held = [(pool, lot) for pool in pools for lot in pool]
    lots = _columns([lot for _, lot in held], _LOT)
    where = _columns([pool for pool, _ in held], ("symbol", "account"))
    return pd.DataFrame({
        "symbol": _named(names.symbols, where["symbol"]),
        "account": _named(names.accounts, where["account"]) if state.conventions.lots_by == "account" else _unnamed(lots["row"]),
        "opened": _dates(lots["opened"]),
        "quantity": lots["quantity"],
        "price": lots["local"] / (lots["quantity"] * names.multiplier[where["symbol"]]),
        "cost_local": lots["local"],
        "cost_base": lots["base"],
        "transaction_id": column(state.ledger["id"].to_numpy()[lots["row"]]),
    })


def _positions(state: Walk, gains: pd.DataFrame) -> pd.DataFrame:
    posted, names = state.posted, state.posted.names
    size = len(names.symbols)
    held = [(pool.symbol, lot) for pool in state.book.pools.values() for lot in pool]
    lots = _columns([lot for _, lot in held], _LOT)
    of_lot = np.array([symbol for symbol, _ in held], dtype=np.int64)
    of_gain = _columns(state.book.gains, ("symbol", "row"))["symbol"]
    fees, taxes = _apart(state)
    first, last = _span(state, size)
    return pd.DataFrame(
        {
            "quantity": _summed(of_lot, lots["quantity"], size),
            "currency": _named(names.currencies, names.symbol_currency).to_numpy(),
            "multiplier": names.multiplier,
            "cost_local": _summed(of_lot, lots["local"], size),
            "cost_base": _summed(of_lot, lots["base"], size),
            "realised_local": _summed(of_gain, gains["gain_local"].to_numpy(), size),
            "realised": _summed(of_gain, gains["gain"].to_numpy(), size),
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
    """Days of the first and the last transaction of each symbol."""
    names, day = state.posted.names, state.posted.day
    codes, days = np.concatenate([names.symbol, names.child]), np.concatenate([day, day])
    first, last = np.full(size, np.datetime64("2262-01-01", "ns")), np.full(size, np.datetime64("1678-01-01", "ns"))
    np.minimum.at(first, codes[codes >= 0], days[codes >= 0])
    np.maximum.at(last, codes[codes >= 0], days[codes >= 0])
    return first, last


def _cash(state: Walk, effects: pd.DataFrame) -> pd.DataFrame:
    names = state.posted.names
    size = len(names.currencies)
    legs = effects[effects["cash_currency"].notna()]
    places = {code: place for place, code in enumerate(names.currencies)}
    of_leg = np.array([places[code] for code in legs["cash_currency"]], dtype=np.int64)
    of_alone = np.where(names.symbol < 0, names.currency, -1)
    fees, taxes = _apart(state)
    frame = pd.DataFrame(
        {
            "balance": _summed(of_leg, legs["cash_delta_local"].to_numpy(), size),
            "cost_base": _summed(of_leg, legs["cash_delta_base"].to_numpy(), size),
            "contributed": _summed(of_leg, legs["flow_base"].to_numpy(), size),
            "income": _summed(of_leg, legs["income"].to_numpy(), size),
            "fees": _summed(of_alone, fees, size),
            "taxes": _summed(of_alone, taxes, size),
        },
        index=pd.Index(names.currencies, dtype=object, name="currency"),
    )
    return frame[np.isin(np.arange(size), [0, *of_leg])]


def _flows(effects: pd.DataFrame) -> pd.DataFrame:
    crossing = effects[effects["flow_base"] != 0]
    return pd.DataFrame({"date": crossing["date"], "kind": crossing["kind"], "amount_base": crossing["flow_base"]}).reset_index(drop=True)
