"""Scopes valued side by side against each alone, and what of them a batch touches."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.live.board import Board
from services.live.figures import FIELDS, encoded_row
from services.live.scope import Scope
from services.live.scopes import Movers
from services.live.valuer import TOGETHER, Valuer
from tests.services.live_fixtures import NOW, always_live, loaded, quote_of, scope_on
from tests.services.test_live_scope import EURO, LEDGER, PAIRS

EMPTY: list[dict[str, Any]] = []
CASH = LEDGER[:1]
SHORT = [*LEDGER, {"date": "2024-03-05", "kind": "SELL", "symbol": "DDD", "quantity": 4, "price": 55.5}]
LEDGERS = (LEDGER, EMPTY, EURO, CASH, SHORT, LEDGER)
START = {"AAA": 100.0, "BBB": 80.0, "CCC": 30.0, "DDD": 50.0}


def furnished(board: Board) -> list[Scope]:
    """Put portfolios of all kinds on a board: empty, foreign, short, of cash alone, and twice the same."""
    scopes = []
    for number, ledger in enumerate(LEDGERS):
        held = {row["symbol"] for row in ledger if "symbol" in row}
        facts = loaded(ledger, {symbol: START[symbol] for symbol in sorted(held)}, pairs=PAIRS if ledger is EURO else None, currencies={"CCC": "EUR"})
        scopes.append(scope_on(board, facts, f"p{number}"))
    return scopes


def told(scope: Scope, since: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(f"{{{scope.member(since)}}}")
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 5_000), st.floats(0.01, 5_000), st.floats(0.5, 2.0)), min_size=1, max_size=3))
def test_side_by_side_is_what_each_would_be_alone(steps: list[tuple[float, float, float]]) -> None:
    boards = [Board(always_live), Board(always_live)]
    together, alone, valuer = furnished(boards[0]), furnished(boards[1]), Valuer()
    for number, prices in enumerate(steps, start=1):
        for board in boards:
            for held in tuple(board.prices):
                place = 2 if held.symbol == "EURUSD" else ord(held.symbol[0]) % 2
                price = prices[place] * (1 + ord(held.symbol[0]) / 100 if place < 2 else 1)
                board.take(quote_of(held, round(price, 4), number), NOW)
        valuer.part(0, together, boards[0])
        for scope in alone:
            scope.revalue(boards[1])
        for one, other in zip(together, alone, strict=True):
            one.commit(number)
            other.commit(number)
            assert told(one, number - 1) == told(other, number - 1)
            assert told(one, -1) == told(other, -1)


def test_a_scope_that_is_read_again_is_laid_out_anew() -> None:
    board, valuer = Board(always_live), Valuer()
    scopes = furnished(board)
    valuer.part(0, scopes, board)
    for scope in scopes:
        scope.commit(1)
    scopes[0].load(loaded(SHORT, {"AAA": 100.0, "BBB": 80.0, "DDD": 50.0}), board, NOW)
    valuer.part(0, scopes, board)
    for scope in scopes:
        scope.commit(2)
    assert set(told(scopes[0], 1)["p0"]["holdings"]) == {"AAA", "BBB", "DDD", "cash:USD"}
    assert [scope.changed for scope in scopes[1:]] == [0] * 5, "nobody else changed"


async def test_more_than_stand_side_by_side_are_valued_in_parts() -> None:
    board = Board(always_live)
    scope = scope_on(board, loaded(LEDGER, {"AAA": 100.0, "BBB": 80.0}))
    others = [Scope(None, f"p{number}", 0.0) for number in range(TOGETHER)]  # type: ignore[arg-type]
    for other in others:
        other._facts = scope.facts
    await Valuer().value([*others, scope], board)
    for each in (*others, scope):
        each.commit(1)
    assert {each.table[0, 0] for each in (*others, scope) if each.table is not None} == {500.0}


def test_a_slot_moves_whom_it_concerns_and_who_went_is_forgotten() -> None:
    board, movers = Board(always_live), Movers()
    scopes = furnished(board)
    movers.follow(scopes)
    euro = board.slots[next(price.instrument_id for price in board.prices if price.symbol == "EURUSD")]
    assert movers.of([euro]) == {scopes[2]}
    assert movers.of([]) == set()
    movers.follow(scopes[:2])
    assert movers.of(range(len(board.prices))) == {scopes[0]}
    scopes[0].vanish()
    movers.follow(scopes[:2])
    assert movers.of(range(len(board.prices))) == set()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=len(FIELDS), max_size=len(FIELDS)))
def test_a_row_is_json_whatever_is_in_it(row: list[float]) -> None:
    read = json.loads(f"{{{encoded_row(row)}}}")
    assert list(read) == list(FIELDS)
    assert list(read.values()) == [value if math.isfinite(value) else None for value in row]


def test_rates_are_worked_out_once_for_all_who_ask_the_same() -> None:
    board = Board(always_live)
    first, second = (scope_on(board, loaded(EURO, START | {"DDD": None}, pairs=PAIRS, currencies={"CCC": "EUR"}), name) for name in ("a", "b"))
    assert first.facts is not None
    assert second.facts is not None
    assert first.facts.rate is second.facts.rate
    with pytest.raises(ValueError, match="read-only"):
        first.facts.rate[0] = np.nan
