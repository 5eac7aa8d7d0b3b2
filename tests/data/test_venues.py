"""When venues trade: sessions, half days, holidays, lunch breaks, summer time; the week of currencies; crypto at any hour."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from data import venues
from data.venues import Session
from engine.types import AssetClass, Instrument

ROOT = Path(__file__).parents[2]


def instrument(symbol: str, currency: str = "USD", kind: AssetClass = AssetClass.EQUITY, exchange: str | None = None) -> Instrument:
    return Instrument(UUID(int=1), UUID(int=1), symbol, symbol, kind, currency, exchange=exchange)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


APPLE = instrument("AAPL")


@pytest.mark.parametrize(("symbol", "currency", "exchange", "venue"), [
    ("AAPL", "USD", None, "XNYS"), ("BRK.B", "USD", None, "XNYS"), ("VOD.L", "GBP", None, "XLON"), ("SAP.DE", "EUR", None, "XETR"),
    ("MC", "EUR", "Paris", "XPAR"), ("MC", "EUR", "XPAR", "XPAR"), ("7203.T", "JPY", None, "XTKS"), ("NESN", "CHF", None, "XSWX"),
    ("AAPL", "USD", "NMS", "XNYS"), ("X", "XOF", None, "XNYS"),
])
def test_the_venue_is_of_the_exchange_else_of_the_suffix_else_of_the_currency(symbol: str, currency: str, exchange: str | None, venue: str) -> None:
    assert venues.venue_of(instrument(symbol, currency, exchange=exchange)) == venue


@pytest.mark.parametrize(("instant", "session"), [
    ("2024-07-02T13:29:59", "pre"), ("2024-07-02T13:30:00", "open"), ("2024-07-02T19:59:59", "open"), ("2024-07-02T20:00:00", "post"),
    ("2024-07-02T08:00:00", "pre"), ("2024-07-02T07:59:59", "closed"), ("2024-07-03T00:00:00", "closed"),
    ("2024-07-03T16:59:59", "open"), ("2024-07-03T17:00:00", "post"),  # a half day
    ("2024-07-04T15:00:00", "closed"), ("2024-07-06T15:00:00", "closed"),  # Independence Day, a Saturday
    ("2026-03-06T14:30:00", "open"), ("2026-03-09T13:30:00", "open"), ("2026-03-09T13:29:59", "pre"),  # summer time begins on the 8th
])
def test_new_york(instant: str, session: str) -> None:
    assert venues.session(APPLE, at(instant)) == session


@pytest.mark.parametrize(("symbol", "currency", "instant", "session"), [
    ("7203.T", "JPY", "2025-06-04T02:29:59", "open"), ("7203.T", "JPY", "2025-06-04T02:30:00", "closed"),  # lunch in Tokyo
    ("7203.T", "JPY", "2025-06-04T03:30:00", "open"), ("SAP.DE", "EUR", "2025-06-04T06:59:59", "closed"),
    ("SAP.DE", "EUR", "2025-06-04T07:00:00", "open"), ("SAP.DE", "EUR", "2025-12-24T10:00:00", "closed"),
    ("VOD.L", "GBP", "2025-12-24T12:29:59", "open"), ("VOD.L", "GBP", "2025-12-24T12:30:00", "closed"),  # London's half day
    ("VOD.L", "GBP", "2026-03-27T07:59:59", "closed"), ("VOD.L", "GBP", "2026-03-30T07:00:00", "open"),  # summer time begins on the 29th
    ("SAP.DE", "EUR", "2026-10-23T07:00:00", "open"), ("SAP.DE", "EUR", "2026-10-26T07:59:59", "closed"),  # and ends on the 25th
    ("BHP.AX", "AUD", "2026-04-01T23:00:00", "open"), ("BHP.AX", "AUD", "2026-04-07T23:59:59", "closed"),  # Sydney's ends on 5 April
    ("BHP.AX", "AUD", "2026-04-08T00:00:00", "open"),
    ("TCS.NS", "INR", "2026-03-30T03:44:59", "closed"), ("TCS.NS", "INR", "2026-03-30T03:45:00", "open"),
])
def test_other_shares(symbol: str, currency: str, instant: str, session: str) -> None:
    assert venues.session(instrument(symbol, currency), at(instant)) == session


@pytest.mark.parametrize(("instant", "session"), [
    ("2026-10-25T20:59:59", "closed"), ("2026-10-25T21:00:00", "open"), ("2026-10-30T20:59:59", "open"), ("2026-10-30T21:00:00", "closed"),
    ("2026-11-01T21:59:59", "closed"), ("2026-11-01T22:00:00", "open"),  # New York has left summer time
    ("2026-11-04T03:00:00", "open"),
])
def test_the_week_of_currencies(instant: str, session: str) -> None:
    assert venues.session(instrument("EURUSD", "USD", AssetClass.FX), at(instant)) == session


def test_crypto_never_closes() -> None:
    coin = instrument("BTC-USD", kind=AssetClass.CRYPTO)
    assert venues.session(coin, at("2024-12-25T03:00:00")) is Session.OPEN
    assert len(venues.trading_days(coin, date(2024, 12, 23), date(2024, 12, 29))) == 7


def test_next_opening_and_close() -> None:
    assert venues.next_open(APPLE, at("2024-07-03T17:00:00")) == at("2024-07-05T13:30:00")
    assert venues.next_close(APPLE, at("2024-07-03T12:00:00")) == at("2024-07-03T17:00:00")
    pair = instrument("EURUSD", "USD", AssetClass.FX)
    assert venues.next_open(pair, at("2026-10-31T12:00:00")) == at("2026-11-01T22:00:00")
    assert venues.next_close(pair, at("2026-10-28T12:00:00")) == at("2026-10-30T21:00:00")


def test_trading_days_and_the_last_that_is_over() -> None:
    assert venues.trading_days(APPLE, date(2024, 7, 1), date(2024, 7, 8)) == [date(2024, 7, day) for day in (1, 2, 3, 5, 8)]
    assert venues.last_full_day(APPLE, at("2024-07-05T19:59:00")) == date(2024, 7, 3)
    assert venues.last_full_day(APPLE, at("2024-07-05T20:00:00")) == date(2024, 7, 5)
    assert venues.last_full_day(APPLE, at("2024-07-07T12:00:00")) == date(2024, 7, 5)


def test_a_calendar_that_cannot_be_read_is_taken_as_weekdays() -> None:
    """The package's calendar of Tel Aviv contradicts itself since that exchange trades on Fridays."""
    kenon = instrument("KEN.TA", "ILS")
    assert venues.session(kenon, at("2026-06-03T10:00:00")) is Session.OPEN
    assert venues.session(kenon, at("2026-06-06T10:00:00")) is Session.CLOSED


def test_nobody_waits_for_a_calendar_at_start_up_or_on_the_request_path() -> None:
    """A process of its own: what another test has loaded says nothing here."""
    told = subprocess.run([sys.executable, "-c", (
        "import sys\n"
        "from datetime import UTC, datetime\n"
        "from uuid import UUID\n"
        "from data import venues\n"
        "from engine.types import AssetClass, Instrument\n"
        "one = Instrument(UUID(int=1), UUID(int=1), 'AAPL', 'AAPL', AssetClass.EQUITY, 'USD')\n"
        "print('exchange_calendars' in sys.modules)\n"
        "print(venues.known_session(one, datetime(2024, 7, 2, 15, tzinfo=UTC)))\n"
        "venues.load(['XNYS'])\n"
        "print(venues.known_session(one, datetime(2024, 7, 2, 15, tzinfo=UTC)))\n")], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "None", "open"]
