"""Budgets and breakers on the real database: shared by all processes, kept over restarts, never spent twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from data import calendar
from data.budgets import OPENS_AFTER, Limits, ProviderHealth, ProviderState, health
from data.database import Database
from data.settings import Settings
from engine.errors import CircuitOpen, MalformedResponse, ProviderError, ProviderTimeout, RateLimited, UnknownSymbol

Make = Callable[..., ProviderState]


def failure() -> ProviderTimeout:
    return ProviderTimeout("acme", seconds=1)


@pytest.fixture
def make(database: Database) -> Make:
    """Make states of one provider that no other test uses."""
    name = f"p{uuid4().hex[:12]}"
    return lambda limits=None, *, at=database: ProviderState(at, name, limits or Limits())


@pytest.fixture
def restarted(settings: Settings) -> Iterator[Database]:
    """The same database, as another process sees it."""
    opened = Database(settings.database_url)
    yield opened
    opened.close()


def told(database: Database, state: ProviderState) -> ProviderHealth:
    return next(each for each in health(database) if each.provider == state.provider)


def sql(database: Database, state: ProviderState, change: str) -> None:
    with database.begin() as unit:
        unit.connection.exec_driver_sql(f"UPDATE provider_state SET {change} WHERE provider = '{state.provider}'")  # noqa: S608  # ours


def taken(state: ProviderState) -> bool:
    try:
        state.take()
    except RateLimited:
        return False
    return True


def test_a_days_budget_is_spent_once_by_all_and_kept_over_a_restart(make: Make, database: Database, restarted: Database) -> None:
    limits = Limits(per_day=25)
    states = [make(limits), make(limits), make(limits, at=restarted)]
    with ThreadPoolExecutor(6) as pool:
        passed = list(pool.map(lambda place: taken(states[place % 3]), range(60)))
    assert sum(passed) == 25
    assert told(database, states[0]).left_today == 0
    with pytest.raises(RateLimited) as raised:
        make(limits, at=restarted).take()
    assert raised.value.context["until"] == "day"
    assert "tomorrow" in raised.value.message
    assert 0 < raised.value.context["retry_after_seconds"] <= 86400


def test_the_next_day_begins_anew(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    state = make(Limits(per_day=1))
    monkeypatch.setattr(calendar, "now", lambda: datetime(2026, 11, 23, 23, 59, tzinfo=UTC))
    assert [taken(state), taken(state)] == [True, False]
    monkeypatch.setattr(calendar, "now", lambda: datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC))
    assert [taken(state), taken(state)] == [True, False]


def test_a_request_may_cost_more(make: Make, database: Database) -> None:
    state = make(Limits(per_day=10))
    state.take(8)
    with pytest.raises(RateLimited):
        state.take(3)
    state.take(2)
    assert told(database, state).used_today == 10


def test_a_bucket_lets_a_burst_through_and_fills_again(make: Make, database: Database) -> None:
    state = make(Limits(per_second=0.001, burst=3))
    assert [taken(state) for _ in range(5)] == [True, True, True, False, False]
    assert state.waits
    with pytest.raises(RateLimited) as raised:
        state.take()
    assert raised.value.context["until"] == "burst"
    assert 900 < raised.value.context["retry_after_seconds"] <= 1000
    sql(database, state, "refilled_at = refilled_at - interval '2000 seconds'")
    assert [taken(state) for _ in range(3)] == [True, True, False]
    sql(database, state, "refilled_at = refilled_at - interval '1 year'")
    assert [taken(state) for _ in range(4)] == [True, True, True, False], "never more than a burst"


def test_our_own_refusal_is_no_failure_of_the_provider(make: Make, database: Database) -> None:
    state = make(Limits(per_second=0.001, burst=1))
    state.take()
    for _ in range(OPENS_AFTER + 1):
        with pytest.raises(RateLimited) as raised:
            state.take()
        state.failed(raised.value)
    assert told(database, state).breaker == "closed"
    assert told(database, state).last_error is None


def test_the_breaker_opens_after_five_failures_in_a_row(make: Make, database: Database) -> None:
    state = make()
    for number in range(OPENS_AFTER):
        state.take()
        assert told(database, state).breaker == "closed"
        state.failed(failure())
        assert told(database, state).failures == number + 1
    found = told(database, state)
    assert (found.breaker, found.last_error_code) == ("open", "provider_timeout")
    assert found.retry_at is not None
    assert 11 < (found.retry_at - calendar.now()).total_seconds() < 19
    with pytest.raises(CircuitOpen, match="left alone for 1"):
        state.take()


def test_a_success_between_failures_keeps_it_closed(make: Make, database: Database) -> None:
    state = make()
    for number in range(3 * OPENS_AFTER):
        state.take()
        state.succeeded(10) if number % OPENS_AFTER == 0 else state.failed(failure())
    assert told(database, state).breaker == "closed"


def opened(state: ProviderState, database: Database) -> None:
    for _ in range(OPENS_AFTER):
        state.take()
        state.failed(failure())
    sql(database, state, "retry_at = clock_timestamp()")


def test_of_many_one_probes(make: Make, database: Database, restarted: Database) -> None:
    state, other = make(), make(at=restarted)
    opened(state, database)

    def tried(place: int) -> bool:
        try:
            (state, other)[place % 2].take()
        except CircuitOpen:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, range(20))) == 1
    assert told(database, state).breaker == "half_open"
    state.succeeded(10)
    assert told(database, other).breaker == "closed"
    other.take()


def test_a_probe_that_fails_doubles_the_pause_up_to_a_quarter_of_an_hour(make: Make, database: Database) -> None:
    state = make()
    opened(state, database)
    pauses = []
    for _ in range(8):
        state.take()
        state.failed(failure())
        retry_at = told(database, state).retry_at
        assert retry_at is not None
        pauses.append((retry_at - calendar.now()).total_seconds())
        sql(database, state, "retry_at = clock_timestamp()")
    for expected, pause in zip([30, 60, 120, 240, 480, 900, 900, 900], pauses, strict=True):
        assert 0.75 * expected < pause < 1.25 * expected


def test_a_probe_whose_process_died_gives_way(make: Make, database: Database) -> None:
    state = make()
    opened(state, database)
    state.take()
    with pytest.raises(CircuitOpen):
        state.take()
    sql(database, state, "retry_at = clock_timestamp() - interval '1 second'")  # what half a minute does
    state.take()


@pytest.mark.parametrize(("error", "seconds"), [
    (RateLimited("acme", retry_after_seconds=120), 120), (RateLimited("acme", until="burst"), 2),
    (RateLimited("acme", retry_after_seconds=10**9), 86400),
])
def test_who_asks_to_wait_is_left_alone_at_once(make: Make, database: Database, error: RateLimited, seconds: float) -> None:
    state = make()
    state.take()
    state.failed(error)
    found = told(database, state)
    assert found.breaker == "open"
    assert found.retry_at is not None
    assert seconds - 5 < (found.retry_at - calendar.now()).total_seconds() <= seconds


def test_who_asks_to_wait_without_saying_how_long_is_left_alone_longer_each_time(make: Make, database: Database) -> None:
    state, pauses = make(), []
    for _ in range(4):
        state.take()
        state.failed(RateLimited("acme"))
        found = told(database, state)
        assert found.breaker == "open"
        assert found.retry_at is not None
        pauses.append((found.retry_at - calendar.now()).total_seconds())
        sql(database, state, "retry_at = clock_timestamp()")
    for expected, pause in zip([15, 30, 60, 120], pauses, strict=True):
        assert 0.7 * expected < pause < 1.25 * expected


def test_who_says_the_day_is_over_is_asked_tomorrow(make: Make, database: Database) -> None:
    state = make(Limits(per_day=25))
    state.take()
    state.failed(RateLimited("acme", until="day"))
    found = told(database, state)
    tomorrow = calendar.start_of(calendar.today()) + timedelta(days=1)
    assert (found.breaker, found.left_today) == ("open", 0)
    assert found.retry_at is not None
    assert abs((found.retry_at - tomorrow).total_seconds()) < 5


def test_answers_that_cannot_be_read_open_it_too(make: Make, database: Database) -> None:
    """The wire notes an answer, the reader finds that it is none: that is a failure in a row, not a success in between."""
    state = make()
    for _ in range(OPENS_AFTER):
        state.take()
        state.succeeded(10)
        state.failed(MalformedResponse("acme", reason="text"), late=True)
    assert told(database, state).breaker == "open"
    sql(database, state, "retry_at = clock_timestamp()")
    state.take()
    state.succeeded(10)
    state.take()
    state.succeeded(10)
    assert told(database, state).breaker == "closed"
    state.failed(MalformedResponse("acme", reason="text"), late=True)
    assert told(database, state).failures == 1


def test_an_error_counts_once_however_many_tell_it(make: Make, database: Database) -> None:
    state, error = make(), failure()
    state.take()
    for _ in range(4):
        state.failed(error)
    assert told(database, state).failures == 1


@pytest.mark.parametrize("error", [UnknownSymbol("acme", "NOPE"), CircuitOpen("acme", seconds=3)])
def test_what_is_no_fault_of_the_provider(make: Make, database: Database, error: ProviderError) -> None:
    state = make()
    state.take()
    state.failed(error)
    assert told(database, state).failures == 0


def test_latency_is_told_as_it_moves(make: Make, database: Database) -> None:
    state = make()
    for latency in (100.0, 200.0):
        state.take()
        state.succeeded(latency)
    assert told(database, state).latency_ms == pytest.approx(120)
    assert told(database, state).last_ok_at is not None


def test_limits_of_a_new_plan_are_taken_over(make: Make, database: Database) -> None:
    first = make(Limits(per_day=2))
    assert [taken(first) for _ in range(3)] == [True, True, False]
    second = make(Limits(per_day=3))
    assert [taken(second) for _ in range(2)] == [True, False]
    assert told(database, second).per_day == 3


def test_a_settings_plan_replaces_the_free_one() -> None:
    given = Settings.from_env({"ALPHAVANTAGE_PER_DAY": "5000", "ALPHAVANTAGE_PER_MINUTE": "75"})
    assert given.limits_of("alphavantage", Limits(1.0, 1, 25, 1)) == Limits(1.25, 12, 5000, 1)
    assert given.limits_of("yahoo", Limits(1.0, 1, None, 50)) == Limits(1.0, 1, None, 50)
    assert Settings.from_env(given.as_environment() | {"SECRET_KEY": "x"}).provider_per_day == given.provider_per_day


def test_a_limit_without_a_time_is_waited_out_as_long_as_the_provider_is_known_to_block(make: Make, database: Database) -> None:
    state = make(Limits(pause_seconds=900))
    state.take()
    state.failed(RateLimited("acme"))
    found = told(database, state)
    assert found.breaker == "open"
    assert found.retry_at is not None
    assert found.retry_at > calendar.now() + timedelta(minutes=14)
    with pytest.raises(CircuitOpen):
        state.take()
