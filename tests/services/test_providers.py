"""How providers are told to fare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from data.budgets import Limits, ProviderState
from data.bus import Bus
from data.database import Database
from data.feed import Feed
from data.providers import registry
from data.settings import Settings
from engine.errors import ProviderTimeout, RateLimited
from engine.types import Actor
from services import Services
from services.market.providers import Providers, ProviderView

NAMES = ("yahoo", "alphavantage", "finnhub", "stooq", "simulated")


@pytest.fixture
def named(settings: Settings) -> Settings:
    return replace(settings, market_data=NAMES, provider_api_keys={"finnhub": "marker-Key"}, provider_per_day={"stooq": 7})


@pytest.fixture
def told(named: Settings, database: Database, bus: Bus, actor: Actor) -> Iterator[Providers]:
    del actor
    yield Providers(named, database, Feed(database, bus, registry.create(named, database)))
    with database.begin() as unit:
        unit.connection.exec_driver_sql("DELETE FROM provider_state WHERE provider IN ('yahoo', 'alphavantage', 'finnhub', 'stooq')")


def view(told: Providers, actor: Actor, name: str) -> ProviderView:
    return next(each for each in told.health(actor) if each.name == name)


def test_all_that_the_settings_name_are_told_in_their_order(told: Providers, actor: Actor) -> None:
    found = told.health(actor)
    assert [(each.name, each.place) for each in found] == [(name, place) for place, name in enumerate(NAMES, start=1)]
    states = {each.name: each.state for each in found}
    assert states == {"yahoo": "unasked", "alphavantage": "unavailable", "finnhub": "unasked", "stooq": "unasked", "simulated": "ok"}
    assert "ALPHAVANTAGE_API_KEY" in str(view(told, actor, "alphavantage").reason)
    assert view(told, actor, "stooq").left_today == 7
    assert view(told, actor, "simulated").simulated
    assert "search" in view(told, actor, "yahoo").offers


def test_budget_latency_and_errors_are_told(told: Providers, database: Database, actor: Actor) -> None:
    state = ProviderState(database, "stooq", Limits(per_second=0.5, per_day=7))
    state.take()
    state.succeeded(250)
    found = view(told, actor, "stooq")
    assert (found.state, found.used_today, found.left_today, found.per_minute, found.latency_ms) == ("ok", 1, 6, 30, 250)
    state.take()
    state.failed(ProviderTimeout("stooq", seconds=10))
    found = view(told, actor, "stooq")
    assert (found.state, found.failures, found.last_error_code) == ("ok", 1, "provider_timeout")
    assert found.last_error == "stooq did not answer within 10 s."


def test_who_is_left_alone_probing_or_used_up(told: Providers, database: Database, actor: Actor) -> None:
    state = ProviderState(database, "stooq", Limits(per_day=7))
    state.take()
    state.failed(RateLimited("stooq", retry_after_seconds=600))
    assert view(told, actor, "stooq").state == "left_alone"
    with database.begin() as unit:
        unit.connection.exec_driver_sql("UPDATE provider_state SET retry_at = clock_timestamp() WHERE provider = 'stooq'")
    state.take()
    assert view(told, actor, "stooq").state == "probing"
    state.succeeded(1)
    state.take(5)
    found = view(told, actor, "stooq")
    assert (found.state, found.left_today) == ("used_up", 0)


def test_they_are_told_over_rest(services: Services, client: TestClient) -> None:
    answer = client.get("/api/v1/providers")
    assert answer.status_code == 200
    assert [each["name"] for each in answer.json()] == [provider.name for provider in services.feed.providers]


def test_how_a_line_fares_is_what_the_leader_last_told(told: Providers, database: Database, actor: Actor) -> None:
    def leader_tells(**detail: object) -> None:
        with database.begin() as unit:
            unit.system.finish_job(unit.system.start_job("stream_yahoo"), **detail)

    assert view(told, actor, "yahoo").line is None
    leader_tells(stream="yahoo", symbols=3, connected=True, ticks=17, since="2026-01-05T10:00:00+00:00", error=None)
    line = view(told, actor, "yahoo").line
    assert line is not None
    assert (line.state, line.symbols, line.ticks, line.error) == ("connected", 3, 17, None)
    leader_tells(stream="yahoo", symbols=3, connected=False, ticks=17, since=None, error="the line broke off")
    line = view(told, actor, "yahoo").line
    assert line is not None
    assert (line.state, line.since, line.error) == ("down", None, "the line broke off")
    with database.begin() as unit:
        unit.connection.exec_driver_sql("UPDATE job_run SET created_at = created_at - interval '4 minutes' WHERE job = 'stream_yahoo'")
    assert view(told, actor, "yahoo").line == replace(line, state="unknown")
    assert view(told, actor, "stooq").line is None
    with database.begin() as unit:
        unit.connection.exec_driver_sql("DELETE FROM job_run WHERE job = 'stream_yahoo'")
