"""Contributions and the currency split: they add up to the return, by hand and on any ledger."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import (
    Panel,
    book,
    contributions,
    currency_split,
    link_attribution,
    link_returns,
    local_returns,
    money_weighted_return,
    panel,
    panel_returns,
)
from engine.errors import InvalidInput, MisalignedSeries
from tests.engine.ledgers import CURRENCY, FX, LEDGERS, PRICES

Ledger = list[dict[str, Any]]
DAYS = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
PRICE = pd.DataFrame({"A": [10.0, 11.0, 12.0], "B": [10.0, 9.0, 9.9]}, index=DAYS)
RATES = pd.DataFrame({"EURUSD": [1.0, 0.8, 0.5]}, index=DAYS)
BEGIN, END = date(2023, 12, 31), date(2024, 1, 20)
RICH = {"date": date(2024, 1, 1), "kind": "DEPOSIT", "amount": 100_000.0, "currency": "EUR"}


@pytest.fixture(autouse=True)
def no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def laid(ledger: Ledger, prices: Any = PRICE, fx: Any = None, *, base: str = "EUR", **options: Any) -> Panel:
    window = {"start": options.pop("start", DAYS[0]), "end": options.pop("end", DAYS[-1])}
    return panel(book(ledger, base_currency=base, fx=fx, **options), prices, fx, **window)


def rich(ledger: Ledger) -> Panel:
    """Random ledger on a deposit that keeps the capital above zero."""
    return laid([RICH, *ledger], PRICES, FX, start=BEGIN, end=END, currencies=CURRENCY)


def bought(*trades: tuple[str, float, float], fee: float = 0.0) -> Ledger:
    return [{"date": DAYS[0], "kind": "BUY", "symbol": name, "quantity": quantity, "price": price, "fee": fee} for name, quantity, price in trades]


def test_contributions_by_hand() -> None:
    # day 1: 1 and -1 of 20; day 2: 1 and 0.9 of 20; linked by Carino: k = ln 1.095 / 0.095 of the second day and of the whole
    found = contributions(laid([{"date": DAYS[0], "kind": "DEPOSIT", "amount": 20}, *bought(("A", 1, 10), ("B", 1, 10))]))
    factor = math.log(1.095) / 0.095
    assert found["contribution"].tolist() == pytest.approx([0.05 / factor + 0.05, -0.05 / factor + 0.045, 0.0])
    assert found["pnl"].tolist() == pytest.approx([2.0, -0.1, 0.0])
    assert found["weight"].tolist() == pytest.approx([(0.5 + 0.55) / 2, (0.5 + 0.45) / 2, 0.0])
    assert found["return"].tolist() == pytest.approx([0.2, -0.01, 0.0])
    assert found.index.tolist() == ["A", "B", "cash:EUR"]


@given(LEDGERS, st.sampled_from(["start", "end", "mid"]), st.sampled_from(["net", "gross_of_fees", "gross"]), st.sampled_from(["carino", "grap"]))
@settings(max_examples=25, deadline=None)
def test_they_add_up_to_the_return_of_any_ledger(ledger: Ledger, timing: str, costs: str, method: str) -> None:
    whole = rich(ledger)
    total = link_returns(panel_returns(whole, flow_timing=timing, costs=costs))
    assert not math.isnan(total)
    options = {"flow_timing": timing, "costs": costs, "method": method}
    rows = contributions(whole, **options)
    assert rows["contribution"].sum() == pytest.approx(total, abs=1e-12)
    grouped = contributions(whole, groups=whole.currencies, **options)
    assert grouped["contribution"].sum() == pytest.approx(total, abs=1e-12)
    assert grouped["pnl"].sum() == pytest.approx(rows["pnl"].sum(), abs=1e-6)
    split = currency_split(whole, **options)
    assert split["base"].sum() == pytest.approx(total, abs=1e-12)
    assert (split["local"] + split["currency"] + split["cross"]).tolist() == pytest.approx(split["base"].tolist(), abs=1e-12)
    assert split["base"].to_dict() == pytest.approx(grouped["contribution"].reindex(split.index).to_dict(), abs=1e-12)


def test_a_selection_is_a_whole_of_its_own() -> None:
    whole = laid([{"date": DAYS[0], "kind": "DEPOSIT", "amount": 50}, *bought(("A", 1, 10), ("B", 1, 10))])
    group = whole.select(["A", "B"])
    assert contributions(group)["contribution"].sum() == pytest.approx(link_returns(panel_returns(group)), abs=1e-12)
    assert link_returns(panel_returns(group)) == pytest.approx(0.095)


def test_groups_are_named_for_every_row() -> None:
    whole = laid(bought(("A", 1, 10)))
    assert contributions(whole, groups={"A": "stock", "cash:EUR": "cash"}).index.tolist() == ["stock", "cash"]
    with pytest.raises(InvalidInput, match="in no group"):
        contributions(whole, groups={"A": "stock"})
    with pytest.raises(MisalignedSeries):
        contributions(whole, groups=["stock"])
    for wrong in ({"flow_timing": "noon"}, {"costs": "half"}, {"method": "log"}):
        with pytest.raises(InvalidInput):
            contributions(whole, **wrong)


def test_a_broken_chain_has_no_contributions_but_its_gains() -> None:
    found = contributions(laid(bought(("A", 1, 10))))  # all on credit: the capital is zero
    assert found["contribution"].isna().all()
    assert found["pnl"].tolist() == pytest.approx([2.0, 0.0])


def test_a_total_loss_is_shared_out() -> None:
    prices = pd.DataFrame({"A": [10.0, 6.0, 0.0], "B": [10.0, 8.0, 0.0]}, index=DAYS)
    whole = laid([{"date": DAYS[0], "kind": "DEPOSIT", "amount": 20}, *bought(("A", 1, 10), ("B", 1, 10))], prices)
    assert contributions(whole)["contribution"].tolist() == pytest.approx([-0.5, -0.5, 0.0])


def test_short_rows_have_gains_and_no_return_of_their_own() -> None:
    ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 100}, {"date": DAYS[0], "kind": "SELL", "symbol": "A", "quantity": 1, "price": 10}]
    found = contributions(laid(ledger))
    assert found["pnl"].tolist() == [-2.0, 0.0]
    assert found["contribution"].sum() == pytest.approx(-0.02, abs=1e-12)
    assert math.isnan(found.loc["A", "return"])


def test_one_day_and_no_row() -> None:
    alone = laid(bought(("A", 1, 10)), start=DAYS[2])
    assert contributions(alone)["contribution"].isna().all()
    assert contributions(alone.select([])).empty
    assert currency_split(alone.select([])).empty
    assert panel_returns(alone).empty


def test_currency_split_by_hand() -> None:
    # 10 USD at par; 11 USD at 1.25; 12 USD at 2: local 1 and 1.25, currency 2.5 and 8.25, cross 0.25 and 0.75
    ledger = [{"date": DAYS[0], "kind": "TRANSFER_IN", "symbol": "A", "quantity": 1, "price": 10, "currency": "USD"}]
    found = currency_split(laid(ledger, fx=RATES), by="row").loc["A"]
    assert found[["pnl_local", "pnl_currency", "pnl_cross"]].tolist() == pytest.approx([2.25, 10.75, 1.0])
    assert found["base"] == pytest.approx(1.4)
    assert local_returns(laid(ledger, fx=RATES)).tolist() == pytest.approx([0.1, 1.25 / 13.75])


def test_gains_on_foreign_cash_are_currency() -> None:
    ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 100, "currency": "USD"},
              {"date": DAYS[1], "kind": "INTEREST", "amount": 8, "currency": "USD"}]  # fmt: skip
    found = currency_split(laid(ledger, {}, RATES), by="row").loc["cash:USD"]
    # 100 at 1, 108 at 1.25, 108 at 2: local 8 x 1, currency 100 x 0.25 + 108 x 0.75, cross 8 x 0.25
    assert found[["pnl_local", "pnl_currency", "pnl_cross"]].tolist() == pytest.approx([8, 25 + 81, 2])


def test_a_conversion_off_the_market_is_a_currency_gain() -> None:
    ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 100},
              {"date": DAYS[1], "kind": "FX_CONVERSION", "amount": 40, "currency": "EUR", "to_amount": 36, "to_currency": "USD"}]  # fmt: skip
    found = currency_split(laid(ledger, {}, RATES))
    assert found["pnl_local"].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert found.loc["USD", "pnl_currency"] == pytest.approx(5 + 27)


def test_hedging_adds_the_forward_premium() -> None:
    ledger = [{"date": DAYS[0], "kind": "TRANSFER_IN", "symbol": "A", "quantity": 1, "price": 10, "currency": "USD"}]
    premium = pd.DataFrame({"USD": [0.0, -0.01, -0.02]}, index=DAYS)
    whole = laid(ledger, fx=RATES)
    assert local_returns(whole, forward_premium=premium).tolist() == pytest.approx([0.1 - 0.01, 1.25 / 13.75 - 0.02])
    plain, hedged = currency_split(whole), currency_split(whole, forward_premium=premium)
    assert plain["hedged"].equals(plain["local"])
    assert hedged.loc["USD", "hedged"] < hedged.loc["USD", "local"]
    with pytest.raises(InvalidInput):
        currency_split(whole, by="sector")


@given(LEDGERS)
@settings(max_examples=20, deadline=None)
def test_without_currencies_everything_is_local(ledger: Ledger) -> None:
    flat = pd.DataFrame({"EURUSD": [1.25]}, index=FX.index[:1])
    same = [entry for entry in ledger if entry["kind"] != "FX_CONVERSION"]
    split = currency_split(laid([RICH, *same], PRICES, flat, start=BEGIN, end=END, currencies=CURRENCY))
    assert split[["currency", "cross"]].abs().to_numpy().max() < 1e-9


METHODS = ["carino", "menchero", "frongello", "grap"]
PERIODS = st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-0.5, 0.5)), min_size=1, max_size=15)


@given(PERIODS, st.sampled_from(METHODS))
@settings(max_examples=100, deadline=None)
def test_linked_effects_add_up(periods: list[tuple[float, float, float]], method: str) -> None:
    own, other, share = (np.array(column) for column in zip(*periods, strict=True))
    effects = np.column_stack([share * (own - other), (1 - share) * (own - other)])
    total = np.prod(1 + own) - np.prod(1 + other)
    assert link_attribution(effects, own, other, method=method).sum() == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_linking_at_the_edges(method: str) -> None:
    same = link_attribution([[0.1, -0.1], [0.05, -0.05]], [0.1, 0.2], [0.1, 0.2], method=method)
    assert same.sum() == pytest.approx(0.0, abs=1e-12)
    gone = link_attribution([[-0.6, -0.4], [0.1, 0.1]], [-1.0, 0.2], method=method)
    assert gone.sum() == pytest.approx(-1.0)
    assert np.isnan(link_attribution([[np.nan, 0.1], [0.1, 0.1]], [0.2, 0.2], method=method)[0])
    assert np.isnan(link_attribution(np.zeros((0, 2)), [], method=method)).all()
    assert link_attribution([0.1, 0.2], [0.1, 0.2], method=method) == pytest.approx(0.32)
    with pytest.raises(InvalidInput):
        link_attribution([[0.1]], [0.1], method="log")
    with pytest.raises(MisalignedSeries):
        link_attribution([[0.1]], [0.1, 0.2], method=method)
    with pytest.raises(MisalignedSeries):
        link_attribution([[0.1]], [[0.1, 0.2]], method=method)


def figures(whole: Panel) -> dict[str, float]:
    totals = whole.totals()
    values, flows = totals["value"], totals["flow"]
    return {
        "twr": link_returns(panel_returns(whole)),
        "gross": link_returns(panel_returns(whole, costs="gross")),
        "mwr": float(money_weighted_return(values, flows)),
        "pnl": float(whole.gain.sum()),
        **contributions(whole)["contribution"].to_dict(),
    }


def halves(ledger: Ledger) -> Ledger:
    parts = ("quantity", "amount", "fee", "tax", "to_amount")
    twice = {"BUY", "SELL", "DEPOSIT", "WITHDRAWAL", "INTEREST", "FEE", "TAX"}
    return [
        {name: value / 2 if name in parts else value for name, value in entry.items()} if entry["kind"] in twice else entry
        for entry in ledger
        for _ in range(2 if entry["kind"] in twice else 1)
    ]


def cash_first(ledger: Ledger) -> Ledger:
    """Move the deposits of each day to its beginning, in the opposite order."""
    deposits = [entry for entry in reversed(ledger) if entry["kind"] == "DEPOSIT"]
    others = [entry for entry in ledger if entry["kind"] != "DEPOSIT"]
    return sorted([*deposits, *others], key=lambda entry: entry["date"])


@given(LEDGERS, st.sampled_from([halves, cash_first]))
@settings(max_examples=25, deadline=None)
def test_trades_in_two_and_deposits_in_any_order_change_nothing(ledger: Ledger, change: Callable[[Ledger], Ledger]) -> None:
    expected, found = figures(rich(ledger)), figures(rich(change(ledger)))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@given(LEDGERS)
@settings(max_examples=20, deadline=None)
def test_days_without_trade_change_nothing(ledger: Ledger) -> None:
    expected = figures(rich(ledger))
    stretched = {day: day + timedelta(days=(day - BEGIN).days) for day in (BEGIN + timedelta(days=after) for after in range(-2, 40))}
    later = [{**entry, "date": stretched[entry["date"]]} for entry in [RICH, *ledger]]
    prices, fx = (frame.set_axis(pd.DatetimeIndex([stretched[day.date()] for day in frame.index])) for frame in (PRICES, FX))
    idle = prices.reindex(pd.date_range(prices.index[0], prices.index[-1])).ffill()
    found = figures(laid(later, idle, fx, start=BEGIN, end=stretched[END], currencies=CURRENCY))
    assert {**found, "mwr": 0} == pytest.approx({**expected, "mwr": 0}, rel=1e-9, abs=1e-9, nan_ok=True)


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(1, 50), st.integers(0, 2)), min_size=1, max_size=8), st.sampled_from([2.0, 4.0, 0.5]))
@settings(max_examples=25, deadline=None)
def test_a_split_on_quantity_and_price_changes_nothing(trades: list[tuple[int, float, int]], ratio: float) -> None:
    names = ["A", "B"]
    ledger: Ledger = [{"date": DAYS[0], "kind": "DEPOSIT", "amount": 10_000}]
    for which, quantity, day in sorted(trades, key=lambda trade: trade[2]):
        ledger.append({"date": DAYS[day], "kind": "BUY", "symbol": names[which], "quantity": quantity, "price": 10.0})
    expected = figures(laid(ledger))
    scaled = [{**entry, "quantity": entry["quantity"] * ratio, "price": entry["price"] / ratio} if "symbol" in entry else entry for entry in ledger]
    assert figures(laid(scaled, PRICE / ratio)) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    later = pd.Timestamp("2024-01-05")
    held = sorted({entry["symbol"] for entry in ledger if "symbol" in entry})
    split = [*ledger, *({"date": later, "kind": "SPLIT", "symbol": name, "ratio": ratio} for name in held)]
    prices = pd.concat([PRICE, (PRICE.iloc[-1:] / ratio).set_axis([later])])
    found = figures(laid(split, prices, end=later))
    assert {**found, "mwr": 0} == pytest.approx({**expected, "mwr": 0}, rel=1e-9, abs=1e-9)


@given(LEDGERS)
@settings(max_examples=20, deadline=None)
def test_another_base_and_back_changes_nothing(ledger: Ledger) -> None:
    plain = [entry for entry in [RICH, *ledger] if entry["kind"] != "FX_CONVERSION"]  # these have a rate of their own
    in_euro, in_dollars = (laid(plain, PRICES, FX, base=base, start=BEGIN, end=END, currencies=CURRENCY) for base in ("EUR", "USD"))
    rate = FX["EURUSD"].reindex(pd.DatetimeIndex(in_euro.days), method="ffill").to_numpy()[:, None]
    same = [row for row in in_euro.rows if row in in_dollars.rows]
    assert {"cash:EUR", *(row for row in in_euro.rows if not row.startswith("cash:"))} <= set(same)
    there, here = in_dollars.select(same), in_euro.select(same)
    for name in ("value", "flow", "income", "fee", "tax", "external"):
        assert np.allclose(getattr(there, name) / rate, getattr(here, name), atol=1e-6), name


def test_costs_of_the_first_day_are_in_the_opening_value() -> None:
    whole = laid([{"date": DAYS[0], "kind": "DEPOSIT", "amount": 50}, *bought(("A", 1, 10), fee=3)])
    assert contributions(whole, costs="gross")["pnl"].tolist() == contributions(whole)["pnl"].tolist() == pytest.approx([2.0, 0.0])


def test_the_gain_of_a_day_is_made_by_what_was_sold_too() -> None:
    """1,000 rise by a tenth and nearly all is sold at the close: that is a tenth, not a gain of 100 on the 10 that stay."""
    days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    ledger = [{"date": days[0], "kind": "DEPOSIT", "amount": 2000}, {"date": days[0], "kind": "BUY", "symbol": "A", "quantity": 100, "price": 10},
              {"date": days[1], "kind": "SELL", "symbol": "A", "quantity": 90, "price": 11}]
    laid = panel(book(ledger, base_currency="EUR"), pd.DataFrame({"A": [10.0, 11.0]}, index=days), start=days[0], end=days[1])
    assert contributions(laid).loc["A", "return"] == pytest.approx(0.1)
    assert contributions(laid, own_timing="start").loc["A", "return"] == pytest.approx(10.0)
    assert contributions(laid)["contribution"].sum() == pytest.approx(100 / 2000)
    with pytest.raises(InvalidInput, match="never"):
        contributions(laid, own_timing="never")
