"""Frames of a booked ledger: positions, lots, gains, cash, flows and effects, out of what the walk left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.effects import KIND_NAMES, Codes, Fields, cash_values, columns_of_records, effects_of, named, together
from engine.events import Walk
from engine.frames import frame_of
from engine.postings import Floats, times
from engine.types import Kind

_IN_COST = (Kind.BUY, Kind.SELL)
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
    gains, lots, cash = _gain_fields(state), _lot_fields(state), cash_values(state)
    effects = effects_of(state, cash)
    return {
        "positions": _positions(state, gains, lots),
        "lots": _lots(state, lots),
        "gains": _gains(state, gains),
        "cash": _cash(state, cash),
        "flows": flows_of(effects),
        "effects": effects,
    }


def _sorted(fields: dict[str, NDArray[Any]], key: Codes) -> dict[str, NDArray[Any]]:
    """Fields in the order of a key; equal ones stay as they are."""
    if (key[1:] >= key[:-1]).all():
        return fields
    order = np.argsort(key, kind="stable")
    return {name: values[order] for name, values in fields.items()}


def _gain_fields(state: Walk) -> dict[str, NDArray[Any]]:
    """Gains in the order of the ledger."""
    fields = together(state.swept.gains, columns_of_records(state.book.gains, _GAIN))
    return _sorted(fields, fields["row"])


def _lot_fields(state: Walk) -> dict[str, NDArray[Any]]:
    """Open lots by symbol and account, in the order held."""
    held = [(pool, lot) for pool in state.book.pools.values() for lot in pool]
    where = columns_of_records([pool for pool, _ in held], ("symbol", "account"))
    fields = together(state.swept.lots, where | columns_of_records([lot for _, lot in held], _LOT))
    return _sorted(fields, fields["symbol"] * max(len(state.posted.names.accounts), 1) + fields["account"])


def _summed(codes: Codes, amounts: Floats, size: int) -> Floats:
    """Sum of the amounts of each code; -1 is left out."""
    return np.bincount(codes + 1, weights=amounts, minlength=size + 1)[1:].astype(np.float64, copy=False)


def _dates(days: Codes) -> NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype("datetime64[ns]")


def _gains(state: Walk, gains: Fields) -> pd.DataFrame:
    names, ids, row = state.posted.names, state.ledger["id"].to_numpy(), gains["row"]
    return frame_of({
        "symbol": named(names.symbols, gains["symbol"]),
        "account": named(names.accounts, gains["account"]) if state.conventions.lots_by == "account" else _unnamed(row),
        "opened": _dates(gains["opened"]),
        "closed": state.posted.day[row],
        "kind": named(KIND_NAMES, state.posted.kind[row]),
        "quantity": gains["quantity"],
        "proceeds_local": gains["proceeds_local"],
        "cost_local": gains["cost_local"],
        "gain_local": gains["proceeds_local"] - gains["cost_local"],
        "proceeds": gains["proceeds"],
        "cost": gains["cost"],
        "gain": gains["proceeds"] - gains["cost"],
        "fee": gains["fee"],
        "tax": gains["tax"],
        "transaction_id": ids[row],
        "lot_id": ids[gains["lot_row"]],
    })


def _unnamed(like: Codes) -> NDArray[np.object_]:
    return np.full(like.size, None, dtype=object)


def _lots(state: Walk, lots: Fields) -> pd.DataFrame:
    names = state.posted.names
    return frame_of({
        "symbol": named(names.symbols, lots["symbol"]),
        "account": named(names.accounts, lots["account"]) if state.conventions.lots_by == "account" else _unnamed(lots["row"]),
        "opened": _dates(lots["opened"]),
        "quantity": lots["quantity"],
        "price": lots["local"] / (lots["quantity"] * names.multiplier[lots["symbol"]]),
        "cost_local": lots["local"],
        "cost_base": lots["base"],
        "transaction_id": state.ledger["id"].to_numpy()[lots["row"]],
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
            "currency": named(names.currencies, names.symbol_currency),
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


def _cash(state: Walk, legs: Fields) -> pd.DataFrame:
    names = state.posted.names
    size = len(names.currencies)
    of_leg = legs["code"]
    of_alone = np.where(names.symbol < 0, names.currency, -1)
    fees, taxes = _apart(state)
    frame = pd.DataFrame(
        {
            "balance": _summed(of_leg, legs["cash_delta_local"], size),
            "cost_base": _summed(of_leg, legs["cash_delta_base"], size),
            "contributed": _summed(of_leg, legs["flow_base"], size),
            "income": _summed(of_leg, legs["income"], size),
            "fees": _summed(of_alone, fees, size),
            "taxes": _summed(of_alone, taxes, size),
        },
        index=pd.Index(names.currencies, dtype=object, name="currency"),
    )
    used = np.bincount(of_leg, minlength=size) > 0
    used[0] = True  # the base currency
    return frame.loc[used]


def flows_of(effects: pd.DataFrame) -> pd.DataFrame:
    """External flows among effects.

    Parameters
    ----------
    effects
        As in `Book`.

    Returns
    -------
    DataFrame
        `date kind amount_base`, positive in.
    """
    crossing = np.flatnonzero(effects["flow_base"].to_numpy() != 0)
    sources = {"date": "date", "kind": "kind", "amount_base": "flow_base"}
    return frame_of({name: effects[source].to_numpy()[crossing] for name, source in sources.items()})
