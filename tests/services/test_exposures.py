"""What a scope is exposed to, worked by hand: weights of now, returns of what is held, and the returns that were lived through."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from data import calendar
from engine.errors import InvalidInput, NotFound
from engine.types import Actor
from services import Services
from services.risk.exposures import ExposureQuestion

Ask = ExposureQuestion
DEPOSIT = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1000"}
BUY = {"date": "2024-01-02", "kind": "BUY", "symbol": "AAA", "quantity": "5", "price": "100"}


def world(services: Services, actor: Actor, bars: dict[str, dict[str, float]], currency: str = "USD", **fields: Any) -> None:
    for symbol, closes in bars.items():
        services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": currency, **fields})
        services.instruments.put_bars(actor, symbol, [{"date": day, "close": close} for day, close in closes.items()])


def portfolio(services: Services, actor: Actor, *drafts: dict[str, Any], **fields: Any) -> UUID:
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD", **fields}).id
    if drafts:
        services.transactions.record(actor, key, list(drafts))
    return key


def test_weights_returns_and_what_was_lived_through(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2023-12-29": 80, "2024-01-02": 100, "2024-01-03": 110, "2024-01-04": 99}})
    told = services.exposures.exposure(actor, portfolio(services, actor, DEPOSIT, BUY))
    assert (told.value, told.weights["AAA"], told.cash_weight) == pytest.approx((995, 495 / 995, 500 / 995))
    # of what is held as far back as it was traded; of the portfolio from the first day that it held it
    assert told.returns["AAA"].tolist() == pytest.approx([0.25, 0.1, -0.1])
    assert told.realised.to_dict() == pytest.approx({_day("2024-01-03"): 50 / 1000, _day("2024-01-04"): -55 / 1050})


def test_a_split_and_payments_are_no_loss(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 50, "2024-01-04": 49}})
    services.instruments.put_actions(actor, "AAA", [{"date": "2024-01-03", "kind": "split", "ratio": 2},
                                                    {"date": "2024-01-04", "kind": "dividend", "amount": 1}])
    told = services.exposures.exposure(actor, portfolio(services, actor, DEPOSIT, BUY))
    assert told.returns["AAA"].tolist() == pytest.approx([0, 0], abs=1e-12)


def test_what_only_the_ledger_knows_of_splits_and_payments(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 50, "2024-01-04": 49}})
    key = portfolio(services, actor, DEPOSIT, BUY, {"date": "2024-01-03", "kind": "SPLIT", "symbol": "AAA", "ratio": "2"},
                    {"date": "2024-01-04", "kind": "DIVIDEND", "symbol": "AAA", "amount": "10"})
    told = services.exposures.exposure(actor, key)
    assert told.returns["AAA"].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert told.realised.tolist() == pytest.approx([0, 0], abs=1e-12)


def test_returns_are_in_base_currency(services: Services, actor: Actor) -> None:
    services.instruments.put_rates(actor, "EURUSD", [{"date": "2024-01-02", "rate": "1.0"}, {"date": "2024-01-04", "rate": "1.1"}])
    world(services, actor, {"SAP": {"2024-01-02": 100, "2024-01-03": 110, "2024-01-04": 110}}, "EUR")
    key = portfolio(services, actor, {**DEPOSIT, "currency": "EUR"}, {**BUY, "symbol": "SAP"})
    told = services.exposures.exposure(actor, key)
    assert told.returns["SAP"].tolist() == pytest.approx([0.1, 0.1])
    assert told.currencies["EUR"].tolist() == pytest.approx([0, 0.1])
    assert told.currencies["USD"].tolist() == [0, 0]
    assert told.cash["EUR"] == pytest.approx(550)


def test_a_day_without_a_close_is_carried_and_a_weekend_is_no_day(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-05": 100, "2024-01-08": 110, "2024-01-09": 121}, "BBB": {"2024-01-05": 100, "2024-01-09": 120}})
    coin = {"2024-01-05": 100.0, "2024-01-06": 110, "2024-01-07": 121, "2024-01-08": 121, "2024-01-09": 121}
    world(services, actor, {"BTC": coin}, asset_class="crypto")
    buys = [{**BUY, "date": "2024-01-05", "symbol": symbol, "quantity": "1"} for symbol in ("AAA", "BBB", "BTC")]
    told = services.exposures.exposure(actor, portfolio(services, actor, {**DEPOSIT, "date": "2024-01-05"}, *buys))
    assert [f"{day:%m-%d}" for day in told.returns.index] == ["01-08", "01-09"]
    assert told.returns["BTC"].tolist() == pytest.approx([0.21, 0])
    assert told.returns["BBB"].tolist() == pytest.approx([0, 0.2])
    assert (told.periods_per_year, list(told.realised.index)) == (252, [_day("2024-01-08"), _day("2024-01-09")])


def test_what_has_no_history_is_not_a_number_and_told(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 110}, "NEW": {"2024-01-03": 10}})
    told = services.exposures.exposure(actor, portfolio(services, actor, DEPOSIT, BUY, {**BUY, "symbol": "NEW", "quantity": "1", "price": "10"}))
    assert np.isnan(told.returns["NEW"]).all()
    assert [finding.context["symbol"] for finding in told.findings if finding.code == "no_history"] == ["NEW"]


def test_of_today_only_a_close_that_was_told_counts(services: Services, actor: Actor) -> None:
    today = calendar.today()
    days = [str(today - timedelta(days=number)) for number in (2, 1)]
    world(services, actor, dict.fromkeys(("AAA", "BBB"), dict.fromkeys(days, 100.0)), asset_class="crypto")
    key = portfolio(services, actor, {**DEPOSIT, "date": days[0]}, {**BUY, "date": days[0]})
    assert services.market.push(actor, {"symbol": "AAA", "price": 104.0, "ts": calendar.now().isoformat()}).accepted == 1
    told = services.exposures.exposure(actor, key)
    assert (len(told.returns), told.value) == (1, 500 + 5 * 104)
    services.instruments.put_bars(actor, "AAA", [{"date": str(today), "close": 110}])
    assert services.exposures.exposure(actor, key).returns["AAA"].tolist() == pytest.approx([0, 0.1])


def test_a_benchmark_on_the_same_days_and_a_window(services: Services, actor: Actor) -> None:
    closes = {"2024-01-02": 100.0, "2024-01-03": 110, "2024-01-04": 99, "2024-01-05": 99}
    world(services, actor, {"AAA": closes, "IDX": {day: close * 2 for day, close in closes.items() if day != "2024-01-04"}})
    key = portfolio(services, actor, DEPOSIT, BUY)
    told = services.exposures.exposure(actor, key, Ask(start=date(2024, 1, 3), end=date(2024, 1, 5), benchmark="IDX"))
    assert told.benchmark is not None
    assert told.benchmark.index.equals(told.realised.index)
    assert told.benchmark.tolist() == pytest.approx([0, -0.1])
    assert [f"{day:%m-%d}" for day in told.returns.index] == ["01-04", "01-05"]
    assert told.benchmark_name == ("IDX", "Idx")
    whole = services.exposures.exposure(actor, key, Ask(benchmark="IDX"))
    assert whole.benchmark_of_today is not None
    assert whole.benchmark_of_today.tolist() == pytest.approx([0.1, 0, -0.1])


def test_a_group_is_its_holdings_alone(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 110}}, sector="Technology")
    world(services, actor, {"BBB": {"2024-01-02": 100, "2024-01-03": 90}}, sector="Energy")
    key = portfolio(services, actor, DEPOSIT, BUY, {**BUY, "symbol": "BBB", "quantity": "1"})
    told = services.exposures.exposure(actor, key, Ask(group_by="sector", group="energy"))
    assert (told.weights.to_dict(), told.value, told.label) == ({"BBB": 1.0}, 90.0, "Sector Energy")
    assert told.realised.tolist() == pytest.approx([-0.1])
    with pytest.raises(NotFound):
        services.exposures.exposure(actor, key, Ask(group_by="sector", group="none such"))
    with pytest.raises(InvalidInput):
        services.exposures.exposure(actor, key, Ask(group="Energy"))


def test_a_new_fact_is_in_the_next_answer(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 110}})
    key = portfolio(services, actor, DEPOSIT, BUY)
    first = services.exposures.exposure(actor, key)
    assert services.exposures.exposure(actor, key).returns is first.returns
    services.instruments.put_bars(actor, "AAA", [{"date": "2024-01-04", "close": 121}])
    assert services.exposures.exposure(actor, key).returns["AAA"].tolist() == pytest.approx([0.1, 0.1])
    services.instruments.put_actions(actor, "AAA", [{"date": "2024-01-04", "kind": "dividend", "amount": 11}])
    assert services.exposures.exposure(actor, key).returns["AAA"].iloc[-1] == pytest.approx(121 / 99 - 1)


def test_today_s_weights_on_the_past(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 110, "2024-01-04": 99}, "BBB": {"2024-01-03": 50, "2024-01-04": 60}})
    key = portfolio(services, actor, DEPOSIT, BUY, {**BUY, "symbol": "BBB", "quantity": "2", "price": "50"})
    told = services.exposures.exposure(actor, key)
    # 495 in AAA, 120 in BBB, 400 in cash; on 3 January BBB, a fifth of what is held, has no return: such a day is unknown
    assert np.isnan(told.of_today.iloc[0])
    assert told.of_today.iloc[1] == pytest.approx((495 * -0.1 + 120 * 0.2) / 1015)
    assert told.of_today.iloc[1] == pytest.approx(float((told.weights * told.returns.iloc[1]).sum()))


def test_an_empty_portfolio_is_no_error(services: Services, actor: Actor) -> None:
    told = services.exposures.exposure(actor, portfolio(services, actor))
    assert (len(told.holdings), len(told.returns), len(told.realised), told.value) == (0, 0, 0, 0)
    only_cash = services.exposures.exposure(actor, portfolio(services, actor, DEPOSIT))
    assert (only_cash.cash_weight, only_cash.value, list(only_cash.returns.columns)) == (1, 1000, [])


def _day(text: str) -> Any:
    return np.datetime64(text, "ns")
