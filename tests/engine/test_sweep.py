"""Instruments booked at once by arrays have the very figures of the walk, whatever the ledger and the conventions."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.booking import walk
from engine.errors import OversoldPosition
from engine.events import Conventions
from engine.frames import fx_frame, ledger_frame
from engine.postings import postings
from engine.statements import statements
from engine.types import CostMethod
from tests.engine.ledgers import CURRENCY, FX, LEDGERS, START, numbers

CONVENTIONS = st.builds(Conventions, st.sampled_from(list(CostMethod)), st.booleans(), st.sampled_from(["short", "missing", "error"]),
                        st.sampled_from(["account", "pooled"]))
QUANTITIES = st.one_of(st.integers(1, 9).map(float), numbers("0.01", "9"), st.floats(0.01, 9.0), st.sampled_from([0.1, 0.2, 0.3, 1 / 3, 2 / 3]))
PRICES = st.one_of(st.sampled_from([1.0, 10.0]), numbers("0", "90"))
NAMED = st.lists(st.fixed_dictionaries({"id": st.integers(1, 12).map(str), "quantity": st.one_of(st.none(), QUANTITIES)}), max_size=3)


@st.composite
def plain_ledgers(draw: st.DrawFn, *, named: bool = False) -> list[dict[str, Any]]:
    """Trades of two symbols, sometimes with splits and stock dividends, in one account or several; sales may name lots."""
    kinds = draw(st.sampled_from([["BUY", "SELL"], ["BUY", "SELL", "BUY", "SELL", "SPLIT"], ["BUY", "SELL", "STOCK_DIVIDEND", "SPLIT"]]))
    accounts = draw(st.sampled_from([[None], ["one"], ["one", "two", None]]))
    return [_drawn(draw, draw(st.sampled_from(kinds)), accounts, named=named) for _ in range(draw(st.integers(1, 25)))]


def _drawn(draw: st.DrawFn, kind: str, accounts: list[str | None], *, named: bool) -> dict[str, Any]:
    symbol = draw(st.sampled_from(["A", "B"]))
    entry: dict[str, Any] = {"date": START, "kind": kind, "symbol": symbol, "currency": CURRENCY[symbol], "account": draw(st.sampled_from(accounts))}
    if kind == "SPLIT":
        return {**entry, "ratio": draw(st.sampled_from([2.0, 0.5, 3.0, 0.1, 1.5, 1 / 3]))}
    entry |= {"quantity": draw(QUANTITIES), "fee": draw(st.sampled_from([0.0, 1.25]))}
    if kind != "STOCK_DIVIDEND":
        entry |= {"price": draw(PRICES), "tax": draw(st.sampled_from([0.0, 0.5]))}
    return {**entry, "lots": draw(NAMED)} if named and kind == "SELL" else entry


def frames(ledger: list[dict[str, Any]], conventions: Conventions, *, one_by_one: bool) -> dict[str, Any] | str:
    """Frames of a book and its findings, or the error's text."""
    told = ledger_frame(ledger)
    posted = postings(told, "EUR", fx_frame(FX), multipliers={"A": 10.0}, currencies=CURRENCY)
    try:
        state = walk(told, posted, conventions, one_by_one=one_by_one)
    except OversoldPosition as error:
        return str(error)
    return {**statements(state), "findings": sorted(map(repr, state.findings))}


def same(ledger: list[dict[str, Any]], conventions: Conventions) -> None:
    """Compare both ways, cell by cell."""
    fast, slow = (frames(ledger, conventions, one_by_one=one) for one in (False, True))
    if isinstance(fast, str) or isinstance(slow, str):
        assert fast == slow
        return
    assert fast.pop("findings") == slow.pop("findings")
    for name, frame in slow.items():
        pd.testing.assert_frame_equal(fast[name], frame, rtol=1e-9, atol=1e-9, obj=name)


@settings(max_examples=300, deadline=None)
@given(ledger=plain_ledgers(), conventions=CONVENTIONS)
def test_plain_ledgers_are_booked_as_the_walk_books_them(ledger: list[dict[str, Any]], conventions: Conventions) -> None:
    same(ledger, conventions)


@settings(max_examples=200, deadline=None)
@given(ledger=plain_ledgers(named=True), lots_by=st.sampled_from(["account", "pooled"]))
def test_sales_that_name_their_lots_take_those_of_the_walk(ledger: list[dict[str, Any]], lots_by: str) -> None:
    same(ledger, Conventions(CostMethod.SPECIFIC, True, "short", lots_by))


@settings(max_examples=150, deadline=None)
@given(ledger=LEDGERS, conventions=CONVENTIONS)
def test_any_ledger_is_booked_as_the_walk_books_it(ledger: list[dict[str, Any]], conventions: Conventions) -> None:
    same(ledger, conventions)
