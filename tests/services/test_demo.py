"""The demo: seeded fast, exact to the cent, restored by reset, and nobody's own portfolio is touched."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from data import calendar
from data.bus import Bus
from data.database import Database, migrate
from data.feed import Feed
from data.providers.simulated import SimulatedMarket
from data.settings import Settings
from engine.types import Actor, AssetClass, Instrument, Kind, Portfolio, Quote, Transaction
from services.demo import service as demo
from services.demo.ledgers import ledger, lot
from services.demo.plans import LISTINGS, PLANS, Plan
from services.demo.writer import Market, cents

LAST_REAL = date(2022, 12, 28)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Parts:
    settings: Settings
    database: Database
    bus: Bus
    feed: Feed


@dataclass(frozen=True)
class Seeded:
    parts: Parts
    actor: Actor
    seconds: float
    lines: list[str]


@pytest.fixture(scope="module")
def parts(settings: Settings, database: Database, bus: Bus) -> Iterator[Parts]:
    """Parts on a database of their own: the demo lives in the one local workspace."""
    name = f"demo_{uuid4().hex[:12]}"
    with database.session() as session:
        session.execute(f'CREATE DATABASE "{name}"')
    url = sa.make_url(str(settings.database_url)).set(database=name).render_as_string(hide_password=False)
    migrate(url)
    own = Database(url)
    yield Parts(settings, own, bus, Feed(own, bus, []))
    own.close()
    with database.session() as session:
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def seeded(parts: Parts) -> Seeded:
    assert demo.wanted(parts)
    lines: list[str] = []
    started = time.perf_counter()
    demo.seed(parts, say=lines.append)
    took = time.perf_counter() - started
    with parts.database.begin() as unit:
        return Seeded(parts, unit.system.local_actor(), took, lines)


def demo_portfolios(seeded: Seeded) -> dict[str, Portfolio]:
    with seeded.parts.database.read() as unit:
        return {portfolio.name: portfolio for portfolio in unit.portfolios.find(seeded.actor.workspace_id) if portfolio.demo}


def entries(seeded: Seeded, name: str) -> list[Transaction]:
    with seeded.parts.database.read() as unit:
        return unit.ledger.find(demo_portfolios(seeded)[name].id)


@pytest.fixture(scope="module")
def prices() -> Market:
    """Market of the plans, straight from the packages."""
    source = SimulatedMarket(seed=7)
    made = {listed.symbol: demo_instrument(listed.symbol) for listed in LISTINGS}
    start, end = date(2013, 1, 1), calendar.today() - timedelta(days=1)
    closes = {symbol: {bar.date: cents(bar.close) for bar in source.fetch_bars(one, start, end)} for symbol, one in made.items()}
    told = source.fetch_fx(demo.LEDGER_PAIRS, start, end)
    return Market(closes, {pair: {rate.date: rate.rate for rate in rates} for pair, rates in told.items()}, LAST_REAL)


def demo_instrument(symbol: str) -> Instrument:
    return Instrument(uuid4(), uuid4(), symbol, symbol, AssetClass.EQUITY, "USD")


def money_trail(ledger_entries: list[Transaction]) -> Iterator[tuple[Transaction, dict[str, Decimal], dict[str, Decimal]]]:
    """Cash and quantities after each transaction, added up by the words of the contract."""
    cash, held = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
    for entry in ledger_entries:
        gross = entry.amount if entry.amount is not None else entry.quantity * entry.price
        sign = -1 if entry.kind in {Kind.BUY, Kind.WITHDRAWAL, Kind.FEE, Kind.FX_CONVERSION} else 1
        cash[entry.currency] += sign * gross - entry.fee - entry.tax
        if entry.kind in {Kind.BUY, Kind.SELL}:
            held[entry.symbol] -= sign * entry.quantity
        if entry.kind is Kind.FX_CONVERSION:
            cash[entry.to_currency] += entry.to_amount
        yield entry, cash, held


def test_seeding_is_quick_and_tells_what_it_does(seeded: Seeded) -> None:
    busy = max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0)  # others may share this machine
    assert seeded.seconds < 8 * busy
    assert len(seeded.lines) == 5
    assert not demo.wanted(seeded.parts)


def test_three_portfolios_a_person_would_recognise(seeded: Seeded) -> None:
    found = demo_portfolios(seeded)
    bases = {name: portfolio.base_currency for name, portfolio in found.items()}
    assert bases == {"US growth": "USD", "Global balanced": "EUR", "Concentrated": "USD"}
    for name in found:
        ledger_entries = entries(seeded, name)
        assert 300 < len(ledger_entries) < 1500
        assert {Kind.DEPOSIT, Kind.BUY, Kind.SELL, Kind.DIVIDEND, Kind.INTEREST, Kind.FEE} <= {entry.kind for entry in ledger_entries}
        months = {(entry.date.year, entry.date.month) for entry in ledger_entries if entry.kind is Kind.DEPOSIT}
        assert len(months) > 100
        assert ledger_entries[-1].date > calendar.today() - timedelta(days=45)


def test_a_second_seed_changes_nothing(seeded: Seeded) -> None:
    before = demo_portfolios(seeded)
    demo.seed(seeded.parts, say=lambda _line: None)
    assert demo_portfolios(seeded) == before


@pytest.mark.parametrize("name", [plan.name for plan in PLANS])
def test_every_amount_is_whole_cents(seeded: Seeded, name: str) -> None:
    for entry in entries(seeded, name):
        amounts = [entry.amount, entry.to_amount, entry.fee, entry.tax, entry.price]
        assert all(amount is None or amount == amount.quantize(CENT) for amount in amounts), entry
        if entry.quantity is not None:
            assert entry.quantity == int(entry.quantity)
            assert entry.quantity * entry.price == (entry.quantity * entry.price).quantize(CENT)


@pytest.mark.parametrize("name", [plan.name for plan in PLANS])
def test_cash_is_never_negative_and_only_the_planned_short_is(seeded: Seeded, name: str) -> None:
    [plan] = [plan for plan in PLANS if plan.name == name]
    for entry, cash, held in money_trail(entries(seeded, name)):
        assert min(cash.values()) >= 0, entry
        assert {symbol for symbol, quantity in held.items() if quantity < 0} <= plan.shorts.keys(), entry


@pytest.mark.parametrize("name", [plan.name for plan in PLANS])
def test_trades_are_at_the_close_of_a_trading_day_in_round_lots(seeded: Seeded, prices: Market, name: str) -> None:
    leavings = 0
    for entry in entries(seeded, name):
        if entry.kind in {Kind.BUY, Kind.SELL}:
            assert entry.price == prices.closes[entry.symbol][entry.date]
            assert (entry.note == "At a simulated price") == (entry.date > LAST_REAL)
            leavings += entry.quantity % 5 != 0
    assert leavings == 0


@pytest.mark.parametrize("name", [plan.name for plan in PLANS])
def test_dividends_are_paid_on_what_is_held_and_called_illustrative(seeded: Seeded, name: str) -> None:
    for entry, _, held in money_trail(entries(seeded, name)):
        if entry.kind is Kind.DIVIDEND:
            assert held[entry.symbol] > 0
            assert entry.amount * 100 % held[entry.symbol] == 0
            assert entry.note.startswith("Illustrative")


def test_conversions_are_at_the_reference_rate_of_their_day(seeded: Seeded, prices: Market) -> None:
    found = [entry for entry in entries(seeded, "Global balanced") if entry.kind is Kind.FX_CONVERSION]
    assert {(entry.currency, entry.to_currency) for entry in found} >= {("EUR", "USD"), ("EUR", "CHF"), ("EUR", "GBP"), ("GBP", "EUR")}
    for entry in found:
        assert entry.to_amount == cents(entry.amount * prices.rate(entry.currency, entry.to_currency, entry.date))
    *_, (_, cash, _) = money_trail(entries(seeded, "Global balanced"))
    assert all(cash[currency] > 1000 for currency in ("EUR", "USD", "CHF", "GBP"))


def test_values_are_those_of_a_household(seeded: Seeded, prices: Market) -> None:
    for plan in PLANS:
        *_, (last, cash, held) = money_trail(entries(seeded, plan.name))
        day = max(day for day in prices.rates["EURUSD"] if day <= last.date)
        dollars = sum(amount * prices.rate(currency, "USD", day) for currency, amount in cash.items())
        assert 100_000 < dollars + sum(quantity * prices.closes[symbol][day] for symbol, quantity in held.items()) < 1_500_000


def test_the_engine_books_the_demo_without_a_finding(seeded: Seeded) -> None:
    from engine.ledger import book  # noqa: PLC0415  # slow to import

    for portfolio in demo_portfolios(seeded).values():
        with seeded.parts.database.read() as unit:
            frame = unit.ledger.frame(portfolio.id)
            rates = unit.instruments.rates_frame(seeded.actor.workspace_id, list(demo.LEDGER_PAIRS))
        booked = book(frame, base_currency=portfolio.base_currency, fx=rates)
        assert booked.findings == ()
        assert booked.positions["realised"].abs().sum() > 0
        assert booked.positions["income"].sum() > 0
        *_, (_, cash, held) = money_trail(entries(seeded, portfolio.name))
        assert booked.cash["balance"].to_dict() == pytest.approx({currency: float(amount) for currency, amount in cash.items()}, abs=1e-6)
        open_positions = booked.positions.loc[booked.positions["quantity"] != 0, "quantity"].to_dict()
        assert open_positions == {symbol: float(quantity) for symbol, quantity in held.items() if quantity}


def test_prices_are_there_and_what_is_simulated_says_so(seeded: Seeded) -> None:
    with seeded.parts.database.read() as unit:
        instruments = {one.symbol: one for one in unit.instruments.find_all(seeded.actor.workspace_id)}
        apple = unit.instruments.bars(instruments["AAPL"].id)
        rates = unit.instruments.rates(seeded.actor.workspace_id, "EURUSD")
    assert (instruments["AAPL"].name, instruments["AAPL"].sector, instruments["AAPL"].country, instruments["AAPL"].exchange) == (
        "Apple", "Technology", "US", "XNAS")
    assert len([one for one in instruments.values() if one.sector]) == 20
    assert {bar.simulated for bar in apple if bar.date <= LAST_REAL} == {False}
    assert {bar.simulated for bar in apple if bar.date > LAST_REAL} == {True}
    assert apple[0].date == date(1990, 1, 2)
    assert calendar.today() - timedelta(days=4) < apple[-1].date < calendar.today()
    assert rates[0].date == date(1999, 1, 4)


def test_the_balanced_portfolio_is_measured_against_a_mix_of_every_sector(seeded: Seeded) -> None:
    with seeded.parts.database.read() as unit:
        mixes = {blend.name: blend for blend in unit.benchmarks.find(seeded.actor.workspace_id)}
        sectors = {one.id: one.sector for one in unit.instruments.find_all(seeded.actor.workspace_id)}
    assert set(mixes) == {"Sectors 90/10", "60/40 S&P 500 and cash"}
    for blend in mixes.values():
        assert sum(part.weight for part in blend.components) == 1
    found = demo_portfolios(seeded)
    assert found["Global balanced"].benchmark == str(mixes["Sectors 90/10"].id)
    assert found["US growth"].benchmark == found["Concentrated"].benchmark == "SP500"
    held = {sectors[part.instrument_id] for part in mixes["Sectors 90/10"].components if part.instrument_id}
    assert held == {listed.sector for listed in LISTINGS if listed.sector}


def test_reset_restores_the_demo_and_leaves_a_persons_own(seeded: Seeded) -> None:
    parts, actor = seeded.parts, seeded.actor
    with parts.database.begin() as unit:
        own = unit.portfolios.add(actor.workspace_id, actor.user_id, name="My own", base_currency="USD")
        [kept] = unit.ledger.add([Transaction(uuid4(), own.id, date(2024, 1, 2), Kind.DEPOSIT, amount=Decimal(1000), currency="USD")],
                                 actor.workspace_id, actor.user_id)
        old = {portfolio.name: portfolio.id for portfolio in unit.portfolios.find(actor.workspace_id)}
        unit.instruments.put(actor.workspace_id, actor.user_id, "AAPL", name="Renamed", sector="Fruit")
        unit.portfolios.remove(actor.workspace_id, old["Concentrated"])
        apple = unit.instruments.get(actor.workspace_id, "AAPL")
    now = datetime.now(UTC)
    parts.feed.ingest([Quote(apple.id, "AAPL", 500.0, now, now, "mine", "USD")], source="mine")
    before = [(entry.date, entry.kind, entry.symbol, entry.quantity, entry.amount) for entry in entries(seeded, "US growth")]
    demo.reset(parts, say=lambda _line: None)
    with parts.database.read() as unit:
        found = {portfolio.name: portfolio.id for portfolio in unit.portfolios.find(actor.workspace_id)}
        assert unit.ledger.find(own.id) == [kept]
        assert unit.instruments.get(actor.workspace_id, "AAPL").name == "Apple"
        assert unit.market.latest([apple.id]) == {}
    assert found.keys() == {"US growth", "Global balanced", "Concentrated", "My own"}
    assert found["US growth"] != old["US growth"]
    assert [(entry.date, entry.kind, entry.symbol, entry.quantity, entry.amount) for entry in entries(seeded, "US growth")] == before


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_longer_ledger_begins_with_the_shorter(plan: Plan, prices: Market) -> None:
    def facts(until: date) -> list[tuple[object, ...]]:
        written = ledger(plan, UUID(int=1), prices, until=until)
        return [(entry.date, entry.kind, entry.symbol, entry.quantity, entry.amount, entry.to_amount) for entry in written]

    short, long = facts(date(2021, 8, 17)), facts(calendar.today() - timedelta(days=1))
    assert long[: len(short)] == short
    assert len(long) > len(short)


@pytest.mark.parametrize(("price", "size"), [("4.20", 100), ("17.50", 50), ("40", 20), ("99.99", 10), ("480", 5)])
def test_people_buy_round_lots(price: str, size: int) -> None:
    assert lot(Decimal(price)) == size
