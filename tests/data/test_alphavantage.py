"""Alpha Vantage over HTTP on loopback, with small bodies of our own: units, plans, refusals, and a key that is never told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4
from zlib import crc32

import pytest

from data import calendar
from data.budgets import Limits, ProviderState
from data.database import Database
from data.providers.alphavantage import AlphaVantage
from data.providers.alphavantage_answers import refusal
from data.providers.wire import Wire
from engine.errors import InvalidInput, MalformedResponse, ProviderError, ProviderRefused, ProviderUnavailable, RateLimited, UnknownSymbol
from engine.types import AssetClass, Instrument
from tests.data.replay import Asked, Replay, Told

BODIES = Path(__file__).parent / "bodies" / "alphavantage"
KEY = "marker-Key-7Q"
NOW = datetime(2024, 6, 20, 12, tzinfo=UTC)
EVER = (date(1900, 1, 1), date(2030, 1, 1))
PREMIUM = b'{"Information": "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the premium plans"}'


def instrument(symbol: str, currency: str = "USD", kind: AssetClass = AssetClass.EQUITY, exchange: str | None = None) -> Instrument:
    return Instrument(UUID(int=1), UUID(int=99), symbol, symbol, kind, currency, exchange=exchange)


def body(name: str) -> bytes:
    return (BODIES / name).read_bytes()


@pytest.fixture
def server() -> Iterator[Replay]:
    with Replay() as running:
        yield running


def says(server: Replay, **told: bytes) -> AlphaVantage:
    """Let the server say one thing to each function; the same to all under `every`."""
    server.rule = lambda asked: Told(told.get(asked.query["function"], told.get("every", b"{}")))
    return AlphaVantage(Wire("alphavantage", server.url, secrets=[KEY], deadline_seconds=5), KEY)


def functions(server: Replay) -> list[str]:
    return [request.query["function"] for request in server.requests]


def test_a_quote_is_of_the_close_of_its_day(server: Replay) -> None:
    (quote,) = says(server, every=body("quote.json")).fetch_quotes([instrument("ABC")], NOW)
    assert (quote.price, quote.currency, quote.ts, quote.volume) == (10.25, "USD", datetime(2024, 6, 7, 20, tzinfo=UTC), 1200.0)


def test_a_quote_of_today_is_not_of_a_close_to_come(server: Replay) -> None:
    now = datetime(2024, 6, 7, 15, tzinfo=UTC)
    (quote,) = says(server, every=body("quote.json")).fetch_quotes([instrument("ABC")], now)
    assert quote.ts == now


def test_a_quote_of_another_symbol_is_refused(server: Replay) -> None:
    with pytest.raises(MalformedResponse):
        says(server, every=body("quote.json")).fetch_quotes([instrument("ABD")], NOW)


@pytest.mark.parametrize("told", [b'{"Global Quote": {}}', b"{}", b'{"Error Message": "Invalid API call. Please retry"}'])
def test_nothing_is_an_unknown_symbol_and_no_price(server: Replay, told: bytes) -> None:
    with pytest.raises(UnknownSymbol):
        says(server, every=told).fetch_quotes([instrument("ABC")], NOW)


def test_a_price_of_zero_is_none(server: Replay) -> None:
    assert says(server, every=body("quote.json").replace(b"10.2500", b"0.0000")).fetch_quotes([instrument("ABC")], NOW) == []


def test_london_is_asked_for_its_unit_once(server: Replay) -> None:
    client = says(server, GLOBAL_QUOTE=body("quote.json").replace(b'"ABC"', b'"ABC.LON"'), SYMBOL_SEARCH=body("search.json"))
    for _ in range(2):
        (quote,) = client.fetch_quotes([instrument("ABC", "GBP", exchange="XLON")], NOW)
        assert (quote.price, quote.currency) == (0.1025, "GBP")
    assert functions(server) == ["SYMBOL_SEARCH", "GLOBAL_QUOTE", "GLOBAL_QUOTE"]


def test_without_its_unit_london_has_no_price(server: Replay) -> None:
    client = says(server, GLOBAL_QUOTE=body("quote.json"), SYMBOL_SEARCH=b'{"bestMatches": []}')
    with pytest.raises(UnknownSymbol):
        client.fetch_quotes([instrument("ABC", "GBP", exchange="XLON")], NOW)
    assert functions(server) == ["SYMBOL_SEARCH"]


@pytest.mark.parametrize(("told", "symbol"), [
    (instrument("ABC"), "ABC"), (instrument("BRK.B", exchange="NYSE"), "BRK-B"), (instrument("ABC", "EUR", exchange="XETR"), "ABC.DEX"),
    (instrument("BTC", "USD", AssetClass.CRYPTO), "BTCUSD"), (instrument("BTC-EUR", "EUR", AssetClass.CRYPTO), "BTCEUR"),
    (instrument("EURUSD", "USD", AssetClass.FX), "EURUSD"),
])
def test_symbols_are_written_as_alpha_vantage_writes_them(server: Replay, told: Instrument, symbol: str) -> None:
    client = says(server)
    assert client.covers(told)
    assert client.symbol(told) == symbol


@pytest.mark.parametrize("told", [
    instrument("ABC", "EUR"), instrument("ABC", "SEK", exchange="XSTO"), instrument("ABC", kind=AssetClass.BOND), instrument("../x"),
])
def test_what_it_is_not_known_to_have_is_not_asked_for(server: Replay, told: Instrument) -> None:
    assert not says(server).covers(told)


def test_a_paid_plan_has_the_adjusted_history(server: Replay) -> None:
    client = says(server, TIME_SERIES_DAILY_ADJUSTED=body("adjusted.json"))
    found = client.fetch_history(instrument("ABC"), *EVER)
    assert [(bar.date.day, str(bar.close), str(bar.adjusted_close)) for bar in found.bars] == [(6, "10.0", "5.0"), (7, "5.2", "5.2")]
    assert [(action.date.day, action.kind, action.ratio or action.amount) for action in found.actions] == [
        (6, "dividend", Decimal("0.1500")), (7, "split", Decimal("2.0"))]
    assert client.premium
    assert server.requests[0].query["outputsize"] == "full"


def test_a_free_plan_is_found_out_by_asking_once(server: Replay) -> None:
    client = says(server, TIME_SERIES_DAILY_ADJUSTED=PREMIUM, TIME_SERIES_DAILY=body("daily.json"))
    for _ in range(2):
        assert [bar.date.day for bar in client.fetch_history(instrument("ABC"), *EVER).bars] == [6, 7]
    assert functions(server).count("TIME_SERIES_DAILY_ADJUSTED") == 1
    assert [request.query["outputsize"] for request in server.requests if request.query["function"] == "TIME_SERIES_DAILY"] == ["compact", "compact"]


SPLITS = json.dumps({"symbol": "ABC", "data": [
    {"effective_date": "2024-06-07", "split_factor": "2.0000"}, {"effective_date": "1999-05-27", "split_factor": "4"}]}).encode()
DIVIDENDS = json.dumps({"symbol": "ABC", "data": [
    {"ex_dividend_date": "2024-06-06", "payment_date": "None", "amount": "0.15"}, {"ex_dividend_date": "None", "amount": "0.2"},
    {"ex_dividend_date": "2024-07-01", "amount": "None"}]}).encode()


def test_a_free_plan_has_its_actions_as_lists(server: Replay) -> None:
    client = says(server, TIME_SERIES_DAILY=body("daily.json"), SPLITS=SPLITS, DIVIDENDS=DIVIDENDS)
    client.premium = False
    found = client.fetch_history(instrument("ABC"), *EVER).actions
    assert [(action.date.isoformat(), action.kind, action.ratio or action.amount) for action in found] == [
        ("1999-05-27", "split", Decimal(4)), ("2024-06-06", "dividend", Decimal("0.15")), ("2024-06-07", "split", Decimal("2.0000"))]
    assert client.fetch_actions(instrument("ABC"), date(2024, 6, 7), date(2024, 6, 7)) == found[2:]


@pytest.mark.parametrize(("close", "asked"), [(b"10.0", False), (b"20.0", True)])
def test_a_short_history_asks_for_the_lists_where_a_close_leaps(server: Replay, monkeypatch: pytest.MonkeyPatch, close: bytes, asked: bool) -> None:  # noqa: FBT001
    monkeypatch.setattr(calendar, "now", lambda: datetime(2024, 6, 8 if crc32(b"ABC") % 7 != 5 else 9, 12, tzinfo=UTC))
    told = body("daily.json").replace(b'"4. close": "10.0"', b'"4. close": "' + close + b'"').replace(b'"2. high": "10.2"', b'"2. high": "20.2"')
    says(server, TIME_SERIES_DAILY=told, SPLITS=SPLITS, DIVIDENDS=DIVIDENDS).fetch_history(instrument("ABC"), date(2024, 6, 1), date(2024, 6, 8))
    assert ("SPLITS" in functions(server)) is asked


def test_bars_are_kept_where_the_budget_ends_before_the_lists(server: Replay) -> None:
    client = says(server, TIME_SERIES_DAILY=body("daily.json"), SPLITS=b'{"Information": "our standard API rate limit is 25 requests per day."}')
    client.premium = False
    found = client.fetch_history(instrument("ABC"), *EVER)
    assert (len(found.bars), found.actions) == (2, [])


def test_requests_of_one_question_are_spaced_and_not_refused(server: Replay, database: Database) -> None:
    """Our own bucket has one request: the second waits for the next instead of failing the question."""
    says(server, TIME_SERIES_DAILY=body("daily.json"), SPLITS=SPLITS, DIVIDENDS=DIVIDENDS)
    state = ProviderState(database, f"alphavantage{uuid4().hex[:8]}", Limits(per_second=10, burst=1))
    client = AlphaVantage(Wire("alphavantage", server.url, state=state), KEY)
    client.premium = False
    assert len(client.fetch_history(instrument("ABC"), *EVER).actions) == 3
    assert functions(server) == ["TIME_SERIES_DAILY", "SPLITS", "DIVIDENDS"]


def test_a_wrong_key_is_not_taken_for_a_free_plan(server: Replay) -> None:
    client = says(server, every=b'{"Error Message": "the parameter apikey is invalid or missing."}')
    with pytest.raises(ProviderRefused):
        client.fetch_history(instrument("ABC"), *EVER)
    assert client.premium is None
    assert len(server.requests) == 1


def test_a_plan_without_minutes_is_asked_once(server: Replay) -> None:
    client = says(server, every=PREMIUM)
    with pytest.raises(ProviderRefused):
        client.fetch_intraday([instrument("ABC")], NOW, NOW, every_seconds=60)
    assert client.fetch_intraday([instrument("ABC")], NOW, NOW, every_seconds=60) == []
    assert len(server.requests) == 1


def test_minutes_may_come_as_csv(server: Replay) -> None:
    client = says(server, every=body("minutes.csv"))
    quotes = client.fetch_intraday([instrument("ABC")], datetime(2024, 6, 7, tzinfo=UTC), datetime(2024, 6, 8, tzinfo=UTC), every_seconds=90)
    assert [(quote.price, quote.ts.isoformat()) for quote in quotes] == [(10.1, "2024-06-07T19:59:00+00:00"), (10.25, "2024-06-07T20:00:00+00:00")]
    assert server.requests[0].query["interval"] == "1min"


def test_csv_that_breaks_off_is_refused_as_a_whole(server: Replay) -> None:
    """A number that lost its last digits is a wrong price that looks right."""
    for cut in (3, 7, 12):
        client = says(server, every=body("minutes.csv")[:-cut])
        with pytest.raises(MalformedResponse):
            client.fetch_intraday([instrument("ABC")], datetime(2024, 6, 7, tzinfo=UTC), NOW, every_seconds=60)


def test_a_day_that_still_runs_has_no_bar(server: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    client = says(server, TIME_SERIES_DAILY=body("daily.json"))
    client.premium = False
    monkeypatch.setattr(calendar, "now", lambda: datetime(2024, 6, 7, 19, 59, tzinfo=UTC))
    assert [bar.date.day for bar in client.fetch_bars(instrument("ABC"), *EVER)] == [6]
    monkeypatch.setattr(calendar, "now", lambda: datetime(2024, 6, 7, 20, 1, tzinfo=UTC))
    assert [bar.date.day for bar in client.fetch_bars(instrument("ABC"), *EVER)] == [6, 7]


def test_a_coin_is_told_in_the_currency_asked_for(server: Replay) -> None:
    found = says(server, every=body("coin.json")).fetch_history(instrument("BTC", "CNY", AssetClass.CRYPTO), *EVER)
    assert [(str(bar.close), str(bar.open)) for bar in found.bars] == [("505000.5", "500000.1")]


def test_pairs(server: Replay) -> None:
    client = says(server, FX_DAILY=body("pair.json"), CURRENCY_EXCHANGE_RATE=body("rate.json"))
    assert [(rate.date, rate.rate) for rate in client.fetch_fx(["EURUSD"], *EVER)["EURUSD"]] == [(date(2024, 6, 7), Decimal("1.0801"))]
    (quote,) = client.fetch_quotes([instrument("EURUSD", "USD", AssetClass.FX)], NOW)
    assert (quote.price, quote.ts) == (1.085, datetime(2024, 6, 7, 12, tzinfo=UTC))
    with pytest.raises(MalformedResponse):
        client.fetch_fx(["EURGBP"], *EVER)


def test_a_search_tells_the_currency_not_the_unit(server: Replay) -> None:
    (hit,) = says(server, every=body("search.json")).search("abc")
    assert (hit.symbol, hit.currency, hit.exchange) == ("ABC.LON", "GBP", "United Kingdom")


def test_what_is_no_symbol_is_not_asked_for(server: Replay) -> None:
    with pytest.raises(InvalidInput):
        says(server).fetch_quotes([instrument("A\r\nB")], NOW)
    assert server.asked == []


@pytest.mark.parametrize(("text", "kind", "until"), [
    ("Please consider spreading out your requests (1 request per second) ... (25 requests per day) ... all premium endpoints", RateLimited, "burst"),
    ("Our standard API call frequency is 5 calls per minute and 500 calls per day.", RateLimited, "burst"),
    ("We have detected your API key as demo7 and our standard API rate limit is 25 requests per day. premium plans", RateLimited, "day"),
    ("The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY endpoint.", ProviderRefused, None),
    ("Thank you for using Alpha Vantage! This is a premium endpoint. 25 requests per day", ProviderRefused, None),
    ("The **demo** API key is for demo purposes only.", ProviderRefused, None),
    ("the parameter apikey is invalid or missing.", ProviderRefused, None),
    ("Invalid API call. Please retry", UnknownSymbol, None),
    ("We are down for maintenance", ProviderUnavailable, None),
    ("Something that was never said before", MalformedResponse, None),
])
@pytest.mark.parametrize("notice", ["Information", "Note", "Error Message"])
def test_refusals_are_told_apart(text: str, kind: type[ProviderError], until: str | None, notice: str) -> None:
    error = refusal({notice: text}, "ABC")
    assert type(error) is kind
    assert error.context.get("until") == until


@pytest.mark.parametrize("text", [
    "We have detected your API key as {} and our standard API rate limit is 25 requests per day.", "Who is {}?", "{} is a premium endpoint",
])
def test_the_key_is_never_told(server: Replay, text: str) -> None:
    def rule(asked: Asked) -> Told:
        return Told(json.dumps({"Information": text.format(asked.query["apikey"])}).encode())
    client = says(server)
    server.rule = rule
    with pytest.raises(ProviderError) as raised:
        client.fetch_quotes([instrument("ABC")], NOW)
    assert KEY not in raised.value.message + json.dumps(raised.value.context)
    assert server.requests[0].query["apikey"] == KEY


def test_every_answer_may_come_as_csv(server: Replay) -> None:
    quote = b"symbol,open,high,low,price,volume,latestDay,previousClose,change,changePercent\r\nABC,10,11,9,10.25,1200,2024-06-07,10,0.25,2.5%\r\n"
    (found,) = says(server, every=quote).fetch_quotes([instrument("ABC")], NOW)
    assert (found.price, found.ts) == (10.25, datetime(2024, 6, 7, 20, tzinfo=UTC))
    hits = b"symbol,name,type,region,marketOpen,timezone,currency,matchScore\r\nABC,ABC Inc,ETF,United States,09:30,UTC-04,USD,1.0\r\n"
    assert [(hit.symbol, hit.asset_class, hit.currency) for hit in says(server, every=hits).search("abc")] == [("ABC", AssetClass.FUND, "USD")]
    days = (b"timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\r\n"
            b"2024-06-07,5.1,5.3,5.0,5.2,5.2,2400,0.0,2.0\r\n2024-06-06,10,10.2,9.8,10,5,900,0.15,1.0\r\n")
    history = says(server, every=days).fetch_history(instrument("ABC"), *EVER)
    assert [(bar.date.day, str(bar.close), str(bar.adjusted_close)) for bar in history.bars] == [(6, "10", "5"), (7, "5.2", "5.2")]
    assert [action.kind for action in history.actions] == ["dividend", "split"]


def test_a_quote_that_is_delayed_is_a_quote(server: Replay) -> None:
    told = body("quote.json").replace(b'"Global Quote"', b'"Global Quote - DATA DELAYED BY 15 MINUTES"')
    assert len(says(server, every=told).fetch_quotes([instrument("ABC")], NOW)) == 1
