"""The simulated market: the same price at the same instant, real statistics, a path from close to close."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from data.providers import continuation, packaged
from data.providers.base import Provider
from data.providers.simulated import SimulatedMarket
from engine.types import AssetClass, Instrument

MONDAY = datetime(2026, 11, 23, 9, 30, 17, tzinfo=UTC)
LAST_REAL = date(2022, 12, 28)
WORKSPACE = UUID(int=1)


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return SimulatedMarket(seed=7, ticks_per_second=20)


def instrument(symbol: str, currency: str = "USD") -> Instrument:
    return Instrument(UUID(int=hash(symbol) % 2**64), WORKSPACE, symbol, symbol, AssetClass.EQUITY, currency)


def universe(market: SimulatedMarket) -> list[Instrument]:
    return [instrument(symbol, market.currency(symbol)) for symbol in (*market.shares, *market.pairs)]


def price(market: SimulatedMarket, symbol: str, at: datetime) -> float:
    [quote] = market.fetch_intraday([instrument(symbol, market.currency(symbol))], at, at, every_seconds=1)
    return quote.price


def closes(market: SimulatedMarket, symbol: str, start: date, end: date) -> pd.Series:
    bars = market.fetch_bars(instrument(symbol), start, end)
    return pd.Series([float(bar.close) for bar in bars], index=pd.DatetimeIndex([bar.date for bar in bars]))


def test_is_a_provider(market: SimulatedMarket) -> None:
    assert isinstance(market, Provider)


def test_a_new_process_tells_the_same_price_at_the_same_instant(market: SimulatedMarket) -> None:
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from datetime import datetime, UTC\nfrom uuid import UUID\n"
        "from data.providers.simulated import SimulatedMarket\nfrom engine.types import AssetClass, Instrument\n"
        "m = SimulatedMarket(seed=7, ticks_per_second=20)\n"
        "made = [Instrument(UUID(int=1), UUID(int=1), s, s, AssetClass.EQUITY, m.currency(s)) for s in ('XOM', 'EURCHF', 'AAPL')]\n"
        "print([(q.symbol, q.price, q.ts.isoformat()) for q in m.fetch_quotes(made, datetime(2026, 11, 23, 9, 30, 17, tzinfo=UTC))])\n"
    )
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    wanted = [instrument(symbol, market.currency(symbol)) for symbol in ("XOM", "EURCHF", "AAPL")]
    assert str([(quote.symbol, quote.price, quote.ts.isoformat()) for quote in market.fetch_quotes(wanted, MONDAY)]) == elsewhere


def test_the_order_of_questions_changes_no_answer(market: SimulatedMarket) -> None:
    late_first = SimulatedMarket(seed=7, ticks_per_second=20)
    instants = [MONDAY + timedelta(hours=hours) for hours in (900, 3, 40, 0)]
    backwards = [price(late_first, "JPM", at) for at in instants]
    assert [price(market, "JPM", at) for at in reversed(instants)] == backwards[::-1]


def test_another_seed_is_another_market(market: SimulatedMarket) -> None:
    assert price(SimulatedMarket(seed=8), "AAPL", MONDAY) != price(market, "AAPL", MONDAY)


def test_real_closes_are_those_of_the_package(market: SimulatedMarket) -> None:
    last = market.fetch_bars(instrument("AAPL"), LAST_REAL, date(2022, 12, 29))
    assert (last[0].close, last[0].simulated, last[1].simulated) == (Decimal("125.674"), False, True)
    assert market.last_real("AAPL") == LAST_REAL
    real = packaged.share_closes()["KO"]
    told = closes(market, "KO", date(1990, 1, 1), LAST_REAL)
    assert (told.to_numpy() == real.to_numpy()).all()


def test_volumes_are_simulated_days_alone_the_same_in_every_process_and_none_of_an_index(market: SimulatedMarket) -> None:
    bars = market.fetch_bars(instrument("AAPL"), date(2022, 12, 1), date(2023, 3, 31))
    assert {bar.volume is None for bar in bars if not bar.simulated} == {True}
    traded = [float(bar.volume) for bar in bars if bar.simulated and bar.volume is not None]
    assert len(traded) == sum(bar.simulated for bar in bars) > 50
    assert 0.7 < np.median(traded) / 85e6 < 2
    later = SimulatedMarket().fetch_bars(instrument("AAPL"), date(2023, 3, 1), date(2026, 3, 31))
    assert [bar.volume for bar in later[:23]] == [bar.volume for bar in bars[-23:]]
    assert {bar.volume for bar in market.fetch_bars(instrument("SP500"), date(2024, 1, 1), date(2024, 2, 1))} == {None}


def test_bars_are_continued_on_weekdays_only(market: SimulatedMarket) -> None:
    days = [bar.date for bar in market.fetch_bars(instrument("AAPL"), date(2026, 11, 1), date(2026, 11, 23))]
    assert days == [day.date() for day in pd.bdate_range("2026-11-01", "2026-11-23")]


def test_a_cycle_has_the_statistics_of_the_real_series() -> None:
    real = packaged.share_closes()
    panel = continuation.continued("shares", real, seed=7)
    ahead = np.diff(np.log(panel.closes[len(real) - 1 :]), axis=0)
    pool = np.diff(np.log(real.tail(continuation.POOL_DAYS + 1).to_numpy()), axis=0)
    assert np.allclose(ahead.mean(axis=0), pool.mean(axis=0), atol=1e-12)
    assert np.allclose(ahead.std(axis=0), pool.std(axis=0), rtol=1e-9)
    assert np.allclose(np.corrcoef(ahead.T), np.corrcoef(pool.T), atol=1e-9)
    assert not np.allclose(ahead, pool)


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_the_years_to_now_look_like_the_real_ones(seed: int) -> None:
    real = packaged.share_closes()
    panel = continuation.continued("shares", real, seed=seed)
    today = panel.row_on_or_before(continuation.day_number(MONDAY.date()))
    ahead = np.diff(np.log(panel.closes[len(real) - 1 : today + 1]), axis=0)
    pool = np.diff(np.log(real.tail(continuation.POOL_DAYS + 1).to_numpy()), axis=0)
    error = pool.std(axis=0) * np.sqrt(1 / len(ahead) - 1 / len(pool))
    assert (np.abs(ahead.mean(axis=0) - pool.mean(axis=0)) < 3.5 * error).all()
    assert np.allclose(ahead.std(axis=0), pool.std(axis=0), rtol=0.35)
    assert np.abs(np.corrcoef(ahead.T) - np.corrcoef(pool.T)).max() < 0.25
    assert np.abs(np.log(panel.closes[today] / panel.closes[len(real) - 1])).max() < np.log(12)


def test_runs_of_days_are_kept() -> None:
    real = packaged.share_closes()
    panel = continuation.continued("shares", real, seed=7)
    ahead = np.round(np.diff(np.log(panel.closes[len(real) - 1 :, 0])), 10)
    pool = np.round(np.diff(np.log(real["AAPL"].tail(continuation.POOL_DAYS + 1).to_numpy())), 10)
    followers = dict(pairwise(pool))
    kept = np.mean([followers.get(today) == tomorrow for today, tomorrow in pairwise(ahead)])
    assert kept == pytest.approx(1 - 1 / continuation.MEAN_BLOCK_DAYS, abs=0.02)


def test_a_longer_continuation_begins_with_the_shorter() -> None:
    real = packaged.share_closes()
    short = continuation.continued("shares", real, seed=3, days_ahead=50)
    long = continuation.continued("shares", real, seed=3, days_ahead=6000)
    assert (long.closes[: len(short.closes)] == short.closes).all()


@pytest.mark.parametrize("symbol", ["AAPL", "RRC", "SP500"])
def test_the_day_leads_from_close_to_close(market: SimulatedMarket, symbol: str) -> None:
    told = closes(market, symbol, date(2026, 11, 16), date(2026, 11, 20))
    for before, day in pairwise(told.index):
        start = day.to_pydatetime().replace(tzinfo=UTC)
        assert price(market, symbol, start) == pytest.approx(told[before], rel=2e-4, abs=0.011)
        assert price(market, symbol, start + timedelta(hours=23, minutes=59, seconds=59.9)) == pytest.approx(told[day], rel=4e-4, abs=0.011)


def test_a_weekend_moves_around_fridays_close(market: SimulatedMarket) -> None:
    friday = closes(market, "MSFT", date(2026, 11, 20), date(2026, 11, 20)).iloc[0]
    weekend = [price(market, "MSFT", datetime(2026, 11, 21, tzinfo=UTC) + timedelta(minutes=7 * step)) for step in range(400)]
    assert len(set(weekend)) > 50
    assert max(abs(value / friday - 1) for value in weekend) < 0.02
    assert price(market, "MSFT", datetime(2026, 11, 23, tzinfo=UTC)) == pytest.approx(friday, rel=2e-4)


def test_an_hour_is_as_wild_as_the_real_days_say(market: SimulatedMarket) -> None:
    made = [quote.price for quote in market.fetch_intraday([instrument("AAPL")], MONDAY.replace(hour=0), MONDAY.replace(hour=23), every_seconds=600)]
    daily = np.diff(np.log(packaged.share_closes()["AAPL"].tail(2520))).std()
    assert np.diff(np.log(made)).std() * 12 == pytest.approx(daily, rel=0.35)


def test_ticks_come_at_the_speed_that_was_asked_for() -> None:
    market = SimulatedMarket(seed=7, ticks_per_second=40)
    ticks = market.fetch_quotes(universe(market), MONDAY, since=MONDAY - timedelta(seconds=30))
    assert len(ticks) == pytest.approx(1200, rel=0.05)
    assert [tick.ts for tick in ticks] == sorted(tick.ts for tick in ticks)
    assert {tick.symbol for tick in ticks} >= set(market.shares)


def test_polls_one_after_the_other_tell_every_tick_once(market: SimulatedMarket) -> None:
    wanted = universe(market)
    pieces = [market.fetch_quotes(wanted, MONDAY + timedelta(seconds=k + 1), since=MONDAY + timedelta(seconds=k)) for k in range(10)]
    whole = market.fetch_quotes(wanted, MONDAY + timedelta(seconds=10), since=MONDAY)
    assert [(tick.symbol, tick.ts, tick.price) for piece in pieces for tick in piece] == [(tick.symbol, tick.ts, tick.price) for tick in whole]


def test_the_newest_tick_is_the_last_of_all(market: SimulatedMarket) -> None:
    wanted = universe(market)
    history = {tick.symbol: (tick.ts, tick.price) for tick in market.fetch_quotes(wanted, MONDAY, since=MONDAY - timedelta(seconds=40))}
    newest = {tick.symbol: (tick.ts, tick.price) for tick in market.fetch_quotes(wanted, MONDAY)}
    assert newest == history
    assert all(ts <= MONDAY for ts, _ in newest.values())


def test_prices_are_printed_in_cents_and_rates_with_five_decimals(market: SimulatedMarket) -> None:
    for quote in market.fetch_quotes(universe(market), MONDAY):
        assert quote.price == round(quote.price, 5 if quote.symbol in market.pairs else 2)
        assert quote.simulated
        assert quote.currency == market.currency(quote.symbol)


def test_another_listing_of_the_same_symbol_is_not_covered(market: SimulatedMarket) -> None:
    assert market.covers(instrument("AAPL"))
    assert not market.covers(instrument("AAPL", "EUR"))
    assert not market.covers(instrument("TSLA"))
    assert market.fetch_quotes([instrument("TSLA"), instrument("AAPL", "EUR")], MONDAY) == []
    assert market.fetch_bars(instrument("TSLA"), date(2020, 1, 1), date(2021, 1, 1)) == []


def test_rates_are_the_ecbs_then_continued(market: SimulatedMarket) -> None:
    told = market.fetch_fx(["EURUSD", "EURHRK", "EURXYZ"], date(1999, 1, 1), date(2026, 11, 20))
    assert set(told) == {"EURUSD", "EURHRK"}
    assert (told["EURUSD"][0].date, told["EURUSD"][0].rate) == (date(1999, 1, 4), Decimal("1.1789"))
    last_real = market.last_real("EURUSD")
    assert {rate.simulated for rate in told["EURUSD"] if rate.date <= last_real} == {False}
    assert {rate.simulated for rate in told["EURUSD"] if rate.date > last_real} <= {True}
    assert told["EURUSD"][-1].date >= date(2026, 11, 20)
    assert told["EURHRK"][-1].date == date(2022, 12, 30)


def test_before_a_series_began_there_is_no_quote(market: SimulatedMarket) -> None:
    assert market.fetch_quotes([instrument("AAPL"), instrument("EURUSD")], datetime(1980, 1, 1, tzinfo=UTC)) == []
