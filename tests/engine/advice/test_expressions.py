"""The language of one's own rules: what it understands, where it says no, and that each metric is the engine's own figure of that day."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import beta, correlation, expected_shortfall, max_drawdown, tracking_error, value_at_risk, volatility
from engine.advice.expressions import DEEPEST, LONGEST, parse, told
from engine.advice.expressions_history import Timeline
from engine.advice.expressions_values import cost, evaluate
from engine.advice.expressions_words import FUNCTIONS, METRICS
from engine.errors import InvalidInput

CHANCE = np.random.default_rng(17)
DAYS = pd.bdate_range("2022-01-03", periods=320)
MOVES = CHANCE.normal(0.0002, 0.012, (320, 3)) + CHANCE.normal(0, 0.006, (320, 1))
MARKET = CHANCE.normal(0.0002, 0.008, 320)
PRICE = 100 * np.cumprod(1 + MOVES, axis=0)
LINE = Timeline(
    DAYS.to_numpy(), ("AAA", "BBB", "CCC"), PRICE * np.array([6.0, 3.0, 1.0]), PRICE, MOVES, np.full(320, 200.0), MOVES.mean(axis=1), MARKET,
    {"sector": {"AAA": ("Tech",), "BBB": ("Energy",), "CCC": ("Tech",)}, "tag": {"AAA": ("core", "esg")}}, {"gain": {"AAA": -0.3, "BBB": 0.1}})


def value(text: str, day: int = -1) -> Any:
    """Give the number on the left of a comparison on a day."""
    found = evaluate(parse(f"{text} > 0"), LINE)
    cells = next(iter(found.numbers.values()))[day]
    return cells[0] if len(cells) == 1 else cells


@pytest.mark.parametrize(("text", "meaning"), [
    ("cash > 10 %", "(cash of portfolio > 0.1)"), ("1 + 2 * 3 < largest", "((1 + (2 * 3)) < largest of portfolio)"),
    ("(1 + 2) * 3 < largest", "(((1 + 2) * 3) < largest of portfolio)"), ("-cash < -.1", "((-cash of portfolio) < (-0.1))"),
    ("cash > 1 or cash < 0 and holdings = 3", "((cash of portfolio > 1) or ((cash of portfolio < 0) and (holdings of portfolio = 3)))"),
    ("NOT Cash >= 1e-2", "(not (cash of portfolio >= 0.01))"), ("not not cash <> 1", "(not (not (cash of portfolio != 1)))"),
    ("weight of 'aaa' > 20%", '(weight of holding "AAA" > 0.2)'), ('weight of sector "Tech" > 0.4', '(weight of sector "Tech" > 0.4)'),
    ("return(5) of any holding < -10 %", "(return(5) of any holding < (-0.1))"), ("drawdown < 0", "(drawdown(2520) of portfolio < 0)"),
    ("max(cash, largest, 1) > abs(return)", "(max(cash of portfolio, largest of portfolio, 1) > abs(return(1) of portfolio))"),
    ("1 - 2 - 3 < cash", "(((1 - 2) - 3) < cash of portfolio)"), ("8 / 4 / 2 = cash", "(((8 / 4) / 2) = cash of portfolio)"),
    ("volatility(60) > 1.5 * volatility(60) of benchmark", "(volatility(60) of portfolio > (1.5 * volatility(60) of benchmark))"),
])
def test_a_text_is_understood_as_written_down(text: str, meaning: str) -> None:
    rule = parse(text)
    assert told(rule.tree) == meaning
    assert told(parse(meaning).tree) == meaning  # what is told can be read again, and means the same


@pytest.mark.parametrize(("text", "position", "rule", "part"), [
    ("", 0, "bad_expression", "missing"), ("cash", 0, "not_a_truth", "number"), ("cash >", 6, "bad_expression", "missing"),
    ("cash > 10 %%", 11, "bad_expression", "not expected"), ("cash > 1 cash", 9, "bad_expression", "not expected"),
    ("csah > 1", 0, "unknown_name", "no metric"), ("cash > #1", 7, "bad_expression", "means nothing"),
    ('weight of "AAA > 1', 10, "bad_expression", "does not end"), ('weight of "" > 1', 10, "bad_expression", "empty"),
    ("weight of thing > 1", 10, "unknown_name", "no scope"), ("weight of any > 1", 14, "unknown_name", "no scope"),
    ("weight of sector > 1", 17, "bad_expression", "which sector"), ("cash of any holding > 1", 5, "wrong_scope", "not told of"),
    ("cash(5) > 1", 4, "bad_expression", "takes no days"), ("return(0) > 1", 7, "bad_expression", "number of days"),
    ("return(9999) > 1", 7, "bad_expression", "number of days"), ("volatility(1) > 1", 11, "bad_expression", "number of days"),
    ("(cash > 1", 9, "bad_expression", "not closed"), ("cash > 1)", 8, "bad_expression", "not expected"),
    ("0 < cash < 1", 9, "bad_expression", "three things"), ("cash and cash > 1", 0, "wrong_kind", "is a number"),
    ("(cash > 1) + 1 > 0", 6, "wrong_kind", "is a comparison"), ("min(cash) > 1", 0, "bad_expression", "does not take 1"),
    ("abs cash > 1", 4, "bad_expression", "brackets"), ("weight of any holding > weight of any tag", 24, "contradiction", "beside any"),
    ("x" * (LONGEST + 1), LONGEST - 1, "too_long", "longer"), (f"{'(' * 40}1{')' * 40} < cash", DEEPEST + 1, "too_deep", "nested"),
    (f"{'-' * 40}1 < cash", None, "too_deep", "nested"), (f"{'1+' * 120}1 < cash", None, "too_long", "parts"),
    ("import os > 1", 0, "unknown_name", "no metric"), ("cash.__class__ > 1", 4, "bad_expression", "means nothing"),
])
def test_what_cannot_be_understood_is_told_at_its_place(text: str, position: int | None, rule: str, part: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    context = caught.value.context
    assert context["rule"] == rule
    assert part in caught.value.message
    assert context["hint"]
    assert position is None or context["position"] == position


PARTS = [*METRICS, *FUNCTIONS, "(", ")", "of", "any", "holding", "and", "or", "not", "<", "1", "%", '"AAA"', "+", "-", "*", "/", ","]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30) | st.lists(st.sampled_from(PARTS), max_size=14).map(" ".join))
def test_any_text_is_understood_or_refused_and_never_more(text: str) -> None:
    with suppress(InvalidInput):  # any other error fails the test
        meaning = told(parse(text).tree)
        assert told(parse(meaning).tree) == meaning


def test_examples_of_the_words_are_understood() -> None:
    for word in [*METRICS.values(), *FUNCTIONS.values()]:
        assert word.name in {*(each.word for each in parse(word.example).metrics)} or word.name in FUNCTIONS


def test_metrics_are_the_figures_of_the_engine_on_that_day() -> None:
    own = pd.Series(LINE.portfolio)
    for day in (319, 300):
        last = own.iloc[day - 99:day + 1]
        market = pd.Series(MARKET).iloc[day - 99:day + 1]
        assert value("volatility(100)", day) == pytest.approx(volatility(last))
        assert value("value_at_risk(100)", day) == pytest.approx(value_at_risk(last))
        assert value("expected_shortfall(100)", day) == pytest.approx(expected_shortfall(last))
        assert value("beta(100)", day) == pytest.approx(beta(last, market))
        assert value("correlation(100)", day) == pytest.approx(correlation(last, market))
        assert value("tracking_error(100)", day) == pytest.approx(tracking_error(last, market))
        assert value("return(20)", day) == pytest.approx(np.prod(1 + LINE.portfolio[day - 19:day + 1]) - 1)
    growth = np.cumprod(1 + LINE.portfolio)
    assert value("drawdown") == pytest.approx(growth[-1] / max(growth.max(), 1.0) - 1)
    assert min(value("drawdown", day) for day in range(320)) == pytest.approx(max_drawdown(own))


def test_weights_values_and_prices_by_hand() -> None:
    last = LINE.value[-1]
    whole = last.sum() + 200.0
    assert value("weight of any holding") == pytest.approx(last / whole)
    assert value('weight of sector "tech"') == pytest.approx((last[0] + last[2]) / whole)
    assert value("weight of any sector") == pytest.approx([last[1] / whole, (last[0] + last[2]) / whole])  # Energy, Tech
    assert (value("cash"), value("weight of cash"), value("value of portfolio")) == pytest.approx((200 / whole, 200 / whole, whole))
    assert (value("holdings"), value("largest")) == pytest.approx((3, max(last) / whole))
    assert value("effective_holdings") == pytest.approx(last.sum() ** 2 / (last**2).sum())
    assert value('average(10) of "BBB"') == pytest.approx(PRICE[-10:, 1].mean())
    assert value('highest(50) of "BBB"') == pytest.approx(PRICE[-50:, 1].max())
    before = LINE.value[-2]
    sector = (before[0] * MOVES[-1, 0] + before[2] * MOVES[-1, 2]) / (before[0] + before[2])
    assert value('return of sector "Tech"') == pytest.approx(sector)
    assert evaluate(parse('gain of "AAA" < -20 %'), LINE).truth[-1, 0] == 1
    assert np.isnan(evaluate(parse('gain of "AAA" < -20 %'), LINE).truth[:-1]).all()  # known now alone


def test_no_day_knows_a_later_one() -> None:
    """The future is turned upside down: nothing before it changes."""
    later = np.arange(320) >= 250
    turned = replace(LINE, returns=np.where(later[:, None], -MOVES, MOVES), value=np.where(later[:, None], 1.0, LINE.value),
                     price=np.where(later[:, None], 1.0, PRICE), portfolio=np.where(later, 0.5, LINE.portfolio),
                     benchmark=np.where(later, -0.5, MARKET), cash=np.where(later, 9.0, 200.0))
    for word in METRICS.values():
        text = word.example if "holding" not in word.scopes or word.scopes[0] != "holding" else word.example.replace("AAPL", "AAA")
        first, second = (evaluate(parse(text), line) for line in (LINE, turned))
        np.testing.assert_array_equal(first.truth[:250], second.truth[:250], err_msg=word.name)


def test_unknown_is_neither_true_nor_false() -> None:
    early = 10  # a volatility of 100 days is not known yet
    truth = {text: evaluate(parse(text), LINE).truth[early, 0] for text in (
        "volatility(100) > 0", "not volatility(100) > 0", "volatility(100) > 0 and cash > 2", "volatility(100) > 0 or cash < 2", "cash / 0 > 1")}
    assert np.isnan(truth["volatility(100) > 0"])
    assert np.isnan(truth["not volatility(100) > 0"])
    assert np.isnan(truth["cash / 0 > 1"])
    assert truth["volatility(100) > 0 and cash > 2"] == 0  # false whatever the volatility is
    assert truth["volatility(100) > 0 or cash < 2"] == 1


def test_nothing_is_said_of_what_was_not_held_that_day() -> None:
    gone = replace(LINE, value=np.where(np.arange(320)[:, None] < 200, LINE.value, LINE.value * [1, 0, 1]))
    truth = evaluate(parse("return(1) of any holding > -1"), gone).truth
    assert (truth[150, 1], truth[250, 1], truth[250, 0]) == (1, 0, 1)


def test_what_takes_too_long_is_refused_at_the_dear_metric() -> None:
    rule = parse("cash > 1 or expected_shortfall(250) of any holding > 4 %")
    assert cost(rule, LINE) == 320 + 120 * 3 * 320
    with pytest.raises(InvalidInput) as caught:
        evaluate(rule, LINE, steps=1000)
    assert (caught.value.context["rule"], caught.value.context["position"]) == ("too_costly", 12)
    assert "times as long" in caught.value.message


def test_a_name_that_was_never_held_is_told_with_those_that_were() -> None:
    for text in ('weight of "ZZZ" > 0', 'price of "ZZZ" > 0', 'return(5) of sector "Space" < 0'):
        with pytest.raises(InvalidInput) as caught:
            evaluate(parse(text), LINE)
        assert caught.value.context["rule"] == "unknown_name"
        assert "Held:" in caught.value.context["hint"]
        assert text[caught.value.context["position"]:].startswith(('"ZZZ"', '"Space"'))
    with pytest.raises(InvalidInput) as caught:
        evaluate(parse('weight of sector "Teck" > 0'), LINE)
    assert caught.value.context["near"] == ['"Tech"']


def test_an_empty_history_and_one_without_a_benchmark_raise_nothing() -> None:
    empty = LINE.tail(0) if len(LINE.tail(1).days) == 0 else replace(
        LINE, days=LINE.days[:0], value=LINE.value[:0], price=PRICE[:0], returns=MOVES[:0], cash=LINE.cash[:0], portfolio=LINE.portfolio[:0],
        benchmark=None)
    for word in METRICS.values():
        text = word.example.replace("AAPL", "AAA")
        assert evaluate(parse(text), empty).truth.shape[0] == 0
        evaluate(parse(text), replace(LINE, benchmark=None))
