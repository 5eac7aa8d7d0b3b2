"""Alerts: rules, what they saw, and who is told.

    quotes -> Board -> Sheet (all rules at once) -> state + event + outbox in one transaction -> screens by the stream, Courier -> e-mail, webhook

The evaluation is `engine.alerts`, on the stream (`Watcher`, in the one process that leads) and on history (`Trials`) alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.mail import Mailer
from data.webhooks import Webhooks
from services.alerts.channels import Channels
from services.alerts.delivery import Courier
from services.alerts.events import Events
from services.alerts.histories import Histories
from services.alerts.rules import Rules
from services.alerts.trials import Trials

if TYPE_CHECKING:
    from data.settings import Settings
    from services.performance.service import Performance
    from services.writes import Writes

__all__ = ["Alerts", "Channels", "Courier", "Events", "Rules", "Trials", "build_alerts"]


@dataclass(frozen=True, slots=True)
class Alerts:
    """The services of alerts."""

    rules: Rules
    events: Events
    channels: Channels
    trials: Trials
    courier: Courier
    writes: Writes


def build_alerts(settings: Settings, writes: Writes, performance: Performance, *, mailer: Mailer | None = None,
                 webhooks: Webhooks | None = None) -> Alerts:
    """Put the services together; senders of one's own may stand in for those of the settings."""
    key = settings.secret_key or ""
    courier = Courier(writes.database, mailer or Mailer(settings.smtp), webhooks or Webhooks(), key)
    histories = Histories(writes.database, performance)
    return Alerts(Rules(writes), Events(writes), Channels(writes, courier, key), Trials(writes.database, histories), courier, writes)
