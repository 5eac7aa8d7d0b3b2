"""Database and Redis that answer late, wrong, or not at all: what cannot be right is refused with 503, what can goes on, and all heals."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import redis
from websockets.sync.client import ClientConnection, connect

from data import calendar
from data.settings import Settings
from tests.faults.invariants import converged, in_order
from tests.faults.world import PATIENCE, Place, is_503
from tests.faults.world import place as started
from tests.ui.conftest import wait_for

WRITERS = 8


@pytest.fixture(scope="module")
def place(settings: Settings) -> Iterator[Place]:
    with started(settings) as there:
        yield there


@pytest.fixture(autouse=True)
def healed(place: Place) -> Iterator[None]:
    """Whatever was done: everything answers again afterwards, and every invariant holds."""
    yield
    place.to_database.delay = place.to_redis.delay = 0.0
    place.to_database.mute = place.to_redis.mute = place.to_database.refusing = place.to_redis.refusing = False
    place.heals()


@contextmanager
def following(place: Place) -> Iterator[ClientConnection]:
    with connect(f"{place.url.replace('http', 'ws')}/api/v1/stream", origin=place.url) as line:  # type: ignore[arg-type]
        line.send(json.dumps({"op": "subscribe", "portfolios": [place.portfolio], "symbols": ["AAA"]}))
        assert until(line, lambda told: told["type"] == "snapshot")
        yield line


def until(line: ClientConnection, found: Any) -> dict[str, Any]:
    """Listen until something is told."""
    end = time.monotonic() + PATIENCE
    while True:
        told: dict[str, Any] = json.loads(line.recv(timeout=max(0.1, end - time.monotonic())))
        if found(told):
            return told


def written(place: Place, name: str) -> int:
    return sum(found == name for (found,) in place.sql("SELECT external_id FROM ledger_entry"))


def at_once(place: Place, count: int) -> list[httpx.Response]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _number: place.write(), range(count)))


# ------------------------------------------------------------------------------------------------------------------ the database


def test_an_answer_that_is_lost_after_the_commit_is_asked_for_again(place: Place) -> None:
    """The write is done, its writer does not know: the same key gives the answer, and the write is there once."""
    for _ in range(3):
        name = uuid4().hex
        place.to_database.lost = name.encode()
        first = place.write(name)
        assert is_503(first), first.text
        assert written(place, name) == 1, "it was committed all the same"
        again = place.write(name)
        assert again.status_code == 201
        assert again.json() == place.write(name).json()
    assert place.to_database.cuts == 3


def test_a_request_that_is_lost_before_the_commit_has_no_effect(place: Place) -> None:
    name, lock = uuid4().hex, psycopg.connect(place.direct)
    lock.execute("LOCK TABLE ledger_entry IN ACCESS EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(place.write, name)
        wait_for(lambda: place.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != [(0,)], what="the writer to wait")
        place.to_database.cut()
        assert is_503(waiting.result())
    lock.close()
    assert written(place, name) == 0
    assert place.write(name).status_code == 201


def test_who_waits_for_a_lock_or_a_connection_for_too_long_is_sent_away_and_the_process_answers(place: Place) -> None:
    """More writers than connections, all behind one lock; machines are answered meanwhile."""
    limit = place.services.database.metrics.pool().limit
    with psycopg.connect(place.direct) as lock, ThreadPoolExecutor(limit + 10) as threads:
        lock.execute("LOCK TABLE ledger_entry IN ACCESS EXCLUSIVE MODE")
        waiting = [threads.submit(place.write) for _ in range(limit + 10)]
        wait_for(lambda: place.services.database.metrics.pool().in_use == limit, what="every connection to be in use")
        assert httpx.get(f"{place.url}/healthz", timeout=20).json() == {"status": "ok"}
        answers = [each.result() for each in waiting]
        lock.rollback()
    assert all(is_503(answer) for answer in answers), {answer.status_code for answer in answers}
    assert {answer.json()["detail"] for answer in answers} >= {"Somebody else holds what this needs for too long."}
    assert place.services.database.metrics.pool().in_use == 0


def test_serialization_failures_are_done_again_or_refused_and_every_backend_may_die(place: Place) -> None:
    name = place.sql("SELECT current_database()")[0][0]
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    place.sql(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    place.sql(kill)
    answers = [answer for _ in range(4) for answer in at_once(place, WRITERS)]
    place.sql(f"ALTER DATABASE {name} RESET default_transaction_isolation")
    place.sql(kill)
    assert all(answer.status_code == 201 or is_503(answer) for answer in answers), {answer.text for answer in answers}
    assert sum(answer.status_code == 201 for answer in answers) >= WRITERS


def test_a_database_that_is_away_is_said_and_screens_keep_what_they_show(place: Place) -> None:
    with following(place) as line:
        place.to_database.refusing = True
        place.to_database.cut()
        assert is_503(place.write())
        assert is_503(httpx.get(f"{place.url}/api/v1/portfolios/{place.portfolio}/holdings", timeout=30))
        assert httpx.get(f"{place.url}/healthz").status_code == 200
        assert httpx.get(f"{place.url}/readyz", timeout=30).status_code == 503
        told = place.status()
        assert told["state"] == "down"
        assert told["reasons"][0].startswith("The database does not answer.")
        assert until(line, lambda told: told.get("offline")), "screens say that the database is away"
        place.to_database.refusing = False
        wait_for(lambda: place.write().status_code == 201, PATIENCE, "the database")
        assert until(line, lambda told: "degraded" in told and "offline" not in told), "and that it is back"


# ------------------------------------------------------------------------------------------------------------------------- Redis


def news(place: Place, line: ClientConnection, price: float) -> None:
    """A price that is pushed reaches a client, whatever Redis does."""
    place.world.push(AAA=price)
    told = until(line, lambda told: told.get("quotes", {}).get("AAA", {}).get("price") == price)
    stored = dict(place.sql("SELECT i.symbol, l.price FROM quote_latest l JOIN instrument i ON i.id = l.instrument_id WHERE i.symbol = 'AAA'"))
    assert list(converged({"AAA": told["quotes"]["AAA"]["price"]}, stored)) == []


@pytest.mark.parametrize("how", ["silent", "cut", "stopped"])
def test_without_redis_writes_stand_and_screens_say_so_and_are_told_by_the_database(place: Place, how: str) -> None:
    with following(place) as line:
        news(place, line, 101.0)
        if how == "silent":
            place.to_redis.mute = True
        elif how == "cut":
            place.to_redis.refusing = True
            place.to_redis.cut()
        else:
            place.redis.stop()
        assert until(line, lambda told: told.get("degraded") is True), "screens say that the bus is lost"
        assert place.write().status_code == 201
        told = place.status()
        assert (told["bus"]["ok"], told["stream"]["degraded"]) == (False, True)
        assert any(reason.startswith("Redis does not answer.") for reason in told["reasons"])
        assert httpx.get(f"{place.url}/readyz", timeout=30).json()["status"] == "degraded"
        news(place, line, 102.0)
        place.to_redis.mute = place.to_redis.refusing = False
        if how == "stopped":
            place.redis.start(lambda _line: None)
        assert until(line, lambda told: told.get("degraded") is False), "and that it is heard again"
        news(place, line, 103.0)


def test_a_redis_that_is_flushed_or_full_loses_nothing(place: Place) -> None:
    with following(place) as line, redis.Redis.from_url(place.redis.url) as client:
        client.flushall()
        news(place, line, 104.0)
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        told = place.status()
        assert any(reason.startswith("Redis keeps nothing more.") for reason in told["reasons"]), told["reasons"]
        news(place, line, 105.0)
        assert place.write().status_code == 201
        assert httpx.get(f"{place.url}/api/v1/portfolios/{place.portfolio}/performance", timeout=30).status_code == 200
        client.config_set("maxmemory", "256mb")
        news(place, line, 106.0)


def test_a_slow_redis_delays_news_and_nothing_else(place: Place) -> None:
    with following(place) as line:
        place.to_redis.delay = 0.2
        assert place.write().status_code == 201
        news(place, line, 107.0)


# ------------------------------------------------------------------------------------------------------------------------- clock


def test_a_clock_that_is_wrong_takes_no_price_of_the_future_and_calls_none_live_that_is_old(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast by three days, then slow by an hour, then right again: keys, writes and the stored price do not care."""
    truly, name = calendar.now, uuid4().hex
    place.world.push(AAA=108.0)
    first = place.write(name).json()
    monkeypatch.setattr(calendar, "now", lambda: truly() + timedelta(days=3))
    held = holding(place)
    assert (held["price"], held["price_state"]) == (108.0, "stale")
    assert held["price_age_seconds"] > 2.9 * 86400
    monkeypatch.setattr(calendar, "now", lambda: truly() - timedelta(hours=1))
    row = [{"symbol": "AAA", "price": 999.0, "ts": truly().isoformat(), "source": "test"}]
    done = place.services.market.push(place.world.actor, row)
    assert done.accepted == 0, "for this clock it comes from the future"
    assert holding(place)["price"] == 108.0
    assert place.write(name).json() == first
    monkeypatch.undo()
    place.world.push(AAA=109.0)
    assert holding(place)["price"] == 109.0


def test_no_day_is_twice_there_or_missing_where_clocks_change_and_years_leap(place: Place) -> None:
    """Over 29 February 2024, and the nights in which New York, Europe and then all of them change their clocks."""
    days = [date(2024, 2, 26) + timedelta(days=ahead) for ahead in range(40)]
    weekdays = [day for day in days if day.weekday() < 5]
    place.services.instruments.put_bars(place.world.actor, "AAA", [{"date": str(day), "close": str(50 + day.day)} for day in weekdays])
    with place.api() as api:
        told = api.get(f"/api/v1/portfolios/{place.portfolio}/performance?start=2024-02-26&end=2024-04-05").json()
    shown = [str(point["date"]) for point in told["series"]]
    assert len(shown) == len(set(shown))
    assert {str(day) for day in weekdays} <= set(shown)


def holding(place: Place) -> dict[str, Any]:
    with place.api() as api:
        rows = api.get(f"/api/v1/portfolios/{place.portfolio}/holdings").json()["holdings"]
    return next(row for row in rows if row["symbol"] == "AAA")


# ----------------------------------------------------------------------------------------------------------------------- readers


def test_others_are_told_in_order_while_one_reads_late_and_one_never(place: Place) -> None:
    with following(place) as dead, following(place) as late, following(place) as well:
        numbers = list[int]()

        def push() -> None:
            for step in range(40):
                place.world.push(AAA=110.0 + step)

        thread = threading.Thread(target=push)
        thread.start()
        until(well, lambda told: (numbers.append(told["seq"]) if told["type"] == "tick" else None) or shown(told) == 149.0)
        thread.join()
        assert list(in_order(numbers)) == []
        assert shown(until(late, lambda told: shown(told) == 149.0)) == 149.0, "who reads late ends on the last price"
        assert dead.protocol.state.name == "OPEN"


def shown(told: dict[str, Any]) -> float | None:
    price: float | None = told.get("quotes", {}).get("AAA", {}).get("price")
    return price
