"""What the Realised gains page and the sale's dialog are built from, without a browser."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from callbacks.gains import gains_of, question_of
from callbacks.sale import answer_of
from components import gains, sale
from engine.types import Actor
from services import Services


class House:
    """Services whose local user is the one of the test."""

    def __init__(self, services: Services, actor: Actor) -> None:
        self.gains, self.market = services.gains, services.market
        self.accounts = self
        self.local = lambda: actor


@pytest.fixture
def house(services: Services, actor: Actor) -> House:
    return House(services, actor)


@pytest.fixture
def sold(services: Services, actor: Actor) -> UUID:
    services.instruments.put(actor, "X", {"name": "Example", "currency": "USD"})
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    services.transactions.record(actor, key, [
        {"date": "2024-01-08", "kind": "BUY", "symbol": "X", "quantity": 100, "price": 10, "account": "a"},
        {"date": "2024-03-11", "kind": "SELL", "symbol": "X", "quantity": 100, "price": "7.5", "account": "a", "fee": 2},
        {"date": "2024-03-25", "kind": "BUY", "symbol": "X", "quantity": 60, "price": 8, "account": "b"}])
    return key


def texts(node: Any) -> str:
    return json.dumps(node, default=lambda each: each.to_plotly_json() if hasattr(each, "to_plotly_json") else str(each))


def test_the_answer_is_json_with_what_the_page_paints(house: House, sold: UUID) -> None:
    told = gains_of(house, {"scope": str(sold), "year": "all", "rules": "us"})  # type: ignore[arg-type]
    (row,) = json.loads(json.dumps(told))["rows"]
    assert (row["opened"], row["closed"], row["replaced_on"], row["washed"], row["charges"]) == ("2024-01-08", "2024-03-11", "2024-03-25", True, 2.0)
    assert row["gain"] == pytest.approx(-252)
    assert row["disallowed"] == pytest.approx(252 * 0.6)
    assert (told["years"], told["window"], told["fees"]) == (["2024"], "all years", 2.0)


def test_a_pool_has_no_day(house: House, services: Services, actor: Actor, sold: UUID) -> None:
    services.instruments.put_rates(actor, "GBPUSD", [{"date": "2024-01-01", "rate": "1.25"}])
    told = gains_of(house, {"scope": str(sold), "year": "2023/24", "rules": "uk"})  # type: ignore[arg-type]
    assert [(row["rule"], row["opened"]) for row in told["rows"]] == [("thirty_day", "2024-03-25"), ("section_104", None)]
    assert (told["start"], told["end"]) == ("2023-04-06", "2024-04-05")


def test_a_look_back_reads_the_ledger_to_that_day(house: House, sold: UUID) -> None:
    told = gains_of(house, {"scope": str(sold), "period": "1Y", "as_of": "2024-03-12", "rules": "us"})  # type: ignore[arg-type]
    assert [row["washed"] for row in told["rows"]] == [False]  # bought again only later
    assert told["end"] == "2024-03-12"


def test_what_cannot_be_answered_is_told_with_its_reason(house: House) -> None:
    told = gains_of(house, {"scope": "all", "year": "someday"})  # type: ignore[arg-type]
    assert "tax year" in told["error"]


def test_without_a_year_it_is_the_period_of_the_top_bar() -> None:
    today = date(2026, 11, 23)
    assert question_of({"period": "YTD"}, today).start == date(2025, 12, 31)
    assert question_of({"period": "All"}, today).start is None
    assert question_of({"period": "1Y", "as_of": "2025-03-03"}, today).start == date(2024, 3, 3)
    asked = question_of({"period": "1Y", "year": "2024", "rules": "uk", "method": "lifo"}, today)
    assert (asked.start, asked.year, asked.cost_method) == (None, "2024", None)


def test_the_methods_stand_beside_each_other_and_the_own_one_is_open(house: House, sold: UUID) -> None:
    asked = {"scope": str(sold), "symbol": "X", "quantity": "10", "price": "9", "tax_rate_long": "40", "number": 1}
    told = texts(answer_of(house, asked))  # type: ignore[arg-type]
    for method in ("fifo", "lifo", "hifo", "lofo", "average"):
        assert f'"data-method-row": "{method}"' in told
    assert told.count('"data-own": "true"') == 1
    assert "4.00" in told  # 40 % of 10
    assert "yours" in told


@pytest.mark.parametrize(("quantity", "said"), [("61", "60 are held"), ("0", "must not be 0"), ("", "is missing"), ("many", "is not a number")])
def test_a_sale_that_cannot_be_says_why_in_the_dialog(house: House, sold: UUID, quantity: str, said: str) -> None:
    told = texts(answer_of(house, {"scope": str(sold), "symbol": "X", "quantity": quantity, "price": "9"}))  # type: ignore[arg-type]
    assert said in told
    assert "data-method-row" not in told


def test_percent_that_is_no_number_is_refused_by_its_name(house: House, sold: UUID) -> None:
    asked = {"scope": str(sold), "symbol": "X", "quantity": "1", "price": "9", "tax_rate_long": "a lot"}
    assert "tax_rate_long" in texts(answer_of(house, asked))  # type: ignore[arg-type]


def test_every_method_of_the_answer_has_a_name_and_every_figure_a_place() -> None:
    assert {"fifo", "lifo", "hifo", "lofo", "average", "specific", "section_104"} <= {str(name) for name in sale.METHODS}
    assert texts(gains.figures()).count('"data-figure"') == len(gains.FIGURES)
