"""All rules at once are what each is by itself, on prices that move."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.alerts import BEYOND, WITHIN
from services.alerts.sheet import Sheet
from services.live.board import Board
from tests.services.alert_sheets import many
from tests.services.live_fixtures import NOW, quote_of


def moved(board: Board, sheet: Sheet, number: int, random: np.random.Generator, count: int = 20) -> None:
    for pick in random.choice(len(board.prices), count, replace=False):
        held = board.prices[pick]
        assert board.take(quote_of(held, round(held.price * float(1 + random.normal(0, 0.02)), 2), number), NOW) is not None
    slots, board.dirty = tuple(board.dirty), set()
    sheet.revalue(slots)


def by_hand(sheet: Sheet, board: Board, line: int) -> float:
    """What one rule looks at, from the prices alone."""
    rule, backing = sheet.rules[line], sheet.basis.backing[line]
    price = {each.symbol: each.price for each in board.prices}
    held = [symbol for symbol in next(iter(sheet.scopes.values())).rows if symbol in price]
    shares = {symbol: 10 * price[symbol] for symbol in held}
    cash = 1e6 - 1000.0 * len(held)
    value = cash + sum(round(each, 2) for each in shares.values())
    growth = 1 + round((value - 1e6) / 1e6, 6)
    level = price[rule.symbol] if rule.symbol else backing.base * growth
    return {"price": level, "move": level / backing.start - 1, "drawdown": level / max(backing.peak, level) - 1, "value": value,
            "weight": shares.get(rule.symbol or "", 0.0) / value, "var": backing.var}[rule.measure]


def test_each_line_is_its_rule() -> None:
    board, sheet = many(600)
    random = np.random.default_rng(3)
    fired = 0
    for number in range(1, 12):
        moved(board, sheet, number, random)
        outcome = sheet.evaluate(NOW + timedelta(seconds=number))
        for line in range(0, 600, 7):
            assert outcome.values[line] == pytest.approx(by_hand(sheet, board, line), abs=2e-6), sheet.rules[line].measure
        fired += int(outcome.fired.sum())
        sheet.accept(outcome)
    assert fired > 30
    assert {BEYOND, WITHIN} <= set(sheet.states.side.tolist())


def test_nothing_is_remembered_before_it_is_accepted() -> None:
    board, sheet = many(300)
    moved(board, sheet, 1, np.random.default_rng(3), count=80)
    first, second = sheet.evaluate(NOW), sheet.evaluate(NOW)
    assert first.fired.any()
    assert (first.fired == second.fired).all()
    sheet.accept(first)
    assert not sheet.evaluate(NOW).fired.any()


def test_a_sheet_that_is_read_again_goes_on_from_the_one_before() -> None:
    board, sheet = many(300)
    moved(board, sheet, 1, np.random.default_rng(3), count=80)
    outcome = sheet.evaluate(NOW)
    sheet.accept(outcome)
    again = Sheet(sheet.basis, board, NOW)
    assert again.evaluate(NOW).fired.any(), "what was read knows nothing of it"
    again.adopt(sheet)
    assert not again.evaluate(NOW).fired.any()
    line = int(np.flatnonzero(outcome.fired)[0])
    assert again.rules[line].fired_at == NOW
    changed = replace(sheet.basis, rules=tuple(replace(rule, version=2) for rule in sheet.basis.rules))
    other = Sheet(changed, board, NOW)
    other.adopt(sheet)
    assert other.rules[line].fired_at is None, "another version begins anew"


def test_a_sheet_without_rules() -> None:
    board, sheet = many(0)
    outcome = sheet.evaluate(NOW)
    assert not outcome.is_news
    moved(board, sheet, 1, np.random.default_rng(3))
