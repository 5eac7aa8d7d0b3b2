"""The demo: three portfolios on real prices, so that the first look shows something one would recognise.

Prices are the adjusted closes of the skfolio package and the rates of the European Central Bank; after their last real day the
simulated market carries them on, and every bar, rate and quote of it is marked so. Because adjusted closes hold the dividends
already, the dividends of the ledgers are illustrative, and their notes say so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from data import calendar
from data.bus import Bus
from data.database import Database, Unit
from data.feed import Feed
from data.providers.simulated import SimulatedMarket
from data.records import StoredComponent
from data.settings import Settings
from engine.errors import BusError
from engine.types import Actor, AssetClass, Bar, Instrument
from services.demo.ledgers import ledger
from services.demo.plans import LISTINGS, MIXES, PLANS, Mix, Plan
from services.demo.writer import Market, cents

BEGINNING: Final = date(1990, 1, 1)
LEDGER_PAIRS: Final = ("EURUSD", "EURCHF", "EURGBP")
Say = Callable[[str], Any]
_log = logging.getLogger(__name__)


class Parts(Protocol):
    """What the demo needs of the services."""

    @property
    def settings(self) -> Settings:
        """Seed of the market."""

    @property
    def database(self) -> Database:
        """Where the demo is put."""

    @property
    def bus(self) -> Bus:
        """Who tells running servers."""

    @property
    def feed(self) -> Feed:
        """Who holds the latest quotes."""


def wanted(services: Parts) -> bool:
    """Tell whether this is a new database: nobody has put anything in, and no demo was thrown out."""
    with services.database.begin() as unit:
        actor = unit.system.local_actor()
        return not unit.portfolios.find(actor.workspace_id) and not unit.instruments.find(actor.workspace_id, limit=1)


def seed(services: Parts, *, say: Say) -> None:
    """Add the demo to the local workspace, unless it is there."""
    _refill(services, say, purge=False)


def reset(services: Parts, *, say: Say) -> None:
    """Remove the demo portfolios and add them anew; what a person recorded stays."""
    _refill(services, say, purge=True)


def _refill(services: Parts, say: Say, *, purge: bool) -> None:
    market = SimulatedMarket(seed=services.settings.simulated_seed)
    until = calendar.today() - timedelta(days=1)
    with services.database.begin() as unit:
        actor = unit.system.local_actor()
        instruments = _put_instruments(unit, actor, market)
        if purge:
            gone = unit.portfolios.purge([portfolio.id for portfolio in unit.portfolios.find(actor.workspace_id) if portfolio.demo])
            say(f"Demo: {gone} portfolios removed")
        if any(portfolio.demo for portfolio in unit.portfolios.find(actor.workspace_id)):
            say("Demo: it is there already")
            return
        closes = _put_bars(unit, instruments, market, until, say)
        rates = _put_rates(unit, actor, market, until, say)
        prices = Market(closes, rates, market.last_real("AAPL"))
        mixes = {mix.name: _put_mix(unit, actor, mix, instruments) for mix in MIXES}
        for plan in PLANS:
            _put_portfolio(unit, actor, plan, prices, until, say, benchmark=mixes.get(plan.benchmark, plan.benchmark))
    services.feed.forget([instrument.id for instrument in instruments.values()])
    _tell(services.bus, actor)


def _put_instruments(unit: Unit, actor: Actor, market: SimulatedMarket) -> dict[str, Instrument]:
    """Shares, the index and the currency pairs that tick."""
    put = unit.instruments.put
    shares = [
        put(actor.workspace_id, actor.user_id, listed.symbol, name=listed.name, asset_class=listed.asset_class, currency="USD",
            sector=listed.sector or None, country="US", exchange=listed.exchange, demo=True)[0]
        for listed in LISTINGS
    ]
    pairs = [
        put(actor.workspace_id, actor.user_id, pair, name=f"{pair[:3]}/{pair[3:]}", asset_class=AssetClass.FX, currency=pair[3:], demo=True)[0]
        for pair in market.pairs
    ]
    return {instrument.symbol: instrument for instrument in [*shares, *pairs]}


def _put_bars(unit: Unit, instruments: dict[str, Instrument], market: SimulatedMarket, until: date, say: Say) -> dict[str, dict[date, Any]]:
    """Store every bar; gives closes in cents by symbol and date."""
    closes, count = {}, 0
    for symbol in market.shares:
        bars = market.fetch_bars(instruments[symbol], BEGINNING, until)
        count += unit.instruments.put_bars(instruments[symbol].id, bars)
        closes[symbol] = _by_date(bars)
    say(f"Demo: {count:,} daily prices of {len(market.shares)} series, real until {market.last_real('AAPL')}, simulated since")
    return closes


def _by_date(bars: Iterable[Bar]) -> dict[date, Any]:
    return {bar.date: cents(bar.close) for bar in bars}


def _put_rates(unit: Unit, actor: Actor, market: SimulatedMarket, until: date, say: Say) -> dict[str, dict[date, Any]]:
    """Store every rate; gives those that the ledgers need by pair and date."""
    told = market.fetch_fx([*market.pairs, *market.past_pairs], BEGINNING, until)
    count = sum(unit.instruments.put_rates(actor.workspace_id, pair, rates) for pair, rates in told.items())
    say(f"Demo: {count:,} ECB rates of {len(told)} currencies, real until {market.last_real('EURUSD')}")
    return {pair: {rate.date: rate.rate for rate in told[pair]} for pair in LEDGER_PAIRS}


def _put_mix(unit: Unit, actor: Actor, mix: Mix, instruments: dict[str, Instrument]) -> str:
    """Add a blend, unless one of its name is there, which may be somebody's own by now; gives its key."""
    there = unit.benchmarks.named(actor.workspace_id, mix.name)
    parts = [StoredComponent("instrument", instruments[symbol].id, Decimal(points) / mix.points) for symbol, points in mix.shares.items()]
    cash = [StoredComponent("cash", None, Decimal(mix.cash) / mix.points, mix.cash_rate)] if mix.cash else []
    return str((there or unit.benchmarks.add(actor.workspace_id, actor.user_id, mix.name, mix.rebalancing, [*parts, *cash])).id)


def _put_portfolio(unit: Unit, actor: Actor, plan: Plan, prices: Market, until: date, say: Say, *, benchmark: str) -> None:
    portfolio = unit.portfolios.add(actor.workspace_id, actor.user_id, name=plan.name, base_currency=plan.base_currency,
                                    benchmark=benchmark, demo=True)
    entries = unit.ledger.add(ledger(plan, portfolio.id, prices, until=until), actor.workspace_id, actor.user_id)
    unit.portfolios.bump(portfolio.id)
    say(f"Demo: {plan.name}, {len(entries):,} transactions since {plan.opened}")


def _tell(bus: Bus, actor: Actor) -> None:
    """Let running servers read again."""
    try:
        bus.publish("portolan:market", {"workspace": str(actor.workspace_id)})
    except BusError as error:
        _log.warning("Running servers were not told of the demo: %s", error.message)
