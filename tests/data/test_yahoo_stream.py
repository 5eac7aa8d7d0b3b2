"""The line of Yahoo against a real websocket server on loopback: frames, merging, heartbeat, breaking off, units, and the feed behind it."""

from __future__ import annotations

import base64
import json
import struct
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from data import calendar
from data.bus import Bus
from data.database import Database
from data.feed import Feed
from data.providers.protobuf import fields
from data.providers.streaming import Stream
from data.providers.wire import Wire
from data.providers.yahoo import Yahoo
from data.providers.yahoo_stream import FIELDS, HOME, YahooDialect, decoded, frame, stream_url
from data.settings import Settings
from engine.errors import MalformedResponse, StorageError
from engine.types import Actor, AssetClass, Instrument, Quote, Source
from tests.data.replay import patience

APPLE_FRAME = {"type": "pricing", "message": "CgRBQVBMFR9lnUMYoNyyi8VcKgNOTVMwCDgBRYJBE0BI5J7fEGWAj+JA2AEE"}  # 314.79 at 16:55:38Z on 2020-05-18
T0 = 1_700_000_000_000


def varint(value: int) -> bytes:
    told = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        told.append(low | (0x80 if value else 0))
        if not value:
            return bytes(told)


def packed(**told: Any) -> bytes:
    """Write a message as Yahoo does; by hand, so that reader and writer share nothing."""
    numbers = {name: (number, kind) for number, (name, kind) in FIELDS.items()}
    parts = []
    for name, value in told.items():
        number, kind = numbers[name]
        if kind == "string":
            parts.append(varint(number << 3 | 2) + varint(len(value.encode())) + value.encode())
        elif kind in {"float", "double"}:
            parts.append(varint(number << 3 | (5 if kind == "float" else 1)) + struct.pack("<f" if kind == "float" else "<d", value))
        else:
            parts.append(varint(number << 3) + varint((value << 1) ^ (value >> 63) if kind == "sint64" else value))
    return b"".join(parts)


def tick(**told: Any) -> str:
    return json.dumps({"type": "pricing", "message": base64.b64encode(packed(**told)).decode()})


def instrument(symbol: str, currency: str = "USD", number: int = 1) -> Instrument:
    return Instrument(UUID(int=number), UUID(int=99), symbol, symbol, AssetClass.EQUITY, currency)


class Exchange:
    """A server of the socket: keeps what it hears, and says what it is told to."""

    def __init__(self, greeting: Callable[[int], list[str]] = lambda _number: []) -> None:
        self.heard: list[tuple[int, dict[str, Any]]] = []
        self.lines: list[ServerConnection] = []
        self.greeting = greeting
        self._server = serve(self._serve, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/?version=2"

    def _serve(self, line: ServerConnection) -> None:
        number = len(self.lines)
        self.lines.append(line)
        try:
            for message in line:
                self.heard.append((number, json.loads(message)))
                for text in self.greeting(number):
                    line.send(text)
        except ConnectionClosed:
            return

    def subscribed(self, number: int = 0) -> list[list[str]]:
        return [told["subscribe"] for line, told in self.heard if line == number and "subscribe" in told]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()


class Taker:
    """Stands in for the feed: keeps batches, and fails where it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[Quote]] = []
        self.failing = False

    def __call__(self, quotes: list[Quote], *, source: str) -> None:
        assert source == "yahoo"
        if self.failing:
            raise StorageError("The database does not answer.")
        self.batches.append(list(quotes))

    @property
    def prices(self) -> list[tuple[str, float]]:
        return [(quote.symbol, quote.price) for batch in self.batches for quote in batch]


def comes_true(what: Callable[[], object]) -> bool:
    """Wait until something holds."""
    with patience() as time_is_left:
        while not what() and time_is_left():
            time.sleep(0.01)
    return bool(what())


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    opened = Exchange()
    yield opened
    opened.close()


@pytest.fixture
def lines() -> Iterator[list[Stream]]:
    """Lines that are ended after the test."""
    opened: list[Stream] = []
    yield opened
    for line in opened:
        line.stop()


def line(lines: list[Stream], url: str, taker: Callable[..., object], wanted: list[Instrument], units: dict[str, str] | None = None,
         **options: float) -> Stream:
    """Open a line that is tended once."""
    dialect = YahooDialect(lambda one: one.symbol, {"AAPL": "USD", "MSFT": "USD"} if units is None else units, lambda _fresh: [])
    made = Stream(dialect, url, taker, lambda: wanted, **{"first_pause_seconds": 0.01, **options})
    lines.append(made)
    made.tend()
    return made


def test_prices_come_in_as_they_are_told(exchange: Exchange, lines: list[Stream]) -> None:
    exchange.greeting = lambda _number: [json.dumps(APPLE_FRAME), tick(id="MSFT", price=410.5, time=T0, market_hours=1, day_volume=7, price_hint=2)]
    taker = Taker()
    line(lines, exchange.url, taker, [instrument("AAPL"), instrument("MSFT", number=2)])
    assert comes_true(lambda: len(taker.prices) == 2)
    assert exchange.subscribed() == [["AAPL", "MSFT"]]
    assert taker.prices == [("AAPL", 314.79), ("MSFT", 410.5)]
    first, second = (quote for batch in taker.batches for quote in batch)
    assert (first.ts, first.currency, first.volume, first.source) == (datetime(2020, 5, 18, 16, 55, 38, tzinfo=UTC), "USD", 17557426.0, "yahoo")
    assert (second.instrument_id, second.volume) == (UUID(int=2), 7.0)


def test_two_instruments_of_one_symbol_are_both_told(exchange: Exchange, lines: list[Stream]) -> None:
    exchange.greeting = lambda _number: [json.dumps(APPLE_FRAME)]
    taker = Taker()
    line(lines, exchange.url, taker, [instrument("AAPL"), instrument("AAPL", number=2)])
    assert comes_true(lambda: len(taker.prices) == 2)
    assert {quote.instrument_id.int for batch in taker.batches for quote in batch} == {1, 2}


def test_what_is_asked_for_is_asked_again_as_a_heartbeat(exchange: Exchange, lines: list[Stream]) -> None:
    line(lines, exchange.url, Taker(), [instrument("AAPL")], heartbeat_seconds=0.05)
    assert comes_true(lambda: len(exchange.subscribed()) >= 3)
    assert {tuple(symbols) for symbols in exchange.subscribed()} == {("AAPL",)}


def test_a_line_that_breaks_off_is_opened_again(exchange: Exchange, lines: list[Stream]) -> None:
    taker = Taker()
    opened = line(lines, exchange.url, taker, [instrument("AAPL")])
    assert comes_true(exchange.subscribed)
    exchange.greeting = lambda _number: [json.dumps(APPLE_FRAME)]
    exchange.lines[0].socket.close()
    assert comes_true(lambda: taker.prices)
    assert exchange.subscribed(1) == [["AAPL"]]
    assert opened.status().connected


def test_nobody_there_is_no_end(lines: list[Stream]) -> None:
    gone = Exchange()
    url = gone.url
    gone.close()
    opened = line(lines, url, Taker(), [instrument("AAPL")])
    assert comes_true(lambda: opened.status().error)
    assert "127.0.0.1" not in str(opened.status().error), "its address may hold a key"
    assert not opened.status().connected


def test_what_is_wanted_may_change(exchange: Exchange, lines: list[Stream]) -> None:
    wanted = [instrument("AAPL"), instrument("MSFT", number=2)]
    opened = line(lines, exchange.url, Taker(), wanted)
    assert comes_true(exchange.subscribed)
    wanted[:] = [instrument("AAPL"), instrument("TSLA", number=3)]
    opened.tend()
    assert comes_true(lambda: len(exchange.heard) >= 3)
    assert [told for _, told in exchange.heard[1:]] == [{"unsubscribe": ["MSFT"]}, {"subscribe": ["TSLA"]}]


def test_a_line_that_nobody_tends_ends_and_can_begin_again(exchange: Exchange, lines: list[Stream]) -> None:
    opened = line(lines, exchange.url, Taker(), [instrument("AAPL")], untended_seconds=0.3)
    assert comes_true(exchange.subscribed)
    assert comes_true(lambda: not opened.status().connected)
    opened.tend()
    assert comes_true(lambda: exchange.subscribed(1))


def test_a_line_is_not_opened_for_nothing(exchange: Exchange, lines: list[Stream]) -> None:
    opened = line(lines, exchange.url, Taker(), [])
    opened.stop()
    assert exchange.lines == []


def test_what_cannot_be_read_is_counted_and_the_line_goes_on(exchange: Exchange, lines: list[Stream]) -> None:
    rubbish = ["", "{", "[]", '{"type":"pricing"}', '{"type":"pricing","message":7}', '{"type":"pricing","message":"!!"}', "<html>", "ÿ", "Cg"]
    exchange.greeting = lambda _number: [*rubbish, '{"type":"hello"}', json.dumps(APPLE_FRAME)]
    taker = Taker()
    opened = line(lines, exchange.url, taker, [instrument("AAPL")])
    assert comes_true(lambda: taker.prices == [("AAPL", 314.79)])
    assert opened.status().unreadable >= len(rubbish) - 1, "an empty frame tells nothing"
    assert len(exchange.lines) == 1


def test_what_the_feed_cannot_take_now_is_kept(exchange: Exchange, lines: list[Stream]) -> None:
    taker = Taker()
    taker.failing = True
    exchange.greeting = lambda _number: [json.dumps(APPLE_FRAME)]
    opened = line(lines, exchange.url, taker, [instrument("AAPL")])
    assert comes_true(lambda: opened.status().error)
    taker.failing = False
    assert comes_true(lambda: taker.prices == [("AAPL", 314.79)])


def test_a_line_begins_with_quotes(exchange: Exchange, lines: list[Stream]) -> None:
    first = Quote(UUID(int=1), "AAPL", 1.0, datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC), "yahoo", "USD")
    taker = Taker()
    made = Stream(YahooDialect(lambda one: one.symbol, {}, lambda fresh: [first] * len(fresh)), exchange.url, taker, lambda: [instrument("AAPL")])
    lines.append(made)
    made.tend()
    assert comes_true(lambda: taker.batches == [[first]])


def test_the_line_feeds_the_feed(exchange: Exchange, lines: list[Stream], database: Database, bus: Bus, actor: Actor) -> None:
    with database.begin() as unit:
        apple = unit.instruments.put(actor.workspace_id, actor.user_id, "AAPL", name="Apple", asset_class=AssetClass.EQUITY, currency="USD")[0]
    now = int(calendar.now().timestamp() * 1000)
    exchange.greeting = lambda _number: [tick(id="AAPL", price=200.5 + step, time=now - 5000 + step, market_hours=1) for step in range(3)]
    line(lines, exchange.url, Feed(database, bus, []).ingest, [apple])

    def latest() -> float | None:
        with database.read() as unit:
            found = unit.market.latest({apple.id}).get(apple.id)
        return found.price if found else None
    assert comes_true(lambda: latest() == 202.5)


# what a frame says


def dialect(units: dict[str, str]) -> YahooDialect:
    return YahooDialect(lambda one: one.symbol, units, lambda _fresh: [])


def test_fields_that_are_not_sent_did_not_change() -> None:
    told = dialect({"A": "USD"})
    assert [str(each.price) for each in told.read(tick(id="A", price=12.34, time=T0, market_hours=1, price_hint=2))] == ["12.34"]
    assert told.read(tick(id="A", day_volume=900)) == [], "no price was told"
    (later,) = told.read(tick(id="A", price=12.35))
    assert (later.ts, later.volume) == (datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), 900.0)


def test_a_price_without_an_instant_is_none() -> None:
    assert dialect({"A": "USD"}).read(tick(id="A", price=12.34)) == []


@pytest.mark.parametrize("hours", [0, 2, 3, 4])
def test_only_the_regular_session_counts(hours: int) -> None:
    told = dialect({"A": "USD"})
    assert told.read(tick(id="A", price=12.34, time=T0, market_hours=hours)) == []
    assert told.read(tick(id="A", price=12.35)) == [], "still the same hours"
    assert len(told.read(tick(id="A", price=12.36, market_hours=1))) == 1


def test_pence_are_known_from_elsewhere_or_there_is_no_price(exchange: Exchange, lines: list[Stream]) -> None:
    frames = [tick(id="ABC.L", price=305.5, time=T0, market_hours=1), tick(id="XYZ.L", price=305.5, time=T0, market_hours=1),
              tick(id="DEF.L", price=99.0, time=T0, market_hours=1, currency="GBP")]
    exchange.greeting = lambda _number: frames
    taker = Taker()
    line(lines, exchange.url, taker, [instrument("ABC.L", "GBP"), instrument("XYZ.L", "GBP", 2), instrument("DEF.L", "GBP", 3)], {"ABC.L": "GBp"})
    assert comes_true(lambda: len(taker.prices) == 2)
    assert taker.prices == [("ABC.L", 3.055), ("DEF.L", 99.0)]


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf"), 1e30])
def test_what_is_no_price_is_none(price: float) -> None:
    assert dialect({"A": "USD"}).read(tick(id="A", price=price, time=T0, market_hours=1)) == []


def test_version_1_sends_the_bare_text() -> None:
    assert frame(APPLE_FRAME["message"]) == frame(json.dumps(APPLE_FRAME)) == frame(json.dumps(APPLE_FRAME).encode())


def test_negative_numbers_are_zig_zag() -> None:
    assert decoded(packed(id="A", time=-1, expire_date=-(2**63), open_interest=2**63 - 1)) == {
        "id": "A", "time": -1, "expire_date": -(2**63), "open_interest": 2**63 - 1}


def test_fields_that_are_not_known_are_passed_over() -> None:
    assert decoded(varint(999 << 3 | 2) + varint(2) + b"xy" + packed(id="A")) == {"id": "A"}


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_an_error(message: bytes) -> None:
    try:
        assert all(field.number > 0 for field in fields(message))
    except ValueError:
        return


@given(st.integers(0, 60), st.integers(0, 255))
def test_a_broken_frame_tells_a_price_or_is_refused(place: int, byte: int) -> None:
    message = bytearray(base64.b64decode(APPLE_FRAME["message"]))
    message[place % len(message)] = byte
    try:
        found = dialect({"AAPL": "USD"}).read(base64.b64encode(message).decode())
    except MalformedResponse:
        return
    assert all(0 < each.price < 10**15 and each.ts.tzinfo for each in found)


def test_the_socket_goes_with_the_base_url() -> None:
    assert stream_url(Yahoo.home, Yahoo.home) == HOME
    assert stream_url("https://proxy.example:8443/yahoo", Yahoo.home) == "wss://proxy.example:8443/?version=2"


def test_the_socket_may_be_set_apart() -> None:
    settings = Settings.from_env({"YAHOO_BASE_URL": "http://127.0.0.1:1", "YAHOO_STREAM_URL": "ws://127.0.0.1:2/?version=2"})
    assert Yahoo.from_settings(settings, None).socket == "ws://127.0.0.1:2/?version=2"
    assert Settings.from_env(settings.as_environment()).provider_stream_urls == settings.provider_stream_urls
    assert Yahoo.from_settings(Settings.from_env({}), None).socket == HOME


def test_the_provider_makes_its_line(exchange: Exchange, lines: list[Stream]) -> None:
    """The line asks for what Yahoo covers only, under Yahoo's own symbols."""
    yahoo = Yahoo(Wire("yahoo", "http://127.0.0.1:1", deadline_seconds=1), socket=exchange.url)
    wanted = [Instrument(UUID(int=1), UUID(int=9), "APPLE", "Apple", AssetClass.EQUITY, "USD", sources=(Source("yahoo", "AAPL"),)),
              Instrument(UUID(int=2), UUID(int=9), "House", "House", AssetClass.OTHER, "USD")]
    made = yahoo.stream(Taker(), lambda: wanted)
    lines.append(made)
    assert made.tend() == {"stream": "yahoo", "symbols": 1, "connected": False, "ticks": 0, "since": None, "error": None}
    assert comes_true(lambda: exchange.subscribed() == [["AAPL"]])
    opened = made.tend()
    assert opened is not None
    assert (opened["connected"], opened["since"]) == (True, made.status().since and made.status().since.isoformat())
    assert made.tend() is None, "that was told"
    assert calendar.now() - timedelta(minutes=5) < (made.status().since or calendar.now())
