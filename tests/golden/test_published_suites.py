"""Cases of other projects' suites, each named by its file: their inputs, and the numbers that stand there."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from engine import modified_dietz, period_returns, positions, realised_gains, time_weighted_return, valuation, xirr
from engine.errors import InvalidInput

API = "/api/v1"
Rows = list[dict[str, Any]]
CENT = 5e-3

# Portfolio Performance, snapshot/ClientIndexTest.java, createClient and testExcelSample: what comes in counts from the start of its day,
# what goes out at its end; precision 0.00001.
EXCEL_ROWS = [
    ("2011-12-31", "DEPOSIT", 10000), ("2012-01-01", "INTEREST", 230), ("2012-01-02", "DEPOSIT", 200), ("2012-01-02", "INTEREST", 200),
    ("2012-01-03", "WITHDRAWAL", 400), ("2012-01-03", "FEE", 234.41), ("2012-01-04", "INTEREST", 293.99), ("2012-01-05", "INTEREST", 293.99),
    ("2012-01-06", "DEPOSIT", 5400), ("2012-01-06", "INTEREST", 195.99), ("2012-01-07", "WITHDRAWAL", 3697.04), ("2012-01-07", "FEE", 882.52),
    ("2012-01-08", "FEE", 1003.85),
]  # fmt: skip
EXCEL_DELTA = [0.023, 0.019175455, -0.0220517, 0.0294117647, 0.0285714286, 0.012261967, -0.0545454545, -0.0865384615]
EXCEL_TOTAL = -0.056182678

# MathWorks, Financial Toolbox, xirr, as pyxirr/tests/test_scheduled.rs, test_xirr_day_count has it.
MATHWORKS = ["2007-01-12", "2008-02-14", "2008-03-03", "2008-06-14", "2008-12-01"], [-10000, 2500, 2000, 3000, 4000]


def ledger(client: TestClient, rows: Rows, **fields: Any) -> str:
    created = client.post(f"{API}/portfolios", json={"name": f"Suite {uuid4()}", "base_currency": "EUR", **fields}).json()
    sent = client.post(f"{API}/portfolios/{created['id']}/transactions", json=rows)
    assert sent.status_code == 201, sent.text
    return str(created["id"])


def instrument(client: TestClient, closes: dict[str, float], **fields: Any) -> str:
    name = f"S{uuid4().hex[:7].upper()}"
    assert client.put(f"{API}/instruments/{name}", json={"name": name, "currency": "EUR", **fields}).is_success
    if closes:
        assert client.put(f"{API}/instruments/{name}/bars", json=[{"date": day, "close": close} for day, close in closes.items()]).is_success
    return name


def asked(client: TestClient, portfolio: str, what: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"{API}/portfolios/{portfolio}/{what}", params=query)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def cash(*rows: tuple[str, str, float]) -> Rows:
    return [{"date": day, "kind": kind, "amount": amount, "currency": "EUR"} for day, kind, amount in rows]


def test_portfolio_performance_excel_sample_in_the_engine() -> None:
    days = pd.date_range("2011-12-31", "2012-01-08")
    signs = {"DEPOSIT": 1, "INTEREST": 1, "WITHDRAWAL": -1, "FEE": -1}
    moved = {day.strftime("%Y-%m-%d"): [0.0, 0.0] for day in days}
    for day, kind, amount in EXCEL_ROWS:
        moved[day][0] += signs[kind] * amount
        moved[day][1] += signs[kind] * amount * (kind in {"DEPOSIT", "WITHDRAWAL"})
    values = pd.Series(np.cumsum([both for both, _ in moved.values()]), index=days)
    flows = [flow for _, flow in moved.values()]
    assert period_returns(values, flows, flow_timing="in_out").tolist() == pytest.approx(EXCEL_DELTA, abs=1e-5)
    assert time_weighted_return(values, flows, flow_timing="in_out") == pytest.approx(EXCEL_TOTAL, abs=1e-5)


def test_portfolio_performance_excel_sample_over_rest(client: TestClient) -> None:
    portfolio = ledger(client, cash(*EXCEL_ROWS))
    told = asked(client, portfolio, "performance", start="2011-12-31", end="2012-01-08", flow_timing="in_out")
    assert told["twr"] == pytest.approx(EXCEL_TOTAL, abs=1e-5)
    growth = np.array([point["growth"] for point in told["series"]])
    assert (growth[1:] / growth[:-1] - 1).tolist() == pytest.approx(EXCEL_DELTA, abs=1e-5)
    assert sum(row["contribution"] for row in told["contributions"]) == pytest.approx(told["twr"], abs=1e-9)


def test_flows_in_at_the_start_and_out_at_the_end_weigh_dietz_alike() -> None:
    # by the definition: of 30 days, 50 come in on the 10th and are there for 21; 20 go out on the 20th and are missing for 10
    values = pd.Series([100.0, 160.0], index=pd.to_datetime(["2024-05-31", "2024-06-30"]))
    expected = (160 - 100 - 50 + 20) / (100 + 50 * 21 / 30 - 20 * 10 / 30)
    assert modified_dietz(values, {"2024-06-10": 50.0, "2024-06-20": -20.0}, flow_timing="in_out") == pytest.approx(expected)


def test_portfolio_performance_deposits_on_the_last_day_are_neutral(client: TestClient) -> None:
    # ClientIndexTest, testThatDepositsOnTheLastDayArePerformanceNeutral: 10 % under every timing
    portfolio = ledger(client, cash(("2012-01-01", "DEPOSIT", 100), ("2012-01-02", "INTEREST", 10), ("2012-01-10", "DEPOSIT", 100)))
    for timing in ("start", "end", "mid", "in_out"):
        assert asked(client, portfolio, "performance", start="2012-01-01", end="2012-01-10", flow_timing=timing)["twr"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("booked", "opening", "income"),
    [("2011-06-01", 1000, 50), ("2010-12-31", 1050, 0), ("2011-12-31", 1000, 50)],
)
def test_portfolio_performance_interest_within_and_at_the_ends(client: TestClient, booked: str, opening: float, income: float) -> None:
    # ClientPerformanceSnapshotTest, testDepositPlusInterest, ...FirstDay and ...LastDay
    portfolio = ledger(client, cash(("2010-01-01", "DEPOSIT", 1000), (booked, "INTEREST", 50)))
    bridge = asked(client, portfolio, "performance", start="2010-12-31", end="2011-12-31")["pnl_bridge"]
    assert (bridge["opening_value"], bridge["income"], bridge["closing_value"]) == (opening, income, 1050)


PP_TRADES = [("2010-01-01", "BUY", 109, 3149.20), ("2010-02-01", "SELL", 15, 531.50), ("2010-03-01", "BUY", 52, 1684.92),
             ("2010-03-01", "BUY", 32, 959.30)]  # fmt: skip
PP_OTHERS = [PP_TRADES[0], ("2010-02-01", "BUY", 52, 1684.92), ("2010-03-01", "SELL", 15, 531.50)]


@pytest.mark.parametrize(
    ("trades", "method", "cost", "gain"),
    [
        # CostCalculationTest and CapitalGainsCalculationTest, testFifoBuySellTransactions and ...2
        (PP_TRADES, "fifo", 5360.04, 98.12),
        (PP_TRADES, "average", 5360.04, 98.12),
        (PP_OTHERS, "fifo", 4400.74, 98.12),
        (PP_OTHERS, "average", 4383.74, 81.12),
    ],
)
def test_portfolio_performance_costs_and_gains(
    client: TestClient, trades: list[tuple[str, str, float, float]], method: str, cost: float, gain: float
) -> None:
    name = instrument(client, {"2013-03-01": 100})
    rows: Rows = [{"date": day, "kind": kind, "symbol": name, "quantity": units, "amount": amount} for day, kind, units, amount in trades]
    assert positions(rows, cost_method=method).loc[name, "cost_base"] == pytest.approx(cost, abs=CENT)
    assert realised_gains(rows, cost_method=method)["gain"].sum() == pytest.approx(gain, abs=CENT)
    held = asked(client, ledger(client, rows), "holdings", as_of="2013-03-01", cost_method=method)["holdings"][0]
    assert (held["cost_basis"], held["realised"]) == pytest.approx((cost, gain), abs=CENT)


@pytest.mark.parametrize(
    ("day_count", "rate"),
    [
        ("30u/360", 0.100675477282743),
        ("act/360", 0.0991988898057063),
        ("act/365", 0.10064378342638),
        ("ACT/365F", 0.10064378342638),
        ("30/360", 0.100675477282743),
        ("30E/360", 0.100675477282743),
        ("Actual/Actual", 0.100739648987346),
    ],
)
def test_mathworks_day_counts(day_count: str, rate: float) -> None:
    assert xirr(*MATHWORKS, day_count=day_count) == pytest.approx(rate, abs=1e-12)


def test_a_day_count_that_does_not_exist_is_refused_by_what_was_sent() -> None:
    with pytest.raises(InvalidInput, match="ACT/999"):
        xirr(*MATHWORKS, day_count="ACT/999")


def test_portfolio_performance_rates_of_return() -> None:
    # math/IRRTest: testSimpleExcelTestCase, testSmallConvergenceInterval; security/IRRCalculationTest: testDividendPaymentsWithTaxes
    assert xirr(["2010-01-01", "2010-12-31"], [-200, 210]) == pytest.approx(0.050140747, abs=1e-8)
    assert xirr(["2019-05-24", "2020-01-13", "2020-06-29"], [-1560.94, -1160.0, 42.80]) == pytest.approx(-0.999251643, abs=1e-8)
    assert xirr(["2015-12-31", "2016-06-01", "2016-12-31"], [-1000, 150, 1230]) == pytest.approx(0.412128788, abs=1e-8)


def test_a_rate_that_rounds_to_a_total_loss_stands_beside_no_other() -> None:
    # with x the growth of 36 days, x * x - x + 1e-30 = 0 at 1 and at 1e-30: in a year 1e-30 ** (365 / 36) is nothing to a double
    found = xirr(["2024-01-01", "2024-02-06", "2024-03-13"], [-1.0, 1.0 + 1e-30, -1e-30])
    assert all(root > -1 for root in found.roots)
    with_guess = xirr(["2024-01-01", "2024-02-06", "2024-03-13"], [-1.0, 1.1 + 1e-30, -1e-30], guess=-1.0)
    assert with_guess == pytest.approx(1.1 ** (365 / 36) - 1)


# By the definition in Bacon and GIPS, (1 + r) ** (D / 365) - 1 with the D days that money was there.
def test_a_first_month_earns_what_its_money_earned(client: TestClient) -> None:
    portfolio = ledger(client, cash(("2024-01-02", "DEPOSIT", 1000), ("2024-02-01", "INTEREST", 100)))
    for start in (None, "2023-11-01", "2024-01-02"):  # since the beginning, from long before, and with the deposit in the opening value
        told = asked(client, portfolio, "performance", end="2024-02-01", **({"start": start} if start else {}))
        assert told["twr"] == pytest.approx(0.1)
        assert told["mwr"] == told["mwr_period"] == pytest.approx(0.1)
        assert told["return_gap"] == pytest.approx(0.0, abs=1e-12)


def test_a_year_has_365_days_by_any_day_count(client: TestClient) -> None:
    portfolio = ledger(client, cash(("2023-12-31", "DEPOSIT", 1000), ("2024-12-24", "INTEREST", 100)))
    # 360 days are one of 360 / 360, and no year; from 29 February to 28 February are 307 / 366 + 58 / 365 of act/act, and a year
    short = asked(client, portfolio, "performance", start="2023-12-31", end="2024-12-25", day_count="act/360")
    assert (short["mwr"], short["mwr_annualised"]) == (pytest.approx(0.1), None)
    leap = asked(client, portfolio, "performance", start="2024-02-29", end="2025-02-28", day_count="act/act")
    assert leap["mwr"] == leap["mwr_annualised"] == pytest.approx(1.1 ** (1 / (307 / 366 + 58 / 365)) - 1)


def test_windows_open_and_end_on_days_without_a_close(client: TestClient) -> None:
    name = instrument(client, {"2024-01-05": 100, "2024-02-02": 110})
    rows = [*cash(("2024-01-05", "DEPOSIT", 1000), ("2024-01-17", "DEPOSIT", 600)),
            {"date": "2024-01-05", "kind": "BUY", "symbol": name, "quantity": 10, "price": 100}]  # fmt: skip
    portfolio = ledger(client, rows)
    quiet = asked(client, portfolio, "performance", start="2024-01-06", end="2024-01-14")  # Saturday to Sunday, and no close between
    for figure in ("twr", "mwr", "simple_dietz", "modified_dietz", "simple_return", "roi"):
        assert quiet[figure] == pytest.approx(0.0, abs=1e-12), figure
    # Sunday 7 January to Sunday 4 February are 28 days, the deposit comes on the tenth of them: 19 of 28 at the start of its day
    told = asked(client, portfolio, "performance", start="2024-01-07", end="2024-02-04")
    assert told["modified_dietz"] == pytest.approx(100 / (1000 + 600 * 19 / 28))
    rate = told["mwr_period"]
    assert 1000 * (1 + rate) + 600 * (1 + rate) ** (18 / 28) == pytest.approx(1700)
    # closes end long before the window does: 10 % in the 366 days from 5 January 2024 to 5 January 2025
    late = ledger(client, [*cash(("2024-01-05", "DEPOSIT", 1000)), rows[2]])
    year = asked(client, late, "performance", start="2024-01-05", end="2025-01-05")
    assert year["mwr"] == year["mwr_annualised"] == pytest.approx(1.1 ** (365 / 366) - 1)
    assert year["twr_annualised"] == pytest.approx(1.1 ** (365.25 / 366) - 1)


def test_nothing_is_linked_after_more_than_everything_was_lost(client: TestClient) -> None:
    # 100 become -50, which is -150 %; 500 come in: no return of the 450 can be linked to a debt
    assert np.isnan(time_weighted_return([100.0, -50.0, 450.0, 495.0], [0.0, 0.0, 500.0, 0.0]))
    assert time_weighted_return([100.0, -50.0]) == pytest.approx(-1.5)
    portfolio = ledger(client, cash(("2024-01-02", "DEPOSIT", 100), ("2024-01-03", "FEE", 150), ("2024-01-05", "DEPOSIT", 500)))
    told = asked(client, portfolio, "performance", start="2024-01-02", end="2024-01-10")
    assert told["twr"] is None
    assert "chain_broken" in {finding["code"] for finding in told["quality"]}


def test_ghostfolio_costs_are_without_fees(client: TestClient) -> None:
    # portfolio-calculator-baln-buy-and-buy.spec.ts: average price 139.75, investment 559, gross 36.6, fees 3.2, net 33.4
    name = instrument(client, {"2021-12-17": 148.9}, currency="CHF")
    rows: Rows = [
        {"date": day, "kind": "BUY", "symbol": name, "quantity": 2, "price": price, "fee": fee, "currency": "CHF"}
        for day, price, fee in (("2021-11-22", 142.9, 1.55), ("2021-11-30", 136.6, 1.65))
    ]
    portfolio = ledger(client, rows, base_currency="CHF")
    told = asked(client, portfolio, "holdings", as_of="2021-12-18", fees_in_cost="false")
    held = told["holdings"][0]
    assert (held["average_cost"], held["cost_basis"], held["unrealised"], held["fees"]) == pytest.approx((139.75, 559, 36.6, 3.2))
    assert told["totals"]["total_pnl"] == pytest.approx(33.4)
    usual = asked(client, portfolio, "holdings", as_of="2021-12-18")
    assert (usual["holdings"][0]["cost_basis"], usual["totals"]["total_pnl"]) == pytest.approx((562.2, 33.4))
    explained = asked(client, portfolio, "explain", figure="cost_basis", symbol=name, as_of="2021-12-18", fees_in_cost="false")
    assert explained["value"] == explained["reproduced"] == pytest.approx(559)
    assert client.get(f"{API}/portfolios/{portfolio}/holdings", params={"fees_in_cost": "maybe"}).status_code == 422


def test_lots_of_accounts_or_pooled(client: TestClient) -> None:
    # fifo by hand: 10 for 10 each in one account, 10 for 20 each in another, from which 5 are sold for 30: 50 by account, 100 pooled
    name = instrument(client, {"2024-01-05": 30})
    rows: Rows = [
        {"date": "2024-01-02", "kind": "BUY", "symbol": name, "quantity": 10, "price": 10, "account": "A"},
        {"date": "2024-01-03", "kind": "BUY", "symbol": name, "quantity": 10, "price": 20, "account": "B"},
        {"date": "2024-01-04", "kind": "SELL", "symbol": name, "quantity": 5, "price": 30, "account": "B"},
    ]
    portfolio = ledger(client, rows)
    for lots_by, gain in (("account", 50), ("pooled", 100)):
        assert asked(client, portfolio, "realised-gains", lots_by=lots_by)["totals"]["net"] == pytest.approx(gain)
        assert asked(client, portfolio, "holdings", as_of="2024-01-05", lots_by=lots_by)["totals"]["realised"] == pytest.approx(gain)
    assert client.get(f"{API}/portfolios/{portfolio}/holdings", params={"lots_by": "shelf"}).status_code == 422


def test_cost_at_the_rate_of_purchase_or_of_today(client: TestClient) -> None:
    # Portfolio Performance, CostCalculationTest, testFifoBuySellTransactionsWithForex: 1,000 USD at two rates; by hand: bought at 0.80 EUR a
    # dollar, now 1,200 USD at 0.90: worth 1,080, cost 800 or 900; 100 of the gain of 280 are then the currency's
    name = instrument(client, {"2015-01-02": 100, "2015-01-16": 120}, currency="USD")
    assert client.put(f"{API}/fx/USDEUR", json=[{"date": "2015-01-02", "rate": 0.8}, {"date": "2015-01-16", "rate": 0.9}]).is_success
    rows: Rows = [{"date": "2015-01-02", "kind": "TRANSFER_IN", "symbol": name, "quantity": 10, "price": 100, "currency": "USD"}]
    portfolio = ledger(client, rows)
    prices, fx = pd.Series({name: 120.0}), pd.DataFrame({"USDEUR": [0.8, 0.9]}, index=pd.to_datetime(["2015-01-02", "2015-01-16"]))
    for cost_rate, cost, unrealised, by_currency in (("purchase", 800, 280, 0), ("today", 900, 180, 100)):
        told = asked(client, portfolio, "holdings", as_of="2015-01-16", cost_rate=cost_rate)
        held, totals = told["holdings"][0], told["totals"]
        alone = valuation(rows, prices, fx, as_of="2015-01-16", base_currency="EUR", cost_rate=cost_rate)
        assert (held["cost_basis"], held["unrealised"]) == pytest.approx((cost, unrealised))
        for sums in (totals, alone.totals):
            figures = (sums["cost_basis"], sums["unrealised"], sums["fx_gain"], sums["total_pnl"], sums["value"])
            assert figures == pytest.approx((cost, unrealised, by_currency, 280, 1080))
    assert client.get(f"{API}/portfolios/{portfolio}/explain", params={"figure": "value", "cost_rate": "today"}).status_code == 422
    assert client.get(f"{API}/portfolios/{portfolio}/holdings", params={"cost_rate": "noon"}).status_code == 422
