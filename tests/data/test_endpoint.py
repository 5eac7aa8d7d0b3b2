"""Endpoints of a user's own against real servers on loopback: what is read, what is refused, and where the connection really goes."""

from __future__ import annotations

import math
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.addresses import checked
from data.endpoint_records import Reading, StoredEndpoint
from data.providers.endpoint import Endpoints
from data.providers.endpoint_hosts import Allowed, AllowList
from data.providers.endpoint_reading import read, steps
from data.providers.wire import Answer
from engine.errors import InvalidInput, MalformedResponse, ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable, UnknownSymbol
from tests.data.listings import NOW, OWNER, listed, seen
from tests.data.replay import Replay, Told

PEM = Path(__file__).parent / "tls" / "prices.example.com.pem"
KEY = "marker-Key-7Q"
JSON = '{"data": {"last": 101.25, "ts": 1767384000000, "ccy": "USD", "size": 7}}'
AT = "2026-01-02T20:00:00+00:00"
HOST = "plain.example"
OF_JSON = Reading("data.last", time="data.ts", currency="data.ccy", volume="data.size")


def answered(body: str) -> Answer:
    return Answer(200, body.encode(), "text/plain", {}, NOW)


class Place:
    """A server under a name, and the client that asks it; the name is public as far as anybody can tell."""

    def __init__(self, server: Replay, *, path: str = "/last/{symbol}", reading: Reading = OF_JSON, key: str | None = None,
                 connect: Callable[[str], Sequence[str]] = lambda _name: ["127.0.0.1"]) -> None:
        port = int(server.url.rpartition(":")[2])
        self.url = f"http://{HOST}:{port}{path}"
        self.allowed = AllowList((Allowed("http", HOST, port),), lambda _name: ["93.184.216.34"])
        self.stored = StoredEndpoint(UUID(int=7), OWNER, OWNER, "desk", self.url, reading, 1, NOW, NOW)
        self.client = Endpoints(lambda _workspace, name: self.stored if name == "desk" else None, self.allowed, key, addresses=connect)


def asked(place: Place, *symbols: str) -> list[Any]:
    return [seen(quote) for quote in place.client.fetch_quotes([listed(symbol, endpoint=f"desk/{symbol}.X") for symbol in symbols], NOW)]


def test_a_quote_is_read_where_the_reading_says() -> None:
    with Replay.serving(JSON) as server:
        assert asked(Place(server), "AAPL") == [("AAPL", 101.25, AT, "USD", 7.0)]
        assert server.asked == ["/last/AAPL.X"]
        assert server.requests[0].headers["Host"].startswith(HOST)


def test_a_table_for_many_is_asked_for_once() -> None:
    table = "Ticker;Kurs;Zeit\nAAPL.X;1.234,50;2026-01-02 21:00\nMSFT.X;400,00;2026-01-02 21:00\n"
    reading = Reading("kurs", "csv", time="Zeit", symbol="ticker", delimiter=";", decimal=",", time_zone="Europe/Berlin")
    with Replay.serving(table, content_type="text/csv") as server:
        found = asked(Place(server, path="/all.csv", reading=reading), "AAPL", "MSFT", "GONE")
        assert found == [("AAPL", 1234.5, AT, "USD", None), ("MSFT", 400.0, AT, "USD", None)]
        assert len(server.asked) == 1


def test_a_redirect_is_not_followed_to_the_same_host_either() -> None:
    def rule(request: Any) -> Told:
        return Told(b"", 302, headers={"Location": "/elsewhere"}) if request.path != "/elsewhere" else Told(JSON.encode())

    with Replay(rule) as server:
        with pytest.raises(MalformedResponse):
            asked(Place(server), "AAPL")
        assert server.asked == ["/last/AAPL.X"]
    with Replay.fault("redirect_away") as server, pytest.raises(MalformedResponse):
        asked(Place(server), "AAPL")


def test_a_name_that_turns_private_after_it_was_checked_is_not_connected_to() -> None:
    """The first look-up says a public address, the second one, of the connection, this machine."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    looked_up: list[str] = []

    def rebinding(name: str) -> list[str]:
        looked_up.append(name)
        return next(answers)

    with Replay.serving(JSON) as server:
        place = Place(server)
        place.client = Endpoints(lambda _workspace, _name: place.stored, AllowList(place.allowed.entries, rebinding))
        place.client.allowed.check(place.url)
        with pytest.raises(ProviderRefused):
            asked(place, "AAPL")
        assert server.asked == []
    assert looked_up == [HOST, HOST]


def test_a_name_that_is_never_told_holds_nobody_up() -> None:
    """The resolver of the machine may take minutes: the deadline of the request counts."""
    told = threading.Event()
    with Replay.serving(JSON) as server:
        place = Place(server, connect=lambda _name: ["127.0.0.1"] if told.wait(60) else [])
        place.client._wire("desk", place.url).deadline_seconds = 0.2
        with pytest.raises(ProviderTimeout):
            asked(place, "AAPL")
        assert not told.is_set()
        told.set()


def test_what_is_connected_to_is_what_was_checked() -> None:
    """The resolver of the machine does not know the name: only the checked address can have been connected to."""
    with Replay.serving(JSON) as server:
        place = Place(server, connect=lambda name: ["127.0.0.1"] if name == HOST else pytest.fail(name))
        assert asked(place, "AAPL")
        with pytest.raises(ProviderRefused):
            asked(Place(server, connect=lambda name: checked(name, resolve=lambda _name: ["10.0.0.7"])), "AAPL")
        assert len(server.asked) == 1


@pytest.mark.parametrize(("host", "trusted"), [("prices.example.com", True), ("other.example.com", True), ("prices.example.com", False)])
def test_the_certificate_is_of_the_name_though_the_address_is_connected_to(host: str, trusted: bool) -> None:  # noqa: FBT001
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with Replay.serving(JSON) as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        port = int(server.url.rpartition(":")[2])
        url = f"https://{host}:{port}/{{symbol}}"
        stored = StoredEndpoint(UUID(int=7), OWNER, OWNER, "desk", url, OF_JSON, 1, NOW, NOW)
        allowed = AllowList((Allowed("https", host, port),), lambda _name: ["93.184.216.34"])
        client = Endpoints(lambda _workspace, _name: stored, allowed, addresses=lambda _name: ["127.0.0.1"])
        client._wire("desk", url)._session.verify = str(PEM) if trusted else True
        instrument = listed("AAPL", endpoint="desk")
        if host == "prices.example.com" and trusted:
            assert client.fetch_quotes([instrument], NOW)[0].price == 101.25
            assert client.fetch_quotes([instrument], NOW)[0].price == 101.25  # over the same connection
            return
        with pytest.raises(ProviderUnavailable):
            client.fetch_quotes([instrument], NOW)
        assert server.asked == []


def test_a_host_that_was_taken_off_the_list_is_asked_no_more() -> None:
    with Replay.serving(JSON) as server:
        place = Place(server)
        place.client.allowed = AllowList()
        with pytest.raises(ProviderRefused):
            asked(place, "AAPL")
        assert server.asked == []


def test_another_currency_than_the_instruments_is_no_price() -> None:
    with Replay.serving(JSON.replace("USD", "EUR")) as server, pytest.raises(MalformedResponse):
        asked(Place(server), "AAPL")


def test_pence_are_pounds() -> None:
    with Replay.serving(JSON.replace("USD", "GBp")) as server:
        found = Place(server).client.fetch_quotes([listed("VOD", "GBP", endpoint="desk")], NOW)
        assert [seen(quote) for quote in found] == [("VOD", 1.0125, AT, "GBP", 7.0)]


def test_the_key_stands_in_the_address_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"), Replay.fault("401") as server:
        place = Place(server, path="/{symbol}?token={key}", key=KEY)
        with pytest.raises(ProviderError) as raised:
            asked(place, "AAPL")
        told = place.client.trial("desk", place.url, OF_JSON, "AAPL")
    assert server.requests[0].query == {"token": KEY}
    assert told.error is not None
    assert KEY not in caplog.text + raised.value.message + str(raised.value.context) + repr(told)


def test_a_symbol_cannot_leave_its_place_in_the_address() -> None:
    with Replay.serving(JSON) as server:
        place = Place(server)
        for symbol in ("../../admin", "A?x=1", "A#b", "A\r\nHost: evil", "A" * 2000):
            with pytest.raises((InvalidInput, ProviderError)):
                place.client.fetch_quotes([listed("AAPL", endpoint=f"desk/{symbol}")], NOW)
        assert server.asked == []
        place.client.fetch_quotes([listed("BRK/B", endpoint="desk/BRK/B")], NOW)
        assert server.asked == ["/last/BRK%2FB"]


def test_an_endpoint_that_is_not_there_and_one_that_fails_leave_the_others_alone() -> None:
    with Replay.serving(JSON) as server:
        place = Place(server)
        instruments = [listed("A", endpoint="nowhere"), listed("B", endpoint="desk"), listed("C", endpoint="nowhere/X")]
        assert [quote.symbol for quote in place.client.fetch_quotes(instruments, NOW)] == ["B"]
        assert not place.client.covers(listed("D"))
    with Replay.serving("gone", 404) as server, pytest.raises(UnknownSymbol):
        asked(Place(server), "AAPL")


def test_a_trial_shows_what_would_be_read_and_what_stands_there() -> None:
    with Replay.serving(JSON) as server:
        place = Place(server)
        good = place.client.trial("desk", place.url, OF_JSON, "AAPL")
        bad = place.client.trial("desk", place.url, replace(OF_JSON, price="data.close"), "AAPL")
    assert good.seen is not None
    assert (str(good.seen.price), good.seen.ts, good.seen.currency) == ("101.25", datetime(2026, 1, 2, 20, tzinfo=UTC), "USD")
    assert (good.status, good.size, good.excerpt) == (200, len(JSON), JSON)
    assert bad.seen is None
    assert bad.error is not None
    assert "data.close" in bad.error.message
    assert bad.excerpt == JSON


PATHS = {
    "a": ["a"], "a.b[0].c": ["a", "b", "0", "c"], "[0].c": ["0", "c"], "a[-1]": ["a", "-1"], "/a.b/c~1d": ["a.b", "c/d"],
    "05. price": ["05", " price"],
    "/Global Quote/05. price": ["Global Quote", "05. price"], "": None, "a..b": None, "a.": None, "[x]": None, ".".join("a" * 30): None,
}  # fmt: skip


@pytest.mark.parametrize(("path", "found"), PATHS.items())
def test_paths(path: str, found: list[str] | None) -> None:
    assert steps(path) == found


@pytest.mark.parametrize(("value", "unit", "ts"), [
    ("1767384000", "auto", AT), ("1767384000000", "auto", AT), ("1767384000000000", "auto", AT), ("1767384000000000000", "auto", AT),
    ("1767384000", "s", AT), ("1767384000000", "ms", AT), ('"2026-01-02T20:00:00Z"', "auto", AT), ('"2026-01-02T21:00:00+01:00"', "iso", AT),
    ('"2026-01-02 20:00:00"', "auto", AT), ('"2026/01/02 20:00"', "auto", AT), ('"2026-01-02"', "auto", "2026-01-02T00:00:00+00:00"),
    ("1767384000", "iso", None), ('"yesterday"', "auto", None), ("0", "auto", None), ("null", "auto", None),
    ('"1767384000"', "auto", AT), ("true", "auto", None)])
def test_times(value: str, unit: str, ts: str | None) -> None:
    reading = Reading("p", time="t", time_unit=unit)
    body = answered(f'{{"p": 1.5, "t": {value}}}')
    if ts is None:
        with pytest.raises(MalformedResponse):
            read(reading, body, "A")
    else:
        found = read(reading, body, "A").ts
        assert found is not None
        assert found.isoformat() == ts


NO_PRICE = ["", "null", "[]", '{"p": 0}', '{"p": -1}', '{"p": NaN}', '{"p": "N/D"}', '{"p": 1e999}', '{"p": true}', '{"p": {}}', "<html>", '{"p": 1',
            '{"p": 1, "p": 2}']


@pytest.mark.parametrize("body", NO_PRICE)
def test_what_is_no_price(body: str) -> None:
    with pytest.raises(MalformedResponse):
        read(Reading("p"), answered(body), "A")


@pytest.mark.parametrize("body", ["", "a,b", "<html>", 'a,p\nA,"1', "a,p\nA,0", "a,p\nA,", "a,q\nA,1"])
def test_what_is_no_table(body: str) -> None:
    with pytest.raises(ProviderError):
        read(Reading("p", "csv"), answered(body), "A")


@given(body=st.text(max_size=200), price=st.text(max_size=20), form=st.sampled_from(["json", "csv"]), header=st.booleans())
def test_whatever_comes_is_a_price_or_refused(body: str, price: str, form: str, header: bool) -> None:  # noqa: FBT001
    try:
        found = read(Reading(price, form, header=header), answered(body), "A")
    except ProviderError:
        return
    assert math.isfinite(found.price)
    assert found.price > 0
