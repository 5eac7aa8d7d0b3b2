"""One scope on a board: figures rounded once, members with only what changed, states that age."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.types import PriceState
from services.live.board import Board, Price
from services.live.scope import Scope
from tests.services.live_fixtures import NOW, always_live, loaded, moved, quote_of, scope_on

LEDGER = [
    {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 10_000, "currency": "USD"},
    {"date": "2024-01-03", "kind": "BUY", "symbol": "AAA", "quantity": 7, "price": 101.37, "fee": 1.25},
    {"date": "2024-01-03", "kind": "BUY", "symbol": "BBB", "quantity": 3.333, "price": 77.7},
    {"date": "2024-02-01", "kind": "SELL", "symbol": "AAA", "quantity": 2, "price": 120.11, "fee": 0.99},
    {"date": "2024-03-01", "kind": "DIVIDEND", "symbol": "BBB", "amount": 12.34, "tax": 1.85, "currency": "USD"},
    {"date": "2024-03-02", "kind": "FEE", "amount": 3.21, "currency": "USD"},
]
EURO = [
    *LEDGER,
    {"date": "2024-04-01", "kind": "FX_CONVERSION", "amount": 1000, "currency": "USD", "to_amount": 900, "to_currency": "EUR"},
    {"date": "2024-04-02", "kind": "BUY", "symbol": "CCC", "quantity": 11, "price": 33.3, "currency": "EUR"},
]
PAIRS = {"EURUSD": 1.1234}


def told(scope: Scope, since: int = -1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(f"{{{scope.member(since)}}}")["p"]
    return found


def board_with(ledger: list[dict[str, Any]], **prices: float | None) -> tuple[Board, Scope]:
    board = Board(always_live)
    return board, scope_on(board, loaded(ledger, prices, pairs=PAIRS if ledger is EURO else None, currencies={"CCC": "EUR"}))


def add_up(shown: dict[str, Any]) -> None:
    rows = shown["holdings"].values()
    for total, field in (("value", "market_value"), ("day_pnl", "day_pnl"), ("unrealised", "unrealised")):
        assert round(sum(row[field] or 0 for row in rows), 2) == shown[total], total
    terms = sum(shown[name] for name in ("net_contributions", "unrealised", "realised", "income", "fx_gain")) - shown["fees"] - shown["taxes"]
    assert round(terms - shown["cost_excluded"], 2) == shown["value"]
    assert round(shown["value"] - shown["net_contributions"] + shown["cost_excluded"], 2) == shown["total_pnl"]
    assert round(sum(row["weight"] or 0 for row in rows), 1) == pytest.approx(100.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 10_000), min_size=3, max_size=3), st.floats(0.5, 2.0))
def test_rows_add_up_to_totals_and_the_identity_holds_at_any_price(prices: list[float], rate: float) -> None:
    board, scope = board_with(EURO, AAA=100.0, BBB=80.0, CCC=30.0)
    moved(board, scope, 1, AAA=prices[0], BBB=prices[1], CCC=prices[2], EURUSD=rate)
    add_up(told(scope))


def test_worked_by_hand() -> None:
    board, scope = board_with(LEDGER, AAA=100.0, BBB=80.0)
    moved(board, scope, 1, AAA=101.5)
    shown = told(scope)
    row = shown["holdings"]["AAA"]
    cost = 5 * (7 * 101.37 + 1.25) / 7  # 507.742857
    assert row["market_value"] == 507.5
    assert row["unrealised"] == round(507.5 - cost, 2)
    assert row["day_pnl"] == 7.5
    assert row["day_return"] == 0.015
    realised = 2 * 120.11 - 0.99 - 2 * (7 * 101.37 + 1.25) / 7
    assert row["total_pnl"] == round(507.5 - cost + realised, 2)
    assert row["on_cost"] == pytest.approx(row["total_pnl"] / cost, abs=1e-6)
    cash = 10_000 - (7 * 101.37 + 1.25) - 3.333 * 77.7 + (2 * 120.11 - 0.99) + (12.34 - 1.85) - 3.21
    assert shown["holdings"]["cash:USD"]["market_value"] == round(cash, 2)
    assert (shown["up"], shown["down"], shown["missing"]) == (1, 0, 0)
    add_up(shown)


def test_a_member_holds_only_what_changed_since() -> None:
    board, scope = board_with(LEDGER, AAA=100.0, BBB=80.0)
    moved(board, scope, 1, AAA=101.0)
    moved(board, scope, 2, BBB=81.0)
    assert set(told(scope, 1)["holdings"]) >= {"BBB"}
    assert told(scope, 1)["holdings"]["BBB"]["price"] == 81.0
    assert "full" not in told(scope, 1)
    both = told(scope, 0)["holdings"]
    assert {"AAA", "BBB"} <= set(both), "who missed a flush gets both"
    whole = told(scope, -1)
    assert whole["full"] is True
    assert set(whole["holdings"]) == {"AAA", "BBB", "cash:USD"}


def test_a_flush_without_change_changes_nothing() -> None:
    board, scope = board_with(LEDGER, AAA=100.0, BBB=80.0)
    moved(board, scope, 1, AAA=101.0)
    scope.revalue(board)
    scope.commit(2)
    assert scope.changed == 1
    assert told(scope, 1) == {"holdings": {}}


def test_an_unknown_price_is_null_and_its_cost_is_told() -> None:
    board, scope = board_with(LEDGER, AAA=None, BBB=80.0)
    shown = told(scope)
    assert shown["holdings"]["AAA"]["market_value"] is None
    assert shown["holdings"]["AAA"]["weight"] is None
    assert shown["missing"] == 1
    assert shown["cost_excluded"] == round(5 * (7 * 101.37 + 1.25) / 7, 2)
    add_up(shown)
    moved(board, scope, 1, AAA=100.0)
    assert told(scope)["cost_excluded"] == 0.0
    add_up(told(scope))


def test_older_quotes_and_simulated_over_real_change_nothing() -> None:
    board, _scope = board_with(LEDGER, AAA=100.0, BBB=80.0)
    held = next(price for price in board.prices if price.symbol == "AAA")
    assert board.take({**quote_of(held, 1.0, 0), "ts": 1}, NOW) is None
    assert board.take({**quote_of(held, 1.0, 5), "simulated": True}, NOW) is None
    assert board.take(quote_of(held, 102.0, 5), NOW) is not None
    assert board.take({**quote_of(held, 1.0, 9), "id": "nobody"}, NOW) is None


def test_a_state_ages_without_a_quote() -> None:
    def judge(price: Price, now: datetime) -> tuple[PriceState, float]:
        age = now.timestamp() - (price.ts or 0) / 1000
        return (PriceState.LIVE, 15 - age) if age < 15 else (PriceState.STALE, 3600.0)

    board = Board(judge)
    scope = scope_on(board, loaded(LEDGER, {"AAA": 100.0, "BBB": 80.0}))
    board.publish(board.dirty, 0)
    board.dirty.clear()
    assert board.age(NOW + timedelta(seconds=5)) == []
    assert len(board.age(NOW + timedelta(seconds=16))) == 2
    slots, board.dirty = board.dirty, set()
    assert len(slots) == 2
    board.publish(slots, 1)
    scope.revalue(board)
    scope.commit(1)
    assert told(scope, 0)["holdings"]["AAA"]["state"] == "stale"
    assert json.loads(f"{{{board.members(scope.slots, 0)}}}")["AAA"]["state"] == "stale"
