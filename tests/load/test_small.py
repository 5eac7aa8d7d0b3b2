"""The load run in its small form: what must hold at any speed. How fast it is, is measured on a quiet machine by `python -m tests.load`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from data.settings import Settings
from tests.load import report
from tests.load.plan import Plan
from tests.load.scenarios import fan_out_on, served
from tests.load.world import furnished

PLAN = replace(Plan().small(), seconds=2, bare_seconds=0.6)


@pytest.fixture
def own(settings: Settings) -> Iterator[Settings]:
    """A database and a set of Redis keys of its own, on the servers that run for all tests."""
    name = f"load_{uuid4().hex[:12]}"
    plain = str(settings.database_url).replace("postgresql+psycopg", "postgresql", 1)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    address = urlsplit(str(settings.database_url))
    redis = f"{settings.redis_url}{'&' if '?' in str(settings.redis_url) else '?'}db=9"
    yield settings.with_urls(address._replace(path=f"/{name}").geturl(), redis)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_nothing_is_lost_under_a_small_load(own: Settings) -> None:
    with tempfile.TemporaryDirectory(prefix="portolan-load-", ignore_cleanup_errors=True) as folder:
        made = furnished(own, Path(folder) / "world.json", PLAN)
        environment = {"DATABASE_URL": made.database_url, "REDIS_URL": made.redis_url, "SECRET_KEY": "of a load run"}
        with served(Path(folder), PLAN, made, **environment) as on:
            found, rows = fan_out_on(on)
        report.write(Path(folder), "small", found, rows)
        assert (Path(folder) / "small.svg").read_text().startswith("<svg")
    assert found["stream"]["messages"] >= PLAN.clients
    assert found["stream"]["gaps"] == found["alone"]["stream"]["gaps"] == 0
    assert found["stream"]["closed"] == []
    assert found["kept"]["checked"] == PLAN.clients * PLAN.holdings
    assert found["kept"]["wrong"] == 0, found["kept"]["first"]
    assert found["kept"]["ticks_lost"] == 0
    assert found["traffic"]["acknowledged"] == PLAN.writes * PLAN.seconds
    assert found["traffic"]["lost"] == 0
    assert set(found["traffic"]["answers"]) == {"200", "201"}
    assert found["bare"]["paced"]["sent"] % PLAN.clients == 0
    assert found["bare"]["paced"]["sent"] > 0
