"""Risk on the stream: the scope's rows against a recount by pandas, who is told, and the whole way from a push to a mailbox."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from data import calendar
from engine.risk.live import live_statistics
from services.live import Hub
from services.live.board import Board
from services.live.risk import LoadedRisk, RiskBoard
from services.live.scope import Scope
from services.live.topic import Topic
from tests.services.live_fixtures import NOW, always_live, loaded, quote_of, scope_on, view_of
from tests.services.live_world import World, furnished
from tests.services.test_live import message, running, until

if TYPE_CHECKING:
    from engine.types import Actor
    from services import Services

LEDGER = [
    {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 10_000, "currency": "USD"},
    {"date": "2024-01-03", "kind": "BUY", "symbol": "AAA", "quantity": 40, "price": 100},
    {"date": "2024-01-03", "kind": "SELL", "symbol": "BBB", "quantity": 10, "price": 80},
    {"date": "2024-04-01", "kind": "FX_CONVERSION", "amount": 1000, "currency": "USD", "to_amount": 900, "to_currency": "EUR"},
    {"date": "2024-04-02", "kind": "BUY", "symbol": "CCC", "quantity": 20, "price": 30, "currency": "EUR"},
]
DAYS = pd.bdate_range(end="2024-06-03", periods=200)
RANDOM = np.random.default_rng(2)
MARKET = pd.Series(RANDOM.normal(0, 0.01, 200), index=DAYS)
PAST = pd.DataFrame(RANDOM.normal(0, 0.01, (200, 4)) + MARKET.to_numpy()[:, None], index=DAYS, columns=["AAA", "BBB", "CCC", "cash:EUR"])


def followed(past: pd.DataFrame = PAST) -> tuple[Board, Scope, RiskBoard]:
    """Show a scope with a short, a foreign share and foreign cash, whose risk is followed against SPX."""
    board = Board(always_live)
    scope = scope_on(board, loaded(LEDGER, {"AAA": 100.0, "BBB": 80.0, "CCC": 30.0}, pairs={"EURUSD": 1.1}, currencies={"CCC": "EUR"}))
    scope.risk_wanted = True
    kept = live_statistics(past, benchmark_returns=MARKET, realised=MARKET)
    scope.take_risk(LoadedRisk(kept, {}, view_of("SPX", 5000.0)), board, NOW)
    return board, scope, RiskBoard()


def flushed(board: Board, scope: Scope, risks: RiskBoard, number: int, **prices: float) -> dict[str, Any]:
    for symbol, price in prices.items():
        held = next(each for each in board.prices if each.symbol == symbol)
        assert board.take(quote_of(held, price, number), NOW) is not None
    slots, board.dirty = board.dirty, set()
    scope.revalue(board)
    risks.tell([scope], [scope])
    scope.commit(number)
    board.publish(slots, number)
    found: dict[str, Any] = json.loads(f"{{{scope.member(number - 1, risk=True)}}}")["p"]
    return found


def test_the_figures_are_those_of_a_recount_with_short_currency_and_benchmark() -> None:
    board, scope, risks = followed()
    told = flushed(board, scope, risks, 1, AAA=102.0, BBB=81.0, EURUSD=1.12, SPX=5050.0)["risk"]
    values = np.array([40 * 102.0, -10 * 81.0, 20 * 30 * 1.12, (900 - 600) * 1.12])
    whole = values.sum() + 10_000 - 4_000 + 800 - 1_000
    moves = np.array([0.02, 81 / 80 - 1, 1.12 / 1.1 - 1, 1.12 / 1.1 - 1])
    gained = float((values - values / (1 + moves)).sum())
    returns = np.append(PAST.to_numpy() @ values / whole, gained / (whole - gained))
    assert told["day_return"] == pytest.approx(gained / (whole - gained), abs=1e-6)
    assert told["value_at_risk"] == pytest.approx(-np.quantile(returns, 0.05), abs=1e-6)
    assert told["value_at_risk_money"] == pytest.approx(-np.quantile(returns, 0.05) * whole, abs=0.011)
    assert told["expected_shortfall"] == pytest.approx(-np.sort(returns)[:11].mean(), abs=1e-6)
    assert told["beta"] == pytest.approx(np.polyfit(np.append(MARKET, 0.01), returns, 1)[0], abs=1e-6)
    before = float(pd.Series(returns[:-1] ** 2).ewm(alpha=0.06, adjust=False).mean().iloc[-1])
    assert told["volatility"] == pytest.approx(np.sqrt(252 * (0.94 * before + 0.06 * returns[-1] ** 2)), abs=1e-6)
    grown = (1 + MARKET).cumprod()
    today = float(grown.iloc[-1]) * (1 + gained / (whole - gained))
    assert told["drawdown"] == pytest.approx(today / max(1.0, float(grown.max()), today) - 1, abs=1e-6)
    assert (told["missing"], told["level"], told["history_end"], told["days"]) == (0.0, 0.95, "2024-06-03", 200)


def test_only_who_asks_is_told_and_only_what_changed() -> None:
    board, scope, risks = followed()
    assert "risk" in flushed(board, scope, risks, 1, AAA=102.0)
    assert "risk" not in json.loads(f"{{{scope.member(0)}}}")["p"]
    plain, full = Topic("a", [scope], scope.slots[:0], 4), Topic("b", [scope], scope.slots[:0], 4, risk=True)
    assert '"risk"' in full.body(0, 1, board)
    assert '"risk"' not in plain.body(0, 1, board)
    assert "risk" not in flushed(board, scope, risks, 2), "nothing moved"
    told = flushed(board, scope, risks, 3, SPX=5100.0)
    assert told["holdings"] == {}
    assert told["risk"]["beta"] is not None
    assert (plain.changed(board, 3), full.changed(board, 3)) == (1, 3)


def test_what_has_no_history_is_told_as_missing() -> None:
    board, scope, risks = followed(PAST.drop(columns="CCC"))
    told = flushed(board, scope, risks, 1, AAA=100.0)["risk"]
    gross = np.array([4000, 800, 660, 330])
    assert told["missing"] == pytest.approx(660 / gross.sum(), abs=1e-6)


def test_a_past_that_is_too_short_says_how_many_days_are_there() -> None:
    board, scope, risks = followed()
    scope.take_risk(LoadedRisk(None, {"code": "insufficient_history", "needed": 60, "found": 7}, None), board, NOW)
    assert flushed(board, scope, risks, 1, AAA=102.0)["risk"] == {"code": "insufficient_history", "needed": 60, "found": 7}


def test_a_ledger_that_changes_moves_the_rows_under_the_same_past() -> None:
    """The short is closed: its row stays for the day, then is gone; the scenarios of what is left count on."""
    board, scope, risks = followed()
    flushed(board, scope, risks, 1, AAA=102.0)
    scope.load(loaded([*LEDGER, {"date": "2024-05-02", "kind": "BUY", "symbol": "BBB", "quantity": 10, "price": 80}],
                      {"AAA": 102.0, "CCC": 30.0}, pairs={"EURUSD": 1.1}, currencies={"CCC": "EUR"}, closes={"AAA": 100.0, "CCC": 30.0}), board, NOW)
    told = flushed(board, scope, risks, 2)["risk"]
    values = np.array([40 * 102.0, 0.0, 20 * 30 * 1.1, 300 * 1.1])
    whole = values.sum() + 10_000 - 4_000 - 1_000
    returns = np.append(PAST.to_numpy() @ values / whole, 80 / (whole - 80))
    assert told["value_at_risk"] == pytest.approx(-np.quantile(returns, 0.05), abs=1e-6)


# ------------------------------------------------------------------------------------------------------------------------ the whole way


@pytest.fixture
def world(services: Services, actor: Actor) -> World:
    return furnished(services, actor)


def history(world: World, days: int, *symbols: str) -> None:
    random, end = np.random.default_rng(4), calendar.previous_business_day(calendar.today())
    for symbol in symbols:
        prices = 100 * np.cumprod(1 + random.normal(0, 0.01, days))
        dates = pd.bdate_range(end=end, periods=days)
        rows = [{"date": str(day.date()), "close": f"{price:.4f}"} for day, price in zip(dates, prices, strict=True)]
        world.services.instruments.put_bars(world.actor, symbol, rows)


async def pushed_until_risk(hub: Hub, world: World, portfolio: str, **prices: float) -> list[dict[str, Any]]:
    """Follow with risk, wait until it is told, push, and wait until it moved."""
    client = hub.connect(world.actor)
    await hub.subscribe(client, [portfolio], risk=True)
    first = await until(client, lambda told: "risk" in told["portfolios"].get(portfolio, {}))
    await asyncio.to_thread(world.push, **prices)
    then = await until(client, lambda told: "risk" in told["portfolios"].get(portfolio, {}))
    return [told["portfolios"][portfolio]["risk"] for told in (first, then)]


def test_a_push_moves_the_risk_of_who_follows_it(world: World) -> None:
    history(world, 120, "AAA", "BBB")
    portfolio = world.portfolio(AAA=10, BBB=20)

    async def scenario() -> None:
        async with running(world) as hub:
            plain = hub.connect(world.actor)
            await hub.subscribe(plain, [portfolio])
            assert "risk" not in (await message(plain))["portfolios"][portfolio]
            before, after = await pushed_until_risk(hub, world, portfolio, AAA=150.0)
            assert before["days"] == 119
            assert before["history_end"] < str(calendar.today())
            assert after["volatility"] > before["volatility"]
            assert after["day_return"] != before["day_return"]
            assert all("risk" not in told for told in (await message(plain))["portfolios"].values())

    asyncio.run(scenario())


def test_the_past_is_read_up_to_yesterday_even_where_today_has_a_close(world: World) -> None:
    history(world, 120, "AAA")
    world.services.instruments.put_bars(world.actor, "AAA", [{"date": str(calendar.today()), "close": "99"}])
    portfolio = world.portfolio(AAA=10)

    async def scenario() -> None:
        async with running(world) as hub:
            before, _ = await pushed_until_risk(hub, world, portfolio, AAA=120.0)
            assert before["history_end"] <= str(calendar.today() - timedelta(days=1))

    asyncio.run(scenario())


def test_a_portfolio_of_yesterday_says_what_is_needed(world: World) -> None:
    portfolio = world.portfolio(AAA=10)

    async def scenario() -> None:
        async with running(world) as hub:
            client = hub.connect(world.actor)
            await hub.subscribe(client, [portfolio], risk=True)
            told = await until(client, lambda told: "risk" in told["portfolios"].get(portfolio, {}))
            assert told["portfolios"][portfolio]["risk"] == {"code": "insufficient_history", "needed": 60, "found": 0}

    asyncio.run(scenario())
