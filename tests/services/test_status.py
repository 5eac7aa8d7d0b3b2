"""How the installation says that it fares: well, without Redis, without the database, with a job that failed."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from callbacks.status import shown
from data import calendar, logs
from data.bus import Bus
from data.database import Database
from engine.types import Actor
from services import Services
from services.market.service import Market
from services.status import Status


def without_bus(services: Services) -> Services:
    away = Bus("redis://127.0.0.1:1/0")
    return replace(services, bus=away, market=Market(services.settings, replace_bus(services, away), services.feed))


def replace_bus(services: Services, bus: Bus) -> Any:
    writes = services.market._writes
    return type(writes)(services.database, bus)


@pytest.fixture(autouse=True)
def nobody_has_polled(services: Services) -> None:
    """What tests before this one let a poller do on the same database is forgotten: a job of late is what tells that somebody polls."""
    with services.database.begin() as unit:
        unit.system.forget_jobs(calendar.now() + timedelta(minutes=1))


def words(parts: Any) -> str:
    return json.dumps(parts, default=lambda each: each.to_plotly_json() if hasattr(each, "to_plotly_json") else str(each))


def test_all_parts_tell_what_they_are(services: Services, actor: Actor) -> None:
    view = Status(services).look(actor)
    assert (view.database.answer.ok, view.bus.ok) == (True, True)
    assert 0 < view.database.in_use + view.database.idle <= view.database.limit == 20
    assert (view.database.bytes or 0) > 1_000_000
    assert view.stream is not None
    assert view.stream.clients == 0
    assert "No process polls the market." in view.reasons, "none is started here"
    assert view.state == "degraded"


def test_without_redis_it_is_degraded_and_says_what_that_means(services: Services, actor: Actor) -> None:
    view = Status(without_bus(services)).look(actor)
    assert (view.state, view.bus.ok, view.database.answer.ok) == ("degraded", False, True)
    assert any("Redis does not answer. Answers are computed each time" in reason for reason in view.reasons)


def test_without_a_database_it_is_down_and_nothing_raises(services: Services, actor: Actor) -> None:
    away = Database("postgresql://nobody:marker-Secret@127.0.0.1:1/none")
    market = Market(services.settings, type(services.market._writes)(away, services.bus), services.feed)
    view = Status(replace(services, database=away, market=market)).look(actor)
    assert (view.state, view.database.answer.ok, view.database.bytes, view.jobs) == ("down", False, None, ())
    assert view.reasons[0].startswith("The database does not answer.")
    assert "marker-Secret" not in str(view)


def test_the_newest_run_of_each_job_is_told_and_a_failure_is_a_reason(services: Services, actor: Actor) -> None:
    name = "roll_day_of_a_test"
    with services.database.begin() as unit:
        for failed in (False, True, True):
            unit.system.finish_job(unit.system.start_job(name), failed=failed, reason="the disk is full" if failed else None)
    view = Status(services).look(actor)
    job = next(each for each in view.jobs if each.name == name)
    assert (job.status, job.failures, job.detail["reason"]) == ("failed", 2, "the disk is full")
    assert f"The job {name} failed: the disk is full." in view.reasons
    note, state, figures, jobs, _ = shown(services)
    assert "running since" in note
    assert "the disk is full" in words(state)
    assert "roll day of a test" in words(jobs)
    assert [each.children[0].children for each in figures] == ["Feed", "Database", "Connections", "Redis", "Streams", "Event loop late"]
    with services.database.begin() as unit:
        unit.connection.exec_driver_sql("DELETE FROM job_run WHERE job = %s", (name,))


def test_warnings_are_kept_and_traceback_and_more_than_a_hundred_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = logs.Recent()
    monkeypatch.setattr(logging.getLogger(), "handlers", [kept])
    log = logging.getLogger("portolan.test_of_status")
    for number in range(105):
        log.warning("number %d", number)
    try:
        int("marker-Secret")
    except ValueError:
        log.exception("it broke\nhere")
    log.info("nobody asks")
    told = logs.recent()
    assert len(told) == 100
    assert (told[0].level, told[0].message) == ("error", "it broke\\nhere")
    assert told[1].message == "number 104"
    assert "marker-Secret" not in str(told)


def test_the_route_tells_the_same_and_every_figure_is_a_metric(client: TestClient) -> None:
    told = client.get("/api/v1/status").json()
    assert told["database"]["answer"]["ok"]
    assert told["feed"]["poller"] is False
    text = client.get("/metrics").text
    for name in ("portolan_transaction_seconds_count", "portolan_pool_connections", "portolan_cache_answers_total", "portolan_flush_seconds_count",
                 "portolan_loop_lag_seconds", "portolan_hub_clients", "portolan_hub_behind", "portolan_http_seconds_count",
                 "portolan_last_quote_timestamp_seconds"):
        assert f"\n{name}" in text, name
