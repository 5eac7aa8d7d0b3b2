"""A workspace for tests of hub and stream, on the real database and bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from data import calendar

if TYPE_CHECKING:
    from engine.types import Actor
    from services import Services

SYMBOLS = {"AAA": ("USD", 100.0), "BBB": ("USD", 50.0), "CCC": ("EUR", 20.0), "DDD": ("USD", 10.0)}


@dataclass
class World:
    """A workspace with instruments, a rate and portfolios, and ways to move it."""

    services: Services
    actor: Actor

    def portfolio(self, **quantities: int) -> str:
        made = self.services.portfolios.create(self.actor, {"name": "Live", "base_currency": "USD"})
        self.record(str(made.id), {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "100000", "currency": "USD"},
                    *[{"date": "2024-01-03", "kind": "BUY", "symbol": symbol, "quantity": str(quantity), "price": str(SYMBOLS[symbol][1])}
                      for symbol, quantity in quantities.items()])
        return str(made.id)

    def record(self, portfolio: str, *drafts: dict[str, Any]) -> None:
        self.services.transactions.record(self.actor, UUID(portfolio), list(drafts))

    def push(self, **prices: float) -> None:
        rows = [{"symbol": symbol, "price": price, "ts": calendar.now().isoformat(), "source": "test"} for symbol, price in prices.items()]
        result = self.services.market.push(self.actor, rows)
        assert result.accepted == len(rows), result


def furnished(services: Services, actor: Actor) -> World:
    """Furnish a workspace; prices are yesterday's closes until they are pushed."""
    yesterday = calendar.previous_business_day(calendar.today())
    for symbol, (currency, price) in SYMBOLS.items():
        services.instruments.put(actor, symbol, {"name": symbol, "asset_class": "equity", "currency": currency})
        services.instruments.put_bars(actor, symbol, [{"date": str(yesterday), "close": str(price)}])
    services.instruments.put(actor, "EURUSD", {"name": "Euro", "asset_class": "fx", "currency": "USD"})
    services.instruments.put_rates(actor, "EURUSD", [{"date": "2024-01-01", "rate": "1.10"}, {"date": str(yesterday), "rate": "1.20"}])
    return World(services, actor)
