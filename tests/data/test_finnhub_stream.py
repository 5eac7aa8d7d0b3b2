"""Finnhub's socket against a real server on loopback: what is asked for, what is told, and that the key is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from websockets.sync.server import ServerConnection, serve

from data import calendar
from data.bus import Bus
from data.database import Database
from data.feed import Feed
from data.providers.finnhub import Finnhub
from data.providers.finnhub_stream import FinnhubDialect
from data.providers.wire import Wire
from engine.errors import MalformedResponse
from engine.types import Actor, Instrument, Quote
from tests.data.listings import listed
from tests.data.replay import patience

KEY = "marker-Key-7Q"
AT = 1575526691134
AAPL, MSFT = listed("AAPL"), listed("MSFT")


class Socket:
    """A server that notes what it is asked and tells frames to whoever subscribes."""

    def __init__(self, frames: list[str], *, hang_up_after: int = 0) -> None:
        self.frames, self.hang_up_after = frames, hang_up_after
        self.paths: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.opened = 0

    def __call__(self, line: ServerConnection) -> None:
        self.opened += 1
        assert line.request is not None
        self.paths.append(line.request.path)
        for message in line:
            self.asked.append(json.loads(message))
            for frame in self.frames:
                line.send(frame)
            if self.opened <= self.hang_up_after:
                return

    @contextmanager
    def running(self) -> Iterator[str]:
        with serve(self, "127.0.0.1", 0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
            server.shutdown()


def trades(*rows: tuple[str, float, int, float]) -> str:
    return json.dumps({"type": "trade", "data": [{"s": symbol, "p": price, "t": ts, "v": size, "c": None} for symbol, price, ts, size in rows]})


def heard(socket: Socket, wanted: int) -> tuple[list[Quote], Any]:
    """Hold the line up until so many quotes came; gives them and how the line fared."""
    taken: list[Quote] = []
    with socket.running() as url:
        stream = Finnhub(Wire("finnhub", f"{url}/api/v1"), KEY).stream(lambda batch, **_: taken.extend(batch), lambda: [AAPL, MSFT])
        stream._first_pause = 0.01
        try:
            with patience() as left:
                while left() and (len(taken) < wanted or not stream.status().messages):
                    stream.tend()
                    threading.Event().wait(0.02)
            status = stream.status()
        finally:
            stream.stop()
    return taken, status


def test_trades_come_as_quotes_and_equal_ones_all_of_them() -> None:
    frame = trades(*[("AAPL", 220.5, AT, 100)] * 3, ("OTHER", 1.0, AT, 1))
    socket = Socket([json.dumps({"type": "ping"}), frame])
    taken, _ = heard(socket, 3)
    assert len(taken) % 3 == 0
    assert {(quote.symbol, quote.price, quote.volume, quote.source) for quote in taken} == {("AAPL", 220.5, 100.0, "finnhub")}
    assert taken[0].ts == datetime(2019, 12, 5, 6, 18, 11, 134000, tzinfo=UTC)
    assert {message["symbol"] for message in socket.asked} == {"AAPL", "MSFT"}
    assert all(message["type"] == "subscribe" for message in socket.asked)
    assert socket.paths[0] == f"/?token={KEY}"


def test_equal_trades_are_stored_all_of_them(database: Database, bus: Bus, actor: Actor) -> None:
    symbol = f"N{uuid4().hex[:8].upper()}"
    with database.begin() as unit:
        instrument, _ = unit.instruments.put(actor.workspace_id, actor.user_id, symbol, currency="USD")
    now = calendar.milliseconds(calendar.now())
    socket = Socket([trades((symbol, 220.5, now - 1000, 100), *[(symbol, 220.5, now, 100)] * 3, (symbol, 220.75, now, 1))])
    feed = Feed(database, bus, [])
    with socket.running() as url:
        stream = Finnhub(Wire("finnhub", url), KEY).stream(feed.ingest, lambda: [instrument])
        with patience() as left:
            while left() and len(told := ticks(database, instrument)) < 5:
                stream.tend()
                threading.Event().wait(0.02)
        stream.stop()
    assert told == [(220.5, 100.0), (220.5, 100.0), (220.5, 100.0), (220.5, 100.0), (220.75, 1.0)]
    assert ticks(database, instrument) == told


def ticks(database: Database, instrument: Instrument) -> list[tuple[float, float]]:
    with database.read() as unit:
        rows = unit.market.fetch("SELECT price, volume FROM quote_tick WHERE instrument_id = %s ORDER BY sequence", [instrument.id])
    return [(float(price), float(volume)) for price, volume in rows]


def test_a_line_that_is_cut_is_opened_again() -> None:
    socket = Socket([trades(("AAPL", 220.5, AT, 100))], hang_up_after=1)
    taken, _ = heard(socket, 2)
    assert len(taken) >= 2
    assert socket.opened >= 2


def test_a_complaint_and_rubbish_are_told_and_the_line_goes_on() -> None:
    socket = Socket(['{"msg": "Subscribing to too many symbols", "type": "error"}', "<html>", "[]", trades(("AAPL", 220.5, AT, 100))])
    taken, status = heard(socket, 1)
    assert taken
    assert status.unreadable >= 3


LACKING = [
    {}, {"s": "A"}, {"s": "A", "p": 0, "t": AT}, {"s": "A", "p": -1, "t": AT}, {"s": "A", "p": "NaN", "t": AT}, {"s": "A", "p": 1e999, "t": AT},
    {"s": "A", "p": 1, "t": AT * 10**6}, {"s": "A", "p": 1, "t": 0}, {"s": 5, "p": 1, "t": AT}, None,
]  # fmt: skip


@pytest.mark.parametrize("trade", LACKING)
def test_a_trade_that_lacks_something_is_no_price(trade: object) -> None:
    dialect = FinnhubDialect(lambda one: one.symbol)
    with pytest.raises(MalformedResponse):
        dialect.read(json.dumps({"type": "trade", "data": [trade]}))
    if trade is not None:
        good = {"s": "A", "p": 1.5, "t": AT, "v": 1}
        assert [float(tick.price) for tick in dialect.read(json.dumps({"type": "trade", "data": [trade, good]}))] == [1.5]


@pytest.mark.parametrize("frame", ["", "null", "[1]", '{"type": "news"}', '{"type": "trade"}', '{"type": "trade", "data": {}}', b"\xff\xfe",
                                   "[" * 100_000, '{"type": "error"}'])
def test_a_frame_that_is_none(frame: str | bytes) -> None:
    with pytest.raises(MalformedResponse):
        FinnhubDialect(lambda one: one.symbol).read(frame)
