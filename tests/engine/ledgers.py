"""Random ledgers for property tests: two symbols in two currencies, every kind, shorts, flips and corporate actions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

START = date(2024, 1, 1)
DAYS = 20
CURRENCY = {"A": "USD", "B": "EUR", "C": "USD", "D": "EUR"}
INDEX = pd.date_range(START - timedelta(days=1), periods=DAYS + 2)
FX = pd.DataFrame({"EURUSD": np.round(1.1 + 0.05 * np.sin(np.arange(len(INDEX))), 4)}, index=INDEX)
PRICES = pd.DataFrame({name: np.round(20 + 5 * np.sin(np.arange(len(INDEX)) * (at + 1)), 2) for at, name in enumerate(CURRENCY)}, index=INDEX)


def rate(currency: str, day: date, base: str = "EUR") -> Decimal:
    """Base units per one unit on a day, exactly as the frame `FX` says."""
    dollars = Decimal(str(FX["EURUSD"][pd.Timestamp(day)]))
    return {"EUR": {"EUR": Decimal(1), "USD": 1 / dollars}, "USD": {"EUR": dollars, "USD": Decimal(1)}}[base][currency]


def numbers(low: str, high: str, places: int = 2) -> st.SearchStrategy[float]:
    """Floats that a person would write."""
    return st.decimals(low, high, places=places).map(float)


QUANTITIES = numbers("0.001", "50", 3)
AMOUNTS = numbers("0.01", "900")
FEES = st.one_of(st.just(0.0), numbers("0.01", "5"))
STOCKS = st.sampled_from(["A", "B"])


def _entry(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    day = st.integers(0, DAYS - 1).map(lambda after: START + timedelta(days=after))
    return st.fixed_dictionaries({"date": day, "kind": st.just(kind), **fields}).map(_in_currency)


def _in_currency(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "currency": CURRENCY[entry["symbol"]]} if "symbol" in entry else entry


def _converted(entry: dict[str, Any]) -> dict[str, Any]:
    away, into = ("EUR", "USD") if entry.pop("out") else ("USD", "EUR")
    return {**entry, "currency": away, "to_currency": into}


CASH = {"currency": st.sampled_from(["EUR", "USD"])}
TRADE = {"symbol": STOCKS, "quantity": QUANTITIES, "price": numbers("0", "90"), "fee": FEES, "tax": FEES}
TRADES = st.one_of(_entry("BUY", **TRADE), _entry("SELL", **TRADE))
CASH_MOVES = st.one_of(
    *(_entry(kind, amount=AMOUNTS, fee=FEES, **CASH) for kind in ("DEPOSIT", "WITHDRAWAL", "INTEREST", "FEE", "TAX", "TRANSFER_IN", "TRANSFER_OUT")),
    _entry("ADJUSTMENT", amount=numbers("-99", "99").filter(bool), **CASH),
    _entry("FX_CONVERSION", amount=AMOUNTS, to_amount=AMOUNTS, fee=FEES, out=st.booleans()).map(_converted),
)
ACTIONS = st.one_of(
    _entry("DIVIDEND", symbol=STOCKS, amount=AMOUNTS, tax=FEES),
    _entry("FEE", symbol=STOCKS, amount=AMOUNTS),
    _entry("TRANSFER_IN", symbol=STOCKS, quantity=QUANTITIES, price=numbers("0", "90"), fee=FEES),
    _entry("TRANSFER_OUT", symbol=STOCKS, quantity=QUANTITIES, price=numbers("0", "90"), fee=FEES),
    _entry("SPLIT", symbol=STOCKS, ratio=st.sampled_from([2.0, 0.5, 4.0, 1.25])),
    _entry("STOCK_DIVIDEND", symbol=STOCKS, quantity=QUANTITIES),
    _entry("RETURN_OF_CAPITAL", symbol=STOCKS, amount=AMOUNTS),
    _entry("SPIN_OFF", symbol=STOCKS, quantity=QUANTITIES, ratio=st.sampled_from([0.0, 0.25, 0.5])),
    _entry("MERGER", symbol=STOCKS, ratio=st.sampled_from([1.0, 0.5, 3.0]), amount=st.one_of(st.just(0.0), AMOUNTS)),
).map(lambda entry: {**entry, "to_symbol": {"A": "C", "B": "D"}[entry["symbol"]]} if entry["kind"] in {"SPIN_OFF", "MERGER"} else entry)

ENTRIES = st.one_of(TRADES, TRADES, CASH_MOVES, ACTIONS)
LEDGERS = st.lists(ENTRIES, min_size=1, max_size=25).map(lambda ledger: sorted(ledger, key=lambda entry: entry["date"]))
