"""Alerts on the real database and bus, told to a real mail server and a real receiver of webhooks."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from data.mail import Mailer
from data.settings import Smtp
from engine.types import Actor
from services import Services
from services.alerts import build_alerts
from services.alerts.views import EventView, RuleView
from services.alerts.watcher import Watcher
from services.writes import Writes
from tests.receivers.post import PEM, PostOffice
from tests.receivers.web import Receiver
from tests.services.live_world import World, furnished

PATIENCE_SECONDS = 20.0


def eventually(condition: Callable[[], Any], what: str = "") -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, f"waited for {what or condition}"
        time.sleep(0.03)
    return found


def mailer_of(office: PostOffice) -> Mailer:
    return Mailer(Smtp("localhost", office.port, "portolan@example.com", "portolan", "secret"),
                  context=ssl.create_default_context(cafile=str(PEM)), timeout_seconds=5)


def told_to(services: Services, office: PostOffice | None = None, receiver: Receiver | None = None) -> Services:
    """Give the services with senders that end at the test's receivers."""
    writes = Writes(services.database, services.bus)
    alerts = build_alerts(services.settings, writes, services.performance, mailer=mailer_of(office) if office else None,
                          webhooks=receiver.sender() if receiver else None)
    return replace(services, alerts=alerts)


@dataclass
class Post:
    """A workspace whose alerts are evaluated, and ways to move it."""

    world: World

    @property
    def services(self) -> Services:
        return self.world.services

    @property
    def actor(self) -> Actor:
        return self.world.actor

    def rule(self, **fields: Any) -> RuleView:
        return self.services.alerts.rules.create(self.actor, fields)

    def armed(self, **fields: Any) -> RuleView:
        """Add a rule, and wait until it has been measured."""
        made = self.rule(**fields)
        eventually(lambda: self.seen(made.id).state != "new", f"{made.title} to be measured")
        return self.seen(made.id)

    def seen(self, rule_id: UUID) -> RuleView:
        return self.services.alerts.rules.get(self.actor, rule_id)

    def events(self, rule: RuleView | None = None) -> list[EventView]:
        return list(self.services.alerts.events.page(self.actor, rule_id=rule.id if rule else None).items)

    def fires(self, rule: RuleView, times: int) -> list[EventView]:
        return eventually(lambda: (found := self.events(rule)) and len(found) == times and found, f"{rule.title} to fire {times} times")


def furnish(services: Services, actor: Actor) -> Post:
    return Post(furnished(services, actor))


@contextmanager
def watching(services: Services) -> Iterator[Watcher]:
    """Evaluate in this process."""
    watcher = Watcher(services)
    watcher.start()
    try:
        eventually(lambda: watcher.status().leads and watcher.status().evaluations > 0, "the watcher to lead")
        yield watcher
    finally:
        watcher.stop()
