"""The panels of bonds and options on the Risk page: what is known is listed, and where nothing is it is said what to enter."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from callbacks.risk_page import Page
from callbacks.risk_rates import rates_panels
from engine.types import Actor
from services import Services
from services.risk.views import RiskQuestion

DAYS = pd.bdate_range(end="2026-06-30", periods=70)


def shown(services: Services, actor: Actor, portfolio: object) -> str:
    page = Page(services, {"portfolio": str(portfolio)}, RiskQuestion())
    page.actor = actor
    return json.dumps([panel.to_plotly_json() for panel in rates_panels(page)], default=lambda each: each.to_plotly_json())


def test_panels_list_what_is_known_and_say_what_to_enter(services: Services, actor: Actor) -> None:
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    assert "coupon:0.04" in shown(services, actor, key)
    for symbol, told in (("BND", {"asset_class": "bond", "tags": ["coupon:0.05", "maturity:2030-06-30"]}),
                         ("UND", {"asset_class": "equity"}),
                         ("PUT", {"asset_class": "option", "tags": ["underlying:UND", "strike:90", "expiry:2027-06-30", "right:put"]})):
        services.instruments.put(actor, symbol, {"name": symbol, "currency": "USD", **told})
        closes = {"BND": np.full(70, 101.0), "UND": np.full(70, 100.0), "PUT": np.full(70, 4.0)}[symbol]
        services.instruments.put_bars(actor, symbol, [{"date": str(day.date()), "close": close} for day, close in zip(DAYS, closes, strict=True)])
    services.transactions.record(actor, key, [
        {"date": str(DAYS[0].date()), "kind": "DEPOSIT", "amount": "1000"},
        {"date": str(DAYS[0].date()), "kind": "BUY", "symbol": "BND", "quantity": "5", "price": "101"},
        {"date": str(DAYS[0].date()), "kind": "BUY", "symbol": "PUT", "quantity": "10", "price": "4"}])
    told = shown(services, actor, key)
    assert "30 Jun 2030" in told
    assert "UND put" in told
    figures = services.rates.rates(actor, key).figures
    assert figures["bond_duration"] > 3.0
    assert figures["option_delta_exposure"] < 0.0
