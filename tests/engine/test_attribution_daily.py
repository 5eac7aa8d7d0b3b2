"""Attribution from the daily panel: nothing is left over, whatever was traded, held, priced late or moved over the boundary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import book, brinson, currency_effect, panel, panel_returns
from engine.attribution.daily import EFFECTS, LINKINGS, Attribution, daily_attribution
from engine.attribution.sides import Side, blend_side, panel_side
from engine.errors import InvalidInput, MisalignedSeries
from engine.panel import Panel

pytestmark = pytest.mark.filterwarnings("error")
DAYS = pd.bdate_range("2024-01-01", periods=40)
CHANCE = np.random.default_rng(2)
PRICES = pd.DataFrame(100 * np.cumprod(1 + CHANCE.normal(0, 0.02, (40, 4)), axis=0), index=DAYS, columns=["A", "B", "C", "N"])
FX = pd.DataFrame({"EURUSD": 1.1 * np.cumprod(1 + CHANCE.normal(0, 0.006, 40))}, index=DAYS)
GROUPS = {"A": "Tech", "B": "Tech", "C": "Energy", "N": "Coins", "cash:EUR": "cash", "cash:USD": "cash", "I1": "Tech", "I2": "Energy"}
LEDGER = [
    {"date": DAYS[0], "kind": "DEPOSIT", "amount": 10_000}, {"date": DAYS[0], "kind": "BUY", "symbol": "A", "quantity": 30, "price": 100, "fee": 5},
    {"date": DAYS[3], "kind": "FX_CONVERSION", "amount": 4_000, "currency": "EUR", "to_amount": 4_400, "to_currency": "USD"},
    {"date": DAYS[4], "kind": "BUY", "symbol": "B", "quantity": 20, "price": 99, "currency": "USD"},
    {"date": DAYS[9], "kind": "SELL", "symbol": "A", "quantity": 30, "price": 101},
    {"date": DAYS[9], "kind": "BUY", "symbol": "C", "quantity": 25, "price": 98},
    {"date": DAYS[15], "kind": "WITHDRAWAL", "amount": 500}, {"date": DAYS[18], "kind": "DIVIDEND", "symbol": "C", "amount": 40},
    {"date": DAYS[22], "kind": "BUY", "symbol": "N", "quantity": 5, "price": 100}, {"date": DAYS[25], "kind": "DEPOSIT", "amount": 3_000},
    {"date": DAYS[30], "kind": "SELL", "symbol": "C", "quantity": 40, "price": 97}, {"date": DAYS[33], "kind": "TAX", "amount": 12},
]  # fmt: skip
CURRENCIES = {"B": "USD"}


def laid(ledger: list[dict[str, object]] | None = None, prices: pd.DataFrame = PRICES) -> Panel:
    booked = book(LEDGER if ledger is None else ledger, base_currency="EUR", fx=FX, currencies=CURRENCIES)
    return panel(booked, prices, FX, start=DAYS[0] - pd.Timedelta(days=1), end=DAYS[-1], transfers_at="market")


def index(days: np.ndarray, *, foreign: bool = True) -> Side:
    chance, on = np.random.default_rng(8), pd.DatetimeIndex(days)
    weights = chance.uniform(0.2, 0.8, len(on))
    frame = {"I1": weights, "I2": 1 - weights}
    moved = pd.DataFrame({"I1": chance.normal(0, 0.006, len(on)) if foreign else 0.0, "I2": 0.0}, index=on)
    return blend_side(pd.DataFrame(frame, index=on), pd.DataFrame(chance.normal(0.001, 0.015, (len(on), 2)), index=on, columns=["I1", "I2"]), moved)


def explained(found: Attribution) -> float:
    linked = found.linked().sum()
    mine, theirs = (float(np.prod(1 + side.returns)) for side in (found.mine, found.theirs))
    return float((1 + linked).prod() - mine / theirs) if found.linking == "geometric" else float(linked.sum() - (mine - theirs))


@pytest.mark.parametrize("linking", LINKINGS)
@pytest.mark.parametrize("currency_effect", [True, False])
@pytest.mark.parametrize("method", ["bf", "bhb"])
@pytest.mark.parametrize("outside", ["own", "benchmark", "zero"])
def test_nothing_is_left_over(linking: str, currency_effect: bool, method: str, outside: str) -> None:  # noqa: FBT001
    whole = laid()
    side = panel_side(whole)
    found = daily_attribution(side, index(side.days), GROUPS, method=method, outside=outside, currency_effect=currency_effect, linking=linking)
    assert explained(found) == pytest.approx(0.0, abs=1e-13)
    path = found.path()
    combined = (1 + path[list(EFFECTS)]).prod(axis=1) - 1 if linking == "geometric" else path[list(EFFECTS)].sum(axis=1)
    assert combined.to_numpy() == pytest.approx(path["active"].to_numpy(), abs=1e-12)
    by_row = found.linked()
    assert by_row.sum().to_numpy() == pytest.approx(path[list(EFFECTS)].iloc[-1].to_numpy(), abs=1e-12)
    last = found.group_path().iloc[-1]
    assert by_row.sum(axis=1).groupby([GROUPS[row] for row in by_row.index]).sum().to_dict() == pytest.approx(last.to_dict(), abs=1e-12)
    assert currency_effect or (found.effects["currency"] == 0).all()


@pytest.mark.parametrize("timing", ["start", "end", "mid", "in_out"])
@pytest.mark.parametrize("costs", ["net", "gross"])
def test_the_side_is_the_return_of_the_panel(timing: str, costs: str) -> None:
    whole = laid()
    side = panel_side(whole, flow_timing=timing, costs=costs)
    assert side.returns == pytest.approx(panel_returns(whole, flow_timing=timing, costs=costs).to_numpy(), abs=1e-14)
    assert side.weight.sum(axis=1) == pytest.approx(1.0)


def test_what_is_held_from_close_to_close_is_brinson_of_each_day() -> None:
    ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 5_000}, {"date": DAYS[0], "kind": "BUY", "symbol": "A", "quantity": 20, "price": 100},
              {"date": DAYS[0], "kind": "BUY", "symbol": "C", "quantity": 15, "price": 100}]
    side = panel_side(laid(ledger).between(DAYS[1], DAYS[-1]))
    theirs = index(side.days, foreign=False)
    found = daily_attribution(side, theirs, GROUPS)
    mine_weight, their_weight = found.by_group(found.mine.weight), found.by_group(found.theirs.weight)
    returns = found.by_group(found.mine.contribution) / np.where(mine_weight == 0, np.nan, mine_weight)
    other = found.by_group(found.theirs.contribution) / np.where(their_weight == 0, np.nan, their_weight)
    expected = brinson(mine_weight, returns, their_weight, other)
    for name in ("allocation", "selection", "interaction"):
        assert found.by_group(found.effects[name]) == pytest.approx(expected[name].to_numpy(), abs=1e-14)


def test_a_group_that_is_sold_whole_on_a_day_does_not_blow_up() -> None:
    """On the day of the sale capital at the start less the proceeds is next to nothing: effects stay of the size of the day's returns."""
    side = panel_side(laid())
    found = daily_attribution(side, index(side.days), GROUPS)
    assert all(np.abs(found.by_group(found.effects[name])).max() < 0.15 for name in EFFECTS)


def test_a_purchase_many_times_the_size_of_the_holding_is_selected_by_what_was_bought() -> None:
    """A share for 1 is held, 900 are added at 10 below the close: the gain is one of the money put in, not 990 times the holding."""
    prices = pd.DataFrame({"A": [1.0, 1.0, 1.0]}, index=DAYS[:3])
    ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 1_000}, {"date": DAYS[0], "kind": "BUY", "symbol": "A", "quantity": 1, "price": 1},
              {"date": DAYS[1], "kind": "BUY", "symbol": "A", "quantity": 900, "price": 0.9}]
    side = panel_side(laid(ledger, prices).between(DAYS[0], DAYS[1]))
    on = pd.DatetimeIndex(side.days)
    found = daily_attribution(side, blend_side(pd.DataFrame({"I1": 1.0}, index=on), pd.DataFrame({"I1": 0.0}, index=on)), GROUPS)
    assert found.effects["selection"][0, found.rows.index("A")] == pytest.approx(90 / 811)
    assert explained(found) == pytest.approx(0.0, abs=1e-15)


def test_currencies_of_rows_are_those_of_the_formula() -> None:
    on = DAYS[:1]
    weights, theirs, moved = {"A": 0.2, "B": 0.5, "C": 0.3}, {"A": 0.6, "B": 0.4, "C": 0.0}, {"A": 0.0, "B": 0.10, "C": -0.05}
    rows = [pd.DataFrame(each, index=on) for each in (weights, theirs, moved)]
    found = daily_attribution(blend_side(rows[0], rows[2], rows[2]), blend_side(rows[1], rows[2], rows[2]), GROUPS)
    assert found.effects["currency"][0].tolist() == pytest.approx(currency_effect(weights, theirs, moved).tolist())


def test_what_the_benchmark_holds_alike_selects_nothing() -> None:
    on = pd.DatetimeIndex(DAYS[:3])
    weights = pd.DataFrame({"A": [0.3] * 3, "B": [0.3] * 3, "C": [0.4] * 3}, index=on)
    returns = pd.DataFrame(CHANCE.normal(0, 0.02, (3, 3)), index=on, columns=list("ABC"))
    mine = weights.assign(A=0.35, B=0.35, C=0.30)
    found = daily_attribution(blend_side(mine, returns), blend_side(weights, returns), GROUPS)
    assert np.abs(found.effects["selection"]).max() < 1e-15
    assert np.abs(found.effects["interaction"]).max() < 1e-15
    assert explained(found) == pytest.approx(0.0, abs=1e-15)


def test_a_currency_alone_is_the_currency_effect() -> None:
    """Local prices stand still: whatever is active comes from the exchange rate."""
    still = pd.DataFrame(100.0, index=DAYS, columns=["A", "B"])
    ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 10_000}, {"date": DAYS[0], "kind": "BUY", "symbol": "B", "quantity": 50, "price": 100,
                                                                     "currency": "USD"}]
    side = panel_side(laid(ledger, still).between(DAYS[1], DAYS[-1]))
    on = pd.DatetimeIndex(side.days)
    theirs = blend_side(pd.DataFrame({"I2": 1.0}, index=on), pd.DataFrame({"I2": 0.0}, index=on))
    found = daily_attribution(side, theirs, GROUPS).linked().sum()
    assert found["currency"] == pytest.approx(np.prod(1 + side.returns) - 1)
    assert found[["allocation", "selection", "interaction", "cross"]].abs().max() < 1e-12


def test_windows_are_cut_from_one_attribution() -> None:
    side = panel_side(laid())
    whole = daily_attribution(side, index(side.days), GROUPS)
    assert explained(whole.between(5, 21)) == pytest.approx(0.0, abs=1e-14)
    assert whole.between(0, len(side.days)).linked().equals(whole.linked())


def test_a_price_that_comes_late_is_explained_too() -> None:
    prices = PRICES.copy()
    prices.loc[DAYS[22]:DAYS[27], "N"] = np.nan
    prices.loc[: DAYS[22], "N"] = np.nan
    whole = laid(prices=prices)
    side = panel_side(whole)
    assert side.returns == pytest.approx(panel_returns(whole).to_numpy(), abs=1e-14)
    assert side.weight.sum(axis=1) == pytest.approx(1.0)
    assert explained(daily_attribution(side, index(side.days), GROUPS)) == pytest.approx(0.0, abs=1e-13)


def test_days_without_anything_are_days_of_cash() -> None:
    ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 1_000}, {"date": DAYS[5], "kind": "WITHDRAWAL", "amount": 1_000},
              {"date": DAYS[20], "kind": "DEPOSIT", "amount": 700}]
    side = panel_side(laid(ledger))
    assert side.weight.sum(axis=1) == pytest.approx(1.0)
    found = daily_attribution(side, index(side.days), GROUPS)
    assert explained(found) == pytest.approx(0.0, abs=1e-14)
    assert found.linked().loc["cash:EUR", "allocation"] != 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 38), st.sampled_from(["BUY", "SELL"]), st.sampled_from("ABC"), st.integers(1, 60)), max_size=12),
       st.sampled_from(LINKINGS))
def test_any_trades_are_explained_whole(trades: list[tuple[int, str, str, int]], linking: str) -> None:
    """Shorts and credit too, as long as there is capital."""
    ledger: list[dict[str, object]] = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 30_000}]
    ledger += [{"date": DAYS[day], "kind": kind, "symbol": symbol, "quantity": count, "price": 100, "currency": CURRENCIES.get(symbol, "EUR")}
               for day, kind, symbol, count in sorted(trades)]
    side = panel_side(laid(ledger))
    assert side.weight.sum(axis=1) == pytest.approx(1.0)
    found = daily_attribution(side, index(side.days), GROUPS, linking=linking)
    assert explained(found) == pytest.approx(0.0, abs=1e-11)


def test_a_broken_chain_is_nan_and_says_nothing_wrong() -> None:
    ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 100}, {"date": DAYS[0], "kind": "SELL", "symbol": "A", "quantity": 40, "price": 100}]
    prices = PRICES.assign(A=np.linspace(100, 150, 40))
    side = panel_side(laid(ledger, prices))
    assert np.isnan(side.returns).any()
    assert daily_attribution(side, index(side.days), GROUPS).linked().isna().all(axis=None)


def test_what_cannot_be_asked_is_named() -> None:
    side = panel_side(laid())
    with pytest.raises(InvalidInput, match="I2 is in no group"):
        daily_attribution(side, index(side.days), {name: group for name, group in GROUPS.items() if name != "I2"})
    with pytest.raises(MisalignedSeries, match="days against"):
        daily_attribution(side, index(side.days[1:]), GROUPS)
    with pytest.raises(InvalidInput, match="linking"):
        daily_attribution(side, index(side.days), GROUPS, linking="sum")
