"""What a sale would realise, thought through under every cost method before anybody sells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - `date` is a parameter here
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import InvalidInput, MoreThanHeld
from engine.frames import Records, instant, ledger_frame
from engine.holding_terms import gain_parts, held_days, holding_terms
from engine.ledger import book
from engine.lots_sold import from_lots
from engine.section104 import section_104
from engine.types import Kind

__all__ = ["SaleSimulation", "simulate_sale"]

SALE = "simulated-sale"
METHODS = ("fifo", "lifo", "hifo", "lofo", "average")
SHOWN = ["method", "account", "opened", "days_held", "term", "rule", "quantity", "proceeds_local", "cost_local", "gain_local", "proceeds", "cost",
         "gain", "price_gain", "fx_gain", "lot_id"]  # fmt: skip
FIGURES = ["proceeds_local", "cost_local", "gain_local", "proceeds", "cost", "gain", "price_gain", "fx_gain"]


@dataclass(frozen=True, slots=True)
class SaleSimulation:
    """What selling would realise, in frames.

    Attributes
    ----------
    symbol, quantity, price, date, account, held
        What is thought through, and what is held on that day.
    methods
        Index cost method: `proceeds_local cost_local gain_local proceeds cost gain price_gain fx_gain gain_short gain_long estimated_tax
        after_tax lots`; proceeds are net of the fee and tax of the sale, `after_tax` is them less the estimated tax.
    lots
        One row a lot taken, by method: `method account opened days_held term rule quantity proceeds_local cost_local gain_local proceeds cost
        gain price_gain fx_gain lot_id`.
    open_lots
        `Book.lots` of the instrument before the sale: those that `lots` can name.
    """

    symbol: str
    quantity: float
    price: float
    date: Date
    account: str | None
    held: float
    methods: pd.DataFrame
    lots: pd.DataFrame
    open_lots: pd.DataFrame


def simulate_sale(  # noqa: PLR0913 - what is sold, and the conventions of `book`
    ledger: Records,
    symbol: str,
    quantity: float,
    price: float,
    date: Date | str,
    *,
    base_currency: str,
    account: str | None = None,
    fee: float = 0.0,
    tax: float = 0.0,
    fx_rate: float | None = None,
    tax_rates: Mapping[str, float] | None = None,
    lots: Sequence[Mapping[str, Any]] | None = None,
    held_lots: pd.DataFrame | None = None,
    with_section_104: bool = False,
    **options: Any,  # noqa: ANN401 - as in `book`
) -> SaleSimulation:
    """Think a sale through under each cost method, without recording it.

    Parameters
    ----------
    ledger
        What `ledger_frame` takes.
    symbol, quantity, price, date
        What would be sold, how much of it, for what in the instrument's currency, and when; what is later in the ledger is left out.
    base_currency
        Currency of the figures without `_local`.
    account
        Sell what this account holds; default all accounts together.
    fee, tax
        Estimated costs of the sale in the instrument's currency.
    fx_rate
        Base units per local unit at the sale; default the market's of that day.
    tax_rates
        Fractions by term, ``{"short": 0.37, "long": 0.2}``; default no estimate (NaN).
    lots
        Lots to sell by name, ``[{"id": ..., "quantity": ...}]``: adds the method ``specific``.
    held_lots
        `Book.lots` to sell from, as earlier sales have left them. Default: each method books the whole ledger, earlier sales too.
    with_section_104
        Adds ``section_104``: the rules of the United Kingdom with what is known by that day.
    **options
        Further conventions of `book`: `fx multipliers currencies fees_in_cost`.

    Returns
    -------
    SaleSimulation
        Methods beside each other, and the lots that each would take.

    Notes
    -----
    Convention: a loss of one term reduces the gain of the other before the rates apply, and the estimated tax is never negative.

    Raises
    ------
    MoreThanHeld
        The quantity is more than is held, with what is held.
    InvalidInput
        A quantity or price that is not positive.

    Examples
    --------
    >>> bought = [{"date": "2023-01-02", "kind": "BUY", "symbol": "A", "quantity": 1, "price": price} for price in (10, 30)]
    >>> simulate_sale(bought, "A", 1, 25, "2024-06-03", base_currency="EUR").methods["gain"].to_dict()
    {'fifo': 15.0, 'lifo': -5.0, 'hifo': -5.0, 'lofo': 15.0, 'average': 5.0}
    """
    if not quantity > 0 or not price > 0:
        field = "price" if quantity > 0 else "quantity"
        raise InvalidInput(field, price if quantity > 0 else quantity, "must be more than 0", hint="Say what would be sold, and for what")
    day = instant(date, field="date").normalize()
    multiplier = float((options.get("multipliers") or {}).get(symbol, 1.0))
    options |= {"base_currency": base_currency, "lots_by": "account" if account else "pooled"}
    known = _family(ledger_frame(ledger), symbol, day)
    open_lots = _open(book(known, **options).lots if held_lots is None else held_lots, symbol, account)
    held = float(open_lots["quantity"].clip(lower=0).sum())
    if quantity > held * (1 + 1e-12):
        raise MoreThanHeld(symbol, quantity=quantity, held=held, date=str(day.date()), account=account)
    sale = {"id": SALE, "date": day, "kind": Kind.SELL.value, "symbol": symbol, "quantity": quantity, "price": price, "fee": fee, "tax": tax,
            "account": account, "fx_rate": fx_rate, "currency": _currency(known, symbol, options.get("currencies"))}
    if held_lots is None:
        taken = [_taken(known, {**sale, "lots": list(lots) if lots and method == "specific" else None}, method, options) for method in _methods(lots)]
    else:
        price_base = fx_rate if fx_rate is not None else _rate(known, sale, options)
        taken = [_told(from_lots(open_lots, sale, method, rate=price_base, multiplier=multiplier, named=lots), method) for method in _methods(lots)]
    if with_section_104:
        taken.append(_by_section_104(known, sale, options))
    every = pd.concat(taken, ignore_index=True)
    names = list(dict.fromkeys(every["method"]))
    summary = pd.DataFrame([_summary(every[every["method"] == name], tax_rates) for name in names], index=pd.Index(names, name="method"))
    return SaleSimulation(symbol, quantity, price, day.date(), account, held, summary, every, open_lots)


def _methods(lots: object) -> tuple[str, ...]:
    return (*METHODS, "specific") if lots else METHODS


def _family(ledger: pd.DataFrame, symbol: str, day: pd.Timestamp) -> pd.DataFrame:
    """Transactions up to a day of an instrument and of those it came of."""
    known = ledger[ledger["date"] <= day]
    names, size = {symbol}, 0
    actions = known[known["to_symbol"].notna()]
    while size != len(names):
        size = len(names)
        names |= set(actions.loc[actions["to_symbol"].isin(names), "symbol"])
    return known[known["symbol"].isin(names)].reset_index(drop=True)


def _open(every: pd.DataFrame, symbol: str, account: str | None) -> pd.DataFrame:
    lots = every[every["symbol"] == symbol]
    return (lots if account is None else lots[lots["account"] == account]).reset_index(drop=True)


def _rate(ledger: pd.DataFrame, sale: Mapping[str, Any], options: Mapping[str, Any]) -> float:
    """Give base units per local unit on the day of the sale, as the market has it."""
    gains = book(_sold(ledger, sale), **options).gains
    return float(gain_parts(gains[gains["transaction_id"] == SALE])["rate"].iloc[0])


def _currency(ledger: pd.DataFrame, symbol: str, currencies: Mapping[str, str] | None) -> str | None:
    named = ledger.loc[(ledger["symbol"] == symbol) & ledger["currency"].notna(), "currency"]
    return (currencies or {}).get(symbol) or (str(named.iloc[0]) if len(named) else None)


def _sold(ledger: pd.DataFrame, sale: Mapping[str, Any]) -> pd.DataFrame:
    """Ledger with the sale as its last transaction."""
    row = pd.DataFrame([{name: sale.get(name) for name in ledger.columns}], columns=ledger.columns, dtype=object)
    return ledger_frame(pd.concat([ledger.astype(object), row], ignore_index=True))


def _taken(ledger: pd.DataFrame, sale: Mapping[str, Any], method: str, options: Mapping[str, Any]) -> pd.DataFrame:
    gains = book(_sold(ledger, sale), cost_method=method, **options).gains
    return _told(gains[gains["transaction_id"] == SALE].assign(rule=None), method)


def _by_section_104(ledger: pd.DataFrame, sale: Mapping[str, Any], options: Mapping[str, Any]) -> pd.DataFrame:
    disposals = section_104(book(_sold(ledger, sale), **options)).disposals
    return _told(disposals[disposals["transaction_id"] == SALE], "section_104")


def _told(gains: pd.DataFrame, method: str) -> pd.DataFrame:
    parts = gain_parts(gains)
    dated = gains.assign(method=method, days_held=held_days(gains), term=holding_terms(gains))
    return dated.assign(price_gain=parts["price_gain"], fx_gain=parts["fx_gain"])[SHOWN].reset_index(drop=True)


def _summary(taken: pd.DataFrame, rates: Mapping[str, float] | None) -> dict[str, float]:
    sums = {name: float(taken[name].sum()) for name in FIGURES}
    short, long = (float(taken.loc[taken["term"] == term, "gain"].sum()) for term in ("short", "long"))
    tax = _estimate(short + float(taken.loc[taken["term"] == "pooled", "gain"].sum()), long, rates)
    return {**sums, "gain_short": short, "gain_long": long, "estimated_tax": tax, "after_tax": sums["proceeds"] - tax, "lots": len(taken)}


def _estimate(short: float, long: float, rates: Mapping[str, float] | None) -> float:
    """Tax on what is left of each term after the losses of the other."""
    if rates is None:
        return np.nan
    if short * long < 0:
        net = short + long
        short, long = (net, 0.0) if abs(short) > abs(long) else (0.0, net)
    return max(0.0, short) * rates.get("short", 0.0) + max(0.0, long) * rates.get("long", 0.0)
