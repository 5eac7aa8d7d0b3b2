"""Booking a ledger: positions, lots, realised gains, cash and flows, without any price.

    book_value(cash) + cost(lots) = net contributions + realised + income - fees - taxes

holds after every transaction in base currency; prices and today's rates (`engine.valuation`) add unrealised and currency gains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.booking import Conventions, Walk, walk
from engine.currencies import currency_code
from engine.errors import InvalidInput
from engine.frames import Records, column, fx_frame, instant, ledger_frame
from engine.kinds import EFFECTS, Effect
from engine.postings import KINDS, Floats, Postings, postings, times
from engine.types import CostMethod, Finding, Kind

__all__ = ["EFFECTS", "Book", "Effect", "book"]

_IN_COST = (Kind.BUY, Kind.SELL)


@dataclass(frozen=True, slots=True)
class Book:
    """A ledger booked to a day, in frames. Amounts are base currency unless a column says `_local`.

    Attributes
    ----------
    base_currency, cost_method
        As asked for.
    positions
        Index symbol: `quantity currency multiplier cost_local cost_base realised_local realised income fees taxes fees_paid taxes_paid
        first_date last_date`; closed ones stay with quantity 0. `fees` and `taxes` are what is in neither cost nor proceeds.
    lots
        `symbol account opened quantity price cost_local cost_base transaction_id`, open ones in the order held.
    gains
        One row a lot matched by a disposal: `symbol account opened closed kind quantity proceeds_local cost_local gain_local proceeds
        cost gain fee tax transaction_id lot_id`; `quantity` is negative where a short was covered, 0 where only cost was repaid.
    cash
        Index currency: `balance cost_base contributed income fees taxes`: `balance` in that currency, `cost_base` what the balance was
        worth when it moved, `contributed` external flows; income, fees and taxes that belong to no symbol.
    flows
        `date kind amount_base`: external flows, positive in.
    effects
        One row a transaction and symbol or cash currency: `date kind symbol cash_currency quantity_delta cash_delta_local
        cash_delta_base flow_base transfer_base gross_local gross_base income fee tax transaction_id`; `transfer_base` is value moved
        in from other rows (it adds up to 0 over a transaction), `gross_*` the consideration for the quantity.
    findings
        What was odd.
    """

    base_currency: str
    cost_method: CostMethod
    positions: pd.DataFrame
    lots: pd.DataFrame
    gains: pd.DataFrame
    cash: pd.DataFrame
    flows: pd.DataFrame
    effects: pd.DataFrame
    findings: tuple[Finding, ...]


def book(  # noqa: PLR0913 - conventions are keyword arguments, never constants in the body
    ledger: Records,
    *,
    base_currency: str,
    fx: pd.DataFrame | pd.Series | Mapping[str, float] | None = None,
    cost_method: str = "fifo",
    fees_in_cost: bool = True,
    oversell: str = "short",
    lots_by: str = "account",
    multipliers: Mapping[str, float] | None = None,
    currencies: Mapping[str, str] | None = None,
    as_of: Date | datetime | str | None = None,
) -> Book:
    """Book a ledger.

    Parameters
    ----------
    ledger
        What `ledger_frame` takes.
    base_currency
        Currency of every amount that is not local.
    fx
        Rates of history, dates x pairs, or one rate a pair. The last one on or before a transaction's day counts.
    cost_method
        ``fifo`` (default), ``lifo``, ``hifo``, ``lofo``, ``average`` (moving) or ``specific`` (the lots a sale names, then the oldest).
    fees_in_cost
        True (default): fees and taxes of a purchase are cost, those of a sale reduce its proceeds. False: both are gross.
    oversell
        What a sale beyond the held does: ``short`` (default), ``error``, or ``missing`` (a finding; the missing shares are taken to
        have come in at the sale's price, as an external flow).
    lots_by
        ``account`` (default): a sale takes lots of its own account; ``pooled``: of any.
    multipliers
        Symbol to contract multiplier, default 1.
    currencies
        Symbol to the instrument's currency, default that of its first transaction.
    as_of
        Last day that is booked, default all.

    Returns
    -------
    Book
        Frames of positions, lots, gains, cash, flows and effects, with findings.

    Notes
    -----
    Convention: base amounts are at the rate of the transaction's day; `fx_rate` of a transaction beats the market's; without a rate
    they are NaN, with a finding.

    Raises
    ------
    InvalidTransaction
        A row that cannot be booked.
    InvalidInput
        An option that does not exist.
    OversoldPosition
        With ``oversell="error"``.

    Examples
    --------
    >>> sold = book([
    ...     {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5},
    ...     {"date": "2024-02-01", "kind": "SELL", "symbol": "A", "quantity": 4, "price": 7},
    ... ], base_currency="EUR")
    >>> sold.positions.loc["A", ["quantity", "cost_base", "realised"]].tolist()
    [6.0, 30.0, 8.0]
    """
    conventions = Conventions(
        CostMethod(_option("cost_method", cost_method, [method.value for method in CostMethod])),
        fees_in_cost,
        _option("oversell", oversell, ["short", "error", "missing"]),
        _option("lots_by", lots_by, ["account", "pooled"]),
    )
    base = currency_code(base_currency, field="base_currency")
    frame = ledger_frame(ledger)
    if as_of is not None:
        frame = frame[frame["date"].to_numpy() <= instant(as_of).to_datetime64()].reset_index(drop=True)
    posted = postings(frame, base, fx_frame(fx), multipliers=multipliers, currencies=currencies)
    state = walk(frame, posted, conventions)
    effects = _effects(state)
    gains = _gains(state)
    charged = _charged(posted, fees_in_cost=fees_in_cost)
    return Book(
        base_currency=base,
        cost_method=conventions.cost_method,
        positions=_positions(state, gains, charged),
        lots=_lots(state),
        gains=gains,
        cash=_cash(posted, effects, charged),
        flows=_flows(effects),
        effects=effects,
        findings=posted.findings + tuple(state.findings),
    )


def _option(name: str, value: object, known: list[str]) -> str:
    text = str(getattr(value, "value", value)).lower()
    if text not in known:
        raise InvalidInput(name, value, f"{text} is not a choice", hint=f"Use one of {', '.join(known)}")
    return text


def _charged(posted: Postings, *, fees_in_cost: bool) -> tuple[Floats, Floats]:
    """Fees and taxes in base currency that are in neither cost nor proceeds."""
    apart = ~posted.of(*_IN_COST) if fees_in_cost else np.ones(len(posted.kind), dtype=np.bool_)
    return np.where(apart, times(posted.fee, posted.rate), 0.0), np.where(apart, times(posted.tax, posted.rate), 0.0)


def _summed(codes: NDArray[np.int64], amounts: Floats, size: int) -> Floats:
    """Sum of the amounts of each code; -1 is left out."""
    inside = codes >= 0
    return np.bincount(codes[inside], weights=amounts[inside], minlength=size) if size else np.zeros(0)


def _named(names: list[Any], codes: NDArray[np.int64]) -> pd.Series:
    """Column of names by their codes; -1 is None."""
    return column(np.array([*names, None], dtype=object)[codes])


def _effects(state: Walk) -> pd.DataFrame:
    frame = pd.concat([_symbol_effects(state), _cash_effects(state.posted)], ignore_index=True)
    frame = frame.sort_values("row", kind="stable", ignore_index=True)
    rows = frame.pop("row").to_numpy()
    kinds = np.array([kind.value for kind in KINDS], dtype=object)
    frame.insert(0, "date", state.posted.day[rows])
    frame.insert(1, "kind", column(kinds[state.posted.kind[rows]]))
    frame["transaction_id"] = column(state.ledger["id"].to_numpy()[rows])
    return frame


def _symbol_effects(state: Walk) -> pd.DataFrame:
    """One row a transaction and symbol: what the walk moved, and the cash of the transaction seen from the holding."""
    posted, names = state.posted, state.posted.names
    own = np.flatnonzero(names.symbol >= 0)
    moves = state.moves
    size = max(len(names.symbols), 1)
    keys = np.concatenate([np.array([move.row * size + move.symbol for move in moves], dtype=np.int64), own * size + names.symbol[own]])
    found, place = np.unique(keys, return_inverse=True)
    nothing = np.zeros(len(moves))
    seen = {name: times(amounts, posted.rate)[own] for name, amounts in
            (("cash", posted.cash), ("income", posted.sign("income_sign") * posted.gross), ("fee", posted.fee), ("tax", posted.tax))}  # fmt: skip

    def summed(of_moves: Floats, of_cash: Floats) -> Floats:
        return np.bincount(place, weights=np.concatenate([of_moves, of_cash]), minlength=found.size)

    def moved(name: str) -> Floats:
        return np.array([getattr(move, name) for move in moves], dtype=np.float64)

    none = np.zeros(own.size)
    return pd.DataFrame({
        "row": found // size,
        "symbol": _named(names.symbols, found % size),
        "cash_currency": column(np.full(found.size, None, dtype=object)),
        "quantity_delta": summed(moved("units"), none),
        "cash_delta_local": 0.0,
        "cash_delta_base": 0.0,
        "flow_base": summed(moved("flow"), none),
        "transfer_base": summed(moved("carried"), -seen["cash"]),
        "gross_local": summed(moved("local"), none),
        "gross_base": summed(moved("base"), none),
        "income": summed(nothing, seen["income"]),
        "fee": summed(nothing, seen["fee"]),
        "tax": summed(nothing, seen["tax"]),
    })


def _cash_effects(posted: Postings) -> pd.DataFrame:
    """One row a transaction and currency whose balance it changes."""
    names = posted.names
    rows = np.flatnonzero((posted.cash != 0) | (posted.gross != 0) & posted.cash_like | (posted.fee != 0) | (posted.tax != 0))
    into = np.flatnonzero(posted.to_cash != 0)
    conversion = posted.of(Kind.FX_CONVERSION)[rows]
    gross = times(posted.gross, posted.rate)[rows]
    base = times(posted.cash, posted.rate)[rows]
    alone = names.symbol[rows] < 0
    nothing = np.zeros(into.size)
    arrived = (posted.to_cash * posted.to_rate)[into]

    def alone_only(amounts: Floats) -> Floats:
        return np.concatenate([np.where(alone, times(amounts, posted.rate)[rows], 0.0), nothing])

    codes = np.concatenate([names.currency[rows], names.to_currency[into]])
    return pd.DataFrame({
        "row": np.concatenate([rows, into]),
        "symbol": column(np.full(codes.size, None, dtype=object)),
        "cash_currency": _named(names.currencies, codes),
        "quantity_delta": 0.0,
        "cash_delta_local": np.concatenate([posted.cash[rows], posted.to_cash[into]]),
        "cash_delta_base": np.concatenate([base, arrived]),
        "flow_base": np.concatenate([np.where(posted.cash_like[rows], posted.sign("flow_sign")[rows] * gross, 0.0), nothing]),
        "transfer_base": np.concatenate([np.where(conversion, -gross, np.where(alone, 0.0, base)), arrived]),
        "gross_local": 0.0,
        "gross_base": 0.0,
        "income": alone_only(posted.sign("income_sign") * posted.gross),
        "fee": alone_only(posted.fee),
        "tax": alone_only(posted.tax),
    })


def _gains(state: Walk) -> pd.DataFrame:
    gains, names = state.book.gains, state.posted.names
    ids = state.ledger["id"].to_numpy()
    kinds = np.array([kind.value for kind in KINDS], dtype=object)

    def cells(name: str, dtype: Any = np.float64) -> NDArray[Any]:  # noqa: ANN401 - numpy's own dtype argument
        return np.array([getattr(gain, name) for gain in gains], dtype=dtype)

    row = cells("row", np.int64)
    frame = pd.DataFrame({
        "symbol": _named(names.symbols, cells("symbol", np.int64)),
        "account": _named(names.accounts, cells("account", np.int64)),
        "opened": cells("opened", np.int64).astype("datetime64[D]").astype("datetime64[ns]"),
        "closed": state.posted.day[row],
        "kind": column(kinds[state.posted.kind[row]]),
        **{name: cells(name) for name in ("quantity", "proceeds_local", "cost_local", "proceeds", "cost", "fee", "tax")},
        "transaction_id": column(ids[row]),
        "lot_id": column(ids[cells("lot_row", np.int64)]),
    })
    frame.insert(8, "gain_local", frame["proceeds_local"] - frame["cost_local"])
    frame.insert(11, "gain", frame["proceeds"] - frame["cost"])
    return frame


def _lots(state: Walk) -> pd.DataFrame:
    names = state.posted.names
    pools = sorted((pool for pool in state.book.pools.values() if pool.sign), key=lambda pool: (pool.symbol, pool.account))
    held = [(pool, lot) for pool in pools for lot in pool]
    symbol = np.array([pool.symbol for pool, _ in held], dtype=np.int64)
    quantity = np.array([lot.quantity for _, lot in held], dtype=np.float64)
    local = np.array([lot.local for _, lot in held], dtype=np.float64)
    return pd.DataFrame({
        "symbol": _named(names.symbols, symbol),
        "account": _named(names.accounts, np.array([pool.account for pool, _ in held], dtype=np.int64)),
        "opened": np.array([lot.opened for _, lot in held], dtype=np.int64).astype("datetime64[D]").astype("datetime64[ns]"),
        "quantity": quantity,
        "price": local / (quantity * names.multiplier[symbol]),
        "cost_local": local,
        "cost_base": np.array([lot.base for _, lot in held], dtype=np.float64),
        "transaction_id": column(state.ledger["id"].to_numpy()[np.array([lot.row for _, lot in held], dtype=np.int64)]),
    })


def _positions(state: Walk, gains: pd.DataFrame, charged: tuple[Floats, Floats]) -> pd.DataFrame:
    posted, names = state.posted, state.posted.names
    size = len(names.symbols)
    held = [(pool.symbol, lot) for pool in state.book.pools.values() for lot in pool]
    of_lot = np.array([symbol for symbol, _ in held], dtype=np.int64)
    of_gain = np.array([gain.symbol for gain in state.book.gains], dtype=np.int64)

    def lots(name: str) -> Floats:
        return _summed(of_lot, np.array([getattr(lot, name) for _, lot in held], dtype=np.float64), size)

    def cells(amounts: Floats) -> Floats:
        return _summed(names.symbol, amounts, size)

    first, last = _span(state, size)
    return pd.DataFrame(
        {
            "quantity": lots("quantity"),
            "currency": np.array(names.currencies, dtype=object)[names.symbol_currency],
            "multiplier": names.multiplier,
            "cost_local": lots("local"),
            "cost_base": lots("base"),
            "realised_local": _summed(of_gain, gains["gain_local"].to_numpy(), size),
            "realised": _summed(of_gain, gains["gain"].to_numpy(), size),
            "income": cells(times(posted.sign("income_sign") * posted.gross, posted.rate)),
            "fees": cells(charged[0]),
            "taxes": cells(charged[1]),
            "fees_paid": cells(times(posted.fee, posted.rate)),
            "taxes_paid": cells(times(posted.tax, posted.rate)),
            "first_date": first,
            "last_date": last,
        },
        index=pd.Index(names.symbols, dtype=object, name="symbol"),
    )


def _span(state: Walk, size: int) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Days of the first and the last transaction of each symbol."""
    names, day = state.posted.names, state.posted.day
    codes, days = np.concatenate([names.symbol, names.child]), np.concatenate([day, day])
    first, last = np.full(size, np.datetime64("2262-01-01", "ns")), np.full(size, np.datetime64("1678-01-01", "ns"))
    np.minimum.at(first, codes[codes >= 0], days[codes >= 0])
    np.maximum.at(last, codes[codes >= 0], days[codes >= 0])
    return first, last


def _cash(posted: Postings, effects: pd.DataFrame, charged: tuple[Floats, Floats]) -> pd.DataFrame:
    names = posted.names
    size = len(names.currencies)
    legs = effects[effects["cash_currency"].notna()]
    places = {code: place for place, code in enumerate(names.currencies)}
    of_leg = np.array([places[code] for code in legs["cash_currency"]], dtype=np.int64)
    of_alone = np.where(names.symbol < 0, names.currency, -1)
    frame = pd.DataFrame(
        {
            "balance": _summed(of_leg, legs["cash_delta_local"].to_numpy(), size),
            "cost_base": _summed(of_leg, legs["cash_delta_base"].to_numpy(), size),
            "contributed": _summed(of_leg, legs["flow_base"].to_numpy(), size),
            "income": _summed(of_leg, legs["income"].to_numpy(), size),
            "fees": _summed(of_alone, charged[0], size),
            "taxes": _summed(of_alone, charged[1], size),
        },
        index=pd.Index(names.currencies, dtype=object, name="currency"),
    )
    return frame[np.isin(np.arange(size), [0, *of_leg])]


def _flows(effects: pd.DataFrame) -> pd.DataFrame:
    crossing = effects[effects["flow_base"] != 0]
    return pd.DataFrame({"date": crossing["date"], "kind": crossing["kind"], "amount_base": crossing["flow_base"]}).reset_index(drop=True)
