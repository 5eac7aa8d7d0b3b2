"""Concentration of today's holdings: by hand, what adds up, and histories that are too short."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from engine.types import Actor
from services import Services

DAYS = pd.bdate_range("2023-01-02", periods=120)
CHANCE = np.random.default_rng(31)
MOVES = pd.DataFrame(CHANCE.normal(0, [0.01, 0.02, 0.015], (120, 3)) + CHANCE.normal(0, 0.005, (120, 1)), index=DAYS, columns=["AAA", "BBB", "CCC"])
PRICES = 100 * (1 + MOVES).cumprod()
PRICES = PRICES.assign(DDD=PRICES["AAA"], NEW=PRICES["AAA"])  # copies


def put(services: Services, actor: Actor, symbol: str, prices: pd.Series, **fields: Any) -> None:
    services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": "USD", **fields})
    services.instruments.put_bars(actor, symbol, [{"date": day.date().isoformat(), "close": round(float(price), 8)} for day, price in prices.items()])


def portfolio(services: Services, actor: Actor, quantities: dict[str, float]) -> UUID:
    made = services.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    rows = [{"date": DAYS[-1].date(), "kind": "BUY", "symbol": symbol, "quantity": str(count), "price": str(round(float(PRICES[symbol].iloc[-1]), 4))}
            for symbol, count in quantities.items()]
    services.transactions.record(actor, made, [{"date": DAYS[0].date(), "kind": "DEPOSIT", "amount": "100000"}, *rows])
    return made


@pytest.fixture
def world(services: Services, actor: Actor) -> None:
    for symbol, sector in {"AAA": "Tech", "BBB": "Tech", "CCC": "Energy"}.items():
        put(services, actor, symbol, PRICES[symbol], sector=sector)


@pytest.mark.usefixtures("world")
def test_contributions_add_up_and_are_those_of_the_history(services: Services, actor: Actor) -> None:
    view = services.concentrations.concentration(actor, portfolio(services, actor, {"AAA": 300, "BBB": 200, "CCC": 100}))
    weights = view.risk.set_index("key")["weight"]
    returns = PRICES.pct_change().iloc[1:]
    assert view.figures["volatility"] == pytest.approx((returns[weights.index] @ weights).std() * 252**0.5, rel=1e-6)
    assert view.risk["contribution"].sum() == pytest.approx(view.figures["volatility"])
    assert view.risk["share"].sum() == pytest.approx(1.0)
    assert (weights * view.risk.set_index("key")["beta"]).sum() == pytest.approx(1.0)
    invested = weights / weights.sum()
    assert view.figures["hhi"] == pytest.approx((invested**2).sum())
    assert view.figures["effective_number_of_assets"] == pytest.approx(1 / (invested**2).sum())
    assert (view.figures["top_1"], view.figures["gross_exposure"]) == pytest.approx((weights.max(), weights.sum()))
    assert view.figures["cash_weight"] == pytest.approx(1 - weights.sum())
    assert 1 < view.figures["effective_number_of_bets"] < 3
    assert view.observations == 119


@pytest.mark.usefixtures("world")
def test_groups_add_up_to_one(services: Services, actor: Actor) -> None:
    view = services.concentrations.concentration(actor, portfolio(services, actor, {"AAA": 300, "BBB": 200, "CCC": 100}))
    for table in view.exposures.values():
        assert table["weight"].sum() == pytest.approx(1.0)
        assert table["risk_share"].sum() == pytest.approx(1.0)
    sectors, risk = view.exposures["sector"].set_index("key"), view.risk.set_index("key")
    assert sectors.loc["Tech", "weight"] == pytest.approx(risk.loc[["AAA", "BBB"], "weight"].sum())
    assert set(sectors.index) == {"Tech", "Energy", "cash"}
    assert view.exposures["currency"]["key"].tolist() == ["USD"]


@pytest.mark.usefixtures("world")
def test_copies_are_no_bets_of_their_own(services: Services, actor: Actor) -> None:
    put(services, actor, "DDD", PRICES["AAA"])
    view = services.concentrations.concentration(actor, portfolio(services, actor, {"AAA": 100, "DDD": 100}))
    assert np.isnan(view.figures["effective_number_of_bets"])
    assert view.figures["effective_number_of_bets_pca"] == pytest.approx(1.0)
    assert "2 assets move in 1 independent ways" in next(each.message for each in view.findings if each.code == "singular_covariance")


@pytest.mark.usefixtures("world")
def test_a_short_history_is_left_out_and_told(services: Services, actor: Actor) -> None:
    put(services, actor, "NEW", PRICES["AAA"].iloc[-20:])
    view = services.concentrations.concentration(actor, portfolio(services, actor, {"AAA": 100, "BBB": 100, "NEW": 100}))
    assert set(view.risk["key"]) == {"AAA", "BBB"}
    assert [each.context["symbol"] for each in view.findings if each.code == "too_short"] == ["NEW"]
    alone = services.concentrations.concentration(actor, portfolio(services, actor, {"NEW": 100}))
    assert alone.risk.empty
    assert "needs 60 days" in alone.gaps["volatility"]
    assert alone.figures["hhi"] == pytest.approx(1.0)


def test_nothing_held_says_so(services: Services, actor: Actor) -> None:
    view = services.concentrations.concentration(actor, services.portfolios.create(actor, {"name": "Empty", "base_currency": "USD"}).id)
    assert np.isnan(view.figures["hhi"])
    assert set(view.gaps) >= {"hhi", "volatility"}
