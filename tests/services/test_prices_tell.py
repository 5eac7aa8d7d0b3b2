"""Every price tells where it is from, when it was, how old it is and what its venue does; totals tell how much of them is old."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from data import calendar, venues
from data.database import Database
from engine.types import Actor, AssetClass, Bar, Instrument, PriceState, Quote
from services import Services
from services.live import figures
from services.live.board import Price
from services.market.marks import Freshness

OPEN = datetime(2024, 7, 2, 15, tzinfo=UTC)  # a Tuesday, New York trades
EVENING = datetime(2024, 7, 2, 23, tzinfo=UTC)
HOLIDAY = datetime(2024, 7, 4, 15, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    venues.load(["XNYS", "XTKS"])


def instrument(symbol: str = "ABC", currency: str = "USD", kind: AssetClass = AssetClass.EQUITY) -> Instrument:
    return Instrument(uuid4(), uuid4(), symbol, symbol, kind, currency)


@pytest.mark.parametrize(("now", "age", "state"), [
    (OPEN, timedelta(seconds=2), "live"), (OPEN, timedelta(minutes=5), "delayed"), (OPEN, timedelta(minutes=50), "stale"),
    (EVENING, timedelta(hours=3), "closed"), (EVENING, timedelta(hours=12), "stale"),  # of this session; of the one before
    (HOLIDAY, timedelta(hours=20), "closed"), (HOLIDAY, timedelta(days=3), "stale"),
    (OPEN + timedelta(days=4), timedelta(hours=18), "closed"),  # a Saturday, of Friday's session
])
def test_a_price_is_closed_where_its_venue_is_and_it_is_of_the_last_session(now: datetime, age: timedelta, state: str) -> None:
    assert Freshness(1).of_tick(age.total_seconds(), now, always_open=False, instrument=instrument())[0].value == state


def test_currencies_are_closed_at_the_weekend_and_coins_never() -> None:
    saturday = datetime(2024, 7, 6, 12, tzinfo=UTC)
    pair, coin = instrument("EURUSD", "USD", AssetClass.FX), instrument("BTC-USD", kind=AssetClass.CRYPTO)
    assert Freshness(1).of_tick(60_000, saturday, always_open=True, instrument=pair)[0] is PriceState.CLOSED
    assert Freshness(1).of_tick(60_000, OPEN, always_open=True, instrument=pair)[0] is PriceState.STALE
    assert Freshness(1).of_tick(60_000, saturday, always_open=True, instrument=coin)[0] is PriceState.STALE


def test_a_close_is_the_newest_until_the_next_session_is_over() -> None:
    assert Freshness.of_bar(date(2024, 7, 3), HOLIDAY, instrument())[0] is PriceState.CLOSED
    assert Freshness.of_bar(date(2024, 7, 1), OPEN, instrument())[0] is PriceState.CLOSED
    assert Freshness.of_bar(date(2024, 7, 1), EVENING, instrument())[0] is PriceState.STALE


@pytest.fixture
def held(services: Services, database: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> str:
    """10 OLD at 30, whose last close is of a week ago, and 10 NEW at 70, quoted now; 1,000 of cash."""
    with database.begin() as unit:
        old, new = (unit.instruments.put(actor.workspace_id, actor.user_id, symbol, currency="USD", exchange="NYSE")[0] for symbol in ("OLD", "NEW"))
        unit.instruments.put_bars(old.id, [Bar(date(2024, 6, 25), Decimal(30))])
    portfolio = services.portfolios.create(actor, {"name": "Mixed", "base_currency": "USD"})
    services.transactions.record(actor, portfolio.id, [
        {"date": "2024-06-20", "kind": "DEPOSIT", "amount": "2000", "currency": "USD"},
        {"date": "2024-06-20", "kind": "BUY", "symbol": "OLD", "quantity": "10", "price": "30"},
        {"date": "2024-06-20", "kind": "BUY", "symbol": "NEW", "quantity": "10", "price": "70"}])
    monkeypatch.setattr(calendar, "now", lambda: OPEN)
    services.feed.ingest([Quote(new.id, "NEW", 7000.0, OPEN - timedelta(seconds=3), OPEN, "wire", "USX")], source="wire")
    return str(portfolio.id)


def test_holdings_tell_it_all_and_totals_what_is_stale(services: Services, actor: Actor, held: str) -> None:
    view = services.valuation.holdings(actor, held)
    assert view.stale == {"stale_value": pytest.approx(300.0), "stale_share": pytest.approx(0.15), "stale_count": 1.0}
    new, old = view.quotes["NEW"], view.quotes["OLD"]
    assert (new.price, new.source, new.ts, new.received, new.age_seconds, new.state) == (70.0, "wire", OPEN - timedelta(seconds=3), OPEN, 3.0, "live")
    assert (new.mark, new.session) == ("USX/100", "open")
    assert (old.is_bar, old.state, old.received, old.session) == (True, "stale", None, "open")


def test_the_stream_tells_the_same(services: Services, actor: Actor, held: str) -> None:
    from services.live.still import still  # noqa: PLC0415  # reads what the stream would say

    told: dict[str, Any] = still(services.valuation, actor, held)[1]
    assert (told["stale_value"], told["stale_share"], told["stale_count"]) == (300.0, 0.15, 1)
    assert told["holdings"]["OLD"]["state"] == "stale"


def test_of_the_stream_what_is_stale_is_counted_in_cents() -> None:
    table = np.array([[100.0, 0, 0], [-50.0, 0, 0], [np.nan, 0, 0], [50.0, 0, 0]])
    told = figures.stale(table, ["stale", "live", "stale"])
    assert told == {"stale_value": 100.0, "stale_share": 0.5, "stale_count": 2}
    assert figures.stale(np.empty((0, 3)), []) == {"stale_value": 0.0, "stale_share": 0.0, "stale_count": 0}


def test_a_price_of_the_stream_says_its_age_and_how_it_was_repaired() -> None:
    told = Price("1", "ABC", 70.0, 1, 2, "wire", "USD", simulated=False, state=PriceState.LIVE, mark="1/100", age=1.5).encoded()
    assert '"age":1.5,"mark":"1/100"' in told
    assert '"source":"wire"' in told


def test_the_api_tells_it_too(client: Any) -> None:
    client.put("/api/v1/instruments/TELLS", json={"currency": "USD", "exchange": "NYSE"})
    client.post("/api/v1/quotes", json={"symbol": "TELLS", "price": 12.5, "source": "desk"})
    (told,) = client.get("/api/v1/quotes?symbols=TELLS").json()
    assert {"source", "ts", "received", "age_seconds", "state", "mark", "session"} <= told.keys()
    assert told["source"] == "desk"
    told = client.get("/api/v1/instruments/TELLS/history").json()
    assert (told["state"], told["bars"], told["done"], told["fraction"]) == ("none", 0, 0, None)
    assert client.post("/api/v1/instruments/TELLS/history").json()["state"] == "waiting"
    assert client.get("/api/v1/instruments/NOBODY/history").status_code == 404
    assert client.get("/api/v1/instruments/TELLS/history/revisions?after=x").status_code == 422
    client.put("/api/v1/instruments/TELLS/bars", json=[{"date": "2024-01-02", "close": "100"}, {"date": "2024-01-03", "close": "50"}])
    client.put("/api/v1/instruments/TELLS/actions", json=[{"date": "2024-01-03", "kind": "split", "ratio": "2"}])
    rows = client.get("/api/v1/instruments/TELLS/history/adjusted").json()
    assert [(row["raw_close"], row["close"], row["split"]) for row in rows] == [(100.0, 50.0, None), (50.0, 50.0, 2.0)]
