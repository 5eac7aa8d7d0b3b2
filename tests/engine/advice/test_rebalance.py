"""Trades towards targets: what holds for every list, and cases worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.advice.legs import Ways
from engine.advice.lot_choice import HeldLot, Realised, tax_due
from engine.advice.policy import Constraints, Costs, Taxes
from engine.advice.rebalance import Outcome, rebalance
from engine.advice.settling import Tracking
from engine.advice.standing import Standing, aims_of
from engine.advice.trades import BUY, SELL, TradeList
from engine.errors import InvalidInput
from engine.types import CostMethod
from tests.engine.advice.portfolios import DAY, conditions, standing_of, standings, tracking_of

FREE = Ways(Constraints(), Costs(spread=0.0), Taxes())


def targets_of(standing: Standing, seed: int, invested: float = 0.95) -> dict[str, float]:
    parts = np.random.default_rng(seed).dirichlet(np.ones(len(standing.symbols)))
    return {symbol: float(part) * invested for symbol, part in zip(standing.symbols, parts, strict=True)}


def held_after(standing: Standing, told: TradeList) -> dict[tuple[str, str | None], float]:
    held = {place: sum(lot.quantity for lot in lots) for place, lots in standing.lots.items()}
    for trade in told.trades:
        held[trade.symbol, trade.account] = held.get((trade.symbol, trade.account), 0.0) + trade.signed_quantity
    return held


def purses_after(standing: Standing, told: TradeList) -> dict[tuple[str | None, str], float]:
    """Move the cash as a bank would: from what the list says alone."""
    purses = dict(standing.cash)

    def move(account: str | None, currency: str, amount: float) -> None:
        place = (None if standing.is_pooled else account, currency)
        purses[place] = purses.get(place, 0.0) + amount

    move(told.money_account, standing.base_currency, told.new_money)
    for trade in told.trades:
        local = trade.quantity * trade.price_local * trade.multiplier
        move(trade.account, trade.currency, (local if trade.side == SELL else -local) - trade.fee / trade.fx_rate)
    for each in told.conversions:
        move(each.account, each.currency, -each.amount)
        move(each.account, each.to_currency, each.to_amount)
    return purses


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(standings(), conditions(), st.integers(0, 1_000), st.sampled_from(["targets", "breached", "edge"]), st.booleans())
def test_a_list_never_oversells_nor_breaks_a_constraint_nor_leaves_negative_cash(standing: Standing, ways: Ways, seed: int, bring: str,
                                                                                of_sectors: bool) -> None:  # noqa: FBT001
    targets = {"A": 0.5, "B": 0.2, "C": 0.25} if of_sectors else targets_of(standing, seed)
    if standing.value + ways.new_money <= 0:
        return
    aims = aims_of(standing, targets, dict.fromkeys(targets, 0.02), "sector" if of_sectors else "symbol")
    tracking = tracking_of(seed, aims.weight)
    found = rebalance(standing, aims, ways, bring=bring, tracking=tracking)
    limits, told, worth = ways.constraints, found.list, standing.value + ways.new_money
    near = 1e-6 * worth
    if found.conflicts:
        assert not told.trades
        return
    held, purses = held_after(standing, told), purses_after(standing, told)
    assert min(held.values(), default=0.0) >= -1e-9
    base = sum(amount * standing.rates[currency] for (_, currency), amount in purses.items())
    assert all(amount * standing.rates[place[1]] >= min(0.0, standing.cash.get(place, 0.0)) - near for place, amount in purses.items())
    values = {symbol: sum(count for (name, _), count in held.items() if name == symbol) * unit
              for symbol, unit in zip(standing.symbols, standing.unit.tolist(), strict=True)}
    after = sum(values.values()) + base
    for symbol, value in values.items():
        before = float(standing.values[standing.symbols.index(symbol)])
        assert value >= -near
        if limits.max_weight is not None and not (ways.buy_only and value <= before + near):
            assert value <= limits.max_weight * after + near
        if symbol in limits.excluded:
            assert value <= (before if ways.buy_only else 0.0) + near
    keeps_groups_and_tracking(standing, ways, tracking, np.array([values[symbol] / after for symbol in standing.symbols]))
    if ways.account is not None:
        assert {trade.account for trade in told.trades} <= {ways.account}
    assert limits.max_turnover is None or sum(trade.amount for trade in told.trades) / 2 <= limits.max_turnover * worth + near
    assert base >= limits.cash_buffer * after - near
    assert all(trade.amount >= limits.min_trade - near for trade in told.trades)
    assert not ways.buy_only or all(trade.side == BUY for trade in told.trades)
    bought = [trade.symbol for trade in told.trades if trade.side == BUY]
    assert not {*bought} & {trade.symbol for trade in told.trades if trade.side == SELL}
    if limits.required_tag:
        assert all("esg" in standing.tags[standing.symbols.index(symbol)] for symbol in bought)
    if limits.lot:
        assert all(is_whole(trade.quantity / limits.lot) or is_all(standing, trade) for trade in told.trades)
    assert limits.tax_budget is None or told.tax <= limits.tax_budget + near
    assert told.cost == pytest.approx(worth - after, abs=near)


def keeps_groups_and_tracking(standing: Standing, ways: Ways, tracking: Tracking, weights: np.ndarray) -> None:
    worth = standing.value + ways.new_money
    for bound in ways.constraints.groups:
        mine = [name.lower() == bound.key.lower() for name in standing.groups[bound.by]]
        was = float(standing.values[mine].sum()) / worth if ways.buy_only else 0.0
        assert bound.least - 1e-6 <= weights[mine].sum() <= max(bound.most, was) + 1e-6
    if ways.constraints.max_tracking_error is not None:
        assert tracking.error(weights) <= ways.constraints.max_tracking_error * (1 + 1e-5)


def is_whole(count: float) -> bool:
    return abs(count - round(count)) < 1e-9


def is_all(standing: Standing, trade: object) -> bool:
    lots = standing.lots[trade.symbol, trade.account]  # type: ignore[attr-defined]
    return trade.quantity == pytest.approx(sum(lot.quantity for lot in lots), rel=1e-12)  # type: ignore[attr-defined]


def two(*, cash: float = 0.0, method: str = "specific", lots: tuple[HeldLot, ...] = (), **more: object) -> Standing:
    held = lots or (HeldLot("a1", date(2020, 1, 2), 60.0, 600.0), HeldLot("a2", date(2026, 1, 2), 40.0, 4_400.0))
    return Standing(DAY, "USD", ("A", "B"), ("USD", "USD"), np.array([100.0, 50.0]), np.ones(2), np.ones(2), {("A", None): held},
                    {(None, "USD"): cash}, {"USD": 1.0}, CostMethod(method), **more)  # type: ignore[arg-type]


def lines(told: TradeList) -> list[tuple[str, str, float]]:
    return [(trade.side, trade.symbol, round(trade.quantity, 4)) for trade in told.trades]


def ask(standing: Standing, ways: Ways = FREE, targets: dict[str, float] | None = None, **more: object) -> Outcome:
    wanted = targets or {"A": 0.5, "B": 0.5}
    bands = more.pop("bands", {})
    return rebalance(standing, aims_of(standing, wanted, bands), ways, **more)  # type: ignore[arg-type]


def test_half_of_one_becomes_half_of_the_other() -> None:
    told = ask(two()).list
    assert lines(told) == [("SELL", "A", 50.0), ("BUY", "B", 100.0)]
    assert (told.cost, told.tax, told.turnover) == (0.0, 0.0, 0.5)


def test_the_lots_that_cost_the_least_tax_go_first() -> None:
    """40 at a cost of 110 lose 400 short-term; 10 more of those at 10 gain 900 long-term: 500 net, all long: 100 tax at 20 %."""
    rates = replace(FREE, taxes=Taxes(short_rate=0.4, long_rate=0.2))
    sold = ask(two(), rates).list
    assert [(part.lot_id, part.quantity) for part in sold.trades[0].lots] == [("a2", 40.0), ("a1", 10.0)]
    assert (sold.gain_short, sold.gain_long) == pytest.approx((-400.0, 900.0))
    assert sold.tax == pytest.approx(100.0)
    oldest = ask(two(method="fifo"), rates).list
    assert oldest.tax == pytest.approx(50 * 90 * 0.2)
    average = ask(two(method="average", lots=(HeldLot("a1", date(2020, 1, 2), 100.0, 5_000.0),)), rates).list
    assert average.tax == pytest.approx(50 * 50 * 0.2)


def test_a_loss_that_a_purchase_nearby_spoils_saves_nothing() -> None:
    rates = replace(FREE, taxes=Taxes(short_rate=0.4, long_rate=0.2))
    told = ask(two(washed=frozenset({"A"})), rates).list
    assert told.tax == pytest.approx(900 * 0.2)
    assert any("saves no tax" in note for note in told.notes)


def test_gains_of_the_year_are_in_the_tax() -> None:
    rates = replace(FREE, taxes=Taxes(short_rate=0.4, long_rate=0.2))
    told = ask(two(realised=Realised(1_000.0, 0.0)), rates, {"A": 0.6, "B": 0.4}).list
    assert told.tax == pytest.approx(-400 * 0.4)  # the loss of 400 saves 40 % of it


def test_new_money_buys_what_is_short_and_sells_nothing() -> None:
    told = ask(two(), replace(FREE, new_money=5_000.0, buy_only=True)).list
    assert lines(told) == [("BUY", "B", 100.0)]


def test_money_that_is_taken_out_is_raised() -> None:
    found = ask(two(), replace(FREE, new_money=-2_000.0), {"A": 1.0})
    assert lines(found.list) == [("SELL", "A", 20.0)]
    assert found.after.value == pytest.approx(8_000.0)


def test_bands_leave_alone_what_is_within() -> None:
    near = two(cash=200.0)
    assert not ask(near, targets={"A": 0.97, "B": 0.0}, bands={"A": 0.05, "B": 0.05}, bring="breached").list.trades
    edge = ask(near, targets={"A": 0.8, "B": 0.0}, bands={"A": 0.05, "B": 0.05}, bring="edge").list
    assert edge.trades[0].quantity == pytest.approx(100 - 0.85 * 10_200 / 100)


def test_a_target_of_a_sector_is_met_by_its_members_together() -> None:
    standing = standing_of(5, 9, 40)
    found = rebalance(standing, aims_of(standing, {"A": 0.5, "B": 0.3, "C": 0.2}, {}, "sector"), FREE)
    weights = {name: float(found.after.weights[np.array(standing.groups["sector"]) == name].sum()) for name in "ABC"}
    assert weights == pytest.approx({"A": 0.5, "B": 0.3, "C": 0.2}, abs=1e-6)


def test_cash_of_one_currency_pays_in_another() -> None:
    standing = replace(two(cash=5_000.0), currencies=("USD", "EUR"), rate=np.array([1.0, 1.25]), rates={"USD": 1.0, "EUR": 1.25})
    told = ask(standing, replace(FREE, conversion_rate=0.01), {"A": 0.6, "B": 0.4}).list
    assert [each.currency for each in told.conversions] == ["USD"]
    bought = next(trade for trade in told.trades if trade.symbol == "B")
    assert told.conversions[0].to_amount == pytest.approx(bought.quantity * 50, abs=1e-6)
    assert told.conversions[0].amount == pytest.approx(bought.quantity * 50 * 1.25 / 0.99, abs=1e-5)


def distance(weights: np.ndarray) -> float:
    """Weigh what is off the targets as the search does: 1, 1.5 and 2 for the first point, the next two, and the rest."""
    off = np.abs(weights - np.array([0.9, 0.1]))
    return float((np.minimum(off, 0.01) + 1.5 * np.clip(off - 0.01, 0, 0.02) + 2 * np.maximum(off - 0.03, 0)).sum())


def test_a_limit_of_the_tracking_error_is_kept() -> None:
    tracking = Tracking(np.array([[0.09, 0.0], [0.0, 0.04]]), np.array([0.045, 0.02]), 0.0325)  # of half and half
    limits = replace(FREE, constraints=Constraints(max_tracking_error=0.06, max_turnover=0.5), cost_aversion=0.0)
    assert tracking.error(np.array([0.5, 0.5])) == pytest.approx(0.0, abs=1e-9)
    found = ask(two(), limits, {"A": 0.9, "B": 0.1}, tracking=tracking)
    assert tracking.error(found.after.weights) == pytest.approx(0.06, abs=1e-4)
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 1, 201)), axis=-1).reshape(-1, 2)
    kept = [each for each in grid if each.sum() <= 1 and tracking.error(each) <= 0.06]
    assert distance(found.after.weights) <= min(distance(each) for each in kept) + 1e-3


def test_contradictions_are_named_with_the_least_that_mends_them() -> None:
    """A weighs all of it and may weigh 60 %: that takes a turnover of 40 %, or half of it where cash may stay."""
    limits = replace(FREE, constraints=Constraints(max_weight=0.6, max_turnover=0.1))
    found = ask(two(), limits)
    told = {each.name: each for each in found.conflicts}
    assert not found.list.trades
    assert set(told) == {"max_weight", "max_turnover"}
    assert told["max_turnover"].relaxed == pytest.approx(0.2, abs=1e-6)
    assert told["max_weight"].relaxed == pytest.approx(0.8, abs=1e-6)
    mended = replace(limits, constraints=Constraints(max_weight=0.6, max_turnover=0.2 + 1e-6))
    assert not ask(two(), mended).conflicts


@pytest.mark.parametrize(("targets", "reason"), [({"A": 0.7, "B": 0.4}, "not 1"), ({"A": -0.1}, "between 0 and 1"), ({"Z": 0.5}, "has no price"),
                                                 ({"A": 0.5, "cash": 0.2}, "not 1"), ({"A": float("nan")}, "between 0 and 1")])
def test_targets_that_cannot_be_are_refused(targets: dict[str, float], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        aims_of(two(), targets, {})


def test_nothing_to_trade_with_is_said() -> None:
    with pytest.raises(InvalidInput, match="nothing to put into targets"):
        ask(two(), replace(FREE, new_money=-10_000.0))


def test_the_same_question_has_the_same_answer() -> None:
    standing = standing_of(11, 9, 60, accounts=("A", "B"), pooled=False)
    aims = aims_of(standing, targets_of(standing, 4), {})
    ways = replace(FREE, constraints=Constraints(lot=1, min_trade=100), costs=Costs(2.0, 0.001), taxes=Taxes(0.4, 0.2))
    first, second = rebalance(standing, aims, ways), rebalance(standing, aims, ways)
    assert first.list == second.list
    assert len(first.list.trades) > 5


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0, 0.6), st.floats(0, 0.6))
def test_planes_are_never_below_the_tax(short: float, long: float, short_rate: float, long_rate: float) -> None:
    from engine.advice.lot_choice import tax_upper  # noqa: PLC0415 - beside its only use

    taxes = Taxes(short_rate, long_rate)
    assert max(0.0, *(tax_upper(taxes) @ [short, long])) >= tax_due(short, long, taxes) - 1e-6
