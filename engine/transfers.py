"""Transfers: lots that move with their cost and dates, and what of them is a flow.

Two legs of one transfer share a `transfer_id`. Where a ledger, or a group of portfolios, holds both, nothing crossed its boundary.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.booked import Book
from engine.errors import InvalidTransaction
from engine.pools import Lot
from engine.types import Kind

LEGS = (Kind.TRANSFER_IN, Kind.TRANSFER_OUT)
CROSSING = (*LEGS, Kind.ADJUSTMENT)


def internal_legs(ledgers: Iterable[pd.DataFrame]) -> frozenset[str]:
    """Ids of the transactions whose transfer begins and ends within some ledgers.

    Parameters
    ----------
    ledgers
        What `ledger_frame` returns, one a portfolio.

    Returns
    -------
    frozenset of str
        Transaction ids of both legs.

    Examples
    --------
    >>> from engine.frames import ledger_frame
    >>> legs = [{"id": kind, "date": "2024-01-02", "kind": kind, "amount": 5, "transfer_id": "t"} for kind in ("TRANSFER_OUT", "TRANSFER_IN")]
    >>> sorted(internal_legs([ledger_frame(legs)])), internal_legs([ledger_frame(legs[:1])])
    (['TRANSFER_IN', 'TRANSFER_OUT'], frozenset())
    """
    found: dict[Any, dict[str, str]] = {}
    for ledger in ledgers:
        known = ledger["transfer_id"].notna()
        if known.any():
            legs = ledger.loc[known, ["transfer_id", "kind", "id"]]
            for transfer, kind, key in legs.itertuples(index=False):
                found.setdefault(transfer, {})[kind] = key
    return frozenset(key for legs in found.values() if len(legs) == len(LEGS) for key in legs.values())


def without_flows(booked: Book, legs: Collection[str]) -> Book:
    """Book in which some legs are no external flows.

    Parameters
    ----------
    booked
        What `book` returns.
    legs
        Transaction ids, of both legs each.

    Returns
    -------
    Book
        With other `effects` and `flows`; contributions stay, because the legs of one transfer add up to nothing.

    Examples
    --------
    >>> from engine import book
    >>> pair = [{"id": kind, "date": "2024-01-02", "kind": kind, "amount": 5} for kind in ("TRANSFER_OUT", "TRANSFER_IN")]
    >>> without_flows(book(pair, base_currency="EUR"), ["TRANSFER_OUT", "TRANSFER_IN"]).flows.empty
    True
    """
    if not legs:
        return booked
    inside = booked.effects["transaction_id"].isin(list(legs)).to_numpy()
    effects = booked.effects.assign(flow_base=np.where(inside, 0.0, booked.effects["flow_base"].to_numpy()))
    crossing = effects[effects["flow_base"] != 0]
    flows = pd.DataFrame({"date": crossing["date"], "kind": crossing["kind"], "amount_base": crossing["flow_base"]})
    return replace(booked, effects=effects, flows=flows.reset_index(drop=True))


def at_market(booked: Book, market_local: NDArray[np.float64], market_base: NDArray[np.float64]) -> Book:
    """Book in which securities that cross the boundary count at their market value.

    Parameters
    ----------
    booked
        What `book` returns.
    market_local, market_base
        ndarray of shape (n_effects,): quantity x close of the day, signed; NaN where unknown, which stays as booked.

    Returns
    -------
    Book
        With other consideration and flow in `effects`; cost and gains are untouched.
    """
    effects = booked.effects
    crossing = effects["kind"].isin(CROSSING).to_numpy() & effects["symbol"].notna().to_numpy() & ~np.isnan(market_base)
    if not crossing.any():
        return booked
    external = crossing & (effects["flow_base"].to_numpy() != 0)
    told = effects.assign(
        gross_local=np.where(crossing, market_local, effects["gross_local"].to_numpy()),
        gross_base=np.where(crossing, market_base, effects["gross_base"].to_numpy()),
        flow_base=np.where(external, market_base, effects["flow_base"].to_numpy()),
    )
    return replace(booked, effects=told)


def lots_brought(given: Iterable[Mapping[str, Any]], *, units: float, multiplier: float, cost: float, rate: float, day: int, row: int) -> list[Lot]:
    """Lots that a transfer brings with it, each with its own day and cost.

    Parameters
    ----------
    given
        `quantity` with `cost` (of the lot) or `price` (of one unit), `date` (or `opened`), `fx_rate` (base units per unit of the
        instrument's currency when it was acquired). What is absent is the transfer's own.
    units, multiplier, cost, rate, day, row
        The transfer's: quantity, contract multiplier, cost in all (NaN: unknown), rate, days since 1970, place in the ledger.

    Returns
    -------
    list of Lot
        In the order given.

    Raises
    ------
    InvalidTransaction
        The lots do not add up to the transfer.

    Examples
    --------
    >>> lots_brought([{"date": "2020-01-02", "quantity": 2, "price": 5}], units=2, multiplier=1, cost=0.0, rate=1.0, day=0, row=3)[0].base
    10.0
    """
    lots = []
    for lot in given:
        quantity = float(lot["quantity"])
        local = _cost_of(lot, quantity * multiplier, cost * quantity / units)
        told = float(lot["fx_rate"]) if lot.get("fx_rate") is not None else rate
        opened = np.datetime64(str(lot.get("date") or lot.get("opened") or np.datetime64(day, "D"))[:10], "D")
        lots.append(Lot(quantity, local, local * told if local else 0.0, 0.0, 0.0, int(opened.astype(np.int64)), row))
    brought = sum(lot.quantity for lot in lots)
    if abs(brought - units) > 1e-9 * units:
        raise InvalidTransaction("lots", f"{len(lots)} lots", f"the lots hold {brought:g}, the transfer {units:g}", hint="Let them add up")
    return lots


def _cost_of(lot: Mapping[str, Any], units: float, otherwise: float) -> float:
    if lot.get("cost") is not None:
        return float(lot["cost"])
    return float(lot["price"]) * units if lot.get("price") is not None else otherwise
