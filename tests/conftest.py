"""What every test may ask for: the real parts, embedded, in a home of their own; each test in a workspace of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import settings as hypothesis_settings

from data import embedded as parts
from data.bus import Bus
from data.cache import Cache
from data.database import Database, migrate
from data.embedded import Embedded
from data.settings import Settings
from engine.types import Actor, Portfolio

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from services import Services

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests are looked for in their own folder alone: one elsewhere would never run."""
    lost = [item.nodeid for item in items if item.get_closest_marker("browser") and item.path.parent.name != "ui"]
    if lost:
        raise pytest.UsageError(f"browser tests belong in tests/ui: {lost}")


hypothesis_settings.register_profile("patient", parent=hypothesis_settings(), deadline=None)  # how long an example takes is the machine's matter
hypothesis_settings.load_profile("patient")
hypothesis_settings.register_profile("long", max_examples=45, stateful_step_count=60, deadline=None)


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home folder with a short path, gone after the session."""
    folder = Path(tempfile.mkdtemp(prefix="portolan-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def embedded(home: Path) -> Iterator[Embedded]:
    """PostgreSQL and Redis, running."""
    running = parts.start(Settings.from_env({"PORTOLAN_HOME": str(home)}), say=lambda _line: None)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def settings(home: Path, embedded: Embedded) -> Settings:
    """Settings of the running parts, without any market."""
    given = Settings.from_env({"PORTOLAN_HOME": str(home), "MARKET_DATA": "", "LOG_LEVEL": "warning"})
    return given.with_urls(embedded.database_url, embedded.redis_url)


@pytest.fixture(scope="session")
def database(settings: Settings) -> Iterator[Database]:
    """The migrated database."""
    migrate(settings.database_url)
    opened = Database(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def bus(settings: Settings) -> Iterator[Bus]:
    opened = Bus(settings.redis_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def cache(settings: Settings) -> Iterator[Cache]:
    opened = Cache(settings.redis_url)
    yield opened
    opened.close()


@pytest.fixture
def actor(database: Database) -> Actor:
    """Somebody in a workspace that nobody else uses: what isolates the tests, nothing is truncated."""
    with database.begin() as unit:
        workspace = unit.system.add_workspace(f"test {uuid4()}")
        return unit.system.add_user(workspace.id, "tester")


@pytest.fixture
def portfolio(database: Database, actor: Actor) -> Portfolio:
    """An empty portfolio in USD."""
    with database.begin() as unit:
        return unit.portfolios.add(actor.workspace_id, actor.user_id, name="Test", base_currency="USD")


@pytest.fixture(scope="session")
def services(settings: Settings, database: Database, bus: Bus, cache: Cache) -> Services:
    """Every service on the running parts: no market, no demo, no poller."""
    from data.feed import Feed  # noqa: PLC0415  # rooms above are imported by those tests alone that stand in them
    from services import build  # noqa: PLC0415

    return build(settings, database, bus, cache, Feed(database, bus, []))


def once(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Answer the same question from memory."""
    answers: dict[str, Any] = {}

    def answer(*asked: Any, **options: Any) -> Any:
        key = repr((asked, options))
        if key not in answers:
            answers[key] = ask(*asked, **options)
        return answers[key]

    return answer


@pytest.fixture
def answers_once(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute each answer once, for a test that asks how hundreds of figures of it come about; ask for it after what writes."""
    computed = ((services.gains, "simulate"), (services.gains, "report"), (services.performance, "basis"), (services.valuation, "answered"))
    for service, name in computed:
        monkeypatch.setattr(service, name, once(getattr(service, name)))


@pytest.fixture(scope="session")
def client(settings: Settings, services: Services) -> Iterator[TestClient]:
    """A client of the whole server, which is the local user; the server runs as long as the session."""
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from server import create_server  # noqa: PLC0415

    with TestClient(create_server(settings, services=services, poll=False)) as opened:
        yield opened
