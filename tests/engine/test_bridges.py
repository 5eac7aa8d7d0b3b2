"""Bridges of rows: each closes by itself, and together they are the bridge of the ledger."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from engine import book, panel, pnl_bridge
from tests.engine.ledgers import CURRENCY, FX, LEDGERS, PRICES

DAYS = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
WINDOW = {"start": date(2024, 1, 3), "end": date(2024, 1, 19)}


@given(LEDGERS)
@settings(max_examples=60, deadline=None)
def test_every_row_closes_and_together_they_are_the_bridge(ledger: list[dict[str, Any]]) -> None:
    found = panel(book(ledger, base_currency="EUR", fx=FX, as_of=WINDOW["end"], currencies=CURRENCY), PRICES, FX, **WINDOW)
    rows = [found.select([place]).bridge() for place in range(len(found.rows))]
    assert all(abs(row["residual"]) < 1e-6 for row in rows)
    whole = pnl_bridge(ledger, PRICES, FX, base_currency="EUR", currencies=CURRENCY, **WINDOW)
    assert sum(rows).to_numpy() == pytest.approx(whole.to_numpy(), abs=1e-6)
    assert found.bridge().to_numpy() == pytest.approx(whole.to_numpy(), abs=1e-6)


def test_a_spin_off_is_an_action_of_both_rows_and_no_flow() -> None:
    prices = pd.DataFrame({"A": [10.0, 8.0, 8.0], "B": [np.nan, 3.0, 4.0]}, index=DAYS)
    ledger = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10},
              {"date": "2024-01-03", "kind": "SPIN_OFF", "symbol": "A", "to_symbol": "B", "quantity": 5, "ratio": 0.5, "amount": 2}]  # fmt: skip
    found = panel(book(ledger, base_currency="EUR"), prices, start="2024-01-02", end="2024-01-04")
    parent, child = (found.select([name]).bridge() for name in "AB")
    # the parent falls by 20 and pays out 2 of cash for a fraction; the child comes at 5 x 3 and rises by 5
    assert parent[["flows", "price", "corporate_actions", "closing_value", "residual"]].tolist() == [-2, -20, 2, 80, 0]
    assert child[["flows", "price", "corporate_actions", "closing_value", "residual"]].tolist() == [0, 5, 15, 20, 0]


def test_an_end_without_price_has_no_bridge() -> None:
    prices = pd.DataFrame({"A": [np.nan, np.nan, 12.0]}, index=DAYS)
    booked = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 1, "price": 10}], base_currency="EUR")
    found = panel(booked, prices, start="2024-01-01", end="2024-01-03").bridge()
    assert np.isnan(found[["closing_value", "residual"]].to_numpy()).all()
