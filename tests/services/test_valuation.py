"""The numbers that pages, routes and the hub share."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from data import calendar
from data.database import Database
from data.records import LastClose
from engine import revalue
from engine.errors import NotFound
from engine.types import Actor, AssetClass, Instrument, PriceState, Quote
from services import Services
from services.market.marks import Freshness, Sight
from services.market.marks import _view as view_of

TODAY = calendar.today()
YESTERDAY = TODAY - timedelta(days=1)
BUY = {"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "100"}
DEPOSIT = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "5000"}


@pytest.fixture
def world(services: Services, actor: Actor) -> Services:
    """Two instruments with closes of yesterday and the day before, and rates."""
    for symbol, currency, close in (("AAPL", "USD", 110), ("SAP", "EUR", 200)):
        services.instruments.put(actor, symbol, {"name": symbol, "currency": currency})
        closes = [{"date": str(TODAY - timedelta(days=days)), "close": close - days} for days in (1, 2, 3)]
        services.instruments.put_bars(actor, symbol, [{"date": "2024-01-02", "close": close}, *closes])
    services.instruments.put_rates(actor, "EURUSD", [{"date": "2024-01-01", "rate": "1.25"}, {"date": str(YESTERDAY), "rate": "1.20"}])
    return services


def portfolio(services: Services, actor: Actor, base: str = "USD", *drafts: dict[str, Any]) -> UUID:
    key = services.portfolios.create(actor, {"name": base, "base_currency": base}).id
    if drafts:
        services.transactions.record(actor, key, list(drafts))
    return key


def push(services: Services, actor: Actor, symbol: str, price: float, seconds_ago: float = 0.5) -> None:
    ts = calendar.now() - timedelta(seconds=seconds_ago)
    assert services.market.push(actor, {"symbol": symbol, "price": price, "ts": ts.isoformat()}).accepted == 1


# ------------------------------------------------------------------------------------------------------------------------ freshness


WEDNESDAY, SUNDAY = datetime(2024, 6, 26, 15, tzinfo=UTC), datetime(2024, 6, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "now", "always_open", "state"),
    [
        (0, WEDNESDAY, False, PriceState.LIVE),
        (14.9, WEDNESDAY, False, PriceState.LIVE),
        (15.1, WEDNESDAY, False, PriceState.DELAYED),
        (899, WEDNESDAY, False, PriceState.DELAYED),
        (901, WEDNESDAY, False, PriceState.STALE),
        (90_000, SUNDAY, False, PriceState.CLOSED),
        (90_000, SUNDAY, True, PriceState.STALE),
        (3, SUNDAY, False, PriceState.LIVE),
    ],
)
def test_the_state_of_a_quote_is_its_age(age: float, now: datetime, always_open: bool, state: PriceState) -> None:  # noqa: FBT001
    found, holds = Freshness(1).of_tick(age, now, always_open=always_open)
    assert found is state
    assert holds > 0
    assert Freshness(1).of_tick(age + holds, now, always_open=always_open)[0] is not PriceState.LIVE


def test_slow_polling_makes_live_longer() -> None:
    assert Freshness(60).of_tick(200, WEDNESDAY, always_open=False)[0] is PriceState.LIVE


@pytest.mark.parametrize(
    ("day", "now", "state"),
    [
        (date(2024, 6, 26), WEDNESDAY, PriceState.CLOSED),
        (date(2024, 6, 25), WEDNESDAY, PriceState.STALE),
        (date(2024, 6, 28), SUNDAY, PriceState.CLOSED),
        (date(2024, 6, 27), SUNDAY, PriceState.STALE),
    ],
)
def test_the_state_of_a_close_is_its_day(day: date, now: datetime, state: PriceState) -> None:
    assert Freshness.of_bar(day, now)[0] is state


@pytest.mark.parametrize(
    ("quote_day", "quote_simulated", "bar_day", "bar_simulated", "price"),
    [
        (26, False, 26, False, 7.0),  # a real quote of the bar's day
        (26, True, 26, False, 5.0),  # a fact beats what is made up
        (26, True, 26, True, 7.0),
        (26, True, 25, False, 7.0),  # newer
        (25, False, 26, True, 5.0),  # older
    ],
)
def test_a_quote_counts_where_it_is_newer(quote_day: int, quote_simulated: bool, bar_day: int, bar_simulated: bool, price: float) -> None:  # noqa: FBT001
    key = UUID(int=1)
    instrument = Instrument(key, key, "A", "A", AssetClass.EQUITY, "USD")
    ts = datetime(2024, 6, quote_day, 12, tzinfo=UTC)
    quote = Quote(key, "A", 7.0, ts, ts, "desk", "USD", None, quote_simulated)
    bar = LastClose(date(2024, 6, bar_day), 5.0, "desk", simulated=bar_simulated)
    seen = view_of(instrument, quote, [bar], Sight(WEDNESDAY.date(), WEDNESDAY, live=True), Freshness(1))
    assert (seen.price, seen.simulated, seen.is_bar) == (price, (quote_simulated if price == 7 else bar_simulated), price == 5)
    assert seen.age_seconds >= 0
    assert seen.ts <= WEDNESDAY


# ------------------------------------------------------------------------------------------------------------------------- holdings


def test_the_day_counts_from_the_close_before(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", DEPOSIT, BUY)
    push(world, actor, "AAPL", 112.0)
    view = world.valuation.holdings(actor, key)
    row = view.snapshot.holdings.iloc[0]
    assert (row["price"], row["day_pnl"], view.quotes["AAPL"].previous_close) == (112, pytest.approx(30), 109)
    assert view.quotes["AAPL"].change == pytest.approx(3)
    assert view.live
    assert not view.simulated
    assert view.findings == ()


def test_what_is_bought_today_counts_from_its_price(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", DEPOSIT, BUY, {**BUY, "date": str(TODAY), "quantity": "5", "price": "111"})
    push(world, actor, "AAPL", 112.0)
    assert world.valuation.holdings(actor, key).snapshot.totals["day_pnl"] == pytest.approx(10 * 3 + 5 * 1)


def test_a_quoted_pair_moves_the_rate(world: Services, actor: Actor) -> None:
    world.instruments.put(actor, "EURUSD", {"name": "Euro", "asset_class": "fx", "currency": "USD"})
    key = portfolio(world, actor, "USD", {**BUY, "symbol": "SAP"})
    assert world.valuation.holdings(actor, key).snapshot.holdings["fx_rate"].item() == pytest.approx(1.20)
    push(world, actor, "EURUSD", 1.3)
    view = world.valuation.holdings(actor, key)
    assert view.snapshot.holdings["fx_rate"].item() == pytest.approx(1.3)
    live = world.valuation.live_terms(actor, key)
    assert list(live.rate_ids.values()) == ["EURUSD"]
    assert live.pairs["EURUSD"] == 1.3


def test_the_ledger_of_a_day_is_valued_at_its_closes(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", DEPOSIT, BUY, {**BUY, "date": str(TODAY)})
    push(world, actor, "AAPL", 500.0)
    view = world.valuation.holdings(actor, key, as_of=YESTERDAY)
    assert not view.live
    assert (view.snapshot.holdings["quantity"].item(), view.snapshot.holdings["price"].item()) == (10, 109)
    assert world.valuation.holdings(actor, key, as_of=TODAY).snapshot.holdings["price"].item() == 500


def test_a_price_of_long_ago_is_a_finding(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", BUY)
    codes = {finding.code for finding in world.valuation.holdings(actor, key, as_of=date(2024, 2, 1)).findings}
    assert "stale_price" in codes


def test_a_bar_a_rate_a_multiplier_that_changes_is_seen(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", {**BUY, "symbol": "SAP"})
    cost = world.valuation.holdings(actor, key).snapshot.totals["cost_basis"]
    assert cost == pytest.approx(1250)
    world.instruments.put_rates(actor, "EURUSD", [{"date": "2024-01-01", "rate": "1.50"}])
    assert world.valuation.holdings(actor, key).snapshot.totals["cost_basis"] == pytest.approx(1500)
    world.instruments.put(actor, "SAP", {"multiplier": "10"})
    assert world.valuation.holdings(actor, key).snapshot.totals["cost_basis"] == pytest.approx(15000)
    world.instruments.put_bars(actor, "SAP", {"date": str(YESTERDAY), "close": 300})
    assert world.valuation.holdings(actor, key).snapshot.holdings["price"].item() == 300
    world.portfolios.change(actor, key, 1, {"cost_method": "average"})
    assert world.valuation.holdings(actor, key).cost_method == "average"


def test_a_rate_that_arrives_by_itself_is_seen(world: Services, actor: Actor, database: Database) -> None:
    key = portfolio(world, actor, "USD", {**BUY, "symbol": "SAP", "date": str(TODAY)})
    assert world.valuation.holdings(actor, key).snapshot.totals["cost_basis"] == pytest.approx(1200)
    with database.begin() as unit:
        unit.instruments.put_rates(actor.workspace_id, "EURUSD", [(TODAY, Decimal("1.1"), "ecb", False)])
    assert world.valuation.holdings(actor, key).snapshot.totals["cost_basis"] == pytest.approx(1100)


# ------------------------------------------------------------------------------------------------------------------------------ live


def test_live_terms_say_what_holdings_say(world: Services, actor: Actor) -> None:
    first = portfolio(world, actor, "USD", DEPOSIT, BUY, {**BUY, "symbol": "SAP"})
    portfolio(world, actor, "EUR", DEPOSIT, {**BUY, "kind": "SELL", "quantity": "4"}, {**BUY, "date": str(TODAY), "quantity": "4", "price": "109"})
    for scope in ("all", str(first)):
        live, view = world.valuation.live_terms(actor, scope), world.valuation.holdings(actor, scope)
        rows = revalue(live.terms, live.marks.price, live.marks.rate)
        assert np.nansum(rows.market_value) == pytest.approx(view.snapshot.totals["value"])
        assert np.nansum(rows.day_pnl) == pytest.approx(view.snapshot.totals["day_pnl"])
        assert live.revisions == view.revisions
        assert len(live.symbols) == len(live.instrument_ids) == len(live.currencies) == len(live.on_cost) == len(rows.market_value)
        assert {symbol for symbol, key in zip(live.symbols, live.instrument_ids, strict=True) if key} <= set(live.quotes)
        assert {f"cash:{currency}" for currency in view.snapshot.cash.index} == {symbol for symbol in live.symbols if symbol.startswith("cash:")}


def test_a_long_and_a_short_of_one_size_are_realised_together(world: Services, actor: Actor) -> None:
    portfolio(world, actor, "USD", DEPOSIT, {**BUY, "price": "100"})
    portfolio(world, actor, "USD", DEPOSIT, {**BUY, "kind": "SELL", "price": "120"})
    totals = world.valuation.holdings(actor).snapshot.totals
    assert totals["market_value"] == 0
    assert totals["total_pnl"] == pytest.approx(200)
    assert totals["value"] == pytest.approx(totals["net_contributions"] + totals["total_pnl"])


def test_compare_adds_up_to_all(world: Services, actor: Actor) -> None:
    portfolio(world, actor, "USD", DEPOSIT, BUY)
    portfolio(world, actor, "EUR", DEPOSIT, {**BUY, "symbol": "SAP"})
    rows, everything = world.valuation.compare(actor), world.valuation.holdings(actor)
    assert sum(row.value_display for row in rows) == pytest.approx(everything.snapshot.totals["value"])
    assert sum(row.weight for row in rows) == pytest.approx(1)
    assert [(row.name, row.currency, row.holdings) for row in rows] == [("USD", "USD", 1), ("EUR", "EUR", 1)]


# --------------------------------------------------------------------------------------------------------------------------- history


def test_the_line_of_today_begins_at_the_close_and_ends_at_now(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", DEPOSIT, BUY)
    push(world, actor, "AAPL", 115.0)
    line = world.valuation.intraday(actor, key)
    assert line[0] == (calendar.start_of(TODAY), pytest.approx(4000 + 1090))
    assert line[-1][1] == pytest.approx(world.valuation.holdings(actor, key).snapshot.totals["value"])
    assert [stamp for stamp, _ in line] == sorted(stamp for stamp, _ in line)


def test_a_sparkline_ends_with_the_price_of_now(world: Services, actor: Actor) -> None:
    assert world.valuation.sparklines(actor, ["AAPL", "NONE"])["AAPL"] == [107, 108, 109]
    push(world, actor, "AAPL", 111.0)
    assert world.valuation.sparklines(actor, ["AAPL"], days=3) == {"AAPL": [108, 109, 111]}


def test_history_ends_where_holdings_are_and_is_kept(world: Services, actor: Actor) -> None:
    first = portfolio(world, actor, "USD", DEPOSIT, BUY)
    second = portfolio(world, actor, "EUR", {**DEPOSIT, "date": "2024-02-01"}, {**BUY, "symbol": "SAP", "date": "2024-02-05"})
    for scope in (first, second, "all"):
        series = world.performance.history(actor, scope, date(2024, 1, 1), TODAY)
        assert series["value"].iloc[-1] == pytest.approx(world.valuation.holdings(actor, scope).snapshot.totals["value"])
        assert series.index.is_monotonic_increasing
        assert not series[["value", "net_contributions"]].isna().any().any()
        again = world.performance.history(actor, scope, date(2024, 1, 1), TODAY)
        assert again.equals(series)
    world.transactions.record(actor, first, [{**DEPOSIT, "amount": "1"}])
    changed = world.performance.history(actor, first, date(2024, 1, 1), TODAY)
    assert changed["value"].iloc[-1] == pytest.approx(4000 + 1090 + 1)


def test_the_bridge_of_all_closes(world: Services, actor: Actor) -> None:
    portfolio(world, actor, "USD", DEPOSIT, BUY)
    portfolio(
        world, actor, "EUR", DEPOSIT, {**BUY, "symbol": "SAP"}, {"date": "2024-03-01", "kind": "DIVIDEND", "symbol": "SAP", "amount": 12, "tax": 2}
    )
    view = world.performance.performance(actor, "all")
    assert abs(view.bridge["residual"]) < 1e-6
    assert view.bridge["closing_value"] == pytest.approx(world.valuation.holdings(actor).snapshot.totals["value"])
    steps = sum(view.bridge[name] for name in ("opening_value", "flows", "price", "fx", "income", "corporate_actions"))
    assert steps - view.bridge["fees"] - view.bridge["taxes"] == pytest.approx(view.bridge["closing_value"])


def test_the_drawer_tells_lots_gains_and_facts(world: Services, actor: Actor) -> None:
    first = portfolio(
        world, actor, "USD", BUY, {**BUY, "price": "105", "date": "2024-02-01"}, {**BUY, "kind": "SELL", "quantity": "4", "date": "2024-03-01"}
    )
    portfolio(world, actor, "USD", {**BUY, "quantity": "1"})
    detail = world.valuation.lots(actor, "all", "aapl")
    assert sorted(detail.lots["quantity"]) == [1, 6, 10]
    assert detail.gains["gain"].tolist() == [pytest.approx(0)]
    assert [fact.date.isoformat() for fact in detail.transactions] == ["2024-03-01", "2024-02-01", "2024-01-03", "2024-01-03"]
    assert set(detail.lots["portfolio"]) == set(detail.portfolios)
    alone = world.valuation.lots(actor, first, "SAP")
    assert (len(alone.lots), alone.transactions, alone.quote.price) == (0, (), 199)
    with pytest.raises(NotFound):
        world.valuation.lots(actor, first, "NONE")


# -------------------------------------------------------------------------------------------------------------------------- preview


def test_a_preview_of_a_correction_is_read_without_what_it_corrects(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", DEPOSIT, BUY)
    stored = world.transactions.find(actor, key, kind="BUY").items[0]
    told = world.transactions.preview(actor, key, {**BUY, "quantity": "50"}, replaces=stored.id)
    assert (told.position_before, told.position_after, told.cash_before, told.cash_after) == (0, 50, 5000, 0)
    assert told.warnings == ()
    deep = world.transactions.preview(actor, key, {**BUY, "quantity": "50"})
    assert deep.warnings == ("Leaves -1000 USD in cash",)


def test_a_preview_in_another_currency(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor, "USD", DEPOSIT)
    told = world.transactions.preview(actor, key, {**BUY, "symbol": "SAP", "price": "0.1", "quantity": "3", "fee": "0.2"})
    assert (told.currency, told.amount, told.base_currency) == ("EUR", Decimal("-0.5"), "USD")


def test_a_preview_of_nothing_is_a_list_of_what_is_missing(world: Services, actor: Actor) -> None:
    key = portfolio(world, actor)
    assert {error.field for error in world.transactions.preview(actor, key, {}).errors} == {"date", "kind"}
    assert {error.field for error in world.transactions.preview(actor, key, {"kind": "BUY"}).errors} == {"date", "symbol", "quantity", "price"}
    oversold = world.transactions.preview(actor, key, {**BUY, "kind": "SELL"}, oversell="error")
    assert [(error.field, error.code) for error in oversold.errors] == [("quantity", "oversold_position")]
