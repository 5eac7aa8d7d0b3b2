"""The engine against exact decimals, and the identities that hold whatever the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import book, daily_values, pnl_bridge, revalue, terms, valuation
from engine.valuation import marks_at
from tests.engine.ledgers import CURRENCY, DAYS, FX, LEDGERS, PRICES, START, rate
from tests.engine.model import ORDER, World

METHODS = st.sampled_from(sorted(ORDER))
LAST = START + timedelta(days=DAYS)
DAY = st.integers(0, DAYS - 1).map(lambda after: START + timedelta(days=after))


def near(value: float) -> Any:
    return pytest.approx(float(value), rel=1e-9, abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(ledger=LEDGERS, method=METHODS, in_cost=st.booleans(), base=st.sampled_from(["EUR", "USD"]))
def test_positions_and_cash_are_those_of_exact_decimals(ledger: list[dict[str, Any]], method: str, in_cost: bool, base: str) -> None:  # noqa: FBT001
    world = World(base, method, lambda currency, day: rate(currency, day, base), fees_in_cost=in_cost).run(ledger)
    booked = book(ledger, base_currency=base, fx=FX, cost_method=method, fees_in_cost=in_cost, currencies=CURRENCY)
    for symbol, row in booked.positions.iterrows():
        assert row["quantity"] == near(world.quantity(symbol)), symbol
        assert row["cost_base"] == near(world.cost(symbol)), symbol
        assert row["cost_local"] == near(world.cost(symbol, 1)), symbol
    for currency, row in booked.cash.iterrows():
        assert row["balance"] == near(world.cash[currency])
    positions, cash = booked.positions, booked.cash
    assert positions["realised"].sum() == near(world.sums["realised"])
    assert positions["realised_local"].sum() == near(world.sums["realised_local"])
    assert positions["income"].sum() + cash["income"].sum() == near(world.sums["income"])
    assert positions[["fees", "taxes"]].sum().sum() + cash[["fees", "taxes"]].sum().sum() == near(world.sums["costs"])
    assert booked.flows["amount_base"].sum() == near(world.sums["flows"])


@settings(max_examples=60, deadline=None)
@given(ledger=LEDGERS, method=METHODS, in_cost=st.booleans(), pooled=st.booleans())
def test_value_is_contributions_and_every_gain(ledger: list[dict[str, Any]], method: str, in_cost: bool, pooled: bool) -> None:  # noqa: FBT001
    options: Any = {"cost_method": method, "fees_in_cost": in_cost, "lots_by": "pooled" if pooled else "account", "currencies": CURRENCY}
    now = valuation(ledger, PRICES, FX, as_of=LAST, base_currency="EUR", **options)
    of = now.totals
    assert of["value"] == near(of["net_contributions"] + of["unrealised"] + of["realised"] + of["income"] - of["fees"] - of["taxes"] + of["fx_gain"])
    assert of["value"] == near(now.holdings["market_value"].sum() + now.cash["value"].sum())
    assert of["total_pnl"] == near(of["value"] - of["net_contributions"])
    assert of["missing_value_count"] == 0


@settings(max_examples=60, deadline=None)
@given(ledger=LEDGERS, days=st.lists(DAY, min_size=2, max_size=2).map(sorted))
def test_bridge_has_no_residual(ledger: list[dict[str, Any]], days: list[Any]) -> None:
    bridge = pnl_bridge(ledger, PRICES, FX, start=days[0], end=days[1], base_currency="EUR", currencies=CURRENCY)
    assert abs(bridge["residual"]) < 1e-6
    for name, day in (("opening_value", days[0]), ("closing_value", days[1])):
        assert bridge[name] == near(valuation(ledger, PRICES, FX, as_of=day, base_currency="EUR", currencies=CURRENCY).totals["value"])


@settings(max_examples=60, deadline=None)
@given(ledger=LEDGERS, day=DAY)
def test_day_pnl_is_the_change_of_value_without_flows(ledger: list[dict[str, Any]], day: Any) -> None:
    booked = book(ledger, base_currency="EUR", fx=FX, as_of=day, currencies=CURRENCY)
    marks = marks_at(booked, PRICES, FX, as_of=day)
    rows = revalue(terms(booked, marks, today=day), marks.price, marks.rate)
    values = daily_values(ledger, PRICES, FX, start=day - timedelta(days=1), end=day, base_currency="EUR", currencies=CURRENCY)
    assert rows.day_pnl.sum() == near(values["value"].iloc[-1] - values["value"].iloc[0] - values["flow"].iloc[-1])
    assert rows.market_value.sum() == near(values["value"].iloc[-1])


@settings(max_examples=40, deadline=None)
@given(ledger=LEDGERS)
def test_daily_values_are_valuations_of_each_day(ledger: list[dict[str, Any]]) -> None:
    series = daily_values(ledger, PRICES, FX, start=START, end=LAST, base_currency="EUR", currencies=CURRENCY)
    for day in series.index[::6]:
        now = valuation(ledger, PRICES, FX, as_of=day.date(), base_currency="EUR", currencies=CURRENCY)
        row = series.loc[day]
        assert [row["value"], row["market_value"], row["cash"], row["net_contributions"]] == [
            near(now.totals[name]) for name in ("value", "market_value", "cash", "net_contributions")
        ]
    assert series["flow"].sum() == near(series["net_contributions"].iloc[-1])


@settings(max_examples=40, deadline=None)
@given(ledger=LEDGERS, method=METHODS)
def test_frames_of_a_book_agree_with_each_other(ledger: list[dict[str, Any]], method: str) -> None:
    booked = book(ledger, base_currency="EUR", fx=FX, cost_method=method, currencies=CURRENCY)
    effects, positions = booked.effects, booked.positions
    lots = booked.lots.groupby("symbol")[["quantity", "cost_base"]].sum().reindex(positions.index, fill_value=0.0)
    gains = booked.gains.groupby("symbol")["gain"].sum().reindex(positions.index, fill_value=0.0)
    np.testing.assert_allclose(lots.to_numpy(dtype=float), positions[["quantity", "cost_base"]].to_numpy(dtype=float), atol=1e-9)
    np.testing.assert_allclose(gains.to_numpy(dtype=float), positions["realised"].to_numpy(), atol=1e-9)
    moved = effects.groupby("symbol")["quantity_delta"].sum().reindex(positions.index, fill_value=0.0)
    np.testing.assert_allclose(moved.to_numpy(dtype=float), positions["quantity"].to_numpy(), atol=1e-9)
    np.testing.assert_allclose(effects.groupby("transaction_id")["transfer_base"].sum().to_numpy(), 0.0, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(ledger=LEDGERS, method=METHODS, share=st.sampled_from([0.25, 0.5]))
def test_a_trade_in_two_parts_changes_nothing(ledger: list[dict[str, Any]], method: str, share: float) -> None:
    parted = []
    for entry in ledger:
        parts = [entry]
        if entry["kind"] in {"BUY", "SELL"}:
            parts = [{**entry, **{name: entry[name] * part for name in ("quantity", "fee", "tax")}} for part in (share, 1 - share)]
        parted += parts
    same_figures(ledger, parted, cost_method=method)


@settings(max_examples=40, deadline=None)
@given(ledger=LEDGERS, method=METHODS)
def test_a_split_before_everything_changes_no_money(ledger: list[dict[str, Any]], method: str) -> None:
    doubled = [_doubled(entry) for entry in ledger]
    one = book(ledger, base_currency="EUR", fx=FX, cost_method=method, currencies=CURRENCY).positions
    two = book(doubled, base_currency="EUR", fx=FX, cost_method=method, currencies=CURRENCY).positions
    np.testing.assert_allclose(two["quantity"].to_numpy(), 2 * one["quantity"].to_numpy(), atol=1e-9)
    money = ["cost_base", "cost_local", "realised", "income", "fees"]
    np.testing.assert_allclose(two[money].to_numpy(dtype=float), one[money].to_numpy(dtype=float), atol=1e-6)


def _doubled(entry: dict[str, Any]) -> dict[str, Any]:
    counted = {name: entry[name] * factor for name, factor in (("quantity", 2), ("price", 0.5)) if name in entry}
    return {**entry, **counted}


@settings(max_examples=40, deadline=None)
@given(ledger=LEDGERS, method=METHODS)
def test_rebasing_at_a_constant_rate_scales_every_figure(ledger: list[dict[str, Any]], method: str) -> None:
    euros = valuation(ledger, PRICES, {"EURUSD": 1.25}, as_of=LAST, base_currency="EUR", cost_method=method, currencies=CURRENCY).totals
    dollars = valuation(ledger, PRICES, {"EURUSD": 1.25}, as_of=LAST, base_currency="USD", cost_method=method, currencies=CURRENCY).totals
    for name in ("value", "cost_basis", "unrealised", "realised", "income", "fees", "taxes", "day_pnl", "net_contributions"):
        assert dollars[name] == near(1.25 * euros[name]), name


@settings(max_examples=60, deadline=None)
@given(ledger=LEDGERS)
def test_order_of_deposits_within_a_day_does_not_matter(ledger: list[dict[str, Any]]) -> None:
    moved = sorted(ledger, key=lambda entry: (entry["date"], entry["kind"] != "DEPOSIT"))
    same_figures(ledger, moved)


def same_figures(one: list[dict[str, Any]], other: list[dict[str, Any]], **options: Any) -> None:
    left, right = (valuation(ledger, PRICES, FX, as_of=LAST, base_currency="EUR", currencies=CURRENCY, **options) for ledger in (one, other))
    assert right.totals == {name: pytest.approx(value, rel=1e-9, abs=1e-6, nan_ok=True) for name, value in left.totals.items()}
    columns = ["quantity", "cost_basis", "realised", "income", "fees"]
    pd.testing.assert_frame_equal(left.holdings.set_index("symbol")[columns], right.holdings.set_index("symbol")[columns], atol=1e-6)
