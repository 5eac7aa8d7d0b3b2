"""Bonds and options by the terms in their tags, against QuantLib's way by hand: discounted payments and the normal distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from scipy.optimize import brentq
from scipy.stats import norm

API = "/api/v1"
DAYS = pd.bdate_range(end="2026-06-30", periods=90)
MOVES = np.random.default_rng(3).normal(0.0, 0.012, 89)
CLOSES = 200.0 * np.cumprod(np.append(1.0, 1.0 + MOVES)) / np.prod(1.0 + MOVES)
BOND, CALL = ["coupon:0.04", "maturity:2031-05-15", "frequency:2"], ["underlying:UND", "strike:210", "expiry:2027-01-15", "right:call"]


def put(client: TestClient, symbol: str, closes: np.ndarray, **told: Any) -> None:
    assert client.put(f"{API}/instruments/{symbol}", json={"name": symbol, "currency": "USD", **told}).status_code == 201
    bars = [{"date": str(day.date()), "close": f"{close:.9f}"} for day, close in zip(DAYS, closes, strict=True)]
    assert client.put(f"{API}/instruments/{symbol}/bars", json=bars).status_code == 200


@pytest.fixture
def path(client: TestClient) -> str:
    """Hold 50 bonds at 98, two calls at 12 on 100 shares each, and a bond of which nothing is known."""
    put(client, "UND", CLOSES, asset_class="equity")
    put(client, "BND", np.full(90, 98.0), asset_class="bond", tags=BOND)
    put(client, "OPT", np.full(90, 12.0), asset_class="option", multiplier="100", tags=CALL)
    put(client, "DARK", np.full(90, 100.0), asset_class="bond", tags=["coupon:four"])
    made = client.post(f"{API}/portfolios", json={"name": "Rates", "base_currency": "USD"}).json()
    found = f"{API}/portfolios/{made['id']}"
    drafts = [{"date": str(DAYS[0].date()), "kind": "DEPOSIT", "amount": 10_000, "currency": "USD"}]
    drafts += [{"date": str(DAYS[0].date()), "kind": "BUY", "symbol": symbol, "quantity": quantity, "price": price}
               for symbol, quantity, price in (("BND", 50, 98), ("OPT", 2, 12), ("DARK", 1, 100))]
    assert client.post(f"{found}/transactions", json=drafts).status_code == 201
    return found


def test_bonds_and_options_are_measured_by_their_terms(client: TestClient, path: str) -> None:
    told = client.get(f"{path}/risk/rates").json()
    (bond,), (option,), figures = told["bonds"], told["options"], told["figures"]
    years = (pd.Timestamp("2031-05-15") - DAYS[-1]).days / 365.25
    times = years - np.arange(int(np.ceil(years * 2)))[::-1] / 2
    flows = np.full(len(times), 2.0) + 100.0 * (times == times[-1])
    accrued = 2.0 * (len(times) - years * 2)
    rate = brentq(lambda each: (flows / (1 + each / 2) ** (2 * times)).sum() - 98.0 - accrued, 0.0, 0.2)
    worth = flows / (1 + rate / 2) ** (2 * times)
    modified = (worth * times).sum() / worth.sum() / (1 + rate / 2)
    assert bond["yield_to_maturity"] == pytest.approx(rate, rel=1e-9)
    assert bond["duration"] == pytest.approx(modified, rel=1e-9)
    assert bond["dv01"] == figures["bond_dv01"] == pytest.approx(modified * 4_900 * 1e-4, rel=1e-9)
    assert figures["portfolio_duration"] == pytest.approx(modified * 4_900 / told["value"], rel=1e-9)
    left = (pd.Timestamp("2027-01-15") - DAYS[-1]).days / 365.25

    def price(volatility: float) -> float:
        d1 = np.log(200 / 210) / volatility / left**0.5 + volatility * left**0.5 / 2
        return float(200 * norm.cdf(d1) - 210 * norm.cdf(d1 - volatility * left**0.5))

    implied = brentq(lambda each: price(each) - 12.0, 0.01, 2.0)
    d1 = np.log(200 / 210) / implied / left**0.5 + implied * left**0.5 / 2
    assert option["implied"]
    assert option["volatility"] == pytest.approx(implied, rel=1e-7)
    assert option["delta"] == pytest.approx(norm.cdf(d1), rel=1e-7)
    assert option["delta_exposure"] == pytest.approx(norm.cdf(d1) * 200 * 200, rel=1e-7), "two contracts of a hundred shares"
    assert figures["option_vega"] == pytest.approx(200 * 200 * norm.pdf(d1) * left**0.5, rel=1e-7)
    codes = {finding["code"]: finding for finding in told["findings"]}
    assert codes["bad_terms"]["context"] == {"symbol": "DARK", "tag": "coupon:four", "accepted": "coupon:0.04 for 4 % a year"}


def test_a_shock_of_rates_moves_a_bond_by_its_terms(client: TestClient, path: str) -> None:
    bond = client.get(f"{path}/risk/rates").json()["bonds"][0]
    shock = {"name": "Up", "shocks": [{"target": "rate", "name": "", "size": 0.01}]}
    told = client.post(f"{path}/stress", json=shock).json()
    expected = (-bond["duration"] * 0.01 + bond["convexity"] * 0.01**2 / 2) * 4_900
    assert told["loss_money"] == pytest.approx(-expected, rel=1e-6)


def test_nothing_of_the_kind_is_an_empty_answer_and_an_underlying_without_prices_a_finding(client: TestClient) -> None:
    made = client.post(f"{API}/portfolios", json={"name": "None", "base_currency": "USD"}).json()
    found = f"{API}/portfolios/{made['id']}"
    told = client.get(f"{found}/risk/rates").json()
    assert told["bonds"] == told["options"] == []
    assert told["figures"]["portfolio_duration"] is None
    put(client, "LOST", np.full(90, 3.0), asset_class="option", tags=["underlying:NOBODY", *CALL[1:]])
    put(client, "BARE", np.full(90, 3.0), asset_class="option")
    drafts = [{"date": str(DAYS[0].date()), "kind": "DEPOSIT", "amount": 100, "currency": "USD"},
              *({"date": str(DAYS[0].date()), "kind": "BUY", "symbol": symbol, "quantity": 1, "price": 3} for symbol in ("LOST", "BARE"))]
    assert client.post(f"{found}/transactions", json=drafts).status_code == 201
    told = client.get(f"{found}/risk/rates").json()
    assert told["options"][0]["delta"] is None
    assert {"no_underlying", "no_terms"} <= {finding["code"] for finding in told["findings"]}
