"""From a stored endpoint to the latest quote, by the way of every price."""

from __future__ import annotations

from uuid import uuid4

from data import calendar
from data.bus import Bus
from data.database import Database
from data.endpoint_records import Reading
from data.feed import Feed
from data.providers.endpoint import Endpoints
from data.providers.endpoint_hosts import Allowed, AllowList
from data.settings import Settings
from engine.types import Actor, Source
from tests.data.replay import Replay


def test_an_instrument_has_its_price_from_its_workspaces_endpoint(settings: Settings, database: Database, bus: Bus, actor: Actor) -> None:
    symbol = f"E{uuid4().hex[:8].upper()}"
    now = calendar.now().replace(microsecond=0)
    with Replay.serving(f'{{"last": "12.75", "at": "{now.isoformat()}"}}') as server:
        port = int(server.url.rpartition(":")[2])
        with database.begin() as unit:
            url = f"http://plain.example:{port}/{{symbol}}"
            unit.endpoints.add(actor.workspace_id, actor.user_id, name="desk", url=url, reading=Reading("last", time="at"))
            instrument, _ = unit.instruments.put(actor.workspace_id, actor.user_id, symbol, currency="USD", sources=(Source("endpoint", "desk/X.1"),))
        provider = Endpoints.from_settings(settings, database)
        provider.allowed = AllowList((Allowed("http", "plain.example", port),), lambda _name: ["93.184.216.34"])
        provider._addresses = lambda _name: ["127.0.0.1"]
        done = Feed(database, bus, [provider]).poll([instrument])
        assert server.asked == ["/X.1"]
    assert [(quote.symbol, quote.price, quote.ts, quote.source) for quote in done.accepted] == [(symbol, 12.75, now, "endpoint")]
    with database.read() as unit:
        assert unit.market.latest({instrument.id})[instrument.id].price == 12.75
        assert unit.endpoints.by_name(uuid4(), "desk") is None
