"""Booking a ledger: positions, lots, realised gains, cash and flows, without any price.

    book_value(cash) + cost(lots) = net contributions + realised + income - fees - taxes

holds after every transaction in base currency; prices and today's rates (`engine.valuation`) add unrealised and currency gains.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.booked import Book
from engine.booking import walk
from engine.currencies import currency_code
from engine.effects import cash_values, effects_of
from engine.errors import InvalidInput
from engine.events import Conventions, Walk
from engine.frames import Records, fx_frame, instant, ledger_frame
from engine.kinds import EFFECTS, Effect
from engine.postings import Postings, postings
from engine.rate_ages import stale_rates
from engine.statements import flows_of, statements
from engine.transfers import internal_legs, without_flows
from engine.types import CostMethod, Finding, Kind

__all__ = ["EFFECTS", "Book", "Effect", "book", "moved"]

Fx = pd.DataFrame | pd.Series | Mapping[str, float] | None


def book(  # noqa: PLR0913 - conventions are keyword arguments, never constants in the body
    ledger: Records,
    *,
    base_currency: str,
    fx: Fx = None,
    cost_method: str = "fifo",
    fees_in_cost: bool = True,
    oversell: str = "short",
    lots_by: str = "account",
    multipliers: Mapping[str, float] | None = None,
    currencies: Mapping[str, str] | None = None,
    as_of: date | datetime | str | None = None,
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
    state, findings = _walked(frame, base, fx, conventions, multipliers, currencies)
    booked = Book(base_currency=base, cost_method=conventions.cost_method, findings=findings, **statements(state))
    return without_flows(booked, internal_legs([frame]))


def moved(ledger: pd.DataFrame, *, base_currency: str, fx: pd.DataFrame | None = None, multipliers: Mapping[str, float] | None = None,
          currencies: Mapping[str, str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Finding, ...]]:
    """Tell what the transactions of a ledger moved, without its lots and gains.

    Parameters
    ----------
    ledger
        What `ledger_frame` returns, of transactions that depend on nothing before them.
    base_currency, fx, multipliers, currencies
        As in `book`.

    Returns
    -------
    tuple
        `effects`, `flows` and `findings` of `Book`, to the last bit.

    Examples
    --------
    >>> from engine.frames import ledger_frame
    >>> effects, flows, _ = moved(ledger_frame([{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 5}]), base_currency="EUR")
    >>> effects["cash_delta_base"].tolist(), flows["amount_base"].tolist()
    ([5.0], [5.0])
    """
    base, conventions = currency_code(base_currency, field="base_currency"), Conventions(CostMethod.FIFO, True, "short", "account")
    state, findings = _walked(ledger, base, fx, conventions, multipliers, currencies)
    effects = effects_of(state, cash_values(state))
    return effects, flows_of(effects), findings


def _walked(frame: pd.DataFrame, base: str, fx: Fx, conventions: Conventions, multipliers: Mapping[str, float] | None,
            currencies: Mapping[str, str] | None) -> tuple[Walk, tuple[Finding, ...]]:
    """Book every transaction, and tell what was odd."""
    posted = postings(frame, base, fx_frame(fx), multipliers=multipliers, currencies=currencies)
    state = walk(frame, posted, conventions)
    return state, posted.findings + stale_rates(base, _rates_used(frame, posted), fx) + tuple(state.findings)


def _rates_used(ledger: pd.DataFrame, posted: Postings) -> dict[str, NDArray[np.datetime64]]:
    """Days on which a market's rate was used, by currency: where a transaction of another currency brings no rate of its own."""
    names = posted.names
    if len(names.currencies) == 1:
        return {}
    moved = (posted.gross_local != 0) | (posted.charge_local != 0)
    told = ~np.isnan(ledger["fx_rate"].to_numpy()) | (posted.of(Kind.FX_CONVERSION) & (names.to_currency == 0))
    asking = moved & ~told & (names.currency > 0)
    return {names.currencies[code]: np.unique(posted.day[asking & (names.currency == code)]) for code in np.unique(names.currency[asking]).tolist()}


def _option(name: str, value: object, known: list[str]) -> str:
    text = str(getattr(value, "value", value)).lower()
    if text not in known:
        raise InvalidInput(name, value, f"{text} is not a choice", hint=f"Use one of {', '.join(known)}")
    return text
