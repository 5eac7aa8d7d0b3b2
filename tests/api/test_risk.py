"""Risk over REST: every figure by its name, against numpy, scipy and numbers worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from data import calendar

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

API = "/api/v1"
DAYS = pd.bdate_range("2023-01-02", periods=300)
OWN, OTHER = np.random.default_rng(3).normal(0.0005, 0.01, (2, len(DAYS) - 1)).round(6)
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def portfolio(client: TestClient) -> str:
    """All of the money in one share, bought at the first close, beside an index."""
    mark = uuid4().hex[:6].upper()
    for name, returns in (("OWN", OWN), ("IDX", 0.5 * OWN + OTHER)):
        closes = 100 * np.concatenate([[1.0], np.cumprod(1 + returns)])
        _sent(client, "PUT", f"/instruments/{name}.{mark}", {"name": name, "currency": "USD"})
        _sent(client, "PUT", f"/instruments/{name}.{mark}/bars", [{"date": str(day.date()), "close": round(close, 10)} for day, close in
                                                                   zip(DAYS, closes, strict=True)])
    key = str(_sent(client, "POST", "/portfolios", {"name": f"P {mark}", "base_currency": "USD", "benchmark": f"IDX.{mark}"})["id"])
    first = str(DAYS[0].date())
    _sent(client, "POST", f"/portfolios/{key}/transactions", [
        {"date": first, "kind": "DEPOSIT", "amount": "10000"},
        {"date": first, "kind": "BUY", "symbol": f"OWN.{mark}", "quantity": "100", "price": "100"}])
    return key


@pytest.fixture
def ask(client: TestClient, portfolio: str) -> Ask:
    def asked(**query: Any) -> dict[str, Any]:
        answer = client.get(f"{API}/portfolios/{portfolio}/risk", params={"end": str(DAYS[-1].date()), **query})
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    return asked


def test_figures_by_their_names(ask: Ask) -> None:
    told = ask()
    assert told["observations"] == len(OWN)
    assert [day["return"] for day in told["series"]] == pytest.approx(OWN.tolist(), abs=1e-9)
    wealth = np.cumprod(1 + OWN)
    falls = wealth / np.maximum(np.maximum.accumulate(wealth), 1) - 1
    index = 0.5 * OWN + OTHER
    expected = {
        "volatility": OWN.std(ddof=1) * 252**0.5, "max_drawdown": falls.min(), "current_drawdown": falls[-1],
        "value_at_risk": -np.quantile(OWN, 0.05), "sharpe_ratio": OWN.mean() / OWN.std(ddof=1) * 252**0.5,
        "beta": np.cov(OWN, index)[0, 1] / index.var(ddof=1), "r_squared": np.corrcoef(OWN, index)[0, 1] ** 2,
        "tracking_error": (OWN - index).std(ddof=1) * 252**0.5,
    }
    assert {name: told[name] for name in expected} == pytest.approx(expected, rel=1e-7)
    assert told["expected_shortfall"] > told["value_at_risk"] > 0
    assert told["missing"] == {"probability_of_outperformance": 10}  # windows of 12 months


def test_the_catalogue_tells_every_figure(client: TestClient, ask: Ask) -> None:
    catalogue = client.get(f"{API}/risk/figures").json()["figures"]
    told = ask(series="false")
    assert len(catalogue) > 100
    assert not [term["name"] for term in catalogue if term["name"] not in told]
    assert all(term["label"] and term["meaning"] and term["source"] for term in catalogue)
    assert told["series"] == []
    # whatever has no number says why
    assert {name for name in (term["name"] for term in catalogue) if told[name] is None} == set(told["gaps"])


def test_level_rate_and_window_are_the_reader_s(ask: Ask) -> None:
    start = DAYS[99]
    told = ask(level="0.99", risk_free="0.05", start=str(start.date()))
    later = OWN[99:]
    excess = later - (1.05 ** (1 / 252) - 1)
    assert told["value_at_risk"] == pytest.approx(-np.quantile(later, 0.01), rel=1e-7)
    assert told["sharpe_ratio"] == pytest.approx(excess.mean() / excess.std(ddof=1) * 252**0.5, rel=1e-7)
    assert told["start"] == str(DAYS[100].date())


def test_method_and_horizon(ask: Ask) -> None:
    told = ask(method="normal", horizon_days="10")
    from scipy.stats import norm  # noqa: PLC0415  # half a second

    expected = -(10 * OWN.mean() + norm.ppf(0.05) * OWN.std(ddof=1) * 10**0.5)
    assert told["value_at_risk"] == pytest.approx(expected, rel=1e-7)
    assert told["conventions"]["method"] == "normal"


def test_today_is_what_is_held_in_money(ask: Ask) -> None:
    told = ask()
    assert told["today"]["days"] == len(OWN)
    assert told["today"]["value_at_risk"] == pytest.approx(-np.quantile(OWN, 0.05), rel=1e-7)
    assert told["today"]["value_at_risk_amount"] == pytest.approx(told["today"]["value_at_risk"] * told["value"])
    score = told["risk_score"]
    assert score["score"] == int(score["position"])
    assert score["components"]["concentration"] == pytest.approx(1.0)  # all in one share


def test_the_score_counts_how_long_it_takes_to_sell(client: TestClient, portfolio: str) -> None:
    """100 shares at a fifth of 50 a day take 10 days, nine tenths of them 9: ln(9) / ln(30) of a class."""
    symbol = next(each["symbol"] for each in client.get(f"{API}/portfolios/{portfolio}/holdings").json()["holdings"])
    days = pd.bdate_range(end=calendar.previous_business_day(calendar.today()), periods=20)
    _sent(client, "PUT", f"/instruments/{symbol}/bars", [{"date": str(day.date()), "close": 100, "volume": 50} for day in days])
    score = client.get(f"{API}/portfolios/{portfolio}/risk").json()["risk_score"]
    assert score["measures"]["days_to_liquidate"] == pytest.approx(9.0)
    assert score["components"]["liquidity"] == pytest.approx(np.log(9) / np.log(30))


def test_drawdowns_are_told_deepest_first(ask: Ask) -> None:
    falls = ask()["drawdowns"]
    depths = [fall["drawdown"] for fall in falls]
    assert depths == sorted(depths)
    assert depths[0] == pytest.approx(ask()["max_drawdown"])
    assert all(fall["peak"] <= fall["valley"] and (fall["recovery"] or "9") > fall["valley"] for fall in falls)


def test_too_short_a_window_says_how_many_days_are_missing(ask: Ask) -> None:
    told = ask(start=str(DAYS[-6].date()))
    assert told["observations"] == 5
    assert told["missing"]["volatility"] > 0
    assert "too_short" in {finding["code"] for finding in told["findings"]}


def test_without_a_benchmark_figures_beside_one_are_null_with_a_reason(ask: Ask) -> None:
    told = ask(benchmark="")
    assert (told["beta"], told["benchmark"]) == (None, None)
    assert told["gaps"]["beta"] == "there is no benchmark to compare with"


@pytest.mark.parametrize(("query", "field"), [
    ({"level": "1.5"}, "level"), ({"level": "0"}, "level"), ({"level": "much"}, "level"), ({"horizon_days": "0"}, "horizon_days"),
    ({"horizon_days": "1.5"}, "horizon_days"), ({"window": "1"}, "window"), ({"risk_free": "-2"}, "risk_free"), ({"method": "guess"}, "method"),
    ({"period": "2W"}, "period"), ({"start": "2024-13-01"}, "start"), ({"group": "Technology"}, "group"), ({"base_currency": "XXQ"}, "base_currency"),
])
def test_what_cannot_be_is_refused_by_its_name(client: TestClient, portfolio: str, query: dict[str, str], field: str) -> None:
    answer = client.get(f"{API}/portfolios/{portfolio}/risk", params=query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["context"]["field"] == field


def test_an_empty_portfolio_and_none(client: TestClient) -> None:
    key = _sent(client, "POST", "/portfolios", {"name": f"P {uuid4()}", "base_currency": "USD"})["id"]
    told = client.get(f"{API}/portfolios/{key}/risk").json()
    assert (told["observations"], told["volatility"], told["risk_score"]["score"], told["drawdowns"]) == (0, None, None, [])
    assert client.get(f"{API}/portfolios/{uuid4()}/risk").status_code == 404


def _sent(client: TestClient, method: str, path: str, body: Any) -> Any:
    answer = client.request(method, API + path, json=body)
    assert answer.is_success, answer.text
    return answer.json()
