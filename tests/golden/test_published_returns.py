"""Returns as published: every case names where its numbers stand, and holds to the digits printed there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import (
    annualised_return,
    arithmetic_excess,
    book,
    contributions,
    cumulative_return,
    currency_split,
    geometric_excess,
    link_attribution,
    modified_dietz,
    money_weighted_return,
    panel,
    panel_returns,
    period_returns,
    positions,
    realised_gains,
    return_on_average_investment,
    simple_dietz,
    simple_returns,
    time_weighted_return,
    xirr,
)

Ledger = list[dict[str, Any]]
PERCENT = 5e-5  # printed with two decimals of a per cent


def near(value: float, digits: float = 1e-6) -> Any:
    return pytest.approx(value, abs=digits, rel=0)


# The spreadsheet documentation's own example of XIRR (Microsoft and LibreOffice alike): 37.34 %, 0.373362535.
SPREADSHEET = {"2008-01-01": -10000, "2008-03-01": 2750, "2008-10-30": 4250, "2009-02-15": 3250, "2009-04-01": 2750}


def test_xirr_of_the_spreadsheet_documentation() -> None:
    assert xirr(SPREADSHEET) == near(0.373362535, 1e-8)
    assert xirr(list(SPREADSHEET), list(SPREADSHEET.values())) == near(0.373362535, 1e-8)


def test_xirr_of_the_calc_help() -> None:
    # LibreOffice Calc help, XIRR: 0.1828 or 18.28 %
    dates = ["2001-01-01", "2001-02-01", "2001-03-15", "2001-05-12", "2001-08-10"]
    assert xirr(dates, [-10000, 2000, 2500, 5000, 1000]) == near(0.1828, PERCENT)


def test_xirr_of_a_crate_in_any_order() -> None:
    # docs.rs/xirr, the example of the crate
    flows = [("2015-06-11", -1000), ("2015-07-21", -9000), ("2018-06-10", 20000), ("2015-10-17", -3000)]
    assert xirr(flows) == near(0.1635371584432641, 1e-12)
    assert xirr([amount for _, amount in flows], [day for day, _ in flows]) == near(0.1635371584432641, 1e-12)


# Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2: 74.2 at 31 December, 37.1 comes in on the 14th, 67.0
# stood before it, 104.4 stands at the end of a month of 31 days (exhibits 2.3 to 2.7).
BACON = pd.Series([74.2, 104.4], index=pd.to_datetime(["2003-12-31", "2004-01-31"]))
BACON_FLOW = {"2004-01-14": 37.1}


def test_simple_dietz_of_bacon() -> None:
    assert simple_dietz(BACON, BACON_FLOW) == near(-0.0744, PERCENT)


def test_modified_dietz_of_bacon() -> None:
    assert modified_dietz(BACON, BACON_FLOW, flow_timing="end") == near(-0.0730, PERCENT)
    window = {"start": "2003-12-31", "end": "2004-01-31", "flow_dates": ["2004-01-14"]}
    assert modified_dietz([74.2, 104.4], [37.1], flow_timing="end", **window) == near(-0.0730, PERCENT)


def test_money_weighted_return_of_bacon() -> None:
    # the modified internal rate of return: 74.2 (1 + r) + 37.1 (1 + r) ** (17/31) = 104.4
    assert money_weighted_return(BACON, BACON_FLOW) == near(-0.0727, PERCENT)


def test_time_weighted_return_of_bacon() -> None:
    # 67.0 / 74.2 x 104.4 / (67.0 + 37.1) - 1 = -9.44 %
    assert time_weighted_return([74.2, 104.4], [0, 37.1], flow_timing="exact", before_flow=[np.nan, 67.0]) == near(-0.0944, PERCENT)
    assert time_weighted_return([74.2, 67.0, 104.4], [0, 0, 37.1], flow_timing="start") == near(-0.0944, PERCENT)
    assert time_weighted_return([74.2, 67.0 + 37.1, 104.4], [0, 37.1, 0], flow_timing="end") == near(-0.0944, PERCENT)


def test_modified_dietz_of_the_encyclopaedia() -> None:
    # Wikipedia, "Modified Dietz method", Example: 100, after a year 50 in, after two 300: gain 150 on 125 is 120 %
    days = pd.to_datetime(["2013-12-31", "2015-12-31"])
    values, flow = pd.Series([100.0, 300.0], index=days), {"2014-12-31": 50.0}
    assert modified_dietz(values, flow, flow_timing="end") == near(1.2, 1e-9)


def test_time_weighted_return_of_the_encyclopaedia() -> None:
    # Wikipedia, "Time-weighted return", Example 1: 500 grow to 1000 in a year, 1000 come in, 1500 stand at the end: 100 % and -25 % are 50 %
    values, flows = [500.0, 2000.0, 1500.0], [0.0, 1000.0, 0.0]
    assert period_returns(values, flows, flow_timing="end").tolist() == [1.0, -0.25]
    assert time_weighted_return(values, flows, flow_timing="end") == near(0.5, 1e-12)


# Bacon, 2nd ed., table 8.1: four quarters of three markets; effects of Brinson and Fachler, selection with interaction.
WEIGHTS = np.array([[0.4, 0.3, 0.3], [0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.3, 0.5, 0.2]])
BENCHMARK_WEIGHTS = np.array([[0.4, 0.2, 0.4], [0.4, 0.3, 0.3], [0.5, 0.4, 0.1], [0.4, 0.4, 0.2]])
RETURNS = np.array([[0.2, -0.05, 0.06], [-0.05, 0.03, -0.05], [-0.2, 0.08, -0.15], [0.1, -0.07, 0.25]])
BENCHMARK_RETURNS = np.array([[0.1, -0.04, 0.08], [-0.07, 0.04, -0.1], [-0.25, 0.05, -0.2], [0.05, -0.05, 0.1]])
MARKETS = ["UK", "Japan", "US"]


@pytest.mark.parametrize(
    ("method", "allocation", "selection"),
    [
        ("carino", [0.0165, -0.0060, 0.0015], [0.0804, 0.0018, 0.0385]),  # table 8.2, totals 1.20 % and 12.07 %
        ("menchero", [0.0156, -0.0078, 0.0014], [0.0838, 0.0005, 0.0391]),  # table 8.3, totals 0.92 % and 12.34 %
    ],
)
def test_linking_of_bacon(method: str, allocation: list[float], selection: list[float]) -> None:
    own, other = (WEIGHTS * RETURNS).sum(axis=1), (BENCHMARK_WEIGHTS * BENCHMARK_RETURNS).sum(axis=1)
    allocated = pd.DataFrame((WEIGHTS - BENCHMARK_WEIGHTS) * (BENCHMARK_RETURNS - other[:, None]), columns=MARKETS)
    selected = pd.DataFrame(WEIGHTS * (RETURNS - BENCHMARK_RETURNS), columns=MARKETS)
    found = [link_attribution(effects, own, other, method=method) for effects in (allocated, selected)]
    assert found[0].tolist() == pytest.approx(allocation, abs=1e-4)  # the book adds up quarters that it has rounded
    assert found[1].tolist() == pytest.approx(selection, abs=1e-4)
    assert cumulative_return(own) == near(0.0386, PERCENT)
    assert cumulative_return(other) == near(-0.0941, PERCENT)
    assert sum(each.sum() for each in found) == near(arithmetic_excess(cumulative_return(own), cumulative_return(other)), 1e-12)
    assert geometric_excess(cumulative_return(own), cumulative_return(other)) == near(0.1464, PERCENT)


@pytest.mark.parametrize("method", ["grap", "frongello"])
def test_linking_of_bacon_by_what_follows(method: str) -> None:
    # tables 8.4 and 8.5: both 1.24 % of allocation and 12.03 % of selection
    own, other = (WEIGHTS * RETURNS).sum(axis=1), (BENCHMARK_WEIGHTS * BENCHMARK_RETURNS).sum(axis=1)
    effects = pd.DataFrame({
        "allocation": ((WEIGHTS - BENCHMARK_WEIGHTS) * (BENCHMARK_RETURNS - other[:, None])).sum(axis=1),
        "selection": (WEIGHTS * (RETURNS - BENCHMARK_RETURNS)).sum(axis=1),
    })
    assert link_attribution(effects, own, other, method=method).tolist() == pytest.approx([0.0124, 0.1203], abs=PERCENT)


# Bacon, 2nd ed., table 6.1 (the case of Ankrim and Hensel, and of Karnosky and Singer): returns at home 20, -5 and 6 %, yen + 10 %, dollar + 20 %.
CURRENCIES = {"UK": "GBP", "Japan": "JPY", "US": "USD"}


def test_currency_split_of_bacon() -> None:
    days = pd.to_datetime(["2023-12-29", "2024-03-28"])
    prices = pd.DataFrame({"UK": [1.0, 1.2], "Japan": [1.0, 0.95], "US": [1.0, 1.06]}, index=days)
    fx = pd.DataFrame({"JPYGBP": [1.0, 1.1], "USDGBP": [1.0, 1.2]}, index=days)
    ledger = [
        {"date": days[0], "kind": "TRANSFER_IN", "symbol": name, "quantity": weight, "price": 1, "currency": CURRENCIES[name]}
        for name, weight in (("UK", 40), ("Japan", 30), ("US", 30))
    ]
    laid = panel(book(ledger, base_currency="GBP", fx=fx), prices, fx, start=days[0], end=days[1])
    found = currency_split(laid, by="row")
    assert found.loc[["UK", "Japan", "US"], "weight"].tolist() == pytest.approx([0.4, 0.3, 0.3])
    assert (found["base"] / found["weight"]).loc[["UK", "Japan", "US"]].tolist() == pytest.approx([0.20, 0.045, 0.272])  # the table's base returns
    assert found["local"].sum() == near(0.083, 1e-12)  # 8.3 % in local currency
    assert found["base"].sum() == near(0.1751, 1e-12)  # 17.51 % in sterling
    assert found.loc["US", ["local", "currency", "cross"]].tolist() == pytest.approx([0.018, 0.06, 0.0036])


# Ghostfolio, portfolio calculator scenarios ROAI: bought and sold shares of Baloise, and in part of Novartis.
def test_return_on_average_investment_of_ghostfolio() -> None:
    invested = {"2021-11-22": 285.8, "2021-11-30": 0.0}
    assert return_on_average_investment(-15.8, invested) == near(-0.0552834149755073478, 1e-15)
    partly = {"2022-03-07": 151.6, "2022-04-08": 75.8, "2022-04-11": 75.8}
    assert return_on_average_investment(17.68, partly) == near(0.12184460284330327256, 1e-15)
    assert return_on_average_investment(21.93, partly) == near(0.15113417083448194384, 1e-15)


# empyrical, tests/test_stats.py: simple returns, and annual returns of nine rows of which the first is missing.
MIXED = [np.nan, 0.01, 0.10, -0.04, 0.02, 0.03, 0.02, 0.01, -0.10]


@pytest.mark.parametrize(("periods", "expected"), [(252, 1.9135925373194231), (52, 0.24690830513998208), (12, 0.052242061386048144)])
def test_annual_returns_of_empyrical(periods: float, expected: float) -> None:
    assert annualised_return(MIXED, periods_per_year=periods) == near(expected, 1e-12)
    assert simple_returns([1.0, 1.1, 1.1]).tolist() == pytest.approx([0.1, 0.0])


def test_average_and_first_in_first_out_with_costs_of_the_tax_office() -> None:
    # IRS Publication 550, "Stocks and Bonds": basis is the price plus commissions; the basis of shares sold is that of the oldest unless
    # identified. 100 shares at 10 and 50 of commission, 100 at 20 and 50; 100 sold at 25 less 50 of commission: 2450 less 1050 is 1400.
    trades: Ledger = [
        {"date": "2023-01-03", "kind": "BUY", "symbol": "A", "quantity": 100, "price": 10, "fee": 50},
        {"date": "2023-06-01", "kind": "BUY", "symbol": "A", "quantity": 100, "price": 20, "fee": 50},
        {"date": "2024-02-01", "kind": "SELL", "symbol": "A", "quantity": 100, "price": 25, "fee": 50},
    ]
    assert realised_gains(trades)["gain"].sum() == near(1400)
    # the average basis method of the same publication: (1050 + 2050) / 200 = 15.50 a share
    assert realised_gains(trades, cost_method="average")["gain"].sum() == near(900)
    assert positions(trades, cost_method="average").loc["A", "cost_base"] == near(1550)


def test_section_104_pool_of_the_revenue() -> None:
    # HMRC helpsheet HS284, example 3: 1,000 shares for 4 each and 150 of costs; 500 for 4.10 and 80; 700 sold at 4.80 less 100; pool cost
    # 6,280 for 1,500: 2,930.67 of it; gain 3,260 - 2,930.67 = 329.33
    trades: Ledger = [
        {"date": "2015-04-01", "kind": "BUY", "symbol": "Lobster", "quantity": 1000, "price": 4, "fee": 150},
        {"date": "2018-09-01", "kind": "BUY", "symbol": "Lobster", "quantity": 500, "price": 4.10, "fee": 80},
        {"date": "2023-05-01", "kind": "SELL", "symbol": "Lobster", "quantity": 700, "price": 4.80, "fee": 100},
    ]
    assert realised_gains(trades, cost_method="average", base_currency="GBP")["gain"].sum() == near(329.33, 5e-3)


def test_contributions_of_carino_add_up_over_a_ledger() -> None:
    days = pd.date_range("2024-01-01", periods=5)
    prices = pd.DataFrame({"A": [10, 12, 11, 13, 9.0], "B": [5, 4, 6, 6, 7.0]}, index=days)
    ledger: Ledger = [
        {"date": days[0], "kind": "DEPOSIT", "amount": 300},
        {"date": days[0], "kind": "BUY", "symbol": "A", "quantity": 10, "price": 10},
        {"date": days[1], "kind": "BUY", "symbol": "B", "quantity": 20, "price": 4.5, "fee": 2},
        {"date": days[3], "kind": "DEPOSIT", "amount": 500},
    ]
    laid = panel(book(ledger, base_currency="EUR"), prices, start=days[0], end=days[-1])
    total = float(np.prod(1 + panel_returns(laid)) - 1)
    assert contributions(laid)["contribution"].sum() == near(total, 1e-12)
