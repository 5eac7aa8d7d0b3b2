"""Matching of lots on hand-made pools: the closed form, its fallback, and what goes first."""

from __future__ import annotations

import numpy as np
import pytest

from engine import book
from engine.matching import matches
from engine.trades import Trades, held_after
from engine.types import CostMethod


def trades(*units: float, prices: tuple[float, ...] = (), starts: tuple[int, ...] = (0,)) -> Trades:
    quantity = np.array(units)
    amounts = np.abs(quantity) * (np.array(prices) if prices else 1.0)
    return Trades(quantity, amounts, amounts, np.zeros(quantity.size), np.zeros(quantity.size), np.array(starts))


def taken(found: Trades, method: CostMethod) -> list[tuple[int, int, float]]:
    told = matches(found, method)
    return list(zip(told.sale.tolist(), told.closed.lot.tolist(), told.closed.quantity.round(12).tolist(), strict=True))


@pytest.mark.parametrize(("method", "lots"), [
    (CostMethod.FIFO, [(3, 0, 1.0), (3, 1, 1.0)]),
    (CostMethod.LIFO, [(3, 2, 1.0), (3, 1, 1.0)]),
    (CostMethod.HIFO, [(3, 1, 1.0), (3, 2, 1.0)]),
    (CostMethod.LOFO, [(3, 0, 1.0), (3, 2, 1.0)]),
    (CostMethod.AVERAGE, [(3, 0, 2.0)]),
])  # fmt: skip
def test_each_method_takes_its_lots(method: CostMethod, lots: list[tuple[int, int, float]]) -> None:
    assert taken(trades(1, 1, 1, -2, prices=(1, 3, 2, 1)), method) == lots


@pytest.mark.parametrize("part", [1.0, 0.1, 1 / 3])
def test_flips_and_other_pools_are_kept_apart(part: float) -> None:
    units = np.array([1.0, -3.0, 4.0, -1.0, 5.0, -5.0]) * part
    found = matches(trades(*units, starts=(0, 4)), CostMethod.FIFO)
    assert found.sale.tolist() == [1, 2, 3, 5]
    assert found.closed.lot.tolist() == [0, 1, 2, 4]
    np.testing.assert_allclose(found.closed.quantity / part, [1, 2, 1, 5])
    np.testing.assert_allclose(found.left.quantity / part, [1])


def test_tenths_add_up_to_nothing() -> None:
    found = trades(0.1, 0.2, -0.3)
    assert held_after(found)[-1] == 0.0
    assert matches(found, CostMethod.FIFO).left.quantity.tolist() == []


def test_equal_prices_are_equal_whatever_the_noise_of_floats() -> None:
    found = trades(3, 7, 49, -1, prices=(0.1 * 3, 0.3, 0.3, 1))
    assert taken(found, CostMethod.HIFO) == [(3, 0, 1.0)]
    assert taken(found, CostMethod.LOFO) == [(3, 0, 1.0)]


@pytest.mark.parametrize(("kind", "fields"), [
    ("SPLIT", {"ratio": 2}), ("SPIN_OFF", {"ratio": 0.5, "quantity": 1, "to_symbol": "B"}), ("RETURN_OF_CAPITAL", {"amount": 500}),
])  # fmt: skip
def test_the_dearest_lot_is_the_dearest_after_a_corporate_action(kind: str, fields: dict[str, object]) -> None:
    entries = [
        {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 100},
        {"date": "2024-01-03", "kind": kind, "symbol": "A", **fields},
        {"date": "2024-01-04", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 60},
        {"date": "2024-01-05", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 70},
    ]
    assert book(entries, base_currency="EUR", cost_method="hifo").gains["cost"].tolist() == [600.0]
