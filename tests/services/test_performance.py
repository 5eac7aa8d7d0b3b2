"""Performance worked by hand: every figure of small portfolios, through the service."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from data import calendar
from data.cache import Cache
from engine.types import Actor
from services import Services
from services.books.valuation import Valuation
from services.performance.service import Performance, most_named
from services.performance.views import PerformanceQuestion

Ask = PerformanceQuestion
DEPOSIT = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1000"}


def world(services: Services, actor: Actor, bars: dict[str, dict[str, float]], currency: str = "USD", **fields: Any) -> None:
    for symbol, closes in bars.items():
        services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": currency, **fields})
        services.instruments.put_bars(actor, symbol, [{"date": day, "close": close} for day, close in closes.items()])


def portfolio(services: Services, actor: Actor, *drafts: dict[str, Any], **fields: Any) -> UUID:
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD", **fields}).id
    if drafts:
        services.transactions.record(actor, key, list(drafts))
    return key


def test_a_dividend_and_fees_by_hand(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 102, "2024-01-04": 99, "2024-01-05": 105}})
    key = portfolio(services, actor, DEPOSIT, {"date": "2024-01-03", "kind": "BUY", "symbol": "AAA", "quantity": "5", "price": "100", "fee": "2"},
                    {"date": "2024-01-04", "kind": "DIVIDEND", "symbol": "AAA", "amount": "10", "tax": "3"})
    view = services.performance.performance(actor, key, Ask(start=date(2024, 1, 2), end=date(2024, 1, 5)))
    # 1000, then 498 + 510 = 1008, then 505 + 495 = 1000, then 505 + 525 = 1030
    assert view.series["value"].tolist() == [1000, 1008, 1000, 1030]
    assert view.figures["twr"] == pytest.approx(0.03)
    assert view.figures["twr_gross"] == pytest.approx(1010 / 1000 * 1003 / 1008 * 1.03 - 1)
    assert view.bridge == pytest.approx({"opening_value": 1000, "flows": 0, "price": 25, "fx": 0, "income": 10, "fees": 2, "taxes": 3,
                                         "corporate_actions": 0, "closing_value": 1030, "residual": 0})
    assert view.contributions["contribution"].sum() == pytest.approx(view.figures["twr"], abs=1e-12)


def test_now_is_at_the_latest_quote_as_holdings_are(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 102}})
    key = portfolio(services, actor, DEPOSIT, {"date": "2024-01-03", "kind": "BUY", "symbol": "AAA", "quantity": "5", "price": "100"})
    first = services.performance.performance(actor, key)
    now = calendar.now() - timedelta(seconds=1)
    assert services.market.push(actor, {"symbol": "AAA", "price": 104.0, "ts": now.isoformat()}).accepted == 1
    second = services.performance.performance(actor, key)
    assert (first.figures["closing_value"], second.figures["closing_value"]) == (1010, 1020)
    assert second.series["value"].iloc[-1] == services.valuation.holdings(actor, key).snapshot.totals["value"]


def test_a_transfer_between_portfolios_is_no_flow_of_both_together(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 110, "2024-01-04": 121}})
    buy = {"date": "2024-01-02", "kind": "BUY", "symbol": "AAA", "quantity": "10", "price": "100"}
    one, two = portfolio(services, actor, DEPOSIT, buy), portfolio(services, actor, DEPOSIT)
    transfer = str(uuid4())
    leg = {"date": "2024-01-03", "symbol": "AAA", "quantity": "4", "price": "110", "transfer_id": transfer}
    services.transactions.record(actor, one, [{**leg, "kind": "TRANSFER_OUT"}])
    services.transactions.record(actor, two, [{**leg, "kind": "TRANSFER_IN"}])
    question = Ask(start=date(2024, 1, 2), end=date(2024, 1, 4))
    both = services.performance.performance(actor, "all", question)
    assert both.flows.empty
    assert both.bridge["flows"] == 0
    assert both.figures["twr"] == pytest.approx(2210 / 2000 - 1)
    assert abs(both.bridge["residual"]) < 1e-6
    alone = services.performance.performance(actor, one, question)
    assert alone.flows["amount"].tolist() == [-440]
    assert alone.figures["twr"] == pytest.approx(660 / 560 * 1.1 - 1)  # the flow counts at the start of its day


def test_a_window_by_its_name_and_by_its_dates_are_one(services: Services, actor: Actor) -> None:
    day = calendar.today()
    key = portfolio(services, actor, {"date": str(day - timedelta(days=500)), "kind": "DEPOSIT", "amount": "1000"})
    view = services.performance.performance(actor, key, Ask(period="ytd"))
    assert (view.start, view.end) == (date(day.year - 1, 12, 31), day)
    assert set(view.windows.index) == {"MTD", "QTD", "YTD", "1M", "3M", "6M", "1Y", "ITD"}
    assert view.why == "They are equal: no money came in or went out."


def test_a_currency_that_is_taken_out_of_the_ledger_leaves_the_days_before(services: Services, actor: Actor) -> None:
    """Found by the ledger machine: days kept with a currency could not be put before days without it."""
    services.instruments.put_rates(actor, "EURUSD", [{"date": "2024-01-01", "rate": "1.1"}])
    key = portfolio(services, actor, DEPOSIT)
    euros = services.transactions.record(actor, key, [{"date": "2024-01-10", "kind": "DEPOSIT", "amount": "100", "currency": "EUR"}])[0]
    assert services.performance.performance(actor, key).figures["closing_value"] == pytest.approx(1110)
    services.transactions.void(actor, key, euros.id, 1)
    assert services.performance.performance(actor, key).figures["closing_value"] == pytest.approx(1000)


def test_all_together_are_compared_with_what_most_of_them_name() -> None:
    assert most_named(["SP500", "SP500", "mix"]) == "SP500"
    assert most_named(["mix"]) == "mix"
    assert most_named(["SP500", "mix"]) is None
    assert most_named([]) is None


def test_a_benchmark_that_nothing_holds_is_priced_from_the_first_day_on(services: Services, actor: Actor) -> None:
    today = calendar.today()
    closes = {str(today - timedelta(days=days)): 100.0 + days for days in (5, 4, 1)}
    world(services, actor, {"BBB": closes})
    key = portfolio(services, actor, {**DEPOSIT, "date": str(today - timedelta(days=1))})
    view = services.performance.performance(actor, key, Ask(benchmark="BBB"))
    assert view.figures["benchmark_twr"] == pytest.approx(101 / 104 - 1)
    assert "benchmark_missing" not in {finding.code for finding in view.findings}


def test_what_is_answered_after_a_trade_of_today_is_what_another_process_answers(services: Services, actor: Actor) -> None:
    """The last bars, the days before and the lines of the series are kept from the answer before; nobody must see that."""
    today = calendar.today()
    days = [today - timedelta(days=number) for number in range(40, 0, -1)]
    world(services, actor, {name: {str(day): 50 + place + day.day % 7 for day in days[place:]} for place, name in enumerate(("AAA", "BBB", "CCC"))})
    buy = {"kind": "BUY", "symbol": "AAA", "quantity": 4, "price": 50}
    key = portfolio(services, actor, {**DEPOSIT, "date": str(days[1])}, {**buy, "date": str(days[2])})
    services.performance.answer(actor, key)
    for symbol in ("AAA", "BBB", "CCC"):  # the last two are new today
        services.transactions.record(actor, key, [{**buy, "date": str(today), "symbol": symbol, "fee": 1}])
        anew = Performance(services.database, Cache(None), services.market, Valuation(services.database, services.market))
        assert services.performance.answer(actor, key) == anew.answer(actor, key)


def test_an_instrument_s_new_name_is_told_at_once(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 102}})
    key = portfolio(services, actor, DEPOSIT, {"date": "2024-01-03", "kind": "BUY", "symbol": "AAA", "quantity": "5", "price": "100"})
    before = services.performance.performance(actor, key)
    services.instruments.put(actor, "AAA", {"name": "Anew", "currency": "USD"})
    after = services.performance.performance(actor, key)
    assert [view.contributions.set_index("name").loc["AAA", "label"] for view in (before, after)] == ["Aaa", "Anew"]


PURCHASES = ({"date": "2024-01-02", "kind": "BUY", "symbol": "AAA", "quantity": "10", "price": "100"},
             {"date": "2024-01-04", "kind": "BUY", "symbol": "AAA", "quantity": "10", "price": "110", "fee": "11"},
             {"date": "2024-01-05", "kind": "DIVIDEND", "symbol": "AAA", "amount": "20"},
             {"date": "2024-01-08", "kind": "SELL", "symbol": "AAA", "quantity": "5", "price": "121"})


def test_who_books_purchases_alone_is_measured_by_what_was_invested(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {f"2024-01-0{day}": close for day, close in {2: 100, 3: 110, 4: 110, 5: 110, 8: 121, 9: 121}.items()}})
    key = portfolio(services, actor, *PURCHASES)
    view = services.performance.performance(actor, key, Ask(end=date(2024, 1, 9)))
    # 1000 grow to 1100; 1111 more come in and lose the fee of 11; 20 are paid on 2200; 2200 grow to 2420, of which 605 go out
    assert view.figures["twr"] == pytest.approx(1.1 * (2200 / 2211) * (2220 / 2200) * ((1815 + 605) / 2200) - 1)
    assert view.conventions["flow_timing"] == "in_out"
    by_start = services.performance.performance(actor, key, Ask(end=date(2024, 1, 9), flow_timing="start"))
    assert by_start.figures["twr"] == pytest.approx(1.1 * (2200 / 2211) * (2200 / 2180) * (1815 / (2200 - 605)) - 1)
    assert view.flows[["kind", "amount"]].values.tolist() == [["IN", 1000], ["IN", 1111], ["OUT", -20], ["OUT", -605]]
    assert view.bridge == pytest.approx({"opening_value": 0, "flows": 1486, "price": 320, "fx": 0, "income": 20, "fees": 11, "taxes": 0,
                                         "corporate_actions": 0, "closing_value": 1815, "residual": 0})
    assert view.figures["mwr"] > 0
    assert view.contributions["contribution"].sum() == pytest.approx(view.figures["twr"], abs=1e-12)
    assert "cash_not_kept" in {finding.code for finding in view.findings}
    asked = services.performance.performance(actor, key, Ask(end=date(2024, 1, 9), cash="included"))
    assert asked.bridge["closing_value"] == 1815 - 1000 - 1111 + 20 + 605
    assert "cash_not_kept" not in {finding.code for finding in asked.findings}


def test_one_deposit_makes_cash_part_of_what_is_measured(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-09": 121}})
    key = portfolio(services, actor, DEPOSIT | {"amount": "5000"}, PURCHASES[0])
    whole, invested = (services.performance.performance(actor, key, Ask(end=date(2024, 1, 9), cash=cash)) for cash in ("auto", "excluded"))
    assert (whole.figures["twr"], invested.figures["twr"]) == (pytest.approx(210 / 5000), pytest.approx(0.21))
    assert "cash_not_kept" not in {finding.code for finding in (*whole.findings, *invested.findings)}
    together = services.performance.performance(actor, "all", Ask(end=date(2024, 1, 9)))
    assert together.figures["twr"] == whole.figures["twr"]
    portfolio(services, actor, PURCHASES[0], name="Q")
    together = services.performance.performance(actor, "all", Ask(end=date(2024, 1, 9)))
    assert together.figures["twr"] == pytest.approx(420 / 6000)
    assert together.series["net_contributions"].iloc[-1] == 6000
