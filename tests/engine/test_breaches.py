"""Shortfalls and overdrafts, against a plain walk through the ledger."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from engine import book
from engine.breaches import overdrafts, shortfalls


def trades(seed: int) -> list[dict[str, Any]]:
    dice = random.Random(seed)  # noqa: S311 - a ledger, not a secret
    kinds = ["BUY", "BUY", "SELL", "SELL", "SPLIT", "STOCK_DIVIDEND"]
    made = [{"id": str(place), "date": f"2024-01-{dice.randint(1, 28):02d}", "kind": dice.choice(kinds), "symbol": dice.choice("AB"),
             "quantity": Decimal(dice.randint(1, 90)) / 10, "price": Decimal(dice.randint(1, 50)) / 4} for place in range(60)]
    return sorted(({**each, "quantity": None, "ratio": 2} if each["kind"] == "SPLIT" else each for each in made), key=lambda each: each["date"])


def walked(ledger: list[dict[str, Any]]) -> list[tuple[str, Decimal, Decimal]]:
    """Sales that were not covered; who is short owes what splits and stock dividends bring."""
    held = {"A": Decimal(0), "B": Decimal(0)}
    found = []
    for each in ledger:
        before, symbol = held[each["symbol"]], each["symbol"]
        if each["kind"] == "SPLIT":
            held[symbol] *= 2
        elif each["kind"] == "STOCK_DIVIDEND":
            held[symbol] += each["quantity"] if before >= 0 else -each["quantity"]
        else:
            held[symbol] += each["quantity"] if each["kind"] == "BUY" else -each["quantity"]
        if each["kind"] == "SELL" and held[symbol] < 0:
            found.append((each["id"], each["quantity"], max(before, Decimal(0))))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_what_was_sold_beyond_the_held_is_what_a_walk_finds(seed: int) -> None:
    ledger = trades(seed)
    told = shortfalls(book(ledger, base_currency="EUR"))
    expected = walked(ledger)
    assert told["transaction_id"].tolist() == [each[0] for each in expected]
    assert told["quantity"].tolist() == pytest.approx([float(each[1]) for each in expected], abs=1e-9)
    assert told["held"].tolist() == pytest.approx([float(each[2]) for each in expected], abs=1e-9)


def test_the_ledgers_of_these_tests_do_go_short() -> None:
    assert sum(len(walked(trades(seed))) for seed in range(8)) > 40


@pytest.mark.parametrize("seed", range(8))
def test_a_day_is_overdrawn_where_the_sum_up_to_its_end_is_below_zero(seed: int) -> None:
    ledger = trades(seed)
    days: dict[str, Decimal] = {}
    for each in ledger:
        sign = {"BUY": -1, "SELL": 1}.get(each["kind"], 0)
        days[each["date"]] = days.get(each["date"], Decimal(0)) + (sign * each["quantity"] * each["price"] if sign else 0)
    running, expected = Decimal(0), {}
    for day, moved in sorted(days.items()):
        running += moved
        if running < 0 and moved:
            expected[day] = float(running)
    told = overdrafts(book(ledger, base_currency="EUR"))
    assert dict(zip(told["date"].dt.strftime("%Y-%m-%d"), told["balance"], strict=True)) == pytest.approx(expected, abs=1e-9)


def test_tenths_that_add_up_are_no_shortfall() -> None:
    bought = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 0.1, "price": 3}] * 3
    sold = {"date": "2024-01-03", "kind": "SELL", "symbol": "A", "quantity": 0.3, "price": 3}
    told = book([*bought, sold], base_currency="EUR")
    assert shortfalls(told).empty
    assert overdrafts(told)["date"].dt.day.tolist() == [2]


def test_nothing_is_short_in_nothing() -> None:
    assert shortfalls(book([], base_currency="EUR")).empty
    assert overdrafts(book([], base_currency="EUR")).empty
