"""From the outbox to the channels: at least once, the same id each time, put off after a failure, dead after so many.

A message is claimed with a lease. Whoever dies between sending and settling leaves it claimed; after the lease it is sent again under the same
id, by which the receiver knows it.
"""

from __future__ import annotations

import logging
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from data import calendar
from data.alert_records import StoredMessage
from data.database import Database
from data.mail import Mailer
from data.webhooks import Webhooks
from engine.errors import DeliveryFailed
from services.alerts.letters import letter_of, secret_of, webhook_body, webhook_headers

log = logging.getLogger("portolan.alerts")

AT_ONCE: Final = 4
ATTEMPTS: Final = 8  # over about three and a half hours
LEASE: Final = timedelta(seconds=90)  # longer than any sending takes
FIRST_PAUSE_SECONDS: Final = 10.0
LONGEST_PAUSE_SECONDS: Final = 3600.0
KEPT: Final = timedelta(days=30)  # delivered messages


class Courier:
    """Delivers what is due.

    Parameters
    ----------
    database : Database
    mailer, webhooks
        Send letters and posts.
    secret_key : str
        From which the secrets of webhooks are derived.
    lease : timedelta
        How long a claimed message is nobody else's.
    """

    def __init__(self, database: Database, mailer: Mailer, webhooks: Webhooks, secret_key: str, *, lease: timedelta = LEASE) -> None:
        self._database, self._key, self._lease = database, secret_key, lease
        self.mailer, self.webhooks = mailer, webhooks

    def deliver(self) -> int:
        """Send what is due, a few at once, until nothing is; gives how many were tried."""
        tried = 0
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="courier") as threads:
            while claimed := self._claimed():
                list(threads.map(self._deliver, claimed))
                tried += len(claimed)
        return tried

    def tidy(self) -> int:
        """Forget what was delivered long ago."""
        with self._database.begin() as unit:
            return unit.outbox.forget(calendar.now() - KEPT)

    def _claimed(self) -> list[StoredMessage]:
        with self._database.begin() as unit:
            return unit.outbox.claim(AT_ONCE, self._lease)

    def _deliver(self, message: StoredMessage) -> None:
        try:
            self.send(message)
        except DeliveryFailed as error:
            self._put_off(message, error)
        else:
            with self._database.begin() as unit:
                unit.outbox.sent(message.id)

    def send(self, message: StoredMessage) -> None:
        """Send one message now; `DeliveryFailed` where it does not arrive."""
        channel = message.channel
        if channel.removed_at is not None or (not channel.active and message.event_id is not None):
            raise DeliveryFailed(channel.kind, "the channel was removed" if channel.removed_at else "the channel is switched off", final=True)
        if channel.kind == "email":
            self.mailer.send(letter_of(message))
            return
        body, timestamp = webhook_body(message), int(calendar.now().timestamp())
        secret = secret_of(self._key, channel.id, channel.generation)
        self.webhooks.post(channel.address, body, webhook_headers(message, secret, timestamp, body))

    def _put_off(self, message: StoredMessage, error: DeliveryFailed) -> None:
        """Note a failure: another time, or never."""
        over = message.attempts >= ATTEMPTS or bool(error.context.get("final")) or message.event_id is None  # a test is told at once
        again_at = None if over else calendar.now() + timedelta(seconds=pause_seconds(message.attempts))
        log.warning("a message to %s was not delivered: %s", message.channel.name, error.message, extra={"message_id": str(message.id), "dead": over})
        with self._database.begin() as unit:
            unit.outbox.failed(message.id, error.message, again_at=again_at)


def pause_seconds(attempts: int) -> float:
    """Give the pause after so many attempts: four times the one before, to an hour, and not all at the same moment."""
    pause = min(FIRST_PAUSE_SECONDS * 4 ** (attempts - 1), LONGEST_PAUSE_SECONDS)
    return float(pause * random.uniform(0.75, 1.25))  # noqa: S311 - spreads retries, guards nothing
