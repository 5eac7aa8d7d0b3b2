"""A portfolio beside benchmarks: worked by hand, with money, dividends, currencies and blends in it."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

import engine
from engine.errors import Conflict, InvalidInput, NotFound, UnknownInstrument
from engine.types import Actor
from services import Services
from services.attribution.views import AttributionQuestion
from services.benchmark.views import PORTFOLIO, BenchmarkQuestion
from services.performance.views import PerformanceQuestion

Ask = BenchmarkQuestion
DAYS = [day.date() for day in pd.bdate_range("2023-01-02", "2024-06-28")]
START = date(2023, 1, 2)
WINDOW: dict[str, Any] = {"start": START, "end": DAYS[-1]}


def put(services: Services, actor: Actor, symbol: str, closes: Any, *, currency: str = "USD", days: Any = DAYS, **fields: Any) -> None:
    services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": currency, **fields})
    services.instruments.put_bars(actor, symbol, [{"date": str(day), "close": f"{close:.10f}"} for day, close in zip(days, closes, strict=True)])


def walk(seed: int, size: int = len(DAYS)) -> np.ndarray:
    return np.asarray(np.round(100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0004, 0.01, size))), 2))


def portfolio(services: Services, actor: Actor, *drafts: dict[str, Any], **fields: Any) -> UUID:
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD", **fields}).id
    services.transactions.record(actor, key, list(drafts))
    return key


def bought(symbol: str, quantity: float, price: float, day: date = START, currency: str = "USD") -> list[dict[str, Any]]:
    return [{"date": str(day), "kind": "DEPOSIT", "amount": f"{quantity * price:.6f}", "currency": currency},
            {"date": str(day), "kind": "BUY", "symbol": symbol, "quantity": str(quantity), "price": f"{price:.10f}"}]


def told(services: Services, actor: Actor, key: UUID, **asked: Any) -> Any:
    return services.benchmark.compare(actor, key, Ask(**{**WINDOW, **asked}))


def blend(services: Services, actor: Actor, *components: dict[str, Any], name: str = "Mix", **fields: Any) -> str:
    return services.blends.create(actor, {"name": name, "components": list(components), **fields}).key


def test_figures_are_those_of_the_engine_on_the_same_returns(services: Services, actor: Actor) -> None:
    own, theirs = walk(1), walk(2)
    put(services, actor, "OWN", own)
    put(services, actor, "IDX", theirs)
    key = portfolio(services, actor, *bought("OWN", 10, own[0]), benchmark="IDX")
    view = told(services, actor, key)
    found, mine, other = view.benchmarks[0], own[1:] / own[:-1] - 1, theirs[1:] / theirs[:-1] - 1
    assert view.returns[PORTFOLIO].to_numpy() == pytest.approx(mine, abs=1e-12)
    assert view.returns["IDX"].to_numpy() == pytest.approx(other, abs=1e-12)
    for name in ("beta", "alpha", "tracking_error", "information_ratio", "treynor_mazuy_gamma", "bull_beta", "specific_risk", "batting_average"):
        assert found.figures[name] == pytest.approx(getattr(engine, name)(mine, other), rel=1e-9), name
    assert found.figures["correlation"] == pytest.approx(np.corrcoef(mine, other)[0, 1])
    assert (found.observations, found.months, found.begins, found.ends) == (len(mine), 18, DAYS[1], DAYS[-1])
    told_apart = services.performance.performance(actor, key, PerformanceQuestion(**WINDOW)).figures
    for name in ("up_capture", "down_capture", "tracking_error"):
        assert found.figures[name] == pytest.approx(told_apart[name], rel=1e-9), name
    assert found.figures["benchmark_return"] == pytest.approx(told_apart["benchmark_twr"], rel=1e-12)
    assert view.own["total_return"] == pytest.approx(told_apart["twr"])
    assert view.rolling["beta"]["IDX"].iloc[-1] == pytest.approx(engine.beta(mine[-126:], other[-126:]))
    assert view.excess["IDX"].iloc[-1] == pytest.approx(own[-1] / own[0] - theirs[-1] / theirs[0])
    assert {name for name, value in found.figures.items() if np.isnan(value)} == {*found.gaps}


def test_conventions_reach_the_figures(services: Services, actor: Actor) -> None:
    own, theirs = walk(3), walk(4)
    put(services, actor, "OWN", own)
    put(services, actor, "IDX", theirs)
    key = portfolio(services, actor, *bought("OWN", 10, own[0]), benchmark="IDX")
    mine, other = own[1:] / own[:-1] - 1, theirs[1:] / theirs[:-1] - 1
    figures = told(services, actor, key, alpha="arithmetic", excess="geometric", risk_free=0.03, errors="classic").benchmarks[0].figures
    free = 1.03 ** (1 / 252) - 1
    assert figures["alpha"] == pytest.approx(engine.alpha(mine, other, risk_free=free, method="arithmetic"))
    assert figures["tracking_error"] == pytest.approx(engine.tracking_error(mine, other, excess="geometric"))
    assert figures["alpha_t_statistic"] == pytest.approx(engine.alpha_t_statistic(mine, other, risk_free=free, errors="classic"))
    weekly = told(services, actor, key, frequency="weekly")
    ends = [place for place, day in enumerate(DAYS) if place and (place == len(DAYS) - 1 or day.isocalendar()[1] != DAYS[place + 1].isocalendar()[1])]
    assert weekly.returns[PORTFOLIO].to_numpy() == pytest.approx(own[ends] / own[[0, *ends[:-1]]] - 1, abs=1e-12)
    monthly = told(services, actor, key, frequency="monthly")
    assert monthly.periods_per_year == 12
    assert monthly.returns["IDX"].to_numpy() == pytest.approx(monthly.months["IDX"].to_numpy())
    assert monthly.benchmarks[0].missing["beta"] == 30 - 18


def test_the_same_flows_into_the_index_by_hand(services: Services, actor: Actor) -> None:
    days = [date(2023, 1, 2), date(2023, 7, 3), date(2024, 1, 2)]
    put(services, actor, "OWN", [100, 120, 110], days=days)
    put(services, actor, "IDX", [50, 40, 60], days=days)
    key = portfolio(services, actor, *bought("OWN", 10, 100), *bought("OWN", 5, 120, date(2023, 7, 3)), benchmark="IDX")
    found = told(services, actor, key, start=date(2023, 1, 1), end=date(2024, 1, 2))
    flows = found.benchmarks[0].flows
    # 1000 buy 20 of the index and 600 buy 15: 35 at 60; the portfolio has 15 at 110
    assert (flows.benchmark_value, flows.portfolio_value, flows.excess_value) == pytest.approx((2100, 1650, -450))
    assert (flows.net_contributions, flows.portfolio_gain, flows.benchmark_gain) == pytest.approx((1600, 50, 500))
    assert flows.ks_pme == pytest.approx(1650 / (1000 * 60 / 50 + 600 * 60 / 40))
    table = found.same_flows
    assert table.loc["2023-07-03"].to_dict() == pytest.approx({PORTFOLIO: 1800, "IDX": 20 * 40 + 600, "net_contributions": 1600})
    assert table.iloc[-1].to_dict() == pytest.approx({PORTFOLIO: 1650, "IDX": 2100, "net_contributions": 1600})
    years = [1.0, (date(2024, 1, 2) - date(2023, 7, 3)).days / 365]
    assert 1000 * (1 + flows.benchmark_mwr) ** years[0] + 600 * (1 + flows.benchmark_mwr) ** years[1] == pytest.approx(2100)
    assert 1000 * (1 + flows.portfolio_mwr) ** years[0] + 600 * (1 + flows.portfolio_mwr) ** years[1] == pytest.approx(1650)
    grown = 1000 * 60 / 50 * np.exp(flows.direct_alpha * years[0]) + 600 * 60 / 40 * np.exp(flows.direct_alpha * years[1])
    assert grown == pytest.approx(1650)
    assert flows.is_annual
    assert flows.exhausted is None
    assert found.flows["amount"].tolist() == pytest.approx([1000, 600])


def test_withdrawals_may_use_the_index_up(services: Services, actor: Actor) -> None:
    days = [date(2023, 1, 2), date(2023, 7, 3), date(2024, 1, 2)]
    put(services, actor, "OWN", [100, 400, 400], days=days)
    put(services, actor, "IDX", [50, 50, 50], days=days)
    sale = {"date": "2023-07-03", "kind": "SELL", "symbol": "OWN", "quantity": "5", "price": "400"}
    key = portfolio(services, actor, *bought("OWN", 10, 100), sale,
                    {"date": "2023-07-03", "kind": "WITHDRAWAL", "amount": "2000"}, benchmark="IDX")
    flows = told(services, actor, key, start=date(2023, 1, 1), end=date(2024, 1, 2)).benchmarks[0].flows
    assert flows.exhausted == date(2023, 7, 3)
    assert flows.benchmark_value == pytest.approx(-1000)
    assert flows.excess_value == pytest.approx(3000)


def test_dividends_and_splits_are_put_back(services: Services, actor: Actor) -> None:
    put(services, actor, "IDX", [100, 99, 50, 51], days=DAYS[:4])
    services.instruments.put_actions(actor, "IDX", [{"date": str(DAYS[1]), "kind": "dividend", "amount": "2", "currency": "USD"},
                                                    {"date": str(DAYS[2]), "kind": "split", "ratio": "2"}])
    put(services, actor, "OWN", [10, 10, 10, 10], days=DAYS[:4])
    key = portfolio(services, actor, *bought("OWN", 10, 10), benchmark="IDX")
    view = told(services, actor, key, end=DAYS[3])
    # (99 + 2 reinvested at the close before: 1 / 0.98), then 100 of two halves, then 102
    assert view.growth["IDX"].tolist() == pytest.approx([1, 99 / 98, 100 / 98, 102 / 98])
    assert view.benchmarks[0].is_total_return
    assert view.benchmarks[0].constituents[0].payments == 1
    performance = services.performance.performance(actor, key, PerformanceQuestion(start=START, end=DAYS[3]))
    assert performance.figures["benchmark_twr"] == pytest.approx(102 / 98 - 1)


def test_a_blend_in_two_currencies_with_cash(services: Services, actor: Actor) -> None:
    days = [date(2023, 1, 2), date(2023, 1, 31), date(2023, 2, 28)]
    put(services, actor, "USX", [100, 110, 99], days=days)
    put(services, actor, "EUX", [50, 50, 60], currency="EUR", days=days)
    put(services, actor, "OWN", [10, 10, 10], days=days)
    services.instruments.put_rates(actor, "EURUSD", [{"date": str(day), "rate": rate} for day, rate in zip(days, ["1.0", "1.2", "1.1"], strict=True)])
    parts = [{"symbol": "USX", "weight": 0.5}, {"symbol": "EUX", "weight": 0.3}, {"kind": "cash", "weight": 0.2, "plus": 0.05}]
    key = portfolio(services, actor, *bought("OWN", 5, 10), *bought("USX", 0.5, 100))
    mix, hedged = blend(services, actor, *parts), blend(services, actor, *[{**each, "hedged": True} for each in parts], name="Hedged")
    view = told(services, actor, key, end=days[2], benchmarks=("mix", hedged))
    cash = [1.05 ** ((later - before).days / 365) for before, later in pairwise(days)]
    first = 0.5 * 1.1 + 0.3 * 1.2 + 0.2 * cash[0]
    second = 0.5 * 0.9 + 0.3 * (60 * 1.1) / (50 * 1.2) + 0.2 * cash[1]
    assert [each.key for each in view.benchmarks] == [mix, hedged]
    assert view.growth.loc[[pd.Timestamp(day) for day in days], mix].tolist() == pytest.approx([1, first, first * second])
    local = (0.5 * 1.1 + 0.3 + 0.2 * cash[0]) * (0.5 * 0.9 + 0.3 * 1.2 + 0.2 * cash[1])
    assert view.growth[hedged].iloc[-1] == pytest.approx(local)
    usx, eux, money = view.benchmarks[0].constituents
    assert [each.target for each in (usx, eux, money)] == [0.5, 0.3, 0.2]
    assert usx.weight == pytest.approx(0.5 * 0.9 / second)
    assert usx.portfolio_weight == pytest.approx(49.5 / 99.5)
    assert (eux.portfolio_weight, money.key) == (0.0, "cash")
    shared = abs(49.5 / 99.5 - usx.weight) + 50 / 99.5 + eux.weight + money.weight
    assert view.benchmarks[0].figures["active_share"] == pytest.approx(shared / 2)


def test_prices_plus_three_and_a_rate(services: Services, actor: Actor) -> None:
    months = [date(2023, 1, 1), date(2023, 7, 1), date(2024, 1, 1)]
    put(services, actor, "CPI", [100, 102, 103], days=months)
    put(services, actor, "IRX", [5.0, 4.0], days=months[:2])
    put(services, actor, "OWN", [10, 10, 10], days=months)
    key = portfolio(services, actor, *bought("OWN", 5, 10, months[0]))
    real = blend(services, actor, {"kind": "inflation", "symbol": "CPI", "weight": 1, "plus": 0.03}, name="CPI + 3")
    rate = blend(services, actor, {"kind": "rate", "symbol": "IRX", "weight": 1}, name="Bills", rebalancing="never")
    view = told(services, actor, key, start=months[0], end=months[2], benchmarks=(real, rate))
    assert view.growth[real].iloc[-1] == pytest.approx(1.03 * 1.03)
    assert view.growth[rate].iloc[-1] == pytest.approx(1.05 ** (181 / 365) * 1.04 ** (184 / 365))


def test_performance_takes_a_blend_as_its_benchmark(services: Services, actor: Actor) -> None:
    own, theirs = walk(5), walk(6)
    put(services, actor, "OWN", own)
    put(services, actor, "IDX", theirs)
    mix = blend(services, actor, {"symbol": "IDX", "weight": 0.6}, {"symbol": "OWN", "weight": 0.4}, name="Sixty Forty", rebalancing="daily")
    key = portfolio(services, actor, *bought("OWN", 10, own[0]), benchmark="sixty forty")
    assert services.portfolios.get(actor, key).benchmark == mix
    expected = float(np.prod(1 + 0.6 * (theirs[1:] / theirs[:-1] - 1) + 0.4 * (own[1:] / own[:-1] - 1)) - 1)
    for named in (None, mix, "Sixty Forty"):
        view = services.performance.performance(actor, key, PerformanceQuestion(**WINDOW, benchmark=named))
        assert view.figures["benchmark_twr"] == pytest.approx(expected)
        assert view.benchmark == (mix, "Sixty Forty")
    changed = services.blends.change(actor, UUID(mix), 1, {"components": [{"symbol": "IDX", "weight": 1}]})
    plain = services.performance.performance(actor, key, PerformanceQuestion(**WINDOW))
    assert plain.figures["benchmark_twr"] == pytest.approx(theirs[-1] / theirs[0] - 1)
    services.blends.remove(actor, UUID(mix), changed.version)
    missing = services.performance.performance(actor, key, PerformanceQuestion(**WINDOW))
    assert "benchmark_missing" in {finding.code for finding in missing.findings}
    services.blends.restore(actor, UUID(mix))
    assert services.performance.performance(actor, key, PerformanceQuestion(**WINDOW)).benchmark == (mix, "Sixty Forty")


def test_what_does_not_overlap_is_told_with_its_numbers(services: Services, actor: Actor) -> None:
    own = walk(7, 10)
    put(services, actor, "OWN", own, days=DAYS[:10])
    put(services, actor, "OLD", [1.0], days=[DAYS[9]])
    put(services, actor, "NEW", [1.0, 2.0], days=[DAYS[9] + timedelta(days=30), DAYS[9] + timedelta(days=31)])
    key = portfolio(services, actor, *bought("OWN", 10, own[0]))
    view = told(services, actor, key, end=DAYS[9], benchmarks=("OLD", "NEW", "OWN"))
    told_of = [finding for finding in view.findings if finding.code == "no_overlap"]
    assert [(each.context["symbol"], each.context["needed"], each.context["found"]) for each in told_of] == [("OLD", 2, 0), ("NEW", 2, 0)]
    old, new, same = view.benchmarks
    assert np.isnan([old.figures["beta"], new.figures["beta"], new.flows.benchmark_value, new.figures["benchmark_return"]]).all()
    assert same.figures["beta"] == pytest.approx(1.0)
    assert "no returns in common" in new.gaps["beta"]
    assert same.missing["beta"] == 30 - 9
    assert view.rolling["beta"].isna().all(axis=None)


def test_nothing_to_compare_and_nothing_at_all(services: Services, actor: Actor) -> None:
    put(services, actor, "IDX", walk(8))
    empty = services.portfolios.create(actor, {"name": "E", "base_currency": "USD"}).id
    view = services.benchmark.compare(actor, empty, Ask(benchmarks=("IDX",)))
    assert len(view.growth) == len(view.same_flows) == 0
    assert np.isnan(view.benchmarks[0].figures["beta"])
    assert {"no_overlap"} <= {finding.code for finding in view.findings}
    alone = services.benchmark.compare(actor, empty)
    assert (alone.benchmarks, [finding.code for finding in alone.findings if finding.code == "no_benchmark"]) == ((), ["no_benchmark"])


@pytest.mark.parametrize(("raw", "field", "rule"), [
    ({"components": [{"symbol": "IDX", "weight": 1}]}, "name", "required"),
    ({"name": "X"}, "components", "required"),
    ({"name": "X", "components": []}, "components", "not_a_list"),
    ({"name": "X", "components": [{"symbol": "IDX", "weight": 0.4}, {"symbol": "IDX", "weight": 0.5}]}, "components", "weights_sum"),
    ({"name": "X", "components": [{"symbol": "IDX", "weight": 60}]}, "weight", "too_large"),
    ({"name": "X", "components": [{"symbol": "IDX", "weight": 0}]}, "weight", "zero"),
    ({"name": "X", "components": [{"symbol": "IDX", "weight": "nan"}]}, "weight", "not_finite"),
    ({"name": "X", "components": [{"weight": 1}]}, "symbol", "required"),
    ({"name": "X", "components": [{"kind": "cash", "symbol": "IDX", "weight": 1}]}, "symbol", "contradiction"),
    ({"name": "X", "components": [{"kind": "gold", "symbol": "IDX", "weight": 1}]}, "kind", "unknown_value"),
    ({"name": "X", "components": [{"symbol": "IDX", "weight": 1, "plus": -1}]}, "plus", "too_large"),
    ({"name": "X", "components": [{"symbol": "IDX", "weight": 1, "share": 1}]}, "share", "unknown_field"),
    ({"name": "X", "rebalancing": "weekly", "components": [{"symbol": "IDX", "weight": 1}]}, "rebalancing", "unknown_value"),
])
def test_a_blend_that_cannot_be_is_refused(services: Services, actor: Actor, raw: dict[str, Any], field: str, rule: str) -> None:
    put(services, actor, "IDX", [1.0], days=DAYS[:1])
    with pytest.raises(InvalidInput) as caught:
        services.blends.create(actor, raw)
    assert (caught.value.context["field"], caught.value.context["rule"]) == (field, rule)
    assert services.blends.find(actor) == []


def test_names_are_one_of_a_kind_and_symbols_are_known(services: Services, actor: Actor) -> None:
    put(services, actor, "IDX", [1.0], days=DAYS[:1])
    first = blend(services, actor, {"symbol": "IDX", "weight": 1})
    with pytest.raises(Conflict, match="Mix already"):
        blend(services, actor, {"symbol": "IDX", "weight": 1}, name="MIX")
    with pytest.raises(UnknownInstrument, match="IDY"):
        blend(services, actor, {"symbol": "IDY", "weight": 1}, name="Other")
    with pytest.raises(Conflict, match="version"):
        services.blends.change(actor, UUID(first), 7, {"name": "New"})
    choices = services.blends.choices(actor)
    assert [(each.key, each.kind) for each in choices] == [(first, "blend"), ("IDX", "instrument")]
    assert choices[0].detail == "100 % IDX"


def test_changes_of_a_blend_are_written_down_and_taken_back(services: Services, actor: Actor) -> None:
    put(services, actor, "IDX", [1.0], days=DAYS[:1])
    put(services, actor, "BND", [1.0], days=DAYS[:1])
    key = UUID(blend(services, actor, {"symbol": "IDX", "weight": 0.6}, {"symbol": "BND", "weight": 0.4}))
    first = services.blends.get(actor, key)
    services.blends.change(actor, key, 1, {"name": "Bolder", "rebalancing": "yearly", "components": [{"symbol": "IDX", "weight": 1}]})

    def newest() -> UUID:
        return services.audit.find(actor, entity="benchmark").items[0].id

    services.audit.undo(actor, newest())
    back = services.blends.get(actor, key)
    assert (back.name, back.rebalancing, back.components) == (first.name, first.rebalancing, first.components)
    services.audit.undo(actor, newest())
    assert services.blends.get(actor, key).name == "Bolder"
    services.blends.remove(actor, key, services.blends.get(actor, key).version)
    assert services.blends.find(actor) == []
    services.audit.undo(actor, newest())
    assert services.blends.get(actor, key).name == "Bolder"


@pytest.mark.parametrize(("asked", "error", "match"), [
    ({"benchmarks": tuple("ABCDEFG")}, InvalidInput, "7 benchmarks, at most 6"),
    ({"benchmarks": ("NOPE",)}, NotFound, "NOPE"),
    ({"benchmarks": ("no such mix",)}, InvalidInput, "neither a symbol"),
    ({"frequency": "hourly"}, InvalidInput, "frequency"),
    ({"window": 1}, InvalidInput, "2 to 2520"),
    ({"horizon": 0}, InvalidInput, "1 to 120"),
    ({"risk_free": -1.0}, InvalidInput, "rate a year"),
    ({"zero": "both"}, InvalidInput, "zero"),
])
def test_bad_questions_are_refused(services: Services, actor: Actor, asked: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        services.benchmark.compare(actor, "all", Ask(**asked))


def test_an_attribution_against_a_blend_has_its_groups_and_its_return(services: Services, actor: Actor) -> None:
    own, tech, bank = walk(11), walk(12), walk(13)
    for symbol, closes, sector in (("OWN", own, "Technology"), ("TEC", tech, "Technology"), ("BNK", bank, "Finance")):
        put(services, actor, symbol, closes, sector=sector)
    mix = blend(services, actor, {"symbol": "TEC", "weight": 0.5}, {"symbol": "BNK", "weight": 0.4}, {"kind": "cash", "weight": 0.1, "plus": 0.04})
    key = portfolio(services, actor, *bought("OWN", 10, own[0]), *bought("BNK", 5, bank[0]), benchmark=mix)
    view = services.attributions.attribution(actor, key, AttributionQuestion(**WINDOW))
    performance = services.performance.performance(actor, key, PerformanceQuestion(**WINDOW))
    assert (view.benchmark or ("", "", ""))[2] == "blend"
    assert view.is_divided
    assert view.figures["benchmark_return"] == pytest.approx(performance.figures["benchmark_twr"], abs=1e-9)
    assert view.figures["portfolio_return"] == pytest.approx(performance.figures["twr"], abs=1e-9)
    assert view.figures["residual"] == pytest.approx(0.0, abs=1e-9)
    parts = [view.figures[name] for name in ("allocation", "selection", "interaction", "currency")]
    assert sum(parts) == pytest.approx(view.figures["active_return"], abs=1e-9)
    assert abs(view.figures["allocation"]) > 1e-4
    assert {"Technology", "Finance"} <= {*view.groups["key"]} | {*view.groups.index}


def test_what_a_blend_is_made_of_is_not_undone_from_under_it(services: Services, actor: Actor) -> None:
    services.instruments.put(actor, "IDX", {"name": "Index", "currency": "USD"})
    entry = services.audit.find(actor, entity="instrument").items[0].id
    blend(services, actor, {"symbol": "IDX", "weight": 1})
    with pytest.raises(Conflict, match="1 benchmarks"):
        services.audit.undo(actor, entry)
