"""The panel against the ledger it lays out: golden ledgers, random ledgers, and cases worked by hand."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from engine import add, book, daily_values, panel, pnl_bridge
from engine.errors import CurrencyMismatch, InvalidInput, MisalignedSeries
from engine.panel import Panel
from tests.engine.ledgers import CURRENCY, FX, LEDGERS, PRICES

FILES = sorted((Path(__file__).parents[1] / "golden" / "ledgers").glob("*.json"))
DAYS = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
Window = dict[str, Any]


def frame(columns: dict[str, dict[str, str]]) -> pd.DataFrame:
    cells = pd.DataFrame({name: pd.Series({pd.Timestamp(day): float(number) for day, number in rows.items()}) for name, rows in columns.items()})
    return cells.sort_index() if len(cells) else pd.DataFrame(index=pd.DatetimeIndex([]))


def laid(ledger: list[dict[str, Any]], prices: Any, fx: Any = None, *, base: str = "EUR", start: Any, end: Any, **book_options: Any) -> Panel:
    booked = book(ledger, base_currency=base, fx=fx, as_of=end, **book_options)
    return panel(booked, prices, fx, start=start, end=end)


def agrees(found: Panel, ledger: list[dict[str, Any]], prices: Any, fx: Any, window: Window) -> None:
    daily = daily_values(ledger, prices, fx, **window)
    assert found.days.tolist() == daily.index.to_numpy().tolist()
    assert np.nansum(found.value, axis=1) == pytest.approx(daily["value"].to_numpy(), abs=1e-6)
    assert found.flow.sum(axis=1) == pytest.approx(daily["flow"].to_numpy(), abs=1e-6)
    assert found.external.sum(axis=1) == pytest.approx(daily["flow"].to_numpy(), abs=1e-6)
    assert found.missing.sum(axis=1).tolist() == daily["missing"].tolist()


def closes(found: Panel, ledger: list[dict[str, Any]], prices: Any, fx: Any, window: Window) -> None:
    bridge = pnl_bridge(ledger, prices, fx, **window)
    assert abs(bridge["residual"]) < 1e-6
    change = bridge["closing_value"] - bridge["opening_value"]
    assert found.gain.sum() == pytest.approx(change - bridge["flows"], abs=1e-6)
    assert found.income[1:].sum() == pytest.approx(bridge["income"], abs=1e-6)
    assert found.fee[1:].sum() == pytest.approx(bridge["fees"], abs=1e-6)
    assert found.tax[1:].sum() == pytest.approx(bridge["taxes"], abs=1e-6)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_agrees_with_values_and_bridge_of_every_golden_ledger(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    prices, fx = frame(case["bars"]), frame(case["fx"])
    currencies = {symbol: each["currency"] for symbol, each in case["instruments"].items()}
    multipliers = {symbol: float(each["multiplier"]) for symbol, each in case["instruments"].items() if "multiplier" in each}
    options = {"currencies": currencies, "multipliers": multipliers}
    window = {**case["bridge"], "base_currency": case["base_currency"], **options}
    found = laid(case["transactions"], prices, fx, base=case["base_currency"], **case["bridge"], **options)
    agrees(found, case["transactions"], prices, fx, window)
    closes(found, case["transactions"], prices, fx, window)
    assert found.value[-1].sum() == pytest.approx(case["expect"]["totals"]["value"], abs=1e-6)


@given(LEDGERS)
@settings(max_examples=60, deadline=None)
def test_it_agrees_on_any_ledger(ledger: list[dict[str, Any]]) -> None:
    window = {"start": date(2024, 1, 3), "end": date(2024, 1, 19)}
    found = laid(ledger, PRICES, FX, **window, currencies=CURRENCY)
    view = {**window, "base_currency": "EUR", "currencies": CURRENCY}
    agrees(found, ledger, PRICES, FX, view)
    closes(found, ledger, PRICES, FX, view)


@given(LEDGERS)
@settings(max_examples=30, deadline=None)
def test_local_flows_are_worth_the_flows_at_rates_that_were(ledger: list[dict[str, Any]]) -> None:
    flat = pd.DataFrame({"EURUSD": [1.25]}, index=FX.index[:1])
    found = laid(ledger, PRICES, flat, start=date(2023, 12, 31), end=date(2024, 1, 20), currencies=CURRENCY)
    rate = np.array([1.0 if code == "EUR" else 0.8 for code in found.currencies])
    assert np.allclose(found.value_local * rate, found.value, atol=1e-8)
    own = [not str(name).startswith("cash:") for name in found.rows]
    if not any(entry["kind"] == "FX_CONVERSION" for entry in ledger):
        assert np.allclose((found.flow_local * rate)[:, own], found.flow[:, own], atol=1e-8)


def test_movements_of_a_trade_a_dividend_and_a_sale() -> None:
    ledger = [
        {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 1000},
        {"date": "2024-01-03", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10, "fee": 1},
        {"date": "2024-01-04", "kind": "DIVIDEND", "symbol": "A", "amount": 5, "tax": 2},
        {"date": "2024-01-04", "kind": "SELL", "symbol": "A", "quantity": 4, "price": 13, "fee": 1},
    ]
    found = laid(ledger, pd.DataFrame({"A": [9.0, 11.0, 12.0]}, index=DAYS), start="2024-01-02", end="2024-01-04")
    # A takes 101 in, gives 3 of dividend and 51 of proceeds out; gains 110 - 101 = 9, then 72 - 110 + 54 = 16. Cash gains nothing.
    assert found.rows == ("A", "cash:EUR")
    assert found.flow.tolist() == [[0, 1000], [101, -101], [-54, 54]]
    assert found.gain.tolist() == [[0, 0], [9, 0], [16, 0]]
    assert found.external.tolist() == [[0, 1000], [0, 0], [0, 0]]
    assert (found.fee[:, 0].tolist(), found.tax[:, 0].tolist(), found.income[:, 0].tolist()) == ([0, 1, 1], [0, 0, 2], [0, 0, 5])


def test_interest_and_fees_of_the_account_are_gains_of_its_cash() -> None:
    ledger = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100}, {"date": "2024-01-03", "kind": "INTEREST", "amount": 3, "tax": 1},
              {"date": "2024-01-04", "kind": "FEE", "amount": 5}]  # fmt: skip
    found = laid(ledger, {}, start="2024-01-02", end="2024-01-04")
    assert found.gain[:, 0].tolist() == [0, 2, -5]


def test_a_spin_off_moves_value_at_the_close_not_at_cost() -> None:
    prices = pd.DataFrame({"A": [10.0, 8.0, 8.0], "B": [np.nan, 3.0, 4.0]}, index=DAYS)
    ledger = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10},
              {"date": "2024-01-03", "kind": "SPIN_OFF", "symbol": "A", "to_symbol": "B", "quantity": 5, "ratio": 0.5}]  # fmt: skip
    found = laid(ledger, prices, start="2024-01-02", end="2024-01-04").select(["A", "B"])
    assert found.flow[1].tolist() == [-15, 15]
    assert found.gain.tolist() == [[0, 0], [-5, 0], [0, 5]]


def test_a_merger_for_shares_and_cash_is_a_gain_of_the_old_row() -> None:
    prices = pd.DataFrame({"A": [10.0, np.nan, np.nan], "B": [np.nan, 23.0, 24.0]}, index=DAYS)
    ledger = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 9},
              {"date": "2024-01-03", "kind": "MERGER", "symbol": "A", "to_symbol": "B", "ratio": 0.5, "amount": 4}]  # fmt: skip
    found = laid(ledger, prices, start="2024-01-02", end="2024-01-04").select(["A", "B"])
    assert found.gain.tolist() == [[0, 0], [19, 0], [0, 5]]


def test_a_conversion_moves_its_value_from_cash_to_cash() -> None:
    fx = pd.DataFrame({"EURUSD": [1.0, 0.8, 0.5]}, index=DAYS)
    ledger = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100},
              {"date": "2024-01-03", "kind": "FX_CONVERSION", "amount": 40, "currency": "EUR", "to_amount": 36, "to_currency": "USD"}]  # fmt: skip
    found = laid(ledger, {}, fx, start="2024-01-02", end="2024-01-04")
    # 36 USD were 45 EUR at the close and cost 40, and 72 a day later
    assert found.flow[1].tolist() == [-40, 40]
    assert found.flow_local[1].tolist() == [-40, 36]
    assert found.gain.tolist() == [[0, 0], [0, 5], [0, 27]]


def test_transfers_count_as_booked_or_at_market() -> None:
    ledger = [{"date": "2024-01-03", "kind": "TRANSFER_IN", "symbol": "A", "quantity": 3, "price": 4}]
    booked = book(ledger, base_currency="EUR")
    prices = pd.DataFrame({"A": [10.0, 11.0, 12.0]}, index=DAYS)
    gains = [panel(booked, prices, start="2024-01-02", end="2024-01-04", transfers_at=at).gain[:, 0].tolist() for at in ("booked", "market")]
    assert gains == [[0, 21, 3], [0, 0, 3]]
    with pytest.raises(InvalidInput):
        panel(booked, prices, start="2024-01-02", end="2024-01-04", transfers_at="cost")


def test_a_row_without_price_waits_outside_with_what_was_paid() -> None:
    prices = pd.DataFrame({"A": [np.nan, np.nan, 12.0]}, index=DAYS)
    ledger = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100},
              {"date": "2024-01-03", "kind": "BUY", "symbol": "A", "quantity": 1, "price": 10}]  # fmt: skip
    found = laid(ledger, prices, start="2024-01-02", end="2024-01-04")
    totals = found.totals()
    assert totals["value"].tolist() == [100, 90, 102]
    assert totals["flow"].tolist() == [100, -10, 10]
    assert totals["external"].tolist() == [100, 0, 0]
    assert totals["missing"].tolist() == [0, 1, 0]
    assert found.gain.sum(axis=1).tolist() == [0, 0, 2]
    opened = laid(ledger, prices, start="2024-01-03", end="2024-01-04")
    assert opened.gain.sum(axis=1).tolist() == [0, 0]


def test_a_group_is_a_selection_of_rows() -> None:
    ledger = [{"date": "2024-01-02", "kind": "BUY", "symbol": name, "quantity": 1, "price": 10} for name in "AB"]
    prices = pd.DataFrame({"A": [10.0, 11.0, 12.0], "B": [10.0, 9.0, 8.0]}, index=DAYS)
    whole = laid(ledger, prices, start="2024-01-01", end="2024-01-04")
    for mask in ([True, False, False], ["A"], [0], np.array([0])):
        assert whole.select(mask).rows == ("A",)
    assert whole.select(["A"]).flow[:, 0].tolist() == [0, 10, 0, 0]
    assert whole.select([]).value.shape == (4, 0)
    assert whole.between("2024-01-02", "2024-01-03").value[:, 0].tolist() == [10, 11]
    with pytest.raises(InvalidInput, match="no row C"):
        whole.select(["C"])
    with pytest.raises(MisalignedSeries):
        whole.select([True])


def test_panels_add_up_over_the_union_of_their_days() -> None:
    bought = [{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 1, "price": 10}]
    first = laid(bought, pd.DataFrame({"A": [10.0, 12.0]}, index=DAYS[[0, 2]]), start="2024-01-01", end="2024-01-04")
    second = laid([{"date": "2024-01-03", "kind": "DEPOSIT", "amount": 7}], {}, start="2024-01-01", end="2024-01-04")
    both = add([first, second])
    assert both.rows == ("A", "cash:EUR")
    assert both.days.astype("datetime64[D]").tolist() == [date(2024, 1, day) for day in (1, 2, 3, 4)]
    assert both.value.tolist() == [[0, 0], [10, -10], [10, -3], [12, -3]]
    assert both.flow.tolist() == [[0, 0], [10, -10], [0, 7], [0, 0]]
    assert both.gain.sum() == first.gain.sum() + second.gain.sum()


def test_a_panel_that_opens_later_comes_in_as_a_flow() -> None:
    deposit = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 7}]
    early, late = (laid(deposit, {}, start=start, end="2024-01-04") for start in ("2024-01-01", "2024-01-03"))
    both = add([early, late])
    assert both.totals()["flow"].tolist() == [0, 7, 7, 0]
    assert both.gain.sum() == 0


def test_currencies_are_not_mixed() -> None:
    deposit = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 7}]
    with pytest.raises(CurrencyMismatch):
        add([laid(deposit, {}, base=base, start="2024-01-01", end="2024-01-04") for base in ("EUR", "USD")])
    with pytest.raises(InvalidInput):
        add([])


def test_an_old_rate_is_used_and_told() -> None:
    fx = pd.DataFrame({"EURUSD": [1.0, 1.1]}, index=pd.to_datetime(["2024-01-02", "2024-01-03"]))
    ledger = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 11, "currency": "USD"}]
    assert laid(ledger, {}, fx, start="2024-01-02", end="2024-01-08").findings == ()
    found = laid(ledger, {}, fx, start="2024-01-02", end="2024-01-09")
    assert found.value[-1].sum() == pytest.approx(10)
    assert [finding.code for finding in found.findings] == ["stale_rate"]
    assert found.findings[0].context["age_days"] == 6


def test_an_empty_ledger_is_an_empty_panel() -> None:
    found = laid([], {}, start="2024-01-02", end="2024-01-04")
    assert found.totals()["value"].tolist() == [0, 0]
