"""Yahoo over HTTP on loopback: what its traps become, with small bodies of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from data import calendar
from data.budgets import OPENS_AFTER, Limits, ProviderState, health
from data.database import Database
from data.providers.wire import Wire
from data.providers.yahoo import Yahoo
from data.providers.yahoo_symbols import same, yahoo_symbol
from engine.errors import InvalidInput, MalformedResponse, ProviderUnavailable, RateLimited, UnknownSymbol
from engine.types import AssetClass, Instrument, Source
from tests.data.replay import Asked, Replay, Told

BODIES = Path(__file__).parent / "bodies" / "yahoo"
NOW = datetime(2024, 6, 20, 12, tzinfo=UTC)
EVER = (date(1900, 1, 1), date(2030, 1, 1))


def instrument(symbol: str, currency: str = "GBP", kind: AssetClass = AssetClass.EQUITY, exchange: str | None = None, number: int = 1) -> Instrument:
    return Instrument(UUID(int=number), UUID(int=99), symbol, symbol, kind, currency, exchange=exchange)


def listed(*symbols: str) -> list[Instrument]:
    return [instrument(symbol, number=number) for number, symbol in enumerate(symbols)]


def body(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((BODIES / name).read_text(encoding="utf-8"))
    return told


def client(server: Replay) -> Yahoo:
    return Yahoo(Wire("yahoo", server.url, deadline_seconds=5, headers=Yahoo.headers))


@pytest.fixture
def server() -> Iterator[Replay]:
    with Replay() as running:
        yield running


def says(server: Replay, told: object) -> Yahoo:
    """Let the server say one thing to everybody."""
    text = told if isinstance(told, str) else json.dumps(told)
    server.rule = lambda _asked: Told(text.encode())
    return client(server)


def test_bars_are_what_was_traded_that_day(server: Replay) -> None:
    """A split of 4 for 1 on the 11th: the days before are four times what the chart says, in pounds, and a quarter of the volume."""
    found = says(server, body("chart-days.json")).fetch_history(instrument("ABC.L"), *EVER)
    assert found.currency == "GBP"
    assert [(bar.date.isoformat(), str(bar.close), str(bar.volume)) for bar in found.bars] == [
        ("2024-06-07", "6.0035", "10000"), ("2024-06-11", "1.515", "11000"), ("2024-06-12", "1.5125", "9000")]
    assert [(action.date.isoformat(), action.kind, action.ratio, action.amount, action.currency) for action in found.actions] == [
        ("2024-06-10", "dividend", None, Decimal("0.045"), "GBP"), ("2024-06-11", "split", Decimal(4), None, None)]


def test_of_two_rows_of_a_day_the_later_counts_and_a_null_is_no_bar(server: Replay) -> None:
    bars = says(server, body("chart-days.json")).fetch_bars(instrument("ABC.L"), *EVER)
    assert [bar.date.day for bar in bars] == [7, 11, 12]
    assert bars[-1].close == Decimal("1.5125")


def test_events_may_be_a_table(server: Replay) -> None:
    told = body("chart-days.json")
    events = told["chart"]["result"][0]["events"]
    told["chart"]["result"][0]["events"] = {kind: {str(each["date"]): each for each in rows} for kind, rows in events.items()}
    assert len(says(server, told).fetch_actions(instrument("ABC.L"), *EVER)) == 2


def test_a_day_that_still_runs_has_no_bar(server: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    yahoo = says(server, body("chart-days.json"))
    monkeypatch.setattr(calendar, "now", lambda: datetime(2024, 6, 12, 15, 29, tzinfo=UTC))
    assert yahoo.fetch_bars(instrument("ABC.L"), *EVER)[-1].date == date(2024, 6, 11)
    monkeypatch.setattr(calendar, "now", lambda: datetime(2024, 6, 12, 15, 30, tzinfo=UTC))
    assert yahoo.fetch_bars(instrument("ABC.L"), *EVER)[-1].date == date(2024, 6, 12)


def test_a_history_reaches_to_the_present_so_that_later_splits_are_known(server: Replay) -> None:
    bars = says(server, body("chart-days.json")).fetch_bars(instrument("ABC.L"), date(2024, 6, 7), date(2024, 6, 7))
    assert [str(bar.close) for bar in bars] == ["6.0035"]
    asked = server.requests[0].query
    assert int(asked["period1"]) < 1717743600
    assert int(asked["period2"]) > calendar.now().timestamp()
    assert asked["events"] == "div|split"


@pytest.mark.parametrize("broken", [{"date": 1718089200, "numerator": 4, "denominator": 0}, {"date": 1718089200}, {"numerator": 4, "denominator": 1}])
def test_a_split_that_cannot_be_read_fails_the_history(server: Replay, broken: dict[str, int]) -> None:
    told = body("chart-days.json")
    told["chart"]["result"][0]["events"]["splits"] = [broken]
    with pytest.raises(MalformedResponse):
        says(server, told).fetch_history(instrument("ABC.L"), *EVER)


@pytest.mark.parametrize(("key", "value"), [
    ("currency", None), ("exchangeTimezoneName", "Mars/Olympus"), ("symbol", "DEF.L"), ("dataGranularity", "1mo"),
])
def test_a_chart_that_reads_in_more_than_one_way_is_refused(server: Replay, key: str, value: object) -> None:
    told = body("chart-days.json")
    told["chart"]["result"][0]["meta"][key] = value
    with pytest.raises(MalformedResponse):
        says(server, told).fetch_history(instrument("ABC.L"), *EVER)


def test_one_symbols_odd_chart_is_not_held_against_the_provider(database: Database) -> None:
    told = body("chart-days.json")
    told["chart"]["result"][0]["meta"]["currency"] = None
    with Replay.serving(json.dumps(told)) as odd:
        state = ProviderState(database, f"yahoo{uuid4().hex[:8]}", Limits())
        yahoo = Yahoo(Wire("yahoo", odd.url, state=state))
        for _ in range(OPENS_AFTER + 1):
            with pytest.raises(MalformedResponse):
                yahoo.fetch_quotes([instrument("ABC.L")], NOW)
        assert [each.breaker for each in health(database) if each.provider == state.provider] == ["closed"]


def test_a_phantom_is_not_known(server: Replay) -> None:
    with pytest.raises(UnknownSymbol):
        says(server, body("chart-phantom.json")).fetch_quotes([instrument("ABC.L")], NOW)


def test_a_quote_is_told_in_pounds(server: Replay) -> None:
    (quote,) = says(server, body("chart-days.json")).fetch_quotes([instrument("ABC.L")], NOW)
    assert (quote.price, quote.currency, quote.ts, quote.volume) == (1.5125, "GBP", datetime(2024, 6, 12, 15, 30, tzinfo=UTC), 9000.0)


def test_minutes_are_told_when_they_are_over(server: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    yahoo = says(server, body("chart-minutes.json"))
    monkeypatch.setattr(calendar, "now", lambda: datetime(2024, 6, 10, 6, 17, 20, tzinfo=UTC))
    quotes = yahoo.fetch_intraday([instrument("ABC.L")], datetime(2024, 6, 10, 6, tzinfo=UTC), datetime(2024, 6, 10, 7, tzinfo=UTC), every_seconds=60)
    assert [(quote.price, quote.ts.isoformat()) for quote in quotes] == [(10.25, "2024-06-10T06:16:00+00:00"), (10.5, "2024-06-10T06:17:20+00:00")]


def test_minutes_of_long_ago_are_not_asked_for(server: Replay) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert client(server).fetch_intraday([instrument("ABC.L")], long_ago, long_ago, every_seconds=60) == []
    assert server.asked == []


def gate(crumb: str, *, cookie: str = "A3=d=abc&S=xyz; Expires=Tue, 10 Jun 2025 20:26:48 GMT; Domain=.yahoo.com; Path=/") -> Any:
    """Answer as Yahoo does: a cookie for the doorway, a crumb for the cookie, quotes for both."""
    def rule(asked: Asked) -> Told:
        if asked.path == "/":
            return Told(b"", 404, "text/html", {"Set-Cookie": cookie} if cookie else {})
        if asked.path == "/v1/test/getcrumb":
            return Told(crumb.encode(), 200, "text/plain")
        if asked.path == "/v7/finance/quote":
            allowed = asked.query.get("crumb") == crumb and "A3=d=abc&S=xyz" in asked.headers.get("Cookie", "")
            return Told((BODIES / "quotes.json").read_bytes()) if allowed else Told(b'{"finance":{"error":{"code":"Unauthorized"}}}', 401)
        return Told(json.dumps(chart_of(asked.path.rpartition("/")[2])).encode())
    return rule


def chart_of(symbol: str) -> dict[str, Any]:
    told = body("chart-days.json")
    told["chart"]["result"][0]["meta"]["symbol"] = symbol
    return told


def test_many_quotes_are_one_request_with_cookie_and_crumb(server: Replay) -> None:
    server.rule = gate("abc.DEF/12")
    quotes = client(server).fetch_quotes(listed("ABC.L", "XYZ", "OLD", "GONE"), NOW)
    assert [(quote.symbol, quote.price, quote.currency) for quote in quotes] == [("ABC.L", 1.5125, "GBP")]
    assert [request.path for request in server.requests] == ["/", "/v1/test/getcrumb", "/v7/finance/quote"]
    assert server.requests[-1].query["symbols"] == "ABC.L,XYZ,OLD,GONE"


def test_the_ticket_is_kept(server: Replay) -> None:
    server.rule = gate("abc.DEF/12")
    yahoo = client(server)
    for _ in range(2):
        yahoo.fetch_quotes(listed("ABC.L", "XYZ"), NOW)
    assert [request.path for request in server.requests].count("/v1/test/getcrumb") == 1


@pytest.mark.parametrize("crumb", ["Too Many Requests", "<html>", "", '{"a":1}', "x" * 200, "Edge: Too Many Requests"])
def test_what_is_no_crumb_is_not_taken_for_one(server: Replay, crumb: str) -> None:
    server.rule = gate(crumb)
    quotes = client(server).fetch_quotes(listed("ABC.L", "XYZ"), NOW)
    assert [quote.symbol for quote in quotes] == ["ABC.L", "XYZ"], "charts answer instead"
    assert not [request for request in server.requests if request.path == "/v7/finance/quote"]


def test_without_a_cookie_no_crumb_is_asked_for(server: Replay) -> None:
    server.rule = gate("abc.DEF/12", cookie="")
    assert len(client(server).fetch_quotes(listed("ABC.L", "XYZ"), NOW)) == 2
    assert "/v1/test/getcrumb" not in [request.path for request in server.requests]


def test_a_ticket_that_is_refused_is_thrown_away(server: Replay) -> None:
    take = gate("abc.DEF/12")
    server.rule = lambda asked: Told(b'{"finance":{"error":{"code":"Unauthorized"}}}', 401) if asked.path.startswith("/v7") else take(asked)
    yahoo = client(server)
    for _ in range(2):
        assert len(yahoo.fetch_quotes(listed("ABC.L", "XYZ"), NOW)) == 2
    assert [request.path for request in server.requests].count("/v7/finance/quote") == 1


def test_a_browser_is_named(server: Replay) -> None:
    says(server, body("chart-days.json")).fetch_quotes([instrument("ABC.L")], NOW)
    assert server.requests[0].headers["User-Agent"].startswith("Mozilla/5.0")


def test_what_was_found_before_the_provider_failed_is_kept(server: Replay) -> None:
    def rule(asked: Asked) -> Told:
        symbol = asked.path.rpartition("/")[2]
        return Told(b"Too Many Requests", 429, "text/plain") if symbol == "B" else Told(json.dumps(chart_of(symbol)).encode())
    server.rule = rule
    yahoo = client(server)
    assert [quote.symbol for quote in yahoo.fetch_quotes(listed("A", "B", "C"), NOW)] == ["A"]
    assert [quote.symbol for quote in yahoo.fetch_quotes(listed("A", "C"), NOW)] == ["C", "A"]
    assert [request.path.rpartition("/")[2] for request in server.requests if "chart" in request.path] == ["A", "B", "C", "A"]


def test_a_symbol_that_is_not_known_fails_no_other(server: Replay) -> None:
    def rule(asked: Asked) -> Told:
        symbol = asked.path.rpartition("/")[2]
        unknown = b'{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}'
        return Told(unknown, 404) if symbol == "B" else Told(json.dumps(chart_of(symbol)).encode())
    server.rule = rule
    assert [quote.symbol for quote in client(server).fetch_quotes(listed("A", "B", "C"), NOW)] == ["A", "C"]
    with pytest.raises(UnknownSymbol):
        client(server).fetch_quotes(listed("B"), NOW)


def test_a_limit_said_with_status_200_is_a_limit(server: Replay) -> None:
    with pytest.raises(RateLimited):
        says(server, "Too Many Requests\r\n").fetch_quotes([instrument("ABC.L")], NOW)


def test_an_error_inside_is_named(server: Replay) -> None:
    with pytest.raises(ProviderUnavailable):
        says(server, {"chart": {"result": None, "error": {"code": "Internal Server Error", "description": "x"}}}).fetch_quotes([instrument("A")], NOW)


def test_a_search_gives_what_can_be_asked_for(server: Replay) -> None:
    hits = says(server, body("search.json")).search("  abc\r\n")
    assert [(hit.symbol, hit.name, hit.asset_class, hit.exchange) for hit in hits] == [
        ("ABC.L", "ABC PLC", AssetClass.EQUITY, "London"), ("ABC-USD", "Abc coin", AssetClass.CRYPTO, "CCC")]
    assert server.requests[0].query["q"] == "abc"


@pytest.mark.parametrize("symbol", ["../../etc", "A\r\nB", "A" * 2000, "a b", ""])
def test_what_is_no_symbol_is_not_asked_for(server: Replay, symbol: str) -> None:
    yahoo = client(server)
    assert not yahoo.covers(instrument(symbol))
    with pytest.raises(InvalidInput):
        yahoo.fetch_history(instrument(symbol), *EVER)
    assert server.asked == []


@pytest.mark.parametrize(("told", "symbol"), [
    (instrument("VOD", exchange="XLON"), "VOD.L"),
    (instrument("VOD.L", exchange="LSE"), "VOD.L"),
    (instrument("SAP", "EUR", exchange="XETRA"), "SAP.DE"),
    (instrument("BRK.B", "USD", exchange="NYSE"), "BRK-B"),
    (instrument("BRK.B", "USD"), "BRK-B"),
    (instrument("NOVO.B", "DKK", exchange="XCSE"), "NOVO-B.CO"),
    (instrument("SAP.DE", "EUR"), "SAP.DE"),
    (instrument("^GSPC", "USD", AssetClass.INDEX), "^GSPC"),
    (instrument("EURUSD", "USD", AssetClass.FX), "EURUSD=X"),
    (instrument("BTC", "USD", AssetClass.CRYPTO), "BTC-USD"),
    (instrument("BTCUSD", "USD", AssetClass.CRYPTO), "BTC-USD"),
    (instrument("BTC-EUR", "EUR", AssetClass.CRYPTO), "BTC-EUR"),
])
def test_symbols_are_written_as_yahoo_writes_them(told: Instrument, symbol: str) -> None:
    assert yahoo_symbol(told) == symbol


def test_an_instrument_may_name_its_own_symbol(server: Replay) -> None:
    named = Instrument(UUID(int=1), UUID(int=2), "MINE", "Mine", AssetClass.OTHER, "GBP", sources=(Source("yahoo", "ABC.L"),))
    yahoo = says(server, body("chart-days.json"))
    assert yahoo.covers(named)
    assert [quote.symbol for quote in yahoo.fetch_quotes([named], NOW)] == ["MINE"]


def test_the_dollar_pairs_are_told_without_the_dollar() -> None:
    assert same("INR=X", "USDINR=X")
    assert same("aapl", "AAPL")
    assert not same("EUR=X", "GBPEUR=X")
    assert not same("AAPL", "AAP")
