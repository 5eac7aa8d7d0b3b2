"""A home with many portfolios on many instruments: written straight into the database where a request for each would take minutes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data import calendar, embedded
from data.database import migrate
from data.settings import Settings
from engine.types import AssetClass, Bar
from server import build_services
from tests.load.plan import Plan

if TYPE_CHECKING:
    from services import Services

PAIR, FOREIGN = "EURUSD", 5  # one instrument in five is in euro


@dataclass
class World:
    """Where everything is. `instruments` are (id, symbol, currency, price of yesterday); the first is the pair."""

    database_url: str
    redis_url: str
    portfolios: list[str] = field(default_factory=list)
    held: list[list[str]] = field(default_factory=list)  # symbols by portfolio
    instruments: list[tuple[str, str, str, float]] = field(default_factory=list)


@contextmanager
def world(home: Path, plan: Plan) -> Iterator[World]:
    """Furnish a home, or take it as it was furnished before; its PostgreSQL and Redis run meanwhile."""
    settings = Settings.from_env({"PORTOLAN_HOME": str(home), "MARKET_DATA": ""})
    running = embedded.start(settings, say=lambda _line: None)
    try:
        yield furnished(settings.with_urls(running.database_url, running.redis_url), home / f"world-{plan.portfolios}-{plan.holdings}.json", plan)
    finally:
        running.stop()


def furnished(settings: Settings, note: Path, plan: Plan) -> World:
    """Fill the database, once."""
    assert settings.database_url
    assert settings.redis_url
    if note.exists():
        return World(**{**json.loads(note.read_text()), "database_url": settings.database_url, "redis_url": settings.redis_url})
    migrate(settings.database_url)
    services, made = build_services(settings), World(settings.database_url, settings.redis_url)
    try:
        made.instruments = instruments(services, plan)
        fill(services, plan, made)
    finally:
        services.close()
    note.write_text(json.dumps(asdict(made)))
    return made


def instruments(services: Services, plan: Plan) -> list[tuple[str, str, str, float]]:
    """Put instruments with a year of weekly closes, so that pages have a past to show."""
    random, actor = np.random.default_rng(plan.seed), services.accounts.local()
    days = [calendar.today() - timedelta(days=7 * back + 1) for back in range(52)]
    found, series = [], {}
    with services.database.begin() as unit:
        for number in range(plan.instruments):
            symbol, currency = (PAIR, "USD") if number == 0 else (f"L{number:04}", "EUR" if number % FOREIGN == 0 else "USD")
            kind = AssetClass.FX if number == 0 else AssetClass.EQUITY
            made, _ = unit.instruments.put(actor.workspace_id, actor.user_id, symbol, name=f"Load {number}", asset_class=kind,
                                           currency=currency, sector=f"Sector {number % 11}")
            price = 1.1 if number == 0 else round(float(random.uniform(5, 500)), 2)
            found.append((str(made.id), symbol, currency, price))
            walk = price * np.exp(np.cumsum(np.append(0, random.normal(0, 0.01, len(days) - 1))))
            series[made.id] = [Bar(day, Decimal(f"{close:.4f}")) for day, close in zip(days, walk, strict=True)]
        unit.prices.put_series(series)
        rates = [(day, Decimal("1.10")) for day in days]
        unit.prices.put_rates(actor.workspace_id, PAIR, rates)
    return found


def fill(services: Services, plan: Plan, made: World) -> None:
    """Open the portfolios, by the way every transaction goes."""
    random, actor = np.random.default_rng(plan.seed + 1), services.accounts.local()
    bought = str(calendar.today() - timedelta(days=300))
    for number in range(plan.portfolios):
        portfolio = services.portfolios.create(actor, {"name": f"Load {number}", "base_currency": "USD"})
        picked = [made.instruments[1 + int(pick)] for pick in random.choice(plan.instruments - 1, plan.holdings, replace=False)]
        drafts = [{"date": bought, "kind": "DEPOSIT", "amount": "10000000", "currency": "USD"}]
        drafts += [{"date": bought, "kind": "BUY", "symbol": symbol, "quantity": int(random.integers(1, 200)), "price": price}
                   for _, symbol, _, price in picked]
        services.transactions.record(actor, portfolio.id, drafts)
        made.portfolios.append(str(portfolio.id))
        made.held.append([symbol for _, symbol, _, _ in picked])
