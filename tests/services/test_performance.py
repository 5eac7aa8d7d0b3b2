"""Performance worked by hand: every figure of small portfolios, through the service."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from engine.types import Actor
from services import Services
from services.performance_views import PerformanceQuestion

Ask = PerformanceQuestion
DEPOSIT = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1000"}


def world(services: Services, actor: Actor, bars: dict[str, dict[str, float]], currency: str = "USD", **fields: Any) -> None:
    for symbol, closes in bars.items():
        services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": currency, **fields})
        services.instruments.put_bars(actor, symbol, [{"date": day, "close": close} for day, close in closes.items()])


def portfolio(services: Services, actor: Actor, *drafts: dict[str, Any], **fields: Any) -> UUID:
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD", **fields}).id
    if drafts:
        services.transactions.record(actor, key, list(drafts))
    return key


def test_a_dividend_and_fees_by_hand(services: Services, actor: Actor) -> None:
    world(services, actor, {"AAA": {"2024-01-02": 100, "2024-01-03": 102, "2024-01-04": 99, "2024-01-05": 105}})
    key = portfolio(services, actor, DEPOSIT, {"date": "2024-01-03", "kind": "BUY", "symbol": "AAA", "quantity": "5", "price": "100", "fee": "2"},
                    {"date": "2024-01-04", "kind": "DIVIDEND", "symbol": "AAA", "amount": "10", "tax": "3"})
    view = services.performance.performance(actor, key, Ask(start=date(2024, 1, 2), end=date(2024, 1, 5)))
    # 1000, then 498 + 510 = 1008, then 505 + 495 = 1000, then 505 + 525 = 1030
    assert view.series["value"].tolist() == [1000, 1008, 1000, 1030]
    assert view.figures["twr"] == pytest.approx(0.03)
    assert view.figures["twr_gross"] == pytest.approx(1010 / 1000 * 1003 / 1008 * 1.03 - 1)
    assert view.bridge == pytest.approx({"opening_value": 1000, "flows": 0, "price": 25, "fx": 0, "income": 10, "fees": 2, "taxes": 3,
                                         "corporate_actions": 0, "closing_value": 1030, "residual": 0})
    assert view.contributions["contribution"].sum() == pytest.approx(view.figures["twr"], abs=1e-12)
