"""Realised gains and the simulated sale, as pages and routes get them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from data import calendar
from engine.errors import InvalidInput, MissingPrice, MoreThanHeld, NotFound
from engine.types import Actor
from services import Services
from services.gains.views import FIGURES, GainsQuestion

TODAY = calendar.today()
LOBSTER: list[dict[str, Any]] = [
    {"date": "2015-04-01", "kind": "BUY", "symbol": "LOB", "quantity": 1000, "price": 4, "fee": 150},
    {"date": "2018-09-03", "kind": "BUY", "symbol": "LOB", "quantity": 500, "price": "4.10", "fee": 80},
    {"date": "2023-05-01", "kind": "SELL", "symbol": "LOB", "quantity": 700, "price": "4.80", "fee": 100},
    {"date": "2024-02-01", "kind": "SELL", "symbol": "LOB", "quantity": 400, "price": "5.20", "fee": 105},
]
WASHED: list[dict[str, Any]] = [
    {"date": "2024-01-08", "kind": "BUY", "symbol": "X", "quantity": 100, "price": 10, "account": "one"},
    {"date": "2024-03-11", "kind": "SELL", "symbol": "X", "quantity": 100, "price": "7.5", "account": "one"},
    {"date": "2024-03-25", "kind": "BUY", "symbol": "X", "quantity": 100, "price": 8, "account": "two"},
    {"date": "2024-06-03", "kind": "DIVIDEND", "symbol": "X", "amount": 12, "tax": 2},
]


@pytest.fixture
def world(services: Services, actor: Actor) -> Services:
    for symbol, currency in (("LOB", "GBP"), ("X", "USD")):
        services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": currency})
        services.instruments.put_bars(actor, symbol, [{"date": str(TODAY - timedelta(days=days)), "close": 5} for days in (1, 2)])
    services.instruments.put_rates(actor, "GBPUSD", [{"date": "2015-01-01", "rate": "1.60"}, {"date": "2023-01-01", "rate": "1.25"}])
    return services


def portfolio(services: Services, actor: Actor, base: str, drafts: list[dict[str, Any]]) -> UUID:
    key = services.portfolios.create(actor, {"name": base, "base_currency": base}).id
    services.transactions.record(actor, key, drafts)
    return key


def test_uk_rules_tell_hs284_in_pounds_by_tax_year_whatever_the_base(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", LOBSTER)
    told = world.gains.report(actor, key, GainsQuestion(rules="uk"))
    assert (told.base_currency, told.cost_method, told.tax_year) == ("GBP", "section_104", "uk")
    assert told.by_year["net"].to_dict() == pytest.approx({"2023/24": 629}, abs=1)
    assert told.rows["gain"].tolist() == pytest.approx([329, 300], abs=1)
    assert told.totals["fees"] == pytest.approx(435)
    assert told.rows["portfolio_name"].tolist() == ["USD", "USD"]


def test_every_cost_method_is_a_question_and_the_portfolios_own_the_answer_without_one(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "GBP", LOBSTER)
    own = world.gains.report(actor, key)
    assert own.cost_method == "fifo"
    for method in ("fifo", "lifo", "hifo", "lofo", "average", "specific"):
        told = world.gains.report(actor, key, GainsQuestion(cost_method=method))
        assert told.cost_method == method
        assert told.totals["net"] == pytest.approx(float(world.valuation.holdings(actor, key, cost_method=method).snapshot.totals["realised"]))
    assert own.rows["term"].tolist() == ["long", "long", "long"]


def test_sums_agree_with_the_rows_in_every_cut(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", LOBSTER + WASHED)
    for group in ("symbol", "year", "month", "term", "account", "portfolio", "rule"):
        told = world.gains.report(actor, key, GainsQuestion(group=group, rules="us"))
        assert told.groups is not None
        assert told.groups.index.name == group
        for name in FIGURES:
            assert told.groups[name].sum() == pytest.approx(told.totals[name])
    assert told.totals["net"] == pytest.approx(told.rows["gain"].sum())
    assert told.totals["gains"] + told.totals["losses"] == pytest.approx(told.totals["net"])
    assert told.totals["price_gain"] + told.totals["fx_gain"] == pytest.approx(told.totals["net"])
    assert (told.totals["income"], told.totals["taxes"]) == (12, 2)


def test_us_rules_flag_the_wash_sale_across_accounts_beside_the_plain_loss(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", WASHED)
    told = world.gains.report(actor, key, GainsQuestion(rules="us"))
    assert told.rows[["gain", "disallowed", "adjusted_gain", "washed", "account"]].iloc[0].tolist() == [-250, 250, 0, True, "one"]
    assert told.replacements["disallowed"].tolist() == [250]
    assert not world.gains.report(actor, key).rows["washed"].any()


def test_all_portfolios_are_one_person(world: Services, actor: Actor) -> None:
    """A loss in one portfolio and the purchase in the other: washed together, and one pool under the rules of the United Kingdom."""
    portfolio(world, actor, "USD", WASHED[:2])
    portfolio(world, actor, "EUR", [{**WASHED[2], "fx_rate": "0.9"}])
    world.instruments.put_rates(actor, "EURUSD", [{"date": "2015-01-01", "rate": "1.10"}])
    told = world.gains.report(actor, "all", GainsQuestion(rules="us"))
    assert told.rows["washed"].tolist() == [True]
    uk = world.gains.report(actor, "all", GainsQuestion(rules="uk"))
    assert uk.rows["rule"].tolist() == ["thirty_day"]


def test_the_window_cuts_by_the_day_of_sale_and_rules_still_look_beyond_it(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", WASHED)
    told = world.gains.report(actor, key, GainsQuestion(rules="us", start=date(2024, 3, 11), end=date(2024, 3, 11)))
    assert told.rows["washed"].tolist() == [True]
    assert world.gains.report(actor, key, GainsQuestion(start=date(2024, 3, 12))).rows.empty
    assert world.gains.report(actor, key, GainsQuestion(year="2024")).totals["losses"] == -250
    assert world.gains.report(actor, key, GainsQuestion(year="2024/25", tax_year="uk")).rows.empty
    assert world.gains.report(actor, key, GainsQuestion(year="2023/24", tax_year="uk")).totals["count"] == 1
    assert told.years == ("2024",)


def test_it_is_read_as_it_was_known_and_as_of_a_day(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", WASHED)
    before = calendar.now()
    world.transactions.record(actor, key, [{"date": "2024-07-01", "kind": "SELL", "symbol": "X", "quantity": 50, "price": 9, "account": "two"}])
    assert world.gains.report(actor, key).totals["count"] == 2
    assert world.gains.report(actor, key, GainsQuestion(known_at=before)).totals["count"] == 1
    assert world.gains.report(actor, key, GainsQuestion(rules="us", as_of=date(2024, 3, 20))).rows["washed"].tolist() == [False]


@pytest.mark.parametrize(("question", "field", "rule"), [
    (GainsQuestion(rules="fr"), "rules", "unknown_value"),
    (GainsQuestion(rules="uk", cost_method="fifo"), "cost_method", "contradiction"),
    (GainsQuestion(rules="uk", base_currency="USD"), "base_currency", "contradiction"),
    (GainsQuestion(cost_method="best"), "cost_method", "unknown_value"),
    (GainsQuestion(group="colour"), "group", "unknown_value"),
    (GainsQuestion(tax_year="french"), "tax_year", "unknown_value"),
    (GainsQuestion(year="soon"), "year", "not_a_year"),
    (GainsQuestion(year="2024", start=date(2024, 1, 1)), "year", "contradiction"),
    (GainsQuestion(start=date(2024, 2, 1), end=date(2024, 1, 1)), "start", "order"),
    (GainsQuestion(base_currency="XXX1"), "base_currency", "unknown_currency"),
])
def test_a_question_that_cannot_be_answered_says_why(services: Services, actor: Actor, question: GainsQuestion, field: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.gains.report(actor, "all", question)
    assert (refused.value.context["field"], refused.value.context["rule"]) == (field, rule)
    assert refused.value.context["hint"]


def test_a_workspace_without_portfolios_has_no_gains(services: Services, actor: Actor) -> None:
    told = services.gains.report(actor, "all", GainsQuestion(rules="uk"))
    assert told.rows.empty
    assert told.totals["net"] == 0
    assert services.gains.report(actor, "all", GainsQuestion(group="month")).rows.empty
    with pytest.raises(NotFound):
        services.gains.report(actor, UUID(int=7))


# ------------------------------------------------------------------------------------------------------------------------ the simulated sale


def test_a_sale_takes_price_and_rate_of_now_and_records_nothing(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", LOBSTER)
    told = world.gains.simulate(actor, key, {"symbol": "lob", "quantity": "100"})
    assert (told.simulation.price, told.price_given, told.fx_rate, told.simulation.held) == (5, False, 1.25, 400)
    assert told.simulation.methods.loc["fifo", "proceeds"] == pytest.approx(625)
    assert "section_104" not in told.simulation.methods.index
    assert world.gains.report(actor, key).totals["count"] == 3
    assert len(world.transactions.find(actor, key).items) == 4


def test_a_sale_in_pounds_stands_under_section_104_too(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "GBP", LOBSTER)
    methods = world.gains.simulate(actor, key, {"symbol": "LOB", "quantity": 400, "price": 5}).simulation.methods
    assert methods.loc["section_104", "gain"] == pytest.approx(2000 - 1674.67, abs=0.01)


def test_estimates_lots_accounts_and_days_are_taken(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", WASHED)
    lot = str(world.transactions.find(actor, key).items[2].id)
    told = world.gains.simulate(actor, key, {"symbol": "X", "quantity": 10, "price": 9, "date": "2024-05-01", "account": "two", "fee": 1,
                                             "tax_rate_short": "0.4", "lots": [{"id": lot, "quantity": 10}]})
    assert told.simulation.methods.loc["specific", ["gain", "estimated_tax"]].tolist() == pytest.approx([9, 3.6])
    assert told.accounts == ("two",)
    with pytest.raises(MoreThanHeld) as refused:
        world.gains.simulate(actor, key, {"symbol": "X", "quantity": 10, "price": 9, "account": "one"})
    assert refused.value.context["held"] == 0


@pytest.mark.parametrize(("draft", "error", "field"), [
    ({}, InvalidInput, "symbol"),
    ({"symbol": "X"}, InvalidInput, "quantity"),
    ({"symbol": "X", "quantity": 0}, InvalidInput, "quantity"),
    ({"symbol": "X", "quantity": -1}, InvalidInput, "quantity"),
    ({"symbol": "X", "quantity": "many"}, InvalidInput, "quantity"),
    ({"symbol": "X", "quantity": 1, "price": 0}, InvalidInput, "price"),
    ({"symbol": "X", "quantity": 1, "date": "2999-01-01"}, InvalidInput, "date"),
    ({"symbol": "X", "quantity": 1, "tax_rate_long": 20}, InvalidInput, "tax_rate_long"),
    ({"symbol": "X", "quantity": 1, "lots": [{"quantity": 1}]}, InvalidInput, "id"),
    ({"symbol": "X", "quantity": 1, "colour": "red"}, InvalidInput, "colour"),
    ({"symbol": "X", "quantity": 101}, MoreThanHeld, "quantity"),
    ({"symbol": "LOB", "quantity": 1}, MoreThanHeld, "quantity"),
])
def test_a_sale_that_cannot_be_is_refused_by_field(world: Services, actor: Actor, draft: dict[str, Any], error: type[Exception], field: str) -> None:
    key = portfolio(world, actor, "USD", WASHED)
    with pytest.raises(error) as refused:
        world.gains.simulate(actor, key, draft)
    assert refused.value.context["field"] == field  # type: ignore[attr-defined]
    assert refused.value.context["hint"]  # type: ignore[attr-defined]


def test_without_a_price_one_must_be_given(services: Services, actor: Actor) -> None:
    services.instruments.put(actor, "NEW", {"name": "New", "currency": "USD"})
    key = portfolio(services, actor, "USD", [{"date": "2024-01-02", "kind": "BUY", "symbol": "NEW", "quantity": 1, "price": 1}])
    with pytest.raises(MissingPrice):
        services.gains.simulate(actor, key, {"symbol": "NEW", "quantity": 1})
    assert services.gains.simulate(actor, key, {"symbol": "NEW", "quantity": 1, "price": 3}).simulation.methods.loc["fifo", "gain"] == 2
    with pytest.raises(NotFound):
        services.gains.simulate(actor, key, {"symbol": "NOPE", "quantity": 1})
