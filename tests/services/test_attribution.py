"""Attribution through the service: small portfolios by hand, and what adds up whatever was traded."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from engine.errors import InvalidInput, MisalignedSeries, NotFound
from engine.types import Actor
from services import Services
from services.attribution.views import EFFECTS, LINKINGS, AttributionQuestion, AttributionView
from services.performance.views import PerformanceQuestion

Ask = AttributionQuestion
DAYS = [f"2024-01-{day:02}" for day in (2, 3, 4, 5, 8, 9, 10)]
CLOSES = {"TEC": [100, 102, 101, 105, 104, 108, 110], "OIL": [50, 49, 50, 52, 51, 50, 53], "IDX": [1000, 1005, 1002, 1015, 1010, 1020, 1040]}
START, END = date(2024, 1, 2), date(2024, 1, 10)


def put(services: Services, actor: Actor, symbol: str, closes: list[float], **fields: Any) -> None:
    services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": "USD", **fields})
    services.instruments.put_bars(actor, symbol, [{"date": day, "close": close} for day, close in zip(DAYS[-len(closes):], closes, strict=True)])


@pytest.fixture
def key(services: Services, actor: Actor) -> UUID:
    put(services, actor, "TEC", CLOSES["TEC"], sector="Technology", country="US")
    put(services, actor, "OIL", CLOSES["OIL"], sector="Energy", currency="EUR", country="DE")
    put(services, actor, "IDX", CLOSES["IDX"], asset_class="index")
    rates = [1.10, 1.11, 1.10, 1.12, 1.12, 1.13, 1.12]
    services.instruments.put_rates(actor, "EURUSD", [{"date": day, "rate": rate} for day, rate in zip(DAYS, rates, strict=True)])
    made = services.portfolios.create(actor, {"name": "P", "base_currency": "USD", "benchmark": "IDX"}).id
    services.transactions.record(actor, made, [
        {"date": DAYS[0], "kind": "DEPOSIT", "amount": "1000"},
        {"date": DAYS[0], "kind": "BUY", "symbol": "TEC", "quantity": "5", "price": "100"},
        {"date": DAYS[2], "kind": "BUY", "symbol": "OIL", "quantity": "5", "price": "50", "currency": "EUR", "fx_rate": "1.10", "fee": "1"},
        {"date": DAYS[4], "kind": "SELL", "symbol": "TEC", "quantity": "2", "price": "104"},
    ])
    return made


def check(view: AttributionView) -> None:
    """What holds of every answer: nothing is left over, in the whole, in each group, over time and in each month."""
    told = view.figures
    assert told["residual"] == pytest.approx(0.0, abs=1e-12)
    for name in EFFECTS:
        assert view.groups[name].sum() == pytest.approx(told[name], abs=1e-12)
        by_group = view.holdings.groupby("group")[name].sum()
        assert by_group.to_dict() == pytest.approx(view.groups.set_index("key")[name].reindex(by_group.index).to_dict(), abs=1e-12)
    effects = view.series[list(EFFECTS)]
    whole = (1 + effects).prod(axis=1) - 1 if view.combine == "multiply" else effects.sum(axis=1)
    assert whole.to_numpy() == pytest.approx(view.series["active"].to_numpy(), abs=1e-12)
    assert view.series.iloc[0].abs().max() == 0
    assert view.by_group.iloc[-1].reindex(view.groups["key"]).to_numpy() == pytest.approx(view.groups["total"].to_numpy(), abs=1e-12)
    assert view.periods["total"].to_numpy() == pytest.approx(view.periods["active"].to_numpy(), abs=1e-12)
    assert view.currencies["total"].sum() == pytest.approx(told["currency"], abs=1e-12)
    assert view.waterfall[-1].top == pytest.approx(view.waterfall[-2].top, abs=1e-12)


@pytest.mark.parametrize("linking", LINKINGS)
@pytest.mark.parametrize("by", ["sector", "currency", "country", "asset_class", "symbol"])
def test_nothing_is_left_over(services: Services, actor: Actor, key: UUID, linking: str, by: str) -> None:
    view = services.attributions.attribution(actor, key, Ask(start=START, end=END, by=by, linking=linking))
    check(view)
    performance = services.performance.performance(actor, key, PerformanceQuestion(start=START, end=END))
    assert view.figures["portfolio_return"] == pytest.approx(performance.figures["twr"], abs=1e-14)
    assert view.figures["benchmark_return"] == pytest.approx(performance.figures["benchmark_twr"], abs=1e-14)
    assert view.groups["contribution"].sum() == pytest.approx(view.figures["portfolio_return"], abs=1e-12)
    assert view.groups["weight"].sum() == pytest.approx(1.0)


def test_one_instrument_is_one_group_and_a_finding_says_so(services: Services, actor: Actor, key: UUID) -> None:
    view = services.attributions.attribution(actor, key, Ask(start=START, end=END))
    assert not view.is_divided
    assert (view.figures["allocation"], view.figures["interaction"]) == pytest.approx((0.0, 0.0), abs=1e-15)
    assert view.figures["selection"] + view.figures["currency"] == pytest.approx(view.figures["active_return"])
    assert "benchmark_undivided" in {each.code for each in view.findings}
    assert {"Technology", "Energy", "cash", "benchmark:IDX"} == set(view.groups["key"])
    told = view.groups.set_index("key")
    assert told.loc["benchmark:IDX", ["weight", "benchmark_weight", "total"]].tolist() == pytest.approx([0, 1, 0])
    assert (view.benchmark, view.conventions["outside"]) == (("IDX", "Idx", "instrument"), "benchmark")
    by_currency = services.attributions.attribution(actor, key, Ask(start=START, end=END, by="currency"))
    assert by_currency.is_divided


def test_one_day_by_hand(services: Services, actor: Actor, key: UUID) -> None:
    """10 January: 3 TEC at 108, 5 OIL at 50 x 1.13, 708 USD, a debt of 251 EUR: what each did beyond the index's 20 of 1020."""
    view = services.attributions.attribution(actor, key, Ask(start=date(2024, 1, 9), end=END, currency_effect="within", interaction="selection"))
    tec, oil = 3 * 108, 5 * 50 * 1.13
    dollars, debt = 1000 - 500 + 2 * 104, 5 * 50 + 1
    value, index = tec + oil + dollars - debt * 1.13, 20 / 1020
    told = view.groups.set_index("key")["selection"]
    assert told["Technology"] == pytest.approx(tec / value * (2 / 108 - index))
    assert told["Energy"] == pytest.approx(oil / value * (53 * 1.12 / (50 * 1.13) - 1 - index))
    assert view.figures["portfolio_return"] == pytest.approx((3 * 110 + (5 * 53 - debt) * 1.12 + dollars) / value - 1)
    apart = services.attributions.attribution(actor, key, Ask(start=date(2024, 1, 9), end=END)).currencies.set_index("currency")
    assert apart.loc["EUR", "currency_return"] == pytest.approx(1.12 / 1.13 - 1)
    assert apart.loc["EUR", "effect"] == pytest.approx(apart.loc["EUR", "weight"] * (1.12 / 1.13 - 1))


def test_a_sector_instrument_is_a_divided_benchmark(services: Services, actor: Actor, key: UUID) -> None:
    put(services, actor, "XLT", CLOSES["IDX"], sector="Technology", asset_class="fund")
    view = services.attributions.attribution(actor, key, Ask(start=START, end=END, benchmark="XLT"))
    check(view)
    assert view.is_divided
    assert view.groups.set_index("key").loc["Technology", "benchmark_weight"] == 1.0
    assert view.figures["allocation"] != 0


@pytest.mark.parametrize("rebalancing", ["never", "daily", "monthly"])
@pytest.mark.parametrize("linking", ["carino", "geometric"])
def test_a_blend_is_divided_by_its_parts(services: Services, actor: Actor, key: UUID, rebalancing: str, linking: str) -> None:
    put(services, actor, "XLT", CLOSES["IDX"], sector="Technology", asset_class="fund")
    put(services, actor, "XLE", CLOSES["OIL"], sector="Energy", asset_class="fund", currency="EUR")
    blend = services.blends.create(actor, {"name": f"mix {rebalancing}", "rebalancing": rebalancing, "components": [
        {"symbol": "XLT", "weight": 0.6}, {"symbol": "XLE", "weight": 0.3}, {"kind": "cash", "weight": 0.1, "plus": 0.03}]})
    start = date(2024, 1, 4)  # after the blend has drifted
    view = services.attributions.attribution(actor, key, Ask(start=start, end=END, benchmark=blend.key, linking=linking))
    check(view)
    assert view.is_divided
    told = view.groups.set_index("key")
    assert {"Technology", "Energy", "cash"} == set(told.index)
    assert told["benchmark_weight"].sum() == pytest.approx(1.0)
    performance = services.performance.performance(actor, key, PerformanceQuestion(start=start, end=END, benchmark=blend.key))
    assert view.figures["benchmark_return"] == pytest.approx(performance.figures["benchmark_twr"], abs=1e-12)
    if rebalancing == "daily":
        assert told.loc["Technology", "benchmark_weight"] == pytest.approx(0.6)
    assert set(view.holdings[view.holdings["in_benchmark"]]["key"]) == {"XLT", "XLE", "cash"}
    by_class = services.attributions.attribution(actor, key, Ask(start=start, end=END, benchmark=blend.key, by="asset_class"))
    assert "benchmark_of_funds" in {each.code for each in by_class.findings}


def test_a_benchmark_that_begins_late_shortens_the_window(services: Services, actor: Actor, key: UUID) -> None:
    put(services, actor, "NEW", CLOSES["IDX"][-4:], asset_class="index")
    view = services.attributions.attribution(actor, key, Ask(start=START, end=END, benchmark="NEW"))
    check(view)
    assert view.start == date(2024, 1, 5)
    put(services, actor, "ONE", [10.0], asset_class="index")
    with pytest.raises(MisalignedSeries, match="closes of ONE on 2 days, 1 is there"):
        services.attributions.attribution(actor, key, Ask(start=START, end=END, benchmark="ONE"))


def test_without_benchmark_or_transactions_there_are_findings(services: Services, actor: Actor, key: UUID) -> None:
    view = services.attributions.attribution(actor, key, Ask(benchmark=""))
    assert view.benchmark is None
    assert view.findings[0].code == "benchmark_missing"
    assert np.isnan(view.figures["active_return"])
    assert view.groups.empty
    made = services.portfolios.create(actor, {"name": "Empty", "base_currency": "USD", "benchmark": "IDX"}).id
    empty = services.attributions.attribution(actor, made)
    assert "no_transactions" in {each.code for each in empty.findings}
    assert isinstance(empty.series.index, pd.DatetimeIndex)


def test_what_cannot_be_asked_is_named(services: Services, actor: Actor, key: UUID) -> None:
    for field, value in {"by": "colour", "method": "fachler", "linking": "sum", "outside": "none", "interaction": "gone", "costs": "free"}.items():
        with pytest.raises(InvalidInput, match=field):
            services.attributions.attribution(actor, key, Ask(**{field: value}))  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        services.attributions.attribution(actor, key, Ask(benchmark="NOBODY"))
    with pytest.raises(InvalidInput, match="start"):
        services.attributions.attribution(actor, key, Ask(start=END, end=START))


def test_an_answer_is_kept_until_something_changes(services: Services, actor: Actor, key: UUID) -> None:
    first = services.attributions.attribution(actor, key, Ask(start=START, end=END))
    assert services.attributions.attribution(actor, key, Ask(start=START, end=END)) is first
    services.transactions.record(actor, key, [{"date": DAYS[5], "kind": "SELL", "symbol": "TEC", "quantity": "1", "price": "108"}])
    second = services.attributions.attribution(actor, key, Ask(start=START, end=END))
    assert second is not first
    check(second)
